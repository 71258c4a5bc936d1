"""Linear probes of the rows of a table or an encoder."""

import numpy as np
import pytest
from toys.tables import make_index

from sercore import training
from sercore.errors import SercoreError, SplitError


@pytest.fixture
def index():
    return make_index()


@pytest.fixture
def X(index, rng):
    """A column for each speaker, one for the sentence, and two of noise."""
    speakers = np.array(index["speaker"])[:, None] == np.unique(index["speaker"])
    return np.column_stack([speakers, index["sentence"].eq("s1"), rng.standard_normal((len(index), 2))])


def test_sentence_is_read_from_unseen_speakers_and_the_speaker_from_unseen_sentences(index, X):
    sentence, speaker = (training.probe(index, X, target, n_boot=20) for target in ("sentence", "speaker"))
    assert sentence["ua"] == 1
    assert sentence["interval"] == "speakers"
    assert speaker["interval"] == "clips"
    assert speaker["chance"] == 1 / 6
    assert speaker["ua"] > 3 * speaker["chance"]


def test_a_normalised_speaker_cannot_be_read(index, X):
    Z = training.speaker_normalise(X, index["speaker"])
    assert training.probe(index, Z, "speaker", n_boot=20)["ua"] < 0.4
    assert training.probe(index, Z, "sentence", n_boot=20)["ua"] == 1


def test_clips_without_a_value_are_left_out(index, X):
    asked = index.assign(intensity=np.where(index["sentence"] == "s1", "strong", "normal"))
    asked.loc[:4, "intensity"] = ["", np.nan, "", None, ""]
    scores = training.probe(asked, X, "intensity", n_boot=20)
    assert scores["n_clips"] == len(index) - 5
    assert scores["ua"] == 1


def test_errors(index, X):
    half = np.arange(len(index)) < len(index) // 2
    with pytest.raises(SercoreError, match="clips of demo, other; probe one corpus at a time"):
        training.probe(index.assign(corpus=np.where(half, "demo", "other")), X, "sentence")
    with pytest.raises(SercoreError, match="no column 'age' to probe for; the index has corpus, speaker"):
        training.probe(index, X, "age")
    with pytest.raises(SercoreError, match=r"column 'corpus' has the values \['demo'\]"):
        training.probe(index, X, "corpus")
    with pytest.raises(SplitError):
        training.probe(index.assign(sentence="s0"), X, "speaker")
