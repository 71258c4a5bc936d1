"""``sercore train`` and ``sercore predict``: bundles."""

from __future__ import annotations

from pathlib import Path

from .options import add_channel, add_corpus_options, n_processes, random_seed


def add_commands(commands) -> None:
    """Add ``train`` and ``predict`` to the parser."""
    _add_train(commands)
    _add_predict(commands)


def _add_train(commands) -> None:
    train = commands.add_parser("train", help="evaluate models out of fold, fit them and write a bundle")
    add_corpus_options(train)
    train.add_argument(
        "--model", nargs="+", metavar="NAME",
        help="classical model or network; several form an ensemble by soft voting. NAME@whisper_tiny_en "
        "reads embeddings, NAME@table features, NAME@robust those of another recipe (default: lda, or "
        "logistic_nested with --encoder)",
    )  # fmt: skip
    train.add_argument(
        "--encoder", metavar="NAME",
        help="pretrained encoder whose embeddings the models read: whisper_tiny_en, or an ONNX file",
    )  # fmt: skip
    train.add_argument("--scheme", default="all", help="label scheme (default: %(default)s)")
    train.add_argument("--split", default="speaker", help="split of the evaluation (default: %(default)s)")
    train.add_argument("--folds", type=int, help="number of folds (default: that of the split)")
    train.add_argument("--seed", type=random_seed, default=0, help="random seed (default: %(default)s)")
    train.add_argument(
        "--jobs", type=n_processes, default=1, help="processes for folds (default: %(default)s)"
    )
    train.add_argument(
        "--speaker-norm", action="store_true", help="standardise features per speaker (see predict)"
    )
    train.add_argument(
        "--augment", metavar="NAME",
        help="also train on four changed versions of each clip: 'voices' for other voices and white noise, "
        "'places' also for telephones and rooms full of people",
    )  # fmt: skip
    train.add_argument(
        "--test", nargs="+", default=[], metavar="CORPUS", help="corpora to test on, not used for training"
    )
    train.add_argument(
        "--shipped", action="store_true",
        help="train the models of the package again (RAVDESS and EMO-DB, tested on TESS); --out is "
        "the folder of all (default: that in the package). Other options of the training do not apply",
    )  # fmt: skip
    train.add_argument("--out", type=Path, help="folder of the bundle (default: CORPUS-MODEL.bundle)")
    train.add_argument("--overwrite", action="store_true", help="replace an existing bundle")
    train.add_argument("--no-onnx", action="store_true", help="do not export networks to ONNX")
    train.set_defaults(command=_train)


def _add_predict(commands) -> None:
    predict = commands.add_parser(
        "predict", help="predict the emotions of recordings",
        epilog="Exit status: 0 if all recordings were read, 3 if at least one was skipped, 1 on an error.",
    )  # fmt: skip
    predict.add_argument(
        "files", nargs="+", metavar="FILE",
        help="files, folders, or - for standard input; with --out also one CSV or Parquet table of paths",
    )  # fmt: skip
    predict.add_argument(
        "--bundle", type=Path,
        help="folder written by 'sercore train', or table+whisper, a model of the package that needs the "
        "extra 'pretrained' (default: table, the other model of the package)",
    )  # fmt: skip
    how = predict.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print one JSON object per line")
    how.add_argument(
        "--out", type=Path, metavar="FILE",
        help="write a .parquet or .csv file, with all columns of a table of recordings; repeat the command "
        "after an interruption to continue",
    )  # fmt: skip
    predict.add_argument("--overwrite", action="store_true", help="replace the file of --out")
    predict.add_argument("--timeline", action="store_true", help="divide recordings into windows")
    predict.add_argument("--window", type=float, help="seconds of a window of --timeline (default: 3)")
    predict.add_argument("--step", type=float, help="seconds between windows of --timeline (default: 1.5)")
    add_channel(predict)
    predict.add_argument("--jobs", type=n_processes, default=-1, help="worker processes (default: all cores)")
    predict.add_argument(
        "--backend", default="auto", choices=("auto", "onnx", "keras"), help="runtime of networks"
    )
    predict.add_argument(
        "--speaker-norm", metavar="SPEAKER",
        help="for bundles of 'train --speaker-norm': 'folder' if each folder is of one person, 'all' if all "
        "files are, or recordings of the person (file or folder)",
    )  # fmt: skip
    predict.add_argument("--digest", help="digest printed by 'sercore train'; refuse any other bundle")
    predict.set_defaults(command=_predict)


def _train(options) -> None:
    from ..bundle import Predictor, digest
    from ..bundle.model_card import corpora_text
    from ..bundle.shipping import FOLDER, train_shipped
    from ..bundle.training import train
    from ..evaluation import table_text

    if options.shipped:
        print(f"models: {train_shipped(options.out or FOLDER)}")
        return
    models = options.model or ["logistic_nested" if options.encoder else "lda"]
    encoder = f"-{Path(options.encoder).stem}" if options.encoder else ""
    out = options.out or Path(f"{options.corpus}-{'+'.join(models)}{encoder}.bundle")
    table = train(
        options.corpus, models, out, encoder=options.encoder, root=options.root, scheme=options.scheme,
        split=options.split, n_folds=options.folds, seed=options.seed, n_jobs=options.jobs,
        onnx=not options.no_onnx, speaker_norm=options.speaker_norm, augment=options.augment,
        test=options.test, overwrite=options.overwrite,
    )  # fmt: skip
    print(table_text(table))
    if rows := corpora_text(Predictor.load(out).manifest):
        print(f"\n{rows}")
    print(f"\nbundle: {out}\ndigest: {digest(out)}")


def _predict(options) -> int:
    from ..bundle import Windows, print_predictions
    from ..bundle.printing import write_predictions_and_report
    from ..errors import SercoreError

    given = {"window": options.window, "step": options.step}
    given = {name: value for name, value in given.items() if value is not None}
    if given and not options.timeline:
        raise SercoreError("--window and --step divide recordings into windows: add --timeline")
    if options.overwrite and not options.out:
        raise SercoreError("--overwrite replaces the file of --out: add --out FILE")
    how = {
        "windows": Windows(given.get("window", 3.0), given.get("step", 1.5)) if options.timeline else None,
        "channel": options.channel, "n_jobs": options.jobs, "backend": options.backend,
        "digest": options.digest, "speaker_norm": options.speaker_norm,
    }  # fmt: skip
    if options.out:
        return write_predictions_and_report(
            options.bundle, options.files, options.out, overwrite=options.overwrite, **how
        )
    return print_predictions(options.bundle, options.files, as_json=options.json, **how)
