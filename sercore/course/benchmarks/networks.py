"""Time per training epoch of each network, against the largest network of an earlier project."""

from __future__ import annotations

import time

import numpy as np

from ...models import NETWORKS, build, legacy, reads_frames

N_CLIPS, SECONDS, N_BANDS, N_CLASSES, BATCH = 1200, 3.0, 64, 8, 32
"""Shape of the training data; 1200 clips are the training part of a RAVDESS fold."""

N_TIMED = 320
"""Number of clips that are timed (ten batches); the time is scaled to a whole epoch."""

REFERENCE = "s0_cnn2d_lstm"


def time_epochs() -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: seconds per epoch of each default network on noise, using all cores."""
    seconds = {}
    for name in NETWORKS:
        if reads_frames(name):
            seconds[name] = epoch_seconds(build(name, N_BANDS, N_CLASSES))
    n_frames = round(100 * SECONDS)
    large = legacy.build(REFERENCE, N_BANDS, N_CLASSES, n_frames=n_frames)
    theirs = epoch_seconds(large)
    slowest = max(seconds, key=seconds.get)
    what = f"an epoch of {N_CLIPS} clips of {SECONDS:g} s"
    return [
        *((f"{what}: {name}", value, "s") for name, value in seconds.items()),
        (f"{what}: CNN2D-LSTM of VoiceVibes, {large.count_params() / 1e6:.2f} M weights", theirs, "s"),
        (f"times cheaper than that: {slowest}, the slowest here", theirs / seconds[slowest], "×"),
        ("times cheaper than that: cnn2d_lstm", theirs / seconds["cnn2d_lstm"], "×"),
    ]


def epoch_seconds(network) -> float:
    """Seconds per training epoch on noise, scaled from :data:`N_TIMED` clips, without building the graph."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_TIMED, round(100 * SECONDS), N_BANDS)).astype(np.float32)
    y = rng.integers(N_CLASSES, size=N_TIMED)
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(X[: 2 * BATCH], y[: 2 * BATCH], batch_size=BATCH, verbose=0)
    start = time.perf_counter()
    network.fit(X, y, batch_size=BATCH, verbose=0)
    return (time.perf_counter() - start) * N_CLIPS / N_TIMED


def compare_with_voicevibes() -> list[tuple]:
    """Rows on the UA of both CNN2D-LSTMs under the same training, from published RAVDESS predictions."""
    from ...evaluation import compare_oof, evaluate_runs
    from .. import published

    rows = []
    if (published.oof_folder() / "ravdess-legacy.parquet").is_file():
        oof = published.load("ravdess-legacy")
        ours, theirs = (oof[oof["model"].str.startswith(name)] for name in ("cnn2d_lstm", REFERENCE))
        found = compare_oof(ours, theirs)
        what = f"RAVDESS, {found['n_clips']} clips of {found['n_speakers']} new speakers: UA of"
        rows += [
            (f"{what} {name}", 100 * evaluate_runs(part)["ua"].mean(), "%")
            for name, part in (("cnn2d_lstm", ours), ("VoiceVibes's CNN2D-LSTM, same training", theirs))
        ]
        rows += [("difference of these two", 100 * found["difference"], "points")]
        rows += [
            (f"the same, {end} end of its 95 % interval", 100 * found[end], "points")
            for end in ("low", "high")
        ]
    return rows
