"""Tables and figures of the README and of the pages in ``data/``, written from published predictions.

Each table stands between two markers, ``<!-- results -->`` and ``<!-- /results -->``; ``sercore results
--readme`` and ``sercore bench --readme`` replace what is between them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from ..errors import SercoreError
from ..labels import SCHEMES
from . import clone, confidence, cross_corpus, fusion, published, robustness
from .predictions import OLDER, dagger, mark, versions

__all__ = [
    "MODELS", "PAGES", "bench_markdown", "calibration_markdown", "cross_corpus_markdown", "curve_markdown",
    "draw_leak_figure", "encoder_markdown", "fairness_markdown", "far_markdown", "fusion_markdown",
    "networks_markdown", "opensmile_markdown", "rejection_markdown", "replace", "results_markdown",
    "robustness_markdown", "sources_markdown",
]  # fmt: skip

MODELS = {
    "logistic": "Logistic regression",
    "rbf_svc": "RBF SVC",
    "sklearn_mlp": "MLP (scikit-learn)",
    "mlp": "MLP (Keras)",
}
"""Models of the results table and the figure, with their printed names."""

PAGES = {
    "results": "RESULTS.md",
    "table-choice": "RESULTS.md",
    "table-comparison": "RESULTS.md",
    "networks": "RESULTS.md",
    "from-scratch": "RESULTS.md",
    "encoder": "RESULTS.md",
    "opensmile": "RESULTS.md",
    "heads": "RESULTS.md",
    "fine-tuned": "RESULTS.md",
    "probes": "RESULTS.md",
    "fusion": "RESULTS.md",
    "cross-corpus": "RESULTS.md",
    "steps": "RESULTS.md",
    "sources": "RESULTS.md",
    "curve": "RESULTS.md",
    "calibration": "RESULTS.md",
    "far": "RESULTS.md",
    "rejection": "RESULTS.md",
    "robustness": "RESULTS.md",
    "fairness": "RESULTS.md",
    "bench": "SPEED.md",
}
"""The page in ``data/`` that contains the table of each marker."""


def results_markdown() -> str:
    """Markdown table of the baselines: one row per published campaign, one column per model."""
    lines = [
        "| corpus and split | clips, speakers | " + " | ".join(MODELS.values()) + " |",
        "|---|---|" + "---|" * len(MODELS),
    ]
    shown = []
    for name, campaign in published.CAMPAIGNS.items():
        other = campaign.encoder or campaign.fit_params or "logistic_nested" in campaign.models
        if campaign.augmented or other:
            continue
        table = published.table(name).set_index("model")
        shown += table.loc[table.index.isin(MODELS), "folds_version"].tolist()
        first = table.iloc[0]
        task = f"{campaign.corpus.upper().replace('_', '-')}, {_n_classes(name)} classes, `{campaign.split}`"
        task += " (leaky)" if campaign.split == "random" else ""
        task += ", speaker-normalised" if campaign.speaker_norm else ""
        cells = [cell(table.loc[model]) if model in table.index else "" for model in MODELS]
        lines.append(f"| {task} | {first.n_clips:.0f}, {first.n_speakers:.0f} | " + " | ".join(cells) + " |")
        if campaign.split == "random":
            cells = [_leaky_cell(table.loc[model]) for model in MODELS]
            lines.append("| … the same, weighted accuracy (WA) | | " + " | ".join(cells) + " |")
    return mark("\n".join(lines), shown)


def networks_markdown() -> str:
    """Markdown table of the networks trained with augmentation: one row per network, best first."""
    campaigns = ("ravdess-emobox-networks", "ravdess-emobox-networks-speaker-norm", "ravdess-random-networks")
    disjoint, speaker_norm, leaky = tables = [published.table(name).set_index("model") for name in campaigns]
    tables += [published.table("ravdess-emobox-tdnn").set_index("model")]
    disjoint = pd.concat([disjoint, tables[-1]])
    lines = [
        "| network | weights | UA, new speakers | WA | F1 | UA, speaker-normalised | WA, `random` (leaky) "
        "| training, min | ms per clip |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in disjoint.sort_values("ua", ascending=False).itertuples():
        cells = [
            f"`{row.Index}`",
            f"{row.parameters / 1000:.0f} k",
            cell(row),
            f"{100 * row.wa:.1f}",
            f"{100 * row.macro_f1:.1f}",
            cell(speaker_norm.loc[row.Index]) if row.Index in speaker_norm.index else "",
            _leaky_cell(leaky.loc[row.Index]) if row.Index in leaky.index else "",
            f"{row.train_seconds / 60:.1f}",
            f"{row.ms_per_clip:.1f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return mark("\n".join(lines), [version for table in tables for version in table["folds_version"]])


def _leaky_cell(row) -> str:
    return f"{100 * row.wa:.1f}{dagger(row.folds_version)}"


def encoder_markdown() -> str:
    """Markdown table of the frozen encoder: one row per corpus and split, plain and speaker-normalised."""
    campaigns = published.CAMPAIGNS
    lines = ["| corpus and split | clips, speakers | UA | UA, speaker-normalised |", "|---|---|---|---|"]
    shown = []
    for name, campaign in campaigns.items():
        if not campaign.encoder or campaign.models != ("logistic_nested",) or campaign.speaker_norm:
            continue
        row = published.table(name).iloc[0]
        shown.append(row.folds_version)
        task = f"{campaign.corpus.upper().replace('_', '-')}, {_n_classes(name)} classes, `{campaign.split}`"
        task += "" if campaign.encoder == "whisper_tiny_en" else f", {campaign.encoder}"
        task += "" if campaign.weights == "pretrained" else f", {campaign.weights} weights"
        task += "" if campaign.seconds == 8 else f", padded to {campaign.seconds:g} s"
        other = f"{name}-speaker-norm"
        normalised = cell(published.table(other).iloc[0]) if other in campaigns else ""
        lines.append(f"| {task} | {row.n_clips:.0f}, {row.n_speakers:.0f} | {cell(row)} | {normalised} |")
    return mark("\n".join(lines), shown)


OPENSMILE = {"nested": "table of this package", "egemaps": "eGeMAPSv02", "compare": "ComParE 2016"}
"""Feature sets of the openSMILE campaigns, by the end of their names."""


def opensmile_markdown() -> str:
    """Markdown table of openSMILE's feature sets beside ours: a row per corpus, a column per set."""
    head = [*OPENSMILE.values(), *(f"{name}, speaker-normalised" for name in OPENSMILE.values())]
    lines = ["| corpus and split | clips, speakers | " + " | ".join(head) + " |", "|---" * 8 + "|"]
    shown = []
    for task in ("ravdess-emobox", "emo_db-loso", "tess-loso"):
        names = [f"{task}-{end}{norm}" for norm in ("", "-speaker-norm") for end in OPENSMILE]
        rows = [published.table(name).iloc[0] if name in published.CAMPAIGNS else None for name in names]
        shown += [row.folds_version for row in rows if row is not None]
        first = rows[0]
        about = f"{_corpus_name(first.corpus)}, {_n_classes(f'{task}-nested')} classes, `{first.split}`"
        cells = [about, f"{first.n_clips:.0f}, {first.n_speakers:.0f}"]
        cells += ["not measured" if row is None else cell(row) for row in rows]
        lines.append("| " + " | ".join(cells) + " |")
        cells = ["… ours minus it, paired", "", *(_ours_minus(name) for name in names)]
        lines.append("| " + " | ".join(cells) + " |")
    return mark("\n".join(lines), shown)


def _ours_minus(name: str) -> str:
    """Paired difference of our table to an openSMILE campaign, in points of UA, with its interval."""
    from ..evaluation import compare_oof

    campaign = published.CAMPAIGNS.get(name)
    if campaign is None or not campaign.opensmile:
        return ""
    ours = re.sub("-(egemaps|compare)", "-nested", name)
    interval = published.table(name, n_boot=10)["interval"].item()
    found = compare_oof(published.load(ours), published.load(name), interval=interval, n_boot=2000)
    low, high = (f"{100 * found[end]:+.1f}" for end in ("low", "high"))
    return f"{100 * found['difference']:+.1f} [{low}, {high}]".replace("-", "−")


FUSIONS = {
    "equal": "equal weights",
    "optimum": "weights with the lowest log loss",
    "stack_logistic": "logistic regression on all probabilities",
}
"""Systems of :mod:`sercore.course.fusion` with their printed names."""


def fusion_markdown() -> str:
    """Markdown table of ensembles of the encoder and networks, plain and speaker-normalised."""
    plain, normalised = (fusion.table(speaker_norm=norm).set_index("system") for norm in (False, True))
    shown = {v for norm in (False, True) for v in fusion.predictions(speaker_norm=norm)["folds_version"]}
    old = dagger(OLDER) if any(map(dagger, shown)) else ""
    head = "UA | minus encoder | weight of the encoder"
    lines = [
        f"| ensemble | {head} | {head.replace('UA', 'UA, speaker-normalised', 1)} |",
        "|---" * 7 + "|",
    ]
    for system, name in FUSIONS.items():
        cells = [name]
        for row in (plain.loc[system], normalised.loc[system]):
            weight = "" if pd.isna(row.w_encoder) else f"{row.w_encoder:.2f}"
            difference = f"{100 * row.difference:+.1f} [{100 * row.low:+.1f}, {100 * row.high:+.1f}]"
            cells += [f"{100 * row.ua:.1f}{old}", difference, weight]
        lines.append("| " + " | ".join(cells) + " |")
    return mark("\n".join(lines), shown)


ADAPTATIONS = {
    "plain": "plain",
    "corpus": "normalised per corpus",
    "coral": "CORAL",
    "speaker": "normalised per speaker",
}
"""Adaptations with their printed names."""

FEATURES = {
    "whisper_tiny_en": "Frozen encoder (Whisper tiny.en)",
    "default": "Table of features",
    "level_free": "Table of features, clips at one level",
}


def cross_corpus_markdown() -> str:
    """Markdown tables of the cross-corpus campaigns: a row per training set and test corpus."""
    parts = []
    for name, campaign in cross_corpus.CAMPAIGNS.items():
        title = f"{FEATURES[campaign.features]}, scheme `{campaign.scheme}`"
        title += "" if campaign.model == "logistic_nested" else f", network `{campaign.model}`"
        parts.append(f"**{title}**\n\n{_crossed_markdown(cross_corpus.table(name), campaign)}")
    return "\n\n".join(parts)


def _crossed_markdown(table: pd.DataFrame, campaign) -> str:
    """Table of one campaign, with means at its end."""
    from ..evaluation import mean_over_pairs

    ways, own = campaign.adaptations, () if campaign.pairs_only else ("plain", "speaker")
    head = ["training", "test (clips, speakers)", *(ADAPTATIONS[way] for way in ways)]
    head += ["in-corpus", "in-corpus, normalised per speaker"][: len(own)]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    keyed = table.set_index(["train", "test", "balanced", "adaptation"])
    crossed = table[table["train"] != table["test"]]
    for train, test, balanced in crossed[["train", "test", "balanced"]].drop_duplicates().to_numpy():
        first = crossed[(crossed["train"] == train) & (crossed["test"] == test)].iloc[0]
        cells = [" + ".join(map(_corpus_name, train.split("+"))) + (", balanced" if balanced else "")]
        cells.append(f"{_corpus_name(test)} ({first.n_clips}, {first.n_speakers})")
        keys = [(train, test, balanced, way) for way in ways]
        keys += [(test, test, False, way) for way in own]
        cells += [cell(keyed.loc[key]) if key in keyed.index else "" for key in keys]
        lines.append("| " + " | ".join(cells) + " |")
    pooled = table["train"].str.contains("+", regex=False) & ~table["balanced"].astype(bool)
    number = "six" if len(campaign.sources) == 3 else "two"
    for label, part, mean in (
        (f"mean of the {number} pairs", table, mean_over_pairs),
        ("mean of the three pooled trainings", table[pooled], lambda rows: rows["ua"].mean()),
    ):
        if len(part) == 0:
            continue
        means = [f"{100 * mean(part[part['adaptation'] == way]):.1f}" for way in ways]
        lines.append(f"| {label} | | " + " | ".join(means) + " |" + " |" * len(own))
    return "\n".join(lines)


def sources_markdown() -> str:
    """Markdown table of several training corpora against the best single one."""
    head = ["features", "test (clips, speakers)", "best single source", "pooled", "chosen procedure"]
    head += ["best single, the same", "pooled, the same", "average of the sources", "minus best, the same"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, campaign in cross_corpus.CAMPAIGNS.items():
        if campaign.pairs_only:
            continue
        table = cross_corpus.leave_one_out(name)
        for row in table.itertuples():
            way = f"{row.adaptation}, uniform prior" if row.uniform_prior else row.adaptation
            minus = f"{100 * row.minus_best:+.1f} [{100 * row.low:+.1f}, {100 * row.high:+.1f}]"
            cells = [FEATURES[campaign.features]]
            cells += [f"{_corpus_name(row.test)} ({row.n_clips}, {row.n_speakers})"]
            cells += [f"{100 * row.best_single:.1f}", f"{100 * row.pooled:.1f}", way]
            cells += [f"{100 * row.best_single_same:.1f}", f"{100 * row.pooled_same:.1f}"]
            cells += [f"{100 * row.ua:.1f} [{100 * row.ua_low:.1f}, {100 * row.ua_high:.1f}]"]
            lines.append("| " + " | ".join([*cells, minus.replace("-", "−")]) + " |")
        columns = ["best_single", "pooled", "best_single_same", "pooled_same", "ua", "minus_best"]
        single, pooled, *same, ua, minus = (100 * table[columns].mean()).round(1)
        cells = [FEATURES[campaign.features], "mean", single, pooled, "", *same, ua, f"{minus:+.1f}"]
        lines.append("| " + " | ".join(map(str, cells)).replace("-", "−") + " |")
    return "\n".join(lines)


def calibration_markdown() -> str:
    """Markdown table of the calibration error on new speakers of the same corpus."""
    head = ["predictions", "clips", "accuracy", "confidence", "ECE before", "ECE with temperature"]
    head += ["ECE, temperature by Brier score", "ECE if perfect", "debiased: before", "temperature", "Brier"]
    lines, shown = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"], []
    for row in confidence.in_corpus().itertuples():
        shown.append(versions(published.load(row.campaign))[row.model])
        values = [row.accuracy, row.confidence, row.ece, row.ece_t, row.ece_brier, row.ece_perfect]
        values += [row.rms, row.rms_t, row.rms_brier]
        name = f"`{row.campaign}`, `{row.model}`{dagger(shown[-1])}"
        lines.append("| " + " | ".join([name, str(row.n_clips), *(f"{100 * v:.1f}" for v in values)]) + " |")
    return mark("\n".join(lines), shown)


_ABROAD = {
    "": "ECE (confidence)",
    "_t": "with temperature",
    "_distance": "and by distance",
    "_shrunk": "temperature by speakers",
    "_shrunk_distance": "and by distance",
}
"""Columns of the table of confidence abroad: endings of the names in the file, and heads."""


def far_markdown() -> str:
    """Markdown table of the calibration error of models of one or two corpora on another one."""
    head = ["features", "training", "test (clips)", "accuracy", *_ABROAD.values()]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    table = confidence.table(confidence.CONFIDENCE)
    for row in table.to_dict("records"):
        trained = " + ".join(map(_corpus_name, row["train"].split("+")))
        cells = [FEATURES[cross_corpus.CAMPAIGNS[row["campaign"]].features], trained]
        cells += [f"{_corpus_name(row['test'])} ({row['n_clips']})", f"{100 * row['accuracy']:.1f}"]
        for end in _ABROAD:
            error, sure = (row[f"{name}{end}"] for name in ("ece", "confidence"))
            cells.append("" if pd.isna(error) else f"{100 * error:.1f} ({100 * sure:.1f})")
        lines.append("| " + " | ".join(cells) + " |")
    several = table["train"].str.contains("+", regex=False)
    for label, rows in (("six pairs", table[~several]), ("three pooled trainings", table[several])):
        for name, part in rows.groupby("campaign", sort=False):
            means = [part[f"ece{end}"].mean() for end in _ABROAD]
            cells = [FEATURES[cross_corpus.CAMPAIGNS[name].features], f"mean of the {label}", "", ""]
            cells += ["" if pd.isna(mean) else f"{100 * mean:.1f}" for mean in means]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def rejection_markdown() -> str:
    """Markdown table of what novelty detectors of RAVDESS and EMO-DB reject."""
    head = ["features", "training", "clips (number, speakers)", "rejected", "worst speaker", "novel"]
    head += ["not speech", "confidence"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in confidence.table(confidence.REJECTION).itertuples():
        who = f", {row.n_speakers}" if row.n_speakers else ""
        interval = "" if pd.isna(row.low) else f" [{100 * row.low:.1f}, {100 * row.high:.1f}]"
        name = _corpus_name(row.clips) if row.clips in cross_corpus.CORPORA else row.clips
        cells = [FEATURES[row.features], _corpus_name(row.train), f"{name} ({row.n_clips}{who})"]
        cells.append(f"{100 * row.rejected:.1f}{interval}")
        values = (row.worst_speaker, row.novel, row.not_speech, row.confidence)
        cells += ["" if pd.isna(value) else f"{100 * value:.1f}" for value in values]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def curve_markdown() -> str:
    """Markdown table of UA by number of clips with which each test speaker is normalised."""
    curve = cross_corpus.curve()
    kinds = curve[["fold", "only"]].drop_duplicates().to_numpy().tolist()
    heads = [f"{_corpus_name(fold.split('-to-')[1])}, {only or 'any'} clips" for fold, only in kinds]
    lines = ["| clips | " + " | ".join(heads) + " |", "|---" * (1 + len(kinds)) + "|"]
    for count in curve["clips"].drop_duplicates():
        rows = curve[curve["clips"].isna() if pd.isna(count) else curve["clips"] == count]
        cells = []
        for fold, only in kinds:
            row = rows[(rows["fold"] == fold) & (rows["only"] == only)].iloc[0]
            used = "" if row.n_used == count else f" ({row.n_used:.0f} used)"
            cells.append(f"{100 * row.ua:.1f} [{100 * row.ua_low:.1f}, {100 * row.ua_high:.1f}]{used}")
        lines.append(f"| {'all' if pd.isna(count) else f'{count:.0f}'} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def robustness_markdown() -> str:
    """Markdown table of robustness: a row per family, in its worst everyday condition, a column per model."""
    from ..evaluation import families

    parts = dict(list(robustness.table().groupby(["model", "features"], sort=False)))
    heads = [f"`{model}`, `{features}`" for model, features in parts]
    lines = ["| family (limit) | " + " | ".join(heads) + " |", "|---" * (1 + len(parts)) + "|"]
    cells = [f"{100 * part['ua_clean'].iloc[0]:.1f}" for part in parts.values()]
    lines.append("| clean, UA | " + " | ".join(cells) + " |")
    worst = [families(part).set_index("family") for part in parts.values()]
    for family in worst[0].index:
        cells = [_loss(table.loc[family]) if family in table.index else "" for table in worst]
        limit = 100 * worst[0].loc[family, "max_lost"]
        lines.append(f"| {family} ({limit:.0f}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _loss(row) -> str:
    """``−20 dB: 3.1 [1.0, 5.2], 12 % ✗``."""
    lost = f"{100 * row.lost:.1f} [{100 * row.lost_low:.1f}, {100 * row.lost_high:.1f}]".replace("-", "−")
    return f"{row.condition}: {lost}, {100 * row.changed:.0f} % {'✓' if row.passed else '✗'}"


def fairness_markdown() -> str:
    """Markdown table of UA by sex, age group and sentence, with the largest gap; of speakers only the gap."""
    from ..evaluation import largest_gaps

    lines, made_with = (
        ["| predictions | by | groups: UA [95 %] (speakers) | largest gap |", "|---|---|---|---|"],
        [],
    )
    for (campaign, model), part in robustness.fairness().groupby(["campaign", "model"], sort=False):
        made_with.append(versions(published.load(campaign))[model])
        name = f"`{campaign}`, `{model}`{dagger(made_with[-1])}"
        for gap in largest_gaps(part).itertuples():
            groups = part[part["by"] == gap.by]
            many = len(groups) > 6
            cells = [] if many else [_group(row) for row in groups.itertuples()]
            shown = f"{len(groups)} groups, best {gap.best}, worst {gap.worst}" if many else "; ".join(cells)
            apart = ", intervals apart" if gap.clear else ""
            by = gap.by.replace("_", " ")
            lines.append(f"| {name} | {by} | {shown} | {100 * gap.gap:.1f}{apart} |")
    return mark("\n".join(lines), made_with)


def _group(row) -> str:
    interval = "" if pd.isna(row.ua_low) else f" [{100 * row.ua_low:.1f}, {100 * row.ua_high:.1f}]"
    return f"{row.group} {100 * row.ua:.1f}{interval} ({row.n_speakers})"


def _corpus_name(corpus: str) -> str:
    return corpus.upper().replace("_", "-")


def draw_leak_figure(path: Path | None = None) -> Path:
    """Draw the figure of the README and return its path.

    It compares the same models on the random split, on new speakers, and on new speakers with
    speaker-normalised features.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from .. import plots

    names = ("ravdess-random", "ravdess-emobox", "ravdess-emobox-speaker-norm")
    rows = pd.concat([published.table(name) for name in names])
    rows = rows[rows["model"].isin(MODELS)]
    marks = rows["folds_version"].map(dagger)
    rows = rows.assign(model=rows["model"].map(MODELS) + marks)
    with plt.rc_context():
        plots.use_course_style()
        figure, ax = plt.subplots(figsize=(9, 5), layout="constrained")
        plots.results(rows, by="model", ax=ax)
        note = ", † with earlier code" if marks.any() else ""
        ax.set_title(f"RAVDESS (16 kHz copies), eight emotions (chance: 12.5){note}", loc="left")
        path = path or clone.repository() / "images" / "random_against_speaker.png"
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, dpi=110)
        plt.close(figure)
    return path


def bench_markdown(bench: pd.DataFrame) -> str:
    """Markdown table of rows of :func:`sercore.course.benchmarks.run`.

    Examples
    --------
    >>> row = {"what": "import sercore", "value": 0.00202, "unit": "s"}
    >>> print(bench_markdown(pd.DataFrame([row])))
    | measurement | |
    |---|---|
    | import sercore | 0.00202 s |
    """
    rows = [f"| {row.what} | {float(f'{row.value:.3g}'):.10g} {row.unit} |" for row in bench.itertuples()]
    return "\n".join(["| measurement | |", "|---|---|", *rows])


def replace(marker: str, content: str, path: Path | None = None) -> None:
    """Replace the text between ``<!-- marker -->`` and ``<!-- /marker -->`` in a page.

    Parameters
    ----------
    marker : str
        A key of :data:`PAGES`.
    content : str
        The new text.
    path : Path, optional
        By default the page of the marker in ``data/``.

    Raises
    ------
    SercoreError
        The page does not contain the markers.
    """
    path = path or clone.repository() / "data" / PAGES[marker]
    text = path.read_text(encoding="utf-8")
    pattern = rf"(<!-- {marker}\b[^>]*-->\n).*?(<!-- /{marker} -->)"
    text, n_replaced = re.subn(pattern, lambda m: f"{m[1]}{content}\n{m[2]}", text, flags=re.S)
    if not n_replaced:
        raise SercoreError(f"{path}: the markers <!-- {marker} --> and <!-- /{marker} --> are missing")
    path.write_text(text, encoding="utf-8")


def cell(row) -> str:
    """``57.1 [53.0, 61.2]``, with ± and the standard deviation if there are several seeds, † if older."""
    std = f" ± {100 * row.ua_sd:.1f}" if pd.notna(row.ua_sd) else ""
    old = dagger(row.folds_version) if hasattr(row, "folds_version") else ""
    return f"{100 * row.ua:.1f}{std} [{100 * row.ua_low:.1f}, {100 * row.ua_high:.1f}]{old}"


def _n_classes(name: str) -> int:
    campaign = published.CAMPAIGNS[name]
    labels = published.load(name)["label"].unique()
    return sum(label in SCHEMES[campaign.scheme].classes for label in labels)
