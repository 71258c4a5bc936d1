"""The command line: thin commands over the package.

::

    sercore run                      execute all notebooks on the demo corpus
    sercore run --corpus ravdess     ... on real recordings
    sercore corpora list             available corpora and where they were found
    sercore corpora check FOLDER     what is understood of your own recordings
    sercore extract --corpus tess    features of every clip as one Parquet file
    sercore train --model lda        a bundle: model, labels, recipe and metrics
    sercore predict --bundle B FILES emotions of recordings, files or folders
    sercore results                  published scores, recomputed from their predictions
    sercore bench                    speed, as ratios measured in one run

``run``, ``results`` and ``bench`` need a clone of the repository. Messages of TensorFlow and other
libraries are written to ``sercore.log`` in the cache folder (:mod:`sercore.quiet`).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from . import __version__, paths, quiet
from .errors import SercoreError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the process.

    Returns
    -------
    int
        0 on success; 1 after an error, which is printed as one message; 130 after an interrupt; other
        values as in the command's help.
    """
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):  # redirected streams on Windows cannot encode most letters
        stream.reconfigure(errors="backslashreplace")
    with quiet.terminal(paths.cache_dir() / "sercore.log"):
        try:
            with _corpus_options(options):
                status = options.command(options) or 0
            sys.stdout.flush()
            return status
        except SercoreError as error:
            print(f"sercore: {_printable(error)}", file=sys.stderr)
            return 1
        except BrokenPipeError:  # the reader of a pipe has finished, as in `sercore ... | head`
            _discard_output()
            return 0
        except OSError as error:  # a full disk behind standard output, a path that is too long
            _discard_output()
            print(
                f"sercore: {_printable(error)}; check the path, its permissions and the disk", file=sys.stderr
            )
            return 1
        except KeyboardInterrupt:
            print("sercore: interrupted; repeat the command to continue from finished work", file=sys.stderr)
            return 130


def _discard_output() -> None:
    """Send what is left in the buffer of standard output to the null device."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # a stream in memory has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _printable(error: Exception) -> str:
    """The message with control characters escaped, which could change the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in str(error))


def _jobs(text: str) -> int:
    """A number of processes: positive, or -1 for one per core."""
    if int(text) < -1 or int(text) == 0 or int(text) > 1024:
        raise ValueError
    return int(text)


def _seed(text: str) -> int:
    """A random seed that every library accepts."""
    if not 0 <= int(text) < 2**32:
        raise ValueError
    return int(text)


_jobs.__name__, _seed.__name__ = "number of processes", "seed"  # in messages of argparse


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sercore",
        description="Speech emotion recognition, evaluated on speakers that a model was not trained on.",
        epilog="'sercore COMMAND --help' lists the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"sercore {__version__}")
    commands = parser.add_subparsers(required=True, title="commands", metavar="COMMAND")

    run = commands.add_parser("run", help="execute the notebooks on a corpus and print the result table")
    _add_corpus_options(run)
    run.add_argument("--only", nargs="+", default=[], metavar="NN", help="numbers of notebooks: --only 01 03")
    run.add_argument("--out", type=Path, help="run folder (default: a new folder in runs/)")
    run.add_argument(
        "--in-place", action="store_true", help="also write the executed, cleaned notebooks to notebooks/"
    )
    run.set_defaults(command=_run)

    corpora = commands.add_parser("corpora", help="list, download and verify corpora")
    actions = corpora.add_subparsers(required=True, title="actions", metavar="ACTION")
    listing = actions.add_parser("list", help="list corpora: clips, licence, size, source, folder")
    listing.set_defaults(command=_corpora_list)
    for action, text, function in (
        ("download", "download a corpus whose licence allows it", _corpora_download),
        ("verify", "compare a corpus with the official list of files", _corpora_verify),
    ):
        command = actions.add_parser(action, help=text)
        command.add_argument("corpus", help="name of the corpus")
        command.add_argument("--root", type=Path, help="folder of the corpus")
        command.set_defaults(command=function)
    _add_own_options(actions.choices["verify"])
    check = actions.add_parser(
        "check",
        help="show what is understood of a folder or table of recordings",
        epilog="Exit status: 0 if all files were understood, 1 if not or on an error.",
    )
    check.add_argument("root", type=Path, metavar="ROOT", help="folder, or CSV file")
    check.add_argument("--corpus", default="folder", help="corpus name (default: your own recordings)")
    check.add_argument("--write", action="store_true", help="write the index.csv that describes the clips")
    _add_own_options(check)
    check.set_defaults(command=_corpora_check)

    extract = commands.add_parser("extract", help="write the features of every clip to a Parquet file")
    _add_corpus_options(extract)
    extract.add_argument("--recipe", default="default", help="name of a recipe (default: %(default)s)")
    extract.add_argument("--out", type=Path, help="Parquet file (default: CORPUS-RECIPE.parquet)")
    extract.add_argument("--jobs", type=_jobs, default=-1, help="worker processes (default: one per core)")
    extract.set_defaults(command=_extract)

    _add_train(commands)
    _add_predict(commands)

    results = commands.add_parser("results", help="print published scores, recomputed from predictions")
    results.add_argument("names", nargs="*", metavar="CAMPAIGN", help="names of campaigns (default: all)")
    results.add_argument("--measure", action="store_true", help="first train the models on real recordings")
    results.add_argument("--readme", action="store_true", help="also update the generated tables")
    results.set_defaults(command=_results)

    bench = commands.add_parser("bench", help="measure speed and memory, as ratios within one run")
    bench.add_argument("--readme", action="store_true", help="also update the generated tables")
    bench.set_defaults(command=_bench)
    return parser


def _add_corpus_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--corpus", default="demo", help="corpus name (default: %(default)s, synthetic)")
    command.add_argument("--root", type=Path, help="folder of the corpus")
    _add_own_options(command)


def _add_own_options(command: argparse.ArgumentParser) -> None:
    own = command.add_argument_group("your own recordings (--corpus folder)")
    own.add_argument("--speaker", metavar="REGEX", help="finds the speaker in the path, as its first group")
    own.add_argument("--emotion", metavar="REGEX", help="finds the emotion in the path, as its first group")
    own.add_argument("--labels", type=Path, metavar="CSV", help="table with columns name and emotion")
    own.add_argument("--drop", nargs="+", default=[], metavar="NAME", help="emotions to leave out")
    own.add_argument(
        "--on-conflict", choices=("raise", "majority"), help="rows that contradict each other about one clip"
    )
    own.add_argument("--skip-unknown", action="store_true", help="leave out files that are not understood")


def _corpus_options(options) -> contextlib.AbstractContextManager:
    """Pass the options on to every ``load_index`` of the command, also in notebooks."""
    names = ("speaker", "emotion", "labels", "drop", "on_conflict", "skip_unknown")
    given = {name: value for name in names if (value := getattr(options, name, None))}
    if not given:
        return contextlib.nullcontext()
    from .corpora.defaults import options_in_environment

    return options_in_environment(options.corpus, **given)


def _add_train(commands) -> None:
    train = commands.add_parser("train", help="evaluate models out of fold, fit them and write a bundle")
    _add_corpus_options(train)
    train.add_argument(
        "--model", nargs="+", default=["lda"], metavar="NAME",
        help="classical model or network; several form an ensemble by soft voting (default: lda)",
    )  # fmt: skip
    train.add_argument("--scheme", default="all", help="label scheme (default: %(default)s)")
    train.add_argument("--split", default="speaker", help="split of the evaluation (default: %(default)s)")
    train.add_argument("--folds", type=int, help="number of folds (default: that of the split)")
    train.add_argument("--seed", type=_seed, default=0, help="random seed (default: %(default)s)")
    train.add_argument("--jobs", type=_jobs, default=1, help="processes for the folds (default: %(default)s)")
    train.add_argument("--out", type=Path, help="folder of the bundle (default: CORPUS-MODEL.bundle)")
    train.add_argument("--overwrite", action="store_true", help="replace an existing bundle")
    train.add_argument("--no-onnx", action="store_true", help="do not export networks to ONNX")
    train.set_defaults(command=_train)


def _add_predict(commands) -> None:
    predict = commands.add_parser(
        "predict", help="predict the emotions of recordings",
        epilog="Exit status: 0 if all recordings were read, 3 if at least one was skipped, 1 on an error.",
    )  # fmt: skip
    predict.add_argument("files", nargs="+", metavar="FILE", help="files, folders, or - for standard input")
    predict.add_argument("--bundle", type=Path, required=True, help="folder written by 'sercore train'")
    predict.add_argument("--json", action="store_true", help="print one JSON object per line")
    predict.add_argument("--timeline", action="store_true", help="divide recordings into windows")
    predict.add_argument("--window", type=float, default=3.0, help="length in seconds (default: %(default)s)")
    predict.add_argument("--step", type=float, default=1.5, help="step in seconds (default: %(default)s)")
    predict.add_argument("--jobs", type=_jobs, default=-1, help="worker processes (default: one per core)")
    predict.add_argument(
        "--backend", default="auto", choices=("auto", "onnx", "keras"), help="runtime of networks"
    )
    predict.add_argument("--digest", help="digest printed by 'sercore train'; refuse any other bundle")
    predict.set_defaults(command=_predict)


def _run(options) -> None:
    import pandas as pd

    from .course import notebooks
    from .evaluation import table_text

    folder = notebooks.run(
        options.corpus, root=options.root, only=options.only, out=options.out, in_place=options.in_place
    )
    print(f"\nsummary: {folder / 'summary.html'}")
    results = folder / "tables" / "results.csv"
    if results.is_file():
        table = pd.read_csv(results, keep_default_na=False, na_values=[""])
        table["note"] = table["note"].fillna("")
        print(table_text(table, wrap=False))


def _corpora_list(options) -> None:
    from .corpora import list_corpora

    for name, row in list_corpora().iterrows():
        print(name, *(f"    {key:16} {value}" for key, value in row.items() if str(value)), sep="\n")


def _corpora_download(options) -> None:
    from .corpora import download

    print(download(options.corpus, options.root))


def _corpora_verify(options) -> int:
    from .corpora import verify

    found = verify(options.corpus, options.root)
    print(found)
    return 0 if found.complete else 1


def _corpora_check(options) -> int:
    from .corpora import check

    found = check(options.root, corpus=options.corpus)
    print(found)
    print(f"\nwritten: {found.write()}" if options.write else f"\n{found.preview()}".rstrip())
    return 1 if found.found.unknown else 0


def _extract(options) -> None:
    import pandas as pd

    from .corpora import load_index
    from .features.store import extract_table
    from .training import write_parquet

    index = load_index(options.corpus, options.root)
    table = extract_table(index, options.recipe, n_jobs=options.jobs)
    out = options.out or Path(f"{options.corpus}-{options.recipe}.parquet")
    write_parquet(pd.concat([table.index, pd.DataFrame(table.X, columns=table.columns)], axis=1), out)
    print(f"{len(table.X)} clips × {len(table.columns)} features (recipe {table.recipe.key}): {out}")
    for row in table.bad.itertuples():
        print(f"skipped: {row.message}", file=sys.stderr)


def _train(options) -> None:
    from .bundle import digest
    from .bundle.training import train
    from .evaluation import table_text

    out = options.out or Path(f"{options.corpus}-{'+'.join(options.model)}.bundle")
    table = train(
        options.corpus, options.model, out, root=options.root, scheme=options.scheme, split=options.split,
        n_folds=options.folds, seed=options.seed, n_jobs=options.jobs, onnx=not options.no_onnx,
        overwrite=options.overwrite,
    )  # fmt: skip
    print(table_text(table))
    print(f"\nbundle: {out}\ndigest: {digest(out)}")


def _predict(options) -> int:
    from .bundle import Windows, print_predictions

    windows = Windows(options.window, options.step) if options.timeline else None
    return print_predictions(
        options.bundle, options.files, windows=windows, as_json=options.json, n_jobs=options.jobs,
        backend=options.backend, digest=options.digest,
    )  # fmt: skip


def _results(options) -> None:
    from .course import published, readme
    from .evaluation import table_text

    for name in options.names or published.CAMPAIGNS:
        if options.measure:
            print(published.run_campaign(name))
        print(f"\n{name}\n{table_text(published.table(name))}")
    if options.readme:
        readme.replace("results", readme.results_markdown())
        readme.replace("networks", readme.networks_markdown())
        readme.replace("encoder", readme.encoder_markdown())
        print(readme.draw_leak_figure())


def _bench(options) -> None:
    from .course import benchmarks, readme

    measured = benchmarks.run()
    print(measured.to_string(index=False))
    if options.readme:
        readme.replace("bench", readme.bench_markdown(measured))
