"""Figures of ensembles."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sercore import ensemble, plots
from sercore.course.benchmarks import ensembles

mpl.use("Agg")


@pytest.fixture(scope="module")
def members():
    made = ensembles.synthetic(120, 3, 4, n_folds=3)
    costs = np.ones((4, 120, 3)) * np.array([1, 10, 100, 1000])[:, None, None]
    return ensemble.Members(made.names, made.classes, made.proba, made.codes, made.rows, costs)


@pytest.fixture(scope="module")
def compared():
    """A clear gain, an unclear one and a clear loss, against two baselines."""
    rows = [
        ("vote", "best_single", 0.6, 0.04, 0.01, 0.07, 0.01, 3.0),
        ("vote", "equal", 0.6, 0.01, -0.01, 0.03, 0.2, 3.0),
        ("worse", "best_single", 0.5, -0.06, -0.09, -0.02, 0.01, 200.0),
    ]
    columns = ["system", "baseline", "ua", "difference", "low", "high", "p", "ms_per_clip"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def tuned():
    rows = [
        (system, n, repeat, 0.8 - 0.01 * n, 0.5 + 0.01 * n + 0.02 * repeat)
        for system in ("equal", "genetic")
        for n in (4, 1)
        for repeat in (0, 1)
    ]
    return pd.DataFrame(rows, columns=["system", "n_speakers", "repeat", "tuned", "held_out"])


@pytest.fixture(scope="module")
def history():
    rows = [(r, g, 0.5 + 0.1 * g, 0.4 + 0.1 * g + 0.01 * r) for r in (0, 1) for g in (0, 1, 2)]
    return pd.DataFrame(rows, columns=["restart", "generation", "best", "mean"])


def drawn(name, ax, members, compared, tuned, history):
    """Call a function with toy data."""
    three = members.pick(members.names[:3])
    calls = {
        "paired_differences": lambda: plots.paired_differences(compared, ax=ax),
        "subset_gains": lambda: plots.subset_gains(ensemble.gain_by_members(members), ax=ax),
        "tuning_gains": lambda: plots.tuning_gains(tuned, ax=ax),
        "member_matrix": lambda: plots.member_matrix(
            ensemble.disagreement(members), label="clips (%)", ax=ax
        ),
        "pair_gains": lambda: plots.pair_gains(ensemble.pairwise_diversity(members), ax=ax),
        "gain_for_cost": lambda: plots.gain_for_cost(compared.iloc[[0, 2]], ax=ax),
        "evolution": lambda: plots.evolution(history, baselines={"equal": 0.55}, ax=ax),
        "simplex": lambda: plots.simplex(
            ensemble.weight_landscape(three, steps=6), marks={"a": (1, 1, 2)}, ax=ax
        ),
    }
    return calls[name]()


LABELS = {
    "paired_differences": ("difference of UA (points), whiskers: 95 % interval over speakers", ""),
    "subset_gains": ("members", "UA (%)"),
    "tuning_gains": ("tuning speakers", "UA (%)"),
    "member_matrix": ("", ""),
    "pair_gains": ("correlation", "(points)"),
    "gain_for_cost": ("ms per clip", "points over\nbest_single"),
    "evolution": ("generation", "UA (%)"),
    "simplex": ("", ""),
}


@pytest.mark.parametrize("name", LABELS)
def test_axes_and_units(name, members, compared, tuned, history):
    import matplotlib.pyplot as plt

    plt.close("all")
    settings = dict(mpl.rcParams)
    ax = Figure().subplots()
    assert drawn(name, ax, members, compared, tuned, history) is ax
    assert ax.has_data()
    assert LABELS[name][0] in ax.get_xlabel()
    assert LABELS[name][1] in ax.get_ylabel()
    ax.figure.canvas.draw()
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == settings
    own = drawn(name, None, members, compared, tuned, history)
    assert plt.get_fignums() == [own.figure.number]
    plt.close("all")


def test_point_is_filled_if_interval_excludes_zero(compared):
    ax = plots.paired_differences(compared, over="clips", ax=Figure().subplots())
    points = [line for line in ax.lines if line.get_marker() in "os" and len(line.get_xdata()) == 1]
    assert [line.get_xdata()[0] for line in points] == pytest.approx([4, -6, 1])
    assert [line.get_markerfacecolor() == "white" for line in points] == [False, False, True]
    assert "over clips" in ax.get_xlabel()
    whisker = next(line for line in ax.lines if len(line.get_xdata()) == 2)
    assert list(whisker.get_xdata()) == pytest.approx([1, 7])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["minus best_single", "minus equal"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["vote", "worse"]


def test_subset_gains_are_means_by_size(members):
    table = ensemble.gain_by_members(members)
    ax = plots.subset_gains(table, ax=Figure().subplots())
    mean, best = (line.get_ydata() for line in ax.lines[1:])
    np.testing.assert_allclose(mean, 100 * table.groupby("n_members")["fitness"].mean())
    assert best[-1] == pytest.approx(100 * ensemble.best_single(members, "ua").fitness)
    assert len(ax.lines[0].get_ydata()) == 15


def test_tuning_scores_are_dashed(tuned):
    ax = plots.tuning_gains(tuned, ax=Figure().subplots())
    solid, dashed = ax.lines[:2]
    assert list(solid.get_xdata()) == [1, 4]
    assert list(solid.get_ydata()) == pytest.approx([52, 55])
    assert list(dashed.get_ydata()) == pytest.approx([79, 76])
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert solid.get_color() == dashed.get_color() != ax.lines[2].get_color()


def test_member_matrix_has_no_diagonal(members):
    table = ensemble.disagreement(members)
    ax = plots.member_matrix(table, label="clips (%)", ax=Figure().subplots())
    written = [text.get_text() for text in ax.texts]
    assert len(written) == 4 * 3
    assert written[0] == f"{100 * table.iloc[0, 1]:.0f}"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list(members.names)


def test_pair_gains(members):
    table = ensemble.pairwise_diversity(members)
    ax = plots.pair_gains(table, ax=Figure().subplots())
    dots = ax.collections[0]
    wanted = np.column_stack([table["error_correlation"], 100 * table["gain"]])
    np.testing.assert_allclose(np.asarray(dots.get_offsets()), wanted)
    np.testing.assert_allclose(dots.get_array(), 100 * table["gap"])


def test_gain_for_cost_with_subsets(compared, members):
    subsets = ensemble.gain_by_members(members)
    ax = plots.gain_for_cost(compared.iloc[[0, 2]], subsets=subsets, ax=Figure().subplots())
    assert ax.get_xscale() == "log"
    sets, vote, worse = ax.lines[:3]
    assert [line.get_label() for line in (vote, worse)] == ["vote", "worse"]
    assert (vote.get_xdata()[0], vote.get_ydata()[0]) == pytest.approx((3, 4))
    assert sets.get_ydata()[0] == pytest.approx(100 * (subsets["fitness"][0] - 0.56))
    assert list(sets.get_xdata()) == subsets["ms_per_clip"].tolist()


def test_restarts_have_one_legend_entry(history):
    baselines = {"SciPy": 0.71, "equal": 0.55}
    ax = plots.evolution(history, baselines=baselines, ax=Figure().subplots())
    assert len(ax.lines) == 2 * 2 + 2
    assert list(ax.lines[0].get_ydata()) == pytest.approx([50, 60, 70])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["best", "mean", "SciPy", "equal"]


def test_simplex_corners_and_marks(members):
    grid = ensemble.weight_landscape(members.pick(members.names[:3]), steps=6)
    marks = {"one": (1, 0, 0), "middle": (2, 2, 2)}
    ax = plots.simplex(grid, marks=marks, limits=(0.2, 0.9), ax=Figure().subplots())
    assert [text.get_text() for text in ax.texts] == ["model00", "model01", "model02"]
    corners = [text.xy for text in ax.texts]
    one, middle = (line.get_xydata()[0] for line in ax.lines)
    np.testing.assert_allclose(one, corners[0])
    np.testing.assert_allclose(middle, np.mean(corners, axis=0))
    assert ax.collections[0].levels[[0, -1]] == pytest.approx([20, 90])
    flat = plots.simplex(grid.assign(fitness=0.5), ax=Figure().subplots())
    flat.figure.canvas.draw()


def test_simplex_is_brightest_at_best_corner():
    """The fitness is the weight of the first member."""
    grid = ensemble.weight_landscape(ensembles.synthetic(30, 3, 3, n_folds=3), steps=6)
    ax = plots.simplex(grid.assign(fitness=grid["w_model00"]), ax=Figure().subplots())
    levels = [path.get_extents().x0 for path in ax.collections[0].get_paths() if len(path.vertices)]
    assert ax.texts[0].xy == (0, 0)
    assert (np.diff(levels[:12]) < 0).all()  # brighter levels start nearer to the first corner
    brightness = ax.collections[0].get_facecolor()[:, :3].sum(axis=1)
    assert (np.diff(brightness) >= 0).all()
