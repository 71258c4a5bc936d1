"""Knowing when not to answer: clips that are not speech, and clips unlike those a model learned from.

A classifier divides the whole feature space among its emotions, so a tone is "sad" and white noise
"fearful", often with high confidence. Two questions are asked before it is believed:

- :func:`is_speech` — is this speech at all? Four measures of the waveform, with limits that clips of three
  corpora keep. Nothing is trained, so it is the same for every model.
- :class:`NoveltyDetector` — is this clip like the clips that the model was fitted on? A distance in the
  model's own features, with a limit that at most 5 % of the clips of new speakers exceed.

:func:`rejection_reason` asks both.

References
----------
Houtgast, Steeneken: A review of the MTF concept in room acoustics. JASA 77, 1069–1077, 1985 (speech changes
at syllable rate).
Tipping, Bishop: Probabilistic principal component analysis. J. Royal Statistical Society B 61, 1999.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .. import audio
from ..errors import AudioError, EvaluationError

NOT_SPEECH = "not speech"
UNKNOWN_VOICE = "unlike the voices this model learned from"

SPEECH_LIMITS = {
    "level_db": (-80.0, 0.1),
    "modulation_db": (1.0, 20.0),
    "change_db": (2.75, np.inf),
    "bands": (3.1, np.inf),
}
"""Lowest and highest value of each measure of :func:`speech_measures` that is accepted as speech.

The limits are between the sounds of :mod:`sercore.audio.sounds` and clips of RAVDESS, TESS and EMO-DB: of
these, none of 835 is below 4.9 dB of modulation or 3.6 dB of change, and none of 450 below 3.5 bands."""

_ACTIVE_DB = 30.0  # frames within this range below the loudest are measured
_LAG = 5  # frames: 50 ms, about half a phoneme


def speech_measures(wave: np.ndarray, *, sr: int = audio.SAMPLE_RATE) -> dict[str, float]:
    """Four numbers that separate speech from steady, tonal and struck sounds.

    All but the first are the same at every level of the recording.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Sample rate in Hz.

    Returns
    -------
    dict of str to float
        ``level_db``: level of the loudest 25 ms relative to full scale. ``modulation_db``: standard deviation
        of the level over time, limited to 40 dB below the loudest; syllables and pauses make it large, noise
        and tones do not. ``change_db``: how much the shape of the mel spectrum changes within 50 ms,
        as the median over the loud frames; articulation never rests, a note or a noise does. ``bands``:
        number of mel bands that share the power of a frame, as the exponential of the entropy; 1 to 3 for
        whistles and tones.

    Raises
    ------
    AudioError
        The waveform is not usable: silent, too short, not finite.

    See Also
    --------
    is_speech : the decision.

    Examples
    --------
    >>> from sercore import synth
    >>> voice, sr = synth.Voice().speak()
    >>> {name: round(value) for name, value in speech_measures(voice, sr=sr).items() if name != "level_db"}
    {'modulation_db': 12, 'change_db': 6, 'bands': 7}

    Notebook: 09_leaving_the_studio.ipynb
    """
    from scipy.ndimage import uniform_filter1d

    from ..features import Spectrum, get_recipe

    spectrum = Spectrum(audio.convert(wave, sr), get_recipe("default"))
    level = 20 * np.log10(np.maximum(spectrum.rms, 1e-8))
    active = level > level.max() - _ACTIVE_DB
    shape = uniform_filter1d(spectrum.log_mel, 5, axis=0)  # averages the random variation of noise
    steps = shape[_LAG:] - shape[:-_LAG]
    steps = steps[active[_LAG:] & active[:-_LAG]]
    change = np.std(steps, axis=1) if len(steps) else np.zeros(1)
    share = spectrum.mel[active]
    share = share / np.maximum(share.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    entropy = -(share * np.log(share + 1e-12)).sum(axis=1)
    return {
        "level_db": float(level.max()),
        "modulation_db": float(np.maximum(uniform_filter1d(level, 5), level.max() - 40).std()),
        "change_db": float(np.median(change)),
        "bands": float(np.median(np.exp(entropy))),
    }


def is_speech(wave: np.ndarray, *, sr: int = audio.SAMPLE_RATE) -> bool:
    """Whether a waveform may be speech: voiced, whispered or shouted, in any language.

    It accepts what cannot be excluded: speech played backwards, and also birdsong and music with drums, which
    are left to :class:`NoveltyDetector`. White noise 20 dB below the voice is no obstacle; at 10 dB most
    clips of RAVDESS, whose pauses it fills, are rejected.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        At least half a second; in shorter pieces of speech a single vowel can be as steady as a note.
    sr : int
        Sample rate in Hz.

    Returns
    -------
    bool
        False also for silence.

    Raises
    ------
    AudioError
        The waveform is not usable for a reason other than silence.

    Examples
    --------
    >>> from sercore import synth
    >>> from sercore.audio.sounds import render_sound
    >>> voice, sr = synth.Voice().speak()
    >>> is_speech(voice, sr=sr), is_speech(render_sound("chords")), is_speech(np.zeros(16_000))
    (True, False, False)
    """
    try:
        measures = speech_measures(wave, sr=sr)
    except AudioError as error:
        if error.reason == "silent":
            return False
        raise
    return all(low <= measures[name] <= high for name, (low, high) in SPEECH_LIMITS.items())


ARRAYS = ("mean", "scale", "components", "variances", "rest", "threshold")
"""Fields of a :class:`NoveltyDetector` that are arrays."""


@dataclass(frozen=True, eq=False)
class NoveltyDetector:
    """Distance of a row of features from the training rows, and the limit beyond which it is rejected.

    Columns are standardised and projected on their principal components. The distance is the negative log
    likelihood under a normal distribution whose variance is that of the training rows along the components,
    and the average of the rest in all other directions (probabilistic PCA). So both an unusual combination
    of usual values and a value in a direction that training rows do not use count. Create it with
    :meth:`fit`.

    On RAVDESS, default table, six EmoBox folds, it rejects 4.0 % of 1440 clips of new speakers
    (95 % interval over the 24 speakers: 2.0 to 6.3 %; 0.8 to 8.8 % by fold), every one of 52 sounds of
    :mod:`sercore.audio.sounds`, and 99 % of EMO-DB: another language, microphone and room are all unlike what
    one corpus contains. The highest probability and the energy of the logits, which are often used for this,
    reject none of these.

    Parameters
    ----------
    mean, scale : np.ndarray [shape=(n_columns,)]
        Of the training rows.
    components : np.ndarray [shape=(n_components, n_columns)]
        Orthonormal directions.
    variances : np.ndarray [shape=(n_components,)]
        Variance along each component.
    rest : np.ndarray [shape=()]
        Variance in every other direction.
    threshold : np.ndarray [shape=()]
        Distance above which a row is rejected.
    other : NoveltyDetector, optional
        A second detector. A row is rejected only if both are farther than their limits; its distance is the
        smaller one, in units of the limits.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, speakers = rng.normal(size=(200, 20)), np.repeat(list("abcdefghij"), 20)
    >>> detector = NoveltyDetector.fit(X, speakers)
    >>> detector.is_novel(np.stack([X[0], X[0] + 5])).tolist()
    [False, True]

    Notebook: 09_leaving_the_studio.ipynb
    """

    mean: np.ndarray
    scale: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    rest: np.ndarray
    threshold: np.ndarray
    other: NoveltyDetector | None = None

    @classmethod
    def fit(
        cls,
        X: np.ndarray,
        groups: Sequence[str],
        *,
        versions: Sequence[np.ndarray] = (),
        max_rejected: float = 0.05,
        n_components: int = 50,
        n_folds: int = 5,
        relative: bool = False,
    ) -> NoveltyDetector:
        """Detector for the training rows of a model.

        The limit is found on inner speakers: for each of ``n_folds`` groups of speakers, distances from the
        rows of all others. The proportion of known voices that is refused later is therefore about
        ``max_rejected``, which a limit from the training rows themselves would underestimate many times.

        Parameters
        ----------
        X : np.ndarray [shape=(n_clips, n_columns)]
            The features on which the model is fitted.
        groups : sequence of str [shape=(n_clips,)]
            Speaker of each clip, or its corpus.
        versions : sequence of np.ndarray, as X
            Augmented versions of the clips. A second detector is fitted on clips and versions together. Their
            variety makes it strict about clips as they are, of which it sees few, and the first one refuses
            whatever is heard through a telephone; so either is enough.
        max_rejected : float
            Proportion of the clips of inner held-out speakers above the limit.
        n_components : int
            Principal components; fewer if there are few clips.
        n_folds : int
            Divisions of the speakers; fewer if there are fewer speakers.
        relative : bool
            Whether the distances of held-out rows count in units of the median distance of the rows they
            were compared with, for groups that differ much, as corpora do.

        Returns
        -------
        NoveltyDetector

        Raises
        ------
        EvaluationError
            Fewer than two speakers, or the lengths differ.
        """
        from sklearn.model_selection import GroupKFold

        X, groups = np.asarray(X, dtype=float), np.asarray(groups, dtype=str)
        n_groups = len(np.unique(groups))
        if len(X) != len(groups) or n_groups < 2:
            raise EvaluationError(
                f"{len(groups)} speaker names, {n_groups} of them different, for {len(X)} clips; the limit "
                "is found on speakers that are left out, so at least two are needed"
            )
        if not 0 < max_rejected < 1:
            raise EvaluationError(f"max_rejected is {max_rejected}; it must be between 0 and 1")
        if len(versions):
            options = dict(max_rejected=max_rejected, n_components=n_components, n_folds=n_folds)
            heard = np.concatenate([X, *versions]), np.tile(groups, 1 + len(versions))
            first, other = (cls.fit(*each, relative=relative, **options) for each in ((X, groups), heard))
            return replace(first, other=other)
        distances = np.empty(len(X))
        for rows, held_out in GroupKFold(min(n_folds, n_groups)).split(X, groups=groups):
            inner = cls._fit(X[rows], n_components)
            unit = np.median(inner.score(X[rows])) if relative else 1.0
            distances[held_out] = inner.score(X[held_out]) / unit
        limit = np.quantile(distances, 1 - max_rejected, method="higher")
        detector = cls._fit(X, n_components)
        unit = np.median(detector.score(X)) if relative else 1.0
        return replace(detector, threshold=np.asarray(float(limit * unit)))

    @classmethod
    def _fit(cls, X, n_components):
        from sklearn.decomposition import PCA
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(X)
        rows = scaler.transform(X)
        n_components = max(1, min(n_components, (len(X) - 1) // 2, X.shape[1] - 1))
        pca = PCA(n_components, svd_solver="randomized", random_state=0).fit(rows)
        # over all other columns: scikit-learn divides by the rank, which grows with the number of clips
        unexplained = rows.var(axis=0, ddof=1).sum() - pca.explained_variance_.sum()
        return cls(
            mean=scaler.mean_,
            scale=scaler.scale_,
            components=pca.components_,
            variances=pca.explained_variance_,
            rest=np.asarray(max(unexplained / (X.shape[1] - n_components), 1e-6)),
            threshold=np.asarray(np.inf),
        )

    def score(self, X: np.ndarray) -> np.ndarray:
        """Distance of each row from the training rows, per column; larger for stranger rows.

        Parameters
        ----------
        X : np.ndarray [shape=(n_clips, n_columns)]

        Returns
        -------
        np.ndarray [shape=(n_clips,)]
            About 1 for rows of the distribution of the training rows.

        Raises
        ------
        EvaluationError
            The number of columns is not that of the training rows.
        """
        X = np.asarray(X, dtype=float)
        if X.ndim != 2 or X.shape[1] != self.mean.size:
            raise EvaluationError(f"rows have shape {X.shape}; expected (n_clips, {self.mean.size})")
        rows = (X - self.mean) / self.scale
        projected = rows @ self.components.T
        outside = np.maximum((rows**2).sum(axis=1) - (projected**2).sum(axis=1), 0.0)
        inside = (projected**2 / self.variances).sum(axis=1)
        distance = (inside + outside / self.rest) / self.mean.size
        if self.other is None:
            return distance
        return np.minimum(distance, self.other.score(X) * (self.threshold / self.other.threshold))

    def is_novel(self, X: np.ndarray) -> np.ndarray:
        """Whether each row is beyond the limit, or not finite [shape=(n_clips,), dtype=bool]."""
        return ~(self.score(X) <= self.threshold)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The detector as plain float32 arrays by name, for ``np.savez``, without the other one."""
        return {name: np.asarray(getattr(self, name), np.float32) for name in ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> NoveltyDetector:
        """Detector from :meth:`to_arrays`.

        Raises
        ------
        EvaluationError
            An array is missing, has another shape, or is not finite.
        """
        if missing := [name for name in ARRAYS if name not in arrays]:
            raise EvaluationError(f"a novelty detector needs the arrays {', '.join(missing)}")
        values = {name: np.asarray(arrays[name], dtype=float) for name in ARRAYS}
        k, n = values["components"].shape if values["components"].ndim == 2 else (0, 0)
        shapes = dict(zip(ARRAYS, [(n,), (n,), (k, n), (k,), (), ()], strict=True))
        found = {name: value.shape for name, value in values.items()}
        if found != shapes or not all(np.isfinite(value).all() for value in values.values()):
            raise EvaluationError(f"not the arrays of a novelty detector: shapes {found}")
        return cls(**values)


def rejection_reason(
    wave: np.ndarray,
    row: np.ndarray | None = None,
    detector: NoveltyDetector | None = None,
    *,
    sr: int = audio.SAMPLE_RATE,
) -> str | None:
    """Why a clip gets no emotion: :data:`NOT_SPEECH`, :data:`UNKNOWN_VOICE`, or None.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    row : np.ndarray [shape=(n_columns,)], optional
        Features of the clip, as the model reads them.
    detector : NoveltyDetector, optional
        Fitted on the training rows of the model.
    sr : int
        Sample rate of ``wave`` in Hz.

    Examples
    --------
    >>> from sercore.audio.sounds import render_sound
    >>> rejection_reason(render_sound("white_noise"))
    'not speech'

    Notebook: 09_leaving_the_studio.ipynb
    """
    if not is_speech(wave, sr=sr):
        return NOT_SPEECH
    if detector is not None and detector.is_novel(np.asarray(row)[None])[0]:
        return UNKNOWN_VOICE
    return None
