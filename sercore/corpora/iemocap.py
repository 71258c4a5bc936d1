"""IEMOCAP: ten actors in five sessions of two, scripted and improvised dialogues.

Audio is in ``Session*/sentences/wav``, labels are in ``Session*/dialog/EmoEvaluation/*.txt``. The first
letter of a file name identifies who wore the motion-capture markers in that recording; the speaker is
the letter before the last number: ``Ses01F_impro01_M003`` is the man of session 1.

The index contains the usual four classes: angry, happy, neutral, sad, with *excited* merged into
happy (5531 clips). Turns without agreement between annotators (``xxx``, ``oth``) and other labels
(``fru fea sur dis``) are left out.
"""

import re
from pathlib import Path

from ..errors import CorpusError
from .description import Corpus
from .scanning import walk

EMOTIONS = {"ang": "angry", "hap": "happy", "exc": "happy", "neu": "neutral", "sad": "sad"}
LEFT_OUT = ("fru", "fea", "sur", "dis", "oth", "xxx")

_TURN = re.compile(r"(Ses0[1-5])[FM]_(impro\d\d[a-z]?|script\d\d_\d[a-z]?)_([FM])(\d{3})", re.ASCII)
_DIALOGUE = re.compile(r"Ses0[1-5][FM]_(impro\d\d[a-z]?|script\d\d_\d[a-z]?)", re.ASCII)
_LABEL = re.compile(r"\[[\d. -]+\]\t(\w+)\t(\w+)\t\[.*\]")


def parse(path: str) -> dict | None:
    """Fields of a file name, without the emotion (see :func:`annotate`); None for whole dialogues."""
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
    labelled : list of dict
        With ``emotion``.
    unlabelled : dict of str to str
        Path and reason, for turns that are in no label file or have an unknown label.
    """
    if not clips:
        return [], {}
    labels = read_labels(folder)
    labelled, unlabelled = [], {}
    for clip in clips:
        label = labels.get(clip["stem"])
        if label in EMOTIONS:
            labelled.append({**clip, "emotion": EMOTIONS[label]})
        elif label not in LEFT_OUT:
            reason = "no label in dialog/EmoEvaluation" if label is None else f"unknown label {label!r}"
            unlabelled[clip["path"]] = reason
    return labelled, unlabelled


def read_labels(folder: Path) -> dict[str, str]:
    """Label of every turn, from lines ``[start - end]<TAB>turn<TAB>label<TAB>[V, A, D]``.

    Raises
    ------
    CorpusError
        There are no label files below the folder.
    """
    labels = {}
    found = (Path(base, name) for base, _, names in walk(folder) for name in names)
    for table in sorted(path for path in found if path.match("EmoEvaluation/Ses*.txt")):
        for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
            if match := _LABEL.match(line):
                labels[match[1]] = match[2]
    if not labels:
        raise CorpusError(
            f"{CORPUS.title}: no label files Session*/dialog/EmoEvaluation/Ses*.txt below {folder}; the "
            "audio files alone have no labels. Pass the folder that contains Session1 to Session5."
        )
    return labels


class _Iemocap(Corpus):
    """IEMOCAP, whose labels are in files beside the audio."""

    parse = staticmethod(parse)
    annotate = staticmethod(annotate)


CORPUS = _Iemocap(
    name="iemocap",
    folders=("IEMOCAP", "IEMOCAP_full_release"),
    title="IEMOCAP, the usual four classes",
    language="en",
    n_clips=5531,
    n_speakers=10,
    sample_rate=16000,
    size="many GB, video included",
    licence="by request",
    redistributable="no",
    citation="Busso et al. (2008), IEMOCAP, Language Resources and Evaluation 42(4)",
    url="https://sail.usc.edu/iemocap/",
    how_to_get="ask for it with the release form on its page; it may not be downloaded without the licence",
    source="the documentation that comes with it",
)
