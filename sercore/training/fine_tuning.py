"""Fine-tuning of Whisper's encoder: its last blocks are trained together with a linear classifier.

A new classifier on a pretrained network first sends large, meaningless gradients through it. Therefore the
classifier is fitted first, on rows of the frozen encoder, and both are trained together from there (linear
probing, then fine-tuning). The first row of the history is the frozen encoder with that classifier; if no
epoch improves on it for the inner speakers, it is what is returned.

The frozen part contains no dropout, so its output for a clip is the same in every epoch and is computed once.

References
----------
Kumar et al.: Fine-tuning can distort pretrained features and underperform out-of-distribution. ICLR 2022.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..encoders import Encoder, EncoderRecipe, keras_encoder, whisper_log_mel, whisper_model
from ..encoders.encoder import own_frames, pad_windows
from ..errors import EncoderError
from ..splits import inner_split
from .classical import fit_classical

_BATCH = 16  # clips encoded at a time


@dataclass(frozen=True, eq=False)
class FineTuned:
    """A fine-tuned encoder with its classifier.

    Parameters
    ----------
    network : keras.Model
        From log-mel frames [shape=(batch, n_frames, 80)] and the valid encoder frames
        [shape=(batch, n_frames / 2)] to class probabilities.
    encoder : Encoder
        The fine-tuned encoder, for frames and rows.
    history : pd.DataFrame
        One row per epoch: ``loss accuracy val_loss val_accuracy seconds``. Epoch 0 is the frozen encoder
        with its classifier; it has no training loss.
    n_trained : int
        Number of weights that were trained.
    """

    network: object
    encoder: Encoder
    history: pd.DataFrame
    n_trained: int

    def __call__(self, waves: Sequence[np.ndarray]) -> np.ndarray:
        """Class probabilities [shape=(n_clips, n_classes)] of waveforms at 16 kHz."""
        parts = [waves[k : k + _BATCH] for k in range(0, len(waves), _BATCH)]
        recipe = self.encoder.recipe
        return np.concatenate([self.network.predict_on_batch(windows(part, recipe)) for part in parts])


def fine_tune(
    index: pd.DataFrame,
    waves: Sequence[np.ndarray],
    train: np.ndarray,
    classes: Sequence[str],
    *,
    recipe: EncoderRecipe,
    n_blocks: int = 1,
    epochs: int = 3,
    batch_size: int = 16,
    learning_rate: float = 3e-5,
    patience: int = 2,
    seed: int = 0,
    progress: bool = False,
) -> FineTuned:
    """Train the last blocks of an encoder, with early stopping on inner speakers.

    Adam starts at a tenth of the learning rate, reaches it after half an epoch and decays with a cosine. The
    convolutions of the encoder stay frozen, also if all blocks are trained.

    Parameters
    ----------
    index : pd.DataFrame
        With ``speaker`` and ``label``.
    waves : sequence of np.ndarray [shape=(n_samples,)]
        One waveform at 16 kHz per row of the index, at most ``recipe.seconds`` long.
    train : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``. A fifth of their speakers decides when to stop.
    classes : sequence of str
    recipe : EncoderRecipe
        A Whisper encoder with all blocks and both statistics.
    n_blocks : int
        Number of blocks to train, counted from the last one.
    epochs, batch_size, patience : int
    learning_rate : float
    seed : int
        Seed of the inner split and of the batches.
    progress : bool
        Whether to print a line per epoch.

    Returns
    -------
    FineTuned

    Raises
    ------
    EncoderError
        There are fewer blocks, a waveform is too long, or the recipe selects blocks or statistics.

    See Also
    --------
    fit_network : trains a network on features.
    """
    start = time.perf_counter()
    model = whisper_model(recipe)
    lower, upper = _divide(model, n_blocks, recipe)
    fit_rows, held_out = inner_split(index, train, seed=seed)
    y = pd.Categorical(index["label"], categories=list(classes)).codes.astype(int)
    parts = [_encode(lower, [waves[row] for row in rows], recipe) for rows in (fit_rows, held_out)]
    _start_classifier(upper, parts[0], index.iloc[fit_rows].reset_index(drop=True), classes, seed)
    network = _compiled(upper, learning_rate, epochs, -(-len(fit_rows) // batch_size))
    fit, held = (
        (inputs, np.eye(len(classes), dtype=np.float32)[y[rows]])
        for inputs, rows in zip(parts, (fit_rows, held_out), strict=True)
    )
    history = _train(network, fit, held, epochs, batch_size, patience, seed, progress, start)
    whole = _join(lower, network)
    return FineTuned(whole, keras_encoder(model, recipe), history, _count(network.trainable_weights))


def windows(waves: Sequence[np.ndarray], recipe: EncoderRecipe) -> tuple[np.ndarray, np.ndarray]:
    """Input of a fine-tuned network: log-mel frames of padded clips, and their valid encoder frames.

    Returns
    -------
    log_mel : np.ndarray [shape=(n_clips, n_frames, 80), dtype=float32]
    valid : np.ndarray of bool [shape=(n_clips, n_frames / 2)]
    """
    longest = max(wave.size for wave in waves)
    if longest > recipe.n_samples:
        raise EncoderError(
            f"a clip of {longest / recipe.sr:.1f} s is longer than the {recipe.seconds:g} s of the encoder; "
            "pass a recipe with more seconds"
        )
    log_mel = np.stack([whisper_log_mel(padded) for padded in pad_windows(list(waves), recipe.n_samples)])
    n_frames = log_mel.shape[1] // 2
    counts = [own_frames(wave.size, n_frames, recipe.n_samples) for wave in waves]
    return log_mel, np.arange(n_frames)[None] < np.array(counts)[:, None]


def _divide(model, n_blocks: int, recipe: EncoderRecipe):
    """The frozen part of an encoder, and its last blocks with a function that adds a classifier."""
    import keras

    from ..models.layers import FrameStatistics

    _, total, n_frames, _ = model.output_shape
    if recipe.blocks or recipe.statistics != ("mean", "std"):
        raise EncoderError("fine-tuning uses the mean and standard deviation of all blocks; select none")
    if not 1 <= n_blocks <= total:
        raise EncoderError(f"the encoder has {total} blocks; {n_blocks} of them cannot be trained")
    frozen = range(1, total - n_blocks + 1)
    model.trainable = True
    for layer in model.layers:
        number = layer.name.removeprefix("block_")
        layer.trainable = layer.name == "norm" or (number.isdigit() and int(number) not in frozen)
    valid = keras.Input((n_frames,), dtype="bool", name="valid")
    blocks = [model.get_layer(f"block_{number}").output for number in frozen]
    hidden = blocks[-1] if blocks else model.get_layer("position").output
    rows = [FrameStatistics()(block, mask=valid) for block in blocks]
    lower = keras.Model([model.input, valid], [hidden, valid, *rows], name="frozen")

    inputs = [keras.Input(part.shape[1:], dtype=part.dtype) for part in lower.outputs]
    x, mask, *rows = inputs
    for number in range(total - n_blocks + 1, total):
        x = model.get_layer(f"block_{number}")(x)
        rows.append(FrameStatistics()(x, mask=mask))
    x = model.get_layer("norm")(model.get_layer(f"block_{total}")(x))
    rows.append(FrameStatistics()(x, mask=mask))
    row = keras.layers.Concatenate()(rows) if len(rows) > 1 else rows[0]
    for part in (model, lower):
        part.jit_compile = False  # XLA compiles for longer than an epoch takes
    return lower, keras.Model(inputs, row, name="row")


def _encode(lower, waves, recipe: EncoderRecipe) -> list[np.ndarray]:
    """Output of the frozen part for every clip."""
    batches = [
        lower.predict_on_batch(windows(waves[k : k + _BATCH], recipe)) for k in range(0, len(waves), _BATCH)
    ]
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def _start_classifier(upper, inputs, index, classes, seed):
    """Append the logistic regression of the frozen encoder to a network of rows, in place of its output."""
    import keras

    X = np.concatenate([upper.predict_on_batch([part[k : k + _BATCH] for part in inputs])
                        for k in range(0, len(index), _BATCH)])  # fmt: skip
    fitted = fit_classical(index, X, np.arange(len(index)), model="logistic_nested", seed=seed)
    scaler, logistic = fitted[0], fitted[-1]
    scale = keras.layers.Normalization(mean=scaler.mean_, variance=scaler.scale_**2, name="scale")
    dense = keras.layers.Dense(len(classes), activation="softmax", name="proba")
    proba = dense(scale(upper.output))
    position = [list(classes).index(name) for name in logistic.classes_]
    kernel, bias = dense.get_weights()
    kernel[:], bias[:] = 0.0, -20.0  # of a class without training clips
    # with two classes, scikit-learn has the weights of the second only
    kernel[:, position[-len(logistic.coef_) :]] = logistic.coef_.T
    bias[position] = 0.0
    bias[position[-len(logistic.coef_) :]] = logistic.intercept_
    dense.set_weights([kernel, bias])
    upper.classifier = keras.Model(upper.inputs, proba, name="fine_tuned")


def _compiled(upper, learning_rate: float, epochs: int, n_batches: int):
    """The classifier, compiled after layers were frozen, because ``trainable`` is read at that moment."""
    import keras

    network, warmup = upper.classifier, max(1, n_batches // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        learning_rate / 10, max(1, epochs * n_batches - warmup), alpha=0.01, warmup_target=learning_rate,
        warmup_steps=warmup,
    )  # fmt: skip
    network.compile(
        keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    return network


def _train(network, fit, held, epochs, batch_size, patience, seed, progress, start) -> pd.DataFrame:
    """History of training; the network ends with the weights of the lowest validation loss."""
    loss, accuracy = network.evaluate(*held, batch_size=_BATCH, verbose=0)
    rows = [[np.nan, np.nan, loss, accuracy, time.perf_counter() - start]]
    best, lowest, kept = network.get_weights(), loss, 0
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        order = np.random.default_rng((seed, epoch)).permutation(len(fit[1]))
        batches = [order[k : k + batch_size] for k in range(0, len(order), batch_size)]
        trained = [network.train_on_batch([part[k] for part in fit[0]], fit[1][k]) for k in batches]
        trained = np.average(trained, axis=0, weights=list(map(len, batches)))  # of the whole epoch
        loss, accuracy = network.evaluate(*held, batch_size=_BATCH, verbose=0)
        rows.append([*map(float, trained), loss, accuracy, time.perf_counter() - start])
        if progress:
            print(f"epoch {epoch}: validation loss {loss:.3f}, accuracy {accuracy:.3f}")
        if loss < lowest:
            best, lowest, kept = network.get_weights(), loss, epoch
        elif epoch - kept >= patience:
            break
    network.set_weights(best)
    columns = ["loss", "accuracy", "val_loss", "val_accuracy", "seconds"]
    return pd.DataFrame(rows, columns=columns).rename_axis("epoch")


def _join(lower, network):
    """Both parts as one network."""
    import keras

    whole = keras.Model(lower.inputs, network(lower.outputs), name="fine_tuned_whisper")
    whole.jit_compile = False
    return whole


def _count(weights) -> int:
    return int(sum(np.prod(weight.shape) for weight in weights))
