"""Vectors and tables of `.mat` files, however they lie; what is none is refused."""

import numpy as np
import pytest
import scipy.io
from refusals import refused

from data_prep.datasets.readers.matlab import read_table, read_vector, whole_numbers


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels.mat"


@pytest.mark.parametrize("dtype", [np.float64, np.uint16, np.int32, bool])
def test_vectors_and_tables_lie_as_they_like(path, dtype):
    rows = np.array([[1, 0, 1], [1, 1, 0]]).astype(dtype)
    variables = {"row": rows[:1], "column": rows[:1].T, "upright": rows, "lying": rows.T, "empty": rows[:0]}
    scipy.io.savemat(path, variables, do_compression=dtype is np.uint16)
    for name in ("row", "column"):
        np.testing.assert_array_equal(read_vector(path, name), [1.0, 0.0, 1.0])
    for name in ("upright", "lying"):
        np.testing.assert_array_equal(read_table(path, name, 3), rows.astype(np.float64))
        with refused("wrong_shape", path, name, "4 columns"):
            read_table(path, name, 4)
    with refused("wrong_shape", "upright", "(2, 3)"):
        read_vector(path, "upright")


@pytest.mark.parametrize("value", ["text", np.array([1 + 2j]), {"a": 1.0}, np.array([1.0, "a"], object)])
def test_variables_that_hold_no_real_numbers(path, value):
    scipy.io.savemat(path, {"scores": value, "other": [1.0]})
    with refused("not_a_number", "scores"):
        read_vector(path, "scores")
    with refused("missing_key", "final", "'scores', 'other'"):
        read_vector(path, "final")


def test_files_that_are_none(path):
    with refused("not_found", path):
        read_vector(path, "scores")
    scipy.io.savemat(path, {"scores": np.array([76.5, 72.0, 83.25])})
    for content in (b"76.5 72.0", path.read_bytes()[:-8], b""):
        path.write_bytes(content)
        with refused("damaged", path):
            read_vector(path, "scores")


@pytest.mark.parametrize("value", [1.5, np.nan, np.inf, 1e30])
def test_what_is_no_integer(path, value):
    with refused("not_an_integer", path):
        whole_numbers(path, np.array([1.0, value]))
