"""Several clips side by side, on common axes and one common range of values.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..features import Recipe, get_recipe
from .clips import descriptor, waveform
from .scales import add_colorbar, limits_of
from .style import color_of


def side_by_side(
    tracks: Mapping[str, np.ndarray],
    name: str,
    *,
    recipe: str | Recipe = "default",
    n_columns: int = 4,
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """The same picture of several clips, on common axes and one common range of values.

    With a colour scale of its own, the softest whisper would look as loud as a shout.

    Parameters
    ----------
    tracks : mapping of str to np.ndarray
        Title (an emotion gets its colour) to one descriptor [shape=(n_rows, n_frames)], or to a
        waveform [shape=(n_samples,)] with ``name="wave"``.
    name : str
        ``wave`` or a name from :data:`sercore.features.DESCRIPTORS`.
    recipe : str or Recipe
        Tells the sample rate and the seconds from frame to frame.
    n_columns : int
    axes : np.ndarray of Axes, optional
        At least as many as there are clips.

    Returns
    -------
    np.ndarray of Axes [shape=(len(tracks),)]
    """
    recipe = get_recipe(recipe)
    axes = _grid(len(tracks), n_columns) if axes is None else np.ravel(axes)[: len(tracks)]
    limits = limits_of(list(tracks.values()), name)
    step = 1 / recipe.sr if name == "wave" else recipe.hop_length / recipe.sr
    longest = max(np.atleast_2d(track).shape[1] for track in tracks.values()) * step
    for ax, (title, track) in zip(axes, tracks.items(), strict=True):
        if name == "wave":
            waveform(track, recipe.sr, color=color_of(title), ax=ax).set_ylim(*limits)
        else:
            descriptor(
                track, name, recipe=recipe, limits=limits, colorbar=False, color=color_of(title), ax=ax
            )
        ax.set_title(title)
        ax.set_xlim(0, longest)
        if ax.images:
            ax.images[0].set_interpolation("antialiased")  # small panels have fewer pixels than frames
            ax.set_facecolor("0.85")
    images = [ax.images[0] for ax in axes if ax.images]
    if images:
        add_colorbar(images[0], list(axes), name)
    _label_outside(axes, n_columns)
    return axes


def _label_outside(axes: np.ndarray, n_columns: int) -> None:
    """One name per side of a grid; ticks and their numbers only at its edges."""
    for ax in axes:
        ax.label_outer()
    vertical = axes[0].get_ylabel()
    for ax in axes:
        ax.set(ylabel="")
    rows = axes[::n_columns]
    rows[len(rows) // 2].set_ylabel(vertical, y=1.0 if len(rows) % 2 == 0 else 0.5)


def _grid(n: int, n_columns: int) -> np.ndarray:
    """Axes of a new figure with shared axes, [shape=(n,)]; empty places are removed."""
    import matplotlib.pyplot as plt

    n_columns = min(n, n_columns)
    n_rows = -(-n // n_columns)
    size = (1.5 * n_columns + 0.8, 1.05 * n_rows + 0.4)
    _, axes = plt.subplots(
        n_rows, n_columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for ax in axes.flat[n:]:
        ax.remove()
    return axes.flat[:n]
