"""Small files, written atomically and with the same bytes every time."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import ArrayLike


def write_vector(file: Path, variable: str, values: ArrayLike, column: bool = False) -> None:
    """Writes a vector as .mat, a row or a column, atomically and with the same bytes every time."""
    array = np.asarray(values)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {variable: array[:, None] if column else array[None]})
    contents = bytearray(buffer.getvalue())
    contents[:116] = b"MATLAB 5.0 MAT-file".ljust(116)  # scipy writes the time of day here
    replace_bytes(file, bytes(contents))


def write_ids(folder: Path, variable: str, ids: Sequence[int]) -> None:
    """Writes video ids as the column `variable` of `variable`.mat, of 16 bits as the official files where they fit."""
    kind = np.uint16 if max(ids, default=0) <= np.iinfo(np.uint16).max else np.uint32
    write_vector(folder / f"{variable}.mat", variable, np.array(ids, kind), column=True)


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a CSV file atomically."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    replace_bytes(file, buffer.getvalue().encode())


def replace_bytes(file: Path, contents: bytes) -> None:
    """Writes a file beside its name, then moves it there.

    Raises:
        OSError: it cannot be written, or not to its end.
    """
    partial = file.with_name(file.name + ".partial")
    try:
        partial.write_bytes(contents)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
