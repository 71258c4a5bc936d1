"""Speed of feature extraction, against the usual notebook code, openSMILE and a lower bound."""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ... import audio, features
from ...corpora import demo
from ...features.spectrum import Spectrum
from .measuring import AS_LARGE, AS_LONG, FASTER, alternate, ratio, skip

CLIP_SECONDS, NATIVE_SR, N_CLIPS = 3.7, 48_000, 24
"""Duration (s), sample rate (Hz) and number of the timed clips: those of RAVDESS, with a synthetic voice."""

N_SLOW = 4
"""Number of clips for the slower sides of a comparison."""


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: time per clip, its ratios to the other sides, and memory."""
    from threadpoolctl import threadpool_limits

    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        paths = write_clips(Path(folder))
        return time_sides(paths, repeats) + peak_memory(paths[0])


def time_sides(paths: list[Path], repeats: int) -> list[tuple[str, float, str]]:
    """Rows on the processor's time, which other programs disturb less; all sides are timed in turn."""
    sides = {
        "table row": per_clip(extract_row, paths),
        "bound": per_clip(decode_and_transform, paths),
        "idiom": per_clip(notebook_idiom, paths[:N_SLOW]),
    }
    egemaps = opensmile_egemaps()
    if egemaps:
        sides["egemaps"] = per_clip(egemaps, paths[:N_SLOW])
    times = alternate(sides, repeats, clock=time.process_time)
    times |= {name: taken / len(sides[name].paths) for name, taken in times.items()}
    row = float(np.median(times["table row"]))
    rows = [
        (f"table row of a {CLIP_SECONDS} s clip at 48 kHz, from its file", 1e3 * row, "ms"),
        ("clips per second and core", 1 / row, "1/s"),
        ("table row, than decode + resample + one STFT", ratio(times, "table row", "bound"), AS_LONG),
        ("decode + resample + one STFT", 1e3 * float(np.median(times["bound"])), "ms"),
        ("table row, than the notebook idiom", ratio(times, "idiom", "table row"), FASTER),
        ("notebook idiom", 1e3 * float(np.median(times["idiom"])), "ms"),
    ]
    if egemaps:
        rows += [
            ("table row, than openSMILE eGeMAPS (88 columns)", ratio(times, "egemaps", "table row"), FASTER),
            ("openSMILE eGeMAPS", 1e3 * float(np.median(times["egemaps"])), "ms"),
        ]
    return rows


class per_clip:
    """A call of a function on every clip."""

    def __init__(self, function: Callable, paths: list[Path]):
        self.function, self.paths = function, paths

    def __call__(self) -> None:
        for path in self.paths:
            self.function(path)


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


def opensmile_egemaps() -> Callable | None:
    """openSMILE's 88 functionals of a file, or None without the extra ``opensmile``."""
    try:
        import opensmile
    except ImportError:
        skip("openSMILE eGeMAPS", 'pip install "sercore[opensmile]"')
        return None
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    return lambda path: smile.process_file(str(path))


def decode_and_transform(path: Path) -> np.ndarray:
    """The lower bound for spectral features: decode, resample, one STFT."""
    return Spectrum(audio.load(path), features.get_recipe("default")).power


def extract_row(path: Path) -> np.ndarray:
    """Features of the default table for one file."""
    return features.table_row(audio.load(path))


def peak_memory(path: Path) -> list[tuple[str, float, str]]:
    """Rows on the largest memory while a clip is processed, absolute and relative to its samples."""
    extract_row(path)
    tracemalloc.start()
    try:
        extract_row(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    samples = 4 * CLIP_SECONDS * NATIVE_SR
    return [
        ("peak memory of a table row", peak / 1e6, "MB"),
        ("peak memory of a table row, than the samples of the file", peak / samples, AS_LARGE),
    ]


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
