"""A table of anyone's: CSV text in any encoding and with any delimiter, as spreadsheets and timing systems write it.

What is found from the content is said in a note, and an option overrides it; what cannot be told is refused.
"""

import codecs
import csv
import dataclasses
import io
import re
from collections.abc import Iterable
from pathlib import Path

from data_prep.support.errors import OptionError
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
WORKBOOK = b"PK\x03\x04"  # what .xlsx and .ods begin with
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?')  # the first line of some of Excel's files
WITH_COMMA = re.compile(r"[+-]?\d+,\d+")
THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")  # 1,234 may be either


@dataclasses.dataclass(frozen=True)
class Table:
    """A table as it is written.

    Attributes:
        path: of the file.
        header: the names of the columns, distinct but for empty ones, which are left out.
        rows: (number of its first line in the file, {column: text without white space around it}) of every row that is
            not empty.
        delimiter: between cells.
        notes: what was found from the content, one sentence each.
    """

    path: Path
    header: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]
    delimiter: str = ","
    notes: tuple[str, ...] = ()


def read_table(path: Path, delimiter: str | None = None, encoding: str | None = None) -> Table:
    """Reads a table with a header.

    Args:
        path: the file.
        delimiter: between cells, itself or its name in `DELIMITERS`; None for the one that the header has most of.
        encoding: of the text; None for UTF-8, or UTF-16 where the file begins as such.

    Raises:
        OptionError: a `delimiter` of several characters, or an `encoding` that is none.
        InputError: the file is missing, no text in this encoding, or no table: a column without or with another's name,
            a row of another length.
    """
    text = _text(path, encoding)
    first, _, rest = text.partition("\n")
    stated = SEPARATOR_LINE.fullmatch(first.strip(" "))
    if not stated:
        first = next((line for line in text.split("\n") if line.strip()), "")
    named = {name: character for character, name in DELIMITERS.items()}
    found = named.get(delimiter or "", delimiter) or (stated[1] if stated else _delimiter_of(path, first))
    if len(found) != 1 or found in '"\r\n':
        raise OptionError(
            "todo", f"--delimiter: expected a character, or one of {', '.join(named)}. Received: {delimiter!r}"
        )
    lines = _lines(path, rest if stated else text, found, 1 + bool(stated))
    if not lines:
        raise InputError("todo", f"{path}: expected a header. Received: an empty file.")
    names = [name.strip() for name in lines[0][1]]
    rows = _rows(path, names, [line for line in lines[1:] if any(cell.strip() for cell in line[1])], found)
    notes = () if delimiter or found == "," else (f"The {_named(found)} is taken as the delimiter (--delimiter).",)
    return Table(path, tuple(name for name in names if name), rows, found, notes)


def _text(path, encoding):
    if not path.is_file():
        raise InputError("todo", f"{path}: expected a table, CSV text with a header. Received: no such file.")
    content = path.read_bytes()
    if content.startswith(WORKBOOK):
        raise InputError(
            "todo", f"{path}: expected CSV text. Received: a spreadsheet's own format; save it as CSV (UTF-8)."
        )
    assumed = "utf-16" if content.startswith(UTF_16) else "utf-8-sig"
    try:
        text = content.decode(encoding or assumed)
    except LookupError as error:
        raise OptionError("todo", f"--encoding: expected an encoding, e.g. cp1252. Received: {encoding!r}") from error
    except UnicodeError as error:
        expected = encoding or "UTF-8; --encoding=cp1252 reads what Western European Windows writes"
        raise InputError("todo", f"{path}: expected text in {expected}. Received: {error}") from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _delimiter_of(path, header):
    """The delimiter that the header has most of, outside quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    counts = sorted(((bare.count(delimiter), delimiter) for delimiter in DELIMITERS), reverse=True)
    (most, delimiter), (second, other) = counts[:2]
    if most and most == second:
        what = f"as many of {_named(delimiter)} as of {_named(other)} in the header"
        raise InputError(
            "todo", f"{path}: expected a delimiter that can be told; --delimiter names it. Received: {what}"
        )
    return delimiter if most else ","


def _named(delimiter):
    return DELIMITERS.get(delimiter, repr(delimiter))


def _lines(path, text, delimiter, number):
    """(number of the first line, cells) of every row, the header's first; empty lines are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines, start = [], number
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((start, cells))
            start = number + reader.line_num
    except csv.Error as error:
        raise InputError("todo", f"{path}, row {start}: expected CSV. Received: {error}") from error
    return lines


def _rows(path, names, lines, delimiter):
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise InputError("todo", f"{path}: expected every column once. Received: {', '.join(repeated)} more than once")
    uneven = [f"{len(cells)} in row {number}" for number, cells in lines if len(cells) != len(names)]
    if uneven:
        raise InputError(
            "todo",
            f"{path}: expected {counted(len(names), 'field')} in every row, with {_named(delimiter)} as the delimiter. "
            f"Received: {', '.join(uneven)}",
        )
    rows = []
    for number, cells in lines:
        cells = [cell.strip() for cell in cells]
        unnamed = next((cell for name, cell in zip(names, cells, strict=True) if cell and not name), None)
        if unnamed is not None:
            raise InputError(
                "todo", f"{path}, row {number}: expected a name above every column. Received: none above {unnamed!r}"
            )
        rows.append((number, {name: cell for name, cell in zip(names, cells, strict=True) if name}))
    return rows


def has_decimal_comma(path: Path, cells: Iterable[str]) -> bool:
    """Whether numbers are written 3,2 and not 3.2: some have a comma, and none a point.

    Args:
        path: of the table, for the message.
        cells: those that hold numbers.

    Raises:
        InputError: some have a comma and some a point, or all that have a comma may have it between thousands.
    """
    cells = list(cells)
    with_comma = [cell for cell in cells if WITH_COMMA.fullmatch(cell)]
    with_point = [cell for cell in cells if "." in cell]
    if with_comma and with_point:
        raise InputError(
            "todo",
            f"{path}: expected numbers with a decimal comma, or with a point (--decimal_comma or --nodecimal_comma). "
            f"Received: both, {with_comma[0]} and {with_point[0]}",
        )
    if not with_comma:
        return False
    if all(THOUSANDS.fullmatch(cell) for cell in with_comma):
        raise InputError(
            "todo",
            f"{path}: expected --decimal_comma or --nodecimal_comma: whether {with_comma[0]} is a fraction or "
            "thousands cannot be told. Received: neither",
        )
    return True
