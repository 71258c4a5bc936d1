"""The demo corpus: 576 clips of a synthetic voice, rendered on this machine in some seconds.

Eight emotions, twelve speakers, three sentences, two takes, said by :mod:`sercore.synth`. It is
for trying things out before a real corpus is there. It is synthetic: scores on it say nothing
about people. A file name is ``demo_<speaker>_<emotion>_<sentence>_<take>``.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
from pathlib import Path

import numpy as np

from ..audio import AUDIO_SUFFIXES
from ..errors import CorpusError
from ..labels import EMOTIONS as ALL_EMOTIONS
from ..paths import data_dir

NAME = "demo"
FOLDERS = ("demo",)
TITLE = "Demo corpus, a synthetic voice"
LANGUAGE = "none"
N_CLIPS = 576
N_SPEAKERS = 12
SAMPLE_RATE = 16000
SIZE = "40 MB, nothing to download"
LICENCE = "CC0 1.0"
REDISTRIBUTABLE = "yes"
CITATION = "rendered by sercore.synth; cues after Juslin & Laukka (2003) and Scherer (2003)"
URL = "none: rendered by sercore.synth"
HOW_TO_GET = "nothing to get: `load_index('demo')` renders it"
ARCHIVE = None
ARCHIVE_HASH = None
FILES = None

EMOTIONS = ALL_EMOTIONS[:8]
SPEAKERS = tuple(f"{sex}{k}" for sex in "FM" for k in range(1, 7))
SENTENCES = ("1", "2", "3")
REPETITIONS = ("1", "2")

README = """Demo corpus of sercore: 576 clips of a SYNTHETIC voice (sercore.synth), CC0 1.0.

No person was recorded. Scores on these clips say nothing about how well emotion is recognised in
people; they only show that a program runs and how a method is judged.

Names: demo_<speaker>_<emotion>_<sentence>_<take>.wav; F1–F6 speak as women, M1–M6 as men.
The sentences are syllables without meaning. This folder may be deleted: it is rendered again.
"""

_NAME = re.compile(r"demo_([FM]\d)_([a-z]+)_(\d)_(\d)")
_STAMP = ".rendered-by"


def parse(path: str) -> dict | None:
    """What a file name says.

    Parameters
    ----------
    path : str
        Path below the corpus folder, with ``/``; only its last part is read.

    Raises
    ------
    CorpusError
        The name is not one of the demo corpus.
    """
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    match = _NAME.fullmatch(stem)
    if not match or not stem.isascii():
        raise CorpusError("not demo_<speaker>_<emotion>_<sentence>_<take>, like demo_F1_angry_1_2")
    speaker, emotion, sentence, take = match.groups()
    known = speaker in SPEAKERS and emotion in EMOTIONS and sentence in SENTENCES and take in REPETITIONS
    if not known:
        raise CorpusError("a field is outside the demo corpus's range")
    return {
        "stem": stem,
        "speaker": speaker,
        "sex": "female" if speaker[0] == "F" else "male",
        "emotion": emotion,
        "intensity": "normal",
        "sentence": sentence,
        "repetition": take,
    }


def build(root: str | os.PathLike | None = None, *, n_jobs: int | None = None, progress: bool = True) -> Path:
    """Folder of the demo corpus, rendered first where it is missing or from another version.

    The clips are the same to the last bit whatever the number of workers. Two programs may build
    at the same time: each renders for itself and moves whole files into place.

    Parameters
    ----------
    root : path, optional
        The corpus folder itself; by default ``demo`` in the data folder (:mod:`sercore.paths`).
    n_jobs : int, optional
        Number of worker processes, as in joblib; by default one per core, at most four.
    progress : bool
        Whether to show a progress bar.

    Raises
    ------
    CorpusError
        The folder holds other recordings, or cannot be written.
    """
    folder = Path(root).expanduser() if root is not None else data_dir() / FOLDERS[0]
    if _is_current(folder):
        return folder
    fresh = folder / f".part-{uuid.uuid4().hex[:12]}"
    try:
        _refuse_others(folder)
        fresh.mkdir(parents=True)
        _render_all(fresh, n_jobs=n_jobs, progress=progress)
        _move_into_place(fresh, folder)
    except OSError as error:
        raise CorpusError(
            f"{TITLE}: cannot write to {folder} ({error}). It needs {SIZE.split(',')[0]}; "
            "set SERCORE_DATA to a folder with room that you may write to"
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def stems() -> list[str]:
    """Names of all clips without suffix, sorted."""
    return sorted(
        f"demo_{speaker}_{emotion}_{sentence}_{take}"
        for speaker in SPEAKERS
        for emotion in EMOTIONS
        for sentence in SENTENCES
        for take in REPETITIONS
    )


def render_clip(stem: str) -> tuple[np.ndarray, int]:
    """Waveform of one clip of the corpus and its sample rate; the name alone decides the samples.

    See Also
    --------
    sercore.synth.render : any sentence with any prosody.
    """
    from .. import synth

    clip = parse(stem)
    # The seed is made of the clip's own place, so no clip depends on which were rendered before it.
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
    done = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        joblib.delayed(_write)(folder, names[k : k + step]) for k in range(0, len(names), step)
    )
    with tqdm(total=len(names), desc="rendering the demo corpus", unit="clip", disable=not progress) as bar:
        for n_written in done:
            bar.update(n_written)


def _write(folder: Path, names: list[str]) -> int:
    """Render some clips to 16-bit files; returns how many."""
    import soundfile

    for name in names:
        soundfile.write(folder / f"{name}.wav", *render_clip(name), subtype="PCM_16")
    return len(names)


def _move_into_place(fresh: Path, folder: Path) -> None:
    """Replace the folder's clips one by one; the stamp goes first and comes last."""
    if _is_current(folder):  # another program was faster
        return
    (folder / _STAMP).unlink(missing_ok=True)
    for stale in set(folder.glob("demo_*.wav")) - {folder / f"{name}.wav" for name in stems()}:
        stale.unlink(missing_ok=True)
    for path in sorted(fresh.iterdir()):
        path.replace(folder / path.name)
    (fresh / "README.txt").write_text(README, encoding="utf-8")
    (fresh / "README.txt").replace(folder / "README.txt")
    (fresh / _STAMP).write_text(_version(), encoding="utf-8")
    (fresh / _STAMP).replace(folder / _STAMP)


def _is_current(folder: Path) -> bool:
    """Whether every clip is there, rendered by this very code."""
    try:
        stamp = (folder / _STAMP).read_text(encoding="utf-8")
    except OSError:
        return False
    return stamp == _version() and {f"{name}.wav" for name in stems()} <= set(os.listdir(folder))


def _version() -> str:
    """Hash of the code that decides the samples."""
    here = Path(__file__).resolve()
    sources = [here, *sorted((here.parent.parent / "synth").glob("*.py"))]
    return hashlib.sha256("\n".join(p.read_text(encoding="utf-8") for p in sources).encode()).hexdigest()


def _refuse_others(folder: Path) -> None:
    """Raise where the folder is in use for something else."""
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
            f"{TITLE}: {folder} already holds something else ({', '.join(others[:3])}"
            f"{', …' if len(others) > 3 else ''}) and is left alone; give an empty or new folder as root"
        )
