"""Vectors and tables of `.mat` files (MATLAB 5 to 7.2), as rows or columns, of float or integer."""

from pathlib import Path

import numpy as np

from scoringnet_tf.support.messages import InputError, counted


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


def _read(path, variable):
    if not path.is_file():
        raise InputError("not_found", f"{path}: there is no such .mat file, with the variable {variable!r}.")
    import scipy.io  # half a second, which the refusal of a wrong path does not wait for

    try:
        contents = scipy.io.loadmat(path)
    except Exception as error:  # a damaged file makes SciPy raise anything
        raise InputError("damaged", f"{path}: not a whole MATLAB file of version 5 to 7.2 ({error}).") from error
    if variable not in contents:
        names = ", ".join(repr(name) for name in contents if not name.startswith("__")) or "no variable"
        raise InputError("missing_key", f"{path}: the variable {variable!r} is missing; it has {names}.")
    values = np.asarray(contents[variable])
    if values.dtype.kind not in "biuf":
        raise InputError("not_a_number", f"{path}: {variable!r} does not hold real numbers.")
    return values.astype(np.float64)
