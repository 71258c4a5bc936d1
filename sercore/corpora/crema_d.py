"""CREMA-D: 91 actors, 12 sentences, 6 emotions (no surprise), audio only.

A file name is ``actor_sentence_EMOTION_level``; older versions spell one ``1040_ITH_SAD_X``.
Three pairs of clips have the same bytes under different labels (1006_TIE HAP/NEU, 1013_WSI
DIS/SAD, 1017_IWW ANG/FEA), and ``1076_MTI_SAD_XX`` is silent. A zip from the web page or a
clone without Git LFS contains 130-byte text files named ``.wav``: they are part of the index, and
reading one raises an error that names the cause. Ages are read from ``VideoDemographics.csv`` if it is in
the corpus folder or beside it.
"""

import re
from pathlib import Path

from ..errors import CorpusError

NAME = "crema_d"
FOLDERS = ("crema_d", "CREMA-D", "cremad", "crema-d")
TITLE = "CREMA-D, audio"
LANGUAGE = "en"
N_CLIPS = 7442
N_SPEAKERS = 91
SAMPLE_RATE = 16000
SIZE = "about 0.6 GB"
LICENCE = "Open Database License 1.0"
REDISTRIBUTABLE = "under the same licence"
CITATION = "Cao et al. (2014), CREMA-D, IEEE Transactions on Affective Computing 5(4)"
URL = "https://github.com/CheyneyComputerScience/CREMA-D"
HOW_TO_GET = "`sercore corpora download crema_d`, or clone its repository with Git LFS and pass AudioWAV"
ARCHIVE = None
ARCHIVE_HASH = None
FILES = "https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/master/AudioWAV/"

EMOTIONS = {
    "NEU": "neutral",
    "HAP": "happy",
    "SAD": "sad",
    "ANG": "angry",
    "FEA": "fearful",
    "DIS": "disgust",
}
SENTENCES = ("DFA", "IEO", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI")
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "", "X": ""}
# fmt: off
WOMEN = frozenset(str(actor) for actor in (
    1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025,
    1028, 1029, 1030, 1037, 1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060,
    1061, 1063, 1072, 1073, 1074, 1075, 1076, 1078, 1079, 1082, 1084, 1089, 1091,
))
# fmt: on

_NAME = re.compile(r"(1\d{3})_([A-Z]{3})_([A-Z]{3})_(LO|MD|HI|XX?)", re.ASCII)


def parse(path: str) -> dict:
    """Fields of a file name as a dict (see :func:`sercore.corpora.ravdess.parse`)."""
    match = _NAME.fullmatch(path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    if not match:
        raise CorpusError("not actor_sentence_EMOTION_level, like 1001_DFA_ANG_XX")
    actor, sentence, emotion, level = match.groups()
    if not 1001 <= int(actor) <= 1091 or sentence not in SENTENCES or emotion not in EMOTIONS:
        raise CorpusError("an actor, sentence or emotion that CREMA-D does not have")
    return {
        "stem": f"{actor}_{sentence}_{emotion}_{'XX' if level == 'X' else level}",
        "speaker": actor,
        "sex": "female" if actor in WOMEN else "male",
        "emotion": EMOTIONS[emotion],
        "intensity": LEVELS[level],
        "sentence": sentence,
    }


def annotate(clips: list[dict], folder: Path) -> tuple[list[dict], dict[str, str]]:
    """The clips, with ages if the corpus's table of actors is there, and an empty dict of problems."""
    tables = [place / "VideoDemographics.csv" for place in (folder, folder.parent)]
    table = next((path for path in tables if path.is_file()), None)
    if table is not None:
        import pandas as pd

        actors = pd.read_csv(table, dtype={"ActorID": str})
        if not {"ActorID", "Age"} <= set(actors):
            raise CorpusError(f"{table} has no columns ActorID and Age")
        ages = dict(zip(actors["ActorID"], actors["Age"].astype(float), strict=True))
        clips = [{**clip, "age": ages.get(clip["speaker"], float("nan"))} for clip in clips]
    return clips, {}
