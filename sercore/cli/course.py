"""``sercore run``, ``results`` and ``bench``: notebooks, published scores and speed; need a clone."""

from __future__ import annotations

from pathlib import Path

from .options import add_corpus_options, n_processes


def add_run(commands) -> None:
    """Add ``run`` to the parser."""
    run = commands.add_parser("run", help="execute the notebooks on a corpus and print the result table")
    add_corpus_options(run)
    run.add_argument("--only", nargs="+", default=[], metavar="NN", help="numbers of notebooks: --only 01 03")
    run.add_argument("--out", type=Path, help="run folder (default: a new folder in runs/)")
    run.add_argument(
        "--in-place", action="store_true", help="also write the executed, cleaned notebooks to notebooks/"
    )
    run.add_argument(
        "--jobs", type=n_processes, default=1, help="notebooks at the same time (default: %(default)s)"
    )
    run.set_defaults(command=_run)


def add_results(commands) -> None:
    """Add ``results`` and ``bench`` to the parser."""
    results = commands.add_parser("results", help="print published scores, recomputed from predictions")
    results.add_argument("names", nargs="*", metavar="CAMPAIGN", help="names of campaigns (default: all)")
    results.add_argument("--measure", action="store_true", help="first train the models on real recordings")
    results.add_argument("--readme", action="store_true", help="also update the generated tables")
    results.set_defaults(command=_results)

    bench = commands.add_parser("bench", help="measure speed and memory, as ratios within one run")
    bench.add_argument("--readme", action="store_true", help="also update the generated tables")
    bench.set_defaults(command=_bench)


def _run(options) -> None:
    import pandas as pd

    from ..course import notebooks
    from ..evaluation import table_text

    folder = notebooks.run(
        options.corpus, root=options.root, only=options.only, out=options.out, in_place=options.in_place,
        n_jobs=options.jobs,
    )  # fmt: skip
    print(f"\nsummary: {folder / 'summary.html'}")
    results = folder / "tables" / "results.csv"
    if results.is_file():
        table = pd.read_csv(results, keep_default_na=False, na_values=[""])
        table["note"] = table["note"].fillna("")
        print(table_text(table, wrap=False))


def _results(options) -> None:
    from ..course import cross_corpus, encoder_tables, fairness, fine_tuned, probes, published, readme
    from ..evaluation import cross_corpus_text, table_text

    tables = {fine_tuned.FINE_TUNED: fine_tuned, probes.PROBES: probes}
    everything = [*published.CAMPAIGNS, *tables, *cross_corpus.CAMPAIGNS, fairness.FAIRNESS]
    for name in options.names or everything:
        if name == fairness.FAIRNESS:
            if options.measure:
                print(fairness.measure_fairness())
            print(f"\n{name}\n{fairness.table_text()}")
            continue
        if name in tables:
            if options.measure:
                print(tables[name].measure())
            print(f"\n{name}\n{tables[name].table().round(3).to_string(index=False)}")
            continue
        if name in cross_corpus.CAMPAIGNS:
            if options.measure:
                print(cross_corpus.measure(name))
            for adaptation, part in cross_corpus.table(name).query("not balanced").groupby("adaptation"):
                print(f"\n{name}, {adaptation}\n{cross_corpus_text(part)}")
            continue
        if options.measure:
            print(published.run_campaign(name))
        print(f"\n{name}\n{table_text(published.table(name))}")
    if options.readme:
        readme.replace("results", readme.results_markdown())
        readme.replace("networks", readme.networks_markdown())
        readme.replace("encoder", readme.encoder_markdown())
        encoder_tables.write()
        readme.replace("fusion", readme.fusion_markdown())
        readme.replace("cross-corpus", readme.cross_corpus_markdown())
        readme.replace("curve", readme.curve_markdown())
        readme.replace("fairness", readme.fairness_markdown())
        print(readme.draw_leak_figure())


def _bench(options) -> None:
    from ..course import benchmarks, readme

    measured = benchmarks.run()
    print(measured.to_string(index=False))
    if options.readme:
        readme.replace("bench", readme.bench_markdown(measured))
