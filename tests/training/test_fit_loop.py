"""Training batches, and which clips networks and classical models read during training."""

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from toys.tables import CLASSES, make_index

from sercore import models, training
from sercore.errors import SercoreError
from sercore.splits import make_folds
from sercore.training.fit_loop import Batches, BestCheckpoint, stack

N_CLIPS, N_CLASSES = 53, 3


@pytest.fixture
def y(rng):
    return rng.integers(N_CLASSES, size=N_CLIPS)


def numbered(n_clips, *, version=0, lengths=(20, 47)):
    """Frames of clips of many lengths; every value of clip n in version k is 1000 k + n."""
    low, high = lengths
    return [
        np.full((2, low + (7 * n + version) % (high - low)), 1000.0 * version + n, np.float32)
        for n in range(n_clips)
    ]


def read(batches):
    """Every (version, clip, target, weight) of one epoch, in order."""
    rows = []
    for k in range(len(batches)):
        X, target, weight = batches[k]
        for clip, soft, w in zip(X, target, weight, strict=True):
            values = clip[~np.isnan(clip)]
            assert (values == values[0]).all()
            rows.append((*divmod(int(values[0]), 1000), soft, w))
    return rows


def epochs(batches, n):
    """What is read in each of n epochs."""
    read_so_far = []
    for _ in range(n):
        read_so_far.append(read(batches))
        batches.on_epoch_end()
    return read_so_far


# one epoch


def test_epoch_reads_every_clip_once_with_its_label(y):
    for epoch in epochs(Batches(numbered(N_CLIPS), y, N_CLASSES, batch_size=8), 3):
        assert sorted(clip for _, clip, *_ in epoch) == list(range(N_CLIPS))
        for _, clip, target, _ in epoch:
            assert target.tolist() == np.eye(N_CLASSES)[y[clip]].tolist()


def test_order_depends_on_epoch_and_seed(y):
    def order(seed):
        made = epochs(Batches(numbered(N_CLIPS), y, N_CLASSES, batch_size=8, seed=seed), 3)
        return [[clip for _, clip, *_ in epoch] for epoch in made]

    first = order(4)
    assert first[0] != first[1] != first[2] != first[0]
    assert order(4) == first
    assert all(a != b for a, b in zip(order(5), first, strict=True))


def test_keras_does_not_shuffle_batches(y, monkeypatch):
    """Shuffling depends on the seed only; Keras would use the global random state."""
    asked, get = [], Batches.__getitem__
    monkeypatch.setattr(Batches, "__getitem__", lambda self, k: asked.append(k) or get(self, k))
    training.fit(models.build("mlp", 2, N_CLASSES), np.zeros((N_CLIPS, 2)), y, epochs=2, batch_size=8)
    n_batches = -(-N_CLIPS // 8)
    assert asked[-2 * n_batches :] == 2 * list(range(n_batches))


def test_mixup_is_reproducible(y):
    X = numbered(N_CLIPS)
    some, same, other = (Batches(X, y, N_CLASSES, mixup=0.4, seed=seed)[0] for seed in (1, 1, 2))
    for a, b in zip(some, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert some[1].tolist() != other[1].tolist()


def test_batches_of_table(y, rng):
    X = rng.normal(size=(N_CLIPS, 4)).astype(np.float32)
    batches = Batches(X, y, N_CLASSES, batch_size=16)
    got = np.concatenate([batches[k][0] for k in range(len(batches))])
    assert sorted(map(tuple, got)) == sorted(map(tuple, X))


# augmented versions


def test_augmented_versions_are_drawn_per_clip(y):
    augmented = [numbered(N_CLIPS, version=k) for k in (1, 2)]
    made = epochs(Batches(numbered(N_CLIPS), y, N_CLASSES, augmented=augmented, batch_size=8), 20)
    for epoch in made:
        assert sorted(clip for _, clip, *_ in epoch) == list(range(N_CLIPS))
        assert all(target.argmax() == y[clip] for _, clip, target, _ in epoch)
        assert {version for version, *_ in epoch} == {0, 1, 2}, "the versions of an epoch must differ"
    drawn = np.bincount([version for epoch in made for version, *_ in epoch])
    np.testing.assert_allclose(drawn / drawn.sum(), 1 / 3, atol=0.06)
    for n in range(N_CLIPS):
        assert {version for epoch in made for version, clip, *_ in epoch if clip == n} == {0, 1, 2}


# labels and weights


def test_label_smoothing(y):
    for _, clip, target, _ in read(Batches(numbered(N_CLIPS), y, N_CLASSES, label_smoothing=0.3)):
        expected = np.full(N_CLASSES, 0.1)
        expected[y[clip]] += 0.7
        np.testing.assert_allclose(target, expected, atol=1e-6)


def test_class_weight_balanced(rng):
    y = np.array([0] * 30 + [1] * 5 + [3] * 15)  # class 2 does not occur
    total = np.zeros(4)
    for _, clip, _, weight in read(Batches(numbered(50), y, 4, class_weight="balanced", batch_size=8)):
        total[y[clip]] += weight
    np.testing.assert_allclose(total, [50 / 3, 50 / 3, 0, 50 / 3], rtol=1e-5)
    plain = read(Batches(numbered(50), y, 4, class_weight=None))
    assert {weight for *_, weight in plain} == {1.0}


@pytest.mark.parametrize("kind", ["table", "frames"])
def test_mixup_mixes_inputs_labels_and_weights_alike(kind, y):
    """Clip n is the n-th unit vector, so a mixed input contains the weights of its clips."""
    unit = np.eye(N_CLIPS, dtype=np.float32)
    X = unit if kind == "table" else [np.tile(row[:, None], 10 + n % 9) for n, row in enumerate(unit)]
    batches = Batches(X, y, N_CLASSES, mixup=0.4, class_weight="balanced", batch_size=16)
    label, weight, largest = np.eye(N_CLASSES)[y], batches.weights, []
    for k in range(len(batches)):
        got, target, weights = batches[k]
        mixing = got if kind == "table" else got[:, 0]
        np.testing.assert_allclose(mixing.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(target * weights[:, None], mixing * weight @ label, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(weights, mixing @ weight, rtol=1e-5)
        assert mixing.argmax(axis=1).tolist() == batches.batches[k].tolist(), "the clip has the larger weight"
        largest += [*mixing.max(axis=1)]
        if kind == "frames":  # a mixed clip is as long as the shorter of its clips
            for blend, parts in zip(got, mixing > 0, strict=True):
                assert (~np.isnan(blend[:, 0])).sum() == min(10 + n % 9 for n in np.flatnonzero(parts))
    assert len(set(largest)) > N_CLIPS / 3, "every clip has its own weight"
    assert min(largest) < 0.75


def test_classes_keep_their_total_weight_in_blends(rng):
    """A blend of a rare and a frequent clip teaches the rare class with the weight of the rare clip."""
    y = np.repeat([0, 1], [90, 10])
    batches = Batches(rng.normal(size=(100, 3)), y, 2, mixup=1.0, class_weight="balanced", batch_size=50)
    total = sum(
        (weight[:, None] * target).sum(axis=0) for _, target, weight in map(batches.__getitem__, range(2))
    )
    np.testing.assert_allclose(total, 50, rtol=0.1)  # of the labels alone, 64 and 36


# shapes


@pytest.mark.parametrize("longest", [21, 47])
def test_first_two_batches_differ_in_length(longest, y):
    batches = Batches(numbered(N_CLIPS, lengths=(20, longest)), y, N_CLASSES, batch_size=8)
    for _ in range(5):
        lengths = [batches[k][0].shape[1] for k in range(len(batches))]
        needed = [max(batches.drawn[row].shape[1] for row in rows) for rows in batches.batches]
        assert lengths[0] != lengths[1]
        assert all(length % 16 == 0 for length in lengths)
        assert all(0 <= a - b < 16 for a, b in zip(lengths[2:], needed[2:], strict=True))
        batches.on_epoch_end()


def test_stack():
    assert stack([np.zeros((3, 16)), np.zeros((3, 4))]).shape == (2, 16, 3)
    assert stack([np.zeros((3, 17))]).shape == (1, 32, 3)
    assert stack([np.zeros((3, 17))], spare=True).shape == (1, 48, 3)
    assert stack([np.zeros(3), np.ones(3)]).tolist() == [[0, 0, 0], [1, 1, 1]]


@pytest.mark.parametrize("n_clips", [2, 20], ids=["fewer clips than a batch", "several batches"])
def test_fit_on_batches_of_different_lengths(n_clips, y):
    """Lengths change within and between epochs; Keras must not fix the first one."""
    network = models.build("lstm", 2, N_CLASSES, units=(2,))
    network.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    clips, augmented = ([np.zeros((2, length), np.float32)] * n_clips for length in (20, 50))
    batches = Batches(clips, y[:n_clips], N_CLASSES, augmented=[augmented], batch_size=8)
    history = network.fit(batches, epochs=3, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_few_clips_make_two_batches(y):
    """With a single batch, Keras would fix its length for all epochs."""
    batches = Batches(numbered(5), y[:5], N_CLASSES, batch_size=32)
    assert [len(batches[k][0]) for k in range(len(batches))] == [3, 2]


def test_checkpoint_keeps_the_epoch_of_the_lowest_validation_loss(tmp_path):
    network = models.build("mlp", 4, 2, hidden=(2,))
    best = BestCheckpoint(network, tmp_path / "best.keras")
    for epoch, loss in enumerate([0.5, 0.3, 0.4]):
        network.set_weights([np.full_like(weight, epoch) for weight in network.get_weights()])
        best.on_epoch_end(epoch, {"val_loss": loss})
    kept = keras.models.load_model(tmp_path / "best.keras").get_weights()
    assert {float(value) for weight in kept for value in weight.ravel()} == {1.0}


# leaks


@pytest.fixture
def corpus():
    """Six speakers with two clips of every class: 36 clips."""
    return make_index(n_repetitions=2)


@pytest.fixture
def trained(monkeypatch):
    """(version, clip) pairs that each training run reads in three epochs, and in its validation."""
    seen = []

    def recording(self, batches, *, validation_data=None, **options):
        fitted = {(version, clip) for epoch in epochs(batches, 3) for version, clip, *_ in epoch}
        seen.append((fitted, versions_in(validation_data[0]) if validation_data else None))
        return keras.callbacks.History()

    monkeypatch.setattr(keras.Model, "fit", recording)
    monkeypatch.setattr(keras.callbacks.History, "history", {}, raising=False)
    return seen


@pytest.fixture
def fitted(monkeypatch):
    """(version, clip) pairs that each fit of a scaler and of a classifier reads."""
    seen = {"scaler": [], "classifier": []}
    for what, kind in (("scaler", StandardScaler), ("classifier", LogisticRegression), ("classifier", SVC)):
        monkeypatch.setattr(kind, "fit", _recording(kind.fit, seen[what]))
    return seen


def _recording(fit, seen):
    def recording(self, X, *args, **options):
        seen.append(versions_in(X))
        return fit(self, X, *args, **options)

    return recording


def versions_in(rows):
    """(version, clip) pairs encoded in the first column of rows or frames."""
    numbers = np.unique(np.asarray(rows)[..., 0])
    return {divmod(int(number), 1000) for number in numbers[~np.isnan(numbers)]}


def every_version(index, *, table):
    """Features of each clip and of two augmented versions; every value encodes (version, clip)."""
    made = [numbered(len(index), version=k) for k in range(3)]
    return [np.stack([clip[:, 0] for clip in part]) for part in made] if table else made


def out_of_fold(index, model, *, scale, model_params=None, fit_params=None):
    """Run three folds and return them."""
    X, *augmented = every_version(index, table=model not in models.NETWORKS)
    training.out_of_fold(
        index, X, CLASSES, model=model, model_params=model_params, fit_params=fit_params, augmented=augmented,
        n_folds=3, scale=scale, progress=False,
    )  # fmt: skip
    folds = make_folds(index, "speaker", n_folds=3)
    assert len(folds) == 3
    return folds


def clips_of(versions):
    return {clip for _, clip in versions}


def test_network_reads_no_test_clips(corpus, trained):
    """Validation reads original clips of other training speakers."""
    folds, people = out_of_fold(corpus, "lstm", scale=False, model_params={"units": (2,)}), corpus["speaker"]
    assert len(trained) == len(folds)
    for fold, (read_in_fit, validated) in zip(folds, trained, strict=True):
        assert not clips_of(read_in_fit | validated) & set(fold.test)
        assert clips_of(read_in_fit | validated) == set(fold.train), "a training clip was not read"
        assert {version for version, _ in read_in_fit} == {0, 1, 2}, "no augmented version was read"
        assert {version for version, _ in validated} == {0}
        assert not {people[n] for n in clips_of(read_in_fit)} & {people[n] for n in clips_of(validated)}


def test_network_without_early_stopping_reads_all_training_clips(corpus, trained):
    fit_params = {"early_stopping": False, "epochs": 3, "spec_augment": {"n_masks": 1}}
    folds = out_of_fold(corpus, "lstm", scale=False, model_params={"units": (2,)}, fit_params=fit_params)
    assert len(trained) == len(folds)
    for fold, (read_in_fit, validated) in zip(folds, trained, strict=True):
        assert clips_of(read_in_fit) == set(fold.train)
        assert {version for version, _ in read_in_fit} == {0, 1, 2}
        assert validated is None


def test_epochs_are_chosen_on_training_speakers(corpus, trained):
    fit_params = {"early_stopping": False, "epochs": (1, 2)}
    folds, people = (
        out_of_fold(corpus, "lstm", scale=False, model_params={"units": (2,)}, fit_params=fit_params),
        corpus["speaker"],
    )
    assert len(trained) == 3 * len(folds)
    for k, fold in enumerate(folds):
        *tried, final = (clips_of(read_in_fit) for read_in_fit, _ in trained[3 * k : 3 * k + 3])
        assert final == set(fold.train)
        for inner in tried:
            assert inner == tried[0] < final
            assert not {people[n] for n in inner} & {people[n] for n in final - inner}


def test_network_scaler_reads_fit_clips_only(corpus, trained, fitted):
    folds = out_of_fold(corpus, "lstm", scale=True, model_params={"units": (2,)})
    assert len(fitted["scaler"]) == len(folds)
    for fold, scaled in zip(folds, fitted["scaler"], strict=True):
        assert scaled
        assert clips_of(scaled) < set(fold.train), "the scaler must not read validation clips"


@pytest.mark.parametrize("what", ["scaler", "classifier"])
def test_classical_model_reads_no_test_clips(what, corpus, fitted):
    folds = out_of_fold(corpus, "logistic", scale=what == "scaler")
    assert len(fitted[what]) == len(folds)
    for fold, read_in_fit in zip(folds, fitted[what], strict=True):
        assert read_in_fit == {(version, clip) for version in range(3) for clip in fold.train}


@pytest.mark.parametrize("what", ["scaler", "classifier"])
def test_calibration_folds_keep_augmented_versions_together(what, corpus, fitted):
    """A support vector machine is fitted four times per fold: on three inner folds and on all clips."""
    folds, people = out_of_fold(corpus, "rbf_svc", scale=what == "scaler"), corpus["speaker"]
    assert len(fitted[what]) == 4 * len(folds)
    for k, fold in enumerate(folds):
        *inner, whole = fitted[what][4 * k : 4 * k + 4]
        assert whole == {(version, clip) for version in range(3) for clip in fold.train}
        for versions in inner:
            assert versions < whole
            assert not {people[n] for n in clips_of(versions)} & {
                people[n] for n in clips_of(whole - versions)
            }


def test_training_that_diverges_is_stopped():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(32, 4)).astype(np.float32)
    X[3, 1] = np.inf
    network = models.build("mlp", 4, 2, hidden=(4,))
    with pytest.raises(SercoreError, match=r"diverged: the loss is nan after epoch 1 of 5; .*now: float32"):
        training.fit(network, X, np.arange(32) % 2, epochs=5)
