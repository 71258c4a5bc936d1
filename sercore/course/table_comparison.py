"""The table ``robust`` beside ``default``, on new speakers of three corpora and across corpora.

The same logistic regression (``logistic_nested``) reads both tables. On RAVDESS, inner speakers of every fold
choose ``robust`` among the qualified candidates (:func:`sercore.course.table_choice.choose_inside`), so that
its scores there are not affected by the choice; those on EMO-DB and TESS are not, because the choice for them
used other corpora.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from . import table_choice
from .predictions import write_predictions
from .published import oof_folder
from .table_choice import CANDIDATES, PAIRS, QUALIFIED, TASKS

__all__ = [
    "FILES", "PREDICTIONS", "ROBUST", "choice_markdown", "compare", "comparison_markdown", "load",
    "measure_file", "table_text",
]  # fmt: skip

PREDICTIONS = "table-comparison"
"""File of the predictions with both tables in ``data/oof``."""

FILES = (table_choice.SCORES, PREDICTIONS)
"""Files of :func:`measure_file` in ``data/oof``."""

ROBUST = "band+level_free-log_mel"
"""The candidate that became the recipe ``robust``."""

_KEYS = ["train", "test", "adaptation"]
_WAYS = ("plain", "speaker")


def measure_file(name: str) -> Path:
    """Measure one of :data:`FILES` on real recordings and return it."""
    return table_choice.measure_scores() if name == table_choice.SCORES else _measure_predictions()


def table_text(name: str) -> str:
    """One of :data:`FILES` as text."""
    return choice_markdown() if name == table_choice.SCORES else comparison_markdown()


def _measure_predictions() -> Path:
    tables = []
    for system, name in (("default", "default"), ("robust", ROBUST)):
        for part, way in itertools.product((*TASKS, PAIRS), _WAYS):
            tables.append(table_choice.predict(name, part, way, exact=True).assign(system=system))
    oof = pd.concat(tables, ignore_index=True).drop(columns=["inner_loss", "c", "candidate"])
    columns = [name for name in oof if name.startswith("p_")]
    oof[columns] = oof[columns].astype(np.float16).astype(np.float32)  # smaller files; errors below 0.05 %
    path = oof_folder() / f"{PREDICTIONS}.parquet"
    write_predictions(oof, path)
    return path


def load() -> pd.DataFrame:
    """Published predictions, with the columns ``system``, ``train``, ``test`` and ``adaptation``."""
    return pd.read_parquet(oof_folder() / f"{PREDICTIONS}.parquet")


def compare(*, n_boot: int = 1000) -> pd.DataFrame:
    """UA of ``default`` and ``robust``, and paired differences.

    Returns
    -------
    pd.DataFrame
        A row for each corpus, pair of corpora and the ``mean`` of the six pairs, plain and normalised per
        speaker: ``train``, ``test``, ``adaptation``, ``n_clips``, ``n_speakers``, then ``default``,
        ``robust`` and ``minus`` (robust minus default), each with ``<name>_low`` and ``<name>_high``.
        Intervals are over test speakers, of TESS over clips.

    Examples
    --------
    >>> compare(n_boot=10)["test"].unique().tolist()
    ['ravdess', 'emo_db', 'tess', 'mean']
    """
    from ..evaluation.oof import run_confusions

    rows, drawn, units = [], {}, []
    for keys, part in load().groupby(_KEYS, sort=False):
        train, test, adaptation = keys
        unit = "clips" if test == "tess" else "speakers"
        systems = dict(list(part.dropna(axis=1, how="all").groupby("system", sort=False)))
        confusions = {name: run_confusions(oof, unit)[0] for name, oof in systems.items()}
        values = {name: _resampled(each, test, n_boot) for name, each in confusions.items()}
        clips = systems["default"]
        row = {"n_clips": len(clips), "n_speakers": clips["speaker"].nunique()}
        row |= _summary(values, confusions["default"].shape[1])
        rows.append(dict(zip(_KEYS, keys, strict=True)) | row)
        if train != test:
            units.append(confusions["default"].shape[1])
            drawn.setdefault(adaptation, []).append(values)
    for adaptation, pairs in drawn.items():
        means = {
            name: tuple(np.mean([each[name][k] for each in pairs], axis=0) for k in (0, 1))
            for name in ("default", "robust")
        }
        rows.append({"train": "", "test": "mean", "adaptation": adaptation} | _summary(means, min(units)))
    return pd.DataFrame(rows)


def _resampled(confusions: np.ndarray, test: str, n_boot: int) -> tuple[float, np.ndarray]:
    """UA, and UA of resamples that are the same for all systems and all models tested on one corpus."""
    from ..evaluation.bootstrap import resample
    from ..evaluation.metrics import confusion_metrics

    ua = float(confusion_metrics(confusions.sum(axis=1))["ua"].mean())
    return ua, resample(confusions, n_boot=n_boot, seed=list(TASKS).index(test))["ua"]


def _summary(values: dict[str, tuple[float, np.ndarray]], n_units: int) -> dict[str, float]:
    """Scores and their difference, with intervals; of a mean over corpora, for the fewest units of any."""
    from ..evaluation.bootstrap import bounds

    row, base = {}, values["default"]
    minus = tuple(values["robust"][k] - base[k] for k in (0, 1))
    for name, (ua, draws) in (values | {"minus": minus}).items():
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), (ua, *bounds(draws, n_units)), strict=True))
    return row


def choice_markdown() -> str:
    """Markdown table of all candidates: scores, and for which corpora each was chosen on the others."""
    cells = table_choice.scores().drop_duplicates(["candidate", *_KEYS])
    inner = table_choice.scores().query("train == 'ravdess' and test == 'ravdess'")
    chosen = {corpus: table_choice.choose_abroad(corpus).index[0] for corpus in TASKS}
    qualified = {corpus: table_choice.choose_abroad(corpus, among=QUALIFIED).index[0] for corpus in TASKS}
    folds = table_choice.choose_inside("ravdess").value_counts()
    head = ["candidate", "inner log loss, RAVDESS", "folds that chose it", *map(_corpus, TASKS)]
    head += ["six pairs, plain", "six pairs, per speaker", "chosen on the other corpora for"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name in CANDIDATES:
        own = cells[cells["candidate"] == name]
        home, abroad = (
            own[own["train"] == own["test"]].set_index("test")["ua"],
            own[own["train"] != own["test"]],
        )
        row = [f"`{name}`", f"{inner[inner['candidate'] == name]['inner_loss'].mean():.3f}"]
        row += [str(folds.get(name, "")), *(f"{100 * home[corpus]:.1f}" for corpus in TASKS)]
        row += [f"{100 * abroad[abroad['adaptation'] == way]['ua'].mean():.1f}" for way in _WAYS]
        wins = [_corpus(corpus) for corpus, winner in chosen.items() if winner == name]
        wins += [f"{_corpus(corpus)} (qualified)" for corpus, winner in qualified.items() if winner == name]
        lines.append("| " + " | ".join([*row, ", ".join(wins)]) + " |")
    nested = cells[cells["candidate"] == table_choice.NESTED]["ua"].item()
    return "\n".join([*lines, f"| chosen anew in each fold | | | {100 * nested:.1f} |" + " |" * 5])


def comparison_markdown() -> str:
    """Markdown table of the two tables of features, with paired differences."""
    head = ["training", "test (clips, speakers)"]
    for way in ("", ", speaker-normalised"):
        head += [f"`default`{way}", f"`robust`{way}", "difference"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    table = compare()
    for (train, test), part in table.groupby(["train", "test"], sort=False):
        rows = part.set_index("adaptation").loc[list(_WAYS)].to_dict("records")
        lines.append("| " + " | ".join([*_title(train, test, rows[0]), *_cells(rows)]) + " |")
    return "\n".join(lines)


def _title(train: str, test: str, row: dict) -> list[str]:
    if test == "mean":
        return ["mean of the six pairs", ""]
    who = "other speakers" if train == test else f"{_corpus(train)}, four classes"
    return [who, f"{_corpus(test)} ({row['n_clips']:.0f}, {row['n_speakers']:.0f})"]


def _cells(rows: list[dict]) -> list[str]:
    cells = []
    for row in rows:
        for name in ("default", "robust", "minus"):
            values = (100 * row[f"{name}{end}"] for end in ("", "_low", "_high"))
            sign = "+" if name == "minus" else ""
            cells.append("{0:{3}.1f} [{1:{3}.1f}, {2:{3}.1f}]".format(*values, sign).replace("-", "−"))
    return cells


def _corpus(name: str) -> str:
    return name.upper().replace("_", "-")
