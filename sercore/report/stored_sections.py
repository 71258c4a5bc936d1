"""Sections of a card made of ``bundle.json``: model, use, data, scores, calibration, groups, licences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import plots
from ..bundle import Predictor
from ..bundle.manifest import FORMAT
from ..encoders import EncoderRecipe
from ..evaluation import largest_gaps
from ..splits import is_leaky
from . import texts
from .card import Bullets, Figure, Missing, Section, Table, Text, Warn
from .figures import draw
from .stored import CLASSES, GROUPS, RELIABILITY, decimals, interval, percent, read_table, words

_TRAIN_AGAIN = "The bundle does not contain it: train it again with this version of 'sercore train'."


def about_model(predictor: Predictor) -> Section:
    """Classes, members, features, versions."""
    manifest = predictor.manifest
    rows = [
        [name, f"{part.kind}", f"{part.features}: {_recipe(part.recipe)}", f"{part.weight:.3g}"]
        for name, part in manifest.members.items()
    ]
    versions = ", ".join(f"{words(k)} {words(v)}" for k, v in manifest.versions.items())
    lines = [
        f"Classes, in the order of the probabilities: {', '.join(predictor.classes)}.",
        f"SHA-256 of the bundle: {predictor.digest}; format {FORMAT}.",
        f"Written with {versions}.",
    ]
    if predictor.speaker_norm:
        lines.append(
            "Features are normalised by speaker: predictions need recordings of the same person. Without "
            "them a person is treated as the average training clip."
        )
    return Section("Model", [Table(["member", "kind", "features", "weight"], rows), Bullets(lines)])


def _recipe(recipe) -> str:
    if isinstance(recipe, EncoderRecipe):
        return f"frozen encoder {words(recipe.encoder)}, recipe {recipe.key}"
    level = "level of the recording is kept" if recipe.level_db is None else "clips scaled to one level"
    return f"recipe {recipe.key}, {level}"


def use() -> list[Section]:
    """Intended use, limits, and what the model must not be used for."""
    return [
        Section("Intended use", [Bullets(texts.INTENDED), Warn(texts.LIMITS)]),
        Section("Not intended", [Bullets(texts.FORBIDDEN), Text(texts.NO_LEGAL_ADVICE)]),
    ]


def data(training: Mapping) -> Section:
    """Corpora with clips, speakers, licence and source."""
    corpora = training.get("corpora", [])
    if not corpora:
        return Section("Data", [Missing("The bundle does not name its training data.", "Ask its author.")])
    rows = [
        [words(c.get(key)) for key in ("title", "n_clips", "n_speakers", "licence", "citation", "url")]
        for c in corpora
    ]
    head = ["corpus", "clips", "speakers", "licence", "citation", "source"]
    changed = training.get("augmentation")
    versions = f", and on augmented versions of them ({words(changed)})" if changed else ""
    line = (
        f"The model in the bundle was fitted on all these clips{versions}. Label scheme: "
        f"{words(training.get('scheme'))}, random seed: {words(training.get('seed'))}. {texts.ACTED}"
    )
    return Section("Data", [Table(head, rows), Text(line)])


def scores(evaluation: Mapping | None, n_classes: int) -> Section:
    """Split, UA with interval, other metrics, and scores by class."""
    if not evaluation:
        how = "Train it with 'sercore train', which evaluates first."
        return Section("Scores", [Missing("The bundle contains no evaluation.", how)])
    split = words(evaluation.get("split"))
    blocks = [
        Text(
            "Out-of-fold: every test clip was predicted by a model of the same kind that was trained without "
            f"the speaker of the clip (split {split}). Scores in percent; UA is the mean recall over "
            f"classes, and always predicting the same class gives {percent(1 / n_classes)}."
        )
    ]
    if is_leaky(split):
        blocks = [
            Warn(
                f"The split {split} has clips of every speaker in training and test. Its scores are too "
                "high for new speakers."
            )
        ]
    if evaluation.get("note"):
        blocks.append(Text(f"Remark of the evaluation: {words(evaluation['note'])}."))
    blocks.append(_metrics(evaluation))
    by_class = read_table(evaluation, "per_class", CLASSES)
    if by_class is not None:
        rows = [
            [row["class"], percent(row["recall"]), percent(row["precision"]), percent(row["f1"]),
             words(row["support"])]
            for row in by_class.to_dict("records")
        ]  # fmt: skip
        several = "+" in words(evaluation.get("corpus")) or evaluation.get("corpora")
        title = "By class, all training corpora" if several else "By class"
        blocks.append(Table(["class", "recall %", "precision %", "F1 %", "clips"], rows, title))
    return Section("Scores", blocks)


def across_corpora(rows: Sequence[Mapping]) -> Table:
    """Scores by training set and test corpus that are stored in the bundle.

    Parameters
    ----------
    rows : sequence of mapping
        See :func:`sercore.bundle.scores.corpus_scores`.
    """
    lines = [
        [words(row["train"]), words(row["test"]), words(row["clips"]),
         interval(row["ua"], row["ua_low"], row["ua_high"]), words(row["n_clips"])]
        for row in rows
    ]  # fmt: skip
    head = ["training", "test", "clips of the speaker", "UA % [95 %]", "clips"]
    return Table(head, lines, "Models of the same kind, trained without the test corpus")


def _metrics(evaluation: Mapping) -> Table:
    value = evaluation.get
    rows = [
        ["UA % [95 % interval]", interval(value("ua"), value("ua_low"), value("ua_high"))],
        ["interval over", words(value("interval"))],
        ["WA (accuracy) %", percent(value("wa"))],
        ["macro-F1 %", percent(value("macro_f1"))],
        ["Cohen's kappa", decimals(value("kappa"))],
        ["MCC", decimals(value("mcc"))],
        ["AUC, one against the rest", decimals(value("auc"))],
        ["log loss", decimals(value("log_loss"))],
        ["clips, speakers", f"{words(value('n_clips'))}, {words(value('n_speakers'))}"],
        ["corpora, split, seeds", ", ".join(words(value(key)) for key in ("corpus", "split", "seeds"))],
        ["speaker normalisation", "yes" if value("speaker_norm") is True else "no"],
    ]
    return Table(["measure", "value"], rows)


def calibration(evaluation: Mapping | None, temperature: float, *, left_out: bool = False) -> Section:
    """Temperature, calibration error, reliability diagram.

    Parameters
    ----------
    evaluation : mapping or None
    temperature : float
    left_out : bool
        Whether the temperature was fitted on corpora that were left out of training.
    """
    fitted_on = "corpora that were left out of training" if left_out else "the out-of-fold probabilities"
    lines = [
        f"Temperature {temperature:.2f}, fitted on {fitted_on} and applied to every prediction: above 1 the "
        "model was too sure before, below 1 not sure enough."
    ]
    bins = read_table(evaluation, "reliability", RELIABILITY)
    if bins is None:
        return Section(
            "Calibration", [Bullets(lines), Missing("Accuracy by confidence on new speakers.", _TRAIN_AGAIN)]
        )
    before = evaluation.get("ece_plain", evaluation.get("ece"))
    line = f"Expected calibration error on out-of-fold clips: {percent(before)} % before, "
    if (after := evaluation.get("ece_calibrated")) is None:
        line += "not known with a temperature, because there is no other fold to fit one on."
    else:
        line += f"{percent(after)} % with a temperature fitted on the other folds."
    lines.append(line)
    lines.append(
        "It was fitted for other recordings: for those like the training corpora, it may be too careful."
        if left_out
        else "This holds for recordings like those of the training corpora, and not for others."
    )
    rows = [
        [f"{percent(row.low)}–{percent(row.high)}", words(row.n_clips), percent(row.confidence),
         percent(row.accuracy)]
        for row in bins.itertuples()
    ]  # fmt: skip
    figure = Figure(
        draw(plots.reliability, bins, size=(5, 4.4)),
        "Reliability diagram: accuracy over confidence; the values are in the table below.",
        "Accuracy over confidence; a calibrated model is on the diagonal.",
    )
    table = Table(["confidence %", "clips", "mean confidence %", "accuracy %"], rows)
    return Section("Calibration", [Bullets(lines), figure, table])


def groups(evaluation: Mapping | None) -> Section:
    """UA by sex, age group and so on, and the largest gap of each."""
    title, table = "Groups of people", read_table(evaluation, "groups", GROUPS)
    table = None if table is None else table.dropna(subset=["ua"]).reset_index(drop=True)
    if table is None or table.empty:
        return Section(title, [Missing("UA by sex, age group, language and speaker.", _TRAIN_AGAIN)])
    text = Text(
        "UA of the same out-of-fold predictions by group. Intervals are over speakers: with few speakers "
        "per group, a gap between groups cannot be told from one between persons. The largest of many gaps "
        "between speakers is large by chance."
    )
    gaps = [
        [row.by.replace("_", " "), words(row.n_groups), row.best, row.worst, percent(row.gap),
         "yes" if row.clear else "no"]
        for row in largest_gaps(table).itertuples()
    ]  # fmt: skip
    head = ["group", "number", "best", "worst", "gap (points of UA)", "intervals apart"]
    blocks = [text, Table(head, gaps, "Largest gaps")]
    people = table[table["by"] != "speaker"].reset_index(drop=True)
    if len(people):
        people["group"] = people["group"].str.slice(0, 40)
        size = (8, 1.1 + 0.3 * len(people))
        words_of = "UA of each group with its interval; the values are in the table below."
        blocks.append(Figure(draw(plots.fairness, people, size=size), words_of))
    rows = [
        [row.by.replace("_", " "), row.group, words(row.n_clips), words(row.n_speakers),
         interval(row.ua, row.ua_low, row.ua_high)]
        for row in table.itertuples()
    ]  # fmt: skip
    blocks.append(Table(["by", "group", "clips", "speakers", "UA % [95 %]"], rows))
    known = set(table["by"])
    absent = [name for name in ("sex", "age_group", "language") if name not in known]
    if absent:
        names = ", ".join(name.replace("_", " ") for name in absent)
        how = "It is unknown or the same for all speakers of the training corpora."
        blocks.append(Missing(f"UA by {names}.", how))
    return Section(title, blocks)


def licences(predictor: Predictor) -> Section:
    """Licences of code, training data and encoder weights."""
    lines = [texts.CODE_LICENCE]
    for corpus in predictor.manifest.training.get("corpora", []):
        lines.append(f"{words(corpus['title'])} (training data): {words(corpus['licence'])}.")
    encoders = {p.recipe.encoder for p in predictor.manifest.members.values() if p.features == "embeddings"}
    for name in sorted(encoders):
        licence = "MIT, OpenAI" if name == "whisper_tiny_en" else "see its author"
        lines.append(f"{words(name)} (weights of the encoder, not part of the bundle): {licence}.")
    lines.append(
        "Whether a model is bound by the licence of its training data is not settled. Treat it as bound: "
        "non-commercial data, non-commercial model."
    )
    return Section("Licences", [Bullets(lines)])
