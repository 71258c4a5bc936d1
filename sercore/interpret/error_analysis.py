"""Error analysis: confused pairs of emotions, the worst clips, and human recognition of the same corpora.

Listeners were asked for the emotion that the *actor was instructed to portray*. If they do not recognise
it, the clip may simply not express it; a model that exceeds human accuracy there has learned the corpus,
not emotions.

References
----------
Livingstone & Russo: The Ryerson audio-visual database of emotional speech and song (RAVDESS). PLOS ONE
13, e0196391, 2018.

Cao et al.: CREMA-D: crowd-sourced emotional multimodal actors dataset. IEEE TAC 5, 377–390, 2014.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..corpora import get_corpus
from ..errors import CorpusError
from ..evaluation import unpack
from ..evaluation.bootstrap import count_speakers, mean_interval

LISTENERS = {
    "ravdess": {"normal intensity": 0.58, "strong intensity": 0.67, "happy": 0.366},
    "crema_d": {
        "neutral": 0.957, "happy": 0.260, "sad": 0.164, "angry": 0.606, "fearful": 0.320, "disgust": 0.270,
        "all clips": 0.416,
    },
}  # fmt: skip
"""Proportion of audio-only clips for which listeners chose the intended emotion.

RAVDESS: proportion of judgements, mean over listeners, as quoted (not checked against the article). CREMA-D:
majority of the votes on each of the 7442 clips, computed from the published votes."""


def confused_pairs(oof: pd.DataFrame) -> pd.DataFrame:
    """Confusion rate of each pair of emotions, with 95 % intervals over speakers.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one model (:mod:`sercore.evaluation.oof`); several seeds are averaged.

    Returns
    -------
    pd.DataFrame
        One row per confused pair, the most frequent first: ``label`` (true), ``heard`` (predicted),
        ``rate`` (proportion of the clips of ``label``, mean over speakers), ``low``, ``high``, and
        ``n_speakers`` (speakers for whom it occurs).

    See Also
    --------
    worst_clips : The clips behind the errors.

    Notebook: 07_interpretability.ipynb
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
            rows.append((label, other, rate, low, high, count_speakers(speakers[mine][wrong])))
    table = pd.DataFrame(rows, columns=["label", "heard", "rate", "low", "high", "n_speakers"])
    return table.sort_values("rate", ascending=False, kind="stable", ignore_index=True)


def worst_clips(oof: pd.DataFrame, *, n: int | None = 20) -> pd.DataFrame:
    """Clips whose true class has the lowest mean probability over all models and seeds in the table.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one or several models.
    n : int, optional
        Number of clips; None for all.

    Returns
    -------
    pd.DataFrame
        One row per clip, the lowest probability first: ``clip_id``, ``speaker``, ``label`` (true),
        ``heard`` (class with the highest mean probability), ``p_label``, ``p_heard`` (mean
        probabilities) and ``wrong`` (proportion of wrong predictions).

    See Also
    --------
    confused_pairs : Errors by pair of emotions.

    Notebook: 07_interpretability.ipynb
    """
    truth, proba, classes, _ = unpack(oof)
    codes = pd.Categorical(truth, categories=classes).codes
    columns = [f"p_{name}" for name in classes]
    table = oof[["clip_id", "speaker", "label"]].assign(wrong=proba.argmax(axis=1) != codes)
    table[columns] = proba
    clip = ["clip_id", "speaker", "label"]
    mean = table.groupby(clip, sort=True, dropna=False)[[*columns, "wrong"]].mean().reset_index()
    mean_proba = mean[columns].to_numpy()
    codes = pd.Categorical(mean["label"], categories=classes).codes
    mean["heard"] = np.array(classes)[mean_proba.argmax(axis=1)]
    mean["p_label"], mean["p_heard"] = mean_proba[np.arange(len(mean)), codes], mean_proba.max(axis=1)
    mean = mean.sort_values("p_label", kind="stable", ignore_index=True)
    return mean[[*clip, "heard", "p_label", "p_heard", "wrong"]].head(len(mean) if n is None else n)


def compare_with_listeners(oof: pd.DataFrame, corpus: str) -> pd.DataFrame:
    """Proportion of clips recognised by a model and by human listeners, audio only.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one model on the corpus, or an empty one for the listeners' scores only.
    corpus : str
        ``ravdess`` or ``crema_d``.

    Returns
    -------
    pd.DataFrame
        One row per score of :data:`LISTENERS`: ``people``, ``model``, ``low``, ``high`` (95 % interval of
        the model over speakers). NaN if the table has no such clips.

    Raises
    ------
    CorpusError
        No listeners' scores are available for this corpus.

    Examples
    --------
    >>> compare_with_listeners(pd.DataFrame(), "ravdess")["people"].to_dict()
    {'normal intensity': 0.58, 'strong intensity': 0.67, 'happy': 0.366}

    Notebook: 07_interpretability.ipynb
    """
    if corpus not in LISTENERS:
        raise CorpusError(f"no listeners' scores for {corpus!r}; there are: {', '.join(LISTENERS)}")
    rows = {
        name: {"people": recognised, "model": np.nan, "low": np.nan, "high": np.nan}
        for name, recognised in LISTENERS[corpus].items()
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
    """Bool array of the clips that a listeners' score refers to."""
    if name == "all clips":
        return np.ones(len(truth), bool)
    if name.endswith(" intensity"):
        return intensity == name.removesuffix(" intensity")
    return truth == name
