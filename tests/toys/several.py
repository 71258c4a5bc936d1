"""Several corpora, whose features differ by corpus, speaker and class."""

import numpy as np
import pandas as pd
from toys.tables import CLASSES, make_index


def several_corpora(rng, *, sizes=(("a", 5), ("b", 4), ("c", 4)), shift=4.0):
    """Index and table of corpora; columns have standard deviations around 1."""
    index = pd.concat([make_index(n, corpus=corpus) for corpus, n in sizes], ignore_index=True)
    codes = pd.Categorical(index["label"], categories=CLASSES).codes
    speakers, corpora = pd.factorize(index["speaker"])[0], pd.factorize(index["corpus"])[0]
    X = 2.5 * rng.normal(size=(3, 10))[codes] + rng.normal(size=(len(index), 10))
    X += 2 * rng.normal(size=(speakers.max() + 1, 10))[speakers]
    X = (X + shift * rng.normal(size=(len(sizes), 10))[corpora]) * rng.uniform(0.5, 2, (len(sizes), 10))[
        corpora
    ]
    return index, X.astype(np.float32)
