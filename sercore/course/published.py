"""The measurements this course publishes, and how each was made.

A *campaign* fixes corpus, label scheme, split, models and seeds. :func:`measure` runs one on real
recordings and keeps its out-of-fold predictions as ``data/oof/<campaign>.parquet``;
:func:`table` recomputes every figure from that file, so anyone can check a score without audio.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .. import paths
from ..errors import SercoreError
from ..models import NETWORKS, reads_frames
from . import clone

_STEADY = ("dummy", "logistic", "linear_svc", "rbf_svc", "knn", "lda")
_FORESTS = ("random_forest", "extra_trees", "gradient_boosting")
_SEEDED = ("sklearn_mlp", "mlp")

AUGMENTED = {
    "early_stopping": False,
    "epochs": 40,
    "learning_rate": 2e-3,
    "lr_schedule": "cosine",
    "balanced": True,
    "label_smoothing": 0.1,
    "spec_augment": {"n_masks": 1},
}
"""How networks on frames are trained on augmented copies: on all training speakers, for a number of
epochs chosen on inner folds of the training actors of the first emobox fold."""
_HALF = {"epochs": 20}
_OWN = {
    "mlp": {"spec_augment": None, "learning_rate": 1e-3, "epochs": 60},
    "transformer": _HALF | {"learning_rate": 1e-3},
    "cnn2d_transformer": _HALF | {"learning_rate": 1e-3},
    "lstm": _HALF,
    "bilstm": _HALF,
    "bilstm_multihead": _HALF,
}
"""What differs for some. Those with half the epochs would gain from more; nothing was tried for them."""


@dataclass(frozen=True)
class Campaign:
    """One comparison of models on equal terms.

    Parameters
    ----------
    corpus, scheme, split : str
        What is recognised, and how clips are divided.
    models : tuple of str
        See :func:`sercore.training.out_of_fold`. Networks on frames read the recipe ``log_mel``.
    seeds : tuple of int
        Seeds of the ``repeated`` models; the others run with the first alone.
    repeated : tuple of str
        Models whose spread over seeds is measured.
    speaker_norm : bool
        Standardise features per speaker, unlabelled clips of test speakers included.
    augmented : int
        Augmented copies of each training clip (:class:`sercore.audio.augment.Augmentation`), for networks
        trained as :data:`AUGMENTED` says; 0 trains with the defaults of :func:`sercore.training.fit`.
    fit_params : dict, optional
        How networks are trained instead.
    n_folds : int, optional
        See :func:`sercore.splits.make_folds`.
    precision : str
        In which networks are trained, as ``keras.config.set_dtype_policy`` takes it.
    encoder : str, optional
        Encoder whose pooled rows are the table (:class:`sercore.encoders.EncoderRecipe`).
    weights : str
        Of the encoder; ``permuted`` and ``random`` are controls.
    """

    corpus: str
    scheme: str
    split: str
    models: tuple[str, ...] = (*_STEADY, *_FORESTS, *_SEEDED)
    seeds: tuple[int, ...] = (0, 1, 2)
    repeated: tuple[str, ...] = _SEEDED
    speaker_norm: bool = False
    augmented: int = 0
    fit_params: dict | None = None
    n_folds: int | None = None
    precision: str = "float32"
    encoder: str | None = None
    weights: str = "pretrained"


_BEST = ("mlp", "cnn1d_lstm", "cnn2d_lstm")
_FEW = ("dummy", "logistic", "rbf_svc", "lda", "sklearn_mlp", "mlp")
CAMPAIGNS = {
    "ravdess-random": Campaign("ravdess", "eight", "random", models=_FEW, repeated=()),
    "ravdess-random-seven": Campaign("ravdess", "seven", "random", models=_FEW, repeated=()),
    "ravdess-emobox": Campaign("ravdess", "eight", "emobox-ravdess"),
    "ravdess-emobox-speaker-norm": Campaign(
        "ravdess", "eight", "emobox-ravdess", models=_FEW, speaker_norm=True
    ),
    "tess-loso": Campaign("tess", "seven", "loso", models=_FEW),
    "tess-loso-speaker-norm": Campaign("tess", "seven", "loso", models=_FEW, speaker_norm=True),
    "emo_db-loso": Campaign("emo_db", "all", "loso", models=_FEW),
    "emo_db-loso-speaker-norm": Campaign("emo_db", "all", "loso", models=_FEW, speaker_norm=True),
    "ravdess-emobox-networks": Campaign(
        "ravdess",
        "eight",
        "emobox-ravdess",
        models=tuple(NETWORKS),
        repeated=_BEST,
        augmented=8,
    ),
    "ravdess-emobox-networks-speaker-norm": Campaign(
        "ravdess", "eight", "emobox-ravdess", models=_BEST, repeated=(), speaker_norm=True, augmented=8
    ),
    "ravdess-emobox-networks-plain": Campaign(
        "ravdess",
        "eight",
        "emobox-ravdess",
        models=("cnn1d_lstm",),
        repeated=(),
        fit_params={name: value for name, value in AUGMENTED.items() if name != "spec_augment"},
    ),
    "ravdess-random-networks": Campaign("ravdess", "eight", "random", models=_BEST, repeated=(), augmented=8),
    "ravdess-legacy": Campaign(
        "ravdess",
        "eight",
        "speaker",
        models=("cnn2d_lstm", "s0_cnn2d_lstm"),
        repeated=(),
        n_folds=2,
        fit_params={"early_stopping": False, "epochs": 15, "lr_schedule": "cosine"},
        precision="mixed_bfloat16",
    ),
}
"""Every published campaign by name. Those that end in ``-plain`` and ``-earlier`` answer one question
each: what augmentation gives, and whether a network thirty times as large is better."""


def _encoder_campaigns() -> dict[str, Campaign]:
    """Pooled rows of a frozen encoder with the regularisation chosen on inner speakers.

    Padding, blocks and statistics are those of :class:`sercore.encoders.EncoderRecipe` for every corpus. They
    were compared once on the folds of ``ravdess-emobox``, so the scores on RAVDESS are slightly optimistic;
    no setting was chosen on EMO-DB or TESS.
    """
    common = {"models": ("logistic_nested",), "repeated": (), "encoder": "whisper_tiny_en"}
    campaigns = {}
    for name, corpus, scheme, split in (
        ("ravdess-emobox-encoder", "ravdess", "eight", "emobox-ravdess"),
        ("ravdess-loso-encoder", "ravdess", "eight", "loso"),
        ("emo_db-loso-encoder", "emo_db", "all", "loso"),
        ("tess-loso-encoder", "tess", "seven", "loso"),
    ):
        campaigns[name] = Campaign(corpus, scheme, split, **common)
        campaigns[f"{name}-speaker-norm"] = Campaign(corpus, scheme, split, **common, speaker_norm=True)
    for weights in ("permuted", "random"):
        campaigns[f"ravdess-emobox-encoder-{weights}"] = Campaign(
            "ravdess", "eight", "emobox-ravdess", **common, weights=weights
        )
    return campaigns


CAMPAIGNS |= _encoder_campaigns()


def run_campaign(
    name: str,
    root: str | os.PathLike | None = None,
    *,
    models: Sequence[str] | None = None,
    n_jobs: int = 2,
) -> Path:
    """Run a campaign and keep its out-of-fold predictions; returns their file.

    Every finished (model, seed, fold) is kept in the cache folder, so a stopped run resumes.

    Parameters
    ----------
    name : str
        From :data:`CAMPAIGNS`.
    root : path, optional
        The corpus's own folder.
    models : sequence of str, optional
        Only these models of the campaign; the file then holds them alone.
    n_jobs : int
        Processes.
    """
    from ..training import out_of_fold, write_parquet

    campaign = _get(name)
    tables = []
    for model in campaign.models if models is None else models:
        index, X, augmented, classes = _features(campaign, model, root, n_jobs)
        fit_params = AUGMENTED | _OWN.get(model, {}) if campaign.augmented else campaign.fit_params
        with _computing_in(campaign.precision):
            tables.append(
                out_of_fold(
                    index, X, classes, model=model, fit_params=fit_params, augmented=augmented,
                    split=campaign.split, n_folds=campaign.n_folds,
                    seeds=campaign.seeds if model in campaign.repeated else campaign.seeds[:1],
                    folder=paths.cache_dir() / "oof" / name,
                    n_jobs=n_jobs if campaign.precision == "float32" else 1,  # others would not know it
                ).assign(model=model)
            )  # fmt: skip
    oof = pd.concat(tables, ignore_index=True)
    probabilities = [column for column in oof.columns if column.startswith("p_")]
    oof[probabilities] = _rounded(oof[probabilities].to_numpy())
    for column in ("train_seconds", "ms_per_clip", "parameters"):
        oof[column] = oof[column].astype(np.float32).round(3)
    path = oof_folder() / f"{name}.parquet"
    write_parquet(oof, path)
    return path


@contextlib.contextmanager
def _computing_in(precision: str):
    """Networks built meanwhile compute in this precision; afterwards all is as before."""
    if precision == "float32":
        yield
        return
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _features(campaign: Campaign, model: str, root, n_jobs: int):
    """Index, features, augmented copies and classes, as the model reads them."""
    from ..audio.augment import Augmentation
    from ..corpora import load_index
    from ..features.store import extract_frames, extract_table
    from ..labels import apply_scheme
    from ..training import speaker_normalise

    frames = reads_frames(model)
    extract, recipe = (extract_frames, "log_mel") if frames else (extract_table, "default")
    if campaign.encoder:
        from ..encoders import EncoderRecipe

        recipe = EncoderRecipe(campaign.encoder, weights=campaign.weights)
    whole = load_index(campaign.corpus, root)
    made = extract(whole, recipe, n_jobs=n_jobs)
    augmented = [
        extract(made.index, recipe, n_jobs=n_jobs, augmentation=Augmentation(), version=k).X
        for k in range(campaign.augmented)
    ]
    index, classes = apply_scheme(made.index, campaign.scheme)
    kept = np.flatnonzero(np.isin(made.index["clip_id"], index["clip_id"]))
    versions = [
        part[kept] if isinstance(part, np.ndarray) else [part[k] for k in kept]
        for part in (made.X, *augmented)
    ]
    if campaign.speaker_norm:
        versions = [speaker_normalise(part, index["speaker"]) for part in versions]
    return index, versions[0], versions[1:], classes


def load(name: str) -> pd.DataFrame:
    """Out-of-fold predictions of a published campaign, all models below each other."""
    path = oof_folder() / f"{name}.parquet"
    _get(name)
    if not path.is_file():
        raise SercoreError(f"{path}: not there; measure it with 'sercore results --measure {name}'")
    return pd.read_parquet(path)


def table(name: str, *, n_boot: int = 2000) -> pd.DataFrame:
    """Result table of a published campaign, computed from its predictions."""
    from ..training import summarise

    campaign, oof = _get(name), load(name)
    return summarise(
        [part for _, part in oof.groupby("model", sort=False)],
        corpus=campaign.corpus,
        scheme=campaign.scheme,
        speaker_norm=campaign.speaker_norm,
        n_boot=n_boot,
    )


def oof_folder() -> Path:
    """Where published predictions lie: ``data/oof`` of the clone."""
    return clone.repository() / "data" / "oof"


def _get(name: str) -> Campaign:
    if name not in CAMPAIGNS:
        raise SercoreError(f"no campaign named {name!r}; there are: {', '.join(CAMPAIGNS)}")
    return CAMPAIGNS[name]


def _rounded(proba: np.ndarray) -> np.ndarray:
    """Four decimals, which is enough for every figure and a quarter of the size; rows still sum to 1."""
    proba = np.round(proba, 4)
    return (proba / proba.sum(axis=1, keepdims=True)).astype(np.float32)


def voting_example() -> pd.DataFrame:
    """Published RAVDESS predictions for :class:`sercore.widgets.Voting`: one seed, without the dummy."""
    oof = load("ravdess-emobox")
    return oof[(oof["model"] != "dummy") & (oof["seed"] == oof["seed"].min())]
