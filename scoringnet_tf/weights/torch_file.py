"""Reads the tensors of a file that `torch.save` wrote, without PyTorch and without running anything in it.

Both containers: the zip archive since PyTorch 1.6 and the older sequence of pickles (torch/serialization.py). As with
`torch.load(weights_only=True)`, a pickle may name tensors and plain containers alone.
"""

import collections
import dataclasses
import io
import math
import pathlib
import pickle
import struct
import zipfile
from typing import IO, Any

import numpy as np

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.pickle_check import check_pickle
from scoringnet_tf.support.wording import counted

ZIP, PICKLE = b"PK", b"\x80"  # how the containers start
SHARED = 2  # numbers of all tensors for a byte of the file; of half precision without shared ones it is a half
MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle of the older one

DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}


@dataclasses.dataclass
class Storage:
    """The numbers that tensors look into: `data` is filled in once their bytes are reached."""

    dtype: str
    size: int
    data: Any = None

    @property
    def num_bytes(self) -> int:
        """What the numbers take."""
        return self.size * np.dtype(self.dtype).itemsize

    def fill(self, data: bytes) -> None:
        """Takes the bytes of the storage.

        Raises:
            UnpicklingError: there are fewer or more.
        """
        if len(data) != self.num_bytes:
            raise pickle.UnpicklingError(
                f"{counted(len(data), 'byte')} of a tensor of {self.num_bytes}: the file is cut off"
            )
        self.data = np.frombuffer(data, self.dtype)


@dataclasses.dataclass
class Tensor:
    """A view of a storage; offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple
    strides: tuple

    def numpy(self) -> np.ndarray:
        """The tensor as float32.

        Raises:
            UnpicklingError: it reaches beyond its storage.
        """
        if not math.prod(self.shape):
            return np.zeros(self.shape, np.float32)
        last = self.offset + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        if min(self.offset, *self.shape, *self.strides, 0) < 0 or last >= self.storage.size:
            raise pickle.UnpicklingError(f"a tensor of {self.shape} beyond the end of its storage")
        strides = [stride * self.storage.data.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided(self.storage.data[self.offset :], self.shape, strides, writeable=False)
        return view.astype(np.float32)


class Ignored:
    """Stands for NumPy and mmengine values of a training run: takes whatever is given and keeps nothing."""

    def __init__(self, *args: object) -> None:
        pass

    def __setstate__(self, state):
        pass


def _rebuild_tensor(storage, offset, shape, strides, *_):
    return Tensor(storage, offset, tuple(shape), tuple(strides))


ALLOWED = {
    "collections.OrderedDict": collections.OrderedDict,
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_parameter": lambda tensor, *_: tensor,
    **{f"torch.{name}": dtype for name, dtype in DTYPES.items()},
}


class TensorUnpickler(pickle.Unpickler):
    """Unpickles tensors and plain containers; `storages` collects key → `Storage`."""

    def __init__(self, file: IO[bytes], storages: dict[str, Storage]) -> None:
        super().__init__(file, encoding="utf-8")
        self.storages = storages

    def find_class(self, module: str, name: str) -> Any:
        """Resolves a global of the pickle; everything that is not listed here is refused."""
        if f"{module}.{name}" in ALLOWED:
            return ALLOWED[f"{module}.{name}"]
        if module.split(".")[0] in ("numpy", "mmengine"):
            return Ignored
        raise pickle.UnpicklingError(f"{module}.{name}, which is not loaded: it could run anything")

    def persistent_load(self, saved_id: Any) -> Storage:
        """The storage that a tensor refers to."""
        kind, dtype, key, _, size, *view = saved_id
        if kind != "storage" or dtype not in DTYPES.values() or any(view):
            raise pickle.UnpicklingError(f"a reference to {kind} {dtype}")
        return self.storages.setdefault(key, Storage(dtype, size))


def read_tensors(path: str | pathlib.Path) -> dict[str, np.ndarray]:
    """The state dict in a file of `torch.save`, bare or under the key `state_dict`: name → float32 array.

    Raises:
        InputError: the file is not whole, holds anything but tensors and plain values, or no state dict.
    """
    try:
        with pathlib.Path(path).open("rb") as file:
            value = _read_zip(file) if file.read(len(ZIP)) == ZIP else _read_pickles(file)
        state = value.get("state_dict", value) if isinstance(value, dict) else value
        if not isinstance(state, dict):
            raise pickle.UnpicklingError(f"a {type(state).__name__}")
        tensors = {name: tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}
        _check_sharing(tensors.values(), pathlib.Path(path).stat().st_size)
        return {name: tensor.numpy() for name, tensor in tensors.items()}
    except Exception as error:  # a damaged pickle may raise anything (docs of `pickle`), a damaged zip nearly so
        raise InputError(
            f"{path}: expected a state dict of PyTorch, tensors and plain values alone. Received: "
            f"{str(error) or type(error).__name__}."
        ) from error


def _check_sharing(tensors, num_bytes):
    """UnpicklingError where tensors show the same numbers many times over, each of which would be written out."""
    asked = sum(abs(math.prod(tensor.shape)) for tensor in tensors)
    if asked > SHARED * num_bytes:
        raise pickle.UnpicklingError(f"tensors of {counted(asked, 'number')} in {counted(num_bytes, 'byte')}")


def _read_zip(file):
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        storages: dict[str, Storage] = {}
        pickled = next((name for name in names if name.endswith("/data.pkl")), None)
        if pickled is None:
            raise pickle.UnpicklingError(f"a zip archive without data.pkl, but with {', '.join(names[:3])}")
        value = _load(io.BytesIO(_stored(archive, pickled)), storages)
        for key, storage in storages.items():
            storage.fill(_stored(archive, f"{pickled.removesuffix('data.pkl')}data/{key}"))
    return value


def _stored(archive, name):
    """The bytes of a member; `torch.save` does not compress, so that a small file cannot unfold to a large one."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise pickle.UnpicklingError(f"{name}, which is compressed")
    return archive.read(name)


def _load(file, storages):
    """The next pickle of a seekable file."""
    start = file.tell()
    num_bytes = file.seek(0, io.SEEK_END) - start
    file.seek(start)
    check_pickle(file, num_bytes)
    file.seek(start)
    return TensorUnpickler(file, storages).load()


def _read_pickles(file):
    """Magic number, protocol, system; the value, the keys of its storages; then size and bytes of each."""
    file.seek(0)
    storages: dict[str, Storage] = {}
    magic, _, _, value, keys = (_load(file, storages) for _ in range(5))
    if magic != MAGIC:
        raise pickle.UnpicklingError("a pickle that torch.save did not write")
    for key in keys:
        (size,) = struct.unpack("<q", file.read(8))
        storages[key].fill(file.read(size * np.dtype(storages[key].dtype).itemsize))
    return value
