"""Published robustness and fairness: under which conditions, and for whom, the models on RAVDESS work.

:func:`measure` degrades test clips and needs the recordings; :func:`measure_fairness` groups the published
out-of-fold predictions by sex, age and other columns of the indexes. Both write a small CSV file to
``data/oof``, from which the tables of ``data/RESULTS.md`` and the figure are made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from .. import paths
from ..audio.augment import AUGMENTATIONS, N_VERSIONS
from . import clone, published

__all__ = [
    "FAIRNESS", "FEW", "FILES", "GROUPED", "MODELS", "N_CLIPS", "ROBUSTNESS", "draw_figure", "fairness",
    "measure", "measure_fairness", "measure_file", "measure_model", "table", "table_text",
]  # fmt: skip

ROBUSTNESS, FAIRNESS = FILES = ("robustness", "fairness")
"""Names of the files in ``data/oof``, without suffix, and of ``sercore results``."""

MODELS = (
    ("logistic", "default", ""),
    ("logistic", "level_free", ""),
    ("logistic", "level_free", "voices"),
    ("logistic", "level_free", "places"),
    ("logistic", "whisper_tiny_en", ""),
)
"""Model, features, and how training clips are augmented (:data:`AUGMENTATIONS`), if they are. The two recipes
differ only in the level to which clips are scaled."""

_KEY = ["model", "features", "augmented"]

FEW = ("full scale", "20 dB", "300–3400 Hz", "13 kbit/s", "0.3 s")
"""Conditions for the encoder, which needs ten times longer per clip; without hum."""

N_CLIPS = 96
"""Twelve clips of each of the eight classes, drawn evenly over actors; one of the 24 has none."""

GROUPED = {
    "ravdess-emobox": ("logistic", "mlp"),
    "ravdess-emobox-speaker-norm": ("logistic",),
    "ravdess-emobox-encoder": ("logistic_nested",),
    "ravdess-emobox-encoder-speaker-norm": ("logistic_nested",),
    "emo_db-loso": ("logistic",),
    "emo_db-loso-encoder": ("logistic_nested",),
}
"""Campaigns and models whose predictions are grouped."""


def measure() -> Path:
    """Robustness of :data:`MODELS` on RAVDESS, with the six folds of ``emobox-ravdess``; returns the file.

    Every clip is predicted by the model of its fold, which was fitted on clips of other speakers, clean ones
    or also augmented versions. Finished models are stored in the cache folder, so an interrupted measurement
    resumes.

    See Also
    --------
    sercore.evaluation.robustness : the columns of the table.
    """
    return _write(ROBUSTNESS, pd.concat([measure_model(*each) for each in MODELS]))


def measure_model(model: str, features: str, augmented: str = "") -> pd.DataFrame:
    """The rows of one model in :func:`measure`, from the cache folder if they are there."""
    from .. import audio, evaluation
    from ..corpora import load_index
    from ..evaluation.robustness import balanced_sample
    from ..labels import apply_scheme
    from ..training import write_parquet

    path = _cache_file(model, features, augmented)
    if path.is_file():
        return pd.read_parquet(path)
    index, classes = apply_scheme(load_index("ravdess"), "eight")
    rows = balanced_sample(index["label"], index["speaker"], N_CLIPS)
    tested = index.iloc[rows]
    predict = _predict_by_fold(index, rows, classes, model, features, augmented)
    scores = evaluation.robustness(
        predict, [audio.load(clip) for clip in tested["path"]], tested["label"], classes, tested["speaker"],
        conditions=_conditions(features), n_clips=None,
    )  # fmt: skip
    scores = scores.assign(model=model, features=features, augmented=augmented)
    write_parquet(scores, path)
    return scores


def _conditions(features: str) -> list:
    """All conditions, or a few for the encoder."""
    from ..evaluation import CONDITIONS

    few = features.startswith("whisper")
    return [c for c in CONDITIONS if not few or (c.name in FEW and c.family != "hum")]


def _cache_file(model: str, features: str, augmented: str) -> Path:
    """File of the finished rows of one model; another recipe or other settings have another name."""
    from ..encoders import EncoderRecipe
    from ..features import get_recipe

    recipe = EncoderRecipe(features) if features.startswith("whisper") else get_recipe(features)
    settings = [(c.family, c.name, c.everyday, c.max_lost) for c in _conditions(features)]
    conditions = hashlib.sha256(repr(settings).encode()).hexdigest()[:12]
    versions = f"-{N_VERSIONS}-{AUGMENTATIONS[augmented].key}" if augmented else ""
    name = f"{model}-{features}{versions}-{recipe.key}-{N_CLIPS}-{conditions}.parquet"
    return paths.cache_dir() / "robustness" / name


def _predict_by_fold(index, rows, classes, model: str, features: str, augmented: str) -> Callable:
    """From waveforms of the clips ``rows`` to their probabilities, each by the model of its fold."""
    from ..encoders import EncoderRecipe, load_encoder
    from ..features import get_recipe, table_row
    from ..features.store import extract_table
    from ..splits import make_folds
    from ..training import fit_classical, predict_proba

    if features.startswith("whisper"):
        recipe = EncoderRecipe(features)
        row_of = load_encoder(recipe, "onnx").row
    else:
        recipe = get_recipe(features)
        row_of = partial(table_row, recipe=recipe)
    options = {"n_jobs": 1, "max_bad": 0.0}
    X = extract_table(index, recipe, **options).X
    versions = [
        extract_table(index, recipe, augmentation=AUGMENTATIONS[augmented], version=k, **options).X
        for k in range(N_VERSIONS if augmented else 0)
    ]
    fitted = []
    for fold in make_folds(index, "emobox-ravdess"):
        part = np.flatnonzero(np.isin(rows, fold.test))
        fitted.append((part, fit_classical(index, X, fold.train, model=model, augmented=versions)))

    def predict(waves: Sequence[np.ndarray]) -> np.ndarray:
        table = np.stack([row_of(wave) for wave in waves])
        proba = np.zeros((len(waves), len(classes)))
        for part, estimator in fitted:
            proba[part] = predict_proba(estimator, table[part], classes)
        return proba

    return predict


def measure_file(name: str) -> Path:
    """Measure one of :data:`FILES` and return it."""
    return measure() if name == ROBUSTNESS else measure_fairness()


def measure_fairness() -> Path:
    """UA by group of the published predictions in :data:`GROUPED`; returns the file."""
    from .. import evaluation
    from ..corpora import load_index

    tables = []
    for name, models in GROUPED.items():
        oof, index = published.load(name), load_index(published.CAMPAIGNS[name].corpus)
        for model in models:
            scores = evaluation.fairness(oof[oof["model"] == model], index, n_boot=2000)
            tables.append(scores.assign(campaign=name, model=model))
    return _write(FAIRNESS, pd.concat(tables))


def table() -> pd.DataFrame:
    """Published robustness (:func:`sercore.evaluation.robustness`), with ``model, features, augmented``.

    Examples
    --------
    >>> table()[["n_clips", "n_speakers"]].drop_duplicates().to_numpy().tolist()
    [[96, 23]]
    """
    return pd.read_csv(_path(ROBUSTNESS), keep_default_na=False)


def fairness() -> pd.DataFrame:
    """Published UA by group (:func:`sercore.evaluation.fairness`), with ``campaign`` and ``model``."""
    return pd.read_csv(_path(FAIRNESS), dtype={"group": str})


def table_text(name: str) -> str:
    """The published table as lines of text: losses by condition, or UA by group, in percent."""
    if name == FAIRNESS:
        columns = ["campaign", "model", "by", "group", "n_clips", "n_speakers", "ua", "ua_low", "ua_high"]
        scores = fairness()
        scores = scores.loc[scores["by"] != "speaker", columns]
    else:
        columns = ["model", "features", "family", "condition", "ua_clean", "ua", "lost_low", "lost_high"]
        scores = table()[[*columns[:2], "augmented", *columns[2:], "changed", "passed"]]
    percent = scores.select_dtypes("float").columns
    return scores.assign(**(100 * scores[percent])).round(1).to_string(index=False)


def draw_figure(path: Path | None = None) -> Path:
    """Draw UA of the models with all conditions side by side; returns the file in ``images/``."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from .. import plots

    shown = {
        ("logistic", "default", ""): "Table of features, logistic regression",
        ("logistic", "level_free", ""): "The same at one level",
        ("logistic", "level_free", "voices"): "… trained on other voices, too",
        ("logistic", "level_free", "places"): "… and in other places, too",
    }
    parts = {key: part for key, part in table().groupby(_KEY)}
    with plt.rc_context():
        plots.use_course_style()
        figure, axes = plt.subplots(1, len(shown), figsize=(18, 8), sharey=True, layout="constrained")
        for ax, (key, title) in zip(axes, shown.items(), strict=True):
            plots.robustness(parts[key], ax=ax)
            ax.set_title(title)
        path = path or clone.repository() / "images" / "robustness.png"
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, dpi=90)
        plt.close(figure)
    return path


def _path(name: str) -> Path:
    return published.oof_folder() / f"{name}.csv"


def _write(name: str, scores: pd.DataFrame) -> Path:
    scores.round(4).to_csv(_path(name), index=False, lineterminator="\n")
    return _path(name)
