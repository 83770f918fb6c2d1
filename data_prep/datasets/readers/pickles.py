"""Pickles of strangers, read without running them: plain containers, numbers, strings, NumPy arrays and scalars.

A pickle is a program: it calls functions by name and hands them state. Here only the names below resolve, each to
something of this module that holds data alone. NumPy's own functions are left out: with a hostile state some read
memory that is not theirs.

MTL-AQA and FineDiving have such annotations, keyed by (video, clip); their splits list keys.
"""

import collections
import io
import math
import numbers
import pickle
import pickletools
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.datasets.readers.layout import find_file
from scoringnet_tf.support.messages import InputError, Remark, counted

BUILTINS = {"set": set, "frozenset": frozenset, "complex": complex, "bytes": lambda: b""}  # protocols 0 to 2
ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")  # before and since NumPy 2
BUFFER_MODULES = ("numpy.core.numeric", "numpy._core.numeric")
PLAIN_KINDS = "biufcSUO"  # NumPy's letters for Booleans, numbers, strings, and objects (which are unpickled here, too)


def load_pickle(path: Path, expected: type | tuple[type, ...]) -> Any:
    """Returns a pickle file's plain data, or InputError; Python 2's byte strings come as Latin-1 text."""
    if not path.is_file():
        raise InputError("not_found", f"{path}: there is no such pickle file.")
    try:
        content = path.read_bytes()
        _check_memo(content)
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


def _check_memo(content: bytes) -> None:
    """The unpickler's memo is as long as its largest index: nine bytes could ask for 64 GB."""
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name.endswith("PUT") and argument is not None and argument > len(content):
            raise ValueError(f"memo index {argument} in {len(content)} bytes")


class ForbiddenName(Exception):
    """A pickle asks for something that is not plain data."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Resolves a name in the pickle; ForbiddenName if it is not listed here."""
        if module in ("builtins", "__builtin__") and name in BUILTINS:
            return BUILTINS[name]
        if (module, name) in GLOBALS:
            return GLOBALS[module, name]
        raise ForbiddenName(f"{module}.{name}")


class _DType:
    """A NumPy dtype for plain values; it takes only the byte order from its state."""

    def __init__(self, spec: Any, align: bool = False, copy: bool = True) -> None:
        self.dtype = np.dtype(spec.decode("latin1") if isinstance(spec, bytes) else spec)
        if self.dtype.kind not in PLAIN_KINDS:
            raise ForbiddenName(f"NumPy values of type {spec}")

    def __setstate__(self, state: tuple) -> None:
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])

    def read(self, raw: bytes | str) -> np.ndarray:
        """A buffer's values, (N,)."""
        if self.dtype.hasobject:
            raise ForbiddenName("Python objects as raw bytes")
        return np.frombuffer(raw.encode("latin1") if isinstance(raw, str) else raw, self.dtype)


class _Array(np.ndarray):
    """A NumPy array that takes its state only if the contents fit the shape."""

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, fortran, contents = state
        num_values = len(contents) if dtype.dtype.hasobject else len(dtype.read(contents))
        if min(shape, default=0) < 0 or math.prod(shape) != num_values:
            raise ValueError(f"{counted(num_values, 'value')} in an array of shape {shape}")
        super().__setstate__((1, shape, dtype.dtype, fortran, contents))


def _reconstruct(subtype: Any, shape: Any, typecode: Any) -> "_Array":
    """An empty array; its shape, type and contents follow as its state."""
    return _Array(0, np.int8)


def _scalar(dtype: "_DType", raw: bytes | str) -> Any:
    return dtype.read(raw)[0]


def _frombuffer(buffer: bytes | str, dtype: "_DType", shape: Any, order: Any) -> np.ndarray:
    return dtype.read(buffer).reshape(shape, order=order)


def _encode(text: str, encoding: str) -> bytes:
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


Key = tuple[int | str, int]  # (video, clip)
SPLITS = ("train", "test")


def read_annotations(path: Path) -> dict[Key, dict[str, Any]]:
    """Reads a pickle {(video, clip): {field: value}} with plain keys; InputError lists entries of another form."""
    content = load_pickle(path, dict)
    malformed = [key for key, entry in content.items() if not (_is_key(key) and isinstance(entry, dict))]
    if malformed:
        entries = "; ".join(f"{reprlib.repr(key)}: {reprlib.repr(content[key])}" for key in malformed)
        raise InputError("wrong_format", f"{path}: not {{(video, clip): {{field: value}}}}: {entries}.")
    return {_plain_key(key): entry for key, entry in content.items()}


def read_splits(source_dir: Path, names: Mapping[str, Sequence[str]]) -> dict[str, list[Key]]:
    """Reads each split's keys, in order, from one of its possible paths; InputError lists what is not a key."""
    splits = {}
    for split in SPLITS:
        path = find_file(source_dir, names[split])
        keys = load_pickle(path, (list, np.ndarray))
        malformed = [reprlib.repr(key) for key in keys if not _is_key(key)]
        if malformed:
            raise InputError("wrong_format", f"{path}: not a list of (video, clip): {'; '.join(malformed)}.")
        splits[split] = [_plain_key(key) for key in keys]
    return splits


def unused_note(annotations: Mapping[Key, Any], splits: Mapping[str, Sequence[Key]]) -> list[Remark]:
    """Notes annotations that no split lists."""
    unused = annotations.keys() - {key for keys in splits.values() for key in keys}
    what = f"Not built, as in neither split: {counted(len(unused), 'annotated clip')}."
    return [Remark("in_no_split", what)] if unused else []


def _is_key(key: Any) -> bool:
    """A video is a number or a name, a clip is a number."""
    is_pair = isinstance(key, (tuple, list, np.ndarray)) and len(key) == 2
    return is_pair and isinstance(key[0], (numbers.Integral, str)) and isinstance(key[1], numbers.Integral)


def _plain_key(key: Any) -> Key:
    return str(key[0]) if isinstance(key[0], str) else int(key[0]), int(key[1])
