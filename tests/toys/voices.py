"""A model that knows four manners of the synthetic voice, made in a second or two."""

from pathlib import Path

import numpy as np
import pandas as pd

from sercore import features, synth
from sercore.bundle import FittedModel, Predictor, save
from sercore.bundle.default_model import RECIPE
from sercore.training import fit_classical

CLASSES = ("neutral", "happy", "sad", "angry")


def small_predictor(folder: Path) -> Predictor:
    """A loaded bundle of an LDA, fitted on four speakers."""
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
    return Predictor.load(save(folder / "small.bundle", {"lda": FittedModel(model, RECIPE)}, CLASSES))
