"""The small network of the exam, and of notebook 07: one to which every method of attribution applies.

Notebook: 07_interpretability.ipynb
"""
# MERGED DOC: An exam for methods: clips that differ in one known cause, so that the right answer is known.
#
#   :mod:`sercore.synth` says each sentence twice with the same seed; the two takes differ in one cue and in
#   nothing else. A small network learns to tell them apart, and every method is asked for its evidence
#   on speakers that the network never heard. Where the two takes differ is the *place* of the cause.
#
#   The place is where the *sound* differs; whether the *network* listens there is tested first, by an
#   experiment and not by a map: the place alone is exchanged between the two takes, and the share of the
#   score that goes with it is reported as ``moved``. Only where that is near 1 is the exam fair.
#
#   References
#   ----------
#   Kim et al.: Interpretability beyond feature attribution. ICML 2018 (known causes as a test).

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..evaluation.bootstrap import mean_interval
from ..features import Recipe, Spectrum
from .attribution import applicable_methods, attribute
from .faithfulness import shuffle_weights
from .gradients import class_probabilities, class_scores

if TYPE_CHECKING:
    import keras

    pass


def small_network(n_features: int, *, n_classes: int = 2, seed: int = 0) -> keras.Model:
    """Two convolutions, then attention over time; untrained.

    Parameters
    ----------
    n_features : int
        Neighbours in frequency, such as mel bands; at least 10.
    n_classes, seed : int
        As in :func:`sercore.models.build`.
    """
    from keras import layers

    from ..models.assembly import as_frames, as_image, classify, frame_inputs, seeded
    from ..models.layers import AttentionPool, MaskedConv

    @seeded
    def build_small_network(n_features, n_classes, *, seed=0):
        inputs, x, mask = frame_inputs(n_features)
        x = as_image(x)
        for filters in (8, 16):
            x, mask = MaskedConv(filters, (5, 5), strides=2)(x, mask=mask)
        x = layers.Dense(32, activation="relu")(as_frames(x))
        x, _ = AttentionPool(16, name="attention")(x, mask=mask)
        return classify(inputs, x, n_classes, dropout=0.2, name="small_network")

    return build_small_network(n_features, n_classes, seed=seed)


def train_small_network(pairs: CuePairs, *, epochs: int = 20, seed: int = 0) -> keras.Model:
    """A :func:`small_network` that has learned to tell the two ways apart, from half of the speakers."""
    from ..training import fit

    network = small_network(pairs.X.shape[2], seed=seed)
    clips = [clip[~np.isnan(clip[:, 0])].T for clip in pairs.X[pairs.learned]]
    fit(
        network, clips, pairs.y[pairs.learned],
        epochs=epochs, batch_size=16, learning_rate=3e-3, lr_schedule="cosine", seed=seed,
    )  # fmt: skip
    return network


__all__ = [
    "CAUSES",
    "Cause",
    "CuePairs",
    "render_pairs",
    "run_benchmark",
    "small_network",
    "swap_effect",
    "train_small_network",
]

RECIPE = Recipe(descriptors=("log_mel",), hop_length=320, n_mels=40, trim_db=None)
"""Frames of the exam: every 20 ms, not trimmed, so that the two takes of a pair stay aligned."""

SHARE = 0.8
"""Part of the squared difference between two takes that the place of a cause holds."""


@dataclass(frozen=True)
class Cause:
    """One cue of :class:`sercore.synth.Prosody`, the two values it takes, and the axis it has a place on.

    Parameters
    ----------
    cue : str
    low, high : float
        Its values in the two classes; everything else is the neutral voice.
    axis : str
        ``time`` or ``bands``: the place is a set of frames, or a set of bands.
    """

    cue: str
    low: float
    high: float
    axis: str


CAUSES = {
    "rise at the end": Cause("f0_final", -6.0, 9.0, "time"),
    "spectral tilt": Cause("tilt", -4.0, 4.0, "bands"),
    "breath": Cause("breathiness", -40.0, -6.0, "bands"),
}
"""Causes with a place. Rate has none: every sound of a faster clip lies elsewhere."""


@dataclass(frozen=True)
class CuePairs:
    """Takes in pairs, one after the other, that differ in one cue.

    Parameters
    ----------
    X : np.ndarray [shape=(n_clips, n_frames, n_bands)]
        Standardised over the speakers that the network learns from; NaN after the end.
    y : np.ndarray of int [shape=(n_clips,)]
        0 low, 1 high, alternating.
    speakers : np.ndarray of str [shape=(n_clips,)]
    learned : np.ndarray of bool [shape=(n_clips,)]
        Whether the network may learn from the clip's speaker.
    place : np.ndarray of bool [shape=(n_clips, n_frames, n_bands)]
        Where the two takes of a pair differ; all frames of some bands, or all bands of some frames.
    """

    X: np.ndarray
    y: np.ndarray
    speakers: np.ndarray
    learned: np.ndarray
    place: np.ndarray


def render_pairs(cause: Cause, *, recipe: Recipe = RECIPE, n_repetitions: int = 2, seed: int = 0) -> CuePairs:
    """Every speaker of the demo corpus says every sentence some times, each time in two ways.

    Parameters
    ----------
    cause : Cause
    recipe : Recipe
        Of log-mel frames, not trimmed.
    n_repetitions : int
        Takes of each sentence by each speaker.
    seed : int
    """
    from .. import synth
    from ..models import pad_clips

    neutral, clips, speakers = synth.EMOTION_PROSODY["neutral"], [], []
    ways = [replace(neutral, **{cause.cue: value}) for value in (cause.low, cause.high)]
    for number, (name, speaker) in enumerate(synth.SPEAKERS.items()):
        for sentence in range(len(synth.SENTENCES)):
            for take in range(n_repetitions):
                for way in ways:
                    wave, _ = synth.render(
                        way, speaker=speaker, sentence=sentence, seed=(seed, number, sentence, take)
                    )
                    clips.append(Spectrum(wave, recipe).log_mel.T)
                    speakers.append(name)
    X, speakers = pad_clips(clips), np.array(speakers)
    learned = np.isin(speakers, [name for name in synth.SPEAKERS if int(name[1:]) <= 3])
    X = (X - np.nanmean(X[learned], axis=(0, 1))) / np.nanstd(X[learned], axis=(0, 1))
    place = np.repeat(_place(X[::2], X[1::2], cause.axis), 2, axis=0)
    return CuePairs(X, np.arange(len(X)) % 2, speakers, learned, place)


def _place(low: np.ndarray, high: np.ndarray, axis: str) -> np.ndarray:
    """The fewest frames (of each pair) or bands (of all pairs) that hold SHARE of the difference."""
    if (np.isnan(low) != np.isnan(high)).any():
        raise SercoreError("the two takes of a pair have different lengths, so the cause has no place")
    square = np.nan_to_num((high - low) ** 2)
    profile = square.sum(axis=2) if axis == "time" else square.sum(axis=(0, 1))[None]
    order = profile.argsort(axis=1)[:, ::-1]
    held = np.cumsum(np.take_along_axis(profile, order, axis=1), axis=1) / profile.sum(axis=1, keepdims=True)
    chosen = np.zeros(profile.shape, bool)
    np.put_along_axis(
        chosen, order, np.roll(held < SHARE, 1, axis=1) | (np.arange(held.shape[1]) == 0), axis=1
    )
    return np.broadcast_to(chosen[:, :, None] if axis == "time" else chosen[:, None], low.shape) & ~np.isnan(
        low
    )


def run_benchmark(
    network,
    pairs: CuePairs,
    *,
    methods: Iterable[str] | None = None,
    options: dict | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """What share of each method's evidence lies at the place of the cause, on speakers never heard.

    Parameters
    ----------
    network : keras.Model
        From :func:`train_small_network`.
    pairs : Pairs
    methods : iterable of str, optional
        By default all that apply.
    options : dict of str to dict, optional
        Options of some methods.
    seed : int
        Of the shuffled weights.

    Returns
    -------
    pd.DataFrame
        One row per method: ``inside`` (share of the absolute evidence at the place), ``low`` and ``high``
        (95 % over speakers), ``chance`` (share of the clip that the place covers), ``shuffled`` (the same
        method asked about the network with shuffled weights), ``points`` (True where ``low`` is above both).
        ``attrs`` holds ``accuracy`` of the network, and ``moved`` (see the top of this module).
    """
    options = options or {}
    X, y, place = (part[~pairs.learned] for part in (pairs.X, pairs.y, pairs.place))
    speakers, inside = pairs.speakers[~pairs.learned], ~np.isnan(X)
    chance = float((place.sum(axis=(1, 2)) / inside.sum(axis=(1, 2))).mean())
    copy, rows = shuffle_weights(network, seed=seed), {}
    for method in methods or applicable_methods(network):
        shares = [
            _share_inside(attribute(model, X, method=method, targets=y, **options.get(method, {})), place)
            for model in (network, copy)
        ]
        mean, low, high = (float(value) for value in mean_interval(shares[0], speakers))
        untrained = float(np.nanmean(shares[1])) if np.isfinite(shares[1]).any() else np.nan
        rows[method] = {
            "inside": mean, "low": low, "high": high, "chance": chance, "shuffled": untrained,
            "points": bool(low > np.nanmax([chance, untrained])),
        }  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index")
    right = class_probabilities(network, X).argmax(axis=1) == y
    return _with_facts(table, accuracy=float(right.mean()), moved=swap_effect(network, X, y, place))


def swap_effect(network, X: np.ndarray, y: Sequence[int], place: np.ndarray) -> float:
    """Share of the score that goes with the place when the two takes of each pair exchange it.

    1: the network listens nowhere else. 0: it does not listen there.
    """
    X = np.asarray(X, dtype=np.float32)
    partner = X.reshape(-1, 2, *X.shape[1:])[:, ::-1].reshape(X.shape)
    target = np.asarray(y)
    own, other, mixed = (
        class_scores(network, clips, target) for clips in (X, partner, np.where(place, partner, X))
    )
    return float((own - mixed).sum() / (own - other).sum())


def _share_inside(maps: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Share of the absolute evidence at the place [shape=(n_clips,)]; NaN where there is none at all."""
    total = np.abs(maps).sum(axis=(1, 2))
    at_place = np.where(place, np.abs(maps), 0.0).sum(axis=(1, 2))
    return np.divide(at_place, total, out=np.full(len(maps), np.nan), where=total > 0)


def _with_facts(table: pd.DataFrame, **facts) -> pd.DataFrame:
    table.attrs.update(facts)
    return table
