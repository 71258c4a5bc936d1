"""How published predictions are stored, and how tables state what computed them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from sercore.course import predictions, published, readme
from sercore.course.predictions import MADE_WITH, NOTE, OLDER, read_predictions, write_predictions
from sercore.errors import SercoreError, StoreError
from sercore.training.jobs import VERSION

CLASSES = ["angry", "happy", "sad"]


def make_oof(rng, model="logistic", n=400, **columns):
    """Very sure predictions: the smallest probabilities are far below 1e-4."""
    logits = rng.normal(0, 8, (n, 3))
    proba = np.exp(logits - logits.max(axis=1, keepdims=True))
    proba /= proba.sum(axis=1, keepdims=True)
    keys = {
        "clip_id": [f"toy/{k:03}" for k in range(n)], "speaker": [f"toy-{k % 8}" for k in range(n)],
        "label": rng.choice(CLASSES, n), "model": model, "split": "speaker", "fold": "1", "seed": 0,
    }  # fmt: skip
    costs = {"train_seconds": 1.23456, "ms_per_clip": 0.1, "parameters": np.nan}
    table = pd.DataFrame(keys).assign(**dict(zip([f"p_{name}" for name in CLASSES], proba.T, strict=True)))
    return table.assign(**costs, **columns)


def now(**columns):
    return {"folds_version": str(VERSION), "packages": "scikit-learn 1", "recipe": "abc"} | columns


def proba_of(oof):
    return oof[[f"p_{name}" for name in CLASSES]].to_numpy(float)


def test_stored_probabilities_keep_log_loss_and_classes(rng, tmp_path):
    oof, path = make_oof(rng, **now()), tmp_path / "x.parquet"
    write_predictions(oof, path)
    stored, exact = proba_of(read_predictions(path)), proba_of(oof)
    assert exact.min() < 1e-12
    np.testing.assert_allclose(stored, exact, rtol=2e-5, atol=0)
    np.testing.assert_array_equal(stored.argmax(axis=1), exact.argmax(axis=1))
    y = oof["label"].map(CLASSES.index)
    assert log_loss(y, stored / stored.sum(1, keepdims=True)) == pytest.approx(log_loss(y, exact), abs=2e-5)
    rounded = np.round(exact, 4)
    assert abs(log_loss(y, rounded / rounded.sum(1, keepdims=True)) - log_loss(y, exact)) > 1, "the old way"
    assert path.stat().st_size < 3.6 * exact.size + 9000


def test_near_ties_keep_their_class():
    first, second = np.float32(0.5), np.nextafter(np.float32(0.5), np.float32(0))
    proba = np.array([[second, first], [first, second], [0.25, 0.75]], dtype=np.float32)
    kept = predictions.stored_precision(proba)
    np.testing.assert_array_equal(kept.argmax(axis=1), [1, 0, 1])


def test_rows_without_a_version_are_unknown(rng, tmp_path):
    path = tmp_path / "x.parquet"
    write_predictions(make_oof(rng, recipe="abc"), path)
    oof = pd.read_parquet(path)
    assert set(oof["folds_version"]) == set(oof["packages"]) == {OLDER}
    assert set(oof["recipe"]) == {OLDER}
    before = tmp_path / "before.parquet"
    make_oof(rng).to_parquet(before)
    assert set(read_predictions(before)["folds_version"]) == {OLDER}


def test_other_models_remain_in_the_file(rng, tmp_path):
    path = tmp_path / "x.parquet"
    old = pd.concat([make_oof(rng, model) for model in ("dummy", "mlp", "lstm")], ignore_index=True)
    write_predictions(old, path)
    write_predictions(make_oof(rng, "mlp", **now()), path, keep=True)
    oof = read_predictions(path)
    assert predictions.versions(oof).to_dict() == {"dummy": OLDER, "mlp": str(VERSION), "lstm": OLDER}
    assert oof["model"].unique().tolist() == ["dummy", "mlp", "lstm"]
    assert oof.groupby("model").size().tolist() == [400, 400, 400]
    np.testing.assert_array_equal(
        proba_of(oof[oof["model"] == "lstm"]), proba_of(old[old["model"] == "lstm"]).astype(np.float32)
    )
    write_predictions(make_oof(rng, "new"), path, keep=True, order=["dummy", "new", "mlp"])
    assert read_predictions(path)["model"].unique().tolist() == ["dummy", "new", "mlp", "lstm"]
    write_predictions(make_oof(rng, "mlp", **now()), path)
    assert set(read_predictions(path)["model"]) == {"mlp"}


def test_files_without_a_version_are_marked_as_older(rng, tmp_path):
    make_oof(rng).to_parquet(tmp_path / "a.parquet")
    write_predictions(make_oof(rng, **now()), tmp_path / "b.parquet")
    before = pd.read_parquet(tmp_path / "a.parquet")
    assert predictions.state_unknown(tmp_path) == [tmp_path / "a.parquet"]
    assert predictions.state_unknown(tmp_path) == []
    after = pd.read_parquet(tmp_path / "a.parquet")
    assert set(after["folds_version"]) == {OLDER}
    np.testing.assert_array_equal(proba_of(after), proba_of(before).astype(np.float32))
    assert set(pd.read_parquet(tmp_path / "b.parquet")["folds_version"]) == {str(VERSION)}


def test_folder_that_cannot_be_written(rng, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        write_predictions(make_oof(rng), tmp_path / "file" / "x.parquet")


def test_older_rows_have_no_zeros_in_their_log_loss(rng):
    oof = make_oof(rng)
    columns = [f"p_{name}" for name in CLASSES]
    oof[columns] = np.round(oof[columns], 4)
    older = predictions.raise_rounded(oof.assign(folds_version=OLDER))
    assert proba_of(older).min() == predictions.ROUNDED
    newer = predictions.raise_rounded(oof.assign(folds_version=str(VERSION)))
    assert proba_of(newer).min() == 0


# tables


def test_published_rows_state_what_computed_them():
    for path in (published.oof_folder() / f"{name}.parquet" for name in published.CAMPAIGNS):
        oof = pd.read_parquet(path)
        assert set(MADE_WITH) <= set(oof.columns), f"{path.name}: run sercore results --readme"
        known = oof["folds_version"] != OLDER
        assert (oof["packages"] != OLDER).equals(known), path.name
        assert oof.loc[known, "folds_version"].str.fullmatch("[0-9]+").all(), path.name
        assert oof.loc[known, "recipe"].str.fullmatch("[0-9a-f]{12}").all(), path.name
        assert oof.loc[known, "packages"].str.contains("scikit-learn").all(), path.name


def test_published_files_are_small():
    assert sum(path.stat().st_size for path in published.oof_folder().iterdir()) < 9e6


def test_tables_of_several_versions_without_a_mark_are_refused():
    today = str(VERSION)
    assert predictions.mark("| 1 |", [today, today]) == "| 1 |"
    with pytest.raises(SercoreError, match=rf"1 models .*another version .*\({OLDER}\) and marks none"):
        predictions.mark("| 1 |\n| 2 |", [today, OLDER])
    with pytest.raises(SercoreError, match="marks none"):
        predictions.mark("| 1 |", [str(VERSION - 1)])
    marked = predictions.mark(f"| 1 |\n| 2{predictions.dagger(OLDER)} |", [today, OLDER])
    assert marked.endswith(f"| 2 † |\n\n{NOTE}")


@pytest.fixture
def fake_table(monkeypatch):
    """Result tables without computing any: every score is 50 %, and the ``mlp`` is older."""

    def table(name):
        campaign = published.CAMPAIGNS[name]
        models = list(campaign.systems)
        rows = pd.DataFrame({"model": models, "corpus": campaign.corpus, "split": campaign.split})
        scores = dict.fromkeys(("ua", "ua_low", "ua_high", "ua_sd", "wa", "macro_f1"), 0.5)
        costs = dict.fromkeys(("parameters", "train_seconds", "ms_per_clip"), 1.0)
        version = np.where(rows["model"].str.startswith("mlp"), OLDER, str(VERSION))
        return rows.assign(**scores, **costs, n_clips=8, n_speakers=2, folds_version=version)

    monkeypatch.setattr(published, "table", table)
    monkeypatch.setattr(readme, "_n_classes", lambda name: 8)
    monkeypatch.setattr(readme, "_ours_minus", lambda name: "+1.0")


def test_older_rows_are_marked_in_their_cells(fake_table):
    *lines, empty, note = readme.networks_markdown().splitlines()
    assert (empty, note) == ("", NOTE)
    marked = [line for line in lines if "†" in line]
    assert len(marked) == 1
    assert marked[0].startswith("| `mlp` ")
    assert marked[0].count("†") == 4, "new speakers, averaged, speaker-normalised, random"
    *lines, empty, note = readme.results_markdown().splitlines()
    assert note == NOTE
    for line in lines[2:]:
        cells = line.strip("| ").split(" | ")
        assert ["†" in cell for cell in cells] == [False] * (len(cells) - 1) + [True], line


def test_tables_of_one_version_have_no_mark(fake_table):
    table = readme.opensmile_markdown()
    assert "†" not in table
    assert table.count("50.0 ± 50.0 [50.0, 50.0]") == 18


@pytest.mark.parametrize("write", [readme.results_markdown, readme.networks_markdown])
def test_a_mark_that_is_forgotten_is_refused(write, fake_table, monkeypatch):
    monkeypatch.setattr(readme, "dagger", lambda version: "")
    with pytest.raises(SercoreError, match="marks none"):
        write()


# the published numbers are what this code computes

_RETRAINED = [
    # campaign, model, largest difference of a probability; networks depend on the number of threads, and
    # optimisers stop early enough for the rounding of features, which are equal to 1e-5, to be seen
    ("emo_db-loso", "logistic", 0.01),
    ("emo_db-loso", "rbf_svc", 1e-3),
    ("emo_db-loso", "lda", 1e-3),
    ("emo_db-loso", "sklearn_mlp", 0.01),
    ("emo_db-loso", "mlp", 0.02),
    ("emo_db-loso-speaker-norm", "logistic", 0.01),
    ("emo_db-loso-nested", "logistic_nested", 0.03),
    ("emo_db-loso-egemaps", "logistic_nested", 0.03),
]


@pytest.fixture(scope="module")
def one_folder(tmp_path_factory):
    """Features of EMO-DB are extracted once for all models."""
    return tmp_path_factory.mktemp("features")


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize(("name", "model", "tolerance"), _RETRAINED)
def test_first_fold_trained_again(name, model, tolerance, real_corpora, one_folder, monkeypatch):
    from sercore.training import folds, out_of_fold

    campaign = published.CAMPAIGNS[name]
    if campaign.opensmile:
        pytest.importorskip("opensmile", reason="needs the extra opensmile (non-commercial licence)")
    monkeypatch.setenv("SERCORE_DATA", str(one_folder))
    index, X, augmented, classes = published._features(campaign, model, None, 1)
    first = folds.make_folds(index, campaign.split, seed=0)[0]
    monkeypatch.setattr(folds, "make_folds", lambda *args, **options: [first])
    again = out_of_fold(
        index, X, classes, model=model, fit_params=campaign.fit_params, augmented=augmented,
        split=campaign.split, seeds=(0,), progress=False,
    )  # fmt: skip
    kept = published.load(name)
    kept = kept[(kept["model"] == model) & (kept["seed"] == 0) & (kept["fold"] == first.name)]
    assert set(kept["folds_version"]) == {str(VERSION)}, "measure again: sercore results --measure"
    columns = [f"p_{label}" for label in classes]
    assert len(again) == len(kept) > 40
    before = kept.set_index("clip_id").loc[again["clip_id"], columns].to_numpy(float)
    np.testing.assert_allclose(again[columns].to_numpy(), before, atol=tolerance)
