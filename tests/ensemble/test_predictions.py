"""Alignment of out-of-fold predictions by member and clip."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from toys.predictions import N_CLIPS, QUICK, all_fold_predictions, long_table, metrics, wide

from sercore import ensemble
from sercore.errors import EvaluationError, SplitError


def test_order_of_rows_does_not_matter(oof):
    shuffled = oof.sample(frac=1, random_state=1)
    weights = {"model03": 3.0, "model00": 1.0, "model01": 0.0, "model02": 2.0}
    found = ensemble.soft_vote(shuffled, weights)
    expected = (3 * wide(oof, "model03") + wide(oof, "model00") + 2 * wide(oof, "model02")) / 6
    pd.testing.assert_frame_equal(wide(found, "soft_vote"), expected)
    for metric in ("ua", "log_loss"):
        one, other = (
            ensemble.evolve_weights(table, metric, settings=QUICK, seed=5, progress=False)
            for table in (oof, shuffled)
        )
        pd.testing.assert_series_equal(one.weights, other.weights)


def test_align_round_trip(oof, members):
    back = ensemble.align(oof)
    assert (back.names, back.classes) == (members.names, members.classes)
    rows = members.rows.reset_index().set_index("clip_id").loc[back.rows["clip_id"]]
    np.testing.assert_allclose(back.proba, members.proba[:, rows["index"]])
    assert [back.classes[code] for code in back.codes] == back.rows["label"].tolist()


def test_missing_predictions_raise(oof):
    gone = (oof["model"] == "model02") & (oof["clip_id"] == "toy-00017")
    with pytest.raises(EvaluationError, match=r"'model02' lacks 1 of 360 predictions.*toy-00017.*fold-1"):
        ensemble.align(oof[~gone])
    with pytest.raises(EvaluationError, match="'model00' lacks 1 of 360"):
        ensemble.align(oof[~((oof["model"] == "model00") & (oof["clip_id"] == "toy-00017"))])


def test_inconsistent_members_raise(oof):
    other = oof[oof["model"] == "model01"].rename(columns={"p_class4": "p_boredom"})
    with pytest.raises(EvaluationError, match=r"'model00' has no p_boredom"):
        ensemble.align(pd.concat([oof[oof["model"] == "model00"], other]))
    relabelled = oof.copy()
    relabelled.loc[oof.index[oof["model"] == "model03"][0], "label"] = "class2"
    with pytest.raises(EvaluationError, match=r"disagree on the label of 1 clips \(first: toy-00000\)"):
        ensemble.align(relabelled)
    with pytest.raises(EvaluationError, match="different splits"):
        ensemble.align(oof.assign(split=np.where(oof["model"] == "model00", "loso", "speaker")))
    with pytest.raises(EvaluationError, match=r"no member named \['svc'\]; there are: model00"):
        ensemble.align(oof, members=["svc", "model00"])
    with pytest.raises(EvaluationError, match="not an out-of-fold table"):
        ensemble.align(oof.drop(columns="fold"))


def test_single_seed_model_is_used_with_every_seed(members):
    table = long_table(members, seeds=(0, 1))
    mixed = table[(table["model"] != "model01") | (table["seed"] == 0)]
    assert len(ensemble.align(mixed).rows) == 2 * N_CLIPS
    assert ensemble.soft_vote(mixed)["seed"].value_counts().to_dict() == {0: N_CLIPS, 1: N_CLIPS}
    renamed = mixed.assign(fold=mixed["fold"].where(mixed["seed"] == 0, "other-" + mixed["fold"]))
    with pytest.raises(EvaluationError, match=r"'model00' lacks 360 .*were other folds drawn"):
        ensemble.align(renamed)
    other = mixed[(mixed["model"] != "model02") | (mixed["seed"] == 1)]  # a single seed, but not 0
    assert len(ensemble.align(other).rows) == 2 * N_CLIPS


def test_seeds_as_members(members):
    table = long_table(members, seeds=(0, 1))
    mixed = table[(table["model"] != "model01") | (table["seed"] == 0)]
    names = ensemble.align(ensemble.seeds_as_members(mixed)).names
    assert names[:3] == ("model00 seed=0", "model00 seed=1", "model01")
    assert len(names) == 7


def test_predictions_for_training_clips_raise(members, oof):
    everything = all_fold_predictions(members)
    in_sample = everything[everything["trained"]]
    for bad in (everything, in_sample):
        for use in (ensemble.align, ensemble.fit_stack, ensemble.soft_vote, ensemble.evaluate_nested):
            with pytest.raises(SplitError, match="more than one fold"):
                use(pd.concat([oof, bad], ignore_index=True))
    # each training clip once: clips are unique, but speakers are in several folds
    once = in_sample.drop_duplicates("clip_id").assign(fold=lambda t: "fold-" + (t.index % 3).astype(str))
    with pytest.raises(SplitError, match=r"speaker 'toy-s\d+' is tested in 3 folds"):
        ensemble.align(once)
    # a single fold leaves no speakers to train on
    with pytest.raises(SplitError, match="two or more speaker-disjoint folds"):
        ensemble.evaluate_nested(long_table(members).assign(fold="fold-1"), progress=False)


def test_stack_ignores_an_overfitted_member(members, oof):
    everything = all_fold_predictions(members)
    random = everything[~everything["trained"]].drop(columns="trained")  # out of fold it predicts at random
    both = pd.concat([oof[oof["model"] == "model03"], random], ignore_index=True)
    alone = metrics(oof[oof["model"] == "model03"])["ua"]
    stacked = ensemble.evaluate_nested(both, systems=["stack_logistic"], progress=False).oof
    assert metrics(stacked)["ua"] == pytest.approx(alone, abs=0.05)


def test_members_built_by_hand_are_checked(members):
    everything = all_fold_predictions(members)
    table = everything[everything["trained"]].sort_values(["fold", "clip_id"])
    proba = table.filter(regex="^p_").to_numpy()[None]
    codes = pd.Categorical(table["label"], categories=members.classes).codes
    by_hand = ensemble.Members(("overfitted",), members.classes, proba, codes, table.reset_index(drop=True))
    for fit in (ensemble.fit_stack, ensemble.evaluate_nested):
        with pytest.raises(SplitError, match="1 members: 360 clips are predicted in more than one fold"):
            fit(by_hand)


def test_fitting_needs_a_clean_split_and_known_speakers(oof):
    leaky = oof.assign(split="random")
    assert len(ensemble.soft_vote(leaky)) == N_CLIPS
    for fit in (ensemble.fit_stack, ensemble.evaluate_nested):
        with pytest.raises(SplitError, match="leaky"):
            fit(leaky)
        with pytest.raises(SplitError, match="360 predictions have no speaker"):
            fit(oof.assign(speaker=""))


def test_import_loads_no_heavy_library():
    heavy = "{'tensorflow', 'sklearn', 'pygad', 'scipy'}"
    code = f"import sys, sercore.ensemble; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
