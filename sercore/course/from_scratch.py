"""Ensembles of models trained from scratch on RAVDESS, step by step, from published predictions.

Members and steps were fixed before the time-delay network was measured. Weights and meta-model are fitted on
the speakers of the other folds (:func:`sercore.ensemble.evaluate_nested`).
"""

from __future__ import annotations

import pandas as pd

from . import published
from .predictions import dagger, mark

__all__ = ["MEMBERS", "NETWORK", "SYSTEMS", "markdown", "member", "table"]

NETWORK = "tdnn, 13 versions"
"""The time-delay network, averaged over a test clip and twelve augmented versions of it."""

MEMBERS = {
    NETWORK: "ravdess-emobox-tdnn",
    "mlp": "ravdess-emobox-networks",
    "rbf_svc": "ravdess-emobox",
    "cnn1d_lstm": "ravdess-emobox-networks",
    "cnn2d_lstm": "ravdess-emobox-networks",
}
"""Campaign of each member. A member is the mean over its seeds."""

SYSTEMS = {
    "equal": "all five, equal weights",
    "optimum": "all five, weights by SciPy, nested",
    "genetic": "all five, weights by PyGAD, nested",
    "stack_logistic": "all five, stacking, nested",
}
"""Systems with their printed names."""


def member(name: str) -> pd.DataFrame:
    """Out-of-fold predictions of a member: the mean of the probabilities of its seeds.

    Examples
    --------
    >>> oof = member("mlp")
    >>> len(oof), oof["model"].unique().tolist()
    (1440, ['mlp'])
    """
    from ..ensemble import align, seeds_as_members

    oof = published.load(MEMBERS[name])
    seeds = align(seeds_as_members(oof[oof["model"] == name]))
    return seeds.table(seeds.proba.mean(axis=0), name)


def table(*, n_boot: int = 2000) -> pd.DataFrame:
    """Scores of each step.

    Returns
    -------
    pd.DataFrame
        One row per step: ``step, ua, low, high``, and ``difference, difference_low, difference_high`` of UA
        to the time-delay network averaged over test versions and seeds, over the same speakers (NaN before
        that step).
    """
    from ..ensemble import align, evaluate_nested
    from ..evaluation import compare_oof, evaluate_oof

    oof = published.load(MEMBERS[NETWORK])
    parts = {name: member(name) for name in MEMBERS}
    two = align(pd.concat([parts[NETWORK], parts["mlp"]], ignore_index=True))
    nested = evaluate_nested(
        pd.concat(parts.values(), ignore_index=True), systems=tuple(SYSTEMS), metric="log_loss",
        progress=False,
    )  # fmt: skip
    steps = {
        "`tdnn`, one seed": oof[oof["model"] == "tdnn"],
        "… averaged over 13 versions of the test clip": oof[oof["model"] == NETWORK],
    }
    if oof["seed"].nunique() > 1:
        steps["… and over its seeds"] = parts[NETWORK]
    n_alone = len(steps)
    steps["… and `mlp`, equal weights"] = two.table(two.proba.mean(axis=0), "two")
    steps |= {name: nested.oof[nested.oof["model"] == system] for system, name in SYSTEMS.items()}
    rows = []
    for number, (name, part) in enumerate(steps.items()):
        scores = evaluate_oof(part, n_boot=n_boot)
        row = {"step": name, "ua": scores["ua"], "low": scores["ua_low"], "high": scores["ua_high"]}
        if number >= n_alone:
            paired = compare_oof(part, parts[NETWORK], n_boot=n_boot)
            row |= {"difference": paired["difference"]}
            row |= {f"difference_{end}": paired[end] for end in ("low", "high")}
        rows.append(row)
    return pd.DataFrame(rows)


def markdown() -> str:
    """Markdown table of the steps."""
    shown = {
        version
        for name, campaign in MEMBERS.items()
        for version in published.load(campaign).query("model == @name")["folds_version"]
    }
    old = max(map(dagger, shown))
    lines = ["| from scratch | UA | minus `tdnn`, 13 versions |", "|---|---|---|"]
    for row in table().itertuples():
        cells = [row.step, f"{100 * row.ua:.1f} [{100 * row.low:.1f}, {100 * row.high:.1f}]", ""]
        if pd.notna(row.difference):
            cells[1] += old
            ends = f"[{100 * row.difference_low:+.1f}, {100 * row.difference_high:+.1f}]"
            cells[-1] = f"{100 * row.difference:+.1f} {ends}"
        lines.append("| " + " | ".join(cells) + " |")
    return mark("\n".join(lines), shown)
