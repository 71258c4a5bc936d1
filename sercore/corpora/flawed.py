"""A small synthetic corpus with planted flaws, to practise looking at a corpus before training on it.

110 clips by ten voices of :mod:`sercore.synth`, in four emotions. The flaws, all of which occur in real
corpora:

1. *Imbalance*: happy is said once by each speaker, sad and angry four times.
2. *Intensities*: sad and angry exist in a normal and a strong version, neutral and happy do not.
3. *Duplicates*: :data:`DUPLICATE` has the bytes of another clip.
4. *Silence*: :data:`SILENT` contains zeros only. Reading it raises an ``AudioError``; feature extraction
   lists it as unusable.
5. *Clipping*: :data:`CLIPPED` was recorded far too loud and is cut off at full scale.
6. *An outlier*: :data:`FAR`, whose pitch is that of a small child.

A file name is ``<speaker>_<emotion>-<intensity>_<sentence>.wav``. It is not one of the corpora that
:func:`sercore.corpora.load_index` knows by name; it is read like one's own recordings.
"""

from __future__ import annotations

import io
import os
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np

from ..files import write_atomic
from ..paths import data_dir

__all__ = ["CLIPPED", "DUPLICATE", "FAR", "PATTERNS", "SILENT", "build", "stems"]

PATTERNS = {"speaker": r"([FM]\d)_", "emotion": r"_([a-z]+)-"}
"""Options of :func:`sercore.corpora.load_index` and :func:`sercore.corpora.check`."""

SPEAKERS = tuple(f"{sex}{k}" for sex in "FM" for k in range(1, 6))
INTENSITIES = {"neutral": ("normal",), "happy": ("normal",), "sad": ("normal", "strong")}
INTENSITIES["angry"] = INTENSITIES["sad"]

DUPLICATE = ("F2_sad-strong_2", "F2_sad-normal_2")
"""A clip, and the clip of which it is a copy."""
SILENT = "M4_neutral-normal_2"
CLIPPED = "M2_angry-strong_1"
FAR = "F4"

_VERSION = 1  # part of the folder's name; increase it when samples change
_STRONG = 1.6  # factor on the distance from neutral


def stems() -> list[str]:
    """Names of all clips without suffix, sorted.

    Examples
    --------
    >>> len(stems()), stems()[0]
    (110, 'F1_angry-normal_1')
    """
    return sorted(
        f"{speaker}_{emotion}-{intensity}_{sentence}"
        for speaker in SPEAKERS
        for emotion, intensities in INTENSITIES.items()
        for intensity in intensities
        for sentence in ("1", "2")[: 1 if emotion == "happy" else 2]
    )


def build(root: str | os.PathLike | None = None) -> Path:
    """Folder of the corpus; clips that are missing are rendered, in a few seconds.

    Parameters
    ----------
    root : path, optional
        By default a folder in the data folder (:mod:`sercore.paths`).

    See Also
    --------
    sercore.corpora.check : What is understood of a folder of recordings, and what is wrong with it.
    """
    folder = Path(root).expanduser() if root is not None else data_dir() / f"flawed-{_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    for stem in stems():
        path = folder / f"{stem}.wav"
        if not path.is_file():
            write_atomic(path, _encoded(stem))
    return folder


def _encoded(stem: str) -> bytes:
    """Content of a clip's file."""
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, *_render(dict([DUPLICATE]).get(stem, stem)), format="WAV", subtype="PCM_16")
    return stream.getvalue()


def _render(stem: str) -> tuple[np.ndarray, int]:
    """Waveform and sample rate of one clip, determined by its name."""
    from .. import synth

    name, style, sentence = stem.split("_")
    emotion, intensity = style.split("-")
    speaker = synth.draw_speakers(seed=20)[name]
    if name == FAR:
        speaker = replace(speaker, f0=400.0, tract=10.5)
    if intensity == "strong":
        gain = synth.Prosody(*(_STRONG * factor for factor in astuple(speaker.gain)))
        speaker = replace(speaker, gain=gain)
    seed = (SPEAKERS.index(name), list(INTENSITIES).index(emotion), int(intensity == "strong"), int(sentence))
    prosody = synth.EMOTION_PROSODY[emotion]
    wave, sr = synth.render(prosody, speaker=speaker, sentence=int(sentence) - 1, seed=seed)
    if stem == SILENT:
        wave = np.zeros_like(wave)
    if stem == CLIPPED:
        wave = np.clip(8.0 * wave / np.abs(wave).max(), -1.0, 1.0).astype(np.float32)
    return wave, sr
