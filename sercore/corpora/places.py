"""Files that a table names, found also if spelling, suffix or folder differ from the path in the table."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from pathlib import Path, PurePosixPath

from ..audio import AUDIO_SUFFIXES, DECODED_SUFFIXES, OTHER_SUFFIXES
from ..errors import CorpusError
from .identity import preference
from .names import clean
from .scanning import walk

_SUFFIXES = AUDIO_SUFFIXES + DECODED_SUFFIXES + OTHER_SUFFIXES


class Files:
    """Files below a folder; called with a name in a table, it returns the path.

    Letter case, Unicode form, slashes, the suffix of the recording, and folders at the beginning of the path
    may differ if only one file is meant.

    Parameters
    ----------
    base : Path
        Folder of the table.

    Attributes
    ----------
    used : set of str
        Paths returned.
    moved : dict of str to str
        Names found in another folder or with another suffix, and their paths below the folder.
    """

    def __init__(self, base: Path):
        self.base, self.by_name, self.by_stem, self.used, self.moved = base, None, {}, set(), {}

    def __call__(self, name: str) -> str:
        if not name:
            raise CorpusError("the column path is empty")
        path = self._find(name)
        self.used.add(path)
        return path

    def _find(self, name: str) -> str:
        found, path = self._listing().get(_key(name), []), self._exact(name)
        if path and (path in found or not found):  # Windows and macOS find files in any letter case
            return path
        if len(found) > 1:
            raise CorpusError(
                f"no such file below {self.base}; {len(found)} files differ from it in letter case only"
            )
        return found[0] if found else self._elsewhere(name)

    def _exact(self, name: str) -> str | None:
        """The file of this name, which may be outside the folder, if there is one."""
        with contextlib.suppress(OSError, ValueError):
            for spelling in (name, name.replace("\\", "/")):
                if (self.base / spelling).is_file():
                    return self._below_base(os.path.normpath(self.base / spelling))
        return None

    def _below_base(self, path: str) -> str:
        """The path as that of a relative name, if it is an absolute one below the folder."""
        if os.path.isabs(path):
            with contextlib.suppress(ValueError):  # another drive of Windows
                relative = os.path.relpath(path, os.path.abspath(self.base))
                if relative.split(os.sep)[0] != "..":
                    return os.path.normpath(self.base / relative)
        return path

    def is_below(self, path: str) -> bool:
        """Whether a path that was found is below the folder."""
        with contextlib.suppress(ValueError):
            return os.path.relpath(path, self.base).split(os.sep)[0] != ".."
        return False

    def _elsewhere(self, name: str) -> str:
        """The one file that has this name in another folder of the same path, or another suffix.

        One of the two paths must be the end of the other, as for a bare name, or for the path on another
        computer.
        """
        parts = _key(name).split("/")
        if ".." in parts:
            raise CorpusError(f"no such file below {self.base}")
        suffix, stem = PurePosixPath(parts[-1]).suffix, without_suffix(parts[-1])
        found = []
        for path in self.by_stem.get(stem, []):
            *folders, own = _key(os.path.relpath(path, self.base)).split("/")
            n = min(len(folders), len(parts) - 1)
            if folders[len(folders) - n :] == parts[len(parts) - 1 - n : -1]:
                found.append((own != parts[-1], path))
        if any(same_suffix := [path for other, path in found if not other]):
            found = same_suffix
        else:
            found = [path for _, path in found] if suffix in ("", *_SUFFIXES) else []
            stems = {os.path.splitext(path)[0] for path in found}
            found = sorted(found, key=preference)[:1] if len(stems) == 1 else found
        if len(found) == 1:
            self.moved[name] = os.path.relpath(found[0], self.base)
            return found[0]
        several = f"; {len(found)} files have this name in other folders" if found else ""
        raise CorpusError(f"no such file below {self.base}{several}")

    def _listing(self) -> dict[str, list[str]]:
        if self.by_name is None:
            self.by_name = defaultdict(list)
            for folder, _, files in walk(self.base):
                for file in files:
                    path = os.path.join(folder, file)
                    self.by_name[_key(os.path.relpath(path, self.base))].append(path)
                    if file.lower().endswith(_SUFFIXES) and not file.startswith("."):
                        self.by_stem.setdefault(without_suffix(_key(file)), []).append(path)
        return self.by_name


def without_suffix(name: str) -> str:
    """Name of a file without its suffix, if that is one of recordings.

    Examples
    --------
    >>> without_suffix("happy/anna.WAV"), without_suffix("rec.001")
    ('happy/anna', 'rec.001')
    """
    return str(PurePosixPath(name).with_suffix("")) if name.lower().endswith(_SUFFIXES) else name


def _key(name: str) -> str:
    return clean(os.path.normpath(name.replace("\\", "/")).replace(os.sep, "/")).casefold()
