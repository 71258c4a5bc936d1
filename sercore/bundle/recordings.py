"""Long recordings: from a file or synthetic, in windows, with probabilities over time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import audio, synth
from ..errors import AudioError, SercoreError
from .predictor import Predictor

if TYPE_CHECKING:
    import pandas as pd

PIECE_SECONDS = 600.0
"""Longest piece of a recording that is in memory, if it is read from a file."""

_NOISE = np.random.default_rng(0).normal(scale=0.1, size=16_000).astype(np.float32)

MAX_SECONDS = 600.0
"""Longest :class:`Recording`, which a browser can still play from a notebook."""

EMOTIONS = ("neutral", "happy", "angry", "sad", "surprised", "fearful")
UNSEEN_SPEAKER = synth.Speaker("stranger", "female", 190.0, 15.2)
"""Speaker of synthetic recordings, who is not in the demo corpus."""


@dataclass(frozen=True)
class Windows:
    """Division of a recording into windows of equal length.

    Parameters
    ----------
    seconds : float
        Length of a window.
    step : float
        Seconds from the start of one window to the start of the next.

    Raises
    ------
    AudioError
        The length or the step is too short or too long.

    Examples
    --------
    >>> Windows(3.0, 1.5).spans(5.0)
    [(0.0, 3.0), (1.5, 4.5), (2.0, 5.0)]
    """

    seconds: float = 3.0
    step: float = 1.5

    def __post_init__(self):
        if not (
            audio.MIN_SECONDS <= self.seconds <= audio.MAX_SECONDS and 0.05 <= self.step <= audio.MAX_SECONDS
        ):
            raise AudioError(
                f"windows of {self.seconds} s every {self.step} s; windows must have at least "
                f"{audio.MIN_SECONDS} s, steps at least 0.05 s, and both at most {audio.MAX_SECONDS:g} s",
                reason="too-short" if max(self.seconds, self.step) < audio.MAX_SECONDS else "too-long",
            )

    def spans(self, seconds: float) -> list[tuple[float, float]]:
        """Start and end in seconds of each window; the last window ends with the recording."""
        last = seconds - self.seconds
        if last <= 0:
            return [(0.0, seconds)]
        starts = [self.step * k for k in range(int(last / self.step) + 1)]
        if last - starts[-1] > 0.01:
            starts.append(last)
        return [(start, start + self.seconds) for start in starts]

    def batches(self, seconds: float, at_most: float) -> Iterator[list[tuple[float, float]]]:
        """The same spans, divided into lists of less than ``at_most`` seconds or of one span."""
        size = max(1, int((at_most - self.seconds) / self.step))
        count = max(1, int((seconds - self.seconds) / self.step) + 1)
        for first in range(0, count, size):
            start = self.step * first
            if first + size < count:
                yield [(start + self.step * k, start + self.step * k + self.seconds) for k in range(size)]
            else:
                yield [(start + a, start + b) for a, b in self.spans(seconds - start)]


@dataclass(frozen=True, eq=False)
class Recording:
    """A waveform with its annotations, if there are any.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform in [-1, 1].
    sr : int
        Sample rate in Hz.
    name : str
        Name in messages.
    truth : pd.DataFrame, optional
        Annotated segments: ``start, end`` in seconds and ``emotion``.

    See Also
    --------
    predict_windows : Predictions for each window of a recording.
    sercore.plots.recording : Plot the waveform and the predictions over time.
    """

    wave: np.ndarray
    sr: int
    name: str
    truth: pd.DataFrame | None = None

    @classmethod
    def from_file(cls, path: str | os.PathLike) -> Recording:
        """Read a recording from a file.

        Raises
        ------
        AudioError
            Not usable speech audio, or longer than :data:`MAX_SECONDS`.
        """
        return cls.from_wave(audio.load(path), Path(path).stem)

    @classmethod
    def from_wave(cls, wave: np.ndarray, name: str) -> Recording:
        """Create a recording from a valid waveform [shape=(n_samples,)] at 16 kHz.

        Raises
        ------
        AudioError
            Longer than :data:`MAX_SECONDS`.
        """
        seconds = len(wave) / audio.SAMPLE_RATE
        if seconds > MAX_SECONDS:
            raise AudioError(
                f"{name}: {seconds / 60:.0f} min long; at most {MAX_SECONDS / 60:.0f} min can be played: "
                "cut it, or use 'sercore predict --timeline'",
                reason="too-long",
            )
        return cls(wave, audio.SAMPLE_RATE, name)

    @classmethod
    def synthetic(
        cls, emotions: Sequence[str] = EMOTIONS, *, sentences: int = 2, pause: float = 0.4, seed: int = 0
    ) -> Recording:
        """Render consecutive sentences of a synthetic voice, annotated with the intended emotion.

        The speaker is not in the demo corpus.

        Parameters
        ----------
        emotions : sequence of str
            In order of time, from :data:`sercore.synth.EMOTION_PROSODY`.
        sentences : int
            Number of sentences per emotion.
        pause : float
            Seconds of background noise after each sentence.
        seed : int
            Varies the realisation of the sentences.

        Examples
        --------
        >>> Recording.synthetic(("sad", "angry"), sentences=1).truth["emotion"].tolist()
        ['sad', 'angry']
        """
        import pandas as pd

        noise = np.random.default_rng(seed)
        gap = (10 ** (-78 / 20) * noise.standard_normal(round(pause * synth.SR))).astype(np.float32)
        waves, rows, now = [], [], 0.0
        for k, emotion in enumerate(emotions):
            start = now
            for n in range(sentences):
                sentence = synth.render(
                    synth.EMOTION_PROSODY[emotion], speaker=UNSEEN_SPEAKER,
                    sentence=(k + n) % len(synth.SENTENCES), seed=(seed, k, n),
                )[0]  # fmt: skip
                waves += [sentence, gap]
                now += (len(sentence) + len(gap)) / synth.SR
            rows.append([start, now, emotion])
        truth = pd.DataFrame(rows, columns=["start", "end", "emotion"])
        return cls(np.concatenate(waves), synth.SR, "synthetic", truth)

    def predict(
        self,
        predictor: Predictor,
        windows: Windows,
        *,
        progress: Callable[[float], None] = lambda fraction: None,
    ) -> list[dict]:
        """Predictions for all windows, as from :func:`predict_windows`.

        Parameters
        ----------
        predictor : Predictor
        windows : Windows
        progress : callable, optional
            Called after each window with the fraction that is done, 0 to 1.
        """
        rows, n_windows = [], len(windows.spans(len(self.wave) / self.sr))
        waves = predictor.waves(self.wave, sr=self.sr)
        for row in predict_windows(predictor, waves, windows, where=self.name):
            rows.append(row)
            progress(len(rows) / n_windows)
        return rows


def predict_windows(
    predictor: Predictor, waves: dict[int, np.ndarray], windows: Windows, *, where: str = "the recording"
) -> Iterator[dict]:
    """Predictions for the windows of one recording, yielded as they are computed.

    Parameters
    ----------
    predictor : Predictor
    waves : dict of int to np.ndarray [shape=(n_samples,)]
        The recording at every sample rate that a member uses: :meth:`Predictor.waves`.
    windows : Windows
    where : str
        Name of the recording in messages.

    Yields
    ------
    dict
        ``start, end`` in seconds with ``label, confidence, proba, rejected``; with ``rejected`` alone for
        a window that is not speech; or with ``error, message`` for a window without usable audio, such as
        silence. Whether a voice is unlike the training voices is decided for whole clips only, so for the
        single window of a recording that is not longer.

    See Also
    --------
    over_time : Average overlapping windows.
    """
    if adapt := predictor.speaker_norm and not predictor.voice.n_clips:
        predictor = predictor.for_speaker()  # what is known of the speaker grows with every window
    seconds = max(wave.size / rate for rate, wave in waves.items())
    spans = windows.spans(seconds)
    whole = len(spans) == 1
    yield from _rows(predictor, waves, spans, 0.0, adapt=adapt, novelty=whole, where=where)


def predict_file_windows(
    predictor: Predictor, path: str | os.PathLike, windows: Windows, *, channel: int | None = None
) -> Iterator[dict]:
    """:func:`predict_windows` of a file of any length, which is read in pieces of :data:`PIECE_SECONDS`.

    Raises
    ------
    AudioError
        The file cannot be read; rows before a damaged place have been yielded then.
    """
    with audio.open_pieces(path, channel=channel) as pieces:
        if pieces is None or pieces.seconds <= PIECE_SECONDS:
            waves = predictor.waves(path, channel=channel)
            yield from predict_windows(predictor, waves, windows, where=os.fspath(path))
            return
        if adapt := predictor.speaker_norm and not predictor.voice.n_clips:
            predictor = predictor.for_speaker()
        for spans in windows.batches(pieces.seconds, PIECE_SECONDS):
            start, end = spans[0][0], spans[-1][1]
            wave = pieces.read(start, end)
            try:
                waves = predictor.waves(wave, sr=pieces.sr)
            except AudioError as error:
                if error.reason != "silent":
                    raise
                rates = predictor.waves(_NOISE).keys()
                waves = {rate: np.zeros(round((end - start) * rate), np.float32) for rate in rates}
            yield from _rows(predictor, waves, spans, start, adapt=adapt, where=os.fspath(path))
            del wave, waves  # before the next piece is read


def _rows(
    predictor, waves, spans, offset: float, *, adapt: bool, novelty: bool = False, where: str
) -> Iterator[dict]:
    """A row for each span of a wave that begins ``offset`` seconds after its recording."""
    for start, end in spans:
        cut = {
            rate: wave[round((start - offset) * rate) : round((end - offset) * rate)]
            for rate, wave in waves.items()
        }
        row = {"start": round(start, 3), "end": round(end, 3)}
        try:
            for rate, wave in cut.items():
                audio.check(wave, rate, where=f"{where} at {start:.1f} s")
            yield row | predictor.assess_waves(cut, novelty=novelty, adapt=adapt).to_row()
        except AudioError as error:
            yield row | {"error": error.reason, "message": str(error)}


def predict_waves(predictor: Predictor, waves: dict[int, np.ndarray]) -> dict:
    """:meth:`Prediction.to_row` of one clip, given its waveforms from :meth:`Predictor.waves`."""
    return predictor.assess_waves(waves).to_row()


def over_time(rows: Sequence[dict], classes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities over time: at each moment the mean of the windows that contain it.

    Parameters
    ----------
    rows : sequence of dict
        From :func:`predict_windows`, or :func:`predict_clip` with windows.
    classes : sequence of str

    Returns
    -------
    edges : np.ndarray [shape=(n_segments + 1,)]
        Limits of the segments in seconds.
    proba : np.ndarray [shape=(n_segments, n_classes)]
        NaN if no window has a prediction, as in silence or music.

    Raises
    ------
    SercoreError
        The rows are not those of windows.

    Examples
    --------
    >>> rows = [{"start": 0, "end": 2, "proba": {"sad": 1.0}}, {"start": 1, "end": 3, "proba": {"sad": 0.0}}]
    >>> edges, proba = over_time(rows, ["sad"])
    >>> edges.tolist(), proba.ravel().tolist()
    ([0, 1, 2, 3], [1.0, 0.5, 0.0])
    """
    if not rows or "start" not in rows[0]:
        raise SercoreError(f"no windows in {list(rows)[:1]}; use rows of sercore.bundle.predict_windows")
    rows = [row for row in rows if "start" in row]  # without that of a recording that ends damaged
    edges = np.unique([row[end] for row in rows for end in ("start", "end")])
    total, count = np.zeros((len(edges) - 1, len(classes))), np.zeros(len(edges) - 1)
    for row in rows:
        if "proba" in row:
            inside = slice(*np.searchsorted(edges, (row["start"], row["end"])))
            total[inside] += [row["proba"][name] for name in classes]
            count[inside] += 1
    return edges, total / np.where(count, count, np.nan)[:, None]
