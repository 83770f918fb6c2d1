"""MMAction2: the Sports-1M backbone (c3d_sports1m_pretrain) and recognisers that were fine-tuned from it.

The names are those of mmaction/models/backbones/c3d.py; the preprocessing of a recogniser is that of
configs/_base_/models/c3d_sports1m_pretrained.py: RGB frames, although the mean is that of BGR ones. Its pool5 pads by
one on all sides (`padding=(0, 1, 1)`), where Caffe's pads at the end: of seven places fc6 of a recogniser has learned
from the windows 0, 1–2, 3–4, 5–6, and ours would give it 0–1, 2–3, 4–5, 6. So its convolutions are taken alone. The
backbone by itself was converted from Caffe's weights.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from scoringnet_tf.weights.convert import CLASSES, REQUIRED, SPORTS1M, Weights
from scoringnet_tf.weights.pytorch import named_weights

LAYOUT = "MMAction2"
HEAD = "cls_head.fc_cls"
RECOGNISER = {"channels": "rgb", "mean": [104.0, 117.0, 128.0], "scale": 1.0, "frame_size": [128, 171]}


def recognises(tensors: Mapping[str, np.ndarray]) -> bool:
    """Whether name → array is of this layout."""
    return any(name.removeprefix("backbone.") == "conv1a.conv.weight" for name in tensors)


def read(tensors: Mapping[str, np.ndarray]) -> Weights:
    """`Weights` of a state dict, name → array."""
    prefix = "backbone." if "backbone.conv1a.conv.weight" in tensors else ""
    modules = {layer: f"{prefix}{layer}{'.conv' if layer.startswith('conv') else ''}" for layer in REQUIRED}
    preprocessing = RECOGNISER if f"{HEAD}.weight" in tensors else SPORTS1M
    if preprocessing is RECOGNISER:
        convolutions = {layer: module for layer, module in modules.items() if layer.startswith("conv")}
        found = named_weights(LAYOUT, tensors, convolutions, preprocessing)
        return dataclasses.replace(found, without_top="they were trained behind a pool5 that pads on all sides")
    return named_weights(LAYOUT, tensors, {**modules, CLASSES: HEAD}, preprocessing)
