"""All metrics of one set of predictions, and result tables with one row per model.

A row of a result table contains what is needed to compare models: corpus, label scheme, split, speaker
normalisation, metrics with interval, numbers of clips, speakers and seeds, and costs.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..splits import is_leaky
from .bootstrap import bounds, count_speakers, resample, sampling_units
from .metrics import scalar_metrics, unit_confusions, validate


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
    """All metrics of one set of predictions, with 95 % intervals over speakers.

    With speakers, the result does not depend on the order of the clips; an interval over clips does, as far
    as any other seed would change it.

    Parameters
    ----------
    y_true : sequence of str [shape=(n_clips,)]
        True class of each clip.
    proba : np.ndarray [shape=(n_clips, n_classes)]
        Predicted probabilities, columns in the order of `classes`.
    classes : sequence of str
        Class names.
    speakers : sequence of str [shape=(n_clips,)], optional
        Speaker of each clip. Without it, the interval is over clips and too narrow.
    interval : str
        ``"speakers"``, or ``"clips"`` for corpora of two or three people; it then applies to these people
        only.
    n_boot : int
        Number of bootstrap resamples.

    Returns
    -------
    dict
        The metrics of :func:`scalar_metrics`; ``ua_low``, ``ua_high`` and the same for ``wa`` and
        ``macro_f1`` (NaN with fewer than four speakers); ``n_clips``, ``n_speakers``, ``interval`` (what
        was resampled) and ``note`` (a remark on the interval, or empty).

    Raises
    ------
    EvaluationError
        See :func:`validate`.

    Examples
    --------
    >>> proba = [[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9]]
    >>> evaluate(["sad", "angry", "angry", "angry"], proba, ["sad", "angry"])["ua"]
    0.8333333333333333

    See Also
    --------
    evaluate_oof : metrics of an out-of-fold table with seeds.

    Notebook: 04_lstm_bilstm.ipynb
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
    "corpus", "scheme", "split", "speaker_norm", "model", "ua", "ua_low", "ua_high", "ua_sd", "wa",
    "macro_f1", "weighted_f1", "kappa", "mcc", "auc", "log_loss", "ece", "n_clips", "n_speakers", "seeds",
    "parameters", "train_seconds", "ms_per_clip", "interval", "note",
)  # fmt: skip
"""Columns of a result table. Metrics are fractions, 0 to 1."""


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
        From :func:`evaluate` or :func:`evaluate_oof`; the latter contains `split` and `model`.
    corpus, scheme, split, model : str
        Names of the corpora, the label scheme, the split and the model.
    speaker_norm : bool
        Whether features were standardised per speaker, with the speaker's own unlabelled clips.
    parameters : float
        Number of trained weights; NaN for models without a meaningful count.
    train_seconds, ms_per_clip : float
        Time to train all folds of one seed, and to predict one clip from its features.

    Raises
    ------
    EvaluationError
        The scores, the model or the split are missing.

    Notebook: 04_lstm_bilstm.ipynb
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
    """Result table [columns :data:`COLUMNS`] from rows of :func:`results_row`, in the order given.

    Notebook: 04_lstm_bilstm.ipynb
    """
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def format_table(table: pd.DataFrame) -> pd.DataFrame:
    """A result table as text for reading: percent with one decimal, UA as ``57.1 [53.0, 61.2]``.

    An interval over clips is marked, ``±`` is the standard deviation over seeds, and the random split is
    marked as leaky. ``Norm`` is speaker normalisation. Empty columns are left out.

    See Also
    --------
    table_text : the same for a terminal.

    Notebook: 03_mlp_baseline.ipynb
    """
    text = pd.DataFrame(
        {
            "Corpus": table["corpus"],
            "Scheme": table["scheme"],
            "Split": [f"{s} (leaky)" if is_leaky(s) else s for s in table["split"]],
            "Norm": np.where(table["speaker_norm"].astype(bool), "yes", ""),
            "Model": table["model"],
            "UA % [95 %]": [_with_interval(row) for row in table.to_dict("records")],
            "WA %": table["wa"].map(_percent),
            "F1 %": table["macro_f1"].map(_percent),
            "wF1 %": table["weighted_f1"].map(_percent),
            "Kappa": table["kappa"].map("{:.3f}".format),
            "MCC": table["mcc"].map("{:.3f}".format),
            "AUC": table["auc"].map("{:.3f}".format),
            "Log loss": table["log_loss"].map("{:.3f}".format),
            "ECE %": table["ece"].map(_percent),
            "Clips": table["n_clips"].map("{:,.0f}".format),
            "Speakers": table["n_speakers"].map("{:,.0f}".format),
            "Seeds": table["seeds"].map("{:.0f}".format),
            "Parameters": table["parameters"].map(lambda n: "" if pd.isna(n) else f"{n:,.0f}"),
            "Train s": table["train_seconds"].map(lambda s: "" if pd.isna(s) else f"{s:,.1f}"),
            "ms/clip": table["ms_per_clip"].map(lambda s: "" if pd.isna(s) else f"{s:,.2f}"),
            "Note": table["note"],
        }
    )
    return text.loc[:, (text != "").any()]


def table_text(table: pd.DataFrame, *, width: int = 100, wrap: bool = True) -> str:
    """A result table as lines of text for a terminal, at most ``width`` characters wide.

    Corpus, scheme, split, numbers of clips, speakers and seeds, and the note are stated once above the table
    if they are the same in all rows.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`results_table`.
    width : int
        Characters per line.
    wrap : bool
        Whether columns that do not fit follow in further blocks. Otherwise they are left out; the first block
        contains UA with its interval and as many other metrics as fit.

    See Also
    --------
    format_table : the same text as a DataFrame with all columns.
    """
    text = format_table(table)
    once = [name for name in _STATED_ONCE if name in text and text[name].nunique() == 1]
    lines = textwrap.wrap(", ".join(f"{name.lower()} {text[name].iloc[0]}" for name in once), width)
    text = text.drop(columns=once)
    keys = [name for name in ("Corpus", "Scheme", "Split", "Norm", "Model") if name in text]
    rest = [name for name in text if name not in keys]
    blocks = ["\n".join(lines)] if lines else []
    while rest and (wrap or len(blocks) == bool(lines)):
        sizes = range(1, len(rest) + 1)
        shown = {n: text[keys + rest[:n]].to_string(index=False) for n in sizes}
        n = max((n for n in sizes if len(shown[n].split("\n", 1)[0]) <= width), default=1)
        blocks.append(shown[n])
        rest = rest[n:]
    return "\n\n".join(blocks)


_STATED_ONCE = ("Corpus", "Scheme", "Split", "Norm", "Clips", "Speakers", "Seeds", "Note")


def _percent(fraction):
    return f"{100 * fraction:.1f}"


def _with_interval(row):
    """UA with its standard deviation over seeds and its interval, if there are any."""
    text = _percent(row["ua"])
    if not pd.isna(row["ua_sd"]):
        text += f" ± {_percent(row['ua_sd'])}"
    if not pd.isna(row["ua_low"]):
        text += f" [{_percent(row['ua_low'])}, {_percent(row['ua_high'])}]"
        text += " over clips" if row["interval"] == "clips" else ""
    return text
