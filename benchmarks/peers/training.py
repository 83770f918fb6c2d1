"""The PyTorch side of `benchmarks.training`: channels last, autocast for bfloat16, fused Adam."""

import functools

import torch

from benchmarks import rows, workload
from benchmarks.pairs import Ask
from benchmarks.peers.network import ScoringNet


def measurements(
    width_multiplier: float, image_size: int, num_frames: int, batch_size: int, precision: str, steps: int = 3
) -> Ask:
    """As `training.measurements`."""
    network = ScoringNet(image_size, width_multiplier).to(memory_format=torch.channels_last_3d)
    inputs, targets = workload.random_batch(batch_size, num_frames, (image_size, image_size))
    frames, mask = torch.from_numpy(inputs["frames"]), torch.from_numpy(inputs["mask"])
    truth = {name: torch.from_numpy(value) for name, value in targets.items()}
    truth["stages"] = truth["stages"].long()
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "mixed_bfloat16")

    @functools.lru_cache(maxsize=1)
    def optimizer_of(phase: str) -> torch.optim.Optimizer:
        return torch.optim.Adam(network.trained_parameters(phase), 1e-4, fused=True)

    def step(phase: str) -> float:
        optimizer = optimizer_of(phase)
        optimizer.zero_grad(set_to_none=True)
        with autocast:
            loss = network.loss(frames, mask, truth, phase)
        loss.backward()
        optimizer.step()
        return loss.item()  # as `fit` shows it

    def infer() -> None:
        with torch.inference_mode(), autocast:
            network(frames, mask)

    def measure(what: str) -> float:
        if what == rows.INFERENCE:
            network.eval()
            return workload.seconds(infer, steps) / batch_size
        network.train()
        return workload.seconds(lambda: step(what), steps)

    return measure
