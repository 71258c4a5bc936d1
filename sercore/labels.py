"""The canonical emotions and the named, written ways to merge them.

Corpora spell emotions in their own ways; every parser translates into :data:`EMOTIONS`. A
*label scheme* then says which of them a task distinguishes. Every result names its scheme,
because fewer classes make an easier task.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import CorpusError

if TYPE_CHECKING:
    import pandas as pd

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised", "boredom")
"""All emotions in the order in which every table, figure and model output lists them."""


@dataclass(frozen=True)
class LabelScheme:
    """A named set of classes and the merges that lead to it.

    Parameters
    ----------
    name : str
        How results refer to it.
    classes : tuple of str
        The classes in canonical order. Column *k* of every ``proba`` is ``classes[k]``.
    merge : tuple of (str, str)
        Pairs ``(emotion, class)`` for emotions that are renamed into another class.
    """

    name: str
    classes: tuple[str, ...]
    merge: tuple[tuple[str, str], ...] = ()

    def label(self, emotion: str) -> str | None:
        """Class of an emotion, or None where the scheme leaves the emotion out."""
        merged = dict(self.merge).get(emotion, emotion)
        return merged if merged in self.classes else None


_EIGHT = EMOTIONS[:8]
_CALM = (("calm", "neutral"),)
SCHEMES = {
    scheme.name: scheme
    for scheme in (
        LabelScheme("eight", _EIGHT),
        LabelScheme("seven", tuple(e for e in _EIGHT if e != "calm"), _CALM),
        LabelScheme("six", ("neutral", "happy", "sad", "angry", "fearful", "disgust"), _CALM),
        LabelScheme("four", ("neutral", "happy", "sad", "angry")),
        LabelScheme("all", EMOTIONS),
    )
}
"""``eight`` (RAVDESS as is), ``seven`` (calm merged into neutral), ``six`` (CREMA-D's classes),
``four`` (IEMOCAP's) and ``all`` (whatever the corpus has, EMO-DB's boredom included)."""


def get_scheme(scheme: str | LabelScheme) -> LabelScheme:
    """Look a label scheme up by name."""
    if isinstance(scheme, LabelScheme):
        return scheme
    if scheme not in SCHEMES:
        raise CorpusError(f"no label scheme named {scheme!r}; there are: {', '.join(SCHEMES)}")
    return SCHEMES[scheme]


def apply_scheme(index: pd.DataFrame, scheme: str | LabelScheme) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add a ``label`` column and drop clips whose emotion the scheme leaves out.

    Parameters
    ----------
    index : pd.DataFrame
        One row per clip with an ``emotion`` column (see :func:`sercore.corpora.load_index`).
    scheme : str or LabelScheme
        A name from :data:`SCHEMES`, or your own.

    Returns
    -------
    labelled : pd.DataFrame
        The remaining rows, same order, fresh row numbers, with ``label``.
    classes : tuple of str
        The scheme's classes that occur, in canonical order.
    """
    scheme = get_scheme(scheme)
    labels = index["emotion"].map(scheme.label)
    labelled = index.assign(label=labels)[labels.notna()].reset_index(drop=True)
    present = set(labelled["label"])
    classes = tuple(c for c in scheme.classes if c in present)
    if len(classes) < 2:
        raise CorpusError(
            f"scheme {scheme.name!r} leaves {len(classes)} class(es) of the emotions "
            f"{sorted(set(index['emotion']))}; choose another scheme"
        )
    return labelled, classes


def sort_emotions(emotions: Iterable[str]) -> list[str]:
    """The emotions that occur, once each, in the order of every table and figure."""
    present = set(emotions)
    return [emotion for emotion in EMOTIONS if emotion in present] + sorted(present - set(EMOTIONS))


def narrowest_scheme(emotions: Iterable[str]) -> str:
    """Name of the scheme with the fewest classes that holds all of these emotions without merging any.

    Examples
    --------
    >>> narrowest_scheme(["happy", "sad", "neutral"])
    'four'
    >>> narrowest_scheme(["calm", "happy"])
    'eight'
    """
    present = set(emotions)
    fitting = [name for name, scheme in SCHEMES.items() if present <= set(scheme.classes)]
    if not fitting:
        unknown = sorted(present - set(EMOTIONS))
        raise CorpusError(f"no scheme holds {', '.join(unknown)}; there are: {', '.join(SCHEMES)}")
    return min(fitting, key=lambda name: len(SCHEMES[name].classes))
