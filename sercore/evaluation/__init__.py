"""How good is a model, how sure are we, and is it better than another?

Conventions
-----------
- ``y_true`` holds class names, ``proba`` [shape=(n_clips, n_classes)] probabilities in the order of
  ``classes``; the prediction is the most probable class. All figures are fractions, 0 to 1.
- The headline is **UA**, unweighted accuracy: the mean over classes of the share recognised
  (balanced accuracy, UAR). A model that always says the commonest class gets ``1 / n_classes``.
- Clips of one speaker are alike, so what counts as *one* observation is a speaker. Intervals
  draw whole speakers with replacement; an interval over clips is too narrow, and says what it is.
- Figures are taken once over all out-of-fold clips together, not averaged over folds. Several
  seeds are several such figures: their mean and their spread are reported.

Figures
-------
:func:`evaluate` gives all of them for one set of predictions, :func:`evaluate_oof` for an
out-of-fold table with seeds; :func:`per_class`, :func:`per_group`, :func:`confusion` and
:func:`calibration` look inside; :func:`compare_paired` and :func:`compare_oof` set two models
against each other; :func:`results_row`, :func:`results_table` and :func:`format_table` print.

Notebook: 03_mlp_baseline.ipynb
"""

from .compare import compare_oof, compare_paired
from .confusions import confusion, per_class, per_group
from .metrics import calibration, expected_calibration_error, scalar_metrics, uar, validate
from .oof import evaluate_oof, evaluate_runs, oof_rows, unpack
from .scores import COLUMNS, evaluate, format_table, results_row, results_table

__all__ = [
    "COLUMNS",
    "calibration",
    "compare_oof",
    "compare_paired",
    "confusion",
    "evaluate",
    "evaluate_oof",
    "evaluate_runs",
    "expected_calibration_error",
    "format_table",
    "oof_rows",
    "per_class",
    "per_group",
    "results_row",
    "results_table",
    "scalar_metrics",
    "uar",
    "unpack",
    "validate",
]
