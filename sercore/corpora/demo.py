"""The demo corpus: 576 clips of a synthetic voice, rendered on this machine in a few seconds.

Eight emotions, twelve speakers, three sentences and two repetitions, rendered by :mod:`sercore.synth`, for
trying things out before a real corpus is downloaded. Scores on it say nothing about people.
A file name is ``demo_<speaker>_<emotion>_<sentence>_<repetition>``.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np

from .. import quiet
from ..audio import AUDIO_SUFFIXES
from ..errors import CorpusError
from ..files import is_abandoned, owner_tag, worker_folder, write_atomic
from ..labels import EMOTIONS as ALL_EMOTIONS
from ..paths import data_dir
from .description import Corpus

VERSION = 1
"""Increase it whenever a change of this module or of :mod:`sercore.synth` changes samples: folders of
another version are rendered again. A test compares two clips with stored values."""

EMOTIONS = ALL_EMOTIONS[:8]
SPEAKERS = tuple(f"{sex}{k}" for sex in "FM" for k in range(1, 7))
SENTENCES = ("1", "2", "3")
REPETITIONS = ("1", "2")

README = """Demo corpus of sercore: 576 clips of a SYNTHETIC voice (sercore.synth), CC0 1.0.

No person was recorded. Scores on these clips say nothing about how well emotion is recognised in
people; they only show that a program runs and how a method is evaluated.

Names: demo_<speaker>_<emotion>_<sentence>_<repetition>.wav; F1–F6 are female voices, M1–M6 male.
The sentences are syllables without meaning. This folder may be deleted: it is rendered again.
"""

_NAME = re.compile(r"demo_([FM]\d)_([a-z]+)_(\d)_(\d)")
_STAMP = ".rendered-by"


def parse(path: str) -> dict:
    """Fields of a file name as a dict.

    Parameters
    ----------
    path : str
        Path below the corpus folder, with ``/``; only its last part is read.

    Raises
    ------
    CorpusError
        The name does not follow the demo corpus's scheme.

    Examples
    --------
    >>> clip = parse("demo_F1_angry_1_2.wav")
    >>> clip["speaker"], clip["emotion"], clip["sentence"], clip["repetition"]
    ('F1', 'angry', '1', '2')
    """
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    match = _NAME.fullmatch(stem)
    if not match or not stem.isascii():
        raise CorpusError("not demo_<speaker>_<emotion>_<sentence>_<repetition>, like demo_F1_angry_1_2")
    speaker, emotion, sentence, repetition = match.groups()
    fields = ((speaker, SPEAKERS), (emotion, EMOTIONS), (sentence, SENTENCES), (repetition, REPETITIONS))
    if not all(field in allowed for field, allowed in fields):
        raise CorpusError("a field is outside the demo corpus's range")
    return {
        "stem": stem,
        "speaker": speaker,
        "sex": "female" if speaker[0] == "F" else "male",
        "emotion": emotion,
        "intensity": "normal",
        "sentence": sentence,
        "repetition": repetition,
    }


def build(root: str | os.PathLike | None = None, *, n_jobs: int | None = None, progress: bool = True) -> Path:
    """Folder of the demo corpus, rendered first if it is missing or of another :data:`VERSION`.

    The clips do not depend on the number of workers. Two programs may build the corpus at the same time:
    each renders its own files and moves them into place when they are complete.

    Parameters
    ----------
    root : path, optional
        The corpus folder itself; by default ``demo`` in the data folder (:mod:`sercore.paths`).
    n_jobs : int, optional
        Number of worker processes, as in joblib; by default one per core, at most four.
    progress : bool
        Show a progress bar.

    Raises
    ------
    CorpusError
        The folder contains other recordings, or cannot be written.

    See Also
    --------
    sercore.corpora.load_index : ``load_index("demo")`` builds the corpus and returns its index.
    """
    folder = Path(root).expanduser() if root is not None else data_dir() / CORPUS.name
    for leftover in folder.glob(".part-*"):  # of a killed process
        if is_abandoned(leftover):
            shutil.rmtree(leftover, ignore_errors=True)
    if _is_current(folder):
        return folder
    fresh = folder / f".part-{owner_tag()}"
    try:
        _refuse_others(folder)
        fresh.mkdir(parents=True)
        _render_all(fresh, n_jobs=n_jobs, progress=progress)
        _move_into_place(fresh, folder)
    except (OSError, RuntimeError) as error:  # libsndfile raises RuntimeError on a full disk
        raise CorpusError(
            f"{CORPUS.title}: cannot write to {folder} ({error}). It needs {CORPUS.size.split(',')[0]}; "
            "set SERCORE_DATA to a writable folder with enough space"
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def stems() -> list[str]:
    """Names of all clips without suffix, sorted.

    Examples
    --------
    >>> len(stems()), stems()[0]
    (576, 'demo_F1_angry_1_1')
    """
    return sorted(
        f"demo_{speaker}_{emotion}_{sentence}_{repetition}"
        for speaker in SPEAKERS
        for emotion in EMOTIONS
        for sentence in SENTENCES
        for repetition in REPETITIONS
    )


def render_clip(stem: str) -> tuple[np.ndarray, int]:
    """Waveform of one clip of the corpus and its sample rate in Hz, determined by its name.

    Parameters
    ----------
    stem : str
        One of :func:`stems`.

    Returns
    -------
    wave : np.ndarray [shape=(n_samples,)]
        Mono float32 within ±1.
    sr : int
        16000 Hz.

    See Also
    --------
    sercore.synth.render : any sentence with any prosody.

    Examples
    --------
    >>> wave, sr = render_clip("demo_F1_angry_1_1")
    >>> 1.5 < len(wave) / sr < 3.0
    True
    """
    from .. import synth

    clip = parse(stem)
    # the seed is made from the fields of the name, so a clip does not depend on those rendered before it
    place = (SPEAKERS.index(clip["speaker"]), EMOTIONS.index(clip["emotion"]))
    return synth.render(
        synth.EMOTION_PROSODY[clip["emotion"]],
        speaker=synth.SPEAKERS[clip["speaker"]],
        sentence=int(clip["sentence"]) - 1,
        seed=(*place, int(clip["sentence"]), int(clip["repetition"])),
    )


def _render_all(folder: Path, *, n_jobs: int | None, progress: bool) -> None:
    """Write every clip into a folder."""
    import joblib
    from tqdm.auto import tqdm

    names, step = stems(), 12
    n_jobs = min(4, joblib.cpu_count()) if n_jobs is None else n_jobs
    workers = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", temp_folder=worker_folder())
    done = workers(joblib.delayed(_write)(folder, names[k : k + step]) for k in range(0, len(names), step))
    with tqdm(total=len(names), desc="rendering the demo corpus", unit="clip", disable=not progress) as bar:
        for n_written in done:
            bar.update(n_written)


def _write(folder: Path, names: list[str]) -> int:
    """Render some clips to 16-bit files; returns how many."""
    import soundfile

    quiet.end_with_parent()
    for name in names:
        soundfile.write(folder / f"{name}.wav", *render_clip(name), subtype="PCM_16")
    return len(names)


def _move_into_place(fresh: Path, folder: Path) -> None:
    """Replace the folder's clips one by one; the stamp is removed first and written last."""
    if _is_current(folder):  # another program has finished meanwhile
        return
    (folder / _STAMP).unlink(missing_ok=True)
    for stale in set(folder.glob("demo_*.wav")) - {folder / f"{name}.wav" for name in stems()}:
        stale.unlink(missing_ok=True)
    for path in sorted(fresh.iterdir()):
        path.replace(folder / path.name)
    write_atomic(folder / "README.txt", README.encode())
    write_atomic(folder / _STAMP, _stamp().encode())


def _is_current(folder: Path) -> bool:
    """Whether every clip is there, in this version."""
    try:
        stamp = (folder / _STAMP).read_text(encoding="utf-8")
    except OSError:
        return False
    return stamp == _stamp() and {f"{name}.wav" for name in stems()} <= set(os.listdir(folder))


def _stamp() -> str:
    """Content of the file that marks a complete rendering."""
    return f"demo corpus, version {VERSION}\n"


def _refuse_others(folder: Path) -> None:
    """Raise if the folder contains anything but the demo corpus."""
    if not folder.is_dir():
        return
    others = sorted(
        path.name
        for path in folder.iterdir()
        if (path.is_dir() or path.suffix.lower() in AUDIO_SUFFIXES)
        and not path.name.startswith((".", "demo_"))
    )
    if others:
        raise CorpusError(
            f"{CORPUS.title}: {folder} contains something else ({', '.join(others[:3])}"
            f"{', …' if len(others) > 3 else ''}); nothing was changed. Pass an empty or new folder as root."
        )


class _Demo(Corpus):
    """The demo corpus, which is rendered when it is needed."""

    parse = staticmethod(parse)
    build = staticmethod(build)


CORPUS = _Demo(
    name="demo",
    title="Demo corpus, a synthetic voice",
    language="none",
    n_clips=576,
    n_speakers=12,
    sample_rate=16000,
    size="40 MB, nothing to download",
    licence="CC0 1.0",
    redistributable="yes",
    citation="rendered by sercore.synth; cues after Juslin & Laukka (2003) and Scherer (2003)",
    url="none: rendered by sercore.synth",
    how_to_get="nothing to download: `load_index('demo')` renders it",
)
