"""How good is a model, how certain is that, and is it better than another?

Conventions
-----------
- ``y_true`` holds class names, ``proba`` [shape=(n_clips, n_classes)] probabilities in the order of
  ``classes``; the prediction is the most probable class. All metrics are fractions, 0 to 1.
- The main metric is **UA**, unweighted accuracy: the mean of the recall over classes (balanced accuracy,
  UAR). A model that always predicts the most frequent class scores ``1 / n_classes``.
- Clips of one speaker are alike, so the independent observation is the speaker. Intervals are bootstrapped
  over whole speakers; an interval over clips is too narrow and is marked as such.
- Metrics are computed once over all out-of-fold clips together, not averaged over folds. Clips of different
  test corpora are never pooled into one score. With several seeds, their mean and standard deviation over
  seeds are reported.

Contents
--------
:func:`evaluate` computes all metrics of one set of predictions, :func:`evaluate_oof` those of an
out-of-fold table with seeds, :func:`evaluate_corpora` those of a cross-corpus table; :func:`per_class`,
:func:`per_group`, :func:`confusion` and :func:`calibration` show details; :func:`compare_paired` and
:func:`compare_oof` compare two models; :func:`results_row`, :func:`results_table`, :func:`format_table` and
:func:`table_text` make result tables.
"""

from .bootstrap import compare_paired
from .cross_corpus import corpus_matrix, cross_corpus_text, evaluate_corpora, mean_over_pairs
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
from .oof import compare_oof, evaluate_oof, evaluate_runs, oof_rows, test_corpora, unpack
from .scores import COLUMNS, evaluate, format_table, results_row, results_table, table_text

__all__ = [
    "COLUMNS", "calibration", "compare_oof", "compare_paired", "confusion", "corpus_matrix",
    "cross_corpus_text", "evaluate", "evaluate_corpora", "evaluate_oof", "evaluate_runs",
    "expected_calibration_error", "format_table", "mean_over_pairs", "oof_rows", "per_class", "per_group",
    "results_row", "results_table", "scalar_metrics", "table_text", "test_corpora", "uar", "unpack",
    "validate",
]  # fmt: skip
