"""Benchmarks on synthetic speech in which the cause of each label is known."""

import numpy as np
import pytest

from sercore.errors import SercoreError
from sercore.interpret import synthetic_benchmark, synthetic_benchmark_tables

N_FRAMES, N_BANDS = 20, 8
SPEAKERS = np.repeat([f"s{k}" for k in range(6)], 4)


@pytest.mark.slow
def test_place_of_a_final_rise():
    pairs = synthetic_benchmark.render_pairs(synthetic_benchmark.CAUSES["rise at the end"], n_repetitions=1)
    length = (~np.isnan(pairs.X[:, :, 0])).sum(axis=1)
    frames = pairs.place[:, :, 0]
    middle = (frames * np.arange(frames.shape[1])).sum(axis=1) / frames.sum(axis=1) / length
    assert np.median(middle) > 0.6
    assert frames.sum() / length.sum() < 0.4
    assert len(set(pairs.speakers[pairs.learned]) & set(pairs.speakers[~pairs.learned])) == 0
    with pytest.raises(SercoreError, match="the cause has no place"):
        synthetic_benchmark.render_pairs(synthetic_benchmark.Cause("rate", 3.8, 5.2, "time"), n_repetitions=1)


def test_swap_effect(band_model, rng):
    X = rng.normal(size=(12, N_FRAMES, N_BANDS)).astype(np.float32)
    X[1::2, :, 2:4] += 2.0
    place = np.zeros(X.shape, bool)
    y = np.arange(12) % 2
    assert synthetic_benchmark.swap_effect(band_model, X, y, place) == pytest.approx(0.0, abs=1e-5)
    place[:, :, 2:4] = True
    assert synthetic_benchmark.swap_effect(band_model, X, y, place) == pytest.approx(1.0, abs=1e-5)
    assert synthetic_benchmark.swap_effect(band_model, X, y, ~place) == pytest.approx(0.0, abs=1e-5)


def test_run_benchmark(band_model, rng, monkeypatch):
    X = rng.normal(size=(24, N_FRAMES, N_BANDS)).astype(np.float32)
    place = np.zeros(X.shape, bool)
    place[:, :, 2:4] = True
    pairs = synthetic_benchmark.CuePairs(X, np.arange(24) % 2, SPEAKERS, np.zeros(24, bool), place)
    maps = {"correct": lambda: np.where(place, 1.0, 0.01), "random": lambda: rng.random(X.shape)}
    trained = band_model
    monkeypatch.setattr(
        synthetic_benchmark,
        "attribute",
        lambda model, X, *, method, targets: maps[method]() if model is trained else rng.random(X.shape),
    )
    table = synthetic_benchmark.run_benchmark(band_model, pairs, methods=["correct", "random"])
    assert table.loc["correct", "points"]
    assert table.loc["correct", "inside"] > 0.9
    assert not table.loc["random", "points"]
    assert table["chance"].tolist() == [0.25, 0.25]


@pytest.mark.slow
def test_run_table_benchmark():
    cue = {"rate": synthetic_benchmark_tables.CUES["rate"]}
    row = synthetic_benchmark_tables.run_table_benchmark(cue).loc["rate"]
    assert row["points"]
    assert row["timing"] > 0.3
    assert abs(row["random"]) < 0.05
