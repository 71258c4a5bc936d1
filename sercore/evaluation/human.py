"""How well do people recognise the emotion of a clip, and how does a model compare on the same clips?

A table of votes has one row per clip and listener, or per clip and emotion if hands were counted, with the
columns :data:`COLUMNS`. ``emotion`` is what the speaker was asked to portray; a vote is right if it names it.
Recall is a mean over units that are independent of each other: over *listeners* if at least
:data:`~sercore.evaluation.bootstrap.MIN_UNITS` of them voted one by one, otherwise over *clips*. Intervals
are bootstrapped over the same units: over listeners they apply to other listeners and these clips, over
clips to other clips and these listeners.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..files import locked, write_atomic
from ..labels import sort_emotions
from .bootstrap import MIN_UNITS, bounds

COLUMNS = ("listener", "clip_id", "emotion", "vote", "count")
"""Columns of a table of votes; ``count`` is the number of listeners, 1 unless hands were counted."""
_STORED = (*COLUMNS[:-1], "choices", "count")

HANDS = "class"
"""Listener of votes that were counted by a show of hands."""


@dataclass(frozen=True)
class Published:
    """A published recall of human listeners, audio only.

    Parameters
    ----------
    corpus, clips : str
        Corpus, and which of its clips.
    recall : float
        Proportion of votes for the emotion that the actor was asked to portray.
    n_choices : int
        Number of emotions to choose from.
    source : str
    checked : str
        Where the number was verified for this package, or that it was not.
    """

    corpus: str
    clips: str
    recall: float
    n_choices: int
    source: str
    checked: str


_RAVDESS = "Livingstone & Russo, PLOS ONE 13, e0196391, 2018"
_CREMA_D = "Cao et al., IEEE TAC 5, 377–390, 2014"
PUBLISHED = (
    Published("RAVDESS", "speech, normal intensity", 0.58, 8, _RAVDESS, "not checked against the article"),
    Published("RAVDESS", "speech, strong intensity", 0.67, 8, _RAVDESS, "not checked against the article"),
    Published("CREMA-D", "all clips", 0.409, 6, _CREMA_D, "abstract of the article"),
)
"""Published recall of people on voices alone. Clips, listeners and numbers of choices differ, so compare the
order of magnitude only."""


def choose_clips(index: pd.DataFrame, n: int, *, seed: int = 0) -> pd.DataFrame:
    """Random clips with equal numbers per emotion as far as possible, from as many speakers as possible.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`.
    n : int
        Number of clips; all if there are fewer.

    Returns
    -------
    pd.DataFrame
        Rows of ``index`` in random order.

    Examples
    --------
    >>> index = pd.DataFrame({"clip_id": list("abcd"), "speaker": "x", "emotion": ["sad"] * 3 + ["calm"]})
    >>> sorted(choose_clips(index, 2)["emotion"])
    ['calm', 'sad']

    Notebook: 10_your_own_voice.ipynb
    """
    mixed = index.sample(frac=1.0, random_state=seed)
    turn = mixed.groupby(["emotion", "speaker"]).cumcount()
    mixed = mixed.assign(_turn=turn).sort_values("_turn", kind="stable")  # one clip of every speaker first
    mixed["_turn"] = mixed.groupby("emotion").cumcount()
    chosen = mixed.sort_values("_turn", kind="stable").head(n).drop(columns="_turn")
    return chosen.sample(frac=1.0, random_state=seed).reset_index(drop=True)


def shuffle_clips(clip_ids: Iterable[str], listener: str, *, seed: int = 0) -> list[str]:
    """Clip ids in random order, another one for every listener but always the same for one.

    Examples
    --------
    >>> shuffle_clips("abc", "anna") == shuffle_clips("cab", "anna")
    True
    """
    key = hashlib.sha256(f"{seed}/{listener}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(key[:8], "big"))
    return [str(clip_id) for clip_id in rng.permutation(sorted(clip_ids))]


def read_votes(path: Path) -> pd.DataFrame:
    """Votes of a CSV file; an empty table if there is no file.

    Beside :data:`COLUMNS` there are the ``choices`` of each vote, empty if they were not stored.

    Raises
    ------
    EvaluationError
        The file is not a table of votes.

    Notebook: 10_your_own_voice.ipynb
    """
    if not path.is_file():
        return pd.DataFrame(columns=list(_STORED)).astype({"count": int})
    try:
        votes = pd.read_csv(path, dtype={name: str for name in _STORED[:-1]}, keep_default_na=False)
        return _with_choices(votes)[list(_STORED)].astype({"count": int})
    except (ValueError, KeyError, UnicodeDecodeError) as error:
        raise EvaluationError(
            f"{path} is not a table of votes with the columns {', '.join(COLUMNS)}: {error}"
        ) from error


def write_votes(path: Path, votes: pd.DataFrame, *, add: bool = False) -> pd.DataFrame:
    """Add votes to a CSV file and return all; a listener's votes for a clip among equal choices are replaced.

    Votes with the count 0 delete them. A vote whose choices were not stored, as by an earlier version, counts
    as one among any choices. Several processes may write to the file.

    Parameters
    ----------
    path : Path
    votes : pd.DataFrame
        With the columns :data:`COLUMNS`, and ``choices``, the emotions of the test, if they are known.
    add : bool
        Whether to add the counts to those of the same listener, clip and vote instead, as for raised hands.

    Raises
    ------
    EvaluationError
        The file is not a table of votes, or cannot be written.
    """
    try:
        with locked(path.parent):
            old = read_votes(path)
            votes = _with_choices(votes)
            key = ["listener", "clip_id", "choices"]
            given = set(votes[key].itertuples(index=False, name=None))
            same = [
                (row.listener, row.clip_id, row.choices) in given
                or (not row.choices and any((row.listener, row.clip_id) == each[:2] for each in given))
                for row in old.itertuples(index=False)
            ]
            added = votes.loc[votes["count"] > 0, list(_STORED)]
            if add:
                both = pd.concat([old[np.array(same, bool)], added])
                added = both.groupby(list(_STORED[:-1]), as_index=False, sort=False)["count"].sum()
            every = pd.concat([old[~np.array(same, bool)], added], ignore_index=True)
            write_atomic(path, every.to_csv(index=False, lineterminator="\n").encode())
    except OSError as error:
        raise EvaluationError(f"{path} cannot be written ({error.strerror or error})") from error
    return every


def _with_choices(votes: pd.DataFrame) -> pd.DataFrame:
    return votes if "choices" in votes else votes.assign(choices="")


def human_recall(
    votes: pd.DataFrame, *, over: str = "auto", n_boot: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Recall of every emotion by the listeners, and their mean, with 95 % intervals.

    Parameters
    ----------
    votes : pd.DataFrame
        With the columns :data:`COLUMNS`.
    over : {"auto", "listeners", "clips"}
        Units of mean and bootstrap; see the top of this module.
    n_boot : int
        Number of resamples.

    Returns
    -------
    pd.DataFrame
        One row per emotion and the row ``UA``, their mean: ``recall``, ``low``, ``high`` (NaN with fewer
        than four units), ``n_clips``, ``n_votes``, ``over`` (``listeners`` or ``clips``).

    Raises
    ------
    EvaluationError
        There are no votes, or hands were counted and cannot be resampled over listeners.

    See Also
    --------
    compare_with_model : A model beside the listeners.

    Examples
    --------
    >>> votes = pd.DataFrame({"listener": "anna", "clip_id": list("ab"), "emotion": "sad",
    ...     "vote": ["sad", "calm"], "count": 1})
    >>> float(human_recall(votes)["recall"]["UA"])
    0.5

    Notebook: 10_your_own_voice.ipynb
    """
    votes = votes[votes["count"] > 0]
    if votes.empty:
        raise EvaluationError("there are no votes yet")
    unit = _unit(votes, over)
    right = (votes["vote"] == votes["emotion"]).to_numpy()
    table = _recall(right, votes["emotion"], votes[unit], votes["count"].to_numpy(), n_boot=n_boot, seed=seed)
    return table.assign(
        n_clips=_per_emotion(votes.groupby("emotion")["clip_id"].nunique()),
        n_votes=_per_emotion(votes.groupby("emotion")["count"].sum()),
        over="listeners" if unit == "listener" else "clips",
    )


def compare_with_model(
    votes: pd.DataFrame, predicted: Mapping[str, str], *, n_boot: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Recall of the listeners and of a model on the same clips, and the difference, over clips.

    The interval of the difference is paired: people and model are compared on the same resampled clips.

    Parameters
    ----------
    votes : pd.DataFrame
    predicted : mapping of str to str
        Emotion that the model predicts, by clip id; votes for other clips are left out.

    Returns
    -------
    pd.DataFrame
        One row per emotion and ``UA``: ``people``, ``people_low``, ``people_high``, ``model``, ``model_low``,
        ``model_high``, ``difference`` (model minus people), ``low``, ``high``, ``n_clips``, ``n_votes``.

    Raises
    ------
    EvaluationError
        No clip has votes and a prediction.
    """
    votes = votes[(votes["count"] > 0) & votes["clip_id"].isin(list(predicted))]
    if votes.empty:
        raise EvaluationError("no clip has both votes and a prediction of the model")
    clips = votes.drop_duplicates("clip_id")
    options = {"n_boot": n_boot, "seed": seed}
    right = (votes["vote"] == votes["emotion"]).to_numpy()
    people = _means(right, votes["emotion"], votes["clip_id"], votes["count"].to_numpy())
    machine_right = (clips["clip_id"].map(predicted) == clips["emotion"]).to_numpy()
    model = _means(machine_right, clips["emotion"], clips["clip_id"], np.ones(len(clips)))
    table = _intervals(people, **options).add_prefix("people_").rename(columns={"people_recall": "people"})
    table = table.join(
        _intervals(model, **options).add_prefix("model_").rename(columns={"model_recall": "model"})
    )
    table = table.join(_intervals(model - people, **options).rename(columns={"recall": "difference"}))
    return table.assign(
        n_clips=_per_emotion(clips.groupby("emotion")["clip_id"].nunique()),
        n_votes=_per_emotion(votes.groupby("emotion")["count"].sum()),
    )


def predict_clips(predict: Callable, paths: Mapping[str, str], choices: Sequence[str]) -> dict[str, str]:
    """Emotion with the highest probability among the choices of the listeners, by clip id.

    Parameters
    ----------
    predict : callable or object with a method ``predict``
        From the path of a clip to its probability by emotion, or to one emotion; for example a
        :class:`sercore.bundle.Predictor`.
    paths : mapping of str to str
        Path of each clip by clip id.
    choices : sequence of str
        The emotions that the listeners choose from; the model chooses among the same.

    Raises
    ------
    EvaluationError
        The model predicts none of the choices.

    Examples
    --------
    >>> predict_clips(lambda path: {"sad": 0.2, "calm": 0.3, "happy": 0.5}, {"a": "a.wav"}, ["sad", "calm"])
    {'a': 'calm'}
    """
    predict = getattr(predict, "predict", predict)
    predicted = {}
    for clip_id, path in paths.items():
        found = predict(path)
        if not isinstance(found, str):
            among = {name: p for name, p in found.items() if name in choices}
            if not among:
                raise EvaluationError(f"the model predicts {', '.join(found)}, none of {', '.join(choices)}")
            found = max(among, key=among.get)
        predicted[clip_id] = found
    return predicted


def _unit(votes: pd.DataFrame, over: str) -> str:
    """Column of the units."""
    one_by_one = not (votes["listener"] == HANDS).any()
    if over not in ("auto", "listeners", "clips"):
        raise EvaluationError(f"over={over!r}: must be 'auto', 'listeners' or 'clips'")
    if over == "listeners" and not one_by_one:
        raise EvaluationError("hands were counted, so listeners are unknown; pass over='clips'")
    enough = one_by_one and votes["listener"].nunique() >= MIN_UNITS
    return "listener" if over == "listeners" or (over == "auto" and enough) else "clip_id"


def _recall(right, emotions, units, counts, *, n_boot: int, seed: int) -> pd.DataFrame:
    return _intervals(_means(right, emotions, units, counts), n_boot=n_boot, seed=seed)


def _means(right, emotions, units, counts) -> pd.DataFrame:
    """Proportion of right votes, one row per unit and one column per emotion; NaN without votes."""
    votes = pd.DataFrame({"unit": np.asarray(units), "emotion": np.asarray(emotions)})
    sums = (
        votes.assign(right=np.asarray(right) * counts, n=counts)
        .groupby(["unit", "emotion"])[["right", "n"]]
        .sum()
    )
    means = (sums["right"] / sums["n"]).unstack()
    return means[sort_emotions(means.columns)]


def _intervals(means: pd.DataFrame, *, n_boot: int, seed: int) -> pd.DataFrame:
    """Mean over units of every emotion and of all emotions (``UA``), with intervals."""
    known, n = means.notna().to_numpy(), len(means)
    filled = means.fillna(0.0).to_numpy()
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), n_boot)
    counts = draws @ known
    drawn = np.divide(draws @ filled, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    rows = {}
    for k, emotion in enumerate(means.columns):
        values = drawn[:, k][np.isfinite(drawn[:, k])]
        rows[emotion] = (means[emotion].mean(), *bounds(values, int(known[:, k].sum())))
    rows["UA"] = (means.mean().mean(), *bounds(np.nanmean(drawn, axis=1), n))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["recall", "low", "high"])


def _per_emotion(counts: pd.Series) -> pd.Series:
    return pd.concat([counts, pd.Series({"UA": counts.sum()})])
