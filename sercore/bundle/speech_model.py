"""The model for recordings of people: uploads and the microphone.

The default model of :func:`sercore.bundle.get_predictor` knows a synthetic voice only. Whatever predicts for
real voices asks :func:`speech_predictor`, and shows :func:`model_note` beside the predictions.
"""

from __future__ import annotations

import os

from .files import load_cached
from .predictor import Predictor
from .shipping import bundle_path

SYNTHETIC_WARNING = "Trained on a synthetic voice; says nothing about people."


def speech_predictor(bundle: Predictor | str | os.PathLike | None = None) -> Predictor:
    """A loaded bundle, by default the best model of the package for recordings of people.

    :func:`model_note` names it, with what it was trained on and its scores on other corpora.

    Parameters
    ----------
    bundle : Predictor or path, optional
        A folder written by ``sercore train``, or the name of a model of the package
        (:data:`sercore.bundle.shipping.MODELS`). A predictor is returned unchanged.

    Raises
    ------
    BundleError
        The bundle cannot be used; see :meth:`Predictor.load`.

    See Also
    --------
    get_predictor : The default model for a synthetic voice.
    shipped_bundle : The folder of the default model.

    Notebook: 10_your_own_voice.ipynb
    """
    if isinstance(bundle, Predictor):
        return bundle
    return load_cached(bundle_path(bundle))


def is_synthetic(predictor: Predictor) -> bool:
    """Whether a model was trained on the synthetic demo corpus only, or does not name its recordings."""
    names = {corpus.get("name") for corpus in predictor.manifest.training.get("corpora", [])}
    return names <= {"demo"}


def model_note(predictor: Predictor) -> str:
    """What a model was trained on and its score, with a warning if it knows a synthetic voice only.

    Notebook: 10_your_own_voice.ipynb
    """
    note = f"Model: {predictor.about()}."
    return f"{note} {SYNTHETIC_WARNING}" if is_synthetic(predictor) else note
