"""Fitness of evolved ensemble weights against scipy's optimum, from published predictions."""

from __future__ import annotations

from .ensembles import shortfall


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)`` on the tuning data of RAVDESS; nothing if they are not published."""
    from .. import published

    if not (published.oof_folder() / "ravdess-emobox.parquet").is_file():
        return []
    oof = published.load("ravdess-emobox")
    points = shortfall(oof[oof["model"] != "dummy"])["points"]
    what = f"fitness of evolved weights below scipy's optimum, {len(points)} fits on RAVDESS, mean"
    return [(what, points.mean(), "points"), ("the same, worst fit", points.max(), "points")]
