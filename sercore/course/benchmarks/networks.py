"""Time per training epoch of each network, relative to the LSTM."""

from __future__ import annotations

import numpy as np

from ...features import column_names
from ...models import NETWORKS, build, reads_frames
from ...models.tdnn import build_tdnn
from .measuring import AS_LONG, seconds

N_CLIPS, SECONDS, N_BANDS, N_CLASSES, BATCH = 1200, 3.0, 64, 8, 32
"""Shape of the training data; 1200 clips are the training part of a RAVDESS fold."""

N_TIMED = 320
"""Number of clips that are timed (ten batches); the time is scaled to a whole epoch."""

REFERENCE = "lstm"
EPOCH = f"an epoch of {N_CLIPS} clips of {SECONDS:g} s"


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: an epoch of the LSTM in seconds, and of the others relative to it.

    The LSTM is timed again before each network, so that both sides of a ratio are measured next to each
    other. Networks of the course read noise in place of frames or table rows, and use all cores.
    """
    rounds = min(repeats, 3)
    reference = timed(REFERENCE)
    first = epoch_seconds(reference, rounds=rounds)
    rows = [(f"{EPOCH}: {REFERENCE}", first, "s")]
    for name in [name for name in NETWORKS if name != REFERENCE] + ["tdnn, 128 filters"]:
        network = build_tdnn(N_BANDS, N_CLASSES, filters=(128,) * 4) if "," in name else timed(name)
        beside = epoch_seconds(reference, rounds=rounds)
        taken = epoch_seconds(network, rounds=rounds, table=name == "mlp")
        rows.append((f"epoch of {name}, than of {REFERENCE}", taken / beside, AS_LONG))
    return rows


def timed(name: str):
    """A network with random weights, of the size that the course trains."""
    return build(name, N_BANDS if reads_frames(name) else len(column_names()), N_CLASSES)


def epoch_seconds(network, *, rounds: int = 1, table: bool = False) -> float:
    """Seconds per training epoch on noise: median, scaled from :data:`N_TIMED` clips, without building."""
    rng = np.random.default_rng(0)
    shape = (N_TIMED, len(column_names())) if table else (N_TIMED, round(100 * SECONDS), N_BANDS)
    X = rng.normal(size=shape).astype(np.float32)
    y = rng.integers(N_CLASSES, size=N_TIMED)
    if not network.compiled:
        network.compile("adam", "sparse_categorical_crossentropy")
        network.fit(X[: 2 * BATCH], y[: 2 * BATCH], batch_size=BATCH, verbose=0)
    taken = [seconds(lambda: network.fit(X, y, batch_size=BATCH, verbose=0)) for _ in range(rounds)]
    return float(np.median(taken)) * N_CLIPS / N_TIMED
