"""Exceptions. Their messages name what was found, where, and what to do about it.

Every exception that sercore raises on purpose derives from :class:`SercoreError`; the command line
prints its message without a traceback.
"""


class SercoreError(Exception):
    """Base of all errors that sercore raises on purpose."""


class AudioError(SercoreError, ValueError):
    """A file or array is not usable speech audio.

    Parameters
    ----------
    message : str
        What was found, where, and what to do.
    reason : str
        A short code for tables: ``missing``, ``unreadable``, ``empty``, ``not-audio``, ``lfs-pointer``,
        ``web-page``, ``truncated``, ``joined``, ``too-short``, ``too-long``, ``silent``, ``not-speech``,
        ``not-mono``, ``not-finite``, ``out-of-range`` or ``channels-cancel``.

    Examples
    --------
    >>> try:
    ...     raise AudioError("a.wav: silent; leave the clip out", reason="silent")
    ... except SercoreError as error:
    ...     print(error.reason)
    silent
    """

    def __init__(self, message: str, *, reason: str = "not-audio"):
        super().__init__(message)
        self.reason = reason

    def __reduce__(self):  # keeps `reason` when the error is pickled
        return _rebuild_audio_error, (str(self), self.reason)


def _rebuild_audio_error(message, reason):
    return AudioError(message, reason=reason)


class CorpusError(SercoreError):
    """A corpus is missing, incomplete or ambiguous, or cannot be downloaded."""


class RecipeError(SercoreError, ValueError):
    """A feature recipe is inconsistent or does not match what it is used with.

    Notebook: 02_feature_extraction.ipynb
    """


class StoreError(SercoreError):
    """Too many clips could not be read, or a cache cannot be written."""


class TrainingError(SercoreError):
    """A training diverged: its loss is not finite."""


class ClusterError(SercoreError):
    """A Dask scheduler or its workers cannot be reached, or the workers ended."""


class SplitError(SercoreError, ValueError):
    """A split is impossible or leaks: too few speakers, a missing class, a speaker on both sides.

    Notebook: 06_ensembles.ipynb
    """


class EvaluationError(SercoreError, ValueError):
    """Predictions or labels are invalid and cannot be evaluated."""


class BundleError(SercoreError):
    """A model bundle is damaged, altered, or of an unsupported version.

    Notebook: 03_mlp_baseline.ipynb
    """


class EncoderError(SercoreError):
    """A pretrained encoder is missing, altered, or does not fit what it is used with.

    Notebook: 08_pretrained_encoder.ipynb
    """


class ExerciseError(SercoreError, ValueError):
    """There is no such exercise or quiz."""
