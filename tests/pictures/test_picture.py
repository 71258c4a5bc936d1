"""Pictures drawn with PIL: position and colour of images, curves, waveforms and text."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from sercore import pictures
from sercore.pictures import Axis, Picture
from sercore.pictures.canvas import CURVES, N_SHADES, palette

TIME, HERTZ, DB = Axis(0.0, 2.0, "time (s)"), Axis(0.0, 1000.0, "frequency (Hz)"), Axis(-60.0, 0.0, "dB")


def pixels(drawn) -> np.ndarray:
    """RGB values of a picture, [shape=(height, width, 3)]."""
    return np.asarray(Image.open(io.BytesIO(drawn.png)).convert("RGB")).astype(int)


def find_color(drawn, color) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of a colour."""
    return np.nonzero((pixels(drawn) == np.array(color)).all(axis=-1))


def brightest(picture: Picture) -> tuple[float, float]:
    """Seconds and hertz at the centre of the brightest pixels."""
    drawn, box = picture.drawn(), picture.box
    top = tuple(palette("magma")[3 * (N_SHADES - 1) : 3 * N_SHADES])
    rows, columns = find_color(drawn, top)
    inside = columns < box.right  # not the colour bar
    x, y = columns[inside].mean() + 0.5, rows[inside].mean() + 0.5
    share = (x / pixels(drawn).shape[1] - drawn.left) / (drawn.right - drawn.left)
    return drawn.start + share * (drawn.stop - drawn.start), 1000 * (box.bottom - y) / (box.bottom - box.top)


def test_image_position():
    values = np.full((10, 20), -60.0)
    values[7, 4] = 0.0  # from 0.4 to 0.5 s, from 700 to 800 Hz
    picture = Picture(TIME, HERTZ, bar=DB).image(values, x=(0.0, 2.0), y=(0.0, 1000.0))
    assert brightest(picture) == pytest.approx((0.45, 750.0), abs=3.0)
    assert brightest(picture)[0] == pytest.approx(0.45, abs=0.005)


def test_image_is_cropped_to_axes():
    values = np.full((20, 40), -60.0)
    values[7, 8] = values[15, 30] = 0.0  # the second at 3 s and 1500 Hz
    picture = Picture(TIME, HERTZ, bar=DB).image(values, x=(0.0, 4.0), y=(0.0, 2000.0))
    assert brightest(picture)[0] == pytest.approx(0.85, abs=0.005)
    assert brightest(picture)[1] == pytest.approx(750, abs=3)


def test_image_colors_depend_on_limits_of_color_bar():
    def middle(level, low):
        bar = Axis(low, 0.0)
        drawn = Picture(TIME, HERTZ, bar=bar).image(np.full((4, 4), level), x=(0, 2), y=(0, 1000)).drawn()
        return pixels(drawn)[150, 500].tolist()

    assert middle(-30.0, -60.0) == middle(-20.0, -40.0) != middle(-20.0, -60.0)
    assert middle(-90.0, -60.0) == middle(-60.0, -60.0)
    assert middle(5.0, -60.0) == middle(0.0, -60.0)


def test_color_map_luminance_increases():
    colors = np.frombuffer(palette("magma"), np.uint8).reshape(256, 3)
    luminance = colors @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance[:N_SHADES]) > -1).all()
    assert luminance[N_SHADES - 1] - luminance[0] > 200


def test_line_is_interrupted_at_nan_and_outside_axis():
    x = np.linspace(0, 2, 201)
    y = np.where((x > 0.5) & (x < 1.0), np.nan, np.where(x > 1.5, 1500.0, 400.0))
    drawn = Picture(TIME, HERTZ).line(x, y, "F0").drawn()
    cyan = tuple(int(CURVES["F0"].color[k : k + 2], 16) for k in (1, 3, 5))
    rows, columns = find_color(drawn, cyan)
    share = ((columns + 0.5) / pixels(drawn).shape[1] - drawn.left) / (drawn.right - drawn.left)
    seconds = 2 * share
    assert not ((seconds > 0.53) & (seconds < 0.97)).any()
    assert seconds.max() < 1.53
    assert ((seconds > 0.1) & (seconds < 0.4)).any()
    assert ((seconds > 1.1) & (seconds < 1.4)).any()
    assert np.ptp(rows) <= 3


def test_wave_spans_minimum_and_maximum():
    wave = np.zeros(2000, np.float32)
    wave[1000], wave[1001] = 0.5, -0.25
    drawn = Picture(TIME, Axis(-1.0, 1.0)).wave(wave, 1000).drawn()
    blue = tuple(int(CURVES["wave"].color[k : k + 2], 16) for k in (1, 3, 5))
    rows, columns = find_color(drawn, blue)
    box = Picture(TIME, Axis(-1.0, 1.0)).box
    height = box.bottom - box.top
    assert rows.min() == pytest.approx(box.top + height * 0.25, abs=2)
    assert rows.max() == pytest.approx(box.top + height * 0.625, abs=2)
    assert columns[rows == rows.min()].mean() == pytest.approx((box.left + box.right) / 2, abs=3)


def test_font_size_and_truncated_title():
    def ink(size, title="t"):
        return (pixels(Picture(TIME, HERTZ, font_size=size, title=title).drawn()) < 100).all(axis=-1).sum()

    assert ink(23) > 1.3 * ink(15)
    assert Picture(TIME, HERTZ, font_size=23).box.left > Picture(TIME, HERTZ, font_size=15).box.left
    wide = pixels(Picture(TIME, HERTZ, title="long " * 80, legend=("F0",)).drawn())
    assert (wide[:20, -15:] == 255).all()  # nothing runs past the axes


def test_given_ticks_do_not_overlap():
    axis = Axis(0.0, 1.0, ticks=((0.0, "a"), (0.01, "b"), (0.5, "c"), (2.0, "d")))
    assert [text for _, text in axis.ticks_within(5)] == ["a", "c"]
    assert [text for _, text in Axis(0.0, 2.0).ticks_within(4)] == ["0", "0.5", "1", "1.5", "2"]


def test_from_axes():
    figure, ax = plt.subplots(figsize=(8, 2), dpi=100)
    ax.set(xlim=(1.0, 3.0), position=(0.25, 0.2, 0.5, 0.7))
    drawn = pictures.from_axes(ax)
    assert (drawn.left, drawn.right, drawn.start, drawn.stop) == pytest.approx((0.25, 0.75, 1.0, 3.0))
    assert pixels(drawn).shape[:2] == (200, 800)
    assert not plt.fignum_exists(figure.number)
