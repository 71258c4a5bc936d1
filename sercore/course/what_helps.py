"""What helps across corpora, one step at a time: paired differences between published predictions.

Every row compares two ways that differ in one thing, on the same test clips; only the network on frames
differs from the table in features, model and number of augmented versions, and at one level in the number of
mel bands, too. Nothing is chosen: every step that
was measured has its row, also if it does not help.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from . import cross_corpus

__all__ = ["ENCODER", "FEATURES", "NETWORK", "TABLE", "steps", "steps_markdown"]

ENCODER, TABLE = "cross-corpus-encoder-four", "cross-corpus-table-four"
NETWORK = "cross-corpus-frames-four-tdnn"
LEVEL_FREE = f"{NETWORK}-level-free"
_CHANGES = (
    (f"{ENCODER}-augmented", "two augmented versions of each clip", "none"),
    (f"{TABLE}-augmented", "two augmented versions of each clip", "none"),
    (f"{TABLE}-level-free", "clips at one level", "level as recorded"),
    (f"{TABLE}-mlp", "network `mlp`", "logistic regression"),
)
FEATURES = {
    "whisper_tiny_en": "frozen encoder", "default": "table",
    "log_mel_80": "frames", "log_mel_level_free": "frames",
}  # fmt: skip
"""Features with their printed names."""


def steps(*, n_boot: int = 2000) -> pd.DataFrame:
    """Gain of every step, averaged over the test corpora RAVDESS, TESS and EMO-DB.

    Returns
    -------
    pd.DataFrame
        ``features``, ``scheme``, ``step``, ``instead_of``, ``before`` and ``after`` (UA), ``gain`` with
        ``low`` and ``high`` (:func:`sercore.evaluation.compare_corpora`), ``n_clips`` and ``n_speakers``.

    See Also
    --------
    sercore.course.cross_corpus.table : the scores of every pair of corpora.
    """
    from ..evaluation import compare_corpora

    rows = []
    for name in (ENCODER, TABLE):
        for step, instead_of, after, before in _pairs(name):
            rows.append(_row(name, step, instead_of, compare_corpora(after, before, n_boot=n_boot)))
    for name, before, step, instead_of in (
        (NETWORK, f"{TABLE}-augmented", "network `tdnn`", "the augmented table"),
        (LEVEL_FREE, NETWORK, "network `tdnn`, clips at one level", "level as recorded"),
    ):
        after, before = cross_corpus.load(name), cross_corpus.load(before)
        for way, text in (("plain", "not normalised"), ("speaker", "per speaker")):
            compared = compare_corpora(_single(after, way), _single(before, way), n_boot=n_boot)
            rows.append(_row(name, f"{step}, {text}", instead_of, compared))
    for name in ("cross-corpus-encoder-six", "cross-corpus-table-six"):
        oof = cross_corpus.load(name)
        compared = compare_corpora(_single(oof, "speaker"), _single(oof, "plain"), n_boot=n_boot)
        rows.append(_row(name, "normalisation per speaker", "none", compared))
    return pd.DataFrame(rows)


def _row(name: str, step: str, instead_of: str, compared: dict) -> dict:
    campaign = cross_corpus.CAMPAIGNS[name]
    return {
        "features": campaign.features, "scheme": campaign.scheme, "step": step, "instead_of": instead_of,
        "before": compared["ua_b"], "after": compared["ua_a"], "gain": compared["difference"],
        "low": compared["low"], "high": compared["high"],
        "n_clips": compared["n_clips"], "n_speakers": compared["n_speakers"],
    }  # fmt: skip


def _pairs(name: str) -> Iterator[tuple[str, str, pd.DataFrame, pd.DataFrame]]:
    """Step, what it replaces, and the predictions with and without it."""
    from ..training import average_sources, balance_predictions

    oof = cross_corpus.load(name)
    plain, corpus, coral, speaker = (_single(oof, way) for way in ("plain", "corpus", "coral", "speaker"))
    yield "normalisation per corpus", "none", corpus, plain
    yield "normalisation per speaker", "none", speaker, plain
    yield "normalisation per speaker", "normalisation per corpus", speaker, corpus
    yield "CORAL", "normalisation per corpus", coral, corpus
    for way, text in (("plain", "not normalised"), ("speaker", "per speaker")):
        pooled = _pooled(oof, way)
        yield f"two training corpora pooled, {text}", "one", pooled, _single(oof, way)
        yield f"balanced corpora, {text}", "pooled", _pooled(oof, way, balanced=True), pooled
    averaged = average_sources(speaker)
    yield "models of two corpora averaged, per speaker", "one", averaged, speaker
    yield "uniform prior, per speaker", "averaged", balance_predictions(averaged), averaged
    for other, step, instead_of in _CHANGES:
        if not other.startswith(name):
            continue
        changed = cross_corpus.load(other)
        same = oof[oof["train"].isin(changed["train"])]
        for way, text in (("plain", "not normalised"), ("speaker", "per speaker")):
            yield f"{step}, {text}", instead_of, _single(changed, way), _single(same, way)


def _single(oof: pd.DataFrame, adaptation: str) -> pd.DataFrame:
    """Predictions of other corpora by models of one corpus."""
    one = ~oof["train"].str.contains("+", regex=False) & (oof["train"] != oof["test"])
    return oof[one & (oof["adaptation"] == adaptation)]


def _pooled(oof: pd.DataFrame, adaptation: str, *, balanced: bool = False) -> pd.DataFrame:
    """Predictions by models of two pooled corpora."""
    pooled = oof["train"].str.contains("+", regex=False)
    return oof[pooled & (oof["adaptation"] == adaptation) & (oof["balanced"].astype(bool) == balanced)]


def steps_markdown(gains: pd.DataFrame | None = None) -> str:
    """Markdown table of :func:`steps`, which is computed if it is not passed."""
    lines = ["| features, scheme | step | instead of | before | after | gain [95 %] |", "|---" * 6 + "|"]
    for row in (steps() if gains is None else gains).itertuples():
        gain = f"{100 * row.gain:+.1f} [{100 * row.low:+.1f}, {100 * row.high:+.1f}]".replace("-", "−")
        cells = [f"{FEATURES[row.features]}, `{row.scheme}`", row.step, row.instead_of]
        cells += [f"{100 * row.before:.1f}", f"{100 * row.after:.1f}", gain]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
