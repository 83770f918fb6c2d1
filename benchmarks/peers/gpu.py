"""The PyTorch side of `benchmarks.gpu`: channels last, autocast, compiled or not, by the same flags."""

import time

import torch
from absl import flags

from benchmarks import gpu, workload
from benchmarks.peers.network import ScoringNet

FLAGS = flags.FLAGS


def measurements():
    """What this process answers with, as of `gpu.measurements`; of operations it knows nothing."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = ScoringNet(FLAGS.image_size, FLAGS.width_multiplier).to(device, memory_format=torch.channels_last_3d)
    if FLAGS.way == "torch_compiled":
        # What has shapes of its own for every batch, and no branch: the trunks, where the time goes.
        for part in (network.segmenter.trunk, *(tower.trunk for tower in network.towers.values())):
            part.compile(dynamic=False)
    half = None if FLAGS.precision == "float32" else getattr(torch, FLAGS.precision)
    autocast = torch.autocast(device, half, enabled=half is not None)
    scaler = torch.amp.GradScaler(device, enabled=FLAGS.precision == "float16")
    optimizer = torch.optim.Adam(network.trained_parameters("joint"), 1e-4, fused=True)

    def batch(size):
        """As a DataLoader with pinned memory has it ready."""
        inputs, targets = gpu.batch(size)
        tensors = {name: torch.from_numpy(value) for name, value in (inputs | targets).items()}
        return {name: value.pin_memory() for name, value in tensors.items()} if device == "cuda" else tensors

    def on_device(tensors):
        tensors = {name: value.to(device, non_blocking=True) for name, value in tensors.items()}
        return tensors.pop("frames"), tensors.pop("mask"), {**tensors, "stages": tensors["stages"].long()}

    def infer(frames, mask, _):
        with torch.inference_mode(), autocast:
            network(frames, mask)

    def evaluate(frames, mask, targets):
        with torch.inference_mode(), autocast:
            network.loss(frames, mask, targets, "joint")

    def step(frames, mask, targets):
        optimizer.zero_grad(set_to_none=True)
        with autocast:
            loss = network.loss(frames, mask, targets, "joint")
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    ways = {"inference": infer, "evaluation": evaluate, "joint step": step}

    def run(what, size):
        network.train(what == "joint step")
        given = batch(size)  # before the clock begins: no user waits for random numbers

        def call(number):
            start = time.perf_counter()
            for _ in range(number):
                ways[what](*on_device(given))
            if device == "cuda":
                torch.cuda.synchronize()
            return time.perf_counter() - start

        return call

    def memory():
        return torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else workload.peak_mib()

    def measure(what):
        if what == "device":
            return torch.cuda.get_device_name() if device == "cuda" else None
        return None if what == "flops" else gpu.answer(what, run, memory)

    return measure
