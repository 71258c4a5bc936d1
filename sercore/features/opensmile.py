"""Features of openSMILE: the sets eGeMAPS and ComParE, with which much of the literature compares.

The package ``opensmile`` (extra ``opensmile``) has a licence of its own, the *audEERING Research License*: it
and features extracted with it may be used for research, teaching and other non-commercial purposes only.
Nothing of it is part of this package.

A row has the functionals of one whole clip; clips are not trimmed.

References
----------
Eyben, Wöllmer, Schuller: openSMILE, the Munich versatile and fast open-source audio feature extractor. ACM
Multimedia 2010.
Eyben et al.: The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and affective
computing. IEEE Transactions on Affective Computing 7(2), 2016.
Schuller et al.: The Interspeech 2016 computational paralinguistics challenge. Interspeech 2016.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import lru_cache, partial

import numpy as np

from ..audio import check_array
from ..errors import AudioError, RecipeError

VERSION = 1
"""Raised whenever a change of code changes rows; part of every recipe's key."""

FEATURE_SETS = {"GeMAPSv01b": 62, "eGeMAPSv02": 88, "ComParE_2016": 6373}
"""Feature sets of openSMILE and their number of functionals."""


@dataclass(frozen=True)
class OpenSmileRecipe:
    """How a waveform becomes a row of openSMILE's functionals.

    :func:`sercore.features.extract_table` accepts it like every recipe, and caches its rows. There are no
    frames: the functionals are what the sets are compared by.

    Parameters
    ----------
    feature_set : str
        A key of :data:`FEATURE_SETS`.

    Raises
    ------
    RecipeError
        There is no such feature set.

    Examples
    --------
    >>> OpenSmileRecipe("eGeMAPSv02").n_columns
    88

    See Also
    --------
    Recipe : the features of this package.
    sercore.encoders.EncoderRecipe : rows of a pretrained encoder.
    """

    feature_set: str = "eGeMAPSv02"

    def __post_init__(self):
        if self.feature_set not in FEATURE_SETS:
            raise RecipeError(
                f"no feature set {self.feature_set!r} of openSMILE; there are {', '.join(FEATURE_SETS)}"
            )

    @property
    def sr(self) -> int:
        """Sample rate in Hz."""
        return 16_000

    @property
    def trim_db(self) -> None:
        """Silence around the speech is kept: pauses are among the functionals."""
        return None

    @property
    def level_db(self) -> None:
        """The level of the recording is kept."""
        return None

    @property
    def n_columns(self) -> int:
        """Number of functionals."""
        return FEATURE_SETS[self.feature_set]

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that depend on every setting."""
        return hashlib.sha256(f"opensmile {VERSION} {self.to_json()}".encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The recipe as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> OpenSmileRecipe:
        """Recipe from the text that :meth:`to_json` returned.

        Raises
        ------
        RecipeError
            The text is not JSON, or its settings are not those of this version.
        """
        try:
            settings = json.loads(text)
            if set(settings) != {item.name for item in fields(cls)}:
                raise ValueError(f"settings {sorted(settings)}")
            return cls(**settings)
        except (ValueError, TypeError, RecursionError) as error:
            raise RecipeError(f"not an openSMILE recipe of this version ({error}): {text!r:.80}") from error

    def extractor(self, kind: str) -> Callable[[np.ndarray], np.ndarray]:
        """The function that makes a row of a waveform.

        Raises
        ------
        RecipeError
            ``kind`` is not ``"table"``, the package is not installed, or TensorFlow was loaded before it.
        """
        if kind != "table":
            raise RecipeError("openSMILE recipes make tables, not frames; use extract_table")
        _smile(self.feature_set)
        return partial(_row, recipe=self)

    def column_names(self) -> list[str]:
        """Names of the functionals, as openSMILE gives them."""
        return list(_smile(self.feature_set).feature_names)


@lru_cache(maxsize=2)
def _smile(feature_set: str):
    """The extractor of a feature set."""
    if "tensorflow" in sys.modules and "opensmile" not in sys.modules:
        raise RecipeError(
            "openSMILE ends the process if TensorFlow was loaded before it; restart Python (or the kernel), "
            "and extract these features before a network is built"
        )
    try:
        import opensmile
    except ImportError as error:
        raise RecipeError(
            f'features of openSMILE need the package opensmile ({error}): pip install "sercore[opensmile]". '
            "Its licence allows non-commercial use only, such as research and teaching."
        ) from error
    return opensmile.Smile(
        feature_set=getattr(opensmile.FeatureSet, feature_set),
        feature_level=opensmile.FeatureLevel.Functionals,
    )


def _row(wave: np.ndarray, recipe: OpenSmileRecipe) -> np.ndarray:
    """Functionals of one waveform, [shape=(n_columns,)]."""
    import warnings

    check_array(wave)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Segment too short")  # an error of ours follows
        row = np.asarray(_smile(recipe.feature_set)(wave, recipe.sr), dtype=np.float32).ravel()
    if len(row) != recipe.n_columns:
        raise RecipeError(
            f"{recipe.feature_set} of the installed opensmile has {len(row)} functionals, "
            f"not {recipe.n_columns}"
        )
    if not np.isfinite(row).all():
        raise AudioError(
            f"openSMILE cannot compute {(~np.isfinite(row)).sum()} of {len(row)} functionals of a clip of "
            f"{len(wave) / recipe.sr:.2f} s; it is probably too short",
            reason="too-short",
        )
    return row
