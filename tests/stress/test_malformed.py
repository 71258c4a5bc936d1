"""Malformed inputs raise typed errors with a useful message, or are read as documented.

Each entry of the tables below is one malformed input with its expected outcome. Errors of other libraries,
hangs and altered waveforms are failures.
"""

import io
import json
import os
import stat
import struct
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
import soundfile
from toys import bundles as small

from sercore import audio
from sercore.bundle import Predictor
from sercore.bundle.networks import dump_scaler, load_onnx, load_scaler
from sercore.corpora import load_index
from sercore.corpora.unpacking import unpack
from sercore.course import clone
from sercore.errors import AudioError, BundleError, CorpusError, EvaluationError, RecipeError
from sercore.evaluation import evaluate_oof
from sercore.features import Recipe

SR = audio.SAMPLE_RATE
TONE = (0.3 * np.sin(2 * np.pi * 220 * np.arange(SR // 2) / SR)).astype(np.float32)
READS = "reads"


# --- recordings ------------------------------------------------------------------------------------


def encode(samples=TONE, sr=SR, kind="WAV", subtype=None):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, sr, format=kind, subtype=subtype)
    return buffer.getvalue()


def patched(position, value, data=None):
    """A wav file with some bytes replaced."""
    data = bytearray(data or encode())
    data[position : position + len(value)] = value
    return bytes(data)


def flac_with_wrong_length():
    data = encode(kind="FLAC")
    return patched(22, b"\xff" * 4, patched(21, bytes([data[21] | 0x0F]), data))


def stereo(left, right):
    return encode(np.stack([left, right], axis=1), subtype="FLOAT")


def with_value(value):
    wave = TONE.copy()
    wave[100] = value
    return encode(wave, subtype="FLOAT")


def half(data):
    return data[: len(data) // 2]


def without_end(data):
    return data[: data.rindex(b"OggS")]


def flac_of_unknown_length():
    data = encode(kind="FLAC")
    return patched(21, bytes([data[21] & 0xF0, 0, 0, 0, 0]), data)


def listed_wav():
    """A wav with a LIST chunk behind the audio."""
    data = encode() + b"LIST" + struct.pack("<I", 4004) + b"INFO" + bytes(4000)
    return patched(4, struct.pack("<I", len(data) - 8), data)


SHORT = struct.pack("<I", len(encode()) // 10)
AUDIO = {
    "zero bytes": (b"", "empty"),
    "four bytes of a header": (b"RIFF", "not-audio"),
    "header only": (encode()[:44], "truncated"),
    "half a wav": (encode()[:8000], "truncated"),
    "half a flac": (encode(kind="FLAC")[:1500], "truncated"),
    "half an ogg": (encode(kind="OGG")[:2500], "truncated"),
    "half an mp3": (half(encode(np.tile(TONE, 8), kind="MP3")), "truncated"),
    "half a W64": (half(encode(kind="W64", subtype="PCM_16")), "truncated"),
    "half an RF64": (half(encode(kind="RF64")), "truncated"),
    "half a CAF": (half(encode(kind="CAF", subtype="PCM_16")), "truncated"),
    "half an AU": (half(encode(kind="AU")), "truncated"),
    "half a NIST Sphere file": (half(encode(kind="NIST", subtype="PCM_16")), "truncated"),
    "half a VOC": (half(encode(kind="VOC", subtype="PCM_16")), "truncated"),
    "an ogg without its last page": (without_end(encode(kind="OGG")), "truncated"),
    "two oggs in one file": (2 * encode(kind="OGG"), "joined"),
    "two mp3 in one file": (2 * encode(kind="MP3"), "joined"),
    "two wavs in one file": (2 * encode(), "joined"),
    "a flac of unknown length": (flac_of_unknown_length(), READS),
    "half a flac of unknown length": (half(flac_of_unknown_length()), "truncated"),
    "a wav with both lengths 0": (patched(40, bytes(4), patched(4, bytes(4))), READS),
    "a wav with a cut LIST chunk behind": (listed_wav()[:-3000], READS),
    "a wav that declares a tenth of its audio": (patched(4, SHORT, patched(40, SHORT)), "truncated"),
    "nearly inverted stereo": (stereo(TONE, -0.97 * TONE), "channels-cancel"),
    "the beginning of an AVI": (b"RIFF\0\1\0\0AVI LIST" + bytes(99), "not-audio"),
    "an Akai MPC file": (encode(kind="MPC2K"), "not-audio"),
    "half an aiff": (encode(kind="AIFF")[:8000], "truncated"),
    "a flac header without frames": (b"fLaC" + bytes(50), "truncated"),
    "an ogg page mark alone": (b"OggS", "truncated"),
    "an mp3 of tags alone": (b"ID3\x03\0\0\0\0\0\x0a" + bytes(200), "not-audio"),
    "wav data length too long by far": (patched(40, b"\xff\xff\xff\x7f"), READS),
    "wav from a pipe, length 0": (patched(4, bytes(4)), READS),
    "flac that declares 2**36 samples": (flac_with_wrong_length(), "truncated"),
    "sample rate 1 Hz": (patched(24, struct.pack("<I", 1)), "not-audio"),
    "sample rate 2**31 - 1 Hz": (patched(24, struct.pack("<I", 2**31 - 1)), "not-audio"),
    "no channels": (patched(22, b"\0\0"), "not-audio"),
    "65535 channels": (patched(22, b"\xff\xff"), "not-audio"),
    "0 bits per sample": (patched(34, b"\0\0"), "not-audio"),
    "an unknown codec": (patched(20, b"\xee\xee"), "not-audio"),
    "one NaN": (with_value(np.nan), "not-finite"),
    "one infinity": (with_value(-np.inf), "not-finite"),
    "one sample of 3e38": (with_value(3e38), "out-of-range"),
    "16-bit numbers as floats": (encode(32767 * TONE, subtype="FLOAT"), "out-of-range"),
    "all zeros": (encode(0 * TONE), "silent"),
    "a constant offset alone": (encode(0 * TONE + 0.4), "silent"),
    "an offset under the speech": (encode(TONE + 0.4, subtype="FLOAT"), READS),
    "anti-phase stereo": (stereo(TONE, -TONE), "channels-cancel"),
    "stereo with one dead channel": (stereo(2 * TONE, 0 * TONE), READS),
    "six channels": (encode(np.stack([TONE] * 6, axis=1)), READS),
    "8-bit": (encode(subtype="PCM_U8"), READS),
    "24-bit": (encode(subtype="PCM_24"), READS),
    "float64": (encode(subtype="DOUBLE"), READS),
    "0.01 s": (encode(TONE[:160]), "too-short"),
    "no samples": (encode(TONE[:0]), "empty"),
    "flac under the name of a wav": (encode(kind="FLAC"), READS),
    "a Git LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "lfs-pointer"),
    "a web page": (b"\n <!DOCTYPE html><title>404</title>", "web-page"),
    "an XML error of a cloud store": (b'<?xml version="1.0"?><Error/>', "web-page"),
    "JSON": (b'{"error": "not found"}' * 9, "not-audio"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "not-audio"),
    "text": (b"emotion,path\nhappy,a.wav\n" * 40, "not-audio"),
}  # fmt: skip


@pytest.mark.parametrize("name", AUDIO)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_malformed_recordings(name, tmp_path):
    content, expected = AUDIO[name]
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    check_recording(path, expected)


def check_recording(path, expected):
    if expected == READS:
        wave = audio.load(path)
        assert wave.shape == TONE.shape
        np.testing.assert_allclose(wave, TONE, atol=0.02)
        return
    with pytest.raises(AudioError) as caught:
        audio.load(path)
    assert caught.value.reason == expected
    assert ascii(path.name[:20])[1:-1] in ascii(str(caught.value)).replace("\\\\", "\\")


def test_resampling_from_96_khz_keeps_frequency(tmp_path):
    t = np.arange(48_000) / 96_000
    soundfile.write(tmp_path / "a.wav", 0.3 * np.sin(2 * np.pi * 220 * t), 96_000)
    wave = audio.load(tmp_path / "a.wav")
    assert wave.size == SR // 2
    np.testing.assert_allclose(wave[500:-500], TONE[500:-500], atol=0.01)


def test_long_recording_is_refused_before_it_is_read(tmp_path):
    path, n_bytes = tmp_path / "a.wav", 2 * 3600 * 8000
    head = (
        b"RIFF"
        + struct.pack("<I", n_bytes + 36)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    )
    path.write_bytes(head + b"data" + struct.pack("<I", n_bytes))
    os.truncate(path, len(head) + 8 + n_bytes)  # a sparse file
    check_recording(path, "too-long")


def test_single_bit_errors_in_a_header(tmp_path):
    good, path, reasons = encode(), tmp_path / "a.wav", set()
    for bit in range(44 * 8):
        path.write_bytes(patched(bit // 8, bytes([good[bit // 8] ^ 1 << bit % 8]), good))
        try:
            audio.check_array(audio.load(path))
        except AudioError as error:
            reasons.add(error.reason)
    assert {"not-audio", "truncated"} <= reasons


def no_file(path):
    return path


def folder(path):
    path.mkdir()
    return path


def dangling_link(path):
    path.symlink_to(path.parent / "nowhere")
    return path


def link_to_itself(path):
    path.symlink_to(path)
    return path


def pipe(path):
    os.mkfifo(path)
    return path


def device(path):
    return type(path)("/dev/zero")


def below_a_file(path):
    path.write_bytes(encode())
    return path / "b.wav"


def too_long_name(path):
    return path.with_name(300 * "a" + ".wav")


def longest_name(path):
    path.with_name(251 * "a" + ".wav").write_bytes(encode())
    return path.with_name(251 * "a" + ".wav")


def foreign_name(path):
    path.with_name("Überraschung 驚き\t.wav").write_bytes(encode())
    return path.with_name("Überraschung 驚き\t.wav")


def zero_byte(path):
    return path.with_name("a\0.wav")


def invalid_unicode_name(path):
    path = path.with_name(os.fsdecode(b"\xff.wav"))
    path.write_bytes(encode())
    return path


PLACES = {
    no_file: "missing", folder: "not-audio", dangling_link: "missing", link_to_itself: "unreadable",
    pipe: "not-audio", device: "not-audio", below_a_file: "missing", too_long_name: "unreadable",
    longest_name: READS, foreign_name: READS, zero_byte: "unreadable", invalid_unicode_name: "unreadable",
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="not available on this system")
@pytest.mark.parametrize("make", PLACES)
def test_special_files_and_names(make, tmp_path):
    check_recording(make(tmp_path / "a.wav"), PLACES[make])


@pytest.mark.skipif(sys.platform != "linux", reason="not available on this system")
def test_corpus_with_invalid_unicode_name_raises(tmp_path):
    for folder, name in (("happy", b"x.wav"), ("sad", b"\xff.wav")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / os.fsdecode(name)).write_bytes(encode())
    with pytest.raises(CorpusError, match=r"rename the file: sad/\\udcff\.wav") as caught:
        load_index("folder", tmp_path, speaker=r"/(.+)\.wav")
    str(caught.value).encode()


# --- tables of clips -------------------------------------------------------------------------------

TABLES = {
    "an empty file": (b"", "cannot be read as CSV"),
    "bytes that are not text": (bytes(range(128, 256)) * 9, "cannot be read as CSV"),
    "half a letter of UTF-16": ("path,emotion,speaker\n".encode("utf-16")[:-1], "cannot be read as CSV"),
    "an open quote": (b'path,emotion,speaker\n"a.wav,sad,x\n', "cannot be read as CSV"),
    "more fields than columns": (b"path,emotion,speaker\na,b,c\na,b,c,d,e\n", "cannot be read as CSV"),
    "no speaker column": (b"path,emotion\na.wav,sad\n", r"lacks the column\(s\) speaker"),
    "an unknown emotion": (b"path,emotion,speaker\na.wav,meh,x\n", "emotion 'meh' is not one of"),
    "no speaker": (b"path,emotion,speaker\na.wav,sad, \n", "column speaker is empty"),
    "a clip that is not there": (b"path,emotion,speaker\nb.wav,sad,x\n", "no such file below"),
    "an age in words": (b"path,emotion,speaker,age\na.wav,sad,x,old\n", "age 'old' is not a number"),
    "an unknown sex": (b"path,emotion,speaker,sex\na.wav,sad,x,?\n", "not female, male or empty"),
    "a heading alone": (b"path,emotion,speaker\n", "no clip"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_malformed_index_tables(name, tmp_path):
    content, message = TABLES[name]
    (tmp_path / "a.wav").write_bytes(encode())
    (tmp_path / "index.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        load_index("folder", tmp_path)


# --- archives --------------------------------------------------------------------------------------


def archive(*entries, compression=zipfile.ZIP_STORED):
    """A zip of (name, content, mode)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as out:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.compress_type = mode << 16, compression
            out.writestr(entry, content)
    return buffer.getvalue()


def entry_of_another_size():
    """Declares 10 bytes but contains 1000."""
    data = bytearray(archive(("a.wav", 1000 * b"x", 0), compression=zipfile.ZIP_DEFLATED))
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


SOME = ("a.wav", b"x", stat.S_IFREG | 0o644)
ARCHIVES = {
    "not an archive": (b"<html></html>", "not a valid zip"),
    "zero bytes": (b"", "not a valid zip"),
    "half an archive": (archive(SOME)[:40], "not a valid zip"),
    "a wrong checksum": (archive(SOME).replace(b"a.wavx", b"a.wavy", 1), "not a valid zip"),
    "an entry larger than declared": (entry_of_another_size(), "not a valid zip"),
    "a path upwards": (archive(SOME, ("../evil", b"x", 0)), "points outside"),
    "a path upwards in the middle": (archive(SOME, ("a/../../evil", b"x", 0)), "points outside"),
    "a Windows path upwards": (archive(SOME, ("..\\evil", b"x", 0)), "points outside"),
    "an absolute path": (archive(SOME, ("/tmp/evil", b"x", 0)), "points outside"),
    "a drive": (archive(SOME, ("C:\\evil", b"x", 0)), "points outside"),
    "a network share": (archive(SOME, ("\\\\host\\evil", b"x", 0)), "points outside"),
    "a link": (archive(SOME, ("evil", b"/etc/passwd", stat.S_IFLNK | 0o777)), "link or device"),
    "a device": (archive(SOME, ("evil", b"", stat.S_IFCHR | 0o666)), "link or device"),
    "a name too long for a disk": (archive(SOME, (300 * "a", b"x", 0)), "cannot be unpacked"),
    "a file where a folder must be": (archive(("a", b"x", 0), ("a/b", b"x", 0)), "cannot be unpacked"),
    "too many entries": (archive(*[(f"{n}.wav", b"", 0) for n in range(11)]), "too large"),
    "a zip bomb": (archive(("a.wav", bytes(2_000_001), 0), compression=zipfile.ZIP_DEFLATED), "too large"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARCHIVES)
def test_malformed_archives(name, tmp_path):
    content, message = ARCHIVES[name]
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        unpack(tmp_path / "a.zip", tmp_path / "target", max_files=10, max_bytes=2_000_000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_unpack_does_not_follow_links(tmp_path):
    """The target folder may contain a link to another folder."""
    (tmp_path / "a.zip").write_bytes(archive(("out/evil", b"x", 0)))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "target/out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for target in ("target", "link", "a.zip"):
        with pytest.raises(CorpusError, match="cannot be unpacked"):
            unpack(tmp_path / "a.zip", tmp_path / target)
    assert list((tmp_path / "elsewhere").iterdir()) == []


# --- recipes ---------------------------------------------------------------------------------------


def recipe(**changes):
    return json.dumps(json.loads(Recipe().to_json()) | changes)


RECIPES = {
    "not JSON": "n_mels: 64",
    "nothing": "",
    "a list": "[1, 2]",
    "a number": "7",
    "null": "null",
    "settings missing": '{"sr": 16000}',
    "an unknown setting": recipe(colour="blue"),
    "NaN": recipe(fmin=float("nan")),
    "infinity": recipe(fmax=float("inf")),
    "an integer beyond floats": recipe(fmax=10**400),
    "no bands": recipe(n_mels=0),
    "bands in words": recipe(n_mels="64"),
    "a hop below 0": recipe(hop_length=-160),
    "an unknown descriptor": recipe(descriptors=["system"]),
    "a descriptor that is a list": recipe(descriptors=[["log_mel"]]),
    "unclosed brackets": "[" * 100_000,
    "a billion bands": recipe(n_mels=10**9),
    "a transform of a billion": recipe(n_fft=2**30),
    "a rate of a billion": recipe(sr=10**9, n_fft=65_536),
    "a step of one sample": recipe(hop_length=1),
    "a window longer than the transform": recipe(win_length=4096),
    "mel bands above half the rate": recipe(fmax=9000.0),
}


@pytest.mark.parametrize("name", RECIPES)
def test_malformed_recipes(name):
    with pytest.raises(RecipeError):
        Recipe.from_json(RECIPES[name])


# --- bundles ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    index = small.write_corpus(folder / "wav")
    return small.save_small(folder / "b", index, small.features(index, folder))


def manifest(key, value):
    """Change one entry of ``bundle.json``."""
    return lambda path: small.edit_manifest(path, lambda content: content.__setitem__(key, value))


def unforged(key, value):
    """Change one entry of ``bundle.json`` and leave its digest."""
    return lambda path: small.edit_manifest(path, lambda c: c.__setitem__(key, value), forge=False)


OUTSIDE = {
    "ua": 0.9, "ua_low": 0.2, "ua_high": 0.4, "interval": "4 speakers", "split": "speaker", "n_clips": 24,
}  # fmt: skip


def of_member(key, value):
    return lambda path: small.edit_manifest(
        path, lambda content: content["members"]["lda"].__setitem__(key, value)
    )


def as_recipe(**changes):
    """Parameters that :class:`Recipe` refuses."""
    return of_member("recipe", json.loads(recipe(**changes)))


def of_recipe(**changes):
    def change(content):
        made = Recipe.from_json(json.dumps(content["members"]["lda"]["recipe"] | changes))
        content["members"]["lda"] |= {"recipe": json.loads(made.to_json()), "recipe_key": made.key}

    return lambda path: small.edit_manifest(path, change)


def listed(name, size=1, digest="0" * 64):
    """Add a file to the list."""
    about = {"bytes": size, "sha256": digest}
    return lambda path: small.edit_manifest(path, lambda content: content["files"].__setitem__(name, about))


def text(data):
    return lambda path: (path / "bundle.json").write_bytes(data)


def model(change):
    """Replace ``model.skops`` and its digest."""
    return lambda path: small.put_file(
        path, "lda/model.skops", change((path / "lda" / "model.skops").read_bytes())
    )


def renamed_entry(path):
    small.edit_manifest(
        path, lambda c: c["files"].__setitem__("lda/other", c["files"].pop("lda/model.skops"))
    )


def linked_file(path):
    real = path.parent / "elsewhere"
    (path / "lda" / "model.skops").rename(real)
    (path / "lda" / "model.skops").symlink_to(real)


def linked_folder(path):
    (path / "lda").rename(path.parent / "elsewhere")
    (path / "lda").symlink_to(path.parent / "elsewhere", target_is_directory=True)


def linked_manifest(path):
    (path / "bundle.json").rename(path.parent / "elsewhere.json")
    (path / "bundle.json").symlink_to(path.parent / "elsewhere.json")


def piped_file(path):
    (path / "lda" / "model.skops").unlink()
    os.mkfifo(path / "lda" / "model.skops")


def piped_manifest(path):
    (path / "bundle.json").unlink()
    os.mkfifo(path / "bundle.json")


def folder_for_a_file(path):
    (path / "lda" / "model.skops").unlink()
    (path / "lda" / "model.skops").mkdir()


def one_bit(path):
    data = bytearray((path / "lda" / "model.skops").read_bytes())
    data[len(data) // 2] ^= 1
    (path / "lda" / "model.skops").write_bytes(data)


def cut_file(path):
    os.truncate(path / "lda" / "model.skops", 100)


def without(part):
    """Remove entries from an archive."""

    def change(data):
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
        return small.edit_zip(data, {name: None for name in names if part in name})

    return change


def fewer_classes(data):
    """A valid model with other classes."""
    index = pd.DataFrame({"label": list("abab") * 3, "corpus": "x", "speaker": list("stuv") * 3})
    from sercore.bundle import estimators

    return estimators.dump(small.fit(index, np.random.default_rng(0).normal(size=(12, 3)), "logistic"))


BUNDLES = {
    "no manifest": (lambda path: (path / "bundle.json").unlink(), "bundle.json: missing"),
    "an empty manifest": (text(b""), "not valid JSON"),
    "a manifest that is not text": (text(b"\xff\xfe{}"), "not valid JSON"),
    "a manifest of a million bytes": (text(b" " * 1_000_001), "more than 1000000 bytes"),
    "a list": (text(b"[]"), "expected a JSON object"),
    "unclosed brackets": (text(b"[" * 200_000), "not valid JSON"),
    "NaN": (text(b'{"format": NaN}'), "NaN is not a JSON number"),
    "a duplicate name": (text(b'{"format": 1, "format": 2}'), "duplicate name"),
    "nothing but a format": (text(b'{"format": 3}'), "not of format 3"),
    "a newer format": (manifest("format", 4), "install a newer version"),
    "a format in words": (manifest("format", "3"), "not of format 3"),
    "a format that is true": (manifest("format", True), "not of format 3"),
    "an unknown entry": (manifest("hook", "os.system"), "differs in .'hook'"),
    "classes as text": (manifest("classes", "abc"), "not a valid manifest"),
    "one class": (manifest("classes", ["sad"]), "fewer than two classes"),
    "a class twice": (manifest("classes", ["sad", "sad", "angry"]), "a duplicate"),
    "a class of control characters": (manifest("classes", ["sad", "\x1b[2J", "angry"]), "invalid class"),
    "more classes than the model has": (manifest("classes", list("abcd")), "reference values of"),
    "classes in another order": (unforged("classes", ["angry", "sad", "neutral"]), "changed since"),
    "other classes": (manifest("classes", ["a", "b", "c"]), "reference values of"),
    "a changed manifest": (unforged("training", {"note": "x"}), "bundle.json: changed since"),
    "no members": (manifest("members", {}), "no members"),
    "a member that leaves the folder": (manifest("members", {"../x": None}), "not a valid manifest"),
    "an unknown kind of member": (of_member("kind", "pickle"), "unknown kind 'pickle'"),
    "unknown features": (of_member("features", "wav2vec"), "features 'wav2vec'"),
    "a kind that is a list": (of_member("kind", []), "not a valid manifest"),
    "a weight below 0": (of_member("weight", -1), "not a number between 0 and 1"),
    "a weight that is true": (of_member("weight", True), "not a number between 0 and 1"),
    "weights that do not sum to 1": (of_member("weight", 0.5), "do not sum to 1"),
    "an incomplete recipe": (of_member("recipe", {"sr": 1}), "not a recipe"),
    "a recipe under the key of another": (of_member("recipe_key", "0" * 12), "features differently"),
    "a recipe of other features": (of_recipe(n_mels=32), "does not fit its features"),
    "a recipe of a billion bands": (as_recipe(n_mels=10**9), "n_mels=1000000000; at most 512"),
    "a recipe with a step of one sample": (as_recipe(hop_length=1), "less than half a millisecond"),
    "reference values in words": (manifest("reference", {"sad": "a"}), "not a number"),
    "too few reference values": (manifest("reference", {"sad": 1.0}), r"reference values of \['sad'\]"),
    "a score outside its interval": (manifest("evaluation", OUTSIDE), r"UA 0\.9 outside \[0\.2, 0\.4\]"),
    "a number that is too large": (text(b'{"format": 1e999}'), "1e999 is not a JSON number"),
    "corpora that are a number": (manifest("training", {"corpora": 5}), "expected list, found int"),
    "corpora that are numbers": (manifest("training", {"corpora": [1]}), "not a valid manifest"),
    "a corpus without licence": (manifest("training", {"corpora": [{"title": "T"}]}), "'licence'"),
    "an evaluation without UA": (manifest("evaluation", {"x": 1}), "'ua'"),
    "a score in words": (manifest("evaluation", {"ua": "high"}), "not a number between 0 and 1"),
    "a path upwards": (listed("../evil"), "do not match the members"),
    "an absolute path": (listed("/etc/passwd"), "do not match the members"),
    "a file that no member has": (listed("lda/hook.py"), "do not match the members"),
    "a file under another name": (renamed_entry, "do not match the members"),
    "a size below 0": (listed("lda/model.skops", size=-1), "invalid size -1"),
    "a size in words": (listed("lda/model.skops", size="9"), "not a valid manifest"),
    "an invalid digest": (listed("lda/model.skops", digest="abc"), "or digest 'abc'"),
    "a digest that is a list": (listed("lda/model.skops", digest=[]), "not a valid manifest"),
    "more bytes than memory": (listed("lda/model.skops", size=10**15), "at most"),
    "one bit changed": (one_bit, "changed since"),
    "a cut file": (cut_file, "changed since"),
    "a longer file": (lambda path: (path / "lda" / "model.skops").open("ab").write(b"x"), "more than"),
    "a missing file": (lambda path: (path / "lda" / "model.skops").unlink(), r"1 file\(s\) missing"),
    "an extra file": (lambda path: (path / "lda" / "x.py").write_text("1"), "not part of the bundle: lda/x"),
    "an extra file on top": (lambda path: (path / "setup.py").write_text("1"), "not part of the bundle"),
    "folders in folders": (lambda path: (path / "lda" / "a" / "b").mkdir(parents=True), "nested folder"),
    "a link for a file": (linked_file, "is a link"),
    "a link for a folder": (linked_folder, "is a link"),
    "a link for the manifest": (linked_manifest, "is a link"),
    "a pipe for a file": (piped_file, "is a link, a device"),
    "a pipe for the manifest": (piped_manifest, "not a regular file"),
    "a folder for a file": (folder_for_a_file, "is a link, a device or a nested folder"),
    "a model that is not an archive": (model(lambda data: b"\x80\x04."), "not a valid archive"),
    "a model without a tree": (model(without("schema")), "not a valid archive"),
    "a model of nothing": (model(lambda d: small.edit_zip(d, {"schema.json": b"{}"})), "contains no model"),
    "a model without its numbers": (model(without(".npy")), "cannot be rebuilt"),
    "a model of other classes": (model(fewer_classes), "does not fit its features or classes"),
}  # fmt: skip


@pytest.mark.parametrize("name", BUNDLES)
def test_malformed_bundles(name, bundle, tmp_path):
    damage, message = BUNDLES[name]
    path = small.copy_bundle(bundle, tmp_path / "copy")
    damage(path)
    with pytest.raises(BundleError, match=message):
        Predictor.load(path)


def arrays(**values):
    buffer = io.BytesIO()
    np.savez(buffer, **values)
    return buffer.getvalue()


SCALERS = {
    "not an archive": (b"\x93NUMPY", "not a valid archive"),
    "pickled objects": (arrays(mean=np.array([{}]), std=np.ones(1)), "not a scaler"),
    "an array too many": (arrays(mean=np.ones(2), std=np.ones(2), more=np.ones(2)), "unexpected entries"),
    "a standard deviation of 0": (dump_scaler(np.ones(2), np.zeros(2)), "above 0"),
    "NaN": (dump_scaler(np.full(2, np.nan), np.ones(2)), "finite"),
    "other lengths": (dump_scaler(np.ones(2), np.ones(3)), "the same length"),
    "a table": (dump_scaler(np.ones((2, 2)), np.ones((2, 2))), "vectors"),
    "text": (arrays(mean=np.array(["a"]), std=np.array(["b"])), "vectors"),
    "files that are not arrays": (archive(("mean.npy", b"one", 0), ("std.npy", b"two", 0)), "vectors"),
}


@pytest.mark.parametrize("name", SCALERS)
def test_malformed_scalers(name):
    content, message = SCALERS[name]
    with pytest.raises(BundleError, match=message):
        load_scaler(content, where="scaler.npz")


@pytest.mark.parametrize("content", [b"", b"\x08\x07", bytes(range(256)), b"<html></html>"], ids=repr)
def test_malformed_onnx_files(content):
    pytest.importorskip("onnxruntime")
    with pytest.raises(BundleError, match="not a valid ONNX network"):
        load_onnx(content, where="network.onnx")


# --- tables of predictions -------------------------------------------------------------------------


def predictions():
    rows = [
        {
            "clip_id": f"demo/{k}", "speaker": f"demo-{k % 4}", "label": ("sad", "angry")[k % 2],
            "model": "m", "split": "speaker", "fold": "f", "seed": 0, "p_sad": 0.6, "p_angry": 0.4,
        }
        for k in range(8)
    ]  # fmt: skip
    return pd.DataFrame(rows)


PREDICTIONS = {
    "no rows": lambda table: table.iloc[:0],
    "no speaker": lambda table: table.drop(columns="speaker"),
    "one class": lambda table: table.drop(columns="p_sad"),
    "a label without a column": lambda table: table.assign(label="happy"),
    "NaN": lambda table: table.assign(p_sad=np.nan),
    "percent": lambda table: table.assign(p_sad=60.0, p_angry=40.0),
    "below 0": lambda table: table.assign(p_sad=1.4, p_angry=-0.4),
    "a clip twice": lambda table: pd.concat([table, table.iloc[:1]]),
    "two models": lambda table: table.assign(model=list("ab") * 4),
}


@pytest.mark.parametrize("name", PREDICTIONS)
def test_malformed_predictions(name):
    assert evaluate_oof(predictions())["n_clips"] == 8
    with pytest.raises(EvaluationError):
        evaluate_oof(PREDICTIONS[name](predictions()))


def test_number_of_inputs_is_documented():
    tables = (AUDIO, PLACES, TABLES, ARCHIVES, RECIPES, BUNDLES, SCALERS, PREDICTIONS)
    n_inputs = sum(map(len, tables))
    assert n_inputs >= 60
    text = (clone.repository() / "data" / "SECURITY.md").read_text(encoding="utf-8")
    assert f"lists {n_inputs} malformed inputs" in text
