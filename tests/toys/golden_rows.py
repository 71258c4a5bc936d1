"""Golden rows of the default table, so that faster code cannot change what cached features mean.

``python tests/toys/golden_rows.py`` writes ``golden_rows.npz``: rows of synthetic clips and of recordings of
RAVDESS (``SERCORE_CORPORA``), and the standard deviation of every column over the demo corpus and RAVDESS.
The file was written by the first code of version 1 of the recipes. Write it again only together with a new
``sercore.features.recipe.VERSION``.
"""

from pathlib import Path

import numpy as np

from sercore import audio, corpora, features
from sercore.corpora import demo

FILE = Path(__file__).parents[1] / "features" / "golden_rows.npz"
DEMO = "demo_M3_sad_2_2"
REAL = ("ravdess/03-01-03-01-01-01-02", "ravdess/03-01-05-02-02-01-11", "ravdess/03-01-06-01-02-01-01")


def buzz():
    """Three seconds of a buzz with pauses, and noise; every processor computes the same samples."""
    n = np.arange(48_000)
    period = 90 + 9 * (n // 7000)
    level = np.array([0.5, 0.25, 0.0, 1.0])[n // 3000 % 4]
    noise = np.random.default_rng(0).integers(-64, 64, n.size) / 2**15
    return (0.5 * level * (n % period / period - 0.5) + noise).astype(np.float32)


def demo_wave():
    """A clip of the demo corpus, rendered anew and rounded to 16 bits, as in its file."""
    wave, sr = demo.render_clip(DEMO)
    return audio.convert(np.round(wave * 2**15).astype(np.float32) / 2**15, sr)


def real_waves():
    """Recordings of RAVDESS."""
    index = corpora.load_index("ravdess").set_index("clip_id")
    return [audio.load(path) for path in index.loc[list(REAL), "path"]]


def write():
    """Write the golden file."""
    every = [features.extract_table(corpora.load_index(name)).X for name in ("demo", "ravdess")]
    rows = [features.table_row(wave) for wave in (buzz(), demo_wave(), *real_waves())]
    np.savez_compressed(FILE, rows=rows, spread=np.concatenate(every).std(axis=0))


if __name__ == "__main__":
    write()
