"""Reads the tensors of a file that `torch.save` wrote, with PyTorch itself (the extra `torch`)."""

import math
import pathlib

import numpy as np

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

ZIP, PICKLE = b"PK", b"\x80"  # how its two containers start
SHARED = 2  # numbers of all tensors for a byte of the file; of half precision without shared ones it is a half


class _Ignored:
    """Stands for what a training run leaves beside its weights: takes whatever is given and keeps nothing."""

    def __init__(self, *args: object) -> None:
        pass

    def __setstate__(self, state):
        pass


LEFT_BESIDE = (
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "mmengine.logging.history_buffer.HistoryBuffer",
)


def read_tensors(path: str | pathlib.Path) -> dict[str, np.ndarray]:
    """The state dict in a file of `torch.save`, bare or under the key `state_dict`: name → float32 array.

    Raises:
        InputError: PyTorch is not installed (`missing_package`); the file is not whole, holds anything but tensors and
            plain values, or no state dict (`damaged_weights`).
    """
    try:
        import torch
    except ImportError as error:
        raise InputError("missing_package", f"{path} needs PyTorch.", "pip install '.[torch]'") from error
    try:
        with torch.serialization.safe_globals([(_Ignored, name) for name in LEFT_BESIDE]):
            value = torch.load(path, map_location="cpu", weights_only=True)
        state = value.get("state_dict", value) if isinstance(value, dict) else value
        if not isinstance(state, dict):
            raise TypeError(f"a {type(state).__name__}")
        tensors = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
        _check_sharing(tensors.values(), pathlib.Path(path).stat().st_size)
        return {name: tensor.detach().float().numpy() for name, tensor in tensors.items()}
    except Exception as error:  # a damaged pickle may raise anything (docs of `pickle`), a damaged zip nearly so
        reason = str(error).partition("\n")[0] or type(error).__name__
        message = f"{path} is no state dict of tensors and plain values, or it is damaged: {reason}"
        raise InputError("damaged_weights", message) from error


def _check_sharing(tensors, num_bytes):
    """ValueError where tensors show the same numbers many times over: a small file would ask for much memory."""
    asked = sum(math.prod(tensor.shape) for tensor in tensors)
    if asked > SHARED * num_bytes:
        raise ValueError(f"tensors of {counted(asked, 'number')} in {counted(num_bytes, 'byte')}")
