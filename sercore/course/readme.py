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
from . import clone, fusion, published
from .predictions import OLDER, dagger, mark

__all__ = [
    "MODELS", "PAGES", "bench_markdown", "cell", "corpus_name", "draw_leak_figure", "encoder_markdown",
    "fusion_markdown", "networks_markdown", "opensmile_markdown", "replace", "results_markdown",
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
    "strangers": "RESULTS.md",
    "strangers-rejected": "RESULTS.md",
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
    """Markdown table of networks trained with augmentation, alone and averaged over versions of a test clip.

    One row per network, best first.
    """
    disjoint = _tables(
        "ravdess-emobox-tdnn", "ravdess-emobox-mlp", "ravdess-emobox-networks",
        "ravdess-emobox-networks-brief", "ravdess-emobox-networks-brief-plain",
        "ravdess-emobox-networks-epochs", "ravdess-emobox-tdnn-epochs", "ravdess-emobox-tdnn-mfcc",
        "ravdess-emobox-tdnn-level-free", "ravdess-emobox-res-lstm-mfcc", "ravdess-emobox-s2",
        "ravdess-emobox-s3",
    )  # fmt: skip
    speaker_norm = _tables(
        "ravdess-emobox-tdnn-speaker-norm", "ravdess-emobox-mlp-speaker-norm",
        "ravdess-emobox-networks-brief-speaker-norm",
    )  # fmt: skip
    leaky = _tables("ravdess-random-tdnn", "ravdess-random-mlp")
    lines = [
        "| network | weights | UA, new speakers | UA, 13 versions | WA | F1 | UA, speaker-normalised "
        "| WA, `random` (leaky) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    averaged = {name.removesuffix(_AVERAGED) for name in disjoint.index if name.endswith(_AVERAGED)}
    alone = disjoint[~disjoint.index.str.endswith(_AVERAGED)]
    best = {name: f"{name}{_AVERAGED}" if name in averaged else name for name in alone.index}
    for name in sorted(alone.index, key=lambda name: -disjoint.loc[best[name], "ua"]):
        row = disjoint.loc[best[name]]
        cells = [
            f"`{name}`" if ", " not in name else f"`{name.replace(', ', '`, ', 1)}",
            f"{row.parameters / 1000:.0f} k",
            cell(alone.loc[name]),
            cell(row) if name in averaged else "",
            f"{100 * row.wa:.1f}",
            f"{100 * row.macro_f1:.1f}",
            cell(speaker_norm.loc[best[name]]) if best[name] in speaker_norm.index else "",
            _leaky_cell(leaky.loc[best[name]]) if best[name] in leaky.index else "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return mark("\n".join(lines), pd.concat([disjoint, speaker_norm, leaky])["folds_version"])


_AVERAGED = ", 13 versions"
_SAID = {
    "-brief": ", 40 epochs",
    "-plain": ", no augmentation",
    "-epochs": ", epochs by inner speakers",
    "-mfcc": ", MFCC and chroma",
    "-level-free": ", one level",
}


def _tables(*names: str) -> pd.DataFrame:
    """Result tables of campaigns by model, which states what is not as in the others: training or input."""
    tables = []
    for name in names:
        said = "".join(text for part, text in _SAID.items() if part in name)
        table = published.table(name).set_index("model")
        parts = [model.partition(_AVERAGED) for model in table.index]
        table.index = [f"{model}{said}{versions}" for model, versions, _ in parts]
        tables.append(table)
    return pd.concat(tables)


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
        rows = [published.table(name).iloc[0] for name in names]
        shown += [row.folds_version for row in rows]
        first = rows[0]
        about = f"{corpus_name(first.corpus)}, {_n_classes(f'{task}-nested')} classes, `{first.split}`"
        cells = [about, f"{first.n_clips:.0f}, {first.n_speakers:.0f}"]
        cells += map(cell, rows)
        lines.append("| " + " | ".join(cells) + " |")
        cells = ["… ours minus it, paired", "", *(_ours_minus(name) for name in names)]
        lines.append("| " + " | ".join(cells) + " |")
    return mark("\n".join(lines), shown)


def _ours_minus(name: str) -> str:
    """Paired difference of our table to an openSMILE campaign, in points of UA, with its interval."""
    from ..evaluation import compare_oof

    if not published.CAMPAIGNS[name].opensmile:
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


def corpus_name(corpus: str) -> str:
    """Name of a corpus as it is printed.

    Examples
    --------
    >>> corpus_name("emo_db")
    'EMO-DB'
    """
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
