"""A downloader for pooch that continues where a broken connection stopped.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import requests
from tqdm import tqdm

from ..errors import CorpusError

_BLOCK = 8192  # bytes; a block that the break cuts in two is lost, so small blocks lose little


class ResumingDownloader:
    """Callable for ``pooch.retrieve(downloader=…)`` that keeps what has arrived in a part file.

    A second call, in the same program or the next, asks the server for the rest with a
    ``Range`` header. A server that does not know ranges sends everything again, which is
    noticed. Whether the pieces fit together is for the hash to say: give pooch one.

    Parameters
    ----------
    part : Path
        Where the bytes are kept meanwhile, on the same disk as the final file.
    progressbar : bool
        Show one.
    attempts : int
        Connections to try in one call.
    pause : float
        Seconds to wait before the second attempt; each further wait is twice as long.
    timeout : float
        Seconds of silence after which a connection counts as broken.
    """

    def __init__(
        self,
        part: Path,
        *,
        progressbar: bool = True,
        attempts: int = 5,
        pause: float = 1.0,
        timeout: float = 30.0,
    ):
        self.part = Path(part)
        self.progressbar = progressbar
        self.attempts = attempts
        self.pause = pause
        self.timeout = timeout

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Fetch ``url`` into ``output_file``; pooch calls this and then checks the hash."""
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(self.pause * 2 ** (attempt - 1))
            try:
                if self._fetch_rest(url):
                    os.replace(self.part, output_file)
                    return
            except requests.HTTPError as error:
                raise CorpusError(f"{url}: {error}. The address may have moved; fetch it by hand.") from error
            except requests.RequestException as error:
                broken = error
        raise CorpusError(
            f"{url}: no success in {self.attempts} attempts, the last: {broken}. {self._n_kept()} bytes are "
            "kept; run the same command again to continue."
        )

    def _n_kept(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _fetch_rest(self, url: str) -> bool:
        """Append what is missing; True when the file is complete."""
        kept = self._n_kept()
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={kept}-"} if kept else {})
        with requests.get(url, stream=True, timeout=self.timeout, headers=headers) as response:
            if kept and response.status_code == 416:  # nothing left to send, or the part is of another file
                if response.headers.get("Content-Range") == f"bytes */{kept}":
                    return True
                self.part.unlink()
                raise requests.ConnectionError("the kept part does not fit the file on the server")
            if response.status_code >= 500 or response.status_code == 429:
                raise requests.ConnectionError(f"the server answers {response.status_code}")
            response.raise_for_status()
            continued = response.headers.get("Content-Range", "").startswith(f"bytes {kept}-")
            if not (response.status_code == 206 and continued):
                kept = 0
            self._write(response, kept)
        return True

    def _write(self, response: requests.Response, kept: int) -> None:
        """Stream a response into the part file; raise where it is shorter than announced."""
        announced = response.headers.get("Content-Length")
        total = kept + int(announced) if announced else None
        bar = tqdm(total=total, initial=kept, unit="B", unit_scale=True, disable=not self.progressbar)
        with bar, open(self.part, "ab" if kept else "wb") as stream:
            for block in response.iter_content(_BLOCK):
                stream.write(block)
                bar.update(len(block))
        if total is not None and self._n_kept() < total:
            raise requests.ConnectionError(f"{self._n_kept()} of {total} bytes arrived")
