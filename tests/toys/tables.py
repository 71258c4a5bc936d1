"""Small indices and feature tables."""

import numpy as np
import pandas as pd

CLASSES = ("neutral", "sad", "angry")


def make_index(n_speakers=6, n_repetitions=4, corpus="demo"):
    """Speakers who say every class some times."""
    rows = [
        {"corpus": corpus, "speaker": f"{corpus}-{who}", "label": label, "sentence": f"s{take % 2}"}
        for who in range(n_speakers)
        for label in CLASSES
        for take in range(n_repetitions)
    ]
    index = pd.DataFrame(rows)
    return index.assign(clip_id=[f"{corpus}/{k:03d}" for k in range(len(index))], emotion=index["label"])


def make_features(index, rng, *, n_columns=12, voice=1.0):
    """Columns that tell the class, with a shift per speaker, each on a scale of its own."""
    codes = pd.Categorical(index["label"], categories=CLASSES).codes
    speakers = pd.factorize(index["speaker"])[0]
    directions = rng.normal(size=(len(CLASSES), n_columns))
    shifts = voice * rng.normal(size=(speakers.max() + 1, n_columns))
    X = 1.5 * directions[codes] + shifts[speakers] + rng.normal(size=(len(index), n_columns))
    return (X * 10.0 ** rng.integers(-2, 3, n_columns)).astype(np.float32)
