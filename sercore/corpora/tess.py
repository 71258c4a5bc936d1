"""TESS, the Toronto emotional speech set: two women, 200 words, 7 emotions.

A file name is ``SPEAKER_word_emotion``; each word is spoken in “Say the word …”. The
spelling of folders varies between mirrors (``OAF_Fear``, ``YAF_pleasant_surprised``), so only the file
name is read. ``OA_bite_neutral`` lacks an F and belongs to OAF. One original file has a sample rate
of 96 kHz, and two are AIFF files named ``.wav``.
"""

import re

from ..errors import CorpusError

NAME = "tess"
FOLDERS = ("tess", "TESS")
TITLE = "TESS, Toronto emotional speech set"
LANGUAGE = "en"
N_CLIPS = 2800
N_SPEAKERS = 2
SAMPLE_RATE = 24414
SIZE = "about 0.3 GB"
LICENCE = "CC BY-NC-ND 4.0"
REDISTRIBUTABLE = "unchanged files, not commercially"
CITATION = "Pichora-Fuller & Dupuis (2020), Toronto emotional speech set, doi 10.5683/SP2/E8H2MF"
URL = "https://doi.org/10.5683/SP2/E8H2MF"
HOW_TO_GET = "`sercore corpora download tess`, or fetch its files by hand"
ARCHIVE = None
ARCHIVE_HASH = None
FILES = "https://borealisdata.ca/api/datasets/:persistentId?persistentId=doi:10.5683/SP2/E8H2MF"

EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",
    "sad": "sad",
}
"""``ps`` is “pleasant surprise”."""
AGES = {"OAF": 64.0, "YAF": 26.0}

_NAME = re.compile(r"(OAF|YAF)_([a-z]+)_([a-z]+)")


def parse(path: str) -> dict:
    """Fields of a file name as a dict (see :func:`sercore.corpora.ravdess.parse`)."""
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    if stem == "OA_bite_neutral":
        stem = "OAF_bite_neutral"
    match = _NAME.fullmatch(stem)
    if not match:
        raise CorpusError("not SPEAKER_word_emotion with OAF or YAF, like OAF_back_angry")
    speaker, word, emotion = match.groups()
    if emotion not in EMOTIONS:
        raise CorpusError(f"emotion {emotion!r} is not one of TESS's: {', '.join(EMOTIONS)}")
    return {
        "stem": stem,
        "speaker": speaker,
        "sex": "female",
        "age": AGES[speaker],
        "emotion": EMOTIONS[emotion],
        "sentence": word,
    }
