"""The tables of ``data/RESULTS.md``, computed from published predictions, and the figures of the README."""

from __future__ import annotations

from pathlib import Path

from . import (
    cross_corpus_tables,
    encoder_tables,
    from_scratch,
    predictions,
    published,
    readme,
    reliability_tables,
    robustness,
    strangers,
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
    "cross-corpus": cross_corpus_tables.cross_corpus_markdown,
    "steps": what_helps.steps_markdown,
    "sources": cross_corpus_tables.sources_markdown,
    "curve": cross_corpus_tables.curve_markdown,
    "calibration": reliability_tables.calibration_markdown,
    "far": reliability_tables.far_markdown,
    "rejection": reliability_tables.rejection_markdown,
    "robustness": reliability_tables.robustness_markdown,
    "strangers": strangers.markdown,
    "strangers-rejected": strangers.rejected_markdown,
    "fairness": reliability_tables.fairness_markdown,
}
"""The function that computes the table of each marker."""


def write() -> list[Path]:
    """Write all tables and figures, and return the paths of the figures."""
    predictions.state_unknown(published.oof_folder())
    for marker, table in TABLES.items():
        readme.replace(marker, table())
    return [robustness.draw_figure(), readme.draw_leak_figure()]
