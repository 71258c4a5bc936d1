"""Lengths that audio containers declare, compared with the bytes that are there.

libsndfile returns what it finds of a file that is cut off, skips audio behind a header that was never
finished, and stops after the first of several joined recordings. :func:`inspect` raises an error in these
cases, or returns the content of the file with a header that libsndfile reads.

One module for each kind of container: :mod:`.chunks` (wav, RF64, W64, AIFF, CAF), :mod:`.streams` (AU, NIST
Sphere, VOC, FLAC, Ogg), and :mod:`.mp3`, which counts the :mod:`.frames`.
"""

from .inspection import inspect
from .open_file import tag_size

__all__ = ["inspect", "tag_size"]
