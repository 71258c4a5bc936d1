"""Time of a bundle's first and subsequent predictions, with ONNX Runtime and with Keras."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from ...bundle.predictor import Predictor, reference_signal
from ...bundle.saving import FittedModel, save
from ...features import get_recipe
from .measuring import FASTER, alternate, ratio

CLIP_SECONDS, SR = 3.7, 16_000
BACKENDS = ("onnx", "keras")
NETWORK, RECIPE, CLASSES = "bilstm_attention", "log_mel", tuple("abcdefgh")


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)`` of :func:`time_predictions`."""
    return time_predictions(rounds=min(repeats, 3))


def time_predictions(*, rounds: int = 3, clips: int = 20) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)`` for an untrained network on log-mel frames.

    A cold start is a new Python process that imports the package, loads the bundle with all its checks,
    reads a WAV file and predicts it (median over rounds). A warm prediction reads the file too.
    """
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        bundle, clip = Path(folder) / "bundle", Path(folder) / "clip.wav"
        save(bundle, {NETWORK: FittedModel(untrained(), RECIPE)}, CLASSES)
        soundfile.write(clip, reference_signal(SR, seconds=CLIP_SECONDS), SR)
        cold = {name: np.empty(rounds) for name in BACKENDS}
        for turn in range(rounds):
            for name in BACKENDS:
                cold[name][turn] = cold_seconds(bundle, clip, name)
        loaded = {name: Predictor.load(bundle, backend=name) for name in BACKENDS}
        warm = alternate(
            {name: lambda predictor=predictor: predictor.predict(clip) for name, predictor in loaded.items()},
            clips,
        )
    rows = []
    for name in BACKENDS:
        start, further = float(np.median(cold[name])), float(np.median(warm[name]))
        rows += [
            (f"from starting Python to the first prediction, {name}", start, "s"),
            (f"a further clip of {CLIP_SECONDS} s from file, {name}", 1e3 * further, "ms"),
        ]
    return [
        *rows,
        ("first prediction, ONNX than Keras", ratio(cold, "keras", "onnx"), FASTER),
        ("further predictions, ONNX than Keras", ratio(warm, "keras", "onnx"), FASTER),
    ]


def cold_seconds(bundle: Path, clip: Path, backend: str) -> float:
    """Seconds that a new process takes to predict one clip."""
    code = (
        "import sys; from sercore.bundle import Predictor;"
        "print(Predictor.load(sys.argv[1], backend=sys.argv[3]).predict(sys.argv[2]))"
    )
    start = time.perf_counter()
    arguments = [sys.executable, "-c", code, str(bundle), str(clip), backend]
    subprocess.run(arguments, check=True, capture_output=True)
    return time.perf_counter() - start


def untrained():
    """A network with random weights; its speed does not depend on training."""
    from ...models import build
    from ...training import FittedNetwork

    n_features = get_recipe(RECIPE).n_mels
    network = build(NETWORK, n_features, len(CLASSES), seed=0)
    return FittedNetwork(network, np.full(n_features, -40.0), np.full(n_features, 15.0), pd.DataFrame())
