"""Speed of feature extraction, beside the notebook idiom and beside the least that any extraction needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ... import audio, features
from ...corpora import demo
from ...features.spectrum import Spectrum

CLIP_SECONDS, NATIVE_SR, N_CLIPS = 3.7, 48_000, 24
"""The clips timed: as long and at the rate of RAVDESS's, spoken by the synthetic voice."""


def notebook_idiom(path: Path) -> np.ndarray:
    """Features as many notebooks make them: every librosa function is given the waveform.

    Each call transforms the waveform anew; tonnetz goes through a harmonic constant-Q transform.
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
    """The least that any spectral feature needs: decode, resample, one Fourier transform."""
    return Spectrum(audio.load(path), features.get_recipe("default")).power


def extract_row(path: Path) -> np.ndarray:
    """The default table row, from file to features."""
    return features.table_row(audio.load(path))


def time_extraction(paths: list[Path]) -> list[tuple]:
    seconds = _best_seconds(
        {"extract_row": extract_row, "decode_and_transform": decode_and_transform}, paths, rounds=5
    )
    seconds |= _best_seconds({"idiom": notebook_idiom}, paths[:4], rounds=2)
    return [
        (
            "features of a 3.7 s clip at 48 kHz, load and resampling included",
            1e3 * seconds["row"],
            "ms",
        ),
        ("clips per second and core", 1 / seconds["row"], "1/s"),
        (
            "times faster than the notebook idiom",
            seconds["idiom"] / seconds["row"],
            "×",
        ),
        ("times decode + resample + one STFT", seconds["row"] / seconds["floor"], "×"),
    ]


def _best_seconds(functions: dict[str, Callable], paths: list[Path], *, rounds: int) -> dict[str, float]:
    """Seconds per clip of each function, the best of some alternating rounds after a warm-up."""
    best = {name: np.inf for name in functions}
    for function in functions.values():
        function(paths[0])
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            for path in paths:
                function(path)
            best[name] = min(best[name], (time.perf_counter() - start) / len(paths))
    return best


def write_clips(folder: Path) -> list[Path]:
    """Synthetic speech of RAVDESS's length and sample rate, 16-bit wav."""
    import soundfile
    import soxr

    paths = []
    for n, stem in enumerate(demo.stems()[:: len(demo.stems()) // N_CLIPS][:N_CLIPS]):
        wave, sr = demo.render_clip(stem)
        wave = audio.fit_length(np.tile(wave, 3), int(CLIP_SECONDS * sr))
        paths.append(folder / f"clip{n:02d}.wav")
        soundfile.write(paths[-1], soxr.resample(wave, sr, NATIVE_SR), NATIVE_SR, subtype="PCM_16")
    return paths
