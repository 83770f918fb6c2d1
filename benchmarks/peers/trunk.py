"""The PyTorch side of `benchmarks.trunk`: channels last, autocast for bfloat16, fused Adam."""

from collections.abc import Callable

import torch

from benchmarks import trunk
from benchmarks.pairs import Ask
from benchmarks.peers.i3d import I3D


def measurements(precision: str, image_size: int) -> Ask:
    """As `trunk.measurements`."""
    torch.set_num_threads(1)
    network = I3D().to(memory_format=torch.channels_last_3d).train()
    frames = torch.from_numpy(trunk.batch(image_size))
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "mixed_bfloat16")

    def infer() -> torch.Tensor:
        with torch.inference_mode(), autocast:
            return network(frames)

    def step_of(blocks: int | None) -> Callable[[], float]:
        optimizer = torch.optim.Adam(network.learn(blocks), 1e-6, fused=True)

        def step() -> float:
            optimizer.zero_grad(set_to_none=True)
            with autocast:
                loss = network(frames).float().square().mean()
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    return trunk.answers(infer, step_of)
