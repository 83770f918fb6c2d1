"""Pickles of strangers, read without running them: plain containers, numbers, strings, NumPy arrays and scalars.

A pickle is a program: it calls functions by name and hands them state. Here only the names below resolve, each to
something of this module that holds data alone. NumPy's own functions are left out: with a hostile state some read
memory that is not theirs.
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
    """Returns the object of a pickle file of Python 2 or 3; byte strings of Python 2 come as `str` (Latin-1).

    Args:
        path: the file.
        expected: type of the object, or a tuple of possible types.

    Raises:
        InputError: there is no such file, it is damaged, of another type, or holds more than plain data.
    """
    if not path.is_file():
        raise InputError("not_found", f"{path}: there is no such pickle file.")
    try:
        content = path.read_bytes()
        check_pickle(content, len(content))
        loaded = _Unpickler(io.BytesIO(content), encoding="latin1").load()
    except ForbiddenName as error:
        hint = "Only plain containers, numbers, strings and NumPy arrays are loaded: others may run code."
        raise InputError("forbidden_pickle", f"{path} holds {error}.", hint) from error
    except Exception as error:  # garbage makes the unpickler raise nearly anything
        raise InputError("damaged", f"{path}: not a whole pickle ({type(error).__name__}: {error}).") from error
    if not isinstance(loaded, expected):
        names = " or ".join(kind.__name__ for kind in (expected if isinstance(expected, tuple) else (expected,)))
        raise InputError("wrong_format", f"{path} holds a {type(loaded).__name__}, not a {names}.")
    return loaded


class ForbiddenName(Exception):
    """A pickle asks for something that is not plain data."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        """Resolves a name in the pickle; ForbiddenName if it is not listed here."""
        if module in ("builtins", "__builtin__") and name in BUILTINS:
            return BUILTINS[name]
        if (module, name) in GLOBALS:
            return GLOBALS[module, name]
        raise ForbiddenName(f"{module}.{name}")


class _DType:
    """A NumPy dtype of plain values; it takes only the byte order of its state."""

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
    """A NumPy array that takes its state only if the contents fit the shape."""

    def __setstate__(self, state):
        _, shape, dtype, fortran, contents = state
        num_values = len(contents) if dtype.dtype.hasobject else len(dtype.read(contents))
        if min(shape, default=0) < 0 or math.prod(shape) != num_values:
            raise ValueError(f"{counted(num_values, 'value')} in an array of shape {shape}")
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
    """Bytes of protocols 0 to 2; other codecs are refused."""
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
