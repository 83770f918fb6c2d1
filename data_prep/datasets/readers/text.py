"""Text files of labels: whole texts, and CSV files with a header."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scoringnet_tf.support.errors import InputError


def read_text(path: str | Path) -> str:
    """The text of a label file, with any line ends.

    Raises:
        InputError: it is missing, or not UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: expected a text file. Received: no such file.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected text in UTF-8. Received: {error}") from error


class Row(dict[str, str]):
    """A row of a table, {column: text}.

    Attributes:
        number: of its first line in the file, counted from 1 with the header and all empty lines.
    """

    def __init__(self, number: int, cells: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        super().__init__(cells)
        self.number = number


def read_csv(path: str | Path, columns: Sequence[str]) -> list[Row]:
    """Rows of a CSV file with a header; empty lines are left out.

    Args:
        path: the file.
        columns: that it must have; others are kept as well.

    Raises:
        InputError: the file or a column is missing, a column is there twice, or rows have another number of fields;
            every one is named.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: expected a CSV file with the columns {','.join(columns)}. Received: no such file.")
    lines = _lines(path)
    header = lines[0][1] if lines else []
    if any(column not in header for column in columns) or len(set(header)) < len(header):
        expected = f"the columns {','.join(columns)}" if columns else "a header with every column"
        raise InputError(f"{path}: expected {expected}, each once. Received: {','.join(header) or 'no header'}")
    uneven = [str(number) for number, cells in lines if len(cells) != len(header)]
    if uneven:
        raise InputError(
            f"{path}: expected {len(header)} fields in every row. Received: another number in row {', '.join(uneven)}"
        )
    return [Row(number, zip(header, cells, strict=True)) for number, cells in lines[1:]]


def _lines(path):
    """(number of the first line, cells) of every row that is not empty."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""))
    lines, number = [], 1
    try:
        for cells in reader:
            if cells:
                lines.append((number, cells))
            number = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}, row {number}: expected CSV. Received: {error}") from error
    return lines
