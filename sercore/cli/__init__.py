"""The command line: thin commands over the package.

::

    sercore run                      a short tour of the notebooks on the demo corpus
    sercore run --all                all notebooks
    sercore run --all --corpus ravdess
                                     ... on real recordings
    sercore corpora list             available corpora and where they were found
    sercore corpora check FOLDER     what is understood of your own recordings
    sercore extract --corpus tess    features of every clip as one Parquet file
    sercore train --model lda        a bundle: model, labels, recipe and metrics
    sercore train --encoder whisper_tiny_en
                                     ... on the embeddings of a pretrained encoder
    sercore evaluate --train ravdess --test emo_db
                                     scores on another corpus
    sercore predict --bundle B FILES emotions of recordings, files or folders
    sercore predict CSV --out FILE   many recordings as one table; continues after an interruption
    sercore report B                 model card: data, scores, conditions, groups, use
    sercore listen                   predictions that follow the microphone
    sercore slides OUT               slides and a handout, made from the notebooks
    sercore book OUT                 the course as a static site
    sercore results                  published scores, recomputed from their predictions
    sercore bench                    speed, as ratios measured in one run

``run``, ``slides``, ``book``, ``results`` and ``bench`` need a clone of the repository. Messages of
TensorFlow and other libraries are written to ``sercore.log`` in the cache folder (:mod:`sercore.quiet`).
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys

from .. import __version__, paths, quiet
from ..errors import SercoreError
from . import corpora, course, evaluate, listen, models, report
from .options import corpus_options

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the process.

    Returns
    -------
    int
        0 on success; 1 after an error, which is printed as one message; 130 after an interrupt; other
        values as in the command's help.
    """
    options = _parser().parse_args(_with_patterns(sys.argv[1:] if arguments is None else arguments))
    for stream in (sys.stdout, sys.stderr):  # redirected streams on Windows cannot encode most letters
        with contextlib.suppress(AttributeError):  # streams of notebooks and programs without a terminal
            stream.reconfigure(errors="backslashreplace")
    with quiet.terminal(paths.cache_dir() / "sercore.log"):
        try:
            with corpus_options(options):
                status = options.command(options) or 0
            sys.stdout.flush()
            return status
        except SercoreError as error:
            print(f"sercore: {_printable(error)}", file=sys.stderr)
            return 1
        except BrokenPipeError:  # the reader of a pipe has finished, as in `sercore ... | head`
            _discard_output()
            return 0
        except OSError as error:  # a full disk behind standard output, a path that is too long
            _discard_output()
            if sys.platform == "win32" and error.errno == errno.EINVAL and error.filename is None:
                return 0  # the reader of a pipe has finished, as in `sercore ... | more`
            print(
                f"sercore: {_printable(error)}; check the path, its permissions and the disk", file=sys.stderr
            )
            return 1
        except KeyboardInterrupt:
            print("sercore: interrupted; repeat the command to continue from finished work", file=sys.stderr)
            return 130


def _with_patterns(arguments: list[str]) -> list[str]:
    """Arguments in which a regular expression may begin with "-", which argparse takes for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in ("--speaker", "--emotion"):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _discard_output() -> None:
    """Send what is left in the buffer of standard output to the null device."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # a stream in memory has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _printable(error: Exception) -> str:
    """The message with control characters escaped, which could change the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sercore",
        description="Speech emotion recognition, evaluated on speakers that a model was not trained on.",
        epilog="'sercore COMMAND --help' lists the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"sercore {__version__}")
    commands = parser.add_subparsers(required=True, title="commands", metavar="COMMAND")

    course.add_run(commands)
    corpora.add_commands(commands)
    models.add_commands(commands)
    evaluate.add_evaluate(commands)
    listen.add_listen(commands)
    report.add_report(commands)
    course.add_pages(commands)
    course.add_results(commands)
    return parser
