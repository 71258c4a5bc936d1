"""Recipes: everything that decides how features are made, in one frozen, hashable place.

A recipe names the cache it fills and travels with the model that was trained on it, so features at
prediction time cannot differ from those at training time.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from math import isfinite
from numbers import Integral, Real

from ..errors import RecipeError
from .descriptors import DESCRIPTORS

VERSION = 1
"""Raised whenever a change of code changes feature values; part of every recipe's hash."""

STATISTICS = ("mean", "std", "skewness", "kurtosis", "p5", "p25", "p50", "p75", "p95")
PARTS = ("voiced", "unvoiced", "first", "middle", "last")
PART_STATISTICS = ("mean", "std")


def _is_number(value) -> bool:
    return isinstance(value, Real) and isfinite(value)


_TYPES = {
    "int": ("positive whole number", lambda v: isinstance(v, Integral) and v > 0, int),
    "float": ("number", _is_number, float),
    "float | None": ("number or None", lambda v: v is None or _is_number(v), lambda v: v and float(v)),
    "bool": ("True or False", lambda v: isinstance(v, bool), bool),
    "tuple[str, ...]": (
        "list of names", lambda v: isinstance(v, list | tuple) and all(isinstance(x, str) for x in v), tuple,
    ),
}  # fmt: skip


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
        self._settle_types()
        if self.win_length > self.n_fft:
            _refuse(f"window of {self.win_length} samples is longer than n_fft={self.n_fft}")
        if self.n_fft % 2:
            _refuse(f"n_fft={self.n_fft}, which is odd")
        if self.sr > 200 * self.n_fft:
            _refuse(
                f"n_fft={self.n_fft} at {self.sr} Hz resolves only {self.sr / self.n_fft:.0f} Hz; at most 200"
            )
        if not 0 <= self.fmin < self.fmax <= self.sr / 2:
            _refuse(f"mel range {self.fmin}–{self.fmax} Hz outside 0–{self.sr / 2} Hz (half the sample rate)")
        for setting, most in (("sr", 192_000), ("n_fft", 65_536), ("n_mels", self.n_fft // 2)):
            if getattr(self, setting) > most:
                _refuse(f"{setting}={getattr(self, setting)}; at most {most}")
        if self.sr > 2000 * self.hop_length:
            _refuse(f"hop_length={self.hop_length} at {self.sr} Hz is less than half a millisecond")
        if self.n_mfcc > self.n_mels:
            _refuse(f"{self.n_mfcc} MFCCs from {self.n_mels} mel bands")
        if self.trim_db is not None and self.trim_db <= 0:
            _refuse(
                f"trim_db={self.trim_db}; decibels below the loudest frame are positive, None trims nothing"
            )
        if self.timing and (self.n_mels < 8 or self.hop_length > 0.035 * self.sr):
            _refuse(
                "timing without at least 8 mel bands and a hop of at most 35 ms (its modulations reach 13 Hz)"
            )
        for what, known in (
            ("descriptors", DESCRIPTORS), ("statistics", STATISTICS), ("slope_statistics", STATISTICS),
            ("parts", PARTS),
        ):  # fmt: skip
            named = getattr(self, what)
            if unknown := [name for name in named if name not in known]:
                _refuse(f"unknown {what} {unknown}; there are {', '.join(known)}")
            if len(set(named)) < len(named):
                _refuse(f"{what} named twice in {named}")
        if not self.descriptors or not self.statistics:
            _refuse("no descriptors or no statistics")

    def _settle_types(self):
        """One type per setting, so that equal recipes are written, and hashed, alike."""
        for field in fields(self):
            value = getattr(self, field.name)
            kind, fits, settle = _TYPES[field.type]
            if not fits(value):
                _refuse(f"{field.name}={value!r}, which is no {kind}")
            object.__setattr__(self, field.name, settle(value))

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
            The text is not JSON, or lacks settings, or names some that this version does not have.
        """
        try:
            settings = json.loads(text)
            missing = {field.name for field in fields(cls)} - set(settings)
            if missing:
                raise ValueError(f"without {', '.join(sorted(missing))}")
            return cls(**settings)
        except (ValueError, TypeError, RecursionError) as error:
            reason = str(error).encode(errors="backslashreplace").decode()
            raise RecipeError(f"not a recipe of this version ({reason}): {text!r:.80}") from error


def _refuse(problem: str):
    raise RecipeError(f"recipe cannot be: {problem}")


_OLD = Recipe(
    sr=22_050, win_length=2048, hop_length=512, n_fft=2048, n_mels=128, fmin=0.0, fmax=11_025.0, n_mfcc=40,
    statistics=("mean",), slope_statistics=(), parts=(), timing=False, trim_db=None,
)  # fmt: skip
PRESETS = {
    "default": Recipe(),
    "log_mel": Recipe(descriptors=("log_mel",)),
    "s0_mfcc": replace(_OLD, descriptors=("mfcc",)),
    "s0_mfcc_chroma": replace(_OLD, descriptors=("mfcc", "chroma")),
    "s0_mfcc_chroma_mel": replace(_OLD, descriptors=("mfcc", "chroma", "mel")),
    "s1_mel": replace(_OLD, descriptors=("mel",)),
    "s1_mel_chroma_mfcc": replace(_OLD, descriptors=("mel", "chroma", "mfcc", "zcr", "rms")),
    "s4_statistics": replace(_OLD, n_mfcc=20, descriptors=("mfcc", "rms", "zcr"), statistics=("mean", "std")),
}
"""Named recipes. ``default`` is this course's table, ``log_mel`` what its networks read; the others
rebuild the vectors of three earlier student projects, called S0 (VoiceVibes, see
:mod:`sercore.models.legacy`), S1 and S4 here, all at 22.05 kHz with windows of 2048 and
steps of 512 samples.

``s0_mfcc``, ``s0_mfcc_chroma``, ``s0_mfcc_chroma_mel``
    S0: averages over time of 40 MFCCs, then 12 chroma, then 128 mel bands: 40, 52 and 180 columns.
    S0 took chroma from the magnitude spectrum, tuned to each clip; here it is the package's chroma
    (power, concert pitch), so that chroma columns of two clips mean the same pitches.
``s1_mel``, ``s1_mel_chroma_mfcc``
    S1: averages of 128 mel bands; of mel bands, 12 chroma and 40 MFCCs. The second had 183 columns.
    One was the actor's number, which is left out, since it names the speaker and not the sound;
    its description accounts for 180 of the other 182, and zero crossings and RMS, which vectors of
    this kind usually hold, stand for the missing two. Its chroma was constant; this one is not.
``s4_statistics``
    S4: 44 statistics of which only the number is handed down, here mean and standard deviation of
    20 MFCCs (librosa's default), RMS and zero crossings.
"""


def get_recipe(recipe: str | Recipe) -> Recipe:
    """Look a recipe up by name; a Recipe, or a recipe of :mod:`sercore.encoders`, passes through."""
    if isinstance(recipe, Recipe) or hasattr(recipe, "extractor"):
        return recipe
    if recipe not in PRESETS:
        raise RecipeError(f"no recipe named {recipe!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[recipe]
