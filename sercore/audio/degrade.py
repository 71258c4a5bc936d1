"""Recordings as they arrive: background noise, telephones, codecs, rooms, clipping, cut ends.

Every function returns the same utterance under a worse condition, aligned with the original and with the
same number of samples unless it cuts; the expressed emotion does not change. :mod:`sercore.audio.augment` has
white noise, level and speed. :mod:`sercore.evaluation.robustness` measures what the conditions cost.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from .waveform import SAMPLE_RATE, trim

TELEPHONE_HZ = (300.0, 3400.0)
"""Band of analogue telephony."""


def mix(wave: np.ndarray, background: np.ndarray, snr_db: float) -> np.ndarray:
    """Waveform plus a background at a signal-to-noise ratio, measured over the whole clip.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    background : np.ndarray [shape=(n,)]
        Repeated if it is shorter.
    snr_db : float
        Decibels; a silent background is not amplified.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]

    Examples
    --------
    >>> mixed = mix(np.ones(4), np.array([1.0, -1.0]), 20.0)
    >>> mixed.round(3).tolist()
    [1.1, 0.9, 1.1, 0.9]
    """
    background = np.resize(np.asarray(background, dtype=float), wave.size)
    power = np.mean(np.square(background))
    gain = np.sqrt(np.mean(np.square(wave, dtype=float)) / max(power, 1e-20)) * 10 ** (-snr_db / 20)
    return (wave + (gain if power > 1e-20 else 0.0) * background).astype(wave.dtype)


def add_babble(
    wave: np.ndarray,
    others: Sequence[np.ndarray],
    snr_db: float,
    *,
    rng: np.random.Generator,
    n_voices: int = 6,
) -> np.ndarray:
    """Waveform plus several other voices that talk at once.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    others : sequence of np.ndarray [shape=(n,)]
        Clips of other speakers.
    snr_db : float
    rng : np.random.Generator
        Draws the voices and where they start.
    n_voices : int

    Returns
    -------
    np.ndarray [shape=(n_samples,)]

    Notebook: 09_leaving_the_studio.ipynb
    """
    background = np.zeros(wave.size)
    for k in rng.integers(len(others), size=n_voices):
        voice = others[k] / max(1e-6, np.sqrt(np.mean(np.square(others[k], dtype=float))))
        background += np.resize(np.roll(voice, rng.integers(voice.size)), wave.size)
    return mix(wave, background, snr_db)


def add_hum(wave: np.ndarray, snr_db: float, *, mains: float = 50.0, sr: int = SAMPLE_RATE) -> np.ndarray:
    """Waveform plus mains hum: 50 or 60 Hz and seven harmonics.

    Examples
    --------
    >>> hum = add_hum(np.full(16_000, 0.1), 20.0) - 0.1
    >>> round(float(np.sqrt(np.mean(hum**2))), 4)
    0.01
    """
    t = np.arange(wave.size) / sr
    return mix(wave, sum(np.sin(2 * np.pi * k * mains * t + k) / k for k in range(1, 9)), snr_db)


def limit_band(
    wave: np.ndarray, low: float = TELEPHONE_HZ[0], high: float = TELEPHONE_HZ[1], *, sr: int = SAMPLE_RATE
) -> np.ndarray:
    """Waveform without frequencies outside a band, by default that of the telephone; no delay.

    Examples
    --------
    >>> t = np.arange(16_000) / 16_000
    >>> parts = [float(np.std(limit_band(np.sin(2 * np.pi * hz * t)))) for hz in (100, 1000, 6000)]
    >>> [round(part, 1) for part in parts]
    [0.0, 0.7, 0.0]

    Notebook: 09_leaving_the_studio.ipynb
    """
    from scipy.signal import butter, sosfiltfilt

    sos = butter(4, [low, high], btype="bandpass", fs=sr, output="sos")
    padding = min(27, wave.size - 1)  # 27 is the default for this filter
    return sosfiltfilt(sos, wave, padlen=padding).astype(wave.dtype) if wave.size else wave.copy()


def encode_gsm(wave: np.ndarray, *, sr: int = SAMPLE_RATE) -> np.ndarray:
    """Waveform after the full-rate codec of GSM telephones (GSM 06.10, 13 kbit/s, 8 kHz)."""
    import soxr

    narrow = soxr.resample(wave, sr, 8000, quality="HQ")
    decoded = _through_file(narrow, 8000, format="WAV", subtype="GSM610")
    return _fit(soxr.resample(decoded, 8000, sr, quality="HQ"), wave)


def encode_mulaw(wave: np.ndarray, *, sr: int = SAMPLE_RATE) -> np.ndarray:
    """Waveform after a digital telephone line (ITU-T G.711, µ-law, 64 kbit/s, 8 kHz), band limited."""
    import soxr

    narrow = soxr.resample(limit_band(wave, sr=sr), sr, 8000, quality="HQ")
    decoded = _through_file(narrow, 8000, format="WAV", subtype="ULAW")
    return _fit(soxr.resample(decoded, 8000, sr, quality="HQ"), wave)


def encode_opus(wave: np.ndarray, *, compression: float = 1.0, sr: int = SAMPLE_RATE) -> np.ndarray:
    """Waveform after the Opus codec, which browsers and messengers use.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    compression : float
        0 to 1 as in libsndfile; 1 is 6 kbit/s per channel, the lowest rate of the codec.
    sr : int
        8000, 12000, 16000, 24000 or 48000 Hz.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]
    """
    decoded = _through_file(wave, sr, format="OGG", subtype="OPUS", compression_level=compression)
    return _fit(decoded, wave)


def add_echo(
    wave: np.ndarray, *, seconds: float = 0.5, direct_db: float = 0.0, sr: int = SAMPLE_RATE, seed: int = 0
) -> np.ndarray:
    """Waveform in a room: decaying noise as impulse response after the direct sound (Moorer 1979).

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    seconds : float
        Reverberation time, in which the echo falls by 60 dB: 0.3 for an office, 0.5 for a living room, 1 and
        more for a hall. The echo begins after 5 ms: up to this time there is none.
    direct_db : float
        Energy of the direct sound relative to the echo; it falls with the distance to the microphone.
    sr : int
        Sample rate in Hz.
    seed : int
        Of the noise.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]
        At the root mean square level of ``wave``.

    Notebook: 09_leaving_the_studio.ipynb
    """
    from scipy.signal import fftconvolve

    begin, end = round(0.005 * sr), round(seconds * sr)
    if end <= begin:
        return wave.copy()
    t = np.arange(end) / sr
    response = np.random.default_rng(seed).normal(size=t.size) * 10 ** (-3 * t / seconds)
    response[:begin] = 0.0
    response *= 10 ** (-direct_db / 20) / np.sqrt(np.sum(response**2))
    response[0] = 1.0
    echoed = fftconvolve(wave, response)[: wave.size]
    level = np.sqrt(np.mean(np.square(wave, dtype=float)) / max(1e-20, np.mean(echoed**2)))
    return (level * echoed).astype(wave.dtype)


def clip_peaks(wave: np.ndarray, proportion: float = 0.05) -> np.ndarray:
    """Waveform whose loudest samples, a ``proportion`` of all, are cut to the value of the others' peak.

    If there are no others, all samples are cut to the value of the softest one.

    Examples
    --------
    >>> clip_peaks(np.array([0.1, -0.2, 0.3, -0.9]), 0.25).tolist()
    [0.1, -0.2, 0.3, -0.3]
    """
    n = round(proportion * wave.size)
    limit = np.sort(np.abs(wave))[max(0, wave.size - 1 - n)]
    return np.clip(wave, -limit, limit)


def cut(wave: np.ndarray, *, start: float = 0.0, end: float = 0.0, sr: int = SAMPLE_RATE) -> np.ndarray:
    """Waveform without a part of the utterance; silence around it is removed first.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    start, end : float
        Proportions of the utterance that are missing at its beginning and end.
    sr : int
        Sample rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n,)]

    Examples
    --------
    >>> cut(np.sin(np.arange(16_000)), start=0.25).size
    12000
    """
    spoken = trim(wave, sr)
    return spoken[round(start * spoken.size) : spoken.size - round(end * spoken.size)]


def _through_file(wave: np.ndarray, sr: int, **options) -> np.ndarray:
    """Waveform written to memory and read again."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.clip(wave, -1, 1), sr, **options)
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0]


def _fit(decoded: np.ndarray, wave: np.ndarray) -> np.ndarray:
    """Decoded samples at the length of the original."""
    fitted = np.zeros_like(wave)
    n = min(wave.size, decoded.size)
    fitted[:n] = decoded[:n]
    return fitted
