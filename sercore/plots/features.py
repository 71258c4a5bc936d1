"""Figures of feature extraction: windows, mel filters, cepstra, descriptors, autocorrelation, chroma."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from ..features import Recipe, Spectrum, compute, get_recipe
from ..features.spectrum import frequencies, mel_centres, mel_filters
from .clips import descriptor, spectrogram
from .style import BLUE, LABELS, ORANGE, RANGE_DB, SEQUENTIAL, SERIES, WIDTH, frame_seconds, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_STEP_DB = 5  # few shades make small image files


def stft_window(
    wave: np.ndarray,
    sr: int,
    *,
    window_ms: float = 25.0,
    hop_ms: float = 4.0,
    fmax: float = 4000.0,
    ax: Axes | None = None,
) -> Axes:
    """Spectrogram in decibels below its peak, computed with a given window and step.

    Short windows are zero-padded to the same FFT size, so that only the window differs between figures.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Sample rate in Hz.
    window_ms, hop_ms : float
        Length and step of the analysis window in milliseconds.
    fmax : float
        Upper limit of the frequency axis in Hz.
    ax : Axes, optional

    See Also
    --------
    spectrogram : Spectrogram of the analysis that features are computed from.

    Notebook: 02_feature_extraction.ipynb
    """
    from matplotlib import colormaps

    window, hop = (max(1, round(ms * sr / 1000)) for ms in (window_ms, hop_ms))
    n_fft = max(2048, scipy.fft.next_fast_len(window))
    recipe = Recipe(
        sr=sr, win_length=window, hop_length=hop, n_fft=n_fft, fmin=0.0, fmax=sr / 2, timing=False
    )
    ax = spectrogram(Spectrum(wave, recipe), fmax=min(fmax, sr / 2), ax=new_axes(ax, figsize=(WIDTH, 3.2)))
    ax.images[0].set(
        cmap=colormaps[SEQUENTIAL].resampled(round(RANGE_DB / _STEP_DB)), interpolation="nearest"
    )
    ax.set_title(f"window {window_ms:g} ms, step {hop_ms:g} ms")
    return ax


def mel_bank(recipe: str | Recipe = "default", *, every: int = 8, ax: Axes | None = None) -> Axes:
    """Mel filters over frequency, each scaled to a peak of 1; some are highlighted.

    Each filter reaches from the centre of its left neighbour to the centre of its right neighbour.

    Parameters
    ----------
    recipe : str or Recipe
    every : int
        Highlight every n-th filter.
    ax : Axes, optional

    Examples
    --------
    >>> mel_bank(every=8).get_title()
    '64 mel filters, every 8th in blue'

    Notebook: 02_feature_extraction.ipynb
    """
    recipe = get_recipe(recipe)
    ax = new_axes(ax, figsize=(WIDTH, 2.6))
    bank = mel_filters(recipe)
    bank = bank / np.maximum(bank.max(axis=0), 1e-12)
    hertz = frequencies(recipe)
    ax.plot(hertz, bank, color="0.65", lw=0.8)
    for weights in bank[:, ::every].T:
        inside = np.flatnonzero(weights)
        part = slice(max(inside[0] - 1, 0), inside[-1] + 2)
        ax.plot(hertz[part], weights[part], color=BLUE, lw=2)
    ax.set_title(f"{recipe.n_mels} mel filters" + (f", every {every}th in blue" if every > 1 else ""))
    ax.set(xlabel=LABELS["frequency"], ylabel="weight (peak = 1)", xlim=(0, recipe.fmax), ylim=(0, 1.05))
    return ax


def cepstral_envelope(
    log_mel: np.ndarray,
    *,
    n_mfcc: tuple[int, ...] = (4, 13),
    recipe: str | Recipe = "default",
    ax: Axes | None = None,
) -> Axes:
    """One log-mel frame in decibels, and its reconstruction from the first cepstral coefficients.

    Parameters
    ----------
    log_mel : np.ndarray [shape=(n_mels,)]
        One frame in decibels.
    n_mfcc : tuple of int
        Number of coefficients of each reconstruction.
    recipe : str or Recipe
        Determines the centre frequencies of the bands.
    ax : Axes, optional

    Notebook: 02_feature_extraction.ipynb
    """
    recipe = get_recipe(recipe)
    ax = new_axes(ax, figsize=(WIDTH, 3))
    coefficients = scipy.fft.dct(np.asarray(log_mel, dtype=float), norm="ortho")
    ax.plot(log_mel, color="0.6", lw=1.5, label=f"log-mel frame, {len(log_mel)} bands")
    for n, (color, _, line) in zip(n_mfcc, SERIES, strict=False):
        kept = np.where(np.arange(len(coefficients)) < n, coefficients, 0.0)
        ax.plot(scipy.fft.idct(kept, norm="ortho"), color=color, ls=line, lw=2.5, label=f"from {n} MFCCs")
    centres = mel_centres(recipe)
    ticks = np.linspace(0, len(log_mel) - 1, 8).round().astype(int)
    ax.set_xticks(ticks, [f"{centres[tick]:.0f}" for tick in ticks])
    ax.set(xlabel="centre of the mel band (Hz)", ylabel=LABELS["level"])
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def feature_tracks(
    wave: np.ndarray,
    names: tuple[str, ...],
    *,
    recipe: str | Recipe = "default",
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """Descriptors over time, one panel each with a common time axis: curves, or images of several rows.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        At the recipe's sample rate.
    names : tuple of str
        From :data:`sercore.features.DESCRIPTORS`.
    recipe : str or Recipe
    axes : np.ndarray of Axes [shape=(len(names),)], optional

    Returns
    -------
    np.ndarray of Axes [shape=(len(names),)]

    See Also
    --------
    descriptor : One descriptor.
    side_by_side : One descriptor of several clips.

    Notebook: 02_feature_extraction.ipynb
    """
    tracks = compute(wave, tuple(names), recipe)
    axes = _panels(list(tracks.values())) if axes is None else axes
    for ax, (name, track) in zip(axes, tracks.items(), strict=True):
        descriptor(track, name, recipe=recipe, colorbar=False, ax=ax)
        if len(track) == 1:  # the label would be longer than the panel is high
            ax.set_ylabel("")
        else:
            ax.images[0].set_interpolation("nearest")  # exact cells, and a smaller image file
        ax.set_title(LABELS.get(name, name).replace("\n", " "), fontsize="small")
    for ax in axes[:-1]:
        ax.set_xlabel("")
    return axes


def _panels(tracks: list[np.ndarray]) -> np.ndarray:
    """Axes in a column, images twice as high as curves, [shape=(n,)]."""
    import matplotlib.pyplot as plt

    heights = [1.0 if len(track) == 1 else 2.0 for track in tracks]
    figure = plt.figure(figsize=(WIDTH, 1.0 * sum(heights) + 0.5))
    return figure.subplots(len(tracks), sharex=True, squeeze=False, height_ratios=heights)[:, 0]


_A_ABOVE_C = 9  # pitch is in semitones above 27.5 Hz, an A; pitch classes start at C
_SHADES = 6


def autocorrelation(spectrum: Spectrum, frame: int, *, axes: np.ndarray | None = None) -> np.ndarray:
    """Waveform of one frame, and its autocorrelation with the estimated pitch period.

    Parameters
    ----------
    spectrum : Spectrum
    frame : int
        Index of the frame.
    axes : np.ndarray of Axes [shape=(2,)], optional

    Returns
    -------
    np.ndarray of Axes [shape=(2,)]
        Left: waveform. Right: autocorrelation over lag in milliseconds; the period is marked if the
        frame is voiced.

    Notebook: 02_feature_extraction.ipynb
    """
    recipe = spectrum.recipe
    if axes is None:
        import matplotlib.pyplot as plt

        _, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.6))
    start = max(0, frame * recipe.hop_length - recipe.win_length // 2)
    piece = spectrum.wave[start : start + recipe.win_length]
    axes[0].plot((start + np.arange(len(piece))) / recipe.sr, piece, color=BLUE, lw=1.3)
    axes[0].set(xlabel=LABELS["time"], ylabel=LABELS["wave"], title=f"frame {frame}")
    raw = spectrum.autocorrelation[frame, : recipe.win_length]
    axes[1].axhline(0, color="0.7", lw=0.8)
    axes[1].plot(np.arange(len(raw)) * 1000 / recipe.sr, raw / max(raw[0], 1e-10), color=BLUE, lw=1.3)
    f0 = spectrum.pitch[0][frame]
    if np.isfinite(f0):
        period_ms = 1000 / f0
        axes[1].axvline(period_ms, color=ORANGE, ls="--", label=f"{period_ms:.2f} ms = {f0:.0f} Hz")
        axes[1].legend(fontsize="small", loc="upper right")
    axes[1].set(xlabel="lag (ms)", ylabel="autocorrelation\n(lag 0 = 1)", title="its autocorrelation")
    return axes


def chroma_and_pitch(wave: np.ndarray, *, recipe: str | Recipe = "default", ax: Axes | None = None) -> Axes:
    """Chroma over time, with the pitch folded into one octave as dots.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        At the recipe's sample rate.
    recipe : str or Recipe
    ax : Axes, optional

    Notebook: 02_feature_extraction.ipynb
    """
    from matplotlib import colormaps

    recipe = get_recipe(recipe)
    tracks = compute(wave, ("chroma", "f0"), recipe)
    ax = descriptor(tracks["chroma"], "chroma", recipe=recipe, ax=new_axes(ax, figsize=(WIDTH, 3)))
    ax.images[0].set_cmap(colormaps["cividis"].resampled(_SHADES))
    folded = (tracks["f0"][0] + _A_ABOVE_C + 0.5) % 12 - 0.5
    seconds = frame_seconds(len(folded), recipe)
    ax.plot(seconds, folded, "o", color="white", mec="black", mew=0.5, ms=4, label="pitch")
    return ax
