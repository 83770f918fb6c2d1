"""Text files with labels: whole texts, tables in a known form, and the tables that users have.

Users' tables have any encoding and any delimiter, as spreadsheets and timing systems write them. A note tells what the
content suggests, and an option overrides it; what is ambiguous is refused.
"""

import codecs
import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scoringnet_tf.support.files import whole_number
from scoringnet_tf.support.messages import InputError, Remark, counted

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
WORKBOOK = b"PK\x03\x04"  # what .xlsx and .ods begin with
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
WITH_COMMA = re.compile(r"[+-]?\d+,\d+")
THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")  # 1,234 may be either


def read_text(path: str | Path, encoding: str | None = None) -> str:
    """Returns a file's text; any line ends become new lines. Without an encoding it is UTF-8, or UTF-16.

    InputError if it is missing, a workbook, or not in that encoding, or there is no such encoding.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("not_found", f"{path}: there is no such text file.")
    content = path.read_bytes()
    if content.startswith(WORKBOOK):
        raise InputError("wrong_format", f"{path} is a workbook, not CSV text.", "Save it as CSV (UTF-8).")
    assumed = "utf-16" if content.startswith(UTF_16) else "utf-8-sig"
    try:
        text = content.decode(encoding or assumed)
    except LookupError as error:
        raise InputError("unknown_name", f"--encoding={encoding} is not an encoding, such as cp1252.") from error
    except UnicodeError as error:
        hint = "" if encoding else "Save it as UTF-8; of a manifest you may name another, such as --encoding=cp1252."
        raise InputError("wrong_encoding", f"{path}: not text in {encoding or 'UTF-8'} ({error}).", hint) from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read_diving_times(path: Path) -> list[tuple[int, int, int, int]]:
    """Reads `jump_drop_water_label.txt`, (t0, t1, t2, t3) in each row; InputError lists malformed rows."""
    times, malformed = [], []
    for row, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            t0, t1, t2, t3 = (whole_number(field) for field in line.split(","))
        except ValueError:
            malformed.append(f"{path}, row {row}: {line!r} is not t0,t1,t2,t3 (four integers).")
        else:
            times.append((t0, t1, t2, t3))
    if malformed:
        raise InputError("malformed_rows", "\n".join(malformed))
    return times


class Row(dict[str, str]):
    """A row of a table, {column: text}; `number` is its first line in the file, from 1."""

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        super().__init__(cells)
        self.number = number


@dataclasses.dataclass(frozen=True)
class Table:
    """A table as it is written."""

    path: Path  # of the file
    header: tuple[str, ...]  # names of the columns, without empty ones
    rows: list[Row]  # without empty ones
    notes: tuple[Remark, ...] = ()  # what was taken from the content


def read_csv(path: str | Path, columns: Sequence[str]) -> list[Row]:
    """Reads a CSV file in UTF-8 whose header has `columns`, or InputError; `read_table` reads others."""
    table = read_table(Path(path), "comma", "UTF-8")
    if missing := [column for column in columns if column not in table.header]:
        raise InputError("missing_column", f"{path}: no column {', '.join(missing)} in {','.join(table.header)}.")
    return table.rows


def read_table(path: Path, delimiter: str | None = None, encoding: str | None = None) -> Table:
    """Reads a table with a header.

    Without the name of a delimiter it takes the header's most frequent one; without an encoding UTF-8, or UTF-16.
    """
    text = read_text(path, encoding)
    name = delimiter or _delimiter_of(path, next((line for line in text.split("\n") if line.strip()), ""))
    lines = _lines(path, text, DELIMITERS[name])
    if not lines:
        raise InputError("no_rows", f"{path} is empty: it needs a header.")
    header = lines[0][1]
    rows = _rows(path, header, lines[1:], name)
    note = Remark("delimiter", f"The {name} is taken as the delimiter (--delimiter).")
    return Table(path, tuple(filter(None, header)), rows, () if delimiter or name == "comma" else (note,))


def _delimiter_of(path: Path, header: str) -> str:
    bare = re.sub(r'"[^"]*"', "", header)
    counts = sorted(((bare.count(delimiter), name) for name, delimiter in DELIMITERS.items()), reverse=True)
    (most, name), (second, other) = counts[:2]
    if most and most == second:
        what = f"{path}: the header has as many of {name} as of {other}."
        raise InputError("ambiguous", what, "Say which with --delimiter.")
    return name if most else "comma"


def _lines(path: Path, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines, start = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((start, [cell.strip() for cell in cells]))
            start = 1 + reader.line_num
    except csv.Error as error:
        raise InputError("damaged", f"{path}, row {start}: not CSV ({error}).") from error
    return lines


def _rows(path: Path, names: list[str], lines: list[tuple[int, list[str]]], delimiter: str) -> list[Row]:
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise InputError("duplicate", f"{path}: more than one column {', '.join(repeated)}.")
    uneven = [f"{len(cells)} in row {number}" for number, cells in lines if len(cells) != len(names)]
    if uneven:
        fields = f"{counted(len(names), 'field')} in the header, with {delimiter} as the delimiter"
        raise InputError("count_mismatch", f"{path}: {fields}, but {', '.join(uneven)}.")
    rows = []
    for number, cells in lines:
        unnamed = next((cell for name, cell in zip(names, cells, strict=True) if cell and not name), None)
        if unnamed is not None:
            raise InputError("missing_column", f"{path}, row {number}: the column of {unnamed!r} has no name.")
        rows.append(Row(number, {name: cell for name, cell in zip(names, cells, strict=True) if name}))
    return rows


def has_decimal_comma(path: Path, cells: Iterable[str]) -> bool:
    """Whether numbers are written 3,2 and not 3.2: some have a comma, and none a point; InputError if it is unclear."""
    cells = list(cells)
    with_comma = [cell for cell in cells if WITH_COMMA.fullmatch(cell)]
    with_point = [cell for cell in cells if "." in cell]
    hint = "Use --decimal_comma or --nodecimal_comma."
    if with_comma and with_point:
        what = f"{path}: {with_comma[0]} has a decimal comma, {with_point[0]} a point."
        raise InputError("ambiguous", what, hint)
    if with_comma and all(THOUSANDS.fullmatch(cell) for cell in with_comma):
        raise InputError("ambiguous", f"{path}: {with_comma[0]} may be a fraction or thousands.", hint)
    return bool(with_comma)
