"""I3D in PyTorch, with the weights of ours: what `benchmarks.trunk` and `extract` are measured against.

Independent of ours: it imports nothing of `scoringnet_tf`.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

LAYERS = (  # name: (filters, kernel, stride) of a convolution, (window, stride) of a pooling, filters of a block
    ("Conv3d_1a_7x7", (64, 7, 2)),
    ("MaxPool3d_2a_3x3", ((1, 3, 3), (1, 2, 2))),
    ("Conv3d_2b_1x1", (64, 1, 1)),
    ("Conv3d_2c_3x3", (192, 3, 1)),
    ("MaxPool3d_3a_3x3", ((1, 3, 3), (1, 2, 2))),
    ("Mixed_3b", (64, 96, 128, 16, 32, 32)),
    ("Mixed_3c", (128, 128, 192, 32, 96, 64)),
    ("MaxPool3d_4a_3x3", ((3, 3, 3), (2, 2, 2))),
    ("Mixed_4b", (192, 96, 208, 16, 48, 64)),
    ("Mixed_4c", (160, 112, 224, 24, 64, 64)),
    ("Mixed_4d", (128, 128, 256, 24, 64, 64)),
    ("Mixed_4e", (112, 144, 288, 32, 64, 64)),
    ("Mixed_4f", (256, 160, 320, 32, 128, 128)),
    ("MaxPool3d_5a_2x2", ((2, 2, 2), (2, 2, 2))),
    ("Mixed_5b", (256, 160, 320, 32, 128, 128)),
    ("Mixed_5c", (384, 192, 384, 48, 128, 128)),
)
KERNELS = ("0a_1x1",), ("0a_1x1", "0b_3x3"), ("0a_1x1", "0b_3x3"), ("0b_1x1",)  # of a block's branches


class Unit(nn.Module):
    """Convolution without bias, batch normalisation without scale, ReLU; padded as Keras's "same"."""

    def __init__(self, inputs, filters, kernel, stride=1):
        super().__init__()
        self.kernel, self.stride = (kernel,) * 3, (stride,) * 3
        self.conv = nn.Conv3d(inputs, filters, kernel, stride, padding=kernel // 2 if stride == 1 else 0, bias=False)
        self.norm = nn.BatchNorm3d(filters, 1e-3, momentum=0.001)
        self.norm.weight.requires_grad_(False)

    def forward(self, x):
        """Applies the layers."""
        x = x if self.stride == (1, 1, 1) else F.pad(x, _same(x, self.kernel, self.stride))
        return F.relu(self.norm(self.conv(x)), inplace=True)


class Mixed(nn.Module):
    """An Inception block: its branches side by side."""

    def __init__(self, inputs, filters):
        super().__init__()
        self.branches, counts = nn.ModuleList(), iter(filters)
        for kernels in KERNELS:
            sizes = [inputs, *(next(counts) for _ in kernels)]
            units = [Unit(*sizes[place : place + 2], int(name[-1])) for place, name in enumerate(kernels)]
            self.branches.append(nn.Sequential(*units))

    def forward(self, x):
        """Applies the layers."""
        seen = [x, x, x, F.max_pool3d(x, 3, 1, padding=1)]
        return torch.cat([branch(each) for branch, each in zip(self.branches, seen, strict=True)], dim=1)


class I3D(nn.Module):
    """I3D: frames uint8 (B, L, H, W, 3) → its last endpoint (B, 1024, ⌈L / 8⌉, h, w).

    Batch normalisation works as in inference, as our `Backbone` has it.
    """

    def __init__(self):
        super().__init__()
        self.blocks, channels = nn.ModuleDict(), 3
        for name, parts in LAYERS:
            if name.startswith("Conv"):
                self.blocks[name], channels = Unit(channels, *parts), parts[0]
            elif name.startswith("Mixed"):
                self.blocks[name], channels = Mixed(channels, parts), sum(parts[place] for place in (0, 2, 4, 5))

    def forward(self, frames):
        """Applies the layers; what is in memory stays channels last."""
        return self.ends(frames)[-1]

    def ends(self, frames, names=("Mixed_4f", "Mixed_5c")):
        """The results of these endpoints."""
        x, found = frames.permute(0, 4, 1, 2, 3) / 127.5 - 1.0, []
        for name, parts in LAYERS:
            x = self.blocks[name](x) if name in self.blocks else F.max_pool3d(F.pad(x, _same(x, *parts)), *parts)
            found += [x] if name in names else []
        return found

    def train(self, mode=True):
        """Training, but for the statistics of batch normalisation."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm3d):
                module.eval()
        return self

    def learn(self, blocks):
        """Lets the last `blocks` endpoints learn, None for all; the parameters that do."""
        names = [name for name, _ in LAYERS]
        learning = names if blocks is None else names[-blocks:]
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name.split(".")[1] in learning and not name.endswith("norm.weight"))
        return [parameter for parameter in self.parameters() if parameter.requires_grad]


def load(network, weights):
    """Gives a network the weights of our `I3D`: layer → arrays, as `Layer.get_weights` has them."""
    with torch.no_grad():
        for layer, unit in _units(network):
            unit.conv.weight.copy_(torch.from_numpy(np.moveaxis(weights[layer][0], (-1, -2), (0, 1)).copy()))
            norm = (unit.norm.bias, unit.norm.running_mean, unit.norm.running_var)
            for parameter, array in zip(norm, weights[f"{layer}_batch_norm"], strict=True):
                parameter.copy_(torch.from_numpy(np.array(array)))
    return network


def _units(network):
    """(name of our layer, `Unit`) of each convolution."""
    for name, block in network.blocks.items():
        if isinstance(block, Unit):
            yield name, block
            continue
        for branch, (kernels, units) in enumerate(zip(KERNELS, block.branches, strict=True)):
            for kernel, unit in zip(kernels, units, strict=True):
                yield f"{name}_Branch_{branch}_Conv3d_{kernel}", unit


def _same(x, kernel, stride):
    """The padding that Keras's "same" has; zeros, which change no maximum of what a ReLU gives."""
    pads = []
    for size, window, step in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max((-(-size // step) - 1) * step + window - size, 0)
        pads += [total // 2, total - total // 2]
    return pads
