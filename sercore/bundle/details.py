"""More than one number about the out-of-fold evaluation, stored in a bundle for its model card.

``train`` adds the tables to the ``evaluation`` entry of ``bundle.json``. All of them are computed from
predictions for speakers on whom the model was not fitted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..evaluation import apply_temperature, calibration, expected_calibration_error, fairness, per_class
from ..evaluation import fit_temperature as fit
from ..evaluation.fairness import GROUPS

N_BINS = 10
MAX_GROUPS = 40
"""Scores by speaker, sentence and so on are stored only if there are no more of them."""


def evaluation_details(oof: pd.DataFrame, index: pd.DataFrame, classes: Sequence[str]) -> dict:
    """Scores by class and group, and calibration, as lists of rows.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one model (:func:`sercore.training.out_of_fold`).
    index : pd.DataFrame
        With a row for every clip of the table.
    classes : sequence of str

    Returns
    -------
    dict
        ``per_class`` (:func:`sercore.evaluation.per_class`); ``groups``
        (:func:`sercore.evaluation.fairness`); ``reliability`` (:func:`sercore.evaluation.calibration`, empty
        bins left out) and its calibration error ``ece_calibrated``. The temperature of both was fitted on the
        clips of the other folds.

    See Also
    --------
    sercore.report.model_card : the card that shows them.
    """
    y, proba = oof["label"].to_numpy(), calibrated(oof, classes)
    bins = calibration(y, proba, classes, n_bins=N_BINS)
    by = [name for name in GROUPS if name not in index or index[name].nunique() <= MAX_GROUPS]
    return {
        "per_class": _rows(per_class(y, proba, classes).reset_index()),
        "groups": _rows(fairness(oof, index, by=by)),
        "reliability": _rows(bins[bins["n_clips"] > 0]),
        "ece_calibrated": expected_calibration_error(y, proba, classes, n_bins=N_BINS),
    }


def calibrated(oof: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """Probabilities [shape=(n_clips, n_classes)], each with the temperature of the clips of other folds."""
    proba = oof[[f"p_{name}" for name in classes]].to_numpy(float)
    y, folds = pd.Index(classes).get_indexer(oof["label"]), oof["fold"].to_numpy()
    scaled = proba.copy()
    for fold in np.unique(folds) if len(np.unique(folds)) > 1 else ():
        inside = folds == fold
        scaled[inside] = apply_temperature(proba[inside], fit(proba[~inside], y[~inside]))
    return scaled


def _rows(table: pd.DataFrame) -> list[dict]:
    """Rows as JSON values with four decimals, NaN as None."""
    rounded = table.round(4).astype(object)
    return rounded.where(table.notna(), None).to_dict("records")
