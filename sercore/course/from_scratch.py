"""Ensembles of models trained from scratch, step by step, from published predictions.

Members and steps were fixed before the networks were measured, with two exceptions: openSMILE's ComParE
joined, and on EMO-DB ``mlp`` is trained with augmented clips. Both were decided when the scores of the
ensembles without them were known, and before any with them was computed. Later, so were two networks like
``tdnn`` on other inputs, and one step with them at equal weights. Weights and meta-model are fitted on
the speakers of the other folds (:func:`sercore.ensemble.evaluate_nested`).

Where features are normalised with the speaker's unlabelled clips, so can be the decisions: the last two steps
there give the predictions of each speaker a uniform prior (:func:`sercore.training.uniform_prior`), which
assumes as many clips of every class: true enough of actors, who have half as many neutral clips, and not of a
conversation. They were written down, both of them and no other, before either was computed.
"""

from __future__ import annotations

import pandas as pd

from ..errors import SercoreError
from . import published
from .campaigns import CAMPAIGNS
from .predictions import dagger, mark

__all__ = ["NETWORK", "SYSTEMS", "TASKS", "leaky_table", "markdown", "member", "table"]

NETWORK = "tdnn, 13 versions"
"""The time-delay network, averaged over a test clip and twelve augmented versions of it."""

COMPARE = "logistic_nested"
"""Logistic regression on the functionals of openSMILE's ComParE 2016."""

INPUTS = {
    f"{NETWORK}, MFCC and chroma": "ravdess-emobox-tdnn-mfcc",
    f"{NETWORK}, one level": "ravdess-emobox-tdnn-level-free",
}
"""The time-delay network on other frames: longer windows, and bands of clips at one level."""

NORMALISED = "RAVDESS, speaker-normalised"
"""Task of :data:`TASKS` in which decisions are normalised per speaker, too."""

TASKS = {
    "RAVDESS": {
        NETWORK: "ravdess-emobox-tdnn",
        "mlp, 13 versions": "ravdess-emobox-mlp",
        "rbf_svc": "ravdess-emobox",
        **INPUTS,
        **{
            f"{model}, 13 versions": "ravdess-emobox-networks"
            for model in CAMPAIGNS["ravdess-emobox-networks"].models
        },
        COMPARE: "ravdess-emobox-compare",
    },
    NORMALISED: {
        NETWORK: "ravdess-emobox-tdnn-speaker-norm",
        "mlp, 13 versions": "ravdess-emobox-mlp-speaker-norm",
        "rbf_svc": "ravdess-emobox-speaker-norm",
        "cnn1d_lstm, 13 versions": "ravdess-emobox-networks-brief-speaker-norm",
        COMPARE: "ravdess-emobox-compare-speaker-norm",
    },
    "EMO-DB": {
        NETWORK: "emo_db-loso-tdnn",
        "mlp, 13 versions": "emo_db-loso-mlp",
        "rbf_svc": "emo_db-loso",
        "logistic": "emo_db-loso",
        COMPARE: "emo_db-loso-compare",
    },
}
"""Campaign of each member, by task; the second is the network on the table. A member is the mean over its
seeds."""

SYSTEMS = {
    "equal": "equal weights",
    "optimum": "weights by SciPy, nested",
    "genetic": "weights by PyGAD, nested",
    "stack_logistic": "stacking, nested",
}
"""Systems with their printed names."""


def member(name: str, task: str = "RAVDESS") -> pd.DataFrame:
    """Out-of-fold predictions of a member: the mean of the probabilities of its seeds.

    Parameters
    ----------
    name, task : str
        Keys of :data:`TASKS`.

    Raises
    ------
    SercoreError
        There is no such task or member.

    Examples
    --------
    >>> oof = member("rbf_svc", "EMO-DB")
    >>> len(oof), oof["model"].unique().tolist()
    (535, ['rbf_svc'])
    """
    from ..ensemble import align, seeds_as_members

    if name not in (members := _members(task)):
        raise SercoreError(f"no member named {name!r} of {task}; there are: {', '.join(members)}")
    seeds = align(seeds_as_members(_rows(name, members[name])))
    return seeds.table(seeds.proba.mean(axis=0), name)


def table(task: str = "RAVDESS", *, n_boot: int = 2000) -> pd.DataFrame:
    """Scores of each step.

    Parameters
    ----------
    task : str
        A key of :data:`TASKS`.
    n_boot : int
        Bootstrap samples of the intervals.

    Returns
    -------
    pd.DataFrame
        One row per step: ``step, ua, low, high``, and ``difference, difference_low, difference_high`` of UA
        to the time-delay network averaged over test versions and seeds, over the same speakers (NaN before
        that step).

    Raises
    ------
    SercoreError
        There is no such task.
    """
    from ..ensemble import align, evaluate_nested
    from ..evaluation import compare_oof, evaluate_oof

    members = _members(task)
    oof = published.load(members[NETWORK])
    parts = {name: member(name, task) for name in members}
    table_network = next(name for name in parts if name.startswith("mlp"))
    n_seeds = oof["seed"].nunique()
    seeds = f"mean of {n_seeds} seeds" if n_seeds > 1 else "one seed"
    steps = {
        f"`tdnn`, {seeds}": oof[oof["model"] == "tdnn"],
        "… averaged over 13 versions of the test clip": oof[oof["model"] == NETWORK],
    }
    if n_seeds > 1:
        steps["… and over its seeds"] = parts[NETWORK]
    n_alone = len(steps)
    steps[f"`{table_network.replace(',', '`,')}, over its seeds"] = parts[table_network]
    chosen = [NETWORK, table_network]
    joined = {"both": (), "both and ComParE 2016": (COMPARE,)}
    if INPUTS.keys() <= parts.keys():
        joined["both and `tdnn` on two other inputs"] = tuple(INPUTS)
    for step, more in joined.items():
        few = align(pd.concat([parts[name] for name in (*chosen, *more)], ignore_index=True))
        steps[f"{step}, equal weights"] = few.table(few.proba.mean(axis=0), step)
    nested = evaluate_nested(
        pd.concat(parts.values(), ignore_index=True), systems=tuple(SYSTEMS), metric="log_loss",
        progress=False,
    ).oof  # fmt: skip
    number = {5: "five", 18: "eighteen"}[len(members)]
    steps |= {f"all {number}, {name}": nested[nested["model"] == system] for system, name in SYSTEMS.items()}
    if task == NORMALISED:
        steps |= _with_uniform_prior(parts, f"all {number}, equal weights")
    rows = []
    for position, (name, part) in enumerate(steps.items()):
        scores = evaluate_oof(part, n_boot=n_boot)
        row = {"step": name, "ua": scores["ua"], "low": scores["ua_low"], "high": scores["ua_high"]}
        if position >= n_alone:
            paired = compare_oof(part, parts[NETWORK], n_boot=n_boot)
            row |= {"difference": paired["difference"]}
            row |= {f"difference_{end}": paired[end] for end in ("low", "high")}
        rows.append(row)
    return pd.DataFrame(rows)


def _with_uniform_prior(parts: dict[str, pd.DataFrame], step: str) -> dict[str, pd.DataFrame]:
    """Equal weights and a uniform prior per speaker, and the same with `tdnn` on frames as recorded."""
    from ..ensemble import align
    from ..training import uniform_prior

    steps = {}
    for text, members in (
        (f"{step}, uniform prior per speaker", parts),
        ("… and `tdnn` not normalised, with its three seeds", parts | {NETWORK: member(NETWORK)}),
    ):
        aligned = align(pd.concat(members.values(), ignore_index=True))
        oof = aligned.table(aligned.proba.mean(axis=0), text)
        columns = [f"p_{name}" for name in aligned.classes]
        for _, clips in oof.groupby("speaker"):
            oof.loc[clips.index, columns] = uniform_prior(clips[columns].to_numpy())
        steps[text] = oof
    return steps


def _rows(name: str, campaign: str) -> pd.DataFrame:
    """Published predictions of a member, with all seeds."""
    oof = published.load(campaign)
    return oof[oof["model"] == (NETWORK if name in INPUTS else name)]


def _members(task: str) -> dict[str, str]:
    if task not in TASKS:
        raise SercoreError(f"no task named {task!r}; there are: {', '.join(TASKS)}")
    return TASKS[task]


def leaky_table(*, n_boot: int = 2000) -> pd.DataFrame:
    """Scores of the time-delay network and of its mean with ``mlp`` on a leaky split of RAVDESS.

    Both are averaged over 13 versions of each test clip and trained on the same random draws. Every test
    speaker is a training speaker, so weights cannot be fitted on other people; they are equal.

    Returns
    -------
    pd.DataFrame
        Two rows of :func:`sercore.training.summarise`.

    Examples
    --------
    >>> leaky_table(n_boot=10)["split"].tolist()
    ['random', 'random']
    """
    from ..training import summarise

    tdnn = published.load("ravdess-random-tdnn").query("model == @NETWORK")
    mlp = published.load("ravdess-random-mlp").query("model == 'mlp, 13 versions'")
    proba = [name for name in tdnn if name.startswith("p_")]
    pairs = tdnn.merge(mlp, on=["seed", "fold", "clip_id"], validate="one_to_one", suffixes=("", "_mlp"))
    both = pairs[tdnn.columns].assign(model="both")
    both[proba] = (pairs[proba].to_numpy() + pairs[[f"{name}_mlp" for name in proba]].to_numpy()) / 2
    return summarise([tdnn, both], corpus="ravdess", scheme="eight", n_boot=n_boot)


def markdown() -> str:
    """Markdown table of the steps of all tasks, and of two on a leaky split."""
    lines = ["| from scratch | UA | minus `tdnn`, 13 versions |", "|---|---|---|"]
    every = set()
    for task, members in TASKS.items():
        shown = {
            version
            for name, campaign in members.items()
            for version in _rows(name, campaign)["folds_version"]
        }
        every |= shown
        old = max(map(dagger, shown))
        lines.append(f"| **{task}**, {_clips(task)} | | |")
        for row in table(task).itertuples():
            cells = [row.step, f"{100 * row.ua:.1f} [{100 * row.low:.1f}, {100 * row.high:.1f}]", ""]
            if pd.notna(row.difference):
                cells[1] += old
                ends = f"[{100 * row.difference_low:+.1f}, {100 * row.difference_high:+.1f}]"
                cells[-1] = f"{100 * row.difference:+.1f} {ends}"
            lines.append("| " + " | ".join(cells) + " |")
    leaky = leaky_table()
    first = leaky.iloc[0]
    lines.append(
        f"| **RAVDESS, leaky**, `random`, {first.seeds:.0f} draws, {first.n_clips:.0f} clips, "
        f"{first.n_speakers:.0f} speakers | | |"
    )
    steps = ("`tdnn`, averaged over 13 versions of the test clip", "… and `mlp`, equal weights")
    for step, row in zip(steps, leaky.itertuples(), strict=True):
        ua = f"{100 * row.ua:.1f} [{100 * row.ua_low:.1f}, {100 * row.ua_high:.1f}]"
        lines.append(f"| {step} | {ua}, WA {100 * row.wa:.1f} |  |")
    return mark("\n".join(lines), every)


def _clips(task: str) -> str:
    """Split, clips and speakers of a task, as in ``emobox-ravdess, 1440 clips, 24 speakers``."""
    name = TASKS[task][NETWORK]
    oof = published.load(name)
    split = published.CAMPAIGNS[name].split
    return f"`{split}`, {oof['clip_id'].nunique()} clips, {oof['speaker'].nunique()} speakers"
