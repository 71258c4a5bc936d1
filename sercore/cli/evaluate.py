"""``sercore evaluate``: train on some corpora, test on others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from .options import n_processes, random_seed


def add_evaluate(commands) -> None:
    """Add ``evaluate`` to the parser."""
    evaluate = commands.add_parser(
        "evaluate", help="train on some corpora, test on others, and compare with the in-corpus score",
        epilog="Example: sercore evaluate --train ravdess+tess --test emo_db --speaker-norm",
    )  # fmt: skip
    evaluate.add_argument("--train", metavar="A+B", help="corpora to train on, together")
    evaluate.add_argument("--test", nargs="+", metavar="NAME", help="corpora to test on, one by one")
    evaluate.add_argument(
        "--matrix", nargs="+", metavar="NAME", help="all pairs of these corpora, and each against all others"
    )
    evaluate.add_argument(
        "--model", default="logistic_nested", help="classical model or network (default: %(default)s)"
    )
    features = evaluate.add_mutually_exclusive_group()
    features.add_argument(
        "--recipe",
        help="table of features (default: level_free), or frames of a network that reads them (default: "
        "log_mel_level_free); both are of clips at one level, because corpora differ in level",
    )  # fmt: skip
    features.add_argument("--encoder", help="frozen encoder (whisper_tiny_en) instead of these features")
    evaluate.add_argument(
        "--scheme", default="four", help="label scheme, or 'common' for the largest one that all contain"
    )
    adaptation = evaluate.add_argument_group("adaptation with the unlabelled test clips")
    ways = adaptation.add_mutually_exclusive_group()
    ways.add_argument("--speaker-norm", action="store_true", help="normalise each speaker")
    ways.add_argument("--corpus-norm", action="store_true", help="normalise each corpus")
    ways.add_argument("--coral", action="store_true", help="also align the covariances")
    evaluate.add_argument(
        "--balanced", action="store_true", help="equal weight for training corpora and classes"
    )
    evaluate.add_argument("--no-reference", action="store_true", help="leave the in-corpus scores out")
    evaluate.add_argument("--seed", type=random_seed, default=0, help="random seed (default: %(default)s)")
    evaluate.add_argument(
        "--jobs", type=n_processes, default=1, help="processes for the extraction (default: %(default)s)"
    )
    evaluate.add_argument("--out", type=Path, help="CSV file for all metrics")
    evaluate.add_argument("--figure", type=Path, help="image file for the heat map")
    evaluate.set_defaults(command=_evaluate)


def _evaluate(options) -> None:
    import numpy as np
    import pandas as pd

    from ..evaluation import cross_corpus_text, evaluate_corpora
    from ..training import cross_corpus, in_corpus
    from ..training.clips import select_rows

    figure = _image_file(options.figure) if options.figure else None
    pooled, folds = _data(options)
    for sentence in pooled.left_out:
        print(sentence)
    chosen = [name for name in ("speaker_norm", "corpus_norm", "coral") if getattr(options, name)]
    adaptation = chosen[0].removesuffix("_norm") if chosen else "plain"
    common = {"model": options.model, "adaptation": adaptation, "seed": options.seed}
    oof = [cross_corpus(*pooled.data, folds=folds, balanced=options.balanced, **common)]
    if not options.no_reference:
        tested = np.flatnonzero(pooled.index["corpus"].isin(oof[0]["test"]))
        tested_index = pooled.index.iloc[tested].reset_index(drop=True)
        oof.append(in_corpus(tested_index, select_rows(pooled.X, tested), pooled.classes, **common))
    table = evaluate_corpora(pd.concat(oof, ignore_index=True))
    features = options.encoder or _recipe(options)
    print(f"{options.model} on {features}, {adaptation}; classes {', '.join(pooled.classes)}\n")
    print(cross_corpus_text(table))
    if options.out:
        table.to_csv(options.out, index=False)
    if figure:
        _draw(table, figure)


def _data(options):
    """Pooled corpora and folds of the options."""
    from ..errors import SercoreError
    from ..models import reads_frames
    from ..splits import corpus_folds, corpus_pairs
    from ..training import pool_corpora

    one = options.matrix and len(_names(options.matrix)) < 2
    if one or bool(options.matrix) == bool(options.train or options.test):
        raise SercoreError("pass either --train and --test, or --matrix with at least two corpora")
    if not options.matrix and not (options.train and options.test):
        raise SercoreError("pass both --train and --test, such as --train ravdess+tess --test emo_db")
    train = _names(options.train.split("+") if options.train else ())
    test, matrix = _names(options.test or ()), _names(options.matrix or ())
    if both := sorted(set(train) & set(test)):
        raise SercoreError(f"{', '.join(both)} would be in training and in test; test on other corpora")
    recipe, frames = _recipe(options), reads_frames(options.model)
    if options.encoder:
        from ..encoders import EncoderRecipe

        recipe = EncoderRecipe(options.encoder)
    names = matrix or [*train, *test]
    pooled = pool_corpora(names, scheme=options.scheme, recipe=recipe, frames=frames, n_jobs=options.jobs)
    if not options.matrix:
        return pooled, corpus_folds(pooled.index, train, test)
    others = corpus_folds(pooled.index) if pooled.index["corpus"].nunique() > 2 else []
    return pooled, [*corpus_pairs(pooled.index), *others]


def _recipe(options) -> str:
    """Recipe of the features, if they are not those of an encoder."""
    from ..models import reads_frames

    return options.recipe or ("log_mel_level_free" if reads_frames(options.model) else "level_free")


def _names(given: Iterable[str]) -> list[str]:
    """Corpora as the index names them, each once; unknown ones as they are."""
    from ..corpora import get_corpus
    from ..errors import CorpusError

    names = []
    for name in map(str.strip, given):
        with contextlib.suppress(CorpusError):
            name = get_corpus(name).name
        names.append(name)
    return list(dict.fromkeys(names))


def _image_file(path: Path) -> Path:
    """The path, with ``.png`` if it has no suffix; SercoreError if Matplotlib cannot write such files."""
    from matplotlib.figure import Figure

    from ..errors import SercoreError

    path = path if path.suffix else path.with_suffix(".png")
    known = sorted(Figure().canvas.get_supported_filetypes())
    if path.suffix[1:].lower() not in known:
        raise SercoreError(f"--figure {path}: a figure can be written as {', '.join(known)}")
    return path


def _draw(table, path: Path) -> None:
    """Heat map as an image file."""
    import matplotlib

    matplotlib.use("Agg")
    from .. import plots

    figure = plots.corpus_matrix(table).figure
    figure.savefig(path, dpi=110, bbox_inches="tight")
    print(path)
