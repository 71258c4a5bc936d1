"""Figures with matplotlib: every function draws on ``ax``, or on a new figure, and returns the Axes.

Axes are labelled with units. The functions draw what other modules computed; no other module depends on
them. Only :func:`use_course_style`, which sets readable defaults for a notebook, changes global settings.

Examples
--------
>>> import numpy as np
>>> from sercore import plots
>>> ax = plots.waveform(np.zeros(8000), 16000)
>>> ax.get_xlabel(), ax.get_xlim()[1].item()
('time (s)', 0.5)
"""

from .blocks import blocks
from .clips import descriptor, pitch, side_by_side, spectrogram, spectrum, waveform
from .corpus import by_emotion, by_speaker, class_counts, speaker_counts
from .cross_corpus import corpus_matrix, enrolment_curve, staircase
from .emotion_profiles import average_contours, difference_maps, difference_rows, importance_intervals
from .ensembles import (
    evolution,
    gain_for_cost,
    member_matrix,
    pair_gains,
    paired_differences,
    simplex,
    subset_gains,
    tuning_gains,
)
from .evidence import (
    benchmark_results,
    compare_with_listeners,
    correlations,
    evidence,
    evidence_maps,
    faithfulness_curves,
    masked_parts,
)
from .features import (
    autocorrelation,
    cepstral_envelope,
    chroma_and_pitch,
    feature_tracks,
    mel_bank,
    stft_window,
)
from .human import listening_test
from .networks import accuracy_and_cost, search, seed_scores, under_clip
from .predictions import confusion, prediction, predictions, recording, reliability, timeline
from .results import importance, learning_curves, results, speaker_scores
from .robustness import changed_answers, fairness, risk_coverage, robustness
from .speed import speed_bars
from .style import (
    EMOTION_COLORS,
    LABELS,
    SEQUENTIAL,
    SEX_COLORS,
    color_of,
    limits_of,
    new_axes,
    use_course_style,
)
from .tables import explained_shares, scatter_by, split_map, track_functionals

__all__ = [
    "EMOTION_COLORS",
    "LABELS",
    "SEQUENTIAL",
    "SEX_COLORS",
    "accuracy_and_cost",
    "autocorrelation",
    "average_contours",
    "benchmark_results",
    "blocks",
    "by_emotion",
    "by_speaker",
    "cepstral_envelope",
    "changed_answers",
    "chroma_and_pitch",
    "class_counts",
    "color_of",
    "compare_with_listeners",
    "confusion",
    "corpus_matrix",
    "correlations",
    "descriptor",
    "difference_maps",
    "difference_rows",
    "enrolment_curve",
    "evidence",
    "evidence_maps",
    "evolution",
    "explained_shares",
    "fairness",
    "faithfulness_curves",
    "feature_tracks",
    "gain_for_cost",
    "importance",
    "importance_intervals",
    "learning_curves",
    "limits_of",
    "listening_test",
    "masked_parts",
    "mel_bank",
    "member_matrix",
    "new_axes",
    "pair_gains",
    "paired_differences",
    "pitch",
    "prediction",
    "predictions",
    "recording",
    "reliability",
    "results",
    "risk_coverage",
    "robustness",
    "scatter_by",
    "search",
    "seed_scores",
    "side_by_side",
    "simplex",
    "speaker_counts",
    "speaker_scores",
    "spectrogram",
    "spectrum",
    "speed_bars",
    "split_map",
    "staircase",
    "stft_window",
    "subset_gains",
    "timeline",
    "track_functionals",
    "tuning_gains",
    "under_clip",
    "use_course_style",
    "waveform",
]  # fmt: skip
