"""Loading: unusable recordings raise an error with a reason, unusual ones are read correctly."""

import io
import os
import pickle
from functools import lru_cache

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sercore import audio
from sercore.errors import AudioError, SercoreError

SR = audio.SAMPLE_RATE


def tone(seconds=0.5, sr=SR, amplitude=0.3, hertz=220.0):
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * sr)) / sr)).astype(np.float32)


def write(path, samples, sr=SR, **options):
    soundfile.write(path, samples, sr, **options)
    return path


def refused(path, reason, message):
    """Loading raises an error with this reason and message that names the file."""
    with pytest.raises(AudioError, match=message) as caught:
        audio.load(path)
    assert caught.value.reason == reason
    assert os.path.basename(path) in str(caught.value)


LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"

# --- unusable files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "reason", "message"),
    [
        ("a.wav", b"", "empty", "0 bytes"),
        ("a.wav", LFS_POINTER, "lfs-pointer", "git lfs pull"),
        ("a.wav", b"<!DOCTYPE html><html></html>", "web-page", "download the file again"),
        ("a.mp3", b"\xef\xbb\xbf\r\n  <HTML><body>404</body></HTML>", "web-page", "web page"),
        ("a.flac", b'<?xml version="1.0"?><Error/>', "web-page", "web page"),
        ("a.wav", b"emotion,path\nhappy,a.wav\n" * 9, "not-audio", r"text, not sound \('emotion,path'\)"),
        ("a.mp3", b"hello " * 500, "not-audio", "not readable as audio"),
        ("a.raw", bytes(range(256)) * 40, "not-audio", "not readable as audio"),
        ("a.wav", b"RIFF", "not-audio", "not readable as audio"),
        ("a.flac", b"fLaC" + bytes(50), "truncated", "get it again"),
    ],
)  # fmt: skip
def test_load_refuses_other_files(tmp_path, name, content, reason, message):
    path = tmp_path / name
    path.write_bytes(content)
    refused(path, reason, message)


def test_missing_file(tmp_path):
    refused(tmp_path / "nothing.wav", "missing", "there is no such file")


def test_path_below_a_file(tmp_path):
    refused(write(tmp_path / "a.wav", tone()) / "b.wav", "missing", "there is no such file")


def test_folder_instead_of_file(tmp_path):
    refused(tmp_path, "not-audio", "not a regular file")


def test_fifo_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    refused(tmp_path / "pipe.wav", "not-audio", "not a regular file")


def test_no_permission(tmp_path, monkeypatch):
    path = write(tmp_path / "a.wav", tone())

    def deny(*_, **__):  # chmod does not stop the superuser that containers run as
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", deny)
    refused(path, "unreadable", "Permission denied")


CONTAINERS = [
    ("a.wav", {}),
    ("a.wav", {"endian": "BIG"}),
    ("a.wav", {"format": "AIFF"}),
    ("a.flac", {}),
    ("a.ogg", {}),
]


@pytest.mark.parametrize("fraction", [0.9, 0.5, 0.05])
@pytest.mark.parametrize(("name", "options"), CONTAINERS)
def test_truncated_files(tmp_path, name, options, fraction):
    path = write(tmp_path / name, tone(), **options)
    path.write_bytes(path.read_bytes()[: int(fraction * path.stat().st_size)])
    refused(path, "truncated", "cut off")


def test_wav_header_without_samples(tmp_path):
    path = write(tmp_path / "a.wav", tone())
    path.write_bytes(path.read_bytes()[:44])
    refused(path, "truncated", "cut off")


def test_recording_without_samples(tmp_path):
    refused(write(tmp_path / "a.wav", np.zeros(0)), "empty", "no samples")


def test_flac_header_with_implausible_length(tmp_path):
    path = write(tmp_path / "a.flac", tone())
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the last 36 bits before the checksum are the number of samples
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    refused(path, "truncated", "more than .* bytes can hold")


@pytest.mark.parametrize("rate", [1, 3999, 768_001, 2**31 - 1])
def test_implausible_sample_rate(tmp_path, rate):
    refused(write(tmp_path / "a.wav", tone(), rate), "not-audio", "sample rate of")


def test_wav_with_wrong_data_length_is_read_to_its_end(tmp_path):
    path = write(tmp_path / "a.wav", tone(), subtype="PCM_16")
    content = bytearray(path.read_bytes())
    content[40:44] = (2**31 - 1).to_bytes(4, "little")
    path.write_bytes(content)
    assert audio.load(path).size == tone().size


@pytest.mark.parametrize("declared", [0, 0xFFFFFFFF - 8])
def test_wav_written_to_a_pipe(tmp_path, declared):
    path = write(tmp_path / "a.wav", tone(), subtype="PCM_16")
    content = bytearray(path.read_bytes())
    content[4:8] = declared.to_bytes(4, "little")
    path.write_bytes(content)
    assert audio.load(path).size == tone().size


def test_mp3_without_index_is_not_truncated(tmp_path):
    path = write(tmp_path / "a.mp3", tone(3.0), bitrate_mode="CONSTANT", compression_level=0.5)
    content = path.read_bytes()
    index_frame = content.find(content[:2], 4)  # the first frame holds the index and no sound
    path.write_bytes(b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + content[index_frame:] + b"TAG" + bytes(125))
    assert audio.load(path).size / SR == pytest.approx(3.0, abs=0.2)


def test_truncated_mp3(tmp_path):
    path = write(tmp_path / "a.mp3", tone(3.0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(path, "truncated", "cut off")


def test_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr("sercore.audio.reading.MAX_SECONDS", 1.0)
    refused(write(tmp_path / "a.wav", tone(1.5)), "too-long", "cut it into pieces")
    assert audio.load(write(tmp_path / "b.wav", tone(1.0))).size == SR


# --- unusable waveforms ---------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_not_finite(tmp_path, bad, channels):
    samples = np.stack([tone(), -0.5 * tone()][:channels], axis=1)
    samples[100:103] = [bad, -bad][:channels]
    refused(write(tmp_path / "a.wav", samples, subtype="FLOAT"), "not-finite", "3 of 8000 samples")


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(SR, dtype=np.float32),
        np.full(SR, 0.3, dtype=np.float32),  # a dead microphone with an offset
        tone(1.0, amplitude=0.9e-4),
    ],
    ids=["zeros", "offset", "hum"],
)
def test_silent(tmp_path, samples):
    refused(write(tmp_path / "a.wav", samples, subtype="FLOAT"), "silent", "leave the clip out")


def test_silent_after_resampling(tmp_path):
    wave = tone(sr=48_000, hertz=15_000.0) * np.hanning(24_000)  # no click at the edges
    path = write(tmp_path / "a.wav", wave, 48_000)
    refused(path, "silent", "silent")
    assert audio.load(path, sr=48_000).size == 24_000


def test_quiet_is_not_silent(tmp_path):
    path = write(tmp_path / "a.wav", tone(amplitude=1.2e-4), subtype="FLOAT")
    assert np.abs(audio.load(path)).max() == pytest.approx(1.2e-4, rel=0.01)


def test_too_short(tmp_path):
    refused(write(tmp_path / "a.wav", tone(0.099)), "too-short", "0.099 s long; at least 0.1 s")
    assert audio.load(write(tmp_path / "b.wav", tone(0.1))).size == 1600


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_channels_that_cancel(tmp_path):
    wave = tone()
    path = write(tmp_path / "a.wav", np.stack([wave, -wave], axis=1))
    refused(path, "channels-cancel", "keep one channel")


def test_one_silent_channel_does_not_cancel(tmp_path):
    wave = tone()
    loaded = audio.load(write(tmp_path / "a.wav", np.stack([wave, 0 * wave], axis=1)))
    np.testing.assert_allclose(loaded, wave / 2, atol=1e-4)


def test_samples_in_other_units_are_refused(tmp_path):
    path = write(tmp_path / "a.wav", 32_767 * tone(), subtype="FLOAT")
    refused(path, "out-of-range", "divide integers by their full scale")


def test_overshoot_is_clipped(tmp_path):
    loaded = audio.load(write(tmp_path / "a.wav", tone(amplitude=1.5), subtype="FLOAT"))
    np.testing.assert_allclose(loaded, np.clip(tone(amplitude=1.5), -1, 1), atol=1e-3)
    assert np.abs(loaded).max() == 1.0


@pytest.mark.parametrize(
    ("wave", "reason", "message"),
    [
        (np.zeros((2, SR), dtype=np.float32), "not-mono", "average the channels"),
        (np.zeros(SR, dtype=np.int16), "not-mono", "mono float"),
        (np.zeros(0), "empty", "no samples"),
        (np.zeros(SR), "silent", "leave the clip out"),
        (tone(0.05), "too-short", "0.050 s long"),
        (np.full(SR, np.nan), "not-finite", "16000 of 16000"),
        (100 * tone(), "out-of-range", "peak 30"),
    ],
)
def test_check_refuses_invalid_arrays(wave, reason, message):
    with pytest.raises(AudioError, match=message) as caught:
        audio.check(wave, SR, where="array")
    assert caught.value.reason == reason
    assert str(caught.value).startswith("array: ")


def test_check_accepts_a_waveform():
    assert audio.check(tone(), SR) is None


# --- unusual but usable recordings ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("subtype", "tolerance"),
    [("PCM_U8", 1e-2), ("PCM_16", 1e-4)] + [(s, 1e-6) for s in ("PCM_24", "PCM_32", "FLOAT", "DOUBLE")],
)
def test_sample_formats(tmp_path, subtype, tolerance):
    loaded = audio.load(write(tmp_path / "a.wav", tone(), subtype=subtype))
    assert loaded.dtype == np.float32
    np.testing.assert_allclose(loaded, tone(), atol=tolerance)


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.flac", {}, 1e-4),
        ("a.ogg", {}, 0.05),
        ("a.mp3", {}, 0.05),
        ("a.wav", {"format": "AIFF"}, 1e-4),
        ("a.wav", {"format": "FLAC"}, 1e-4),
        ("Überraschung 驚き.wav", {}, 1e-4),
    ],
)
def test_formats_and_names(tmp_path, name, options, tolerance):
    loaded = audio.load(write(tmp_path / name, tone(), **options))
    assert loaded.shape == tone().shape
    middle = slice(1000, -1000)  # lossy codecs ring at the edges
    np.testing.assert_allclose(loaded[middle], tone()[middle], atol=tolerance)


def test_path_as_string(tmp_path):
    assert audio.load(str(write(tmp_path / "a.wav", tone()))).size == tone().size


@pytest.mark.parametrize("native", [8000, 11_025, 24_414, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("sr", [16_000, 22_050])
def test_resampling_keeps_duration_pitch_and_level(tmp_path, native, sr):
    loaded = audio.load(write(tmp_path / "a.wav", tone(1.0, native), native), sr=sr)
    assert loaded.size == pytest.approx(sr, abs=1)
    middle = loaded[sr // 10 : -sr // 10]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=1e-3)
    spectrum = np.abs(np.fft.rfft(loaded[:sr] * np.hanning(len(loaded[:sr]))))
    assert np.argmax(spectrum) * sr / len(loaded[:sr]) == pytest.approx(220.0, abs=1.5)


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_averaged(tmp_path, channels, rng):
    samples = rng.uniform(-0.5, 0.5, (SR, channels)).astype(np.float32)
    samples -= samples.mean(axis=0)
    loaded = audio.load(write(tmp_path / "a.wav", samples, subtype="FLOAT"))
    np.testing.assert_allclose(loaded, samples.mean(axis=1), atol=1e-6)


def test_constant_offset_is_subtracted(tmp_path):
    loaded = audio.load(write(tmp_path / "a.wav", 0.2 + tone(), subtype="FLOAT"))
    np.testing.assert_allclose(loaded, tone(), atol=1e-6)


@pytest.mark.parametrize("gain", [0.01, 0.1, 1.0, 3.0])
def test_level_is_not_normalised(tmp_path, gain):
    loaded = audio.load(write(tmp_path / "a.wav", gain * tone(sr=48_000), 48_000, subtype="FLOAT"))
    assert np.abs(loaded).max() == pytest.approx(0.3 * gain, rel=0.02)


# --- fuzzing --------------------------------------------------------------------------------------


def assert_wave_or_typed_error(path):
    """Load a file; any other exception fails the test."""
    try:
        wave = audio.load(path)
    except AudioError as error:
        found = error
    else:
        audio.check_array(wave)
        assert wave.dtype == np.float32
        assert np.abs(wave).max() <= 1.0
        return
    assert found.reason in REASONS
    assert path.name in str(found)


REASONS = {
    "empty", "not-audio", "lfs-pointer", "web-page", "truncated", "silent", "too-short", "too-long",
    "not-finite", "channels-cancel", "out-of-range", "joined", "unreadable",
}  # fmt: skip
EXAMPLES = 200
fuzzing = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
HEADS = [
    b"",
    b"RIFF\x24\x10\0\0WAVEfmt ",
    b"fLaC\0\0\0\x22",
    b"OggS\0\x02",
    b"\xff\xfb\x90\x64",
    b"FORM\0\0\0\x40AIFF",
]


@fuzzing
@given(
    head=st.sampled_from(HEADS), body=st.binary(max_size=600), suffix=st.sampled_from(audio.AUDIO_SUFFIXES)
)
def test_random_bytes_give_wave_or_typed_error(tmp_path, head, body, suffix):
    path = tmp_path / f"fuzz{suffix}"
    path.write_bytes(head + body)
    assert_wave_or_typed_error(path)


KINDS = {"a.wav": {}, "f.wav": {"subtype": "FLOAT"}, "a.flac": {}, "a.ogg": {}, "a.mp3": {}}


@lru_cache
def good_file(name):
    """Content of a good stereo file."""
    buffer = io.BytesIO()
    stereo = np.stack([tone(0.3), tone(0.3, hertz=330)], axis=1)
    soundfile.write(buffer, stereo, SR, format=name.split(".")[1], **KINDS[name])
    return buffer.getvalue()


# damage in the first bytes has the most different effects
FLIPS = st.lists(st.tuples(st.integers(0, 63) | st.integers(0, 10_000), st.integers(0, 255)), max_size=6)


@fuzzing
@given(name=st.sampled_from(sorted(KINDS)), flips=FLIPS, kept=st.just(1.0) | st.floats(0, 1))
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_damaged_files_give_wave_or_typed_error(tmp_path, name, flips, kept):
    content = bytearray(good_file(name))
    for position, value in flips:
        content[position % len(content)] = value
    path = tmp_path / name
    path.write_bytes(content[: round(kept * len(content))])
    assert_wave_or_typed_error(path)


# --- errors, trim, fit_length ---------------------------------------------------------------------


def test_audio_error_keeps_reason_when_pickled():
    error = pickle.loads(pickle.dumps(AudioError("a.wav: silent", reason="silent")))
    assert type(error) is AudioError
    assert (str(error), error.reason) == ("a.wav: silent", "silent")


def test_audio_error_base_classes():
    assert issubclass(AudioError, SercoreError)
    assert issubclass(AudioError, ValueError)


@given(n=st.integers(0, 300), n_samples=st.integers(0, 300))
def test_fit_length(n, n_samples):
    wave = np.arange(1, n + 1, dtype=np.float32)
    fitted = audio.fit_length(wave, n_samples)
    kept = min(n, n_samples)
    assert fitted.shape == (n_samples,)
    assert fitted.dtype == wave.dtype
    np.testing.assert_array_equal(fitted[:kept], wave[:kept])
    assert not fitted[kept:].any()


@settings(deadline=None)
@given(
    before=st.integers(0, 12_000), speech=st.integers(2000, 12_000), after=st.integers(0, 12_000),
    top_db=st.sampled_from([20.0, 30.0, 40.0, 60.0]), gain=st.sampled_from([1e-3, 1.0]),
)  # fmt: skip
def test_trim_keeps_speech_and_removes_silence(before, speech, after, top_db, gain):
    wave = np.concatenate([np.zeros(before), tone(1.0)[:speech], np.zeros(after)]).astype(np.float32)
    kept = audio.trim(gain * wave, SR, top_db=top_db)
    assert min(len(wave), 0.1 * SR) <= len(kept) <= speech + 4 * 400 + 400
    assert np.sum(kept**2) == pytest.approx(np.sum((gain * wave) ** 2), rel=10 ** (-top_db / 10) * 40 + 1e-4)


def test_trim_returns_a_view():
    wave = np.concatenate([np.zeros(SR), tone(1.0), np.zeros(SR)]).astype(np.float32)
    kept = audio.trim(wave, SR)
    assert np.shares_memory(kept, wave)
    start = (kept.ctypes.data - wave.ctypes.data) // wave.itemsize
    np.testing.assert_array_equal(kept, wave[start : start + len(kept)])


@pytest.mark.parametrize("wave", [np.zeros(SR, np.float32), tone(1.0), tone(0.05), tone(0.1)])
def test_trim_without_silence_changes_nothing(wave):
    np.testing.assert_array_equal(audio.trim(wave, SR), wave)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=60), st.integers(1, 400))
def test_trim_any_wave(values, repeat):
    wave = np.repeat(np.array(values, dtype=np.float32), repeat)
    kept = audio.trim(wave, SR)
    assert min(len(wave), 0.1 * SR) <= len(kept) <= len(wave)


@pytest.mark.real
def test_load_real_recordings(real_corpora):
    """RAVDESS's stereo clips; TESS's 96 kHz clip and its AIFFs inside .wav."""
    odd = sorted(p for folder in ("ravdess", "tess") for p in (real_corpora / folder).rglob("*.wav"))
    if not odd:
        pytest.skip("no .wav among the corpora here")
    for path in odd[:20]:
        assert audio.load(path).size > SR
