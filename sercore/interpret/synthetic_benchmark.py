"""Benchmark of attribution methods on synthetic speech in which the cause of each label is known.

:mod:`sercore.synth` renders each sentence in pairs with the same seed; the two renditions of a pair differ
in one prosodic cue and in nothing else. A small network learns to tell the two values of the cue apart,
and every attribution method is applied to speakers that the network was not trained on. The frames or
bands in which the renditions of a pair differ are the *place* of the cause; a good method assigns its
evidence to them.

The place shows where the *sound* differs. That the *network* relies on it is tested first, and without an
attribution map: the place alone is exchanged between the two renditions, and the fraction of the score
that moves with it is reported as ``moved``. The benchmark is valid only if it is near 1.

References
----------
Kim et al.: Interpretability beyond feature attribution. ICML 2018 (known causes as a test).
"""

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
"""Features: a frame every 20 ms, without trimming, so that the renditions of a pair stay aligned."""

SHARE = 0.8
"""Fraction of the squared difference between two renditions that the place of a cause covers."""


@dataclass(frozen=True)
class Cause:
    """A prosodic cue, its values in the two classes, and the axis on which it is localised.

    Parameters
    ----------
    cue : str
        Attribute of :class:`sercore.synth.Prosody`.
    low, high : float
        Values of the cue in the two classes; everything else is that of the neutral voice.
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
"""Causes that can be localised. Speaking rate cannot: it shifts every sound of the clip."""


@dataclass(frozen=True)
class CuePairs:
    """Pairs of clips that differ in one cue; the two renditions of a pair are adjacent.

    Parameters
    ----------
    X : np.ndarray [shape=(n_clips, n_frames, n_bands)]
        Standardised over the training speakers; NaN after the end of a clip.
    y : np.ndarray of int [shape=(n_clips,)]
        0 for the low value of the cue, 1 for the high value, alternating.
    speakers : np.ndarray of str [shape=(n_clips,)]
        Speaker of each clip.
    learned : np.ndarray of bool [shape=(n_clips,)]
        Whether the clip's speaker is a training speaker.
    place : np.ndarray of bool [shape=(n_clips, n_frames, n_bands)]
        True where the renditions of a pair differ: all frames of some bands, or all bands of some frames.
    """

    X: np.ndarray
    y: np.ndarray
    speakers: np.ndarray
    learned: np.ndarray
    place: np.ndarray


def render_pairs(cause: Cause, *, recipe: Recipe = RECIPE, n_repetitions: int = 2, seed: int = 0) -> CuePairs:
    """Pairs of clips of every speaker and sentence of the demo corpus that differ in one cue.

    Parameters
    ----------
    cause : Cause
        The cue and its two values.
    recipe : Recipe
        Log-mel frames without trimming.
    n_repetitions : int
        Pairs of each sentence by each speaker.
    seed : int
        Seed of the renditions.

    Returns
    -------
    CuePairs

    Raises
    ------
    SercoreError
        The renditions of a pair differ in length, so the cue has no place.

    Notebook: 07_interpretability.ipynb
    """
    from .. import synth
    from ..models import pad_clips

    neutral, clips, speakers = synth.EMOTION_PROSODY["neutral"], [], []
    prosodies = [replace(neutral, **{cause.cue: value}) for value in (cause.low, cause.high)]
    for number, (name, speaker) in enumerate(synth.SPEAKERS.items()):
        for sentence in range(len(synth.SENTENCES)):
            for repetition in range(n_repetitions):
                same = {
                    "speaker": speaker,
                    "sentence": sentence,
                    "seed": (seed, number, sentence, repetition),
                }
                for prosody in prosodies:
                    wave, _ = synth.render(prosody, **same)
                    clips.append(Spectrum(wave, recipe).log_mel.T)
                    speakers.append(name)
    X, speakers = pad_clips(clips), np.array(speakers)
    learned = np.isin(speakers, [name for name in synth.SPEAKERS if int(name[1:]) <= 3])
    X = (X - np.nanmean(X[learned], axis=(0, 1))) / np.nanstd(X[learned], axis=(0, 1))
    place = np.repeat(_place(X[::2], X[1::2], cause.axis), 2, axis=0)
    return CuePairs(X, np.arange(len(X)) % 2, speakers, learned, place)


def _place(low: np.ndarray, high: np.ndarray, axis: str) -> np.ndarray:
    """The fewest frames (of each pair) or bands (of all pairs) that cover SHARE of the difference."""
    if (np.isnan(low) != np.isnan(high)).any():
        raise SercoreError(
            "the two renditions of a pair have different lengths, so the cause has no place; choose a cue "
            "that does not change durations"
        )
    square = np.nan_to_num((high - low) ** 2)
    profile = square.sum(axis=2) if axis == "time" else square.sum(axis=(0, 1))[None]
    order = profile.argsort(axis=1)[:, ::-1]
    covered = np.cumsum(np.take_along_axis(profile, order, axis=1), axis=1)
    missing = covered / profile.sum(axis=1, keepdims=True) < SHARE
    selected = np.roll(missing, 1, axis=1) | (np.arange(missing.shape[1]) == 0)
    chosen = np.zeros(profile.shape, bool)
    np.put_along_axis(chosen, order, selected, axis=1)
    chosen = chosen[:, :, None] if axis == "time" else chosen[:, None]
    return np.broadcast_to(chosen, low.shape) & ~np.isnan(low)


def small_network(n_features: int, *, n_classes: int = 2, seed: int = 0) -> keras.Model:
    """Untrained network with two convolutions and attention pooling; all attribution methods apply to it.

    Parameters
    ----------
    n_features : int
        Features ordered by frequency, such as mel bands; at least 10.
    n_classes, seed : int
        As in :func:`sercore.models.build`.

    Notebook: 07_interpretability.ipynb
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
    """A :func:`small_network` trained to distinguish the two values of a cue, on the training speakers.

    Parameters
    ----------
    pairs : CuePairs
        From :func:`render_pairs`.
    epochs, seed : int
        As in :func:`sercore.training.fit`.

    Notebook: 07_interpretability.ipynb
    """
    from ..training import fit

    network = small_network(pairs.X.shape[2], seed=seed)
    clips = [clip[~np.isnan(clip[:, 0])].T for clip in pairs.X[pairs.learned]]
    fit(
        network, clips, pairs.y[pairs.learned],
        epochs=epochs, batch_size=16, learning_rate=3e-3, lr_schedule="cosine", seed=seed,
    )  # fmt: skip
    return network


def run_benchmark(
    network: keras.Model,
    pairs: CuePairs,
    *,
    methods: Iterable[str] | None = None,
    options: dict | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Proportion of each method's evidence at the place of the cause, on test speakers.

    Parameters
    ----------
    network : keras.Model
        From :func:`train_small_network`.
    pairs : CuePairs
        From :func:`render_pairs`.
    methods : iterable of str, optional
        Attribution methods; by default all that apply to the network.
    options : dict of str to dict, optional
        Options by method.
    seed : int
        Seed of the shuffled weights.

    Returns
    -------
    pd.DataFrame
        One row per method: ``inside`` (proportion of the absolute evidence at the place), ``low`` and
        ``high`` (95 % interval over speakers), ``chance`` (proportion of the clip that the place covers),
        ``shuffled`` (``inside`` for the network with shuffled weights), ``points`` (True if ``low`` is
        above both). ``attrs`` holds the ``accuracy`` of the network and ``moved``
        (:func:`swap_effect`).

    See Also
    --------
    sercore.interpret.synthetic_benchmark_tables.run_table_benchmark : For models on tables.

    Notebook: 07_interpretability.ipynb
    """
    options = options or {}
    X, y, place = (part[~pairs.learned] for part in (pairs.X, pairs.y, pairs.place))
    speakers, inside = pairs.speakers[~pairs.learned], ~np.isnan(X)
    chance = float((place.sum(axis=(1, 2)) / inside.sum(axis=(1, 2))).mean())
    shuffled, rows = shuffle_weights(network, seed=seed), {}
    for method in methods or applicable_methods(network):
        trained, untrained = (
            _fraction_inside(attribute(model, X, method=method, targets=y, **options.get(method, {})), place)
            for model in (network, shuffled)
        )
        mean, low, high = (float(value) for value in mean_interval(trained, speakers))
        reference = float(np.nanmean(untrained)) if np.isfinite(untrained).any() else np.nan
        rows[method] = {
            "inside": mean, "low": low, "high": high, "chance": chance, "shuffled": reference,
            "points": bool(low > np.nanmax([chance, reference])),
        }  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index")
    right = class_probabilities(network, X).argmax(axis=1) == y
    table.attrs.update(accuracy=float(right.mean()), moved=swap_effect(network, X, y, place))
    return table


def swap_effect(network: keras.Model, X: np.ndarray, y: Sequence[int], place: np.ndarray) -> float:
    """Fraction of the class score that moves when the place is exchanged within each pair.

    1 if the network relies on nothing else, 0 if it does not rely on the place.

    Parameters
    ----------
    network : keras.Model
    X, y, place
        As in :class:`CuePairs`.
    """
    X = np.asarray(X, dtype=np.float32)
    partner = X.reshape(-1, 2, *X.shape[1:])[:, ::-1].reshape(X.shape)
    targets, swapped = np.asarray(y), np.where(place, partner, X)
    own, other, mixed = (class_scores(network, clips, targets) for clips in (X, partner, swapped))
    return float((own - mixed).sum() / (own - other).sum())


def _fraction_inside(maps: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Fraction of the absolute evidence at the place [shape=(n_clips,)]; NaN for maps of zeros."""
    total = np.abs(maps).sum(axis=(1, 2))
    at_place = np.where(place, np.abs(maps), 0.0).sum(axis=(1, 2))
    return np.divide(at_place, total, out=np.full(len(maps), np.nan), where=total > 0)
