"""Voice lab, ensemble and occlusion widgets without a browser: what stands behind the sliders."""

import io
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image
from toys.controls import controls
from toys.voices import CLASSES, small_predictor

from sercore import ensemble, evaluation, features, synth
from sercore.bundle import default_model
from sercore.corpora import demo
from sercore.course.benchmarks.ensembles import synthetic
from sercore.errors import BundleError, SercoreError
from sercore.interpret.counterfactual import flips
from sercore.interpret.occlusion_mask import OcclusionBox, predict_masked
from sercore.pictures.html import flips_html, probability_bars, score_lines
from sercore.synth.knobs import BODIES, KNOBS, Voice
from sercore.widgets import Occluding, VoiceLab, Voting, voice_lab
from sercore.widgets.voice_lab import voice_picture
from sercore.widgets.voting import score_votes


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    return small_predictor(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def lab(predictor):
    return VoiceLab(predictor)


def pixels(png: bytes) -> np.ndarray:
    """Grey values of a picture, [shape=(height, width)]."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)


# the voice


@pytest.mark.parametrize("name", KNOBS)
def test_a_knob_changes_the_sound_and_nothing_else_about_the_voice(name):
    voice, knob = Voice(), KNOBS[name]
    turned = voice.turn(**{name: knob.high})
    assert turned[name] == knob.high
    assert [other for other in KNOBS if turned[other] != voice[other]] == [name]
    wave, same, other = voice.speak()[0], Voice().speak()[0], turned.speak()[0]
    np.testing.assert_array_equal(wave, same)
    assert len(wave) != len(other) or np.abs(wave - other).max() > 1e-3


def test_presets_are_the_emotions_of_the_demo_corpus_in_the_body_that_is_there():
    voice = Voice().body("man").preset("sad")
    assert asdict(voice.prosody) == asdict(synth.EMOTION_PROSODY["sad"])
    assert (voice.f0, voice.tract) == BODIES["man"]


@pytest.mark.parametrize(
    "wrong",
    [lambda v: v.turn(volume=3), lambda v: v["volume"], lambda v: v.preset("bored"), lambda v: v.body("dog")],
)
def test_an_unknown_name_is_answered_with_the_known_ones(wrong):
    with pytest.raises(SercoreError, match=r"no (knob|preset|body) '\w+'; there are: \w+, "):
        wrong(Voice())


def test_knobs_reach_the_limits_of_what_can_be_spoken():
    for name, (low, high) in synth.LIMITS.items():
        if name in KNOBS:
            np.testing.assert_allclose(KNOBS[name].positions()[[0, -1]], [low, high])
    assert {"f0_level", "f0_range", "f0_slope", "rate", "loudness", "tilt", "breathiness", "jitter"} <= set(
        KNOBS
    )


# which knob flips the answer


def length(wave, sr):
    """An answer that depends on the rate alone."""
    return {"long": float(len(wave) / sr > 2.2), "short": float(len(wave) / sr <= 2.2)}


@pytest.mark.parametrize("rate", [3.5, 3.6])  # of two neighbours, one is reached in full strides only
def test_flips_finds_the_nearest_position_at_which_a_known_answer_changes(rate):
    voice = Voice().turn(rate=rate)
    table = flips(voice, length)
    assert table.attrs["answer"] == "long"
    assert table["knob"][0] == "rate"
    assert table["becomes"].tolist() == ["short"] + [""] * (len(KNOBS) - 1)
    assert table["flips_at"][1:].isna().all()
    short = [x for x in KNOBS["rate"].positions() if length(*voice.turn(rate=x).speak())["short"]]
    nearest = min(short, key=lambda x: abs(x - rate))
    assert table["flips_at"][0] == pytest.approx(nearest)
    assert table["change"][0] == pytest.approx(nearest - rate)
    low, high = synth.LIMITS["rate"]
    assert table["share"][0] == pytest.approx((nearest - rate) / (high - low))


@pytest.mark.parametrize(
    ("edges", "expected"), [((-3.0, 1.0), 1.5), ((-1.0, 3.0), -1.5), ((-3.0, 12.5), -3.5)]
)
def test_flips_takes_the_nearer_of_both_directions(edges, expected, monkeypatch):
    """The 'sound' is the knob itself: another answer at and beyond both edges."""
    monkeypatch.setattr(Voice, "speak", lambda voice: (voice["f0_level"], None))
    answer = lambda level, _: {"in": 1.0, "out": 2.0 * (not edges[0] <= level <= edges[1])}  # noqa: E731
    assert flips(Voice(), answer, knobs=["f0_level"])["flips_at"][0] == expected


def test_flips_of_a_model_are_real(predictor):
    voice = Voice().preset("angry")

    def answer(wave, sr):
        return predictor.predict(wave, sr=sr)

    tried = []
    table = flips(voice, answer, knobs=["loudness", "tilt"], progress=tried.append)
    assert tried == ["loudness", "tilt"]
    found = table[table["becomes"] != ""]
    assert len(found)
    for row in found.itertuples():
        proba = answer(*voice.turn(**{row.knob: row.flips_at}).speak())
        assert max(proba, key=proba.get) == row.becomes != table.attrs["answer"]
        back = row.flips_at - np.sign(row.change) * KNOBS[row.knob].step
        proba = answer(*voice.turn(**{row.knob: back}).speak())
        assert max(proba, key=proba.get) == table.attrs["answer"]
    html = flips_html(table)
    assert f"Heard as <b>{table.attrs['answer']}</b>" in html
    assert all(KNOBS[knob].label in html for knob in found["knob"])


# pictures and bars


def test_the_picture_keeps_its_axes_and_shows_loud_high_and_fast():
    voice = Voice()
    plain, loud, high, fast = (
        voice_picture(*v.speak())
        for v in (voice, voice.turn(loudness=15), voice.turn(f0_level=10), voice.turn(rate=6.2))
    )
    assert len({(d.left, d.right, d.start, d.stop) for d in (plain, loud, high, fast)}) == 1
    grey = [pixels(d.png) for d in (plain, loud, high, fast)]
    width, height = 900, 270
    assert all(g.shape == (height, width) for g in grey)
    inside = np.s_[30:220, 80:500]
    assert grey[1][inside].mean() > 1.3 * grey[0][inside].mean()

    def rows_of_pitch(drawn):
        rgb = np.asarray(Image.open(io.BytesIO(drawn.png)).convert("RGB")).astype(int)
        line = (np.abs(rgb - (0, 229, 255)).sum(axis=2) < 60)[30:220]
        return np.nonzero(line)[0].mean()

    assert rows_of_pitch(high) < rows_of_pitch(plain) - 15
    spoken = [(g[30:220, 80:800] < 250).mean() for g in (grey[0], grey[3])]
    assert spoken[1] < 0.85 * spoken[0]


def test_bars_name_every_class_for_screen_readers_and_mark_the_first():
    html = probability_bars({"a<b": 0.7, "sad": 0.3}, before={"a<b": 0.2, "sad": 0.8}, note="x & y")
    assert "a&lt;b 70 percent, sad 30 percent" in html
    assert "a<b" not in html
    assert "x &amp; y" in html
    assert html.count("font-weight:bold") == 1
    assert "left:20.00%" in html
    assert "left:80.00%" in html


def test_a_score_without_an_interval_has_no_whiskers():
    html = score_lines([("few", 50.0, np.nan, np.nan), ("many", 60.0, 55.0, 65.0)], low=50, high=70)
    assert "60.0 [55.0, 65.0]" in html
    assert html.count("[") == 1
    assert html.count("border-radius:50%") == 2
    assert html.count("height:12%") == 1
    assert "left:25.00%;width:50.00%" in html


# the lab


def test_a_slider_moves_voice_picture_sound_and_probabilities(lab, predictor):
    before = lab.player.picture, lab.player.sound
    lab.knobs["rate"].value = 5.5
    assert lab.voice == Voice().turn(rate=5.5)
    assert lab.preset.value is None
    assert lab.player.picture != before[0]
    assert lab.player.sound != before[1]
    wave, sr = lab.voice.speak()
    heard, rate = soundfile.read(io.BytesIO(lab.player.sound))
    assert rate == sr
    np.testing.assert_allclose(heard, wave, atol=1e-4)
    assert lab.proba == predictor.predict(wave, sr=sr)
    assert f"angry {100 * lab.proba['angry']:.0f} percent" in lab.bars.value


def test_a_preset_moves_all_sliders_and_draws_once(lab, monkeypatch):
    calls = []
    monkeypatch.setattr(voice_lab, "voice_picture", lambda *a, **o: calls.append(a) or voice_picture(*a, **o))
    lab.preset.value = "sad"
    assert len(calls) == 1
    assert {name: slider.value for name, slider in lab.knobs.items()} == {
        name: lab.voice[name] for name in KNOBS
    }
    assert lab.voice.prosody == synth.EMOTION_PROSODY["sad"]
    lab.body.value = "man"
    assert (lab.knobs["tract"].value, lab.preset.value) == (BODIES["man"][1], "sad")
    lab.sentence.value = 2
    lab.reset.click()
    assert lab.voice == Voice()
    assert (lab.body.value, lab.sentence.value, lab.preset.value) == ("woman", 0, "neutral")


def test_rounding_in_a_browser_is_no_move(lab):
    lab.preset.value = "angry"
    lab.knobs["jitter"].value += 1e-9
    assert lab.preset.value == "angry"
    lab.knobs["jitter"].value += KNOBS["jitter"].step
    assert lab.preset.value is None


def test_asking_for_flips_shows_a_table_until_a_knob_moves(lab, monkeypatch):
    monkeypatch.setattr(voice_lab, "flips", lambda *a, **o: flips(*a, **o, knobs=["loudness"]))
    lab.preset.value = "angry"
    lab.ask.click()
    assert "Heard as <b>angry</b>" in lab.table.value
    assert not lab.ask.disabled
    assert lab.ask.description == voice_lab.QUESTION
    lab.knobs["rate"].value = 4.0
    assert lab.table.value == ""


def test_without_a_usable_model_the_page_says_why_and_the_voice_still_speaks(tmp_path):
    lab = VoiceLab(tmp_path / "nothing.bundle")
    assert 'role="alert"' in lab.message.value
    assert "no such folder" in lab.message.value
    before = lab.player.sound
    lab.knobs["rate"].value = 6.0
    assert lab.player.sound != before
    assert lab.proba == {}
    assert lab.find_flips() is None


@pytest.mark.parametrize("make", ["lab", "voting", "occluding"])
def test_every_control_has_a_description_and_text_grows(make, predictor):
    makers = {
        "lab": lambda text: VoiceLab(predictor, text=text),
        "voting": lambda text: Voting(MEMBERS, closed=MEMBERS, text=text),
        "occluding": lambda text: Occluding(bundle=predictor, text=text),
    }
    widget = makers[make]("projector")
    assert len(controls(widget)) >= 3
    assert all(control.description for control in controls(widget))
    assert {"sercore-app", "sercore-projector"} <= set(widget._dom_classes)
    if hasattr(widget, "player"):
        assert widget.player.left > 1.2 * makers[make]("normal").player.left  # room for larger font_px


# the default model


@pytest.fixture
def little_demo(tmp_path, monkeypatch):
    """The default model is to be made of few clips, in a data folder of its own."""
    rows = []
    for name in ("F1", "F2", "F3", "M1", "M2", "M3"):
        for emotion in CLASSES:
            stem = f"demo_{name}_{emotion}_1_1"
            soundfile.write(tmp_path / f"{stem}.wav", *demo.render_clip(stem))
            rows.append({"path": str(tmp_path / f"{stem}.wav"), "clip_id": f"demo/{stem}", "corpus": "demo"})
            rows[-1] |= {"speaker": f"demo-{name}", "emotion": emotion, "sentence": "1"}
    monkeypatch.setattr("sercore.corpora.load_index", lambda corpus: pd.DataFrame(rows))
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    yield
    default_model._of_demo.cache_clear()


def test_the_default_model_is_trained_once_kept_and_trained_again_where_it_is_damaged(
    little_demo, monkeypatch
):
    first = default_model.get_predictor()
    assert set(first.classes) == set(CLASSES)
    assert "synthetic voice" in first.about()
    assert "on 24 clips left out by split speaker" in first.about()
    default_model._of_demo.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(default_model, "_train", lambda path: pytest.fail("it was kept"))
        assert default_model.get_predictor().digest == first.digest
    next(default_model.demo_bundle().glob("*/model.skops")).write_bytes(b"damaged")
    default_model._of_demo.cache_clear()
    again = default_model.get_predictor()
    wave, sr = Voice().speak()
    assert again.predict(wave, sr=sr) == pytest.approx(first.predict(wave, sr=sr), abs=1e-6)


def test_any_bundle_may_answer(predictor, tmp_path):
    assert default_model.get_predictor(predictor) is predictor
    with pytest.raises(BundleError, match="no such folder"):
        default_model.get_predictor(tmp_path / "none")


# the ensemble

MEMBERS = synthetic(200, 4, 3)


def test_scores_of_votes_are_those_of_the_evaluation():
    weights = {"model00": 0.2, "model01": 1.0, "model02": 0.0}
    equal = dict.fromkeys(weights, 1.0)
    found = score_votes(MEMBERS, {"mine": weights, "equal": equal})
    tables = [ensemble.soft_vote(MEMBERS, w) for w in (weights, equal)]
    for name, table in zip(found.index, tables, strict=True):
        scores = evaluation.evaluate_oof(table)
        expected = [scores[key] for key in ("ua", "ua_low", "ua_high")]
        np.testing.assert_allclose(found.loc[name, ["ua", "low", "high"]].astype(float), expected)
    apart = evaluation.compare_oof(*tables)
    columns = ["difference", "difference_low", "difference_high"]
    expected = [apart[key] for key in ("difference", "low", "high")]
    np.testing.assert_allclose(found.loc["mine", columns].astype(float), expected, atol=1e-12)
    assert abs(expected[0]) > 0.01


def test_sliders_move_shares_and_score():
    voting = Voting(MEMBERS)
    assert voting.scores["difference"]["these weights"] == 0
    voting.sliders["model00"].value = 0.0
    assert "model00 0 percent, model01 50 percent, model02 50 percent" in voting.shares.value
    expected = evaluation.evaluate_oof(ensemble.soft_vote(MEMBERS, voting.weights))["ua"]
    assert voting.scores["ua"]["these weights"] == pytest.approx(expected)
    assert f"these weights {100 * expected:.1f}" in voting.lines.value
    assert "200 clips of 10 speakers, split speaker, seeds 1" in voting.message.value


def test_weights_of_nothing_are_refused_in_the_page_and_the_widget_lives_on():
    voting = Voting(MEMBERS)
    voting.put({})
    assert 'role="alert"' in voting.message.value
    assert "nobody votes" in voting.message.value
    voting.buttons["best"].click()
    assert 'role="alert"' not in voting.message.value
    best = ensemble.best_single(MEMBERS, "ua").weights.idxmax()
    assert voting.weights == {name: float(name == best) for name in MEMBERS.names}


def test_climbing_never_scores_less_on_the_people_it_climbs_on():
    voting = Voting(MEMBERS)
    before = voting.scores["ua"]["these weights"]
    voting.buttons["climb"].click()
    assert voting.scores["ua"]["these weights"] >= before
    assert max(voting.weights.values()) == pytest.approx(1.0, abs=0.05)


def test_closed_speakers_are_shown_on_demand_and_looks_are_counted():
    closed = (MEMBERS.rows["fold"] == "fold-1").to_numpy()
    voting = Voting(MEMBERS.take(~closed), closed=MEMBERS.take(closed))
    assert "closed" not in voting.lines.value
    voting.buttons["open"].click()
    expected = score_votes(voting.closed, {"equal": dict.fromkeys(MEMBERS.names, 1.0)})["ua"]["equal"]
    assert f"closed: these weights {100 * expected:.1f}" in voting.lines.value
    assert "opened 1×" in voting.message.value
    voting.sliders["model01"].value = 0.5
    assert "closed" not in voting.lines.value
    voting.buttons["open"].click()
    assert "opened 2×" in voting.message.value
    assert "open" not in Voting(MEMBERS).buttons


def test_of_many_members_the_ten_best_alone_get_a_slider():
    many = synthetic(200, 4, 13)
    alone = ensemble.Fitness(many, "ua")(np.eye(13))
    dropped = sorted(np.argsort(-alone, kind="stable")[10:])
    expected = [name for k, name in enumerate(many.names) if k not in dropped]
    assert list(Voting(many).sliders) == expected


# occlusion


def test_a_cover_is_a_box_of_frames_and_bands_or_all_but_it():
    mask = OcclusionBox(0.02, 0.04, 3, 5).mask(10)
    expected = np.zeros((10, 64), bool)
    expected[2:5, 3:6] = True  # steps of 10 ms
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_array_equal(OcclusionBox(0.02, 0.04, 3, 5, keep=True).mask(10), ~expected)


def test_a_model_hears_what_is_left_of_the_sound(predictor):
    wave, sr = Voice().preset("angry").speak()
    answer, n_frames = predict_masked(predictor, wave), 1 + len(wave) // 160
    nothing = answer(np.zeros((n_frames, 64), bool))
    np.testing.assert_allclose(nothing, predictor.proba(predictor.waves(wave, sr=sr)), atol=1e-3)
    assert np.abs(answer(OcclusionBox(0, 9, 0, 20).mask(n_frames)) - nothing).max() > 0.05


def test_sliders_cover_the_picture_and_the_sound_and_ask_again(predictor):
    widget = Occluding(bundle=predictor)
    whole = features.prepare(Voice().preset("angry").speak()[0], widget.recipe)
    np.testing.assert_array_equal(widget.wave, whole)
    widget.time.value, before = (0.5, 1.0), widget.player.picture
    heard = soundfile.read(io.BytesIO(widget.player.sound))[0]
    assert np.abs(heard[9000:15000]).max() < 0.02 * np.abs(whole[9000:15000]).max()
    np.testing.assert_allclose(heard[:7000], whole[:7000], atol=1e-3)
    said = widget.proba
    widget.bands.value = (0, 20)
    assert widget.cover == OcclusionBox(0.5, 1.0, 0, 20)
    assert widget.player.picture != before
    widget.mode.value = True
    assert widget.cover.keep
    assert widget.proba != said


def test_covering_everything_is_said_and_survived(predictor):
    widget = Occluding(bundle=predictor)
    widget.time.value = (0.0, widget.time.max)
    assert 'role="alert"' in widget.message.value
    assert "silent" in widget.message.value
    widget.time.value = (0.0, 0.2)
    assert 'role="alert"' not in widget.message.value
    assert "percent" in widget.bars.value


def test_a_model_of_ones_own_is_asked_with_the_mask():
    asked = []

    def answer(mask):
        asked.append(mask)
        return np.array([mask.mean(), 1 - mask.mean()])

    recipe = features.Recipe(n_mels=40, hop_length=320, descriptors=("log_mel",))
    wave = Voice().speak()[0]
    widget = Occluding(wave, answer, classes=("gone", "left"), recipe=recipe, title="mine")
    n_frames = 1 + len(features.prepare(wave, recipe)) // 320
    assert {mask.shape for mask in asked} == {(n_frames, 40)}
    assert widget.whole == {"gone": 0.0, "left": 1.0}
    widget.mode.value = True
    assert widget.proba["gone"] == pytest.approx(asked[-1].mean())
    assert 0.5 < widget.proba["gone"] < 0.8


@pytest.mark.parametrize("make", [VoiceLab, Occluding])
def test_pictures_are_as_wide_as_the_page_shows_them_and_the_sound_plays_on(make, predictor):
    widget = make(bundle=predictor)
    widget.player.position = 1.0
    widget.player.width = 777
    assert pixels(widget.player.picture).shape[1] == 777
    assert widget.player.position == 1.0


def test_an_unknown_text_size_is_answered_with_the_known_ones(predictor):
    with pytest.raises(SercoreError, match="text='huge': sizes are normal, "):
        VoiceLab(predictor, text="huge")
