"""From a bundle to its model card."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..bundle import Predictor
from ..corpora import get_corpus
from ..errors import SercoreError
from ..files import write_atomic
from . import measured, measured_sections, stored_sections
from .card import Card, Section
from .html import to_html
from .markdown import to_markdown
from .stored import words


def model_card(
    bundle: str | os.PathLike,
    *,
    corpus: str | None = None,
    root: str | os.PathLike | None = None,
    test: Sequence[str] = (),
    n_clips: int = measured.N_CLIPS,
    digest: str | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Card:
    """Model card of a bundle.

    Scores are the out-of-fold scores that are stored in the bundle. What recordings are needed for is
    measured if they are found; otherwise the section names what is missing.

    Parameters
    ----------
    bundle : path
        Folder written by ``sercore train``.
    corpus : str, optional
        Training corpora, by default those that the bundle names; see :func:`sercore.corpora.load_index`.
    root : path, optional
        Their folder.
    test : sequence of str
        Corpora that the bundle was not trained on, to score it on.
    n_clips : int
        Training clips to degrade; with 0, the section says that this was not asked for.
    digest : str, optional
        Expected SHA-256 of the bundle; see :meth:`sercore.bundle.Predictor.load`.
    seed : int
        Draws clips and noise.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    Card

    Raises
    ------
    BundleError
        The bundle is damaged, or an entry for the card is not valid.
    SercoreError
        A corpus in ``test`` was not found, or the bundle was trained on it.

    See Also
    --------
    write_card : write it as Markdown and HTML.
    """
    predictor = Predictor.load(bundle, digest=digest)
    manifest, names = predictor.manifest, measured.training_corpora(predictor)
    _check_test(test, names)
    held_out = manifest.training.get("held_out") or {}
    left_out = {name for name, units in held_out.items() if units == "corpora"}
    conditions, own = _on_training_clips(predictor, corpus or "+".join(names), root, n_clips, seed, progress)
    sections = [
        stored_sections.about_model(predictor),
        *stored_sections.use(),
        stored_sections.data(manifest.training),
        stored_sections.scores(manifest.evaluation, len(predictor.classes)),
        stored_sections.calibration(
            manifest.evaluation, manifest.temperature, left_out="temperature" in left_out
        ),
        stored_sections.groups(manifest.evaluation),
        conditions,
        _on_other_corpora(predictor, test, seed, progress),
        measured_sections.sounds(
            measured.other_sounds(predictor),
            rejects=predictor.detector is not None,
            own=own,
            left_out="rejection" in left_out,
            augmented=predictor.detector is not None and predictor.detector.other is not None,
        ),
        stored_sections.licences(predictor),
    ]
    about = " ".join(map(words, predictor.about().splitlines()))
    return Card(f"Model card: {Path(bundle).resolve().name}", about, sections)


def _on_training_clips(
    predictor, corpus, root, n_clips, seed, progress
) -> tuple[Section, tuple[int, int] | None]:
    """Section on recording conditions, and numbers of rejected and tried clips if there are recordings."""
    if not corpus:
        return measured_sections.not_found("the bundle does not name them"), None
    if n_clips < 1:
        return measured_sections.not_asked_for(), None
    try:
        clips = measured.find_clips(
            corpus, predictor.classes, _scheme(predictor), root=root, n_clips=n_clips, seed=seed
        )
    except SercoreError as error:
        return measured_sections.not_found(str(error)), None
    table = measured.under_conditions(predictor, clips, seed=seed, progress=progress)
    section = measured_sections.conditions(table, speaker_norm=predictor.speaker_norm)
    return section, (measured.rejected_clips(predictor, clips), len(clips.waves))


def _on_other_corpora(predictor, names: Sequence[str], seed: int, progress: bool) -> Section:
    results = {}
    for name in names:
        clips = measured.find_clips(
            name, predictor.classes, _scheme(predictor), n_clips=measured.N_TEST_CLIPS, seed=seed
        )
        results[get_corpus(name).title] = measured.on_corpus(predictor, clips, progress=progress)
    if results:
        return measured_sections.other_corpora(results)
    rows = (predictor.manifest.evaluation or {}).get("corpora", [])
    elsewhere = [row for row in rows if row["test"] not in row["train"].split("+")]
    return measured_sections.no_other_corpora(
        stored_sections.across_corpora(elsewhere) if elsewhere else None
    )


def _check_test(test: Sequence[str], trained: Sequence[str]) -> None:
    if both := sorted({get_corpus(name).name for name in test} & set(trained)):
        raise SercoreError(
            f"the bundle was trained on {', '.join(both)}, so its scores there would mean nothing; pass "
            "other corpora with --test"
        )


def _scheme(predictor: Predictor) -> str:
    scheme = predictor.manifest.training.get("scheme", "all")
    return scheme if isinstance(scheme, str) else "all"


def write_card(card: Card, path: str | os.PathLike) -> tuple[Path, Path]:
    """Write a card as ``<path>.md`` and ``<path>.html``, and return both files.

    A bundle refuses files that are not part of it, so the card must not be in its folder.
    """
    path = Path(path)
    files = []
    for suffix, content in ((".md", to_markdown(card)), (".html", to_html(card))):
        file = path.with_name(path.name + suffix)
        write_atomic(file, content.encode())
        files.append(file)
    return tuple(files)
