"""scikit-learn models without pickle: skops files restricted to known classes.

A skops file is a zip archive of arrays and a JSON tree that names the class of every object. The tree is
checked before anything is built: classes outside :data:`ALLOWED` are refused, including those that skops
itself trusts. Versions of skops before 0.13 have vulnerabilities by which a file can call functions that
it does not name (CVE-2025-54412, -54413, -54886), and those before 0.15 let a file call any function of
``numpy.random``.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from ..errors import BundleError
from .archives import brief, read_json, read_member, reproducible_skops, walk_objects
from .indices import check_indices

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

ALLOWED = {
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
"""Classes that a model may contain, by the skops loader that builds them."""

MAX_SCHEMA_BYTES = 100_000_000
"""Largest JSON tree; that of a forest of 500 trees has about one megabyte."""

MAX_OBJECTS = 5_000_000
"""Most objects of a model after repeated ones are written out."""


def dump(model: BaseEstimator) -> bytes:
    """Content of the skops file of a fitted scikit-learn model.

    Parameters
    ----------
    model : sklearn.base.BaseEstimator

    Raises
    ------
    BundleError
        The model contains a class outside :data:`ALLOWED`, as those of XGBoost do.
    """
    sio = _skops()
    model = copy.copy(model)
    if "cv" in model.get_params(deep=False):
        model.set_params(cv=None)  # indices of training rows; not needed for prediction
    try:
        content = reproducible_skops(sio.dumps(model))
    except Exception as error:  # skops has no common error for unsupported objects
        raise BundleError(
            f"{type(model).__name__} cannot be written without pickle ({brief(error)})"
        ) from error
    check(content, where=type(model).__name__)
    return content


def load(content: bytes, *, where: str) -> BaseEstimator:
    """The fitted model in a skops file.

    Parameters
    ----------
    content : bytes
    where : str
        Name of the file in error messages.

    Returns
    -------
    sklearn.base.BaseEstimator

    Raises
    ------
    BundleError
        Not a valid skops file, or it names a class outside :data:`ALLOWED`; then nothing is built. Or a
        position in the model is out of bounds (:mod:`sercore.bundle.indices`).
    """
    sio = _skops()
    check(content, where=where)
    try:
        model = sio.loads(content, trusted=sio.get_untrusted_types(data=content))
    except Exception as error:  # arrays that do not fit the classes
        raise BundleError(f"{where}: the model cannot be rebuilt ({brief(error)})") from error
    check_indices(model, where=where)
    return model


def check(content: bytes, *, where: str) -> None:
    """Raise BundleError if a skops file names a class outside :data:`ALLOWED`; nothing is built."""
    schema = read_member(content, "schema.json", where=where)
    if len(schema) > MAX_SCHEMA_BYTES:
        raise BundleError(f"{where}: a description of {len(schema)} bytes; at most {MAX_SCHEMA_BYTES}")
    tree = read_json(schema, where=f"{where}, schema.json")
    _refuse_repetition(tree, where)
    n_classes = 0
    for part in walk_objects(tree):
        if {"__loader__", "__class__", "__module__"} & set(part):
            loader, name = part.get("__loader__"), f"{part.get('__module__')}.{part.get('__class__')}"
            known = ALLOWED.get(loader, ()) if isinstance(loader, str) else ()
            if name not in known:
                raise BundleError(f"{where}: contains {name} ({loader}), not used by sercore models; refused")
            n_classes += 1
    if not n_classes:
        raise BundleError(f"{where}: contains no model; refused")


def _refuse_repetition(tree: dict, where: str) -> None:
    """Raise BundleError if objects contain themselves, or are used too often.

    Where a number ``__id__`` occurs again, skops uses the first object of that number, so a small file can
    describe an endless tree, or one that doubles with every level.
    """
    numbered, sizes = {}, {}
    for part in walk_objects(tree):
        if "__id__" in part:
            if type(part["__id__"]) is not int:
                raise BundleError(f"{where}: the number of an object is {part['__id__']!r:.20}; refused")
            numbered.setdefault(part["__id__"], []).append(part)

    def size(part) -> int:
        """Number of objects in a part if the largest object of each number is used everywhere."""
        number = part.get("__id__") if isinstance(part, dict) else None
        if number is not None:
            if number not in sizes:
                sizes[number] = None  # not yet known
                sizes[number] = max(map(inner, numbered[number]))
            if sizes[number] is None:
                raise BundleError(f"{where}: an object contains itself; refused")
            return sizes[number]
        return inner(part)

    def inner(part) -> int:
        values = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        return 1 + sum(size(value) for value in values if isinstance(value, dict | list))

    try:
        n_objects = size(tree)
    except RecursionError:
        raise BundleError(f"{where}: too many objects inside of each other; refused") from None
    if n_objects > MAX_OBJECTS:
        raise BundleError(f"{where}: describes {n_objects} objects; at most {MAX_OBJECTS}; refused")


def _skops():
    try:
        import skops
        import skops.io
    except ImportError as error:
        raise BundleError('scikit-learn models in bundles need: pip install "skops>=0.15"') from error
    if tuple(int(part) for part in skops.__version__.split(".")[:2]) < (0, 15):
        raise BundleError(f'skops {skops.__version__} has known vulnerabilities: pip install "skops>=0.15"')
    return skops.io
