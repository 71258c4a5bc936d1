"""Small corpora, models and bundles: three classes, four speakers."""

import io
import json
import shutil
import zipfile

import numpy as np
import pandas as pd
import soundfile

from sercore.bundle import FittedModel, save
from sercore.bundle.folder import MANIFEST, digest_of
from sercore.bundle.manifest import content_digest
from sercore.bundle.predictor import reference_signal
from sercore.features import Recipe
from sercore.features.store import extract_frames, extract_table
from sercore.training import fit_classical

CLASSES = ("neutral", "sad", "angry")
SR = 16_000
SMALL = Recipe(
    n_mels=16, n_mfcc=4, descriptors=("log_mel", "rms_db", "zcr"), statistics=("mean", "std"),
    slope_statistics=(), parts=(), timing=False,
)  # fmt: skip
FRAMES = Recipe(n_mels=16, n_mfcc=4, descriptors=("log_mel",), timing=False)


def clip(number, sr=SR):
    """A clip determined by its number; number % 3 is its class."""
    rng = np.random.default_rng(number)
    wave = reference_signal(sr, seconds=0.8 + 0.1 * (number % 5)) * (0.2 + 0.3 * (number % 3))
    return (wave + 0.01 * (1 + number % 3) * rng.standard_normal(wave.size)).astype(np.float32)


def write_corpus(folder, n_clips=24):
    """Write clips to a folder and return their index; every six clips have one speaker."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(n_clips):
        path = folder / f"{number:02d}.wav"
        soundfile.write(path, clip(number), SR, subtype="FLOAT")
        label, speaker = CLASSES[number % 3], f"demo-{number // 6}"
        rows.append(
            {"path": str(path), "clip_id": f"demo/{number:02d}", "corpus": "demo", "speaker": speaker}
        )
        rows[-1] |= {"emotion": label, "label": label, "sentence": f"s{number % 2}"}
    return pd.DataFrame(rows)


def write_folder_corpus(folder):
    """Write clips with an ``index.csv``, to be read with ``--corpus folder``; returns the folder."""
    index = write_corpus(folder / "clips")
    table = index[["emotion", "speaker"]].assign(path=[f"clips/{n:02d}.wav" for n in range(len(index))])
    table.to_csv(folder / "index.csv", index=False)
    return folder


def features(index, folder, recipe=SMALL, kind="table"):
    """Features, extracted as in training."""
    extract = extract_table if kind == "table" else extract_frames
    return extract(index, recipe, cache=folder / "cache", n_jobs=1, progress=False).X


def fit(index, X, model="lda", **options):
    return fit_classical(index, X, np.arange(len(index)), model=model, **options)


def save_small(path, index, X, **options):
    """Write a bundle with one linear discriminant analysis."""
    return save(path, {"lda": FittedModel(fit(index, X), SMALL)}, CLASSES, **options)


def copy_bundle(bundle, path):
    """Copy a bundle."""
    shutil.copytree(bundle, path)
    return path


def edit_manifest(bundle, change, *, forge=True):
    """Change ``bundle.json`` by a function of its content, and its digest as an attacker would."""
    content = json.loads((bundle / MANIFEST).read_text())
    changed = change(content)
    content = content if changed is None else changed
    if forge:
        content["sha256"] = content_digest(content)
    (bundle / MANIFEST).write_text(json.dumps(content))


def put_file(bundle, name, data):
    """Replace a file and its digest, as an attacker would."""
    (bundle / name).parent.mkdir(exist_ok=True)
    (bundle / name).write_bytes(data)
    about = {"bytes": len(data), "sha256": digest_of(data)}
    edit_manifest(bundle, lambda content: content["files"].__setitem__(name, about))


def edit_zip(data, changes):
    """A zip archive with entries replaced, or removed if the new content is None."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        entries = {name: old.read(name) for name in old.namelist()} | changes
        for name, content in entries.items():
            if content is not None:
                new.writestr(name, content)
    return buffer.getvalue()


def edit_json(text, change):
    """JSON changed by a function of its content."""
    content = json.loads(text)
    change(content)
    return json.dumps(content).encode()
