"""Adaptation of a model to a speaker by some seconds of their neutral speech.

Voices differ more between people than between the emotions of a person. The mean features of a speaker's
neutral speech are shifted to those of the neutral clips of the training set, and the same shift is applied
to every clip of that speaker; no label of another emotion is needed.

References
----------
Busso et al.: Iterative feature normalization scheme for automatic emotion detection from speech. IEEE
Transactions on Affective Computing 4, 2013 (normalisation by neutral speech).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..audio import MIN_SECONDS
from ..errors import AudioError, BundleError
from .predictor import _EXTRACT, Predictor
from .recordings import Windows
from .speech_model import is_synthetic

NEUTRAL_SECONDS = 10.0
"""Length of neutral speech that is asked for."""

_WINDOW, _LEAST_SECONDS = Windows(3.0, 1.5), 3.0


def adapt(predictor: Predictor, neutral: np.ndarray, *, sr: int | None = None) -> Predictor:
    """A predictor for one speaker, given some seconds of their neutral speech.

    Only the means of the features are shifted: ten seconds are too short to estimate their deviations.

    Parameters
    ----------
    predictor : Predictor
    neutral : np.ndarray [shape=(n_samples,)]
        Neutral speech of the speaker, 3 s or more; 10 s are better.
    sr : int, optional
        Sample rate in Hz; by default that of the predictor.

    Returns
    -------
    Predictor
        With the classes and the manifest of ``predictor``.

    Raises
    ------
    AudioError
        The speech is too short or silent.
    BundleError
        The features of the model's neutral training clips are not known.

    See Also
    --------
    sercore.training.speaker_normalise : Normalisation by all clips of a speaker, in training.
    """
    waves = predictor.waves(neutral, sr=sr)
    seconds = max(wave.size / rate for rate, wave in waves.items())
    if seconds < _LEAST_SECONDS:
        raise AudioError(
            f"{seconds:.1f} s of neutral speech; at least {_LEAST_SECONDS:.0f} s are needed",
            reason="too-short",
        )
    reference = neutral_reference(predictor)
    members = {}
    for name, member in predictor.manifest.members.items():
        extract, rate = _EXTRACT[member.features], member.recipe.sr
        means = [
            _mean(extract(waves[rate][round(start * rate) : round(end * rate)], member.recipe))
            for start, end in _WINDOW.spans(seconds)
            if end - start > MIN_SECONDS
        ]
        shift = np.nan_to_num(reference[name] - np.nanmean(means, axis=0)).astype(np.float32)
        members[name] = _shifted(predictor.members[name], shift)
    return Predictor(predictor.manifest, members, predictor.digest)


def neutral_reference(predictor: Predictor) -> dict[str, np.ndarray]:
    """Mean features of the neutral training clips, by member [shape=(n_features,)].

    Raises
    ------
    BundleError
        They are not known: the model was not trained on the demo corpus, whose clips can be rendered again.
    """
    if not is_synthetic(predictor):
        raise BundleError(
            "the bundle does not store the features of its neutral training clips, so it cannot be adapted "
            "to a speaker"
        )
    members = predictor.manifest.members
    return {name: _of_demo(member.features, member.recipe) for name, member in members.items()}


@lru_cache(maxsize=4)
def _of_demo(features: str, recipe) -> np.ndarray:
    from ..audio import load
    from ..corpora import load_index

    index = load_index("demo")
    clips = index.loc[index["emotion"] == "neutral", "path"]
    return np.mean([_mean(_EXTRACT[features](load(path, sr=recipe.sr), recipe)) for path in clips], axis=0)


def _mean(features: np.ndarray) -> np.ndarray:
    """Values of a table row, or means over the frames of a clip [shape=(n_features,)]."""
    return features if features.ndim == 1 else features.mean(axis=1)


def _shifted(member, shift: np.ndarray):
    """A member whose features are shifted by ``shift`` [shape=(n_features,)]."""
    return lambda features: member(features + (shift if features.ndim == 1 else shift[:, None]))
