"""Nested evaluation: ensembles scored on speakers that they were not fitted on.

Weights are fitted parameters; scored on the clips they were fitted on, they are optimistically biased.
Here the speakers of each fold are held out in turn: weights, the choice of the best member and
meta-models are fitted on the out-of-fold predictions of all *other* speakers and applied to the held-out
ones. Together these predictions form another out-of-fold table.

One dependence remains: the members that predicted the tuning speakers were trained on the held-out
speakers, among others. Removing it would require training every member for every pair of folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import EvaluationError, SplitError
from .baselines import best_single, equal_weights, optimal_weights
from .fitness import METRICS, Fitness
from .genetic_algorithm import Evolution, evolve_weights
from .predictions import Members, align
from .stacking import assert_honest, fit_stack
from .voting import mix, oracle

SYSTEMS = ("best_single", "equal", "genetic", "optimum", "stack_logistic", "stack_mlp", "oracle")
"""The member that is best on the tuning speakers; equal weights; weights by PyGAD and by SciPy; two
meta-models; and the oracle, which uses the true labels: by UA and WA, no rule that picks one member per clip
is better."""


@dataclass(frozen=True, eq=False)
class Nested:
    """Result of :func:`evaluate_nested`.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold tables of all systems, concatenated, with the system name in ``model``.
    weights : pd.DataFrame
        One row per system, seed and fold: ``system, seed, fold, n_speakers`` (number of tuning speakers),
        ``tuned`` (fitness on them), ``held_out`` (fitness on the held-out speakers) and ``w_<member>``
        (NaN for systems without weights). ``tuned`` far above ``held_out`` indicates overfitting.
    """

    oof: pd.DataFrame
    weights: pd.DataFrame


def evaluate_nested(
    oof: pd.DataFrame | Members,
    *,
    systems: Sequence[str] = SYSTEMS,
    metric: str = "macro_f1",
    settings: str | Evolution = "default",
    tuning_speakers: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Nested:
    """Predictions of several ensembles for every fold, each fitted on the speakers of the other folds.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models. Each seed is evaluated separately.
    systems : sequence of str
        Names from :data:`SYSTEMS`.
    metric : str
        Metric that weights and the best member are chosen for: ``macro_f1``, ``ua`` or ``log_loss``.
    settings : str or Evolution
        Settings of the genetic algorithm.
    tuning_speakers : int, optional
        Use only this many of the other speakers, drawn at random.
    seed : int
        Seed of the systems and of the draws.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Nested

    Raises
    ------
    EvaluationError
        A system or the metric is unknown.
    SplitError
        The split is leaky or has one fold only, speakers are unknown or in several folds, or there
        are fewer tuning speakers than requested.

    See Also
    --------
    compare_systems : Differences between the systems, with intervals.
    gain_by_tuning : Fitness by number of tuning speakers.

    Notebook: 06_ensembles.ipynb
    """
    from tqdm.auto import tqdm

    members = align(oof)
    assert_honest(members)
    unknown = sorted(set(systems) - set(SYSTEMS))
    if unknown or metric not in METRICS:
        raise EvaluationError(
            f"no system named {unknown} or no metric {metric!r}; systems are {', '.join(SYSTEMS)}, "
            f"metrics {', '.join(METRICS)}"
        )
    tables, rows = {system: [] for system in systems}, []
    for run, (tuning, held) in enumerate(tqdm(_parts(members, tuning_speakers, seed), disable=not progress)):
        for system in systems:
            table, tuned, weights = _fit_and_predict(system, tuning, held, metric, settings, seed + run)
            tables[system].append(table)
            about = held.rows.iloc[0]
            held_out = score(table, held, metric)
            n_speakers = tuning.rows["speaker"].nunique()
            rows.append([system, about["seed"], about["fold"], n_speakers, tuned, held_out, *weights])
    columns = ["system", "seed", "fold", "n_speakers", "tuned", "held_out"]
    columns += [f"w_{name}" for name in members.names]
    predictions = pd.concat([table for parts in tables.values() for table in parts], ignore_index=True)
    return Nested(predictions, pd.DataFrame(rows, columns=columns))


def score(table: pd.DataFrame, members: Members, metric: str) -> float:
    """Fitness of predictions for the rows of some members: UA, macro-F1 or minus the log loss."""
    proba = table[[f"p_{label}" for label in members.classes]].to_numpy()
    system = Members(("system",), members.classes, proba[None], members.codes, members.rows)
    return float(Fitness(system, metric)(np.ones(1))[0])


def _parts(members, tuning_speakers, seed):
    """Pairs (tuning part, held-out part) with disjoint speakers, one per seed and fold."""
    rows, parts = members.rows, []
    for (run, fold), held_rows in rows.groupby(["seed", "fold"]):
        held = ((rows["seed"] == run) & (rows["fold"] == fold)).to_numpy()
        tuning = ((rows["seed"] == run) & (rows["fold"] != fold)).to_numpy()
        others = np.unique(rows["speaker"][tuning])
        shared = np.intersect1d(others, held_rows["speaker"])
        if not len(others) or len(shared):
            raise SplitError(
                f"seed {run}, {fold}: {len(others)} other speakers to tune on, {len(shared)} of them also "
                "held out; nested evaluation needs two or more speaker-disjoint folds"
            )
        if tuning_speakers is not None:
            if not 1 <= tuning_speakers <= len(others):
                raise SplitError(
                    f"tuning_speakers is {tuning_speakers}; the other folds have 1 to {len(others)}"
                )
            drawn = np.random.default_rng([seed, len(parts)]).choice(others, tuning_speakers, replace=False)
            tuning = tuning & rows["speaker"].isin(drawn).to_numpy()
        parts.append((members.take(tuning), members.take(held)))
    return parts


def _fit_and_predict(system, tuning, held, metric, settings, seed):
    """Predictions of a system for the held-out part, its fitness on the tuning part, and its weights."""
    no_weights = np.full(len(tuning.names), np.nan)
    if system == "oracle":
        return oracle(held), score(oracle(tuning), tuning, metric), no_weights
    if system.startswith("stack_"):
        stack = fit_stack(tuning, meta=system.removeprefix("stack_"), seed=seed)
        fitted = dict(zip(tuning.names, tuning.proba, strict=True))
        tuned = score(tuning.table(stack.predict(fitted), system), tuning, metric)
        return stack.predict_oof(held, name=system), tuned, no_weights
    if system == "genetic":
        found = evolve_weights(tuning, metric, settings=settings, seed=seed, progress=False)
    elif system == "optimum":
        found = optimal_weights(tuning, metric, seed=seed)
    else:
        found = {"best_single": best_single, "equal": equal_weights}[system](tuning, metric)
    weights = found.weights.to_numpy()
    return held.table(mix(held.proba, weights), system, used=weights > 0), found.fitness, weights
