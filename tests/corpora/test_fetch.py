"""Downloads from a local web server: interrupted, refused, altered and malicious."""

import hashlib
import json
import os
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from toys.corpora import change, ravdess_names, serve, wav_bytes, zip_bytes

from sercore.corpora import download, fetch, get_corpus, load_index, verification
from sercore.corpora.unpacking import unpack
from sercore.errors import CorpusError

pytestmark = pytest.mark.filterwarnings("ignore:.*the corpus has:UserWarning")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """pooch waits between its attempts."""
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
        change(monkeypatch, corpus, n_clips=len(files))
        return files

    return make


@pytest.fixture
def ravdess(official, monkeypatch):
    """A RAVDESS archive of two actors, about 200 kB, with the tree of the official one."""
    files = official("ravdess", {name: wav_bytes(name, sr=48000, n=800) for name in ravdess_names()})
    archive = zip_bytes(files)
    change(monkeypatch, "ravdess", archives=(("", "md5:" + hashlib.md5(archive).hexdigest()),))
    return archive


def fetch_ravdess(url, target):
    return download("ravdess", target, url=f"{url}/a.zip", progress=False)


def leftovers(target):
    """Names of everything beside the target."""
    return sorted(path.name for path in target.parent.iterdir() if path != target)


# ---- archives ----


def test_download_archive_once(tmp_path, ravdess):
    target = tmp_path / "data" / "ravdess"
    with serve({"/a.zip": ravdess}) as (url, log):
        assert fetch_ravdess(url, target) == target
        assert log == ["/a.zip"]
        assert fetch_ravdess(url, target) == target
        assert log == ["/a.zip"], "an existing corpus is not downloaded again"
    assert len(load_index("ravdess", target)) == 120
    assert leftovers(target) == []


def test_download_shows_progress(tmp_path, ravdess, capsys):
    with serve({"/a.zip": ravdess}) as (url, _):
        download("ravdess", tmp_path / "ravdess", url=f"{url}/a.zip")
    assert "100%" in capsys.readouterr().err


def test_broken_connection_is_retried(tmp_path, ravdess):
    with serve({"/a.zip": ravdess}, cuts=[81_920, 40_960]) as (url, log):
        target = fetch_ravdess(url, tmp_path / "ravdess")
    assert len(log) == 3
    assert len(load_index("ravdess", target)) == 120


def test_failed_download_can_be_repeated(tmp_path, ravdess):
    target = tmp_path / "ravdess"
    with serve({"/a.zip": ravdess}, cuts=[16_384] * 4) as (url, _):
        with pytest.raises(CorpusError, match="Run the same command again"):
            fetch_ravdess(url, target)
        assert not target.exists()
        assert leftovers(target) == [".ravdess.download"]
        fetch_ravdess(url, target)
    assert len(load_index("ravdess", target)) == 120
    assert leftovers(target) == []


@pytest.mark.parametrize("status", [404, 503])
def test_server_error_names_status_and_address(tmp_path, ravdess, status):
    with (
        serve({"/a.zip": status}) as (url, log),
        pytest.raises(CorpusError, match=rf"a\.zip: {status}.*address may have moved"),
    ):
        fetch_ravdess(url, tmp_path / "ravdess")
    assert len(log) == 4


def test_wrong_hash_is_not_kept(tmp_path, ravdess):
    target = tmp_path / "ravdess"
    files = {"/a.zip": ravdess[:-1] + b"x"}
    with serve(files) as (url, _):
        with pytest.raises(CorpusError, match=r"hash .* does not match[\s\S]*not the official one"):
            fetch_ravdess(url, target)
        assert not target.exists()
        files["/a.zip"] = ravdess
        fetch_ravdess(url, target)
    assert target.is_dir()


def test_archive_without_known_hash_is_verified_by_its_clips(tmp_path, official):
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


@pytest.mark.parametrize("first", [404, "not official"])
def test_second_source_is_tried_if_the_first_fails(first, tmp_path, official, monkeypatch):
    right = official("emo_db", {"wav/03a01Fa.wav": wav_bytes("right")})
    wrong = first if first == 404 else zip_bytes({"wav/03a01Fa.wav": wav_bytes("wrong")})
    files = {"/a.zip": wrong, "/b.zip": zip_bytes({f"emodb/{name}": data for name, data in right.items()})}
    target = tmp_path / "emo_db"
    with serve(files) as (url, log):
        change(monkeypatch, "emo_db", archives=((f"{url}/a.zip", None), (f"{url}/b.zip", None)))
        download("emo_db", target, progress=False)
        assert log[-1] == "/b.zip"
        assert len(load_index("emo_db", target)) == 1
        assert leftovers(target) == []
        files["/b.zip"] = 503
        with pytest.raises(CorpusError) as caught:
            download("emo_db", tmp_path / "again", progress=False)
    assert "b.zip: 503" in str(caught.value)
    assert ("a.zip: 404" if first == 404 else "not the official corpus") in str(caught.value)


def test_leftovers_of_killed_download_are_removed(tmp_path, ravdess):
    target, work = tmp_path / "ravdess", tmp_path / ".ravdess.download"
    (work / "unpacked").mkdir(parents=True)
    (work / "unpacked/03-01-03-01-01-01-01.wav").write_bytes(b"half a cli")
    (work / "tmp1234").write_bytes(b"half an arch")
    with serve({"/a.zip": ravdess}) as (url, _):
        fetch_ravdess(url, target)
    assert len(load_index("ravdess", target)) == 120
    assert leftovers(target) == []


def test_archive_is_kept_if_disk_is_full_while_unpacking(tmp_path, ravdess, monkeypatch):
    target = tmp_path / "ravdess"

    def full(*_):
        raise OSError(28, "No space left on device")

    with serve({"/a.zip": ravdess}) as (url, log):
        with monkeypatch.context() as patch:
            patch.setattr(zipfile.ZipFile, "extractall", full)
            with pytest.raises(CorpusError, match=r"No space left.*free disk space"):
                fetch_ravdess(url, target)
        fetch_ravdess(url, target)
    assert len(log) == 1
    assert len(load_index("ravdess", target)) == 120


def test_two_downloads_at_the_same_time(tmp_path, ravdess, monkeypatch):
    """The second waits for the first, and finds the corpus."""
    target, unpack = tmp_path / "ravdess", fetch.unpack

    def slow(*arguments):
        unpack(*arguments)
        threading.Event().wait(0.5)

    monkeypatch.setattr(fetch, "unpack", slow)
    with serve({"/a.zip": ravdess}) as (url, log), ThreadPoolExecutor(2) as processes:
        found = list(processes.map(lambda _: fetch_ravdess(url, target), range(2)))
    assert found == [target, target]
    assert log == ["/a.zip"]
    assert len(load_index("ravdess", target)) == 120
    assert leftovers(target) == []


def test_download_into_the_current_folder(tmp_path, ravdess, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with serve({"/a.zip": ravdess}) as (url, _):
        fetch_ravdess(url, ".")
    assert os.listdir(".") == os.listdir(here)
    assert len(load_index("ravdess", here)) == 120
    assert leftovers(here) == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_download_into_a_linked_folder(tmp_path, ravdess):
    """Linked to the disk that has room, where the archive is unpacked, too."""
    (tmp_path / "big" / "ravdess").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    target = tmp_path / "data" / "ravdess"
    target.symlink_to(tmp_path / "big" / "ravdess")
    with serve({"/a.zip": ravdess}) as (url, _):
        assert fetch_ravdess(url, target) == target
    assert target.is_symlink()
    assert len(load_index("ravdess", target)) == 120
    assert leftovers(target) == leftovers(tmp_path / "big" / "ravdess") == []


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"])
def test_files_without_sound_are_not_a_complete_corpus(tmp_path, crema_d, content):
    for name in crema_d:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match="contains 5 files without sound, empty or pointers of Git LFS"):
        download("crema_d", tmp_path, url="http://127.0.0.1:9/wav/")


def test_malicious_archive_writes_nothing(tmp_path, official):
    official("emo_db", {"03a01Fa.wav": wav_bytes("x")})
    with serve({"/x.zip": zip_bytes({"../../evil.txt": b"x", "03a01Fa.wav": wav_bytes("x")})}) as (url, log):
        for _ in range(2):
            with pytest.raises(CorpusError, match="points outside"):
                download("emo_db", tmp_path / "data" / "emo_db", url=f"{url}/x.zip", progress=False)
    assert len(log) == 2, "the archive is not kept"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_target_in_other_use_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CorpusError, match=r"contains 0 of 1440 clips .*nothing was changed"):
        download("ravdess", tmp_path, url="http://127.0.0.1:9/a.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("name", "how"), [("savee", "register"), ("iemocap", "release form"), ("folder", "record it")]
)
def test_corpora_under_licence_explain_how_to_apply(tmp_path, name, how):
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
    names = [f"1001_{sentence}_ANG_XX.wav" for sentence in ("DFA", "IEO", "IOM", "TAI", "WSI")]
    return official("crema_d", {name: wav_bytes(name) for name in names})


def test_complete_files_are_not_fetched_again(tmp_path, crema_d):
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
        assert log == [f"/wav/{broken}"]
    assert sorted(path.name for path in target.iterdir()) == sorted(crema_d)
    assert leftovers(target) == []


def test_lfs_pointer_instead_of_file_is_refused(tmp_path, crema_d):
    files = {f"/wav/{name}": content for name, content in crema_d.items()}
    files["/wav/1001_DFA_ANG_XX.wav"] = b"version https://git-lfs.github.com/spec/v1\n"
    with serve(files) as (url, _), pytest.raises(CorpusError, match="hash of downloaded file"):
        download("crema_d", tmp_path / "crema_d", url=f"{url}/wav/", progress=False)
    assert not (tmp_path / "crema_d").exists()


@pytest.fixture
def tess(official):
    return official("tess", {name: wav_bytes(name) for name in ("OA_bite_neutral.wav", "YAF_back_ps.wav")})


def dataverse(files):
    """A Dataverse's description of a data set, and its files by number."""
    listed = [{"dataFile": {"id": 70 + i, "filename": name, "md5": ""}} for i, name in enumerate(files)]
    pages = {f"/api/access/datafile/{70 + i}": content for i, content in enumerate(files.values())}
    api = "/api/datasets/:persistentId?persistentId=doi:10.5683/SP2/E8H2MF"
    return pages | {api: json.dumps({"data": {"latestVersion": {"files": listed}}}).encode()}, api


def test_download_from_dataverse(tmp_path, tess):
    assert get_corpus("tess").files.endswith(dataverse(tess)[1])
    pages, api = dataverse(tess | {"readme.txt": b"not requested"})
    with serve(pages) as (url, log):
        target = download("tess", tmp_path / "tess", url=url + api, progress=False)
        assert len(log) == 3
    assert list(load_index("tess", target)["emotion"]) == ["neutral", "surprised"]


def test_incomplete_or_invalid_dataverse(tmp_path, tess):
    pages, api = dataverse({"YAF_back_ps.wav": tess["YAF_back_ps.wav"]})
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
def test_unpack_refuses_entries_outside_the_folder(tmp_path, name):
    entry = zipfile.ZipInfo("x")
    entry.filename = name  # ZipInfo itself would normalise some of these
    (tmp_path / "x.zip").write_bytes(zip_bytes({"good": b"x", entry: b"x"}))
    with pytest.raises(CorpusError, match="points outside the folder; nothing was unpacked"):
        unpack(tmp_path / "x.zip", tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["x.zip"]


def test_unpack_refuses_links(tmp_path):
    (tmp_path / "x.zip").write_bytes(zip_bytes({link_entry("wav"): b"/etc", "wav/passwd": b"x"}))
    with pytest.raises(CorpusError, match="'wav' is a link or device; nothing was unpacked"):
        unpack(tmp_path / "x.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unpack_limits_size_and_number_of_files(tmp_path):
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


def test_unpack_writes_at_most_the_declared_size(tmp_path, monkeypatch):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1_000_000))
    false_size = path.read_bytes().replace((1_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path.write_bytes(false_size)
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)  # see what was written before the error
    with pytest.raises(CorpusError, match="not a valid zip"):
        unpack(path, tmp_path / "out")
    assert sum(file.stat().st_size for file in (tmp_path / "out").rglob("*")) <= 1000


@pytest.mark.parametrize("how", ["web page", "empty", "cut", "damaged", "damaged and deflated"])
def test_unpack_refuses_invalid_archives(tmp_path, how):
    content = bytearray(zip_bytes({"a.wav": wav_bytes("a", n=4000)}, deflate="deflated" in how))
    if "damaged" in how:
        content[40:400] = bytes(360)
    content = {"web page": b"<!DOCTYPE html>", "empty": b"", "cut": content[:4000]}.get(how, content)
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(CorpusError, match="not a valid zip archive"):
        unpack(tmp_path / "x.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()
