"""SAVEE, Surrey audio-visual expressed emotion: four men, 7 emotions, British English.

Clips are named ``DC_sa01.wav``, or ``sa01.wav`` in a folder ``DC``. The letters before the number are the
emotion: ``sa`` is sadness, ``su`` is surprise, the others are single letters. Most sentences are spoken
in one emotion only, so ``sentence`` consists of letters and number.
"""

import re

from ..errors import CorpusError

NAME = "savee"
FOLDERS = ("savee", "SAVEE")
TITLE = "SAVEE, audio"
LANGUAGE = "en"
N_CLIPS = 480
N_SPEAKERS = 4
SAMPLE_RATE = 44100
SIZE = "about 0.2 GB"
LICENCE = "free for research after registration"
REDISTRIBUTABLE = "no"
CITATION = "Haq & Jackson (2009), Speaker-dependent audio-visual emotion recognition, AVSP"
URL = "http://kahlan.eps.surrey.ac.uk/savee/"
HOW_TO_GET = "register on its page, then unpack AudioData.zip; it may not be downloaded without registration"
ARCHIVE = None
ARCHIVE_HASH = None
FILES = None

EMOTIONS = {
    "sa": "sad",
    "su": "surprised",
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
}
SPEAKERS = ("DC", "JE", "JK", "KL")

_NAME = re.compile(r"(?:([A-Z]{2})_)?(sa|su|a|d|f|h|n)(\d\d)")


def parse(path: str) -> dict:
    """Fields of a file name; a speaker missing in the name is taken from the folder."""
    *folders, name = path.split("/")
    match = _NAME.fullmatch(name.rsplit(".", 1)[0])
    if not match:
        raise CorpusError("not SPEAKER_ and a d f h n sa su with a two-digit number, like DC_sa01")
    speaker, letters, number = match.groups()
    speaker = speaker or (folders[-1] if folders else "")
    if speaker not in SPEAKERS:
        raise CorpusError(f"no speaker: neither the name nor the folder is one of {', '.join(SPEAKERS)}")
    if not 1 <= int(number) <= (30 if letters == "n" else 15):
        raise CorpusError(f"SAVEE has no sentence {letters}{number}")
    return {
        "stem": f"{speaker}_{letters}{number}",
        "speaker": speaker,
        "sex": "male",
        "emotion": EMOTIONS[letters],
        "sentence": f"{letters}{number}",
    }
