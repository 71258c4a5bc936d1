"""A model whose evidence is known."""

import keras
import numpy as np
import pytest
from keras import layers

from sercore.models.assembly import frame_inputs

N_BANDS = 8


@pytest.fixture(scope="module")
def band_model():
    """Softmax of the mean of bands 2 and 3 over the clip."""
    inputs, x, mask = frame_inputs(N_BANDS)
    model = keras.Model(
        inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(x, mask=mask))
    )
    kernel = np.zeros((N_BANDS, 2))
    kernel[2:4] = [-2.0, 2.0]
    model.set_weights([kernel, np.zeros(2)])
    return model
