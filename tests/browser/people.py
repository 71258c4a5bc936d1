"""A notebook with a booth and a listening test, and a voice for the fake microphone."""

from pathlib import Path

import nbformat
import numpy as np
import soundfile

from sercore.synth import EMOTION_PROSODY, SPEAKERS, render

EMOTIONS = ("neutral", "sad", "angry")


def write_voice(path: Path) -> Path:
    """A WAV file with a sentence of the synthetic voice and a pause, at 48 kHz as Chromium expects."""
    voice, sr = render(EMOTION_PROSODY["angry"], speaker=SPEAKERS["F1"], sentence=0, seed=0)
    loud = np.concatenate([0.5 * voice / np.abs(voice).max(), np.zeros(sr // 2)])
    soundfile.write(path, np.repeat(loud, 48_000 // sr), 48_000, subtype="PCM_16")
    return path


def write_clips(folder: Path) -> Path:
    """Recordings with ``index.csv``: two speakers, three emotions."""
    folder.mkdir()
    rows = ["path,emotion,speaker"]
    for name in ("F1", "M1"):
        for emotion in EMOTIONS:
            voice, sr = render(EMOTION_PROSODY[emotion], speaker=SPEAKERS[name], sentence=0, seed=0)
            soundfile.write(folder / f"{name}_{emotion}.wav", voice, sr)
            rows.append(f"{name}_{emotion}.wav,{emotion},{name}")
    (folder / "index.csv").write_text("\n".join(rows))
    return folder


def write_notebook(folder: Path) -> Path:
    """A notebook with both widgets, which write into ``folder``."""
    clips = write_clips(folder / "clips")
    cells = [
        "from sercore import corpora, widgets",
        f"widgets.Booth({str(folder / 'class')!r}, sentences=['Es ist spät.', 'A b.'],\n"
        "              emotions=['sad', 'angry'])",
        f"widgets.ListeningTest(corpora.load_index('folder', {str(clips)!r}), n_clips=3,\n"
        f"                      folder={str(folder / 'votes')!r}, predict=lambda path: 'sad')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, folder / "people.ipynb")
    return folder / "people.ipynb"
