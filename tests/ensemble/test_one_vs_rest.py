"""One-against-rest train_experts that are CNN-LSTMs, as in VoiceVibes's stack."""

import numpy as np
import pandas as pd
import pytest

from sercore import ensemble

CLASSES = ("angry", "happy", "sad")


@pytest.fixture
def corpus(rng):
    """Six speakers say three classes; each class has its own band."""
    who, code = np.divmod(np.arange(6 * 12), 12)
    code = code % 3
    clips = [rng.normal(size=(8, 20 + 4 * (k % 3))).astype(np.float32) for k in range(len(code))]
    for clip, band in zip(clips, code, strict=True):
        clip[2 * band : 2 * band + 2] += 2
    labels = np.array(CLASSES)[code]
    index = pd.DataFrame({"clip_id": [f"c{k:02}" for k in range(len(code))], "corpus": "toy"})
    return index.assign(speaker=[f"toy-s{w}" for w in who], label=labels), clips


def test_cnn_lstm_experts_are_members_that_a_stack_reads(corpus):
    index, X = corpus
    small = {"filters": (4,), "units": 8, "pool": 1, "dropout": 0.0}
    fit = ensemble.network_expert(
        "cnn2d_lstm", model_params=small, epochs=12, learning_rate=0.02, batch_size=8
    )
    table = ensemble.train_experts(index, X, CLASSES, fit, n_folds=2, progress=False)
    members = ensemble.align(table)
    assert members.names == ("expert angry", "expert happy", "expert sad")
    own = np.stack([members.proba[k, :, list(members.classes).index(name)] for k, name in enumerate(CLASSES)])
    surest = np.array(CLASSES)[own.argmax(axis=0)]
    assert (surest == members.rows["label"]).mean() > 0.6
    balanced = own.mean()  # a third is its own; balanced weights say about one half
    assert 0.3 < balanced < 0.65
    stacked = ensemble.evaluate_nested(table, systems=("stack_mlp",), progress=False).oof
    assert sorted(stacked["clip_id"]) == sorted(index["clip_id"])
