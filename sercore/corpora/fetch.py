"""Download the corpora whose licence allows it, checked file by file.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from types import ModuleType

from ..errors import CorpusError
from ..paths import data_dir
from .registry import get_corpus
from .scanning import scan
from .verification import read_digests, verify


def download(
    name: str,
    root: str | os.PathLike | None = None,
    *,
    url: str | None = None,
    progress: bool = True,
    n_connections: int = 4,
) -> Path:
    """Folder of a downloaded corpus; a broken or killed download continues when called again.

    Everything goes into a hidden folder beside the target. Only when every clip agrees with
    its official SHA-256 is it moved into place, so the target is whole or not there.

    Parameters
    ----------
    name : str
        ``ravdess``, ``tess``, ``crema_d`` or ``emo_db``.
    root : path, optional
        Folder to make; default is the corpus's name in the data folder (:mod:`sercore.paths`).
    url : str, optional
        Another address of the same archive, or of the folder of files when it ends in ``/``.
    progress : bool
        Show progress bars.
    n_connections : int
        Files fetched at once, where a corpus comes as single files.

    Raises
    ------
    CorpusError
        The corpus needs a licence (says how to apply), the connection broke, a hash differs,
        the archive is unsafe, or the target holds something else.
    """
    module = get_corpus(name)
    source = url or module.ARCHIVE or module.FILES
    if not (module.ARCHIVE or module.FILES):
        raise CorpusError(
            f"{module.TITLE} ({module.LICENCE}) cannot be downloaded. {module.HOW_TO_GET} {module.URL}"
        )
    target = Path(root).expanduser() if root is not None else data_dir() / module.FOLDERS[0]
    if _is_there(module, target):
        return target
    work = target.absolute().with_name(f".{target.name}.download")
    with _disk_errors(work), _quiet_pooch():
        work.mkdir(parents=True, exist_ok=True)
        if module.ARCHIVE:
            folder = _fetch_archive(module, source, work, progress)
        else:
            folder = _fetch_files(module, source, work, progress, n_connections)
    try:
        _check(module, folder, progress)
    except CorpusError:
        shutil.rmtree(work)  # else the same wrong archive would be found again next time
        raise
    with _disk_errors(work):
        if target.exists():
            target.rmdir()  # empty, or _is_there would have raised; Windows cannot move onto it
        os.replace(folder, target)
        shutil.rmtree(work)
    return target


def dataverse_urls(api: str) -> dict[str, str]:
    """File name -> address of every file of a data set in a Dataverse, from its JSON description."""
    import requests

    try:
        response = requests.get(api, timeout=60)
        response.raise_for_status()
        files = [entry["dataFile"] for entry in response.json()["data"]["latestVersion"]["files"]]
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{api} does not describe a data set: {error!r}") from error
    server = api.split("/api/", 1)[0]
    return {file["filename"]: f"{server}/api/access/datafile/{file['id']}" for file in files}


def _is_there(module: ModuleType, target: Path) -> bool:
    """True where the corpus lies already, False where nothing does."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    n_clips = len({clip["stem"] for clip in scan(module, target).clips}) if target.is_dir() else 0
    if n_clips == module.N_CLIPS:
        return True
    raise CorpusError(
        f"{target} exists and holds {n_clips} of {module.N_CLIPS} clips of {module.TITLE}; nothing was "
        "changed. Move it away, or name another folder as root."
    )


def _fetch_archive(module: ModuleType, url: str, work: Path, progress: bool) -> Path:
    """Folder with the unpacked archive."""
    import pooch

    from .transfer import ResumingDownloader
    from .unpack import unpack

    fetcher = ResumingDownloader(work / "archive.part", progressbar=progress)
    try:
        archive = pooch.retrieve(url, module.ARCHIVE_HASH, fname="archive.zip", path=work, downloader=fetcher)
    except ValueError as error:  # pooch says "hash of downloaded file … does not match"
        raise CorpusError(
            f"{url}: {error} The file was thrown away; try again, and if it stays so, the file on the server "
            "is not the official one."
        ) from error
    folder = work / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)  # left by a kill
    try:
        unpack(archive, folder)
    except CorpusError as error:
        full = isinstance(error.__cause__, OSError | UnicodeError)
        if not (full and module.ARCHIVE_HASH):  # an archive known to be whole is not fetched twice
            os.remove(archive)
        raise
    return folder


def _fetch_files(module: ModuleType, source: str, work: Path, progress: bool, n_connections: int) -> Path:
    """Folder with every official file, each checked as it arrives; those there already are kept."""
    import pooch
    import requests
    from tqdm import tqdm

    digests = read_digests(module.NAME)
    urls = {name: source + name for name in digests} if source.endswith("/") else dataverse_urls(source)
    absent = sorted(set(digests) - set(urls))
    if absent:
        raise CorpusError(f"{source}: {len(absent)} official files are not offered there, e.g. {absent[0]}")
    folder = work / "files"
    folder.mkdir(exist_ok=True)
    shelf = pooch.create(
        path=folder,
        base_url="",
        registry={name: f"sha256:{digest}" for name, digest in digests.items()},
        urls=urls,
        retry_if_failed=3,
    )
    fetch = pooch.HTTPDownloader(progressbar=False)
    executor = ThreadPoolExecutor(n_connections)
    jobs = [executor.submit(shelf.fetch, name, downloader=fetch) for name in sorted(digests)]
    try:
        for job in tqdm(
            as_completed(jobs), total=len(jobs), unit="file", desc=module.NAME, disable=not progress
        ):
            job.result()
    except (ValueError, requests.RequestException) as error:
        raise CorpusError(f"{source}: {error} Run the same command again to continue.") from error
    finally:
        executor.shutdown(cancel_futures=True)
    for stray in set(folder.iterdir()) - {folder / name for name in digests}:
        stray.unlink()  # a temporary file of a killed run
    return folder


def _check(module: ModuleType, folder: Path, progress: bool) -> None:
    """Raise unless every official clip is there with its official bytes."""
    report = verify(module.NAME, folder, progress=progress)
    if report.counts.get("verified", 0) != len(read_digests(module.NAME)):
        raise CorpusError(f"What was downloaded is not the official corpus.\n{report}")


@contextlib.contextmanager
def _disk_errors(work: Path) -> Iterator[None]:
    """Say what a full or read-only disk means for a download."""
    import requests

    try:
        yield
    except requests.RequestException:
        raise
    except OSError as error:
        raise CorpusError(
            f"{work} cannot be written ({error}). Free space, or name another folder as root; what "
            "arrived is kept, run the same command again to continue."
        ) from error


@contextlib.contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch from logging a line for each of thousands of files."""
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
