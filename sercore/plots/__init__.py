"""Figures: every function draws on ``ax`` (or a new figure) and returns it, axes labelled with units.

``plots.use_course_style()`` sets readable defaults for a notebook; nothing else changes a global
setting. Pictures show what other modules computed; no module needs them.

Notebook: 01_eda.ipynb
"""

from .clips import descriptor, pitch, spectrogram, spectrum, waveform
from .corpus import by_emotion, by_speaker, class_counts, speaker_counts
from .emotion_averages import average_contours, difference_maps, difference_rows, importance_intervals
from .ensembles import (
    gain_for_cost,
    member_matrix,
    pair_gains,
    paired_differences,
    subset_gains,
    tuning_gains,
)
from .evidence import evidence, evidence_maps, kept_and_left
from .evidence_tests import beside_people, correlations, exam, faithfulness_curves
from .feature_tables import explained_shares, scatter_by, track_functionals
from .features import cepstral_envelope, feature_tracks, mel_bank, stft_window
from .folds import split_map
from .networks import accuracy_and_cost, search
from .panels import side_by_side
from .periodicity import autocorrelation, chroma_and_pitch
from .predictions import confusion, prediction, predictions, reliability
from .results import importance, learning_curves, results, speaker_scores
from .scales import limits_of
from .sequences import seed_scores, under_clip
from .style import (
    EMOTION_COLORS,
    LABELS,
    SEQUENTIAL,
    SEX_COLORS,
    color_of,
    in_order,
    new_axes,
    use_course_style,
)
from .timelines import over_time, recording, timeline
from .weights import evolution, simplex

__all__ = [
    "EMOTION_COLORS", "LABELS", "SEQUENTIAL", "SEX_COLORS", "accuracy_and_cost", "autocorrelation",
    "average_contours", "beside_people", "by_emotion", "by_speaker", "cepstral_envelope",
    "chroma_and_pitch", "class_counts", "color_of", "confusion", "correlations", "descriptor",
    "difference_maps", "difference_rows", "evidence", "evidence_maps", "evolution", "exam",
    "explained_shares", "faithfulness_curves", "feature_tracks", "gain_for_cost", "importance",
    "importance_intervals", "in_order", "kept_and_left", "learning_curves", "limits_of", "mel_bank",
    "member_matrix", "new_axes", "over_time", "pair_gains", "paired_differences", "pitch", "prediction",
    "predictions", "recording", "reliability", "results", "scatter_by", "search", "seed_scores",
    "side_by_side", "simplex", "speaker_counts", "speaker_scores", "spectrogram", "spectrum", "split_map",
    "stft_window", "subset_gains", "timeline", "track_functionals", "tuning_gains", "under_clip",
    "use_course_style", "waveform",
]  # fmt: skip
