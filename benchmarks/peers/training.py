"""The PyTorch side of `benchmarks.training`, a process of `benchmarks.pairs`: steps and inference, by the same flags.

Channels last, autocast for bfloat16, fused Adam: as a PyTorch user would have it on this machine.
"""

import torch
from absl import flags

from benchmarks import rows, training
from benchmarks.peers.network import ScoringNet


def tensors():
    """The batch of `training.batch`: frames, mask, targets."""
    inputs, targets = training.batch()
    stages = torch.from_numpy(targets.pop("stages")).long()
    found = {name: torch.from_numpy(value) for name, value in targets.items()}
    return torch.from_numpy(inputs["frames"]), torch.from_numpy(inputs["mask"]), {"stages": stages, **found}


def measurements():
    """What this process answers with, as of `training.measurements`."""
    values = flags.FLAGS
    network = ScoringNet(values.image_size, values.width_multiplier).to(memory_format=torch.channels_last_3d)
    frames, mask, targets = tensors()
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=values.precision == "mixed_bfloat16")
    optimizers = {}

    def step(phase):
        optimizer = optimizers[phase]
        optimizer.zero_grad(set_to_none=True)
        with autocast:
            loss = network.loss(frames, mask, targets, phase)
        loss.backward()
        optimizer.step()
        return loss.item()  # as `fit` shows it

    def infer():
        with torch.inference_mode(), autocast:
            network(frames, mask)

    def measure(what):
        if what == rows.INFERENCE:
            network.eval()
            return training.timed(infer, values.steps) / values.batch_size
        network.train()
        if what not in optimizers:
            optimizers.clear()
            optimizers[what] = torch.optim.Adam(network.trained_parameters(what), 1e-4, fused=True)
            step(what)
        return training.timed(lambda: step(what), values.steps)

    return measure
