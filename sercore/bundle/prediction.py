"""The prediction for one clip: an emotion, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AudioError

if TYPE_CHECKING:
    from .predictor import Predictor


@dataclass(frozen=True)
class Prediction:
    """Predicted emotion of a clip, or the reason for a rejection.

    Parameters
    ----------
    proba : dict of str to float
        Calibrated probability of every emotion; empty if none could be computed.
    rejected : str or None
        Why the clip gets no emotion: ``not speech``, ``unlike the voices this model learned from``, or a
        reason why the audio cannot be used.

    Examples
    --------
    >>> found = Prediction({"neutral": 0.25, "sad": 0.75})
    >>> str(found), found.label, found.confidence
    ('sad, 75 %', 'sad', 0.75)
    >>> str(Prediction(rejected="silent"))
    'no prediction: silent'
    """

    proba: dict[str, float] = field(default_factory=dict)
    rejected: str | None = None

    @property
    def label(self) -> str | None:
        """The most probable emotion, or None if the clip is rejected."""
        return None if self.rejected else max(self.proba, key=self.proba.get)

    @property
    def confidence(self) -> float:
        """Probability of the most probable emotion; 0 if the clip is rejected."""
        return 0.0 if self.rejected else max(self.proba.values())

    def to_row(self) -> dict:
        """``label, confidence, proba, rejected``; of a rejected clip ``rejected``, and None as ``label``."""
        if self.rejected:
            return {"label": None, "rejected": self.rejected}
        return {
            "label": self.label, "confidence": self.confidence, "proba": self.proba, "rejected": None,
        }  # fmt: skip

    def __str__(self):
        if self.rejected:
            return f"no prediction: {self.rejected}"
        return f"{self.label}, {100 * self.confidence:.0f} %"


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
        return predictor.assess_waves(predictor.waves(wave, sr=sr), novelty=novelty, adapt=adapt)
    except AudioError as error:
        return Prediction(rejected=str(error).removeprefix("the waveform: "))
