"""Result tables: one row per system, with everything one needs to know to compare it.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..splits import is_leaky

COLUMNS = (
    "corpus",
    "scheme",
    "split",
    "enrolled",
    "model",
    "ua",
    "ua_low",
    "ua_high",
    "ua_sd",
    "wa",
    "macro_f1",
    "weighted_f1",
    "kappa",
    "mcc",
    "auc",
    "log_loss",
    "ece",
    "n_clips",
    "n_speakers",
    "seeds",
    "parameters",
    "train_seconds",
    "ms_per_clip",
    "interval",
    "note",
)
"""Columns of a result table. Figures are fractions, 0 to 1."""


def results_row(
    scores: Mapping,
    *,
    corpus: str,
    scheme: str,
    split: str | None = None,
    model: str | None = None,
    enrolled: bool = False,
    parameters: float = np.nan,
    train_seconds: float = np.nan,
    ms_per_clip: float = np.nan,
) -> dict:
    """One row of a result table.

    Parameters
    ----------
    scores : mapping
        From :func:`evaluate` or :func:`evaluate_oof`; the latter knows `split` and `model` itself.
    corpus, scheme, split, model : str
        What was scored: corpora, label scheme, name of the split, name of the model.
    enrolled : bool
        Features were normalised with the test speaker's own unlabelled clips.
    parameters : float
        Trained weights; NaN where counting them makes no sense.
    train_seconds, ms_per_clip : float
        Time to train all folds of one seed, and to predict one clip from its features.
    """
    given = {"split": split, "model": model}
    named = {key: value if value is not None else scores.get(key) for key, value in given.items()}
    absent = [key for key, value in named.items() if value is None]
    absent += [key for key in ("ua", "ua_low", "n_clips", "interval") if key not in scores]
    if absent:
        raise EvaluationError(
            f"a result row needs {', '.join(absent)}; pass the dict of evaluate or evaluate_oof"
        )
    about = {
        "corpus": corpus,
        "scheme": scheme,
        "enrolled": enrolled,
        "parameters": parameters,
        "train_seconds": train_seconds,
        "ms_per_clip": ms_per_clip,
    }
    row = {"seeds": 1, "ua_sd": np.nan, **scores, **named, **about}
    return {name: row[name] for name in COLUMNS}


def results_table(rows: Iterable[Mapping]) -> pd.DataFrame:
    """Result table [columns :data:`COLUMNS`] from rows of :func:`results_row`, in the order given."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def format_table(table: pd.DataFrame) -> pd.DataFrame:
    """A result table as text for reading: percent with one decimal, UA as ``57.1 [53.0, 61.2]``.

    An interval that is not over speakers says so, ``±`` is the standard deviation over seeds, and
    the random split is called leaky. Columns that hold nothing are left out.
    """
    text = pd.DataFrame(
        {
            "Corpus": table["corpus"],
            "Scheme": table["scheme"],
            "Split": [f"{s} (leaky)" if is_leaky(s) else s for s in table["split"]],
            "Enrolled": np.where(table["enrolled"].astype(bool), "yes", ""),
            "Model": table["model"],
            "UA % [95 %]": [_with_interval(row) for row in table.to_dict("records")],
            "WA %": table["wa"].map(_percent),
            "Macro-F1 %": table["macro_f1"].map(_percent),
            "Weighted F1 %": table["weighted_f1"].map(_percent),
            "Kappa": table["kappa"].map("{:.3f}".format),
            "MCC": table["mcc"].map("{:.3f}".format),
            "AUC": table["auc"].map("{:.3f}".format),
            "Log loss": table["log_loss"].map("{:.3f}".format),
            "ECE %": table["ece"].map(_percent),
            "Clips": table["n_clips"].map("{:,.0f}".format),
            "Speakers": table["n_speakers"].map("{:,.0f}".format),
            "Seeds": table["seeds"].map("{:.0f}".format),
            "Parameters": table["parameters"].map(lambda n: "" if pd.isna(n) else f"{n:,.0f}"),
            "Training s": table["train_seconds"].map(lambda s: "" if pd.isna(s) else f"{s:,.1f}"),
            "ms per clip": table["ms_per_clip"].map(lambda s: "" if pd.isna(s) else f"{s:,.2f}"),
            "Note": table["note"],
        }
    )
    return text.loc[:, (text != "").any()]


def _percent(fraction):
    return f"{100 * fraction:.1f}"


def _with_interval(row):
    """UA, spread over seeds where there are several, and interval where there is one."""
    text = _percent(row["ua"])
    if not pd.isna(row["ua_sd"]):
        text += f" ± {_percent(row['ua_sd'])}"
    if not pd.isna(row["ua_low"]):
        text += f" [{_percent(row['ua_low'])}, {_percent(row['ua_high'])}]"
        text += " over clips" if row["interval"] == "clips" else ""
    return text
