"""Bundles: a model that can be kept, shared and trusted.

A bundle is a folder: ``bundle.json`` says what the model is (classes in order, feature recipe, training
data with licence, figures with interval, versions, digest of every file), and a subfolder per member
holds the model: ``model.skops`` for scikit-learn, ``network.keras``, ``network.onnx`` and ``scaler.npz``
for networks. Several members vote with their weights. Nothing is ever unpickled::

    save("my-bundle", {"lda": FittedModel(model, "default")}, classes)
    Predictor.load("my-bundle").predict("clip.wav")     # {"neutral": 0.1, "happy": 0.7, …}

==================  ================================================================================
``folder``          the files: digests, missing and extra ones, links
``manifest``        ``bundle.json``, read strictly
``estimators``      scikit-learn models by skops, with an allow-list
``networks``        ``.keras`` and ONNX, with an allow-list
``predictor``       :class:`Predictor`: load and predict
``files``           many files: folders, processes
``windows``         one long recording, window after window
``training``        from a corpus to a bundle (``sercore train``)
==================  ================================================================================

To add a way of making features, such as a pretrained encoder, add its name to ``manifest.FEATURES`` and
its function to ``predictor``.

Notebook: 00_start_here.ipynb
"""

from .default_model import get_predictor
from .files import find_files, predict_clip, predict_files
from .folder import digest
from .predictor import Predictor
from .printing import print_predictions
from .recordings import Recording
from .saving import FittedModel, save
from .windows import Windows, over_time, predict_windows

__all__ = [
    "FittedModel",
    "Predictor",
    "Recording",
    "Windows",
    "digest",
    "find_files",
    "get_predictor",
    "over_time",
    "predict_clip",
    "predict_files",
    "predict_windows",
    "print_predictions",
    "save",
]  # fmt: skip
