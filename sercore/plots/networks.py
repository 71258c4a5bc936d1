"""Pictures of networks: a search for settings, what accuracy costs, what masks hide.

Notebook: 05_cnn_transformer.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .style import new_axes

if TYPE_CHECKING:
    import optuna
    from matplotlib.axes import Axes

_COLOR, _ACCENT = "#00427b", "#b52100"


def search(study: optuna.Study, *, axes: tuple[Axes, Axes] | None = None) -> tuple[Axes, Axes]:
    """Every trial of a search, and how much of the differences each parameter explains.

    Parameters
    ----------
    study : optuna.Study
        From :func:`sercore.training.search`; at least two finished trials.

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
            table["number"][~done], table["score"][~done], "o", mfc="none", mec=_COLOR, label="given up"
        )
    for trial, score in zip(trials, scores, strict=True):
        if trial.user_attrs.get("defaults"):
            left.plot(trial.number, 100 * score, "D", color=_ACCENT, ms=9, label="defaults")
    left.set(xlabel="trial", ylabel="UA on inner speakers (%)")
    left.legend(fontsize="small")
    shares = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
    )
    names = list(shares)[::-1]
    right.barh(names, [100 * shares[name] for name in names], color=_COLOR)
    right.set(xlabel="variance between trials explained (%)", xlim=(0, 100))
    return left, right


def accuracy_and_cost(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Training time, UA with its interval, and number of weights (area) of each network.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.training.summarise`: ``model ua ua_low ua_high train_seconds parameters``.
    """
    ax = new_axes(ax, figsize=(8.5, 4.5))
    table = table[table["parameters"].notna()].sort_values("ua")
    ua, seconds = 100 * table["ua"], table["train_seconds"] / 60
    spread = [ua - 100 * table["ua_low"], 100 * table["ua_high"] - ua]
    ax.errorbar(seconds, ua, yerr=spread, fmt="none", ecolor="#9fb3c8", zorder=1)
    ax.scatter(seconds, ua, s=table["parameters"] / 1000, color=_COLOR, alpha=0.75, zorder=2)
    for row, x, y in zip(table.itertuples(), seconds, ua, strict=True):
        ax.annotate(
            row.model, (x, y), xytext=(8, 3), textcoords="offset points", fontsize="small", clip_on=False
        )
    ax.set(xlabel="training time of all folds (minutes)", ylabel="UA (%)", xscale="log")
    ax.set_title(
        "area: number of weights; whiskers: 95 % interval over speakers", fontsize="small", loc="left"
    )
    return ax
