"""Latency from a slider event to the new picture, against two usual ways to draw in notebooks."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ... import audio, synth
from ...pictures.analysis import VIEWS, Clip, Settings
from ...widgets.explorer import HEIGHTS, WIDTHS, Explorer
from ...widgets.live import SECONDS as LIVE_SECONDS
from ...widgets.live import STEP, Live
from .measuring import FASTER

FRESH, REUSED = "new figure for each event", "figure reused, imshow.set_data"
SECONDS, N_STEPS = 4.0, 12
"""Duration of the clip (s), and number of positions of each slider."""


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)`` of :func:`time_redraws` and :func:`time_live`; each has many events."""
    return time_redraws() + time_live()


def time_redraws(*, n_steps: int = N_STEPS) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: 95th percentile of the time from slider event to PNG.

    The explorer is timed over all sliders of all views, debouncing included, for events that change the
    picture; the two Matplotlib versions over the sliders of the mel view. The clip is synthetic.
    """
    clip = synthetic()
    ours = asyncio.run(explorer_seconds(clip, n_steps=n_steps))
    sliders = walk(Settings(), n_steps)
    new = seconds_of(lambda settings: draw_anew(clip.wave, settings), sliders)
    reused = seconds_of(keep_figure(clip.wave), sliders)
    what = f"from slider to new picture, {SECONDS:g} s clip, 95th percentile"
    taken = {f"explorer, {len(ours)} events": ours, FRESH: new, REUSED: reused}
    late, late_new, late_reused = (float(np.percentile(times, 95)) for times in taken.values())
    return [
        *((f"{what}: {name}", 1e3 * float(np.percentile(times, 95)), "ms") for name, times in taken.items()),
        (f"explorer, than {FRESH}", late_new / late, FASTER),
        (f"explorer, than {REUSED}", late_reused / late, FASTER),
    ]


def time_live(*, n_blocks: int = 80) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: time of the kernel for a picture and a prediction of the live widget.

    Every second block has a prediction. The browser is not part of it; the widget itself shows the time from
    sound to picture.
    """
    live, seconds = Live(), []
    live.microphone.send = lambda *message, **buffers: None
    block = round(48_000 * STEP / 2)
    wave = np.resize(np.repeat(synthetic().wave, 3), n_blocks * block).astype(np.float32)
    live._receive({"step": "start", "session": 1, "rate": 48_000}, [])
    for number, samples in enumerate(wave.reshape(n_blocks, block), 1):
        start = time.perf_counter()
        live._receive({"step": "block", "session": 1, "number": number, "answer": True}, [samples.tobytes()])
        seconds.append(time.perf_counter() - start)
    what = f"live picture and prediction of the last {LIVE_SECONDS:g} s, kernel only, 95th percentile"
    return [(what, 1e3 * float(np.percentile(seconds[n_blocks // 4 :], 95)), "ms")]


def synthetic(seconds: float = SECONDS) -> Clip:
    """A clip of the synthetic voice, repeated to the given duration in seconds."""
    wave, sr = synth.render(synth.EMOTION_PROSODY["angry"], speaker=synth.SPEAKERS["F1"], seed=1)
    return Clip(
        audio.fit_length(np.tile(wave, 1 + round(seconds * sr / len(wave))), round(seconds * sr)), "A"
    )


async def explorer_seconds(clip: Clip, *, n_steps: int = N_STEPS) -> list[float]:
    """Seconds of every slider event, in every view, that changed the picture."""
    explorer, seconds = Explorer(), []
    explorer.overlays["F0"].value = explorer.overlays["formants"].value = True
    explorer.show(clip)
    for view in VIEWS:
        explorer.view.value = view
        await _drawn(explorer)
        for slider in explorer.sliders.values():
            for position in _positions(slider, n_steps):
                before, start = explorer.players[0].picture, time.perf_counter()
                slider.value = position
                await _drawn(explorer)
                if explorer.players[0].picture != before:
                    seconds.append(time.perf_counter() - start)
    return seconds


def draw_anew(wave: np.ndarray, settings: Settings) -> bytes:
    """The mel view as drawn under ``interact``: librosa from the waveform, a new figure, one PNG."""
    ax = _axes()
    _show(ax, _mel(wave, settings), settings)
    return _png(ax.figure)


def keep_figure(wave: np.ndarray) -> Callable[[Settings], bytes]:
    """A function that draws the mel view with ``set_data`` in a figure that is created once."""
    ax = _axes()
    image = _show(ax, _mel(wave, Settings()), Settings())

    def draw(settings: Settings) -> bytes:
        level = _mel(wave, settings)
        image.set_data(level)
        image.set_clim(-settings.range_db, 0)
        image.set_extent((0, len(wave) / audio.SAMPLE_RATE, 0, len(level)))
        return _png(ax.figure)

    return draw


def walk(settings: Settings, n_steps: int) -> list[Settings]:
    """Settings along the range of each slider of the mel view, one slider at a time."""
    spans = {"window_ms": (5, 100), "step_ms": (2, 20), "n_mels": (20, 128), "range_db": (20, 80)}
    paths = {name: np.linspace(*span, n_steps).round().astype(int).tolist() for name, span in spans.items()}
    changes = [{name: value} for name, values in paths.items() for value in values]
    changes += [{"fmax": float(f)} for f in np.linspace(2000, 8000, n_steps).round()]
    return [replace(settings, **change) for change in changes]


def seconds_of(draw: Callable[[Settings], bytes], sliders: list[Settings]) -> list[float]:
    """Seconds per picture, after a warm-up."""
    draw(sliders[0])
    seconds = []
    for settings in sliders:
        start = time.perf_counter()
        draw(settings)
        seconds.append(time.perf_counter() - start)
    return seconds


async def _drawn(explorer: Explorer) -> None:
    """Wait until the latest change is drawn."""
    while explorer.later.waiting:
        await asyncio.sleep(0)


def _positions(slider, n_steps: int) -> list:
    """Values across the range of a slider; for a range slider, the upper end moves."""
    values = np.linspace(slider.min, slider.max, n_steps)
    if isinstance(slider.value, tuple):
        return [(0, int(value)) for value in values.round()]
    return [type(slider.value)(value) for value in values]


def _mel(wave: np.ndarray, settings: Settings) -> np.ndarray:
    import librosa

    recipe = settings.recipe
    power = librosa.feature.melspectrogram(
        y=wave, sr=recipe.sr, n_fft=recipe.n_fft, win_length=recipe.win_length, hop_length=recipe.hop_length,
        n_mels=recipe.n_mels, fmin=recipe.fmin, fmax=recipe.fmax,
    )  # fmt: skip
    return librosa.power_to_db(power, ref=np.max, top_db=80.0)


def _show(ax, level: np.ndarray, settings: Settings):
    """An image with axes and colour bar."""
    extent = (0, SECONDS, 0, len(level))
    image = ax.imshow(
        level, origin="lower", aspect="auto", cmap="magma", vmin=-settings.range_db, vmax=0, extent=extent
    )
    ax.set(xlabel="time (s)", ylabel="mel band")
    ax.figure.colorbar(image, ax=ax, label="dB below peak")
    return image


def _axes():
    """Axes of a new figure as large as the explorer's picture."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTHS[0] / 100, HEIGHTS[0] / 100), dpi=100).add_subplot()


def _png(figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
