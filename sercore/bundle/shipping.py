"""The models of the package, for recordings of people: trained on RAVDESS and EMO-DB, tested on TESS.

The folder :data:`FOLDER` contains two bundles, their model card and the licence of their weights. ``sercore
train --shipped`` makes all of it again; no recording is part of it.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import BundleError

FOLDER = Path(__file__).with_name("shipped")
CARD = "MODEL_CARD.md"

MODELS = {
    "table": ("logistic_nested@level_free",),
    "table+whisper": ("logistic_nested@level_free", "logistic_nested@whisper_tiny_en"),
}
"""Models by the name of their folder, as for ``sercore train --model``. The second needs the extra
``pretrained``."""

DEFAULT = "table"
"""The default, also if the extra is installed: with no clip of the speaker, its UA between RAVDESS and EMO-DB
is higher in both directions (see the model card). With ten clips, that of the vote with Whisper is higher."""

TRAINING = {
    "corpus": "ravdess+emo_db",
    "scheme": "four",
    "speaker_norm": True,
    "augment": "places",
    "test": ("tess",),
    "seed": 0,
}
"""How they are trained. Features, scheme and normalisation were chosen by the UA between RAVDESS and EMO-DB
in both directions, without and with clips of the speaker, not on TESS; augmentation by the same, heard
through noise, telephones and echoes (:mod:`sercore.course.strangers`). TESS is not used for training because
its licence does not permit derived works."""


def shipped_bundle(name: str = DEFAULT) -> Path:
    """Folder of a bundle of the package.

    Parameters
    ----------
    name : str
        A key of :data:`MODELS`; by default :data:`DEFAULT`.

    Raises
    ------
    BundleError
        There is no bundle of that name.

    Examples
    --------
    >>> shipped_bundle().name
    'table'
    """
    if name not in MODELS:
        raise BundleError(f"the package has no model named {name!r}; there are: {', '.join(MODELS)}")
    return FOLDER / name


def bundle_path(bundle: str | os.PathLike | None) -> str | os.PathLike:
    """Folder of a bundle: that of the default for None, of a bundle of the package for its name.

    A folder in the current directory comes before a bundle of the same name.

    Examples
    --------
    >>> bundle_path("table+whisper") == shipped_bundle("table+whisper")
    True
    """
    if bundle is None:
        return shipped_bundle()
    named = os.fspath(bundle) in MODELS and not os.path.lexists(bundle)
    return shipped_bundle(os.fspath(bundle)) if named else bundle


def train_shipped(out: str | os.PathLike = FOLDER, *, progress: bool = True) -> Path:
    """Train the models of the package again and write their model card.

    Needs RAVDESS, EMO-DB and TESS (:func:`sercore.corpora.download`) and the extra ``pretrained``. On the
    same machine with the same versions, the files are the same to the byte; on others, probabilities agree
    within the tolerance of :meth:`Predictor.load`.

    Parameters
    ----------
    out : path
        Folder to write to. Bundles of the same names are replaced.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    Path
        The folder.
    """
    from .model_card import model_card
    from .predictor import Predictor
    from .training import train

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name, models in MODELS.items():
        train(models=models, out=out / name, overwrite=True, progress=progress, **TRAINING)
    card = model_card({name: Predictor.load(out / name) for name in MODELS})
    (out / CARD).write_text(card, encoding="utf-8", newline="\n")
    return out
