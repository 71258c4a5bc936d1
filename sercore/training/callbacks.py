"""What happens after every epoch of a training run: the best network is kept, the epoch is timed and shown.

Notebook: 04_lstm_bilstm.ipynb
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import keras
import numpy as np


class KeepBest(keras.callbacks.Callback):
    """Write a network to a file whenever the validation loss is the lowest so far, else every epoch.

    Parameters
    ----------
    network : keras.Model
        What is written; it may be a part of what is trained.
    path : path
        Ends in ``.keras``; always holds a whole network.
    """

    def __init__(self, network: keras.Model, path: str | os.PathLike):
        super().__init__()
        self.network, self.path, self.lowest = network, Path(path), np.inf

    def on_epoch_end(self, epoch, logs=None):
        loss = logs.get("val_loss", -epoch)
        if loss < self.lowest or epoch == 0:
            self.lowest = loss
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self.path.with_name(f".{os.getpid()}.{self.path.name}")
            self.network.save(part)
            os.replace(part, self.path)


class Epochs(keras.callbacks.Callback):
    """Add each epoch's seconds to the history, and show them on a progress bar.

    Parameters
    ----------
    n_epochs : int
    progress : bool
    """

    def __init__(self, n_epochs: int, progress: bool):
        super().__init__()
        from tqdm.auto import tqdm

        self.bar = tqdm(total=n_epochs, unit="epoch", disable=not progress)

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"] = time.perf_counter() - self.start
        self.bar.set_postfix({name: f"{logs[name]:.3f}" for name in ("loss", "val_loss") if name in logs})
        self.bar.update()

    def on_train_end(self, logs=None):
        self.bar.close()
