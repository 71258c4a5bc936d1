"""Does a model work equally well for everyone? UA of each group of clips, and the largest gap.

Groups are those of an index: sex, age group, language, sentence, corpus and speaker. Few corpora contain
enough speakers to tell a difference between groups from one between persons, so every score and every
difference has an interval over speakers. A gap between two speakers is larger the more speakers there are; it
is given to be seen, not tested.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from .bootstrap import MIN_UNITS, bounds, count_speakers, resample, sampling_units
from .metrics import confusion_metrics
from .oof import run_confusions

GROUPS = ("sex", "age_group", "language", "sentence", "corpus", "speaker")
"""Index columns that are compared if they are known; ``age_group`` is made from ``age``."""

AGE_EDGES = (0, 30, 45, 60, 200)
"""Years in which age groups begin, and an upper end."""

MIN_CLIPS = 10
"""Smaller groups are left out: a recall of one or two clips per class says nothing."""


def fairness(
    oof: pd.DataFrame, index: pd.DataFrame, *, by: Sequence[str] = GROUPS, n_boot: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """UA of every group of clips, with intervals over speakers.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one model on one split. With several seeds, metrics are means over them.
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`, with a row for every ``clip_id`` of the table.
    by : sequence of str
        Columns of the index. Columns that are absent, unknown or the same for all clips are left out.
    n_boot, seed
        As in :func:`sercore.evaluation.evaluate`.

    Returns
    -------
    pd.DataFrame
        One row per group: ``by``, ``group``, ``n_clips``, ``n_speakers``, ``n_classes`` (that occur), ``ua``,
        ``ua_low`` and ``ua_high``; ``lead``, the UA of the group minus that of the clips of all
        other rows, with ``lead_low`` and ``lead_high`` (the same resamples of all speakers for both). Groups
        of fewer than :data:`MIN_CLIPS` clips are left out.

    Raises
    ------
    EvaluationError
        Not an out-of-fold table of one model, or clips that the index does not contain.

    See Also
    --------
    largest_gaps : the difference between the best and the worst group.
    sercore.evaluation.per_group : metrics of any groups, without intervals.

    Notebook: 09_leaving_the_studio.ipynb
    """
    clips, confusions, speakers = _by_clip(oof, index)
    rows = []
    for column in by:
        groups = _groups(clips, column)
        n_clips = groups.value_counts()
        shown = sorted(n_clips.index[n_clips >= MIN_CLIPS]) if len(n_clips) > 1 else []
        for name in shown:
            inside, others = (groups == name).to_numpy(), groups.isin(set(shown) - {name}).to_numpy()
            scores = _score(confusions[:, inside], speakers[inside], n_boot, seed)
            lead = _lead(confusions, speakers, inside, others, n_boot, seed)
            rows.append({"by": column, "group": str(name), **scores, **lead})
    columns = ["by", "group", "n_clips", "n_speakers", "n_classes", "ua", "ua_low", "ua_high", "lead",
               "lead_low", "lead_high"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def largest_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Difference in UA between the best and the worst group of each column.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`fairness`.

    Returns
    -------
    pd.DataFrame
        One row per column: ``by``, ``n_groups``, ``best``, ``worst``, ``gap`` (fraction of UA), ``low`` and
        ``high`` (its 95 % interval, of two groups only), and ``clear``: whether the interval excludes 0 or,
        of more groups, those of best and worst do not overlap. Without intervals, nothing is clear. Groups in
        which not all classes occur are compared only if no other is left.

    Examples
    --------
    >>> table = pd.DataFrame({"by": "sex", "group": ["female", "male"], "n_classes": 8, "ua": [0.75, 0.5],
    ...                       "ua_low": [0.7, 0.4], "ua_high": [0.8, 0.6], "lead": [0.25, -0.25],
    ...                       "lead_low": [0.1, -0.4], "lead_high": [0.4, -0.1]})
    >>> largest_gaps(table).iloc[0].drop(["low", "high"]).to_dict()
    {'by': 'sex', 'n_groups': 2, 'best': 'female', 'worst': 'male', 'gap': 0.25, 'clear': True}

    Notebook: 09_leaving_the_studio.ipynb
    """
    rows = []
    for column, groups in table.groupby("by", sort=False):
        complete = groups[groups["n_classes"] == groups["n_classes"].max()]
        best, worst = complete.loc[complete["ua"].idxmax()], complete.loc[complete["ua"].idxmin()]
        two = len(groups) == len(complete) == 2 and "lead" in groups  # stored tables have none
        low, high = (best["lead_low"], best["lead_high"]) if two else (np.nan, np.nan)
        rows.append(
            {
                "by": column,
                "n_groups": len(complete),
                "best": best["group"],
                "worst": worst["group"],
                "gap": float(best["ua"] - worst["ua"]),
                "low": low,
                "high": high,
                "clear": bool(low > 0 if two else best["ua_low"] > worst["ua_high"]),
            }
        )
    return pd.DataFrame(rows, columns=["by", "n_groups", "best", "worst", "gap", "low", "high", "clear"])


def age_group(ages: pd.Series) -> pd.Series:
    """Age groups such as ``"30–44"`` of ages in years; missing ages stay missing.

    Examples
    --------
    >>> age_group(pd.Series([21, 30, 61, None])).tolist()
    ['under 30', '30–44', '60 and over', nan]
    """
    names = [f"{low}–{high - 1}" for low, high in itertools.pairwise(AGE_EDGES)]
    names[0], names[-1] = f"under {AGE_EDGES[1]}", f"{AGE_EDGES[-2]} and over"
    return pd.cut(pd.to_numeric(ages), AGE_EDGES, labels=names, right=False).astype(object)


def _groups(clips: pd.DataFrame, column: str) -> pd.Series:
    """Group of each clip; missing where it is unknown."""
    if column == "age_group" and "age" in clips:
        return age_group(clips["age"])
    if column not in clips:
        return pd.Series(np.nan, index=clips.index, dtype=object)
    return clips[column].astype(object).where(clips[column].notna() & (clips[column].astype(str) != ""))


def _by_clip(oof, index) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Index rows of the tested clips, confusion matrices [seed, clip, true, predicted], and speakers."""
    confusions = run_confusions(oof, "clips", one_corpus=False)[0]  # of clips in the order of their names
    known = index.set_index("clip_id")
    if missing := sorted(set(oof["clip_id"]) - set(known.index)):
        raise EvaluationError(f"{len(missing)} clips of the table are not in the index (first: {missing[0]})")
    clips = known.loc[np.unique(oof["clip_id"])].reset_index()
    return clips, confusions, clips["speaker"].to_numpy(object)


def _score(confusions: np.ndarray, speakers: np.ndarray, n_boot: int, seed: int) -> dict:
    """UA of some clips and its interval over their speakers."""
    n_units = count_speakers(speakers)
    draws, low, high = _draws(confusions, speakers, slice(None), n_boot, seed), np.nan, np.nan
    if draws is not None and n_units >= MIN_UNITS:
        low, high = bounds(draws, n_units)
    occurring = (confusions.sum(axis=(0, 1, 3)) > 0).sum()
    return {"n_clips": len(speakers), "n_speakers": n_units, "n_classes": int(occurring),
            "ua": _ua(confusions), "ua_low": low, "ua_high": high}  # fmt: skip


def _lead(confusions, speakers, inside, others, n_boot: int, seed: int) -> dict:
    """UA of some clips minus that of others, with its interval over all speakers."""
    low = high = np.nan
    n_units = min(count_speakers(speakers[part]) for part in (inside, others))
    if n_units >= MIN_UNITS:
        both = inside | others
        draws = [
            _draws(confusions[:, both], speakers[both], part[both], n_boot, seed) for part in (inside, others)
        ]
        if draws[0] is not None:
            low, high = bounds(draws[0] - draws[1], n_units)
    lead = _ua(confusions[:, inside]) - _ua(confusions[:, others]) if others.any() else np.nan
    return {"lead": lead, "lead_low": low, "lead_high": high}


def _ua(confusions: np.ndarray) -> float:
    """Mean UA over seeds, without draws that test none of the clips."""
    return float(np.nanmean(confusion_metrics(confusions.sum(axis=1))["ua"]))


def _draws(confusions, speakers, part, n_boot: int, seed: int) -> np.ndarray | None:
    """UA of a part of the clips in resamples of all speakers; None if a speaker is unknown."""
    units, interval, _ = sampling_units(speakers, len(speakers), "speakers")
    if interval != "speakers":
        return None
    pooled = np.zeros((len(confusions), units.max() + 1, *confusions.shape[2:]))
    np.add.at(pooled, (slice(None), units[part]), confusions[:, part])
    return resample(pooled, n_boot=n_boot, seed=seed)["ua"]
