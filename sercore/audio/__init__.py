"""Audio: recordings as validated mono waveforms, and augmented versions of them.

``wave`` is always mono float32 in [-1, 1], shape ``(n_samples,)``. :func:`load` reads a file,
:func:`convert` takes an array; both resample to 16 kHz by default and raise
:class:`~sercore.errors.AudioError` if the input is not usable speech audio.
:mod:`sercore.audio.augment` adds noise and changes level, speed, pitch and formants.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["augment", "degrade", "sounds"],
    submod_attrs={
        "pieces": ["Pieces", "open_pieces"],
        "reading": [
            "AUDIO_SUFFIXES",
            "DECODED_SUFFIXES",
            "MAX_SECONDS",
            "OTHER_SUFFIXES",
            "SAMPLE_RATES",
            "read",
            "readable_suffixes",
        ],
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
