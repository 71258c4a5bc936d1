"""Downloads against a web server on this machine: cut, refused, altered, hostile."""

import hashlib
import json
import os
import shutil
import zipfile

import pytest
import requests
from toys.corpora import ravdess_names, serve, wav_bytes, zip_bytes

from sercore.corpora import download, fetch, get_corpus, load_index, verification
from sercore.corpora.transfer import ResumingDownloader
from sercore.corpora.unpack import unpack
from sercore.errors import CorpusError

pytestmark = pytest.mark.filterwarnings("ignore:.*the corpus has:UserWarning")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Retries wait in earnest only outside tests."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.fixture
def official(monkeypatch):
    """A function that makes ``{name: bytes}`` the official files of a corpus."""

    def make(corpus, files):
        digests = {
            os.path.basename(name): hashlib.sha256(content).hexdigest() for name, content in files.items()
        }
        for module in (fetch, verification):
            monkeypatch.setattr(module, "read_digests", lambda name: digests)
        monkeypatch.setattr(get_corpus(corpus), "N_CLIPS", len(files))
        return files

    return make


@pytest.fixture
def ravdess(official, monkeypatch):
    """A RAVDESS archive of two actors, about 200 kB, shaped like the official one."""
    files = official("ravdess", {name: wav_bytes(name, sr=48000, n=800) for name in ravdess_names()})
    archive = zip_bytes(files)
    monkeypatch.setattr(get_corpus("ravdess"), "ARCHIVE_HASH", "md5:" + hashlib.md5(archive).hexdigest())
    return archive


def fetch_ravdess(url, target):
    return download("ravdess", target, url=f"{url}/a.zip", progress=False)


def leftovers(target):
    """Whatever lies beside the target."""
    return sorted(path.name for path in target.parent.iterdir() if path != target)


# ---- one archive ----


def test_archive_arrives_whole_and_only_once(tmp_path, ravdess):
    target = tmp_path / "data" / "ravdess"
    with serve({"/a.zip": ravdess}) as (url, log):
        assert fetch_ravdess(url, target) == target
        assert len(log) == 1
        assert fetch_ravdess(url, target) == target
        assert len(log) == 1, "a corpus that is there is not fetched again"
    assert len(load_index("ravdess", target)) == 120
    assert leftovers(target) == []


def test_cut_connection_continues_with_the_rest(tmp_path, ravdess):
    with serve({"/a.zip": ravdess}, cuts=[81_920, 40_960]) as (url, log):
        target = fetch_ravdess(url, tmp_path / "ravdess")
    assert [asked for _, asked in log] == ["", "bytes=81920-", "bytes=122880-"]
    assert len(load_index("ravdess", target)) == 120


def test_server_without_ranges_starts_again(tmp_path, ravdess):
    with serve({"/a.zip": ravdess}, ranges=False, cuts=[81_920]) as (url, log):
        target = fetch_ravdess(url, tmp_path / "ravdess")
    assert [asked for _, asked in log] == ["", "bytes=81920-"]
    assert len(load_index("ravdess", target)) == 120


def test_download_given_up_continues_in_the_next_call(tmp_path, ravdess):
    target = tmp_path / "ravdess"
    with serve({"/a.zip": ravdess}, cuts=[16_384] * 5) as (url, log):
        with pytest.raises(CorpusError, match="81920 bytes are kept; run the same command again"):
            fetch_ravdess(url, target)
        assert not target.exists()
        del log[:]
        fetch_ravdess(url, target)
        assert log == [("/a.zip", "bytes=81920-")]
    assert len(load_index("ravdess", target)) == 120
    assert leftovers(target) == []


def test_busy_server_is_asked_again_and_a_missing_file_is_not(tmp_path, ravdess):
    files = {"/a.zip": 503}
    with serve(files) as (url, log):
        with pytest.raises(CorpusError, match="answers 503"):
            fetch_ravdess(url, tmp_path / "ravdess")
        assert len(log) == 5
        files["/a.zip"] = 404
        with pytest.raises(CorpusError, match=r"404.*address may have moved"):
            fetch_ravdess(url, tmp_path / "ravdess")
        assert len(log) == 6


def test_part_file_of_a_finished_or_another_download(tmp_path):
    part, out = tmp_path / "part", tmp_path / "out"
    with serve({"/x": b"abcdef"}) as (url, log):
        part.write_bytes(b"abcdef")
        ResumingDownloader(part, progressbar=False)(f"{url}/x", str(out), None)
        assert out.read_bytes() == b"abcdef"
        part.write_bytes(b"something longer")
        ResumingDownloader(part, progressbar=False)(f"{url}/x", str(out), None)
        assert out.read_bytes() == b"abcdef"
    assert [asked for _, asked in log] == ["bytes=6-", "bytes=16-", ""]


def test_answer_that_ends_early_without_an_error_is_noticed(tmp_path, ravdess, monkeypatch):
    """Older HTTP libraries do not compare what came with what was announced."""
    whole = requests.Response.iter_content
    blocks = iter([lambda self, size: [next(whole(self, size))], whole])
    monkeypatch.setattr(requests.Response, "iter_content", lambda self, size: next(blocks)(self, size))
    with serve({"/a.zip": ravdess}) as (url, log):
        fetch_ravdess(url, tmp_path / "ravdess")
    assert [asked for _, asked in log] == ["", "bytes=8192-"]


def test_wrong_hash_leaves_nothing_and_the_right_file_is_taken_later(tmp_path, ravdess):
    target = tmp_path / "ravdess"
    files = {"/a.zip": ravdess[:-1] + b"x"}
    with serve(files) as (url, log):
        with pytest.raises(CorpusError, match=r"hash .* does not match[\s\S]*thrown away"):
            fetch_ravdess(url, target)
        assert not target.exists()
        files["/a.zip"] = ravdess
        fetch_ravdess(url, target)
        assert [asked for _, asked in log] == ["", ""], "the wrong bytes were not continued"
    assert target.is_dir()


def test_archive_without_a_known_hash_is_judged_by_its_clips(tmp_path, official):
    names = ["wav/03a01Fa.wav", "wav/03a01Na.wav"]
    right = official("emo_db", {name: wav_bytes(name) for name in names})
    target = tmp_path / "emo_db"
    files = {"/download.zip": zip_bytes(right | {"wav/03a01Na.wav": wav_bytes("other")})}
    with serve(files) as (url, _):
        with pytest.raises(CorpusError, match=r"not the official corpus[\s\S]*altered"):
            download("emo_db", target, url=f"{url}/download.zip", progress=False)
        assert not target.exists()
        files["/download.zip"] = zip_bytes(right | {"erklaerung.txt": b"text"})
        download("emo_db", target, url=f"{url}/download.zip", progress=False)
    assert len(load_index("emo_db", target)) == 2


def test_what_a_kill_while_unpacking_left_does_not_come_along(tmp_path, ravdess):
    target = tmp_path / "ravdess"
    half = tmp_path / ".ravdess.download" / "unpacked"
    half.mkdir(parents=True)
    (half / "03-01-03-01-01-01-01.wav").write_bytes(b"half a cli")
    with serve({"/a.zip": ravdess}) as (url, _):
        fetch_ravdess(url, target)
    assert len(load_index("ravdess", target)) == 120


def test_an_archive_that_the_disk_cannot_hold_unpacked_is_kept(tmp_path, ravdess, monkeypatch):
    target = tmp_path / "ravdess"

    def full(*_):
        raise OSError(28, "No space left on device")

    with serve({"/a.zip": ravdess}) as (url, log):
        with monkeypatch.context() as patch:
            patch.setattr(zipfile.ZipFile, "extractall", full)
            with pytest.raises(CorpusError, match="is the disk full"):
                fetch_ravdess(url, target)
        fetch_ravdess(url, target)
    assert len(log) == 1
    assert len(load_index("ravdess", target)) == 120


def test_hostile_archive_from_the_web_writes_nothing(tmp_path, official):
    official("emo_db", {"03a01Fa.wav": wav_bytes("x")})
    with serve({"/x.zip": zip_bytes({"../../evil.txt": b"x", "03a01Fa.wav": wav_bytes("x")})}) as (url, _):
        for _ in range(2):  # nothing of it is kept, so a second try meets the same
            with pytest.raises(CorpusError, match="points outside"):
                download("emo_db", tmp_path / "data" / "emo_db", url=f"{url}/x.zip", progress=False)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written == []


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CorpusError, match=r"holds 0 of 1440 clips .*nothing was changed"):
        download("ravdess", tmp_path, url="http://127.0.0.1:9/a.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("name", "how"), [("savee", "register"), ("iemocap", "release form"), ("folder", "record it")]
)
def test_corpora_under_licence_say_how_to_apply(tmp_path, name, how):
    with pytest.raises(CorpusError, match=f"cannot be downloaded.*{how}"):
        download(name, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_default_target_is_the_data_folder(tmp_path, ravdess, monkeypatch):
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path))
    with serve({"/a.zip": ravdess}) as (url, _):
        assert fetch_ravdess(url, None) == tmp_path / "ravdess"


# ---- single files ----


@pytest.fixture
def crema_d(official):
    names = [f"1001_{sentence}_ANG_XX.wav" for sentence in get_corpus("crema_d").SENTENCES]
    return official("crema_d", {name: wav_bytes(name) for name in names})


def test_single_files_that_arrived_are_kept(tmp_path, crema_d):
    target = tmp_path / "crema_d"
    broken = "1001_WSI_ANG_XX.wav"
    files = {f"/wav/{name}": content for name, content in crema_d.items()} | {f"/wav/{broken}": 500}
    with serve(files) as (url, log):
        with pytest.raises(CorpusError, match=r"500.*Run the same command again"):
            download("crema_d", target, url=f"{url}/wav/", progress=False, n_connections=1)
        assert not target.exists()
        files[f"/wav/{broken}"] = crema_d[broken]
        (tmp_path / ".crema_d.download/files/tmp1234").write_bytes(b"left by a kill")
        del log[:]
        download("crema_d", target, url=f"{url}/wav/", progress=False)
        assert log == [(f"/wav/{broken}", "")]
    assert sorted(path.name for path in target.iterdir()) == sorted(crema_d)
    assert leftovers(target) == []


def test_pointer_instead_of_a_file_is_refused(tmp_path, crema_d):
    files = {f"/wav/{name}": content for name, content in crema_d.items()}
    files["/wav/1001_DFA_ANG_XX.wav"] = b"version https://git-lfs.github.com/spec/v1\n"
    with serve(files) as (url, _), pytest.raises(CorpusError, match="hash of downloaded file"):
        download("crema_d", tmp_path / "crema_d", url=f"{url}/wav/", progress=False)
    assert not (tmp_path / "crema_d").exists()


def dataverse(files):
    """A Dataverse's description of a data set, and its files by number."""
    listed = [{"dataFile": {"id": 70 + i, "filename": name, "md5": ""}} for i, name in enumerate(files)]
    pages = {f"/api/access/datafile/{70 + i}": content for i, content in enumerate(files.values())}
    api = "/api/datasets/:persistentId?persistentId=doi:10.5683/SP2/E8H2MF"
    return pages | {api: json.dumps({"data": {"latestVersion": {"files": listed}}}).encode()}, api


def test_files_of_a_dataverse(tmp_path, official):
    files = official("tess", {name: wav_bytes(name) for name in ("OA_bite_neutral.wav", "YAF_back_ps.wav")})
    assert get_corpus("tess").FILES.endswith(dataverse(files)[1])
    pages, api = dataverse(files | {"readme.txt": b"not asked for"})
    with serve(pages) as (url, log):
        target = download("tess", tmp_path / "tess", url=url + api, progress=False)
        assert len(log) == 3
    assert list(load_index("tess", target)["emotion"]) == ["neutral", "surprised"]


def test_dataverse_that_lacks_a_file_or_is_none(tmp_path, official):
    files = official("tess", {name: wav_bytes(name) for name in ("OA_bite_neutral.wav", "YAF_back_ps.wav")})
    pages, api = dataverse({"YAF_back_ps.wav": files["YAF_back_ps.wav"]})
    with serve(pages) as (url, _):
        with pytest.raises(CorpusError, match=r"1 official files are not offered there, e\.g\. OA_bite"):
            download("tess", tmp_path / "tess", url=url + api, progress=False)
        pages[api] = b"<html>moved</html>"
        with pytest.raises(CorpusError, match="does not describe a data set"):
            download("tess", tmp_path / "tess", url=url + api, progress=False)


# ---- unpacking ----


def link_entry(name):
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = 0o120777 << 16
    return entry


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "C:\\evil", "C:evil", "\\\\server\\evil", "a\\..\\..\\evil"]
)
def test_entry_outside_the_folder(tmp_path, name):
    entry = zipfile.ZipInfo("x")
    entry.filename = name  # ZipInfo itself would tidy some of these
    (tmp_path / "x.zip").write_bytes(zip_bytes({"good": b"x", entry: b"x"}))
    with pytest.raises(CorpusError, match="points outside the folder; nothing was unpacked"):
        unpack(tmp_path / "x.zip", tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["x.zip"]


def test_link_entry(tmp_path):
    (tmp_path / "x.zip").write_bytes(zip_bytes({link_entry("wav"): b"/etc", "wav/passwd": b"x"}))
    with pytest.raises(CorpusError, match="'wav' is a link or device; nothing was unpacked"):
        unpack(tmp_path / "x.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_too_large_and_too_many(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(5_000_000))
        archive.writestr("b", bytes(5_000_001))
    assert (tmp_path / "x.zip").stat().st_size < 20_000
    with pytest.raises(CorpusError, match="2 entries of 10000001 bytes are too large"):
        unpack(tmp_path / "x.zip", tmp_path / "out", max_bytes=10_000_000)
    with pytest.raises(CorpusError, match="at most 1 entries"):
        unpack(tmp_path / "x.zip", tmp_path / "out", max_files=1)
    assert not (tmp_path / "out").exists()
    unpack(tmp_path / "x.zip", tmp_path / "out", max_files=2, max_bytes=10_000_001)
    assert (tmp_path / "out" / "b").stat().st_size == 5_000_001


def test_entry_that_understates_its_size_writes_no_more_than_it_said(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1_000_000))
    lie = path.read_bytes().replace((1_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path.write_bytes(lie)
    with pytest.raises(CorpusError, match="not a sound zip"):
        unpack(path, tmp_path / "out")
    assert sum(file.stat().st_size for file in (tmp_path / "out").rglob("*")) <= 1000


@pytest.mark.parametrize("how", ["web page", "empty", "cut", "spoilt", "spoilt and deflated"])
def test_what_is_no_sound_zip(tmp_path, how):
    content = bytearray(zip_bytes({"a.wav": wav_bytes("a", n=4000)}, deflate="deflated" in how))
    if "spoilt" in how:
        content[40:400] = bytes(360)
    content = {"web page": b"<!DOCTYPE html>", "empty": b"", "cut": content[:4000]}.get(how, content)
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(CorpusError, match="not a sound zip archive"):
        unpack(tmp_path / "x.zip", tmp_path / "out")


def test_disk_is_left_clean_when_work_folder_is_removed(tmp_path, ravdess):
    """The hidden folder holds everything that a download keeps: deleting it starts afresh."""
    target = tmp_path / "ravdess"
    with serve({"/a.zip": ravdess}, cuts=[10_000] * 5) as (url, log):
        with pytest.raises(CorpusError):
            fetch_ravdess(url, target)
        assert leftovers(target) == [".ravdess.download"]
        shutil.rmtree(tmp_path / ".ravdess.download")
        del log[:]
        fetch_ravdess(url, target)
        assert log == [("/a.zip", "")]
