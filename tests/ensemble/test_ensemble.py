"""Votes by name, evolved weights that keep their promises, and no way to fit on what is tested."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore import ensemble, evaluation, splits, training
from sercore.course.benchmarks import ensembles
from sercore.ensemble import nested, stacking
from sercore.errors import EvaluationError, SplitError
from sercore.splits import Fold

N_CLIPS = 360
QUICK = ensemble.Evolution(population=24, generations=12, restarts=2, parents=8)


def long_table(members: ensemble.Members, *, seeds=(0,)) -> pd.DataFrame:
    """Members as the out-of-fold table that holds them, models below each other."""
    parts = [
        members.table(proba, name).assign(seed=seed)
        for seed in seeds
        for name, proba in zip(members.names, members.proba, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def members():
    return ensembles.synthetic(N_CLIPS, 5, 4, n_folds=3)


@pytest.fixture(scope="module")
def oof(members):
    return long_table(members)


def wide(oof, model):
    """Probabilities of one model, by clip."""
    return oof[oof["model"] == model].set_index("clip_id").filter(regex="^p_").sort_index()


def oof_of(members, name):
    """Out-of-fold table of one member."""
    return members.table(members.proba[members.names.index(name)], name)


def figures(oof):
    y_true, proba, classes, _ = evaluation.unpack(oof)
    return evaluation.scalar_metrics(y_true, proba, classes)


# ------------------------------------------------------------------------------------ alignment


def test_members_are_found_by_name_and_clips_by_id_not_by_position(oof):
    shuffled = oof.sample(frac=1, random_state=1)
    weights = {"model03": 3.0, "model00": 1.0, "model01": 0.0, "model02": 2.0}
    found = ensemble.soft_vote(shuffled, weights)
    wanted = (3 * wide(oof, "model03") + wide(oof, "model00") + 2 * wide(oof, "model02")) / 6
    pd.testing.assert_frame_equal(wide(found, "soft_vote"), wanted)
    for metric in ("ua", "log_loss"):
        one, other = (
            ensemble.evolve_weights(table, metric, settings=QUICK, seed=5, progress=False)
            for table in (oof, shuffled)
        )
        pd.testing.assert_series_equal(one.weights, other.weights)


def test_aligned_table_is_what_went_in(oof, members):
    back = ensemble.align(oof)
    assert (back.names, back.classes) == (members.names, members.classes)
    rows = members.rows.reset_index().set_index("clip_id").loc[back.rows["clip_id"]]
    np.testing.assert_allclose(back.proba, members.proba[:, rows["index"]])
    assert [back.classes[code] for code in back.codes] == back.rows["label"].tolist()


def test_a_missing_clip_is_named(oof):
    gone = (oof["model"] == "model02") & (oof["clip_id"] == "toy-00017")
    with pytest.raises(EvaluationError, match=r"'model02' lacks 1 of 360 predictions.*toy-00017.*fold-1"):
        ensemble.align(oof[~gone])
    with pytest.raises(EvaluationError, match="'model00' lacks 1 of 360"):
        ensemble.align(oof[~((oof["model"] == "model00") & (oof["clip_id"] == "toy-00017"))])


def test_other_classes_labels_or_splits_are_refused(oof):
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


def test_a_model_with_one_seed_stands_for_all_where_folds_are_the_same(members):
    table = long_table(members, seeds=(0, 1))
    steady = table[(table["model"] != "model01") | (table["seed"] == 0)]
    assert len(ensemble.align(steady).rows) == 2 * N_CLIPS
    assert ensemble.soft_vote(steady)["seed"].value_counts().to_dict() == {0: N_CLIPS, 1: N_CLIPS}
    renamed = steady.assign(fold=steady["fold"].where(steady["seed"] == 0, "other-" + steady["fold"]))
    with pytest.raises(EvaluationError, match=r"'model00' lacks 360 .*were other folds drawn"):
        ensemble.align(renamed)
    several = steady[(steady["model"] != "model02") | (steady["seed"] == 1)]  # one seed, but another
    assert len(ensemble.align(several).rows) == 2 * N_CLIPS


def test_seeds_can_be_members(members):
    table = long_table(members, seeds=(0, 1))
    steady = table[(table["model"] != "model01") | (table["seed"] == 0)]
    names = ensemble.align(ensemble.seeds_as_members(steady)).names
    assert names[:3] == ("model00 seed=0", "model00 seed=1", "model01")
    assert len(names) == 7


# ---------------------------------------------------------------------------------------- votes


def toy(*probas, label="a"):
    """Table of one clip and two classes, one member for each probability of class a."""
    rows = [
        {"clip_id": "c", "speaker": "s", "label": label, "model": f"m{k}", "split": "speaker", "fold": "f",
         "seed": 0, "p_a": p, "p_b": 1 - p}
        for k, p in enumerate(probas)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_three_votes_by_hand():
    table = toy(0.4, 0.4, 0.9)
    assert ensemble.soft_vote(table)["p_a"].item() == pytest.approx(17 / 30)
    assert ensemble.majority_vote(table)["p_a"].item() == pytest.approx(1 / 3, abs=1e-5)
    odds = (4 * 4 * 9 / (6 * 6 * 1)) ** (1 / 3)
    assert ensemble.mean_logits(table)["p_a"].item() == pytest.approx(odds / (1 + odds))
    sure = toy(0.6, 0.6, 0.0)  # a veto that the soft vote overhears less
    assert ensemble.mean_logits(sure)["p_a"].item() < 0.1 < ensemble.soft_vote(sure)["p_a"].item()
    tie = ensemble.majority_vote(toy(0.9, 0.4))
    assert tie["p_a"].item() == pytest.approx(0.5, abs=1e-5)
    assert tie["p_a"].item() > tie["p_b"].item()


def test_oracle_is_right_where_any_member_is(members, oof):
    right = (members.proba.argmax(axis=-1) == members.codes).any(axis=0)
    assert figures(ensemble.oracle(oof))["wa"] == pytest.approx(right.mean())
    assert right.mean() < 1
    # A member that is right with .4 counts before one that is wrong with .45 for the true class.
    narrow = toy(0.45, 0.4).assign(p_b=[0.55, 0.3], p_c=[0.0, 0.3])
    assert ensemble.oracle(narrow)["p_a"].item() == 0.4


@pytest.mark.parametrize("vote", [ensemble.soft_vote, ensemble.majority_vote, ensemble.mean_logits])
def test_all_weight_on_one_member_is_that_member(oof, members, vote):
    alone = vote(oof, {name: float(name == "model02") for name in members.names})
    assert figures(alone)["ua"] == pytest.approx(figures(oof[oof["model"] == "model02"])["ua"])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"model00": 1.0}, "weights are for"),
        (dict.fromkeys(["model00", "model01", "model02", "svc"], 1.0), "weights are for"),
        (dict.fromkeys(["model00", "model01", "model02", "model03"], 0.0), "not all 0"),
        ({"model00": -1.0, "model01": 1.0, "model02": 1.0, "model03": 1.0}, "0 or more"),
        (dict.fromkeys(["model00", "model01", "model02", "model03"], float("nan")), "0 or more"),
    ],
)
def test_weights_that_make_no_sense_are_refused(oof, weights, message):
    with pytest.raises(EvaluationError, match=message):
        ensemble.soft_vote(oof, weights)


def test_new_clips_are_combined_by_name(members):
    probas = dict(zip(members.names, members.proba, strict=True))
    weights = {name: float(k) for k, name in enumerate(members.names)}
    backwards = dict(reversed(probas.items()))
    wanted = ensemble.soft_vote(members, weights).filter(regex="^p_").to_numpy()
    np.testing.assert_allclose(ensemble.combine_proba(backwards, weights), wanted)
    with pytest.raises(EvaluationError, match="same clips and classes"):
        ensemble.combine_proba(probas | {"model00": members.proba[0][:5]})


def test_costs_of_the_members_that_run_are_added(oof):
    spent = oof["model"].map({"model00": 1.0, "model01": 10.0, "model02": 100.0, "model03": np.nan})
    priced = oof.assign(**dict.fromkeys(training.COSTS, spent))
    some = ensemble.soft_vote(priced, {"model00": 1.0, "model01": 0.0, "model02": 1.0, "model03": 0.0})
    assert set(some["ms_per_clip"]) == {101.0}
    assert ensemble.soft_vote(priced)["parameters"].isna().all()


# -------------------------------------------------------------------------------------- fitness


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 6))
@settings(max_examples=15, deadline=None)
def test_fitness_of_a_population_is_that_of_each_vote(seed, n_members, n_classes):
    members = ensembles.synthetic(40, n_classes, n_members, seed=seed)
    candidates = np.random.default_rng(seed).dirichlet(np.ones(n_members), 3)
    single = [
        figures(ensemble.soft_vote(members, dict(zip(members.names, weights, strict=True))))
        for weights in candidates
    ]
    for metric, sign in (("macro_f1", 1), ("ua", 1), ("log_loss", -1)):
        found = ensemble.Fitness(members, metric)(candidates)
        np.testing.assert_allclose(found, [sign * one[metric] for one in single])


def test_large_sets_are_scored_in_parts_with_the_same_result(members, monkeypatch):
    candidates = np.random.default_rng(0).dirichlet(np.ones(4), 9)
    whole = ensemble.Fitness(members)(candidates)
    monkeypatch.setattr("sercore.ensemble.fitness._CELLS", 2 * members.proba[0].size)
    np.testing.assert_allclose(ensemble.Fitness(members)(candidates), whole)
    assert len(set(whole)) > 3


def test_the_loop_of_the_bench_computes_the_same_figure(members):
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    assert ensembles.loop_fitness(weights, members) == pytest.approx(ensemble.Fitness(members)(weights)[0])


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=8))
def test_any_genes_become_weights(genes):
    weights = ensemble.to_simplex(genes)[0]
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)


# --------------------------------------------------------------------------------------- search


@pytest.mark.parametrize("metric", ensemble.METRICS)
@pytest.mark.parametrize("search", ["genetic", "voicevibes", "optimum"])
def test_never_below_the_best_member_or_equal_weights_on_its_own_data(search, metric):
    members = ensembles.synthetic(120, 4, 3, seed=3)
    strong = members.proba.copy()
    strong[1] = np.eye(4)[members.codes] * 0.7 + 0.075  # one member that no vote can improve
    for case in (members, ensemble.Members("abc", members.classes, strong, members.codes, members.rows)):
        if search == "optimum":
            found = ensemble.optimal_weights(case, metric)
        else:
            preset = QUICK if search == "genetic" else replace(ensemble.PRESETS[search], restarts=1)
            found = ensemble.evolve_weights(case, metric, settings=preset, progress=False)
        assert found.fitness >= ensemble.best_single(case, metric).fitness
        assert found.fitness >= ensemble.equal_weights(case, metric).fitness
        scored = figures(ensemble.soft_vote(case, found.weights))[metric]
        assert abs(scored) == pytest.approx(abs(found.fitness))
        assert found.weights.sum() == pytest.approx(1)
        assert (found.weights >= 0).all()


@pytest.mark.parametrize("metric", ["macro_f1", "log_loss"])
def test_evolution_comes_within_a_fifth_of_a_point_of_the_constrained_optimum(metric):
    members = ensembles.synthetic(1000, 7, 6, seed=11)
    evolved = ensemble.evolve_weights(members, metric, progress=False)
    solved = ensemble.optimal_weights(members, metric)
    assert evolved.fitness >= solved.fitness - 0.002
    assert solved.fitness >= evolved.fitness - 0.004
    assert evolved.fitness > ensemble.equal_weights(members, metric).fitness + 0.005


def test_refined_weights_are_fitter_and_the_preset_of_voicevibes_is_not_refined():
    members = ensembles.synthetic(300, 7, 6, seed=4)
    short = ensemble.Evolution(population=12, generations=2, restarts=1, parents=4)
    rough = ensemble.evolve_weights(members, settings=replace(short, refined=False), progress=False)
    fine = ensemble.evolve_weights(members, settings=short, progress=False)
    assert fine.fitness > rough.fitness + 0.002
    assert fine.weights.sum() == pytest.approx(1)
    assert (fine.weights >= 0).all()
    assert not ensemble.PRESETS["voicevibes"].refined


def test_shortfall_is_the_difference_to_scipy_on_each_tuning_part(members):
    table = ensembles.shortfall(long_table(members, seeds=(0, 1)), metrics=["log_loss"])
    assert table["fold"].tolist() == ["fold-1", "fold-2", "fold-3"]
    tuning = members.take((members.rows["fold"] != "fold-2").to_numpy())
    assert table["optimum"][1] == pytest.approx(ensemble.optimal_weights(tuning, "log_loss").fitness)
    np.testing.assert_allclose(table["points"], 100 * (table["optimum"] - table["genetic"]))
    assert table["points"].between(-0.001, 0.2).all()


def test_the_log_loss_has_its_optimum_where_the_gradient_says(members):
    found = ensemble.optimal_weights(members, "log_loss")
    fitness = ensemble.Fitness(members, "log_loss")
    around = np.random.default_rng(0).dirichlet(np.ones(4), 5000)
    near = found.weights.to_numpy() * 0.98 + around * 0.02
    assert fitness(np.vstack([around, near])).max() <= found.fitness + 1e-9


def test_same_seed_same_weights_and_no_trace_in_global_randomness(members):
    np.random.seed(4)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (
        ensemble.evolve_weights(members, settings=QUICK, seed=seed, progress=False) for seed in (1, 1, 2)
    )
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    pd.testing.assert_frame_equal(one.history, same.history)
    pd.testing.assert_series_equal(one.weights, same.weights)
    assert not one.weights.equals(other.weights)
    assert ensemble.optimal_weights(members, seed=3).weights.equals(
        ensemble.optimal_weights(members, seed=3).weights
    )


def test_history_has_every_generation_and_its_best_never_falls(members):
    found = ensemble.evolve_weights(members, settings=QUICK, progress=False)
    history = found.history
    assert list(history.groupby("restart").size()) == [QUICK.generations + 1] * QUICK.restarts
    assert list(history["generation"][: QUICK.generations + 1]) == list(range(QUICK.generations + 1))
    assert (history.groupby("restart")["best"].diff().dropna() >= 0).all()
    assert (history["mean"] < history["best"]).any()
    assert (history["mean"] <= history["best"] + 1e-12).all()
    weights = history.filter(like="w_")
    assert list(weights) == [f"w_{name}" for name in members.names]
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(ensemble.Fitness(members)(weights.to_numpy()), history["best"])
    assert history["best"].max() <= found.fitness
    plain = ensemble.evolve_weights(members, settings=replace(QUICK, refined=False), progress=False)
    pd.testing.assert_frame_equal(plain.history, history)
    assert history["best"].max() == pytest.approx(plain.fitness)


def test_a_whole_population_is_one_call(members, monkeypatch):
    sizes, inner = [], ensemble.Fitness.__call__

    def counted(self, weights):
        sizes.append(len(np.atleast_2d(weights)))
        return inner(self, weights)

    monkeypatch.setattr(ensemble.Fitness, "__call__", counted)
    ensemble.evolve_weights(members, settings=replace(QUICK, refined=False), progress=False)
    populations = [size for size in sizes if size > 5]  # the others: starts, and winners one by one
    assert len(populations) == QUICK.restarts * (QUICK.generations + 1)
    assert min(populations) >= QUICK.population // 2


@pytest.mark.parametrize("n_members", [1, 2, 30])
def test_any_number_of_members(n_members):
    members = ensembles.synthetic(60, 3, n_members)
    tiny = ensemble.Evolution(population=8, generations=3, restarts=1, parents=4)
    for found in (
        ensemble.evolve_weights(members, settings=tiny, progress=False),
        ensemble.optimal_weights(members),
        ensemble.optimal_weights(members, "log_loss"),
    ):
        assert list(found.weights.index) == list(members.names)
        assert found.fitness >= ensemble.best_single(members, found.metric).fitness


def test_names_that_do_not_exist_are_listed(members):
    with pytest.raises(EvaluationError, match="no fitness named 'f1'; there are: macro_f1, ua, log_loss"):
        ensemble.evolve_weights(members, "f1")
    with pytest.raises(EvaluationError, match="no settings named 'fast'; there are: default, voicevibes"):
        ensemble.evolve_weights(members, settings="fast")
    with pytest.raises(EvaluationError, match=r"no system named \['best'\]"):
        ensemble.evaluate_nested(members, systems=["best"], progress=False)
    with pytest.raises(EvaluationError, match="no meta-model named 'forest'; there are: logistic, mlp"):
        ensemble.fit_stack(members, meta="forest")


# ------------------------------------------------------------------ fitted on some, tested on others

FITTED = ("best_single", "equal", "genetic", "optimum", "stack_logistic", "stack_mlp")


def test_nothing_of_a_fold_reaches_what_is_applied_to_it(members):
    """Other labels for a fold's speakers change nothing that is fitted for it."""
    members = ensembles.synthetic(240, 5, 3, n_folds=3)
    before = ensemble.evaluate_nested(members, systems=FITTED, settings=QUICK, progress=False)
    held = (members.rows["fold"] == "fold-2").to_numpy()
    codes = np.where(held, (members.codes + 1) % 5, members.codes)
    rows = members.rows.assign(label=[members.classes[code] for code in codes])
    swapped = ensemble.Members(members.names, members.classes, members.proba, codes, rows)
    after = ensemble.evaluate_nested(swapped, systems=FITTED, settings=QUICK, progress=False)
    for system in FITTED:
        one, other = (
            table[(table["model"] == system) & (table["fold"] == "fold-2")].filter(regex="^p_")
            for table in (before.oof, after.oof)
        )
        assert len(one) == held.sum()
        np.testing.assert_array_equal(one, other, err_msg=system)
    elsewhere = [n.oof[n.oof["fold"] == "fold-1"].filter(regex="^p_") for n in (before, after)]
    assert not np.allclose(*elsewhere)


def test_nested_tables_are_out_of_fold_tables_of_named_systems(members):
    found = ensemble.evaluate_nested(members, settings=QUICK, progress=False)
    assert list(dict.fromkeys(found.oof["model"])) == list(ensemble.SYSTEMS)
    scores = {name: evaluation.evaluate_oof(part, n_boot=10) for name, part in found.oof.groupby("model")}
    assert all(score["n_clips"] == N_CLIPS and score["split"] == "speaker" for score in scores.values())
    assert scores["oracle"]["ua"] > scores["genetic"]["ua"] > scores["best_single"]["ua"]
    best = found.weights[found.weights["system"] == "best_single"].filter(like="w_")
    assert (best.max(axis=1) == 1).all()
    part = members.take((members.rows["fold"] != "fold-1").to_numpy())
    row = found.weights.query("system == 'optimum' and fold == 'fold-1'").iloc[0]
    assert row["tuned"] == pytest.approx(ensemble.optimal_weights(part, seed=0).fitness)
    held = found.oof.query("model == 'optimum' and fold == 'fold-1'")
    assert row["held_out"] == pytest.approx(figures(held)["macro_f1"])
    assert row["n_speakers"] == part.rows["speaker"].nunique()


def test_the_best_single_is_chosen_on_the_tuning_speakers(members):
    """A member that shines in one fold only is not chosen for that fold."""
    proba = members.proba.copy()
    fold = (members.rows["fold"] == "fold-1").to_numpy()
    proba[0, fold] = np.eye(5)[members.codes[fold]]
    lucky = ensemble.Members(members.names, members.classes, proba, members.codes, members.rows)
    found = ensemble.evaluate_nested(lucky, systems=["best_single"], progress=False).weights
    assert ensemble.best_single(lucky.take(fold)).weights["model00"] == 1
    assert found[found["fold"] == "fold-1"]["w_model00"].item() == 0


def test_tuning_speakers_are_as_many_as_asked_for(members):
    found = ensemble.evaluate_nested(members, systems=["equal"], tuning_speakers=3, progress=False)
    assert set(found.weights["n_speakers"]) == {3}
    with pytest.raises(SplitError, match="tuning_speakers is 99, of 1 to"):
        ensemble.evaluate_nested(members, systems=["equal"], tuning_speakers=99, progress=False)


def memorised(members):
    """What each fold's model says about every clip: its training clips by heart, the others at random."""
    rng = np.random.default_rng(0)
    parts = []
    for fold in sorted(set(members.rows["fold"])):
        trained = (members.rows["fold"] != fold).to_numpy()
        proba = rng.dirichlet(np.ones(5), len(members.codes))
        proba[trained] = np.eye(5)[members.codes[trained]]
        everything = members.table(proba, "parrot").assign(fold=fold)
        parts.append(everything.assign(trained=trained))
    return pd.concat(parts, ignore_index=True)


def test_predictions_for_training_clips_cannot_get_in(members, oof):
    said = memorised(members)
    honest = said[~said["trained"]]
    in_sample = said[said["trained"]]
    for bad in (said, in_sample):
        for use in (ensemble.align, ensemble.fit_stack, ensemble.soft_vote, ensemble.evaluate_nested):
            with pytest.raises(SplitError, match="more than one fold"):
                use(pd.concat([oof, bad], ignore_index=True))
    # Half of the training clips, each once: now the speakers give it away.
    once = in_sample.drop_duplicates("clip_id").assign(fold=lambda t: "fold-" + (t.index % 3).astype(str))
    with pytest.raises(SplitError, match=r"speaker 'toy-s\d+' is tested in 3 folds"):
        ensemble.align(once)
    # One model that predicts everybody leaves nobody to have been trained on.
    with pytest.raises(SplitError, match="two or more folds"):
        ensemble.evaluate_nested(long_table(members).assign(fold="fold-1"), progress=False)
    # Taken out of fold, the parrot is worth nothing, and the meta-model knows.
    both = pd.concat([oof[oof["model"] == "model03"], honest.drop(columns="trained")], ignore_index=True)
    alone = figures(oof[oof["model"] == "model03"])["ua"]
    stacked = ensemble.evaluate_nested(both, systems=["stack_logistic"], progress=False).oof
    assert figures(stacked)["ua"] == pytest.approx(alone, abs=0.05)


def test_a_stack_does_not_predict_the_speakers_it_was_fitted_on(members):
    fold = (members.rows["fold"] == "fold-1").to_numpy()
    stack = ensemble.fit_stack(members.take(~fold))
    table = stack.predict_oof(members.take(fold))
    assert figures(table)["ua"] > 0.4
    with pytest.raises(SplitError, match=r"fitted on \d+ of these speakers"):
        stack.predict_oof(members)
    probas = dict(zip(members.names, members.proba[:, fold], strict=True))
    backwards = stack.predict(dict(reversed(probas.items())))
    np.testing.assert_allclose(backwards, table.filter(regex="^p_"))
    with pytest.raises(EvaluationError, match=r"the stack reads .* but got \['model00'\]"):
        stack.predict({"model00": members.proba[0]})


def test_the_penalty_of_a_stack_is_chosen_on_inner_speakers(members, monkeypatch):
    tuning = members.take((members.rows["fold"] != "fold-1").to_numpy())
    honest = {meta: ensemble.fit_stack(tuning, meta=meta).strength for meta in ensemble.META_MODELS}
    asked = []

    def spy(rows, positions, **options):
        assert set(rows["speaker"]) == set(tuning.rows["speaker"])
        asked.extend(splits.inner_folds(rows, positions, **options))
        return [Fold("by heart", positions, positions)]  # judged on what it was fitted on

    monkeypatch.setattr(stacking, "inner_folds", spy)
    by_heart = {meta: ensemble.fit_stack(tuning, meta=meta).strength for meta in ensemble.META_MODELS}
    assert by_heart == {meta: min(stacking.STRENGTHS[meta]) for meta in ensemble.META_MODELS}
    assert honest["logistic"] > by_heart["logistic"]
    for fold in asked:
        speakers = [set(tuning.rows["speaker"].iloc[part]) for part in (fold.train, fold.test)]
        assert not speakers[0] & speakers[1]
    assert len(asked) == 2 * 3
    assert ensemble.fit_stack(tuning, strength=2.5).strength == 2.5
    assert len(asked) == 2 * 3


def test_a_stack_of_too_few_people_takes_the_strongest_penalty(members):
    someone = (members.rows["speaker"] == "toy-s000").to_numpy()
    codes = np.where(np.arange(20) < 19, members.codes[someone] % 3, 4)  # one class with one clip
    rows = members.rows[someone].assign(label=[members.classes[c] for c in codes])
    few = ensemble.Members(members.names, members.classes, members.proba[:, someone], codes, rows)
    assert ensemble.fit_stack(few).strength == max(stacking.STRENGTHS["logistic"])


def test_members_put_together_by_hand_are_checked_too(members):
    said = memorised(members)
    table = said[said["trained"]].sort_values(["fold", "clip_id"])
    proba = table.filter(regex="^p_").to_numpy()[None]
    codes = pd.Categorical(table["label"], categories=members.classes).codes
    by_hand = ensemble.Members(("parrot",), members.classes, proba, codes, table.reset_index(drop=True))
    for fit in (ensemble.fit_stack, ensemble.evaluate_nested):
        with pytest.raises(SplitError, match="1 members: 360 clips are predicted in more than one fold"):
            fit(by_hand)


def test_nothing_is_fitted_on_a_leaky_split_or_on_unknown_speakers(oof):
    leaky = oof.assign(split="random")
    assert len(ensemble.soft_vote(leaky)) == N_CLIPS
    for fit in (ensemble.fit_stack, ensemble.evaluate_nested):
        with pytest.raises(SplitError, match="leaky"):
            fit(leaky)
        with pytest.raises(SplitError, match="360 predictions have no speaker"):
            fit(oof.assign(speaker=""))


def test_every_part_of_nesting_keeps_people_apart(members):
    seeds = ensemble.align(long_table(members, seeds=(0, 1)))
    parts = nested._parts(seeds, None, 0)
    assert len(parts) == 2 * 3
    for tuning, held in parts:
        assert not set(tuning.rows["speaker"]) & set(held.rows["speaker"])
        assert len(tuning.rows) + len(held.rows) == N_CLIPS
        assert set(tuning.rows["seed"]) == set(held.rows["seed"])


# ------------------------------------------------------------------------------ one against the rest


@pytest.fixture(scope="module")
def corpus():
    """Twelve speakers, three classes; what tells classes apart differs from speaker to speaker."""
    rng = np.random.default_rng(0)
    who, code = np.divmod(np.arange(12 * 15), 15)
    code = code % 3
    X = rng.normal(size=(180, 6)) + rng.normal(size=(12, 6))[who]
    X[np.arange(180), code] += 1.5
    labels = np.array(["angry", "happy", "sad"])[code]
    index = pd.DataFrame({"clip_id": [f"c{k:03}" for k in range(180)], "corpus": "toy"})
    return index.assign(speaker=[f"toy-s{w:02}" for w in who], label=labels), X, ("angry", "happy", "sad")


@pytest.fixture(scope="module")
def expert_table(corpus):
    return ensemble.train_experts(*corpus, ensemble.classical_expert(C=1.0), progress=False)


def test_experts_are_members_that_know_one_class_each(corpus, expert_table):
    members = ensemble.align(expert_table)
    assert members.names == ("expert angry", "expert happy", "expert sad")
    assert members.costs is not None
    p_happy = wide(expert_table, "expert happy")
    np.testing.assert_allclose(p_happy["p_angry"], p_happy["p_sad"])
    np.testing.assert_allclose(p_happy.sum(axis=1), 1)
    own = np.column_stack([wide(expert_table, f"expert {name}")[f"p_{name}"] for name in corpus[2]])
    mean = wide(ensemble.soft_vote(expert_table), "soft_vote")
    np.testing.assert_array_equal(mean.to_numpy().argmax(axis=1), own.argmax(axis=1))  # the surest decides
    balanced = own.mean(axis=0)  # a third of the clips is its own; balanced weights say one half
    assert ((balanced > 0.35) & (balanced < 0.6)).all()


def test_experts_are_shown_training_clips_and_asked_about_test_clips_only(corpus):
    index, X, classes = corpus
    seen = []

    def fit(clips, X_train, own, seed):
        assert len(clips) == len(X_train) == len(own)
        assert own.mean() == pytest.approx(1 / 3)
        known = {row.tobytes() for row in X_train}

        def predict(X_asked):
            assert not known & {row.tobytes() for row in X_asked}
            seen.append((len(X_train), len(X_asked), seed))
            return np.full(len(X_asked), 0.25)

        return predict

    table = ensemble.train_experts(index, X, classes, fit, n_folds=4, seeds=(3,), progress=False)
    assert len(seen) == 3 * 4
    assert all(trained + asked == 180 and seed == 3 for trained, asked, seed in seen)
    assert table.groupby("model")["clip_id"].nunique().tolist() == [180, 180, 180]
    assert not table.duplicated(["model", "clip_id"]).any()
    np.testing.assert_allclose(wide(table, "expert sad"), np.full((180, 3), [0.375, 0.375, 0.25]))


def test_a_stack_of_experts_is_fitted_out_of_fold_and_in_sample_is_refused(corpus, expert_table):
    """The MLP over train_experts, scored on people that neither it nor the train_experts have met."""
    systems = ["equal", "stack_mlp", "stack_logistic"]
    found = ensemble.evaluate_nested(expert_table, systems=systems, progress=False)
    scores = {name: figures(part)["ua"] for name, part in found.oof.groupby("model")}
    assert min(scores.values()) > 0.6
    index, X, classes = corpus
    in_sample = []
    for own in classes:  # every expert is asked about everybody, those it was trained on included
        p_own = ensemble.classical_expert(C=1.0)(index, X, (index["label"] == own).to_numpy(), 0)(X)
        rest = (1 - p_own) / 2
        columns = {f"p_{name}": p_own if name == own else rest for name in classes}
        part = expert_table[expert_table["model"] == f"expert {own}"].set_index("clip_id")
        everyone = index.set_index("clip_id").assign(
            split="speaker", seed=0, model=f"expert {own}", **columns
        )
        in_sample += [everyone.assign(fold=fold).reset_index() for fold in sorted(set(part["fold"]))]
    with pytest.raises(SplitError, match="'expert angry': 900 clips are predicted in more than one fold"):
        ensemble.fit_stack(pd.concat(in_sample, ignore_index=True), meta="mlp")


def test_experts_that_are_finished_are_not_trained_again(corpus, tmp_path):
    index, X, classes = corpus
    calls = []

    def fit(clips, X_train, own, seed):
        calls.append(seed)
        return lambda asked: np.linspace(0, 1, len(asked))

    options = {"n_folds": 3, "folder": tmp_path, "progress": False}
    first = ensemble.train_experts(index, X, classes, fit, **options)
    assert len(calls) == len(list(tmp_path.glob("expert-*.parquet"))) == 9
    next(tmp_path.glob("expert-sad-*.parquet")).unlink()
    again = ensemble.train_experts(index, X, classes, fit, **options)
    assert len(calls) == 10
    pd.testing.assert_frame_equal(
        again.drop(columns=list(training.COSTS)), first.drop(columns=list(training.COSTS))
    )
    ensemble.train_experts(index, 2 * X, classes, fit, **options)  # other features, other files
    ensemble.train_experts(index, X, classes, fit, name="other", **options)
    assert len(calls) == 28


def test_frames_of_different_lengths_can_be_given_as_a_list(corpus):
    index, X, classes = corpus
    clips = [np.tile(row, (1 + k % 3, 1)) for k, row in enumerate(X)]

    def fit(_, frames, own, seed):
        inner = ensemble.classical_expert(C=1.0)(_, np.stack([f.mean(axis=0) for f in frames]), own, seed)
        return lambda asked: inner(np.stack([f.mean(axis=0) for f in asked]))

    table = ensemble.train_experts(index, clips, classes, fit, progress=False)
    wanted = ensemble.train_experts(index, X, classes, ensemble.classical_expert(C=1.0), progress=False)
    np.testing.assert_allclose(table.filter(regex="^p_"), wanted.filter(regex="^p_"), atol=1e-6)


@pytest.mark.parametrize("answer", [np.full((60, 2), 0.5), np.full(60, 1.5), np.full(60, np.nan)])
def test_an_expert_must_answer_with_one_probability_per_clip(corpus, answer):
    with pytest.raises(EvaluationError, match=r"expert for 'angry' gave .* wanted one probability"):
        ensemble.train_experts(
            *corpus, lambda *_: lambda asked: answer[: len(asked)], n_folds=3, progress=False
        )


# ------------------------------------------------------------------------ diversity, and is it real


def test_diversity_of_members_whose_errors_are_known(rng):
    codes = rng.integers(0, 3, 900)
    wrong = rng.random(900) < 0.3
    first = np.where(wrong, (codes + 1) % 3, codes)
    independent = np.where(rng.random(900) < 0.3, (codes + 1) % 3, codes)
    members = ensembles.synthetic(900, 3, 4)
    proba = np.stack([np.eye(3)[choice] for choice in (first, first, independent, codes)])
    known = ensemble.Members(("a", "b", "c", "right"), members.classes, proba, codes, members.rows)
    apart, together = ensemble.disagreement(known), ensemble.error_correlation(known)
    assert apart.loc["a", "b"] == 0
    assert (np.diag(apart) == 0).all()
    assert apart.loc["a", "right"] == pytest.approx(wrong.mean())
    assert together.loc["a", "b"] == pytest.approx(1)
    assert abs(together.loc["a", "c"]) < 0.1
    assert together["right"].isna().all()
    pd.testing.assert_frame_equal(apart, apart.T, check_names=False)


def test_pairs_gain_more_where_errors_differ(members):
    table = ensemble.pairwise_diversity(members)
    assert len(table) == 6
    assert (table["disagreement"].diff().dropna() <= 0).all()
    row = table.query("a == 'model00' and b == 'model03'").iloc[0]
    both = ensemble.soft_vote(ensemble.align(members, members=["model00", "model03"]))
    assert row["both"] == pytest.approx(figures(both)["ua"])
    assert row["gain"] == pytest.approx(row["both"] - row["best"])
    alone = [figures(oof_of(members, name))["ua"] for name in ("model00", "model03")]
    assert (row["best"], row["gap"]) == (pytest.approx(max(alone)), pytest.approx(abs(np.subtract(*alone))))
    assert ensemble.pairwise_diversity(members.pick(["model01"])).empty


def test_every_system_is_compared_in_pairs_over_speakers(members):
    priced = ensemble.Members(
        members.names, members.classes, members.proba, members.codes, members.rows, np.ones((4, N_CLIPS, 3))
    )
    found = ensemble.evaluate_nested(priced, systems=["best_single", "equal", "oracle"], progress=False)
    table = ensemble.compare_systems(found.oof, n_boot=100)
    assert list(zip(table["system"], table["baseline"], strict=True)) == [
        ("best_single", "equal"), ("equal", "best_single"),
        ("oracle", "best_single"), ("oracle", "equal"),
    ]  # fmt: skip
    oracle = table.iloc[3]
    assert oracle["low"] > 0
    assert oracle["p"] < 0.05
    assert oracle["difference"] == pytest.approx(oracle["ua"] - table.iloc[1]["ua"])
    assert table["ms_per_clip"].tolist() == [1, 4, 4, 4]
    with pytest.raises(EvaluationError, match=r"no system named \['svc'\] to compare with"):
        ensemble.compare_systems(found.oof, baselines=["svc"])


def test_gain_by_members_scores_every_subset(members):
    table = ensemble.gain_by_members(members)
    assert table["n_members"].value_counts().to_dict() == {1: 4, 2: 6, 3: 4, 4: 1}
    chosen = table[table["members"] == "model01+model03"].iloc[0]
    vote = ensemble.soft_vote(members.pick(["model01", "model03"]))
    assert chosen["fitness"] == pytest.approx(figures(vote)["ua"])
    assert chosen["best"] == table[table["members"].isin(["model01", "model03"])]["fitness"].max()
    assert table.groupby("n_members")["fitness"].mean().is_monotonic_increasing


def test_of_many_members_some_subsets_of_each_size_are_drawn():
    many = ensembles.synthetic(60, 3, 9)
    table = ensemble.gain_by_members(many, per_size=20)
    assert table["n_members"].value_counts().sort_index().tolist() == [9, 20, 20, 20, 20, 20, 20, 9, 1]
    assert not table["members"].duplicated().any()
    assert (table["members"].str.count(r"\+") + 1 == table["n_members"]).all()
    again, other = (ensemble.gain_by_members(many, per_size=20, seed=seed) for seed in (0, 1))
    pd.testing.assert_frame_equal(table, again)
    assert not table["members"].equals(other["members"])
    assert len(ensemble.gain_by_members(ensembles.synthetic(20, 2, 12))) == 2**12 - 1


def test_the_landscape_of_three_members_is_their_fitness(members):
    three = members.pick(["model00", "model02", "model03"])
    grid = ensemble.weight_landscape(three, "macro_f1", steps=8)
    assert list(grid) == ["w_model00", "w_model02", "w_model03", "fitness"]
    assert len(grid) == 9 * 10 / 2
    np.testing.assert_allclose(grid.filter(like="w_").sum(axis=1), 1)
    assert not grid.duplicated().any()
    corner = grid[grid["w_model02"] == 1]["fitness"].item()
    assert corner == pytest.approx(ensemble.Fitness(three)(np.array([0, 1, 0]))[0])
    assert grid["fitness"].max() > corner
    with pytest.raises(EvaluationError, match=r"three corners, but there are 4 members \(model00"):
        ensemble.weight_landscape(members)


def test_few_tuning_speakers_fit_noise(members):
    table = ensemble.gain_by_tuning(
        members, [1, 12], systems=["optimum"], repeats=1, progress=False
    ).set_index("n_speakers")
    optimism = table["tuned"] - table["held_out"]
    assert optimism[1] > optimism[12] + 0.03


# ----------------------------------------------------------------------------------------- speed


def test_bench_rows_are_labelled_values_with_units():
    rows = ensembles.time_generations(n_clips=60, rounds=1)
    assert [unit for _, _, unit in rows] == ["ms", "ms", "×", "×"]
    assert rows[2][1] == pytest.approx(rows[1][1] / rows[0][1])


def test_importing_loads_no_heavy_library():
    heavy = "{'tensorflow', 'sklearn', 'pygad', 'scipy'}"
    code = f"import sys, sercore.ensemble; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
