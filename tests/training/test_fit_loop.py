"""What networks and classical models read in training: their own clips, once an epoch, and nobody else's."""

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sercore import models, training
from sercore.splits import make_folds
from sercore.training.fit_loop import Batches, stack

N_CLIPS, N_CLASSES = 53, 3
CLASSES = ("neutral", "sad", "angry")


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
    """What is read in each of so many epochs."""
    read_so_far = []
    for _ in range(n):
        read_so_far.append(read(batches))
        batches.on_epoch_end()
    return read_so_far


# one epoch


def test_every_clip_is_read_once_per_epoch_with_its_label(y):
    for epoch in epochs(Batches(numbered(N_CLIPS), y, N_CLASSES, batch_size=8), 3):
        assert sorted(clip for _, clip, *_ in epoch) == list(range(N_CLIPS))
        for _, clip, target, _ in epoch:
            assert target.tolist() == np.eye(N_CLASSES)[y[clip]].tolist()


def test_every_epoch_has_its_own_order_and_the_same_seed_the_same(y):
    def order(seed):
        made = epochs(Batches(numbered(N_CLIPS), y, N_CLASSES, batch_size=8, seed=seed), 3)
        return [[clip for _, clip, *_ in epoch] for epoch in made]

    first = order(4)
    assert first[0] != first[1] != first[2] != first[0]
    assert order(4) == first
    assert all(a != b for a, b in zip(order(5), first, strict=True))


def test_keras_reads_the_batches_in_the_order_they_have(y, monkeypatch):
    """Shuffling is ours, from the seed; Keras would draw from the randomness of its caller."""
    asked, get = [], Batches.__getitem__
    monkeypatch.setattr(Batches, "__getitem__", lambda self, k: asked.append(k) or get(self, k))
    training.fit(models.build("mlp", 2, N_CLASSES), np.zeros((N_CLIPS, 2)), y, epochs=2, batch_size=8)
    n_batches = -(-N_CLIPS // 8)
    assert asked[-2 * n_batches :] == 2 * list(range(n_batches))


def test_the_same_seed_blends_the_same(y):
    X = numbered(N_CLIPS)
    some, same, other = (Batches(X, y, N_CLASSES, mixup=0.4, seed=seed)[0] for seed in (1, 1, 2))
    for a, b in zip(some, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert some[1].tolist() != other[1].tolist()


def test_a_table_is_read_row_by_row(y, rng):
    X = rng.normal(size=(N_CLIPS, 4)).astype(np.float32)
    batches = Batches(X, y, N_CLASSES, batch_size=16)
    got = np.concatenate([batches[k][0] for k in range(len(batches))])
    assert sorted(map(tuple, got)) == sorted(map(tuple, X))


# copies


def test_versions_are_drawn_for_each_clip_and_belong_to_it(y):
    augmented = [numbered(N_CLIPS, version=k) for k in (1, 2)]
    made = epochs(Batches(numbered(N_CLIPS), y, N_CLASSES, augmented=augmented, batch_size=8), 20)
    for epoch in made:
        assert sorted(clip for _, clip, *_ in epoch) == list(range(N_CLIPS))
        assert all(target.argmax() == y[clip] for _, clip, target, _ in epoch)
        assert {version for version, *_ in epoch} == {0, 1, 2}, "one version for a whole epoch"
    drawn = np.bincount([version for epoch in made for version, *_ in epoch])
    np.testing.assert_allclose(drawn / drawn.sum(), 1 / 3, atol=0.06)
    for n in range(N_CLIPS):
        assert {version for epoch in made for version, clip, *_ in epoch if clip == n} == {0, 1, 2}


# labels and weights


def test_label_smoothing_spreads_its_share_over_all_classes(y):
    for _, clip, target, _ in read(Batches(numbered(N_CLIPS), y, N_CLASSES, label_smoothing=0.3)):
        expected = np.full(N_CLASSES, 0.1)
        expected[y[clip]] += 0.7
        np.testing.assert_allclose(target, expected, atol=1e-6)


def test_balanced_classes_count_alike_and_weights_keep_their_mean(rng):
    y = np.array([0] * 30 + [1] * 5 + [3] * 15)  # nobody speaks class 2
    total = np.zeros(4)
    for _, clip, _, weight in read(Batches(numbered(50), y, 4, class_weight="balanced", batch_size=8)):
        total[y[clip]] += weight
    np.testing.assert_allclose(total, [50 / 3, 50 / 3, 0, 50 / 3], rtol=1e-5)
    plain = read(Batches(numbered(50), y, 4, class_weight=None))
    assert {weight for *_, weight in plain} == {1.0}


@pytest.mark.parametrize("kind", ["table", "frames"])
def test_mixup_blends_labels_and_weights_with_the_share_of_the_inputs(kind, y):
    """Clip n is the n-th unit vector, so the input itself says who is in a blend, and how much."""
    unit = np.eye(N_CLIPS, dtype=np.float32)
    X = unit if kind == "table" else [np.tile(row[:, None], 10 + n % 9) for n, row in enumerate(unit)]
    batches = Batches(X, y, N_CLASSES, mixup=0.4, class_weight="balanced", batch_size=16)
    label, weight, shares = np.eye(N_CLASSES)[y], batches.weights, []
    for k in range(len(batches)):
        got, target, weights = batches[k]
        share = got if kind == "table" else got[:, 0]
        np.testing.assert_allclose(share.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(target, share @ label, atol=1e-6)
        np.testing.assert_allclose(weights, share @ weight, rtol=1e-5)
        assert share.argmax(axis=1).tolist() == batches.batches[k].tolist(), "the larger share is the clip's"
        shares += [*share.max(axis=1)]
        if kind == "frames":  # a blend ends where the shorter of its clips does
            for blend, parts in zip(got, share > 0, strict=True):
                assert (~np.isnan(blend[:, 0])).sum() == min(10 + n % 9 for n in np.flatnonzero(parts))
    assert len(set(shares)) > N_CLIPS / 3, "every clip has its own share"
    assert min(shares) < 0.75


# shapes


@pytest.mark.parametrize("longest", [21, 47])
def test_the_first_two_batches_differ_in_length_and_padding_is_short(longest, y):
    batches = Batches(numbered(N_CLIPS, lengths=(20, longest)), y, N_CLASSES, batch_size=8)
    for _ in range(5):
        lengths = [batches[k][0].shape[1] for k in range(len(batches))]
        needed = [max(batches.drawn[row].shape[1] for row in rows) for rows in batches.batches]
        assert lengths[0] != lengths[1]
        assert all(length % 16 == 0 for length in lengths)
        assert all(0 <= a - b < 16 for a, b in zip(lengths[2:], needed[2:], strict=True))
        batches.on_epoch_end()


def test_stack_pads_frames_and_leaves_rows_alone():
    assert stack([np.zeros((3, 16)), np.zeros((3, 4))]).shape == (2, 16, 3)
    assert stack([np.zeros((3, 17))]).shape == (1, 32, 3)
    assert stack([np.zeros((3, 17))], spare=True).shape == (1, 48, 3)
    assert stack([np.zeros(3), np.ones(3)]).tolist() == [[0, 0, 0], [1, 1, 1]]


@pytest.mark.parametrize("n_clips", [2, 20], ids=["fewer clips than a batch", "several batches"])
def test_a_network_is_trained_on_batches_of_any_length(n_clips, y):
    """Lengths change within and between epochs; Keras must make a rule of none."""
    network = models.build("lstm", 2, N_CLASSES, units=(2,))
    network.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    clips, augmented = ([np.zeros((2, length), np.float32)] * n_clips for length in (20, 50))
    batches = Batches(clips, y[:n_clips], N_CLASSES, augmented=[augmented], batch_size=8)
    history = network.fit(batches, epochs=3, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_few_clips_still_make_two_batches(y):
    """One batch alone would have one length, and Keras would refuse every other."""
    batches = Batches(numbered(5), y[:5], N_CLASSES, batch_size=32)
    assert [len(batches[k][0]) for k in range(len(batches))] == [3, 2]


# no leak


@pytest.fixture
def corpus():
    """Six speakers, each says every class twice: 36 clips."""
    rows = [(f"demo-{who}", label) for who in range(6) for label in CLASSES for _ in range(2)]
    index = pd.DataFrame(rows, columns=["speaker", "label"]).assign(corpus="demo", emotion="neutral")
    return index.assign(clip_id=[f"demo/{n:02d}" for n in range(len(index))])


@pytest.fixture
def trained(monkeypatch):
    """What each training run of a network would read in three epochs, and in its validation."""
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
    """What each fit of a scaler and of a classifier read: {"scaler": [...], "classifier": [...]}."""
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
    """The (version, clip) pairs whose number stands in the first column of rows or frames."""
    numbers = np.unique(np.asarray(rows)[..., 0])
    return {divmod(int(number), 1000) for number in numbers[~np.isnan(numbers)]}


def every_version(index, *, table):
    """Features of each clip and of two copies of it, which carry their number in every value."""
    made = [numbered(len(index), version=k) for k in range(3)]
    return [np.stack([clip[:, 0] for clip in part]) for part in made] if table else made


def out_of_fold(index, model, *, scale, model_params=None, fit_params=None):
    """Run three folds; gives the rows of each fold's training and test part."""
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


def test_no_network_reads_a_test_clip_or_a_copy_of_one(corpus, trained):
    """Nor a copy of a validation clip; validation reads originals of other training speakers."""
    folds, people = out_of_fold(corpus, "lstm", scale=False, model_params={"units": (2,)}), corpus["speaker"]
    assert len(trained) == len(folds)
    for fold, (read_in_fit, validated) in zip(folds, trained, strict=True):
        assert not clips_of(read_in_fit | validated) & set(fold.test)
        assert clips_of(read_in_fit | validated) == set(fold.train), "a training clip was left out"
        assert {version for version, _ in read_in_fit} == {0, 1, 2}, "no copy was read: nothing is shown"
        assert {version for version, _ in validated} == {0}
        assert not {people[n] for n in clips_of(read_in_fit)} & {people[n] for n in clips_of(validated)}


def test_training_for_a_fixed_time_reads_all_training_clips_and_nobody_elses(corpus, trained):
    """As the published networks were trained."""
    fit_params = {"early_stopping": False, "epochs": 3, "spec_augment": {"n_masks": 1}}
    folds = out_of_fold(corpus, "lstm", scale=False, model_params={"units": (2,)}, fit_params=fit_params)
    assert len(trained) == len(folds)
    for fold, (read_in_fit, validated) in zip(folds, trained, strict=True):
        assert clips_of(read_in_fit) == set(fold.train)
        assert {version for version, _ in read_in_fit} == {0, 1, 2}
        assert validated is None


def test_the_scaling_of_a_network_reads_clips_that_it_is_fitted_on_only(corpus, trained, fitted):
    folds = out_of_fold(corpus, "lstm", scale=True, model_params={"units": (2,)})
    assert len(fitted["scaler"]) == len(folds)
    for fold, scaled in zip(folds, fitted["scaler"], strict=True):
        assert scaled
        assert clips_of(scaled) < set(fold.train), "validation clips are not scaled by themselves either"


@pytest.mark.parametrize("what", ["scaler", "classifier"])
def test_no_classical_model_reads_a_test_clip_or_a_copy_of_one(what, corpus, fitted):
    folds = out_of_fold(corpus, "logistic", scale=what == "scaler")
    assert len(fitted[what]) == len(folds)
    for fold, read_in_fit in zip(folds, fitted[what], strict=True):
        assert read_in_fit == {(version, clip) for version in range(3) for clip in fold.train}


@pytest.mark.parametrize("what", ["scaler", "classifier"])
def test_calibration_keeps_the_copies_of_a_speaker_on_one_side(what, corpus, fitted):
    """A support vector machine is fitted four times per fold: on inner folds, and on all of them."""
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
