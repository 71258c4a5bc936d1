"""The table ``robust`` beside ``default``, on new speakers of three corpora and across corpora.

The same logistic regression (``logistic_nested``) reads both tables. A third system, ``nested``, uses in each
fold of RAVDESS the candidate that inner speakers of its training part chose
(:func:`sercore.course.table_choice.choose_inside`): no choice among the candidates affects its score.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from . import table_choice
from .published import oof_folder
from .table_choice import CANDIDATES, PAIRS, QUALIFIED, TASKS

__all__ = [
    "FILES",
    "PREDICTIONS",
    "ROBUST",
    "choice_markdown",
    "compare",
    "comparison_markdown",
    "load",
    "measure_file",
    "nested_fold",
    "table_text",
]  # fmt: skip

PREDICTIONS = "table-comparison"
"""File of the predictions of the three systems in ``data/oof``."""

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
    from ..training import write_parquet

    tables = []
    for system, name in (("default", "default"), ("robust", ROBUST)):
        for part, way in itertools.product((*TASKS, PAIRS), _WAYS):
            tables.append(table_choice.predict(name, part, way, exact=True).assign(system=system))
    tables += [nested_fold(fold, way) for fold in table_choice.choose_inside().index for way in _WAYS]
    oof = pd.concat(tables, ignore_index=True).drop(columns=["inner_loss", "c", "candidate"])
    columns = [name for name in oof if name.startswith("p_")]
    oof[columns] = oof[columns].astype(np.float16).astype(np.float32)  # smaller files; errors below 0.05 %
    path = oof_folder() / f"{PREDICTIONS}.parquet"
    write_parquet(oof, path)
    return path


def nested_fold(name: str, adaptation: str) -> pd.DataFrame:
    """Predictions for one fold of RAVDESS by the candidate that was chosen on its inner speakers."""
    from ..training import adapt

    index, X, folds, split = table_choice.experiment(table_choice.choose_inside()[name], "ravdess")
    fold = next(fold for fold in folds if fold.name == name)
    rows = table_choice.fit(index, adapt(index, X, fold, adaptation), fold, split, exact=True)
    return rows.assign(system="nested", adaptation=adaptation)


def load() -> pd.DataFrame:
    """Published predictions, with the columns ``system``, ``train``, ``test`` and ``adaptation``."""
    return pd.read_parquet(oof_folder() / f"{PREDICTIONS}.parquet")


def compare(*, n_boot: int = 2000) -> pd.DataFrame:
    """UA of ``default``, ``robust`` and ``nested``, and paired differences.

    Returns
    -------
    pd.DataFrame
        A row for each corpus, pair of corpora and the ``mean`` of the six pairs, plain and normalised per
        speaker: ``train``, ``test``, ``adaptation``, ``n_clips``, ``n_speakers``, then for each system
        ``<system>``, ``<system>_low``, ``<system>_high``, and ``<system>_minus``, ``<system>_minus_low``,
        ``<system>_minus_high``, the difference to ``default``. Intervals are over test speakers, of TESS over
        clips.

    Examples
    --------
    >>> compare(n_boot=10)["test"].unique().tolist()
    ['ravdess', 'emo_db', 'tess', 'mean']
    """
    from ..evaluation import unpack
    from ..evaluation.oof import run_confusions

    rows, drawn = [], {}
    for keys, part in load().groupby(_KEYS, sort=False):
        train, test, adaptation = keys
        confusions = {
            system: run_confusions(each.dropna(axis=1, how="all"), "clips" if test == "tess" else "speakers")[
                0
            ]
            for system, each in part.groupby("system", sort=False)
        }
        first = part[part["system"] == "default"].dropna(axis=1, how="all")
        row = dict(zip(_KEYS, keys, strict=True)) | {"n_clips": len(first)}
        row["n_speakers"] = len(set(unpack(first)[3]))
        values = {name: _resampled(each, test, n_boot) for name, each in confusions.items()}
        rows.append(row | _summary(values, next(iter(confusions.values())).shape[1]))
        if train != test:
            drawn.setdefault(adaptation, []).append(values)
    for adaptation, pairs in drawn.items():
        means = {
            name: tuple(np.mean([each[name][k] for each in pairs], axis=0) for k in (0, 1))
            for name in ("default", "robust")
        }
        rows.append({"train": "", "test": "mean", "adaptation": adaptation} | _summary(means, np.inf))
    return pd.DataFrame(rows)


def _resampled(confusions: np.ndarray, test: str, n_boot: int) -> tuple[float, np.ndarray]:
    """UA, and UA of resamples that are the same for all systems and all models tested on one corpus."""
    from ..evaluation.bootstrap import resample
    from ..evaluation.metrics import confusion_metrics

    ua = float(confusion_metrics(confusions.sum(axis=1))["ua"].mean())
    return ua, resample(confusions, n_boot=n_boot, seed=list(TASKS).index(test))["ua"]


def _summary(values: dict[str, tuple[float, np.ndarray]], n_units: float) -> dict[str, float]:
    """Scores and differences to the first system, with intervals."""
    from ..evaluation.bootstrap import bounds

    def ends(draws):
        return bounds(draws, int(n_units)) if np.isfinite(n_units) else np.quantile(draws, [0.025, 0.975])

    row, (base, base_draws) = {}, values["default"]
    for name, (ua, draws) in values.items():
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), (ua, *ends(draws)), strict=True))
        if name != "default":
            low, high = ends(draws - base_draws)
            row |= {f"{name}_minus": ua - base, f"{name}_minus_low": low, f"{name}_minus_high": high}
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
    return "\n".join(lines)


def comparison_markdown() -> str:
    """Markdown table of the two tables of features, with paired differences."""
    head = ["training", "test (clips, speakers)"]
    for way in ("", ", speaker-normalised"):
        head += [f"`default`{way}", f"`robust`{way}", "difference"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    table = compare()
    for (train, test), part in table.groupby(["train", "test"], sort=False):
        rows = part.set_index("adaptation").loc[list(_WAYS)].to_dict("records")
        lines.append("| " + " | ".join([*_title(train, test, rows[0]), *_cells(rows, "robust")]) + " |")
    nested = table[table["nested"].notna()].set_index("adaptation").loc[list(_WAYS)].to_dict("records")
    title = ["other speakers, chosen anew in each fold", _title("ravdess", "ravdess", nested[0])[1]]
    return "\n".join([*lines, "| " + " | ".join([*title, *_cells(nested, "nested")]) + " |"])


def _title(train: str, test: str, row: dict) -> list[str]:
    if test == "mean":
        return ["mean of the six pairs", ""]
    who = "other speakers" if train == test else f"{_corpus(train)}, four classes"
    return [who, f"{_corpus(test)} ({row['n_clips']:.0f}, {row['n_speakers']:.0f})"]


def _cells(rows: list[dict], system: str) -> list[str]:
    cells = []
    for row in rows:
        for name in ("default", system):
            cells.append(
                f"{100 * row[name]:.1f} [{100 * row[f'{name}_low']:.1f}, {100 * row[f'{name}_high']:.1f}]"
            )
        minus = (100 * row[f"{system}_minus{end}"] for end in ("", "_low", "_high"))
        cells.append("{:+.1f} [{:+.1f}, {:+.1f}]".format(*minus).replace("-", "−"))
    return cells


def _corpus(name: str) -> str:
    return name.upper().replace("_", "-")
