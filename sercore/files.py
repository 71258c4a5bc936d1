"""What goes wrong with zip archives, said once.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib

BAD_ZIP = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, KeyError, NotImplementedError,
    OSError, RuntimeError, ValueError,
)  # fmt: skip
"""What :mod:`zipfile` raises for archives that are cut, altered or none."""
