"""How long a slider's event takes to become a picture, beside the two ways that notebooks usually go.

Notebook: demo.ipynb
"""

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

SECONDS, N_STEPS = 4.0, 12
"""Length of the clip, and positions that each slider visits."""


def time_redraws(*, n_steps: int = N_STEPS) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: 95th percentiles from slider event to PNG, ours and the usual ways'.

    Ours are the events of every slider in every view that change the picture; the waiting that collapses
    bursts counts. The other two are timed on the mel view's sliders. The clip is synthetic.
    """
    clip = synthetic()
    ours = asyncio.run(explorer_seconds(clip, n_steps=n_steps))
    sliders = walk(Settings(), n_steps)
    anew = seconds_of(lambda settings: draw_anew(clip.wave, settings), sliders)
    kept = seconds_of(keep_figure(clip.wave), sliders)
    what = f"from slider to new picture, {SECONDS:g} s clip, 95th percentile"
    return [
        (f"{what}: explorer, {len(ours)} events", 1e3 * float(np.percentile(ours, 95)), "ms"),
        (f"{what}: figure drawn anew", 1e3 * float(np.percentile(anew, 95)), "ms"),
        (f"{what}: figure kept, imshow.set_data", 1e3 * float(np.percentile(kept, 95)), "ms"),
    ]


def synthetic(seconds: float = SECONDS) -> Clip:
    """A clip of the synthetic voice, repeated to the wanted length."""
    wave, sr = synth.render(synth.EMOTION_PROSODY["angry"], speaker=synth.SPEAKERS["F1"], seed=1)
    return Clip(
        audio.fit_length(np.tile(wave, 1 + round(seconds * sr / len(wave))), round(seconds * sr)), "A"
    )


async def explorer_seconds(clip: Clip, *, n_steps: int = N_STEPS) -> list[float]:
    """Seconds of each event of each slider in each view that changed the picture."""
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
    """The mel view as under ``interact``: librosa from the wave on, a new figure, one PNG."""
    ax = _axes()
    _show(ax, _mel(wave, settings), settings)
    return _png(ax.figure)


def keep_figure(wave: np.ndarray) -> Callable[[Settings], bytes]:
    """The mel view with the figure made once and ``set_data`` for each event: a function that draws."""
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
    """Settings that sliders of the mel view pass through, one slider after the other."""
    spans = {"window_ms": (5, 100), "step_ms": (2, 20), "n_mels": (20, 128), "range_db": (20, 80)}
    paths = {name: np.linspace(*span, n_steps).round().astype(int).tolist() for name, span in spans.items()}
    changes = [{name: value} for name, values in paths.items() for value in values]
    changes += [{"fmax": float(f)} for f in np.linspace(2000, 8000, n_steps).round()]
    return [replace(settings, **change) for change in changes]


def seconds_of(draw: Callable[[Settings], bytes], sliders: list[Settings]) -> list[float]:
    """Seconds of each picture, after one that does not count."""
    draw(sliders[0])
    seconds = []
    for settings in sliders:
        start = time.perf_counter()
        draw(settings)
        seconds.append(time.perf_counter() - start)
    return seconds


async def _drawn(explorer: Explorer) -> None:
    """Wait until the last change is drawn."""
    while explorer.later.waiting:
        await asyncio.sleep(0)


def _positions(slider, n_steps: int) -> list:
    """Values across a slider's range; of a range, the upper end moves."""
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
