"""Small indices and feature tables."""

import numpy as np
import pandas as pd

CLASSES = ("neutral", "sad", "angry")
FOUR_CLASSES = ("neutral", "happy", "sad", "angry")


def make_index(n_speakers=6, n_repetitions=4, corpus="demo"):
    """Index in which every speaker has some clips of every class."""
    rows = [
        {"corpus": corpus, "speaker": f"{corpus}-{who}", "label": label, "sentence": f"s{repetition % 2}"}
        for who in range(n_speakers)
        for label in CLASSES
        for repetition in range(n_repetitions)
    ]
    index = pd.DataFrame(rows)
    return index.assign(clip_id=[f"{corpus}/{k:03d}" for k in range(len(index))], emotion=index["label"])


def index_of(speakers, *, corpus="toy", classes=FOUR_CLASSES, repetitions=3, women=None):
    """Index of named speakers with sex and duplicates; every speaker has some clips of every class."""
    rows = [
        {
            "corpus": corpus,
            "clip_id": f"{corpus}/{speaker}-{label}-{repetition}",
            "speaker": f"{corpus}-{speaker}",
            "sex": "female" if (number % 2 if women is None else speaker in women) else "male",
            "emotion": label,
            "sentence": f"s{repetition}",
            "duplicate_of": "",
            "label": label,
        }
        for number, speaker in enumerate(speakers)
        for label in classes
        for repetition in range(repetitions)
    ]
    return pd.DataFrame(rows)


def make_features(index, rng, *, n_columns=12, voice=1.0):
    """Columns that depend on class and speaker, each with a different scale."""
    codes = pd.Categorical(index["label"], categories=CLASSES).codes
    speakers = pd.factorize(index["speaker"])[0]
    directions = rng.normal(size=(len(CLASSES), n_columns))
    shifts = voice * rng.normal(size=(speakers.max() + 1, n_columns))
    X = 1.5 * directions[codes] + shifts[speakers] + rng.normal(size=(len(index), n_columns))
    return (X * 10.0 ** rng.integers(-2, 3, n_columns)).astype(np.float32)
