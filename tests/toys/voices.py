"""A small model of four emotions of the synthetic voice, fitted in a second or two."""

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from sercore import features, synth
from sercore.bundle import FittedModel, Predictor, save
from sercore.bundle.defaults import RECIPE
from sercore.training import fit_classical, speaker_normalise
from sercore.training.normalisation import mean_and_std

CLASSES = ("neutral", "happy", "sad", "angry")


@cache
def small_predictor(*, speaker_norm: bool = False) -> Predictor:
    """A loaded bundle of :func:`save_small`."""
    with tempfile.TemporaryDirectory() as folder:
        return Predictor.load(save_small(Path(folder, "small.bundle"), speaker_norm=speaker_norm))


def save_small(path: Path, *, speaker_norm: bool = False) -> Path:
    """Write a bundle with an LDA that was fitted to four speakers, whose features may be normalised."""
    rows, table = [], []
    for name in ("F1", "F2", "M1", "M2"):
        for label in CLASSES:
            for sentence in range(3):
                options = {"speaker": synth.SPEAKERS[name], "sentence": sentence, "seed": sentence}
                wave, _ = synth.render(synth.EMOTION_PROSODY[label], **options)
                table.append(features.table_row(wave, RECIPE))
                rows.append([name, label])
    index = pd.DataFrame(rows, columns=["speaker", "label"])
    X = np.stack(table)
    used = speaker_normalise(X, index["speaker"]) if speaker_norm else X
    model = fit_classical(index, used, np.arange(len(table)), model="lda")
    member = FittedModel(model, RECIPE, speaker_norm=mean_and_std(table) if speaker_norm else None)
    return save(path, {"lda": member}, CLASSES)


class Rejecting:
    """A detector for which every clip is novel."""

    def is_novel(self, rows):
        return np.ones(len(rows), bool)


def rejecting_predictor(*, speaker_norm: bool = False) -> Predictor:
    """The same, with a detector that finds every voice unknown."""
    small = small_predictor(speaker_norm=speaker_norm)
    manifest = replace(small.manifest, rejection={"member": "lda", "threshold": 0.0})
    return Predictor(manifest, small.members, small.digest, Rejecting(), small.training)
