"""Pictures of networks: a search for settings, what accuracy costs, what masks hide.

Notebook: 05_cnn_transformer.ipynb
"""
# MERGED DOC: Pictures of networks that read frames in order: what happens at each moment, and over seeds.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..features import Recipe, get_recipe
from .clips import descriptor
from .results import COLOR, METRICS
from .style import LABELS, new_axes

if TYPE_CHECKING:
    import optuna
    from matplotlib.axes import Axes


_COLOR, _ACCENT = "#00427b", "#b52100"


def search(study: optuna.Study, *, axes: tuple[Axes, Axes] | None = None) -> tuple[Axes, Axes]:
    """Every trial of a search, and how much of the differences each parameter explains.

    Parameters
    ----------
    study : optuna.Study
        From :func:`sercore.training.hyperparameters`; at least two finished trials.

    Returns
    -------
    two Axes
        Left: UA on inner speakers, trial by trial, given-up ones hollow. Right: share of the variance
        between trials that a parameter explains (fANOVA, Hutter 2014).
    """
    import matplotlib.pyplot as plt
    import optuna

    trials = [t for t in study.trials if t.value is not None or t.intermediate_values]
    scores = [t.value if t.value is not None else max(t.intermediate_values.items())[1] for t in trials]
    table = pd.DataFrame({"number": [t.number for t in trials], "score": 100 * np.array(scores)})
    done = np.array([t.state == optuna.trial.TrialState.COMPLETE for t in trials])
    if axes is None:
        _, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", width_ratios=(3, 2))
    left, right = axes
    finished = table[done]
    left.plot(finished["number"], finished["score"].cummax(), color=_COLOR, lw=1, label="best so far")
    left.plot(table["number"][done], table["score"][done], "o", color=_COLOR, label="finished")
    if not done.all():
        left.plot(
            table["number"][~done],
            table["score"][~done],
            "o",
            mfc="none",
            mec=_COLOR,
            label="given up (folds so far)",
        )
    for trial, score in zip(trials, scores, strict=True):
        if trial.user_attrs.get("defaults"):
            left.plot(trial.number, 100 * score, "D", color=_ACCENT, ms=9, label="defaults")
    left.set(xlabel="trial", ylabel="UA on inner speakers (%)")
    left.xaxis.get_major_locator().set_params(integer=True)
    left.legend(fontsize="small")
    shares = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
    )
    names = list(shares)[::-1]
    right.barh(names, [100 * shares[name] for name in names], color=_COLOR)
    right.set(xlabel="variance between trials explained (%)", xlim=(0, 100))
    return left, right


def accuracy_and_cost(table: pd.DataFrame, *, axes: tuple[Axes, Axes, Axes] | None = None):
    """UA with its interval, training time of all folds and number of weights of each network, best on top.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.training.summarise`: ``model ua ua_low ua_high train_seconds parameters``.

    Returns
    -------
    three Axes
    """
    import matplotlib.pyplot as plt

    table = table[table["parameters"].notna()].sort_values("ua").reset_index(drop=True)
    if axes is None:
        size = (10, 0.9 + 0.32 * len(table))
        _, axes = plt.subplots(1, 3, figsize=size, sharey=True, layout="constrained", width_ratios=(2, 1, 1))
    score, time, size = axes
    ua, low, high = 100 * table[["ua", "ua_low", "ua_high"]].to_numpy(float).T
    spread = [ua - low, high - ua]
    score.errorbar(ua, table.index, xerr=spread, fmt="o", color=_COLOR, ecolor="#9fb3c8")
    over = ", ".join(table["interval"].unique()) if "interval" in table else "speakers"
    score.set(xlabel=f"UA (%), 95 % interval over {over}", yticks=table.index, yticklabels=table["model"])
    time.barh(table.index, table["train_seconds"] / 60, color=_COLOR)
    time.set(xlabel="training (min)")
    size.barh(table.index, table["parameters"] / 1000, color=_COLOR)
    size.set(xlabel="weights (k)")
    return axes


_COLORS = (COLOR, "#b52100", "#51904f", "#d77c18", "#bf67b1")


def under_clip(
    log_mel: np.ndarray,
    curves: Mapping[str, np.ndarray],
    *,
    pool: int = 1,
    label: str = "",
    recipe: str | Recipe = "log_mel",
    axes: tuple[Axes, Axes] | None = None,
) -> tuple[Axes, Axes]:
    """The spectrogram of a clip, and under it what a network computed at each of its steps.

    Both share the time axis. A curve is drawn as stairs, since one step covers ``pool`` frames.

    Parameters
    ----------
    log_mel : np.ndarray [shape=(n_mels, n_frames)]
        As extracted, in dB.
    curves : mapping of str to np.ndarray [shape=(n_steps,)]
        Name to value at each step, such as a gate or an attention weight; steps beyond the end of the
        clip (padding) are left out.
    pool : int
        Frames that make one step.
    label : str
        Of the lower axis, with its unit.
    recipe : str or Recipe
        Tells the seconds from frame to frame.
    axes : two Axes, optional
        Above and below.

    Returns
    -------
    two Axes

    Raises
    ------
    SercoreError
        A curve has fewer steps than the clip.
    """
    import matplotlib.pyplot as plt

    recipe = get_recipe(recipe)
    if axes is None:
        _, axes = plt.subplots(2, 1, figsize=(8, 4), sharex=True, height_ratios=(3, 2))
    above, below = axes
    descriptor(log_mel, "log_mel", recipe=recipe, colorbar=False, ax=above)
    above.set_xlabel("")
    seconds = recipe.hop_length / recipe.sr
    n_frames = log_mel.shape[1]
    edges = np.append(np.arange(0, n_frames, pool), n_frames) * seconds - seconds / 2
    for k, (name, values) in enumerate(curves.items()):
        if len(values) < len(edges) - 1:
            raise SercoreError(
                f"curve {name!r} has {len(values)} steps, but {n_frames} frames with pool={pool} make "
                f"{len(edges) - 1}; pass the pool of the network"
            )
        color = _COLORS[k % len(_COLORS)]
        below.stairs(values[: len(edges) - 1], edges, baseline=None, color=color, lw=2, label=name)
    below.set(xlabel=LABELS["time"], ylabel=label, xlim=(edges[0], edges[-1]))
    if len(curves) > 1:
        below.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return above, below


def seed_scores(runs: Mapping[str, pd.DataFrame], *, metric: str = "ua", ax: Axes | None = None) -> Axes:
    """Score of each model with each seed as a point, and a bar at the mean over seeds.

    A thin line joins runs of the same seed, which share their folds: where lines cross or lean both ways,
    one run says little about which model is better.

    Parameters
    ----------
    runs : mapping of str to pd.DataFrame
        Name of the model to its figures, one row per seed, from
        :func:`sercore.evaluation.evaluate_runs`.
    metric : str
        A column of them that is a fraction.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(8, 1.2 + 0.5 * len(runs)))
    paired = 100 * pd.concat([table[metric] for table in runs.values()], axis=1)
    ax.plot(paired.T.to_numpy(float), np.arange(len(runs)), color="#9fb3c8", lw=1, zorder=1)
    for place, table in enumerate(runs.values()):
        scores = 100 * table[metric].to_numpy(float)
        ax.plot(scores, np.full(len(scores), place), "o", ms=8, color=COLOR, alpha=0.7)
        ax.plot([scores.mean()] * 2, [place - 0.25, place + 0.25], color="black", lw=2)
    ax.set_yticks(range(len(runs)), runs)
    ax.set(ylim=(len(runs) - 0.4, -0.6), xlabel=f"{METRICS[metric]}, a point for each seed, bar: mean")
    ax.grid(True, axis="x")
    return ax
