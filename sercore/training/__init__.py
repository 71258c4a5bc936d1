"""Training and cross-validation: fit on the training part of each fold, predict its test part.

From features to a result table::

    index, X ─ speaker_normalise (optional) ─ out_of_fold ─ out-of-fold predictions ─ summarise ─ result table
                                                │ for each (model, seed, fold)
                                                ├─ fit_classical or fit_network on the training part
                                                ├─ predict_proba on the test part
                                                └─ one file in the fold cache

:func:`out_of_fold` runs the cross-validation of one model, :func:`compare` that of several models on the same
folds. Everything that is fitted, including scaler, early stopping and calibration, uses the training part
only, with inner splits over speakers. The **fold cache** is a folder with one file per (model, seed, fold):
an interrupted run resumes, and several machines can share the folder. :func:`search` tunes parameters on the
training part. :func:`score_blocks` compares the blocks of an encoder. :class:`StreamedBatches` reads features
that do not fit in memory; ``python -m sercore.training.distributed`` trains a network in several processes.

Three arguments recur: ``model_params`` are parameters of the classifier or of the builder of the network,
``fit_params`` arguments of :func:`fit`, and ``augmented`` augmented versions of the features of all clips, of
which a fold uses those of the clips on which it fits.
"""

import lazy_loader

# lazy, because a bundle that predicts needs only one of these modules
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adaptation": ["ADAPTATIONS", "adapt", "coral"],
        "across_corpora": ["PooledCorpora", "common_classes", "cross_corpus", "in_corpus", "pool_corpora"],
        "auxiliary": ["auxiliary_targets"],
        "blocks": ["score_blocks"],
        "cross_validation": ["compare", "out_of_fold", "summarise"],
        "classical": ["fit_classical", "predict_proba"],
        "enrolment": ["enrol", "enrolment_curve", "typical_speaker"],
        "fine_tuning": ["FineTuned", "fine_tune"],
        "fit_loop": ["Batches"],
        "fold_cache": ["write_parquet"],
        "jobs": ["COSTS"],
        "nested": ["choose_c"],
        "networks": ["FittedNetwork", "fit", "fit_network"],
        "normalisation": ["speaker_normalise", "standardise"],
        "sources": [
            "average_adaptations",
            "average_sources",
            "balance_predictions",
            "leave_one_corpus_out",
            "uniform_prior",
        ],
        "probes": ["probe"],
        "streamed": ["FeatureStream", "StreamedBatches", "fit_streamed"],
        "hyperparameters": ["split_params", "default_space", "search", "search_defaults"],
    },
)
