"""The models of the package, and bundles of several corpora."""

import json
import re
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile
from toys import bundles as small
from toys.several import several_corpora

from sercore import features, synth
from sercore.audio.sounds import render_sound
from sercore.bundle import Predictor, digest, model_note, scores, shipped_bundle, speech_predictor
from sercore.bundle.defaults import SYNTHETIC_WARNING
from sercore.bundle.folder import MANIFEST
from sercore.bundle.model_card import corpora_text
from sercore.bundle.scores import corpus_scores, left_out_corpora, predict_folds
from sercore.bundle.shipping import CARD, FOLDER, MODELS, TRAINING, bundle_path
from sercore.bundle.training import _choose, fit_detector, train
from sercore.cli import main
from sercore.course import clone
from sercore.errors import BundleError
from sercore.evaluation import NoveltyDetector

MB = 1_000_000


def manifest(name):
    return json.loads((FOLDER / name / MANIFEST).read_text())


@pytest.fixture(scope="module")
def predictor():
    return Predictor.load(shipped_bundle())


@pytest.fixture
def voice(tmp_path):
    wave, sr = synth.Voice().speak()
    soundfile.write(tmp_path / "my.wav", wave, sr)
    return tmp_path / "my.wav"


def test_folder_contains_bundles_card_and_licence_and_no_audio():
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    listed = {f"{name}/{file}" for name in MODELS for file in [*manifest(name)["files"], MANIFEST]}
    assert files == listed | {CARD, "LICENSE.weights"}
    assert {file.rsplit(".", 1)[1] for file in listed} == {"json", "npz"}
    for name in MODELS:
        assert sum(path.stat().st_size for path in (FOLDER / name).rglob("*.*")) < 3 * MB


@pytest.mark.parametrize("name", MODELS)
def test_card_has_the_digest_and_the_scores_of_the_bundle(name):
    card, found = (FOLDER / CARD).read_text(encoding="utf-8"), manifest(name)
    assert f"`{name}/bundle.json`: `{digest(FOLDER / name)}`" in card
    rows = found["evaluation"]["corpora"]
    table = corpora_text(type("", (), {"evaluation": found["evaluation"]}))
    assert table in card
    assert {row["test"] for row in rows} == {"ravdess", "emo_db", "tess"}
    assert {corpus["name"] for corpus in found["training"]["corpora"]} == {"ravdess", "emo_db"}
    assert found["training"]["held_out"] == {"temperature": "corpora", "rejection": "corpora"}
    assert found["training"]["augmentation"] == TRAINING["augment"]


def test_default_is_best_without_clips_of_the_speaker():
    """The choice in ``shipping.DEFAULT``, made between the training corpora, without TESS."""

    def mean_ua(name):
        rows = manifest(name)["evaluation"]["corpora"]
        return np.mean(
            [r["ua"] for r in rows if r["clips"] == 0 and r["test"] != "tess" and "+" not in r["train"]]
        )

    assert shipped_bundle().name == max(MODELS, key=mean_ua)


def test_package_data_and_licence():
    project = tomllib.loads((clone.repository() / "pyproject.toml").read_text())
    assert "shipped/**/*" in project["tool"]["setuptools"]["package-data"]["sercore.bundle"]
    assert "sercore/bundle/shipped/LICENSE.weights" in project["project"]["license-files"]
    licence = (FOLDER / "LICENSE.weights").read_text()
    assert "CC BY-NC-SA 4.0" in licence
    assert "EMO-DB" in licence


def test_default_model_answers_for_voices_only(predictor, voice):
    assert predictor.classes == ("neutral", "happy", "sad", "angry")
    assert sum(predictor.predict(voice).values()) == pytest.approx(1)
    assert predictor.assess(render_sound("white_noise")).rejected == "not speech"


def test_level_does_not_change_the_answer(predictor, voice):
    wave = predictor.waves(voice)[predictor.sr]
    loud, soft = (np.array(list(predictor.predict(gain * wave).values())) for gain in (1.0, 0.05))
    np.testing.assert_allclose(loud, soft, atol=0.01)


def test_speech_predictor_is_the_shipped_one(predictor):
    found = speech_predictor()
    assert found.digest == predictor.digest
    assert speech_predictor(predictor) is predictor
    note = model_note(found)
    assert SYNTHETIC_WARNING not in note
    assert "RAVDESS" in note
    assert re.search(r"UA on corpora left out of training: .*tess \d\d\.\d % \(chance 25 %\)\.\n", note)
    assert max(map(len, note.splitlines())) <= 100


def test_bundle_by_name(tmp_path, monkeypatch):
    assert bundle_path(None) == bundle_path("table") == FOLDER / "table"
    assert bundle_path("other") == "other"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table").mkdir()
    assert bundle_path("table") == "table"
    with pytest.raises(BundleError, match="no model named 'other'; there are: table"):
        shipped_bundle("other")


def test_predict_without_bundle(voice, capsys):
    assert main(["predict", str(voice)]) == 0
    shown = capsys.readouterr()
    assert re.search(r"Trained on .*RAVDESS \(CC BY-NC-SA 4.0\); not for commercial use", shown.err)
    assert re.search(r"left out of training: .*tess \d\d", shown.err)
    assert "Also trained on augmented versions of their clips (places)." in shown.err
    assert "(chance 25 %)" in shown.err
    assert "Add --speaker-norm all" in shown.err
    assert re.search(r"UA with 10 clips of the speaker: .*tess \d\d", shown.err)
    assert max(map(len, shown.err.splitlines())) <= 100
    assert "neutral" in shown.out


def test_json_is_not_explained(voice, capsys):
    assert main(["predict", str(voice), "--json"]) == 0
    shown = capsys.readouterr()
    assert not shown.err
    row = json.loads(shown.out)
    assert set(row) == {"file", "label", "confidence", "proba", "rejected"}


def test_known_speaker_gets_no_advice(voice, capsys):
    assert main(["predict", str(voice), "--speaker-norm", "all"]) == 0
    assert "--speaker-norm" not in capsys.readouterr().err


def test_report_on_a_model_of_the_package_goes_to_the_current_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["report", "table", "--clips", "0"]) == 0
    assert {path.name for path in tmp_path.iterdir()} >= {"table-card.md", "table-card.html"}
    assert "UA on corpora left out of training" in (tmp_path / "table-card.md").read_text()


def test_prediction_imports_no_heavy_library(voice):
    code = (
        "import sys; from sercore.cli import main; main(['predict', sys.argv[1]])\n"
        "heavy = ('tensorflow', 'keras', 'sklearn', 'librosa', 'matplotlib', 'onnxruntime')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(voice)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.pretrained
def test_bundle_with_whisper(voice):
    predictor = speech_predictor("table+whisper")
    assert predictor.for_speaker([voice]).voice.n_clips == 1
    assert sum(predictor.predict(voice).values()) == pytest.approx(1)


def in_two_corpora(rng):
    """Index and table of two corpora that lie far apart."""
    index, X = several_corpora(rng, sizes=(("a", 4), ("b", 4)), shift=8.0)
    return index, X


def test_limit_from_left_out_corpora_accepts_other_corpora(rng):
    index, X = in_two_corpora(rng)
    several, one = fit_detector(index, X), NoveltyDetector.fit(X, index["speaker"])
    assert several.threshold > 2 * one.threshold
    only = index["corpus"] == "a"
    alone = fit_detector(index[only], X[only])
    assert alone.is_novel(X[~only]).mean() > 0.9 > several.is_novel(X[~only]).mean()


def test_relative_limit_grows_with_the_fitted_corpora(rng):
    """Rows of a third corpus are not farther from two than those of the second are from the first."""
    index, X = several_corpora(rng, sizes=(("a", 6), ("b", 6), ("c", 6)), shift=8.0)
    two = (index["corpus"] != "c").to_numpy()
    plain, relative = (
        NoveltyDetector.fit(X[two], index["corpus"][two], relative=relative) for relative in (False, True)
    )
    assert relative.threshold != plain.threshold
    inner = NoveltyDetector.fit(10 * X[two], index["corpus"][two], relative=True)
    np.testing.assert_allclose(inner.threshold, relative.threshold, rtol=1e-6)


def test_strangers_are_predicted_without_their_corpus(rng):
    index, X = in_two_corpora(rng)
    classes = tuple(dict.fromkeys(index["label"]))
    choice = _choose("logistic_nested@level_free", None)
    oof = predict_folds(
        index, {"level_free": X}, classes, [choice], left_out_corpora(index), speaker_norm=True, clips=(0, 5)
    )
    assert set(zip(oof["train"], oof["test"], strict=True)) == {("a", "b"), ("b", "a")}
    assert oof.groupby(["test", "clips"])["seed"].nunique().to_dict() == {
        ("a", 0): 1, ("a", 5): 5, ("b", 0): 1, ("b", 5): 5,
    }  # fmt: skip
    scores = pd.DataFrame(corpus_scores(oof, 2.0)).pivot(index="test", columns="clips", values="ua")
    assert (scores[5] > scores[0]).all()


def test_a_clip_is_not_among_those_that_normalise_it(rng, monkeypatch):
    index, X = in_two_corpora(rng)
    X, heard = np.column_stack([np.arange(len(index)), X]), []  # the first column is the clip

    class Heard(scores.Voice):
        def __init__(self, training):
            super().__init__(training)
            self.clips = []

        def add(self, features):
            self.clips.append(int(features[""][0]))
            super().add(features)

        def normalise(self, key, clip):
            heard.append((int(clip[0]), self.clips))
            return super().normalise(key, clip)

    monkeypatch.setattr(scores, "Voice", Heard)
    folds = left_out_corpora(index)
    classes, choice = tuple(dict.fromkeys(index["label"])), _choose("lda@level_free", None)
    predict_folds(index, {"level_free": X}, classes, [choice], folds, speaker_norm=True, clips=(5,))
    assert len(heard) == scores.REPEATS * len(index)
    speakers = index["speaker"].to_numpy()
    for clip, others in heard:
        assert len(others) == 5
        assert clip not in others
        assert set(speakers[others]) == {speakers[clip]}
    most = scores._most_clips(index, folds)
    few = [
        {"speaker_norm": True, "clips": (0, count)} for count in (min(most.values()), max(most.values()) + 1)
    ]
    made = [predict_folds(index, {"level_free": X}, classes, [choice], folds, **each) for each in few]
    assert [sorted(set(part["clips"])) for part in made] == [[0, min(most.values())], [0]]


@pytest.fixture
def two_corpora(tmp_path, monkeypatch):
    """``a`` and ``b``, the same clips with other names, the second one of another room."""
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    index = small.write_corpus(tmp_path / "clips")
    parts = {
        name: index.assign(
            corpus="demo" if name == "a" else "folder", speaker=f"{name}-" + index["speaker"],
            clip_id=f"{name}/" + index["clip_id"],
        )
        for name in "ab"
    }  # fmt: skip
    for row in parts["b"].itertuples():
        wave, sr = soundfile.read(row.path)
        path = row.path.replace(".wav", "-b.wav")
        soundfile.write(path, 0.3 * np.convolve(wave, [1, 0.9, 0.7])[: wave.size], sr, subtype="FLOAT")
        parts["b"].loc[row.Index, "path"] = path
    both = pd.concat(parts.values(), ignore_index=True).drop(columns="label")
    pick = {"demo+folder": both, "demo": both[both["corpus"] == "demo"].reset_index(drop=True),
            "folder": both[both["corpus"] == "folder"].reset_index(drop=True)}  # fmt: skip
    monkeypatch.setattr("sercore.bundle.training.load_index", lambda name, root=None: pick[name])
    monkeypatch.setattr("sercore.bundle.training.RECIPES", {"table": small.SMALL, "frames": small.FRAMES})
    return tmp_path


def test_bundle_of_two_corpora_is_calibrated_on_the_left_out_ones(two_corpora):
    out = two_corpora / "b.bundle"
    train("demo+folder", ["logistic_nested"], out, n_folds=2, speaker_norm=True, progress=False)
    found = Predictor.load(out)
    assert found.manifest.training["held_out"] == {"temperature": "corpora", "rejection": "corpora"}
    assert [(row["train"], row["test"]) for row in found.strangers()] == [
        ("folder", "demo"),
        ("demo", "folder"),
    ]
    assert {row["rejected"] for row in found.strangers()} <= {0.0, *np.arange(25) / 24}
    assert not found.one_corpus
    assert "calibrated on left-out corpora, limit of rejection on left-out corpora." in found.about()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("corpus", "test", "speaker_norm"), [("demo", ["folder"], True), ("demo+folder", [], False)]
)
def test_only_training_clips_are_augmented(two_corpora, monkeypatch, corpus, test, speaker_norm):
    """A clip whose version cannot be used stands for it, and test clips are the same with and without."""
    made = []

    def extract(index, *args, augmentation=None, **options):
        table = features.extract_table(index, *args, augmentation=augmentation, **options)
        if augmentation is None:
            return table
        made.append(set(index["corpus"]))
        return SimpleNamespace(index=table.index.iloc[1:], X=table.X[1:])

    monkeypatch.setattr("sercore.bundle.training.extract_table", extract)
    options = {"n_folds": 2, "test": test, "speaker_norm": speaker_norm, "progress": False}
    plain = train(corpus, "lda", two_corpora / "plain", **options)
    table = train(corpus, "lda", two_corpora / "b", augment="places", **options)
    assert made == [set(corpus.split("+"))] * 4
    assert table["n_clips"].tolist() == plain["n_clips"].tolist()
    proba = [Predictor.load(two_corpora / name).predict(small.clip(1)) for name in ("plain", "b")]
    assert proba[0] != proba[1]
    found = [Predictor.load(two_corpora / name).strangers() for name in ("plain", "b")]
    assert [row["n_clips"] for row in found[0]] == [row["n_clips"] for row in found[1]]


def test_bundle_of_one_corpus_is_tested_on_another_and_says_what_to_do(two_corpora, capsys):
    out = two_corpora / "b.bundle"
    train("demo", ["logistic_nested"], out, n_folds=2, test=["folder"], progress=False)
    found = Predictor.load(out)
    assert found.manifest.training["held_out"] == {"temperature": "speakers", "rejection": "speakers"}
    assert [row["test"] for row in found.strangers()] == ["folder"]
    assert found.one_corpus
    wave, sr = synth.Voice().speak()
    soundfile.write(two_corpora / "v.wav", np.tanh(30 * wave), sr, subtype="FLOAT")
    main(["predict", "--bundle", str(out), str(two_corpora / "v.wav")])
    shown = capsys.readouterr()
    assert "unlike the voices" in shown.out
    assert "trained on one corpus only" in shown.err


@pytest.mark.parametrize("split", ["random", "corpus"])
def test_bundle_of_two_corpora_with_other_splits(two_corpora, split):
    out = two_corpora / "b.bundle"
    train("demo+folder", ["lda"], out, split=split, progress=False)
    scores = Predictor.load(out).manifest.evaluation["corpora"]
    assert [(row["train"], row["test"]) for row in scores] == [("folder", "demo"), ("demo", "folder")]


def test_bundle_of_two_corpora_one_with_a_single_speaker(two_corpora, monkeypatch):
    from sercore.bundle import training

    load = training.load_index

    def of_one(name, root=None):
        index = load(name, root)
        own = index["corpus"] == "folder"
        return index.assign(speaker=index["speaker"].mask(own, "b-one"))

    monkeypatch.setattr(training, "load_index", of_one)
    out = two_corpora / "b.bundle"
    train("demo+folder", ["lda"], out, split="loso", progress=False)
    scores = Predictor.load(out).manifest.evaluation["corpora"]
    pairs = [(row["train"], row["test"]) for row in scores]
    assert ("folder", "demo") in pairs
    assert ("demo", "folder") in pairs
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("name", ["demo", "DEMO"])
def test_tested_corpus_must_not_be_trained_on(two_corpora, name):
    with pytest.raises(BundleError, match="demo: in training and in --test"):
        train("demo+folder", ["lda"], two_corpora / "x", test=[name], progress=False)
