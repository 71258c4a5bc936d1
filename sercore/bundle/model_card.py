"""A bundle in words: short sentences, scores by corpus as a table, and the model card of the package.

References
----------
Mitchell et al.: Model cards for model reporting. FAT* 2019.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .manifest import Manifest
    from .predictor import Predictor

HEADER = (
    "training",
    "test",
    "clips of speaker",
    "UA %",
    "interval",
    "ECE %",
    "confidence %",
    "rejected %",
    "clips",
)


def summary(manifest: Manifest) -> list[str]:
    """What a model is, trained on what, and how well it predicts strangers, in short sentences.

    Parameters
    ----------
    manifest : Manifest

    Returns
    -------
    list of str
        Members and classes; training corpora with licences; UA on corpora that were left out of training, if
        there are any; UA on held-out speakers; on what confidence and rejection are based.
    """
    corpora = manifest.training.get("corpora", [])
    titles = [corpus["title"] if len(corpora) == 1 else corpus["title"].split(",")[0] for corpus in corpora]
    licences = [f"{title} ({corpus['licence']})" for title, corpus in zip(titles, corpora, strict=True)]
    lines = [
        f"{' + '.join(manifest.members)} ({', '.join(manifest.classes)}).",
        f"Trained on {', '.join(licences) or 'unknown recordings'}.",
    ]
    if name := manifest.training.get("augmentation"):
        lines.append(f"Also trained on augmented versions of their clips ({name}).")
    chance = f"(chance {100 / len(manifest.classes):.3g} %)."
    if elsewhere := scores_text(corpus_rows(manifest, known=False)):
        lines.append(f"UA on corpora left out of training: {elsewhere} {chance}")
    if own := scores_text(corpus_rows(manifest, known=True)):
        lines.append(f"UA on other speakers of its corpora: {own}.")
    elif manifest.evaluation:
        lines.append(f"{_overall(manifest.evaluation)} {chance}")
    if held_out := manifest.training.get("held_out"):
        line = f"Confidence calibrated on left-out {held_out['temperature']}"
        if manifest.rejection is not None:
            line += f", limit of rejection on left-out {held_out['rejection']}"
        lines.append(f"{line}.")
    return lines


def _overall(scores: Mapping) -> str:
    """UA of the whole evaluation, with its interval."""
    text = f"UA {100 * scores['ua']:.1f} %"
    if scores["ua_low"] is not None:
        low, high = (100 * scores[end] for end in ("ua_low", "ua_high"))
        text += f" [{low:.1f}, {high:.1f}] over {scores['interval']}"
    return f"{text} on {scores['n_clips']} clips held out by split {scores['split']}"


def corpus_rows(manifest: Manifest, *, known: bool, clips: int = 0) -> list[dict]:
    """Scores by test corpus, of corpora that the tested model was trained on or not.

    Parameters
    ----------
    manifest : Manifest
    known : bool
        Whether the tested model was trained on other speakers of the test corpus.
    clips : int
        Number of unlabelled clips of each test speaker by which features were normalised.
    """
    return [
        row
        for row in (manifest.evaluation or {}).get("corpora", [])
        if row["clips"] == clips and (row["test"] in row["train"].split("+")) is known
    ]


def scores_text(rows: Iterable[Mapping]) -> str:
    """UA by test corpus in one line.

    Examples
    --------
    >>> scores_text([{"test": "tess", "ua": 0.5344}, {"test": "emo_db", "ua": 0.5331}])
    'tess 53.4 %, emo_db 53.3 %'
    """
    return ", ".join(f"{row['test']} {100 * row['ua']:.1f} %" for row in rows)


def corpora_text(manifest: Manifest) -> str:
    """Scores by training set and test corpus as a table in Markdown; empty if there are none.

    Parameters
    ----------
    manifest : Manifest
    """
    rows = (manifest.evaluation or {}).get("corpora", [])
    lines = [HEADER, ["---"] * len(HEADER), *map(_cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def _cells(row: Mapping) -> list[str]:
    percent = lambda name: f"{100 * row[name]:.1f}" if row.get(name) is not None else ""  # noqa: E731
    interval = f"{percent('ua_low')} to {percent('ua_high')}, {row['interval']}"
    return [
        row["train"], row["test"], str(row["clips"]), percent("ua"), interval, percent("ece"),
        percent("confidence"), percent("rejected"), str(row["n_clips"]),
    ]  # fmt: skip


def model_card(predictors: Mapping[str, Predictor]) -> str:
    """Model card of bundles that were trained on the same recordings, in Markdown.

    Parameters
    ----------
    predictors : mapping of str to Predictor
        By name of the bundle's folder.
    """
    first = next(iter(predictors.values())).manifest
    corpora = "\n".join(
        f"* {c['title']}: {c['n_clips']} clips of {c['n_speakers']} speakers; {c['licence']} "
        f"(redistribution: {c['redistributable']}). {c['citation']}. {c['url']}"
        for c in first.training["corpora"]
    )
    parts = "\n\n".join(_part(name, predictor) for name, predictor in predictors.items())
    classes = ", ".join(first.classes)
    return CARD.format(corpora=corpora, parts=parts, classes=classes)


def _part(name: str, predictor: Predictor) -> str:
    manifest = predictor.manifest
    members = ", ".join(f"`{member}`" for member in manifest.members)
    n_bytes = sum(about["bytes"] for about in manifest.files.values())
    versions = ", ".join(f"{library} {number}" for library, number in manifest.versions.items())
    return (
        f"## {name}\n\nMembers: {members}; {n_bytes / 1e6:.2f} MB; temperature {manifest.temperature:.2f}. "
        f"SHA-256 of `{name}/bundle.json`: `{predictor.digest}`. Written with {versions}.\n\n"
        f"{corpora_text(manifest)}"
    )


CARD = """# Models of the package

Classifiers of acted emotion ({classes}) in speech, for `sercore predict`, `sercore listen` and the widgets.
Made by `sercore train --shipped`, which writes this file. No recording is part of them.

## Use

They show how a classifier of acted emotion reacts to a voice, in teaching and in comparisons. They do not
measure what a person feels, and must not be used to judge people: at work, in schools, in health care, in
recruiting or by the police. The European AI Act forbids emotion recognition at work and in education, with
few exceptions. Ask before you record; of minors, ask the parents.

## Training

{corpora}

Calm, fearful, disgusted, surprised and bored clips are left out. The models are logistic regressions on
functionals of acoustic features (recipe `level_free`: clips scaled to the same level) and on pooled
embeddings of Whisper tiny.en (MIT licence; not part of the bundle). They learn from every clip and from four
augmented versions of it: other voices and levels, noise, voices in the background, and narrow bands. Features
are standardised per speaker; of an unknown speaker, the average over all training clips is used, until
`Predictor.for_speaker` or `sercore predict --speaker-norm` gets some unlabelled clips.

Temperature and limit of rejection come from models that were trained without the corpus that they predict.
What is unlike the clips is rejected only if it is also unlike their augmented versions.

## Scores

UA is the mean recall of the classes (chance: 25 %) with a 95 % interval over speakers, or over clips if there
are fewer than four speakers. Rows in which the test corpus is part of the training are of other speakers of
that corpus (speaker folds, with the regularisation of the final model); all other rows are of a corpus that
was not used for training. *Clips of speaker* is the number of unlabelled clips of the test speaker that
normalise their features. ECE and confidence are after temperature scaling; the temperature was fitted to the
left-out training corpora without clips of the speaker. Features, scheme, normalisation, augmentation and the
default model were chosen by the UA between RAVDESS and EMO-DB, so that the rows of these pairs are
optimistic. TESS was used for no choice of features or temperature; the rule that chooses the regularisation
was adopted when trial scores on TESS were known. The limit of rejection was made relative to the fitted clips
after a first version had rejected 58 % of TESS, and the detector of augmented versions was made a second one
after one for all together had rejected 57 %, so the last rejection rates are not an independent test.
*Rejected* is the proportion of all clips of the test corpus that the novelty detector of the bundle refuses;
of the training corpora it is small because the detector knows them.

{parts}

## Limits

Actors in studios, North American English and German, adults, a few fixed sentences. Other languages,
spontaneous speech and children were not tested. Noise, echo, telephones and codecs were only simulated: see
*Strangers in other places* in `data/RESULTS.md`. TESS has only two speakers, so its interval says nothing
about other people.

## Licence of the weights

See `LICENSE.weights`: not for commercial use, share alike.
"""
