"""Model cards: what they contain, what they name as missing, and that bundles cannot inject markup."""

import html.parser
import re

import numpy as np
import pandas as pd
import pytest
from toys import bundles as small

from sercore.audio.sounds import SOUNDS
from sercore.bundle import Predictor, save
from sercore.bundle.scores import evaluation_details
from sercore.bundle.shipping import shipped_bundle
from sercore.bundle.training import describe_training, fit_detector
from sercore.cli import main
from sercore.errors import BundleError, SercoreError
from sercore.evaluation import CONDITIONS
from sercore.report import (
    card,
    measured,
    measured_sections,
    model_card,
    stored,
    stored_sections,
    to_html,
    to_markdown,
    write_card,
)
from sercore.training import summarise

SECTIONS = [
    "Model", "Intended use", "Not intended", "Data", "Scores", "Calibration", "Groups of people",
    "Recording conditions", "Other corpora", "What it rejects", "Licences",
]  # fmt: skip


N_CLIPS = 48  # of eight speakers


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Folder with an index.csv, and the index as in training."""
    folder = tmp_path_factory.mktemp("card") / "corpus"
    index = small.write_corpus(folder / "clips", N_CLIPS)
    table = index[["emotion", "speaker"]].assign(path=[f"clips/{n:02d}.wav" for n in range(N_CLIPS)])
    table.to_csv(folder / "index.csv", index=False)
    return folder, index.assign(corpus="folder", sex=["female", "male"] * (N_CLIPS // 2))


@pytest.fixture(scope="module")
def bundle(corpus, tmp_path_factory):
    """A bundle with the evaluation that ``train`` writes."""
    index = corpus[1]
    rng = np.random.default_rng(0)
    proba = 0.5 * rng.dirichlet(np.ones(3), N_CLIPS)
    proba[np.arange(N_CLIPS), pd.Index(small.CLASSES).get_indexer(index["label"])] += 0.5
    about = {"model": "lda", "split": "speaker", "seed": 0, "train_seconds": 1.0, "ms_per_clip": 1.0}
    oof = index[["clip_id", "speaker", "label"]].assign(fold=index["speaker"], parameters=np.nan, **about)
    oof[[f"p_{name}" for name in small.CLASSES]] = proba
    row = summarise([oof], corpus="folder", scheme="all").iloc[0].to_dict()
    X = small.features(index, tmp_path_factory.mktemp("features"))
    return small.save_small(
        tmp_path_factory.mktemp("card") / "toy.bundle", index, X,
        training=describe_training(index, scheme="all", seed=0), temperature=1.2,
        evaluation=row | evaluation_details(oof, index, small.CLASSES), detector=fit_detector(index, X),
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(bundle, tmp_path_factory):
    """Its card without recordings."""
    return model_card(bundle, root=tmp_path_factory.mktemp("nowhere"), progress=False)


@pytest.fixture(autouse=True)
def few_sounds(request, monkeypatch):
    """Fewer sounds, other than for the card of the module."""
    if "made" not in request.fixturenames:
        monkeypatch.setattr(measured, "SOUNDS", {"tone": SOUNDS["tone"]})
        monkeypatch.setattr(measured, "N_SOUNDS", 1)


@pytest.fixture
def copied(bundle, tmp_path):
    return small.copy_bundle(bundle, tmp_path / "copy")


@pytest.fixture
def nowhere(tmp_path):
    """A folder without recordings."""
    return tmp_path / "nowhere"


@pytest.fixture
def few_conditions(monkeypatch):
    monkeypatch.setattr(measured, "CONDITIONS", [c for c in CONDITIONS if c.family in ("level", "hum")])


def blocks(made, title, kind):
    (section,) = [part for part in made.sections if part.title == title]
    return [block for block in section.blocks if isinstance(block, kind)]


def test_card_without_recordings(bundle, made):
    assert [section.title for section in made.sections] == SECTIONS
    manifest = Predictor.load(bundle).manifest
    measures = dict(blocks(made, "Scores", card.Table)[0].rows)
    assert measures["UA % [95 % interval]"].startswith(f"{100 * manifest.evaluation['ua']:.1f} [")
    assert measures["clips, speakers"] == "48, 8"
    classes = blocks(made, "Scores", card.Table)[1]
    assert [row[0] for row in classes.rows] == list(small.CLASSES)
    assert f"Temperature {manifest.temperature:.2f}" in blocks(made, "Calibration", card.Bullets)[0].lines[0]
    (bins,) = blocks(made, "Calibration", card.Table)
    assert sum(int(row[1]) for row in bins.rows) == 48
    assert blocks(made, "Calibration", card.Figure)
    (missing,) = blocks(made, "Recording conditions", card.Missing)
    assert "nowhere" in missing.what
    assert "--root" in missing.how
    assert "--test" in blocks(made, "Other corpora", card.Missing)[0].how
    (sounds,) = blocks(made, "What it rejects", card.Table)
    assert len(sounds.rows) == len(measured.SOUNDS)
    assert sum(row[1] == "3 of 3" for row in sounds.rows) >= 12
    text = to_markdown(made)
    for words in ("at work or in education", "acted emotion", "minors", "asked", "not legal advice", "MIT"):
        assert words in text


def test_groups_are_those_of_the_out_of_fold_predictions(bundle, made):
    stored = Predictor.load(bundle).manifest.evaluation["groups"]
    table = blocks(made, "Groups of people", card.Table)[-1]
    assert len(table.rows) == len(stored)
    shown = {(row[0], row[1]): row[4] for row in table.rows}
    for row in stored:
        assert shown[row["by"], row["group"]].startswith(f"{100 * row['ua']:.1f}")
    assert set(table["by"] for table in stored) == {"sex", "sentence"}
    assert "UA by age group, language" in blocks(made, "Groups of people", card.Missing)[0].what


@pytest.mark.usefixtures("few_conditions")
def test_conditions_are_measured_on_found_recordings(bundle, corpus):
    made = model_card(bundle, root=corpus[0], n_clips=9, progress=False)
    (text,) = blocks(made, "Recording conditions", card.Text)
    assert text.text.startswith("9 training clips of 5 speakers")
    assert "too high" in text.text
    marks, every = blocks(made, "Recording conditions", card.Table)
    assert [row[0] for row in marks.rows] == ["level", "hum"]
    assert {row[-1] for row in marks.rows} <= {"passed", "failed"}
    assert len(every.rows) == 6
    assert not any(name.startswith("UA") for name in (*marks.head, *every.head))
    assert re.match(
        r"\d of 9 clips of the training", blocks(made, "What it rejects", card.Bullets)[0].lines[1]
    )


@pytest.mark.usefixtures("few_conditions")
def test_noise_is_drawn_with_the_seed(bundle, corpus, monkeypatch):
    seen, plain = [], measured.robustness
    monkeypatch.setattr(measured, "robustness", lambda *a, **o: seen.append(o["seed"]) or plain(*a, **o))
    model_card(bundle, root=corpus[0], n_clips=9, seed=7, progress=False)
    assert seen == [7]


@pytest.mark.usefixtures("few_conditions")
def test_conditions_normalise_each_speaker(corpus, tmp_path):
    from sercore.bundle import FittedModel
    from sercore.training import speaker_normalise
    from sercore.training.normalisation import mean_and_std

    index = corpus[1]
    X = small.features(index, tmp_path)
    model = small.fit(index, speaker_normalise(X, index["speaker"]), "logistic")
    member = FittedModel(model, small.SMALL, speaker_norm=mean_and_std(list(X)))
    path = save(tmp_path / "s.bundle", {"logistic": member}, small.CLASSES,
                training=describe_training(index, scheme="all", seed=0))  # fmt: skip
    made = model_card(path, root=corpus[0], n_clips=9, progress=False)
    (text,) = blocks(made, "Recording conditions", card.Text)
    assert "Each speaker is normalised by these clips" in text.text
    predictor = Predictor.load(path)
    clips = measured.find_clips("folder", predictor.classes, "all", root=corpus[0], n_clips=9)
    of_one = clips.index["speaker"] == clips.index["speaker"].iloc[0]
    waves = [predictor.waves(clips.waves[k], sr=16_000) for k in np.flatnonzero(of_one)]
    expected = predictor.for_speaker(wave[predictor.sr] for wave in waves).proba(waves[0])
    found = {k: adapted.proba(wave) for k, adapted, wave in
             measured._adapted(predictor, clips.waves, clips.index["speaker"].to_numpy())}  # fmt: skip
    np.testing.assert_allclose(found[0], expected)
    assert not np.allclose(found[0], predictor.proba(waves[0]))


def test_long_sentences_can_be_stored_and_read():
    rng = np.random.default_rng(0)
    index = pd.DataFrame({
        "clip_id": [f"c{k}" for k in range(40)], "speaker": [f"s{k % 4}" for k in range(40)],
        "sentence": ["short", "north wind and sun " * 30] * 20,
        "label": ["sad", "sad", "angry", "angry"] * 10,
    })  # fmt: skip
    oof = index.assign(fold=index["speaker"], model="lda", split="speaker", seed=0)
    oof[["p_angry", "p_sad"]] = rng.dirichlet(np.ones(2), 40)
    details = evaluation_details(oof, index, ("angry", "sad"))
    groups = stored.read_table(details, "groups", stored.GROUPS)
    assert (groups["group"].str.len() <= 300).all()
    assert groups["group"].str.startswith("north wind").any()


def test_one_fold_has_no_other_to_fit_a_temperature_on(corpus):
    index = corpus[1]
    proba = np.random.default_rng(0).dirichlet(np.ones(3), len(index))
    oof = index[["clip_id", "speaker", "label"]].assign(fold="fold-1", model="lda", split="speaker", seed=0)
    oof[[f"p_{name}" for name in small.CLASSES]] = proba
    details = evaluation_details(oof, index, small.CLASSES)
    assert details["ece_calibrated"] is None
    lines = stored_sections.calibration(details, 1.0).blocks[0].lines
    assert "not known with a temperature" in lines[1]


def test_a_bundle_that_cannot_reject_has_no_limit():
    table = pd.DataFrame(
        {"n": [4], "rejected": [0], "sound": ["tone"], "emotion": ["sad"], "confidence": [0.9]}
    )
    for rejects in (True, False):
        section = measured_sections.sounds(table, rejects=rejects, own=(0, 9))
        (bullets,) = (block for block in section.blocks if isinstance(block, card.Bullets))
        assert ("limit was set" in " ".join(bullets.lines)) == rejects


def test_scores_on_another_corpus(bundle, corpus, monkeypatch):
    monkeypatch.setattr(measured, "load_index", lambda name, root=None: corpus[1])
    made = model_card(bundle, n_clips=0, test=["emo_db"], progress=False)
    (row,) = blocks(made, "Other corpora", card.Table)[0].rows
    assert row[0].startswith("EMO-DB")
    assert row[1:3] == ["48, 8", "3"]
    assert float(row[3].split()[0]) == 100.0  # its own training clips


def test_training_corpus_is_not_a_test_corpus(bundle):
    with pytest.raises(SercoreError, match="was trained on folder"):
        model_card(bundle, test=["folder"], progress=False)


class Page(html.parser.HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.handlers = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value for key, value in attrs if key in ("href", "src")]
        self.handlers += [key for key, _ in attrs if key.startswith("on")]


EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)> | [a](javascript:alert(1)) $\\frac{ \x1b[2J"


def test_nothing_of_a_bundle_reaches_a_page_unescaped(copied, nowhere):
    def change(content):
        (trained,) = content["training"]["corpora"]
        trained |= {"title": EVIL, "licence": EVIL, "citation": [EVIL], "url": "javascript:alert(1)"}
        content["training"] |= {"scheme": EVIL, "seed": {EVIL: EVIL}}
        content["versions"][EVIL] = EVIL
        content["evaluation"] |= {"split": EVIL, "note": EVIL, "wa": EVIL, "interval": EVIL}
        content["evaluation"]["groups"][0] |= {"by": "sex", "group": EVIL}
        content["evaluation"]["per_class"][0]["class"] = EVIL

    small.edit_manifest(copied, change)
    made = model_card(copied, root=nowhere, progress=False)
    page = Page(to_html(made))
    assert page.tags.isdisjoint({"script", "iframe", "object", "form", "base", "link"})
    assert page.handlers == []
    assert page.addresses
    assert all(re.match(r"#s\d+$|data:image/svg\+xml;base64,", address) for address in page.addresses)
    assert "default-src 'none'" in to_html(made)
    text = to_markdown(made)
    assert "alert" in text
    assert not re.search(r"(?<!\\)[<\[$]|\x1b", text)
    rows = [line for line in text.splitlines() if line.startswith("| \\<script")]
    assert [line.count(" | ") for line in rows] == [5, 4]  # of the tables of corpora and of classes


def test_names_are_not_parsed_as_formulas():
    from sercore import plots
    from sercore.report.figures import draw

    table = pd.DataFrame({"by": "sex", "group": ["$\\frac{$", "b"], "n_speakers": 4, "ua": 0.5, "ua_low": 0.4,
                          "ua_high": 0.6})  # fmt: skip
    drawn = draw(plots.fairness, table, size=(6, 2))
    assert drawn == draw(plots.fairness, table, size=(6, 2))
    assert b"<script" not in drawn


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("groups", "all"),
        ("groups", [{"by": "sex"}]),
        ("reliability", [{"low": 0, "high": 1, "n_clips": -1, "confidence": 0.5, "accuracy": 0.5}]),
        ("reliability", [{"low": 0, "high": 1, "n_clips": 1, "confidence": 7, "accuracy": 0.5}]),
        ("per_class", [{"class": "x" * 500, "precision": 1, "recall": 1, "f1": 1, "support": 1}]),
    ],
)
def test_invalid_tables_are_refused(copied, nowhere, entry, value):
    small.edit_manifest(copied, lambda content: content["evaluation"].update({entry: value}))
    with pytest.raises(BundleError, match=f"evaluation.{entry}"):
        model_card(copied, root=nowhere, progress=False)


def test_groups_without_a_score_and_huge_integers_are_no_numbers(copied, nowhere):
    def change(content):
        content["evaluation"]["wa"] = 10**400
        for row in content["evaluation"]["groups"]:
            row["ua"] = None

    small.edit_manifest(copied, change)
    made = model_card(copied, root=nowhere, progress=False)
    assert blocks(made, "Groups of people", card.Missing)
    assert "10000000" not in to_markdown(made)


def test_rows_of_corpora_without_interval_are_refused(copied, nowhere):
    row = {"train": "a", "test": "b", "clips": 0, "ua": 0.5, "n_clips": 9}
    small.edit_manifest(copied, lambda content: content["evaluation"].update(corpora=[row]))
    with pytest.raises(BundleError, match="ua_low"):
        model_card(copied, root=nowhere, progress=False)


def test_second_detector_is_described_only_if_there_is_one(corpus, tmp_path):
    """Bundles of an earlier version were trained on augmented clips with one detector."""
    index = corpus[1]
    X = small.features(index, tmp_path)
    for name, versions in (("old", []), ("new", [X + 3.0])):
        detector = fit_detector(index, X, versions)
        path = small.save_small(
            tmp_path / name, index, X, detector=detector, training={"augmentation": "places"}
        )
        text = to_markdown(model_card(path, root=corpus[0], corpus="folder", n_clips=8, progress=False))
        assert ("of a second detector" in text) == bool(versions)


def test_conditions_that_were_not_asked_for_are_not_called_missing(copied, corpus):
    made = model_card(copied, root=corpus[0], n_clips=0, progress=False)
    text = to_markdown(made)
    assert "without '--clips 0'" in text
    assert "Get the corpora" not in text.partition("## Other corpora")[0]


def test_card_of_a_bundle_that_stores_little(corpus, tmp_path):
    path = small.save_small(tmp_path / "b", corpus[1], small.features(corpus[1], tmp_path))
    made = model_card(path, progress=False)
    assert [section.title for section in made.sections] == SECTIONS
    for title in ("Data", "Scores", "Calibration", "Groups of people", "Recording conditions"):
        assert blocks(made, title, card.Missing), title
    assert "cannot reject" in blocks(made, "What it rejects", card.Warn)[0].text
    assert to_html(made).count("Not measured.") == to_markdown(made).count("*Not measured.*") >= 6


def test_random_split_is_named_leaky(copied, nowhere):
    small.edit_manifest(copied, lambda content: content["evaluation"].update(split="random"))
    made = model_card(copied, root=nowhere, progress=False)
    assert "too high for new speakers" in blocks(made, "Scores", card.Warn)[0].text
    assert not any("without the speaker" in part.text for part in blocks(made, "Scores", card.Text))


def test_command_writes_both_files_beside_the_bundle(copied, capsys):
    assert main(["report", str(copied), "--clips", "0"]) == 0
    written = capsys.readouterr().out.split()
    assert written == [str(copied.with_name(f"copy-card{suffix}")) for suffix in (".md", ".html")]
    assert "<!DOCTYPE html>" in copied.with_name("copy-card.html").read_text(encoding="utf-8")[:20]
    Predictor.load(copied)  # nothing was added to its folder


def test_damaged_bundle_has_no_card(copied, capsys):
    (copied / "extra.txt").write_text("x")
    assert main(["report", str(copied), "--clips", "0"]) == 1
    assert "not part of the bundle" in capsys.readouterr().err


def test_markdown_of_every_block():
    made = card.Card("t", "s", [card.Section("one", [
        card.Text("1. first"), card.Warn("careful"), card.Bullets(["a", "- b"]),
        card.Missing("M.", "Get it."),
        card.Table(["x", "y"], [["1", "a|b"]], "caption"), card.Figure(b"<svg/>", "what"),
    ])])  # fmt: skip
    assert to_markdown(made).splitlines() == [
        "# t", "", "s", "", "## one", "", "1\\. first", "", "> **careful**", "", "* a", "* \\- b", "",
        "*Not measured.* M. Get it.", "", "caption", "", "| x | y |", "| --- | --- |", "| 1 | a\\|b |",
    ]  # fmt: skip
    page = to_html(made)
    assert 'alt="what"' in page
    assert "<caption>caption</caption>" in page


def test_files_are_named_by_path(tmp_path):
    files = write_card(card.Card("t", "s"), tmp_path / "new" / "v1.2")
    assert [file.name for file in files] == ["v1.2.md", "v1.2.html"]


def test_card_of_several_corpora_names_what_was_left_out():
    """The first bundle of the package: calibrated, limited and scored on left-out corpora."""
    text = to_markdown(model_card(shipped_bundle("table"), n_clips=0, progress=False))
    assert "fitted on corpora that were left out of training" in text
    assert "it may be too careful" in text
    assert "Models of the same kind, trained without the test corpus" in text
    assert "By class, all training corpora" in text
