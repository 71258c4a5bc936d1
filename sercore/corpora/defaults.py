"""Defaults for the options of :func:`sercore.corpora.load_index`, passed on through the environment.

The command line gives its options to every part of a command in this way, including notebooks and worker
processes: ``SERCORE_OPTIONS`` is a JSON object such as ``{"speaker": "([a-z]+)_", "labels": {"x": null}}``.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from ..errors import CorpusError
from .registry import get_corpus
from .tables import read_labels

_VARIABLE = "SERCORE_OPTIONS"


@contextlib.contextmanager
def options_in_environment(
    corpus: str,
    *,
    labels: Path | None = None,
    drop: Sequence[str] = (),
    skip_unknown: bool = False,
    **options: str,
) -> Iterator[None]:
    """Set the defaults for the duration of a ``with`` block.

    Parameters
    ----------
    corpus : str
        Name of the corpus; only ``folder`` takes options other than ``skip_unknown``.
    labels : Path, optional
        Table with the columns ``name`` and ``emotion``.
    drop : sequence of str
        Names of emotions to leave out.
    skip_unknown : bool
        Leave out files that are not understood, with a warning.
    **options
        ``speaker``, ``emotion``, ``on_conflict``.

    Raises
    ------
    CorpusError
        The corpus does not take these options, or the table of labels cannot be read.
    """
    given = dict(options)
    if labels or drop:
        given["labels"] = (read_labels(labels) if labels else {}) | dict.fromkeys(drop)
    if given and corpus != "folder":
        raise CorpusError(
            "--speaker, --emotion, --labels, --drop and --on-conflict describe your own recordings: add "
            f"--corpus folder (it is {corpus})"
        )
    if skip_unknown:
        given["unknown"] = "warn"
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = json.dumps(given)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before


def read_options(modules: Sequence[ModuleType], unknown: str, options: dict) -> tuple[str, dict]:
    """Arguments of :func:`sercore.corpora.load_index` with the defaults from the environment.

    Raises
    ------
    CorpusError
        A corpus does not take one of the options.
    """
    try:
        given = dict(json.loads(os.environ.get(_VARIABLE) or "{}"))
    except (ValueError, TypeError) as error:
        raise CorpusError(f"the environment variable {_VARIABLE} is not a JSON object: {error}") from error
    unknown = given.pop("unknown", unknown)
    if [module.NAME for module in modules] == ["folder"]:
        options = given | options
    for module in modules:
        wrong = set(options) - set(getattr(module, "OPTIONS", ()))
        if wrong or (options and len(modules) > 1):
            raise CorpusError(
                f"{', '.join(sorted(wrong or options))}: {module.NAME!r} does not take this; only the corpus "
                f"'folder' takes these options: {', '.join(get_corpus('folder').OPTIONS)}"
            )
    return unknown, options
