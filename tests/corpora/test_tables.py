"""Tables of own recordings: spreadsheets of all kinds, segments, contradicting rows, options."""

import io
import itertools
import json
import os
import time
import unicodedata
import warnings

import numpy as np
import pytest
import soundfile
from toys.corpora import write_clips

from sercore.corpora import check, load_index, segments
from sercore.corpora.segments import to_seconds
from sercore.corpora.tables import read_labels
from sercore.errors import CorpusError

SR = 16000
pytestmark = pytest.mark.filterwarnings("ignore:your own recordings:UserWarning")


def write_table(folder, *rows, name="index.csv", header="path,emotion,speaker", encoding="utf-8"):
    text = "\n".join([header, *rows]) + "\n"
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def emotions(index):
    return dict(zip(index["clip_id"].str.removeprefix("folder/"), index["emotion"], strict=True))


# ---- spreadsheets ----


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separator_encoding_and_line_ends(separator, encoding, newline, tmp_path):
    write_clips(tmp_path, ["grün.wav", "blau.wav"])
    rows = ["path,emotion,speaker", "grün.wav,happy,Jörg", "blau.wav,sad,Ida"]
    text = newline.join(rows).replace(",", separator)
    (tmp_path / "index.csv").write_bytes(text.encode(encoding))
    index = load_index("folder", tmp_path)
    assert emotions(index) == {"blau": "sad", "grün": "happy"}
    assert list(index["speaker"]) == ["folder-Ida", "folder-Jörg"]


@pytest.mark.parametrize(
    "text",
    [
        " Path ; EMOTION; Speaker \n a.wav ; Happy ;x\n",
        "sep=;\npath;emotion;speaker\na.wav;happy;x\n",
        "\n\npath,emotion,speaker,\na.wav,happy,x,\n,,,\n\n",
        'path,note,emotion,speaker\n"a.wav","one, two; three",happy,x\n',
        "File,Label,Speaker ID\na.wav,JOY,x\n",
        "Audio Path,Emotion-Label,ACTOR\na.wav,ｊｏｙ,x\n",
        ",wav,class,participant_id\n0,a.wav,happy,x\n",
        "path,emotion,speaker\n./a.wav,happy\u00a0,\u200bx\n",
        "speaker;sex;age;path;emotion\nx;F;30,5;a.wav;happy\n",
    ],
)
def test_hand_made_tables(text, tmp_path):
    write_clips(tmp_path, ["a.wav"])
    (tmp_path / "index.csv").write_text(text, encoding="utf-8")
    index = load_index("folder", tmp_path)
    assert emotions(index) == {"a": "happy"}
    assert list(index["speaker"]) == ["folder-x"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04" + bytes(50), "a workbook"),
        (b"RIFF\x01\x02" + bytes(range(50)), "not text"),
        (b"path:emotion:speaker\na:b:c\n", r"it has path:emotion:speaker \(read as one column, UTF-8\)"),
        (b'path,emotion,speaker\na.wav,"happy,x\n', "is a quotation mark not closed"),
        (
            "path,emotion,speaker\na.wav,радость,x\n".encode("cp1251"),
            "read as Windows-1252; if letters are wrong",
        ),
        ("path,emotion,speaker\na.wav,喜び,x\n".encode("shift_jis"), "save the table as CSV UTF-8"),
        (b"path;emotion;who\na;b;c\n", r"it has path, emotion, who \(read as semicolon-separated, UTF-8\)"),
        (b"path,emotion,speaker,Speaker\na,b,c,d\n", "more than one column speaker"),
        (b"path,emotion,speaker\na.wav,happy,x,y\n", "line 2 has 4 fields, the header has 3"),
        (b"path,arousal,valence,speaker\n", "arousal and valence are numbers and not classes"),
        (b"path,emotion,speaker\n,happy,x\n", "column path is empty"),
    ],
)
def test_unusable_tables_are_described(content, message, tmp_path):
    write_clips(tmp_path, ["a.wav"])
    (tmp_path / "index.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        load_index("folder", tmp_path)


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_table", ["NFC", "NFD"])
def test_unicode_forms_of_file_names_are_equal(on_disk, in_table, tmp_path):
    write_clips(tmp_path, [unicodedata.normalize(on_disk, "fröhlich/Jörg 1.wav")])
    write_table(tmp_path, unicodedata.normalize(in_table, "fröhlich/Jörg 1.wav,happy,Jörg"))
    index = load_index("folder", tmp_path)
    assert index["clip_id"][0] == "folder/fröhlich/Jörg 1"
    assert index["speaker"][0] == "folder-Jörg"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_unicode_forms_of_folders_and_patterns_are_equal(form, tmp_path):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    write_clips(tmp_path, [unicodedata.normalize(form, "Überraschung/Jörg_1.wav")])
    labels = {unicodedata.normalize(other, "überraschung"): "surprised"}
    index = load_index("folder", tmp_path, labels=labels, speaker=unicodedata.normalize(other, r"(Jörg)_\d"))
    assert emotions(index) == {"Überraschung/Jörg_1": "surprised"}
    assert list(index["speaker"]) == ["folder-Jörg"]


def test_paths_written_on_windows(tmp_path):
    write_clips(tmp_path, ["Happy/Anna.wav"])
    write_table(tmp_path, "happy\\anna.WAV,happy,x")
    assert emotions(load_index("folder", tmp_path)) == {"Happy/Anna": "happy"}


def test_path_that_could_be_two_files_is_refused(tmp_path):
    write_clips(tmp_path, ["A.wav", "a.wav"])
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system ignores case")
    write_table(tmp_path, "a.WAV,happy,x")
    with pytest.raises(CorpusError, match="2 files differ from it in letter case only"):
        load_index("folder", tmp_path)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("data/a.wav", "a.wav"),
        ("data/a.wav", "a"),
        ("data/a.wav", "/home/anna/corpus/data/a.wav"),
        ("data/a.wav", "C:\\Users\\anna\\data\\a.WAV"),
        ("a.flac", "a.wav"),
        ("a.wav", "corpus/a.wav"),
    ],
)
def test_file_in_another_folder_or_with_another_suffix(name, written, tmp_path):
    """Where there is no doubt, it is read, and one line names it."""
    write_clips(tmp_path, [name, "other/b.wav"])
    write_table(tmp_path, f"{written},happy,x")
    with pytest.warns(
        UserWarning, match=r"1 file\(s\) found in another folder or with another suffix: "
    ) as caught:
        index = load_index("folder", tmp_path)
    assert emotions(index) == {name.rsplit(".", 1)[0]: "happy"}
    assert any(f"{written} → {name}" in str(warning.message) for warning in caught)


@pytest.mark.parametrize(
    ("names", "written", "message"),
    [
        (["x/a.wav", "y/a.wav"], "a.wav", "2 files have this name in other folders"),
        (["x/a.wav"], "y/a.wav", "no such file below"),
        (["x/a.wav"], "../a.wav", "no such file below"),
        (["a.wav"], "a.txt", "no such file below"),
        (["a.wav"], "b.wav", "no such file below"),
    ],
)
def test_file_that_may_be_another_is_refused(names, written, message, tmp_path):
    write_clips(tmp_path, names)
    write_table(tmp_path, f"{written},happy,x")
    with pytest.raises(CorpusError, match=message):
        load_index("folder", tmp_path)


def test_uncompressed_one_of_two_formats(tmp_path):
    write_clips(tmp_path, ["mp3/a.wav"])
    (tmp_path / "mp3/a.mp3").write_bytes(b"x")
    write_table(tmp_path, "a,happy,x")
    assert load_index("folder", tmp_path)["path"].tolist() == [str(tmp_path / "mp3/a.wav")]


def test_two_tables_are_refused(tmp_path):
    write_clips(tmp_path, ["a.wav"])
    for name in ("index.csv", "Index.CSV"):
        (tmp_path / name).write_text("path,emotion,speaker\na.wav,happy,x\n")
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("this file system ignores case")
    with pytest.raises(CorpusError, match=r"has Index\.CSV and index\.csv; keep one"):
        load_index("folder", tmp_path)


def test_table_with_another_name_is_mentioned(tmp_path):
    write_clips(tmp_path, ["a.wav"])
    (tmp_path / "labels.xlsx").write_bytes(b"PK")
    with pytest.raises(CorpusError, match=r"labels\.xlsx describes them, save it as index\.csv"):
        load_index("folder", tmp_path)


# ---- rows about the same file ----

CONTRADICTING = ["a.wav,happy,x", "a.wav,sad,x", "a.wav,Sadness,x", "b.wav,happy,y", "b.wav,sad,y"]


def test_contradicting_rows_are_listed(tmp_path):
    write_clips(tmp_path, ["a.wav", "b.wav"])
    write_table(tmp_path, *CONTRADICTING)
    with pytest.raises(CorpusError, match=r"about 2 clip\(s\).*on_conflict='majority'") as caught:
        load_index("folder", tmp_path)
    assert "a: emotion happy ×1, sad ×2\n  b: emotion happy ×1, sad ×1" in str(caught.value)


def test_majority_does_not_depend_on_order(tmp_path):
    write_clips(tmp_path, ["a.wav", "b.wav"])
    for rows in list(itertools.permutations(CONTRADICTING))[::7]:
        write_table(tmp_path, *rows)
        with pytest.warns(
            UserWarning, match=r"1 clip\(s\) settled by majority, 1 without majority left out \(b\)"
        ):
            assert emotions(load_index("folder", tmp_path, on_conflict="majority")) == {"a": "sad"}
    with pytest.raises(CorpusError, match="'raise' or 'majority'"):
        load_index("folder", tmp_path, on_conflict="first")


@pytest.mark.parametrize("column", ["speaker", "sex", "age", "sentence"])
def test_contradictions_in_every_column(column, tmp_path):
    write_clips(tmp_path, ["a.wav"])
    values = {"speaker": "xy", "sex": "mf", "age": "34", "sentence": "st"}[column]
    rows = [{"path": "a.wav", "emotion": "sad", "speaker": "x"} | {column: value} for value in values]
    write_table(tmp_path, *(",".join(row.values()) for row in rows), header=",".join(rows[0]))
    with pytest.raises(CorpusError, match=f"a: {column} "):
        load_index("folder", tmp_path)


def test_equal_rows_count_once(tmp_path):
    write_clips(tmp_path, ["a.wav"])
    header = "path,emotion,speaker,sex,rater"
    write_table(tmp_path, "a.wav,joy,x,f,1", "./a.wav,Happy, x,,2", header=header)
    index = load_index("folder", tmp_path)
    assert emotions(index) == {"a": "happy"}
    assert list(index["sex"]) == ["female"]


def test_row_that_labels_leave_out_still_contradicts(tmp_path):
    write_clips(tmp_path, ["a.wav"])
    write_table(tmp_path, "a.wav,happy,x", "a.wav,other,x")
    with pytest.raises(CorpusError, match=r"emotion \(left out\) ×1, happy ×1"):
        load_index("folder", tmp_path, labels={"other": None})


# ---- segments ----


@pytest.fixture
def recording(tmp_path, monkeypatch):
    """A folder with a recording of 6 s, each second with its own level."""
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    (tmp_path / "own").mkdir()
    soundfile.write(tmp_path / "own/x.wav", np.repeat(np.arange(1, 7) / 10, SR), SR)
    return tmp_path / "own"


SEGMENTS = "file,start,end,emotion,speaker"


@pytest.mark.parametrize(
    ("start", "end"),
    [("2", "NaT"), ("0 days 00:00:02", "0 days 00:00:06"), ("00:00:02.0", ""), ("2.0", "6.02")],
)
def test_segments_of_a_recording(start, end, recording):
    write_table(recording, "x.wav,0,2,happy,a", f"x.wav,{start},{end},sad,b", header=SEGMENTS)
    index = load_index("folder", recording).set_index("emotion")
    assert list(index["speaker"]) == ["folder-a", "folder-b"]
    wave, sr = soundfile.read(index["path"]["sad"])
    assert (len(wave), sr) == (4 * SR, SR)
    assert wave[[0, -1]] == pytest.approx([0.3, 0.6], abs=1e-4)
    assert len(soundfile.read(index["path"]["happy"])[0]) == 2 * SR


def test_decimal_commas_in_clock_times(recording):
    assert to_seconds("00:00:03,2") == 3.2
    assert to_seconds("00:00:00,500") == 0.5
    assert [to_seconds(text) for text in ("5e-05", "1.5E+01")] == [5e-05, 15.0]
    row = "x.wav;00:00:01,5;00:00:03,25;happy;a"
    write_table(recording, row, header=SEGMENTS.replace(",", ";"))
    index = load_index("folder", recording)
    assert index["clip_id"].tolist() == ["folder/x@1.5-3.25"]


def test_equal_segments_have_equal_bytes_whenever_they_are_cut(recording):
    """libsndfile writes the time into the file; duplicates are found by content."""
    samples = np.linspace(-1, 1, 100)
    first = segments._wav(samples, SR)
    time.sleep(1.1)
    assert segments._wav(samples, SR) == first
    np.testing.assert_allclose(soundfile.read(io.BytesIO(first))[0], samples, atol=1e-6)


def test_absolute_and_relative_names_are_one_clip(tmp_path, monkeypatch):
    write_clips(tmp_path, ["a.wav", "b.wav"])
    rows = ["a.wav,happy,anna", f"{tmp_path / 'a.wav'},happy,anna", f"{tmp_path / 'b.wav'},sad,ben"]
    write_table(tmp_path, *rows)
    monkeypatch.chdir(tmp_path.parent)
    for root in (tmp_path, tmp_path.name):
        assert emotions(load_index("folder", root)) == {"a": "happy", "b": "sad"}
    write_table(tmp_path, *rows, f"{tmp_path / 'a.wav'},sad,anna")
    with pytest.raises(CorpusError, match="contradict each other"):
        load_index("folder", tmp_path)


def test_numbers_at_the_end_of_names_are_not_suffixes(tmp_path):
    names = [f"rec.00{k}" for k in range(4)]
    for k, name in enumerate(names):
        soundfile.write(tmp_path / name, np.full(SR, (k + 1) / 10), SR, format="WAV")
    write_table(tmp_path, *(f"{name},happy,anna" for name in names))
    assert list(emotions(load_index("folder", tmp_path))) == names


def test_row_without_times_is_the_whole_recording(recording):
    write_table(recording, "x.wav,0 days,NaT,happy,a", header=SEGMENTS)
    index = load_index("folder", recording)
    assert list(index["path"]) == [str(recording / "x.wav")]
    assert list(index["clip_id"]) == ["folder/x"]


def test_segments_are_cut_once_and_again_after_a_change(recording):
    write_table(recording, "x.wav,1,2,happy,a", header=SEGMENTS)
    first = load_index("folder", recording)["path"][0]
    assert load_index("folder", recording)["path"][0] == first
    soundfile.write(recording / "x.wav", np.full(5 * SR, 0.9), SR)
    assert load_index("folder", recording)["path"][0] != first


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ("5,9", "segment 5 to 9 s is not inside its file of 6.000 s"),
        ("7,NaT", "not inside its file"),
        ("3,2", "not inside its file"),
        ("-1,2", "not inside its file"),
        ("1,1.00001", "shorter than a sample"),
        ("1 234,5", "'1 234' is not a time"),
        ("soon,2", "'soon' is not a time"),
        ("1e300,2", "'1e300' is not a time"),
        ("0,99999999999999 days", "is not a time"),
    ],
)
def test_segment_outside_its_recording(times, message, recording):
    write_table(recording, f"x.wav,{times},happy,a", header=SEGMENTS)
    with pytest.raises(CorpusError, match=message):
        load_index("folder", recording)


@pytest.mark.parametrize(
    ("header", "row"),
    [("file,offset,duration,emotion,speaker", "1,2"), ("file,start,end,duration,emotion,speaker", "1,,2")],
    ids=["offset is the start", "end is empty"],
)
def test_duration_belongs_to_the_start(recording, header, row):
    write_table(recording, f"x.wav,{row},happy,a", header=header)
    index = load_index("folder", recording)
    assert len(soundfile.read(index["path"][0])[0]) == 2 * SR


def test_every_bad_row_of_a_recording_is_named(recording):
    rows = ["x.wav,0,1,happy,a", "x.wav,1,2,furious,a", "x.wav,2,3,happy,", "x.wav,3,4,meh,a"]
    write_table(recording, *rows, header="file,start,end,emotion,speaker")
    with pytest.raises(CorpusError) as caught:
        load_index("folder", recording)
    for word in ("furious", "meh", "x.wav (row 3)"):
        assert word in str(caught.value)


def test_start_and_duration(recording):
    write_table(recording, "x.wav,1,2,happy,a", header="file,start,duration,emotion,speaker")
    index = load_index("folder", recording)
    assert index["clip_id"].tolist() == ["folder/x@1-3"]
    assert len(soundfile.read(index["path"][0])[0]) == 2 * SR


def test_milliseconds_are_named(recording):
    write_table(recording, "x.wav,1000,2000,happy,a", header=SEGMENTS)
    with pytest.raises(CorpusError, match="are the times milliseconds"):
        load_index("folder", recording)


def test_segment_of_unreadable_file_is_reported(recording):
    (recording / "y.wav").write_bytes(b"no audio")
    write_table(recording, "x.wav,0,1,happy,a", "y.wav,0,1,happy,a", header=SEGMENTS)
    with pytest.raises(CorpusError, match=r"1 audio file\(s\).*\n.*not readable as audio"):
        load_index("folder", recording)


def test_segments_need_a_writable_cache(recording, monkeypatch):
    (recording / "file").touch()
    monkeypatch.setenv("SERCORE_DATA", str(recording / "file"))
    write_table(recording, "x.wav,0,1,happy,a", header=SEGMENTS)
    with pytest.raises(CorpusError, match=r"cannot be written .* set SERCORE_DATA"):
        load_index("folder", recording)


def test_contradicting_segments(recording):
    write_table(recording, "x.wav,0,1,happy,a", "x.wav,0.0,1.000,sad,a", header=SEGMENTS)
    with pytest.raises(CorpusError, match="x@0-1: emotion happy ×1, sad ×1"):
        load_index("folder", recording)


def test_to_seconds():
    assert [to_seconds(text) for text in ("1.5", "1,5", "0 days 00:01:00.5", "1500ms")] == [
        1.5,
        1.5,
        60.5,
        1.5,
    ]
    assert all(np.isnan(to_seconds(text)) for text in ("", "NaT", "nan"))


# ---- options ----


def test_options_apply_to_tables(tmp_path):
    write_clips(tmp_path, ["anna_1.wav", "ben_1.wav", "ben_2.wav"])
    write_table(tmp_path, "anna_1.wav,joyful,", "ben_1.wav,3,", "ben_2.wav,smug,")
    labels = {"Joyful": "happy", "3": "sad", "smug": None}
    index = load_index("folder", tmp_path, labels=labels, speaker=r"^([a-z]+)_", language="de")
    assert emotions(index) == {"anna_1": "happy", "ben_1": "sad"}
    assert list(index["speaker"]) == ["folder-anna", "folder-ben"]
    assert set(index["language"]) == {"de"}


def test_patterns_replace_missing_columns(tmp_path):
    write_clips(tmp_path, ["anna_happy_1.wav"])
    write_table(tmp_path, "anna_happy_1.wav", header="path")
    index = load_index("folder", tmp_path, speaker=r"^([a-z]+)_", emotion=r"_(?P<emotion>[a-z]+)_\d")
    assert emotions(index) == {"anna_happy_1": "happy"}


@pytest.mark.parametrize("name", ["anna_happy_1.wav", "HAPPY-1-anna.wav", "1/anna.happy.wav"])
def test_emotion_and_speaker_in_the_name(name, tmp_path):
    write_clips(tmp_path, [name])
    index = load_index("folder", tmp_path, speaker=r"(anna)", emotion=r"(?i)(happy)")
    assert list(index["emotion"]) == ["happy"]
    assert list(index["speaker"]) == ["folder-anna"]


def test_unknown_emotions_are_counted(tmp_path):
    write_clips(tmp_path, [f"{n}.wav" for n in range(5)])
    write_table(tmp_path, "0.wav,happy,x", "1.wav,other,x", "2.wav,other,x", "3.wav,contempt,x", "4.wav,2,x")
    with pytest.raises(
        CorpusError, match=r"2 × emotion 'other' .*labels=\{'other': None\} \(--drop 'other'\)"
    ) as caught:
        load_index("folder", tmp_path)
    assert "1 × emotion 'contempt' is not one of" in str(caught.value)
    assert "emotion '2' is a number, not one of" in str(caught.value)
    labels = {"other": None, "contempt": None, "2": None}
    assert emotions(load_index("folder", tmp_path, labels=labels)) == {"0": "happy"}


def test_labels_of_canonical_emotions_apply_to_synonyms(tmp_path):
    write_clips(tmp_path, ["calm/a_1.wav", "calmness/b_1.wav", "joy/a_1.wav"])
    index = load_index("folder", tmp_path, labels={"calm": None}, speaker=r"(\w)_1")
    assert emotions(index) == {"joy/a_1": "happy"}


def test_labels_without_leading_zeros(tmp_path):
    """Spreadsheets remove them."""
    write_clips(tmp_path, ["a.wav"])
    write_table(tmp_path, "a.wav,03,x")
    assert emotions(load_index("folder", tmp_path, labels={"3": "happy"})) == {"a": "happy"}


@pytest.mark.parametrize("table", [True, False])
def test_labels_that_match_nothing_warn(table, tmp_path):
    write_clips(tmp_path, ["happy/a_1.wav"])
    if table:
        write_table(tmp_path, "happy/a_1.wav,happy,a")
    with pytest.warns(UserWarning, match="no clip is named 'joyfull'"):
        load_index("folder", tmp_path, labels={"joyfull": "happy", "happy": "happy"}, speaker=r"(\w)_1")


def test_invalid_options_raise(tmp_path):
    write_clips(tmp_path, ["happy/a_1.wav"])
    with pytest.raises(CorpusError, match=r"labels: 'glad' .* must be None or one of"):
        load_index("folder", tmp_path, labels={"happy": "glad"}, speaker=r"(\w)_1")
    with pytest.raises(CorpusError, match="translated twice"):
        load_index("folder", tmp_path, labels={"Happy": "sad", "happy": None}, speaker=r"(\w)_1")
    with pytest.raises(CorpusError, match=r"there is no index\.csv"):
        load_index("folder", tmp_path, on_conflict="majority", speaker=r"(\w)_1")
    with pytest.raises(CorpusError, match="speakr: 'folder' does not take this"):
        load_index("folder", tmp_path, speakr="x")
    with pytest.raises(CorpusError, match=r"\(--speaker '…'\)"):
        load_index("folder", tmp_path)


def test_read_labels(tmp_path):
    path = write_table(
        tmp_path, "Fröhlich;happy", "smug;", name="l.csv", header="Name;Emotion", encoding="cp1252"
    )
    assert read_labels(path) == {"Fröhlich": "happy", "smug": None}
    write_table(tmp_path, "a,b", name="l.csv", header="from,to")
    with pytest.raises(CorpusError, match="must have the columns name and emotion; it has from, to"):
        read_labels(path)
    write_table(tmp_path, "a,happy", "a,sad", name="l.csv", header="name,emotion")
    with pytest.raises(CorpusError, match="'a' in two ways"):
        read_labels(path)


def test_options_from_the_environment(tmp_path, monkeypatch):
    write_clips(tmp_path / "own", ["happy/a_1.wav", "meh/b_1.wav"])
    write_clips(tmp_path / "tess", ["OAF_back_fear.wav"])
    given = {"speaker": r"(\w)_1", "labels": {"meh": None}}
    monkeypatch.setenv("SERCORE_OPTIONS", json.dumps(given))
    assert emotions(load_index("folder", tmp_path / "own")) == {"happy/a_1": "happy"}
    assert len(load_index("folder", tmp_path / "own", labels={"meh": "sad"})) == 2
    assert len(check(tmp_path / "own").index) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(load_index("tess", tmp_path / "tess")) == 1
    write_clips(tmp_path / "other", ["sad/cleo.wav"])
    given["root"] = os.path.realpath(tmp_path / "own")
    monkeypatch.setenv("SERCORE_OPTIONS", json.dumps(given))
    assert emotions(load_index("folder", tmp_path / "own")) == {"happy/a_1": "happy"}
    assert len(load_index("folder", tmp_path / "other", speaker=r"/([a-z]+)")) == 1
    with pytest.raises(CorpusError, match="no speaker"):
        load_index("folder", tmp_path / "other")
    monkeypatch.setenv("SERCORE_OPTIONS", "[1]")
    with pytest.raises(CorpusError, match="SERCORE_OPTIONS is not a JSON object"):
        load_index("folder", tmp_path / "own")
