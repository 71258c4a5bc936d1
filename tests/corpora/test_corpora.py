"""All corpora: constants, parsers, index and verification."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys.corpora import OFFICIAL, change, ravdess_names, wav_bytes, write_clips

from sercore import paths
from sercore.corpora import COLUMNS, NAMES, get_corpus, list_corpora, load_index, verification, verify
from sercore.corpora.identity import read_digests, sha256, write_digests
from sercore.corpora.names import find_group
from sercore.corpora.scanning import audio_files
from sercore.errors import CorpusError, SplitError
from sercore.labels import EMOTIONS
from sercore.splits import corpus_folds

pytestmark = pytest.mark.filterwarnings("ignore:.*the corpus has:UserWarning")

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 72000\n"
CLASSES = {
    "ravdess": {e: 96 if e == "neutral" else 192 for e in EMOTIONS[:8]},
    "tess": dict.fromkeys((e for e in EMOTIONS[:8] if e != "calm"), 400),
    "savee": {e: 120 if e == "neutral" else 60 for e in EMOTIONS[:8] if e != "calm"},
    "crema_d": {"neutral": 1087} | dict.fromkeys(("happy", "sad", "angry", "fearful", "disgust"), 1271),
    "emo_db": dict(neutral=79, happy=71, sad=62, angry=127, fearful=69, disgust=46, boredom=81),
}


def parse(corpus, path):
    return get_corpus(corpus).parse(path)


# ---- every corpus ----


@pytest.mark.parametrize("name", NAMES)
def test_corpus_facts(name):
    corpus = get_corpus(name)
    assert corpus.name == name == corpus.places[0]
    assert corpus.title
    assert corpus.how_to_get
    assert not (corpus.archives and corpus.files)
    assert all(digest is None or digest.startswith("md5:") for _, digest in corpus.archives)
    assert corpus.can_download == (name in ("ravdess", "tess", "crema_d", "emo_db"))
    if name not in ("demo", "folder"):
        assert min(corpus.n_clips, corpus.n_speakers) > 0
        assert corpus.source
        assert not (read_digests(name) and corpus.unchecked)
        assert name == "iemocap" or read_digests(name) or corpus.unchecked


@pytest.mark.parametrize("name", OFFICIAL)
def test_parse_all_official_names(name):
    """Numbers of clips, speakers and clips per class are those of the corpus's description."""
    corpus = get_corpus(name)
    clips = [corpus.parse(file) for file in read_digests(name)]
    assert len({clip["stem"] for clip in clips}) == len(clips) == corpus.n_clips
    assert len({clip["speaker"] for clip in clips}) == corpus.n_speakers
    assert pd.Series([clip["emotion"] for clip in clips]).value_counts().to_dict() == CLASSES[name]


@pytest.mark.parametrize("name", OFFICIAL)
def test_parse_ignores_folder_and_suffix(name):
    for file in list(read_digests(name))[::97]:
        clip = parse(name, file)
        stem = clip["stem"]
        assert parse(name, f"a/b.c/{stem}.flac") == parse(name, f"{stem}.WAV") == clip


@pytest.mark.slow
@settings(deadline=None)  # the first example imports the modules
@given(path=st.text(max_size=30) | st.from_regex(r"(\w+/)?[\dA-Za-z]+([_-][\dA-Za-z]+){0,6}(\.wav)?"))
def test_parse_returns_clip_or_typed_error(path):
    for name in NAMES:
        try:
            clip = get_corpus(name).parse(path)
        except CorpusError:
            continue
        assert clip is None or {"stem", "speaker", "emotion"} <= set(clip)


# ---- peculiarities of single corpora ----


def test_ravdess_fields():
    clip = parse("ravdess", "Actor_12/03-01-06-02-01-02-12.wav")
    assert clip == {
        "stem": "03-01-06-02-01-02-12",
        "speaker": "12",
        "sex": "female",
        "emotion": "fearful",
        "intensity": "strong",
        "sentence": "kids",
        "repetition": "02",
    }
    assert parse("ravdess", "03-01-01-01-02-01-07.wav")["sex"] == "male"


def test_ravdess_leaves_out_song_and_video(tmp_path):
    names = ["03-01-03-01-01-01-01.wav", "03-02-03-01-01-01-01.wav", "01-01-03-01-01-01-01.wav"]
    write_clips(tmp_path, names)
    assert list(load_index("ravdess", tmp_path)["clip_id"]) == ["ravdess/03-01-03-01-01-01-01"]


@pytest.mark.parametrize(
    "stem",
    [
        "03-01-01-02-01-01-01",  # neutral is never strong
        "03-01-09-01-01-01-01",
        "03-01-03-03-01-01-01",
        "03-01-03-01-03-01-01",
        "03-01-03-01-01-03-01",
        "03-01-03-01-01-01-25",
        "03-01-03-01-01-01-00",
    ],
)
def test_ravdess_refuses_fields_out_of_range(stem):
    with pytest.raises(CorpusError, match=r"within RAVDESS's range|speaker '..' is not|emotion '09' is not"):
        parse("ravdess", f"{stem}.wav")


def test_duplicated_tree_is_counted_once(tmp_path):
    names = ravdess_names()
    write_clips(tmp_path, names)
    write_clips(tmp_path / "audio_speech_actors_01-24", names)
    index = load_index("ravdess", tmp_path)
    assert len(index) == len(names) == 120
    assert not index["path"].str.contains("audio_speech").any()
    assert (index["duplicate_of"] == "").all()


def test_clip_in_two_versions_is_an_error(tmp_path):
    name = "03-01-03-01-01-01-01.wav"
    write_clips(tmp_path, [name])
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / name).write_bytes(wav_bytes("other"))
    with pytest.raises(CorpusError, match=r"different versions; keep one of each:\n.*copy"):
        load_index("ravdess", tmp_path)


def test_duplicates_refer_to_first_clip(tmp_path):
    write_clips(tmp_path, ravdess_names(actors=[7], emotions=[3]))
    first, second = "03-01-03-01-02-01-07", "03-01-03-01-02-02-07"
    shutil.copy(tmp_path / f"Actor_07/{first}.wav", tmp_path / f"Actor_07/{second}.wav")
    index = load_index("ravdess", tmp_path).set_index("clip_id")
    assert index["duplicate_of"][f"ravdess/{second}"] == f"ravdess/{first}"
    assert (index["duplicate_of"] != "").sum() == 1


def test_tess_uses_name_not_folder(tmp_path):
    names = ["OAF_Fear/OAF_back_fear.wav", "YAF_pleasant_surprised/YAF_ring_ps.wav"]
    index = load_index("tess", write_clips(tmp_path, names))
    assert list(index["emotion"]) == ["fearful", "surprised"]
    assert list(index["speaker"]) == ["tess-OAF", "tess-YAF"]
    assert list(index["age"]) == [64, 26]
    assert list(index["sentence"]) == ["back", "ring"]
    assert set(index["sex"]) == {"female"}


def test_tess_misspelt_name_belongs_to_oaf():
    assert parse("tess", "OAF_neutral/OA_bite_neutral.wav") == parse("tess", "OAF_bite_neutral.wav")
    with pytest.raises(CorpusError, match="OAF or YAF"):
        parse("tess", "OA_back_neutral.wav")


def test_savee_emotions():
    emotions = {
        name: parse("savee", f"DC_{name}01.wav")["emotion"] for name in ["a", "d", "f", "h", "n", "sa", "su"]
    }
    assert emotions == {
        "a": "angry",
        "d": "disgust",
        "f": "fearful",
        "h": "happy",
        "n": "neutral",
        "sa": "sad",
        "su": "surprised",
    }


def test_savee_speaker_from_folder_or_name():
    assert parse("savee", "AudioData/KL/su07.wav") == parse("savee", "ALL/KL_su07.wav")
    with pytest.raises(CorpusError, match="no speaker"):
        parse("savee", "su07.wav")
    with pytest.raises(CorpusError, match="a number from 01 to 15"):
        parse("savee", "JE_sa16.wav")


def test_crema_d_level_sex_and_misspelt_name():
    clip = parse("crema_d", "1011_IEO_ANG_HI.wav")
    assert (clip["sex"], clip["intensity"], clip["emotion"]) == ("male", "high", "angry")
    assert parse("crema_d", "1091_IEO_HAP_LO.wav")["sex"] == "female"
    assert parse("crema_d", "1040_ITH_SAD_X.wav") == parse("crema_d", "1040_ITH_SAD_XX.wav")
    speakers = {c["speaker"]: c["sex"] for c in map(get_corpus("crema_d").parse, read_digests("crema_d"))}
    assert sorted(speakers.values()) == ["female"] * 43 + ["male"] * 48


def test_crema_d_ages_from_table(tmp_path):
    write_clips(tmp_path / "AudioWAV", ["1001_DFA_ANG_XX.wav", "1002_DFA_ANG_XX.wav"])
    assert load_index("crema_d", tmp_path / "AudioWAV")["age"].isna().all()
    (tmp_path / "VideoDemographics.csv").write_text("ActorID,Age,Sex\n1001,51,Male\n")
    ages = load_index("crema_d", tmp_path / "AudioWAV")["age"]
    assert ages[0] == 51
    assert np.isnan(ages[1])


def test_crema_d_official_duplicates():
    digests = read_digests("crema_d")
    for first, second in (
        ("1006_TIE_HAP_XX", "1006_TIE_NEU_XX"),
        ("1013_WSI_DIS_XX", "1013_WSI_SAD_XX"),
        ("1017_IWW_ANG_XX", "1017_IWW_FEA_XX"),
    ):
        assert digests[f"{first}.wav"] == digests[f"{second}.wav"]
    assert len(set(digests.values())) == 7442 - 3


def test_lfs_pointers_and_empty_files_are_in_index(tmp_path):
    for name, content in (
        ("1001_DFA_ANG_XX", LFS_POINTER),
        ("1001_DFA_DIS_XX", b""),
        ("1001_DFA_FEA_XX", b""),
    ):
        (tmp_path / f"{name}.wav").write_bytes(content)
    index = load_index("crema_d", tmp_path)
    assert len(index) == 3
    assert (index["duplicate_of"] == "").all(), "empty files are not duplicates"


def test_emo_db_emotions():
    emotions = {letter: parse("emo_db", f"wav/03a01{letter}a.wav")["emotion"] for letter in "NFTWAEL"}
    assert emotions == {
        "N": "neutral",
        "F": "happy",
        "T": "sad",
        "W": "angry",
        "A": "fearful",
        "E": "disgust",
        "L": "boredom",
    }
    assert parse("emo_db", "16b10Wb.wav")["repetition"] == "b"


def test_emo_db_sexes():
    women = {
        s for s in get_corpus("emo_db").names.speakers if parse("emo_db", f"{s}a01Wa.wav")["sex"] == "female"
    }
    assert women == {"08", "09", "13", "14", "16"}


PUBLISHED = {
    # corpus: {path as published: columns}
    "esd": {
        "Emotion Speech Dataset/0001/Angry/0001_000351.wav": "0001 angry female zh",
        "0011/Surprise/train/0011_001401.wav": "0011 surprised male en",
        "0016/Neutral/evaluation/0016_000019.wav": "0016 neutral female en",
    },
    "emov_db": {
        "bea/Angry/anger_1-28_0011.wav": "bea angry female en",
        "jenie_Angry/anger_393-420_0397.wav": "jenie angry female en",
        "sam/Disgusted/disgust_1-28_0001.wav": "sam disgust male en",
        "bea/Amused/amused_1-15_0001.wav": None,
        "bea/Sleepy/sleepiness_1-28_0015.wav": None,
    },
    "jl_corpus": {
        "Raw JL corpus/JL(wav+txt)/female1_angry_10a_1.wav": "female1 angry female en",
        "male2_neutral_3b_2.wav": "male2 neutral male en",
        "male1_excited_1a_1.wav": None,
        "male1_encouraging_1a_1.wav": None,
    },
    "aesdd": {
        "anger/a03 (4).wav": "4 angry  el",
        "fear/f18 (5).wav": "5 fearful  el",
        "fear/f18 (5)b.wav": "5 fearful  el",
        "disgust/d03 (01).wav": "1 disgust  el",
    },
    "cafe": {
        "Colère/Faible/01-C-1-1.wav": "01 angry male fr",
        "Neutre/12-N-1-6.wav": "12 neutral female fr",
        "Joie/Fort/04-J-2-3.wav": "04 happy female fr",
    },
    "emovo": {
        "EMOVO/f1/dis-f1-b1.wav": "f1 disgust female it",
        "EMOVO/m3/gio-m3-n5.wav": "m3 happy male it",
    },
    "nemo": {
        "samples/EB0_anger_1.wav": "EB0 angry female pl",
        "samples/WR0_surprised_88.wav": "WR0 surprised male pl",
    },
    "shemo": {
        "female/F01A01.wav": "F01 angry female fa",
        "male/M12W03.wav": "M12 surprised male fa",
        "female/F02F01.wav": "F02 fearful female fa",
    },
    "subesco": {
        "F_02_MONIKA_S_1_NEUTRAL_5.wav": "F_02 neutral female bn",
        "M_10_NIPUN_S_10_SURPRISE_1.wav": "M_10 surprised male bn",
        "F_02_MONIKA_S_2_SURPRISE_3].wav": "F_02 surprised female bn",
    },
    "urdu": {
        "Angry/SM1_F10_A010.wav": "SM1 angry male ur",
        "Happy/SF8_F2_H046.wav": "SF8 happy female ur",
        "Angry/SM4_F48_A0100.wav": "SM4 angry male ur",
    },
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_names(name, tmp_path):
    write_clips(tmp_path, PUBLISHED[name])
    with pytest.warns(
        UserWarning, match=f"the corpus has {get_corpus(name).n_clips}; `sercore corpora verify"
    ):
        index = load_index(name, tmp_path)
    columns = ["speaker", "emotion", "sex", "language"]
    found = {
        str(path.relative_to(tmp_path)): " ".join(row).removeprefix(f"{name}-")
        for path, row in zip(map(Path, index["path"]), index[columns].to_numpy(), strict=True)
    }
    assert found == {path: row for path, row in PUBLISHED[name].items() if row}
    report = verify(name, tmp_path, progress=False)
    assert set(report.counts) == {"unchecked"}
    assert not report.complete


def test_texts_of_esd_are_the_same_in_every_emotion_and_others_in_every_language():
    names = ("0011/Neutral/0011_000001", "0011/Angry/0011_000351", "0014/Surprise/0014_001401")
    english = {parse("esd", f"{name}.wav")["sentence"] for name in names}
    assert english == {"en-001"}
    assert parse("esd", "0001/Neutral/0001_000001.wav")["sentence"] == "zh-001"
    assert parse("esd", "0001/Sad/0001_001400.wav")["sentence"] == "zh-350"


def test_improvised_utterances_of_aesdd_are_no_common_sentence():
    assert "sentence" not in parse("aesdd", "anger/a20 (4).wav")
    assert parse("aesdd", "anger/a19 (4).wav")["sentence"] == "19"


def test_speakers_with_one_emotion_are_reported_in_published_corpora_too(tmp_path):
    write_clips(tmp_path, PUBLISHED["urdu"])
    with pytest.warns(
        UserWarning, match="3 of 3 speakers have one emotion only, so voice and emotion cannot"
    ):
        load_index("urdu", tmp_path)


@pytest.mark.filterwarnings("ignore:.*speaker")
def test_a_clip_of_a_corpus_among_own_recordings_is_found(tmp_path):
    """Pooled, it would be in training and test data."""
    for name, emotion in (("03-01-04-01-01-01-01", "sad"), ("03-01-05-01-01-01-01", "angry")):
        for path in (f"ravdess/Actor_01/{name}.wav", f"folder/{emotion}/anna_03.wav"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(wav_bytes(emotion))
    table = "path,speaker,emotion\nsad/anna_03.wav,anna,sad\nangry/anna_03.wav,anna,angry\n"
    (tmp_path / "folder" / "index.csv").write_text(table)
    index = load_index("ravdess+folder", tmp_path)
    found = dict(zip(index["clip_id"], index["duplicate_of"], strict=True))
    assert found["ravdess/03-01-04-01-01-01-01"] == "folder/sad/anna_03"
    index = index.assign(label=index["emotion"])
    with pytest.raises(SplitError, match="byte-identical"):
        corpus_folds(index, ["ravdess"], ["folder"])


CODES = {
    # corpus: (name with a code of an emotion, every code and its emotion)
    "esd": ("0011/{}/0011_000351", "Neutral neutral Happy happy Sad sad Angry angry Surprise surprised"),
    "emovo": ("{}-f1-b1", "neu neutral gio happy tri sad rab angry pau fearful dis disgust sor surprised"),
    "cafe": ("01-{}-1-1", "N neutral J happy T sad C angry P fearful D disgust S surprised"),
    "subesco": (
        "F_02_MONIKA_S_1_{}_5",
        "NEUTRAL neutral HAPPY happy SAD sad ANGRY angry FEAR fearful DISGUST disgust SURPRISE surprised",
    ),
    "urdu": ("SM1_F10_{}010", "N neutral H happy S sad A angry"),
    "aesdd": ("{}03 (4)", "h happy s sad a angry f fearful d disgust"),
    "shemo": ("F01{}01", "N neutral H happy S sad A angry F fearful W surprised"),
    "nemo": (
        "SM0_{}_1",
        "neutral neutral happiness happy sadness sad anger angry fear fearful surprised surprised",
    ),
}


@pytest.mark.parametrize("name", CODES)
def test_every_code_of_an_emotion(name):
    form, words = CODES[name][0], CODES[name][1].split()
    codes = dict(zip(words[::2], words[1::2], strict=True))
    assert {code: parse(name, f"{form.format(code)}.wav")["emotion"] for code in codes} == codes
    assert set(get_corpus(name).names.emotions) == set(codes)


WOMEN = {
    "esd": "0001 0002 0003 0007 0009 0015 0016 0017 0018 0019",
    "nemo": "EB0 IC0 KD0 MK0",
    "emov_db": "bea jenie",
    "cafe": "02 04 06 08 10 12",
}


def women_of(name):
    return {who for who, (sex, _) in get_corpus(name).names.speakers.items() if sex == "female"}


@pytest.mark.parametrize("name", WOMEN)
def test_women_of_a_corpus(name):
    assert women_of(name) == set(WOMEN[name].split())


def test_women_of_crema_d():
    """Number of women, sum of their numbers, and sum of the squares."""
    women = [int(who) for who in women_of("crema_d")]
    assert (len(women), sum(women), sum(n**2 for n in women)) == (43, 44876, 46866448)


AGES = {
    "emo_db": [31, 34, 21, 32, 26, 30, 32, 35, 25, 31],
    "cafe": [46, 64, 18, 50, 22, 34, 15, 25, 42, 20, 35, 37],
    "nemo": [27, 28, 28, 23, 23, 24, 24, 26, 23],
}


@pytest.mark.parametrize("name", AGES)
def test_ages_of_speakers(name):
    assert [age for _, age in get_corpus(name).names.speakers.values()] == AGES[name]


def test_languages_of_esd():
    languages = [parse("esd", f"Sad/{n:04}_000001.wav")["language"] for n in range(1, 21)]
    assert languages == ["zh"] * 10 + ["en"] * 10


@pytest.mark.parametrize(
    ("name", "path", "message"),
    [
        ("esd", "0011_000351.wav", "no emotion in the name or a folder above; expected speaker_sentence"),
        ("esd", "0021/Angry/0021_000351.wav", "speaker '0021' is not one"),
        ("emov_db", "anger_1-28_0011.wav", "no speaker in the name"),
        ("emovo", "xyz-f1-b1.wav", "emotion 'xyz' is not one of the corpus's: neu, gio"),
        ("cafe", "13-C-1-1.wav", "speaker '13' is not one"),
        ("aesdd", "a03.wav", "not emotion letter, utterance and speaker, like a03"),
    ],
)
def test_names_of_other_corpora_are_refused(name, path, message):
    with pytest.raises(CorpusError, match=message):
        parse(name, path)


def test_further_columns_of_published_names():
    clip = parse("cafe", "Neutre/07-N-2-6.wav")
    assert (clip["age"], clip["intensity"], clip["sentence"]) == (15, "high", "6")
    assert parse("nemo", "TP0_fear_85.wav")["age"] == 26
    assert parse("emov_db", "sam/Angry/anger_1-28_0001.wav")["stem"] == "sam_anger_1-28_0001"
    assert parse("aesdd", "f18 (5)b.wav")["repetition"] == "b"


KAGGLE = {
    "ravdess": [
        "Actor_01/03-01-03-01-01-01-01.wav",
        "audio_speech_actors_01-24/Actor_01/03-01-03-01-01-01-01.wav",
    ],
    "tess": [
        "TESS Toronto emotional speech set data/OAF_Fear/OAF_back_fear.wav",
        "tess-set/TESS Toronto emotional speech set data/OAF_Fear/OAF_back_fear.wav",
    ],
    "savee": ["ALL/DC_sa01.wav", "AudioData/DC/sa01.wav"],
    "crema_d": ["AudioWAV/1001_DFA_ANG_XX.wav", "cremad/AudioWAV/1001_DFA_ANG_XX.wav"],
}


KAGGLE_NAMES = {
    "ravdess": "uwrfkaggler/ravdess-emotional-speech-audio",
    "tess": "ejlok1/toronto-emotional-speech-set-tess",
    "savee": "ejlok1/surrey-audiovisual-expressed-emotion-savee",
    "crema_d": "ejlok1/cremad",
    "emo_db": "piyushagni5/berlin-database-of-emotional-speech-emodb",
}
"""Owner and name of the data sets that are used most."""


@pytest.mark.parametrize("newer", [False, True], ids=["older sessions", "newer sessions"])
@pytest.mark.parametrize("name", KAGGLE_NAMES)
def test_data_sets_added_on_kaggle_are_found(name, newer, tmp_path, monkeypatch):
    """In ``<name>`` or ``datasets/<owner>/<name>``; the data folder comes first."""
    monkeypatch.setattr(paths, "KAGGLE", tmp_path / "input")
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("SERCORE_CORPORA", raising=False)
    owner, _, data_set = KAGGLE_NAMES[name].partition("/")
    folder = tmp_path / "input" / ("datasets/" + owner if newer else ".") / data_set
    clips = KAGGLE.get(name, ["wav/03a01Fa.wav"])
    write_clips(folder, clips[:1])
    found = load_index(name)["path"][0]
    assert found == str(folder / clips[0])
    write_clips(tmp_path / "data" / name, clips[:1])
    assert load_index(name)["path"][0] == str(tmp_path / "data" / name / clips[0])


@pytest.mark.parametrize("name", KAGGLE)
def test_layouts_of_kaggle_mirrors(name, tmp_path):
    """Nested folders, some of which repeat the whole tree; the clip counts once."""
    content = wav_bytes(name)
    for path in KAGGLE[name]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    assert len(load_index(name, tmp_path)) == 1


@pytest.fixture
def iemocap(tmp_path):
    """IEMOCAP's folder tree with one dialogue."""
    session = tmp_path / "Session1"
    turns = {"F000": "neu", "F001": "exc", "M000": "ang", "M001": "xxx", "F002": "fru", "M002": "oth"}
    write_clips(session / "sentences/wav/Ses01F_impro01", [f"Ses01F_impro01_{turn}.wav" for turn in turns])
    write_clips(session / "dialog/wav", ["Ses01F_impro01.wav"])
    labels = session / "dialog/EmoEvaluation"
    (labels / "Categorical").mkdir(parents=True)
    lines = [
        f"[6.2901 - 8.2357]\tSes01F_impro01_{turn}\t{label}\t[2.5, 2.5, 2.5]\nC-E2:\tNeutral;\t()\n"
        for turn, label in turns.items()
    ]
    head = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    (labels / "Ses01F_impro01.txt").write_text(head + "\n".join(lines))
    (labels / "._Ses01F_impro01.txt").write_bytes(b"\x00\x05\x16\x07")
    (labels / "Categorical/Ses01F_impro01_e2_cat.txt").write_text("Ses01F_impro01_F000 :Anger; ()\n")
    return tmp_path


def test_iemocap_labels_and_speakers(iemocap):
    index = load_index("iemocap", iemocap)
    assert dict(zip(index["clip_id"], index["emotion"], strict=True)) == {
        "iemocap/Ses01F_impro01_F000": "neutral",
        "iemocap/Ses01F_impro01_F001": "happy",
        "iemocap/Ses01F_impro01_M000": "angry",
    }
    assert list(index["speaker"]) == ["iemocap-Ses01F", "iemocap-Ses01F", "iemocap-Ses01M"]
    assert list(index["sex"]) == ["female", "female", "male"]


def test_iemocap_scripted_dialogue_names():
    clip = parse("iemocap", "Session5/sentences/wav/x/Ses05M_script01_1b_F013.wav")
    assert (clip["speaker"], clip["sentence"], clip["repetition"]) == ("Ses05F", "script01_1b", "013")
    assert parse("iemocap", "Session5/dialog/wav/Ses05M_script01_1b.wav") is None


def test_iemocap_reports_turns_without_label(iemocap):
    write_clips(iemocap / "Session1/sentences/wav/Ses01F_impro01", ["Ses01F_impro01_F099.wav"])
    with pytest.raises(CorpusError, match="no label in dialog/EmoEvaluation"):
        load_index("iemocap", iemocap)
    with pytest.warns(UserWarning, match="F099"):
        assert len(load_index("iemocap", iemocap, unknown="warn")) == 3


def test_iemocap_without_label_files(iemocap):
    shutil.rmtree(iemocap / "Session1/dialog")
    with pytest.raises(CorpusError, match=r"no label files .* Session1 to Session5"):
        load_index("iemocap", iemocap)


# ---- the index ----


def test_index_columns_order_and_types(tmp_path):
    names = ravdess_names()
    index = load_index("ravdess", write_clips(tmp_path, names[::-1]))
    assert list(index.columns) == list(COLUMNS)
    assert index["clip_id"].is_monotonic_increasing
    assert index["clip_id"].is_unique
    assert isinstance(index.index, pd.RangeIndex)
    assert index["age"].dtype == float
    assert all(isinstance(value, str) for value in index.drop(columns="age").to_numpy().ravel())
    assert set(index["language"]) == {"en"}
    assert set(index["speaker"]) == {"ravdess-01", "ravdess-02"}


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3", ".WAV"])
def test_index_finds_other_formats(tmp_path, suffix):
    (tmp_path / f"03a01Fa{suffix}").write_bytes(wav_bytes(suffix))
    assert list(load_index("emo_db", tmp_path)["clip_id"]) == ["emo_db/03a01Fa"]


def test_hidden_files_and_macos_folders_are_skipped(tmp_path):
    write_clips(
        tmp_path, ["wav/03a01Fa.wav", "wav/._03a01Fa.wav", "__MACOSX/wav/03a01Wa.wav", ".x/03a01Na.wav"]
    )
    assert list(load_index("emo_db", tmp_path)["clip_id"]) == ["emo_db/03a01Fa"]


def test_unknown_names_are_reported(tmp_path):
    write_clips(tmp_path, ["03a01Fa.wav", "notes/memo.wav", "memo2.wav"])
    with pytest.raises(
        CorpusError, match=r"2 audio file\(s\).*\n  2 × not speaker.*memo2.wav, notes/memo.wav"
    ):
        load_index("emo_db", tmp_path)
    with pytest.warns(UserWarning, match=r"memo2.wav"):
        assert len(load_index("emo_db", tmp_path, unknown="warn")) == 1


def test_broken_link_is_reported(tmp_path):
    write_clips(tmp_path, ["03a01Fa.wav"])
    try:
        (tmp_path / "03a01Wa.wav").symlink_to(tmp_path / "gone.wav")
    except OSError:
        pytest.skip("this system makes no symbolic links")
    with pytest.raises(CorpusError, match=r"link to a missing file.*03a01Wa"):
        load_index("emo_db", tmp_path)


def test_missing_corpus_lists_folders_and_source(tmp_path, monkeypatch):
    monkeypatch.setenv("SERCORE_CORPORA", str(tmp_path / "corpora"))
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "savee").mkdir(parents=True)
    with pytest.raises(CorpusError) as caught:
        load_index("savee")
    message = str(caught.value)
    assert f"{tmp_path / 'corpora' / 'savee'} (not a folder)" in message
    assert f"{tmp_path / 'data' / 'savee'} (no clip of this corpus)" in message
    assert "register" in message
    assert "surrey.ac.uk" in message


def test_corpus_folder_from_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SERCORE_CORPORA", str(tmp_path))
    write_clips(tmp_path / "emodb", ["03a01Fa.wav"])
    assert len(load_index("emo_db")) == len(load_index("EmoDB")) == 1


def test_wrong_folder_is_an_error(tmp_path):
    write_clips(tmp_path, ["tess/OAF_back_fear.wav"])
    with pytest.raises(CorpusError, match="pass the corpus's own folder as root"):
        load_index("emo_db", tmp_path)


def test_incomplete_corpus_warns(tmp_path):
    write_clips(tmp_path, ["03a01Fa.wav"])
    with pytest.warns(UserWarning, match="1 clips in .* the corpus has 535"):
        load_index("emo_db", tmp_path)


@pytest.mark.parametrize("name", ["savee+tess", ["tess", "savee"]])
def test_several_corpora_in_one_index(tmp_path, name):
    write_clips(tmp_path / "tess", ["OAF_back_fear.wav"])
    write_clips(tmp_path / "SAVEE", ["DC_sa01.wav"])
    index = load_index(name, tmp_path)
    assert list(index["clip_id"]) == ["savee/DC_sa01", "tess/OAF_back_fear"]
    assert list(index["speaker"]) == ["savee-DC", "tess-OAF"]
    assert list(index.index) == [0, 1]


def test_load_index_refuses_invalid_arguments():
    with pytest.raises(CorpusError, match="name each corpus once"):
        load_index("tess+TESS")
    with pytest.raises(CorpusError, match="no corpus named 'ravdes'; there are: ravdess, tess"):
        load_index("ravdes")
    with pytest.raises(CorpusError, match="only the corpus 'folder' takes these options"):
        load_index("tess", speaker="x")
    with pytest.raises(CorpusError, match="'raise' or 'warn'"):
        load_index("tess", unknown="ignore")


# ---- own recordings ----


def test_folder_per_emotion(tmp_path):
    write_clips(tmp_path, ["Joy/anna_01.wav", "sad/ben_01.wav", "wütend/anna_01.wav", "noise/anna_01.wav"])
    labels = {"Wütend": "angry", "noise": None}
    index = load_index("folder", tmp_path, speaker=r"([a-z]+)_\d+", labels=labels, language="de")
    assert dict(zip(index["clip_id"], index["emotion"], strict=True)) == {
        "folder/Joy/anna_01": "happy",
        "folder/sad/ben_01": "sad",
        "folder/wütend/anna_01": "angry",
    }
    assert list(index["speaker"]) == ["folder-anna", "folder-ben", "folder-anna"]
    assert set(index["language"]) == {"de"}


def test_folder_needs_a_speaker_pattern(tmp_path):
    write_clips(tmp_path, ["happy/anna_01.wav"])
    with pytest.raises(CorpusError, match="regular expression whose group is the speaker"):
        load_index("folder", tmp_path)
    with pytest.raises(CorpusError, match="finds no group"):
        load_index("folder", tmp_path, speaker=r"anna_\d+")
    with pytest.raises(CorpusError, match="not a regular expression"):
        load_index("folder", tmp_path, speaker=r"(anna")


def test_folder_of_an_archive_that_was_unpacked_into_itself(tmp_path):
    write_clips(tmp_path, ["angry/angry/anna_01.wav"])
    assert load_index("folder", tmp_path, speaker=r"([a-z]+)_")["emotion"].tolist() == ["angry"]


def test_folder_with_unknown_emotion_is_reported(tmp_path):
    write_clips(tmp_path, ["happy/anna_01.wav", "meh/anna_01.wav", "sad/happy/anna_01.wav"])
    with pytest.raises(CorpusError, match="'meh' names 0 emotions") as caught:
        load_index("folder", tmp_path, speaker=r"([a-z]+)_")
    assert "'sad/happy' names 2 emotions" in str(caught.value)


def test_table_of_recordings(tmp_path):
    write_clips(tmp_path, ["a/1.wav", "b/1.wav"])
    table = tmp_path / "index.csv"
    table.write_text(
        "path,emotion,speaker,sex,age,repetition\na/1.wav,Anger,NA,f,30,2\nb/1.wav,calm,ben,,,\n"
    )
    for root in (table, tmp_path):
        index = load_index("folder", root)
        assert list(index["clip_id"]) == ["folder/a/1", "folder/b/1"]
        assert list(index["emotion"]) == ["angry", "calm"]
        assert list(index["speaker"]) == ["folder-NA", "folder-ben"]
        assert list(index["sex"]) == ["female", ""]
        assert index["age"][0] == 30
        assert np.isnan(index["age"][1])
        assert list(index["repetition"]) == ["2", ""]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_linked_folders_are_read_once(tmp_path):
    """A class, or a session, on another disk; links to folders above end."""
    write_clips(
        tmp_path, ["disk/happy/x_1.wav", "own/sad/x_2.wav", "own/sad/y_2.wav", "disk/happy/deep/y_3.wav"]
    )
    own = tmp_path / "own"
    (own / "happy").symlink_to(tmp_path / "disk" / "happy")
    (own / "again").symlink_to(own / "sad")
    (own / "sad" / "loop").symlink_to(own)
    (tmp_path / "disk" / "happy" / "loop").symlink_to(tmp_path / "disk" / "happy")
    index = load_index("folder", own, speaker=r"([xy])_")
    assert sorted(index["emotion"]) == ["happy", "happy", "sad", "sad"]
    assert not index["clip_id"].duplicated().any()
    assert [name.rpartition("/")[0] for name in index["clip_id"]].count("folder/sad") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ({".disk": "disk", "happy": "own/.disk/happy", "sad": "own/.disk/sad"}, {"x_1.wav", "y_2.wav"}),
        ({"a": "disk/happy", "b": "disk"}, {"x_1.wav", "y_2.wav"}),
        ({"b": "disk", "c": "disk/happy"}, {"x_1.wav", "y_2.wav"}),
        ({"happy": "own/.store/happy", "sad": "disk/sad"}, {"x_3.wav", "y_2.wav"}),
    ],
    ids=["through a hidden link", "then that above", "then one in it", "into a hidden folder"],
)
def test_no_linked_clip_is_lost(tmp_path, links, expected):
    write_clips(tmp_path, ["disk/happy/x_1.wav", "disk/sad/y_2.wav", "own/.store/happy/x_3.wav"])
    for name, target in links.items():
        (tmp_path / "own" / name).symlink_to(tmp_path / target)
    found = [path.name for path in audio_files(tmp_path / "own")]
    assert sorted(found) == sorted(expected)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_to_a_folder_above_is_not_followed(tmp_path):
    write_clips(tmp_path, ["own/happy/x.wav", "other/sad/y.wav"])
    (tmp_path / "own" / "up").symlink_to(tmp_path)
    assert [path.name for path in audio_files(tmp_path / "own")] == ["x.wav"]


def test_folders_of_corpora_in_any_letter_case(tmp_path):
    write_clips(tmp_path, ["Ravdess/Actor_01/03-01-05-01-01-01-01.wav", "Crema/1001_DFA_ANG_XX.wav"])
    with pytest.warns(UserWarning, match="the corpus has"):
        index = load_index("ravdess+crema_d", tmp_path)
    assert sorted(index["corpus"]) == ["crema_d", "ravdess"]


def test_a_named_group_that_is_not_in_the_path_is_not_another():
    pattern = r"(?P<emotion>happy|sad)_(?P<speaker>[a-z]+)?"
    assert find_group("happy_anna.wav", pattern, "speaker") == "anna"
    with pytest.raises(CorpusError, match="finds no group in the path"):
        find_group("happy_.wav", pattern, "speaker")


def test_invalid_table_rows_are_reported(tmp_path):
    write_clips(tmp_path, [f"{i}.wav" for i in range(5)])
    table = tmp_path / "mine.csv"
    rows = ["0.wav,happy,a,", "1.wav,meh,a,", "2.wav,happy, ,", "3.wav,happy,a,old", "9.wav,happy,a,"]
    table.write_text("path,emotion,speaker,age\n" + "\n".join(rows) + "\n")
    with pytest.raises(CorpusError, match=r"4 audio file\(s\)") as caught:
        load_index("folder", table)
    for reason in ("emotion 'meh'", "speaker is empty", "age 'old'", "no such file"):
        assert reason in str(caught.value)
    table.write_text("path,emotion\n0.wav,happy\n")
    with pytest.raises(CorpusError, match=r"lacks the column\(s\) speaker; it has path, emotion"):
        load_index("folder", table)


# ---- official lists and verification ----


def test_digests_round_trip(tmp_path, monkeypatch):
    listing = tmp_path / "x.sha256"
    listing.write_text(f"{'0a' * 32}  b.wav\n{'ff' * 32}  a.wav\n")
    write_digests(listing, tmp_path / "x.npz")
    monkeypatch.setattr("sercore.corpora.identity._FOLDER", tmp_path)
    assert list(read_digests("x")) == ["a.wav", "b.wav"]
    assert read_digests("x") == {"a.wav": "ff" * 32, "b.wav": "0a" * 32}
    assert read_digests("y") == {}


@pytest.fixture
def emo_db(tmp_path, monkeypatch):
    """A folder with four EMO-DB clips of an official list of five."""
    names = ["03a01Fa.wav", "03a01Na.wav", "03a01Wa.wav", "08a01Fd.wav"]
    write_clips(tmp_path / "wav", names)
    digests = {name: sha256(tmp_path / "wav" / name) for name in names} | {"16b10Wb.wav": "00" * 32}
    monkeypatch.setattr(verification, "read_digests", lambda name: digests)
    change(monkeypatch, "emo_db", n_clips=5)
    return tmp_path


def statuses(report):
    return dict(zip(report.table["clip_id"].str.removeprefix("emo_db/"), report.table["status"], strict=True))


def test_verify_missing_clips(emo_db):
    report = verify("emo_db", emo_db, progress=False)
    assert report.counts == {"verified": 4, "missing": 1}
    assert not report.complete
    assert "missing: emo_db/16b10Wb" in str(report)
    assert "NOT COMPLETE: 4 of 5" in str(report)


def test_verify_altered_transcoded_and_broken_files(emo_db):
    wav = emo_db / "wav"
    (wav / "03a01Fa.wav").write_bytes(wav_bytes("other"))
    (wav / "03a01Na.wav").unlink()
    (wav / "03a01Na.flac").write_bytes(wav_bytes("x", fmt="FLAC"))
    (wav / "03a01Wa.wav").write_bytes(wav_bytes("y", sr=8000))
    (wav / "08a01Fd.wav").write_bytes(LFS_POINTER)
    (wav / "16b10Wb.wav").write_bytes(b"")
    (wav / "03a01Aa.wav").write_bytes(wav_bytes("x"))
    (wav / "memo.wav").write_bytes(wav_bytes("x"))
    report = verify("emo_db", emo_db, progress=False)
    assert statuses(report) == {
        "03a01Fa": "altered",
        "03a01Na": "transcoded",
        "03a01Wa": "transcoded",
        "08a01Fd": "lfs-pointer",
        "16b10Wb": "empty",
        "03a01Aa": "extra",
        "wav/memo.wav": "unknown",
    }
    assert "FLAC 16000 Hz" in set(report.table["detail"])
    assert not report.complete


def test_verify_damaged_and_conflicting_files(emo_db):
    (emo_db / "wav/16b10Wb.wav").write_bytes(b"RIFF no audio")
    (emo_db / "03a01Fa.wav").write_bytes(wav_bytes("other"))
    shutil.copy(emo_db / "wav/03a01Na.wav", emo_db / "03a01Na.wav")
    found = statuses(verify("emo_db", emo_db, progress=False))
    assert (found["16b10Wb"], found["03a01Fa"], found["03a01Na"]) == ("damaged", "conflict", "verified")


def test_verify_transcoded_corpus_is_complete(emo_db):
    (emo_db / "wav/16b10Wb.flac").write_bytes(wav_bytes("x", fmt="FLAC"))
    report = verify("emo_db", emo_db, progress=False)
    assert report.counts == {"verified": 4, "transcoded": 1}
    assert report.complete
    assert str(report).endswith(
        "complete: 5 of 5 clips are usable\ncontent not checked: 1 clips are known by name and format only; "
        "any audio with these names would pass, if no two are the same"
    )


def test_verify_same_noise_under_all_names_is_not_a_corpus(tmp_path):
    names = [file.rsplit(".", 1)[0] for file in read_digests("savee")]
    for number, stem in enumerate(names):
        fmt, suffix = (("FLAC", "flac"), ("WAV", "wav"))[number % 2]
        (tmp_path / f"{stem}.{suffix}").write_bytes(wav_bytes("noise", sr=8000, n=16, fmt=fmt))
    report = verify("savee", tmp_path, progress=False)
    assert report.counts == {"repeated": 480}
    assert not report.complete
    assert "NOT COMPLETE: 0 of 480 clips are usable" in str(report)
    details = report.table["detail"]
    assert details.str.fullmatch("same audio as [A-Z]{2}_[a-z]+[0-9]+").all()
    assert not (details == "same audio as " + report.table["clip_id"].str.removeprefix("savee/")).any()


def test_verify_keeps_official_duplicates(tmp_path):
    pair = ["03-01-03-01-02-01-07", "03-01-03-01-02-02-07"]
    for stem in [*pair, "03-01-03-01-01-01-07"]:
        (tmp_path / f"{stem}.flac").write_bytes(wav_bytes("pair", fmt="FLAC"))
    found = verify("ravdess", tmp_path, progress=False).table.set_index("clip_id")["status"]
    assert set(found[[f"ravdess/{stem}" for stem in pair]]) == {"repeated"}, "a third clip is the same"
    (tmp_path / "03-01-03-01-01-01-07.flac").write_bytes(wav_bytes("other", fmt="FLAC"))
    found = verify("ravdess", tmp_path, progress=False).table.set_index("clip_id")["status"]
    assert found[found != "missing"].tolist() == ["transcoded"] * 3


def test_verify_without_official_list(iemocap):
    report = verify("iemocap", iemocap, progress=False)
    assert report.counts == {"unchecked": 3}
    assert not report.complete, "the corpus has more clips"


def test_verify_same_recording_twice_among_own(tmp_path):
    write_clips(tmp_path, ["happy/anna_01.wav", "happy/anna_03.wav"])
    shutil.copy(tmp_path / "happy/anna_01.wav", tmp_path / "happy/anna_02.wav")
    report = verify("folder", tmp_path, progress=False, speaker=r"([a-z]+)_")
    assert report.table["status"].tolist() == ["repeated", "repeated", "unchecked"]
    assert report.table["detail"][0] == "same audio as happy/anna_02"


def test_verify_own_recordings(tmp_path):
    write_clips(tmp_path, ["happy/anna_01.wav"])
    assert verify("folder", tmp_path, progress=False, speaker=r"([a-z]+)_").complete


def test_list_corpora(tmp_path, monkeypatch):
    monkeypatch.setenv("SERCORE_CORPORA", str(tmp_path))
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    write_clips(tmp_path / "emodb/wav", ["03a01Fa.wav"])
    (tmp_path / "tess").mkdir()
    table = list_corpora()
    assert tuple(table.index) == NAMES
    assert table["found"]["emo_db"] == str(tmp_path / "emodb")
    assert table["found"]["ravdess"] == table["found"]["tess"] == ""
    assert table["clips"]["crema_d"] == 7442
    assert list(table.index[table["download"] == "yes"]) == ["ravdess", "tess", "crema_d", "emo_db"]


def test_import_is_light():
    code = "import sys, sercore.corpora as c; c.load_index; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"tensorflow", "keras", "librosa", "sklearn", "matplotlib", "pooch", "requests"} & set(loaded)


# ---- real recordings ----


@pytest.fixture(params=["ravdess", "tess", "emo_db"])
def real_name(request, real_corpora):
    """Name of a real corpus, if it is available."""
    if not any((real_corpora / folder).is_dir() for folder in get_corpus(request.param).places):
        pytest.skip(f"no {request.param} in SERCORE_CORPORA")
    return request.param


@pytest.mark.real
def test_real_corpus_is_complete(real_name):
    name, corpus = real_name, get_corpus(real_name)
    index = load_index(name)
    assert len(index) == corpus.n_clips
    assert index["speaker"].nunique() == corpus.n_speakers
    assert index["emotion"].value_counts().to_dict() == CLASSES[name]
    duplicates = index.set_index("clip_id")["duplicate_of"].loc[lambda column: column != ""].to_dict()
    expected = {"ravdess/03-01-03-01-02-02-07": "ravdess/03-01-03-01-02-01-07"} if name == "ravdess" else {}
    assert duplicates == expected


@pytest.mark.real
def test_real_corpus_verifies(real_name):
    report = verify(real_name, progress=False)
    assert report.complete, str(report)
    assert set(report.counts) <= {"verified", "transcoded"}
