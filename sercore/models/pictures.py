"""Networks trained on photographs as classifiers of log-mel frames, first frozen, then with unfrozen layers.

The pixels are made inside the network, so frames are its input, as for all networks on frames.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from ..encoders.pictures import backbone, to_input
from ..errors import SercoreError
from .assembly import classify, fixed_frames, seeded


@seeded
def build_picture(
    n_features: int,
    n_classes: int,
    *,
    family: str = "mobilenet_v2",
    weights: str = "random",
    path: str = "",
    sha256: str = "",
    n_frames: int = 300,
    size: int = 96,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """Frozen network of ``keras.applications`` on a picture of the clip, average pooling, one dense layer.

    Standardised levels from -3 to 3 become 0 to 255, in three equal channels, and are preprocessed as the
    family requires.

    Parameters
    ----------
    n_features, n_classes : int
        Mel bands and classes.
    family, weights, path, sha256
        See :func:`sercore.encoders.pictures.backbone`.
    n_frames : int
        Length to which every clip is cut or filled with the mean level.
    size : int
        Height and width of the picture in pixels, at least 32.
    dropout : float
        Dropout rate before the output layer.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    Raises
    ------
    EncoderError
        The weights of ImageNet are not there and cannot be downloaded.

    See Also
    --------
    unfreeze : Makes the last layers trainable.
    sercore.encoders.pictures.PictureRecipe : Cached rows of the frozen network.
    """
    inputs, x = fixed_frames(n_features, n_frames)
    pixels = 255 * ops.clip((ops.transpose(x, (0, 2, 1)) + 3) / 6, 0, 1)
    network = backbone(family, size=size, weights=weights, path=path, sha256=sha256, seed=seed)
    network.trainable = False
    network.name = "backbone"
    x = network(to_input(pixels, family, size), training=False)
    summary = layers.GlobalAveragePooling2D()(x)
    return classify(inputs, summary, n_classes, dropout=dropout, name="picture")


def unfreeze(network: keras.Model, n_layers: int, *, learning_rate: float = 1e-5) -> int:
    """Make the last layers of a picture network trainable, and compile it again.

    Keras reads ``trainable`` when it compiles: without a fresh compile ``fit`` leaves the layers as they are,
    or raises an error if the batch size has changed. Batch normalisation stays frozen, because statistics of
    a few small batches would replace those of the pretraining.

    Parameters
    ----------
    network : keras.Model
        Of :func:`build_picture`, with a trained output layer.
    n_layers : int
        Layers with weights, other than batch normalisation, counted from the last of the backbone.
    learning_rate : float
        Of Adam; low, because the layers are trained already.

    Returns
    -------
    int
        Number of trainable weights. :func:`sercore.training.fit` compiles again, with its own learning rate.

    Raises
    ------
    SercoreError
        The backbone has fewer layers.
    """
    inner = network.get_layer("backbone")
    able = [
        layer for layer in inner.layers if layer.weights and not isinstance(layer, layers.BatchNormalization)
    ]
    if not 1 <= n_layers <= len(able):
        raise SercoreError(f"the backbone has {len(able)} layers to train; {n_layers} cannot be unfrozen")
    inner.trainable = True
    for layer in inner.layers:
        layer.trainable = layer in able[-n_layers:]
    network.compile(
        keras.optimizers.Adam(learning_rate),
        "categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    return sum(int(ops.size(weight)) for weight in network.trainable_weights)
