"""EMO-DB, the Berlin database of emotional speech: ten actors, ten sentences, German.

A file name is speaker (two digits), text (``a01``), emotion letter and version: ``03a01Fa``.
The letters are German: A is *Angst* (fear), F is *Freude* (happiness), W is *Wut* (anger).

Notebook: 01_eda.ipynb
"""

import re

from ..errors import CorpusError

NAME = "emo_db"
FOLDERS = ("emo_db", "emodb", "EMO-DB", "EmoDB")
TITLE = "EMO-DB, Berlin"
LANGUAGE = "de"
N_CLIPS = 535
N_SPEAKERS = 10
SAMPLE_RATE = 16000
SIZE = "about 40 MB zipped"
LICENCE = "free for research"
REDISTRIBUTABLE = "not stated"
CITATION = "Burkhardt et al. (2005), A database of German emotional speech, Interspeech"
URL = "http://emodb.bilderbar.info"
HOW_TO_GET = "`sercore corpora download emo_db`, or fetch download.zip by hand and unpack it"
ARCHIVE = "http://emodb.bilderbar.info/download/download.zip"
ARCHIVE_HASH = None  # none is published: every clip is checked after unpacking instead
FILES = None

EMOTIONS = {
    "N": "neutral",
    "F": "happy",
    "T": "sad",
    "W": "angry",
    "A": "fearful",
    "E": "disgust",
    "L": "boredom",
}
"""Neutral, Freude, Trauer, Wut, Angst, Ekel, Langeweile."""
SPEAKERS = {
    "03": ("male", 31.0),
    "08": ("female", 34.0),
    "09": ("female", 21.0),
    "10": ("male", 32.0),
    "11": ("male", 26.0),
    "12": ("male", 30.0),
    "13": ("female", 32.0),
    "14": ("female", 35.0),
    "15": ("male", 25.0),
    "16": ("female", 31.0),
}
"""Sex and age in years, from the corpus's own page."""
SENTENCES = ("a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10")

_NAME = re.compile(r"(\d\d)([ab]\d\d)([A-Z])([a-z])", re.ASCII)


def parse(path: str) -> dict:
    """What a file name says (see :func:`sercore.corpora.ravdess.parse`)."""
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    match = _NAME.fullmatch(stem)
    if not match:
        raise CorpusError("not speaker, text, emotion letter and version, like 03a01Fa")
    speaker, sentence, letter, version = match.groups()
    if speaker not in SPEAKERS or sentence not in SENTENCES or letter not in EMOTIONS:
        raise CorpusError("a speaker, text or emotion letter that EMO-DB does not have")
    sex, age = SPEAKERS[speaker]
    return {
        "stem": stem,
        "speaker": speaker,
        "sex": sex,
        "age": age,
        "emotion": EMOTIONS[letter],
        "sentence": sentence,
        "repetition": version,
    }
