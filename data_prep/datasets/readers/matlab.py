"""Vectors and tables in `.mat` files, as rows or columns, float or integer.

The format is level 5 (MathWorks, "MAT-File Format"), which MATLAB 5 to 7.2 and SciPy write. SciPy's reader trusts the
sizes and types in the file, so that a damaged file ends the process.
"""

import math
import struct
import zlib
from pathlib import Path

import numpy as np

from scoringnet_tf.support.messages import InputError, counted

HEADER_BYTES = 128
BYTE_ORDERS = {b"IM": "<", b"MI": ">"}  # the last two bytes of the header
MATRIX, COMPRESSED = 14, 15  # types of elements that hold others
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
NUMERIC_CLASSES = range(6, 16)  # double to uint64; not cells, structs, text, sparse or functions
COMPLEX_FLAG = 0x0800
MAX_INFLATED_BYTES = 2**26  # of all elements together: label files hold kilobytes
MAX_ELEMENTS = 1000  # and a few variables


def read_vector(path: Path, variable: str) -> np.ndarray:
    """Returns a vector, row or column, as float64 (N,); InputError if there is no such file, variable or vector."""
    values = _read(path, variable)
    if values.size != max(values.shape, default=1):
        raise InputError("wrong_shape", f"{path}: {variable!r} of shape {values.shape} is not a row or a column.")
    return values.ravel()


def read_table(path: Path, variable: str, num_columns: int) -> np.ndarray:
    """Returns a table, however it lies, as float64 (N, num_columns); InputError if there is no such file or table."""
    values = _read(path, variable)
    if values.ndim == 2 and values.shape[1] != num_columns:
        values = values.T
    if values.ndim != 2 or values.shape[1] != num_columns:
        columns = counted(num_columns, "column")
        raise InputError("wrong_shape", f"{path}: {variable!r} of shape {values.shape} does not have {columns}.")
    return values


def whole_numbers(path: Path, values: np.ndarray) -> np.ndarray:
    """Returns float (N,) as int64; InputError, naming the file, if some are not whole numbers."""
    odd = values[~(np.abs(values) < 2**53) | (values != np.round(values))]
    if odd.size:
        raise InputError("not_an_integer", f"{path}: {odd} are not integers.")
    return values.astype(int)


def _read(path: Path, variable: str) -> np.ndarray:
    if not path.is_file():
        raise InputError("not_found", f"{path}: there is no such .mat file, with the variable {variable!r}.")
    try:
        contents = _variables(path.read_bytes())
    except (ValueError, struct.error, zlib.error) as error:
        raise InputError("damaged", f"{path}: not a whole MATLAB file of version 5 to 7.2 ({error}).") from error
    if variable not in contents:
        names = ", ".join(map(repr, contents)) or "no variable"
        raise InputError("missing_key", f"{path}: the variable {variable!r} is missing; it has {names}.")
    values = contents[variable]
    if values is None:
        raise InputError("not_a_number", f"{path}: {variable!r} does not hold real numbers.")
    return values.astype(np.float64)


def _variables(content: bytes) -> dict[str, np.ndarray | None]:
    """Returns {name: array} of a file, None for what holds no real numbers; ValueError if it contradicts itself."""
    order = BYTE_ORDERS.get(content[HEADER_BYTES - 2 : HEADER_BYTES])
    if order is None:
        raise ValueError("no header of such a file")
    variables: dict[str, np.ndarray | None] = {}
    room = MAX_INFLATED_BYTES
    rest = memoryview(content)[HEADER_BYTES:]  # cut to pieces without copies
    for _ in range(MAX_ELEMENTS):
        if not rest:
            return variables
        kind, data, rest = _element(rest, order)
        if kind == COMPRESSED:
            inflated = zlib.decompressobj().decompress(data, room)
            room = max(room - len(inflated), 1)  # 0 would be no limit
            kind, data, _ = _element(memoryview(inflated), order)
        if kind == MATRIX:
            name, values = _matrix(data, order)
            if name in variables:
                raise ValueError(f"{name!r} twice")
            variables[name] = values
    raise ValueError(f"more than {MAX_ELEMENTS} elements")


def _element(content: memoryview, order: str) -> tuple[int, memoryview, memoryview]:
    kind, size = struct.unpack_from(f"{order}II", content)
    start = 8
    if kind >> 16:
        kind, size, start = kind & 0xFFFF, kind >> 16, 4
    data = content[start : start + size]
    if len(data) < size:
        raise ValueError(f"an element of {counted(size, 'byte')} has only {len(data)}")
    padded = size if kind == COMPRESSED else -(-size // 8) * 8
    return kind, data, content[8 if start == 4 else start + padded :]


def _matrix(data: memoryview, order: str) -> tuple[str, np.ndarray | None]:
    """Returns (name, array), or (name, None) if the variable does not hold real numbers."""
    _, head, rest = _element(data, order)
    _, dimensions, rest = _element(rest, order)
    _, letters, rest = _element(rest, order)
    flags, name = struct.unpack_from(f"{order}I", head)[0], bytes(letters).decode("latin1")
    if flags & 0xFF not in NUMERIC_CLASSES or flags & COMPLEX_FLAG:
        return name, None
    kind, data, _ = _element(rest, order)
    if kind not in NUMBERS:
        raise ValueError(f"numbers of type {kind} in {name!r}")
    shape = np.frombuffer(dimensions, f"{order}i4").tolist()
    values = np.frombuffer(data, order + NUMBERS[kind])
    if min(shape, default=0) < 0 or math.prod(shape) != values.size:
        raise ValueError(f"{counted(values.size, 'number')} in {name!r} of shape {tuple(shape)}")
    return name, values.reshape(shape, order="F")
