"""Your own recordings: a folder per emotion, names with fields, or a table of clips.

**A folder per emotion.** One of the folders above each clip names its emotion (``angry``, a synonym
from :data:`SYNONYMS`, or a name given in ``labels``). The speaker of each clip is needed to keep training
and test speakers apart: ``speaker`` is a regular expression with one group, searched in the path below
the root. For ``happy/anna_03.wav``, pass ``speaker=r"([a-z]+)_\\d+"``. If the emotion is in the name as
well (``anna_happy_03.wav``), pass ``emotion=r"_([a-z]+)_\\d+"``.

**A table.** ``root`` is a CSV file, or a folder with ``index.csv``: see :mod:`sercore.corpora.tables`.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import CorpusError
from .description import Corpus
from .names import SYNONYMS, ask, find_group, find_groups, plain_labels, to_emotion, unused_labels
from .tables import find_table, read_table

__all__ = ["CORPUS", "SYNONYMS", "find_table", "parse", "read_table", "unused_options"]


def parse(
    path: str,
    *,
    speaker: str | None = None,
    emotion: str | None = None,
    labels: dict[str, str | None] | None = None,
    language: str = "",
) -> dict | None:
    """Fields of a clip, from the names of its folders and from the patterns.

    Parameters
    ----------
    path : str
        Path below the root, with ``/``.
    speaker : str
        Regular expression whose first group (or the group ``speaker``) is the speaker.
    emotion : str, optional
        Regular expression whose first group (or the group ``emotion``) is the emotion; by default one of
        the folders names it.
    labels : dict of str to str, optional
        More names of emotions: ``{"furious": "angry", "other": None}``; None leaves the clips out.
    language : str
        Language of all clips, such as ``"en"``.

    Returns
    -------
    dict or None
        None for a clip that ``labels`` leaves out.

    Raises
    ------
    CorpusError
        No folder of the path, or more than one, names an emotion; or no speaker is found.

    Examples
    --------
    >>> parse("furious/anna_03.wav", speaker=r"([a-z]+)_\\d+", labels={"furious": "angry"})
    {'stem': 'furious/anna_03', 'speaker': 'anna', 'emotion': 'angry', 'language': ''}
    """
    labels = plain_labels(labels)
    if emotion is not None:
        found = to_emotion(find_group(path, emotion, "emotion"), labels)
    else:
        found = _emotion_of_folders(path.split("/")[:-1], labels)
    if found is None:
        return None
    return {
        "stem": path.rsplit(".", 1)[0],
        "speaker": find_group(path, speaker, "speaker"),
        "emotion": found,
        "language": language,
    }


def unused_options(
    paths: Iterable[str], *, emotion: str | None = None, labels: dict[str, str | None] | None = None, **_
) -> list[str]:
    """One line about ``labels`` that match no folder or name, or an empty list."""
    if not labels:
        return []
    if emotion is not None:
        return unused_labels(labels, find_groups(paths, emotion, "emotion"))
    return unused_labels(labels, {name for path in paths for name in path.split("/")[:-1]})


def _emotion_of_folders(folders: list[str], labels: dict[str, str | None]) -> str | None:
    """The one emotion that the folders name; None if ``labels`` leaves one of them out."""
    found = []
    for name in folders:
        try:
            found.append(to_emotion(name, labels))
        except CorpusError:
            continue
    if None in found:
        return None
    found = list(dict.fromkeys(found))  # an archive unpacked into itself repeats a folder
    if len(found) != 1:
        if not folders:
            raise CorpusError(f"no folder names the emotion; {ask('emotion')}")
        where = f"folder {'/'.join(folders)!r}"
        raise CorpusError(
            f"{where} names {len(found)} emotions, not one; rename it with labels={{name: emotion}} "
            "(--labels FILE.csv), leave it out with labels={name: None} (--drop NAME), or "
            f"{ask('emotion')}"
        )
    return found[0]


class _Folder(Corpus):
    """Your own recordings, described by options or by a table."""

    options = ("speaker", "emotion", "labels", "language", "on_conflict", "channel")

    parse = staticmethod(parse)
    find_table = staticmethod(find_table)
    read_table = staticmethod(read_table)
    remarks = staticmethod(unused_options)


CORPUS = _Folder(
    name="folder",
    title="your own recordings",
    language="",
    n_clips=0,
    n_speakers=0,
    licence="yours",
    redistributable="your decision",
    citation="",
    url="",
    folders=("booth",),  # what people record without naming a folder: sercore.corpora.Takes
    how_to_get="record it; pass a folder with one subfolder per emotion, or a CSV file, as root",
)
