"""Is one model better than another? Paired, on the same clips, with interval.

Hard speakers are hard for both models. Drawing the same speakers for both cancels that, so a
difference can be clear although the two models' own intervals overlap.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from .bootstrap import MIN_UNITS, bounds, count_speakers, resample, sampling_units
from .confusions import confusion_metrics, unit_confusions
from .metrics import validate
from .oof import run_confusions, unpack


def compare_paired(
    y_true: Sequence[str],
    proba_a: np.ndarray,
    proba_b: np.ndarray,
    classes: Sequence[str],
    *,
    speakers: Sequence[str] | None = None,
    interval: str = "speakers",
    metric: str = "ua",
    n_boot: int = 1000,
    seed: int = 0,
) -> dict:
    """Difference between two models on the same clips, with 95 % interval and p.

    Parameters
    ----------
    y_true, classes, speakers, interval, n_boot, seed
        As in :func:`evaluate`.
    proba_a, proba_b : np.ndarray [shape=(n_clips, n_classes)]
        Predictions of the two models for the same clips in the same order.
    metric : str
        ``"ua"``, ``"wa"`` or ``"macro_f1"``.

    Returns
    -------
    dict
        ``ua_a``, ``ua_b`` (or the metric chosen), ``difference`` (a minus b), ``low``, ``high``,
        ``p`` (two-sided: twice the share of resamples in which the difference has the other sign),
        ``n_clips``, ``n_speakers``, ``interval`` and ``note``.
    """
    codes, proba_a = validate(y_true, proba_a, classes)
    _, proba_b = validate(y_true, proba_b, classes)
    units, interval, note = sampling_units(speakers, len(codes), interval)
    n_units = units.max() + 1
    confusions = [
        unit_confusions(codes, proba.argmax(axis=1), units, n_units, len(classes))[None]
        for proba in (proba_a, proba_b)
    ]
    return {
        **_difference(*confusions, metric=metric, n_boot=n_boot, seed=seed),
        "n_clips": len(codes),
        "n_speakers": count_speakers(speakers),
        "interval": interval,
        "note": note,
    }


def compare_oof(
    oof_a: pd.DataFrame,
    oof_b: pd.DataFrame,
    *,
    interval: str = "speakers",
    metric: str = "ua",
    n_boot: int = 1000,
    seed: int = 0,
) -> dict:
    """Difference between two models tested on the same clips, over their seeds.

    Returns
    -------
    dict
        As from :func:`compare_paired`; figures are means over runs, of which the models may have
        different numbers.

    Raises
    ------
    EvaluationError
        The tables hold different clips, labels or classes.
    """
    clips_a, clips_b = (set(zip(oof["clip_id"], oof["label"], strict=True)) for oof in (oof_a, oof_b))
    if clips_a != clips_b:
        raise EvaluationError(
            f"the tables do not hold the same clips with the same labels: {len(clips_a - clips_b)} are only "
            f"in the first, {len(clips_b - clips_a)} only in the second, such as {min(clips_a ^ clips_b)}"
        )
    if unpack(oof_a)[2] != unpack(oof_b)[2]:
        raise EvaluationError(f"the tables have different classes: {unpack(oof_a)[2]} and {unpack(oof_b)[2]}")
    confusions_a, _, _, _ = run_confusions(oof_a, interval)
    confusions_b, _, interval, note = run_confusions(oof_b, interval)
    return _difference(confusions_a, confusions_b, metric=metric, n_boot=n_boot, seed=seed) | {
        "n_clips": len(clips_a),
        "n_speakers": count_speakers(oof_a["speaker"]),
        "interval": interval,
        "note": note,
    }


def _difference(
    confusions_a: np.ndarray,
    confusions_b: np.ndarray,
    *,
    metric: str,
    n_boot: int,
    seed: int,
) -> dict[str, float]:
    """How much better the first of two models is, with interval, from the same resamples of both.

    Parameters
    ----------
    confusions_a, confusions_b : np.ndarray [shape=(n_runs, n_units, n_classes, n_classes)]
        The same units in the same order; the numbers of runs may differ.
    metric : str
        ``"ua"``, ``"wa"`` or ``"macro_f1"``.
    """
    figure = [confusion_metrics(c.sum(axis=1))[metric].mean() for c in (confusions_a, confusions_b)]
    drawn = [resample(c, n_boot=n_boot, seed=seed)[metric] for c in (confusions_a, confusions_b)]
    differences = drawn[0] - drawn[1]
    n_units = confusions_a.shape[1]
    low, high = bounds(differences, n_units)
    other_side = min((differences <= 0).sum(), (differences >= 0).sum())
    p = min(1.0, 2 * (other_side + 1) / (n_boot + 1)) if n_units >= MIN_UNITS else np.nan
    return {
        f"{metric}_a": float(figure[0]),
        f"{metric}_b": float(figure[1]),
        "difference": float(figure[0] - figure[1]),
        "low": low,
        "high": high,
        "p": float(p),
    }
