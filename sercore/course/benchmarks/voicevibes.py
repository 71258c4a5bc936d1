"""Cost and UA of the networks of this package against the largest network of an earlier project.

VoiceVibes is a student project whose networks are rebuilt in :mod:`sercore.models.legacy`.
"""

from __future__ import annotations

from ...models import legacy
from .measuring import FASTER
from .networks import EPOCH, N_BANDS, N_CLASSES, SECONDS, epoch_seconds, timed

THEIRS = "s0_cnn2d_lstm"


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)`` on an epoch of both, once, because theirs takes minutes, and on UA."""
    theirs = legacy.build(THEIRS, N_BANDS, N_CLASSES, n_frames=round(100 * SECONDS))
    size = f"{theirs.count_params() / 1e6:.2f} M weights"
    slow = epoch_seconds(theirs)
    rows = [(f"{EPOCH}: CNN2D-LSTM of VoiceVibes, {size}", slow, "s")]
    for name in ("res_lstm", "cnn2d_lstm"):
        rows.append((f"epoch of {name}, than of that", slow / epoch_seconds(timed(name)), FASTER))
    return rows + compare_with_voicevibes()


def compare_with_voicevibes() -> list[tuple[str, float, str]]:
    """Rows on the UA of both CNN2D-LSTMs under the same training, from published RAVDESS predictions."""
    from ...evaluation import compare_oof, evaluate_runs
    from .. import published

    rows = []
    if (published.oof_folder() / "ravdess-legacy.parquet").is_file():
        oof = published.load("ravdess-legacy")
        ours, theirs = (oof[oof["model"].str.startswith(name)] for name in ("cnn2d_lstm", THEIRS))
        found = compare_oof(ours, theirs)
        what = f"RAVDESS, {found['n_clips']} clips of {found['n_speakers']} new speakers: UA of"
        rows += [
            (f"{what} {name}", 100 * evaluate_runs(part)["ua"].mean(), "%")
            for name, part in (("cnn2d_lstm", ours), ("VoiceVibes's CNN2D-LSTM, same training", theirs))
        ]
        rows += [("difference of these two", 100 * found["difference"], "points")]
        rows += [
            (f"the same, {end} end of its 95 % interval", 100 * found[end], "points")
            for end in ("low", "high")
        ]
    return rows
