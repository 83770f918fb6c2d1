"""The PyTorch side of `benchmarks.trunk`, a process of `benchmarks.pairs`: channels last, autocast, fused Adam."""

import torch

from benchmarks import trunk
from benchmarks.peers.i3d import I3D


def measurements():
    """What this process answers with, as of `trunk.measurements`."""
    values = trunk.FLAGS
    torch.set_num_threads(1)
    network = I3D().to(memory_format=torch.channels_last_3d).train()
    frames, autocast = torch.from_numpy(trunk.batch()), values.precision == "mixed_bfloat16"

    def infer():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            return network(frames)

    def step_of(blocks):
        optimizer = torch.optim.Adam(network.learn(blocks), 1e-6, fused=True)

        def step():
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                loss = network(frames).float().square().mean()
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    return trunk.answers(infer, step_of)
