"""Stereo recordings of two people, one on each channel, as telephone systems and interviews make them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_MOST_FILES, _MOST_READ = 200, 10  # files whose headers are read; stereo files of which samples are read
_SECONDS = 30.0  # read of each file
_FRAME = 0.05  # seconds
_APART_DB = 15.0  # by which the channel of the person who speaks is louder
_ACTIVE_DB = 30.0  # below the loudest frame
_SHARE = 0.1  # of the active frames in which a channel must be the louder one


def has_two_people(samples: np.ndarray, sr: int) -> bool:
    """Whether the two channels are loud at different times.

    Parameters
    ----------
    samples : np.ndarray [shape=(n_samples, 2)]
    sr : int
        Sample rate in Hz.

    Examples
    --------
    >>> voice = np.random.default_rng(0).normal(size=(16000, 1))
    >>> first, second = voice * [1.0, 0.01], voice * [0.01, 1.0]
    >>> has_two_people(np.concatenate([first, second]), 16000), has_two_people(first, 16000)
    (True, False)
    """
    size = max(1, round(_FRAME * sr))
    n_frames = len(samples) // size
    if samples.shape[1] != 2 or n_frames < 4:
        return False
    frames = samples[: n_frames * size].reshape(n_frames, size, 2).astype(float)
    level = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    level = level[level.max(axis=1) > level.max() - _ACTIVE_DB]
    louder = level[:, 0] - level[:, 1]
    return bool(min((louder > _APART_DB).mean(), (louder < -_APART_DB).mean()) >= _SHARE)


def two_people(paths: Sequence[str]) -> tuple[list[str], int]:
    """Recordings with two people, and the number of stereo recordings that were examined.

    At most the first ten stereo recordings of the first 200 files are examined, 30 s of each.
    """
    import soundfile

    found, n_read = [], 0
    for path in paths[:_MOST_FILES]:
        try:
            with soundfile.SoundFile(path) as file:
                if file.channels != 2:
                    continue
                n = int(min(file.frames, _SECONDS * file.samplerate))
                samples = file.read(n, dtype="float32", always_2d=True)
                n_read += 1
                if has_two_people(samples, file.samplerate):
                    found.append(path)
        except Exception:  # of any type: reading at once, later, explains it
            continue
        if n_read == _MOST_READ:
            break
    return found, n_read
