"""RAVDESS, the speech part: 24 professional actors, 8 emotions, two intensities, audio only.

A file name is seven two-digit fields, ``modality-channel-emotion-intensity-statement-repetition-actor``.
The same scheme names the song (channel 02) and the video files (modality 01 and 02); they are
recognised and left out. Neutral has no strong intensity. ``03-01-03-01-02-01-07`` and
``03-01-03-01-02-02-07`` hold the same bytes.

Notebook: 01_eda.ipynb
"""

import re

from ..errors import CorpusError

NAME = "ravdess"
FOLDERS = ("ravdess", "RAVDESS")
TITLE = "RAVDESS, speech, audio only"
LANGUAGE = "en"
N_CLIPS = 1440
N_SPEAKERS = 24
SAMPLE_RATE = 48000
SIZE = "208 MB zipped, about 0.5 GB unpacked"
LICENCE = "CC BY-NC-SA 4.0"
REDISTRIBUTABLE = "same licence, not commercially"
CITATION = "Livingstone & Russo (2018), PLoS ONE 13(5): e0196391"
URL = "https://doi.org/10.5281/zenodo.1188976"
HOW_TO_GET = (
    "`sercore corpora download ravdess`, or fetch Audio_Speech_Actors_01-24.zip by hand and unpack it"
)
ARCHIVE = "https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1"
ARCHIVE_HASH = "md5:bc696df654c87fed845eb13823edef8a"
FILES = None

EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
SENTENCES = {"01": "kids", "02": "dogs"}
"""“Kids are talking by the door” and “Dogs are sitting by the door”."""

_NAME = re.compile(r"\d\d(-\d\d){6}")


def parse(path: str) -> dict | None:
    """What a file name says, or None for RAVDESS song and video.

    Parameters
    ----------
    path : str
        Path below the corpus folder, with ``/``; only its last part is read.

    Raises
    ------
    CorpusError
        The name is not one of RAVDESS.
    """
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    if not _NAME.fullmatch(stem) or not stem.isascii():
        raise CorpusError("not seven two-digit fields, like 03-01-05-01-02-01-12")
    modality, channel, emotion, intensity, sentence, take, actor = stem.split("-")
    if modality not in ("01", "02", "03") or channel not in ("01", "02"):
        raise CorpusError(f"no modality {modality} with channel {channel}")
    if modality != "03" or channel != "01":
        return None
    known = (
        emotion in EMOTIONS
        and intensity in ("01", "02")
        and sentence in SENTENCES
        and take in ("01", "02")
        and 1 <= int(actor) <= N_SPEAKERS
        and (emotion, intensity) != ("01", "02")
    )
    if not known:
        raise CorpusError("a field is outside RAVDESS's range")
    return {
        "stem": stem,
        "speaker": actor,
        "sex": "male" if int(actor) % 2 else "female",
        "emotion": EMOTIONS[emotion],
        "intensity": "normal" if intensity == "01" else "strong",
        "sentence": SENTENCES[sentence],
        "repetition": take,
    }
