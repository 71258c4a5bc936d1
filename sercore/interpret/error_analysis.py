"""Mistakes: which pairs of emotions, whose clips, which clips; and what people make of the same clips.

People were asked for the emotion that the *actor was told to play*. Where they miss it, the clip may
simply not sound like it; a model that "beats people" there has learned the corpus, not feelings.

References
----------
Livingstone & Russo: The Ryerson audio-visual database of emotional speech and song (RAVDESS). PLOS ONE
13, e0196391, 2018.

Cao et al.: CREMA-D: crowd-sourced emotional multimodal actors dataset. IEEE TAC 5, 377–390, 2014.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..corpora import get_corpus
from ..errors import CorpusError
from ..evaluation import unpack
from ..evaluation.bootstrap import mean_interval

LISTENERS = {
    "ravdess": {"normal intensity": 0.58, "strong intensity": 0.67, "happy": 0.366},
    "crema_d": {
        "neutral": 0.957, "happy": 0.260, "sad": 0.164, "angry": 0.606, "fearful": 0.320, "disgust": 0.270,
        "all clips": 0.416,
    },
}  # fmt: skip
"""Share of clips, voice only, in which listeners chose the emotion that was meant.

RAVDESS: mean over listeners' answers, as published. CREMA-D: the majority of the votes on each of the
7442 clips, counted from the published votes."""


def confused_pairs(oof: pd.DataFrame) -> pd.DataFrame:
    """Every mistake by pair: how often clips of one emotion are taken for another.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one model (:mod:`sercore.evaluation.oof`); several seeds are averaged.

    Returns
    -------
    pd.DataFrame
        One row per pair that occurs, the most frequent first: ``label``, ``heard``, ``rate`` (share of the
        clips of ``label``, mean over speakers), ``low``, ``high`` (95 % over speakers) and ``n_speakers``
        (how many are confused at least once).
    """
    truth, proba, classes, speakers = unpack(oof)
    heard = np.array(classes)[proba.argmax(axis=1)]
    rows = []
    for label in classes:
        mine = truth == label
        for other in classes:
            wrong = heard[mine] == other
            if other == label or not wrong.any():
                continue
            rate, low, high = (float(value) for value in mean_interval(wrong, speakers[mine]))
            rows.append((label, other, rate, low, high, len(set(speakers[mine][wrong]))))
    table = pd.DataFrame(rows, columns=["label", "heard", "rate", "low", "high", "n_speakers"])
    return table.sort_values("rate", ascending=False, kind="stable", ignore_index=True)


def worst_clips(oof: pd.DataFrame, *, n: int | None = 20) -> pd.DataFrame:
    """The clips that models are most wrong about, over all models and seeds in the table.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one or several models.
    n : int, optional
        How many; None for all clips.

    Returns
    -------
    pd.DataFrame
        One row per clip, the least probable first: ``clip_id``, ``speaker``, ``label``, ``heard`` (most
        probable class of the mean), ``p_label``, ``p_heard`` (mean probabilities) and ``wrong`` (share of
        the predictions that are wrong).
    """
    truth, proba, classes, _ = unpack(oof)
    codes = pd.Categorical(truth, categories=classes).codes
    columns = [f"p_{name}" for name in classes]
    table = oof[["clip_id", "speaker", "label"]].assign(wrong=proba.argmax(axis=1) != codes)
    table[columns] = proba
    mean = table.groupby(["clip_id", "speaker", "label"], sort=True)[[*columns, "wrong"]].mean().reset_index()
    mean_proba = mean[columns].to_numpy()
    codes = pd.Categorical(mean["label"], categories=classes).codes
    mean["heard"] = np.array(classes)[mean_proba.argmax(axis=1)]
    mean["p_label"], mean["p_heard"] = mean_proba[np.arange(len(mean)), codes], mean_proba.max(axis=1)
    mean = mean.sort_values("p_label", kind="stable", ignore_index=True)
    kept = ["clip_id", "speaker", "label", "heard", "p_label", "p_heard", "wrong"]
    return mean[kept].head(len(mean) if n is None else n)


def compare_with_listeners(oof: pd.DataFrame, corpus: str) -> pd.DataFrame:
    """Share of clips that a model recognises beside the share that listeners do, voice alone.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one model on the corpus, or an empty one to see the people's figures.
    corpus : str
        ``ravdess`` or ``crema_d``.

    Returns
    -------
    pd.DataFrame
        One row per figure of :data:`LISTENERS`: ``people``, ``model``, ``low``, ``high`` (95 % over speakers).
        NaN where the table has no such clips.

    Raises
    ------
    CorpusError
        No figures of people for this corpus.
    """
    if corpus not in LISTENERS:
        raise CorpusError(f"no figures of people for {corpus!r}; there are: {', '.join(LISTENERS)}")
    rows = {
        name: {"people": share, "model": np.nan, "low": np.nan, "high": np.nan}
        for name, share in LISTENERS[corpus].items()
    }
    if len(oof):
        truth, proba, classes, speakers = unpack(oof)
        right = np.array(classes)[proba.argmax(axis=1)] == truth
        parse = get_corpus(corpus).parse
        intensity = np.array([parse(clip.split("/", 1)[-1] + ".wav")["intensity"] for clip in oof["clip_id"]])
        for name in rows:
            here = _clips_of(name, truth, intensity)
            if here.any():
                mean, low, high = (float(value) for value in mean_interval(right[here], speakers[here]))
                rows[name] |= {"model": mean, "low": low, "high": high}
    return pd.DataFrame.from_dict(rows, orient="index")


def _clips_of(name: str, truth: np.ndarray, intensity: np.ndarray) -> np.ndarray:
    """Which clips a figure of people is about."""
    if name == "all clips":
        return np.ones(len(truth), bool)
    if name.endswith(" intensity"):
        return intensity == name.removesuffix(" intensity")
    return truth == name
