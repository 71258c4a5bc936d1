"""``sercore run``, ``slides``, ``book``, ``results`` and ``bench``: all need a clone of the repository."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from .options import add_corpus_options, n_processes


def add_run(commands) -> None:
    """Add ``run`` to the parser."""
    run = commands.add_parser(
        "run",
        help="execute notebooks on a corpus, a short tour or all, and print the result table",
        description="Execute notebooks on a corpus: a short tour by default, --all of them, or --only some. "
        "Prints the result table and opens the summary page.",
    )
    add_corpus_options(run)
    which = run.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="all notebooks, instead of the short tour")
    which.add_argument(
        "--only", nargs="+", default=[], metavar="NN", help="numbers of notebooks: --only 01 03"
    )
    run.add_argument("--out", type=Path, help="run folder (default: a new folder in runs/)")
    run.add_argument(
        "--in-place", action="store_true", help="also write the executed, cleaned notebooks to notebooks/"
    )
    run.add_argument(
        "--jobs", type=n_processes,
        help="notebooks at the same time (default: 1; with --all 2 if cores and memory allow)",
    )  # fmt: skip
    run.add_argument("--no-open", action="store_true", help="do not open the summary page in a browser")
    run.set_defaults(command=_run)


def add_pages(commands) -> None:
    """Add ``slides`` and ``book`` to the parser."""
    slides = commands.add_parser("slides", help="slides and a handout of two pages, made from the notebooks")
    slides.add_argument("out", type=Path, metavar="OUT", help="folder for them")
    slides.add_argument(
        "--only", nargs="+", default=[], metavar="NN", help="numbers of notebooks: --only 01 03"
    )
    slides.set_defaults(command=_slides)

    book = commands.add_parser("book", help="the course as a static site, with the reference of the package")
    book.add_argument("out", type=Path, metavar="OUT", help="folder for the site")
    book.set_defaults(command=_book)


def add_results(commands) -> None:
    """Add ``results`` and ``bench`` to the parser."""
    results = commands.add_parser("results", help="print published scores, recomputed from predictions")
    results.add_argument("names", nargs="*", metavar="CAMPAIGN", help="names of campaigns (default: all)")
    results.add_argument(
        "--measure", action="store_true",
        help="first train the models on real recordings; started several times, also on machines that share "
        "the data folder, the commands share the folds",
    )  # fmt: skip
    results.add_argument(
        "--jobs", type=n_processes, default=2,
        help="processes for campaigns within one corpus; others use one (default: %(default)s)",
    )  # fmt: skip
    results.add_argument("--readme", action="store_true", help="also update the generated tables")
    results.set_defaults(command=_results)

    bench = commands.add_parser(
        "bench",
        help="measure speed and memory, as ratios within one run",
        description="Measures speed and memory, and names the ratios that are a quarter worse than the "
        "committed ones. All groups take about ten minutes on two idle cores; voicevibes and optimum take "
        "minutes more and are measured only if they are named.",
    )
    bench.add_argument(
        "--only", nargs="+", default=[], metavar="GROUP", help="groups: --only extraction store"
    )
    bench.add_argument("--quick", action="store_true", help="one repetition instead of the median of five")
    bench.add_argument("--json", type=Path, metavar="FILE", help="also write the measured groups to FILE")
    bench.add_argument(
        "--readme", action="store_true", help="also update data/speed.json, data/SPEED.md and the figure"
    )
    bench.set_defaults(command=_bench)


def _run(options) -> None:
    import pandas as pd

    from ..course import notebooks
    from ..evaluation import table_text

    tour = not (options.all or options.only)
    folder = notebooks.run(
        options.corpus, root=options.root, only=options.only, tour=tour, out=options.out,
        in_place=options.in_place, n_jobs=options.jobs or (None if options.all else 1),
    )  # fmt: skip
    page = folder / "summary.html"
    print(f"\nsummary: {page}")
    if not options.no_open and _has_browser():
        import webbrowser

        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(page.as_uri())
    results = folder / "tables" / "results.csv"
    if results.is_file():
        table = pd.read_csv(results, keep_default_na=False, na_values=[""])
        table["note"] = table["note"].fillna("")
        print(table_text(table, wrap=False))
    if tour:
        print("\nThat was the short tour. All notebooks: sercore run --all")


def _has_browser() -> bool:
    """Whether a person watches who has a browser on this screen."""
    if not sys.stdout.isatty() or os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _slides(options) -> None:
    from ..course import handout, slides

    for path in slides.write_slides(options.out, only=options.only):
        print(path)
    print(handout.write_handout(options.out / "handout.html"))


def _book(options) -> None:
    from ..course import book

    print(book.build_book(options.out))


def _results(options) -> None:
    from ..course import (
        confidence,
        cross_corpus,
        fine_tuned,
        probes,
        published,
        robustness,
        strangers,
        table_comparison,
    )
    from ..evaluation import cross_corpus_text, table_text

    tables = {fine_tuned.FINE_TUNED: fine_tuned, probes.PROBES: probes}
    modules = (confidence, robustness, strangers, table_comparison)
    files = {name: module for module in modules for name in module.FILES}
    for name in options.names or [*published.CAMPAIGNS, *tables, *cross_corpus.CAMPAIGNS, *files]:
        if name in files:
            if options.measure:
                print(files[name].measure_file(name))
            print(f"\n{name}\n{files[name].table_text(name)}")
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
            print(published.run_campaign(name, n_jobs=options.jobs))
        print(f"\n{name}\n{table_text(published.table(name))}")
    if options.readme:
        from ..course import pages

        print(*pages.write(), sep="\n")


def _bench(options) -> None:
    from ..course import benchmarks, readme
    from ..course.benchmarks import report

    committed, repeats = report.load()[0], 1 if options.quick else 5
    keep = report.save if options.readme else None
    measured = benchmarks.run(options.only, repeats=repeats, progress=True, keep=keep)
    worse = report.compare(measured, committed)
    print(measured.to_string(index=False))
    if len(worse):
        print(f"\nmore than a quarter worse than in data/speed.json:\n{worse.to_string(index=False)}")
    if options.json:
        report.save(measured, options.json)
    if options.readme:
        rows, about = report.load()
        readme.replace("bench", report.markdown(rows, about))
        report.draw_figure(rows)
