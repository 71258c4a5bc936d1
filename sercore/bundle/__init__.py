"""Bundles: models that can be stored, shared and verified.

A bundle is a folder. ``bundle.json`` describes the model: classes in order, feature recipe, training data
with licences, metrics with intervals, library versions, and the digest of every file. Each member has a
subfolder with ``model.skops`` for scikit-learn, ``linear.npz`` for logistic regression, or ``network.keras``,
``network.onnx`` and ``scaler.npz`` for networks. Several members are combined by weighted soft voting.
Nothing is ever unpickled::

    save("my-bundle", {"lda": FittedModel(model, "default")}, classes)
    Predictor.load("my-bundle").predict("clip.wav")     # {"neutral": 0.1, "happy": 0.7, …}

====================  ==============================================================================
``predictor``         :class:`Predictor`: load a bundle and predict
``members``           the models of a bundle as functions
``saving``            write a bundle
``training``          from a corpus to a bundle (``sercore train``)
``defaults``          the models that are used if none is named
``files``             prediction for many files, in parallel
``output``            the same as one Parquet or CSV file, which an interrupted run continues
``inputs``            files and folders, or a table of recordings
``parts``             what such a run has written so far
``recordings``        long recordings in windows
``streaming``         the last seconds of a microphone, at regular steps
``prediction``        an emotion, or the reason for a rejection
``shipping``          the models of the package
``scores``            scores by class and group, and on corpora left out of training
``model_card``        a bundle in words, and MODEL_CARD.md of the models of the package
``advice``            what a person can do when a recording is rejected
``printing``          output of ``sercore predict``
``folder``            files and digests of a bundle
``manifest``          ``bundle.json`` and its validation
``estimators``        scikit-learn models as skops files, with a list of allowed classes
``rejection``         the stored novelty detector
``speakers``          the voice of one person, for speaker normalisation
``linear``            logistic regression as arrays
``networks``          Keras and ONNX files, with a list of allowed classes
``onnx_graph``        ONNX files: known operators and bounded size
``archives``          JSON and zip files from untrusted sources, identical ones for identical models
====================  ==============================================================================
"""

from .. import quiet
from .defaults import get_predictor, model_note, speech_predictor
from .files import find_files, predict_clip, predict_files
from .folder import digest
from .output import Written, write_predictions
from .prediction import Prediction, predict_or_reject
from .predictor import Predictor
from .printing import print_predictions
from .recordings import Recording, Windows, over_time, predict_windows
from .saving import FittedModel, save
from .shipping import shipped_bundle
from .streaming import Listener, PauseDetector, SampleBuffer

quiet.disable_telemetry()  # no module of this package imports ONNX Runtime before it is used

__all__ = [
    "FittedModel",
    "Listener",
    "PauseDetector",
    "Prediction",
    "Predictor",
    "Recording",
    "SampleBuffer",
    "Windows",
    "Written",
    "digest",
    "find_files",
    "get_predictor",
    "model_note",
    "over_time",
    "predict_clip",
    "predict_files",
    "predict_or_reject",
    "predict_windows",
    "print_predictions",
    "save",
    "shipped_bundle",
    "speech_predictor",
    "write_predictions",
]
