"""What so many videos take to prepare, score and train on, from what one costs; and which resource ends first."""

import dataclasses
import math

WORKS = ("prepare", "score", "train")


@dataclasses.dataclass(frozen=True)
class Supply:
    """What there is. None of it is measured.

    Attributes:
        cores: that decode, load and, without GPUs, compute.
        gpus: that compute the model; 0 leaves that to the cores.
        gpu_factor: seconds of a core's work at the model that a GPU does in a second.
        gpus_per_machine: how many share one reader of records.
        network: bytes per second between storage and all machines together.
        link: bytes per second between two machines.
        epochs: of training.
        batch_size: videos of a training step on each GPU, or on all cores.
    """

    cores: int
    gpus: int
    gpu_factor: float
    gpus_per_machine: int
    network: float
    link: float
    epochs: int
    batch_size: int

    def replicas(self):
        """Devices that share a training step."""
        return self.gpus or 1

    def machines(self):
        """Machines with GPUs, each of which reads all of a batch."""
        return max(1, math.ceil(self.gpus / self.gpus_per_machine))


@dataclasses.dataclass(frozen=True)
class Demand:
    """What a work takes of every resource.

    Attributes:
        core_seconds, gpu_seconds: of all that can be shared out.
        serial_seconds: of the one process, or of each, that no more machines make shorter.
        traffic: bytes between storage and machines.
        stored: bytes that are read and kept.
        memory: bytes that one process holds, beside what it holds for one video.
        exchanged: bytes that each machine sends to others.
    """

    core_seconds: float
    gpu_seconds: float
    serial_seconds: float
    traffic: float
    stored: float
    memory: float
    exchanged: float = 0.0

    def hours(self, supply):
        """How long each resource is in use, hours: the longest is the least that the work takes."""
        seconds = {
            "cores": self.core_seconds / supply.cores,
            "GPUs": self.gpu_seconds / supply.gpus if supply.gpus else 0.0,
            "network": self.traffic / supply.network,
            "between machines": self.exchanged / supply.link,
            "one process": self.serial_seconds,
        }
        return {name: value / 3600 for name, value in seconds.items()}

    def limit(self, supply):
        """The resource that is in use longest."""
        hours = self.hours(supply)
        return max(hours, key=hours.get)


def demand(work, costs, supply, videos):
    """The `Demand` of one of `WORKS`, for so many videos."""
    return {"prepare": _prepare, "score": _score, "train": _train}[work](costs, supply, videos)


def _prepare(costs, supply, videos):
    """`build`: processes encode; one takes what they kept, compares every video with all before it, and writes."""
    kept = videos * costs.record_bytes
    return Demand(
        core_seconds=videos * costs.encode,
        gpu_seconds=0.0,
        serial_seconds=videos * costs.write + videos * (videos - 1) / 2 * costs.compare,
        traffic=videos * costs.video_bytes + 3 * kept,  # kept, taken, and written as records
        stored=videos * costs.video_bytes + 2 * kept,  # beside the records, until the end
        memory=videos * (costs.memory + costs.index_memory),
    )


def _score(costs, supply, videos):
    """`predict`, a process for each core or GPU, with a part of the list each."""
    processes = supply.gpus or supply.cores
    model = videos * costs.model
    return Demand(
        core_seconds=videos * costs.read + processes * costs.start + (0 if supply.gpus else model),
        gpu_seconds=model / supply.gpu_factor if supply.gpus else 0.0,
        serial_seconds=costs.start,
        traffic=videos * (costs.video_bytes + costs.result_bytes),
        stored=videos * (costs.video_bytes + costs.result_bytes),
        memory=0.0,
    )


def _train(costs, supply, videos):
    """`train`: every machine reads all of a batch, and trains on its part; gradients go round once a step."""
    shown, replicas, machines = videos * supply.epochs, supply.replicas(), supply.machines()
    steps = shown / (supply.batch_size * replicas)
    model = shown * costs.step
    share = (machines - 1) / machines
    return Demand(
        core_seconds=machines * shown * costs.load + (0 if supply.gpus else model),
        gpu_seconds=model / supply.gpu_factor if supply.gpus else 0.0,
        serial_seconds=videos * costs.index,
        traffic=machines * (shown * costs.record_bytes + videos * costs.index_bytes),
        stored=videos * (costs.record_bytes + costs.index_bytes),
        memory=videos * costs.index_memory,
        exchanged=steps * 2 * share * 4 * costs.parameters,
    )


def crossing(costs, cores):
    """From how many videos on so many cores wait for the one process of `build` that compares and writes."""
    spare = costs.encode / cores - costs.write
    return max(0.0, 1 + 2 * spare / costs.compare)
