"""A notebook with a booth and a listening test, a voice for the fake microphone, and what a person does."""

import re
from pathlib import Path

import numpy as np
import soundfile
from browser.opening import write_cells
from playwright.sync_api import expect

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
    return write_cells(cells, folder / "people.ipynb")


def enter(booth, name):
    """A person enters a name and consents."""
    booth.root.get_by_label("Name or pseudonym").fill(name)
    booth.root.get_by_label("Name or pseudonym").press("Tab")
    expect(booth.root.get_by_text(f"{name}: ")).to_be_visible()
    booth.root.get_by_role("checkbox", name="I agree").check()
    expect(booth.root.locator(".sercore-record")).to_be_visible()


def say(booth, key=None):
    """Record the voice of the fake microphone for more than a second."""
    record = booth.root.locator(".sercore-record").first
    booth.page.keyboard.press(key) if key else record.click()
    expect(booth.root.get_by_text(re.compile(r"[1-9]\.\d s of at most"))).to_be_visible()
    booth.page.keyboard.press(key) if key else record.click()
