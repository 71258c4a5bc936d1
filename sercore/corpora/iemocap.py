"""IEMOCAP: ten actors in five sessions of two, played and improvised dialogues.

Audio lies in ``Session*/sentences/wav``, labels in ``Session*/dialog/EmoEvaluation/*.txt``. The
file name's first letter says who wore the motion-capture markers in that recording; who speaks
is the letter before the last number: ``Ses01F_impro01_M003`` is the man of session 1.

The index holds the usual four classes: angry, happy, neutral, sad, with *excited* merged into
happy (5531 clips). Turns without agreement (``xxx``, ``oth``) and the rarer or other labels
(``fru fea sur dis``) are left out.

Notebook: 01_eda.ipynb
"""

import re
from pathlib import Path

from ..errors import CorpusError

NAME = "iemocap"
FOLDERS = ("iemocap", "IEMOCAP", "IEMOCAP_full_release")
TITLE = "IEMOCAP, the usual four classes"
LANGUAGE = "en"
N_CLIPS = 5531
N_SPEAKERS = 10
SAMPLE_RATE = 16000
SIZE = "many GB, video included"
LICENCE = "by request"
REDISTRIBUTABLE = "no"
CITATION = "Busso et al. (2008), IEMOCAP, Language Resources and Evaluation 42(4)"
URL = "https://sail.usc.edu/iemocap/"
HOW_TO_GET = "ask for it with the release form on its page; it may not be downloaded without the licence"
ARCHIVE = None
ARCHIVE_HASH = None
FILES = None

EMOTIONS = {"ang": "angry", "hap": "happy", "exc": "happy", "neu": "neutral", "sad": "sad"}
LEFT_OUT = ("fru", "fea", "sur", "dis", "oth", "xxx")

_TURN = re.compile(r"(Ses0[1-5])[FM]_(impro\d\d[a-z]?|script\d\d_\d[a-z]?)_([FM])(\d{3})", re.ASCII)
_DIALOGUE = re.compile(r"Ses0[1-5][FM]_(impro\d\d[a-z]?|script\d\d_\d[a-z]?)", re.ASCII)
_LABEL = re.compile(r"\[[\d. -]+\]\t(\w+)\t(\w+)\t\[.*\]")


def parse(path: str) -> dict | None:
    """What a file name says, emotion excepted (see :func:`annotate`); None for whole dialogues."""
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    match = _TURN.fullmatch(stem)
    if not match:
        if _DIALOGUE.fullmatch(stem):
            return None
        raise CorpusError("not a turn of a dialogue, like Ses01F_impro01_F000")
    session, dialogue, letter, number = match.groups()
    return {
        "stem": stem,
        "speaker": f"{session}{letter}",
        "sex": "female" if letter == "F" else "male",
        "emotion": "",
        "sentence": dialogue,
        "repetition": number,
    }


def annotate(clips: list[dict], folder: Path) -> tuple[list[dict], dict[str, str]]:
    """The clips whose agreed label is one of the four classes, and the turns without any label.

    Returns
    -------
    kept : list of dict
        With ``emotion``.
    unlabelled : dict of str to str
        Path and reason, for turns that no label file names or whose label is unheard of.
    """
    if not clips:
        return [], {}
    labels = read_labels(folder)
    kept, unlabelled = [], {}
    for clip in clips:
        label = labels.get(clip["stem"])
        if label in EMOTIONS:
            kept.append({**clip, "emotion": EMOTIONS[label]})
        elif label not in LEFT_OUT:
            reason = "no label in dialog/EmoEvaluation" if label is None else f"label {label!r} is not known"
            unlabelled[clip["path"]] = reason
    return kept, unlabelled


def read_labels(folder: Path) -> dict[str, str]:
    """Label of every turn, from lines ``[start - end]<TAB>turn<TAB>label<TAB>[V, A, D]``."""
    labels = {}
    for table in sorted(folder.rglob("EmoEvaluation/Ses*.txt")):
        for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
            if match := _LABEL.match(line):
                labels[match[1]] = match[2]
    if not labels:
        raise CorpusError(
            f"{TITLE}: no label files Session*/dialog/EmoEvaluation/Ses*.txt below {folder}; the audio "
            "alone says nothing about emotion. Give the folder that holds Session1 to Session5."
        )
    return labels
