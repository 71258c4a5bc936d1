"""Training of one network by several processes, on one computer or on many, with Keras on JAX.

Every process runs the same command with its own number, and reads its own part of the streams of
:class:`sercore.training.streamed.StreamedBatches`. ``keras.distribution.DataParallel`` adds up the gradients
of all; the weights are those of one process with the same batches, up to the order of sums::

    python -m sercore.training.distributed --corpus demo --model mlp --out network \\
        --coordinator 10.0.0.1:4321 --processes 2 --rank 0      # and --rank 1 elsewhere

Without ``--coordinator`` the command trains in one process. The features must be in the cache, which all
processes read: a shared folder, or any fsspec URL. The folder of ``--out`` is written by process 0.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import SercoreError

if TYPE_CHECKING:
    from .networks import FittedNetwork


@dataclass(frozen=True)
class Processes:
    """This process among those that train together.

    Parameters
    ----------
    rank : int
        Number of this process, from 0.
    n_processes : int
    """

    rank: int = 0
    n_processes: int = 1


def join(coordinator: str | None = None, n_processes: int = 1, rank: int = 0, *, seed: int = 0) -> Processes:
    """Connect this process with the others; call it before anything else uses Keras or JAX.

    Parameters
    ----------
    coordinator : str, optional
        ``host:port`` of process 0, which all others can reach. None trains in one process.
    n_processes, rank : int
    seed : int
        The same in all processes.

    Raises
    ------
    SercoreError
        Keras was imported with another backend, the numbers do not fit together, or others could not reach
        this computer under its own name.
    """
    if not 0 <= rank < n_processes or (coordinator is None) != (n_processes == 1):
        raise SercoreError(
            f"process {rank} of {n_processes} with the coordinator {coordinator}: several processes need a "
            "coordinator host:port, and are numbered from 0"
        )
    if coordinator is not None:
        _check_own_address(coordinator)
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    if keras.backend.backend() != "jax":
        raise SercoreError(
            f"Keras was imported with the backend {keras.backend.backend()}; set KERAS_BACKEND=jax before"
        )
    keras.utils.set_random_seed(seed)
    if coordinator is not None:
        import jax

        jax.config.update("jax_cpu_collectives_implementation", "gloo")  # without it, CPUs cannot add up
        keras.distribution.initialize(coordinator, n_processes, rank)
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    return Processes(rank, n_processes)


def _check_own_address(coordinator: str) -> None:
    """Raise SercoreError if this computer would tell the others to reach it at a loopback address.

    Gloo, by which JAX adds up on CPUs, gives others the address to which the computer's own name leads.
    """
    if _leads_to_loopback(coordinator.rpartition(":")[0].strip("[]")):
        return  # all processes on one computer
    own = socket.gethostname()
    if _leads_to_loopback(own):
        raise SercoreError(
            f"the name of this computer, {own!r}, leads to an address that others cannot reach; write its "
            f"address in the network of {coordinator} into its /etc/hosts, before any 127.0.1.1, or, with "
            "all processes on one computer, pass --coordinator 127.0.0.1:PORT"
        )


def _leads_to_loopback(name: str) -> bool:
    """Whether the first address of a name is of this computer only, or the name has none."""
    try:
        address = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)[0][4][0]
    except OSError:
        return name == socket.gethostname()
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def train(
    index: pd.DataFrame,
    classes: Sequence[str],
    processes: Processes,
    *,
    model: str,
    recipe: str = "default",
    cache: str | os.PathLike | None = None,
    epochs: int = 20,
    batch_size: int = 32,
    n_streams: int = 2,
    buffer: int = 4,
    learning_rate: float = 1e-3,
    seed: int = 0,
    progress: bool = False,
    **model_params,
) -> FittedNetwork:
    """Train a network on a fifth of the speakers less, which validate; features are never all in memory.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`, with the column ``label``. Clips that the extraction found
        unusable are left out.
    classes : sequence of str
    processes : Processes
        From :func:`join`.
    model : str
        A network of :data:`sercore.models.NETWORKS`.
    recipe, cache
        See :class:`sercore.training.streamed.FeatureStream`.
    epochs, learning_rate, progress
        See :func:`sercore.training.streamed.fit_streamed`.
    batch_size, n_streams, buffer, seed
        See :class:`sercore.training.streamed.StreamedBatches`.
    **model_params
        Arguments of the builder.

    Returns
    -------
    FittedNetwork
        The same in all processes.

    Raises
    ------
    SercoreError
        See :class:`sercore.training.streamed.StreamedBatches`.
    StoreError
        Features of a clip are not in the cache.
    """
    from ..models import TABLE_NETWORKS, build
    from ..splits import inner_split
    from .networks import FittedNetwork
    from .streamed import FeatureStream, StreamedBatches, fit_streamed, usable

    stored = {"kind": "table" if model in TABLE_NETWORKS else "frames", "cache": cache}
    index = usable(index, recipe, **stored)
    features = FeatureStream(index, recipe, **stored)
    y = pd.Categorical(index["label"], categories=list(classes)).codes.astype(int)
    rows, held_out = inner_split(index, np.arange(len(index)), seed=seed)
    mean, std = features.mean_and_std(rows)
    settings = {"n_features": len(mean), "n_classes": len(classes), "seed": seed} | model_params
    network = build(model, **settings)
    options = {
        "mean": mean, "std": std, "batch_size": batch_size, "n_streams": n_streams, "buffer": buffer,
        "rank": processes.rank, "n_processes": processes.n_processes, "seed": seed,
    }  # fmt: skip
    history = fit_streamed(
        network,
        StreamedBatches(features, rows, y, len(classes), **options),
        validation=StreamedBatches(features, held_out, y, len(classes), shuffle=False, **options),
        epochs=epochs,
        learning_rate=learning_rate,
        progress=progress and processes.rank == 0,
    )
    return FittedNetwork(_of_this_process(network, model, settings), mean, std, history)


def _of_this_process(network, model: str, settings: Mapping):
    """A network with the same weights that one process can use and save; the other needs all processes."""
    import keras

    from ..models import build

    weights = network.get_weights()
    keras.distribution.set_distribution(None)
    own = build(model, **settings)
    own.set_weights(weights)
    return own


def write(fitted: FittedNetwork, out: Path, about: Mapping) -> None:
    """Write ``network.keras``, ``scaler.npz``, ``history.csv`` and ``training.json`` to a folder."""
    out.mkdir(parents=True, exist_ok=True)
    fitted.network.save(out / "network.keras")
    np.savez(out / "scaler.npz", mean=fitted.mean, std=fitted.std)
    fitted.history.to_csv(out / "history.csv")
    (out / "training.json").write_text(json.dumps(about, indent=1))


def main(arguments: list[str] | None = None) -> int:
    """Run the command of one process."""
    options = _parser().parse_args(arguments)
    try:
        processes = join(options.coordinator, options.processes, options.rank, seed=options.seed)
        from ..corpora import load_index
        from ..labels import apply_scheme

        index, classes = apply_scheme(load_index(options.corpus, options.root), options.scheme)
        fitted = train(
            index, classes, processes, model=options.model, recipe=options.recipe, cache=options.cache,
            epochs=options.epochs, batch_size=options.batch_size,
            n_streams=options.streams or options.processes, buffer=options.buffer,
            learning_rate=options.learning_rate, seed=options.seed, progress=True,
        )  # fmt: skip
    except SercoreError as error:
        print(f"process {options.rank}: {error}")
        return 1
    if processes.rank == 0:
        write(fitted, options.out, vars(options) | {"classes": list(classes), "out": str(options.out)})
        print(f"{options.out}: {fitted.history.iloc[-1].round(4).to_dict()}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sercore.training.distributed", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--coordinator", metavar="HOST:PORT", help="address of process 0 (default: no others)"
    )
    parser.add_argument("--processes", type=int, default=1, help="number of processes (default: 1)")
    parser.add_argument("--rank", type=int, default=0, help="number of this process, from 0")
    parser.add_argument("--corpus", default="demo")
    parser.add_argument("--root", help="folder of the corpus")
    parser.add_argument("--scheme", default="all", help="label scheme (default: all)")
    parser.add_argument("--model", default="mlp", help="network (default: mlp)")
    parser.add_argument("--recipe", default="default")
    parser.add_argument("--cache", help="folder or fsspec URL of the features, for all processes the same")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=32, help="of all processes together (default: 32)")
    parser.add_argument("--streams", type=int, help="number of streams (default: that of the processes)")
    parser.add_argument(
        "--buffer", type=int, default=4, help="shards in memory, for each stream (default: 4)"
    )
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("network"), help="folder (default: network)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
