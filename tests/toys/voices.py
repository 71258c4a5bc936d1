"""A small model of four emotions of the synthetic voice, fitted in a second or two."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from sercore import features, synth
from sercore.bundle import FittedModel, Predictor, save
from sercore.bundle.default_model import RECIPE
from sercore.training import fit_classical

CLASSES = ("neutral", "happy", "sad", "angry")


@cache
def small_predictor() -> Predictor:
    """A loaded bundle with an LDA that was fitted to four speakers."""
    rows, table = [], []
    for name in ("F1", "F2", "M1", "M2"):
        for label in CLASSES:
            for sentence in range(3):
                options = {"speaker": synth.SPEAKERS[name], "sentence": sentence, "seed": sentence}
                wave, _ = synth.render(synth.EMOTION_PROSODY[label], **options)
                table.append(features.table_row(wave, RECIPE))
                rows.append([name, label])
    index = pd.DataFrame(rows, columns=["speaker", "label"])
    model = fit_classical(index, np.stack(table), np.arange(len(table)), model="lda")
    with tempfile.TemporaryDirectory() as folder:
        path = save(Path(folder, "small.bundle"), {"lda": FittedModel(model, RECIPE)}, CLASSES)
        return Predictor.load(path)
