"""Our reader of `.mat` files against SciPy's, and against files that contradict themselves."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from refusals import refused

from data_prep.datasets.readers.matlab import read_table, read_vector, whole_numbers


def save(path, **options):
    scipy.io.savemat(path, {"scores": np.array([76.5, 72.0, 83.25])}, **options)
    return path


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.int16, np.uint16, np.int32, np.int64, bool])
@pytest.mark.parametrize("shape", [(1, 6), (6, 1), (2, 3), (0, 3)])
def test_arrays_as_scipy_reads_them(tmp_path, compressed, dtype, shape):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    path = tmp_path / "labels.mat"
    scipy.io.savemat(path, {"a_long_variable_name": values, "v": values}, do_compression=compressed)
    for name in ("a_long_variable_name", "v"):
        expected = scipy.io.loadmat(path)[name].astype(np.float64)
        if 1 in shape:
            np.testing.assert_array_equal(read_vector(path, name), expected.ravel())
        np.testing.assert_array_equal(read_table(path, name, shape[1]), expected)


def test_a_table_that_lies_on_its_side(tmp_path):
    rows = np.array([[1, 7, 84.15], [1, 8, 21.6]])
    scipy.io.savemat(tmp_path / "list.mat", {"upright": rows, "lying": rows.T})
    for name in ("upright", "lying"):
        np.testing.assert_array_equal(read_table(tmp_path / "list.mat", name, 3), rows)
        with refused("wrong_shape", "list.mat", name, "4 columns"):
            read_table(tmp_path / "list.mat", name, 4)
    with refused("wrong_shape", "upright", "(2, 3)"):
        read_vector(tmp_path / "list.mat", "upright")


@pytest.mark.parametrize("value", ["text", np.array([1 + 2j]), {"a": 1.0}, np.array([1.0, "a"], object)])
def test_variables_that_hold_no_real_numbers(tmp_path, value):
    path = tmp_path / "labels.mat"
    scipy.io.savemat(path, {"scores": value, "other": [1.0]})
    with refused("not_a_number", "scores"):
        read_vector(path, "scores")
    assert read_vector(path, "other") == [1.0]
    with refused("missing_key", "final", "'scores', 'other'"):
        read_vector(path, "final")


def test_the_other_byte_order(tmp_path):
    """A vector of two doubles as a big-endian machine writes it, by the format's tables."""
    name = struct.pack(">II8s", 1, 6, b"scores")
    shape = struct.pack(">IIii", 5, 8, 1, 2)
    numbers = struct.pack(">IIdd", 9, 16, 2.5, -1.0)
    matrix = struct.pack(">IIII", 6, 8, 6, 0) + shape + name + numbers
    content = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(">H", 0x0100) + b"MI"
    (tmp_path / "labels.mat").write_bytes(content + struct.pack(">II", 14, len(matrix)) + matrix)
    np.testing.assert_array_equal(read_vector(tmp_path / "labels.mat", "scores"), [2.5, -1.0])
    np.testing.assert_array_equal(scipy.io.loadmat(tmp_path / "labels.mat")["scores"], [[2.5, -1.0]])


HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
VERSION_7_3 = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF\r\n\x1a\n" + bytes(100)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-8],
        lambda content: VERSION_7_3,
        lambda content: content.replace(struct.pack("<ii", 1, 3), struct.pack("<ii", 1, 4)),  # a longer shape
        lambda content: content.replace(struct.pack("<II", 9, 24), struct.pack("<II", 99, 24)),  # an unknown type
        lambda content: b"76.5 72.0",
        lambda content: content + content[128:],  # a variable twice: nobody knows which one is meant
        lambda content: content[:128] + bytes(8 * 160_000),  # 1.3 MB of empty elements
    ],
)
def test_files_that_contradict_themselves(tmp_path, damage):
    path = save(tmp_path / "labels.mat")
    path.write_bytes(damage(path.read_bytes()))
    with refused("damaged", "labels.mat"):
        read_vector(path, "scores")


@pytest.mark.parametrize(("number", "size"), [(1, 2**24), (9, 2**20)])
def test_a_small_file_that_inflates_beyond_measure_is_refused(tmp_path, number, size):
    """128 MB at once, or 72 MB in elements below the limit."""
    path = tmp_path / "labels.mat"
    scipy.io.savemat(path, {f"v{n}": np.zeros((1, size)) for n in range(number)}, do_compression=True)
    assert path.stat().st_size < 2**18
    with refused("damaged", "labels.mat"):
        read_vector(path, "v0")


@pytest.mark.parametrize("value", [1.5, np.nan, np.inf, 1e30])
def test_what_is_no_integer(tmp_path, value):
    with refused("not_an_integer", "labels.mat"):
        whole_numbers(tmp_path / "labels.mat", np.array([1.0, value]))


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
def test_real_files_as_scipy_reads_them():
    paths = sorted(Path(os.environ["SCORINGNET_REAL_DATA"]).rglob("*.mat"))
    assert len(paths) == 16
    for path in paths:
        (name,) = [name for name in scipy.io.loadmat(path) if not name.startswith("__")]
        np.testing.assert_array_equal(read_vector(path, name), scipy.io.loadmat(path)[name].ravel())
