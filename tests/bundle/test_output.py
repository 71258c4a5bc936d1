"""``sercore predict --out``: one table of many recordings, continued after an interruption."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import soundfile
from toys import bundles as small

from sercore.bundle import Windows, output, parts, predict_files, write_predictions
from sercore.cli import main
from sercore.errors import BundleError, CorpusError, SercoreError


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Parts of four recordings, row groups of seven rows, rows in memory: three."""
    monkeypatch.setattr(parts, "PART_RECORDINGS", 4)
    monkeypatch.setattr(parts, "_GROUP_ROWS", 7)
    monkeypatch.setattr(parts, "_WRITE_ROWS", 3)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Eighteen recordings, of which one is silent and one is not audio."""
    folder = tmp_path_factory.mktemp("clips")
    for number in range(18):
        soundfile.write(folder / f"{number:02d}.wav", small.clip(number), small.SR)
    soundfile.write(folder / "05.wav", np.zeros(small.SR), small.SR)
    (folder / "11.wav").write_bytes(b"RIFF")
    return folder


def write(bundle, names, out, **options):
    return write_predictions(bundle, names, out, **{"n_jobs": 1, "progress": False} | options)


def expected_rows(bundle, files, **options):
    return [row for rows in predict_files(bundle, files, n_jobs=1, progress=False, **options) for row in rows]


def test_rows_are_those_of_predict_files(bundle, clips, tmp_path):
    written = write(bundle, [clips], tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet")
    expected = expected_rows(bundle, sorted(clips.iterdir()))
    assert table["file"].tolist() == [row["file"] for row in expected]
    for column in ("label", "confidence", "rejected", "error", "message"):
        assert table[column].astype(object).where(table[column].notna(), None).tolist() == [
            row.get(column) for row in expected
        ]
    for name in small.CLASSES:
        np.testing.assert_array_equal(
            table[f"proba_{name}"], [row.get("proba", {}).get(name, np.nan) for row in expected]
        )
    assert (written.n_recordings, written.n_rows) == (18, 18)
    assert written.skipped == {"silent": 1, "not-audio": 1}
    assert "18 rows of 18 recordings, 2 skipped (not-audio 1, silent 1)" in str(written)
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("windows", [None, Windows(0.5, 0.25)], ids=["whole", "windows"])
def test_interrupted_run_continues_and_gives_the_same_bytes(
    bundle, clips, tmp_path, monkeypatch, suffix, windows
):
    whole, broken = tmp_path / f"whole{suffix}", tmp_path / f"broken{suffix}"
    write(bundle, [clips], whole, windows=windows)
    predicted, rows_of = [], output._clip_rows

    def interrupted(predictor, path, *rest):
        predicted.append(path.name)
        if len(predicted) == 10:
            raise KeyboardInterrupt
        return rows_of(predictor, path, *rest)

    monkeypatch.setattr(output, "_clip_rows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(bundle, [clips], broken, windows=windows)
    assert not broken.exists()
    n_parts = 9 if windows else 2  # of one recording, or of four
    assert len(list((tmp_path / f"{broken.name}.parts").glob("*.parquet"))) == n_parts
    write(bundle, [clips], broken, windows=windows)
    assert len(predicted) == 10 + 18 - (9 if windows else 8)
    assert broken.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [broken.name, whole.name]


def test_all_columns_of_a_table_are_kept(bundle, clips, tmp_path):
    """Cells stay the text that they are; the row order and repeated recordings too."""
    text = "id;Audio File;label;note\n007;03.wav;sad;1,50\n008;gone.wav;;\n007;03.wav;NA;ä\n"
    (clips.parent / "calls.csv").write_text(text, encoding="cp1252")
    shutil.copy(clips / "03.wav", clips.parent)
    written = write(bundle, [clips.parent / "calls.csv"], tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert list(table)[:6] == ["id", "Audio File", "label", "note", "predicted_label", "confidence"]
    assert table["id"].tolist() == ["007", "008", "007"]
    assert table["note"].tolist() == ["1,50", "", "ä"]
    assert table["label"].tolist() == ["sad", "", "NA"]
    assert table["error"].tolist() == ["", "missing", ""]
    assert table["predicted_label"][0] == table["predicted_label"][2] != ""
    assert written.skipped == {"missing": 1}


def test_types_of_a_parquet_table_are_kept(bundle, clips, tmp_path):
    names = [f"{clips.name}/{number:02d}.wav" for number in (4, 2)]
    source = pd.DataFrame({"path": names, "score": [1.5, None], "when": pd.to_datetime(["2024-01-01", None])})
    source.to_parquet(clips.parent / "calls.parquet")
    write(bundle, [clips.parent / "calls.parquet"], tmp_path / "out.parquet", windows=Windows(0.5, 0.5))
    found = pq.read_table(tmp_path / "out.parquet")
    for field in pq.read_table(clips.parent / "calls.parquet").schema:
        assert found.schema.field(field.name).type == field.type
    table = found.to_pandas()
    assert table["path"].drop_duplicates().tolist() == names
    assert table["score"].drop_duplicates().fillna(-1).tolist() == [1.5, -1]
    assert (table.groupby("path")["start"].min() == 0).all()


def test_csv_has_the_numbers_of_a_parquet_table(bundle, clips, tmp_path):
    """Integers stay integers in row groups with and without an empty cell; probabilities keep all digits."""
    source = pd.DataFrame({"path": [f"{clips.name}/04.wav"] * 10, "predicted_label": "x", "label": "y"})
    source["n"] = pd.array([1, None, *[2] * 8], dtype="Int64")
    source.to_parquet(clips.parent / "numbers.parquet")
    write(bundle, [clips.parent / "numbers.parquet"], tmp_path / "out.csv")
    text = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert text["n"].tolist() == ["1", "", *["2"] * 8]
    (row,) = expected_rows(bundle, [clips / "04.wav"])
    assert set(text["proba_sad"].astype(float)) == {row["proba"]["sad"]}
    assert set(text["predicted_predicted_label"]) == {row["label"]}


def test_any_error_of_a_recording_is_a_row(bundle, clips, tmp_path, monkeypatch):
    rows_of = output._clip_rows

    def faulty(predictor, path, *rest):
        yield from rows_of(predictor, path, *rest)
        if path.name == "03.wav":
            raise ZeroDivisionError("no frames\nat all")

    monkeypatch.setattr(output, "_clip_rows", faulty)
    written = write(bundle, [clips], tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet").set_index("file")
    failed = table[table["error"] == "failed"]
    assert failed["message"].tolist() == [f"{clips / '03.wav'}: ZeroDivisionError: no frames at all"]
    assert written.skipped["failed"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text on this system")
def test_names_that_are_not_text_are_escaped(bundle, tmp_path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav")
    soundfile.write(tmp_path / "a.wav", small.clip(1), small.SR)
    os.rename(tmp_path / "a.wav", odd)
    write(bundle, [odd], tmp_path / "out.parquet")
    assert pd.read_parquet(tmp_path / "out.parquet")["file"][0].endswith(r"\udcff.wav")


@pytest.mark.parametrize("killed_at", ["00.wav", "05.wav"], ids=["before the first part", "in the second"])
def test_parts_of_another_run_are_not_mixed(killed_at, bundle, clips, tmp_path, monkeypatch):
    out, rows = tmp_path / "out.parquet", output._clip_rows

    def interrupted(predictor, path, *options):
        if path.name == killed_at:  # a part has four recordings
            raise KeyboardInterrupt
        return rows(predictor, path, *options)

    with monkeypatch.context() as patch:
        patch.setattr(output, "_clip_rows", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write(bundle, [clips], out)
    for names, options, what in (
        ([clips / "01.wav"], {}, "recordings"),
        ([clips], {"windows": Windows(1.0, 0.5)}, "windows"),
        ([clips], {"channel": 1}, "channel"),
    ):
        with pytest.raises(SercoreError, match=f"parts of a run with other {what}.*--overwrite"):
            write(bundle, names, out, **options)
    write(bundle, [clips / "01.wav"], out, overwrite=True)
    assert len(pd.read_parquet(out)) == 1


def test_another_working_folder_and_changed_recordings_are_other_runs(bundle, tmp_path, monkeypatch):
    """The same names in two folders, and a recording that was repaired after the interruption."""
    for number, name in enumerate(("here", "there")):
        (tmp_path / name).mkdir()
        for k in range(8):
            soundfile.write(tmp_path / name / f"{k}.wav", small.clip(8 * number + k), small.SR)
    names, out = [f"{k}.wav" for k in range(8)], tmp_path / "out.csv"

    def interrupted(predictor, path, *rest):
        if path.name == "4.wav":
            raise KeyboardInterrupt
        return original(predictor, path, *rest)

    original = output._clip_rows
    monkeypatch.chdir(tmp_path / "here")
    with monkeypatch.context() as patch:
        patch.setattr(output, "_clip_rows", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write(bundle, names, out)
    monkeypatch.chdir(tmp_path / "there")
    with pytest.raises(SercoreError, match="parts of a run with other recordings"):
        write(bundle, names, out)
    monkeypatch.chdir(tmp_path / "here")
    soundfile.write("0.wav", small.clip(99), small.SR)
    with pytest.raises(SercoreError, match="parts of a run with other recordings"):
        write(bundle, names, out)
    write(bundle, names, out, overwrite=True)
    assert pd.read_csv(out)["confidence"].tolist() == pytest.approx(
        [row["confidence"] for row in expected_rows(bundle, names)]
    )


@pytest.mark.slow
def test_workers_follow_the_working_folder(bundle, tmp_path, monkeypatch):
    """Workers of joblib live on; names are relative to the folder of each call."""
    monkeypatch.setattr("sercore.bundle.files._FEW", 2)
    names, found = [f"{k}.wav" for k in range(6)], []
    for number, folder in enumerate(("here", "there")):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        for k, name in enumerate(names):
            soundfile.write(name, small.clip(10 * number + k), small.SR)
        found += [list(predict_files(bundle, names, n_jobs=jobs, progress=False)) for jobs in (2, 1)]
        written = [write(bundle, names, f"{jobs}.csv", n_jobs=jobs).path for jobs in (2, 1)]
        assert written[0].read_text() == written[1].read_text()
    assert found[0] == found[1] != found[2] == found[3]


def test_a_run_without_any_part_does_not_block_the_next(bundle, clips, tmp_path):
    out = tmp_path / "out.csv"
    with pytest.raises(BundleError, match="does not normalise by speaker"):
        write(bundle, [clips], out, speaker_norm="all")
    write(bundle, [clips / "01.wav"], out)
    assert len(pd.read_csv(out)) == 1


def test_rows_of_a_table_that_name_no_file_say_so(bundle, clips, tmp_path):
    table = clips / "table.csv"
    table.write_text("path,note\n01.wav,good\n,empty\n")
    write(bundle, [table], tmp_path / "out.csv")
    message = pd.read_csv(tmp_path / "out.csv")["message"][1]
    assert "in a row of a table; a row names one recording" in message


def test_a_folder_of_something_else_is_not_touched(bundle, clips, tmp_path):
    (tmp_path / "out.csv.parts").mkdir()
    (tmp_path / "out.csv.parts" / "mine.txt").touch()
    with pytest.raises(SercoreError, match="not the folder of an interrupted run"):
        write(bundle, [clips / "01.wav"], tmp_path / "out.csv", overwrite=True)
    assert (tmp_path / "out.csv.parts" / "mine.txt").exists()


def test_existing_files_and_other_suffixes_are_refused(bundle, clips, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("mine")
    with pytest.raises(SercoreError, match=r"exists already.*--overwrite"):
        write(bundle, [clips], out)
    assert out.read_text() == "mine"
    with pytest.raises(SercoreError, match=r"ends in \.parquet or \.csv"):
        write(bundle, [clips], tmp_path / "out.xlsx")
    write(bundle, [clips / "01.wav"], out, overwrite=True)
    assert out.read_text().startswith("file,label,confidence,rejected,error,message,proba_neutral")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,emotion\na,b\n", "no column path"),
        ("path\n", "has no rows"),
        ("", "cannot be read as CSV"),
        ("path,note\na.wav,good, loud\nb.wav,bad, soft\n", "cannot be read as CSV: line 2 has 3 fields"),
    ],
)
def test_tables_without_recordings_are_refused(bundle, tmp_path, text, message):
    (tmp_path / "calls.csv").write_text(text)
    with pytest.raises(SercoreError, match=message) as caught:
        write(bundle, [tmp_path / "calls.csv"], tmp_path / "out.csv")
    assert isinstance(caught.value, CorpusError) == message.startswith("cannot be read")


def test_separators_at_the_ends_of_lines(bundle, clips, tmp_path):
    (tmp_path / "calls.csv").write_text(f"path,note\n{clips / '01.wav'},x,\n{clips / '02.wav'},y,\n")
    write(bundle, [tmp_path / "calls.csv"], tmp_path / "out.csv")
    assert pd.read_csv(tmp_path / "out.csv")["note"].tolist() == ["x", "y"]


def test_two_runs_write_one_file(bundle, clips, tmp_path, monkeypatch):
    """The second refuses to start; after the first, it may not replace the file either."""
    out, predict = tmp_path / "out.csv", output._predict_parts

    def slow(*arguments):
        monkeypatch.setattr(output, "_predict_parts", predict)
        with pytest.raises(SercoreError, match=r"out\.csv: another process is writing"):
            write(bundle, [clips], out)
        with pytest.raises(SercoreError, match="another process is writing"):
            write(bundle, [clips], out, windows=Windows(), overwrite=True)
        predict(*arguments)

    monkeypatch.setattr(output, "_predict_parts", slow)
    assert write(bundle, [clips], out).n_recordings == 18
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_table_comes_alone(bundle, clips, tmp_path):
    (tmp_path / "calls.csv").write_text("path\na.wav\n")
    with pytest.raises(SercoreError, match="pass it alone"):
        write(bundle, [tmp_path / "calls.csv", clips], tmp_path / "out.csv")


def test_command_writes_a_table(bundle, clips, tmp_path, capsys):
    out, listed = tmp_path / "out.csv", tmp_path / "calls.csv"
    listed.write_text(f"path,customer\n{clips / '01.wav'},7\n{clips / '05.wav'},8\n")
    arguments = ["predict", "--bundle", str(bundle), str(listed), "--out", str(out), "--jobs", "1"]
    assert main(arguments) == 3
    assert "2 rows of 2 recordings, 1 skipped (silent 1)" in capsys.readouterr().out
    assert pd.read_csv(out)["customer"].tolist() == [7, 8]
    assert main(arguments) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["predict", "--bundle", str(bundle), str(listed)]) == 1
    assert "add --out" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.slow
def test_killed_run_continues_with_two_processes(bundle, tmp_path):
    """The parent and its workers are killed with no chance to tidy up; one process writes the same bytes."""
    files = [tmp_path / "clips" / f"{number:03d}.wav" for number in range(640)]
    files[0].parent.mkdir()
    soundfile.write(files[0], small.clip(0), small.SR)
    for file in files[1:]:
        os.link(files[0], file)
    out = tmp_path / "out.parquet"
    command = [sys.executable, "-m", "sercore", "predict", "--bundle", bundle, files[0].parent]
    two, one = ["--jobs", "2", "--out", out], ["--jobs", "1", "--out", tmp_path / "whole.parquet"]
    run = subprocess.Popen([*command, *two], stderr=subprocess.DEVNULL, start_new_session=True)
    while len(list(tmp_path.glob("out.parquet.parts/*.parquet"))) < 2:
        assert run.poll() is None
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("out.parquet.parts/*.parquet")}
    assert 2 <= len(done) < 10
    assert not out.exists()
    assert json.loads((tmp_path / "out.parquet.parts" / "plan.json").read_text())["windows"] is None
    for options in (two, one):
        subprocess.run([*command, *options], check=True, stderr=subprocess.DEVNULL)
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert pd.read_parquet(out)["file"].tolist() == list(map(str, files))
