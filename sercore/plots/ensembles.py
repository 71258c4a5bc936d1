"""Figures of ensembles: differences with intervals, gain, diversity, cost, and the search for weights.

Every function draws a table from :mod:`sercore.ensemble`; differences and gains are in percentage points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .results import METRICS
from .style import BLUE, ORANGE, SEQUENTIAL, SERIES, WIDTH, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_PALE = "#9fb6cc"
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])


def paired_differences(
    table: pd.DataFrame, *, over: str = "speakers", metric: str = "ua", ax: Axes | None = None
) -> Axes:
    """Differences between systems and baselines in points, with whiskers for the 95 % interval.

    A point is filled if its interval excludes zero.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.ensemble.compare_systems`.
    over : str
        Unit that was resampled for the interval, for the label.
    metric : str
        Metric that was compared.
    ax : Axes, optional

    See Also
    --------
    gain_for_cost : The same differences over time per clip.

    Examples
    --------
    >>> row = {"system": "vote", "baseline": "best", "difference": 0.04, "low": 0.01, "high": 0.07}
    >>> paired_differences(pd.DataFrame([row])).get_xlabel()
    'difference of UA (points), whiskers: 95 % interval over speakers'

    Notebook: 06_ensembles.ipynb
    """
    systems, baselines = list(dict.fromkeys(table["system"])), list(dict.fromkeys(table["baseline"]))
    ax = new_axes(ax, figsize=(WIDTH, 1.2 + 0.45 * len(systems)))
    for k, baseline in enumerate(baselines):
        part = table[table["baseline"] == baseline]
        color, marker, _ = SERIES[k % len(SERIES)]
        places = [systems.index(name) + 0.28 * (k - (len(baselines) - 1) / 2) for name in part["system"]]
        for place, row in zip(places, part.to_dict("records"), strict=True):
            low, high, difference = (100 * row[key] for key in ("low", "high", "difference"))
            clear = low > 0 or high < 0
            ax.plot([low, high], [place, place], color=color, lw=2.5, solid_capstyle="butt")
            ax.plot(difference, place, marker, ms=8, color=color, mfc=color if clear else "white", mew=2)
        ax.plot([], [], marker, ls="none", color=color, ms=8, label=f"minus {baseline}")
    ax.axvline(0, color="black", lw=1)
    ax.set_yticks(range(len(systems)), systems)
    ax.set_ylim(len(systems) - 0.4, -0.6)
    unit = METRICS[metric].split(" (")[0]
    ax.set_xlabel(f"difference of {unit} (points), whiskers: 95 % interval over {over}")
    ax.grid(True, axis="x")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(baselines))
    return ax


def subset_gains(table: pd.DataFrame, *, metric: str = "ua", ax: Axes | None = None) -> Axes:
    """Score of equal votes in percent by number of members, compared with the best member of each set.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.ensemble.gain_by_members`.
    metric : str
        Fitness of the table, ``ua`` or ``macro_f1``.
    ax : Axes, optional

    Notebook: 06_ensembles.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3.2))
    jitter = np.random.default_rng(0).uniform(-0.25, 0.25, len(table))
    ax.plot(table["n_members"] + jitter, 100 * table["fitness"], ".", ms=4, color=_PALE, zorder=1)
    means = 100 * table.groupby("n_members")[["fitness", "best"]].mean()
    ax.plot(means["fitness"], "o-", color=BLUE, lw=2, label="equal vote (mean)")
    ax.plot(means["best"], "s--", color=ORANGE, lw=2, label="best member (mean)")
    ax.set(xlabel="number of members (dots: sets of members)", ylabel=METRICS[metric])
    ax.set_xticks(means.index)
    ax.grid(True, axis="y")
    ax.legend(loc="lower right")
    return ax


def tuning_gains(table: pd.DataFrame, *, metric: str = "ua", ax: Axes | None = None) -> Axes:
    """Score on tuning speakers (dashed) and on held-out speakers (solid) by number of tuning speakers.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.ensemble.gain_by_tuning`; points are means over repeats.
    metric : str
        Fitness of the table, ``ua`` or ``macro_f1``.
    ax : Axes, optional

    Notebook: 06_ensembles.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 4))
    means = 100 * table.groupby(["system", "n_speakers"], sort=False)[["tuned", "held_out"]].mean()
    for (color, marker, _), system in zip(SERIES, dict.fromkeys(table["system"]), strict=False):
        part = means.loc[system].sort_index()
        ax.plot(part["held_out"], marker=marker, ls="-", color=color, lw=2, ms=8, label=system)
        ax.plot(part["tuned"], marker=marker, ls="--", color=color, lw=1.5, ms=8, mfc="white")
    ax.plot([], [], "o--", color="0.4", mfc="white", label="dashed: tuning speakers")
    ax.set(xlabel="number of tuning speakers", ylabel=METRICS[metric])
    sizes = sorted(set(table["n_speakers"]))
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
    ax.grid(True, axis="y")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def member_matrix(table: pd.DataFrame, *, label: str, ax: Axes | None = None) -> Axes:
    """Table of pairs of members as a heat map, times 100; tables of up to 12 members show the numbers.

    Parameters
    ----------
    table : pd.DataFrame [shape=(n_members, n_members)]
        From :func:`sercore.ensemble.disagreement` or :func:`sercore.ensemble.error_correlation`.
    label : str
        Label of the colour bar.
    ax : Axes, optional

    Notebook: 06_ensembles.ipynb
    """
    import seaborn as sns

    many = len(table) > 12
    cell = 0.28 if many else 0.4  # inches
    ax = new_axes(ax, figsize=(cell * len(table) + 3.2, cell * len(table) + 1.6))
    away = table.where(~np.eye(len(table), dtype=bool))
    sns.heatmap(
        100 * away, annot=not many, fmt=".0f", annot_kws={"fontsize": 9}, cmap="cividis",
        cbar_kws={"label": label}, xticklabels=True, yticklabels=True, ax=ax,
    )  # fmt: skip
    ax.set(xlabel="", ylabel="")
    ax.tick_params(axis="x", rotation=90)
    ax.tick_params(axis="y", rotation=0)
    return ax


def pair_gains(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Gain of the mean of two members over the better one in points, by the correlation of their errors.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.ensemble.pairwise_diversity`.
    ax : Axes, optional

    Notebook: 06_ensembles.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3.6))
    gap, gain = 100 * table["gap"], 100 * table["gain"]
    dots = ax.scatter(table["error_correlation"], gain, c=gap, cmap="cividis_r", s=45, edgecolor="0.4")
    ax.figure.colorbar(dots, ax=ax, label="difference between\nthe members (points)")
    ax.axhline(0, color="black", lw=1)
    ax.set(xlabel="correlation of errors", ylabel="gain of the pair (points)")
    ax.grid(True)
    return ax


def gain_for_cost(
    table: pd.DataFrame, *, subsets: pd.DataFrame | None = None, metric: str = "ua", ax: Axes | None = None
) -> Axes:
    """Gain of each system over a baseline in points, by prediction time per clip.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.ensemble.compare_systems` with one baseline; the time of every system is known.
    subsets : pd.DataFrame, optional
        From :func:`sercore.ensemble.gain_by_members`: equal votes of many sets, drawn as small dots.
    metric : str
        Metric that was compared.
    ax : Axes, optional

    Notebook: 06_ensembles.ipynb
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    ax = new_axes(ax, figsize=(WIDTH, 3.4))
    if subsets is not None:
        baseline = table[metric].iloc[0] - table["difference"].iloc[0]
        gains = 100 * (subsets["fitness"] - baseline)
        ax.plot(subsets["ms_per_clip"], gains, ".", ms=4, color=_PALE, label="equal votes\nof other sets")
        lowest = min(np.quantile(gains, 0.1), 100 * table["difference"].min())  # a few sets are much lower
        ax.set_ylim(bottom=lowest - 1)
    for k, row in enumerate(table.to_dict("records")):
        color, marker, _ = SERIES[k % len(SERIES)]
        gain = 100 * row["difference"]
        ax.plot(
            row["ms_per_clip"], gain, marker, ls="none", ms=10, color=color, mec="white", label=row["system"]
        )
    ax.axhline(0, color="black", lw=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    over = "/".join(dict.fromkeys(table["baseline"]))
    ax.set(xlabel="time of all members without features (ms per clip)", ylabel=f"points over\n{over}")
    ax.grid(True)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def evolution(
    history: pd.DataFrame,
    *,
    baselines: Mapping[str, float] | None = None,
    metric: str = "ua",
    ax: Axes | None = None,
) -> Axes:
    """Best and mean fitness of every generation in percent, a pair of lines per restart.

    Parameters
    ----------
    history : pd.DataFrame
        ``Weighting.history`` of :func:`sercore.ensemble.evolve_weights`.
    baselines : mapping of str to float, optional
        Fitness of other weights, drawn as horizontal lines.
    metric : str
        ``ua`` or ``macro_f1``.
    ax : Axes, optional

    Notebook: 06_ensembles.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3))
    for restart, run in history.groupby("restart"):
        first = restart == history["restart"].iloc[0]
        ax.plot(run["generation"], 100 * run["best"], color=BLUE, lw=2, label="best" if first else None)
        ax.plot(run["generation"], 100 * run["mean"], color=_PALE, label="mean" if first else None)
    for style, (name, fitness) in zip(("--", ":", "-."), (baselines or {}).items(), strict=False):
        ax.axhline(100 * fitness, color="black", ls=style, lw=1.5, label=name)
    ax.set(xlabel="generation", ylabel=METRICS[metric])
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def simplex(
    grid: pd.DataFrame,
    *,
    marks: Mapping[str, Sequence[float]] | None = None,
    limits: tuple[float, float] | None = None,
    label: str = METRICS["ua"],
    ax: Axes | None = None,
) -> Axes:
    """Fitness over the weights of three members in a triangle; a corner is a single member.

    Parameters
    ----------
    grid : pd.DataFrame
        From :func:`sercore.ensemble.fitness`.
    marks : mapping of str to three float, optional
        Points to mark by name, as weights in the order of the columns; normalised to a sum of 1.
    limits : (float, float), optional
        Fitness of the darkest and of the brightest colour, to compare several triangles.
    label : str
        Label of the colour bar.
    ax : Axes, optional

    Notebook: 06_ensembles.ipynb
    """
    ax = new_axes(ax, figsize=(6.5, 4.8))
    columns = [name for name in grid if name.startswith("w_")]
    x, y = (grid[columns].to_numpy() @ _CORNERS).T
    low, high = limits or (grid["fitness"].min(), grid["fitness"].max())
    levels = 100 * np.linspace(low, max(high, low + 1e-3), 13)  # constant fitness has one colour
    filled = ax.tricontourf(x, y, 100 * grid["fitness"], levels, cmap=SEQUENTIAL, extend="both")
    ax.figure.colorbar(filled, ax=ax, label=label, shrink=0.8, format="%.1f")
    for name, (left, up), below in zip(columns, _CORNERS, (True, True, False), strict=True):
        ax.annotate(
            name.removeprefix("w_"), (left, up), (0, -8 if below else 6), textcoords="offset points",
            ha="center", va="top" if below else "bottom",
        )  # fmt: skip
    for marker, (name, weights) in zip("o*sD", (marks or {}).items(), strict=False):
        place = np.asarray(weights, float) / np.sum(weights) @ _CORNERS
        ax.plot(*place, marker, ms=12, mfc="white", color="black", mew=1.5, ls="none", label=name)
    if marks:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=2, fontsize="small")
    ax.set(xlim=(-0.1, 1.1), ylim=(-0.12, 1.0), aspect="equal")
    ax.axis("off")
    return ax
