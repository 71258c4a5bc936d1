"""Speed of feature extraction, against the usual notebook code and against a lower bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ... import audio, features
from ...corpora import demo
from ...features.spectrum import Spectrum

CLIP_SECONDS, NATIVE_SR, N_CLIPS = 3.7, 48_000, 24
"""Duration (s), sample rate (Hz) and number of the timed clips: those of RAVDESS, with a synthetic voice."""


def notebook_idiom(path: Path) -> np.ndarray:
    """Features as many notebooks compute them: every librosa function receives the waveform.

    Each call computes its own STFT; tonnetz uses harmonic separation and a constant-Q transform.
    """
    import librosa

    wave, sr = librosa.load(path, sr=None)
    options = {"y": wave, "sr": sr}
    parts = [
        librosa.feature.mfcc(**options, n_mfcc=40),
        librosa.feature.chroma_stft(**options),
        librosa.feature.melspectrogram(**options),
        librosa.feature.spectral_contrast(**options),
        librosa.feature.spectral_centroid(**options),
        librosa.feature.spectral_bandwidth(**options),
        librosa.feature.spectral_rolloff(**options),
        librosa.feature.spectral_flatness(y=wave),
        librosa.feature.tonnetz(y=librosa.effects.harmonic(wave), sr=sr),
        librosa.feature.rms(y=wave),
        librosa.feature.zero_crossing_rate(wave),
    ]
    return np.concatenate([part.mean(axis=1) for part in parts])


def decode_and_transform(path: Path) -> np.ndarray:
    """The lower bound for spectral features: decode, resample, one STFT."""
    return Spectrum(audio.load(path), features.get_recipe("default")).power


def extract_row(path: Path) -> np.ndarray:
    """Features of the default table for one file."""
    return features.table_row(audio.load(path))


def time_extraction(paths: list[Path]) -> list[tuple]:
    """Rows ``(what, value, unit)``: time per clip, clips per second, and ratios to the other two."""
    row, bound = _best_seconds([extract_row, decode_and_transform], paths, rounds=5)
    (idiom,) = _best_seconds([notebook_idiom], paths[:4], rounds=2)
    return [
        ("features of a 3.7 s clip at 48 kHz, load and resampling included", 1e3 * row, "ms"),
        ("clips per second and core", 1 / row, "1/s"),
        ("times faster than the notebook idiom", idiom / row, "×"),
        ("times decode + resample + one STFT", row / bound, "×"),
    ]


def _best_seconds(functions: list[Callable], paths: list[Path], *, rounds: int) -> list[float]:
    """Seconds per clip of each function: minimum over alternating rounds, after a warm-up."""
    best = [np.inf] * len(functions)
    for function in functions:
        function(paths[0])
    for _ in range(rounds):
        for k, function in enumerate(functions):
            start = time.perf_counter()
            for path in paths:
                function(path)
            best[k] = min(best[k], (time.perf_counter() - start) / len(paths))
    return best


def write_clips(folder: Path) -> list[Path]:
    """Write clips of synthetic speech as 16-bit WAV files and return their paths."""
    import soundfile
    import soxr

    paths = []
    for n, stem in enumerate(demo.stems()[:: len(demo.stems()) // N_CLIPS][:N_CLIPS]):
        wave, sr = demo.render_clip(stem)
        wave = audio.fit_length(np.tile(wave, 3), int(CLIP_SECONDS * sr))
        paths.append(folder / f"clip{n:02d}.wav")
        soundfile.write(paths[-1], soxr.resample(wave, sr, NATIVE_SR), NATIVE_SR, subtype="PCM_16")
    return paths
