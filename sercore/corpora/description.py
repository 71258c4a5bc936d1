"""The description of a corpus: facts, the scheme of its file names, and where it can be fetched.

A published corpus is described, not programmed: a regular expression with named groups finds the fields of a
file name, and tables translate their codes. The descriptions are in :mod:`sercore.corpora.english` and
:mod:`sercore.corpora.other_languages`; to add a corpus, add one there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import CorpusError

_COLUMNS = ("sex", "language", "intensity", "sentence", "repetition")  # optional fields of a name


@dataclass(frozen=True)
class FileNames:
    """How the file names of a corpus are read.

    Parameters
    ----------
    pattern : str
        Regular expression for a whole file name without its suffix. Groups named ``speaker``, ``emotion``,
        ``sex``, ``language``, ``intensity``, ``sentence`` and ``repetition`` are fields of the clip.
    form : str
        The scheme in words, with an example, for error messages.
    emotions : dict of str to str or None
        Emotion of each code; None leaves the clips out, because the package has no such class.
    speakers : dict of str to (str, float), optional
        Sex, and age in years or NaN, of each speaker; any speaker is accepted if it is empty.
    codes : dict of str to dict
        Other groups whose codes are translated; a code that is not in the table is an error.
    folder : str
        Regular expression for the name of a folder above the clip that has the groups missing in the file
        name. The innermost folder that matches is used.
    clip : str
        Name of the clip, made from the groups, such as ``"{speaker}_{sentence}"``; by default the file name.
    left_out : str
        Regular expression for names of other recordings of the corpus, which are not clips.
    misspelt : dict of str to str
        Names that differ from the scheme in the official files, and the names that were meant.

    Examples
    --------
    >>> names = FileNames(
    ...     r"(?P<speaker>[a-z]+)_(?P<emotion>[HS])\\d", "speaker_emotion", {"H": "happy", "S": "sad"}
    ... )
    >>> names.parse("recordings/anna_H3.wav")
    {'stem': 'anna_H3', 'speaker': 'anna', 'emotion': 'happy'}
    """

    pattern: str
    form: str
    emotions: Mapping[str, str | None]
    speakers: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    folder: str = ""
    clip: str = ""
    left_out: str = ""
    misspelt: Mapping[str, str] = field(default_factory=dict)

    def parse(self, path: str) -> dict | None:
        """Fields of a clip, see :meth:`Corpus.parse`."""
        *folders, name = path.split("/")
        stem = name.rsplit(".", 1)[0]
        stem = self.misspelt.get(stem, stem)
        if self.left_out and re.fullmatch(self.left_out, stem, re.ASCII):
            return None
        match = re.fullmatch(self.pattern, stem, re.ASCII)
        if not match:
            raise CorpusError(f"not {self.form}")
        found = {group: text for group, text in match.groupdict().items() if text is not None}
        found = self._read_folders(folders) | found
        for group in ("speaker", "emotion"):
            if group not in found:
                raise CorpusError(f"no {group} in the name or a folder above; expected {self.form}")
        return self._translate(found, stem)

    def _read_folders(self, folders: list[str]) -> dict[str, str]:
        """Groups that the innermost matching folder has."""
        if self.folder:
            for folder in reversed(folders):
                if match := re.fullmatch(self.folder, folder, re.ASCII):
                    return {group: text for group, text in match.groupdict().items() if text is not None}
        return {}

    def _translate(self, found: dict[str, str], stem: str) -> dict | None:
        """The clip, with codes translated."""
        speaker, emotion = found["speaker"], _look_up(self.emotions, found["emotion"], "emotion")
        if emotion is None:
            return None
        clip = {"stem": self.clip.format(**found) if self.clip else stem, "speaker": speaker}
        if self.speakers:
            clip["sex"], age = _look_up(self.speakers, speaker, "speaker")
            if age == age:  # not NaN
                clip["age"] = age
        clip["emotion"] = emotion
        for group in _COLUMNS:
            if group in found:
                table = self.codes.get(group)
                clip[group] = _look_up(table, found[group], group) if table else found[group]
        return clip


def _look_up(table: Mapping, code: str, what: str):
    if code not in table:
        raise CorpusError(f"{what} {code!r} is not one of the corpus's: {', '.join(table)}")
    return table[code]


@dataclass(frozen=True)
class Corpus:
    """Facts about a corpus, and its file names.

    Parameters
    ----------
    name : str
        Name in the package, and prefix of its clip ids.
    title, language, licence, redistributable, citation, url : str
        ``language`` is an ISO 639-1 code.
    n_clips, n_speakers : int
        Size of the complete corpus; 0 for your own recordings.
    size : str
        Size on disk, in words.
    how_to_get : str
        What to do to get it.
    folders : tuple of str
        Names of folders in which it is searched for, besides its own name.
    names : FileNames, optional
        How file names are read; None if the corpus overrides :meth:`parse`.
    sample_rate : int
        Of the official files, in Hz; 0 if unknown.
    archives : tuple of (str, str or None)
        Addresses of the same zip archive and its hash, tried in this order.
    files : str, optional
        Address of a folder or data set of single files.
    source : str
        Where the scheme of file names is described.
    unchecked : str
        What could not be compared with the recordings themselves; empty for corpora with official digests.
        A licence that could not be read begins with "not checked".
    """

    name: str
    title: str
    language: str
    n_clips: int
    n_speakers: int
    licence: str
    redistributable: str
    citation: str
    url: str
    how_to_get: str
    names: FileNames | None = None
    folders: tuple[str, ...] = ()
    size: str = ""
    sample_rate: int = 0
    archives: tuple[tuple[str, str | None], ...] = ()
    files: str | None = None
    source: str = ""
    unchecked: str = ""

    options = ()
    """Options of :func:`sercore.corpora.load_index` that the corpus takes."""

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the folders in which the corpus is searched for, in order."""
        return (self.name, *self.folders)

    @property
    def can_download(self) -> bool:
        """Whether :func:`sercore.corpora.download` fetches it."""
        return bool(self.archives or self.files)

    def parse(self, path: str) -> dict | None:
        """Fields of a clip from its path, or None for a recording that is left out.

        Parameters
        ----------
        path : str
            Path below the corpus folder, with ``/``.

        Returns
        -------
        dict or None
            ``stem``, ``speaker`` and ``emotion``; further keys are columns of the index
            (:data:`sercore.corpora.COLUMNS`).

        Raises
        ------
        CorpusError
            The name does not follow the corpus's scheme.

        Examples
        --------
        >>> from sercore.corpora import get_corpus
        >>> ravdess = get_corpus("ravdess")
        >>> clip = ravdess.parse("Actor_12/03-01-06-02-01-02-12.wav")
        >>> clip["speaker"], clip["sex"], clip["emotion"], clip["intensity"]
        ('12', 'female', 'fearful', 'strong')
        >>> ravdess.parse("03-02-06-02-01-02-12.wav") is None  # a song
        True
        """
        return self.names.parse(path)

    def annotate(self, clips: list[dict], folder: Path) -> tuple[list[dict], dict[str, str]]:
        """Clips with labels or ages from files beside the audio, and the reason for each unlabelled path."""
        return clips, {}

    def build(self, folder: Path) -> None:
        """Write the corpus into a folder, if it is one that is computed."""

    def find_table(self, folder: Path) -> Path | None:
        """Table that lists the clips, if the corpus can have one and it is there."""
        return None

    def remarks(self, paths: list[str], **options) -> list[str]:
        """Remarks about the options, one line each."""
        return []
