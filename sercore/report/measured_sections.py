"""Sections of a card that need recordings or the running model: conditions, other corpora, other sounds."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from .. import plots
from ..evaluation import families
from . import texts
from .card import Block, Bullets, Figure, Missing, Section, Table, Text, Warn
from .figures import draw
from .stored import interval, percent, words

CONDITIONS_TITLE, CORPORA_TITLE, SOUNDS_TITLE = "Recording conditions", "Other corpora", "What it rejects"


def conditions(table: pd.DataFrame, *, speaker_norm: bool = False) -> Section:
    """Changed answers and points lost, with a pass mark for each family.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.evaluation.robustness`.
    speaker_norm : bool
        Whether each speaker was normalised by the clips under the same condition.
    """
    first = table.iloc[0]
    text = Text(
        f"{first['n_clips']} training clips of {first['n_speakers']} speakers, classes and speakers as even "
        f"as possible, degraded by sercore.audio.degrade. {texts.OPTIMISTIC}"
        + (f" {texts.NORMALISED}" if speaker_norm else "")
    )
    rows = [
        [row["family"], row["condition"], *_costs(row), percent(row["max_lost"]),
         "passed" if row["passed"] else "failed"]
        for row in families(table).to_dict("records")
    ]  # fmt: skip
    head = ["family", "worst everyday condition", "changed answers %", "points of UA lost", "limit", "mark"]
    every = [[row["family"], row["condition"], *_costs(row)] for row in table.to_dict("records")]
    figure = Figure(
        draw(plots.changed_answers, table, size=(8, 1.2 + 0.28 * len(table))),
        "Changed answers under each condition; the values are in the table below.",
        "Answers that change, with 95 % intervals over speakers. Green: no more UA is lost than the limit. "
        "Hollow: harder than everyday recordings.",
    )
    blocks: list[Block] = [
        text, Table(head, rows, "Families, with [95 % intervals] over speakers"), figure,
        Table(["family", "condition", "changed answers %", "points of UA lost"], every, "All conditions"),
    ]  # fmt: skip
    if (table["n_speakers"] < 4).any():
        blocks.append(Text("Fewer than four speakers: there are no intervals."))
    return Section(CONDITIONS_TITLE, blocks)


def _costs(row: Mapping) -> list[str]:
    return [
        interval(row["changed"], row["changed_low"], row["changed_high"]),
        interval(row["lost"], row["lost_low"], row["lost_high"]),
    ]


def other_corpora(results: Mapping[str, dict]) -> Section:
    """Scores on corpora that the bundle was not trained on.

    Parameters
    ----------
    results : mapping of str to dict
        By name of the corpus, from :func:`sercore.report.measured.on_corpus`.
    """
    rows = [
        [name, f"{r['n_clips']}, {r['n_speakers']}", words(r["n_classes"]),
         interval(r["ua"], r["ua_low"], r["ua_high"]), percent(1 / r["n_classes"]), percent(r["wa"]),
         percent(r["confidence"]), percent(r["rejected"])]
        for name, r in results.items()
    ]  # fmt: skip
    head = [
        "corpus", "clips, speakers", "classes", "UA % [95 %]", "chance %", "accuracy %",
        "mean confidence %", "rejected %",
    ]  # fmt: skip
    text = Text(
        "The bundle itself on a sample of corpora that it was not trained on, with the classes that both "
        "contain. Clips that the bundle would reject are scored too. Confidence above accuracy: it is too "
        "sure."
    )
    return Section(CORPORA_TITLE, [text, Table(head, rows)])


def no_other_corpora(stored: Table | None = None) -> Section:
    """Scores on other corpora that are stored in the bundle, and how to measure more."""
    how = (
        "Pass the names of corpora that you have, such as --test emo_db; 'sercore evaluate' compares models."
    )
    missing = Missing("Scores of the bundle itself on a corpus that it was not trained on.", how)
    warning = Warn("Scores on other corpora are usually much lower than those above.")
    return Section(CORPORA_TITLE, [stored, missing] if stored else [missing, warning])


def sounds(
    table: pd.DataFrame,
    *,
    rejects: bool,
    own: tuple[int, int] | None,
    left_out: bool = False,
    augmented: bool = False,
) -> Section:
    """Sounds that are not speech, and whether they get an emotion.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.report.measured.other_sounds`.
    rejects : bool
        Whether the bundle can reject clips.
    own : (int, int), optional
        Number of rejected training clips, and of those tried.
    left_out : bool
        Whether the limit was found on corpora that were left out of training.
    augmented : bool
        Whether there is a second detector, for augmented versions of the clips.
    """
    n, n_rejected = int(table["n"].sum()), int(table["rejected"].sum())
    lines = [f"{n_rejected} of {n} sounds that are not speech are rejected."]
    if own is not None:
        line = f"{own[0]} of {own[1]} clips of the training corpora are rejected."
        if rejects:
            others = "left-out corpora" if left_out else "new speakers"
            line += f" The limit was set so that 5 % of the clips of {others} are."
            if augmented:
                line += " What is within that of a second detector, for augmented versions, is not rejected."
        lines.append(line)
    blocks: list[Block] = [Bullets(lines)]
    if own is None:
        blocks.append(Missing("Rejected clips of the training corpora.", "It needs their recordings."))
    if not rejects:
        text = (
            "This bundle cannot reject: it names an emotion for every sound, also for noise. Train it again."
        )
        blocks.insert(0, Warn(text))
    rows = [
        [row.sound, f"{row.rejected} of {row.n}", row.emotion, percent(row.confidence)]
        for row in table.itertuples()
    ]
    head = ["sound (rendered)", "rejected", "emotion it would get", "mean confidence %"]
    return Section(SOUNDS_TITLE, [*blocks, Table(head, rows)])


def not_asked_for() -> Section:
    """Conditions were not measured because no clips were asked for."""
    how = "Run 'sercore report' again without '--clips 0'."
    return Section(CONDITIONS_TITLE, [Missing("Degraded recordings of the training corpora.", how)])


def not_found(reason: str) -> Section:
    """Conditions could not be measured because the recordings are missing."""
    how = (
        "Get the corpora ('sercore corpora list' names their sources), and run 'sercore report' again, "
        "with --root or SERCORE_CORPORA if they are in another folder."
    )
    return Section(
        CONDITIONS_TITLE, [Missing(f"Degraded recordings of the training corpora ({words(reason)}).", how)]
    )
