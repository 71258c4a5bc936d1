"""Does a map depend on what the model learned, and do the methods agree?

A map that stays the same when the weights are shuffled shows the clip, not the model. Two methods
that disagree cannot both be right; two that agree can both be wrong.

References
----------
Adebayo et al.: Sanity checks for saliency maps. NeurIPS 2018.

Krishna et al.: The disagreement problem in explainable machine learning. TMLR 2024.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import SercoreError
from .grid import BOX, box_means
from .maps import attribute

if TYPE_CHECKING:
    import keras


def shuffled(model: keras.Model, *, layers: str = "all", seed: int = 0) -> keras.Model:
    """A copy of a model whose weights are exchanged within each array, so that nothing learned is left.

    Parameters
    ----------
    model : keras.Model
    layers : str
        ``all``, or ``last`` for the last layer with weights alone.
    seed : int
    """
    import keras

    if layers not in ("all", "last"):
        raise SercoreError(f"layers is {layers!r}; it is 'all' or 'last'")
    copy, rng = keras.models.clone_model(model), np.random.default_rng(seed)
    copy.set_weights(model.get_weights())
    weighted = [layer for layer in copy.layers if layer.weights]
    for layer in weighted if layers == "all" else weighted[-1:]:
        layer.set_weights([rng.permuted(array.ravel()).reshape(array.shape) for array in layer.get_weights()])
    return copy


def sanity(
    model: keras.Model,
    X: np.ndarray,
    targets: np.ndarray,
    methods: Mapping[str, Mapping] | Iterable[str],
    *,
    box: tuple[int, int] = BOX,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank correlation of each method's maps with those of the model after its weights are shuffled.

    Parameters
    ----------
    model, X, targets
        As in :func:`sercore.interpret.attribute`.
    methods : iterable of str, or mapping of str to options
        From :data:`sercore.interpret.METHODS`.
    box : (int, int)
        Frames and features over which maps are averaged first.

    Returns
    -------
    pd.DataFrame
        One row per method, columns ``last`` (only the last layer shuffled) and ``all``: means over clips,
        near 0 for a map of what was learned, 1 for one that did not notice. NaN where a map is constant.
    """
    settings = methods if isinstance(methods, Mapping) else {name: {} for name in methods}
    copies = {layers: shuffled(model, layers=layers, seed=seed) for layers in ("last", "all")}
    rows = {}
    for name, options in settings.items():
        before = attribute(model, X, method=name, targets=targets, **options)
        rows[name] = {
            layers: _rank_correlation(
                before, attribute(copy, X, method=name, targets=targets, **options), X, box
            )
            for layers, copy in copies.items()
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def agreement(maps: Mapping[str, np.ndarray], X: np.ndarray, *, box: tuple[int, int] = BOX) -> pd.DataFrame:
    """Rank correlation between the maps of any two methods, mean over clips.

    Parameters
    ----------
    maps : mapping of str to np.ndarray [shape of X]
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        The clips, NaN after their end.
    box : (int, int)
        Frames and features over which maps are averaged first.

    Returns
    -------
    pd.DataFrame [shape=(n_methods, n_methods)]
    """
    names = list(maps)
    table = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    for k, first in enumerate(names):
        for second in names[k + 1 :]:
            value = _rank_correlation(maps[first], maps[second], X, box)
            table.loc[first, second] = table.loc[second, first] = value
    return table


def _rank_correlation(first, second, X, box) -> float:
    """Spearman's rank correlation over the boxes of each clip, mean over the clips where it exists."""
    from scipy.stats import rankdata

    values = []
    for one, other in zip(box_means(first, X, box=box), box_means(second, X, box=box), strict=True):
        inside = np.isfinite(one)
        a, b = rankdata(one[inside]), rankdata(other[inside])
        if a.std() > 0 and b.std() > 0:
            values.append(np.corrcoef(a, b)[0, 1])
    return float(np.mean(values)) if values else np.nan
