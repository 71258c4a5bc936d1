"""Tables of ``data/RESULTS.md`` on confidence, rejection, recording conditions and groups of people."""

from __future__ import annotations

import pandas as pd

from . import confidence, cross_corpus, published, robustness
from .cross_corpus_tables import FEATURES
from .predictions import dagger, mark, versions
from .readme import corpus_name

__all__ = [
    "calibration_markdown", "fairness_markdown", "far_markdown", "rejection_markdown", "robustness_markdown",
]  # fmt: skip


def calibration_markdown() -> str:
    """Markdown table of the calibration error on new speakers of the same corpus."""
    head = ["predictions", "clips", "accuracy", "confidence", "ECE before", "ECE with temperature"]
    head += ["ECE, temperature by Brier score", "ECE if perfect", "debiased: before", "temperature", "Brier"]
    lines, shown = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"], []
    for row in confidence.in_corpus().itertuples():
        shown.append(versions(published.load(row.campaign))[row.model])
        values = [row.accuracy, row.confidence, row.ece, row.ece_t, row.ece_brier, row.ece_perfect]
        values += [row.rms, row.rms_t, row.rms_brier]
        name = f"`{row.campaign}`, `{row.model}`{dagger(shown[-1])}"
        lines.append("| " + " | ".join([name, str(row.n_clips), *(f"{100 * v:.1f}" for v in values)]) + " |")
    return mark("\n".join(lines), shown)


_ABROAD = {
    "": "ECE (confidence)",
    "_t": "with temperature",
    "_distance": "and by distance",
    "_shrunk": "temperature by speakers",
    "_shrunk_distance": "and by distance",
}
"""Columns of the table of confidence abroad: endings of the names in the file, and heads."""


def far_markdown() -> str:
    """Markdown table of the calibration error of models of one or two corpora on another one."""
    head = ["features", "training", "test (clips)", "accuracy", *_ABROAD.values()]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    table = confidence.table(confidence.CONFIDENCE)
    for row in table.to_dict("records"):
        trained = " + ".join(map(corpus_name, row["train"].split("+")))
        cells = [FEATURES[cross_corpus.CAMPAIGNS[row["campaign"]].features], trained]
        cells += [f"{corpus_name(row['test'])} ({row['n_clips']})", f"{100 * row['accuracy']:.1f}"]
        for end in _ABROAD:
            error, sure = (row[f"{name}{end}"] for name in ("ece", "confidence"))
            cells.append("" if pd.isna(error) else f"{100 * error:.1f} ({100 * sure:.1f})")
        lines.append("| " + " | ".join(cells) + " |")
    several = table["train"].str.contains("+", regex=False)
    for label, rows in (("six pairs", table[~several]), ("three pooled trainings", table[several])):
        for name, part in rows.groupby("campaign", sort=False):
            means = [part[f"ece{end}"].mean() for end in _ABROAD]
            cells = [FEATURES[cross_corpus.CAMPAIGNS[name].features], f"mean of the {label}", "", ""]
            cells += ["" if pd.isna(mean) else f"{100 * mean:.1f}" for mean in means]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def rejection_markdown() -> str:
    """Markdown table of what novelty detectors of RAVDESS and EMO-DB reject."""
    head = ["features", "training", "clips (number, speakers)", "rejected", "worst speaker", "novel"]
    head += ["not speech", "confidence"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in confidence.table(confidence.REJECTION).itertuples():
        who = f", {row.n_speakers}" if row.n_speakers else ""
        interval = "" if pd.isna(row.low) else f" [{100 * row.low:.1f}, {100 * row.high:.1f}]"
        name = corpus_name(row.clips) if row.clips in cross_corpus.CORPORA else row.clips
        cells = [FEATURES[row.features], corpus_name(row.train), f"{name} ({row.n_clips}{who})"]
        cells.append(f"{100 * row.rejected:.1f}{interval}")
        values = (row.worst_speaker, row.novel, row.not_speech, row.confidence)
        cells += ["" if pd.isna(value) else f"{100 * value:.1f}" for value in values]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def robustness_markdown() -> str:
    """Markdown table of robustness: a row per family, in its worst everyday condition, a column per model."""
    from ..evaluation import families

    parts = dict(list(robustness.table().groupby(["model", "features", "augmented"], sort=False)))
    heads = [
        f"`{model}`, `{features}`" + (f", augmented: *{versions}*" if versions else "")
        for model, features, versions in parts
    ]
    lines = ["| family (limit) | " + " | ".join(heads) + " |", "|---" * (1 + len(parts)) + "|"]
    cells = [f"{100 * part['ua_clean'].iloc[0]:.1f}" for part in parts.values()]
    lines.append("| clean, UA | " + " | ".join(cells) + " |")
    worst = [families(part).set_index("family") for part in parts.values()]
    for family in worst[0].index:
        cells = [_loss(table.loc[family]) if family in table.index else "" for table in worst]
        limit = 100 * worst[0].loc[family, "max_lost"]
        lines.append(f"| {family} ({limit:.0f}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _loss(row) -> str:
    """``−20 dB: 3.1 [1.0, 5.2], 12 % ✗``."""
    lost = f"{100 * row.lost:.1f} [{100 * row.lost_low:.1f}, {100 * row.lost_high:.1f}]".replace("-", "−")
    return f"{row.condition}: {lost}, {100 * row.changed:.0f} % {'✓' if row.passed else '✗'}"


def fairness_markdown() -> str:
    """Markdown table of UA by sex, age group and sentence, with the largest gap; of speakers only the gap."""
    from ..evaluation import largest_gaps

    lines, made_with = (
        ["| predictions | by | groups: UA [95 %] (speakers) | largest gap |", "|---|---|---|---|"],
        [],
    )
    for (campaign, model), part in robustness.fairness().groupby(["campaign", "model"], sort=False):
        made_with.append(versions(published.load(campaign))[model])
        name = f"`{campaign}`, `{model}`{dagger(made_with[-1])}"
        for gap in largest_gaps(part).itertuples():
            groups = part[part["by"] == gap.by]
            many = len(groups) > 6
            cells = [] if many else [_group(row) for row in groups.itertuples()]
            shown = f"{len(groups)} groups, best {gap.best}, worst {gap.worst}" if many else "; ".join(cells)
            ends = (
                "" if pd.isna(gap.low) else f" [{100 * gap.low:.1f}, {100 * gap.high:.1f}]".replace("-", "−")
            )
            by = gap.by.replace("_", " ")
            lines.append(f"| {name} | {by} | {shown} | {100 * gap.gap:.1f}{ends} |")
    return mark("\n".join(lines), made_with)


def _group(row) -> str:
    interval = "" if pd.isna(row.ua_low) else f" [{100 * row.ua_low:.1f}, {100 * row.ua_high:.1f}]"
    return f"{row.group} {100 * row.ua:.1f}{interval} ({row.n_speakers})"
