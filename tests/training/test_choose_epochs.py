"""Number of epochs with the highest UA on inner speakers."""

import numpy as np
import pandas as pd
import pytest

from sercore import splits, training
from sercore.errors import SercoreError
from sercore.training import networks

CLASSES = ["sad", "angry"]


@pytest.fixture
def data():
    index = pd.DataFrame(
        {
            "clip_id": [f"c{k}" for k in range(40)],
            "corpus": "demo",
            "speaker": np.repeat(list("vwxyz"), 8),
            "label": CLASSES * 20,
        }
    )
    return index, np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


class Guess:
    """Predicts the right class for a proportion of the clips, which depends on the number of epochs."""

    def __init__(self, index, X, right):
        self.labels = {X[row].tobytes(): index["label"][row] for row in range(len(X))}
        self.right = right

    def __call__(self, clips):
        truth = np.array([CLASSES.index(self.labels[clip.tobytes()]) for clip in clips])
        wrong = np.arange(len(clips)) >= self.right * len(clips)
        return np.eye(2)[np.where(wrong, 1 - truth, truth)]


def test_highest_ua_wins_and_the_first_of_equals(data, monkeypatch):
    index, X = data
    right, asked = {10: 0.5, 20: 0.75, 40: 0.75, 80: 0.25}, []

    def fitted(index, X, train, classes, *, fit_params, seed, **options):
        asked.append((fit_params, options, set(index["speaker"].iloc[train])))
        return Guess(index, X, right[fit_params["epochs"]])

    monkeypatch.setattr(networks, "fit_network", fitted)
    train = np.arange(32)
    chosen = networks.choose_epochs(
        index, X, train, CLASSES, fit_params={"epochs": (10, 40, 20, 80, 40), "mixup": 0.1}, model="mlp"
    )
    assert chosen == 40
    assert [params["epochs"] for params, _, _ in asked] == [10, 40, 20, 80]
    _, held_out = splits.inner_split(index, train, seed=0)
    for params, options, speakers in asked:
        assert (params["mixup"], params["early_stopping"], options) == (0.1, False, {"model": "mlp"})
        assert speakers == set("vwxy") - set(index["speaker"].iloc[held_out])


def test_network_is_trained_for_the_chosen_number(data, monkeypatch):
    index, X = data
    monkeypatch.setattr(networks, "choose_epochs", lambda *args, **options: 3)
    fitted = training.fit_network(
        index, X, np.arange(32), CLASSES, model="mlp", model_params={"hidden": (2,)},
        fit_params={"early_stopping": False, "epochs": (1, 3, 5)},
    )  # fmt: skip
    assert len(fitted.history) == 3


def test_several_numbers_and_early_stopping_are_refused(data):
    index, X = data
    with pytest.raises(SercoreError, match="early_stopping=False"):
        training.fit_network(index, X, np.arange(32), CLASSES, model="mlp", fit_params={"epochs": (1, 3)})
