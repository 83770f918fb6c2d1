"""PyTorch's files: c3d.pickle, and MMAction2's Sports-1M backbone and recognisers; read with PyTorch itself.

c3d.pickle (conv1, conv2, conv3a … conv5b, fc6, fc7, fc8) was converted from Caffe, as MMAction2's backbone was
(mmaction/models/backbones/c3d.py). What others trained goes by these names, too: with other classes, on frames less
another mean, and as a rule behind a pool5 that pads by one on all sides (`padding=(0, 1, 1)`). Caffe's pads at the end:
of seven places such an fc6 has learned from the windows 0, 1–2, 3–4, 5–6, and ours would give it 0–1, 2–3, 4–5, 6. So
only the convolutions are taken. MMAction2's recognisers see RGB frames, although the mean is that of BGR ones
(configs/_base_/models/c3d_sports1m_pretrained.py).
"""

import math
import pathlib

import numpy as np

from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.weights.parameters import CLASSES, REQUIRED, SPORTS, SPORTS1M, Parameters, Weights, from_caffe

ZIP, PICKLE = b"PK", b"\x80"  # how PyTorch's two containers start
LAYOUT, MMACTION2 = "PyTorch (c3d.pickle)", "MMAction2"
NAMES = {"conv1a": "conv1", "conv2a": "conv2"}  # the others are those of C3D
HEAD = "cls_head.fc_cls"
RECOGNISER = {"channels": "rgb", "mean": [104.0, 117.0, 128.0], "scale": 1.0, "frame_size": [128, 171]}
SHARED = 2  # numbers of all tensors for a byte of the file; of half precision without shared ones it is a half
LEFT_BESIDE = (  # classes that a training run leaves beside its weights
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "mmengine.logging.history_buffer.HistoryBuffer",
)


def read(path: str | pathlib.Path) -> Weights:
    """`Weights` of a file of `torch.save`.

    Raises:
        InputError: as `read_tensors`; or its names are not those of C3D (`wrong_format`).
    """
    tensors = read_tensors(path)
    if "conv1.weight" in tensors:
        return _of_c3d_pickle(tensors)
    for prefix in ("backbone.", ""):
        if f"{prefix}conv1a.conv.weight" in tensors:
            return _of_mmaction2(tensors, prefix)
    raise InputError(
        "wrong_format",
        f"{path} is no C3D that we know: it has {', '.join(list(tensors)[:8]) or 'no tensor'}.",
        f"{LAYOUT} has conv1.weight, {MMACTION2} conv1a.conv.weight.",
    )


def _of_c3d_pickle(tensors):
    modules = {layer: NAMES.get(layer, layer) for layer in (*REQUIRED, CLASSES)}
    classes = tensors[f"{CLASSES}.bias"].size if f"{CLASSES}.bias" in tensors else SPORTS
    if classes == SPORTS:
        return _named(LAYOUT, tensors, modules, SPORTS1M)
    layout = f"{LAYOUT}, {classes} classes of another set, whose mean is not known: that of Sports-1M is assumed"
    return _named(layout, tensors, modules, SPORTS1M, "they were trained anew, as a rule behind another pool5")


def _of_mmaction2(tensors, prefix):
    modules = {layer: f"{prefix}{layer}{'.conv' * layer.startswith('conv')}" for layer in REQUIRED}
    if f"{HEAD}.weight" in tensors:
        return _named(MMACTION2, tensors, modules, RECOGNISER, "they were trained behind a pool5 that pads otherwise")
    return _named(MMACTION2, tensors, {**modules, CLASSES: HEAD}, SPORTS1M)


def _named(layout, tensors, modules, preprocessing, without_top=""):
    """`Weights` of name → array, by layer of `C3D` → name of its module; only its convolutions if `without_top`."""
    layers = {}
    used: set[str] = set()
    for layer, module in modules.items():
        names = f"{module}.weight", f"{module}.bias"
        if all(name in tensors for name in names) and (layer.startswith("conv") or not without_top):
            kernel, bias = (tensors[name] for name in names)
            layers[layer] = Parameters(module, from_caffe(kernel), bias)
            used.update(names)
    unused = tuple(name for name in tensors if name not in used)
    return Weights(layout, layers, preprocessing, True, unused, without_top)


# === Files ===


class _Ignored:
    """Stands for what a training run leaves beside its weights: takes whatever is given and keeps nothing."""

    def __init__(self, *args: object) -> None:
        pass

    def __setstate__(self, state):
        pass


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
    """ValueError if tensors show the same numbers many times over: a small file would ask for much memory."""
    asked = sum(math.prod(tensor.shape) for tensor in tensors)
    if asked > SHARED * num_bytes:
        raise ValueError(f"tensors of {counted(asked, 'number')} in {counted(num_bytes, 'byte')}")
