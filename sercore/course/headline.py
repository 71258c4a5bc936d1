"""The result of a run in one sentence and one picture: honest against leaky."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..labels import SCHEMES
from ..splits import is_leaky

__all__ = ["draw", "pairs", "read", "sentence"]

_NAMES = {
    "logistic": "a logistic regression",
    "sklearn_mlp": "an MLP",
    "mlp": "an MLP",
    "knn": "a nearest-neighbour model",
}


def pairs(results: pd.DataFrame) -> pd.DataFrame:
    """Rows of the models that were tested with the random and with the speaker split, by model.

    Parameters
    ----------
    results : pd.DataFrame
        From :func:`sercore.evaluation.results_table`, such as ``tables/results.csv`` of a run.

    Returns
    -------
    pd.DataFrame
        For each model the leaky row, then the honest one; empty if no model was tested with both.
    """
    plain = results[~results["speaker_norm"].astype(bool) & results["split"].isin(["random", "speaker"])]
    plain = plain.drop_duplicates(["model", "split"])
    both = plain.groupby("model")["split"].transform("nunique") == 2
    return plain[both].sort_values(["model", "split"], kind="stable").reset_index(drop=True)


def sentence(table: pd.DataFrame) -> str:
    """What the split changes, for the logistic regression or else the first model.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`pairs`, not empty.

    Examples
    --------
    >>> row = {"model": "knn", "scheme": "four", "ua_low": 0.5, "ua_high": 0.7, "interval": "speakers"}
    >>> row |= {"n_clips": 40, "n_speakers": 4}
    >>> rows = pd.DataFrame([row | {"split": "random", "ua": 0.8}, row | {"split": "speaker", "ua": 0.6}])
    >>> print(sentence(rows))  # doctest: +NORMALIZE_WHITESPACE
    Tested on speakers it was not trained on, a nearest-neighbour model recognises 60.0 % of the
    emotions (unweighted accuracy; 95 % interval over speakers 50.0 to 70.0; 40 clips, 4 speakers; guessing
    gives 25.0); the random split, which tests it on its training speakers, reports 80.0 %.
    """
    models = table["model"].tolist()
    own = table[table["model"] == ("logistic" if "logistic" in models else models[0])]
    leaky = own["split"].map(is_leaky)
    seen, unseen = own[leaky].iloc[0], own[~leaky].iloc[0]
    name = _NAMES.get(unseen["model"], f"the model {unseen['model']}")
    chance = _chance(unseen)
    chance = f"; guessing gives {chance:.1f}" if chance else ""
    low, high = 100 * unseen["ua_low"], 100 * unseen["ua_high"]
    interval = f"95 % interval over {unseen['interval']} {low:.1f} to {high:.1f}"
    return (
        f"Tested on speakers it was not trained on, {name} recognises {100 * unseen['ua']:.1f} % of the "
        f"emotions (unweighted accuracy; {interval}; {unseen['n_clips']:.0f} clips, "
        f"{unseen['n_speakers']:.0f} speakers{chance}); the random split, which tests it on its training "
        f"speakers, reports {100 * seen['ua']:.1f} %."
    )


def draw(table: pd.DataFrame) -> bytes:
    """The same for all models of :func:`pairs`, with a line at chance level, as an SVG image."""
    from .. import plots
    from ..report import figures

    def both(table, ax):
        names = table["model"].map(
            lambda model: _NAMES.get(model, model).removeprefix("a ").removeprefix("an ")
        )
        voices = table["split"].map(
            lambda split: "random split (leaky)" if is_leaky(split) else "new speakers"
        )
        plots.results(table.assign(row=names + ", " + voices), by="row", ax=ax).get_legend().remove()
        if chance := _chance(table.iloc[0]):
            ax.axvline(chance, color="0.4", ls="--", lw=1)

    return figures.draw(both, table, size=(8, 1.3 + 0.4 * len(table)))


def _chance(row: pd.Series) -> float | None:
    """UA by guessing in percent, or None if the corpus may lack classes of the scheme."""
    if row["scheme"] not in SCHEMES or row["scheme"] == "all" or row.get("corpus") == "folder":
        return None
    return 100 / len(SCHEMES[row["scheme"]].classes)


def read(folder: Path) -> pd.DataFrame | None:
    """Pairs of the result table of a run folder, or None if there are none."""
    path = folder / "tables" / "results.csv"
    if not path.is_file():
        return None
    table = pairs(pd.read_csv(path, keep_default_na=False, na_values=[""]))
    return table if len(table) else None
