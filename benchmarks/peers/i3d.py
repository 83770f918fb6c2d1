"""I3D in PyTorch: what `benchmarks.i3d` is measured against. Random weights, which change no time."""

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks import workload
from benchmarks.i3d import FRAMES

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
KERNELS = (1,), (1, 3), (1, 3), (1,)  # of a block's branches


class Unit(nn.Module):
    """Convolution without bias, batch normalisation without scale, ReLU; padded as Keras's "same"."""

    def __init__(self, inputs, filters, kernel, stride=1):
        super().__init__()
        self.kernel, self.stride = (kernel,) * 3, (stride,) * 3
        self.conv = nn.Conv3d(inputs, filters, kernel, stride, padding=kernel // 2 if stride == 1 else 0, bias=False)
        self.norm = nn.BatchNorm3d(filters, 1e-3)

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
            units = [Unit(*sizes[place : place + 2], kernel) for place, kernel in enumerate(kernels)]
            self.branches.append(nn.Sequential(*units))

    def forward(self, x):
        """Applies the layers."""
        seen = [x, x, x, F.max_pool3d(x, 3, 1, padding=1)]
        return torch.cat([branch(each) for branch, each in zip(self.branches, seen, strict=True)], dim=1)


class I3D(nn.Module):
    """I3D: frames uint8 (B, L, H, W, 3) → its last endpoint (B, 1024, ⌈L / 8⌉, h, w)."""

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
        x = frames.permute(0, 4, 1, 2, 3) / 127.5 - 1.0
        for name, parts in LAYERS:
            x = self.blocks[name](x) if name in self.blocks else F.max_pool3d(F.pad(x, _same(x, *parts)), *parts)
        return x


def inference():
    """Processor seconds, one thread, channels last."""
    torch.set_num_threads(1)
    network, frames = I3D().to(memory_format=torch.channels_last_3d).eval(), torch.from_numpy(FRAMES)

    def infer():
        with torch.inference_mode():
            network(frames)

    return lambda: workload.processor_seconds_of(infer)


def _same(x, kernel, stride):
    """The padding that Keras's "same" has; zeros, which change no maximum of what a ReLU gives."""
    pads = []
    for size, window, step in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max((-(-size // step) - 1) * step + window - size, 0)
        pads += [total // 2, total - total // 2]
    return pads
