"""Canonical emotions, and label schemes that select and merge them.

Every corpus has its own names of emotions; parsers translate them to :data:`EMOTIONS`. A *label scheme*
defines which of them a task distinguishes. Every result names its scheme, because fewer classes make an
easier task.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import CorpusError

if TYPE_CHECKING:
    import pandas as pd

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised", "boredom")
"""All emotions, in the order used by every table, figure and model output."""


@dataclass(frozen=True)
class LabelScheme:
    """A named set of classes, with the emotions that are merged into them.

    Parameters
    ----------
    name : str
        Name of the scheme in results.
    classes : tuple of str
        The classes in canonical order. Column *k* of every ``proba`` is ``classes[k]``.
    merge : tuple of (str, str)
        Pairs ``(emotion, class)`` of emotions that are merged into another class.

    Examples
    --------
    >>> scheme = LabelScheme("arousal", ("sad", "angry"), merge=(("happy", "angry"),))
    >>> scheme.label("happy"), scheme.label("neutral")
    ('angry', None)
    """

    name: str
    classes: tuple[str, ...]
    merge: tuple[tuple[str, str], ...] = ()

    def label(self, emotion: str) -> str | None:
        """Class of an emotion, or None if the scheme leaves the emotion out."""
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
"""Label schemes by name: ``eight`` (the emotions of RAVDESS), ``seven`` (calm merged into neutral),
``six`` (CREMA-D), ``four`` (IEMOCAP) and ``all`` (every emotion, including EMO-DB's boredom)."""


def get_scheme(scheme: str | LabelScheme) -> LabelScheme:
    """Label scheme by name; a scheme is returned as it is.

    Raises
    ------
    CorpusError
        There is no scheme of that name.

    Examples
    --------
    >>> get_scheme("four").classes
    ('neutral', 'happy', 'sad', 'angry')
    """
    if isinstance(scheme, LabelScheme):
        return scheme
    if scheme not in SCHEMES:
        raise CorpusError(f"no label scheme named {scheme!r}; there are: {', '.join(SCHEMES)}")
    return SCHEMES[scheme]


def apply_scheme(index: pd.DataFrame, scheme: str | LabelScheme) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Index with a ``label`` column, without the clips whose emotion the scheme leaves out.

    Parameters
    ----------
    index : pd.DataFrame
        One row per clip with an ``emotion`` column (see :func:`sercore.corpora.load_index`).
    scheme : str or LabelScheme
        A name from :data:`SCHEMES`, or your own scheme.

    Returns
    -------
    labelled : pd.DataFrame
        The remaining rows in the same order, renumbered, with ``label``.
    classes : tuple of str
        The scheme's classes that occur, in canonical order.

    Raises
    ------
    CorpusError
        There is no scheme of that name, or fewer than two classes remain.

    See Also
    --------
    narrowest_scheme : the scheme that fits the emotions of a corpus.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.DataFrame({"emotion": ["calm", "boredom", "sad"]})
    >>> labelled, classes = apply_scheme(index, "seven")
    >>> list(labelled["label"]), classes
    (['neutral', 'sad'], ('neutral', 'sad'))

    Notebook: 03_mlp_baseline.ipynb
    """
    scheme = get_scheme(scheme)
    labels = index["emotion"].map(scheme.label)
    labelled = index.assign(label=labels)[labels.notna()].reset_index(drop=True)
    present = set(labelled["label"])
    classes = tuple(c for c in scheme.classes if c in present)
    if len(classes) < 2:
        raise CorpusError(
            f"the label scheme {scheme.name!r} leaves {len(classes)} class(es) of the emotions "
            f"{sorted(set(index['emotion']))}; choose another scheme"
        )
    return labelled, classes


def sort_emotions(emotions: Iterable[str]) -> list[str]:
    """Unique emotions in canonical order; other names follow in alphabetical order.

    Examples
    --------
    >>> sort_emotions(["sad", "happy", "sad", "bored"])
    ['happy', 'sad', 'bored']

    Notebook: 01_eda.ipynb
    """
    present = set(emotions)
    return [emotion for emotion in EMOTIONS if emotion in present] + sorted(present - set(EMOTIONS))


def narrowest_scheme(emotions: Iterable[str]) -> str:
    """Name of the scheme with the fewest classes that contains all of these emotions without merging any.

    Raises
    ------
    CorpusError
        An emotion is not one of :data:`EMOTIONS`.

    Examples
    --------
    >>> narrowest_scheme(["happy", "sad", "neutral"])
    'four'
    >>> narrowest_scheme(["calm", "happy"])
    'eight'

    Notebook: 03_mlp_baseline.ipynb
    """
    present = set(emotions)
    fitting = [name for name, scheme in SCHEMES.items() if present <= set(scheme.classes)]
    if not fitting:
        unknown = sorted(present - set(EMOTIONS))
        raise CorpusError(
            f"no label scheme contains {', '.join(unknown)}; the emotions are {', '.join(EMOTIONS)}"
        )
    return min(fitting, key=lambda name: len(SCHEMES[name].classes))


def common_scheme(emotions: Iterable[Iterable[str]]) -> str:
    """Name of the scheme with the most classes that all occur in each of several corpora.

    A scheme that merges nothing is preferred among those with equally many classes.

    Parameters
    ----------
    emotions : iterable of iterable of str
        The emotions of each corpus.

    Raises
    ------
    CorpusError
        The corpora do not contain all classes of any scheme.

    Examples
    --------
    >>> common_scheme([["neutral", "calm", "happy", "sad", "angry"], ["neutral", "happy", "sad", "angry"]])
    'four'

    See Also
    --------
    narrowest_scheme : the scheme that fits the emotions of one corpus.
    """
    corpora = [set(each) for each in emotions]
    fitting = [
        scheme
        for scheme in SCHEMES.values()
        if all(set(scheme.classes) <= {scheme.label(emotion) for emotion in corpus} for corpus in corpora)
    ]
    if not fitting:
        shared = sort_emotions(set.intersection(*corpora)) if corpora else []
        raise CorpusError(
            f"the corpora share {', '.join(shared) or 'no emotion'}, which are not all classes of any scheme "
            f"({', '.join(SCHEMES)}); pass a LabelScheme of your own"
        )
    return max(fitting, key=lambda scheme: (len(scheme.classes), not scheme.merge)).name
