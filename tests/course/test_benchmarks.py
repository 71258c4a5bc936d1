"""Groups of benchmarks, their report, and what is committed of it."""

import re
import sys

import pandas as pd
import pytest

from sercore.course import benchmarks, clone
from sercore.course.benchmarks import extraction, imports, report, store
from sercore.errors import SercoreError

COLUMNS = ["group", "what", "value", "unit"]


def table(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.mark.parametrize(
    ("unit", "now", "factor"),
    [
        ("× faster", 8.1, None), ("× faster", 7.9, 10 / 7.9), ("× faster", 20.0, None),
        ("× as long", 12.4, None), ("× as long", 12.6, 1.26), ("× as long", 5.0, None),
        ("× as large", 15.0, 1.5), ("ms", 100.0, None),
    ],
)  # fmt: skip
def test_a_quarter_worse_is_reported(unit, now, factor):
    found = report.compare(table(("a", "x", now, unit)), table(("a", "x", 10.0, unit)))
    assert found["worse"].tolist() == ([] if factor is None else [pytest.approx(factor)])


def test_rows_are_compared_by_group_and_name():
    unit = "× faster"
    committed = table(("a", "x", 10.0, unit), ("b", "x", 1.0, unit), ("b", "old", 9.0, unit))
    now = table(("b", "x", 0.4, unit), ("b", "new", 1.0, unit), ("a", "x", 5.0, unit))
    found = report.compare(now, committed)
    assert found[["group", "committed", "now", "worse"]].to_numpy().tolist() == [
        ["b", 1.0, 0.4, 2.5],
        ["a", 10.0, 5.0, 2.0],
    ]


def test_measured_groups_replace_those_of_the_file(tmp_path):
    path = tmp_path / "speed.json"
    report.save(table(("extraction", "x", 1.23456, "ms"), ("imports", "y", 2.0, "ms")), path)
    report.save(table(("imports", "z", 3.0, "× faster")), path)
    rows, about = report.load(path)
    assert rows.to_numpy().tolist() == [
        ["extraction", "x", 1.235, "ms"],
        ["imports", "z", 3.0, "× faster"],
    ]
    assert about["imports"]["machine"]["numpy"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", about["imports"]["date"])
    text = report.markdown(rows, about)
    assert "**Imports**" in text
    assert "| z | 3 × faster |" in text


def test_unknown_group():
    with pytest.raises(SercoreError, match="named pitch; must be one of extraction, store"):
        benchmarks.run(["pitch"])


def test_run_names_the_group(monkeypatch):
    monkeypatch.setattr(imports, "measure", lambda repeats: [("x", float(repeats), "ms")])
    assert benchmarks.run(["imports"], repeats=2).to_numpy().tolist() == [["imports", "x", 2.0, "ms"]]


def test_without_opensmile_its_rows_are_left_out(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "opensmile", None)
    assert extraction.opensmile_egemaps() is None
    assert capsys.readouterr().err.count("openSMILE eGeMAPS") == 1


@pytest.mark.slow
def test_extraction_and_store_are_timed(monkeypatch):
    monkeypatch.setattr(extraction, "N_CLIPS", 2)
    monkeypatch.setattr(extraction, "CLIP_SECONDS", 0.5)
    monkeypatch.setattr(store, "COPIES", 2)
    monkeypatch.setattr(extraction, "notebook_idiom", extraction.decode_and_transform)  # without librosa
    monkeypatch.setattr("sercore.corpora.demo.build", lambda *a, **k: None)
    rows = benchmarks.run(["extraction", "store"], repeats=1)
    assert (rows["value"] > 0).all()
    ratios = rows[rows["unit"].isin({"× faster", "× as long", "× as large"})]
    assert ratios["group"].value_counts().to_dict() == {"extraction": 3, "store": 3}


def test_committed_rows_are_those_of_the_page():
    rows, about = report.load()
    text = (clone.repository() / "data" / "SPEED.md").read_text(encoding="utf-8")
    assert report.markdown(rows, about) in text
    assert set(rows["group"]) <= set(benchmarks.GROUPS)


def test_figure_shows_committed_rows(tmp_path):
    rows = table(
        ("extraction", "table row of a 3.7 s clip at 48 kHz, from its file", 8.0, "ms"),
        ("extraction", "notebook idiom", 500.0, "ms"),
        ("extraction", "table row, than the notebook idiom", 60.0, "× faster"),
        ("networks", "an epoch of 1200 clips of 3 s: lstm", 3.0, "s"),
        ("networks", "epoch of tdnn, than of lstm", 2.0, "× as long"),
    )
    clip, epoch = report.bars(rows)
    assert clip == {"table row of this package": 8.0, "notebook idiom": 500.0}
    assert epoch == {"tdnn": 2.0}
    assert report.draw_figure(rows, tmp_path / "speed.png").stat().st_size < 100_000
    assert report.draw_figure(rows[:2]) is None
