"""Pickles of strangers: plain data of every Python and NumPy comes through, nothing else does, and nothing is run."""

import collections
import datetime
import os
import pickle

import numpy as np
import pytest
from refusals import refused

from data_prep.datasets.readers.pickles import load_pickle

PLAIN = {
    (np.int64(1), 2): [1, 2.5, None, True, "é", b"\x00\xff", {3}, frozenset([4]), 3 + 4j],
    "scalars": [np.float32(2.5), np.int64(7), np.bool_(True), np.str_("pike"), np.uint16(65535)],
    "ordered": collections.OrderedDict(b=1, a=2),
}
SCALAR, RECONSTRUCT, FROMBUFFER = (  # NumPy's own, wherever this version keeps them
    value.__reduce_ex__(protocol)[0] for value, protocol in ((np.float64(1), 2), (np.arange(2), 2), (np.arange(2), 5))
)
ARRAYS = [
    np.arange(6).reshape(2, 3),
    np.array([[1, 2], [3, 4]], ">i2", order="F"),
    np.array(["a", "bcd"]),
    np.array([b"a", b"bcd"]),
    np.array([1, "a", None], object),
    np.zeros((0, 3)),
    np.array(2.5),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels.pkl"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_through(path, protocol):
    path.write_bytes(pickle.dumps({**PLAIN, "arrays": ARRAYS}, protocol))
    loaded = load_pickle(path, dict)
    arrays = loaded.pop("arrays")
    assert loaded == PLAIN and [type(value) for value in loaded["scalars"]] == [type(v) for v in PLAIN["scalars"]]
    for found, expected in zip(arrays, ARRAYS, strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype.kind == expected.dtype.kind and found.dtype.itemsize == expected.dtype.itemsize


def test_python_2(path):
    """Protocol 2 as Python 2 writes it: byte strings as text, an int16 array and a float64 scalar with raw contents."""
    dtype = b"cnumpy\ndtype\n(U\x02%sK\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01(K\x02t%s\x89U\x04%stb"
    scalar = b"cnumpy.core.multiarray\nscalar\n(%sU\x08%stR"
    values = np.array([1, -1], "<i2").tobytes(), np.float64(2.5).tobytes()
    array, scalar = array % (dtype % b"i2", values[0]), scalar % (dtype % b"f8", values[1])
    path.write_bytes(b"\x80\x02}(U\x05array" + array + b"U\x06scalar" + scalar + b"u.")
    loaded = load_pickle(path, dict)
    np.testing.assert_array_equal(loaded["array"], [1, -1])
    assert loaded["scalar"] == 2.5


class _Reduced:
    """Pickles as a call of `function` with `arguments`, and `state` to set on what it returns."""

    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (_Reduced(os.system, "touch executed"), ".system"),
        (_Reduced(eval, "open('executed', 'w')"), "builtins.eval"),
        (_Reduced(getattr, "", "join"), "builtins.getattr"),
        (_Reduced(np.load, "labels.npy"), "numpy.load"),
        (datetime.date(2020, 1, 1), "datetime.date"),
        (range(3), "builtins.range"),
        (np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]), "NumPy values of type V12"),
        (np.datetime64("2020-01-01"), "NumPy values of type M8"),
        (_Reduced(SCALAR, np.dtype("O"), b"\x01" * 8), "Python objects as raw bytes"),
        (_Reduced(FROMBUFFER, b"\x01" * 8, np.dtype("O"), (1,), "C"), "Python objects as raw bytes"),
        (_Reduced(__import__("_codecs").encode, "x", "zlib"), "the codec zlib"),
    ],
)
def test_everything_else_is_refused_by_name(path, value, name, monkeypatch):
    monkeypatch.chdir(path.parent)
    path.write_bytes(pickle.dumps([value]))
    with refused("forbidden_pickle", "labels.pkl", name):
        load_pickle(path, list)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("shape", [(3,), (2**40,), (-2,)])
@pytest.mark.parametrize("contents", [[1, 2], b"\x01\x02"])
def test_an_array_that_lies_about_its_size_is_refused(path, shape, contents):
    """NumPy itself reads beyond the list of such an array."""
    dtype = np.dtype("O") if isinstance(contents, list) else np.dtype("i1")
    empty = (np.ndarray, (0,), b"b")
    state = (1, shape, dtype, False, contents)
    path.write_bytes(pickle.dumps([_Reduced(RECONSTRUCT, *empty, state=state)]))
    with refused("damaged", "labels.pkl"):
        load_pickle(path, list)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "not_found"),
        (b"", "damaged"),
        (pickle.dumps(PLAIN)[:-20], "damaged"),
        (b"not a pickle at all", "damaged"),
        (pickle.dumps([_Reduced(np.ndarray, (2,), "O")]), "damaged"),
        (b"\x80\x02]r\xff\xff\xff\x7f.", "damaged"),  # an index of the memo that would take 16 GB
        (pickle.dumps([1]), "wrong_format"),
    ],
)
def test_what_is_no_pickle_of_a_dict(path, content, code):
    if content is not None:
        path.write_bytes(content)
    with refused(code, "labels.pkl"):
        load_pickle(path, dict)
