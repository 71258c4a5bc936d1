"""JSON and zip files of strangers: nothing ambiguous, nothing that unpacks to a flood.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import io
import json
import math
import zipfile

from ..errors import BundleError
from ..files import BAD_ZIP

MAX_UNPACKED = 2_000_000_000


def read_json(content: bytes, *, where: str) -> dict:
    """A JSON object in which no name stands twice and no number is NaN or infinite.

    Raises
    ------
    BundleError
        Anything else.
    """

    def once(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    def refuse(number):
        raise ValueError(f"{number:.20} is no JSON number")

    def finite(number):
        return float(number) if math.isfinite(float(number)) else refuse(number)

    try:
        value = json.loads(
            content.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse, parse_float=finite
        )
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where}: not sound JSON ({error})") from error
    if not isinstance(value, dict):
        raise BundleError(f"{where}: a JSON object is wanted, not {type(value).__name__}")
    return value


def read_member(archive: bytes, name: str, *, where: str, only: tuple[str, ...] | None = None) -> bytes:
    """One entry of a zip archive whose declared sizes are bearable.

    Parameters
    ----------
    only : tuple of str, optional
        The entries that the archive must have, no more and no fewer.

    Raises
    ------
    BundleError
        No zip, too large when unpacked, names that stand twice, or not the entries wanted.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as content:
            names = content.namelist()
            if len(set(names)) < len(names) or (only and sorted(names) != sorted(only)):
                raise BundleError(f"{where}: unexpected entries {sorted(names)[:4]}; refused")
            if sum(entry.file_size for entry in content.infolist()) > MAX_UNPACKED:
                raise BundleError(f"{where}: unpacks to more than {MAX_UNPACKED} bytes; refused")
            return content.read(name)
    except BAD_ZIP as error:
        raise BundleError(f"{where}: not a sound archive ({error})") from error
