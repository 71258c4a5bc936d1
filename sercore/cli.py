"""The command line: thin commands over the package.

::

    sercore run                      all notebooks on the demo corpus
    sercore run --corpus ravdess     … on real recordings
    sercore corpora list             what there is, and where it is found
    sercore extract --corpus tess    features of every clip as one Parquet file
    sercore train --model lda        a bundle: a model with its labels, recipe and figures
    sercore predict --bundle B FILES emotions of recordings, files or folders
    sercore results                  the published scores, recomputed from their predictions
    sercore bench                    speed, as ratios measured in one run

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from . import __version__
from .errors import SercoreError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns 0, or 1 after printing what went wrong."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):  # Windows redirects in an encoding that lacks most letters
        stream.reconfigure(errors="backslashreplace")
    try:
        return options.command(options) or 0
    except SercoreError as error:
        print(f"sercore: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `sercore … | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("sercore: stopped; finished work is kept, run the same command to go on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sercore", description="Speech emotion recognition, measured honestly."
    )
    parser.add_argument("--version", action="version", version=f"sercore {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="execute the notebooks on a corpus and print the result table")
    _corpus_options(run)
    run.add_argument("--only", nargs="+", default=[], metavar="NN", help="some notebooks: --only 01 03")
    run.add_argument("--out", type=Path, help="run folder (default: a new one under runs/)")
    run.add_argument("--in-place", action="store_true", help="also write cleaned copies back to notebooks/")
    run.set_defaults(command=_run)

    corpora = commands.add_parser("corpora", help="list, download and verify corpora")
    actions = corpora.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what there is: clips, licence, size, where from, where found")
    listing.set_defaults(command=_corpora_list)
    for action, text in (
        ("download", "get a corpus whose licence allows it"),
        ("verify", "compare with the official files"),
    ):
        command = actions.add_parser(action, help=text)
        command.add_argument("corpus")
        command.add_argument("--root", type=Path, help="the corpus's own folder")
        command.set_defaults(command=_corpora_download if action == "download" else _corpora_verify)

    extract = commands.add_parser("extract", help="features of every clip as one Parquet file")
    _corpus_options(extract)
    extract.add_argument("--recipe", default="default", help="name of a recipe (default: %(default)s)")
    extract.add_argument("--out", type=Path, help="Parquet file (default: CORPUS-RECIPE.parquet)")
    extract.add_argument("--jobs", type=int, default=-1, help="worker processes (default: one per core)")
    extract.set_defaults(command=_extract)

    _train_and_predict_options(commands)

    results = commands.add_parser("results", help="published scores, recomputed from their predictions")
    results.add_argument("names", nargs="*", metavar="CAMPAIGN", help="some of them (default: all)")
    results.add_argument("--measure", action="store_true", help="train again on real recordings first")
    results.add_argument("--readme", action="store_true", help="also write the table into README.md")
    results.set_defaults(command=_results)

    bench = commands.add_parser("bench", help="speed and memory, as ratios measured in one run")
    bench.add_argument("--readme", action="store_true", help="also write the table into README.md")
    bench.set_defaults(command=_bench)
    return parser


def _corpus_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--corpus", default="demo", help="corpus by name (default: %(default)s, synthetic)")
    command.add_argument("--root", type=Path, help="the corpus's own folder")


def _train_and_predict_options(commands) -> None:
    train = commands.add_parser("train", help="evaluate models out of fold, fit them on all clips, keep them")
    _corpus_options(train)
    train.add_argument("--model", nargs="+", default=["lda"], metavar="NAME", help="several ones vote")
    train.add_argument("--scheme", default="all", help="label scheme (default: %(default)s)")
    train.add_argument("--split", default="speaker", help="split of the evaluation (default: %(default)s)")
    train.add_argument("--folds", type=int, help="number of folds (default: as the split says)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--jobs", type=int, default=1, help="processes for the folds (default: %(default)s)")
    train.add_argument("--out", type=Path, help="the bundle's folder (default: CORPUS-MODEL.bundle)")
    train.add_argument("--overwrite", action="store_true", help="replace an older bundle there")
    train.add_argument("--no-onnx", action="store_true", help="no ONNX twin of a network")
    train.set_defaults(command=_train)

    predict = commands.add_parser(
        "predict", help="emotions of recordings", epilog="Exit status: 0, or 3 where a file was left out."
    )
    predict.add_argument("files", nargs="+", metavar="FILE", help="files, folders, or - for standard input")
    predict.add_argument("--bundle", type=Path, required=True, help="folder that 'sercore train' wrote")
    predict.add_argument("--json", action="store_true", help="one JSON object per line")
    predict.add_argument("--timeline", action="store_true", help="long recordings in windows")
    predict.add_argument("--window", type=float, default=3.0, help="seconds (default: %(default)s)")
    predict.add_argument("--step", type=float, default=1.5, help="seconds (default: %(default)s)")
    predict.add_argument("--jobs", type=int, default=-1, help="worker processes (default: one per core)")
    predict.add_argument("--backend", default="auto", choices=("auto", "onnx", "keras"), help="for networks")
    predict.add_argument("--digest", help="what 'sercore train' printed: refuse any other bundle")
    predict.set_defaults(command=_predict)


def _run(options) -> None:
    import pandas as pd

    from .course import notebooks
    from .evaluation import format_table

    folder = notebooks.run(
        options.corpus, root=options.root, only=options.only, out=options.out, in_place=options.in_place
    )
    print(f"\nsummary: {folder / 'summary.html'}")
    results = folder / "tables" / "results.csv"
    if results.is_file():
        table = pd.read_csv(results, keep_default_na=False, na_values=[""])
        table["note"] = table["note"].fillna("")
        print(format_table(table).to_string(index=False))


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


def _extract(options) -> None:
    import pandas as pd

    from .corpora import load_index
    from .features.store import extract_table
    from .training import write_parquet

    index = load_index(options.corpus, options.root)
    made = extract_table(index, options.recipe, n_jobs=options.jobs)
    out = options.out or Path(f"{options.corpus}-{options.recipe}.parquet")
    write_parquet(pd.concat([made.index, pd.DataFrame(made.X, columns=made.columns)], axis=1), out)
    print(f"{len(made.X)} clips × {len(made.columns)} features (recipe {made.recipe.key}): {out}")
    for row in made.bad.itertuples():
        print(f"left out: {row.message}", file=sys.stderr)


def _train(options) -> None:
    from .bundle import digest
    from .bundle.training import train
    from .evaluation import format_table

    out = options.out or Path(f"{options.corpus}-{'+'.join(options.model)}.bundle")
    table = train(
        options.corpus, options.model, out, root=options.root, scheme=options.scheme, split=options.split,
        n_folds=options.folds, seed=options.seed, n_jobs=options.jobs, onnx=not options.no_onnx,
        overwrite=options.overwrite,
    )  # fmt: skip
    print(format_table(table).to_string(index=False))
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
    from .evaluation import format_table

    for name in options.names or published.CAMPAIGNS:
        if options.measure:
            print(published.run_campaign(name))
        print(f"\n{name}\n{format_table(published.table(name)).to_string(index=False)}")
    if options.readme:
        readme.replace("results", readme.results_markdown())
        readme.replace("networks", readme.networks_markdown())
        print(readme.draw_leak_figure())


def _bench(options) -> None:
    from .course import readme
    from .course.benchmarks import features

    measured = features.run()
    print(measured.to_string(index=False))
    if options.readme:
        readme.replace("bench", readme.bench_markdown(measured))
