"""The tables of ``data/RESULTS.md``, computed from published predictions, and the figures of the README."""

from __future__ import annotations

from pathlib import Path

from . import (
    encoder_tables,
    from_scratch,
    predictions,
    published,
    readme,
    robustness,
    table_comparison,
    what_helps,
)

__all__ = ["TABLES", "write"]

TABLES = {
    "results": readme.results_markdown,
    "table-choice": table_comparison.choice_markdown,
    "table-comparison": table_comparison.comparison_markdown,
    "networks": readme.networks_markdown,
    "from-scratch": from_scratch.markdown,
    "encoder": readme.encoder_markdown,
    "heads": encoder_tables.heads_markdown,
    "fine-tuned": encoder_tables.fine_tuned_markdown,
    "opensmile": readme.opensmile_markdown,
    "probes": encoder_tables.probes_markdown,
    "fusion": readme.fusion_markdown,
    "cross-corpus": readme.cross_corpus_markdown,
    "steps": what_helps.steps_markdown,
    "sources": readme.sources_markdown,
    "curve": readme.curve_markdown,
    "calibration": readme.calibration_markdown,
    "far": readme.far_markdown,
    "rejection": readme.rejection_markdown,
    "robustness": readme.robustness_markdown,
    "fairness": readme.fairness_markdown,
}
"""The function that computes the table of each marker."""


def write() -> list[Path]:
    """Write all tables and figures, and return the paths of the figures."""
    predictions.state_unknown(published.oof_folder())
    for marker, table in TABLES.items():
        readme.replace(marker, table())
    return [robustness.draw_figure(), readme.draw_leak_figure()]
