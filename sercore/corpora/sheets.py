"""Read CSV files as spreadsheets write them: separator, encoding and the spelling of columns are detected."""

from __future__ import annotations

import codecs
import csv
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CorpusError
from .names import clean, plain

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_GUESS = "Windows-1252"  # every text can be read in it, rightly or not
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


@dataclass(frozen=True)
class Sheet:
    """Rows of a CSV file.

    Parameters
    ----------
    columns : tuple of str
        Names in lower case with ``_`` for blanks, or their canonical names.
    rows : list of dict
        One per line that is not blank; cells are composed Unicode without blanks around them.
    form : str
        Separator and encoding, in words.
    encoding : str
    header : tuple of str
        Names in lower case with ``_`` for blanks, as they are in the file.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, str]]
    form: str
    encoding: str
    header: tuple[str, ...]

    def doubt(self, row: dict[str, str]) -> str:
        """What to do if the letters of a row are wrong; empty if its encoding is certain."""
        if self.encoding != _GUESS or all(cell.isascii() for cell in row.values()):
            return ""
        return f" (read as {_GUESS}; if letters are wrong, save the table as CSV UTF-8)"


def read_sheet(path: Path, aliases: Mapping[str, tuple[str, ...]]) -> Sheet:
    """Rows of a CSV file, whatever its separator, encoding and spelling of columns.

    Parameters
    ----------
    path : Path
    aliases : dict of str to tuple of str
        Expected columns and other names for them. The separator is the one that finds most of them.

    Raises
    ------
    CorpusError
        The file is not a table of text; the message says what it looks like.
    """
    try:
        text, encoding, separator = _open(path, set(aliases).union(*aliases.values()))
        header, rows = _parse(text, separator)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error
    except csv.Error as error:
        raise CorpusError(
            f"{path} cannot be read as CSV: {error}; is a quotation mark not closed?"
        ) from error
    except ValueError as error:
        raise CorpusError(f"{path} cannot be read as CSV: {error}") from error
    columns, names = tuple(_canonical(header, aliases)), tuple(header)
    form = f"{SEPARATORS[separator]}-separated, {encoding}" if len(columns) > 1 else f"one column, {encoding}"
    return Sheet(columns, [dict(zip(columns, row, strict=True)) for row in rows], form, encoding, names)


def read_text_table(path: Path, known: set[str]) -> pd.DataFrame:
    """A CSV file with its columns and cells as they are, all of them text; empty cells are empty.

    Parameters
    ----------
    path : Path
    known : set of str
        Expected columns; the separator is the one that finds most of them.

    Raises
    ------
    CorpusError
        The file is not a table of text.
    """
    import pandas as pd

    try:
        text, _, separator = _open(path, known)
        _refuse_longer_rows(text, separator)
        options = {"dtype": str, "keep_default_na": False, "index_col": False}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.ParserWarning)  # separators at the ends of all lines
            return pd.read_csv(io.StringIO(text), sep=separator, **options)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, csv.Error) as error:  # also those of pandas
        raise CorpusError(f"{path} cannot be read as CSV: {error}") from error


def _refuse_longer_rows(text: str, separator: str) -> None:
    """Raise ValueError for a row with more fields than the header, which pandas would cut off."""
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    n_columns = len(next(reader, []))
    for line in reader:
        if any(cell.strip() for cell in line[n_columns:]):
            raise ValueError(
                f"line {reader.line_num} has {len(line)} fields, the header has {n_columns}; put quotes "
                "around fields that contain the separator"
            )


def _open(path: Path, known: set[str]) -> tuple[str, str, str]:
    """Text of a table with ``\\n`` at the ends of lines, its encoding, and its separator."""
    text, encoding = _decode(path.read_bytes())
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    separator = ""
    if text[:4].lower() == "sep=":  # written by Excel
        first, _, text = text.partition("\n")
        separator = first[4:5]
    return text, encoding, separator if separator in SEPARATORS else _separator(text, known)


def _decode(data: bytes) -> tuple[str, str]:
    """Text of a file, and the name of its encoding."""
    if data.startswith(b"PK\x03\x04"):
        raise ValueError("it is a workbook or another zip file; save the sheet as CSV UTF-8")
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return data.decode(codec), name
    if data[:1] == b"\0" or data[1:2] == b"\0":
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le"), "UTF-16"
    for codec, name in (("utf-8", "UTF-8"), ("cp1252", _GUESS)):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if not any(ord(letter) < 32 and letter not in "\t\r\n\f\x1a" for letter in text):
            return text, name
    raise ValueError("its bytes are not text in UTF-8, UTF-16 or Windows-1252; save it as CSV UTF-8")


def _separator(text: str, known: set[str]) -> str:
    """The separator with which the first line has the most known columns, then the most columns."""
    first = text.partition("\n")[0]

    def score(separator):
        names = [plain_name(cell) for cell in first.split(separator)]
        return sum(name in known for name in names), len(names)

    return max(SEPARATORS, key=score)


def _parse(text: str, separator: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of equal length, without blank rows."""
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    header, rows = [], []
    for line in reader:
        cells = [clean(cell) for cell in line]
        while len(cells) > len(header or cells) and not cells[-1]:
            cells.pop()
        if not any(cells):
            continue
        if not header:
            header = [plain_name(cell) for cell in cells]
        elif len(cells) > len(header):
            raise ValueError(
                f"line {reader.line_num} has {len(cells)} fields, the header has {len(header)}; put quotes "
                "around fields that contain the separator"
            )
        else:
            rows.append(cells + [""] * (len(header) - len(cells)))
    if not header:
        raise ValueError("it is empty")
    return header, rows


def plain_name(cell: str) -> str:
    """A column name in lower case, with ``_`` for blanks."""
    return plain(cell.strip("\"'")).replace(" ", "_")


def _canonical(header: list[str], aliases: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Header with the expected names; of several spellings the first of the aliases is used."""
    header = [name or f"column_{k}" for k, name in enumerate(header, start=1)]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise CorpusError(f"the table has more than one column {', '.join(twice)}; rename or remove one")
    for column, others in aliases.items():
        found = next((name for name in others if name in header), None)
        if column not in header and found:
            header[header.index(found)] = column
    return header
