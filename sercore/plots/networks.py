"""Figures of networks: hyperparameter search, accuracy and cost, values at each step, scores of seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..features import Recipe, get_recipe
from .clips import descriptor
from .results import METRICS
from .style import BLUE, LABELS, RED, SERIES, WIDTH, new_axes

if TYPE_CHECKING:
    import optuna
    from matplotlib.axes import Axes


_PALE = "#9fb3c8"


def search(study: optuna.Study, *, axes: tuple[Axes, Axes] | None = None) -> tuple[Axes, Axes]:
    """Score of every trial of a hyperparameter search in percent, and the importance of each parameter.

    Parameters
    ----------
    study : optuna.Study
        From :func:`sercore.training.hyperparameters`; at least two complete trials.
    axes : two Axes, optional

    Returns
    -------
    two Axes
        Left: UA on the inner validation speakers; pruned trials are hollow. Right: proportion of the
        variance between trials that each parameter explains (fANOVA, Hutter et al. 2014).

    Notebook: 04_lstm_bilstm.ipynb
    """
    import matplotlib.pyplot as plt
    import optuna

    trials = [t for t in study.trials if t.value is not None or t.intermediate_values]
    scores = [t.value if t.value is not None else max(t.intermediate_values.items())[1] for t in trials]
    table = pd.DataFrame({"number": [t.number for t in trials], "score": 100 * np.array(scores)})
    done = np.array([t.state == optuna.trial.TrialState.COMPLETE for t in trials])
    if axes is None:
        _, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.8), layout="constrained", width_ratios=(3, 2))
    left, right = axes
    complete, pruned = table[done], table[~done]
    left.plot(complete["number"], complete["score"].cummax(), color=BLUE, lw=1, label="best so far")
    left.plot(complete["number"], complete["score"], "o", color=BLUE, label="complete")
    if len(pruned):
        label = "pruned (folds so far)"
        left.plot(pruned["number"], pruned["score"], "o", mfc="none", mec=BLUE, label=label)
    for trial, score in zip(trials, scores, strict=True):
        if trial.user_attrs.get("defaults"):
            left.plot(trial.number, 100 * score, "D", color=RED, ms=9, label="defaults")
    left.set(xlabel="trial", ylabel="UA on inner validation speakers (%)")
    left.xaxis.get_major_locator().set_params(integer=True)
    left.legend(fontsize="small")
    shares = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
    )
    names = list(shares)[::-1]
    right.barh(names, [100 * shares[name] for name in names], color=BLUE)
    right.set(xlabel="variance between trials explained (%)", xlim=(0, 100))
    return left, right


def accuracy_and_cost(
    table: pd.DataFrame, *, axes: tuple[Axes, Axes, Axes] | None = None
) -> tuple[Axes, Axes, Axes]:
    """UA in percent with its interval, training time and number of weights of each network, best on top.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.training.summarise`: ``model ua ua_low ua_high train_seconds parameters``.
    axes : three Axes, optional

    Returns
    -------
    three Axes

    Notebook: 05_cnn_transformer.ipynb
    """
    import matplotlib.pyplot as plt

    table = table[table["parameters"].notna()].sort_values("ua").reset_index(drop=True)
    if axes is None:
        size = (WIDTH, 1 + 0.34 * len(table))
        _, axes = plt.subplots(1, 3, figsize=size, sharey=True, layout="constrained", width_ratios=(2, 1, 1))
    score, time, size = axes
    ua, low, high = 100 * table[["ua", "ua_low", "ua_high"]].to_numpy(float).T
    score.errorbar(ua, table.index, xerr=[ua - low, high - ua], fmt="o", color=BLUE, ecolor=_PALE)
    over = ", ".join(table["interval"].unique()) if "interval" in table else "speakers"
    score.set(xlabel=f"UA (%),\n95 % interval over {over}", yticks=table.index, yticklabels=table["model"])
    time.barh(table.index, table["train_seconds"] / 60, color=BLUE)
    time.set(xlabel="training of\nall folds (min)")
    size.barh(table.index, table["parameters"] / 1000, color=BLUE)
    size.set(xlabel="weights\n(thousands)")
    return axes


def under_clip(
    log_mel: np.ndarray,
    curves: Mapping[str, np.ndarray],
    *,
    pool: int = 1,
    label: str = "",
    recipe: str | Recipe = "log_mel",
    axes: tuple[Axes, Axes] | None = None,
) -> tuple[Axes, Axes]:
    """Spectrogram of a clip, and below it values that a network computed at each step.

    Both have the same time axis. Values are drawn as stairs, since a step covers ``pool`` frames.

    Parameters
    ----------
    log_mel : np.ndarray [shape=(n_mels, n_frames)]
        Level in dB.
    curves : mapping of str to np.ndarray [shape=(n_steps,)]
        Name to values, such as a gate or attention weights; steps after the end of the clip (padding)
        are not drawn.
    pool : int
        Number of frames per step.
    label : str
        Label of the lower vertical axis, with unit.
    recipe : str or Recipe
        Determines the step between frames.
    axes : two Axes, optional

    Returns
    -------
    two Axes

    Raises
    ------
    SercoreError
        Values have fewer steps than the clip.

    Notebook: 04_lstm_bilstm.ipynb
    """
    import matplotlib.pyplot as plt

    recipe = get_recipe(recipe)
    if axes is None:
        _, axes = plt.subplots(2, 1, figsize=(WIDTH, 4.6), sharex=True, height_ratios=(3, 2))
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
                f"{len(edges) - 1}; pass the pooling factor of the network as pool"
            )
        color, _, line = SERIES[k % len(SERIES)]
        below.stairs(values[: len(edges) - 1], edges, baseline=None, color=color, ls=line, lw=2, label=name)
    below.set(xlabel=LABELS["time"], ylabel=label, xlim=(edges[0], edges[-1]))
    if len(curves) > 1:
        below.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return above, below


def seed_scores(runs: Mapping[str, pd.DataFrame], *, metric: str = "ua", ax: Axes | None = None) -> Axes:
    """Score of each model with each seed in percent as points, with a bar at the mean.

    A thin line connects runs with the same seed, which have the same folds. If these lines cross, a
    single run is not sufficient to compare the models.

    Parameters
    ----------
    runs : mapping of str to pd.DataFrame
        Name of a model to its scores, one row per seed, from :func:`sercore.evaluation.evaluate_runs`.
    metric : str
        A column of these tables that is a fraction.
    ax : Axes, optional

    Examples
    --------
    >>> runs = {"lstm": pd.DataFrame({"ua": [0.5, 0.6]}), "bilstm": pd.DataFrame({"ua": [0.6, 0.7]})}
    >>> [label.get_text() for label in seed_scores(runs).get_yticklabels()]
    ['lstm', 'bilstm']

    Notebook: 04_lstm_bilstm.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 1.2 + 0.5 * len(runs)))
    paired = 100 * pd.concat([table[metric] for table in runs.values()], axis=1)
    ax.plot(paired.T.to_numpy(float), np.arange(len(runs)), color=_PALE, lw=1, zorder=1)
    for place, table in enumerate(runs.values()):
        scores = 100 * table[metric].to_numpy(float)
        ax.plot(scores, np.full(len(scores), place), "o", ms=8, color=BLUE, alpha=0.7)
        ax.plot([scores.mean()] * 2, [place - 0.25, place + 0.25], color="black", lw=2)
    ax.set_yticks(range(len(runs)), runs)
    ax.set(ylim=(len(runs) - 0.4, -0.6), xlabel=f"{METRICS[metric]}, points: seeds, bar: mean")
    ax.grid(True, axis="x")
    return ax
