"""Speech emotion recognition, evaluated on speakers that a model has never heard.

The package has three floors; a module imports from its own floor and those below it::

    course   notebooks, published results, README tables, benchmarks
    report   model cards of bundles
    views    plots, pictures, widgets, exercises
    library  errors paths files quiet labels · audio synth · corpora · encoders features · splits models ·
             evaluation · training · ensemble interpret · bundle   (lowest first)

``training`` uses ``evaluation``: out-of-fold predictions are scored where they are made.
Sub-packages are imported on first use, and nothing heavy is loaded before it is needed: librosa,
scikit-learn and TensorFlow are imported by the functions that call them.

Examples
--------
>>> import sercore
>>> sercore.labels.get_scheme("four").classes
('neutral', 'happy', 'sad', 'angry')
"""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "audio", "bundle", "cli", "corpora", "course", "encoders", "ensemble", "errors", "evaluation",
        "exercises", "features", "files", "interpret", "labels", "models", "paths", "pictures", "plots",
        "quiet", "report", "splits", "synth", "training", "widgets",
    ],
)  # fmt: skip
