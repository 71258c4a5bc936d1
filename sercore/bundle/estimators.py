"""scikit-learn models without pickle: skops files in which only known classes may occur.

A skops file is a zip of numbers and of a tree that names the class of every part. The tree is walked
before anything is built: whatever :data:`ALLOWED` does not list is refused, also what skops itself
would trust. skops before 0.13 had holes through which a file could call functions that it did not
name (CVE-2025-54412, -54413, -54886).

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import copy

from ..errors import BundleError
from . import reproducible_zip
from .safe_json import read_json, read_member

_PLAIN = {
    "DictNode": ("builtins.dict",),
    "ListNode": ("builtins.list",),
    "TupleNode": ("builtins.tuple",),
    "JsonNode": ("builtins.str",),
    "TypeNode": ("builtins.str",),
    "NdArrayNode": tuple(
        f"numpy.{name}" for name in ("ndarray", "float32", "float64", "int32", "int64", "uint64", "bool")
    ),
    "RandomStateNode": ("numpy.random.mtrand.RandomState",),
    "RandomGeneratorNode": ("numpy.random._generator.Generator",),
}
_ESTIMATORS = {
    "LossNode": ("sklearn._loss._loss.CyHalfMultinomialLoss", "sklearn._loss._loss.CyHalfBinomialLoss"),
    "TreeNode": ("sklearn.tree._tree.Tree",),
    "ObjectNode": (
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn.calibration.CalibratedClassifierCV",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.decomposition._pca.PCA",
        "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
        "sklearn.dummy.DummyClassifier",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._classification.KNeighborsClassifier",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.StandardScaler",
        "sklearn.preprocessing._label.LabelBinarizer",
        "sklearn.preprocessing._label.LabelEncoder",
        "sklearn.svm._classes.SVC",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._classes.ExtraTreeClassifier",
    ),
}
ALLOWED = _PLAIN | _ESTIMATORS
"""Classes that may occur in a model, by the skops loader that builds them."""


def dump(model) -> bytes:
    """A fitted scikit-learn model as the content of a skops file.

    Raises
    ------
    BundleError
        The model holds a class outside :data:`ALLOWED`, as XGBoost's does.
    """
    sio = _skops()
    model = copy.copy(model)
    if "cv" in model.get_params(deep=False):
        model.set_params(cv=None)  # rows of the training table; nothing at prediction time
    try:
        content = reproducible_zip.skops(sio.dumps(model))
    except Exception as error:  # whatever cannot be taken apart
        raise BundleError(f"{type(model).__name__} cannot be written without pickle ({error})") from error
    check(content, where=type(model).__name__)
    return content


def load(content: bytes, *, where: str):
    """The model in a skops file.

    Raises
    ------
    BundleError
        Not a sound skops file, or it names a class outside :data:`ALLOWED`; nothing was built then.
    """
    sio = _skops()
    check(content, where=where)
    try:
        return sio.loads(content, trusted=sio.get_untrusted_types(data=content))
    except Exception as error:  # numbers that do not fit the classes
        raise BundleError(f"{where}: the model cannot be rebuilt ({error})") from error


def check(content: bytes, *, where: str) -> None:
    """Raise BundleError unless a skops file names allowed classes only; builds nothing."""
    tree = read_json(read_member(content, "schema.json", where=where), where=f"{where}, schema.json")
    waiting, n_classes = [tree], 0
    while waiting:
        part = waiting.pop()
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if isinstance(part, dict) and {"__loader__", "__class__", "__module__"} & set(part):
            loader, name = part.get("__loader__"), f"{part.get('__module__')}.{part.get('__class__')}"
            known = ALLOWED.get(loader, ()) if isinstance(loader, str) else ()
            if name not in known:
                raise BundleError(f"{where}: holds {name} ({loader}), which no model of sercore has; refused")
            n_classes += 1
    if not n_classes:
        raise BundleError(f"{where}: names no model; refused")


def _skops():
    try:
        import skops
        import skops.io
    except ImportError as error:
        raise BundleError("scikit-learn models in bundles need: pip install 'skops>=0.13'") from error
    if tuple(int(part) for part in skops.__version__.split(".")[:2]) < (0, 13):
        raise BundleError(f"skops {skops.__version__} has known holes: pip install 'skops>=0.13'")
    return skops.io
