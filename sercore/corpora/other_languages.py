"""Descriptions of corpora in other languages than English, and in several."""

from __future__ import annotations

from .description import Corpus, FileNames

_UNKNOWN = float("nan")

EMO_DB = Corpus(
    name="emo_db",
    folders=("emodb", "EMO-DB", "EmoDB", "berlin-database-of-emotional-speech-emodb"),
    title="EMO-DB, Berlin",
    language="de",
    n_clips=535,
    n_speakers=10,
    sample_rate=16000,
    size="about 40 MB zipped",
    licence="free for research",
    redistributable="not stated (Zenodo record 7447302: CC BY 4.0 on its page, CC0 1.0 inside)",
    citation="Burkhardt et al. (2005), A database of German emotional speech, Interspeech",
    url="http://emodb.bilderbar.info",
    how_to_get="`sercore corpora download emo_db`, or fetch download.zip by hand and unpack it",
    # no hashes: every clip is checked after unpacking. The second is reported to have the clips in wav/ and
    # tables beside them; its record names CC BY 4.0, the description inside CC0 1.0
    archives=(
        ("http://emodb.bilderbar.info/download/download.zip", None),
        ("https://zenodo.org/records/7447302/files/emodb.zip?download=1", None),
    ),
    source="the corpus's page",
    names=FileNames(
        r"(?P<speaker>\d\d)(?P<sentence>a01|a02|a04|a05|a07|b01|b02|b03|b09|b10)(?P<emotion>[A-Z])"
        r"(?P<repetition>[a-z])",
        "speaker, text, emotion letter and version, like 03a01Fa",
        emotions={  # Neutral, Freude, Trauer, Wut, Angst, Ekel, Langeweile
            "N": "neutral",
            "F": "happy",
            "T": "sad",
            "W": "angry",
            "A": "fearful",
            "E": "disgust",
            "L": "boredom",
        },
        speakers={
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
        },
    ),
)
"""The letters are German: A is *Angst* (fear), F is *Freude* (happiness), W is *Wut* (anger)."""

_ESD_WOMEN = {1, 2, 3, 7, 9, 15, 16, 17, 18, 19}


class _Esd(Corpus):
    """ESD, whose files are numbered through the emotions: 1, 351, 701, 1051 and 1401 are one text."""

    def parse(self, path: str) -> dict | None:
        clip = super().parse(path)
        if clip is not None:
            clip["sentence"] = f"{clip['language']}-{(int(clip['sentence']) - 1) % 350 + 1:03}"
        return clip


ESD = _Esd(
    name="esd",
    folders=("ESD",),
    title="ESD, emotional speech database",
    language="",  # of each speaker, see below
    n_clips=35000,
    n_speakers=20,
    licence="for research only",
    redistributable="not stated",
    citation="Zhou et al. (2021), Seen and unseen emotional style transfer, ICASSP",
    url="https://github.com/HLTSingapore/Emotional-Speech-Data",
    how_to_get="follow the link on its page",
    source="the README that comes with it (languages and sexes), and public code that reads it (folders)",
    unchecked="number of clips (20 speakers × 5 emotions × 350 sentences)",
    names=FileNames(
        r"(?P<speaker>00(?P<language>[012]\d))_(?P<sentence>\d{6})",
        "speaker_sentence in a folder of the emotion, like 0011/Angry/0011_000351",
        emotions={
            "Neutral": "neutral",
            "Happy": "happy",
            "Sad": "sad",
            "Angry": "angry",
            "Surprise": "surprised",
        },
        speakers={f"{n:04}": ("female" if n in _ESD_WOMEN else "male", _UNKNOWN) for n in range(1, 21)},
        codes={"language": {f"{n:02}": "zh" if n <= 10 else "en" for n in range(1, 21)}},
        folder=r"(?P<emotion>Neutral|Happy|Sad|Angry|Surprise)",
    ),
)
"""Speakers 0001 to 0010 speak Mandarin, 0011 to 0020 English. The parts train, evaluation and test share
speakers, so they are ignored. The column ``sentence`` is the language and the number of the text."""

EMOVO = Corpus(
    name="emovo",
    folders=("EMOVO",),
    title="EMOVO, Italian",
    language="it",
    n_clips=588,
    n_speakers=6,
    licence="not checked, see the paper (free for research according to others)",
    redistributable="not checked",
    citation="Costantini et al. (2014), EMOVO corpus: an Italian emotional speech database, LREC",
    url="https://aclanthology.org/L14-1478/",
    how_to_get="follow the link in the paper, or search for a mirror",
    source="the README of nkululeko (data/emovo), and the paper",
    unchecked="number of clips (6 speakers × 7 emotions × 14 sentences); names of sentences",
    names=FileNames(
        r"(?P<emotion>[a-z]{3})-(?P<speaker>(?P<sex>[fm])[123])-(?P<sentence>[a-z]+\d+)",
        "emotion-speaker-sentence, like dis-f1-b1",
        emotions={
            "neu": "neutral",
            "gio": "happy",
            "tri": "sad",
            "rab": "angry",
            "pau": "fearful",
            "dis": "disgust",
            "sor": "surprised",
        },
        codes={"sex": {"f": "female", "m": "male"}},
    ),
)

_CAFE_AGES = (46, 64, 18, 50, 22, 34, 15, 25, 42, 20, 35, 37)

CAFE = Corpus(
    name="cafe",
    folders=("CaFE", "CAFE"),
    title="CaFE, Canadian French emotional speech",
    language="fr",
    n_clips=936,
    n_speakers=12,
    licence="CC BY-NC-SA 4.0",
    redistributable="same licence, not commercially",
    citation="Gournay, Lahaie & Lefebvre (2018), A Canadian French emotional speech dataset, ACM MMSys",
    url="https://zenodo.org/record/1478765",
    how_to_get="download CaFE_48k.zip from its page and unpack it",
    source="the Readme.txt that comes with it",
    unchecked="number of clips (12 speakers × 6 sentences × 13 emotions and intensities)",
    names=FileNames(
        r"(?P<speaker>\d\d)-(?P<emotion>[A-Z])-(?P<intensity>[12])-(?P<sentence>[1-6])",
        "actor-emotion-intensity-sentence, like 01-C-1-1",
        emotions={  # Neutre, Joie, Tristesse, Colère, Peur, Dégoût, Surprise
            "N": "neutral",
            "J": "happy",
            "T": "sad",
            "C": "angry",
            "P": "fearful",
            "D": "disgust",
            "S": "surprised",
        },
        speakers={
            f"{n:02}": ("male" if n % 2 else "female", float(age)) for n, age in enumerate(_CAFE_AGES, 1)
        },
        codes={"intensity": {"1": "low", "2": "high"}},
    ),
)

SUBESCO = Corpus(
    name="subesco",
    folders=("SUBESCO",),
    title="SUBESCO, Bangla",
    language="bn",
    n_clips=7000,
    n_speakers=20,
    size="2.0 GB",
    licence="CC BY 4.0",
    redistributable="yes, with attribution",
    citation="Sultana et al. (2021), SUST Bangla emotional speech corpus, PLoS ONE 16(4): e0250173",
    url="https://doi.org/10.1371/journal.pone.0250173",
    how_to_get="follow the link in the paper",
    source="the authors' data card",
    unchecked="the recordings themselves",
    names=FileNames(
        r"(?P<speaker>(?P<sex>[FM])_\d\d)_[A-Z]+_S_(?P<sentence>\d+)_(?P<emotion>[A-Z]+)_(?P<repetition>\d)",
        "sex_number_NAME_S_sentence_EMOTION_take, like F_02_MONIKA_S_1_NEUTRAL_5",
        emotions={
            "NEUTRAL": "neutral",
            "HAPPY": "happy",
            "SAD": "sad",
            "ANGRY": "angry",
            "FEAR": "fearful",
            "DISGUST": "disgust",
            "SURPRISE": "surprised",
        },
        codes={"sex": {"F": "female", "M": "male"}},
        misspelt={"F_02_MONIKA_S_2_SURPRISE_3]": "F_02_MONIKA_S_2_SURPRISE_3"},  # in the official archive
    ),
)

URDU = Corpus(
    name="urdu",
    folders=("URDU", "URDU-Dataset", "URDU-Dataset-master"),
    title="URDU, from talk shows",
    language="ur",
    n_clips=400,
    n_speakers=29,
    licence="for research only",
    redistributable="not stated",
    citation="Latif et al. (2018), Cross lingual speech emotion recognition: Urdu vs. Western languages, FIT",
    url="https://github.com/siddiquelatif/URDU-Dataset",
    how_to_get="clone its repository",
    source="the listing of its repository: 400 names, four emotions of 100 clips, 29 speakers",
    unchecked="the recordings themselves; its README says 38 speakers",
    names=FileNames(
        r"(?P<speaker>S(?P<sex>[FM])\d+)_F(?P<repetition>\d+)_(?P<emotion>[A-Z])\d+",
        "speaker_file_emotion and number, like SM1_F10_A010",
        emotions={"N": "neutral", "H": "happy", "S": "sad", "A": "angry"},
        codes={"sex": {"F": "female", "M": "male"}},
    ),
)
"""Of 29 speakers, 26 have one emotion only, so that a model can tell the emotion by the voice."""

AESDD = Corpus(
    name="aesdd",
    folders=("AESDD", "Acted Emotional Speech Dynamic Database"),
    title="AESDD, Greek",
    language="el",
    n_clips=605,
    n_speakers=6,
    sample_rate=44100,
    licence="not checked, see its page (its text states none)",
    redistributable="not checked",
    citation="Vryzas et al. (2018), Speech emotion recognition for performance interaction, JAES 66(6)",
    url="https://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/",
    how_to_get="follow the link on its page",
    source="the text that comes with it",
    unchecked="numbers of clips and speakers, which grow (version 1.0: about 500 clips, 5 speakers)",
    names=FileNames(
        r"(?P<emotion>[a-z])(20|(?P<sentence>\d\d)) ?\(0*(?P<speaker>\d+)\)(?P<repetition>[a-z]?)",
        "emotion letter, utterance and speaker, like a03 (4)",
        emotions={"h": "happy", "s": "sad", "a": "angry", "f": "fearful", "d": "disgust"},
    ),
)
"""There is no neutral class. A second take ends in a letter, ``f18 (5)b``; ``s05 (3)`` is damaged. Utterance
20 was improvised, so it is no sentence that others say, too. Speaker 1 is also written ``(01)``."""

SHEMO = Corpus(
    name="shemo",
    folders=("ShEMO", "SHEMO"),
    title="ShEMO, Persian radio plays",
    language="fa",
    n_clips=3000,
    n_speakers=87,
    licence="free for academic purposes",
    redistributable="not stated",
    citation="Mohamad Nezami et al. (2019), ShEMO, Language Resources and Evaluation 53(1)",
    url="https://github.com/pariajm/sharif-emotional-speech-dataset",
    how_to_get="download male.zip and female.zip from its page and unpack both into one folder",
    source="the READMEs of its repositories (letters), and public code that reads it (positions)",
    unchecked="number of digits of speaker and clip",
    names=FileNames(
        r"(?P<speaker>(?P<sex>[FM])\d+)(?P<emotion>[A-Z])(?P<repetition>\d+)",
        "sex, speaker, emotion letter and number, like F01A01",
        emotions={
            "N": "neutral",
            "H": "happy",
            "S": "sad",
            "A": "angry",
            "F": "fearful",
            "W": "surprised",
        },
        codes={"sex": {"F": "female", "M": "male"}},
    ),
)

NEMO = Corpus(
    name="nemo",
    folders=("nEMO", "NEMO"),
    title="nEMO, Polish",
    language="pl",
    n_clips=4481,
    n_speakers=9,
    licence="CC BY-NC-SA 4.0",
    redistributable="same licence, not commercially",
    citation="Christop (2024), nEMO: dataset of emotional speech in Polish, LREC-COLING",
    url="https://github.com/amu-cai/nEMO",
    how_to_get="clone its repository",
    source="the README, data.tsv (sexes and ages) and listing of its repository",
    unchecked="the recordings themselves",
    names=FileNames(
        r"(?P<speaker>[A-Z]{2}\d)_(?P<emotion>[a-z]+)_(?P<sentence>\d+)",
        "speaker_emotion_sentence, like SM0_anger_1",
        emotions={
            "neutral": "neutral",
            "happiness": "happy",
            "sadness": "sad",
            "anger": "angry",
            "fear": "fearful",
            "surprised": "surprised",
        },
        speakers={
            "EB0": ("female", 27.0),
            "IC0": ("female", 28.0),
            "KD0": ("female", 28.0),
            "KS0": ("male", 23.0),
            "MK0": ("female", 23.0),
            "MP0": ("male", 24.0),
            "SM0": ("male", 24.0),
            "TP0": ("male", 26.0),
            "WR0": ("male", 23.0),
        },
    ),
)
