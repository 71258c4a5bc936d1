"""Speed as ratios: both sides are timed in the same run, on the same clips; what others report says so.

Absolute times differ between machines, ratios much less. ``sercore bench`` prints them; nothing in
the tests depends on time.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from . import audio, features
from .corpora import demo
from .features.spectrum import Spectrum

CLIP_SECONDS, NATIVE_SR, N_CLIPS = 3.7, 48_000, 24
"""The clips timed: as long and at the rate of RAVDESS's, spoken by the synthetic voice."""


def run() -> pd.DataFrame:
    """All measurements, one row each: ``what``, ``value``, ``unit``.

    Runs on one thread for features (that is what a worker process has).
    """
    from threadpoolctl import threadpool_limits

    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        rows = _extraction(_write_clips(Path(folder)))
        rows += _demo(Path(folder) / "demo")
    rows += _imports()
    rows += _networks()
    rows += _ensembles()
    rows += _widgets()
    rows += _serving()
    return pd.DataFrame(rows, columns=["what", "value", "unit"])


def idiom(path: Path) -> np.ndarray:
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


def yardstick(path: Path) -> np.ndarray:
    """The least that any spectral feature needs: decode, resample, one Fourier transform."""
    return Spectrum(audio.load(path), features.get_recipe("default")).power


def ours(path: Path) -> np.ndarray:
    """The default table row, from file to features."""
    return features.table_row(audio.load(path))


def _extraction(paths: list[Path]) -> list[tuple]:
    seconds = _best_seconds({"ours": ours, "yardstick": yardstick}, paths, rounds=5)
    seconds |= _best_seconds({"idiom": idiom}, paths[:4], rounds=2)
    return [
        ("features of a 3.7 s clip at 48 kHz, load and resampling included", 1e3 * seconds["ours"], "ms"),
        ("clips per second and core", 1 / seconds["ours"], "1/s"),
        ("times faster than the notebook idiom", seconds["idiom"] / seconds["ours"], "×"),
        ("times decode + resample + one STFT", seconds["ours"] / seconds["yardstick"], "×"),
    ]


def _demo(folder: Path) -> list[tuple]:
    start = time.perf_counter()
    demo.build(folder, n_jobs=2, progress=False)
    return [("rendering the demo corpus, 576 clips, 2 processes", time.perf_counter() - start, "s")]


def _networks() -> list[tuple]:
    """An epoch of each network, beside that of an earlier project's largest, and what both are worth."""
    from . import published
    from .evaluation import compare_oof, evaluate_runs
    from .models import timing

    rows = timing.measure()
    if (published.folder() / "ravdess-earlier.parquet").is_file():
        oof = published.load("ravdess-earlier")
        ours, theirs = (oof[oof["model"].str.startswith(name)] for name in ("cnn2d_lstm", timing.YARDSTICK))
        found = compare_oof(ours, theirs)
        what = f"RAVDESS, {found['n_clips']} clips of {found['n_speakers']} new speakers: UA of"
        rows += [
            (f"{what} {name}", 100 * evaluate_runs(part)["ua"].mean(), "%")
            for name, part in (("cnn2d_lstm", ours), ("VoiceVibes's CNN2D-LSTM, trained alike", theirs))
        ]
        rows += [("the first minus the second", 100 * found["difference"], "points")]
        rows += [
            (f"the same, {end} end of its 95 % interval", 100 * found[end], "points")
            for end in ("low", "high")
        ]
    return rows


def _imports() -> list[tuple]:
    """Seconds that `import sercore` adds to starting Python."""

    def start_up(code: str) -> float:
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times.append(time.perf_counter() - begin)
        return min(times)

    return [("import sercore", start_up("import sercore") - start_up("pass"), "s")]


def _ensembles() -> list[tuple]:
    """Speed of the evolution of ensemble weights, and how near it comes to scipy's optimum."""
    from . import published
    from .ensemble import timing

    rows = timing.measure()
    if (published.folder() / "ravdess-emobox.parquet").is_file():
        oof = published.load("ravdess-emobox")
        points = timing.shortfall(oof[oof["model"] != "dummy"])["points"]
        what = f"fitness that evolved weights lack to scipy's optimum, {len(points)} fits on RAVDESS, mean"
        rows += [(what, points.mean(), "points"), ("the same, the worst fit", points.max(), "points")]
    return rows


def _serving() -> list[tuple]:
    """The first answer of a bundle and every further one, by ONNX Runtime and by Keras."""
    from .bundle import timing

    return timing.measure()


def _widgets() -> list[tuple]:
    """From a slider's event to the explorer's new picture, beside the usual ways."""
    from .widgets import timing

    return timing.measure()


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


def _write_clips(folder: Path) -> list[Path]:
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
