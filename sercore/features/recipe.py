"""Recipes: everything that decides how features are made, in one frozen, hashable place.

A recipe names the cache it fills and travels with the model that was trained on it, so features at
prediction time cannot differ from those at training time.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from ..errors import RecipeError

VERSION = 1
"""Raised whenever a change of code changes feature values; part of every recipe's hash."""

STATISTICS = ("mean", "std", "skewness", "kurtosis", "p5", "p25", "p50", "p75", "p95")
PARTS = ("voiced", "unvoiced", "first", "middle", "last")
PART_STATISTICS = ("mean", "std")


@dataclass(frozen=True)
class Recipe:
    """How a waveform becomes features.

    Parameters
    ----------
    sr : int
        Sample rate in Hz.
    win_length, hop_length, n_fft : int
        Analysis window, step and Fourier transform in samples. The defaults are the field's 25 ms
        and 10 ms; the transform is longer than the window because the pitch tracker reads the
        autocorrelation from the same spectrum, and half of it must be zero padding for that.
    n_mels : int
        Bands of the mel filter bank.
    fmin, fmax : float
        Its range in Hz.
    n_mfcc : int
        Cepstral coefficients, the zeroth included.
    descriptors : tuple of str
        Names from :data:`sercore.features.DESCRIPTORS`.
    statistics, slope_statistics : tuple of str
        Functionals of every track and of its slope, from :data:`STATISTICS`; only tables use them.
    parts : tuple of str
        Parts of the clip, from :data:`PARTS`, whose mean and standard deviation a table also holds.
    timing : bool
        Whether a table also holds slow modulations, duration, pauses and syllable rate.
    trim_db : float or None
        Cut leading and trailing silence this far below the loudest frame; None keeps it.
    """

    sr: int = 16_000
    win_length: int = 400
    hop_length: int = 160
    n_fft: int = 1024
    n_mels: int = 64
    fmin: float = 50.0
    fmax: float = 8000.0
    n_mfcc: int = 20
    descriptors: tuple[str, ...] = (
        "log_mel", "mfcc", "chroma", "centroid", "bandwidth", "contrast", "flatness", "rolloff",
        "rms_db", "zcr", "tonnetz", "f0", "voicing",
    )  # fmt: skip
    statistics: tuple[str, ...] = STATISTICS
    slope_statistics: tuple[str, ...] = ("mean", "std", "skewness", "kurtosis", "p5", "p95")
    parts: tuple[str, ...] = PARTS
    timing: bool = True
    trim_db: float | None = 30.0

    def __post_init__(self):
        def refuse(problem):
            raise RecipeError(f"recipe cannot be: {problem}")

        if self.win_length > self.n_fft:
            refuse(f"window of {self.win_length} samples is longer than n_fft={self.n_fft}")
        if not 0 <= self.fmin < self.fmax <= self.sr / 2:
            refuse(f"mel range {self.fmin}–{self.fmax} Hz outside 0–{self.sr / 2} Hz (half the sample rate)")
        if self.n_mfcc > self.n_mels:
            refuse(f"{self.n_mfcc} MFCCs from {self.n_mels} mel bands")
        from .descriptors import DESCRIPTORS

        for what, named, known in (
            ("descriptors", self.descriptors, DESCRIPTORS),
            ("statistics", self.statistics + self.slope_statistics, STATISTICS),
            ("parts", self.parts, PARTS),
        ):
            if unknown := set(named) - set(known):
                refuse(f"unknown {what} {sorted(unknown)}; there are {', '.join(known)}")
        if not self.descriptors or not self.statistics:
            refuse("no descriptors or no statistics")

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change whenever any setting does."""
        return hashlib.sha256(f"{VERSION} {self.to_json()}".encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The recipe as one line of JSON, the same for equal recipes."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Rebuild a recipe.

        Raises
        ------
        RecipeError
            Where the text is not JSON, or names settings this version does not have.
        """
        try:
            settings = json.loads(text)
            lists = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
            return cls(**lists)
        except (ValueError, TypeError, AttributeError) as error:
            raise RecipeError(f"not a recipe of this version ({error}): {text[:80]!r}") from error


_OLD = Recipe(
    sr=22_050, win_length=2048, hop_length=512, n_fft=2048, n_mels=128, fmin=0.0, fmax=11_025.0, n_mfcc=40,
    statistics=("mean",), slope_statistics=(), parts=(), timing=False, trim_db=None,
)  # fmt: skip
PRESETS = {
    "default": Recipe(),
    "mfcc40": replace(_OLD, descriptors=("mfcc",)),
    "mfcc40_chroma": replace(_OLD, descriptors=("mfcc", "chroma")),
    "mel_mfcc_chroma": replace(_OLD, descriptors=("mfcc", "chroma", "mel")),
    "mel_mfcc_chroma_zcr_rms": replace(_OLD, descriptors=("zcr", "chroma", "mfcc", "rms", "mel")),
    "mel": replace(_OLD, descriptors=("mel",)),
    "mel_mfcc": replace(_OLD, descriptors=("mel", "mfcc")),
}
"""Named recipes. ``default`` is this course's; the others rebuild the vectors of earlier student
projects (time averages at 22.05 kHz with windows of 2048 and steps of 512 samples)."""


def get_recipe(recipe: str | Recipe) -> Recipe:
    """Look a recipe up by name; a Recipe passes through."""
    if isinstance(recipe, Recipe):
        return recipe
    if recipe not in PRESETS:
        raise RecipeError(f"no recipe named {recipe!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[recipe]
