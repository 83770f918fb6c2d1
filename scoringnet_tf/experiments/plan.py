"""What the trainings of tables take on a GPU, counted from their networks before anything is trained."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.experiments import suite
from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.training import FLAGS, Surroundings, Training
from scoringnet_tf.support.messages import InputError, unknown_name

if TYPE_CHECKING:
    from scoringnet_tf.training.config import TrainingConfig

# TFLOP/s of dense tensors by the vendor's data sheets: float32 (as TF32 where there is one), bfloat16, float16.
PEAKS = {
    "H200": (494.7, 989.4, 989.4),
    "H100 PCIe": (378.0, 756.0, 756.0),
    "H100": (494.7, 989.4, 989.4),
    "A100": (156.0, 312.0, 312.0),
    "L40S": (183.0, 362.0, 362.0),
    "L40": (90.5, 181.0, 181.0),
    "L4": (60.0, 121.0, 121.0),
    "T4": (8.1, None, 65.0),
}
GIB = {"H200": 141, "H100 PCIe": 80, "H100": 80, "A100": 80, "L40S": 48, "L40": 48, "L4": 24, "T4": 16}
SHARE = 0.45  # of the peak that trainings reach; an assumption, not measured
USABLE = 0.9  # of the memory
STATE = 16  # bytes of a weight, its gradient, and both of Adam's moments
PASSES = 3  # a step also takes the gradients of inputs and of kernels, each as much again as the forward pass


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one training takes.

    Attributes:
        steps: updates.
        operations: of all steps.
        videos: that are seen, each as often as it is.
        batch: videos of an update.
        together: videos at a time, in as few equal parts as memory holds; 0 if it holds none.
        memory: bytes with so many.
    """

    steps: int
    operations: float
    videos: int
    batch: int
    together: int
    memory: float


def plan(experiments: Sequence[Experiment], surroundings: Surroundings, seeds: int, gpu: str) -> str:
    """A table of what the trainings of tables take on a GPU that reaches `SHARE` of its peak in mixed precision.

    Raises:
        InputError: the GPU is not known.
    """
    if gpu not in PEAKS:
        raise unknown_name("--gpu", gpu, PEAKS)
    peak = SHARE * 1e12 * PEAKS[gpu][2]
    lines = [
        f"{gpu}, {SHARE:.0%} of {PEAKS[gpu][2]:g} TFLOP/s in mixed precision, {GIB[gpu]} GiB; one seed of each:",
        "",
    ]
    lines += ["| training | updates | TFLOP each | videos/s | batch | GiB | hours |", "|---|---|---|---|---|---|---|"]
    total, split = 0.0, set[str]()
    for training in (one for one in suite.trainings(experiments, surroundings, 1) if type(one) is Training):
        cost = cost_of(training, surroundings, GIB[gpu])
        hours = cost.operations / peak / 3600
        total += hours
        speed = cost.videos / (cost.operations / peak)
        number = cost.together and math.ceil(cost.batch / cost.together)
        parts = f"{number} × {cost.together}" if number else "too large"
        if number > 1:
            split.add(f"--batch_size={cost.together} --set=optimizer.accumulation_steps={number}")
        name = training.folder(surroundings).name.rpartition("-seed=")[0]
        figures = f"{cost.steps:,}", f"{cost.operations / cost.steps / 1e12:.3g}", f"{speed:.3g}", parts
        lines.append(f"| {name} | {' | '.join(figures)} | {cost.memory / 2**30:.1f} | {hours:.2f} |")
    lines += ["", f"{seeds} seeds: {seeds * total:.2f} hours. Not counted: reading videos, evaluations, other systems."]
    lines += [f"Batches of parts: run … -- {flags}. Pairs are ranked within a part." for flags in sorted(split)]
    return "\n".join(lines)


def cost_of(training: Training, surroundings: Surroundings, gib: float) -> Cost:
    """What a training takes: videos of mean length count for its operations, the longest for its memory."""
    from scoringnet_tf.models import flops
    from scoringnet_tf.models.loss_terms import PHASES
    from scoringnet_tf.training.config import PredictedFragments
    from scoringnet_tf.training.network import build_network
    from scoringnet_tf.training.scoring import phases
    from scoringnet_tf.training.targets import score_targets

    config, info = configuration(training.resolved(surroundings)), training.records(surroundings)
    network = build_network(info, config, "float32", score_targets(info, config.model.scores).towers)
    ids = split_ids(info, "train", config.data.validation_fraction)
    lengths = [info.videos[video_id]["num_frames"] for video_id in ids]
    mean, longest = round(sum(lengths) / len(lengths)), max(lengths)
    steps = videos = 0
    operations = 0.0
    for phase in phases(config):
        of_phase = [part for part in network.networks if part in PHASES[phase.name]]
        forward = sum(flops.forward(getattr(network, part), mean) for part in of_phase)
        per_video = PASSES * forward
        if phase.name == "scoring" and isinstance(config.fragments, PredictedFragments):
            per_video += flops.forward(network.segmenter, mean)
        steps += phase.epochs * math.ceil(len(ids) / config.data.batch_size)
        videos += phase.epochs * len(ids)
        operations += phase.epochs * len(ids) * per_video
    if not steps:
        raise InputError("nothing_to_do", f"{training.folder(surroundings).name}: it trains for no epoch.")
    of_video = 2 * flops.activations(network, longest)  # bytes, in half precision
    state, room = STATE * network.count_params(), USABLE * gib * 2**30
    batch, most = config.data.batch_size, int(max(room - state, 0) // of_video)
    together = most and math.ceil(batch / math.ceil(batch / most))
    return Cost(steps, operations, videos, batch, together, state + together * of_video)


def configuration(flags: Mapping[str, str]) -> "TrainingConfig":
    """The `TrainingConfig` of flags of `train`, name or path → value."""
    from scoringnet_tf.training.config import TrainingConfig
    from scoringnet_tf.training.fields import with_values

    paths = {flag: path for path, flag in FLAGS.items()}
    return with_values(TrainingConfig(), {paths.get(name, name): value for name, value in flags.items()})[0]
