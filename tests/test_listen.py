"""``sercore listen`` with a fake sounddevice."""

import queue
import sys
import types

import numpy as np
import pytest
from toys.voices import small_predictor

from sercore.audio import microphone as module
from sercore.bundle import Recording
from sercore.cli import main
from sercore.errors import AudioError

SR = 16_000


class PortAudioError(Exception):
    pass


class InputStream:
    """Calls back with two seconds of speech and two of silence."""

    opened = None

    def __init__(self, *, device, samplerate, blocksize, channels, dtype, callback):
        assert (samplerate, blocksize, channels, dtype) == (SR, 2000, 1, "float32")
        InputStream.opened, self.callback, self.log = self, callback, [device]

    def start(self):
        wave = Recording.synthetic(("angry",), sentences=1).wave[: 2 * SR]
        wave = np.concatenate([wave, np.zeros(4 * SR - len(wave), np.float32)])
        for block in wave.reshape(-1, 2000):
            self.callback(block[:, None], len(block), None, None)

    def abort(self):
        self.log.append("aborted")

    def close(self):
        self.log.append("closed")


@pytest.fixture
def sounddevice(monkeypatch):
    def query_devices(device, kind):
        if device == "none":
            raise ValueError("No input device matching 'none'")
        if device == 7:
            raise PortAudioError("Error querying device 7")
        return {"default_samplerate": float(SR)}

    fake = types.SimpleNamespace(
        InputStream=InputStream, query_devices=query_devices, PortAudioError=PortAudioError
    )
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.05)
    return fake


@pytest.fixture
def slow_device(monkeypatch):
    """The program is faster than the device: there is never more than one block to read."""

    class OneByOne(queue.Queue):
        def get_nowait(self):
            raise queue.Empty

    fake = types.SimpleNamespace(SimpleQueue=OneByOne, Empty=queue.Empty)
    monkeypatch.setattr(module, "queue", fake)


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setattr("sercore.bundle.speech_predictor", lambda bundle: small_predictor())


@pytest.mark.usefixtures("slow_device")
def test_listen_prints_a_line_per_step_and_releases_the_device(sounddevice, model, capsys):
    assert main(["listen", "--seconds", "4", "--step", "0.5", "--device", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "does not read minds" in lines[0]
    assert any("Trained on a synthetic voice" in line for line in lines)
    moments = lines[lines.index("Listening; Ctrl-C stops.") + 1 :]
    assert [line.split()[0] for line in moments] == [f"{0.5 * k:.1f}" for k in range(1, 9)]
    assert " %" in moments[2]
    assert moments[-1].endswith("no prediction: pause")
    assert InputStream.opened.log == [3, "aborted", "closed"]


@pytest.mark.usefixtures("slow_device")
def test_listen_prints_no_control_characters_of_a_bundle(sounddevice, model, monkeypatch, capsys):
    monkeypatch.setattr("sercore.bundle.model_note", lambda predictor: "Trained on \x1b[2J.\nA second line.")
    assert main(["listen", "--seconds", "1"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert r"\x1b[2J." in shown
    assert "A second line." in shown.splitlines()


@pytest.mark.usefixtures("slow_device")
def test_listen_rewrites_one_line_of_a_terminal(sounddevice, model, monkeypatch, capsys):
    """Without escape sequences, which a Windows console may print as they are."""
    texts = iter(["neutral, 50 %", "sad", "no prediction: pause and more", *"abcde"])
    monkeypatch.setattr("sercore.cli.listen.line_of", lambda moment: next(texts))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "21")  # a line that wraps cannot be rewritten
    assert main(["listen", "--seconds", "4", "--step", "0.5"]) == 0
    shown = capsys.readouterr().out.split("Listening; Ctrl-C stops.\n")[1]
    *lines, end = shown.split("\r")
    assert end == "\n"
    assert [line.rstrip(" ") for line in lines] == ["neutral, 50 %", "sad", "no prediction: pause", *"abcde"]
    assert [len(line) for line in lines] == [13, 13, *[20] * 6], "the end of a longer line stays"


def test_a_device_that_does_not_start_is_closed(sounddevice, monkeypatch):
    def start(self):
        raise PortAudioError("device is busy")

    monkeypatch.setattr(InputStream, "start", start)
    with pytest.raises(AudioError, match="device is busy"), module.microphone(3):
        pass
    assert InputStream.opened.log[-1] == "closed"
    with pytest.raises(AudioError, match="the default input device cannot be opened"), module.microphone():
        pass


def test_a_slow_model_skips_what_it_has_missed(sounddevice, model, capsys):
    """All four seconds arrive before the first prediction, so there is one, of the newest samples."""
    assert main(["listen", "--seconds", "4", "--step", "0.5"]) == 0
    (moment,) = capsys.readouterr().out.partition("Ctrl-C stops.\n")[2].splitlines()
    assert moment.split()[0] == "4.0"


@pytest.mark.usefixtures("slow_device")
def test_interrupting_is_the_normal_end(sounddevice, model, monkeypatch, capsys):
    def interrupt(moment):
        raise KeyboardInterrupt

    monkeypatch.setattr("sercore.cli.listen.line_of", interrupt)
    assert main(["listen"]) == 0
    assert capsys.readouterr().err == ""
    assert InputStream.opened.log[-2:] == ["aborted", "closed"]


def test_disconnected_device_is_a_typed_error(sounddevice, model, capsys):
    assert main(["listen"]) == 1
    assert "may have been disconnected" in capsys.readouterr().err
    assert InputStream.opened.log[-1] == "closed"


@pytest.mark.parametrize(("device", "found"), [("none", "'none'"), ("7", "device 7")])
def test_missing_device_is_a_typed_error(sounddevice, model, device, found, capsys):
    assert main(["listen", "--device", device]) == 1
    error = capsys.readouterr().err
    assert found in error
    assert "python -m sounddevice" in error


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ImportError("no module"), "sercore[microphone]"),
        (OSError("PortAudio library not found"), "libportaudio2"),
    ],
)
def test_missing_package_or_library_is_a_typed_error(monkeypatch, error, advice):
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "sounddevice":
                raise error

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(AudioError) as caught, module.microphone():
        pass
    assert advice in str(caught.value)
    assert caught.value.reason == "missing"
