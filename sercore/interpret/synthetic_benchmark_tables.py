"""The exam of :mod:`.planted` for models on tables: does importance fall on the descriptor of the cue?

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from ..features import Recipe, column_groups, table_row
from ..training import speaker_normalise
from .importance import permutation_intervals

CUES = {
    "f0_level": (0.0, 5.0, ("f0",)),
    "rate": (3.7, 5.2, ("timing",)),
    "loudness": (-5.0, 5.0, ("rms_db",)),
    "tilt": (-2.5, 2.5, ("centroid",)),
}
"""Cue of :class:`sercore.synth.Prosody` to its value in either class, and the groups that measure it."""

RECIPE = Recipe(
    descriptors=("f0", "rms_db", "centroid"),
    statistics=("mean", "std", "p5", "p95"),
    slope_statistics=(),
    parts=(),
)
"""A table with one descriptor for pitch, one for level, one for colour, and timing. The modulations that
belong to timing are left out: as they are per band, they hold level and colour too."""


def cue_table(
    cue: str, low: float, high: float, *, recipe: Recipe = RECIPE, seed: int = 0
) -> tuple[pd.DataFrame, np.ndarray, dict[str, list[int]]]:
    """Clips whose two classes differ in one cue: index, table, and its groups with one of random numbers.

    Columns are standardised per speaker, so that a man's raised pitch and a woman's low one differ.

    Parameters
    ----------
    cue : str
        Of :class:`sercore.synth.Prosody`; everything else is the neutral voice.
    low, high : float
        Its value in the two classes.
    recipe : Recipe
    seed : int
        Of the takes and the random numbers.

    Returns
    -------
    index : pd.DataFrame
        ``corpus clip_id speaker label`` of 72 clips by 12 speakers.
    X : np.ndarray [shape=(72, n_columns)]
    groups : dict of str to list of int
    """
    from .. import synth

    rows, X = [], []
    for number, (name, speaker) in enumerate(synth.SPEAKERS.items()):
        for sentence in range(len(synth.SENTENCES)):
            for label, value in (("low", low), ("high", high)):
                prosody = replace(synth.EMOTION_PROSODY["neutral"], **{cue: value})
                wave, _ = synth.render(
                    prosody, speaker=speaker, sentence=sentence, seed=(seed, number, sentence)
                )
                X.append(table_row(wave, recipe))
                rows.append(("synth", f"synth/{len(rows):03d}", f"synth-{name}", label))
    index = pd.DataFrame(rows, columns=["corpus", "clip_id", "speaker", "label"])
    columns = {name: part for name, part in column_groups(recipe).items() if name != "modulation"}
    noise = np.random.default_rng(seed).normal(size=(len(X), 3))
    parts = [np.stack(X)[:, part] for part in columns.values()] + [noise]
    ends = np.cumsum([0, *(part.shape[1] for part in parts)]).tolist()
    groups = {
        name: list(range(a, b)) for name, a, b in zip([*columns, "random"], ends[:-1], ends[1:], strict=True)
    }
    return index, speaker_normalise(np.concatenate(parts, axis=1), index["speaker"]), groups


def run_table_benchmark(
    cues: Mapping[str, tuple] = CUES, *, model: str = "logistic", n_repeats: int = 5, seed: int = 0
) -> pd.DataFrame:
    """Permutation importance of each group of columns where one cue alone tells the classes.

    Parameters
    ----------
    cues : mapping of str to (low, high, groups)
        As :data:`CUES`.
    model : str
        A scikit-learn model (:mod:`sercore.models.classical`), out of fold over speakers.
    n_repeats, seed
        As in :func:`sercore.interpret.permutation_intervals`.

    Returns
    -------
    pd.DataFrame
        One row per cue: UA lost by group (fractions), and ``points``: whether the largest loss is that of a
        group that measures the cue, and its 95 % interval over speakers is above 0.
    """
    rows = {}
    for cue, (low, high, right) in cues.items():
        index, X, groups = cue_table(cue, low, high, seed=seed)
        table = permutation_intervals(
            index, X, ("low", "high"), groups, model=model, n_repeats=n_repeats, seed=seed
        )
        first = table.index[0]
        rows[cue] = {name: table.loc[name, "lost"] for name in groups}
        rows[cue]["points"] = bool(first in right and table.loc[first, "low"] > 0)
    return pd.DataFrame.from_dict(rows, orient="index")
