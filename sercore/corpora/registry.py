"""The list of corpora, their folders on this machine, and the options that they take.

Options of :func:`sercore.corpora.load_index` have defaults in the environment variable ``SERCORE_OPTIONS``, a
JSON object such as ``{"speaker": "([a-z]+)_", "labels": {"x": null}}``. The command line gives its options to
every part of a command in this way, including notebooks and worker processes. With a ``root``, they apply to
this folder only, and not to others that a notebook creates.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from ..errors import CorpusError
from ..paths import corpus_candidates
from . import demo, english, folder, iemocap, other_languages
from .description import Corpus
from .scanning import audio_files
from .tables import read_labels

_VARIABLE = "SERCORE_OPTIONS"

CORPORA = {
    corpus.name: corpus
    for corpus in (
        english.RAVDESS,
        english.TESS,
        english.SAVEE,
        english.CREMA_D,
        other_languages.EMO_DB,
        iemocap.CORPUS,
        other_languages.ESD,
        english.EMOV_DB,
        english.JL_CORPUS,
        other_languages.AESDD,
        other_languages.CAFE,
        other_languages.EMOVO,
        other_languages.NEMO,
        other_languages.SHEMO,
        other_languages.SUBESCO,
        other_languages.URDU,
        demo.CORPUS,
        folder.CORPUS,
    )
}
"""All corpora by name, in the order in which they are listed."""

NAMES = tuple(CORPORA)
"""Names of all corpora."""


def get_corpus(name: str) -> Corpus:
    """Description of a corpus by name; case, hyphens and underscores are ignored.

    Raises
    ------
    CorpusError
        No corpus has that name.

    Examples
    --------
    >>> get_corpus("EMO-DB").n_speakers
    10

    Notebook: 01_eda.ipynb
    """

    def key(text: str) -> str:
        return text.lower().replace("-", "").replace("_", "")

    for known, corpus in CORPORA.items():
        if key(str(name)) == key(known):
            return corpus
    raise CorpusError(f"no corpus named {name!r}; there are: {', '.join(CORPORA)}")


def list_corpora() -> pd.DataFrame:
    """Table of all corpora, one row each, indexed by ``name``.

    Returns
    -------
    pd.DataFrame
        ``title``, ``clips``, ``speakers``, ``language``, ``licence``, ``redistributable``,
        ``size``, ``download`` (``yes`` or ``no``), ``url``, ``citation``, ``source`` (where the scheme of
        file names is described), ``unchecked`` (what could not be compared with the recordings), ``found``
        (its folder on this machine, or empty).

    Examples
    --------
    >>> list_corpora()["licence"]["ravdess"]
    'CC BY-NC-SA 4.0'

    Notebook: 09_leaving_the_studio.ipynb
    """
    rows = {}
    for name, corpus in CORPORA.items():
        folders = corpus_candidates(corpus.places)
        rows[name] = {
            "title": corpus.title,
            "clips": corpus.n_clips,
            "speakers": corpus.n_speakers,
            "language": corpus.language,
            "licence": corpus.licence,
            "redistributable": corpus.redistributable,
            "size": corpus.size,
            "download": "yes" if corpus.can_download else "no",
            "url": corpus.url,
            "citation": corpus.citation,
            "source": corpus.source,
            "unchecked": corpus.unchecked,
            "found": next((str(folder) for folder in folders if audio_files(folder)), ""),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


@contextlib.contextmanager
def options_in_environment(
    corpus: str,
    *,
    root: Path | None = None,
    labels: Path | None = None,
    drop: Sequence[str] = (),
    skip_unknown: bool = False,
    **options: str | int,
) -> Iterator[None]:
    """Set the defaults for the duration of a ``with`` block.

    Parameters
    ----------
    corpus : str
        Name of the corpus; only ``folder`` takes options other than ``skip_unknown``.
    root : Path, optional
        Folder to which the options apply; by default all.
    labels : Path, optional
        Table with the columns ``name`` and ``emotion``.
    drop : sequence of str
        Names of emotions to leave out.
    skip_unknown : bool
        Leave out files that are not understood, with a warning.
    **options
        ``speaker``, ``emotion``, ``on_conflict``, ``channel``.

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
            "--speaker, --emotion, --labels, --drop, --on-conflict and --channel describe your own "
            f"recordings: add --corpus folder (it is {corpus})"
        )
    if skip_unknown:
        given["unknown"] = "warn"
    if root is not None:
        given["root"] = _resolved(root)
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = json.dumps(given)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before


def _resolved(root: str | os.PathLike) -> str:
    return os.path.realpath(Path(root).expanduser())


def read_options(
    corpora: Sequence[Corpus], unknown: str, options: dict, root: str | os.PathLike | None = None
) -> tuple[str, dict]:
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
    only = given.pop("root", None)
    if root is not None and only not in (None, _resolved(root)):
        given = {}
    unknown = given.pop("unknown", unknown)
    if [corpus.name for corpus in corpora] == ["folder"]:
        options = given | options
    for corpus in corpora:
        wrong = set(options) - set(corpus.options)
        if wrong or (options and len(corpora) > 1):
            raise CorpusError(
                f"{', '.join(sorted(wrong or options))}: {corpus.name!r} does not take this; only the corpus "
                f"'folder' takes these options: {', '.join(folder.CORPUS.options)}"
            )
    return unknown, options
