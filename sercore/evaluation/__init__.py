"""How good is a model, how certain is that, and is it better than another?

Conventions
-----------
- ``y_true`` holds class names, ``proba`` [shape=(n_clips, n_classes)] probabilities in the order of
  ``classes``; the prediction is the most probable class. All metrics are fractions, 0 to 1.
- The main metric is **UA**, unweighted accuracy: the mean of the recall over classes (balanced accuracy,
  UAR). A model that always predicts the most frequent class scores ``1 / n_classes``.
- Clips of one speaker are alike, so the independent observation is the speaker. Intervals are bootstrapped
  over whole speakers; an interval over clips is too narrow and is marked as such.
- Metrics are computed once over all out-of-fold clips together, not averaged over folds. With several
  seeds, their mean and standard deviation over seeds are reported.

Contents
--------
:func:`evaluate` computes all metrics of one set of predictions, :func:`evaluate_oof` those of an
out-of-fold table with seeds; :func:`per_class`, :func:`per_group`, :func:`confusion` and
:func:`calibration` show details; :func:`compare_paired` and :func:`compare_oof` compare two models;
:func:`results_row`, :func:`results_table`, :func:`format_table` and :func:`table_text` make result tables.
:func:`fit_temperature` and :func:`apply_temperature` calibrate probabilities, :func:`risk_coverage` shows
what is gained by answering only if confident, and :func:`rejection_reason` names the clips without answer.
"""

from .bootstrap import compare_paired
from .calibration import apply_temperature, area_under_risk, fit_temperature, risk_coverage
from .metrics import (
    calibration,
    confusion,
    expected_calibration_error,
    per_class,
    per_group,
    scalar_metrics,
    uar,
    validate,
)
from .oof import compare_oof, evaluate_oof, evaluate_runs, oof_rows, unpack
from .rejection import NoveltyDetector, is_speech, rejection_reason, speech_measures
from .scores import COLUMNS, evaluate, format_table, results_row, results_table, table_text

# `calibration` is the function; its module is imported before, so that it does not take the name
__all__ = [
    "COLUMNS", "NoveltyDetector", "apply_temperature", "area_under_risk", "calibration", "compare_oof",
    "compare_paired", "confusion", "evaluate", "evaluate_oof", "evaluate_runs", "expected_calibration_error",
    "fit_temperature", "format_table", "is_speech", "oof_rows", "per_class", "per_group", "rejection_reason",
    "results_row", "results_table", "risk_coverage", "scalar_metrics", "speech_measures", "table_text", "uar",
    "unpack", "validate",
]  # fmt: skip
