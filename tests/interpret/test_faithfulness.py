"""Deletion, insertion, sanity checks and agreement of attribution maps."""

import numpy as np
import pytest

from sercore import interpret
from sercore.errors import SercoreError
from sercore.interpret import faithfulness, synthetic_benchmark
from sercore.interpret.regions import box_means

N_FRAMES, N_BANDS = 20, 8
SPEAKERS = np.repeat([f"s{k}" for k in range(6)], 4)


@pytest.fixture
def clips(rng):
    return rng.normal(1.0, 0.2, size=(24, N_FRAMES, N_BANDS)).astype(np.float32)


@pytest.mark.slow
def test_compare_faithfulness(band_model, clips):
    targets = np.ones(24, int)
    faithful = interpret.attribute(band_model, clips, method="gradient_input", targets=targets)
    maps = {"faithful": faithful, "reversed": -faithful}
    table, curves = interpret.compare_faithfulness(
        band_model, clips, maps, targets, SPEAKERS, n_random=1, n_points=6, box=(5, 2)
    )
    for mode in ("deletion", "insertion"):
        assert table.loc["faithful", f"{mode}_low"] > 0.02
        assert table.loc["reversed", f"{mode}_high"] < -0.02
        assert list(curves[mode].columns) == ["random", "faithful", "reversed"]
    ends = curves["deletion"].loc[[0.0, 1.0], "faithful"]
    np.testing.assert_allclose(
        ends,
        interpret.class_probabilities(band_model, clips)[:, 1].mean() * np.array([1, 0]) + [0, 0.5],
        atol=1e-3,
    )
    np.testing.assert_allclose(curves["insertion"].loc[1.0], curves["deletion"].loc[0.0], atol=1e-6)


def test_deletion_order(band_model, clips):
    first = np.zeros(clips.shape)
    first[:, :, 2:4] = 1.0  # the model uses one of four boxes
    curve = interpret.deletion_curves(
        band_model, clips, first, np.ones(24, int), box=(N_FRAMES, 2), n_points=5
    )
    assert (curve[:, 0] > 0.9).all()
    np.testing.assert_allclose(curve[:, 1:], 0.5, atol=1e-6)
    with pytest.raises(SercoreError, match="mode is 'removal'; it must be 'deletion' or 'insertion'"):
        interpret.deletion_curves(band_model, clips, first, np.ones(24, int), mode="removal")


def test_a_map_without_information_is_a_random_order(clips, monkeypatch):
    """Its boxes have equal means; real voices begin early, so their order must not be that of time."""
    early = np.arange(N_FRAMES) < N_FRAMES // 2

    def answer(model, X):
        p = 1 / (1 + np.exp(-np.nansum(X[:, early], axis=(1, 2)) / 40))
        return np.column_stack([1 - p, p])

    monkeypatch.setattr(faithfulness, "class_probabilities", answer)
    options = {"n_random": 20, "n_points": 6, "box": (5, 2)}
    targets = np.ones(24, int)
    table, _ = interpret.compare_faithfulness(
        None, clips, {"zero": np.zeros_like(clips)}, targets, SPEAKERS, **options
    )
    for mode in ("deletion", "insertion"):
        assert abs(table.loc["zero", mode]) < 0.03
    with pytest.raises(SercoreError, match="not finite inside its clip"):
        interpret.deletion_curves(None, clips, np.full_like(clips, np.nan), targets, box=(5, 2))


def test_shuffle_weights():
    model = synthetic_benchmark.small_network(12, seed=0)
    all_layers, last = interpret.shuffle_weights(model), interpret.shuffle_weights(model, layers="last")
    for before, after in zip(model.get_weights(), all_layers.get_weights(), strict=True):
        np.testing.assert_array_equal(np.sort(before.ravel()), np.sort(after.ravel()))
    changed = [not np.array_equal(a, b) for a, b in zip(model.get_weights(), last.get_weights(), strict=True)]
    assert changed[-2]
    assert not any(changed[:-2])


def test_sanity_check(rng):
    model = synthetic_benchmark.small_network(12, n_classes=4, seed=0)
    X = rng.normal(size=(4, 40, 12)).astype(np.float32)
    table = interpret.sanity_check(model, X, np.zeros(4, int), ["gradient_input", "attention"], box=(4, 2))
    assert table.loc["attention", "last"] == pytest.approx(1.0)
    assert abs(table.loc["gradient_input", "all"]) < 0.5


def test_method_agreement(clips, rng):
    one = rng.normal(size=clips.shape)
    one[0, 16:], clips[0, 16:] = 0.0, np.nan
    table = interpret.method_agreement(
        {"a": one, "b": 3 * one, "c": -one, "d": rng.normal(size=clips.shape)}, clips, box=(2, 2)
    )
    assert table.loc["a", "b"] == pytest.approx(1.0)
    assert table.loc["a", "c"] == pytest.approx(-1.0)
    assert abs(table.loc["a", "d"]) < 0.15


def test_padding_is_not_part_of_the_mean_of_a_box(rng):
    """Random orders are not 0 in the padding; they would begin with the last boxes of every clip."""
    X = np.zeros((1, 100, 16))
    X[0, 73:] = np.nan
    means = box_means(np.ones(X.shape), X, box=(10, 8))
    assert np.nanmin(means) == np.nanmax(means) == 1
    assert np.isnan(means).sum() == 4
