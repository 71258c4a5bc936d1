"""Figures of results and predictions."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from sercore import evaluation, plots
from sercore.plots.results import COLOR, LEAKY_COLOR, SPEAKER_NORM_COLOR

mpl.use("Agg")
CLASSES = ("neutral", "sad", "angry")


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture
def oof(rng):
    """Four speakers, three clips per class, predictions above chance level."""
    labels = np.tile(CLASSES, 12)
    proba = rng.dirichlet(np.ones(3), 36) + 0.6 * (labels[:, None] == np.array(CLASSES))
    proba /= proba.sum(axis=1, keepdims=True)
    table = pd.DataFrame({"clip_id": [f"demo/c{k:02d}" for k in range(36)]})
    table = table.assign(speaker=np.repeat([f"demo-{n}" for n in "ABCD"], 9), label=labels)
    table = table.assign(model="lda", split="speaker", fold="fold-1", seed=0)
    return pd.concat([table, pd.DataFrame(proba, columns=[f"p_{name}" for name in CLASSES])], axis=1)


def row(model="lda", split="speaker", speaker_norm=False, ua=0.5, low=0.4, high=0.6, interval="speakers"):
    scores = {
        name: ua for name in ("wa", "macro_f1", "weighted_f1", "kappa", "mcc", "auc", "log_loss", "ece")
    }
    scores |= {"ua": ua, "ua_low": low, "ua_high": high, "n_clips": 9, "n_speakers": 3, "note": ""}
    return evaluation.results_row(
        scores | {"interval": interval},
        corpus="demo",
        scheme="four",
        split=split,
        model=model,
        speaker_norm=speaker_norm,
    )


def points(ax):
    """Position, edge colour and fill colour of every point, from top to bottom."""
    marked = [line for line in ax.lines if line.get_marker() == "o"]
    return [(line.get_xdata()[0], line.get_color(), line.get_markerfacecolor()) for line in marked]


def whiskers(ax):
    return [tuple(line.get_xdata()) for line in ax.lines if line.get_marker() == "None"]


def drawn(name, ax, oof):
    """Call a function with toy data."""
    truth, proba, classes, speakers = evaluation.unpack(oof)
    calls = {
        "results": lambda: plots.results(evaluation.results_table([row(), row("knn")]), ax=ax),
        "confusion": lambda: plots.confusion(evaluation.confusion(truth, proba, classes), ax=ax),
        "reliability": lambda: plots.reliability(evaluation.calibration(truth, proba, classes), ax=ax),
        "speaker_scores": lambda: plots.speaker_scores(
            evaluation.per_group(truth, proba, classes, speakers), ax=ax
        ),
        "learning_curves": lambda: plots.learning_curves(
            pd.DataFrame({"loss": [2.0, 1.0], "val_loss": [2.0, 1.5]}), ax=ax
        ),
        "prediction": lambda: plots.prediction(oof.iloc[0], ax=ax),
        "importance": lambda: plots.importance(pd.DataFrame({"used": [0.1]}, index=["mfcc"]), ax=ax),
    }
    return calls[name]()


EVERY = (
    "results", "confusion", "reliability", "speaker_scores", "learning_curves", "prediction", "importance",
)  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_axes_and_labels(name, ax, oof):
    before = dict(mpl.rcParams)
    assert drawn(name, ax, oof) is ax
    assert ax.get_xlabel()
    assert ax.get_ylabel() or ax.get_yticklabels()
    assert dict(mpl.rcParams) == before
    ax.figure.canvas.draw()


@pytest.mark.parametrize("name", EVERY)
def test_new_figure_without_axes(name, oof):
    made = drawn(name, None, oof)
    assert made.figure.number
    mpl.pyplot.close(made.figure)


def test_results_in_order_of_table(ax):
    table = evaluation.results_table([row("b", ua=0.5), row("a", ua=0.7, low=0.6, high=0.75)])
    plots.results(table, ax=ax)
    assert [x for x, _, _ in points(ax)] == pytest.approx([50, 70])
    assert whiskers(ax) == [pytest.approx((40, 60)), pytest.approx((60, 75))]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row is on top
    assert {text.get_text() for text in ax.texts} == {"50.0", "70.0"}
    assert "over speakers" in ax.get_xlabel()


def test_results_sorted(ax):
    plots.results(evaluation.results_table([row("b", ua=0.5), row("a", ua=0.7)]), sort=True, ax=ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_results_mark_leaky_splits_and_speaker_norm(ax):
    table = evaluation.results_table([row(split="random"), row(), row(speaker_norm=True)])
    plots.results(table, by=("model", "split"), ax=ax)
    (_, leaky, inside), (_, plain, _), (_, known, _) = points(ax)
    assert same_color(leaky, LEAKY_COLOR)
    assert same_color(inside, "white")
    assert same_color(plain, COLOR)
    assert same_color(known, SPEAKER_NORM_COLOR)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "random split (leaky)", "unseen speakers", "normalised by speaker",
    ]  # fmt: skip
    assert ax.get_yticklabels()[0].get_text() == "lda · random"


def test_results_label_of_whiskers(ax):
    plots.results(evaluation.results_table([row(interval="clips")]), ax=ax)
    assert "over clips" in ax.get_xlabel()
    other = Figure().subplots()
    plots.results(evaluation.results_table([row(low=np.nan, high=np.nan)]), ax=other)
    assert "whiskers" not in other.get_xlabel()
    plots.results(evaluation.results_table([row()]), metric="kappa", ax=(third := Figure().subplots()))
    assert third.get_xlabel() == "Cohen's kappa × 100"


def test_results_below_zero(ax):
    plots.results(evaluation.results_table([row(ua=-0.1)]), metric="kappa", ax=ax)
    assert ax.get_xlim()[0] < -10


def test_confusion_of_fractions_and_counts(oof):
    truth, proba, classes, _ = evaluation.unpack(oof)
    for normalize, factor, label in (
        (True, 100, "clips of the true class (%)"),
        (False, 1, "number of clips"),
    ):
        table = evaluation.confusion(truth, proba, classes, normalize=normalize)
        ax = plots.confusion(table, ax=Figure().subplots())
        written = [int(text.get_text()) for text in ax.texts]
        np.testing.assert_allclose(written, factor * table.to_numpy().ravel(), atol=0.5)
        assert ax.figure.axes[-1].get_ylabel() == label
        assert [t.get_text() for t in ax.get_yticklabels()] == list(classes)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")


def test_reliability_ignores_empty_bins(oof, ax):
    truth, proba, classes, _ = evaluation.unpack(oof)
    bins = evaluation.calibration(truth, proba, classes, n_bins=10)
    assert (bins["n_clips"] == 0).any()
    plots.reliability(bins, label="one", ax=ax)
    plots.reliability(bins, label="two", ax=ax)
    diagonal, one, two = ax.lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
    assert len(one.get_xdata()) == len(two.get_xdata()) == (bins["n_clips"] > 0).sum()
    sizes = ax.collections[0].get_sizes()
    filled = bins.loc[bins["n_clips"] > 0, "n_clips"]
    assert list(np.argsort(sizes)) == list(np.argsort(filled.to_numpy()))


def test_speaker_scores(ax):
    groups = pd.DataFrame({"ua": [0.9, 0.2, 0.5]}, index=["x-A", "x-B", "x-C"])
    plots.speaker_scores(groups, sex={"x-A": "female", "x-B": "male", "x-C": "female"}, ax=ax)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["B", "C", "A"]
    heights = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in ax.patches}
    assert [heights[k] for k in range(3)] == pytest.approx([20, 50, 90])
    colors = {round(bar.get_x() + bar.get_width() / 2): bar.get_facecolor() for bar in ax.patches}
    assert same_color(colors[0], plots.SEX_COLORS["male"])
    assert same_color(colors[2], plots.SEX_COLORS["female"])
    assert ax.lines[0].get_ydata()[0] == pytest.approx(100 * (0.9 + 0.2 + 0.5) / 3)


def test_learning_curves_mark_best_epoch(ax):
    history = pd.DataFrame(
        {
            "loss": [3.0, 2, 1, 0.5],
            "val_loss": [3.0, 1, 2, 2],
            "accuracy": [0.1] * 4,
            "val_accuracy": [0.2] * 4,
        }
    )
    plots.learning_curves(history, ax=ax)
    assert "best epoch: 2" in [line.get_label() for line in ax.lines]
    assert ax.lines[2].get_xdata()[0] == 2
    assert "nats" in ax.get_ylabel()
    plots.learning_curves(history, metric="accuracy", ax=(other := Figure().subplots()))
    assert list(other.lines[1].get_ydata()) == [20.0] * 4


def test_prediction_frames_true_class(oof, ax):
    clip = oof.iloc[0].copy()
    clip["label"], clip["p_neutral"], clip["p_sad"], clip["p_angry"] = "sad", 0.7, 0.2, 0.1
    plots.prediction(clip, ax=ax)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([70, 20, 10])
    framed = [bar.get_linewidth() > 2 for bar in ax.patches]
    assert framed == [False, True, False]
    assert ax.get_title() == "c00\nsad, predicted: neutral"
    assert same_color(ax.patches[2].get_facecolor(), plots.EMOTION_COLORS["angry"])


def test_predictions_have_common_order(oof):
    axes = plots.predictions(oof.iloc[:4], n_columns=3)
    assert len(axes) == 4
    assert len(axes[0].figure.axes) == 4
    for ax in axes:
        assert ax.get_ylim()[0] > ax.get_ylim()[1]
        assert len(ax.patches) == 3
    mpl.pyplot.close(axes[0].figure)


def test_importance_on_shared_axes():
    table = pd.DataFrame({"used": [0.3, 0.1], "needed": [-0.1, 0.0]}, index=["mfcc", "f0"])
    axes = Figure().subplots(1, 2, sharey=True)
    for ax in axes:
        plots.importance(table, ax=ax)
        assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["mfcc", "f0"]
    assert [bar.get_width() for bar in axes[0].patches] == pytest.approx([30, 10, -10, 0])
    assert [t.get_text() for t in axes[0].get_legend().get_texts()] == ["used", "needed"]


def test_listening_test_has_people_beside_the_model(ax):
    table = pd.DataFrame({"people": [0.5], "people_low": 0.4, "people_high": 0.6}, index=["sad"])
    table = table.assign(model=0.7, model_low=0.6, model_high=0.8)
    plots.listening_test(table, n_choices=4, ax=ax)
    assert [line.get_xdata()[0] for line in ax.lines] == pytest.approx([50, 70, 25])
