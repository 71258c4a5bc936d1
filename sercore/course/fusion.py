"""What networks trained from scratch add to the frozen encoder: ensembles, evaluated nested.

Everything is computed from published predictions. Weights and meta-model are fitted on the speakers of the
other folds (:func:`sercore.ensemble.evaluate_nested`). Members were fixed before the first score.
"""

from __future__ import annotations

import pandas as pd

from . import published

__all__ = ["MEMBERS", "SYSTEMS", "predictions", "table"]

ENCODER = "encoder"
NETWORKS = {"mlp, 13 versions": "ravdess-emobox-mlp", "tdnn, 13 versions": "ravdess-emobox-tdnn"}
MEMBERS = (ENCODER, *NETWORKS)
"""The frozen encoder with logistic regression, and the best networks on the table and on frames."""

SYSTEMS = ("equal", "optimum", "stack_logistic")
"""Equal weights, weights with the lowest log loss, and logistic regression on all probabilities."""


def predictions(*, speaker_norm: bool = False) -> pd.DataFrame:
    """Out-of-fold predictions of the members: RAVDESS, `emobox-ravdess`, first seed.

    Parameters
    ----------
    speaker_norm : bool
        Those with features that are standardised per speaker.

    Examples
    --------
    >>> predictions()["model"].unique().tolist()
    ['encoder', 'mlp, 13 versions', 'tdnn, 13 versions']
    """
    suffix = "-speaker-norm" if speaker_norm else ""
    encoder = published.load(f"ravdess-emobox-encoder{suffix}").assign(model=ENCODER)
    parts = [encoder]
    for name, campaign in NETWORKS.items():
        oof = published.load(f"{campaign}{suffix}")
        parts.append(oof[(oof["model"] == name) & (oof["seed"] == oof["seed"].min())])
    return pd.concat(parts, ignore_index=True)


def table(*, speaker_norm: bool = False, n_boot: int = 1000) -> pd.DataFrame:
    """Scores of the ensembles and their differences to the encoder alone.

    Parameters
    ----------
    speaker_norm : bool
    n_boot : int
        Number of bootstrap resamples of the speakers.

    Returns
    -------
    pd.DataFrame
        One row per system of :data:`SYSTEMS`: ``system, ua, difference, low, high``, and ``w_encoder``, the
        mean weight of the encoder over the folds (NaN for the meta-model).
    """
    from ..ensemble import align, compare_systems, evaluate_nested

    members = align(predictions(speaker_norm=speaker_norm))
    nested = evaluate_nested(members, systems=SYSTEMS, metric="log_loss", progress=False)
    alone = members.table(members.pick([ENCODER]).proba[0], ENCODER)
    both = pd.concat([alone, nested.oof], ignore_index=True)
    compared = compare_systems(both, baselines=(ENCODER,), n_boot=n_boot)
    weights = nested.weights.groupby("system")[f"w_{ENCODER}"].mean()
    compared = compared[compared["system"] != ENCODER].reset_index(drop=True)
    kept = compared[["system", "ua", "difference", "low", "high"]]
    return kept.assign(w_encoder=kept["system"].map(weights))
