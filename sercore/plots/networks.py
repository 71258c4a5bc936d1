"""Pictures of networks: a search for settings, what accuracy costs, what masks hide.

Notebook: 05_cnn_transformer.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

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
