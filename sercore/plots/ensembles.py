"""Pictures of ensembles: is the gain real, where does it come from, and what does it cost?

Every function draws a table of :mod:`sercore.ensemble` into ``ax`` (or a new figure) and returns the
Axes. Differences and gains are in points. Pictures of weights: :mod:`sercore.plots.ensembles`.

Notebook: 06_ensembles.ipynb
"""
# MERGED DOC: Pictures of a search for weights: generations, and the triangle of three members.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .results import METRICS
from .style import SEQUENTIAL, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


SYSTEM_COLORS = ("#00427b", "#d77c18", "#51904f", "#bf67b1", "#7e7c78", "#b52100", "#5bbff8", "#222222")
"""Colours of systems and baselines, in the order in which they occur."""


def paired_differences(
    table: pd.DataFrame, *, over: str = "speakers", metric: str = "ua", ax: Axes | None = None
) -> Axes:
    """Differences between systems and baselines, with whiskers for the 95 % interval.

    A point is filled where its interval leaves out zero: there the data can tell the two apart.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.ensemble.compare_systems`.
    over : str
        What the interval is over, for the label.
    metric : str
        What was compared.
    ax : Axes, optional
    """
    systems, baselines = list(dict.fromkeys(table["system"])), list(dict.fromkeys(table["baseline"]))
    ax = new_axes(ax, figsize=(8, 1.2 + 0.45 * len(systems)))
    for k, baseline in enumerate(baselines):
        part = table[table["baseline"] == baseline]
        color = SYSTEM_COLORS[k % len(SYSTEM_COLORS)]
        places = [systems.index(name) + 0.28 * (k - (len(baselines) - 1) / 2) for name in part["system"]]
        for place, row in zip(places, part.to_dict("records"), strict=True):
            low, high, difference = (100 * row[key] for key in ("low", "high", "difference"))
            clear = low > 0 or high < 0
            ax.plot([low, high], [place, place], color=color, lw=2.5, solid_capstyle="butt")
            ax.plot(difference, place, "o", ms=8, color=color, mfc=color if clear else "white", mew=2)
        ax.plot([], [], "o", color=color, ms=8, label=f"minus {baseline}")
    ax.axvline(0, color="black", lw=1)
    ax.set_yticks(range(len(systems)), systems)
    ax.set_ylim(len(systems) - 0.4, -0.6)
    unit = METRICS[metric].split(" (")[0]
    ax.set_xlabel(f"difference of {unit} (points), whiskers: 95 % interval over {over}")
    ax.grid(True, axis="x")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(baselines))
    return ax


def subset_gains(table: pd.DataFrame, *, metric: str = "ua", ax: Axes | None = None) -> Axes:
    """The equal vote of many sets of members, by how many there are, beside their best members.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.ensemble.gain_by_members`.
    metric : str
        Its fitness, ``ua`` or ``macro_f1``.
    """
    ax = new_axes(ax, figsize=(8, 3.2))
    jitter = np.random.default_rng(0).uniform(-0.25, 0.25, len(table))
    ax.plot(table["n_members"] + jitter, 100 * table["fitness"], ".", ms=4, color="#9fb6cc", zorder=1)
    means = 100 * table.groupby("n_members")[["fitness", "best"]].mean()
    ax.plot(means["fitness"], "o-", color="#00427b", lw=2, label="their equal vote, on average")
    ax.plot(means["best"], "s--", color="#d77c18", lw=2, label="the best of them, on average")
    ax.set(xlabel="members in the set (a dot: one set)", ylabel=METRICS[metric])
    ax.set_xticks(means.index)
    ax.grid(True, axis="y")
    ax.legend(loc="lower right")
    return ax


def tuning_gains(table: pd.DataFrame, *, metric: str = "ua", ax: Axes | None = None) -> Axes:
    """Fitness on the people tuned on (dashed) and on others (solid), by how many were tuned on.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.ensemble.gain_by_tuning`; a point is the mean over repeats.
    metric : str
        Its fitness, ``ua`` or ``macro_f1``.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(8, 4))
    means = 100 * table.groupby(["system", "n_speakers"], sort=False)[["tuned", "held_out"]].mean()
    for color, system in zip(SYSTEM_COLORS, dict.fromkeys(table["system"]), strict=False):
        part = means.loc[system].sort_index()
        ax.plot(part["held_out"], "o-", color=color, lw=2, label=system)
        ax.plot(part["tuned"], "o--", color=color, lw=1.5, mfc="white")
    ax.plot([], [], "o--", color="0.4", mfc="white", label="dashed: on the people tuned on")
    ax.set(xlabel="speakers tuned on", ylabel=METRICS[metric])
    sizes = sorted(set(table["n_speakers"]))
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
    ax.grid(True, axis="y")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def member_matrix(table: pd.DataFrame, *, label: str, ax: Axes | None = None) -> Axes:
    """A square table of members by members as a heat map, in hundredths; up to twelve with their numbers.

    Parameters
    ----------
    table : pd.DataFrame [shape=(n_members, n_members)]
        From :func:`sercore.ensemble.disagreement` or :func:`sercore.ensemble.error_correlation`.
    label : str
        Of the colour bar.
    ax : Axes, optional
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
    """What the mean of two members gains over the better one, by how much their errors coincide.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.ensemble.pairwise_diversity`.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(6.5, 3.2))
    gap, gain = 100 * table["gap"], 100 * table["gain"]
    dots = ax.scatter(table["error_correlation"], gain, c=gap, cmap="cividis_r", s=45, edgecolor="0.4")
    ax.figure.colorbar(dots, ax=ax, label="how far apart the\ntwo are alone (points)")
    ax.axhline(0, color="black", lw=1)
    ax.set(xlabel="correlation of errors", ylabel="gain of the pair (points)")
    ax.grid(True)
    return ax


def gain_for_cost(
    table: pd.DataFrame, *, subsets: pd.DataFrame | None = None, metric: str = "ua", ax: Axes | None = None
) -> Axes:
    """What each system gains over a baseline against the time it takes per clip.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.ensemble.compare_systems` with one baseline, all systems timed.
    subsets : pd.DataFrame, optional
        From :func:`sercore.ensemble.gain_by_members`: the equal votes of many sets, as small dots.
    metric : str
        What was compared.
    ax : Axes, optional
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    ax = new_axes(ax, figsize=(8, 3.4))
    if subsets is not None:
        baseline = table[metric].iloc[0] - table["difference"].iloc[0]
        gains = 100 * (subsets["fitness"] - baseline)
        ax.plot(subsets["ms_per_clip"], gains, ".", ms=4, color="#9fb6cc", label="equal votes\nof other sets")
        lowest = min(np.quantile(gains, 0.1), 100 * table["difference"].min())  # a few sets are far below
        ax.set_ylim(bottom=lowest - 1)
    for k, row in enumerate(table.to_dict("records")):
        color = SYSTEM_COLORS[k % len(SYSTEM_COLORS)]
        gain = 100 * row["difference"]
        ax.plot(row["ms_per_clip"], gain, "o", ms=9, color=color, mec="white", label=row["system"])
    ax.axhline(0, color="black", lw=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    over = "/".join(dict.fromkeys(table["baseline"]))
    ax.set(xlabel="time of all members (ms per clip, features not counted)", ylabel=f"points over\n{over}")
    ax.grid(True)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])


def evolution(
    history: pd.DataFrame,
    *,
    baselines: Mapping[str, float] | None = None,
    metric: str = "ua",
    ax: Axes | None = None,
) -> Axes:
    """Best and mean fitness of every generation, one pair of lines for each restart.

    Parameters
    ----------
    history : pd.DataFrame
        ``Weighting.history`` of :func:`sercore.ensemble.evolve_weights`.
    baselines : mapping of str to float, optional
        Fitness of other weights, as horizontal lines.
    metric : str
        ``ua`` or ``macro_f1``.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(8, 3))
    for restart, run in history.groupby("restart"):
        first = restart == history["restart"].iloc[0]
        ax.plot(run["generation"], 100 * run["best"], color="#00427b", lw=2, label="best" if first else None)
        ax.plot(run["generation"], 100 * run["mean"], color="#9fb6cc", label="mean" if first else None)
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
    """The triangle of three members' weights, coloured by fitness; a corner is one member alone.

    Parameters
    ----------
    grid : pd.DataFrame
        From :func:`sercore.ensemble.fitness`.
    marks : mapping of str to three float, optional
        Points to mark by name, as weights in the order of the columns; scaled to sum 1.
    limits : (float, float), optional
        Fitness of the darkest and of the brightest colour, to compare several triangles.
    label : str
        Of the colour bar.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(5.5, 4))
    columns = [name for name in grid if name.startswith("w_")]
    x, y = (grid[columns].to_numpy() @ _CORNERS).T
    low, high = limits or (grid["fitness"].min(), grid["fitness"].max())
    levels = 100 * np.linspace(low, max(high, low + 1e-3), 13)  # a flat triangle has one colour
    filled = ax.tricontourf(x, y, 100 * grid["fitness"], levels, cmap=SEQUENTIAL, extend="both")
    ax.figure.colorbar(filled, ax=ax, label=label, shrink=0.8, format="%.1f")
    for name, (left, up), below in zip(columns, _CORNERS, (True, True, False), strict=True):
        ax.annotate(
            name.removeprefix("w_"), (left, up), (0, -8 if below else 6), textcoords="offset points",
            ha="center", va="top" if below else "bottom",
        )  # fmt: skip
    for marker, (name, weights) in zip("o*sD", (marks or {}).items(), strict=False):
        place = np.asarray(weights, float) / np.sum(weights) @ _CORNERS
        ax.plot(*place, marker, ms=12, mfc="white", mec="black", mew=1.5, ls="none", label=name)
    if marks:
        ax.legend(loc="upper left", bbox_to_anchor=(-0.1, 1.0), fontsize="small")
    ax.set(xlim=(-0.1, 1.1), ylim=(-0.12, 1.0), aspect="equal")
    ax.axis("off")
    return ax
