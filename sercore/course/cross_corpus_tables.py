"""Tables of ``data/RESULTS.md`` on other corpora than that of the training, from published predictions."""

from __future__ import annotations

import pandas as pd

from . import cross_corpus
from .readme import cell, corpus_name

__all__ = ["ADAPTATIONS", "FEATURES", "cross_corpus_markdown", "curve_markdown", "sources_markdown"]

ADAPTATIONS = {
    "plain": "plain",
    "corpus": "normalised per corpus",
    "coral": "CORAL",
    "speaker": "normalised per speaker",
}
"""Adaptations with their printed names."""

FEATURES = {
    "whisper_tiny_en": "Frozen encoder (Whisper tiny.en)",
    "default": "Table of features",
    "level_free": "Table of features, clips at one level",
    "log_mel_80": "Frames of 80 mel bands",
    "log_mel_level_free": "Frames of 64 mel bands, clips at one level",
}


def cross_corpus_markdown() -> str:
    """Markdown tables of the cross-corpus campaigns: a row per training set and test corpus."""
    parts = []
    for name, campaign in cross_corpus.CAMPAIGNS.items():
        title = f"{FEATURES[campaign.features]}, scheme `{campaign.scheme}`"
        title += "" if campaign.model == "logistic_nested" else f", network `{campaign.model}`"
        title += f", {campaign.augmented} augmented versions of training clips" if campaign.augmented else ""
        title += " and of test clips" if campaign.test_versions else ""
        parts.append(f"**{title}**\n\n{_crossed_markdown(cross_corpus.table(name), campaign)}")
    return "\n\n".join(parts)


def _crossed_markdown(table: pd.DataFrame, campaign) -> str:
    """Table of one campaign, with means at its end."""
    from ..evaluation import mean_over_pairs

    ways, own = campaign.adaptations, () if campaign.pairs_only else ("plain", "speaker")
    head = ["training", "test (clips, speakers)", *(ADAPTATIONS[way] for way in ways)]
    head += ["in-corpus", "in-corpus, normalised per speaker"][: len(own)]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    keyed = table.set_index(["train", "test", "balanced", "adaptation"])
    crossed = table[table["train"] != table["test"]]
    for train, test, balanced in crossed[["train", "test", "balanced"]].drop_duplicates().to_numpy():
        first = crossed[(crossed["train"] == train) & (crossed["test"] == test)].iloc[0]
        cells = [" + ".join(map(corpus_name, train.split("+"))) + (", balanced" if balanced else "")]
        cells.append(f"{corpus_name(test)} ({first.n_clips}, {first.n_speakers})")
        keys = [(train, test, balanced, way) for way in ways]
        keys += [(test, test, False, way) for way in own]
        cells += [cell(keyed.loc[key]) if key in keyed.index else "" for key in keys]
        lines.append("| " + " | ".join(cells) + " |")
    pooled = table["train"].str.contains("+", regex=False) & ~table["balanced"].astype(bool)
    for label, part, mean in (
        ("mean of the six pairs", table, mean_over_pairs),
        ("mean of the three pooled trainings", table[pooled], lambda rows: rows["ua"].mean()),
    ):
        if len(part) == 0:
            continue
        means = [f"{100 * mean(part[part['adaptation'] == way]):.1f}" for way in ways]
        lines.append(f"| {label} | | " + " | ".join(means) + " |" + " |" * len(own))
    return "\n".join(lines)


def sources_markdown() -> str:
    """Markdown table of several training corpora against the best single one."""
    head = ["features", "test (clips, speakers)", "best single source", "pooled", "chosen procedure"]
    head += ["best single, the same", "pooled, the same", "average of the sources", "minus best, the same"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, campaign in cross_corpus.CAMPAIGNS.items():
        if campaign.pairs_only:
            continue
        table = cross_corpus.leave_one_out(name)
        for row in table.itertuples():
            way = f"{row.adaptation}, uniform prior" if row.uniform_prior else row.adaptation
            minus = f"{100 * row.minus_best:+.1f} [{100 * row.low:+.1f}, {100 * row.high:+.1f}]"
            cells = [FEATURES[campaign.features]]
            cells += [f"{corpus_name(row.test)} ({row.n_clips}, {row.n_speakers})"]
            cells += [f"{100 * row.best_single:.1f}", f"{100 * row.pooled:.1f}", way]
            cells += [f"{100 * row.best_single_same:.1f}", f"{100 * row.pooled_same:.1f}"]
            cells += [f"{100 * row.ua:.1f} [{100 * row.ua_low:.1f}, {100 * row.ua_high:.1f}]"]
            lines.append("| " + " | ".join([*cells, minus.replace("-", "−")]) + " |")
        columns = ["best_single", "pooled", "best_single_same", "pooled_same", "ua", "minus_best"]
        single, pooled, *same, ua, minus = (100 * table[columns].mean()).round(1)
        cells = [FEATURES[campaign.features], "mean", single, pooled, "", *same, ua, f"{minus:+.1f}"]
        lines.append("| " + " | ".join(map(str, cells)).replace("-", "−") + " |")
    return "\n".join(lines)


def curve_markdown() -> str:
    """Markdown table of UA by number of clips with which each test speaker is normalised."""
    curve = cross_corpus.curve()
    kinds = curve[["fold", "only"]].drop_duplicates().to_numpy().tolist()
    heads = [f"{corpus_name(fold.split('-to-')[1])}, {only or 'any'} clips" for fold, only in kinds]
    lines = ["| clips | " + " | ".join(heads) + " |", "|---" * (1 + len(kinds)) + "|"]
    for count in curve["clips"].drop_duplicates():
        rows = curve[curve["clips"].isna() if pd.isna(count) else curve["clips"] == count]
        cells = []
        for fold, only in kinds:
            row = rows[(rows["fold"] == fold) & (rows["only"] == only)].iloc[0]
            used = "" if row.n_used == count else f" ({row.n_used:.0f} used)"
            cells.append(f"{100 * row.ua:.1f} [{100 * row.ua_low:.1f}, {100 * row.ua_high:.1f}]{used}")
        lines.append(f"| {'all' if pd.isna(count) else f'{count:.0f}'} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
