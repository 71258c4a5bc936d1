"""Warnings about own recordings, skipped files, several formats, changed names, and the report."""

import json
import os
import warnings

import numpy as np
import pytest
import soundfile
from toys.corpora import wav_bytes

from sercore.bundle.files import find_files
from sercore.cli import main
from sercore.corpora import check, load_index, verify
from sercore.errors import CorpusError

SPEAKER = r"([^/]+)_\d"
GOOD = [f"{emotion}/{who}_{n}.wav" for emotion in ("happy", "sad") for who in ("anna", "ben") for n in (1, 2)]


def write_clips(folder, names):
    """Write one short clip per name, each different; returns the folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(wav_bytes(name))
    return folder


@pytest.fixture(autouse=True)
def no_ffmpeg(monkeypatch):
    monkeypatch.setattr("sercore.audio.reading._ffmpeg", lambda: None)


def messages(root, name="folder", **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load_index(name, root, **({"speaker": SPEAKER} if name == "folder" else {}) | options)
    assert {warning.category for warning in caught} <= {UserWarning}
    found = [str(warning.message) for warning in caught]
    assert all("\n" not in message for message in found)
    return [message for message in found if "the corpus has" not in message]


# ---- recordings that cannot teach ----


def test_good_recordings_do_not_warn(tmp_path):
    assert messages(write_clips(tmp_path, GOOD)) == []


def test_one_emotion_per_speaker(tmp_path):
    write_clips(tmp_path, ["happy/a_1.wav", "happy/b_1.wav", "sad/c_1.wav", "sad/d_1.wav"])
    (message,) = messages(tmp_path)
    assert "4 of 4 speakers have one emotion only" in message
    assert "record several emotions of every speaker" in message


def test_class_of_one_speaker(tmp_path):
    write_clips(tmp_path, [*GOOD, "angry/anna_1.wav", "calm/ben_1.wav", "calm/ben_2.wav"])
    (message,) = messages(tmp_path)
    assert "calm (2 clips of 'ben'), angry (1 clip of 'anna')" in message
    assert "--drop calm angry" in message


def test_one_speaker(tmp_path):
    write_clips(tmp_path, ["happy/a_1.wav", "sad/a_1.wav"])
    (message,) = messages(tmp_path)
    assert "all clips are of one speaker, 'a'" in message


def test_long_clip(tmp_path):
    write_clips(tmp_path, [*GOOD, "sad/ben_4.wav"])
    (tmp_path / "sad/ben_3.wav").write_bytes(wav_bytes("long", n=5 * 160 + 1))
    (tmp_path / "sad/ben_4.wav").write_bytes(wav_bytes("not so long", n=5 * 160))
    (message,) = messages(tmp_path)
    assert "1 clip(s) are more than 5 times as long as the median" in message
    assert "folder/sad/ben_3" in message


@pytest.mark.parametrize(
    "pair", [("1", "01"), ("Anna", "anna"), ("s 1", "s1"), ("S-01", "s_1"), ("2", "2.0")]
)
def test_similar_speakers(pair, tmp_path):
    write_clips(tmp_path, [f"{emotion}/{who}_1.wav" for emotion in ("happy", "sad") for who in (*pair, "x9")])
    (message,) = messages(tmp_path)
    assert f"speakers {' and '.join(map(repr, sorted(pair)))} may be one person" in message


@pytest.mark.parametrize("pair", [("1", "10"), ("a1", "b1"), ("0", "1")])
def test_different_speakers_do_not_warn(pair, tmp_path):
    assert (
        messages(write_clips(tmp_path, [f"{e}/{who}_1.wav" for e in ("happy", "sad") for who in pair])) == []
    )


def test_duplicates_with_other_labels(tmp_path):
    write_clips(tmp_path, GOOD)
    (tmp_path / "sad/anna_1.wav").write_bytes((tmp_path / "happy/anna_1.wav").read_bytes())
    (message,) = messages(tmp_path)
    assert "1 clip(s) have the same bytes as another, 1 of them with another speaker or emotion" in message


@pytest.mark.parametrize(("first", "second", "n"), [((1, 0.02), (0.02, 1), 1), ((1, 0.4), (0.4, 1), 0)])
def test_two_people_on_two_channels(first, second, n, tmp_path, monkeypatch):
    """Telephone systems record so; a person who moves between two microphones is not two."""
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / ".data"))
    write_clips(tmp_path, GOOD)
    voice = np.random.default_rng(0).normal(size=(8000, 1)) / 10
    soundfile.write(tmp_path / "sad/ben_3.wav", np.concatenate([voice * first, voice * second]), 16000)
    found = [message for message in messages(tmp_path) if "one person on each channel" in message]
    assert len(found) == n
    assert all("1 of 1 stereo clip(s)" in text and "--channel 0" in text for text in found)
    assert not any("each channel" in message for message in messages(tmp_path, channel=0))


# ---- files that are not read ----


@pytest.mark.parametrize("suffix", [".m4a", ".MP4", ".webm", ".amr", ".3gp", ".wma", ".aac", ".weba", ".avi"])
def test_other_formats_are_counted(suffix, tmp_path):
    write_clips(tmp_path, GOOD)
    for n in (3, 4):
        (tmp_path / f"sad/ben_{n}{suffix}").write_bytes(b"x")
    (message,) = messages(tmp_path)
    assert (
        f"2 recording(s) were not read: 2 × {suffix.lower()} (sad/ben_3{suffix}, sad/ben_4{suffix})"
        in message
    )
    assert f"ffmpeg -i clip{suffix.lower()} clip.wav" in message


@pytest.mark.parametrize("suffix", [".m4a", ".MP4", ".webm", ".amr"])
def test_other_formats_are_clips_if_ffmpeg_is_installed(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr("sercore.audio.reading._ffmpeg", lambda: "ffmpeg")
    write_clips(tmp_path, GOOD)
    (tmp_path / f"sad/ben_3{suffix}").write_bytes(b"x")
    (tmp_path / f"sad/ben_1{suffix}").write_bytes(b"x")
    (message,) = messages(tmp_path)
    assert "clips that exist in several formats count once" in message
    with pytest.warns(UserWarning, match="several formats"):
        assert len(load_index("folder", tmp_path, speaker=SPEAKER)) == len(GOOD) + 1


FURTHER = [
    ("AU", ".au"),
    ("CAF", ".caf"),
    ("W64", ".w64"),
    ("NIST", ".sph"),
    ("RF64", ".rf64"),
    ("WAV", ".wave"),
]


@pytest.mark.parametrize(("fmt", "suffix"), FURTHER)
def test_further_formats_of_libsndfile_are_clips(fmt, suffix, tmp_path):
    write_clips(tmp_path, GOOD)
    (tmp_path / f"sad/ben_3{suffix}").write_bytes(wav_bytes("x", fmt=fmt))
    assert messages(tmp_path) == []
    assert len(load_index("folder", tmp_path, speaker=SPEAKER)) == len(GOOD) + 1


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("ben_3.wav.part", "not downloaded completely"),
        ("ben_3.mp3.crdownload", "not downloaded completely"),
        (".ben_3.wav.icloud", "not downloaded completely"),
        ("ben_3.pcm", "ffmpeg -f s16le -ar 16000 -ac 1 -i clip.pcm clip.wav"),
        ("ben_3.dss", "export each as wav"),
        ("ben_3.qcp", "ffmpeg -i clip.qcp clip.wav"),
    ],
)
def test_recordings_that_need_something_else(name, advice, tmp_path):
    write_clips(tmp_path, GOOD)
    (tmp_path / "sad" / name).write_bytes(b"x")
    (message,) = messages(tmp_path)
    assert f"1 × .{name.rpartition('.')[2]} (sad/{name})" in message
    assert advice in message
    assert name in [path.name for path in find_files([tmp_path / "sad"])]  # predict reports it, too


def test_only_other_formats(tmp_path):
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy/a_1.m4a").write_bytes(b"x")
    with pytest.raises(CorpusError, match=r"no clips that can be read.*1 × \.m4a.*ffmpeg"):
        load_index("folder", tmp_path, speaker=SPEAKER)


def test_other_formats_of_clips_that_are_read_do_not_warn(tmp_path):
    """Neither a second format of a clip nor RAVDESS's videos are missing clips."""
    write_clips(tmp_path / "own", GOOD)
    (tmp_path / "own/sad/ben_1.m4a").write_bytes(b"x")
    assert messages(tmp_path / "own") == []
    write_clips(tmp_path / "ravdess", ["03-01-03-01-01-01-01.wav"])
    (tmp_path / "ravdess/02-01-03-01-01-01-01.mp4").write_bytes(b"x")
    assert messages(tmp_path / "ravdess", "ravdess") == []


def test_other_formats_in_a_table_are_reported(tmp_path):
    (tmp_path / "a.m4a").write_bytes(b"x")
    (tmp_path / "index.csv").write_text("path,emotion,speaker\na.m4a,happy,x\n")
    with pytest.raises(CorpusError, match=r"\.m4a is not read; convert each to wav: ffmpeg"):
        load_index("folder", tmp_path)


# ---- several files of one clip ----


def clone(folder, names=("1001_DFA_ANG_XX", "1002_DFA_ANG_XX"), seconds=1.0):
    rng = np.random.default_rng(0)
    for name in names:
        for place, suffix in (("AudioWAV", "wav"), ("AudioMP3", "mp3")):
            (folder / place).mkdir(parents=True, exist_ok=True)
            n = int(16000 * (seconds if suffix == "mp3" else 1.0))
            soundfile.write(folder / place / f"{name}.{suffix}", rng.uniform(-0.3, 0.3, n), 16000)
    return folder


def test_clip_in_several_formats_counts_once(tmp_path):
    assert messages(clone(tmp_path), "crema_d") == [
        "CREMA-D, audio: clips that exist in several formats count once; not used: 2 × .mp3"
    ]
    with pytest.warns(UserWarning, match="several formats"):
        index = load_index("crema_d", tmp_path)
    assert all(path.endswith(".wav") for path in index["path"])


def test_verify_clip_in_several_formats(tmp_path):
    report = verify("crema_d", clone(tmp_path), progress=False)
    assert "conflict" not in report.counts
    assert set(report.table["path"].str[-4:]) <= {".wav", ""}


def test_formats_of_different_length_are_an_error(tmp_path):
    with pytest.raises(CorpusError, match=r"2 clip\(s\) exist in different versions") as caught:
        load_index("crema_d", clone(tmp_path, seconds=3.0))
    assert str(caught.value).count("AudioMP3") == 2


def test_formats_with_different_labels_are_an_error(tmp_path):
    clone(tmp_path, names=("a",))
    rows = "path,emotion,speaker\nAudioWAV/a.wav,happy,x\nAudioMP3/a.mp3,happy,x\n"
    (tmp_path / "index.csv").write_text(rows)
    assert len(load_index("folder", tmp_path)) == 2
    (tmp_path / "AudioMP3/a.mp3").rename(tmp_path / "AudioWAV/a.mp3")
    (tmp_path / "index.csv").write_text(rows.replace("AudioMP3", "AudioWAV"))
    assert len(load_index("folder", tmp_path)) == 1
    (tmp_path / "index.csv").write_text(rows.replace("AudioMP3/a.mp3,happy", "AudioWAV/a.mp3,sad"))
    with pytest.raises(CorpusError, match="different versions"):
        load_index("folder", tmp_path)


# ---- names that were changed ----


@pytest.mark.parametrize(
    ("corpus", "name", "clip"),
    [
        ("tess", "oaf_back_fear.wav", "OAF_back_fear"),
        ("emo_db", "03A01FA.WAV", "03a01Fa"),
        ("emo_db", "03a01fa.wav", "03a01Fa"),
        ("crema_d", "1001_dfa_ang_xx.wav", "1001_DFA_ANG_XX"),
        ("savee", "dc_sa01.wav", "DC_sa01"),
        ("savee", "dc/sa01.wav", "DC_sa01"),
        ("savee", "DC/SA01.WAV", "DC_sa01"),
        ("ravdess", "03-01-03-01-01-01-01 (1).wav", "03-01-03-01-01-01-01"),
        ("tess", "OAF_back_fear - Copy.wav", "OAF_back_fear"),
        ("ravdess", "03-01-06-02-01-02-12 - Copy (2).wav", "03-01-06-02-01-02-12"),
        ("aesdd", "A03 (4).WAV", "a03 (4)"),
        ("esd", "0011/angry/0011_000351.wav", "0011_000351"),
    ],
)
def test_names_changed_by_file_systems(corpus, name, clip, tmp_path):
    write_clips(tmp_path, [name])
    assert messages(tmp_path, corpus) == []
    with pytest.warns(UserWarning, match="the corpus has"):
        assert list(load_index(corpus, tmp_path)["clip_id"]) == [f"{corpus}/{clip}"]


def test_savee_merged_into_one_folder_is_explained(tmp_path):
    write_clips(tmp_path, ["f10.wav", "f10 (2).wav", "f10 (3).wav"])
    with pytest.raises(CorpusError, match=r"2 × numbered by a file manager.*\(DC, JE, JK, KL\)"):
        load_index("savee", tmp_path)


def test_numbered_file_with_other_content_is_an_error(tmp_path):
    write_clips(tmp_path, ["03a01Fa.wav", "03a01Fa (2).wav"])
    with pytest.raises(CorpusError, match="different versions"):
        load_index("emo_db", tmp_path)


# ---- the report and the command line ----


def test_check_of_folders(tmp_path):
    write_clips(tmp_path, [*GOOD, "angry/anna_1.wav"])
    (tmp_path / "sad/ben_3.m4a").write_bytes(b"x")
    found = check(tmp_path, speaker=SPEAKER)
    text = str(found)
    assert "9 clips, 2 speakers, 3 emotions" in text
    assert "median 0.0 s" in text
    assert "! 1 recording(s) were not read: 1 × .m4a" in text
    assert "! emotions of one speaker" in text
    assert found.table().columns.tolist() == ["path", "emotion", "speaker"]


def test_written_table_gives_the_same_index(tmp_path):
    write_clips(tmp_path, ["fröhlich/a_1.wav", "sad/a_1.wav", "fröhlich/b_1.wav", "sad/b_1.wav"])
    before = load_index("folder", tmp_path, speaker=SPEAKER, labels={"fröhlich": "happy"})
    assert check(tmp_path, speaker=SPEAKER, labels={"fröhlich": "happy"}).write() == tmp_path / "index.csv"
    after = load_index("folder", tmp_path)
    assert before.equals(after)
    with pytest.raises(CorpusError, match="is used as it is"):
        check(tmp_path).write()


def test_check_names_recordings_that_are_not_in_the_table(tmp_path):
    write_clips(tmp_path, GOOD)
    (tmp_path / "x.m4a").write_bytes(b"x")
    (tmp_path / "index.csv").write_text(f"path,emotion,speaker\n{GOOD[0]},happy,anna\n")
    found = check(tmp_path)
    assert found.from_table
    assert "8 recording(s) in the folder are not in the table: 1 × .m4a, 7 × .wav" in str(found)


def test_check_lists_what_cannot_be_read(tmp_path):
    write_clips(tmp_path, GOOD)
    whole = (tmp_path / GOOD[0]).read_bytes()
    (tmp_path / GOOD[0]).write_bytes(whole[: len(whole) // 2])
    (tmp_path / GOOD[1]).write_text("404: Not Found")
    found = check(tmp_path, speaker=SPEAKER)
    assert len(found.faults) == 2
    text = str(found)
    assert "2 clip(s) cannot be read:" in text
    assert f"{GOOD[0]}: cut off" in text
    assert f"{GOOD[1]}: not readable as audio (it is text" in text


def test_corpora_check_command(tmp_path, capsys):
    write_clips(tmp_path, [*GOOD, "meh/anna_1.wav"])
    command = ["corpora", "check", str(tmp_path), "--speaker", SPEAKER]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert "folder 'meh' names 0 emotions" in out
    assert "index.csv that --write would write:\npath,emotion,speaker\nhappy/anna_1.wav,happy,anna\n" in out
    assert not (tmp_path / "index.csv").exists()
    assert main([*command, "--skip-unknown"]) == 0
    assert "folder 'meh' names 0 emotions" in capsys.readouterr().out
    assert main([*command, "--drop", "meh", "--write"]) == 0
    assert len((tmp_path / "index.csv").read_text().splitlines()) == 9
    assert "SERCORE_OPTIONS" not in os.environ


def test_verify_without_unknown_names(tmp_path, capsys):
    write_clips(tmp_path, [*GOOD, "meh/anna_1.wav"])
    command = ["corpora", "verify", "folder", "--root", str(tmp_path), "--speaker", SPEAKER]
    assert main(command) == 1
    assert "NOT COMPLETE" in capsys.readouterr().out
    assert main([*command, "--skip-unknown"]) == 0
    assert "\ncomplete: 8 clips" in capsys.readouterr().out


def test_check_of_a_missing_folder(tmp_path, capsys):
    assert main(["corpora", "check", str(tmp_path / "nowhere")]) == 1
    error = capsys.readouterr().err
    assert "nowhere (not a folder)\nPass the folder with your recordings, or a CSV file" in error


MODULES = {"train": "models", "extract": "corpora", "run": "course"}


@pytest.mark.parametrize("command", MODULES)
def test_commands_pass_the_options_on(command, tmp_path, monkeypatch):
    labels = tmp_path / "labels.csv"
    labels.write_text("name;emotion\nFroh;happy\n")
    seen = []
    monkeypatch.setattr(
        f"sercore.cli.{MODULES[command]}._{command}",
        lambda options: seen.append(json.loads(os.environ["SERCORE_OPTIONS"])),
    )
    options = ["--speaker", "(a)", "--emotion", "(b)", "--labels", str(labels), "--drop", "x", "y"]
    assert main([command, "--corpus", "folder", *options, "--on-conflict", "majority", "--skip-unknown"]) == 0
    assert seen == [
        {
            "speaker": "(a)",
            "emotion": "(b)",
            "on_conflict": "majority",
            "labels": {"Froh": "happy", "x": None, "y": None},
            "unknown": "warn",
        }
    ]


def test_options_need_the_corpus_folder(capsys):
    assert main(["train", "--speaker", "(a)"]) == 1
    assert "add --corpus folder (it is demo)" in capsys.readouterr().err


@pytest.fixture
def stereo(tmp_path, monkeypatch):
    """Eight clips: the left channel is silent, or the right one inverted; one clip is mono."""
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    wave = np.random.default_rng(0).uniform(-0.3, 0.3, 16000)
    for k, name in enumerate(GOOD):
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        other = wave * (k + 1) / 10
        soundfile.write(path, np.stack([-other * 0.97, other], axis=1) if k else other, 16000)
    return tmp_path / "own"


def test_channel(stereo):
    index = load_index("folder", stereo, speaker=SPEAKER, channel=1)
    assert list(index["clip_id"]) == [f"folder/{name[:-4]}" for name in sorted(GOOD)]
    assert sum("@channel1" in path for path in index["path"]) == 7
    paths = index.set_index("clip_id")["path"]
    for k, name in enumerate(GOOD):
        samples, _ = soundfile.read(paths[f"folder/{name[:-4]}"])
        assert samples.ndim == 1
        assert abs(samples).max() == pytest.approx(0.03 * (k + 1), rel=1e-3)


def test_channel_that_is_not_there(stereo):
    with pytest.raises(CorpusError, match=r"7 × no channel 2; it has 2, counted from 0"):
        load_index("folder", stereo, speaker=SPEAKER, channel=2)
    with pytest.raises(CorpusError, match="channel=-1"):
        load_index("folder", stereo, speaker=SPEAKER, channel=-1)


def test_channel_on_the_command_line(stereo, capsys):
    command = ["corpora", "check", str(stereo), "--speaker", SPEAKER]
    assert main([*command, "--channel", "0", "--write"]) == 0
    assert "happy/anna_1.wav,happy,anna" in (stereo / "index.csv").read_text()
    with pytest.raises(SystemExit):
        main([*command, "--channel", "-1"])


@pytest.mark.slow
def test_notebook_on_forty_own_clips(tmp_path, monkeypatch, capsys):
    """Ten speakers with one clip of each of four emotions; 01 is the notebook that takes least time."""
    from toys import bundles as small

    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    for k, emotion in enumerate(("neutral", "happy", "sad", "angry")):
        for who in range(10):
            path = tmp_path / "own" / emotion / f"p{who}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, small.clip(10 * k + who), small.SR)
    command = ["run", "--corpus", "folder", "--root", str(tmp_path / "own"), "--speaker", r"(p\d)"]
    assert main([*command, "--only", "01", "--out", str(tmp_path / "run")]) == 0
    assert "folder: 40 clips, 1 notebook" in capsys.readouterr().out
    assert (tmp_path / "run" / "01_eda.ipynb").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["{who}_{emotion}_{n}.wav", "{emotion}/{who}_{n}.wav"])
def test_train_on_own_names(name, tmp_path, monkeypatch, capsys):
    from toys import bundles as small

    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    seed = 0
    for who in ("anna", "ben", "cleo"):
        for emotion in ("happy", "sad"):
            for n in (1, 2, 3):
                path = tmp_path / "own" / name.format(who=who, emotion=emotion, n=n)
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, small.clip(seed := seed + 1), small.SR)
    patterns = ["--speaker", r"([a-z]+)_(?:[a-z]+_)?\d"]
    patterns += ["--emotion", r"_([a-z]+)_\d"] if "/" not in name else []
    command = ["train", "--corpus", "folder", "--root", str(tmp_path / "own"), "--out", str(tmp_path / "b")]
    assert main([*command, *patterns]) == 0
    assert "clips 18, speakers 3" in capsys.readouterr().out
