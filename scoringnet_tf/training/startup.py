"""What a run says before its first step: where it computes, how much memory it takes, and what suits a CPU."""

import math
import os

import keras
import tensorflow as tf

from scoringnet_tf.data.frame_cache import GIB, free_memory
from scoringnet_tf.models.loss_terms import PHASES
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training.plan import Phase, ResolvedRun

KEPT = 1.5  # times the outputs of the layers that learn: 1.4 to 1.65 were measured on a CPU
BY_WEIGHT = 16  # bytes: a float32 weight, its gradient and Adam's two means
CLEARLY = 1.5  # times the free memory: then a run is refused
FOR_A_GPU = 4 * GIB  # what a step takes that is too slow on a CPU


def announce(run: ResolvedRun) -> None:
    """Prints device and memory.

    Raises:
        InputError: a step takes clearly more memory than is free (`out_of_memory`).
    """
    gpus = tf.config.list_physical_devices("GPU")
    needed, free = max(step_bytes(run, phase) for phase in run.phases), math.inf if gpus else free_memory()
    names = {tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus}
    where = f"{len(gpus)} GPU ({', '.join(sorted(names))})" if gpus else f"CPU, {os.cpu_count()} cores"
    memory = f"a step takes about {needed / GIB:.2g} GiB"
    if needed > CLEARLY * free:
        message = f"Out of memory: {memory}, and {free / GIB:.2g} GiB are free."
        hint = "Use a smaller --batch_size, --width_multiplier or --image_size, or shorter videos."
        raise InputError("out_of_memory", message, hint)
    print(f"Device: {where}, {run.dtype}; {memory}" + f", {free / GIB:.2g} GiB are free." * math.isfinite(free))
    if needed > free:
        print("The memory may not suffice: use a smaller --batch_size. [memory_short]")
    if needed > FOR_A_GPU and not gpus:
        sport = "vault" if "vault" in run.info.sport_name else "diving"
        print(f"This is work for a GPU. For a CPU, see recipes/{sport}_small.flags (1/8 of the width). [slow_on_cpu]")


def step_bytes(run: ResolvedRun, phase: Phase) -> float:
    """About how many bytes a step takes, by what the layers that learn give for a batch."""
    networks = getattr(run.model, "networks", ())
    parts = [getattr(run.model, part) for part in networks if part in PHASES[phase.name]] or [run.model]
    longest = max(run.info.videos[video_id]["num_frames"] for video_id in run.train_ids)
    values = sum(_bytes_kept(part, run.config.data.batch_size, longest) for part in parts)
    return KEPT * values + BY_WEIGHT * sum(math.prod(v.shape) for part in parts for v in part.trainable_variables)


def _bytes_kept(model: keras.Model, batch_size: int, length: int) -> int:
    """Bytes of the outputs of a model's layers from the first that learns on, for videos (B, L, …)."""
    total, learns = 0, False
    for layer in model.layers:
        learns = learns or bool(layer.trainable_variables)
        if not learns:
            continue
        if isinstance(layer, keras.Model):
            total += _bytes_kept(layer, batch_size, length)
        elif not isinstance(layer, keras.layers.InputLayer):
            for output in keras.tree.flatten(layer.output):
                size = 2 if output.dtype.endswith("float16") else 4
                total += size * math.prod([batch_size, *(length if n is None else n for n in output.shape[1:])])
    return total
