"""Small corpora and a small web server."""

import contextlib
import dataclasses
import http.server
import io
import threading
import zipfile
import zlib

import numpy as np
import soundfile

from sercore.corpora import NAMES, get_corpus
from sercore.corpora.identity import read_digests
from sercore.corpora.registry import CORPORA

OFFICIAL = [name for name in NAMES if read_digests(name)]
"""Corpora with an official list of files."""


def change(monkeypatch, name, **fields):
    """Replace facts of a corpus for the duration of a test."""
    monkeypatch.setitem(CORPORA, name, dataclasses.replace(get_corpus(name), **fields))


def wav_bytes(key, *, sr=16000, n=160, fmt="WAV"):
    """Content of an audio file: noise that depends on ``key`` only."""
    rng = np.random.default_rng(zlib.crc32(str(key).encode()))
    buffer = io.BytesIO()
    soundfile.write(buffer, rng.uniform(-0.5, 0.5, n), sr, format=fmt, subtype="PCM_16")
    return buffer.getvalue()


def write_clips(folder, names, **options):
    """Write one short clip of noise per name, each different; returns the folder."""
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
            emotion, intensity, sentence, repetition = (value + 1 for value in fields)
            codes = (3, 1, emotions[emotion - 1], intensity, sentence, repetition, actor)
            name = "-".join(f"{code:02}" for code in codes) + ".wav"
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
def serve(files, *, cuts=()):
    """Serve ``{"/path": bytes}`` on 127.0.0.1.

    Parameters
    ----------
    files : dict
        May be changed while the server runs. An ``int`` as content is sent as the status code.
    cuts : sequence of int
        Number of bytes after which each of the first responses breaks off.

    Yields
    ------
    url : str
        Address without a slash at its end.
    requests : list of str
        Path of every request so far.
    """
    requests, cuts = [], list(cuts)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            body = files.get(self.path, 404)
            if isinstance(body, int):
                return self.send_error(body)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: cuts.pop(0) if cuts else len(body)])

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
