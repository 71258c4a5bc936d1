"""Out-of-fold predictions of several models."""

import numpy as np
import pandas as pd

from sercore import ensemble, evaluation

N_CLIPS = 360
QUICK = ensemble.Evolution(population=24, generations=12, restarts=2, parents=8)
"""A genetic algorithm that takes a fraction of a second."""


def long_table(members, *, seeds=(0,)):
    """Members as an out-of-fold table, models concatenated."""
    parts = [
        members.table(proba, name).assign(seed=seed)
        for seed in seeds
        for name, proba in zip(members.names, members.proba, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def wide(oof, model):
    """Probabilities of one model, by clip."""
    return oof[oof["model"] == model].set_index("clip_id").filter(regex="^p_").sort_index()


def metrics(oof):
    """Scalar metrics of an out-of-fold table."""
    y_true, proba, classes, _ = evaluation.unpack(oof)
    return evaluation.scalar_metrics(y_true, proba, classes)


def one_clip(*probas, label="a"):
    """Table of one clip and two classes, one member for each probability of class a."""
    rows = [
        {"clip_id": "c", "speaker": "s", "label": label, "model": f"m{k}", "split": "speaker", "fold": "f",
         "seed": 0, "p_a": p, "p_b": 1 - p}
        for k, p in enumerate(probas)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def all_fold_predictions(members):
    """Predictions of each fold's model for all clips: perfect for training clips, random for test clips."""
    rng = np.random.default_rng(0)
    parts = []
    for fold in sorted(set(members.rows["fold"])):
        trained = (members.rows["fold"] != fold).to_numpy()
        proba = rng.dirichlet(np.ones(5), len(members.codes))
        proba[trained] = np.eye(5)[members.codes[trained]]
        parts.append(members.table(proba, "overfitted").assign(fold=fold, trained=trained))
    return pd.concat(parts, ignore_index=True)
