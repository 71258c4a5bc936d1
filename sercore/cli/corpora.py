"""``sercore corpora`` and ``sercore extract``: recordings and their features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .options import add_corpus_options, add_own_options, n_processes


def add_commands(commands) -> None:
    """Add ``corpora`` and ``extract`` to the parser."""
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
    add_own_options(actions.choices["verify"])
    check = actions.add_parser(
        "check",
        help="show what is understood of a folder or table of recordings",
        epilog="Exit status: 0 if all files were understood, 1 if not or on an error.",
    )
    check.add_argument("root", type=Path, metavar="ROOT", help="folder, or CSV file")
    check.add_argument("--corpus", default="folder", help="corpus name (default: your own recordings)")
    check.add_argument("--write", action="store_true", help="write the index.csv that describes the clips")
    add_own_options(check)
    check.set_defaults(command=_corpora_check)

    extract = commands.add_parser("extract", help="write the features of every clip to a Parquet file")
    add_corpus_options(extract)
    what = extract.add_mutually_exclusive_group()
    what.add_argument("--recipe", default="default", help="name of a recipe (default: %(default)s)")
    what.add_argument(
        "--encoder", metavar="NAME",
        help="embeddings of a pretrained encoder instead: whisper_tiny_en, or an ONNX file",
    )  # fmt: skip
    result = extract.add_mutually_exclusive_group()
    result.add_argument("--out", type=Path, help="Parquet file (default: CORPUS-RECIPE.parquet)")
    result.add_argument(
        "--cache-only", choices=("table", "frames"), help="only fill the cache, for any number of clips"
    )
    extract.add_argument("--cache", metavar="URL", help="folder or fsspec URL of the cache, such as s3://…")
    workers = extract.add_mutually_exclusive_group()
    workers.add_argument("--jobs", type=n_processes, default=-1, help="worker processes (default: all cores)")
    workers.add_argument(
        "--scheduler", metavar="ADDRESS", help="compute on a Dask cluster: tcp://HOST:8786 (data/CLUSTER.md)"
    )
    extract.set_defaults(command=_extract)


def _corpora_list(options) -> None:
    from ..corpora import list_corpora

    for name, row in list_corpora().iterrows():
        row = row.rename({"unchecked": "not checked"})
        print(name, *(f"    {key:16} {value}" for key, value in row.items() if value or value == 0), sep="\n")


def _corpora_download(options) -> None:
    from ..corpora import download

    print(download(options.corpus, options.root))


def _corpora_verify(options) -> int:
    from ..corpora import verify

    found = verify(options.corpus, options.root)
    if options.skip_unknown:
        found = replace(found, table=found.table[found.table["status"] != "unknown"])
    print(found)
    return 0 if found.complete else 1


def _corpora_check(options) -> int:
    from ..corpora import check

    found = check(options.root, corpus=options.corpus)
    print(found)
    print(f"\nwritten: {found.write()}" if options.write else f"\n{found.preview()}".rstrip())
    return 1 if found.found.unknown and not options.skip_unknown else 0


def _extract(options) -> None:
    import pandas as pd

    from ..corpora import load_index
    from ..encoders import encoder_recipe
    from ..features.store import extract_table, fill_cache
    from ..training import write_parquet

    index = load_index(options.corpus, options.root)
    recipe = encoder_recipe(options.encoder) if options.encoder else options.recipe
    where = {"cache": options.cache, "scheduler": options.scheduler, "n_jobs": options.jobs}
    if options.cache_only:
        bad = fill_cache(index, recipe, options.cache_only, **where)
        print(f"{len(index) - len(bad)} of {len(index)} clips are in the cache ({options.cache_only})")
        return
    table = extract_table(index, recipe, **where)
    name = Path(options.encoder).stem if options.encoder else options.recipe
    out = options.out or Path(f"{options.corpus}-{name}.parquet")
    write_parquet(pd.concat([table.index, pd.DataFrame(table.X, columns=table.columns)], axis=1), out)
    print(f"{len(table.X)} clips × {len(table.columns)} features (recipe {table.recipe.key}): {out}")
