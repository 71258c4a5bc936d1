"""What recording conditions cost: changed answers and points lost, by family, each with a pass mark.

A family is one kind of disturbance at several strengths. The strengths that everyday recordings have are
marked; a model passes a family if it loses no more than the family's limit at any of these. Harder
strengths show where it breaks.

The limits are set by what a user would accept, not by what a model reaches: 5 points of UA in general, 10
where speech is damaged (echo, GSM, loss of a fifth of the utterance), 1 point for level, which tells nothing
about a voice if the distance to the microphone is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..audio import augment, degrade
from ..errors import EvaluationError
from .bootstrap import compare_paired, mean_interval
from .metrics import validate


@dataclass(frozen=True)
class Condition:
    """One disturbance at one strength.

    Parameters
    ----------
    family, name : str
        Name of the family, and of the strength in it.
    apply : callable
        ``apply(wave, others, rng) -> wave`` at 16 kHz; ``others`` are clips of other speakers.
    max_lost : float
        Limit of the family: fraction of UA that may be lost.
    everyday : bool
        Whether the strength counts for the pass mark.
    """

    family: str
    name: str
    apply: Callable
    max_lost: float = 0.05
    everyday: bool = True


def _noises(family: str, add: Callable) -> list[Condition]:
    """30 to 0 dB; 30 and 20 dB are everyday."""
    return [
        Condition(family, f"{snr} dB", lambda w, o, r, snr=snr: add(w, o, r, snr), everyday=snr >= 20)
        for snr in (30, 20, 10, 0)
    ]


CONDITIONS: tuple[Condition, ...] = (
    Condition("level", "−20 dB", lambda w, o, r: augment.change_gain(w, -20.0), max_lost=0.01),
    Condition("level", "full scale", lambda w, o, r: w * (0.99 / max(np.abs(w).max(), 1e-6)), max_lost=0.01),
    *_noises("white noise", lambda w, o, r, snr: augment.add_noise(w, snr, rng=r)),
    *_noises("babble", lambda w, o, r, snr: degrade.add_babble(w, o, snr, rng=r)),
    *_noises("hum", lambda w, o, r, snr: degrade.add_hum(w, snr)),
    Condition("telephone", "300–3400 Hz", lambda w, o, r: degrade.limit_band(w)),
    Condition("GSM codec", "13 kbit/s", lambda w, o, r: degrade.encode_gsm(w), max_lost=0.1),
    Condition("Opus codec", "6 kbit/s", lambda w, o, r: degrade.encode_opus(w)),
    Condition("echo", "0.3 s", lambda w, o, r: degrade.add_echo(w, seconds=0.3), max_lost=0.1),
    Condition("echo", "1 s", lambda w, o, r: degrade.add_echo(w, seconds=1.0), max_lost=0.1, everyday=False),
    Condition("clipping", "1 % of samples", lambda w, o, r: degrade.clip_peaks(w, 0.01)),
    Condition("clipping", "10 % of samples", lambda w, o, r: degrade.clip_peaks(w, 0.1), everyday=False),
    Condition("cut", "first fifth", lambda w, o, r: degrade.cut(w, start=0.2), max_lost=0.1),
    Condition("cut", "last fifth", lambda w, o, r: degrade.cut(w, end=0.2), max_lost=0.1),
    Condition("speed", "−10 %", lambda w, o, r: augment.change_speed(w, 0.9)),
    Condition("speed", "+10 %", lambda w, o, r: augment.change_speed(w, 1.1)),
)
"""All conditions, in the order of tables and figures. All waveforms are at 16 kHz."""


def robustness(
    predict_proba: Callable[[list[np.ndarray]], np.ndarray],
    waves: Sequence[np.ndarray],
    y_true: Sequence[str],
    classes: Sequence[str],
    speakers: Sequence[str],
    *,
    conditions: Sequence[Condition] = CONDITIONS,
    n_clips: int | None = 120,
    seed: int = 0,
) -> pd.DataFrame:
    """Changed answers and points lost under every condition, on clips that the model was not fitted on.

    Parameters
    ----------
    predict_proba : callable
        From a list of waveforms at 16 kHz to probabilities [shape=(n_clips, n_classes)].
    waves : sequence of np.ndarray [shape=(n_samples,)]
        Test clips at 16 kHz.
    y_true, classes, speakers
        As in :func:`sercore.evaluation.evaluate`.
    conditions : sequence of Condition
    n_clips : int, optional
        Number of clips to use, drawn by :func:`balanced_sample`; None for all.
    seed : int
        Draws clips, noise and the voices of the babble.

    Returns
    -------
    pd.DataFrame
        One row per condition: ``family``, ``condition``, ``everyday``, ``n_clips``, ``n_speakers``, ``ua``
        (under the condition), ``ua_clean``, ``lost`` (their difference, as a fraction) with ``lost_low`` and
        ``lost_high``, ``changed`` (proportion of clips whose predicted class changes, every speaker with the
        same weight) with ``changed_low`` and ``changed_high``, ``max_lost`` and ``passed``. Intervals are
        over speakers, NaN for fewer than four or unknown ones.

    Raises
    ------
    EvaluationError
        Lengths differ, or there are no conditions.

    See Also
    --------
    families : the table with one row per family.
    sercore.plots.robustness : its figure.

    Notebook: 09_leaving_the_studio.ipynb
    """
    conditions = list(conditions)
    if not conditions or not len(waves) == len(y_true) == len(speakers):
        raise EvaluationError(
            f"{len(waves)} waves, {len(y_true)} labels, {len(speakers)} speakers and {len(conditions)} "
            "conditions; there must be as many labels and speakers as waves, and at least one condition"
        )
    speakers = pd.Series(list(speakers), dtype=object).fillna("").to_numpy(str)  # "" is unknown
    rows = balanced_sample(y_true, speakers, n_clips, seed=seed)
    waves = [np.asarray(waves[row], dtype=np.float32) for row in rows]
    y_true, speakers = np.asarray(y_true)[rows], speakers[rows]
    _, clean = validate(y_true, predict_proba(waves), classes)
    table = []
    for condition in conditions:
        heard = degraded(condition, waves, speakers, seed)
        _, proba = validate(y_true, predict_proba(heard), classes)
        table.append(_row(condition, y_true, clean, proba, classes, speakers))
    return pd.DataFrame(table)


def degraded(
    condition: Condition, waves: Sequence[np.ndarray], speakers: np.ndarray, seed: int = 0
) -> list[np.ndarray]:
    """The clips under a condition, as recordings of 16 bits would store them at most at full scale.

    Parameters
    ----------
    condition : Condition
    waves : sequence of np.ndarray [shape=(n_samples,)]
        At 16 kHz.
    speakers : np.ndarray [shape=(n_clips,)]
        The babble that a clip is heard in is of other speakers.
    seed : int
        Draws noise and babble.
    """
    heard = [None] * len(waves)
    for speaker in np.unique(speakers):
        others = [wave for wave, who in zip(waves, speakers, strict=True) if who != speaker] or waves
        for k in np.flatnonzero(speakers == speaker):
            wave = condition.apply(waves[k], others, np.random.default_rng([seed, int(k)]))
            heard[k] = np.clip(wave, -1.0, 1.0).astype(np.float32)
    return heard


def _row(condition: Condition, y_true, clean, proba, classes, speakers) -> dict:
    compared = compare_paired(y_true, clean, proba, classes, speakers=speakers)
    changed = clean.argmax(axis=1) != proba.argmax(axis=1)
    mean, low, high = mean_interval(changed, speakers)
    if compared["interval"] != "speakers":
        compared |= {"low": np.nan, "high": np.nan}
    return {
        "family": condition.family,
        "condition": condition.name,
        "everyday": condition.everyday,
        "n_clips": len(y_true),
        "n_speakers": compared["n_speakers"],
        "ua": compared["ua_b"],
        "ua_clean": compared["ua_a"],
        "lost": compared["difference"],
        "lost_low": compared["low"],
        "lost_high": compared["high"],
        "changed": float(mean),
        "changed_low": float(low),
        "changed_high": float(high),
        "max_lost": condition.max_lost,
        "passed": bool(compared["difference"] <= condition.max_lost + 1e-9),
    }


def families(table: pd.DataFrame) -> pd.DataFrame:
    """One row per family: its worst everyday condition, and whether the model passes.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`robustness`.

    Returns
    -------
    pd.DataFrame
        The row of the worst everyday condition of each family, in the order of the table.

    Examples
    --------
    >>> table = pd.DataFrame({"family": ["hum", "hum", "hum"], "condition": ["30 dB", "20 dB", "0 dB"],
    ...                       "everyday": [True, True, False], "lost": [0.0, 0.02, 0.4]})
    >>> families(table)["condition"].tolist()
    ['20 dB']

    Notebook: 09_leaving_the_studio.ipynb
    """
    everyday = table[table["everyday"]]
    worst = everyday.groupby("family", sort=False)["lost"].idxmax()
    return table.loc[worst].reset_index(drop=True)


def balanced_sample(
    y_true: Sequence[str], speakers: Sequence[str], n_clips: int | None, *, seed: int = 0
) -> np.ndarray:
    """Positions of ``n_clips`` clips with classes and speakers as even as possible, ascending.

    Clips are taken in turn from every pair of class and speaker, so a class of few clips is not smaller
    than the others in the sample until it is used up.

    Examples
    --------
    >>> balanced_sample(["sad"] * 6 + ["angry"] * 2, ["anna", "ben"] * 4, 4).tolist()[-2:]
    [6, 7]
    """
    if n_clips is None or n_clips >= len(y_true):
        return np.arange(len(y_true))
    order = pd.DataFrame({"label": np.asarray(y_true), "speaker": np.asarray(speakers)})
    order = order.iloc[np.random.default_rng(seed).permutation(len(order))]
    order["turn"] = order.groupby(["label", "speaker"]).cumcount()
    order = order.sort_values("turn", kind="stable")
    order["place"] = order.groupby("label").cumcount()
    return np.sort(order.sort_values("place", kind="stable").index[:n_clips].to_numpy())
