"""Pictures of pitch: how autocorrelation finds it, and what chroma makes of it.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..features import Recipe, Spectrum, compute, get_recipe
from .clips import descriptor
from .style import LABELS, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_A_ABOVE_C = 9  # pitch counts semitones from 27.5 Hz, an A; pitch classes count from C
_SHADES = 6


def autocorrelation(spectrum: Spectrum, frame: int, *, axes: np.ndarray | None = None) -> np.ndarray:
    """One frame of speech, and its autocorrelation with the period that was taken as its pitch.

    Parameters
    ----------
    spectrum : Spectrum
    frame : int
        Number of the frame.
    axes : np.ndarray of Axes [shape=(2,)], optional

    Returns
    -------
    np.ndarray of Axes [shape=(2,)]
        Waveform on the left, autocorrelation against lag in milliseconds on the right; an unvoiced
        frame has no period to mark.
    """
    recipe = spectrum.recipe
    if axes is None:
        import matplotlib.pyplot as plt

        _, axes = plt.subplots(1, 2, figsize=(8, 2.2))
    start = max(0, frame * recipe.hop_length - recipe.win_length // 2)
    piece = spectrum.wave[start : start + recipe.win_length]
    axes[0].plot((start + np.arange(len(piece))) / recipe.sr, piece, color="#00427b", lw=1.3)
    axes[0].set(xlabel=LABELS["time"], ylabel=LABELS["wave"], title=f"frame {frame}")
    raw = spectrum.autocorrelation[frame, : recipe.win_length]
    axes[1].axhline(0, color="0.7", lw=0.8)
    axes[1].plot(np.arange(len(raw)) * 1000 / recipe.sr, raw / max(raw[0], 1e-10), color="#00427b", lw=1.3)
    f0 = spectrum.pitch[0][frame]
    if np.isfinite(f0):
        period_ms = 1000 / f0
        axes[1].axvline(period_ms, color="#d77c18", ls="--", label=f"{period_ms:.2f} ms = {f0:.0f} Hz")
        axes[1].legend(fontsize="small", loc="upper right")
    axes[1].set(xlabel="lag (ms)", ylabel="autocorrelation\n(lag 0 = 1)", title="the frame against itself")
    return axes


def chroma_and_pitch(wave: np.ndarray, *, recipe: str | Recipe = "default", ax: Axes | None = None) -> Axes:
    """Chroma over time, with the speaker's pitch folded into one octave as dots on top.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        At the recipe's sample rate.
    recipe : str or Recipe
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    from matplotlib import colormaps

    recipe = get_recipe(recipe)
    tracks = compute(wave, ("chroma", "f0"), recipe)
    ax = descriptor(tracks["chroma"], "chroma", recipe=recipe, ax=new_axes(ax, figsize=(8, 2.6)))
    ax.images[0].set_cmap(colormaps["cividis"].resampled(_SHADES))
    folded = (tracks["f0"][0] + _A_ABOVE_C + 0.5) % 12 - 0.5
    seconds = np.arange(len(folded)) * recipe.hop_length / recipe.sr
    ax.plot(seconds, folded, "o", color="white", mec="black", mew=0.5, ms=4, label="pitch")
    return ax
