"""How many clips of a new speaker are enough for speaker normalisation?

:func:`enrolment_curve` measures it: the model is trained on speakers that are normalised with all their
clips, and each test speaker with only a few, drawn at random, which are not scored at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..evaluation import evaluate_oof, oof_rows
from ..evaluation.bootstrap import MIN_UNITS, count_speakers
from ..splits import Fold, assert_disjoint
from .classical import fit_classical, predict_proba
from .nested import choose_c

COUNTS = (0, 1, 2, 5, 10, 20, None)
"""Numbers of clips of a test speaker; None for all."""

TYPICAL_CLIPS = 10
"""Weight of the typical standard deviation, in clips. Fixed beforehand, not tuned."""


def enrol(clips: np.ndarray, typical_std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of a speaker from a few clips.

    The mean is that of the clips. The variance is averaged with the typical variance within a speaker, which
    counts as :data:`TYPICAL_CLIPS` clips, because a variance from few clips is unreliable; from one clip, it
    is the typical one.

    Parameters
    ----------
    clips : np.ndarray [shape=(n_clips, n_columns)]
        Unlabelled clips of one speaker.
    typical_std : np.ndarray [shape=(n_columns,)]
        From :func:`typical_speaker`.

    Returns
    -------
    mean, std : np.ndarray [shape=(n_columns,)]
        For :func:`standardise`.

    Examples
    --------
    >>> mean, std = enrol(np.array([[3.0]]), np.array([2.0]))
    >>> mean.item(), std.item()
    (3.0, 2.0)

    See Also
    --------
    speaker_normalise : with all clips of every speaker.
    """
    own, n = np.asarray(clips, dtype=float), len(clips) - 1
    variance = own.var(axis=0, ddof=1) if n else np.zeros(own.shape[1])
    pooled = (n * variance + TYPICAL_CLIPS * np.square(typical_std, dtype=float)) / (n + TYPICAL_CLIPS)
    return own.mean(axis=0), np.sqrt(pooled)


def typical_speaker(X: np.ndarray, speakers: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Mean over speakers, and standard deviation within a speaker, of every column (1 if it is 0).

    Examples
    --------
    >>> mean, std = typical_speaker(np.array([[1.0], [3.0], [10.0], [12.0]]), ["anna", "anna", "ben", "ben"])
    >>> mean.item(), std.item()
    (6.5, 1.0)
    """
    speakers = np.asarray(speakers, dtype=str)
    own = [X[speakers == name].astype(float) for name in np.unique(speakers)]
    variance = np.mean([clips.var(axis=0) for clips in own], axis=0)
    return np.mean([clips.mean(axis=0) for clips in own], axis=0), np.sqrt(np.where(variance, variance, 1))


def enrolment_curve(
    index: pd.DataFrame,
    X: np.ndarray,
    classes: Sequence[str],
    fold: Fold,
    *,
    counts: Iterable[int | None] = COUNTS,
    only: str | None = None,
    repeats: int = 10,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Scores with speaker normalisation from a growing number of clips of each test speaker.

    In each repetition, the clips of every test speaker are divided at random into four parts. Each part is
    scored with the mean and standard deviation of clips drawn from the other three, so every clip is scored
    once, and never with itself. A larger count contains the clips of the smaller one.

    Parameters
    ----------
    index, X, classes
        As in :func:`out_of_fold`; `X` is a table.
    fold : Fold
        Training and test part, usually of different corpora.
    counts : iterable of int or None
        Numbers of clips. 0 is the typical training speaker for everyone; None is all clips of the other three
        parts. A speaker with fewer clips uses all of them.
    only : str, optional
        Class of the clips that normalise, such as ``neutral``: neutral speech is easy to ask for. The
        training speakers are then also normalised with their clips of this class.
    repeats : int
        Number of random divisions.

    Returns
    -------
    pd.DataFrame
        One row per count: ``clips`` (the count; NaN for all), ``n_used`` (mean number of clips that were
        used), ``only``, ``fold``, ``ua`` (mean over repetitions), ``ua_low``, ``ua_high`` (95 % interval over
        speakers, or over clips with fewer than four), ``ua_sd`` (over repetitions), ``interval``,
        ``n_clips`` and ``n_speakers``.

    Raises
    ------
    SercoreError
        A speaker is unknown, or has no clip of the class `only`.
    SplitError
        A speaker is in training and test.

    See Also
    --------
    enrol : the estimate from a few clips.

    Notebook: 09_leaving_the_studio.ipynb
    """
    assert_disjoint(index, fold)
    usable = _usable(index, only)
    train, test = index.iloc[fold.train], index.iloc[fold.test]
    reference, typical_std = typical_speaker(
        X[fold.train][usable[fold.train]], train["speaker"][usable[fold.train]]
    )
    normalised = np.zeros_like(X, dtype=np.float32)
    for rows in map(fold.train.__getitem__, train.groupby("speaker").indices.values()):
        mean, std = enrol(X[rows[usable[rows]]], typical_std)
        normalised[rows] = (X[rows] - mean) / std
    c = choose_c(index, normalised, fold.train, seed=seed, by="corpus")
    fitted = fit_classical(index, normalised, fold.train, model="logistic", model_params={"C": c}, seed=seed)
    rows = []
    for count in counts:
        parts, used = [], []
        for repeat in range(repeats):
            draws = _draws(test, usable[fold.test], np.random.default_rng([seed, repeat]))
            scored = np.zeros((len(test), X.shape[1]), dtype=np.float32)
            for part, pool in draws:
                drawn = fold.test[pool[:count]]
                mean, std = (reference, typical_std) if count == 0 else enrol(X[drawn], typical_std)
                scored[part] = (X[fold.test[part]] - mean) / std
                used.append(len(drawn))
            proba = predict_proba(fitted, scored, classes)
            parts.append(oof_rows(index, fold, proba, classes, model="enrolled", split="corpus", seed=repeat))
        rows.append(_scores(pd.concat(parts), n_boot) | {"clips": count, "n_used": np.mean(used)})
    table = pd.DataFrame(rows).assign(only=only or "", fold=fold.name)
    table["clips"] = table["clips"].astype(float)
    return table[["fold", "only", "clips", "n_used", *_SCORES]]


_SCORES = ("ua", "ua_low", "ua_high", "ua_sd", "interval", "n_clips", "n_speakers")


def _scores(oof: pd.DataFrame, n_boot: int) -> dict:
    interval = "clips" if count_speakers(oof["speaker"]) < MIN_UNITS else "speakers"
    scores = evaluate_oof(oof, interval=interval, n_boot=n_boot)
    return {name: scores[name] for name in _SCORES}


def _usable(index: pd.DataFrame, only: str | None) -> np.ndarray:
    """Clips that may normalise; every speaker has some."""
    if (index["speaker"].fillna("") == "").any():
        raise SercoreError("some clips have no speaker; normalisation per speaker needs every speaker")
    usable = np.ones(len(index), bool) if only is None else (index["label"] == only).to_numpy()
    without = sorted(set(index["speaker"]) - set(index["speaker"][usable]))
    if without:
        raise SercoreError(f"no clips of class {only!r} by {', '.join(without[:5])}; normalise with others")
    return usable


def _draws(test: pd.DataFrame, usable: np.ndarray, rng: np.random.Generator, n_parts: int = 4):
    """Pairs (scored rows, rows that may normalise them, in random order) of every test speaker."""
    for rows in test.groupby("speaker").indices.values():
        order = rng.permutation(rows)
        order = order[np.argsort(usable[order], kind="stable")]  # spreads usable clips over the parts
        parts = [order[k::n_parts] for k in range(n_parts)]
        for k, part in enumerate(parts):
            pool = rng.permutation(np.concatenate([other for j, other in enumerate(parts) if j != k]))
            if len(part) and usable[pool].any():
                yield part, pool[usable[pool]]
            elif len(part):
                raise SercoreError(
                    f"{test['speaker'].iloc[part[0]]} has too few clips to normalise some and score others"
                )
