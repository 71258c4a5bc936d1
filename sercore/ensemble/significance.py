"""Gain, cost and diversity of ensembles.

:func:`compare_systems` tests gains with paired differences over speakers; :func:`gain_by_members` and
:func:`gain_by_tuning` show how they depend on the number of members and of tuning speakers. The diversity
measures tell whether members err on different clips: only then can a vote be better than each of them.

References
----------
Kuncheva & Whitaker: Measures of diversity in classifier ensembles. Machine Learning 51, 181–207, 2003.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..evaluation import compare_oof
from .fitness import Fitness
from .genetic_algorithm import Evolution
from .nested import evaluate_nested
from .predictions import Members, align


def compare_systems(
    oof: pd.DataFrame,
    *,
    baselines: Sequence[str] = ("best_single", "equal"),
    metric: str = "ua",
    interval: str = "speakers",
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Paired difference of every system to the baselines over the same speakers, and its cost.

    Parameters
    ----------
    oof : pd.DataFrame
        Predictions of several systems, concatenated, as in :attr:`Nested.oof`.
    baselines : sequence of str
        Systems to compare with.
    metric, interval, n_boot, seed
        As in :func:`sercore.evaluation.compare_oof`.

    Returns
    -------
    pd.DataFrame
        One row per system and baseline: ``system, baseline``, the metric of the system, ``difference,
        low, high, p``, and ``ms_per_clip``, the time of all members it runs (NaN if unknown).

    Raises
    ------
    EvaluationError
        A baseline is not among the systems.

    See Also
    --------
    evaluate_nested : Makes the table.

    Notebook: 06_ensembles.ipynb
    """
    parts = dict(list(oof.groupby("model", sort=False)))
    unknown = sorted(set(baselines) - set(parts))
    if unknown:
        raise EvaluationError(f"no system named {unknown} to compare with; there are: {', '.join(parts)}")
    rows = []
    for system, part in parts.items():
        known = "ms_per_clip" in part
        cost = part.groupby(["seed", "fold"])["ms_per_clip"].first().mean() if known else np.nan
        for baseline in baselines:
            if baseline == system:
                continue
            paired = compare_oof(
                part, parts[baseline], interval=interval, metric=metric, n_boot=n_boot, seed=seed
            )
            found = [paired[key] for key in (f"{metric}_a", "difference", "low", "high", "p")]
            rows.append([system, baseline, *found, cost])
    columns = ["system", "baseline", metric, "difference", "low", "high", "p", "ms_per_clip"]
    return pd.DataFrame(rows, columns=columns)


def gain_by_members(
    oof: pd.DataFrame | Members, metric: str = "ua", *, per_size: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Fitness of equal-weight votes of subsets of the members. Nothing is fitted.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models.
    metric : str
        One of :data:`sercore.ensemble.METRICS`.
    per_size : int
        Maximum number of subsets of each size; if there are more, a random sample is drawn. The default
        covers every subset of up to 12 members.
    seed : int
        Seed of the sample.

    Returns
    -------
    pd.DataFrame
        One row per subset, the smallest first: ``n_members, members`` (joined by ``+``), ``fitness``,
        ``best`` (fitness of the subset's best member on the same clips), ``ms_per_clip``.

    Notebook: 06_ensembles.ipynb
    """
    members = align(oof)
    n_members = len(members.names)
    rng = np.random.default_rng(seed)
    subsets = [s for size in range(1, n_members + 1) for s in _subsets(n_members, size, per_size, rng)]
    inside = np.array([np.isin(np.arange(n_members), subset) for subset in subsets])
    fitness = Fitness(members, metric)
    alone = fitness(np.eye(n_members))
    cost = np.full(n_members, np.nan) if members.costs is None else members.costs[:, :, 1].mean(axis=1)
    return pd.DataFrame(
        {
            "n_members": inside.sum(axis=1),
            "members": ["+".join(members.names[k] for k in subset) for subset in subsets],
            "fitness": fitness(inside.astype(float)),
            "best": np.where(inside, alone, -np.inf).max(axis=1),
            "ms_per_clip": inside @ cost,
        }
    )


def _subsets(n_members, size, most, rng):
    """All subsets of one size, or a sample of ``most`` distinct ones."""
    if comb(n_members, size) <= most:
        return list(combinations(range(n_members), size))
    drawn = set()
    while len(drawn) < most:
        drawn.add(tuple(sorted(rng.choice(n_members, size, replace=False).tolist())))
    return sorted(drawn)


def gain_by_tuning(
    oof: pd.DataFrame | Members,
    n_speakers: Iterable[int],
    *,
    systems: Sequence[str] = ("best_single", "equal", "genetic"),
    metric: str = "ua",
    settings: str | Evolution = "default",
    repeats: int = 3,
    seed: int = 0,
    progress: bool = True,
) -> pd.DataFrame:
    """Fitness on tuning speakers and on held-out speakers, by the number of tuning speakers.

    With few tuning speakers the first is much higher than the second: the weights overfit.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models.
    n_speakers : iterable of int
        Numbers of tuning speakers.
    systems, metric, settings, progress
        As in :func:`evaluate_nested`.
    repeats : int
        Random draws of speakers for each number.
    seed : int
        Seed of the first repeat.

    Returns
    -------
    pd.DataFrame
        One row per system, number of speakers and repeat: ``system, n_speakers, repeat, tuned, held_out``
        (means over seeds and folds).

    See Also
    --------
    evaluate_nested : One such evaluation.

    Notebook: 06_ensembles.ipynb
    """
    from tqdm.auto import tqdm

    members, rows = align(oof), []
    runs = [(n, repeat) for n in n_speakers for repeat in range(repeats)]
    for n, repeat in tqdm(runs, desc="tuning speakers", disable=not progress):
        found = evaluate_nested(
            members, systems=systems, metric=metric, settings=settings, tuning_speakers=n,
            seed=seed + repeat, progress=False,
        )  # fmt: skip
        means = found.weights.groupby("system", sort=False)[["tuned", "held_out"]].mean()
        rows += [
            [system, n, repeat, *values] for system, values in zip(means.index, means.to_numpy(), strict=True)
        ]
    return pd.DataFrame(rows, columns=["system", "n_speakers", "repeat", "tuned", "held_out"])


def disagreement(oof: pd.DataFrame | Members) -> pd.DataFrame:
    """Proportion of clips on which two members predict different classes, 0 to 1.

    Returns
    -------
    pd.DataFrame [shape=(n_members, n_members)]
        Symmetric, with 0 on the diagonal.

    See Also
    --------
    error_correlation : Takes into account which predictions are wrong.
    """
    members = align(oof)
    choices = members.proba.argmax(axis=-1)
    return _square(np.mean(choices[:, None] != choices[None], axis=-1), members)


def error_correlation(oof: pd.DataFrame | Members) -> pd.DataFrame:
    """Correlation of the errors of two members over clips, -1 to 1.

    1 if both err on the same clips, 0 if they err independently; NaN for a member that is always right
    or always wrong.

    Returns
    -------
    pd.DataFrame [shape=(n_members, n_members)]

    See Also
    --------
    disagreement : Ignores which predictions are wrong.

    Notebook: 06_ensembles.ipynb
    """
    members = align(oof)
    wrong = members.proba.argmax(axis=-1) != members.codes
    with np.errstate(invalid="ignore", divide="ignore"):
        return _square(np.atleast_2d(np.corrcoef(wrong)), members)


def pairwise_diversity(oof: pd.DataFrame | Members, metric: str = "ua") -> pd.DataFrame:
    """Diversity of each pair of members, and the gain of their equal-weight vote.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models.
    metric : str
        One of :data:`sercore.ensemble.METRICS`.

    Returns
    -------
    pd.DataFrame
        One row per pair, by falling disagreement: ``a, b, disagreement, error_correlation, best`` (fitness
        of the better member), ``gap`` (its lead over the other), ``both`` (fitness of the vote) and
        ``gain`` (of the vote over the better member).

    See Also
    --------
    gain_by_members : Votes of larger subsets.

    Notebook: 06_ensembles.ipynb
    """
    members = align(oof)
    differ, correlated = disagreement(members).to_numpy(), error_correlation(members).to_numpy()
    each = np.eye(len(members.names))
    pairs = list(combinations(range(len(members.names)), 2))
    fitness = Fitness(members, metric)
    alone = fitness(each)
    votes = fitness(each[pairs].sum(axis=1)) if pairs else []
    rows = [
        [members.names[a], members.names[b], differ[a, b], correlated[a, b],
         max(alone[a], alone[b]), abs(alone[a] - alone[b]), vote]
        for (a, b), vote in zip(pairs, votes, strict=True)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["a", "b", "disagreement", "error_correlation", "best", "gap", "both"])
    return table.assign(gain=table["both"] - table["best"]).sort_values(
        "disagreement", ascending=False, ignore_index=True, kind="stable"
    )


def _square(values, members: Members) -> pd.DataFrame:
    """A table with a row and a column per member."""
    names = list(members.names)
    return pd.DataFrame(values, index=pd.Index(names, name="member"), columns=names)
