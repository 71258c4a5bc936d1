"""Small corpora and a small web server for the tests of corpora."""

import contextlib
import http.server
import io
import threading
import zipfile
import zlib

import numpy as np
import soundfile

from sercore.corpora import NAMES, get_corpus
from sercore.corpora.verification import read_digests

OFFICIAL = [name for name in NAMES if read_digests(name)]
"""Corpora with an official list of files."""


def wav_bytes(key, *, sr=16000, n=160, fmt="WAV"):
    """Audio file of noise that depends on ``key`` alone."""
    rng = np.random.default_rng(zlib.crc32(str(key).encode()))
    buffer = io.BytesIO()
    soundfile.write(buffer, rng.uniform(-0.5, 0.5, n), sr, format=fmt, subtype="PCM_16")
    return buffer.getvalue()


def write_clips(folder, names, **options):
    """One short clip per name, each with its own noise; returns the folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav_bytes(path.name, **options))
    return folder


def ravdess_names(actors=(1, 2), emotions=range(1, 9)):
    """Official names of some RAVDESS clips, in their official folders."""
    parse = get_corpus("ravdess").parse
    names = []
    for actor in actors:
        for fields in np.ndindex(len(emotions), 2, 2, 2):
            emotion, intensity, sentence, take = (value + 1 for value in fields)
            name = f"03-01-{emotions[emotion - 1]:02}-{intensity:02}-{sentence:02}-{take:02}-{actor:02}.wav"
            if (emotions[emotion - 1], intensity) != (1, 2):
                assert parse(name)
                names.append(f"Actor_{actor:02}/{name}")
    return names


def zip_bytes(files, *, deflate=False):
    """A zip archive of ``{name or ZipInfo: bytes}``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@contextlib.contextmanager
def serve(files, *, ranges=True, cuts=()):
    """Serve ``{"/path": bytes}`` on 127.0.0.1.

    Parameters
    ----------
    files : dict
        May be changed while it runs. An ``int`` as content is sent as status code.
    ranges : bool
        Whether ``Range`` headers are understood.
    cuts : sequence of int
        Bytes after which each of the first answers is cut off.

    Yields
    ------
    url : str
        Address without a slash at its end.
    requests : list of (str, str)
        Path and ``Range`` header of every request so far.
    """
    requests, cuts = [], list(cuts)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range", "")
            requests.append((self.path, asked))
            body = files.get(self.path, 404)
            if isinstance(body, int):
                return self.send_error(body)
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and ranges else 0
            if start >= len(body) and start:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                return self.end_headers()
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.end_headers()
            end = start + cuts.pop(0) if cuts else len(body)
            self.wfile.write(body[start:end])

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
