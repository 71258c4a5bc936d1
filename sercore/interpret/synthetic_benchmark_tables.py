"""Benchmark of permutation importance on synthetic speech in which the cause of each label is known.

The counterpart of :mod:`~sercore.interpret.synthetic_benchmark` for models on tables: the two classes
differ in one prosodic cue, and importance should be highest for the group of columns that measures it.
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
"""Value of each prosodic cue in the two classes, and the groups of columns that measure it."""

RECIPE = Recipe(
    descriptors=("f0", "rms_db", "centroid"),
    statistics=("mean", "std", "p5", "p95"),
    slope_statistics=(),
    parts=(),
)
"""One descriptor each for pitch, level and timbre, and timing. Modulation spectra are left out: as they
are computed per band, they also depend on level and timbre."""


def cue_table(
    cue: str, low: float, high: float, *, recipe: Recipe = RECIPE, seed: int = 0
) -> tuple[pd.DataFrame, np.ndarray, dict[str, list[int]]]:
    """Index, table and column groups of clips whose two classes differ in one prosodic cue.

    Columns are standardised per speaker, which removes differences between voices. A group ``random`` of
    random numbers is added as a control.

    Parameters
    ----------
    cue : str
        Attribute of :class:`sercore.synth.Prosody`; everything else is that of the neutral voice.
    low, high : float
        Values of the cue in the two classes.
    recipe : Recipe
        Features of a clip.
    seed : int
        Seed of the renditions and of the random numbers.

    Returns
    -------
    index : pd.DataFrame
        ``corpus clip_id speaker label`` of 72 clips by 12 speakers.
    X : np.ndarray [shape=(72, n_columns)]
        Standardised table.
    groups : dict of str to list of int
        Column numbers by group.
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
    """Permutation importance of each group of columns when the classes differ in one cue only.

    Parameters
    ----------
    cues : mapping of str to (low, high, groups)
        As in :data:`CUES`.
    model : str
        A scikit-learn model (:mod:`sercore.models.classical`), evaluated out of fold over speakers.
    n_repeats, seed
        As in :func:`sercore.interpret.permutation_intervals`.

    Returns
    -------
    pd.DataFrame
        One row per cue: loss of UA by group, as fractions, and ``points``: whether the largest loss is that
        of a group that measures the cue and its 95 % interval over speakers is above 0.

    See Also
    --------
    sercore.interpret.synthetic_benchmark.run_benchmark : For networks on frames.

    Notebook: 07_interpretability.ipynb
    """
    rows = {}
    for cue, (low, high, expected) in cues.items():
        index, X, groups = cue_table(cue, low, high, seed=seed)
        table = permutation_intervals(
            index, X, ("low", "high"), groups, model=model, n_repeats=n_repeats, seed=seed
        )
        first = table.index[0]
        rows[cue] = {name: table.loc[name, "lost"] for name in groups}
        rows[cue]["points"] = bool(first in expected and table.loc[first, "low"] > 0)
    return pd.DataFrame.from_dict(rows, orient="index")
