"""Calibrated confidence, and the choice to answer only when it is high.

A model is *calibrated* if it is right in 70 % of the clips that it predicts with a confidence of 0.7. Most
are too sure, above all on voices that they do not know. **Temperature scaling** divides the logits by one
number `T`, found on clips that the model was not fitted on: it changes every probability and no decision.
**Selective prediction** keeps the clips of the highest confidence; the risk–coverage curve shows how many
errors remain among them.

Conventions
-----------
- ``proba`` [shape=(n_clips, n_classes)] are probabilities, ``y`` [shape=(n_clips,)] the column of the true
  class of each clip. Probabilities determine the logits up to a constant, which softmax ignores, so neither
  a network's last layer nor a classical model's scores are needed.
- :func:`sercore.evaluation.calibration` is the reliability diagram as a table, and
  :func:`sercore.evaluation.expected_calibration_error` its one number.

References
----------
Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks. ICML 2017.
Geifman, El-Yaniv: Selective classification for deep neural networks. NeurIPS 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from .metrics import validate

TEMPERATURES = (0.05, 20.0)
"""Range in which :func:`fit_temperature` searches."""

_TINY = 1e-12  # probabilities of 0 become this before the logarithm
_DISTANCE_EXPONENT = 2.0
_FARTHEST = 1e4
_PRIOR_STD = float(np.log(2))  # of the logarithm of the temperature, for fit_temperature with speakers


def fit_temperature(
    proba: np.ndarray,
    y: Sequence[int],
    *,
    loss: str = "log",
    speakers: Sequence[str] | None = None,
) -> float:
    """Temperature with the lowest log loss, or the lowest Brier score.

    Parameters
    ----------
    proba : np.ndarray [shape=(n_clips, n_classes)]
        Probabilities for clips that the model was not fitted on, of other speakers than its training clips;
        the out-of-fold probabilities of inner folds, for example.
    y : sequence of int [shape=(n_clips,)]
        Column of the true class.
    loss : {"log", "brier"}
        ``log`` is dominated by the few clips that are predicted wrongly with great confidence. The Brier
        score (mean squared error of the probabilities) is bounded, so the other clips count as well.
    speakers : sequence of str, optional
        Speaker of each clip. All clips then count together as many observations as there are speakers, and
        the temperature is drawn towards 1: its logarithm has a normal prior with mean 0 and standard
        deviation log 2. Two speakers hardly change the temperature, two dozen determine it. For models that
        are used on other corpora: those that calibrate were trained without a part of the few speakers, and
        are worse.

    Returns
    -------
    float
        Above 1 if the model was too sure, below 1 if it was not sure enough; within :data:`TEMPERATURES`.

    Raises
    ------
    EvaluationError
        The values are not probabilities, ``y`` does not contain column numbers, ``loss`` is unknown, or
        there is not one speaker for each clip.

    See Also
    --------
    apply_temperature : use it.

    Examples
    --------
    >>> sure = np.array([[0.99, 0.01]] * 4)  # right in three of four clips, yet 99 % sure
    >>> temperature = fit_temperature(sure, [0, 0, 0, 1])
    >>> apply_temperature(sure, temperature)[0].round(3).tolist()
    [0.75, 0.25]

    Notebook: 09_leaving_the_studio.ipynb
    """
    from scipy.optimize import minimize_scalar

    y, proba = _checked(proba, y)
    if loss not in _LOSSES:
        raise EvaluationError(f"loss is {loss!r}; it must be one of {', '.join(_LOSSES)}")
    if speakers is not None and len(speakers) != len(y):
        raise EvaluationError(f"there are {len(speakers)} speakers for {len(y)} clips")
    log_proba = np.log(np.maximum(proba, _TINY))
    prior = 0.0 if speakers is None else 0.5 / (_PRIOR_STD**2 * len(set(speakers)))

    def penalised(log_t):
        return _LOSSES[loss](log_proba / np.exp(log_t), y) + prior * log_t**2

    found = minimize_scalar(penalised, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def _log_loss(logits: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean(_log_sum_exp(logits) - logits[np.arange(len(y)), y]))


def _brier_score(logits: np.ndarray, y: np.ndarray) -> float:
    proba = np.exp(logits - _log_sum_exp(logits)[:, None])
    proba[np.arange(len(y)), y] -= 1
    return float(np.mean(np.sum(proba**2, axis=1)))


_LOSSES = {"log": _log_loss, "brier": _brier_score}


def apply_temperature(proba: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities with the logits divided by ``temperature``; the order of the classes does not change.

    Parameters
    ----------
    proba : np.ndarray [shape=(…, n_classes)]
    temperature : float
        1 changes nothing, a large value makes all classes equally probable.

    Returns
    -------
    np.ndarray [shape=(…, n_classes)]

    Raises
    ------
    EvaluationError
        The temperature is not a positive number.

    Examples
    --------
    >>> apply_temperature(np.array([0.8, 0.2]), 2.0).round(3).tolist()
    [0.667, 0.333]

    Notebook: 09_leaving_the_studio.ipynb
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise EvaluationError(f"temperature is {temperature}; it must be a positive number")
    proba = np.asarray(proba, dtype=float)
    scaled = np.log(np.maximum(proba, _TINY)) / temperature
    return np.exp(scaled - _log_sum_exp(scaled)[..., None])


def temper_by_distance(proba: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Probabilities that become more equal with the distance from the training clips.

    A linear model is the surer the further a clip is from its boundaries, also where it has never seen one.
    Here the logits are divided by ``distance**2`` beyond a distance of 1, so far from all training clips
    every class is almost equally probable. No decision changes: distances above 10,000 count as 10,000.

    Parameters
    ----------
    proba : np.ndarray [shape=(n_clips, n_classes)]
        Calibrated for clips like the training clips (:func:`apply_temperature`).
    distance : np.ndarray [shape=(n_clips,)]
        1 at the limit of what counts as like the training clips: ``detector.score(X) / detector.threshold``
        of a :class:`~sercore.evaluation.NoveltyDetector`. NaN counts as infinitely far.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_classes)]

    Notes
    -----
    The exponent was chosen from 0, 1/2, 1 and 2 by the log loss of models of one corpus for its speakers of
    the other sex (RAVDESS and EMO-DB); it was 2 for both corpora, for the table of features and for
    Whisper's encoder.

    Examples
    --------
    >>> temper_by_distance(np.array([[0.8, 0.2]] * 3), [0.5, 1.5, np.inf])[:, 0].round(2).tolist()
    [0.8, 0.65, 0.5]

    See Also
    --------
    apply_temperature : the same temperature for every clip.

    Notebook: 09_leaving_the_studio.ipynb
    """
    distance = np.nan_to_num(np.asarray(distance, dtype=float), nan=_FARTHEST, posinf=_FARTHEST)
    distance = np.clip(distance, 1.0, _FARTHEST)  # further away, rounding would decide
    scaled = np.log(np.maximum(proba, _TINY)) / distance[:, None] ** _DISTANCE_EXPONENT
    return np.exp(scaled - _log_sum_exp(scaled)[:, None])


def debiased_calibration_error(
    y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str], *, n_bins: int = 15
) -> float:
    """Root mean square difference between confidence and accuracy, without the part due to few clips.

    Even for perfect probabilities, the accuracy of the few clips in a bin is not their mean confidence, so
    :func:`~sercore.evaluation.expected_calibration_error` is above 0: about 5 % with 15 bins and 400 clips.
    Here the variance of that accuracy is subtracted in every bin. Bins contain equal numbers of clips.
    Larger gaps count more than in the mean absolute difference, so the value is not smaller for being of
    another kind.

    Parameters
    ----------
    y_true : sequence of str [shape=(n_clips,)]
    proba : np.ndarray [shape=(n_clips, n_classes)]
    classes : sequence of str
    n_bins : int
        At least two clips must be in every bin.

    Returns
    -------
    float
        0 also if the differences are smaller than chance alone makes them.

    Raises
    ------
    EvaluationError
        Fewer than two clips per bin, or as in :func:`~sercore.evaluation.evaluate`.

    See Also
    --------
    sercore.evaluation.expected_calibration_error : the usual estimate, to be reported beside it.

    References
    ----------
    Kumar, Liang, Ma: Verified uncertainty calibration. NeurIPS 2019.

    Examples
    --------
    >>> from sercore.evaluation import expected_calibration_error
    >>> rng = np.random.default_rng(0)
    >>> proba = rng.dirichlet(np.ones(4), 400)
    >>> y = [str(rng.choice(list("abcd"), p=row)) for row in proba]  # perfectly calibrated
    >>> usual = expected_calibration_error(y, proba, list("abcd"))
    >>> usual > debiased_calibration_error(y, proba, list("abcd"))
    True
    """
    codes, proba = validate(y_true, proba, classes)
    if len(codes) < 2 * n_bins:
        raise EvaluationError(f"{len(codes)} clips in {n_bins} bins; at least two are needed in every bin")
    confidence, right = proba.max(axis=1), proba.argmax(axis=1) == codes
    total, order = 0.0, np.argsort(confidence, kind="stable")
    for rows in np.split(order, _edges(confidence[order], n_bins)):
        accuracy = right[rows].mean()
        chance = accuracy * (1 - accuracy) / (len(rows) - 1)
        total += len(rows) * ((accuracy - confidence[rows].mean()) ** 2 - chance)
    return float(np.sqrt(max(total / len(codes), 0.0)))


def _edges(ascending: np.ndarray, n_bins: int) -> np.ndarray:
    """Where bins of about equal size begin, but the first: equal values together, at least two."""
    n = len(ascending)
    starts = np.flatnonzero(np.diff(ascending, prepend=-np.inf))  # first of each run of equal values
    edges = [0]
    for wanted in np.cumsum([len(part) for part in np.array_split(np.arange(n), n_bins)])[:-1]:
        nearest = starts[np.abs(starts - wanted).argmin()]
        if edges[-1] + 2 <= nearest <= n - 2:
            edges.append(int(nearest))
    return np.array(edges[1:], dtype=int)


def risk_coverage(proba: np.ndarray, y: Sequence[int], scores: Sequence[float] | None = None) -> pd.DataFrame:
    """Error rate among the clips of the highest confidence, for every number of them.

    Parameters
    ----------
    proba : np.ndarray [shape=(n_clips, n_classes)]
    y : sequence of int [shape=(n_clips,)]
        Column of the true class.
    scores : sequence of float, optional
        Another measure of confidence, larger for clips to answer first; by default the highest probability.

    Returns
    -------
    pd.DataFrame
        One row per different confidence, descending: ``threshold`` (lowest confidence that is answered),
        ``coverage`` (proportion of clips that are answered) and ``risk`` (proportion of these that are
        wrong).

    Raises
    ------
    EvaluationError
        As in :func:`fit_temperature`.

    See Also
    --------
    area_under_risk : the curve as one number.

    Examples
    --------
    >>> proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    >>> curve = risk_coverage(proba, [0, 0, 1, 0])
    >>> curve["coverage"].tolist(), curve["risk"].tolist()
    ([0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 0.0, 0.25])

    Notebook: 09_leaving_the_studio.ipynb
    """
    y, proba = _checked(proba, y)
    confidence = proba.max(axis=1) if scores is None else np.asarray(scores, dtype=float)
    if confidence.shape != y.shape:
        raise EvaluationError(f"there are {confidence.size} scores for {len(y)} clips")
    if np.isnan(confidence).any():
        raise EvaluationError(f"{np.isnan(confidence).sum()} scores are NaN")
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(proba.argmax(axis=1)[order] != y[order])
    n_answered = np.arange(1, len(y) + 1)
    last = np.append(np.diff(confidence[order]) != 0, True)  # clips of equal confidence come together
    return pd.DataFrame(
        {
            "threshold": confidence[order][last],
            "coverage": (n_answered / len(y))[last],
            "risk": (wrong / n_answered)[last],
        }
    )


def area_under_risk(curve: pd.DataFrame) -> float:
    """Mean risk over all coverages (area under the risk–coverage curve, AURC); smaller is better.

    Parameters
    ----------
    curve : pd.DataFrame
        From :func:`risk_coverage`.

    Returns
    -------
    float
        0 to 1. A confidence that says nothing about errors gives about the error rate of the model.

    Examples
    --------
    >>> area_under_risk(pd.DataFrame({"coverage": [0.5, 1.0], "risk": [0.0, 0.25]}))
    0.125
    """
    widths = np.diff(curve["coverage"], prepend=0.0)
    return float(np.sum(widths * curve["risk"]))


def _checked(proba, y) -> tuple[np.ndarray, np.ndarray]:
    """Column numbers and probabilities, or an EvaluationError."""
    y, n_classes = np.asarray(y), np.shape(proba)[-1] if np.ndim(proba) else 0
    if y.dtype.kind not in "iu":
        raise EvaluationError(
            f"y has type {y.dtype}; expected column numbers. Did you pass class names? "
            "Use pandas.Index(classes).get_indexer(y_true)"
        )
    return validate(y, proba, range(n_classes))


def _log_sum_exp(values: np.ndarray) -> np.ndarray:
    from scipy.special import logsumexp

    return logsumexp(values, axis=-1)
