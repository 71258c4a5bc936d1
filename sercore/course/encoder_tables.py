"""Tables of ``data/RESULTS.md`` about the frozen encoder: its heads, fine-tuning and probes."""

from __future__ import annotations

from . import fine_tuned, probes, published
from .predictions import mark
from .readme import cell

__all__ = ["HEADS", "SYSTEMS", "fine_tuned_markdown", "heads_markdown", "probes_markdown"]

HEADS = {
    "ravdess-emobox-encoder": "logistic regression on pooled rows",
    "ravdess-emobox-encoder-mlp": "`mlp` on pooled rows",
    "ravdess-emobox-encoder-multitask": "… also learning intensity and sentence",
    "ravdess-emobox-encoder-attention": "`encoder_attention` on frames",
}
"""Campaigns with the same frozen encoder and different heads, with their printed names."""

SYSTEMS = {"frozen": "frozen", "last_block": "last block trained", "all_blocks": "all blocks trained"}
"""Systems of :mod:`sercore.course.fine_tuned` with their printed names."""


def heads_markdown() -> str:
    """Markdown table of the heads on the frozen encoder, each compared with the first one."""
    from ..evaluation import compare_oof

    first, *others = HEADS
    shown = []
    lines = ["| head | seeds | UA | minus logistic regression | training, min |", "|---|---|---|---|---|"]
    for name in (first, *others):
        row = published.table(name).iloc[0]
        shown.append(row.folds_version)
        pair = compare_oof(published.load(name), published.load(first))
        cells = [HEADS[name], f"{row.seeds:.0f}", cell(row), "" if name == first else _difference(pair)]
        lines.append("| " + " | ".join([*cells, f"{row.train_seconds / 60:.1f}"]) + " |")
    return mark("\n".join(lines), shown)


def fine_tuned_markdown() -> str:
    """Markdown table of fine-tuning on one fold."""
    lines = [
        "| encoder | trained weights | best epoch | UA | minus frozen | minutes (CPU) |",
        "|---|---|---|---|---|---|",
    ]
    for row in fine_tuned.table().to_dict("records"):
        minutes = f"{row['train_seconds'] / 60:.1f} ({row['cpu_seconds'] / 60:.1f})"
        other = "" if row["system"] == "frozen" else _difference(row)
        cells = [SYSTEMS[row["system"]], f"{row['parameters'] / 1e6:.2f} M", f"{row['epoch']:.0f}"]
        lines.append("| " + " | ".join([*cells, _interval(row), other, minutes]) + " |")
    return "\n".join(lines)


def probes_markdown() -> str:
    """Markdown table of the linear probes: a row per input, a column per target."""
    table = probes.table()
    lines = ["| input | " + " | ".join(probes.TARGETS) + " |", "|---" * (1 + len(probes.TARGETS)) + "|"]
    for name, part in table.groupby("input", sort=False):
        rows = part.set_index("target").loc[list(probes.TARGETS)].to_dict("records")
        lines.append(f"| {probes.INPUTS[name]} | " + " | ".join(map(_interval, rows)) + " |")
    chances = table.drop_duplicates("target").set_index("target")["chance"]
    cells = [f"{100 * chances[target]:.1f}" for target in probes.TARGETS]
    return "\n".join([*lines, "| chance | " + " | ".join(cells) + " |"])


def _interval(row) -> str:
    return f"{100 * row['ua']:.1f} [{100 * row['ua_low']:.1f}, {100 * row['ua_high']:.1f}]"


def _difference(pair) -> str:
    low, high = 100 * pair["low"], 100 * pair["high"]
    return f"{100 * pair['difference']:+.1f} [{low:+.1f}, {high:+.1f}]"
