"""Metrics, intervals, comparisons, out-of-fold tables and result tables."""

import timeit

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from sercore import evaluation, splits
from sercore.errors import EvaluationError
from sercore.evaluation import bootstrap
from sercore.evaluation.metrics import confusion_metrics, unit_confusions

CLASSES = ("neutral", "happy", "sad", "angry")


def make_predictions(rng, *, n_speakers=12, n_clips=240, skill=2.0, classes=CLASSES, speaker_std=0.0):
    """Labels, probabilities and speakers, whose difficulty has the standard deviation `speaker_std`."""
    codes = np.arange(n_clips) % len(classes)
    speaker = np.arange(n_clips) // len(classes) % n_speakers
    logits = rng.normal(size=(n_clips, len(classes)))
    logits[np.arange(n_clips), codes] += skill + speaker_std * rng.normal(size=n_speakers)[speaker]
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.asarray(classes)[codes], proba, np.char.add("s", speaker.astype(str))


def make_oof(rng, *, seeds=(0, 1, 2), model="svc", skill=2.0, n_folds=4):
    """Out-of-fold table of a speaker split."""
    y_true, _, speakers = make_predictions(rng)
    index = pd.DataFrame({"clip_id": [f"toy/{k:03}" for k in range(len(y_true))], "speaker": speakers})
    index = index.assign(label=y_true, corpus="toy")
    rows = []
    for seed in seeds:
        _, proba, _ = make_predictions(rng, skill=skill)
        rows += [
            evaluation.oof_rows(
                index, fold, proba[fold.test], CLASSES, model=model, split="speaker", seed=seed
            )
            for fold in splits.make_folds(index, n_folds=n_folds)
        ]
    return pd.concat(rows, ignore_index=True)


@st.composite
def predictions(draw):
    n_classes, n_clips = draw(st.integers(2, 6)), draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    classes = tuple("abcdef"[:n_classes])
    y_true = np.asarray(classes)[rng.integers(0, draw(st.integers(2, n_classes)), n_clips)]
    proba = rng.dirichlet(np.full(n_classes, draw(st.sampled_from([0.2, 1.0, 5.0]))), n_clips)
    return y_true, proba, classes


# ---------------------------------------------------------------------------------- metrics


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_metrics_agree_with_scikit_learn(case):
    y_true, proba, classes = case
    ours = evaluation.evaluate(y_true, proba, classes, n_boot=10)
    y_pred = np.asarray(classes)[proba.argmax(axis=1)]
    occurring = np.unique(y_true)
    assert ours["ua"] == pytest.approx(
        metrics.recall_score(y_true, y_pred, labels=occurring, average="macro")
    )
    if len(occurring) > 1 and set(y_pred) <= set(y_true):
        assert ours["ua"] == pytest.approx(metrics.balanced_accuracy_score(y_true, y_pred))
    assert ours["wa"] == metrics.accuracy_score(y_true, y_pred)
    for average in ("macro", "weighted"):
        wanted = metrics.f1_score(y_true, y_pred, average=average, zero_division=0)
        assert ours[f"{average}_f1"] == pytest.approx(wanted)
    assert ours["log_loss"] == pytest.approx(metrics.log_loss(y_true, proba, labels=list(classes)))
    if len(occurring) > 1:
        assert ours["kappa"] == pytest.approx(metrics.cohen_kappa_score(y_true, y_pred))
        assert ours["mcc"] == pytest.approx(metrics.matthews_corrcoef(y_true, y_pred))
    if len(occurring) == len(classes) > 2:
        wanted = metrics.roc_auc_score(y_true, proba, multi_class="ovr", labels=list(classes))
        assert ours["auc"] == pytest.approx(wanted)
    from_confusion = confusion_metrics(evaluation.confusion(y_true, proba, classes).to_numpy())
    for name, value in from_confusion.items():
        assert value == pytest.approx(ours[name])


@settings(max_examples=30, deadline=None)
@given(predictions(), st.integers(0, 1000))
def test_result_does_not_depend_on_clip_order(case, seed):
    y_true, proba, classes = case
    speakers = np.arange(len(y_true)) % 7
    order = np.random.default_rng(seed).permutation(len(y_true))
    first = evaluation.evaluate(y_true, proba, classes, speakers=speakers, n_boot=50)
    other = evaluation.evaluate(y_true[order], proba[order], classes, speakers=speakers[order], n_boot=50)
    assert first == pytest.approx(other, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(predictions())
def test_perfect_predictions(case):
    y_true, _, classes = case
    proba = (y_true[:, None] == np.asarray(classes)).astype(float)
    ours = evaluation.evaluate(y_true, proba, classes, speakers=np.arange(len(y_true)) % 5, n_boot=50)
    wanted = ["ua", "wa", "macro_f1", "weighted_f1"]
    wanted += ["kappa", "mcc", "auc"] if len(set(y_true)) > 1 else []
    assert [ours[name] for name in wanted] == pytest.approx([1] * len(wanted))
    assert ours["ece"] == 0
    assert ours["log_loss"] == pytest.approx(0, abs=1e-9)
    if ours["n_speakers"] >= bootstrap.MIN_UNITS:
        assert ours["ua_low"] == ours["ua_high"] == ours["macro_f1_low"] == 1


def test_single_class_gives_nan_correlations():
    ours = evaluation.scalar_metrics(["sad", "sad"], [[0.9, 0.1], [0.2, 0.8]], ["sad", "happy"])
    assert ours["ua"] == 0.5
    assert np.isnan([ours["kappa"], ours["mcc"], ours["auc"]]).all()


def test_calibration_error():
    """Four clips at 0.7, half of them right (gap 0.2); six at 0.9, all right (gap 0.1)."""
    y_true = ["a", "a", "b", "b", *"aaaaaa"]
    proba = [[0.7, 0.3]] * 4 + [[0.9, 0.1]] * 6
    assert evaluation.expected_calibration_error(y_true, proba, "ab") == pytest.approx(0.4 * 0.2 + 0.6 * 0.1)
    bins = evaluation.calibration(y_true, proba, "ab")
    assert len(bins) == 15
    filled = bins[bins["n_clips"] > 0]
    assert filled["n_clips"].tolist() == [4, 6]
    assert filled["accuracy"].tolist() == [0.5, 1.0]
    assert ((filled["low"] < filled["confidence"]) & (filled["confidence"] <= filled["high"])).all()


def test_a_bin_contains_its_upper_edge():
    assert evaluation.calibration(["a"], [[0.75, 0.25]], "ab", n_bins=4)["n_clips"].tolist() == [0, 0, 1, 0]


def test_calibration_error_of_calibrated_predictions(rng):
    proba = rng.dirichlet([1, 1, 1], 20_000)
    y_true = np.array(list("abc"))[(rng.random(20_000)[:, None] > proba.cumsum(axis=1)).sum(axis=1)]
    assert evaluation.expected_calibration_error(y_true, proba, "abc") < 0.02
    assert evaluation.expected_calibration_error(y_true, proba**4 / (proba**4).sum(1)[:, None], "abc") > 0.1


def test_per_class_and_per_group():
    y_true = ["a", "a", "b", "b", "c"]
    proba = np.eye(4)[[0, 1, 1, 1, 0]]
    table = evaluation.per_class(y_true, proba, "abcd")
    assert table.loc["b"].to_list() == pytest.approx([2 / 3, 1, 0.8, 2])
    assert table["support"].to_list() == [2, 2, 1, 0]
    assert evaluation.confusion(y_true, proba, "abcd").loc["a"].to_list() == [1, 1, 0, 0]
    assert evaluation.confusion(y_true, proba, "abcd", normalize=True).loc["a", "b"] == 0.5
    sexes = ["female", "male", "male", "male", "female"]
    groups = evaluation.per_group(y_true, proba, "abcd", sexes, speakers=["s1", "s2", "s2", "s3", "s1"])
    assert groups.index.to_list() == ["female", "male"]
    assert groups["n_clips"].to_list() == [2, 3]
    assert groups["n_speakers"].to_list() == [1, 2]
    assert groups["ua"].to_list() == pytest.approx([0.5, 0.5])
    assert groups["wa"].to_list() == pytest.approx([0.5, 2 / 3])
    with pytest.raises(EvaluationError, match="2 group names for 5 clips"):
        evaluation.per_group(y_true, proba, "abcd", ["x", "y"])


# ------------------------------------------------------------------------------- validation

Y, GOOD = ["sad", "happy"], np.array([[0.9, 0.1], [0.4, 0.6]])


@pytest.mark.parametrize(
    ("y_true", "proba", "classes", "message"),
    [
        (Y, GOOD * 5, ("sad", "happy"), r"row \d sums to 5. Did you pass logits"),
        (Y, GOOD - 0.5, ("sad", "happy"), r"smallest value -0.4.*logits"),
        (Y, [[1.5, -0.5], [0.4, 0.6]], ("sad", "happy"), "smallest value -0.5"),
        (Y, GOOD * [[1], [np.nan]], ("sad", "happy"), r"NaN or infinity in 1 of 2 rows \(first: row 1\)"),
        (
            Y,
            [0, 1],
            ("sad", "happy"),
            r"shape \(2,\), expected \(2, 2\).*predict\(\) instead of predict_proba",
        ),
        (Y, GOOD[:1], ("sad", "happy"), "there are 2 labels and 2 classes. Do labels"),
        (["sad"] * 3, np.full((2, 3), 0.5), ("sad", "happy"), "Did you pass it transposed"),
        ([0, 1], GOOD, ("sad", "happy"), r"\['0', '1'\] are not among .* class numbers: pass names"),
        (["sad", "bored"], GOOD, ("sad", "happy"), r"labels \['bored'\] are not among the classes"),
        (["sad", None], GOOD, ("sad", "happy"), r"labels \['None'\] are not among"),
        (Y, GOOD, ("sad", "sad"), "two or more different names"),
        (["sad"], [[1.0]], ("sad",), "two or more different names"),
        ([], np.empty((0, 2)), ("sad", "happy"), "no clips to score"),
    ],
)
def test_validate_raises(y_true, proba, classes, message):
    with pytest.raises(EvaluationError, match=message):
        evaluation.validate(y_true, proba, classes)


def test_validate_accepts_rounded_rows():
    codes, proba = evaluation.validate(
        pd.Series(Y), np.float32([[0.333, 0.667], [0.9996, 0]]), ["happy", "sad"]
    )
    assert codes.tolist() == [1, 0]
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-12)


# -------------------------------------------------------------------------------- intervals


def test_interval_contains_estimate_and_is_reproducible(rng):
    for speaker_std in (0, 1):
        y_true, proba, speakers = make_predictions(rng, speaker_std=speaker_std)
        ours = evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers)
        for name in ("ua", "wa", "macro_f1"):
            assert ours[f"{name}_low"] < ours[name] < ours[f"{name}_high"]
        assert ours["interval"] == "speakers"
        assert (ours["n_clips"], ours["n_speakers"], ours["note"]) == (240, 12, "")
        assert ours == evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers)
        assert ours != evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers, seed=1)


def test_resample_equals_resampling_speakers(rng):
    """The matrix product equals the metrics of the clips of the drawn speakers."""
    y_true, proba, speakers = make_predictions(rng, n_speakers=5, n_clips=60, speaker_std=1)
    codes, _ = evaluation.validate(y_true, proba, CLASSES)
    units = np.unique(speakers, return_inverse=True)[1]
    counts = unit_confusions(codes, proba.argmax(1), units, 5, 4)
    drawn = bootstrap.resample(counts[None], n_boot=20, seed=3)
    draws = np.random.default_rng(3).multinomial(5, np.full(5, 0.2), size=20)
    for k, draw in enumerate(draws):
        rows = np.concatenate([np.flatnonzero(units == unit) for unit in np.repeat(np.arange(5), draw)])
        by_hand = evaluation.scalar_metrics(y_true[rows], proba[rows], CLASSES)
        assert [drawn[name][k] for name in drawn] == pytest.approx([by_hand[name] for name in drawn])


def test_interval_is_wider_for_heterogeneous_speakers(rng):
    y_true, proba, speakers = make_predictions(rng, speaker_std=2.0)
    people = evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers)
    clips = evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers, interval="clips")
    assert clips["interval"] == "clips"
    assert "does not apply to other speakers" in clips["note"]
    assert people["ua"] == clips["ua"]
    assert people["ua_high"] - people["ua_low"] > 1.5 * (clips["ua_high"] - clips["ua_low"])


def test_interval_coverage(rng):
    """Over 400 samples of 10 speakers; plain percentiles cover the true value less often."""
    covered, covered_by_percentiles = 0, 0
    classes = np.arange(4)

    def recognised(n_speakers):
        skill = 0.5 + rng.normal(0, 0.6, (n_speakers, 1)) + rng.normal(0, 0.6, (n_speakers, 4))
        return rng.binomial(10, 1 / (1 + np.exp(-skill)))

    truth = recognised(200_000).mean() / 10
    for trial in range(400):
        counts, right = np.zeros((1, 10, 4, 4)), recognised(10)
        counts[0][:, classes, classes] = right
        counts[0][:, classes, classes - 1] = 10 - right
        ua = bootstrap.resample(counts, seed=trial)["ua"]
        low, high = bootstrap.bounds(ua, 10)
        covered += low <= truth <= high
        covered_by_percentiles += np.quantile(ua, 0.025) <= truth <= np.quantile(ua, 0.975)
    assert 0.925 <= covered / 400 <= 0.975
    assert covered - covered_by_percentiles >= 8


def test_two_speakers_have_no_interval(rng):
    y_true, proba, speakers = make_predictions(rng, n_speakers=2)
    ours = evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers)
    assert np.isnan([ours["ua_low"], ours["ua_high"], ours["wa_low"]]).all()
    assert ours["note"] == "2 speakers: too few for an interval"
    assert ours["n_speakers"] == 2
    clips = evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers, interval="clips")
    assert clips["ua_low"] < clips["ua"] < clips["ua_high"]


@pytest.mark.parametrize("speakers", [None, [""] * 240, [np.nan] * 240])
def test_unknown_speakers_give_interval_over_clips(rng, speakers):
    y_true, proba, _ = make_predictions(rng)
    ours = evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers)
    assert (ours["interval"], ours["n_speakers"]) == ("clips", 0)
    assert "speakers unknown" in ours["note"]


def test_invalid_interval_raises(rng):
    y_true, proba, speakers = make_predictions(rng)
    with pytest.raises(EvaluationError, match="3 speakers for 240 clips"):
        evaluation.evaluate(y_true, proba, CLASSES, speakers=["a", "b", "c"])
    with pytest.raises(EvaluationError, match="interval is 'people'"):
        evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers, interval="people")


def test_class_absent_from_resample_is_left_out():
    """Class "b" has one speaker; resamples without that speaker still score 1."""
    y_true = np.array(["a"] * 9 + ["b"])
    proba = (y_true[:, None] == ["a", "b"]).astype(float)
    ours = evaluation.evaluate(y_true, proba, "ab", speakers=np.arange(10))
    assert (ours["ua_low"], ours["ua_high"]) == (1, 1)


def test_1000_resamples_are_fast(rng):
    counts = rng.integers(0, 5, size=(1, 91, 6, 6))
    assert min(timeit.repeat(lambda: bootstrap.resample(counts, n_boot=1000), number=1, repeat=5)) < 0.1


# ------------------------------------------------------------------------------- comparison


def test_paired_difference_with_overlapping_intervals(rng):
    y_true, proba, speakers = make_predictions(rng, speaker_std=2.0, n_clips=480)
    worse = 0.5 * proba + 0.5 * rng.dirichlet(np.full(4, 0.3), len(proba))
    a, b = (evaluation.evaluate(y_true, p, CLASSES, speakers=speakers) for p in (proba, worse))
    assert a["ua_low"] < b["ua_high"]
    ours = evaluation.compare_paired(y_true, proba, worse, CLASSES, speakers=speakers)
    assert ours["difference"] == pytest.approx(a["ua"] - b["ua"])
    assert (ours["ua_a"], ours["ua_b"]) == pytest.approx((a["ua"], b["ua"]))
    assert 0 < ours["low"] < ours["difference"] < ours["high"]
    assert ours["p"] < 0.05
    turned = evaluation.compare_paired(y_true, worse, proba, CLASSES, speakers=speakers)
    assert turned["difference"] == -ours["difference"]
    assert (turned["low"], turned["p"]) == pytest.approx((-ours["high"], ours["p"]))


def test_paired_difference_uses_same_resamples(rng):
    y_true, proba, speakers = make_predictions(rng, speaker_std=2.0, n_clips=480)
    close = 0.7 * proba + 0.3 * rng.dirichlet(np.full(4, 0.3), len(proba))
    units = np.unique(speakers, return_inverse=True)[1]
    codes, _ = evaluation.validate(y_true, proba, CLASSES)
    drawn = [
        bootstrap.resample(unit_confusions(codes, p.argmax(1), units, 12, 4)[None])["ua"]
        for p in (proba, close)
    ]
    ours = evaluation.compare_paired(y_true, proba, close, CLASSES, speakers=speakers)
    assert ours["p"] == bootstrap.p_value(drawn[0] - drawn[1], 12)
    assert 0.01 < ours["p"] < 1
    apart = np.ptp(np.quantile(drawn[0] - rng.permutation(drawn[1]), [0.025, 0.975]))
    assert ours["high"] - ours["low"] < apart / 2


@pytest.mark.parametrize("n_units", [4, 6, 12, 24, 91, 1000])
def test_p_is_below_5_percent_exactly_if_the_interval_excludes_0(n_units):
    shape = np.random.default_rng(n_units).standard_normal(1000)
    excluded = []
    for shift in np.linspace(-5, 5, 401):
        low, high = bootstrap.bounds(shape + shift, n_units)
        excluded.append(low > 0 or high < 0)
        assert (bootstrap.p_value(shape + shift, n_units) < 0.05) == excluded[-1], shift
    assert 0 < sum(excluded) < 401


def test_p_of_many_units_is_twice_the_proportion_of_the_other_sign(rng):
    differences = rng.normal(1.5, 1, 100_000)
    expected = 2 * (differences < 0).mean()
    assert bootstrap.p_value(differences, 100_000) == pytest.approx(expected, rel=0.01)
    assert bootstrap.p_value(-differences, 100_000) == bootstrap.p_value(differences, 100_000)
    assert bootstrap.p_value(differences, 8) > 1.4 * expected


def test_p_of_out_of_fold_tables_agrees_with_the_interval(rng):
    good, rest = make_oof(rng, skill=1.5), [make_oof(rng, skill=s, model="knn") for s in (1.0, 1.3, 1.5, 2.0)]
    found = [evaluation.compare_oof(good, other) for other in rest]
    agree = [(each["p"] < 0.05) == (each["low"] > 0 or each["high"] < 0) for each in found]
    assert all(agree)
    assert len({each["p"] < 0.05 for each in found}) == 2


def test_compare_model_with_itself(rng):
    y_true, proba, speakers = make_predictions(rng)
    ours = evaluation.compare_paired(y_true, proba, proba, CLASSES, speakers=speakers, metric="macro_f1")
    assert (ours["difference"], ours["low"], ours["high"], ours["p"]) == (0, 0, 0, 1)
    assert ours["macro_f1_a"] == ours["macro_f1_b"]
    few = evaluation.compare_paired(y_true, proba, proba, CLASSES, speakers=np.arange(240) % 2)
    assert np.isnan([few["low"], few["high"], few["p"]]).all()


# ------------------------------------------------------------------------------ out of fold


def test_evaluate_oof_averages_over_seeds(rng):
    oof = make_oof(rng)
    runs = evaluation.evaluate_runs(oof)
    ours = evaluation.evaluate_oof(oof.sample(frac=1, random_state=1))
    assert runs.index.to_list() == [0, 1, 2]
    by_hand = [
        metrics.balanced_accuracy_score(*labels_and_predictions(part)) for _, part in oof.groupby("seed")
    ]
    assert ours["ua"] == pytest.approx(np.mean(by_hand))
    assert ours["ua_sd"] == pytest.approx(np.std(by_hand, ddof=1))
    assert ours["ua_low"] < ours["ua"] < ours["ua_high"]
    assert (ours["n_clips"], ours["n_speakers"], ours["seeds"]) == (240, 12, 3)
    assert (ours["model"], ours["split"]) == ("svc", "speaker")


def labels_and_predictions(oof):
    y_true, proba, classes, _ = evaluation.unpack(oof)
    return y_true, np.asarray(classes)[proba.argmax(axis=1)]


def test_evaluate_oof_of_one_seed_equals_evaluate(rng):
    oof = make_oof(rng, seeds=(0,))
    y_true, proba, classes, speakers = evaluation.unpack(oof)
    assert classes == CLASSES
    direct = evaluation.evaluate(y_true, proba, classes, speakers=speakers)
    ours = evaluation.evaluate_oof(oof)
    assert {name: ours[name] for name in direct} == pytest.approx(direct)
    assert np.isnan(ours["ua_sd"])


def test_oof_parquet_round_trip(rng, tmp_path):
    oof = make_oof(rng, seeds=(0,))
    oof.to_parquet(tmp_path / "oof.parquet")
    again = pd.read_parquet(tmp_path / "oof.parquet")
    assert evaluation.evaluate_oof(again) == pytest.approx(evaluation.evaluate_oof(oof), nan_ok=True)
    assert evaluation.compare_oof(again, oof)["difference"] == 0


def test_evaluate_oof_of_random_split(rng):
    y_true, proba, speakers = make_predictions(rng)
    index = pd.DataFrame({"clip_id": np.arange(240).astype(str), "speaker": speakers, "label": y_true})
    folds = splits.make_folds(index.assign(corpus="toy"), "random")
    oof = pd.concat(
        [
            evaluation.oof_rows(index, fold, proba[fold.test], CLASSES, model="svc", split="random")
            for fold in folds
        ]
    )
    ours = evaluation.evaluate_oof(oof)
    wanted = [evaluation.scalar_metrics(y_true[f.test], proba[f.test], CLASSES)["ua"] for f in folds]
    assert ours["ua"] == pytest.approx(np.mean(wanted))
    assert ours["seeds"] == 5
    assert evaluation.evaluate_runs(oof).index[0] == "0/seed-0"


def test_evaluate_oof_raises(rng):
    oof = make_oof(rng)
    with pytest.raises(EvaluationError, match="several values of 'model'"):
        evaluation.evaluate_oof(pd.concat([oof, oof.assign(model="mlp")]))
    with pytest.raises(EvaluationError, match="several values of 'split'"):
        evaluation.evaluate_oof(pd.concat([oof, oof.assign(split="loso")]))
    with pytest.raises(EvaluationError, match=r"run 0 tests 1 clips more than once \(first: toy/"):
        evaluation.evaluate_oof(pd.concat([oof, oof.iloc[:1]]))
    unfinished = oof[(oof["seed"] != 2) | (oof["fold"] != "fold-3")]
    with pytest.raises(
        EvaluationError, match=r"seeds 0 and 2 do not test the same clips .* Is a fold missing"
    ):
        evaluation.evaluate_oof(unfinished)
    with pytest.raises(EvaluationError, match="not an out-of-fold table"):
        evaluation.evaluate_oof(oof.drop(columns="fold"))
    with pytest.raises(EvaluationError, match="is empty"):
        evaluation.evaluate_oof(oof.iloc[:0])


def test_oof_rows(rng):
    index = pd.DataFrame({"clip_id": ["a", "b"], "speaker": ["s", "t"], "label": ["sad", "happy"]})
    fold = splits.Fold("fold-1", np.array([0]), np.array([1]))
    rows = evaluation.oof_rows(index, fold, [[0.2, 0.8]], ["sad", "happy"], model="svc", split="loso", seed=4)
    assert rows.to_dict("records") == [
        {
            "clip_id": "b",
            "speaker": "t",
            "label": "happy",
            "model": "svc",
            "split": "loso",
            "fold": "fold-1",
            "seed": 4,
            "p_sad": 0.2,
            "p_happy": 0.8,
        }
    ]
    with pytest.raises(EvaluationError, match="logits"):
        evaluation.oof_rows(index, fold, [[2.0, 8.0]], ["sad", "happy"], model="svc", split="loso")


def test_compare_oof(rng):
    good, poor = make_oof(rng, skill=2.5), make_oof(rng, skill=1.0, seeds=(0, 1), model="knn", n_folds=3)
    ours = evaluation.compare_oof(good, poor)
    scores_apart = [evaluation.evaluate_oof(oof)["ua"] for oof in (good, poor)]
    assert ours["difference"] == pytest.approx(scores_apart[0] - scores_apart[1])
    assert 0 < ours["low"] < ours["difference"] < ours["high"]
    with pytest.raises(EvaluationError, match=r"0 are only in the first, 1 only in the second: \('toy/"):
        evaluation.compare_oof(good[good["clip_id"] != "toy/007"], poor)
    with pytest.raises(EvaluationError, match="different classes"):
        evaluation.compare_oof(good, poor.assign(p_calm=0.0))


@pytest.mark.parametrize("unknown", ["", None])
def test_models_with_different_speakers_are_not_compared_over_speakers(unknown, rng):
    good, poor = make_oof(rng, skill=2.5), make_oof(rng, skill=1.0)
    nobody = poor.assign(speaker=unknown)
    for pair in ((good, nobody), (nobody, good)):
        with pytest.raises(EvaluationError, match=r"different speakers for \d+ clips.*interval='clips'"):
            evaluation.compare_oof(*pair)
    one, other = (
        evaluation.compare_oof(*pair, interval="clips") for pair in ((good, nobody), (nobody, good))
    )
    assert one["difference"] == -other["difference"]


# ----------------------------------------------------------------------------------- tables


def test_results_table(rng):
    several = evaluation.evaluate_oof(make_oof(rng))
    y_true, proba, speakers = make_predictions(rng, n_speakers=2)
    single = evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers)
    clips = evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers, interval="clips")
    what = {"corpus": "toy", "scheme": "four"}
    table = evaluation.results_table(
        [
            evaluation.results_row(several, **what, parameters=46_800, train_seconds=12.34, ms_per_clip=0.5),
            evaluation.results_row(single, **what, split="loso", model="svc"),
            evaluation.results_row(clips, **what, split="random", model="svc", speaker_norm=True),
        ]
    )
    assert tuple(table.columns) == evaluation.COLUMNS
    assert table["seeds"].to_list() == [3, 1, 1]
    assert table["ua"].between(0, 1).all()
    text = evaluation.format_table(table)
    first, second, third = text.to_dict("records")
    interval = f"{100 * several['ua']:.1f} ± {100 * several['ua_sd']:.1f} "
    interval += f"[{100 * several['ua_low']:.1f}, {100 * several['ua_high']:.1f}]"
    assert first["UA % [95 %]"] == interval
    assert (first["Split"], first["Model"], first["Parameters"]) == ("speaker", "svc", "46,800")
    assert second["UA % [95 %]"] == f"{100 * single['ua']:.1f}"
    assert second["Note"] == "2 speakers: too few for an interval"
    assert third["UA % [95 %]"].endswith("] over clips")
    assert (third["Split"], third["Norm"]) == ("random (leaky)", "yes")
    assert "Norm" not in evaluation.format_table(table[:2])


def demo_rows(rng, n_clips=(240, 48)):
    """Rows as of the demo corpus: classical models and a network, random split and speaker split."""
    for split, n in zip(("random", "speaker"), n_clips, strict=True):
        for model in ("gradient_boosting", "mlp"):
            y_true, proba, speakers = make_predictions(rng, n_clips=n)
            scores = evaluation.evaluate(y_true, proba, CLASSES, speakers=speakers, n_boot=50) | {
                "ua_sd": 0.01
            }
            costs = {
                "parameters": 46_800 if model == "mlp" else np.nan,
                "train_seconds": 1.5,
                "ms_per_clip": 0.5,
            }
            yield evaluation.results_row(
                scores, corpus="demo", scheme="eight", split=split, model=model, **costs
            )


def test_table_text_fits_terminal_and_contains_all_values(rng):
    table = evaluation.results_table(demo_rows(rng))
    text = evaluation.table_text(table)
    assert max(map(len, text.splitlines())) <= 100
    assert text.startswith("corpus demo, scheme eight, speakers 12, seeds 1\n\n")
    found = set(text.replace(",", " ").split())
    for value in evaluation.format_table(table).to_numpy().ravel():
        assert set(value.replace(",", " ").split()) <= found


def test_table_text_without_wrapping(rng):
    table = evaluation.results_table(demo_rows(rng, n_clips=(240, 240)))
    caption, block = evaluation.table_text(table, wrap=False).split("\n\n")
    assert caption == "corpus demo, scheme eight, clips 240, speakers 12, seeds 1"
    assert len(block.splitlines()) == 1 + len(table)
    assert "UA % [95 %]" in block.splitlines()[0]
    assert "ms/clip" not in block
    assert evaluation.table_text(table, width=200).count("\n\n") == 1


def test_results_row_raises(rng):
    y_true, proba, _ = make_predictions(rng)
    with pytest.raises(EvaluationError, match="needs split, model; pass"):
        evaluation.results_row(evaluation.evaluate(y_true, proba, CLASSES), corpus="toy", scheme="four")
    with pytest.raises(EvaluationError, match="needs ua_low, n_clips, interval"):
        evaluation.results_row({"ua": 1}, corpus="toy", scheme="four", split="loso", model="svc")
