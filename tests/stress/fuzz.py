"""Fuzz every function that reads files from outside.

``python tests/stress/fuzz.py recipe --seconds 600`` lets atheris, which is guided by code coverage, look
for inputs of one target that raise anything but a typed error; without a name, all targets are fuzzed one
after the other. The corpus of every target starts with valid examples. Findings are printed and written to
``fuzz-findings/``.
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of toys, if this file is run as a script
WORK = Path(tempfile.mkdtemp(prefix="fuzz-"))


def recording(data):
    """A recording: a waveform or an AudioError."""
    from sercore import audio

    (path := WORK / "a.wav").write_bytes(data)
    audio.check(audio.load(path), audio.SAMPLE_RATE)


def file_name(data):
    """A file name in each corpus."""
    from sercore.corpora import NAMES, get_corpus

    name = data.decode(errors="replace")
    for corpus in NAMES:
        with contextlib.suppress(_typed()):
            get_corpus(corpus).parse(name, **({"speaker": r"^(\w+)/"} if corpus == "folder" else {}))


def index_table(data):
    """An ``index.csv``."""
    from sercore.corpora import load_index

    (WORK / "index.csv").write_bytes(data)
    load_index("folder", WORK / "index.csv")


def recipe(data):
    """A recipe, which must survive a round trip."""
    from sercore.features import Recipe

    made = Recipe.from_json(data.decode(errors="surrogateescape"))
    assert Recipe.from_json(made.to_json()) == made


def archive(data):
    """A zip archive: nothing may be written outside its folder, and only a limited size inside."""
    from sercore.corpora.unpacking import unpack

    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        (path := Path(folder) / "a.zip").write_bytes(data)
        try:
            unpack(path, Path(folder) / "target", max_files=50, max_bytes=100_000)
        finally:
            assert {entry.name for entry in Path(folder).iterdir()} <= {"a.zip", "target"}
            inside = [entry for entry in Path(folder).rglob("*") if entry.is_file() and entry != path]
            assert sum(entry.stat().st_size for entry in inside) <= 100_000


def manifest(data):
    """``bundle.json``, which must survive a round trip."""
    from sercore.bundle.manifest import Manifest

    made = Manifest.from_json(data, where="bundle.json")
    assert Manifest.from_json(made.to_json(), where="bundle.json") == made


def scaler(data):
    """``scaler.npz``."""
    from sercore.bundle.networks import load_scaler

    load_scaler(data, where="scaler.npz")


def estimator(data):
    """``model.skops``: checked, and built if it contains allowed classes only."""
    from sercore.bundle import estimators

    estimators.load(data, where="model.skops")


def network(data):
    """``network.keras``: only checked, because building takes seconds."""
    from sercore.bundle.networks import check_keras

    check_keras(data, where="network.keras")


TARGETS = (recording, file_name, index_table, recipe, archive, manifest, scaler, estimator, network)


def _typed():
    from sercore.errors import SercoreError

    return SercoreError


def check(target, data: bytes) -> str:
    """``accepted``, or the name of the typed error; other exceptions are raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            target(data)
        except _typed() as error:
            str(error).encode()  # raises if the message cannot be printed
            return type(error).__name__
    return "accepted"


def seeds(target) -> list[bytes]:
    """Valid examples, from which fuzzing starts."""
    import numpy as np
    import soundfile

    if target is recording:
        made = []
        wave = 0.3 * np.sin(np.arange(2000) / 7)
        for kind in ("WAV/PCM_16", "WAV/FLOAT", "FLAC", "OGG", "MP3"):
            name, _, subtype = kind.partition("/")
            soundfile.write(buffer := io.BytesIO(), wave, 16_000, format=name, subtype=subtype or None)
            made.append(buffer.getvalue())
        return made
    if target is file_name:
        return [
            b"Actor_01/03-01-05-01-02-01-01.wav", b"OAF_angry/OAF_back_angry.wav", b"DC_a01.wav", b"a01.wav",
            b"1001_DFA_ANG_XX.wav", b"03a01Fa.wav", b"Ses01F_impro01_F000.wav", b"anna/happy/1.wav",
        ]  # fmt: skip
    if target is index_table:
        (WORK / "a.wav").touch()
        return [
            b"path,emotion,speaker,sex,age\na.wav,sad,x,female,30\n",
            b"path,emotion,speaker\na.wav,happy,y\n",
        ]
    if target is recipe:
        from sercore.features.recipe import PRESETS

        return [PRESETS[name].to_json().encode() for name in ("default", "log_mel", "s0_mfcc")]
    if target is archive:
        with zipfile.ZipFile(buffer := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("a/b.wav", b"x" * 100)
            made.writestr("c.txt", b"")
        return [buffer.getvalue()]
    if target is scaler:
        from sercore.bundle.networks import dump_scaler

        return [dump_scaler(np.zeros(3), np.ones(3))]
    return _seeds_of_bundles(target)


def _seeds_of_bundles(target) -> list[bytes]:
    from toys import bundles as small

    home = Path(tempfile.mkdtemp(dir=WORK))
    index = small.write_corpus(home / "clips")
    bundle = small.save_small(home / "b", index, small.features(index, home))
    if target is manifest:
        return [(bundle / "bundle.json").read_bytes()]
    if target is estimator:
        return [(bundle / "lda/model.skops").read_bytes()]
    from sercore.bundle.networks import dump
    from sercore.models import build

    return [dump(build("mlp", 4, 3), onnx=False)["network.keras"]]


def run_atheris(target, *, seconds: int, runs: int, findings: Path) -> None:
    """Fuzz one target; libFuzzer ends the process."""
    import atheris

    (corpus := WORK / "corpus").mkdir()
    with atheris.instrument_imports(include=["sercore"]):
        for number, data in enumerate(seeds(target)):
            (corpus / str(number)).write_bytes(data)
            check(target, data)

    def one(data: bytes) -> None:
        check(target, data)

    findings.mkdir(parents=True, exist_ok=True)
    limits = [
        f"-max_total_time={seconds}",
        f"-runs={runs}",
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-max_len=20000",
    ]
    atheris.Setup(
        [sys.argv[0], *limits, "-print_final_stats=1", f"-artifact_prefix={findings}/", str(corpus)], one
    )
    atheris.Fuzz()


def main() -> None:
    """Fuzz one target in this process, or each target in its own process and print a summary line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", choices=[target.__name__ for target in TARGETS])
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--runs", type=int, default=-1, help="inputs for each target; -1 is no limit")
    chosen = parser.parse_args()
    limits = {"seconds": chosen.seconds, "runs": chosen.runs}
    if chosen.target:
        target = next(target for target in TARGETS if target.__name__ == chosen.target)
        run_atheris(target, findings=Path("fuzz-findings") / chosen.target, **limits)
    for target in TARGETS:
        print(json.dumps(in_process(target, **limits)), flush=True)


def in_process(target, *, seconds: int, runs: int = -1) -> dict:
    """Fuzz a target in a new process; the number of inputs, and whether all were handled."""
    command = [sys.executable, __file__, target.__name__, f"--seconds={seconds}", f"--runs={runs}"]
    begin = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", env=os.environ | {"TMPDIR": str(WORK)}
    )
    stats = [line.split(":")[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    return {
        "target": target.__name__, "inputs": int(stats[0]) if stats else 0,
        "seconds": round(time.perf_counter() - begin), "passed": done.returncode == 0,
        "output": "" if done.returncode == 0 else done.stderr[-2000:],
    }  # fmt: skip


if __name__ == "__main__":
    main()
