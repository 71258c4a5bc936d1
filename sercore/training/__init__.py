"""Training without peeking: fit inside the fold, predict what was left out, keep every prediction.

:func:`out_of_fold` is the one way from features to figures. For each fold and seed it fits on the
training part only (scaler, early stopping and calibration included, by an inner split over
speakers), predicts the test part once, and writes one file per (model, seed, fold), so that a
killed run resumes and any number of machines can share a folder. :func:`compare` does so for
several models on the same folds and scores them.

Notebook: 03_mlp_baseline.ipynb
"""

from .campaign import compare, out_of_fold, summarise
from .fitting import fit_classical, probabilities
from .folds import COSTS
from .kept import write_parquet
from .networks import FittedNetwork, fit, fit_network
from .scaling import enroll, standardise
from .search import as_settings, default_space, search, search_defaults

__all__ = [
    "COSTS",
    "FittedNetwork",
    "as_settings",
    "compare",
    "default_space",
    "enroll",
    "fit",
    "fit_classical",
    "fit_network",
    "out_of_fold",
    "probabilities",
    "search",
    "search_defaults",
    "standardise",
    "summarise",
    "write_parquet",
]
