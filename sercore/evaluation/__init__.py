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
:func:`compare_oof` compare two models; :func:`human_recall` and :func:`compare_with_model` evaluate a
listening test; :func:`results_row`, :func:`results_table`, :func:`format_table` and :func:`table_text` make
result tables. :func:`fit_temperature` and :func:`apply_temperature` calibrate probabilities,
:func:`temper_by_distance` lowers the confidence far from the training clips, :func:`risk_coverage` shows
what is gained by answering only if confident, and :func:`rejection_reason` names the clips without answer.
:func:`robustness` and :func:`fairness` show under which conditions and for whom a model works.
"""

from .bootstrap import compare_paired
from .confidence import (
    apply_temperature,
    area_under_risk,
    debiased_calibration_error,
    fit_temperature,
    risk_coverage,
    temper_by_distance,
)
from .cross_corpus import (
    compare_corpora,
    corpus_matrix,
    cross_corpus_text,
    evaluate_corpora,
    mean_over_pairs,
)
from .fairness import fairness, largest_gaps
from .human import compare_with_model, human_recall
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
from .oof import compare_oof, evaluate_oof, evaluate_runs, oof_rows, test_corpora, uar_of, unpack
from .rejection import NoveltyDetector, is_speech, rejection_reason, speech_measures
from .robustness import CONDITIONS, families, robustness
from .scores import COLUMNS, evaluate, format_table, results_row, results_table, table_text

__all__ = [
    "COLUMNS", "CONDITIONS", "NoveltyDetector", "apply_temperature", "area_under_risk", "calibration",
    "compare_corpora", "compare_oof", "compare_paired", "compare_with_model", "confusion", "corpus_matrix",
    "cross_corpus_text", "debiased_calibration_error", "evaluate", "evaluate_corpora", "evaluate_oof",
    "evaluate_runs", "expected_calibration_error", "fairness", "families", "fit_temperature", "format_table",
    "human_recall",
    "is_speech", "largest_gaps", "mean_over_pairs", "oof_rows", "per_class", "per_group",
    "rejection_reason", "results_row", "results_table", "risk_coverage", "robustness", "scalar_metrics",
    "speech_measures", "table_text", "temper_by_distance", "test_corpora", "uar", "uar_of", "unpack",
    "validate",
]  # fmt: skip
