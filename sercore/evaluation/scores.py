"""All figures of one set of predictions.

Notebook: 03_mlp_baseline.ipynb
"""
# MERGED DOC: Result tables: one row per system, with everything one needs to know to compare it.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..splits import is_leaky
from .bootstrap import bounds, count_speakers, resample, sampling_units
from .confusions import unit_confusions
from .metrics import scalar_metrics, validate


def evaluate(
    y_true: Sequence[str],
    proba: np.ndarray,
    classes: Sequence[str],
    *,
    speakers: Sequence[str] | None = None,
    interval: str = "speakers",
    n_boot: int = 1000,
    seed: int = 0,
) -> dict:
    """All figures of one set of predictions, with 95 % intervals over speakers.

    The order of the clips makes no difference.

    Parameters
    ----------
    y_true : sequence of str [shape=(n_clips,)]
        True class of each clip.
    proba : np.ndarray [shape=(n_clips, n_classes)]
        Predicted probabilities, columns in the order of `classes`.
    classes : sequence of str
        Class names.
    speakers : sequence of str [shape=(n_clips,)], optional
        Who speaks. Without it the interval is over clips, and too narrow.
    interval : str
        ``"speakers"``, or ``"clips"`` for corpora of two or three people, where it speaks of these
        people alone.
    n_boot : int
        Resamples.

    Returns
    -------
    dict
        The figures of :func:`figures`; ``ua_low``, ``ua_high`` and the same for ``wa`` and
        ``macro_f1`` (NaN with fewer than four speakers); ``n_clips``, ``n_speakers``,
        ``interval`` (what was resampled) and ``note`` (what to know about it, or empty).

    Raises
    ------
    EvaluationError
        See :func:`validate`.

    Examples
    --------
    >>> proba = [[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9]]
    >>> evaluate(["sad", "angry", "angry", "angry"], proba, ["sad", "angry"])["ua"]
    0.8333333333333333
    """
    scores = scalar_metrics(y_true, proba, classes)
    codes, proba = validate(y_true, proba, classes)
    units, interval, note = sampling_units(speakers, len(codes), interval)
    n_units = units.max() + 1
    confusions = unit_confusions(codes, proba.argmax(axis=1), units, n_units, len(classes))
    for name, values in resample(confusions[None], n_boot=n_boot, seed=seed).items():
        scores[f"{name}_low"], scores[f"{name}_high"] = bounds(values, n_units)
    about = {
        "n_clips": len(codes),
        "n_speakers": count_speakers(speakers),
        "interval": interval,
        "note": note,
    }
    return scores | about


COLUMNS = (
    "corpus",
    "scheme",
    "split",
    "speaker_norm",
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
    speaker_norm: bool = False,
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
    speaker_norm : bool
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
        "speaker_norm": speaker_norm,
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
            "Enrolled": np.where(table["speaker_norm"].astype(bool), "yes", ""),
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
