"""Download the corpora whose licence allows it, and check every file.

A download is collected in a hidden folder beside its target, ``.ravdess.download`` beside
``ravdess``. It is moved into place only when every clip has its official SHA-256, so the target is
complete or absent. Files are fetched by pooch, which retries three times and keeps a file only if its
hash is right; the next call does not fetch complete files again. An archive comes from outside and
is not trusted: it is checked entry by entry before anything is written. A second process that downloads to
the same target waits for the first (``.ravdess.lock``), and finds the corpus then.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from ..errors import CorpusError
from ..files import held, is_lfs_pointer
from ..paths import data_dir
from .description import Corpus
from .identity import read_digests
from .registry import get_corpus
from .scanning import scan
from .transfer import explain_transfer_errors, limited_downloader, make_pooch, quiet_pooch
from .unpacking import MAX_BYTES, unpack
from .verification import verify

MAX_FILE_BYTES = 20_000_000
"""Most bytes of a single recording of a corpus that is distributed as files."""
MAX_LIST_BYTES = 20_000_000
"""Most bytes of the description of a data set."""
_WAKE_SECONDS = 0.2
_LOCK_SECONDS = 60.0  # age at which the lock of a download counts as left behind


def download(
    name: str,
    root: str | os.PathLike | None = None,
    *,
    url: str | None = None,
    progress: bool = True,
    n_connections: int = 4,
) -> Path:
    """Folder of a corpus, downloaded and verified if it is not there yet.

    Parameters
    ----------
    name : str
        ``ravdess``, ``tess``, ``crema_d`` or ``emo_db``.
    root : path, optional
        Folder to create; by default the corpus's name in the data folder (:mod:`sercore.paths`).
    url : str, optional
        Another address of the same archive, or of the folder of files if it ends in ``/``. By default all
        known addresses are tried, in order.
    progress : bool
        Show progress bars.
    n_connections : int
        Number of files fetched at once, for a corpus that is distributed as single files.

    Raises
    ------
    CorpusError
        The corpus needs a licence (the message explains how to apply), the connection failed, a hash
        differs, the archive is unsafe, the disk is full, or the target contains something else.

    See Also
    --------
    sercore.corpora.verify : compare a corpus that you already have with its official list.
    """
    corpus = get_corpus(name)
    if not corpus.can_download:
        raise CorpusError(
            f"{corpus.title} ({corpus.licence}) cannot be downloaded. {corpus.how_to_get} {corpus.url}"
        )
    target = Path(root).expanduser() if root is not None else data_dir() / corpus.name
    if _is_complete(corpus, target):
        return target
    place = Path(os.path.realpath(target))  # "." has no name, and a link leads to the disk that has room
    work = place.with_name(f".{place.name}.download")
    with contextlib.ExitStack() as stack:
        with _explain_disk_errors(work):
            stack.enter_context(held(work.with_suffix(".lock"), seconds=_LOCK_SECONDS))
        if not _is_complete(corpus, target):  # another process has not finished it meanwhile
            _download(corpus, place, work, url, progress, n_connections)
    return target


def _download(
    corpus: Corpus, target: Path, work: Path, url: str | None, progress: bool, n_connections: int
) -> None:
    """Fetch a corpus, check it and move it into place."""
    with _explain_disk_errors(work), quiet_pooch():
        if corpus.archives:
            archives = ((url, corpus.archives[0][1]),) if url else corpus.archives
            folder = _fetch_first(corpus, archives, work, progress)
        else:
            work.mkdir(parents=True, exist_ok=True)
            folder = _fetch_files(corpus, url or corpus.files, work, progress, n_connections)
            _check(corpus, folder, work, progress)
    with _explain_disk_errors(work):
        if target.exists() and os.path.samefile(target, os.curdir):  # the current folder cannot be replaced
            for path in sorted(folder.iterdir()):
                os.replace(path, target / path.name)
        else:
            if target.exists():
                target.rmdir()  # it is empty, see _is_complete; Windows cannot move onto a folder
            os.replace(folder, target)
        shutil.rmtree(work)


def dataverse_urls(api: str) -> dict[str, str]:
    """Address of every file of a Dataverse data set by file name, from the set's JSON description.

    Raises
    ------
    CorpusError
        The address cannot be read or does not describe a data set.
    """
    import requests

    try:
        content = io.BytesIO()
        limited_downloader(MAX_LIST_BYTES)(api, content, None)
        files = [
            entry["dataFile"] for entry in json.loads(content.getvalue())["data"]["latestVersion"]["files"]
        ]
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{api} does not describe a data set: {error!r}") from error
    server = api.split("/api/", 1)[0]
    return {file["filename"]: f"{server}/api/access/datafile/{file['id']}" for file in files}


def _is_complete(corpus: Corpus, target: Path) -> bool:
    """True if the corpus is there, False if the folder is absent or empty."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    clips = scan(corpus, target).clips if target.is_dir() else []
    n_clips = len({clip["stem"] for clip in clips})
    if n_clips == corpus.n_clips:
        if hollow := [clip["path"] for clip in clips if _is_hollow(clip["path"])]:
            raise CorpusError(
                f"{target} contains {len(hollow)} files without sound, empty or pointers of Git LFS, such as "
                f"{hollow[0]}; nothing was changed. Move it away, or pass another folder as root."
            )
        return True
    raise CorpusError(
        f"{target} exists and contains {n_clips} of {corpus.n_clips} clips of {corpus.title}; nothing was "
        "changed. Move it away, or pass another folder as root."
    )


def _is_hollow(path: str) -> bool:
    """Whether a file is empty, or a pointer that Git LFS left in its place."""
    with open(path, "rb") as stream:
        head = stream.read(64)
    return not head or is_lfs_pointer(head)


def _fetch_first(
    corpus: Corpus, archives: Sequence[tuple[str, str | None]], work: Path, progress: bool
) -> Path:
    """Folder with the contents of the first archive that can be fetched and holds the official files."""
    failed = []
    for url, digest in archives:
        work.mkdir(parents=True, exist_ok=True)
        try:
            folder = _fetch_archive(corpus, url, digest, work, progress)
            _check(corpus, folder, work, progress)
            return folder
        except CorpusError as error:
            failed.append(error)
    raise CorpusError("\n".join(map(str, failed))) from failed[-1]


def _fetch_archive(corpus: Corpus, url: str, digest: str | None, work: Path, progress: bool) -> Path:
    """Folder with the contents of an archive."""
    folder, archive = work / "unpacked", work / "archive.zip"
    for path in set(work.iterdir()) - {archive}:  # left by a killed run
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    downloader = limited_downloader(archive_limit(corpus.size), progressbar=progress)
    with explain_transfer_errors(url):
        make_pooch(work, {archive.name: url}, {archive.name: digest}).fetch(
            archive.name, downloader=downloader
        )
    try:
        unpack(archive, folder)
    except CorpusError:
        if not digest:  # it may be damaged; with a hash it is known to be right
            archive.unlink()
        raise
    return folder


def _fetch_files(corpus: Corpus, source: str, work: Path, progress: bool, n_connections: int) -> Path:
    """Folder with every official file; files of an earlier call are kept if their hash is right."""
    from tqdm import tqdm

    digests = read_digests(corpus.name)
    urls = {name: source + name for name in digests} if source.endswith("/") else dataverse_urls(source)
    absent = sorted(set(digests) - set(urls))
    if absent:
        raise CorpusError(f"{source}: {len(absent)} official files are not offered there, e.g. {absent[0]}")
    folder = work / "files"
    folder.mkdir(exist_ok=True)
    shelf = make_pooch(folder, urls, {name: f"sha256:{digest}" for name, digest in digests.items()})
    downloader = limited_downloader(MAX_FILE_BYTES, progressbar=False)
    executor = ThreadPoolExecutor(n_connections)
    jobs = [executor.submit(shelf.fetch, name, downloader=downloader) for name in sorted(digests)]
    bar = tqdm(total=len(jobs), unit="file", desc=corpus.name, disable=not progress)
    waiting = set(jobs)
    try:
        with explain_transfer_errors(source), bar:
            while waiting:  # on Windows, Ctrl-C does not interrupt waiting without a limit
                done, waiting = wait(waiting, timeout=_WAKE_SECONDS, return_when=FIRST_COMPLETED)
                for job in done:
                    job.result()
                    bar.update()
    finally:
        executor.shutdown(cancel_futures=True)
    for stray in set(folder.iterdir()) - {folder / name for name in digests}:
        stray.unlink()  # a temporary file of a killed run
    return folder


def archive_limit(size: str) -> int:
    """Most bytes that are downloaded of an archive, given its size in words: a quarter more.

    Examples
    --------
    >>> archive_limit("about 40 MB zipped")
    50000000
    """
    found = re.search(r"(\d+) MB zipped", size)
    return int(found[1]) * 1_250_000 if found else MAX_BYTES


def _check(corpus: Corpus, folder: Path, work: Path, progress: bool) -> None:
    """Raise unless every official clip is there with its official bytes; then nothing is kept."""
    report = verify(corpus.name, folder, progress=progress)
    if report.counts.get("verified", 0) != len(read_digests(corpus.name)):
        shutil.rmtree(work)  # otherwise the next call would find the same wrong archive
        raise CorpusError(f"The downloaded files are not the official corpus.\n{report}")


@contextlib.contextmanager
def _explain_disk_errors(work: Path) -> Iterator[None]:
    """Turn a full or read-only disk into a CorpusError."""
    try:
        yield
    except OSError as error:
        raise CorpusError(
            f"{work} cannot be written ({error}). Free some space, or pass another folder as root, and run "
            "the same command again."
        ) from error
