"""Building blocks of the widgets: pictures, player, recorder, upload, bursts. No browser here."""

import asyncio
import io
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import soundfile
from PIL import Image

from sercore import pictures, widgets
from sercore.course import clone
from sercore.errors import AudioError
from sercore.pictures import Axis, Picture
from sercore.pictures.canvas import CURVES, N_SHADES, palette
from sercore.widgets import (
    Debounced,
    Player,
    Recorder,
    SoundInput,
    Upload,
    load_bytes,
    wav_bytes,
)

STATIC = clone.repository() / "sercore" / "widgets" / "static"
TIME, HERTZ, DB = Axis(0.0, 2.0, "time (s)"), Axis(0.0, 1000.0, "frequency (Hz)"), Axis(-60.0, 0.0, "dB")


@pytest.fixture
def wave(rng):
    return (0.2 * rng.standard_normal(16_000)).clip(-0.9, 0.9).astype(np.float32)


def pixels(drawn) -> np.ndarray:
    """Red, green and blue of a picture, [shape=(height, width, 3)]."""
    return np.asarray(Image.open(io.BytesIO(drawn.png)).convert("RGB")).astype(int)


def where(drawn, color) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of one colour."""
    return np.nonzero((pixels(drawn) == np.array(color)).all(axis=-1))


def brightest(picture: Picture) -> tuple[float, float]:
    """Seconds and hertz at the middle of the most intense pixels."""
    drawn, box = picture.drawn(), picture.box
    top = tuple(palette("magma")[3 * (N_SHADES - 1) : 3 * N_SHADES])
    rows, columns = where(drawn, top)
    inside = columns < box.right  # not the colour bar
    x, y = columns[inside].mean() + 0.5, rows[inside].mean() + 0.5
    share = (x / pixels(drawn).shape[1] - drawn.left) / (drawn.right - drawn.left)
    return drawn.start + share * (drawn.stop - drawn.start), 1000 * (box.bottom - y) / (box.bottom - box.top)


def test_package_loads_no_widgets_until_one_is_used():
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


def test_an_image_lies_where_its_axes_say():
    values = np.full((10, 20), -60.0)
    values[7, 4] = 0.0  # from 0.4 to 0.5 s, from 700 to 800 Hz
    picture = Picture(TIME, HERTZ, bar=DB).image(values, x=(0.0, 2.0), y=(0.0, 1000.0))
    assert brightest(picture) == pytest.approx((0.45, 750.0), abs=3.0)
    assert brightest(picture)[0] == pytest.approx(0.45, abs=0.005)


def test_what_lies_beyond_the_axes_is_cut_and_the_rest_stays_in_place():
    values = np.full((20, 40), -60.0)
    values[7, 8] = values[15, 30] = 0.0  # the second at 3 s and 1500 Hz
    picture = Picture(TIME, HERTZ, bar=DB).image(values, x=(0.0, 4.0), y=(0.0, 2000.0))
    assert brightest(picture)[0] == pytest.approx(0.85, abs=0.005)
    assert brightest(picture)[1] == pytest.approx(750, abs=3)


def test_colours_come_from_the_limits_of_the_bar_alone():
    def middle(level, low):
        bar = Axis(low, 0.0)
        drawn = Picture(TIME, HERTZ, bar=bar).image(np.full((4, 4), level), x=(0, 2), y=(0, 1000)).drawn()
        return pixels(drawn)[150, 500].tolist()

    assert middle(-30.0, -60.0) == middle(-20.0, -40.0) != middle(-20.0, -60.0)
    assert middle(-90.0, -60.0) == middle(-60.0, -60.0)
    assert middle(5.0, -60.0) == middle(0.0, -60.0)


def test_colour_maps_brighten_steadily_and_curves_differ_from_them_in_grey():
    colors = np.frombuffer(palette("magma"), np.uint8).reshape(256, 3)
    luminance = colors @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance[:N_SHADES]) > -1).all()
    assert luminance[N_SHADES - 1] - luminance[0] > 200


def test_a_curve_breaks_where_it_is_nan_and_stays_within_its_axis():
    x = np.linspace(0, 2, 201)
    y = np.where((x > 0.5) & (x < 1.0), np.nan, np.where(x > 1.5, 1500.0, 400.0))
    drawn = Picture(TIME, HERTZ).line(x, y, "F0").drawn()
    cyan = tuple(int(CURVES["F0"].color[k : k + 2], 16) for k in (1, 3, 5))
    rows, columns = where(drawn, cyan)
    share = ((columns + 0.5) / pixels(drawn).shape[1] - drawn.left) / (drawn.right - drawn.left)
    seconds = 2 * share
    assert not ((seconds > 0.53) & (seconds < 0.97)).any()
    assert seconds.max() < 1.53
    assert ((seconds > 0.1) & (seconds < 0.4)).any()
    assert ((seconds > 1.1) & (seconds < 1.4)).any()
    assert np.ptp(rows) <= 3


def test_a_wave_fills_what_lies_between_its_extremes():
    wave = np.zeros(2000, np.float32)
    wave[1000], wave[1001] = 0.5, -0.25
    drawn = Picture(TIME, Axis(-1.0, 1.0)).wave(wave, 1000).drawn()
    blue = tuple(int(CURVES["wave"].color[k : k + 2], 16) for k in (1, 3, 5))
    rows, columns = where(drawn, blue)
    box = Picture(TIME, Axis(-1.0, 1.0)).box
    height = box.bottom - box.top
    assert rows.min() == pytest.approx(box.top + height * 0.25, abs=2)
    assert rows.max() == pytest.approx(box.top + height * 0.625, abs=2)
    assert columns[rows == rows.min()].mean() == pytest.approx((box.left + box.right) / 2, abs=3)


def test_letters_grow_with_the_font_and_long_titles_are_cut():
    def ink(size, title="t"):
        return (pixels(Picture(TIME, HERTZ, font_size=size, title=title).drawn()) < 100).all(axis=-1).sum()

    assert ink(23) > 1.3 * ink(15)
    assert Picture(TIME, HERTZ, font_size=23).box.left > Picture(TIME, HERTZ, font_size=15).box.left
    wide = pixels(Picture(TIME, HERTZ, title="long " * 80, legend=("F0",)).drawn())
    assert (wide[:20, -15:] == 255).all()  # nothing runs past the axes


def test_given_ticks_never_overlap():
    axis = Axis(0.0, 1.0, ticks=((0.0, "a"), (0.01, "b"), (0.5, "c"), (2.0, "d")))
    assert [text for _, text in axis.ticks_within(5)] == ["a", "c"]
    assert [text for _, text in Axis(0.0, 2.0).ticks_within(4)] == ["0", "0.5", "1", "1.5", "2"]


def test_a_matplotlib_figure_becomes_a_picture_whose_axis_is_known():
    figure, ax = plt.subplots(figsize=(8, 2), dpi=100)
    ax.set(xlim=(1.0, 3.0), position=(0.25, 0.2, 0.5, 0.7))
    drawn = pictures.from_axes(ax)
    assert (drawn.left, drawn.right, drawn.start, drawn.stop) == pytest.approx((0.25, 0.75, 1.0, 3.0))
    assert pixels(drawn).shape[:2] == (200, 800)
    assert not plt.fignum_exists(figure.number)


def test_a_player_without_a_browser_holds_picture_and_sound(wave):
    picture = Picture(TIME, HERTZ).drawn()
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


def test_loudness_is_kept(wave):
    loud, soft = (soundfile.read(io.BytesIO(wav_bytes(gain * wave, 16_000)))[0] for gain in (1.0, 0.1))
    assert np.abs(soft).max() / np.abs(loud).max() == pytest.approx(0.1, rel=0.01)
    with pytest.raises(AudioError, match="mono float"):
        wav_bytes(np.zeros((2, 100), np.float32), 16_000)


def test_a_burst_calls_once_with_the_last_value_and_later_events_again():
    seen, slider = [], {"value": 0}
    latest = Debounced(lambda: seen.append(slider["value"]))

    async def burst():
        for value in range(50):
            slider["value"] = value
            latest({"new": value})
            await asyncio.sleep(0)
        while latest.waiting:
            await asyncio.sleep(0.001)

    asyncio.run(burst())
    assert seen[-1] == 49
    assert len(seen) <= 3
    asyncio.run(burst())
    assert seen[-1] == 49
    assert len(seen) <= 6


def test_events_during_a_slow_call_are_heard_together():
    calls, slider = [], {"value": 0}

    async def run():
        loop = asyncio.get_running_loop()

        def draw():
            calls.append(slider["value"])
            if len(calls) == 1:  # ten events arrive while the first picture is drawn
                for value in range(1, 11):
                    loop.call_soon(lambda value=value: (slider.update(value=value), latest()))

        latest = Debounced(draw)
        latest()
        await asyncio.sleep(0.05)

    asyncio.run(run())
    assert calls == [0, 10]


def test_without_a_loop_every_event_calls_at_once():
    seen = []
    latest = Debounced(lambda: seen.append(1))
    latest()
    latest()
    assert seen == [1, 1]
    assert not latest.waiting


def test_bytes_become_a_wave_and_nothing_stays_on_the_disk(wave, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    heard = load_bytes(wav_bytes(wave, 16_000), "../../own voice.wav")
    np.testing.assert_allclose(heard, wave - wave.mean(), atol=2 / 2**15)
    assert heard.dtype == np.float32
    for content in (b"", b"<html>", b"RIFFxxxx", wav_bytes(wave, 16_000)[:1000], b"\0" * 5000):
        with pytest.raises(AudioError, match=r"^\.\./own\.wav: "):
            load_bytes(content, "../own.wav")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_upload_is_told_and_the_next_one_works(wave):
    heard = []
    own = SoundInput(lambda *sound: heard.append(sound))
    own.take("<b>bad</b>.wav", b"no sound")
    assert 'role="alert"' in own.message.value
    assert "&lt;b&gt;bad&lt;/b&gt;.wav: not readable as audio" in own.message.value
    assert heard == []
    own.take("good.wav", wav_bytes(wave, 16_000))
    assert own.message.value == ""
    assert [(name, len(sound)) for sound, name in heard] == [("good.wav", 16_000)]


def test_a_file_arrives_in_pieces_and_not_beyond_the_limit(wave):
    arrived = []
    upload = Upload(lambda *file: arrived.append(file), limit=10)
    send = lambda message, *buffers: upload._handle_custom_msg(message, list(buffers))  # noqa: E731
    send({"step": "begin", "name": "a.wav"})
    send({"step": "piece"}, memoryview(b"abc"))
    send({"step": "piece"}, memoryview(b"de"))
    send({"step": "end"})
    assert arrived == [("a.wav", b"abcde")]
    send({"step": "begin", "name": "b.wav"})
    for _ in range(5):
        send({"step": "piece"}, memoryview(b"1234"))
    send({"step": "end"})
    assert arrived[1] == ("b.wav", b"12341234")


def test_a_recording_from_the_browser_is_heard(wave):
    heard = []
    own = SoundInput(lambda sound, name: heard.append((name, len(sound))))
    own.recorder.set_state({"recording": memoryview(wav_bytes(wave, 16_000))})
    assert heard == [("recording", 16_000)]
    assert isinstance(own.recorder.recording, bytes)
    assert Recorder(limit=5).limit == 5
    assert not hasattr(SoundInput(print, microphone=False), "recorder")


def scripts() -> list[Path]:
    found = sorted(STATIC.glob("*.js"))
    assert len(found) >= 3
    return found


def test_scripts_are_packed_and_ask_nothing_of_the_network():
    project = tomllib.loads((clone.repository() / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["package-data"]["sercore.widgets"] == ["static/*"]
    for path in [*scripts(), STATIC / "blocks.css"]:
        assert re.findall(r"https?://|\bimport\b|\bfetch\b|@import|url\(", path.read_text()) == [], path


def node(code: str) -> bytes:
    """Output of a script in Node.js, which is a browser's engine without a page."""
    if not shutil.which("node"):
        pytest.skip("Node.js is not installed")
    done = subprocess.run(["node", "--input-type=module", "-"], input=code.encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_scripts_can_be_read_and_offer_a_widget(path):
    assert path.read_text().endswith("export default { render };\n")
    code = path.read_text().replace("export default { render };", "console.log(typeof render);")
    assert node(code).strip() == b"function"


def test_the_recorder_writes_a_wav_file_as_soundfile_reads_it():
    code = (STATIC / "recorder.js").read_text().replace("export default { render };", "")
    blocks = "[new Float32Array([0, 0.5, -0.5]), new Float32Array([1, -1, 3])]"
    file = node(f"{code}\nprocess.stdout.write(new Uint8Array(wavFile({blocks}, 44100).buffer));")
    samples, sr = soundfile.read(io.BytesIO(file))
    assert sr == 44_100
    np.testing.assert_allclose(samples, [0, 0.5, -0.5, 1, -1, 1], atol=1e-4)
