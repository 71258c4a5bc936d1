"""Training without peeking: fit inside the fold, predict what was left out, keep every prediction.

:func:`out_of_fold` is the one way from features to figures. For each fold and seed it fits on the
training part only (scaler, early stopping and calibration included, by an inner split over
speakers), predicts the test part once, and writes one file per (model, seed, fold), so that a
killed run resumes and any number of machines can share a folder. :func:`compare` does so for
several models on the same folds and scores them.

Notebook: 03_mlp_baseline.ipynb
"""

import lazy_loader

# each name's module is imported when the name is first used: a bundle that predicts needs one of them
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cross_validation": ["compare", "out_of_fold", "summarise"],
        "classical": ["fit_classical", "predict_proba"],
        "folds": ["COSTS"],
        "fold_cache": ["write_parquet"],
        "nested": ["choose_c"],
        "networks": ["FittedNetwork", "fit", "fit_network"],
        "normalisation": ["speaker_normalise", "standardise"],
        "hyperparameters": ["split_params", "default_space", "search", "search_defaults"],
    },
)
