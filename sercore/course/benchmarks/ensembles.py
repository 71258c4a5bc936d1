"""How long one generation takes, beside the loop that notebooks write; how near evolution comes to scipy.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...ensemble.baselines import optimal_weights
from ...ensemble.genetic_algorithm import PRESETS, evolve_weights
from ...ensemble.predictions import Members, align

N_CLIPS, N_CLASSES, N_MEMBERS = 2022, 7, 6
"""The size of the student project VoiceVibes, whose generation of 100 candidates took 5.4 s."""

THEIR_SECONDS = 5.4


def time_generations(*, n_clips: int = N_CLIPS, rounds: int = 3) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)`` on generations of 100 candidates: ours, the loop's, the ratios."""
    members = synthetic(n_clips, N_CLASSES, N_MEMBERS)
    ours = generation_seconds(members, rounds=rounds)
    loop = 100 * _candidate_seconds(members)
    return [
        (f"a generation of 100 weightings, {n_clips} clips, {N_MEMBERS} members", 1e3 * ours, "ms"),
        ("the same, one candidate and one clip at a time", 1e3 * loop, "ms"),
        ("times faster than that loop", loop / ours, "×"),
        ("times faster than the 5.4 s of VoiceVibes", THEIR_SECONDS / ours, "×"),
    ]


def shortfall(oof: pd.DataFrame | Members, *, metrics: Sequence[str] = ("ua", "macro_f1")) -> pd.DataFrame:
    """How far evolved weights stay below scipy's constrained optimum, on the data they were fitted on.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models; the first seed is used.

    Returns
    -------
    pd.DataFrame
        One row per metric and fold left out: ``metric, fold, genetic, optimum`` (fitness) and
        ``points`` (100 times the difference; negative where evolution found better weights).
    """
    members = align(oof)
    members = members.take((members.rows["seed"] == members.rows["seed"].min()).to_numpy())
    rows = []
    for fold in sorted(set(members.rows["fold"])):
        tuning = members.take((members.rows["fold"] != fold).to_numpy())
        for metric in metrics:
            evolved, solved = (
                evolve_weights(tuning, metric, progress=False).fitness,
                optimal_weights(tuning, metric).fitness,
            )
            rows.append([metric, fold, evolved, solved, 100 * (solved - evolved)])
    return pd.DataFrame(rows, columns=["metric", "fold", "genetic", "optimum", "points"])


def generation_seconds(members: Members, *, rounds: int = 3) -> float:
    """Seconds of one generation with VoiceVibes's sizes, PyGAD's own work included: the best of some."""
    settings, best = PRESETS["voicevibes"], np.inf
    generations = settings.restarts * (settings.generations + 1)  # the first population is scored, too
    for _ in range(rounds):
        start = time.perf_counter()
        evolve_weights(members, settings=settings, progress=False)
        best = min(best, (time.perf_counter() - start) / generations)
    return best


def loop_fitness(weights: np.ndarray, members: Members) -> float:
    """Macro-F1 of one weighting as a notebook computes it: clip after clip, then scikit-learn.

    The same value as :class:`sercore.ensemble.Fitness` gives, only later.
    """
    from sklearn.metrics import f1_score

    votes = []
    for clip in range(len(members.codes)):
        scaled = [weight * proba[clip] for weight, proba in zip(weights, members.proba, strict=True)]
        votes.append(np.sum(scaled, axis=0))
    return f1_score(members.codes, np.argmax(votes, axis=1), average="macro")


def synthetic(n_clips: int, n_classes: int, n_members: int, *, n_folds: int = 5, seed: int = 0) -> Members:
    """Members that are right on different clips, with errors in common: for timing and tests.

    Every speaker has 20 clips; member *k* is a little better than member *k - 1*.
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
    """Seconds of the loop for one candidate: the best of three, so that imports do not count."""
    best = np.inf
    for weights in np.random.default_rng(0).dirichlet(np.ones(len(members.names)), 3):
        start = time.perf_counter()
        loop_fitness(weights, members)
        best = min(best, time.perf_counter() - start)
    return best


def compare_with_scipy() -> list[tuple]:
    """How near evolved weights come to scipy's optimum on RAVDESS, from the published predictions."""
    from .. import published

    rows = []
    if (published.oof_folder() / "ravdess-emobox.parquet").is_file():
        oof = published.load("ravdess-emobox")
        points = shortfall(oof[oof["model"] != "dummy"])["points"]
        what = f"fitness that evolved weights lack to scipy's optimum, {len(points)} fits on RAVDESS, mean"
        rows += [(what, points.mean(), "points"), ("the same, the worst fit", points.max(), "points")]
    return rows
