"""Scores that a bundle stores for its model card: by class and group, and on corpora left out of training.

All are computed from predictions for speakers on whom the model was not fitted; ``train`` adds them to the
``evaluation`` entry of ``bundle.json``.

A model that is tested on other speakers of its own corpora hears the same room, microphone, sentences and
language again. What it is worth on the recording of a stranger is measured by leaving a whole corpus out; the
confidence and the limit of the novelty detector come from the same predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from .. import ensemble
from ..errors import SplitError
from ..evaluation import (
    apply_temperature,
    calibration,
    evaluate_corpora,
    expected_calibration_error,
    fairness,
    fit_temperature,
    per_class,
    temper_by_distance,
)
from ..evaluation.fairness import GROUPS
from ..evaluation.oof import oof_rows
from ..models import is_network
from ..splits import Fold, corpus_folds
from ..training import fit_classical, fit_network, predict_proba
from ..training.nested import choose_c
from ..training.normalisation import mean_and_std, speaker_normalise
from .speakers import Voice

CLIPS = (0, 5, 10)
"""Numbers of unlabelled clips of a test speaker for which a speaker-normalised model is evaluated."""

REPEATS = 5
"""Random draws of these clips."""

COLUMNS = ("train", "test", "clips", "ua", "ua_low", "ua_high", "interval", "n_clips", "n_speakers", "ece",
           "confidence")  # fmt: skip

N_BINS = 10
MAX_GROUPS = 40
"""Scores by speaker, sentence and so on are stored only if there are no more of them."""
MAX_TEXT = 300
"""Largest length of a stored name, such as that of a sentence."""


def fit_model(
    index: pd.DataFrame,
    X,
    rows: np.ndarray,
    classes: Sequence[str],
    model: str,
    *,
    params: Mapping | None = None,
    augmented: Sequence = (),
    seed: int = 0,
):
    """A model fitted on some rows; networks hold out some speakers for early stopping.

    The regularisation of ``logistic_nested`` is chosen on left-out corpora if there are several, else on
    left-out speakers (:func:`sercore.training.nested.choose_c`).
    """
    if is_network(model):
        return fit_network(
            index, X, rows, classes, model=model, model_params=params, augmented=augmented, seed=seed
        )
    if model == "logistic_nested":
        c = choose_c(index, X, rows, augmented=augmented, seed=seed, by="corpus")
        model, params = "logistic", {"C": c, **(params or {})}
    return fit_classical(index, X, rows, model=model, model_params=params, augmented=augmented, seed=seed)


def left_out_corpora(index: pd.DataFrame) -> list[Fold]:
    """One fold per corpus, trained on all others; none if a class occurs in a single corpus only.

    Examples
    --------
    >>> index = pd.DataFrame({"corpus": list("aabb"), "speaker": list("vwxy"),
    ...                       "label": ["sad", "angry"] * 2})
    >>> [fold.name for fold in left_out_corpora(index)]
    ['b-to-a', 'a-to-b']
    >>> left_out_corpora(index.assign(label=list("stuv")))
    []
    """
    try:
        return corpus_folds(index)
    except SplitError:
        return []


def predict_folds(
    index: pd.DataFrame,
    features: dict,
    classes: Sequence[str],
    choices: Iterable,
    folds: Iterable[Fold],
    *,
    augmented: Mapping | None = None,
    speaker_norm: bool = False,
    clips: Sequence[int] = (0,),
    seed: int = 0,
) -> pd.DataFrame:
    """Predictions for the test part of every fold, as a bundle trained on the training part would make them.

    Parameters
    ----------
    index : pd.DataFrame
    features : dict of recipe to features of all clips
    classes : sequence of str
    choices : iterable
        Models with the attributes ``model``, ``params``, ``recipe`` and ``name``; several vote.
    folds : iterable of Fold
    augmented : dict of recipe to sequence of features of augmented versions of all clips, optional
        Those of training clips are fitted on, too.
    speaker_norm : bool
        Whether features are standardised per speaker: training speakers by all their clips, test speakers by
        `clips` of theirs (:class:`sercore.bundle.speakers.Voice`).
    clips : sequence of int
        Numbers of unlabelled clips of each test speaker, drawn at random from those that are not scored. A
        number is left out for corpora with a speaker who has fewer.
    seed : int

    Returns
    -------
    pd.DataFrame
        An out-of-fold table with the columns ``train`` (``ravdess+tess``), ``test`` and ``clips``.

    Raises
    ------
    SplitError
        No number of clips is left.
    """
    tables, corpora, augmented = [], index["corpus"].to_numpy(str), augmented or {}
    folds = list(folds)
    most = _most_clips(index, folds)
    for fold in folds:
        members = [
            _Member(
                index,
                features[choice.recipe],
                augmented.get(choice.recipe, ()),
                classes,
                fold,
                choice,
                speaker_norm,
                seed,
            )
            for choice in choices
        ]
        for count in clips:
            if count > min(most[corpus] for corpus in set(corpora[fold.test])):
                continue  # a speaker of this corpus has fewer
            parts = [member.predict(count) for member in members]
            rows = parts[0] if len(parts) == 1 else ensemble.soft_vote(pd.concat(parts, ignore_index=True))
            tests = pd.Series(corpora, index["clip_id"]).loc[rows["clip_id"]].to_numpy()
            tables.append(
                rows.assign(train="+".join(sorted(set(corpora[fold.train]))), test=tests, clips=count)
            )
    if not tables:
        raise SplitError(
            f"some speakers have fewer clips than clips={tuple(clips)} need for normalisation; at most {most}"
        )
    return pd.concat(tables, ignore_index=True).assign(model="vote")


def corpus_scores(oof: pd.DataFrame, temperature: float, distance: pd.Series | None = None) -> list[dict]:
    """Scores for each training set, test corpus and number of clips, with calibrated confidence.

    Parameters
    ----------
    oof : pd.DataFrame
        From :func:`predict_folds`.
    temperature : float
        Of the bundle.
    distance : pd.Series, optional
        Distance of each clip from the training clips by ``clip_id``, for
        :func:`sercore.evaluation.temper_by_distance`.

    Returns
    -------
    list of dict
        With the keys :data:`COLUMNS`; the interval is over speakers, or over clips with fewer than four.
    """
    columns = [name for name in oof if name.startswith("p_")]
    calibrated = apply_temperature(oof[columns].to_numpy(float), temperature)
    if distance is not None:
        calibrated = temper_by_distance(calibrated, distance.loc[oof["clip_id"]].to_numpy())
    oof = oof.assign(**dict(zip(columns, calibrated.T, strict=True)))
    scores = evaluate_corpora(oof.assign(adaptation=oof["clips"]), n_boot=1000)
    confidence = oof.assign(confidence=calibrated.max(axis=1)).groupby(["train", "test", "clips"])
    means = confidence["confidence"].mean()
    rows = scores.rename(columns={"adaptation": "clips"}).to_dict("records")
    rows = [row | {"confidence": means[row["train"], row["test"], row["clips"]]} for row in rows]
    return [{name: row[name] for name in COLUMNS} for row in rows]


def _most_clips(index: pd.DataFrame, folds: Sequence[Fold]) -> dict[str, int]:
    """For each test corpus, with how many clips that are not scored every speaker can be normalised."""
    most: dict[str, int] = {}
    for fold in folds:
        for (corpus, _), n_clips in (
            index.iloc[fold.test].groupby(["corpus", "speaker"], dropna=False).size().items()
        ):
            most[corpus] = min(most.get(corpus, n_clips), n_clips - -(-n_clips // 4))
    return most


class _Member:
    """A model fitted on the training part of a fold."""

    def __init__(self, index, X, augmented, classes, fold, choice, speaker_norm, seed):
        self.index, self.X, self.classes, self.fold, self.name = index, X, classes, fold, choice.name
        self.training = {}
        if speaker_norm:
            self.training = {"": mean_and_std([X[row] for row in fold.train])}
            X, *augmented = (speaker_normalise(part, index["speaker"]) for part in (X, *augmented))
        self.model = fit_model(
            index, X, fold.train, classes, choice.model, params=choice.params, augmented=augmented, seed=seed
        )
        self.proba: Callable = (
            self.model
            if is_network(choice.model)
            else lambda rows: predict_proba(self.model, np.stack(rows), classes)
        )

    def predict(self, count: int) -> pd.DataFrame:
        """Out-of-fold rows with a number of clips of each speaker; every draw is a seed."""
        tables = []
        for draw in range(REPEATS if count else 1):
            rows = self._normalised(count, draw) if self.training else [self.X[r] for r in self.fold.test]
            tables.append(
                oof_rows(
                    self.index,
                    self.fold,
                    self.proba(rows),
                    self.classes,
                    model=self.name,
                    split="corpus",
                    seed=draw,
                )
            )
        return pd.concat(tables, ignore_index=True)

    def _normalised(self, count: int, draw: int) -> list[np.ndarray]:
        """Test clips, each normalised by clips of its speaker from the three quarters it is not in."""
        rng, made = np.random.default_rng([count, draw]), {}
        speakers = self.index["speaker"].iloc[self.fold.test]
        for places in speakers.groupby(speakers).indices.values():
            rows = rng.permutation(self.fold.test[places])
            for k in range(4):
                others = rng.permutation(np.concatenate([rows[j::4] for j in range(4) if j != k]))
                voice = Voice(self.training)
                for row in others[:count]:
                    voice.add({"": self.X[row]})
                made |= {row: voice.normalise("", self.X[row]) for row in rows[k::4]}
        return [made[row] for row in self.fold.test]


def evaluation_details(oof: pd.DataFrame, index: pd.DataFrame, classes: Sequence[str]) -> dict:
    """Scores by class and group, and calibration, as lists of rows.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one model (:func:`sercore.training.out_of_fold`).
    index : pd.DataFrame
        With a row for every clip of the table.
    classes : sequence of str

    Returns
    -------
    dict
        ``per_class`` (:func:`sercore.evaluation.per_class`); ``groups``
        (:func:`sercore.evaluation.fairness`); ``reliability`` (:func:`sercore.evaluation.calibration`, empty
        bins left out) and its calibration error ``ece_calibrated``. The temperature of both was fitted on the
        clips of the other folds; with a single fold there is none, and ``ece_calibrated`` is None.
        ``ece_plain`` is the calibration error without a temperature.

    See Also
    --------
    sercore.report.model_card : the card that shows them.
    """
    y, proba = oof["label"].to_numpy(), calibrated(oof, classes)
    plain = oof[[f"p_{name}" for name in classes]].to_numpy(float)
    bins = calibration(y, proba, classes, n_bins=N_BINS)
    by = [name for name in GROUPS if name not in index or index[name].nunique() <= MAX_GROUPS]
    groups = fairness(oof, index, by=by).drop(columns=["lead", "lead_low", "lead_high"])
    return {
        "per_class": _rows(per_class(y, proba, classes).reset_index()),
        "groups": [row | {"group": _shortened(row["group"])} for row in _rows(groups)],
        "reliability": _rows(bins[bins["n_clips"] > 0]),
        "ece_calibrated": (
            expected_calibration_error(y, proba, classes, n_bins=N_BINS)
            if oof["fold"].nunique() > 1
            else None
        ),
        "ece_plain": expected_calibration_error(y, plain, classes, n_bins=N_BINS),
    }


def _shortened(name: str) -> str:
    """A group's name as a bundle may contain it; a sentence can be a whole passage."""
    return name if len(name) <= MAX_TEXT else f"{name[: MAX_TEXT - 1]}…"


def calibrated(oof: pd.DataFrame, classes: Sequence[str], *, loss: str = "log") -> np.ndarray:
    """Probabilities [shape=(n_clips, n_classes)], each with the temperature of the clips of other folds.

    It is found as that of a bundle (:func:`sercore.bundle.training.temperature_of`).
    """
    proba = oof[[f"p_{name}" for name in classes]].to_numpy(float)
    y, folds = pd.Index(classes).get_indexer(oof["label"]), oof["fold"].to_numpy()
    scaled = proba.copy()
    for fold in np.unique(folds) if len(np.unique(folds)) > 1 else ():
        inside = folds == fold
        speakers = oof["speaker"].to_numpy(str)[~inside]
        several = speakers if len(np.unique(speakers)) > 1 else None
        temperature = fit_temperature(proba[~inside], y[~inside], loss=loss, speakers=several)
        scaled[inside] = apply_temperature(proba[inside], temperature)
    return scaled


def _rows(table: pd.DataFrame) -> list[dict]:
    """Rows as JSON values with four decimals, NaN as None."""
    rounded = table.round(4).astype(object)
    return rounded.where(table.notna(), None).to_dict("records")
