"""The summary page of a run."""

import base64
import re

import nbformat
import pandas as pd
import pytest

from sercore.course import captions, clone, headline, write_summary
from sercore.course.abstracts import ABSTRACTS

NUMBERED = sorted(clone.notebooks_dir().glob("[0-9][0-9]_*.ipynb"))
PNG = base64.b64encode(b"a picture").decode()


def data(**kinds):
    return nbformat.v4.new_output("display_data", data={k.replace("_", "/"): v for k, v in kinds.items()})


def tagged(*outputs, source="x"):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": ["summary"]})


def printed(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def notebook(*cells):
    markdown = nbformat.v4.new_markdown_cell
    return nbformat.v4.new_notebook(cells=[c if not isinstance(c, str) else markdown(c) for c in cells])


def page_of(folder, *cells, name="03_toy", **options):
    path = folder / "summary.html"
    options = {"corpus": "demo"} | options
    return write_summary({name: notebook(*cells)}, path, **options).read_text(encoding="utf-8")


@pytest.fixture
def results():
    """Result table of two models, one of which was tested with both splits."""
    row = {"corpus": "demo", "scheme": "four", "speaker_norm": False, "interval": "speakers"}
    row |= {"n_clips": 40, "n_speakers": 4, "ua_low": 0.5, "ua_high": 0.7}
    rows = [
        row | {"model": "logistic", "split": "speaker", "ua": 0.61},
        row | {"model": "logistic", "split": "speaker", "ua": 0.99, "speaker_norm": True},
        row | {"model": "lda", "split": "speaker", "ua": 0.65},
        row | {"model": "logistic", "split": "random", "ua": 0.82},
    ]
    return pd.DataFrame(rows)


def test_page_begins_with_the_result_and_its_picture(tmp_path, results):
    (tmp_path / "tables").mkdir()
    results.to_csv(tmp_path / "tables" / "results.csv", index=False)
    page = page_of(tmp_path, "# 03 · Toy")
    first = page.index("a logistic regression recognises 61.0 %")
    assert page.index("<h1>") < first < page.index("reports 82.0 %.") < page.index("image/svg+xml")
    assert page.index("image/svg+xml") < page.index("<nav")
    assert "99.0" not in page
    assert page.count("<img") == 1


@pytest.mark.parametrize("change", [{"scheme": "all"}, {"corpus": "folder"}])
def test_chance_is_not_stated_where_classes_of_the_scheme_may_be_missing(results, change):
    assert "guessing gives 25.0" in headline.sentence(headline.pairs(results))
    assert "guessing" not in headline.sentence(headline.pairs(results.assign(**change)))


def test_page_without_both_splits_has_no_result(tmp_path, results):
    (tmp_path / "tables").mkdir()
    results[results["model"] == "lda"].to_csv(tmp_path / "tables" / "results.csv", index=False)
    assert len(headline.pairs(results)) == 2
    assert "Tested on speakers" not in page_of(tmp_path, "# 03 · Toy")


def test_sections_have_title_abstract_heading_and_caption(tmp_path):
    page = page_of(
        tmp_path,
        "# 03 · Toy & model",
        "## 2 · Scores\n\n**Who wins?**",
        tagged(data(image_png=PNG)),
        "The *first* one. And more.",
        nbformat.v4.new_code_cell("hidden = 1", outputs=[data(text_plain="untagged")]),
        tagged(printed("chatter", "stderr"), data(text_html="<table><tr><td>71</td></tr></table>")),
    )
    assert '<a href="#03_toy">03 · Toy &amp; model</a>' in page
    order = (
        "<h2>03 · Toy",
        ABSTRACTS["03"][0],
        "<h3>Scores</h3>",
        "<b>03.1</b> Who wins?",
        PNG,
        "<td>71</td>",
    )
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert "The <em>first</em> one." in page
    for absent in ("hidden", "untagged", "chatter", "And more", "<script"):
        assert absent not in page


def test_progress_nan_and_objects_are_not_shown(tmp_path):
    table = "<style scoped>th {}</style><table><tr><td>NaN</td><td>1.5</td></tr></table>"
    view = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "clips:   0%"}
    page = page_of(
        tmp_path,
        tagged(
            data(text_html=table, text_plain="NaN"),
            printed("folds:  50%|█████     | 3/6 [00:01<00:01, 2.9it/s]\nUA  0.61  NaN\n"),
            data(text_plain="<Axes: xlabel='UA (%)'>"),
            nbformat.v4.new_output("display_data", data=view),
        ),
    )
    assert "<td>–</td><td>1.5</td>" in page
    assert "UA  0.61    –" in page
    for absent in ("NaN", "50%", "it/s", "Axes", "clips:", "scoped"):
        assert absent not in page


@pytest.mark.parametrize(
    ("source", "is_stored"), [("t = published.table('x')", True), ("publish('x', table)", False)]
)
def test_stored_results_are_marked(tmp_path, source, is_stored):
    page = page_of(tmp_path, tagged(data(image_png=PNG), source=source))
    assert ("not measured by this run" in page) == is_stored


@pytest.mark.parametrize(("names", "is_stored"), [("ravdess-emobox", True), ("none, so we train", False)])
def test_what_is_computed_from_stored_predictions_is_marked(tmp_path, names, is_stored):
    load = nbformat.v4.new_code_cell("x", outputs=[printed(f"published predictions: {names}\n")])
    page = page_of(tmp_path, load, tagged(data(image_png=PNG)))
    assert ("Computed from published predictions" in page) == is_stored


def test_failures_are_in_red_before_everything_else(tmp_path):
    page = page_of(tmp_path, "# 03 · Toy", failures={"03_toy": "cell 2 failed with KeyError: '<x>'"})
    assert page.index('class="failed"') < page.index("KeyError: &#x27;&lt;x&gt;&#x27;") < page.index("<h1>")
    assert "what follows is incomplete" in page
    assert 'role="alert"' not in page_of(tmp_path, "# 03 · Toy")


def test_only_the_demo_corpus_is_called_synthetic(tmp_path):
    assert "synthetic voice" in page_of(tmp_path)
    assert "synthetic voice" not in page_of(tmp_path, corpus="tess")


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.stem)
def test_every_notebook_has_an_abstract_of_two_sentences_and_captions(path):
    sentences = ABSTRACTS[path.name[:2]]
    assert len(sentences) == 2
    assert all(
        re.fullmatch(r"[A-Z][^.]+\.", sentence) and not re.search(r"\d", sentence) for sentence in sentences
    )
    shown = list(captions.shown_cells(nbformat.read(path, as_version=4)))
    assert shown
    assert sum(bool(cell.caption) for cell in shown) == len(shown)
