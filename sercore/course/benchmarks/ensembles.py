"""Ensemble weights: time per generation against an explicit loop, and their fitness against an optimum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...ensemble.baselines import optimal_weights
from ...ensemble.genetic_algorithm import PRESETS, evolve_weights
from ...ensemble.predictions import Members, align
from .measuring import FASTER, seconds

N_CLIPS, N_CLASSES, N_MEMBERS = 2022, 7, 6
"""Size of the ensemble in the student project VoiceVibes, where a generation of 100 candidates took 5.4 s."""

THEIR_SECONDS = 5.4


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)`` of :func:`time_generations`."""
    return time_generations(rounds=min(repeats, 3))


def time_generations(*, n_clips: int = N_CLIPS, rounds: int = 3) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: time of a generation of 100 candidates, of the loop, and their ratios.

    Notebook: 06_ensembles.ipynb
    """
    members = synthetic(n_clips, N_CLASSES, N_MEMBERS)
    ours = generation_seconds(members, rounds=rounds)
    loop = 100 * _candidate_seconds(members)
    return [
        (f"a generation of 100 weight vectors, {n_clips} clips, {N_MEMBERS} members", 1e3 * ours, "ms"),
        ("the same, one candidate and one clip at a time", 1e3 * loop, "ms"),
        ("a generation, than that loop", loop / ours, FASTER),
        ("a generation, than the 5.4 s that VoiceVibes reports", THEIR_SECONDS / ours, FASTER),
    ]


def shortfall(oof: pd.DataFrame | Members, *, metrics: Sequence[str] = ("ua", "macro_f1")) -> pd.DataFrame:
    """Difference in fitness between scipy's constrained optimum and evolved weights, on the tuning data.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models; the first seed is used.
    metrics : sequence of str
        Fitness functions (:class:`sercore.ensemble.Fitness`).

    Returns
    -------
    pd.DataFrame
        One row per metric and held-out fold: ``metric, fold, genetic, optimum`` (fitness) and
        ``points`` (100 times the difference; negative if evolution found better weights).
    """
    members = align(oof)
    members = members.take((members.rows["seed"] == members.rows["seed"].min()).to_numpy())
    rows = []
    for fold in sorted(set(members.rows["fold"])):
        tuning = members.take((members.rows["fold"] != fold).to_numpy())
        for metric in metrics:
            evolved = evolve_weights(tuning, metric, progress=False).fitness
            solved = optimal_weights(tuning, metric).fitness
            rows.append([metric, fold, evolved, solved, 100 * (solved - evolved)])
    return pd.DataFrame(rows, columns=["metric", "fold", "genetic", "optimum", "points"])


def generation_seconds(members: Members, *, rounds: int = 3) -> float:
    """Seconds per generation with the settings of VoiceVibes, PyGAD included: median over rounds."""
    settings = PRESETS["voicevibes"]
    generations = settings.restarts * (settings.generations + 1)  # the initial population is scored too
    taken = [
        seconds(lambda: evolve_weights(members, settings=settings, progress=False)) for _ in range(rounds)
    ]
    return float(np.median(taken)) / generations


def loop_fitness(weights: np.ndarray, members: Members) -> float:
    """Macro-F1 of one weight vector, computed clip by clip and with scikit-learn.

    Equal to the value of :class:`sercore.ensemble.Fitness`, but slower.
    """
    from sklearn.metrics import f1_score

    votes = []
    for clip in range(len(members.codes)):
        scaled = [weight * proba[clip] for weight, proba in zip(weights, members.proba, strict=True)]
        votes.append(np.sum(scaled, axis=0))
    return f1_score(members.codes, np.argmax(votes, axis=1), average="macro")


def synthetic(n_clips: int, n_classes: int, n_members: int, *, n_folds: int = 5, seed: int = 0) -> Members:
    """Synthetic ensemble members with partly correlated errors, for timing and tests.

    Every speaker has 20 clips; member *k* is slightly better than member *k - 1*.

    Examples
    --------
    >>> synthetic(120, 3, 4).proba.shape  # (n_members, n_clips, n_classes)
    (4, 120, 3)
    """
    rng = np.random.default_rng(seed)
    codes = np.arange(n_clips) % n_classes
    truth = np.eye(n_classes)[codes]
    common = rng.normal(size=(n_clips, n_classes))
    own = rng.normal(size=(n_members, n_clips, n_classes))
    skill = np.linspace(0.8, 1.4, n_members)[:, None, None]
    proba = np.exp(skill * truth + 0.5 * common + own)
    speaker = np.arange(n_clips) // 20
    classes = tuple(f"class{k}" for k in range(n_classes))
    rows = pd.DataFrame(
        {
            "clip_id": [f"toy-{k:05}" for k in range(n_clips)],
            "speaker": [f"toy-s{s:03}" for s in speaker],
            "label": [classes[code] for code in codes],
            "split": "speaker",
            "fold": [f"fold-{s % n_folds + 1}" for s in speaker],
            "seed": 0,
        }
    )
    names = tuple(f"model{k:02}" for k in range(n_members))
    return Members(names, classes, proba / proba.sum(axis=-1, keepdims=True), codes, rows)


def _candidate_seconds(members: Members) -> float:
    """Seconds of the loop for one candidate: median of five, so that imports do not count."""
    candidates = np.random.default_rng(0).dirichlet(np.ones(len(members.names)), 5)
    return float(np.median([seconds(lambda w=w: loop_fitness(w, members)) for w in candidates]))
