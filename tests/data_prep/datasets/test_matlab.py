"""Our reader of `.mat` files against SciPy's, and against files that contradict themselves."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from data_prep.datasets.readers import matlab
from data_prep.datasets.readers.matlab import read_table, read_vector, whole_numbers
from scoringnet_tf.support.errors import InputError


def _save(path, **options):
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
        with pytest.raises(InputError, match=rf"expected 4 columns in '{name}'\. Received: shape"):
            read_table(tmp_path / "list.mat", name, 4)
    with pytest.raises(InputError, match=r"expected 'upright' to be a row or a column\. Received: shape \(2, 3\)"):
        read_vector(tmp_path / "list.mat", "upright")


@pytest.mark.parametrize("value", ["text", np.array([1 + 2j]), {"a": 1.0}, np.array([1.0, "a"], object)])
def test_variables_that_hold_no_real_numbers(tmp_path, value):
    scipy.io.savemat(tmp_path / "labels.mat", {"scores": value, "other": [1.0]})
    with pytest.raises(InputError, match="expected real numbers in 'scores'"):
        read_vector(tmp_path / "labels.mat", "scores")
    assert read_vector(tmp_path / "labels.mat", "other") == [1.0]


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


def _truncate(content):
    return content[:-8]


def _version_7_3(content):
    return b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF\r\n\x1a\n" + bytes(100)


def _longer_shape(content):
    return content.replace(struct.pack("<ii", 1, 3), struct.pack("<ii", 1, 4))


def _unknown_type(content):
    return content.replace(struct.pack("<II", 9, 24), struct.pack("<II", 99, 24))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_truncate, "an element of .* bytes, of which"),
        (_version_7_3, "an element of .* bytes, of which|no variable"),
        (_longer_shape, r"3 numbers in 'scores' of shape \(1, 4\)"),
        (_unknown_type, "numbers of type 99 in 'scores'"),
        (lambda content: b"76.5 72.0", "no header of such a file"),
        (lambda content: content[:128], "no variable"),
    ],
)
def test_files_that_contradict_themselves(tmp_path, damage, message):
    path = _save(tmp_path / "labels.mat")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=rf"labels\.mat: expected .* Received: .*({message})"):
        read_vector(path, "scores")


def test_a_small_file_that_inflates_beyond_measure_is_refused(tmp_path):
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"scores": np.zeros((1, 2**24))}, do_compression=True)
    (tmp_path / "labels.mat").write_bytes(buffer.getvalue())
    assert len(buffer.getvalue()) < 2**18
    with pytest.raises(InputError, match=r"an element of .* bytes, of which"):
        read_vector(tmp_path / "labels.mat", "scores")


def _zlib_bomb(num_bytes):
    """A compressed element of zeros, which is one matrix without a name."""
    data = zlib.compress(struct.pack("<II", 14, num_bytes) + bytes(num_bytes))
    return struct.pack("<II", 15, len(data)) + data


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        (bytes(8 * 160_000), "more than 1000 elements"),  # 1.3 MB of empty ones
        (_zlib_bomb(2**23) * 9, "an element of 8388608 bytes, of which"),  # 72 MB, none of them above the limit
    ],
)
def test_the_work_of_a_file_is_bounded(tmp_path, monkeypatch, elements, message):
    (tmp_path / "labels.mat").write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + elements)
    read = []
    monkeypatch.setattr(matlab, "_matrix", lambda data, order: (len(read), read.append(len(data))))
    with pytest.raises(InputError, match=rf"labels\.mat: expected a MATLAB file .* Received: {message}"):
        read_vector(tmp_path / "labels.mat", "scores")
    assert sum(read) <= matlab.MAX_INFLATED_BYTES


def test_a_variable_that_is_there_twice_is_refused(tmp_path):
    """Which of the two is meant, nobody knows."""
    content = _save(tmp_path / "labels.mat").read_bytes()
    (tmp_path / "labels.mat").write_bytes(content + content[128:])
    with pytest.raises(InputError, match="Received: 'scores' twice"):
        read_vector(tmp_path / "labels.mat", "scores")


@pytest.mark.parametrize("value", [1.5, np.nan, np.inf, 1e30])
def test_what_is_no_integer(tmp_path, value):
    with pytest.raises(InputError, match=r"labels\.mat: expected integers\. Received"):
        whole_numbers(tmp_path / "labels.mat", np.array([1.0, value]))


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
def test_real_files_as_scipy_reads_them():
    paths = sorted(Path(os.environ["SCORINGNET_REAL_DATA"]).rglob("*.mat"))
    assert len(paths) == 16
    for path in paths:
        (name,) = [name for name in scipy.io.loadmat(path) if not name.startswith("__")]
        np.testing.assert_array_equal(read_vector(path, name), scipy.io.loadmat(path)[name].ravel())
