"""What a person can do when a recording gets no emotion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rejection import NOT_SPEECH, UNKNOWN_VOICE

if TYPE_CHECKING:
    from .predictor import Predictor

ONE_CORPUS = (
    "Rejected although it is speech: this model was trained on one corpus only, whose rooms, microphones",
    "and language set its limit.",
)
ADVICE = {
    NOT_SPEECH: (
        "Not speech: noise or music may cover the voice. Record closer to the microphone, in a quiet room.",
    ),
    UNKNOWN_VOICE: (
        "Unlike the training voices: noise, an echo, a telephone or another language can be the reason.",
        "Try a cleaner recording, closer to the microphone.",
    ),
}
"""Lines by reason of a rejection."""


def advice(predictor: Predictor, reason: str | None) -> tuple[str, ...]:
    """Lines about what can be done when a recording is rejected; none for reasons that are not in `ADVICE`.

    Parameters
    ----------
    predictor : Predictor
    reason : str or None
        As in :class:`sercore.bundle.Prediction`.

    See Also
    --------
    sercore.bundle.printing.next_steps : with the commands that help.
    """
    if reason == UNKNOWN_VOICE and predictor.one_corpus:
        return ONE_CORPUS
    return ADVICE.get(reason, ())
