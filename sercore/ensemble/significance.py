"""Is the gain of an ensemble real, and what does it cost?

Notebook: 06_ensembles.ipynb
"""
# MERGED DOC: Do the members err on different clips? Only then can a vote be better than each of them.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..evaluation import compare_oof, evaluate_oof
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
    """Every system against the baselines: paired difference over the same speakers, and what it costs.

    Parameters
    ----------
    oof : pd.DataFrame
        Several systems below each other, as in :attr:`Nested.oof`.
    baselines : sequence of str
        What to compare with.
    metric, interval, n_boot, seed
        As in :func:`sercore.evaluation.compare_oof`.

    Returns
    -------
    pd.DataFrame
        One row per system and baseline: ``system, baseline``, the metric of the system, ``difference,
        low, high, p``, and ``ms_per_clip``, the time of all members it runs (NaN where not known).
    """
    parts = dict(list(oof.groupby("model", sort=False)))
    unknown = sorted(set(baselines) - set(parts))
    if unknown:
        raise EvaluationError(f"no system named {unknown} to compare with; there are: {', '.join(parts)}")
    rows = []
    for system, part in parts.items():
        figure = evaluate_oof(part, interval=interval, n_boot=n_boot)[metric]
        known = "ms_per_clip" in part
        cost = part.groupby(["seed", "fold"])["ms_per_clip"].first().mean() if known else np.nan
        for baseline in baselines:
            if baseline == system:
                continue
            paired = compare_oof(
                part, parts[baseline], interval=interval, metric=metric, n_boot=n_boot, seed=seed
            )
            found = [paired[key] for key in ("difference", "low", "high", "p")]
            rows.append([system, baseline, figure, *found, cost])
    columns = ["system", "baseline", metric, "difference", "low", "high", "p", "ms_per_clip"]
    return pd.DataFrame(rows, columns=columns)


def gain_by_members(
    oof: pd.DataFrame | Members, metric: str = "ua", *, per_size: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Equal weights for subsets of the members. Nothing is fitted or chosen.

    Parameters
    ----------
    per_size : int
        At most so many subsets of each size, drawn at random where there are more. The default
        holds every subset of up to 12 members.
    seed : int
        Of the drawing.

    Returns
    -------
    pd.DataFrame
        One row per subset, the smallest first: ``n_members, members`` (joined by ``+``), ``fitness``,
        ``best`` (the best member of the subset, chosen with the labels), ``ms_per_clip``.
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
    """All subsets of one size, or as many different ones as asked for."""
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
    """Fitness on the tuning speakers and on held-out ones, by the number of tuning speakers.

    With few speakers, the first is high and the second is not: the weights fit noise.

    Parameters
    ----------
    n_speakers : iterable of int
        Numbers of tuning speakers to try, each drawn anew in every repeat.
    repeats : int
        Draws.

    Returns
    -------
    pd.DataFrame
        One row per system, number of speakers and repeat: ``system, n_speakers, repeat, tuned, held_out``
        (means over seeds and folds).
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
    """Share of clips on which two members decide differently, 0 to 1 [members by members].

    Symmetric; 0 on the diagonal.
    """
    members = align(oof)
    choices = members.proba.argmax(axis=-1)
    return _square(np.mean(choices[:, None] != choices[None], axis=-1), members)


def error_correlation(oof: pd.DataFrame | Members) -> pd.DataFrame:
    """Correlation of the errors of two members over clips, -1 to 1 [members by members].

    1 where both err on the same clips, 0 where they err independently; NaN for a member that is always
    right or always wrong.
    """
    members = align(oof)
    wrong = members.proba.argmax(axis=-1) != members.codes
    with np.errstate(invalid="ignore", divide="ignore"):
        return _square(np.atleast_2d(np.corrcoef(wrong)), members)


def pairwise_diversity(oof: pd.DataFrame | Members, metric: str = "ua") -> pd.DataFrame:
    """Each pair of members: how different they are, and what their plain mean gains.

    Returns
    -------
    pd.DataFrame
        One row per pair: ``a, b, disagreement, error_correlation, best`` (fitness of the better of the
        two), ``gap`` (how far the other stays below it), ``both`` (fitness of their mean) and ``gain``
        (over the better one), the most different pair first.
    """
    members = align(oof)
    apart, together = disagreement(members).to_numpy(), error_correlation(members).to_numpy()
    couples = list(combinations(range(len(members.names)), 2))
    fitness = Fitness(members, metric)
    alone = fitness(np.eye(len(members.names)))
    both = fitness(np.eye(len(members.names))[couples].sum(axis=1)) if couples else []
    rows = [
        [members.names[a], members.names[b], apart[a, b], together[a, b], *_best_and_gap(alone[[a, b]]), mean]
        for (a, b), mean in zip(couples, both, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["a", "b", "disagreement", "error_correlation", "best", "gap", "both"])
    return table.assign(gain=table["both"] - table["best"]).sort_values(
        "disagreement", ascending=False, ignore_index=True, kind="stable"
    )


def _best_and_gap(two):
    return two.max(), np.ptp(two)


def _square(values, members: Members) -> pd.DataFrame:
    names = list(members.names)
    return pd.DataFrame(values, index=pd.Index(names, name="member"), columns=names)
