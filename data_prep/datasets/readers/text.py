"""Text files of labels: whole texts, and CSV files of a known form."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from data_prep.datasets.readers.table import read_table
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.reading import whole_number


def read_text(path: str | Path) -> str:
    """The text of a label file, with any line ends.

    Raises:
        InputError: it is missing, or not UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("todo", f"{path}: expected a text file. Received: no such file.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("todo", f"{path}: expected text in UTF-8. Received: {error}") from error


class Row(dict[str, str]):
    """A row of a table, {column: text}.

    Attributes:
        number: of its first line in the file, counted from 1 with the header and all empty lines.
    """

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        super().__init__(cells)
        self.number = number


def read_csv(path: str | Path, columns: Sequence[str]) -> list[Row]:
    """Rows of a CSV file with a header, with commas and in UTF-8; `table.read_table` reads others.

    Args:
        path: the file.
        columns: that it must have; others are kept as well.

    Raises:
        InputError: a column is missing, or as of `read_table`.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            "todo", f"{path}: expected a CSV file with the columns {','.join(columns)}. Received: no such file."
        )
    table = read_table(path, ",", "UTF-8")
    if any(column not in table.header for column in columns):
        raise InputError(
            "todo", f"{path}: expected the columns {','.join(columns)}. Received: {','.join(table.header)}"
        )
    return [Row(number, cells) for number, cells in table.rows]


def read_diving_times(path: Path) -> dict[int, tuple[int, int, int, int]]:
    """The rows of `jump_drop_water_label.txt`, {row number from 1: (t0, t1, t2, t3)}.

    Raises:
        InputError: no such file, or malformed rows; every one is listed.
    """
    times, malformed = {}, []
    for row, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            t0, t1, t2, t3 = (whole_number(field) for field in line.split(","))
        except ValueError:
            malformed.append(f"{path}, row {row}: expected t0,t1,t2,t3 (four integers). Received: {line!r}")
        else:
            times[row] = (t0, t1, t2, t3)
    if malformed:
        raise InputError("todo", "\n".join(malformed))
    return times
