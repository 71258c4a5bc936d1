"""Recipes: all settings of feature extraction in one frozen, hashable object.

The key of a recipe names its feature cache, and the recipe is saved with every model that was trained on its
features, so that features at prediction time cannot differ from those at training time.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from numbers import Integral, Real

from ..errors import RecipeError
from .descriptors import DESCRIPTORS
from .track_statistics import STATISTICS

VERSION = 1
"""Increased whenever a code change alters feature values; part of the key of every recipe."""

LATER_SETTINGS = {"level_db": None, "band_limit": None}
"""Settings that the first recipes did not have, with the values that change nothing. These values are left
out of the JSON, so that caches and bundles of earlier recipes keep their keys."""

PARTS = ("voiced", "unvoiced", "first", "middle", "last")


def _is_number(value) -> bool:
    return isinstance(value, Real) and -(10**15) < value < 10**15  # isfinite raises for huge integers


def _is_names(value) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)


def _float_or_none(value) -> float | None:
    return value if value is None else float(value)


_TYPES = {
    "int": ("a positive integer", lambda v: isinstance(v, Integral) and v > 0, int),
    "float": ("a number", _is_number, float),
    "float | None": ("a number or None", lambda v: v is None or _is_number(v), _float_or_none),
    "bool": ("True or False", lambda v: isinstance(v, bool), bool),
    "tuple[str, ...]": ("a list of names", _is_names, tuple),
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """Settings of feature extraction.

    Parameters
    ----------
    sr : int
        Sample rate in Hz.
    win_length, hop_length, n_fft : int
        Analysis window, hop and Fourier transform in samples. The defaults are the usual 25 ms and 10 ms.
        The transform is longer than the window, because the pitch tracker computes the autocorrelation
        from the same spectrum, for which half of the transform must be zero padding.
    n_mels : int
        Number of mel bands.
    fmin, fmax : float
        Range of the mel filter bank in Hz.
    n_mfcc : int
        Number of cepstral coefficients, including the zeroth.
    descriptors : tuple of str
        Names from :data:`sercore.features.DESCRIPTORS`.
    statistics, slope_statistics : tuple of str
        Functionals of every track and of its slope, from :data:`STATISTICS`; used by tables only.
    parts : tuple of str
        Parts of the clip, from :data:`PARTS`, whose mean and standard deviation are columns of the table.
    timing : bool
        Whether tables have columns for slow modulations, duration, pauses and syllable rate.
    trim_db : float or None
        Trim leading and trailing frames more than this many decibels below the loudest; None trims nothing.
    level_db : float or None
        Scale the trimmed waveform to this root mean square level in decibels relative to full scale, so that
        the gain of the recording does not change any feature; None keeps the level as recorded.
    band_limit : float or None
        Highest frequency in Hz that any feature depends on: the waveform is low-pass filtered, and spectral
        descriptors use the bins up to this frequency. Below the transition band of common resamplers, which
        begins at about 7 kHz for a file of 16 kHz, it makes features independent of the sample rate at which
        a recording was stored. ``fmax`` must not be higher. None uses everything up to half the sample rate.

    Raises
    ------
    RecipeError
        A setting is impossible, or settings contradict each other.

    Examples
    --------
    >>> Recipe(n_mels=40, n_mfcc=13).n_mels
    40
    >>> Recipe(n_mels=10)
    Traceback (most recent call last):
    sercore.errors.RecipeError: invalid recipe: 20 MFCCs from 10 mel bands

    Notebook: 01_eda.ipynb
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
    level_db: float | None = None
    band_limit: float | None = None

    def __post_init__(self):
        self._convert_types()
        if self.win_length > self.n_fft:
            _refuse(f"window of {self.win_length} samples is longer than n_fft={self.n_fft}")
        if self.n_fft % 2:
            _refuse(f"n_fft={self.n_fft}; it must be even")
        if self.sr > 200 * self.n_fft:
            _refuse(
                f"n_fft={self.n_fft} at {self.sr} Hz: bins {self.sr / self.n_fft:.0f} Hz apart; at most 200"
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
            _refuse(f"trim_db={self.trim_db}; it must be positive (decibels below the loudest frame) or None")
        if self.level_db is not None and not -60 <= self.level_db <= 0:
            _refuse(f"level_db={self.level_db}; it must be between -60 and 0 (decibels), or None")
        if self.band_limit is not None and not self.fmax <= self.band_limit <= self.sr / 2:
            _refuse(
                f"band_limit={self.band_limit}; it must be between fmax={self.fmax} and {self.sr / 2} Hz "
                "(half the sample rate), or None"
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
                _refuse(f"unknown {what} {unknown}; available are {', '.join(known)}")
            if len(set(named)) < len(named):
                _refuse(f"{what} repeated in {named}")
        if not self.descriptors or not self.statistics:
            _refuse("no descriptors or no statistics")

    def _convert_types(self):
        """Convert every setting to its type, so that equal recipes have equal JSON and keys."""
        for field in fields(self):
            value = getattr(self, field.name)
            kind, is_valid, convert = _TYPES[field.type]
            if not is_valid(value):
                _refuse(f"{field.name}={value!r}; it must be {kind}")
            object.__setattr__(self, field.name, convert(value))

    @property
    def n_bins(self) -> int:
        """Number of Fourier bins that spectral descriptors use: up to ``band_limit``, otherwise all."""
        return 1 + int((self.band_limit or self.sr / 2) * self.n_fft / self.sr)

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that depend on every setting."""
        return hashlib.sha256(f"{VERSION} {self.to_json()}".encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The recipe as one line of JSON, the same for equal recipes.

        Settings of :data:`LATER_SETTINGS` are contained only if they are used.
        """
        unused = {name for name, value in LATER_SETTINGS.items() if getattr(self, name) == value}
        settings = {name: value for name, value in asdict(self).items() if name not in unused}
        return json.dumps(settings, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Recipe from the text that :meth:`to_json` returned.

        Raises
        ------
        RecipeError
            The text is not JSON, lacks settings, or contains settings that this version does not have.
        """
        try:
            settings = json.loads(text)
            missing = {field.name for field in fields(cls)} - set(settings) - set(LATER_SETTINGS)
            if missing:
                raise ValueError(f"missing {', '.join(sorted(missing))}")
            return cls(**settings)
        except (ValueError, TypeError, RecursionError) as error:
            reason = str(error).encode(errors="backslashreplace").decode()
            raise RecipeError(f"not a recipe of this version ({reason}): {text!r:.80}") from error


def _refuse(problem: str):
    raise RecipeError(f"invalid recipe: {problem}")


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
    "level_free": Recipe(level_db=-26.0),
    "robust": Recipe(
        descriptors=tuple(name for name in Recipe().descriptors if name != "log_mel"),
        level_db=-26.0,
        fmax=6400.0,
        band_limit=6400.0,
    ),
    "log_mel_level_free": Recipe(descriptors=("log_mel",), level_db=-26.0),
    "log_mel_80": Recipe(descriptors=("log_mel",), n_mels=80),
}
"""Named recipes. ``default`` makes the tables of this course, ``log_mel`` the input of its networks
(``log_mel_80``, with more bands, that of the time-delay network), and
``level_free`` and ``log_mel_level_free`` make both of clips scaled to the same level, that of ITU-T P.56 for
telephony, for recordings whose gain and distance to the microphone are unknown. ``robust`` is
``level_free`` up to 6.4 kHz and without the statistics of ``log_mel``: neither gain nor sample rate of a
recording change its table, and it was chosen without the clips it was tested on
(``sercore/course/table_choice.py``). The rest reproduce the
feature vectors of three earlier student projects, here called S0 (VoiceVibes, see
:mod:`sercore.models.legacy`), S1 and S4, all at 22.05 kHz with a window of 2048 and a hop of 512 samples.

``s0_mfcc``, ``s0_mfcc_chroma``, ``s0_mfcc_chroma_mel``
    S0: means over time of 40 MFCCs, then 12 chroma, then 128 mel bands: 40, 52 and 180 columns. S0 computed
    chroma from the magnitude spectrum, tuned to each clip; here it is the chroma of this package (power,
    concert pitch), so that a chroma column means the same pitch class in all clips.
``s1_mel``, ``s1_mel_chroma_mfcc``
    S1: means of 128 mel bands; means of mel bands, 12 chroma and 40 MFCCs. The latter had 183 columns. One
    was the actor's number, which is left out, because it identifies the speaker; the description of S1
    accounts for 180 of the other 182, and zero crossing rate and RMS, usual in such vectors, replace the
    unknown two. The chroma columns of S1 were constant; these are not.
``s4_statistics``
    S4: 44 statistics, of which only the number is documented; here mean and standard deviation of 20 MFCCs
    (librosa's default), RMS and zero crossing rate.
"""


def get_recipe(recipe: str | Recipe) -> Recipe:
    """Recipe of a name from :data:`PRESETS`; a Recipe, or a recipe of an encoder, is returned as it is.

    Raises
    ------
    RecipeError
        The name is unknown.

    Examples
    --------
    >>> get_recipe("log_mel").descriptors
    ('log_mel',)

    Notebook: 01_eda.ipynb
    """
    if isinstance(recipe, Recipe) or hasattr(recipe, "extractor"):
        return recipe
    if recipe not in PRESETS:
        raise RecipeError(f"no recipe named {recipe!r}; available are: {', '.join(PRESETS)}")
    return PRESETS[recipe]
