"""Recording a corpus: prompts, quality of takes, the folder, undo, deletion, crashes, several processes."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from sercore import corpora, files
from sercore.cli import main
from sercore.corpora import Prompt, Takes, make_prompts
from sercore.corpora.takes import COLUMNS, find_faults, shuffle_prompts, speaker_name
from sercore.errors import AudioError, CorpusError
from sercore.features import extract_frames
from sercore.files import locked, owner_tag
from sercore.synth import EMOTION_PROSODY, SPEAKERS, render

SR = 16_000
PROMPTS = make_prompts(["Es ist spät.", "The door is open."], ["neutral", "sad", "angry"], language="en")


@pytest.fixture
def wave(rng):
    return (0.1 * rng.standard_normal(SR)).clip(-0.9, 0.9).astype(np.float32)


@pytest.fixture
def takes(tmp_path):
    return Takes(tmp_path / "class")


def keep(takes, speaker, prompts, wave):
    return [takes.keep(speaker, prompt, wave, SR, consent=True) for prompt in prompts]


def test_prompts_are_sentence_times_emotion():
    assert len(PROMPTS) == 6
    assert PROMPTS[0] == Prompt("Es ist spät.", "neutral", 1, "en")
    assert len(make_prompts(["A.", "", " ", "A."], ["sad", "sadness"], repetitions=2)) == 2
    with pytest.raises(CorpusError, match="no prompts"):
        make_prompts(["  "], ["sad"])
    with pytest.raises(CorpusError, match="'furious' is not one of"):
        make_prompts(["A."], ["furious"])


def test_order_depends_on_speaker_and_seed_only():
    orders = {
        tuple(shuffle_prompts(PROMPTS, name, seed=seed)) for name in ("anna", "ben", "cem") for seed in (0, 1)
    }
    assert len(orders) >= 5
    assert all(sorted(order, key=PROMPTS.index) == PROMPTS for order in orders)
    assert shuffle_prompts(PROMPTS, "anna") == shuffle_prompts(PROMPTS, "anna")


def test_take_is_16_bit_wav_with_row(takes, wave):
    path = takes.keep("anna", PROMPTS[1], wave, 44_100, consent=True)
    info = soundfile.info(path)
    assert (info.subtype, info.samplerate, info.channels) == ("PCM_16", 44_100, 1)
    np.testing.assert_allclose(soundfile.read(path)[0], wave, atol=2 / 2**15)
    (row,) = takes.rows()
    assert tuple(row) == COLUMNS
    assert [row[name] for name in COLUMNS[:-1]] == [
        "anna_001_sad.wav", "sad", "anna", "Es ist spät.", "1", "en",
    ]  # fmt: skip
    assert row["consent"].startswith("20")
    assert sorted(p.name for p in takes.folder.iterdir()) == ["anna_001_sad.wav", "index.csv"]


def test_nothing_is_stored_without_consent(takes, wave):
    with pytest.raises(CorpusError, match="did not consent"):
        takes.keep("anna", PROMPTS[0], wave, SR, consent=False)
    assert not takes.folder.exists()


def test_recording_continues_where_it_stopped(takes, wave):
    order = shuffle_prompts(PROMPTS, "anna")
    keep(takes, "anna", order[:2], wave)
    again = Takes(takes.folder)
    assert again.remaining(order, "anna") == order[2:]
    assert again.remaining(order, "ben") == order


def test_file_without_row_is_overwritten(takes, wave):
    """A process killed between file and row leaves a file; the same prompt comes next and overwrites it."""
    first = keep(takes, "anna", PROMPTS[:1], wave)[0]
    takes.index.unlink()
    assert Takes(takes.folder).remaining(PROMPTS, "anna") == PROMPTS
    assert keep(takes, "anna", PROMPTS[:1], 0.5 * wave)[0] == first
    assert np.abs(soundfile.read(first)[0]).max() < 0.6 * np.abs(wave).max()
    assert len(takes.rows()) == 1


def test_failed_index_leaves_the_old_one(takes, wave, monkeypatch):
    keep(takes, "anna", PROMPTS[:1], wave)

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sercore.corpora.takes.write_atomic", full)
    with pytest.raises(CorpusError, match="No space left on device"):
        keep(takes, "anna", PROMPTS[1:2], wave)
    monkeypatch.undo()
    assert len(takes.rows()) == 1
    keep(takes, "anna", PROMPTS[1:2], wave)  # the lock was released
    assert takes.speakers() == {"anna": 2}


def test_control_characters_of_a_pasted_sentence_do_not_damage_the_table(takes, wave):
    prompt = Prompt("It is of\x02fice\x07 time.", "sad", language="e\x02n")
    keep(takes, "anna", [prompt], wave)
    assert takes.rows()[0]["sentence"] == "It is office time."
    assert takes.remaining([prompt], "anna") == []
    assert takes.delete("anna") == 1


def test_unfinished_file_of_a_killed_process_is_deleted(takes, wave):
    """Its name does not tell whose voice it is."""
    keep(takes, "anna", PROMPTS[:1], wave)
    (takes.folder / ".0123456789abcdef0123456789abcdef.part").write_bytes(b"a voice")
    assert takes.delete("anna") == 1
    assert list(takes.folder.iterdir()) == []


def test_undo_removes_the_last_take_of_the_speaker(takes, wave):
    keep(takes, "anna", PROMPTS[:2], wave)
    keep(takes, "ben", PROMPTS[:1], wave)
    assert takes.undo("anna")["emotion"] == "sad"
    assert takes.speakers() == {"anna": 1, "ben": 1}
    assert not (takes.folder / "anna_002_sad.wav").exists()
    assert takes.remaining(PROMPTS, "anna") == PROMPTS[1:]
    assert takes.undo("cem") is None


def test_delete_removes_files_and_rows_of_one_person(takes, wave):
    for name in ("anna", "anna_001", "ben"):
        keep(takes, name, PROMPTS[:2], wave)
    (takes.folder / "anna_007_sad.wav").write_bytes(b"left by a crash")
    assert takes.delete("anna") == 3
    assert takes.speakers() == {"anna_001": 2, "ben": 2}
    assert not list(takes.folder.glob("anna_00[1-9]_[a-z]*.wav"))
    assert takes.delete("anna_001") + takes.delete("ben") == 4
    assert list(takes.folder.iterdir()) == []


def test_delete_never_leaves_the_folder(takes, wave):
    keep(takes, "anna", PROMPTS[:1], wave)
    precious = takes.folder.parent / "precious.wav"
    precious.write_bytes(b"")
    takes.index.write_text("path,emotion,speaker\n../precious.wav,sad,anna\n")
    with pytest.raises(CorpusError, match="delete it yourself"):
        takes.delete("anna")
    assert precious.exists()


def test_one_person_has_one_spelling(takes, wave):
    keep(takes, "Anna_1", PROMPTS[:1], wave)
    assert takes.spelling("anna 01") == "Anna_1"
    assert takes.spelling("Anna 2") == "Anna_2"


def test_columns_and_form_of_a_spreadsheet_survive(takes, wave):
    keep(takes, "zoë", PROMPTS[:1], wave)
    (row,) = takes.rows()
    row = row | {"sex": "female"}
    takes.index.write_bytes((";".join(row) + "\r\n" + ";".join(row.values())).encode("cp1252"))
    keep(takes, "zoë", PROMPTS[1:2], wave)
    assert [row["sex"] for row in takes.rows()] == ["female", ""]
    assert takes.rows()[0]["sentence"] == "Es ist spät."


def test_foreign_table_is_an_error(takes):
    takes.folder.mkdir()
    takes.index.write_text("a,b\n1,2\n")
    with pytest.raises(CorpusError, match="lacks the column"):
        takes.rows()


@given(st.text(max_size=60))
def test_names_are_safe_parts_of_a_path(text):
    try:
        name = speaker_name(text)
    except CorpusError:
        return
    assert name
    assert not set(name) & set('./\\:*?"<>| \n\0')
    assert speaker_name(name) == name


def test_faults_of_takes():
    tone = np.sin(0.2 * np.arange(SR)).astype(np.float32)
    assert find_faults(0.3 * tone, SR) == []
    assert find_faults(np.clip(3 * tone, -1, 1), SR)[0].startswith("clipped")
    assert find_faults(0.003 * tone, SR)[0].startswith("too quiet (-5")
    burst = np.concatenate([1e-4 * tone, 0.3 * tone[: SR // 4], 1e-4 * tone])
    assert find_faults(burst, SR) == ["too short (0.2 s of sound): say the whole sentence before you stop"]
    assert find_faults(0.3 * tone[:100], SR)[0].startswith("too short")
    with pytest.raises(AudioError):
        find_faults(np.zeros((2, 100)), SR)


def test_lock_waits_and_is_taken_over_from_killed_process(tmp_path):
    entered, release = threading.Event(), threading.Event()

    def hold():
        with locked(tmp_path):
            entered.set()
            release.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(5)
    threading.Timer(0.1, release.set).start()
    with locked(tmp_path):
        assert release.is_set()
    thread.join()
    (tmp_path / ".lock").mkdir()
    with locked(tmp_path, seconds=0.05):
        pass
    assert not (tmp_path / ".lock").exists()


def test_lock_of_a_killed_process_of_this_machine_is_taken_over_at_once(tmp_path):
    machine, _, random = owner_tag().split("-")
    (tmp_path / ".lock").mkdir()
    (tmp_path / ".lock" / f"{machine}-999999999-{random}.owner").touch()
    start = time.monotonic()
    with locked(tmp_path, seconds=600):
        assert time.monotonic() - start < 60
    assert list(tmp_path.iterdir()) == []


def test_a_waiter_does_not_remove_a_lock_that_was_taken_meanwhile(tmp_path, monkeypatch):
    """The waiter saw the lock of a killed process; before it acts, another process has taken it over."""
    machine, _, random = owner_tag().split("-")
    lock, dead = tmp_path / ".lock", f"{machine}-999999999-{random}.owner"
    lock.mkdir()
    (lock / dead).touch()
    release, other = files._release, f"{machine}-{os.getppid()}-{random}.owner"

    def overtaken(folder, owners):
        monkeypatch.setattr(files, "_release", release)
        (lock / dead).unlink()
        lock.rmdir()
        part = tmp_path / "part"
        part.mkdir()
        (part / other).touch()
        assert files._take(part, lock)
        release(folder, owners)

    monkeypatch.setattr(files, "_release", overtaken)
    with pytest.raises(OSError, match="holds the lock"), files.held(lock, seconds=600, wait=0.2):
        pytest.fail("two processes hold the lock")
    assert [path.name for path in tmp_path.rglob("*")] == [".lock", other]


def test_lock_is_renewed_while_it_is_held(tmp_path, monkeypatch):
    """For longer than its age limit, and if the clock of this machine is ahead of the file server's."""
    inside, most = [], []

    def hold(name):
        with locked(tmp_path, seconds=0.2):
            inside.append(name)
            threading.Event().wait(0.35)
            most.append(len(inside))
            inside.remove(name)

    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    with ThreadPoolExecutor(2) as booths:
        list(booths.map(hold, "ab"))
    assert most == [1, 1]


def test_several_booths_share_a_folder(takes, wave):
    """Three booths keep ten takes each at the same time; none is lost."""
    prompts = make_prompts(map(str, range(10)), ["sad"])
    with ThreadPoolExecutor(3) as booths:
        list(booths.map(lambda name: keep(Takes(takes.folder), name, prompts, wave[:1600]), "abc"))
    assert takes.speakers() == {"a": 10, "b": 10, "c": 10}
    assert all((takes.folder / row["path"]).is_file() for row in takes.rows())


@pytest.mark.filterwarnings("ignore:.*speaker")
def test_default_folder_is_found_without_its_path(tmp_path, monkeypatch, wave):
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path))
    keep(Takes(), "anna", PROMPTS[:2], wave)
    assert set(corpora.load_index("folder")["speaker"]) == {"folder-anna"}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Five synthetic voices with three emotions and two sentences, recorded by :class:`Takes`."""
    takes = Takes(tmp_path_factory.mktemp("recorded") / "class")
    for name in ("F1", "F2", "F3", "M1", "M2"):
        for prompt in shuffle_prompts(PROMPTS, name):
            options = {"speaker": SPEAKERS[name], "sentence": int(prompt.sentence != "Es ist spät.")}
            voice, sr = render(EMOTION_PROSODY[prompt.emotion], seed=1, **options)
            takes.keep(name, prompt, voice, sr, consent=True)
    return takes.folder


@pytest.mark.filterwarnings("error")
def test_recorded_folder_is_a_sound_corpus(recorded):
    index = corpora.load_index("folder", recorded)
    assert len(index) == 30
    assert index["speaker"].nunique() == 5
    assert set(index["emotion"]) == {"neutral", "sad", "angry"}
    assert set(index["sentence"]) == {"Es ist spät.", "The door is open."}
    assert set(index["language"]) == {"en"}
    found = corpora.check(recorded)
    assert found.remarks == []
    assert found.found.unknown == {}


@pytest.mark.slow
def test_recorded_folder_trains_a_model(recorded, tmp_path, capsys):
    bundle = tmp_path / "class.bundle"
    assert not main(["corpora", "check", str(recorded)])
    assert not main(["train", "--corpus", "folder", "--root", str(recorded), "--out", str(bundle)])
    assert (bundle / "bundle.json").is_file()
    assert "5 speakers" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:.*speaker")
@pytest.mark.parametrize("how", ["delete", "undo"])
def test_deleted_takes_leave_no_features(how, tmp_path, monkeypatch, wave):
    """Speech can be made again from log-mel frames; those of others are computed again."""
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path))
    takes = Takes()
    for name in ("anna", "ben"):
        keep(takes, name, PROMPTS[:2], wave)
    index = corpora.load_index("folder")
    renamed = index.assign(corpus="ravdess-class", clip_id="class/" + index["clip_id"])
    others = index.assign(corpus="choir", clip_id="choir/" + index["clip_id"].str.partition("/")[2])
    for each in (index, renamed, others):
        extract_frames(each, "log_mel", n_jobs=1, progress=False)
    features = tmp_path / "cache" / "features"
    assert len(list(features.glob("*/*.npz"))) == 3
    next(features.glob("*/")).joinpath("other-1-2.npz").write_bytes(b"no archive")
    getattr(takes, how)("anna")
    left = sorted(shard.name.partition("-")[0] for shard in features.glob("*/*.npz"))
    assert left == ["choir", "other"]
