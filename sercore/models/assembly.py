"""What all networks on frames share: their input, their output, their seed, and how they are documented.

A builder is written as the middle of a network, from frames and mask to a summary of the clip;
:func:`reads_frames` puts input and output around it.

Notebook: 04_lstm_bilstm.ipynb
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

import keras

from .layers import classify, read_frames, seeded

_COMMON = """
    Every builder of a network on frames also takes and returns
    ----------------------------------------------------------
    n_features, n_classes : int
        Width of input and output.
    dropout : float
        Share of the summary, and of what lies before it, switched off at each training step.
    seed : int
        Of initial weights and dropout.
    keras.Model
        Uncompiled. Input (batch, n_frames, n_features), standardised, NaN after the end of a clip
        (:func:`sercore.models.pad_clips`); output (batch, n_classes) that sums to 1.
"""


def reads_frames(middle: Callable) -> Callable[..., keras.Model]:
    """Make a builder ``build_x(n_features, n_classes, *, …, seed=0)`` of the middle of a network.

    Parameters
    ----------
    middle : callable
        ``build_x(x, mask, *, …, dropout=…)``: from frames (batch, n_frames, n_features), padding set to
        0, and their mask (batch, n_frames) to a summary (batch, units). Options have defaults.

    Returns
    -------
    callable
        With the middle's options and ``seed``; its network is named ``x``.
    """
    name = middle.__name__.removeprefix("build_")
    options = [p for p in inspect.signature(middle).parameters.values() if p.kind is p.KEYWORD_ONLY]
    defaults = {p.name: p.default for p in options}

    @seeded
    @functools.wraps(middle)
    def build(n_features, n_classes, **given):
        inputs, x, mask = read_frames(n_features)
        chosen = defaults | given
        return classify(inputs, middle(x, mask, **chosen), n_classes, dropout=chosen["dropout"], name=name)

    keyword = inspect.Parameter.KEYWORD_ONLY
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    build.__signature__ = inspect.Signature(
        [
            inspect.Parameter("n_features", either, annotation="int"),
            inspect.Parameter("n_classes", either, annotation="int"),
            *options,
            inspect.Parameter("seed", keyword, default=0, annotation="int"),
        ],
        return_annotation="keras.Model",
    )
    build.__doc__ = inspect.cleandoc(middle.__doc__) + "\n" + inspect.cleandoc(_COMMON)
    return build
