"""A corpus that people record themselves: prompts, quality of a take, and the folder that grows.

The state is the folder: one 16-bit WAV file per take and ``index.csv`` with one row per take, so recording
continues after a crash, and several processes may record into the same folder. Read it with
``load_index("folder", folder)``. Nothing is sent anywhere.
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import hashlib
import io
import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..audio import check_array
from ..audio.encoding import wav_bytes
from ..errors import CorpusError
from ..files import locked, write_atomic
from ..paths import cache_dir, data_dir
from .names import clean, to_emotion
from .sheets import read_sheet
from .tables import COLUMNS as _ALIASES

COLUMNS = ("path", "emotion", "speaker", "sentence", "repetition", "language", "consent")
"""Columns of ``index.csv``; ``consent`` is the day on which the speaker consented."""

QUIET_DB = -40.0
"""Level of the loud parts, in dB re full scale, below which a take is too quiet."""
SHORT_SECONDS = 0.4
"""Duration of the loud parts below which a take is too short."""
_FILE = re.compile(r"(.+)_(\d{3,})_([a-z]+)\.wav")


@dataclass(frozen=True)
class Prompt:
    """A sentence to say with an emotion.

    Parameters
    ----------
    sentence : str
    emotion : str
        One of :data:`sercore.labels.EMOTIONS`, or a synonym.
    repetition : int
        1 for the first take of this sentence and emotion.
    language : str
        Such as ``"en"``; may be empty.

    Raises
    ------
    CorpusError
        The sentence is empty or the emotion is unknown.

    Examples
    --------
    >>> Prompt("The door is open.", "joy").emotion
    'happy'
    """

    sentence: str
    emotion: str
    repetition: int = 1
    language: str = ""

    def __post_init__(self):
        object.__setattr__(self, "sentence", " ".join(clean(self.sentence).split()))
        object.__setattr__(self, "language", clean(self.language))
        object.__setattr__(self, "emotion", to_emotion(self.emotion))
        if not self.sentence:
            raise CorpusError("a prompt has no sentence; write one sentence per line")

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the prompt in ``index.csv``."""
        return self.sentence, self.emotion, str(self.repetition)


def make_prompts(
    sentences: Iterable[str], emotions: Iterable[str], *, repetitions: int = 1, language: str = ""
) -> list[Prompt]:
    """Every sentence with every emotion; blank lines and repeated sentences are skipped.

    Raises
    ------
    CorpusError
        There is no sentence or no emotion, or an emotion is unknown.

    See Also
    --------
    shuffle_prompts : The order for one speaker.

    Examples
    --------
    >>> [prompt.emotion for prompt in make_prompts(["It is late."], ["happy", "sad"])]
    ['happy', 'sad']

    Notebook: 10_your_own_voice.ipynb
    """
    sentences = list(dict.fromkeys(sentence for sentence in sentences if clean(sentence)))
    prompts = [
        Prompt(sentence, emotion, repetition, language)
        for repetition in range(1, repetitions + 1)
        for sentence in sentences
        for emotion in dict.fromkeys(emotions)
    ]
    if not prompts:
        raise CorpusError("there are no prompts: give at least one sentence and one emotion")
    return list(dict.fromkeys(prompts))


def shuffle_prompts(prompts: Sequence[Prompt], speaker: str, *, seed: int = 0) -> list[Prompt]:
    """The prompts in random order, another one for every speaker but always the same for one.

    A fixed order would mix up emotion and fatigue.

    Examples
    --------
    >>> prompts = make_prompts(["It is late."], ["happy", "sad", "angry", "calm"])
    >>> shuffle_prompts(prompts, "anna") == shuffle_prompts(prompts, "anna")
    True
    """
    key = hashlib.sha256(f"{seed}/{speaker}".encode()).digest()
    order = np.random.default_rng(int.from_bytes(key[:8], "big")).permutation(len(prompts))
    return [prompts[k] for k in order]


def speaker_name(text: str) -> str:
    """Name or pseudonym with letters, digits, ``_`` and ``-`` only, so that it can be part of a file name.

    Raises
    ------
    CorpusError
        Nothing is left.

    Examples
    --------
    >>> speaker_name(" Zoë M. "), speaker_name("../etc")
    ('Zoë_M', 'etc')
    """
    name = re.sub(r"[^\w-]", "", re.sub(r"\s+", "_", clean(text)))[:40].strip("_-")
    if not name:
        raise CorpusError(f"{text!r} is not a name or pseudonym; use letters or digits")
    return name


def find_faults(wave: np.ndarray, sr: int) -> list[str]:
    """What is wrong with a take, one line each with what to do; empty if it can be kept.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform in [-1, 1] as it was recorded: without its constant offset, clipped samples are not at
        full scale.
    sr : int
        Sample rate in Hz.

    Returns
    -------
    list of str
        *Clipped*: three or more samples at full scale. *Too quiet*: the loudest 5 % of frames are below
        :data:`QUIET_DB`. *Too short*: the frames within 30 dB of these last less than
        :data:`SHORT_SECONDS`.

    Raises
    ------
    AudioError
        ``wave`` is not a waveform.

    Examples
    --------
    >>> tone = np.sin(0.2 * np.arange(16000))
    >>> find_faults(0.3 * tone, 16000)
    []
    >>> find_faults(0.001 * tone, 16000)
    ['too quiet (-63 dB): move closer to the microphone, or raise its level']
    """
    check_array(wave)
    hop = max(1, round(0.01 * sr))
    n_full = int((np.abs(wave) >= 0.999).sum())
    wave = np.asarray(wave, float) - np.mean(wave)  # a constant offset is not loud
    frames = np.resize(wave, (max(1, len(wave) // hop), hop))
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    loud = float(np.percentile(level, 95))
    seconds = hop / sr * int((level > loud - 30).sum())
    faults = []
    if n_full >= 3:
        faults.append(f"clipped ({n_full} samples): move away from the microphone, or lower its level")
    if loud < QUIET_DB:
        faults.append(f"too quiet ({loud:.0f} dB): move closer to the microphone, or raise its level")
    if seconds < SHORT_SECONDS:
        faults.append(f"too short ({seconds:.1f} s of sound): say the whole sentence before you stop")
    return faults


class Takes:
    """The folder of takes.

    Parameters
    ----------
    folder : path, optional
        By default ``booth`` in the data folder (:mod:`sercore.paths`). It is created with the first take.

    See Also
    --------
    sercore.widgets.Booth : Record into such a folder.
    sercore.corpora.check : What was recorded.

    Examples
    --------
    >>> import tempfile
    >>> wave = (0.1 * np.sin(0.2 * np.arange(16000))).astype(np.float32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     takes = Takes(folder)
    ...     path = takes.keep("anna", Prompt("It is late.", "sad"), wave, 16000, consent=True)
    ...     print(path.name, len(takes.rows()), takes.delete("anna"), takes.rows())
    anna_001_sad.wav 1 1 []

    Notebook: 10_your_own_voice.ipynb
    """

    def __init__(self, folder: str | os.PathLike | None = None):
        self.folder = data_dir() / "booth" if folder is None else Path(folder).expanduser()

    @property
    def index(self) -> Path:
        """``index.csv`` of the folder."""
        return self.folder / "index.csv"

    def rows(self) -> list[dict[str, str]]:
        """Rows of ``index.csv`` in the order of recording; empty if there is none.

        Raises
        ------
        CorpusError
            The file is not a table of takes.
        """
        if not self.index.is_file():
            return []
        sheet = read_sheet(self.index, _ALIASES)
        if missing := {"path", "emotion", "speaker"} - set(sheet.columns):
            raise CorpusError(f"{self.index} lacks the column(s) {', '.join(sorted(missing))}")
        return sheet.rows

    def speakers(self) -> dict[str, int]:
        """Number of takes of every speaker, sorted by name."""
        return dict(sorted(Counter(row["speaker"] for row in self.rows()).items()))

    def spelling(self, name: str) -> str:
        """Name of a speaker as it is spelt in the folder: ``Anna`` continues as ``anna``.

        Two spellings of a person would be two speakers, one of whom could be in the test data.
        """
        name = speaker_name(name)
        return next((known for known in self.speakers() if _plain(known) == _plain(name)), name)

    def remaining(self, prompts: Sequence[Prompt], speaker: str) -> list[Prompt]:
        """The prompts of which the speaker has no take, in the same order."""
        done = {
            (row.get("sentence", ""), row["emotion"], row.get("repetition") or "1")
            for row in self.rows()
            if row["speaker"] == speaker
        }
        return [prompt for prompt in prompts if prompt.key not in done]

    def keep(self, speaker: str, prompt: Prompt, wave: np.ndarray, sr: int, *, consent: bool) -> Path:
        """Write a take and its row, and return its path.

        The WAV file is written first. A file without row, as after a crash, is overwritten by the next take
        of the same number.

        Parameters
        ----------
        speaker : str
            From :meth:`spelling`.
        prompt : Prompt
        wave : np.ndarray [shape=(n_samples,)]
            Mono waveform in [-1, 1].
        sr : int
            Sample rate in Hz; the file has the same.
        consent : bool
            Whether the speaker consented to the recording.

        Raises
        ------
        CorpusError
            The speaker did not consent, or the folder cannot be written.
        AudioError
            ``wave`` is not a waveform.
        """
        if not consent:
            raise CorpusError(f"{speaker} did not consent to the recording, so it is not stored")
        content = wav_bytes(wave, sr)
        with self._writing():
            rows = self.rows()
            number = 1 + max((_number(row["path"]) for row in rows if row["speaker"] == speaker), default=0)
            path = self.folder / f"{speaker_name(speaker)}_{number:03d}_{prompt.emotion}.wav"
            row = {
                "path": path.name, "emotion": prompt.emotion, "speaker": speaker, "sentence": prompt.sentence,
                "repetition": str(prompt.repetition), "language": prompt.language,
                "consent": datetime.date.today().isoformat(),
            }  # fmt: skip
            write_atomic(path, content)
            self._write([*rows, row])
        return path

    def undo(self, speaker: str) -> dict[str, str] | None:
        """Remove the speaker's last take and return its row, or None if there is none.

        Raises
        ------
        CorpusError
            The folder cannot be written.
        """
        with self._writing():
            rows = self.rows()
            last = next((k for k in reversed(range(len(rows))) if rows[k]["speaker"] == speaker), None)
            if last is None:
                return None
            row = rows.pop(last)
            self._write(rows)
            self._remove([row["path"]])
        _forget_features()
        return row

    def delete(self, speaker: str) -> int:
        """Delete all files and rows of a speaker and return the number of files.

        Files of the speaker that a crash left without row are deleted, too, and so are unfinished files and
        the cached features of all own recordings, from which speech could be made again. Other caches,
        exported files, and models that were trained are not found.

        Raises
        ------
        CorpusError
            The folder cannot be written, or a file cannot be deleted.
        """
        with self._writing():
            rows = self.rows()
            paths = [row["path"] for row in rows if row["speaker"] == speaker]
            listed = {row["path"] for row in rows}
            for path in self.folder.glob("*.wav"):
                match = _FILE.fullmatch(path.name)
                if match and match[1] == speaker and path.name not in listed:
                    paths.append(path.name)
            n_deleted = self._remove(paths)
            self._write([row for row in rows if row["speaker"] != speaker])
        _forget_features()
        return n_deleted

    def _remove(self, paths: Iterable[str]) -> int:
        """Delete files of this folder; a path that leads out of it is an error."""
        n_deleted = 0
        for name in paths:
            path = self.folder / name.replace("\\", "/")
            if not path.resolve().is_relative_to(self.folder.resolve()):
                raise CorpusError(f"{path} is not in {self.folder}, so it is not deleted; delete it yourself")
            n_deleted += path.is_file()
            path.unlink(missing_ok=True)
        return n_deleted

    def _write(self, rows: list[dict[str, str]]) -> None:
        """Write ``index.csv``, with the columns that other programs added; remove it without rows."""
        if not rows:
            self.index.unlink(missing_ok=True)
            return
        columns = list(dict.fromkeys([*COLUMNS, *(name for row in rows for name in row)]))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomic(self.index, text.getvalue().encode())

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """The lock of the folder; errors of the file system become a CorpusError."""
        try:
            with locked(self.folder):
                for part in self.folder.glob(".*.part"):  # of a process that was killed while it wrote
                    part.unlink()
                yield
        except OSError as error:
            raise CorpusError(
                f"{self.folder} cannot be written ({error.strerror or error}); choose another folder"
            ) from error


def _forget_features() -> None:
    """Remove cached features of own recordings, also of an index in which they have another corpus name.

    Those of other speakers are computed again when needed.
    """
    from .registry import CORPORA

    for shard in (cache_dir() / "features").glob("*/*.npz"):
        corpus = shard.stem.rsplit("-", 2)[0]
        if corpus == "folder" or (corpus not in CORPORA and _has_own(shard)):
            shard.unlink(missing_ok=True)


def _has_own(shard: Path) -> bool:
    """Whether a file of features names clips of a folder."""
    try:
        with np.load(shard, allow_pickle=False) as content:
            return "folder/" in str(content["content"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False  # no features, or of another process that is writing


def _plain(name: str) -> str:
    """Form in which names of speakers are compared, as in :mod:`sercore.corpora.report`."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\s_-]", "", name.casefold()))


def _number(path: str) -> int:
    match = _FILE.fullmatch(path)
    return int(match[2]) if match else 0
