"""Text files of labels: whole texts, and CSV files of a known form."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from data_prep.datasets.readers.table import read_table
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.reading import whole_number


def read_text(path: str | Path) -> str:
    """Returns the text of a file, with any line ends; InputError if it is missing, or not UTF-8."""
    path = Path(path)
    if not path.is_file():
        raise InputError("not_found", f"{path}: there is no such text file.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("wrong_encoding", f"{path}: not text in UTF-8 ({error}).") from error


class Row(dict[str, str]):
    """A row of a table, {column: text}.

    Attributes:
        number: of its first line in the file, from 1, with the header and empty lines.
    """

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        super().__init__(cells)
        self.number = number


def read_csv(path: str | Path, columns: Sequence[str]) -> list[Row]:
    """Reads a CSV file in UTF-8 with a header; `table.read_table` reads others.

    Raises:
        InputError: one of `columns` is missing, or the file is not such a table.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("not_found", f"{path}: there is no such CSV file with the columns {','.join(columns)}.")
    table = read_table(path, ",", "UTF-8")
    if missing := [column for column in columns if column not in table.header]:
        raise InputError("missing_column", f"{path}: no column {', '.join(missing)} in {','.join(table.header)}.")
    return [Row(number, cells) for number, cells in table.rows]


def read_diving_times(path: Path) -> dict[int, tuple[int, int, int, int]]:
    """Reads `jump_drop_water_label.txt`, {row from 1: (t0, t1, t2, t3)}; InputError lists malformed rows."""
    times, malformed = {}, []
    for row, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            t0, t1, t2, t3 = (whole_number(field) for field in line.split(","))
        except ValueError:
            malformed.append(f"{path}, row {row}: {line!r} is not t0,t1,t2,t3 (four integers).")
        else:
            times[row] = (t0, t1, t2, t3)
    if malformed:
        raise InputError("malformed_rows", "\n".join(malformed))
    return times
