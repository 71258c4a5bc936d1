"""Errors that say what was found, where, and what to do about it.

Everything sercore raises on purpose derives from :class:`SercoreError`, so a program can
catch one type; the command line prints its message without a traceback.
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
        One word for tables and counts: ``empty``, ``not-audio``, ``lfs-pointer``, ``web-page``,
        ``truncated``, ``silent``, ``too-short``, ``not-finite``, ``channels-cancel``, ``missing``, …
    """

    def __init__(self, message: str, *, reason: str = "not-audio"):
        super().__init__(message)
        self.reason = reason

    def __reduce__(self):  # keep `reason` when the error crosses a process border
        return _rebuild_audio_error, (str(self), self.reason)


def _rebuild_audio_error(message, reason):
    return AudioError(message, reason=reason)


class CorpusError(SercoreError):
    """A corpus is missing, incomplete, duplicated, or holds names that cannot be read."""


class RecipeError(SercoreError, ValueError):
    """A feature recipe is inconsistent or does not match what it is used with."""


class StoreError(SercoreError):
    """Feature extraction stopped: too many bad clips, or a cache that cannot be written."""


class SplitError(SercoreError, ValueError):
    """A split is impossible or leaks: too few speakers, a missing class, a shared speaker."""


class EvaluationError(SercoreError, ValueError):
    """Predictions or labels cannot be scored."""


class BundleError(SercoreError):
    """A model bundle is damaged, altered, or from a newer version."""


class EncoderError(SercoreError):
    """A pretrained encoder is missing, altered, or does not fit what it is used with."""
