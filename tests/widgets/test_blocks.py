"""Parts of the widgets without a browser: player, upload, recorder, debouncing, scripts."""

import asyncio
import io
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from toys.scripts import node

from sercore import widgets
from sercore.course import clone
from sercore.pictures import Axis, Picture
from sercore.widgets import Debounced, Player, Recorder, SoundInput, Upload, wav_bytes

STATIC = clone.repository() / "sercore" / "widgets" / "static"


@pytest.fixture
def wave(rng):
    return (0.2 * rng.standard_normal(16_000)).clip(-0.9, 0.9).astype(np.float32)


def test_ipywidgets_is_imported_on_first_use():
    code = (
        "import sys, sercore.widgets, sercore.pictures.views\n"
        "print([m for m in ('ipywidgets', 'anywidget', 'keras') if m in sys.modules])\n"
        "sercore.widgets.Player; print('ipywidgets' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[:2] == ["[]", "True"]
    with pytest.raises(AttributeError, match="attribute Nothing"):
        widgets.Nothing  # noqa: B018
    assert all(hasattr(widgets, name) for name in widgets.__all__)


def test_player_has_picture_and_sound(wave):
    picture = Picture(Axis(0.0, 2.0, "time (s)"), Axis(0.0, 1000.0, "frequency (Hz)")).drawn()
    player = Player(picture, wave, 16_000, description="clip A")
    heard, sr = soundfile.read(io.BytesIO(player.sound), dtype="float32")
    assert sr == 16_000
    np.testing.assert_allclose(heard, wave, atol=2 / 2**15)
    assert (player.picture, player.left, player.stop) == (picture.png, picture.left, 2.0)
    assert player.duration == pytest.approx(1.0)
    player.position, player.playing = 0.5, True
    player.show(picture)
    assert player.playing  # a new picture does not stop the sound
    player.hear(0.5 * wave, 16_000)
    assert (player.position, player.playing) == (0.0, False)


def test_debounced_calls_once_for_a_series_of_events():
    seen, slider = [], {"value": 0}
    debounced = Debounced(lambda: seen.append(slider["value"]))

    async def series():
        for value in range(50):
            slider["value"] = value
            debounced({"new": value})
            await asyncio.sleep(0)
        while debounced.waiting:
            await asyncio.sleep(0.001)

    asyncio.run(series())
    assert seen[-1] == 49
    assert len(seen) <= 3
    asyncio.run(series())
    assert seen[-1] == 49
    assert len(seen) <= 6


def test_debounced_calls_once_for_events_during_a_call():
    calls, slider = [], {"value": 0}

    async def run():
        loop = asyncio.get_running_loop()

        def draw():
            calls.append(slider["value"])
            if len(calls) == 1:  # ten events arrive during the first call
                for value in range(1, 11):
                    loop.call_soon(lambda value=value: (slider.update(value=value), debounced()))

        debounced = Debounced(draw)
        debounced()
        await asyncio.sleep(0.05)

    asyncio.run(run())
    assert calls == [0, 10]


def test_debounced_calls_immediately_without_event_loop():
    seen = []
    debounced = Debounced(lambda: seen.append(1))
    debounced()
    debounced()
    assert seen == [1, 1]
    assert not debounced.waiting


def test_broken_upload_shows_error(wave):
    received = []
    own = SoundInput(lambda *sound: received.append(sound))
    own.take("<b>bad</b>.wav", b"no sound")
    assert 'role="alert"' in own.message.value
    assert "&lt;b&gt;bad&lt;/b&gt;.wav: not readable as audio" in own.message.value
    assert received == []
    own.take("good.wav", wav_bytes(wave, 16_000))
    assert own.message.value == ""
    assert [(name, len(sound)) for sound, name in received] == [("good.wav", 16_000)]


def test_upload_joins_parts_up_to_its_limit(wave):
    arrived = []
    upload = Upload(lambda *file: arrived.append(file), limit=10)
    send = lambda message, *buffers: upload._handle_custom_msg(message, list(buffers))  # noqa: E731
    send({"step": "begin", "name": "a.wav"})
    send({"step": "part"}, memoryview(b"abc"))
    send({"step": "part"}, memoryview(b"de"))
    send({"step": "end"})
    assert arrived == [("a.wav", b"abcde")]
    send({"step": "begin", "name": "b.wav"})
    for _ in range(5):
        send({"step": "part"}, memoryview(b"1234"))
    send({"step": "end"})
    assert arrived[1] == ("b.wav", b"12341234")


def test_recording_is_received(wave):
    received = []
    own = SoundInput(lambda sound, name: received.append((name, len(sound))))
    own.recorder.set_state({"recording": memoryview(wav_bytes(wave, 16_000))})
    assert received == [("recording", 16_000)]
    assert own.recorder.recording == b""  # a notebook may store the state of its widgets
    assert Recorder(limit=5).limit == 5
    assert not hasattr(SoundInput(print, microphone=False), "recorder")


def scripts() -> list[Path]:
    found = sorted(STATIC.glob("*.js"))
    assert len(found) >= 3
    return found


def test_scripts_are_packaged_and_use_no_network():
    project = tomllib.loads((clone.repository() / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["package-data"]["sercore.widgets"] == ["static/*"]
    for path in [*scripts(), STATIC / "sound.mjs", STATIC / "blocks.css"]:
        assert re.findall(r"https?://|\bimport\b|\bfetch\b|@import|url\(", path.read_text()) == [], path


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_scripts_are_valid_modules(path):
    assert path.read_text().endswith("export default { render };\n")
    code = (STATIC / "sound.mjs").read_text() + path.read_text()
    code = code.replace("export default { render };", "console.log(typeof render);")
    assert node(code).strip() == b"function"


def test_recorder_writes_wav_file():
    code = (STATIC / "sound.mjs").read_text()
    blocks = "[new Float32Array([0, 0.5, -0.5]), new Float32Array([1, -1, 3])]"
    file = node(f"{code}\nprocess.stdout.write(new Uint8Array(wavFile({blocks}, 44100).buffer));")
    samples, sr = soundfile.read(io.BytesIO(file))
    assert sr == 44_100
    np.testing.assert_allclose(samples, [0, 0.5, -0.5, 1, -1, 1], atol=1e-4)


def test_decoded_channels_are_interleaved():
    code = (STATIC / "sound.mjs").read_text()
    sound = """{ numberOfChannels: 2, length: 2, sampleRate: 16000,
      getChannelData: (k) => new Float32Array(k ? [0.5, -0.5] : [0, 1]) }"""
    file = node(f"{code}\nprocess.stdout.write(new Uint8Array(wavOfChannels({sound}).buffer));")
    samples, sr = soundfile.read(io.BytesIO(file))
    assert sr == 16_000
    np.testing.assert_allclose(samples, [[0, 0.5], [1, -0.5]], atol=1e-4)


@pytest.mark.parametrize(
    ("head", "read"),
    [
        ("RIFF....", True), ("fLaC....", True), ("OggS....", True), ("ID3.....", True),
        ("\\xff\\xfb..", True), ("\\xff\\xf1..", False), ("\\x1aE\\xdf\\xa3", False),
        ("\\0\\0\\0 ftypM4A", False),
    ],
)  # fmt: skip
def test_browser_decodes_what_the_kernel_does_not_read(head, read):
    code = (STATIC / "sound.mjs").read_text()
    file = f"new Blob([Uint8Array.from('{head}', (c) => c.charCodeAt(0))])"
    assert node(f"{code}\nconsole.log(await isReadByKernel({file}));").strip() == str(read).lower().encode()
