"""Published cross-corpus experiments: RAVDESS, TESS and EMO-DB, each tested with models from the others.

A campaign fixes the features and the label scheme. It contains the six pairs of corpora, the three tests with
the two other corpora pooled, and the in-corpus references, with adaptations of
:mod:`sercore.training.adaptation`. :func:`measure` needs the recordings and writes
``data/oof/<campaign>.parquet``; :func:`table` computes the scores from that file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .. import paths
from ..errors import SercoreError
from ..models import reads_frames
from .campaigns import TRAINING
from .published import dtype_policy, oof_folder

__all__ = [
    "CAMPAIGNS", "CORPORA", "CURVE", "CrossCorpus", "curve", "leave_one_out", "load", "measure",
    "measure_curve", "pool", "predict", "table", "thousandths",
]  # fmt: skip

CORPORA = ("ravdess", "tess", "emo_db")
"""English, English (two women), German."""

BALANCED = ("plain", "speaker")
"""Adaptations repeated with balanced corpora, where two corpora are pooled; only with all adaptations."""

_STEP = 0.001  # of published probabilities

CURVE = "speaker-norm-curve"
"""File of :func:`measure_curve` in ``data/oof``."""


@dataclass(frozen=True)
class CrossCorpus:
    """A cross-corpus campaign.

    Parameters
    ----------
    features : str
        ``default`` or ``level_free``, tables of features, the name of an encoder, or the recipe of the frames
        of a network that reads them.
    scheme : str
        Label scheme. ``four`` contains no merged emotion; ``six`` is the largest common set, with RAVDESS's
        calm merged into neutral.
    adaptations : tuple of str
        See :func:`sercore.training.adapt`.
    model : str
    pairs_only : bool
        Only pairs of corpora: no pooled or balanced training, no in-corpus references.
    augmented : int
        Number of augmented versions of each training clip (:class:`sercore.audio.augment.Augmentation`).
    test_versions : int
        Number of augmented versions of each test clip that are averaged with it.
    fit_params : dict, optional
        Arguments of :func:`sercore.training.fit` that differ from its defaults.
    precision : str
        Dtype policy of networks (``keras.config.set_dtype_policy``).
    """

    features: str
    scheme: str
    adaptations: tuple[str, ...] = ("plain", "corpus", "coral", "speaker")
    model: str = "logistic_nested"
    pairs_only: bool = False
    augmented: int = 0
    test_versions: int = 0
    fit_params: dict | None = None
    precision: str = "float32"


_FEW = ("plain", "speaker")
_TDNN = {
    "scheme": "four",
    "adaptations": _FEW,
    "model": "tdnn",
    "pairs_only": True,
    "augmented": 12,
    "test_versions": 12,
    "fit_params": TRAINING | {"auxiliary": ()},
    "precision": "mixed_bfloat16",
}
CAMPAIGNS = {
    "cross-corpus-encoder-four": CrossCorpus("whisper_tiny_en", "four"),
    "cross-corpus-table-four": CrossCorpus("default", "four"),
    "cross-corpus-encoder-six": CrossCorpus("whisper_tiny_en", "six", _FEW, pairs_only=True),
    "cross-corpus-table-six": CrossCorpus("default", "six", _FEW, pairs_only=True),
    "cross-corpus-table-four-level-free": CrossCorpus("level_free", "four", _FEW, pairs_only=True),
    "cross-corpus-table-four-augmented": CrossCorpus("default", "four", _FEW, pairs_only=True, augmented=2),
    "cross-corpus-encoder-four-augmented": CrossCorpus(
        "whisper_tiny_en", "four", _FEW, pairs_only=True, augmented=2
    ),
    "cross-corpus-table-four-mlp": CrossCorpus("default", "four", _FEW, model="mlp", pairs_only=True),
    "cross-corpus-frames-four-tdnn": CrossCorpus("log_mel_80", **_TDNN),
    "cross-corpus-frames-four-tdnn-level-free": CrossCorpus("log_mel_level_free", **_TDNN),
}
"""Campaigns by name. Nothing was tuned on the test corpora: corpora, schemes, adaptations and the rule for
the strength of regularisation were fixed before the first score was computed. ``mlp`` is the best network of
the first published comparison on RAVDESS, with the default parameters of :func:`sercore.training.fit` and
without augmentation. ``tdnn`` is the best one on frames; it is trained as for RAVDESS alone, but without
auxiliary labels, which the corpora do not share: with the recordings as they are, and with the input that
``sercore evaluate --model tdnn`` reads by default, 64 bands of clips scaled to one level."""


def measure(name: str) -> Path:
    """Run a campaign on real recordings and return the file of its predictions.

    Raises
    ------
    SercoreError
        No campaign has this name, or a corpus is missing.
    """
    from ..features import get_recipe
    from ..training import write_parquet

    oof = predict(name).assign(recipe=get_recipe(_recipe(_get(name))).key)
    columns = [column for column in oof.columns if column.startswith("p_")]
    oof[columns] = thousandths(oof[columns].to_numpy())
    path = oof_folder() / f"{name}.parquet"
    write_parquet(oof, path)
    return path


def predict(name: str, adaptations: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Predictions of a campaign in full precision, from the fold cache if they are there.

    Small probabilities matter for calibration; the published file has three decimals.
    """
    from ..splits import corpus_folds, corpus_pairs
    from ..training import cross_corpus, in_corpus

    campaign, pooled = _get(name), pool(name)
    options = {"model": campaign.model, "folder": paths.cache_dir() / "oof" / name}
    if campaign.fit_params:
        options |= {"fit_params": campaign.fit_params, "test_versions": campaign.test_versions}
    augmented = [pool(name, version).X for version in range(campaign.augmented)]
    leave_one_out = [] if campaign.pairs_only else corpus_folds(pooled.index)
    folds, tables = [*corpus_pairs(pooled.index), *leave_one_out], []
    with dtype_policy(campaign.precision):
        for adaptation in adaptations or campaign.adaptations:
            tables.append(
                cross_corpus(
                    *pooled.data, folds=folds, adaptation=adaptation, augmented=augmented, **options
                )
            )  # fmt: skip
    for adaptation in BALANCED if leave_one_out and not adaptations else ():
        tables.append(
            cross_corpus(
                *pooled.data, folds=leave_one_out, adaptation=adaptation, balanced=True, **options
            )
        )  # fmt: skip
    for adaptation in () if campaign.pairs_only else _FEW:
        tables.append(in_corpus(*pooled.data, adaptation=adaptation, **options))
    return pd.concat(tables, ignore_index=True).drop(columns=["train_seconds", "ms_per_clip", "parameters"])


def load(name: str) -> pd.DataFrame:
    """Published predictions of a campaign (:func:`sercore.training.cross_corpus`).

    Raises
    ------
    SercoreError
        No campaign has this name, or its predictions are missing.

    Notebook: 09_leaving_the_studio.ipynb
    """
    path = oof_folder() / f"{name}.parquet"
    _get(name)
    if not path.is_file():
        raise SercoreError(f"{path}: not found; create it with 'sercore results --measure {name}'")
    return pd.read_parquet(path)


def table(name: str, *, n_boot: int = 2000) -> pd.DataFrame:
    """Scores of a campaign: one row for each training set, test corpus and adaptation.

    See :func:`sercore.evaluation.evaluate_corpora` for the columns. For the log loss, probabilities that were
    rounded to 0 count as half of the rounding step.

    Examples
    --------
    >>> table("cross-corpus-encoder-four", n_boot=10)["test"].unique().tolist()
    ['ravdess', 'tess', 'emo_db']

    Notebook: 09_leaving_the_studio.ipynb
    """
    from ..evaluation import evaluate_corpora

    oof = load(name)
    columns = [column for column in oof.columns if column.startswith("p_")]
    raised = oof[columns].clip(lower=_STEP / 2)
    return evaluate_corpora(oof.assign(**raised.div(raised.sum(axis=1), axis=0)), n_boot=n_boot)


def leave_one_out(name: str, *, n_boot: int = 2000) -> pd.DataFrame:
    """Several training corpora against the best single one, for each test corpus.

    Adaptation and class prior are chosen on the other corpora
    (:func:`sercore.training.leave_one_corpus_out`). *Best single* is the training corpus with the highest UA
    on the test corpus, which nobody knows beforehand.

    Returns
    -------
    pd.DataFrame
        One row per test corpus: ``adaptation``, ``uniform_prior``; ``best_single``, the UA of the best source
        with normalisation per speaker, ``best_single_same`` with the chosen procedure; ``pooled`` and
        ``pooled_same`` for a model of both corpora; ``ua`` with ``ua_low`` and ``ua_high`` for the average of
        the single-source models; ``minus_best`` with ``low`` and ``high``, the paired difference to
        ``best_single_same``. Intervals are over test speakers, of TESS over clips.

    Examples
    --------
    >>> leave_one_out("cross-corpus-encoder-four", n_boot=10)["uniform_prior"].tolist()
    [True, True, True]
    """
    from ..evaluation import compare_paired, evaluate_corpora, uar_of, unpack
    from ..training import leave_one_corpus_out

    oof = load(name)
    averaged = leave_one_corpus_out(oof)
    scores = evaluate_corpora(averaged, n_boot=n_boot).set_index("test")
    rows = []
    for test, part in averaged.groupby("test", sort=False):
        adaptation, uniform = part["adaptation"].iloc[0], bool(part["uniform_prior"].iloc[0])
        same = _single_sources(oof, test, adaptation, uniform)
        plain = {train: uar_of(each) for train, each in _single_sources(oof, test, "speaker", False).items()}
        alone = {train: uar_of(each) for train, each in same.items() if "+" not in train}
        best = same[max(alone, key=alone.get)].set_index("clip_id").loc[part["clip_id"]].reset_index()
        y, proba, classes, speakers = unpack(part)
        interval = scores.loc[test, "interval"]
        paired = compare_paired(
            y, proba, unpack(best)[1], classes, speakers=speakers, interval=interval, n_boot=n_boot
        )
        rows.append(
            {
                "test": test, "train": part["train"].iloc[0], "adaptation": adaptation,
                "uniform_prior": uniform, "n_clips": len(part), "n_speakers": len(set(speakers)),
                "best_single": max(ua for train, ua in plain.items() if "+" not in train),
                "pooled": max(ua for train, ua in plain.items() if "+" in train),
                "best_single_same": max(alone.values()),
                "pooled_same": max(uar_of(each) for train, each in same.items() if "+" in train),
                **scores.loc[test, ["ua", "ua_low", "ua_high"]],
                "minus_best": paired["difference"], "low": paired["low"], "high": paired["high"],
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _single_sources(oof: pd.DataFrame, test: str, adaptation: str, uniform: bool) -> dict[str, pd.DataFrame]:
    """Predictions of a test corpus by training set."""
    from ..training import average_adaptations, balance_predictions

    rows = oof[(oof["test"] == test) & (oof["train"] != test) & ~oof["balanced"]]
    rows = average_adaptations(rows) if adaptation == "mean" else rows[rows["adaptation"] == adaptation]
    rows = balance_predictions(rows) if uniform else rows
    return dict(list(rows.groupby("train", sort=False)))


def measure_curve() -> Path:
    """Measure :func:`curve` on real recordings and return its file.

    Encoder, four classes, from EMO-DB to RAVDESS and back; TESS has too few speakers.
    """
    from ..splits import corpus_folds
    from ..training import enrolment_curve

    pooled = pool("cross-corpus-encoder-four")
    tables = [
        enrolment_curve(*pooled.data, fold, only=only)
        for train, test in (("emo_db", "ravdess"), ("ravdess", "emo_db"))
        for fold in corpus_folds(pooled.index, [train], [test])
        for only in (None, "neutral")
    ]
    path = oof_folder() / f"{CURVE}.csv"
    pd.concat(tables).round(4).to_csv(path, index=False, lineterminator="\n")
    return path


def curve() -> pd.DataFrame:
    """Published scores by number of clips for speaker normalisation (:func:`enrolment_curve`).

    Notebook: 09_leaving_the_studio.ipynb
    """
    return pd.read_csv(oof_folder() / f"{CURVE}.csv", keep_default_na=False, na_values=[""]).assign(
        only=lambda table: table["only"].fillna("")
    )


def pool(name: str, version: int | None = None):
    """Features and labels of a campaign, or of an augmented version of its clips."""
    from ..audio.augment import Augmentation
    from ..training import pool_corpora

    campaign = _get(name)
    changes = {"frames": reads_frames(campaign.model)}
    if version is not None:
        changes |= {"augmentation": Augmentation(), "version": version}
    return pool_corpora(CORPORA, scheme=campaign.scheme, recipe=_recipe(campaign), **changes)


def _recipe(campaign: CrossCorpus):
    from ..encoders import EncoderRecipe

    return EncoderRecipe(campaign.features) if campaign.features.startswith("whisper") else campaign.features


def _get(name: str) -> CrossCorpus:
    if name not in CAMPAIGNS:
        raise SercoreError(f"no cross-corpus campaign named {name!r}; available: {', '.join(CAMPAIGNS)}")
    return CAMPAIGNS[name]


def thousandths(proba: np.ndarray) -> np.ndarray:
    """Probabilities with three decimals; the largest takes up the rest of the sum, and files are small."""
    rounded, rows = np.round(proba / _STEP), np.arange(len(proba))
    rounded[rows, proba.argmax(axis=1)] += 1 / _STEP - rounded.sum(axis=1)
    return (rounded * _STEP).astype(np.float32)
