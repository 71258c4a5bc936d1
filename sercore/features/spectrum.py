"""One short-time Fourier transform per clip, and the quantities derived from it.

:class:`Spectrum` computes each quantity at most once. Its arrays are time-first, so that every filter bank is
one matrix product over contiguous frames; :func:`sercore.features.compute` and
:func:`sercore.features.frames` return time-last arrays ``(n_features, n_frames)``, as librosa does.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np
import scipy.fft

from ..audio import check_array
from . import pitch
from .recipe import Recipe


class Spectrum:
    """The short-time spectrum of one waveform, and cached quantities derived from it.

    Frame *t* is centred on sample ``t * hop_length``; the waveform is zero-padded at both ends, so
    there are ``1 + n_samples // hop_length`` frames, as in ``librosa.stft(center=True)``.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at ``recipe.sr``.
    recipe : Recipe

    Raises
    ------
    AudioError
        The waveform is not mono float, or it is empty, not finite or out of range.

    Examples
    --------
    >>> spectrum = Spectrum(np.zeros(16_000, dtype=np.float32), Recipe())
    >>> spectrum.power.shape, spectrum.log_mel.shape
    ((101, 513), (101, 64))

    Notebook: 01_eda.ipynb
    """

    def __init__(self, wave: np.ndarray, recipe: Recipe):
        check_array(wave, highest=np.inf)  # a wave scaled to a level may have high peaks
        self.wave = np.ascontiguousarray(wave, dtype=np.float32)
        self.recipe = recipe
        self.n_frames = 1 + self.wave.size // recipe.hop_length

    def windows(self, samples: np.ndarray) -> np.ndarray:
        """Overlapping windows of a signal that is in step with the waveform, zero-padded at both ends.

        Parameters
        ----------
        samples : np.ndarray [shape=(n,)]
            One value per sample of the waveform; it may be shorter.

        Returns
        -------
        np.ndarray [shape=(n_frames, win_length), dtype=float32]
            A view of the padded signal; window *t* is centred on sample ``t * hop_length``.
        """
        recipe = self.recipe
        left = recipe.win_length // 2
        padded = np.zeros(left + self.wave.size + recipe.win_length, dtype=np.float32)
        padded[left : left + len(samples)] = samples
        strides = (recipe.hop_length * padded.itemsize, padded.itemsize)
        return np.ndarray((self.n_frames, recipe.win_length), padded.dtype, padded, strides=strides)

    @cached_property
    def _framed(self) -> np.ndarray:
        """Overlapping windows of the waveform, [shape=(n_frames, win_length)]."""
        return self.windows(self.wave)

    @cached_property
    def _all_magnitudes(self) -> np.ndarray:
        """Magnitude of all bins, [shape=(n_frames, 1 + n_fft // 2)]."""
        n, window = self.recipe.win_length, hann(self.recipe.win_length)
        magnitudes = np.empty((self.n_frames, 1 + self.recipe.n_fft // 2), dtype=np.float32)
        padded = np.zeros((_ROWS, self.recipe.n_fft), dtype=np.float32)
        for start in range(0, self.n_frames, _ROWS):
            framed = self._framed[start : start + _ROWS]
            np.multiply(framed, window, out=padded[: len(framed), :n])
            transform = scipy.fft.rfft(padded[: len(framed)], axis=1)
            np.abs(transform, out=magnitudes[start : start + _ROWS])
        return magnitudes

    @cached_property
    def power(self) -> np.ndarray:
        """Squared magnitude, [shape=(n_frames, 1 + n_fft // 2)]."""
        return np.square(self._all_magnitudes)

    @cached_property
    def magnitude(self) -> np.ndarray:
        """Magnitude up to the band limit of the recipe, [shape=(n_frames, n_bins)]."""
        return np.ascontiguousarray(self._all_magnitudes[:, : self.recipe.n_bins])

    @cached_property
    def _magnitude_sums(self) -> np.ndarray:
        """Sums of magnitude, magnitude times Hz and times Hz squared, and of all bins before each block."""
        return self.magnitude @ _summation(self.recipe)

    @cached_property
    def frequencies(self) -> np.ndarray:
        """Centre of each Fourier bin in Hz, [shape=(1 + n_fft // 2,)]."""
        return frequencies(self.recipe)

    @cached_property
    def spectral_moments(self) -> np.ndarray:
        """Mean frequency in Hz and mean squared frequency, weighted by magnitude, [shape=(n_frames, 2)]."""
        total = self._magnitude_sums[:, :1]
        return self._magnitude_sums[:, 1:3] / np.where(total < _TINY, 1.0, total)

    def quantile(self, proportion: float) -> np.ndarray:
        """First bin of each frame up to which a proportion of its magnitude is found.

        Making the clip louder does not change it. It equals a search in the cumulative sum over all bins, of
        which only one block is computed.

        Parameters
        ----------
        proportion : float
            Between 0 and 1.

        Returns
        -------
        np.ndarray of int [shape=(n_frames,)]
            Index into :attr:`frequencies`; 0 in silent frames.
        """
        magnitude, frame, starts = self.magnitude, np.arange(self.n_frames), _block_starts(self.recipe)
        limit = proportion * self._magnitude_sums[:, :1]
        before = self._magnitude_sums[:, 3:]
        block = np.count_nonzero(before[:, 1:] < limit, axis=1)
        n, step = min(_BLOCK, self.recipe.n_bins), magnitude.itemsize
        runs = np.ndarray((magnitude.size - n + 1, n), magnitude.dtype, magnitude, strides=(step, step))
        total = np.cumsum(runs[frame * self.recipe.n_bins + starts[block]], axis=1)
        total += before[frame, block, None]
        total[:, -1] = np.inf  # reached, whatever the rounding
        return starts[block] + np.argmax(total >= limit, axis=1)

    @cached_property
    def autocorrelation(self) -> np.ndarray:
        """Autocorrelation of each window, [shape=(n_frames, n_fft - win_length)], lags in samples.

        By the Wiener–Khinchin theorem, it is the inverse transform of ``power``; lags up to
        ``n_fft - win_length`` are free of circular aliasing.
        """
        # power is real and even, so its inverse transform is a cosine transform, which is twice as fast
        full = scipy.fft.dct(self.power, type=1, axis=1, norm="forward")
        return full[:, : max(1, self.recipe.n_fft - self.recipe.win_length)]

    @cached_property
    def mel(self) -> np.ndarray:
        """Power in mel bands, [shape=(n_frames, n_mels)]."""
        # a few bands depend on a few neighbouring bins: this is faster than one product of all
        products = [self.power[:, bins] @ filters for bins, filters in _mel_groups(self.recipe)]
        return np.concatenate(products, axis=1)

    @cached_property
    def log_mel(self) -> np.ndarray:
        """Mel power in decibels, floored 80 dB below the clip's peak, [shape=(n_frames, n_mels)]."""
        level = 10.0 * np.log10(np.maximum(self.mel, 1e-10))
        return np.maximum(level, level.max() - 80.0)

    @cached_property
    def mfcc(self) -> np.ndarray:
        """Cosine transform of each log-mel frame, [shape=(n_frames, n_mfcc)]."""
        return self.log_mel @ _dct_matrix(self.recipe.n_mels, self.recipe.n_mfcc)

    @cached_property
    def chroma(self) -> np.ndarray:
        """Power per pitch class, divided by the maximum of each frame, [shape=(n_frames, 12)]."""
        raw = self.power @ _chroma_filters(self.recipe)
        peak = raw.max(axis=1, keepdims=True)
        return raw / np.where(peak < _TINY, 1.0, peak)

    @cached_property
    def pitch(self) -> tuple[np.ndarray, np.ndarray]:
        """Fundamental frequency in Hz (NaN if unvoiced) and periodicity, each [shape=(n_frames,)]."""
        return pitch.track(self)

    @cached_property
    def rms(self) -> np.ndarray:
        """Root mean square of each window before weighting, [shape=(n_frames,)]."""
        frames = self._framed
        return np.sqrt(np.einsum("ij,ij->i", frames, frames) / self.recipe.win_length)


_TINY = np.finfo(np.float32).tiny
_ROWS = 64  # frames that are transformed at once, so that they stay in the cache of the processor
_BLOCK = 32  # bins that are summed at once in the search for a quantile


@lru_cache(maxsize=8)
def hann(n: int) -> np.ndarray:
    """Periodic Hann window, [shape=(n,)]."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(np.float32)


@lru_cache(maxsize=16)
def frequencies(recipe: Recipe) -> np.ndarray:
    """Centre of each Fourier bin in Hz, [shape=(1 + n_fft // 2,)]."""
    return np.fft.rfftfreq(recipe.n_fft, 1.0 / recipe.sr).astype(np.float32)


@lru_cache(maxsize=16)
def _block_starts(recipe: Recipe) -> np.ndarray:
    """First bin of each block, the last of which ends at the band limit, [shape=(n_blocks,)]."""
    return np.maximum(0, np.arange(recipe.n_bins, 0, -_BLOCK)[::-1] - _BLOCK)


@lru_cache(maxsize=16)
def _summation(recipe: Recipe) -> np.ndarray:
    """Weights of :attr:`Spectrum._magnitude_sums`, [shape=(n_bins, 3 + n_blocks)]."""
    hertz = frequencies(recipe)[: recipe.n_bins, None]
    before = np.arange(recipe.n_bins)[:, None] < _block_starts(recipe)
    return np.hstack([np.ones_like(hertz), hertz, hertz**2, before], dtype=np.float32)


@lru_cache(maxsize=16)
def mel_filters(recipe: Recipe) -> np.ndarray:
    """Triangular mel bands of equal area, [shape=(1 + n_fft // 2, n_mels)].

    Equal to the transpose of ``librosa.filters.mel``. Computed without librosa, whose import takes a
    second and would delay the first prediction.
    """
    edges = mel_edges(recipe.n_mels, recipe.fmin, recipe.fmax)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    bins = np.fft.rfftfreq(recipe.n_fft, 1.0 / recipe.sr)[:, None]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    bank = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    bank *= 2.0 / (high - low)
    return bank


@lru_cache(maxsize=16)
def _mel_groups(recipe: Recipe) -> list[tuple[slice, np.ndarray]]:
    """Filters of about 16 neighbouring mel bands each, and the bins on which they depend."""
    groups = []
    for filters in np.array_split(mel_filters(recipe), -(-recipe.n_mels // 16), axis=1):
        used = np.flatnonzero(filters.any(axis=1))
        bins = slice(used.min(initial=recipe.n_fft), used.max(initial=0) + 1)
        groups.append((bins, np.ascontiguousarray(filters[bins])))
    return groups


def mel_edges(n_mels: int, fmin: float, fmax: float) -> np.ndarray:
    """Edges in Hz of overlapping bands, evenly spaced on Slaney's mel scale, [shape=(n_mels + 2,)].

    The scale is linear below 1000 Hz, with steps of 200/3 Hz, and logarithmic above, with 27 steps per factor
    of 6.4 (Slaney 1998, Auditory Toolbox).
    """
    bend, per_step = 1000.0 * 3 / 200, np.log(6.4) / 27
    low, high = (hz * 3 / 200 if hz < 1000 else bend + np.log(hz / 1000) / per_step for hz in (fmin, fmax))
    mels = np.linspace(low, high, n_mels + 2)
    return np.where(mels < bend, mels * 200 / 3, 1000 * np.exp(per_step * (mels - bend)))


def mel_centres(recipe: Recipe) -> np.ndarray:
    """Centre of each mel band in Hz, [shape=(n_mels,)].

    Equal to ``librosa.mel_frequencies(n_mels + 2, …)`` without its first and last value.

    Examples
    --------
    >>> mel_centres(Recipe())[[0, 1, -1]].round(1).tolist()
    [95.6, 141.3, 7632.2]
    """
    return mel_edges(recipe.n_mels, recipe.fmin, recipe.fmax)[1:-1]


@lru_cache(maxsize=16)
def _chroma_filters(recipe: Recipe) -> np.ndarray:
    """Fourier bins folded onto twelve pitch classes, [shape=(1 + n_fft // 2, 12)].

    Equal to the transpose of ``librosa.filters.chroma`` in concert pitch: normal curves around each pitch
    class, one bin wide, weighted by a wide normal curve around the fifth octave. Computed without librosa,
    whose import takes a large part of the time to a first prediction.
    """
    hertz = np.arange(1, recipe.n_fft) * (recipe.sr / recipe.n_fft)
    pitch_class = 12 * np.log2(hertz / (440.0 / 16))
    pitch_class = np.concatenate([[pitch_class[0] - 18], pitch_class])  # a broad bin at 0 Hz
    width = np.append(np.maximum(np.diff(pitch_class), 1.0), 1.0)
    distance = (pitch_class[:, None] - np.arange(12) + 126) % 12 - 6
    bank = np.exp(-0.5 * (2 * distance / width[:, None]) ** 2)
    bank /= np.linalg.norm(bank, axis=1, keepdims=True)
    bank *= np.exp(-0.5 * ((pitch_class[:, None] / 12 - 5) / 2) ** 2)
    bank = np.roll(bank, -3, axis=1)  # from A to C
    return np.ascontiguousarray(bank[: 1 + recipe.n_fft // 2], dtype=np.float32)


@lru_cache(maxsize=16)
def _dct_matrix(n_mels: int, n_mfcc: int) -> np.ndarray:
    """Orthonormal cosine transform (type II) as a matrix, [shape=(n_mels, n_mfcc)]."""
    return scipy.fft.dct(np.eye(n_mels), norm="ortho", axis=1)[:, :n_mfcc].astype(np.float32)


# glibc returns freed memory to the operating system, which clears it before the next clip gets it, unless it
# is less than twice the largest block that was freed before. Clearing took up to two fifths of the time.
np.empty(16_000_000, dtype=np.uint8)
