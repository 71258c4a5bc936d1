"""``sercore report``: the model card of a bundle."""

from __future__ import annotations

from pathlib import Path

from .options import add_own_options, random_seed


def n_clips(text: str) -> int:
    """A number of clips, 0 for none."""
    if not 0 <= int(text) <= 100_000:
        raise ValueError
    return int(text)


n_clips.__name__ = "number of clips"  # in messages of argparse


def add_report(commands) -> None:
    """Add ``report`` to the parser."""
    report = commands.add_parser(
        "report", help="write the model card of a bundle: Markdown, and an HTML page with figures",
        epilog="Example: sercore report ravdess-lda.bundle --test emo_db",
    )  # fmt: skip
    report.add_argument(
        "bundle", type=Path, help="folder written by 'sercore train', or table, the model of the package"
    )
    report.add_argument(
        "--out", type=Path, metavar="PATH", help="files, without suffix (default: BUNDLE-card)"
    )
    report.add_argument("--corpus", help="training corpora (default: those that the bundle names)")
    report.add_argument("--root", type=Path, help="their folder")
    report.add_argument(
        "--clips", type=n_clips, default=32, metavar="N",
        help="training clips to degrade; 0 needs no recordings (default: %(default)s)",
    )  # fmt: skip
    report.add_argument(
        "--test", nargs="+", default=[], metavar="NAME", help="corpora to score the bundle on, not trained on"
    )
    report.add_argument("--digest", help="digest printed by 'sercore train'; refuse any other bundle")
    report.add_argument("--seed", type=random_seed, default=0, help="random seed (default: %(default)s)")
    add_own_options(report)
    report.set_defaults(command=_report)


def _report(options) -> None:
    from ..bundle.shipping import bundle_path
    from ..report import model_card, write_card

    bundle = Path(bundle_path(options.bundle))
    own = bundle != options.bundle  # a model of the package: its card goes to the current folder
    folder = Path(bundle.name).resolve() if own else bundle.resolve()
    card = model_card(
        bundle, corpus=options.corpus, root=options.root, test=options.test, n_clips=options.clips,
        digest=options.digest, seed=options.seed,
    )  # fmt: skip
    out = options.out or folder.with_name(f"{folder.name.removesuffix('.bundle')}-card")
    for file in write_card(card, out):
        print(file)
