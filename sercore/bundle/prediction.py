"""The answer to one clip: an emotion, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..errors import AudioError
from .predictor import Predictor


@dataclass(frozen=True)
class Prediction:
    """Predicted emotion of a clip, or the reason for a rejection.

    Parameters
    ----------
    emotion : str or None
        The most probable emotion; None if the clip is rejected.
    proba : dict of str to float
        Probability by emotion; may be empty if the clip is rejected.
    reason : str
        Why the clip is rejected.

    Examples
    --------
    >>> str(Prediction("sad", {"neutral": 0.25, "sad": 0.75}))
    'sad, 75 %'
    >>> str(Prediction(None, reason="silent"))
    'no prediction: silent'
    """

    emotion: str | None
    proba: dict[str, float] = field(default_factory=dict)
    reason: str = ""

    def __str__(self):
        if self.emotion is None:
            return f"no prediction: {self.reason}"
        return f"{self.emotion}, {100 * self.proba[self.emotion]:.0f} %"


def predict_or_reject(predictor: Predictor, wave: np.ndarray, *, sr: int | None = None) -> Prediction:
    """Prediction for a waveform; one that is not usable speech audio is rejected with the reason.

    Parameters
    ----------
    predictor : Predictor
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform in [-1, 1].
    sr : int, optional
        Sample rate in Hz; by default that of the predictor.

    See Also
    --------
    Predictor.predict : Raises an error instead.
    """
    try:
        proba = predictor.predict(wave, sr=sr)
    except AudioError as error:
        return Prediction(None, reason=str(error).removeprefix("the waveform: "))
    return Prediction(max(proba, key=proba.get), proba)
