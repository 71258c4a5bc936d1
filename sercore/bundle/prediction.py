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


def predict_or_reject(
    predictor: Predictor,
    wave: np.ndarray,
    *,
    sr: int | None = None,
    novelty: bool = True,
    adapt: bool = False,
) -> Prediction:
    """Prediction for a waveform, or why there is none: not usable audio, not speech, or an unknown voice.

    Parameters
    ----------
    predictor : Predictor
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform in [-1, 1].
    sr : int, optional
        Sample rate in Hz; by default that of the predictor.
    novelty, adapt : bool
        See :meth:`Predictor.assess_waves`.

    See Also
    --------
    Predictor.assess : Raises an error if the audio is not usable.

    Notebook: 10_your_own_voice.ipynb
    """
    try:
        answer = predictor.assess_waves(predictor.waves(wave, sr=sr), novelty=novelty, adapt=adapt)
    except AudioError as error:
        return Prediction(None, reason=str(error).removeprefix("the waveform: "))
    if answer.rejected:
        return Prediction(None, reason=answer.rejected)
    return Prediction(answer.label, answer.proba)
