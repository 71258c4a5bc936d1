"""Sizes of Whisper's encoders; reading them imports no network library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import EncoderError


@dataclass(frozen=True)
class WhisperSize:
    """Sizes of a Whisper encoder.

    Parameters
    ----------
    width : int
        Units of every frame.
    n_heads : int
        Attention heads of every block.
    n_blocks : int
    n_positions : int
        Frames that the position table covers; 1500 are 30 s.
    """

    width: int = 384
    n_heads: int = 6
    n_blocks: int = 4
    n_positions: int = 1500


TINY = WhisperSize()


def size_of(tensors: Mapping[str, np.ndarray]) -> WhisperSize:
    """Sizes of the encoder whose weights these are."""
    try:
        n_positions, width = tensors["encoder/position_encodings/encodings"].shape
        n_blocks = sum(name.endswith("/self_attention/linear_1/bias") and name.startswith("encoder/")
                       for name in tensors)  # fmt: skip
        return WhisperSize(width, int(tensors["encoder/num_heads"]), n_blocks, n_positions)
    except (KeyError, ValueError, TypeError) as error:
        raise EncoderError(f"the weights are not those of a Whisper encoder ({error!r})") from error
