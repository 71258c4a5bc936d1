"""Audio: recordings as checked mono waveforms, and augmented versions of them.

``wave`` is always mono float32 in [-1, 1], shape ``(n_samples,)``. :func:`load` reads a file,
:func:`convert` takes an array; both resample to 16 kHz by default and raise ``AudioError`` for what is
not usable speech audio. :mod:`sercore.audio.augment` changes waveforms on purpose.

Notebook: 01_eda.ipynb
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["augment"],
    submod_attrs={
        "reading": ["AUDIO_SUFFIXES", "MAX_SECONDS", "SAMPLE_RATES", "read"],
        "waveform": [
            "MIN_SECONDS",
            "SAMPLE_RATE",
            "check",
            "check_array",
            "convert",
            "fit_length",
            "load",
            "trim",
        ],
    },
)  # fmt: skip
