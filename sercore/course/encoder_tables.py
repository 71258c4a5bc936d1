"""Tables of ``data/RESULTS.md`` about the frozen encoder that are not those of a campaign."""

from __future__ import annotations

from . import probes

__all__ = ["probes_markdown"]


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
