"""Text files of labels: whole texts, and CSV files with a header."""

import csv
import io
from collections.abc import Sequence
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


def read_csv(path: str | Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a CSV file with a header.

    Args:
        path: the file.
        columns: that it must have; others are kept as well.

    Returns:
        {column: text} of every row.

    Raises:
        InputError: the file or a column is missing, or rows have another number of fields; every one is named.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: expected a CSV file with the columns {','.join(columns)}. Received: no such file.")
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
    try:
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"{path}: expected the columns {','.join(columns)}. Received: {reader.fieldnames}")
        rows = list(reader)
    except csv.Error as error:
        raise InputError(f"{path}, row {reader.line_num + 1}: expected CSV. Received: {error}") from error
    uneven = [str(number) for number, row in enumerate(rows, start=2) if None in row or None in row.values()]
    if uneven:
        raise InputError(
            f"{path}: expected {len(reader.fieldnames or ())} fields in every row. Received: another number in row "
            f"{', '.join(uneven)}"
        )
    return rows
