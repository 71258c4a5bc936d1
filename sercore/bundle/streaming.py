"""Predictions that follow a microphone: the last seconds of a stream, at regular steps, none in pauses.

:class:`SampleBuffer` keeps the last seconds, :class:`PauseDetector` tells speech from background noise by its
level, and :class:`Listener` combines them with a model. Nothing here depends on where the samples come from:
:class:`sercore.widgets.Live` feeds a listener from a browser, ``sercore listen`` from a sound card.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from ..errors import AudioError
from .prediction import Prediction, predict_or_reject
from .predictor import Predictor
from .recordings import Windows


class SampleBuffer:
    """Ring buffer of the last samples of a stream.

    Parameters
    ----------
    n_samples : int
        Number of samples that are kept.

    Attributes
    ----------
    n_received : int
        Number of samples received so far.

    Examples
    --------
    >>> buffer = SampleBuffer(4)
    >>> for block in ([1, 2, 3], [4, 5]):
    ...     buffer.push(np.array(block))
    >>> buffer.last().tolist(), buffer.last(2).tolist(), buffer.n_received
    ([2.0, 3.0, 4.0, 5.0], [4.0, 5.0], 5)
    """

    def __init__(self, n_samples: int):
        self._ring = np.zeros(n_samples, np.float32)
        self.n_received = 0

    def push(self, block: np.ndarray) -> None:
        """Append samples [shape=(n,)]; the oldest are overwritten."""
        size = len(self._ring)
        kept = block[-size:]
        start = self.n_received + len(block) - len(kept)
        self._ring[np.arange(start, start + len(kept)) % size] = kept
        self.n_received += len(block)

    def last(self, n_samples: int | None = None) -> np.ndarray:
        """The last samples in order of time, fewer if fewer were received [shape=(n,)]."""
        n = min(n_samples or len(self._ring), len(self._ring), self.n_received)
        return self._ring[np.arange(self.n_received - n, self.n_received) % len(self._ring)]


class PauseDetector:
    """Tells speech from pauses by the level of 20 ms frames above the background noise.

    The noise is estimated as the 10th percentile of the levels of the last 10 s, which speech with its
    gaps does not raise much. A frame is speech if it exceeds the noise by 9 dB, and -55 dB of full scale
    in any case; above -35 dB it always is. There is no test for voices: music and a slammed door are
    speech to this detector.

    Parameters
    ----------
    sr : int
        Sample rate in Hz.
    window : float
        Seconds within which speech is looked for.
    pause : float
        Seconds without speech after which a pause begins.
    shortest : float
        Seconds of speech within the window without which there is no prediction; at most half of the window.

    Examples
    --------
    >>> detector = PauseDetector(16_000)
    >>> detector.push(np.zeros(16_000))
    >>> detector.is_pause
    True
    """

    FRAME_SECONDS, MEMORY_SECONDS = 0.02, 10.0
    MARGIN_DB, LOWEST_DB, HIGHEST_DB = 9.0, -55.0, -35.0

    def __init__(self, sr: int, *, window: float = 3.0, pause: float = 0.6, shortest: float = 0.4):
        self._frame = round(self.FRAME_SECONDS * sr)
        self._levels: deque[float] = deque(maxlen=round(self.MEMORY_SECONDS / self.FRAME_SECONDS))
        self._rest = np.zeros(0, np.float32)
        self._window, self._pause, self._shortest = (
            round(seconds / self.FRAME_SECONDS) for seconds in (window, pause, min(shortest, window / 2))
        )

    def push(self, block: np.ndarray) -> None:
        """Append samples [shape=(n,)]."""
        samples = np.concatenate([self._rest, block])
        n = len(samples) // self._frame * self._frame
        frames, self._rest = samples[:n].reshape(-1, self._frame), samples[n:]
        power = frames.var(axis=1) if n else np.zeros(0)  # without a constant offset
        self._levels.extend(10 * np.log10(np.maximum(power, 1e-10)))

    @property
    def threshold(self) -> float:
        """Level in decibels of full scale above which a frame is speech."""
        noise = np.percentile(self._levels, 10) if self._levels else -100.0
        return float(np.clip(noise + self.MARGIN_DB, self.LOWEST_DB, self.HIGHEST_DB))

    @property
    def level(self) -> float:
        """Level of the last 0.1 s in decibels of full scale; -100 before the first frame."""
        return float(max(list(self._levels)[-5:], default=-100.0))

    @property
    def is_muted(self) -> bool:
        """Whether nothing but zeros arrived within the memory of 10 s, and at least 2 s of them."""
        return (
            len(self._levels) * self.FRAME_SECONDS >= MUTED_SECONDS
            and max(self._levels, default=0.0) <= MUTED_DB
        )

    @property
    def is_pause(self) -> bool:
        """Whether the last seconds contain too little speech for a prediction."""
        speech = np.array(self._levels)[-self._window :] > self.threshold
        return not speech[-self._pause :].any() or int(speech.sum()) < self._shortest


@dataclass(frozen=True)
class Moment:
    """The state of a stream at one step.

    Parameters
    ----------
    seconds : float
        Time since the start of the stream.
    level : float
        Level in decibels of full scale.
    prediction : Prediction
        Rejected in a pause.
    """

    seconds: float
    level: float
    prediction: Prediction


PAUSE = Prediction(rejected="pause")
MUTED = Prediction(
    rejected="the microphone sends only silence: is it muted, or not allowed in the settings of the system?"
)
MUTED_SECONDS, MUTED_DB = 2.0, -95.0
"""A pause of at least this length and at most this level is no pause: every room is louder."""


class Listener:
    """Predicts the last seconds of a stream at regular steps; pauses have no emotion.

    :meth:`push` stores samples, :meth:`poll` predicts if the next step is reached. A listener that is slower
    than the stream skips steps: it predicts the newest samples only. A model that normalises features by
    speaker adapts to the stream, as to the windows of a recording.

    Parameters
    ----------
    predictor : Predictor
    sr : int
        Sample rate of the stream in Hz.
    seconds, step : float
        Length of the window, and time between predictions, in seconds.

    Raises
    ------
    AudioError
        The window or the step is too short or too long.

    See Also
    --------
    predict_windows : The same for a recording.

    Examples
    --------
    >>> listener = Listener(None, 16_000)  # a pause needs no model
    >>> listener.push(np.zeros(4000))
    >>> str(listener.poll().prediction), listener.poll()
    ('no prediction: pause', None)

    Notebook: 10_your_own_voice.ipynb
    """

    def __init__(self, predictor: Predictor, sr: int, *, seconds: float = 3.0, step: float = 0.25):
        Windows(seconds, step)  # checks both
        self.sr = sr
        self._adapts = predictor is not None and predictor.speaker_norm and not predictor.voice.n_clips
        self.predictor = predictor.for_speaker() if self._adapts else predictor
        self.buffer = SampleBuffer(round(seconds * sr))
        self.pauses = PauseDetector(sr, window=seconds)
        self._step, self._due = round(step * sr), round(step * sr)
        self._window, self._adapted = round(seconds * sr), 0

    def push(self, block: np.ndarray) -> None:
        """Append samples [shape=(n,)].

        Raises
        ------
        AudioError
            The block is not mono, or not finite.
        """
        block = np.asarray(block, np.float32)
        if block.ndim != 1:
            raise AudioError(f"a block of shape {block.shape}; expected mono samples", reason="not-mono")
        if not np.isfinite(block).all():
            raise AudioError("a block contains samples that are not finite numbers", reason="not-finite")
        self.buffer.push(block)
        self.pauses.push(block)

    def poll(self) -> Moment | None:
        """The state of the stream, or None before the next step."""
        received = self.buffer.n_received
        if received < self._due:
            return None
        self._due += self._step * (1 + (received - self._due) // self._step)
        return Moment(received / self.sr, self.pauses.level, self._predict())

    def _predict(self) -> Prediction:
        if self.pauses.is_pause:
            return MUTED if self.pauses.is_muted else PAUSE
        received = self.buffer.n_received
        adapt = self._adapts and received - self._adapted >= self._window  # every sample counts once
        self._adapted = received if adapt else self._adapted
        # as for the windows of a recording: the limit for unknown voices was found on whole clips
        return predict_or_reject(self.predictor, self.buffer.last(), sr=self.sr, novelty=False, adapt=adapt)
