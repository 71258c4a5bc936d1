"""How long the first answer of a bundle takes, and every further one: ONNX Runtime beside Keras.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from ...bundle.predictor import Predictor
from ...bundle.reference_signal import reference_signal
from ...bundle.saving import FittedModel, save
from ...features import get_recipe

CLIP_SECONDS, SR = 3.7, 16_000
NETWORK, RECIPE, CLASSES = "bilstm_attention", "log_mel", tuple("abcdefgh")


def time_predictions(*, rounds: int = 3, clips: int = 20) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)`` for a network on log-mel frames with weights as drawn.

    A cold start is a new Python process that imports, loads the bundle with all its checks, reads a
    wav file and predicts it: the best of some. A warm clip is read from the same file, too.
    """
    import soundfile

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        bundle, clip = Path(folder) / "bundle", Path(folder) / "clip.wav"
        save(bundle, {NETWORK: FittedModel(untrained(), RECIPE)}, CLASSES)
        soundfile.write(clip, reference_signal(SR, seconds=CLIP_SECONDS), SR)
        for backend in ("onnx", "keras"):
            cold = min(cold_seconds(bundle, clip, backend) for _ in range(rounds))
            rows.append((f"from starting Python to the first answer, {backend}", cold, "s"))
        for backend in ("onnx", "keras"):
            warm = warm_seconds(Predictor.load(bundle, backend=backend), clip, clips)
            rows.append((f"a further clip of {CLIP_SECONDS} s from file, {backend}", 1e3 * warm, "ms"))
    return rows


def cold_seconds(bundle: Path, clip: Path, backend: str) -> float:
    """Seconds of a process that predicts one clip."""
    code = (
        "import sys; from sercore.bundle import Predictor;"
        "print(Predictor.load(sys.argv[1], backend=sys.argv[3]).predict(sys.argv[2]))"
    )
    start = time.perf_counter()
    arguments = [sys.executable, "-c", code, str(bundle), str(clip), backend]
    subprocess.run(arguments, check=True, capture_output=True)
    return time.perf_counter() - start


def warm_seconds(predictor: Predictor, clip: Path, clips: int) -> float:
    """Seconds of a clip, the median of some after the first."""
    predictor.predict(clip)
    seconds = []
    for _ in range(clips):
        start = time.perf_counter()
        predictor.predict(clip)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def untrained():
    """A network with weights as they are drawn; time does not depend on them."""
    from ...models import build
    from ...training import FittedNetwork

    n_features = get_recipe(RECIPE).n_mels
    network = build(NETWORK, n_features, len(CLASSES), seed=0)
    return FittedNetwork(network, np.full(n_features, -40.0), np.full(n_features, 15.0), pd.DataFrame())
