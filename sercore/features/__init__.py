"""Features of speech: one spectrum per clip, descriptors per frame, functionals per clip.

A waveform goes through these steps; a :class:`Recipe` states all their settings::

    wave ─ prepare (trim silence) ─ Spectrum (one Fourier transform) ─ descriptors (mel bands, pitch, …)
        ├─ frames(wave, recipe)      descriptors of all frames, [shape=(n_features, n_frames)]
        └─ table_row(wave, recipe)   functionals of the descriptors over time, [shape=(n_columns,)]

Networks on frames read the former, all other models the latter. :func:`extract_frames` and
:func:`extract_table` apply them to a corpus in parallel, also on a cluster (:mod:`sercore.features.cluster`),
and cache the result; :func:`fill_cache` only fills the cache. :func:`row_names`,
:func:`column_names` and :func:`column_groups` name the features. :func:`compute` returns single descriptors
of a clip, :func:`formants` the resonances of the vocal tract. An :class:`OpenSmileRecipe` makes tables of
openSMILE's functionals instead, if that package is installed.
"""

import lazy_loader

# lazy, because reading frames for a network needs neither pandas nor librosa, which are slow to import
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["cluster", "descriptors", "functionals", "pitch", "spectrum", "track_statistics"],
    submod_attrs={
        "descriptors": ["DESCRIPTORS", "slope"],
        "extraction": ["compute", "frames", "prepare", "table_row"],
        "functionals": ["column_groups", "column_names", "modulation", "row_names", "timing"],
        "lpc": ["formants"],
        "opensmile": ["OpenSmileRecipe"],
        "recipe": ["PRESETS", "Recipe", "get_recipe"],
        "spectrum": ["Spectrum", "mel_centres", "mel_filters"],
        "store": ["Extracted", "extract_frames", "extract_table", "fill_cache"],
        "track_statistics": ["statistics"],
    },
)
