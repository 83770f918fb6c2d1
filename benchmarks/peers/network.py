"""ScoringNet in PyTorch, as its best user would write it: the same layers, channels last, losses of logits.

Independent of ours: it imports nothing of `scoringnet_tf`.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

CONV5B = (  # (name, filters of a convolution or window of a pooling)
    *(("conv1a", 64), ("pool1", (1, 2, 2)), ("conv2a", 128), ("pool2", (2, 2, 2))),
    *(("conv3a", 256), ("conv3b", 256), ("pool3", (2, 2, 2)), ("conv4a", 512), ("conv4b", 512), ("pool4", (2, 2, 2))),
    *(("conv5a", 512), ("conv5b", 512)),
)
POOL5 = (*CONV5B, ("pool5", (2, 2, 2)))
STAGES = 4  # noise, pre-starting, take-flight, entry
FRAGMENTS = {"difficulty": (2,), "execution": (2, 3)}  # the stages that each tower sees


class Trunk(nn.Module):
    """C3D: frames (B, 3, L, H, W), normalised → (B, C, L', H', W'); with a mask (B, L) no padded frame is seen."""

    def __init__(self, layers, width, temporal_pooling):
        super().__init__()
        self.layers, self.temporal_pooling, channels = layers, temporal_pooling, 3
        for name, spec in layers:
            if name.startswith("conv"):
                filters = max(1, round(spec * width))
                self.add_module(name, nn.Conv3d(channels, filters, 3, padding=1))
                channels = filters
        self.channels = channels

    def forward(self, x, mask=None):
        """Applies the layers."""
        mask = None if mask is None else mask[:, None, :, None, None]
        for name, spec in self.layers:
            if name.startswith("conv"):
                x = F.relu(getattr(self, name)(x if mask is None else x * mask.to(x.dtype)), inplace=True)
            else:
                x = F.max_pool3d(x, spec if self.temporal_pooling else (1, 2, 2), ceil_mode=True)
        return x


class Segmenter(nn.Module):
    """KFS: (B, 3, L, H, W) and a mask (B, L) → logits of the stages (B, L, S)."""

    def __init__(self, image_size, width, dropout):
        super().__init__()
        self.trunk = Trunk(POOL5, width, temporal_pooling=False)
        side, units = _halved(image_size, 5), max(1, round(512 * width))
        self.lstm = nn.LSTM(self.trunk.channels * side * side, units, batch_first=True, bidirectional=True)
        for name, parameter in self.lstm.named_parameters():
            if "bias_hh" in name:  # one bias is enough
                nn.init.zeros_(parameter).requires_grad_(False)
        self.fc1, self.fc2 = nn.Linear(2 * units, units), nn.Linear(units, STAGES)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        """Labels the frames."""
        x = self.trunk(x, mask).permute(0, 2, 3, 4, 1).flatten(2)
        if mask.all():
            x, _ = self.lstm(x)
        else:
            lengths = mask.sum(1).cpu()
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            x, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=mask.shape[1])
        return self.fc2(self.dropout(F.relu(self.fc1(x))))


class Tower(nn.Module):
    """A branch of SP: a clip (B, 3, T, H, W) → a score (B,), points."""

    def __init__(self, image_size, length, width, dropout, mean, std):
        super().__init__()
        self.trunk = Trunk(CONV5B, width, temporal_pooling=True)
        units, sides = max(1, round(512 * width)), (_halved(length, 3), *[_halved(image_size, 4)] * 2)
        self.conv1, self.conv2 = (nn.Conv3d(n, units, 3, padding=1) for n in (self.trunk.channels, units))
        self.fc1 = nn.Linear(int(np.prod([_halved(side, 2) for side in sides])) * units, units)
        self.fc2, self.fc3 = nn.Linear(units, units), nn.Linear(units, 1)
        self.dropout, self.mean, self.std = nn.Dropout(dropout), mean, std

    def forward(self, x):
        """Scores the clips."""
        x = self.trunk(x)
        for conv in (self.conv1, self.conv2):
            x = _pooled(F.relu(conv(x), inplace=True))
        x = x.permute(0, 2, 3, 4, 1).flatten(1)
        for layer in (self.fc1, self.fc2):
            x = self.dropout(F.relu(layer(x)))
        return self.mean + self.std * self.fc3(x)[:, 0].float()


class ScoringNet(nn.Module):
    """KFS, key fragments and SP for diving.

    Args:
        image_size: height and width of the frames, pixels.
        width: 1 is the paper's.
        clip_length: frames of a fragment.
        statistics: score → (mean, standard deviation), points.
        dropout: of both parts.
        kernel_l2: of the kernels of SP.
    """

    def __init__(self, image_size, width, clip_length=32, statistics=None, dropout=0.5, kernel_l2=0.0005):
        super().__init__()
        self.statistics = statistics or dict.fromkeys(FRAGMENTS, (0.0, 1.0))
        self.segmenter = Segmenter(image_size, width, dropout)
        towers = {s: Tower(image_size, clip_length, width, dropout, *self.statistics[s]) for s in FRAGMENTS}
        self.towers = nn.ModuleDict(towers)
        self.clip_length, self.kernel_l2 = clip_length, kernel_l2

    def forward(self, frames, mask):
        """Frames uint8 (B, L, H, W, 3), mask bool (B, L) → probabilities (B, L, S), difficulty, execution, final."""
        stages = self.segmenter(_normalised(frames), mask).float().softmax(-1)
        return {"stages": stages, **self.scores(frames, stages.argmax(-1), mask)}

    def scores(self, frames, stages, mask):
        """SP on the fragments of these stages (B, L)."""
        clips = {score: self.fragment(frames, stages, mask, members) for score, members in FRAGMENTS.items()}
        found = {score: self.towers[score](_normalised(clip)) for score, clip in clips.items()}
        return {**found, "final": found["difficulty"] * found["execution"]}

    def fragment(self, frames, stages, mask, members):
        """The frames whose stage is one of `members`, evenly in time: uint8 (B, T, H, W, 3); of all where none is."""
        member = torch.isin(stages, torch.tensor(members, device=stages.device)) & mask
        member = torch.where(member.any(1, keepdim=True), member, mask)
        counted = member.cumsum(1)
        positions = torch.arange(self.clip_length, device=frames.device) / (self.clip_length - 1)
        kth = (positions * (counted[:, -1:] - 1)).round()
        indices = torch.searchsorted(counted, kth.long(), right=True)
        return frames[torch.arange(len(frames), device=frames.device)[:, None], indices]

    def loss(self, frames, mask, targets, phase):
        """Eq. 10 of what a phase trains: `"segmentation"`, `"scoring"` or `"joint"`; targets: stages and scores."""
        total = 0.0
        if phase != "scoring":
            logits = self.segmenter(_normalised(frames), mask)
            total = total + F.cross_entropy(logits.float().flatten(0, 1), targets["stages"].flatten(), ignore_index=-1)
        if phase != "segmentation":
            found = self.scores(frames, targets["stages"], mask)
            for score, (_, unit) in self.statistics.items():
                total = total + _score_loss(targets[score] / unit, found[score] / unit)
            kernels = [parameter for name, parameter in self.towers.named_parameters() if name.endswith("weight")]
            total = total + self.kernel_l2 * sum(kernel.square().sum() for kernel in kernels)
        return total

    def trained_parameters(self, phase):
        """The parameters that a phase trains; the others take no gradient from now on."""
        parts = {"segmentation": [self.segmenter], "scoring": [self.towers], "joint": [self.segmenter, self.towers]}
        self.requires_grad_(False)
        trained = [p for part in parts[phase] for name, p in part.named_parameters() if "bias_hh" not in name]
        return [parameter.requires_grad_(True) for parameter in trained]


def _score_loss(truth, predicted, alpha=5.0, margin=0.5):
    """Eq. 6 + α · Eq. 7, the sum over pairs."""
    order = torch.sign(truth[None] - truth[:, None])
    hinge = F.relu(margin - (predicted[None] - predicted[:, None]) * order) * (order != 0)
    return (predicted - truth).square().mean() / 2 + alpha * hinge.triu(1).sum()


def _normalised(frames):
    """Uint8 (B, L, H, W, 3) → −1…1 (B, 3, L, H, W), in memory as it was: channels last."""
    return frames.permute(0, 4, 1, 2, 3) / 127.5 - 1.0


def _pooled(x):
    """3×3×3 max-pooling of stride 2 that pads as Keras's "same" does; x is not negative."""
    padding = [side for size in reversed(x.shape[2:]) for side in ((1, 1) if size % 2 else (0, 1))]
    return F.max_pool3d(F.pad(x, padding), 3, 2)


def _halved(size, times):
    for _ in range(times):
        size = -(-size // 2)
    return size


def load(network, found):
    """Gives a network the weights of `benchmarks.peers.weights.weights`: name → array."""
    network.load_state_dict({name: torch.from_numpy(np.array(value, np.float32)) for name, value in found.items()})
    return network
