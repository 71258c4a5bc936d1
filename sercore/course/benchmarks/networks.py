"""How long one epoch of each network takes, beside the largest network of an earlier project.

Notebook: 05_cnn_transformer.ipynb
"""

from __future__ import annotations

import time

import numpy as np

from ...models import NETWORKS, build, legacy, reads_frames

N_CLIPS, SECONDS, N_BANDS, N_CLASSES, BATCH = 1200, 3.0, 64, 8, 32
"""Of an epoch: as many clips as the training part of a RAVDESS fold."""

N_TIMED = 320
"""Clips that are really timed, ten batches; an epoch is as many times longer as it has more."""

REFERENCE = "s0_cnn2d_lstm"


def time_epochs() -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: seconds per epoch of each default network on the same noise.

    Uses all cores. Each network has seen two batches before, so that building its graph does not count.
    """
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
    """Seconds of one training epoch on noise, from :data:`N_TIMED` of its clips."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_TIMED, round(100 * SECONDS), N_BANDS)).astype(np.float32)
    y = rng.integers(N_CLASSES, size=N_TIMED)
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(X[: 2 * BATCH], y[: 2 * BATCH], batch_size=BATCH, verbose=0)
    start = time.perf_counter()
    network.fit(X, y, batch_size=BATCH, verbose=0)
    return (time.perf_counter() - start) * N_CLIPS / N_TIMED


def compare_with_voicevibes() -> list[tuple]:
    """UA on RAVDESS of our CNN2D-LSTM and of VoiceVibes's, trained alike, from the published predictions."""
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
            for name, part in (("cnn2d_lstm", ours), ("VoiceVibes's CNN2D-LSTM, trained alike", theirs))
        ]
        rows += [("the first minus the second", 100 * found["difference"], "points")]
        rows += [
            (f"the same, {end} end of its 95 % interval", 100 * found[end], "points")
            for end in ("low", "high")
        ]
    return rows
