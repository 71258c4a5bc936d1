"""The log-mel frames that Whisper takes as input.

The settings are those that Whisper was trained with (Radford et al. 2023): 16 kHz, a Hann window of
25 ms, a step of 10 ms, 80 mel bands from 0 to 8 kHz, a dynamic range of 80 dB below the loudest band.

References
----------
Radford et al.: Robust speech recognition via large-scale weak supervision. ICML 2023.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from ..features.recipe import Recipe
from ..features.spectrum import hann, mel_filters

SAMPLE_RATE = 16_000
N_FFT = 400
HOP_LENGTH = 160
N_MELS = 80

_SETTINGS = Recipe(
    sr=SAMPLE_RATE, win_length=N_FFT, hop_length=HOP_LENGTH, n_fft=N_FFT, n_mels=N_MELS, fmin=0.0,
    fmax=8000.0, descriptors=("log_mel",), parts=(), timing=False, trim_db=None,
)  # fmt: skip


def whisper_log_mel(wave: np.ndarray) -> np.ndarray:
    """Log-mel frames of a waveform, as in Whisper.

    Frames are centred every 160 samples on the waveform, which is reflected at both ends; the last
    frame is dropped, so there are ``n_samples // 160``. Levels are ``log10`` of the power in each band,
    at most 8 below the largest of the clip, scaled by ``(x + 4) / 4``.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at 16 kHz, longer than 200 samples. Whisper pads it with zeros first.

    Returns
    -------
    np.ndarray [shape=(n_frames, 80), dtype=float32]
        Time first.

    See Also
    --------
    sercore.features.Spectrum : the log-mel levels of this package, in decibels.

    Examples
    --------
    >>> wave = np.sin(np.arange(16_000, dtype=np.float32))
    >>> levels = whisper_log_mel(wave)
    >>> levels.shape, bool(levels.max() - levels.min() <= 2)
    ((100, 80), True)

    Notebook: 08_pretrained_encoder.ipynb
    """
    padded = np.pad(np.asarray(wave, dtype=np.float32), N_FFT // 2, mode="reflect")
    framed = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH][:-1]
    spectrum = scipy.fft.rfft(framed * hann(N_FFT), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    level = np.log10(np.maximum(power @ mel_filters(_SETTINGS), 1e-10))
    return ((np.maximum(level, level.max() - 8.0) + 4.0) / 4.0).astype(np.float32)
