"""Inputs of the earlier projects S1 to S4, with their mistakes, as recipes.

The descriptors are those of this package, so values differ from librosa's in details; the mistakes are the
same. S2 also removed noise, which is left out here. The rows in ``s1_mel``, ``s1_mel_chroma_mfcc`` and the
presets of S0 (:data:`sercore.features.recipe.PRESETS`) contain none of these mistakes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from ..audio import check_array, fit_length
from ..errors import RecipeError
from ..features.extraction import compute
from ..features.recipe import Recipe
from ..features.track_statistics import statistics

VERSION = 1
"""Raised whenever a change of code changes values; part of every recipe's hash."""

S4_MATRICES = (
    "zcr", "rms", "mfcc", "mel", "chroma", "centroid", "bandwidth", "contrast", "flatness", "rolloff",
    "tonnetz",
)  # fmt: skip
S4_STATISTICS = ("mean", "std", "kurtosis", "skewness")


def _settings(sr: int, fmax: float, **changed) -> Recipe:
    return Recipe(
        sr=sr, win_length=2048, hop_length=512, n_fft=2048, n_mels=128, fmin=0.0, fmax=fmax,
        descriptors=("log_mel",), parts=(), timing=False, trim_db=None, **changed,
    )  # fmt: skip


_S1 = _settings(44_100, 8000.0)
_S2 = _settings(44_100, 22_050.0)
_S3 = _settings(30_000, 15_000.0, n_mfcc=40)
_S4 = _settings(22_050, 11_025.0)


def s1_frame_energies(wave: np.ndarray) -> np.ndarray:
    """Level of each frame from 0.5 s to 3.5 s: the mean **over mel bands instead of time**.

    A row of 259 frames tells when a clip is loud, and nothing about its spectrum. A clip that ends earlier is
    filled with 0 dB, the level of its peak.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        At 44.1 kHz, longer than 0.5 s.

    Returns
    -------
    np.ndarray [shape=(259,), dtype=float32]
        Decibels relative to the peak.

    Raises
    ------
    RecipeError
        The clip ends before 0.5 s.
    """
    part = wave[_S1.sr // 2 : _S1.sr // 2 + 3 * _S1.sr]
    if not part.size:
        raise RecipeError(f"s1 starts at 0.5 s, but the clip has {wave.size / _S1.sr:.2f} s")
    energies = _below_peak(part, _S1).mean(axis=0)
    return np.pad(energies, (0, 259 - energies.size)).astype(np.float32)


def s2_first_second(wave: np.ndarray) -> np.ndarray:
    """Log-mel picture of **the first second**, with its own mean 0 and standard deviation 1.

    Many recordings start with half a second of silence, and most of the sentence comes later.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        At 44.1 kHz; shorter clips are filled with zeros.

    Returns
    -------
    np.ndarray [shape=(128, 87), dtype=float32]
    """
    picture = _below_peak(fit_length(wave, _S2.sr), _S2)
    return ((picture - picture.mean()) / max(picture.std(), 1e-6)).astype(np.float32)


def s3_mfcc(wave: np.ndarray) -> np.ndarray:
    """Means of 40 MFCCs, computed **as if the audio had 30 kHz**.

    The band that is taken for 1000 Hz is at 735 Hz, so the resolution of the mel scale is in the wrong place.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        At 22.05 kHz.

    Returns
    -------
    np.ndarray [shape=(40,), dtype=float32]
    """
    return compute(wave, ("mfcc",), _S3)["mfcc"].mean(axis=1).astype(np.float32)


def s4_ravelled(wave: np.ndarray) -> np.ndarray:
    """Four statistics of each of eleven matrices, **ravelled over rows and time**.

    Values of different mel bands, coefficients or pitch classes are pooled, so exchanging two bands does not
    change the row. 44 columns: mean, standard deviation, kurtosis and skewness of zero crossings, RMS,
    20 MFCCs, 128 mel bands, chroma, centroid, bandwidth, contrast, flatness, rolloff and tonnetz.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        At 22.05 kHz.

    Returns
    -------
    np.ndarray [shape=(44,), dtype=float32]
    """
    matrices = compute(wave, S4_MATRICES, _S4).values()
    rows = [ravelled_statistics(matrix) for matrix in matrices]
    return np.concatenate(rows).astype(np.float32)


def ravelled_statistics(matrix: np.ndarray) -> np.ndarray:
    """Mean, standard deviation, kurtosis and skewness of all values of a matrix, whatever their order.

    Examples
    --------
    >>> ravelled_statistics(np.array([[1.0, 2.0], [3.0, 4.0]])).round(2).tolist()
    [2.5, 1.12, -1.36, 0.0]
    """
    return statistics(np.float32(matrix).reshape(1, -1), S4_STATISTICS)[0]


class Input(NamedTuple):
    """Function, sample rate in Hz, and names of the columns of a row; without names, frames."""

    function: Callable[[np.ndarray], np.ndarray]
    sr: int
    columns: tuple[str, ...] = ()


INPUTS = {
    "s1_frame_energies": Input(s1_frame_energies, 44_100, tuple(f"level[{k}].mean" for k in range(259))),
    "s2_first_second": Input(s2_first_second, 44_100),
    "s3_mfcc": Input(s3_mfcc, 22_050, tuple(f"mfcc[{k}].mean" for k in range(40))),
    "s4_ravelled": Input(
        s4_ravelled, 22_050, tuple(f"{name}.{which}" for name in S4_MATRICES for which in S4_STATISTICS)
    ),
}
"""Inputs by name: ``s2_first_second`` are frames for ``s2_cnn_bilstm``, the others rows."""


@dataclass(frozen=True)
class LegacyInput:
    """Recipe of an input of an earlier project.

    :func:`sercore.features.extract_table` accepts it, ``extract_frames`` that of S2.

    Parameters
    ----------
    name : str
        A key of :data:`INPUTS`.

    Raises
    ------
    RecipeError
        No input has this name.

    Examples
    --------
    >>> LegacyInput("s4_ravelled").column_names()[:2]
    ['zcr.mean', 'zcr.std']
    """

    name: str

    def __post_init__(self):
        if self.name not in INPUTS:
            raise RecipeError(f"no input named {self.name!r}; there are {', '.join(INPUTS)}")

    @property
    def sr(self) -> int:
        """Sample rate in Hz to which recordings are converted."""
        return INPUTS[self.name].sr

    @property
    def trim_db(self) -> None:
        """Silence is kept."""
        return None

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that name the cache."""
        return hashlib.sha256(f"legacy {VERSION} {self.to_json()}".encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The recipe as one line of JSON."""
        return json.dumps(asdict(self))

    def column_names(self) -> list[str]:
        """Names of the columns of a row."""
        return list(INPUTS[self.name].columns)

    def extractor(self, kind: str) -> Callable[[np.ndarray], np.ndarray]:
        """The function that makes rows (``"table"``) or frames (``"frames"``) of a waveform."""
        made = "table" if INPUTS[self.name].columns else "frames"
        if kind != made:
            raise RecipeError(f"{self.name} makes {made}, not {kind}; use extract_{made}")
        return partial(_extract, name=self.name)


def _extract(wave: np.ndarray, name: str) -> np.ndarray:
    check_array(wave)
    return INPUTS[name].function(wave)


def _below_peak(wave: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Log-mel levels, -80 to 0 dB relative to the peak, [shape=(n_mels, n_frames)]."""
    level = compute(wave, ("log_mel",), recipe)["log_mel"]
    return np.maximum(level - level.max(), -80)
