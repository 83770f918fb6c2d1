"""Pickles of strangers, read without executing anything: plain containers, numbers, strings, NumPy arrays and scalars.

A pickle is a program: it names functions, has them called, and hands them state. Here the only names that resolve are
those below, and each resolves to something of this module that can hold nothing but data. NumPy's own functions are
not among them: given a hostile state, some read memory that is not theirs.
"""

import collections
import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.datasets.readers.pickle_check import check_pickle
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

BUILTINS = {"set": set, "frozenset": frozenset, "complex": complex, "bytes": lambda: b""}  # protocols 0 to 2
ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")  # before and since NumPy 2
BUFFER_MODULES = ("numpy.core.numeric", "numpy._core.numeric")
PLAIN_KINDS = "biufcSUO"  # NumPy's letters for Booleans, numbers, strings, and objects (which are unpickled here, too)


def load_pickle(path: Path, expected: type | tuple[type, ...]) -> Any:
    """The object of a pickle file of Python 2 or 3.

    Strings of Python 2 come as `str` (Latin-1, which also lets its NumPy arrays through).

    Args:
        path: the file.
        expected: type of the object, or a tuple of those it may have.

    Raises:
        InputError: no such file, no pickle, truncated, an object of another type, or a pickle that names anything but
            plain data; the message says what.
    """
    if not path.is_file():
        raise InputError("todo", f"{path}: expected a pickle file. Received: no such file.")
    try:
        content = path.read_bytes()
        check_pickle(content, len(content))
        loaded = _Unpickler(io.BytesIO(content), encoding="latin1").load()
    except ForbiddenName as error:
        raise InputError(
            "todo",
            f"{path}: expected plain containers, numbers, strings and NumPy arrays only. Received: {error}, which is "
            "not loaded, since it may run code.",
        ) from error
    except Exception as error:  # garbage makes the unpickler raise nearly anything
        raise InputError(
            "todo", f"{path}: expected a whole pickle. Received: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(loaded, expected):
        names = " or ".join(kind.__name__ for kind in (expected if isinstance(expected, tuple) else (expected,)))
        raise InputError("todo", f"{path}: expected a pickled {names}. Received: {type(loaded).__name__}")
    return loaded


class ForbiddenName(Exception):
    """A pickle asks for something that is not plain data."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        """Resolves a global of the pickle; everything that is not listed here is refused."""
        if module in ("builtins", "__builtin__") and name in BUILTINS:
            return BUILTINS[name]
        if (module, name) in GLOBALS:
            return GLOBALS[module, name]
        raise ForbiddenName(f"{module}.{name}")


class _DType:
    """A NumPy dtype of plain values; of the state that a pickle hands it, the byte order alone is taken."""

    def __init__(self, spec, align=False, copy=True):
        self.dtype = np.dtype(spec.decode("latin1") if isinstance(spec, bytes) else spec)
        if self.dtype.kind not in PLAIN_KINDS:
            raise ForbiddenName(f"NumPy values of type {spec}")

    def __setstate__(self, state):
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])

    def read(self, raw):
        """The values of a buffer, (N,)."""
        if self.dtype.hasobject:
            raise ForbiddenName("Python objects as raw bytes")
        return np.frombuffer(raw.encode("latin1") if isinstance(raw, str) else raw, self.dtype)


class _Array(np.ndarray):
    """A NumPy array that takes its state only where the contents fit the shape."""

    def __setstate__(self, state):
        _, shape, dtype, fortran, contents = state
        num_values = len(contents) if dtype.dtype.hasobject else len(dtype.read(contents))
        if min(shape, default=0) < 0 or math.prod(shape) != num_values:
            raise ValueError(f"expected an array of shape {shape}. Received: {counted(num_values, 'value')}")
        super().__setstate__((1, shape, dtype.dtype, fortran, contents))


def _reconstruct(subtype, shape, typecode):
    """An empty array; its shape, type and contents follow as its state."""
    return _Array(0, np.int8)


def _scalar(dtype, raw):
    """A NumPy scalar of its bytes."""
    return dtype.read(raw)[0]


def _frombuffer(buffer, dtype, shape, order):
    """An array as protocol 5 stores it."""
    return dtype.read(buffer).reshape(shape, order=order)


def _encode(text, encoding):
    """How protocols 0 to 2 spell bytes; no other codec is looked up."""
    if encoding != "latin1":
        raise ForbiddenName(f"the codec {encoding}")
    return text.encode("latin1")


GLOBALS = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _DType,
    ("numpy", "ndarray"): "numpy.ndarray",  # only ever an argument of _reconstruct
    **{(module, "_reconstruct"): _reconstruct for module in ARRAY_MODULES},
    **{(module, "scalar"): _scalar for module in ARRAY_MODULES},
    **{(module, "_frombuffer"): _frombuffer for module in BUFFER_MODULES},
}
