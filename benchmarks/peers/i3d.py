"""I3D in PyTorch, with the weights of ours: what `benchmarks.trunk` measures ours against."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from scoringnet_tf.models.backbones.i3d import BRANCHES, ENDPOINTS, EPSILON, LAYERS


class Unit(nn.Module):
    """Convolution without bias, batch normalisation without scale, ReLU; padded as Keras's "same"."""

    def __init__(self, inputs, filters, kernel, stride=1):
        super().__init__()
        self.kernel, self.stride = (kernel,) * 3, (stride,) * 3
        self.conv = nn.Conv3d(inputs, filters, kernel, stride, padding=kernel // 2 if stride == 1 else 0, bias=False)
        self.norm = nn.BatchNorm3d(filters, EPSILON, momentum=0.001)
        self.norm.weight.requires_grad_(False)

    def forward(self, x):
        """Applies the layers."""
        x = x if self.stride == (1, 1, 1) else F.pad(x, _same(x, self.kernel, self.stride))
        return F.relu(self.norm(self.conv(x)), inplace=True)


class Mixed(nn.Module):
    """An Inception block: its branches side by side."""

    def __init__(self, inputs, filters):
        super().__init__()
        branches = [[], [], [], []]
        for count, name in zip(filters, BRANCHES, strict=True):
            branch = branches[int(name[7])]
            branch.append(Unit(branch[-1].conv.out_channels if branch else inputs, count, int(name[-1])))
        self.branches = nn.ModuleList(nn.Sequential(*units) for units in branches)

    def forward(self, x):
        """Applies the layers."""
        seen = [x, x, x, F.max_pool3d(x, 3, 1, padding=1)]
        return torch.cat([branch(each) for branch, each in zip(self.branches, seen, strict=True)], dim=1)


class I3D(nn.Module):
    """I3D's last endpoint: frames uint8 (B, L, H, W, 3) → (B, 1024, ⌈L / 8⌉, h, w).

    Batch normalisation works as in inference, as our `Backbone` has it.
    """

    def __init__(self):
        super().__init__()
        self.blocks, channels = nn.ModuleDict(), 3
        for name, kind, parts in LAYERS:
            if kind == "conv":
                filters, kernel, stride = parts
                self.blocks[name] = Unit(channels, filters, kernel, stride)
                channels = filters
            elif kind == "mixed":
                self.blocks[name] = Mixed(channels, parts)
                channels = sum(parts[place] for place in (0, 2, 4, 5))

    def forward(self, frames):
        """Applies the layers; what is in memory stays channels last."""
        return self.ends(frames)[-1]

    def ends(self, frames, names=("Mixed_4f", "Mixed_5c")):
        """The results of these endpoints."""
        x, found = frames.permute(0, 4, 1, 2, 3) / 127.5 - 1.0, []
        for name, kind, parts in LAYERS:
            x = F.max_pool3d(F.pad(x, _same(x, *parts)), *parts) if kind == "pool" else self.blocks[name](x)
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
        learning = set(ENDPOINTS if blocks is None else ENDPOINTS[-blocks:])
        for name, block in self.blocks.items():
            block.requires_grad_(name in learning)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm3d):
                module.weight.requires_grad_(False)
        return [parameter for parameter in self.parameters() if parameter.requires_grad]


def load(network, weights):
    """Gives a network the weights of our `I3D`: layer → arrays, as `Layer.get_weights` has them."""
    with torch.no_grad():
        for name, block in network.blocks.items():
            units = {name: block} if isinstance(block, Unit) else dict(zip(_names(name), _units(block), strict=True))
            for layer, unit in units.items():
                unit.conv.weight.copy_(torch.from_numpy(np.moveaxis(weights[layer][0], (-1, -2), (0, 1)).copy()))
                norm = (unit.norm.bias, unit.norm.running_mean, unit.norm.running_var)
                for parameter, array in zip(norm, weights[f"{layer}_batch_norm"], strict=True):
                    parameter.copy_(torch.from_numpy(np.array(array)))
    return network


def _names(block):
    return [f"{block}_{branch}".replace("/", "_") for branch in BRANCHES]


def _units(block):
    return [unit for branch in block.branches for unit in branch]


def _same(x, kernel, stride):
    """The padding that Keras's "same" has; zeros, which change no maximum of what a ReLU gives."""
    pads = []
    for size, window, step in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max((-(-size // step) - 1) * step + window - size, 0)
        pads += [total // 2, total - total // 2]
    return pads
