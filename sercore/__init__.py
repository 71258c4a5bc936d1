"""Speech emotion recognition, measured honestly: the package behind the notebooks.

Data flows one way, and no module imports one to its right::

    corpora -> audio -> features -> splits -> models, training -> evaluation -> ensemble
                                                              -> interpret  -> bundle

``plots`` and ``widgets`` only show things. Importing ``sercore`` loads nothing heavy:
librosa, scikit-learn and TensorFlow are imported by the functions that need them.
"""

__version__ = "0.1.0"
