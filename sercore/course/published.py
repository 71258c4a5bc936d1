"""Published results: the campaigns that produced them, and their out-of-fold predictions.

A *campaign* fixes corpus, label scheme, split, models and seeds. :func:`run_campaign` runs one on real
recordings and writes its out-of-fold predictions to ``data/oof/<campaign>.parquet``. :func:`table`
computes all metrics from that file, so every published score can be checked without audio. Each row states
which version of the code computed it (:mod:`.predictions`).

RAVDESS, TESS and EMO-DB were measured on copies in FLAC at 16 kHz, the rate at which all features are
computed; other resamplers give slightly different features.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .. import ensemble, paths
from ..ensemble.predictions import Members
from ..errors import SercoreError
from ..features import OpenSmileRecipe, get_recipe
from ..models import reads_frames
from . import clone
from .predictions import OLD_ROW, dagger, raise_rounded, read_predictions, versions, write_predictions

__all__ = [
    "AUGMENTED",
    "CAMPAIGNS",
    "Campaign",
    "is_frozen_encoder",
    "load",
    "oof_folder",
    "run_campaign",
    "table",
    "voting_example",
    "voting_halves",
]

_DETERMINISTIC = ("dummy", "logistic", "linear_svc", "rbf_svc", "knn", "lda")
_TREES = ("random_forest", "extra_trees", "gradient_boosting")
_SEEDED = ("sklearn_mlp", "mlp")

AUGMENTED = {
    "early_stopping": False,
    "epochs": 40,
    "learning_rate": 2e-3,
    "lr_schedule": "cosine",
    "class_weight": "balanced",
    "label_smoothing": 0.1,
    "spec_augment": {"n_masks": 1},
}
"""``fit_params`` of networks trained with augmentation: on all training speakers, for a number of epochs
chosen on inner folds of the training actors of the first emobox fold."""
_HALF = {"epochs": 20}
_OVERRIDES = {
    "mlp": {"spec_augment": None, "learning_rate": 1e-3, "epochs": 60},
    "transformer": _HALF | {"learning_rate": 1e-3},
    "cnn2d_transformer": _HALF | {"learning_rate": 1e-3},
    "lstm": _HALF,
    "bilstm": _HALF,
    "bilstm_multihead": _HALF,
    "tdnn": {
        "epochs": 110,
        "batch_size": 64,
        "learning_rate": 1.5e-3,
        "weight_decay": 0.01,
        "global_clipnorm": 5.0,
        "spec_augment": {"n_masks": 2, "bands": 12, "frames": 30},
        "auxiliary": ("intensity", "sentence"),
    },
}
"""Differences from :data:`AUGMENTED` by model. Networks with half the epochs would gain from more; no other
value was tried for them. Those of ``tdnn`` were the best of eight candidates on inner folds of the training
actors of each fold, in an earlier trial with other code."""


@dataclass(frozen=True)
class Campaign:
    """A comparison of models under equal conditions.

    Parameters
    ----------
    corpus, scheme, split : str
        Names of the corpus, the label scheme and the split.
    models : tuple of str
        See :func:`sercore.training.out_of_fold`. Networks on frames use the recipe ``log_mel``.
    seeds : tuple of int
        Seeds of the ``repeated`` models; all others use the first seed only.
    repeated : tuple of str
        Models trained with every seed, to report the standard deviation over seeds.
    speaker_norm : bool
        Standardise features per speaker, using unlabelled clips of test speakers too.
    augmented : int
        Number of augmented versions of each training clip (:class:`sercore.audio.augment.Augmentation`),
        for networks trained with :data:`AUGMENTED`; 0 trains with ``fit_params``.
    fit_params : dict, optional
        Arguments of :func:`sercore.training.fit` without augmentation; by default its own defaults.
    n_folds : int, optional
        See :func:`sercore.splits.make_folds`.
    precision : str
        Dtype policy of networks (``keras.config.set_dtype_policy``).
    encoder : str, optional
        Encoder whose pooled rows are the table and whose frames are the frames
        (:class:`sercore.encoders.EncoderRecipe`), or a picture network
        (:data:`sercore.encoders.pictures.FAMILIES`).
    weights : str
        Weights of the encoder; ``permuted`` and ``random`` are controls.
    seconds : float
        Length to which clips are padded for the encoder.
    frames : str
        Recipe of the frames of networks (:func:`sercore.features.get_recipe`), without an encoder.
    test_versions : int
        Networks are published twice: from the test clips alone, and averaged over so many augmented versions
        of each of them as well.
    opensmile : str, optional
        Feature set of openSMILE whose functionals are the table (:class:`sercore.features.OpenSmileRecipe`).
    """

    corpus: str
    scheme: str
    split: str
    models: tuple[str, ...] = (*_DETERMINISTIC, *_TREES, *_SEEDED)
    seeds: tuple[int, ...] = (0, 1, 2)
    repeated: tuple[str, ...] = _SEEDED
    speaker_norm: bool = False
    augmented: int = 0
    fit_params: dict | None = None
    n_folds: int | None = None
    precision: str = "float32"
    encoder: str | None = None
    weights: str = "pretrained"
    seconds: float = 8.0
    opensmile: str | None = None
    frames: str = "log_mel"
    test_versions: int = 0

    @property
    def systems(self) -> dict[str, tuple[str, int]]:
        """Model and number of test versions by published name, averages over versions last.

        Examples
        --------
        >>> list(CAMPAIGNS["ravdess-emobox-tdnn"].systems)
        ['tdnn', 'tdnn, 13 versions']
        """
        systems = {model: (model, 0) for model in self.models}
        if n := self.test_versions:
            systems |= {f"{model}, {n + 1} versions": (model, n) for model in self.models}
        return systems


_NETWORKS = (
    "mlp", "lstm", "bilstm", "bilstm_attention", "bilstm_multihead", "cnn1d_lstm", "cnn2d_lstm", "lstm_cnn1d",
    "lstm_cnn2d", "cnn_fused", "transformer", "cnn2d_transformer", "res_lstm",
)  # fmt: skip
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
        "ravdess", "eight", "emobox-ravdess", models=_NETWORKS, repeated=_BEST, augmented=8
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
    "ravdess-emobox-tdnn": Campaign(
        "ravdess",
        "eight",
        "emobox-ravdess",
        models=("tdnn",),
        repeated=("tdnn",),
        augmented=12,
        test_versions=12,
        frames="log_mel_80",
        precision="mixed_bfloat16",
    ),
    "emo_db-loso-tdnn": Campaign(
        "emo_db",
        "all",
        "loso",
        models=("tdnn",),
        repeated=(),
        augmented=12,
        fit_params={"auxiliary": ("sentence",)},
        test_versions=12,
        frames="log_mel_80",
        precision="mixed_bfloat16",
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
"""Published campaigns by name. ``ravdess-emobox-networks-plain`` measures the effect of augmentation,
``ravdess-legacy`` compares with the layers of a network of an earlier project on our input, 64 mel bands ×
251 frames: 3.16 million weights, thirty times as many as ours (3.85 million with its own 128 bands)."""


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
    campaigns["ravdess-emobox-encoder-30s"] = Campaign(
        "ravdess", "eight", "emobox-ravdess", **common, seconds=30.0
    )
    return campaigns


def _opensmile_campaigns() -> dict[str, Campaign]:
    """Functionals of openSMILE with the regularisation chosen on inner speakers.

    ``-nested`` is our table with the same head, whose descriptors were chosen on RAVDESS. Nothing was chosen
    for openSMILE.
    """
    tasks = {
        "ravdess-emobox": ("ravdess", "eight", "emobox-ravdess"),
        "emo_db-loso": ("emo_db", "all", "loso"),
        "tess-loso": ("tess", "seven", "loso"),
    }
    sets = {"nested": None, "egemaps": "eGeMAPSv02", "compare": "ComParE_2016"}
    return {
        f"{name}-{suffix}{'-speaker-norm' if speaker_norm else ''}": Campaign(
            *task, models=("logistic_nested",), repeated=(), opensmile=feature_set, speaker_norm=speaker_norm
        )
        for name, task in tasks.items()
        for suffix, feature_set in sets.items()
        for speaker_norm in (False, True)
        if (name, suffix) not in _UNMEASURED
    }


_UNMEASURED = {("tess-loso", "compare")}


def _head_campaigns() -> dict[str, Campaign]:
    """Other heads on the same frozen encoder, and a picture network with random weights as a control.

    Nothing was chosen for them: they have the defaults of their builders and of
    :func:`sercore.training.fit`, with early stopping on inner speakers. The MLP is trained with and without
    auxiliary labels.
    """
    task = ("ravdess", "eight", "emobox-ravdess")
    common = {"repeated": ("mlp",), "encoder": "whisper_tiny_en"}
    return {
        "ravdess-emobox-encoder-mlp": Campaign(*task, models=("mlp",), **common),
        "ravdess-emobox-encoder-multitask": Campaign(
            *task, models=("mlp",), **common, fit_params={"auxiliary": ("intensity", "sentence")}
        ),
        "ravdess-emobox-encoder-attention": Campaign(*task, models=("encoder_attention",), **common),
        "ravdess-emobox-pictures-random": Campaign(
            *task, models=("logistic_nested",), repeated=(), encoder="mobilenet_v2", weights="random"
        ),
    }


CAMPAIGNS |= _encoder_campaigns() | _head_campaigns() | _opensmile_campaigns()


def run_campaign(
    name: str,
    root: str | os.PathLike | None = None,
    *,
    models: Sequence[str] | None = None,
    n_jobs: int = 2,
) -> Path:
    """Train and evaluate all models of a campaign, and return the file of out-of-fold predictions.

    Every finished (model, seed, fold) is cached, so an interrupted campaign resumes. Processes on several
    machines that share the data folder share the work: each computes the folds that are free, in all models,
    before it waits for those of the others, and each writes the same predictions.

    Parameters
    ----------
    name : str
        A key of :data:`CAMPAIGNS`.
    root : path, optional
        Folder of the corpus.
    models : sequence of str, optional
        Run only these models of the campaign; rows of the other models remain in the file as they are.
    n_jobs : int
        Number of processes.

    Returns
    -------
    Path

    Raises
    ------
    SercoreError
        No campaign has this name.
    """
    from ..training import out_of_fold

    campaign = _get(name)
    chosen = {
        system: parts for system, parts in campaign.systems.items() if models is None or parts[0] in models
    }
    trained = [system for system, (_, n_versions) in chosen.items() if n_versions == campaign.test_versions]
    same = [system for system in chosen if system not in trained]  # the same networks, without the versions
    runs = [(system, False) for system in trained]  # all free folds first; then also those of other processes
    features, tables = {}, {}
    for system, wait in (*runs, *((system, True) for system in (*trained, *same))):
        model, n_versions = chosen[system]
        kind = reads_frames(model)
        if kind not in features:
            features[kind] = _features(campaign, model, root, n_jobs)
        index, X, augmented, classes = features[kind]
        fit_params = campaign.fit_params
        if campaign.augmented:
            fit_params = AUGMENTED | _OVERRIDES.get(model, {}) | (fit_params or {})
        with _dtype_policy(campaign.precision):
            tables[system] = out_of_fold(
                index, X, classes, model=model, fit_params=fit_params, augmented=augmented,
                test_versions=n_versions, split=campaign.split, n_folds=campaign.n_folds,
                seeds=campaign.seeds if model in campaign.repeated else campaign.seeds[:1],
                folder=paths.cache_dir() / "oof" / name,
                n_jobs=n_jobs, wait=wait, progress=not wait,
            ).assign(model=system, recipe=_recipe(campaign, model).key)  # fmt: skip
    path = oof_folder() / f"{name}.parquet"
    rows = pd.concat([tables[system] for system in chosen], ignore_index=True)
    write_predictions(rows, path, keep=models is not None)
    return path


@contextlib.contextmanager
def _dtype_policy(precision: str):
    """Set the dtype policy of Keras temporarily."""
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


def _recipe(campaign: Campaign, model: str):
    """The recipe of the features that a model of the campaign reads."""
    if campaign.opensmile:
        return OpenSmileRecipe(campaign.opensmile)
    if campaign.encoder:
        from ..encoders import EncoderRecipe, PictureRecipe, pictures

        if campaign.encoder in pictures.FAMILIES:
            return PictureRecipe(campaign.encoder, weights=campaign.weights)
        return EncoderRecipe(campaign.encoder, weights=campaign.weights, seconds=campaign.seconds)
    return get_recipe(campaign.frames if reads_frames(model) else "default")


def _features(campaign: Campaign, model: str, root, n_jobs: int):
    """Index, features, augmented features and classes, in the form that the model expects."""
    from ..audio.augment import Augmentation
    from ..corpora import load_index
    from ..features.store import extract_frames, extract_table
    from ..labels import apply_scheme
    from ..training import speaker_normalise

    extract, recipe = extract_frames if reads_frames(model) else extract_table, _recipe(campaign, model)
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


def is_frozen_encoder(name: str) -> bool:
    """Whether a campaign is a logistic regression on Whisper's pooled rows, padded to eight seconds.

    Examples
    --------
    >>> is_frozen_encoder("ravdess-emobox-encoder"), is_frozen_encoder("ravdess-emobox")
    (True, False)
    """
    campaign = _get(name)
    encoder = (campaign.encoder, campaign.models, campaign.seconds)
    return encoder == ("whisper_tiny_en", ("logistic_nested",), 8.0)


def load(name: str) -> pd.DataFrame:
    """Out-of-fold predictions of a published campaign, one row per clip, model and seed.

    Returns
    -------
    pd.DataFrame
        Columns ``clip_id, speaker, label, fold, seed, model`` and more, and ``p_<class>`` for each class.

    Raises
    ------
    SercoreError
        No campaign has this name, or its predictions are missing.

    Examples
    --------
    >>> oof = load("tess-loso")
    >>> oof["speaker"].unique().tolist()
    ['tess-OAF', 'tess-YAF']

    Notebook: 05_cnn_transformer.ipynb
    """
    path = oof_folder() / f"{name}.parquet"
    _get(name)
    if not path.is_file():
        raise SercoreError(f"{path}: not found; create it with 'sercore results --measure {name}'")
    return read_predictions(path)


def table(name: str, *, n_boot: int = 2000) -> pd.DataFrame:
    """Result table of a published campaign, computed from its predictions.

    Parameters
    ----------
    name : str
        A key of :data:`CAMPAIGNS`.
    n_boot : int
        Number of bootstrap samples for the confidence intervals.

    Returns
    -------
    pd.DataFrame
        One row per model (:func:`sercore.evaluation.results_table`), and ``folds_version``, the version of
        the code that computed it. Rows of an earlier one state so in ``note``; their log loss is computed
        with probabilities of at least :data:`sercore.course.predictions.ROUNDED`, because they are rounded.

    Examples
    --------
    >>> set(table("ravdess-legacy", n_boot=10)["folds_version"])
    {'unknown/older'}

    Notebook: 04_lstm_bilstm.ipynb
    """
    from ..training import summarise

    campaign, oof = _get(name), load(name)
    scores = summarise(
        [raise_rounded(part) for _, part in oof.groupby("model", sort=False)],
        corpus=campaign.corpus,
        scheme=campaign.scheme,
        speaker_norm=campaign.speaker_norm,
        n_boot=n_boot,
    )
    scores["folds_version"] = versions(oof).to_numpy()
    older = scores["folds_version"].map(dagger) != ""
    scores.loc[older, "note"] = [
        f"{note}; {OLD_ROW}".removeprefix("; ") for note in scores.loc[older, "note"]
    ]
    return scores


def oof_folder() -> Path:
    """Folder of the published predictions: ``data/oof`` of the clone.

    Notebook: 06_ensembles.ipynb
    """
    return clone.repository() / "data" / "oof"


def _get(name: str) -> Campaign:
    if name not in CAMPAIGNS:
        raise SercoreError(f"no campaign named {name!r}; available: {', '.join(CAMPAIGNS)}")
    return CAMPAIGNS[name]


def voting_example() -> pd.DataFrame:
    """Published RAVDESS predictions for :class:`sercore.widgets.Voting`: one seed, without the dummy.

    Examples
    --------
    >>> voting_example()["model"].nunique()
    10
    """
    oof = load("ravdess-emobox")
    return oof[(oof["model"] != "dummy") & (oof["seed"] == oof["seed"].min())]


def voting_halves() -> tuple[Members, Members]:
    """Members of :func:`voting_example` for two halves of the actors, six women and six men each.

    Examples
    --------
    >>> [half.rows["speaker"].nunique() for half in voting_halves()]
    [12, 12]
    """
    members = ensemble.align(voting_example())
    first = members.rows["speaker"].isin(sorted(members.rows["speaker"].unique())[:12]).to_numpy()
    return members.take(first), members.take(~first)
