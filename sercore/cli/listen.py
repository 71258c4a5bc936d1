"""``sercore listen``: predictions that follow the microphone, in a terminal."""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path


def add_listen(commands) -> None:
    """Add ``listen`` to the parser."""
    listen = commands.add_parser(
        "listen", help="predict the emotion of what the microphone hears",
        description="Predict the last seconds of the microphone until Ctrl-C. No sound is stored.",
    )  # fmt: skip
    listen.add_argument("--bundle", type=Path, help="folder written by 'sercore train' (default: built-in)")
    listen.add_argument("--window", type=float, default=3.0, help="seconds (default: %(default)s)")
    listen.add_argument("--step", type=float, default=0.25, help="step in seconds (default: %(default)s)")
    listen.add_argument("--device", help="number or name of the input device (default: that of the system)")
    listen.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    listen.set_defaults(command=_listen)


def _listen(options) -> None:
    from ..audio.microphone import microphone
    from ..bundle import Listener, model_note, speech_predictor
    from ..bundle.printing import printable
    from ..widgets.notice import NOTICE

    device = int(options.device) if (options.device or "").isdecimal() else options.device
    predictor = speech_predictor(options.bundle)
    with contextlib.suppress(KeyboardInterrupt), microphone(device) as (sr, blocks):
        listener = Listener(predictor, sr, seconds=options.window, step=options.step)
        note = map(printable, model_note(predictor).splitlines())  # a bundle of anybody
        print(*NOTICE, *note, "Listening; Ctrl-C stops.", sep="\n", flush=True)
        terminal, width = sys.stdout.isatty(), 0  # a terminal shows one line that changes
        for block in blocks:
            listener.push(block)
            moment = listener.poll()
            if moment is not None:
                line = line_of(moment)
                if terminal:  # a line that wraps cannot be rewritten
                    line = line[: shutil.get_terminal_size().columns - 1]
                print(line.ljust(width) if terminal else line, end="\r" if terminal else "\n", flush=True)
                width = max(width, len(line))
            if listener.buffer.n_received >= options.seconds * sr:
                break
    if sys.stdout.isatty():
        print()


def line_of(moment, *, width: int = 12) -> str:
    """One line: time, level, prediction, and a bar of its probability.

    Examples
    --------
    >>> from sercore.bundle import Prediction
    >>> from sercore.bundle.streaming import Moment
    >>> line_of(Moment(2.5, -21.0, Prediction({"sad": 0.75, "calm": 0.25})))
    '   2.5 s   -21 dB  #########---  sad, 75 %'
    """
    prediction = moment.prediction
    share = prediction.confidence
    bar = ("#" * round(width * share)).ljust(width, "-")
    return f"{moment.seconds:6.1f} s {moment.level:5.0f} dB  {bar}  {prediction}"
