"""Families of recording conditions, and scores of groups of people."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from sercore import evaluation, synth
from sercore.audio import augment
from sercore.errors import EvaluationError
from sercore.evaluation.bootstrap import mean_interval
from sercore.evaluation.fairness import age_group
from sercore.evaluation.robustness import CONDITIONS, Condition, balanced_sample, families, robustness

CLASSES = ("angry", "sad")


@pytest.fixture(scope="module")
def clips():
    """Loud and soft voices of five speakers: waves, labels, speakers."""
    rng, voice = np.random.default_rng(0), synth.Voice().speak()[0][:12_000]
    voice = 0.1 * voice / np.std(voice)
    labels = np.tile(CLASSES, 10)
    levels = np.where(labels == "angry", -10.0, -30.0) + rng.normal(size=20)
    waves = [augment.change_gain(voice, level + 12) for level in levels]
    return waves, labels, np.repeat([f"s{k}" for k in range(5)], 4)


def by_level(waves):
    """A model that calls loud clips angry."""
    loud = np.array([20 * np.log10(np.std(wave) + 1e-9) for wave in waves])
    angry = expit(loud + 28)  # between the levels −18 and −38 dB
    return np.column_stack([angry, 1 - angry])


def test_a_model_of_loudness_fails_where_level_changes(clips):
    waves, labels, speakers = clips
    conditions = [c for c in CONDITIONS if c.family in ("level", "speed", "clipping")]
    table = robustness(by_level, waves, labels, CLASSES, speakers, conditions=conditions)
    assert (table["ua_clean"] == 1.0).all()
    level = table[table["family"] == "level"]
    assert level["changed"].tolist() == [0.5, 0.5]
    assert level["lost"].tolist() == [0.5, 0.5]
    assert not level["passed"].any()
    assert (level["lost_low"] <= level["lost"]).all()
    others = table[(table["family"] != "level") & table["everyday"]]
    assert others["changed"].max() == 0.0
    assert others["passed"].all()


def test_a_model_that_ignores_waves_loses_nothing(clips):
    waves, labels, speakers = clips

    def always_angry(heard):
        return np.tile([0.6, 0.4], (len(heard), 1))

    table = robustness(always_angry, waves, labels, CLASSES, speakers, n_clips=8)
    assert table[["changed", "lost"]].to_numpy().max() == 0.0
    assert (table["n_clips"] == 8).all()
    assert table["passed"].all()


def test_conditions_are_the_same_every_time(clips):
    waves, labels, speakers = clips
    seen = []

    def record(heard):
        seen.append(heard)
        return by_level(heard)

    noise = [c for c in CONDITIONS if c.family in ("babble", "white noise")][
        :5
    ]  # with the clean clips, six calls
    for seed in (0, 0, 1):
        robustness(record, waves, labels, CLASSES, speakers, conditions=noise, seed=seed)
    first, second, other = (np.concatenate(list(itertools.chain(*seen[k : k + 6]))) for k in (0, 6, 12))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_babble_has_other_speakers_only(clips):
    waves, labels, speakers = clips
    voices = {}

    def apply(wave, others, rng):
        voices[wave.tobytes()] = [other.tobytes() for other in others]
        return wave

    robustness(by_level, waves, labels, CLASSES, speakers, conditions=[Condition("toy", "toy", apply)])
    own = {
        speaker: {w.tobytes() for w, s in zip(waves, speakers, strict=True) if s == speaker}
        for speaker in speakers
    }
    for wave, speaker in zip(waves, speakers, strict=True):
        assert not own[speaker] & set(voices[wave.tobytes()])


def test_waves_stay_in_range(clips):
    waves, labels, speakers = clips

    def check(heard):
        assert max(np.abs(wave).max() for wave in heard) <= 1.0
        assert {wave.dtype for wave in heard} == {np.dtype(np.float32)}
        return by_level(heard)

    robustness(check, waves, labels, CLASSES, speakers, n_clips=6)


def test_families_are_judged_by_everyday_conditions(clips):
    waves, labels, speakers = clips
    conditions = [
        Condition("toy", "soft", lambda w, o, r: w),
        Condition("toy", "hard", lambda w, o, r: 0.001 * w, everyday=False),
    ]
    table = robustness(by_level, waves, labels, CLASSES, speakers, conditions=conditions)
    assert table["passed"].tolist() == [True, False]
    assert families(table)[["condition", "passed"]].to_numpy().tolist() == [["soft", True]]


def test_every_family_has_an_everyday_condition():
    names = {c.family for c in CONDITIONS}
    assert len(names) > 9
    assert {c.family for c in CONDITIONS if c.everyday} == names
    assert all(len({c.max_lost for c in CONDITIONS if c.family == name}) == 1 for name in names)


def test_lengths_must_agree(clips):
    waves, labels, speakers = clips
    with pytest.raises(EvaluationError, match="19 labels"):
        robustness(by_level, waves, labels[1:], CLASSES, speakers)
    with pytest.raises(EvaluationError, match="0 conditions"):
        robustness(by_level, waves, labels, CLASSES, speakers, conditions=[])


def test_sample_has_even_classes_and_speakers(rng):
    labels = np.repeat(["angry", "sad", "calm"], [60, 60, 12])
    speakers = np.tile(["a", "b", "c"], 44)
    rows = balanced_sample(labels, speakers, 36, seed=3)
    assert pd.Series(labels[rows]).value_counts().tolist() == [12, 12, 12]
    assert pd.Series(speakers[rows]).value_counts().tolist() == [12, 12, 12]
    assert not np.array_equal(rows, balanced_sample(labels, speakers, 36, seed=4))
    assert balanced_sample(labels, speakers, None).size == 132


# ---------------------------------------------------------------------------------- fairness


def make_tables(rng, *, n_speakers=20, seeds=(0, 1)):
    """Index and out-of-fold table of a model that is right in 90 % of women's and 50 % of men's clips."""
    speakers = np.repeat([f"toy-{k:02}" for k in range(n_speakers)], 8)
    women = np.repeat(np.arange(n_speakers) % 2 == 0, 8)
    index = pd.DataFrame({
        "clip_id": [f"toy/{k:03}" for k in range(len(speakers))], "speaker": speakers, "corpus": "toy",
        "sex": np.where(women, "female", "male"), "age": np.nan, "language": "en",
        "sentence": np.tile(["s1", "s2"], len(speakers) // 2),
    })  # fmt: skip
    label = np.tile(np.repeat(CLASSES, 2), len(speakers) // 4)
    rows = []
    for seed in seeds:
        right = rng.random(len(label)) < np.where(women, 0.9, 0.5)
        angry = np.where((label == "angry") == right, 0.8, 0.2)
        table = index[["clip_id", "speaker"]].assign(
            label=label, model="toy", split="speaker", fold="1", seed=seed, p_angry=angry, p_sad=1 - angry
        )
        rows.append(table.sample(frac=1, random_state=seed))
    return index, pd.concat(rows, ignore_index=True)


def test_a_worse_group_is_found(rng):
    index, oof = make_tables(rng)
    table = evaluation.fairness(oof, index)
    assert list(dict.fromkeys(table["by"])) == ["sex", "sentence"]  # speakers have 8 clips: too few
    sex = table[table["by"] == "sex"].set_index("group")
    assert sex.loc["female", "ua"] == pytest.approx(0.9, abs=0.06)
    assert sex.loc["male", "ua"] == pytest.approx(0.5, abs=0.1)
    assert sex["n_speakers"].tolist() == [10, 10]
    gaps = evaluation.largest_gaps(table).set_index("by")
    assert (gaps.loc["sex", "worst"], gaps.loc["sex", "clear"]) == ("male", True)
    assert not gaps.loc["sentence", "clear"]


def test_unknown_speakers_are_no_speakers(rng):
    index, oof = make_tables(rng, seeds=(0,))
    unknown = index["clip_id"].isin(index["clip_id"][:2])
    table = evaluation.fairness(oof, index.assign(speaker=index["speaker"].mask(unknown, "")), by=["sex"])
    female = table.set_index("group").loc["female"]
    assert female["n_speakers"] == 10
    assert np.isnan(female["ua_low"])  # an interval over speakers is not possible


def test_scores_are_those_of_a_direct_count(rng):
    index, oof = make_tables(rng, seeds=(0,))
    table = evaluation.fairness(oof, index, by=["sex"])
    joined = oof.merge(index[["clip_id", "sex"]], on="clip_id")
    for name, part in joined.groupby("sex"):
        predicted = np.where(part["p_angry"] > 0.5, "angry", "sad")
        assert table.set_index("group").loc[name, "ua"] == pytest.approx(
            evaluation.uar(part["label"], predicted)
        )


def test_groups_that_lack_a_class_are_not_compared(rng):
    index, oof = make_tables(rng)
    only_sad = index["clip_id"].map(oof.drop_duplicates("clip_id").set_index("clip_id")["label"]) == "sad"
    index["language"] = np.where(only_sad & (index["sentence"] == "s1"), "de", "en")
    gaps = evaluation.largest_gaps(evaluation.fairness(oof, index, by=["language"]))
    assert gaps["n_groups"].tolist() == [1]


def test_gap_of_two_groups_has_the_interval_of_the_difference(rng):
    """Also where the intervals of the groups overlap; the lead of one is minus that of the other."""
    index, oof = make_tables(rng)
    table = evaluation.fairness(oof, index, by=["sex", "sentence"])
    gap = evaluation.largest_gaps(table).set_index("by").loc["sex"]
    assert gap["low"] < gap["gap"] < gap["high"]
    assert gap["clear"] == (gap["low"] > 0)
    female, male = (row for _, row in table[table["by"] == "sex"].iterrows())
    assert female["lead"] == pytest.approx(female["ua"] - male["ua"])
    assert (female["lead_low"], female["lead_high"]) == pytest.approx((-male["lead_high"], -male["lead_low"]))
    sentences = evaluation.largest_gaps(table).set_index("by").loc["sentence"]  # of the same speakers
    alone = table[table["by"] == "sentence"]
    assert sentences["high"] - sentences["low"] < (alone["ua_high"] - alone["ua_low"]).sum()


def test_group_that_is_too_small_to_be_shown_does_not_count(rng):
    index, oof = make_tables(rng)
    few = index["clip_id"].isin(index["clip_id"][:6])
    with_third, without = (
        evaluation.fairness(oof, index.assign(sex=index["sex"].mask(few, name)), by=["sex"])
        for name in ("divers", "")
    )
    pd.testing.assert_frame_equal(with_third, without)
    gap = evaluation.largest_gaps(with_third).iloc[0]
    assert with_third["lead"].max() == pytest.approx(gap["gap"])


def test_few_speakers_have_no_interval(rng):
    index, oof = make_tables(rng, n_speakers=4)
    table = evaluation.fairness(oof, index, by=["sex"])
    assert table[["ua_low", "ua_high"]].isna().all(axis=None)
    assert not evaluation.largest_gaps(table)["clear"].any()


def test_age_groups(rng):
    index, oof = make_tables(rng)
    index["age"] = np.where(index["sex"] == "male", 25, 70)
    table = evaluation.fairness(oof, index, by=["age_group"])
    assert table["group"].tolist() == ["60 and over", "under 30"]
    assert age_group(pd.Series([None, "44"])).tolist()[1] == "30–44"


def test_tables_of_several_models_are_refused(rng):
    index, oof = make_tables(rng)
    with pytest.raises(EvaluationError, match="several values of 'model'"):
        evaluation.fairness(pd.concat([oof, oof.assign(model="other")]), index)
    with pytest.raises(EvaluationError, match="not in the index"):
        evaluation.fairness(oof, index.iloc[1:])


def test_without_the_interval_of_a_gap_those_of_its_groups_must_not_touch():
    rows = [["sex", "f", 40, 5, 2, 0.8, 0.6, 0.9], ["sex", "m", 40, 5, 2, 0.5, 0.4, 0.7]]
    columns = ["by", "group", "n_clips", "n_speakers", "n_classes", "ua", "ua_low", "ua_high"]
    table = pd.DataFrame(rows, columns=columns)
    assert not evaluation.largest_gaps(table)["clear"].item()
    assert evaluation.largest_gaps(table.assign(ua_low=[0.75, 0.4]))["clear"].item()


def grouped(n_speakers=8):
    """A perfect model on clips of women and men."""
    rows = [
        {"clip_id": f"c{k}", "speaker": f"s{k % n_speakers}", "label": "ab"[k // n_speakers % 2]}
        for k in range(48)
    ]
    oof = pd.DataFrame(rows).assign(model="m", split="speaker", fold="f", seed=0)
    oof[["p_a", "p_b"]] = np.where(oof["label"].eq("a").to_numpy()[:, None], [0.9, 0.1], [0.1, 0.9])
    index = oof[["clip_id", "speaker"]].assign(sex=np.where(oof["speaker"] < "s4", "female", "male"))
    return oof, index


def test_a_missing_fold_or_a_clip_twice_is_refused_for_groups():
    oof, index = grouped()
    part = oof[oof["speaker"] >= "s4"].assign(seed=1)
    with pytest.raises(EvaluationError, match="do not test the same clips"):
        evaluation.fairness(pd.concat([oof, part]), index, by=["sex"])
    with pytest.raises(EvaluationError, match="more than once"):
        evaluation.fairness(pd.concat([oof, oof]), index, by=["sex"])


def test_draws_that_test_nobody_of_a_group_do_not_count():
    oof, index = grouped()
    draws = [oof[oof["speaker"] < "s4"].assign(fold="1"), oof[oof["speaker"] >= "s2"].assign(fold="2")]
    table = evaluation.fairness(pd.concat(draws).assign(split="random"), index, by=["sex"])
    assert table["ua"].tolist() == [1.0, 1.0]
    assert table[["ua_low", "ua_high"]].to_numpy().tolist() == [[1.0, 1.0], [1.0, 1.0]]


@pytest.mark.parametrize("unknown", ["", None, np.nan])
def test_unknown_speakers_are_nobody(clips, unknown):
    oof, index = grouped()
    missing = index.assign(speaker=index["speaker"].astype(object).where(index.index % 3 > 0, unknown))
    table = evaluation.fairness(oof, missing, by=["sex"])
    assert table[["ua_low", "ua_high"]].isna().all(axis=None)
    assert table["n_speakers"].tolist() == [4, 4]
    who = ["a", "b", "c", "d", "e", unknown]
    assert np.isnan(mean_interval(np.arange(6.0), who)[1])
    waves, labels, _ = clips
    conditions = [c for c in CONDITIONS if c.family == "level"]
    table = robustness(by_level, waves, labels, CLASSES, [unknown] * len(waves), conditions=conditions)
    assert (table["n_speakers"] == 0).all()
    assert table[["lost_low", "lost_high", "changed_low", "changed_high"]].isna().all(axis=None)
