"""Hyperparameter search with Optuna, scored on inner folds of the training speakers."""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import SercoreError, StoreError, TrainingError
from ..evaluation import uar_of
from ..models import builder, is_network
from ..splits import inner_folds
from .folds import run_folds
from .jobs import Job
from .networks import fit

if TYPE_CHECKING:
    import optuna


def search(
    index: pd.DataFrame,
    X,
    train: np.ndarray,
    classes: Sequence[str],
    *,
    model: str,
    space: Mapping | None = None,
    n_trials: int = 20,
    n_folds: int = 3,
    model_params: Mapping | None = None,
    fit_params: Mapping | None = None,
    augmented: Sequence = (),
    storage: str | os.PathLike | None = None,
    seed: int = 0,
    n_jobs: int = 1,
    progress: bool = True,
) -> optuna.Study:
    """Optuna study that maximises the mean UA over inner folds of the training speakers.

    The first trial uses the defaults, so that they are compared under the same conditions. A trial whose mean
    so far is below the median of the others is pruned. With ``storage``, finished trials are stored: an
    interrupted search resumes, and a search with more trials continues one with fewer. Another space, other
    data or other parameters make another study, which may be in the same file.

    Parameters
    ----------
    train : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``. No other row is fitted on or scored.
    space : mapping of str to optuna distribution, optional
        Arguments of the builder of the network (or parameters of the classifier) and of :func:`fit`. A tuple
        of the builder, such as ``units=(64,)``, is searched as one width and ``layers``. By default,
        :func:`default_space`.
    n_trials : int
        Total number of trials, including stored ones.
    n_folds : int
        Number of inner folds, with different speakers (:func:`sercore.splits.inner_folds`).
    model_params, fit_params : mapping, optional
        Parameters that are the same in every trial.
    storage : path, optional
        SQLite file.
    n_jobs : int
        Number of folds of a trial that are fitted at once; pruning then saves less time.
    index, X, classes, model, augmented, seed
        As in :func:`out_of_fold`.

    Returns
    -------
    optuna.Study
        Use ``study.best_params`` and ``study.trials_dataframe()``. :func:`split_params` converts parameters
        to arguments of :func:`out_of_fold`; :func:`sercore.plots.search` plots the study.

    Raises
    ------
    TrainingError
        The training with the default parameters diverged. Other trials that diverge are pruned.
    StoreError
        ``storage`` is not an SQLite file, or it cannot be written.

    Notebook: 04_lstm_bilstm.ipynb
    """
    import optuna
    from tqdm.auto import tqdm

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = dict(space or default_space(model))
    shared, common = dict(model_params or {}), dict(fit_params or {})
    job = Job(index, X, classes, model, model_params=shared, fit_params=common, augmented=augmented)
    job.check()
    folds = inner_folds(index, train, n_folds=n_folds, seed=seed)

    def run(trial) -> float | None:
        chosen, trained = split_params(model, trial.params)
        tried = replace(job, model_params=shared | chosen, fit_params=common | trained)
        tested = run_folds(tried, [(seed, fold) for fold in folds], n_jobs=n_jobs)
        scores = []
        for rows in tested:
            scores.append(uar_of(rows))
            trial.report(float(np.mean(scores)), step=len(scores))
            if trial.should_prune():
                tested.close()
                return None
        return float(np.mean(scores))

    like = replace(job, fit_params=common | {name: 1.0 for name in space if name == "mixup"})
    identity = f"{like.digest()} {sorted(space.items())} {n_folds} {seed} {train.tolist()}"
    study = _open(f"{model}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}", storage, seed)
    states = optuna.trial.TrialState
    present = study.get_trials(states=(states.COMPLETE, states.PRUNED, states.WAITING))
    if not any(trial.user_attrs.get("defaults") for trial in present):
        study.enqueue_trial(search_defaults(model, space), user_attrs={"defaults": True})
    done = len(study.get_trials(states=(states.COMPLETE, states.PRUNED)))
    for _ in tqdm(range(done, n_trials), desc=f"search {model}", unit="trial", disable=not progress):
        trial = study.ask(space)
        try:
            value = run(trial)
        except TrainingError:
            is_default = bool(trial.user_attrs.get("defaults"))
            # counted: these parameters train nothing; but the defaults are tried again
            study.tell(trial, state=states.FAIL if is_default else states.PRUNED)
            if is_default:
                raise
            continue
        except BaseException:
            study.tell(trial, state=states.FAIL)  # not counted, so it is tried again
            raise
        study.tell(trial, value, state=states.PRUNED if value is None else states.COMPLETE)
    return study


def _open(name: str, storage: str | os.PathLike | None, seed: int) -> optuna.Study:
    """Study of this name, new or loaded."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    try:
        if storage is not None:
            Path(storage).parent.mkdir(parents=True, exist_ok=True)
        study = optuna.create_study(
            study_name=name,
            storage=storage and f"sqlite:///{Path(storage).absolute()}",
            load_if_exists=True,
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
        )
    except (OSError, SQLAlchemyError) as error:
        raise StoreError(
            f"{storage}: trials cannot be stored there ({error}); choose another file"
        ) from error
    # a sampler does not store its state; with the same seed it would repeat its first trials
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    return study


def default_space(model: str) -> dict[str, optuna.distributions.BaseDistribution]:
    """Search space of a network: learning rate, dropout, width and number of layers, if the network has them.

    Raises
    ------
    SercoreError
        ``model`` is not a network.
    """
    from optuna.distributions import FloatDistribution, IntDistribution

    if not is_network(model):
        raise SercoreError(
            f"no default space for {model!r}; pass one, such as space={{'C': FloatDistribution(…)}}"
        )
    space = {"learning_rate": FloatDistribution(3e-4, 1e-2, log=True)}
    for name, default in _options(model).items():
        if name == "dropout":
            space[name] = FloatDistribution(0.1, 0.6)
        elif name in ("units", "hidden", "width"):
            first = default[0] if isinstance(default, tuple) else default
            space[name] = IntDistribution(first // 2, 2 * first, step=first // 2)
            if isinstance(default, tuple):
                space["layers"] = IntDistribution(1, 3)
    return space


def split_params(model: str, params: Mapping) -> tuple[dict, dict]:
    """Searched parameters as the ``model_params`` and ``fit_params`` of :func:`out_of_fold`.

    Examples
    --------
    >>> split_params("bilstm", {"units": 32, "layers": 2, "learning_rate": 0.001})
    ({'units': (32, 32)}, {'learning_rate': 0.001})

    Raises
    ------
    SercoreError
        The model does not have one of the parameters.

    Notebook: 04_lstm_bilstm.ipynb
    """
    options, trained = _options(model), set(inspect.signature(fit).parameters) if is_network(model) else set()
    model_params, fit_params = {}, {}
    for name, value in params.items():
        if name in trained:
            fit_params[name] = value
        elif name in options:
            default = options[name]
            widths = isinstance(default, tuple) and not isinstance(value, tuple)
            model_params[name] = (value,) * params.get("layers", len(default)) if widths else value
        elif name != "layers":
            available = ", ".join(sorted({*options, *trained}))
            raise SercoreError(f"{model!r} has no parameter {name!r}; available are: {available}")
    return model_params, fit_params


def search_defaults(model: str, space: Mapping) -> dict:
    """Default value of each parameter of a search space.

    Examples
    --------
    >>> search_defaults("mlp", {"learning_rate": None})
    {'learning_rate': 0.001}
    """
    options = _options(model)
    if is_network(model):  # a parameter of both is one of fit, as in split_params
        options |= {name: p.default for name, p in inspect.signature(fit).parameters.items()}
    known = {name: value for name, value in options.items() if name in space}
    widths = [len(value) for value in known.values() if isinstance(value, tuple)]
    known = {name: value[0] if isinstance(value, tuple) else value for name, value in known.items()}
    return known | ({"layers": widths[0]} if "layers" in space and widths else {})


def _options(model: str) -> dict:
    """Parameters of the builder of a network, or of a classifier, and their defaults."""
    if is_network(model):
        parameters = inspect.signature(builder(model)).parameters
        return {
            name: p.default for name, p in parameters.items() if p.default is not p.empty and name != "seed"
        }
    from ..models.classical import Xgboost, steps

    classifier = steps(model, seed=0)[-1]
    return classifier.options if isinstance(classifier, Xgboost) else classifier.get_params()
