"""What a process trains with: seeds and precision, its devices or machines, and how a batch is shared among them."""

import contextlib
import json
import os
import zlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.support import replicas
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.support.processor import cpu_flags
from scoringnet_tf.training.config import PretrainingConfig, ResNet50, TrainingConfig
from scoringnet_tf.training.run_record import versions

PACKAGES = ("scoringnet_tf", "tensorflow", "keras")  # whose versions compute a step
ROUNDING = 1e-5  # relative; statistics of features are summed on each machine


def configure(precision: str = "auto", seed: int = 0, deterministic: bool = True) -> str:
    """Seeds everything and returns the dtype policy to build models with.

    `precision="auto"` is mixed_float16 on a GPU, mixed_bfloat16 on a CPU with matrix units for it (AMX), else float32:
    vector instructions (avx512_bf16) alone take 1.85 times as long as float32 for C3D's convolutions.
    """
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    if precision == "auto":
        precision = "mixed_float16" if on_gpu else "mixed_bfloat16" if "amx_bf16" in cpu_flags() else "float32"
    if precision == "mixed_float16" and not on_gpu:
        message = "--precision=mixed_float16 needs a GPU: TensorFlow has no float16 3-D max-pooling on a CPU."
        raise InputError("no_gpu", message, "Use --precision=mixed_bfloat16 or float32.")
    if precision == "mixed_bfloat16" and not on_gpu:
        # Grappler's fusion of convolution, bias and ReLU is half as fast in bfloat16 as the three alone.
        tf.config.optimizer.set_experimental_options({"remapping": False})
    return precision


# === Devices and machines ===


def workers() -> tuple[int, int]:
    """(This process's number, from 0; how many machines train together), as TF_CONFIG says.

    That is TensorFlow's: {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}, with the
    same cluster on all. A "chief" comes before the workers. Without the variable there is one.

    Raises:
        InputError: the variable holds anything else.
    """
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        return 0, 1
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        chiefs, addresses = cluster.get("chief", []), cluster["worker"]
        number = task["index"] + (len(chiefs) if task["type"] == "worker" else 0)
        known = cluster.keys() <= {"chief", "worker"} and task["index"] in range(len(cluster[task["type"]]))
    except (ValueError, KeyError, TypeError, AttributeError):
        known = False
    if not known:
        hint = 'Write {"cluster": {"worker": ["HOST:PORT", …]}, "task": {"type": "worker", "index": 0}}.'
        raise InputError("wrong_value", f"TF_CONFIG={text}: not a cluster of workers with this machine's index.", hint)
    return number, len(chiefs) + len(addresses)


def strategy_of(number: int) -> tf.distribute.Strategy:
    """The strategy for so many replicas that share a batch; to be made before TensorFlow uses a device.

    Without GPUs the processor counts as so many devices, which is no faster: to see what several GPUs would do. Several
    machines (see `workers`) have a replica for each GPU, or one each, and `number` is the sum.
    """
    gpus, (_, machines) = tf.config.list_physical_devices("GPU"), workers()
    if machines > 1:
        each = max(1, len(gpus))
        if number != machines * each:
            message = f"--replicas={number}: TF_CONFIG names {machines} workers with {counted(each, 'device')} each."
            raise InputError("wrong_value", message, f"Use --replicas={machines * each}.")
        return tf.distribute.MultiWorkerMirroredStrategy()
    if gpus and number > len(gpus):
        message = f"--replicas={number}: this machine has {counted(len(gpus), 'GPU')}."
        raise InputError("out_of_range", message, "Use at most one replica for each GPU.")
    if number == 1:
        return tf.distribute.get_strategy()
    (processor,) = tf.config.list_physical_devices("CPU")
    if not gpus and len(tf.config.get_logical_device_configuration(processor) or ()) < number:
        try:
            tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * number)
        except RuntimeError as error:
            message = f"--replicas={number}: TensorFlow has used the processor already ({error})."
            raise InputError("devices_in_use", message, "Begin the run in a fresh process.") from error
    return tf.distribute.MirroredStrategy([f"{'GPU' if gpus else 'CPU'}:{index}" for index in range(number)])


@contextlib.contextmanager
def noticing_the_gone(machines: int) -> Iterator[None]:
    """TensorFlow's errors on a machine that waits in vain for another, in our words."""
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError) as error:
        if machines == 1:
            raise
        message = f"TF_CONFIG: one of {machines} workers is gone: {error.message:.200}."
        hint = "Start all again with the same flags: the run goes on from its newest checkpoint."
        raise InputError("worker_gone", message, hint) from error


def strategy_of_run(config: TrainingConfig | PretrainingConfig) -> tf.distribute.Strategy:
    """The strategy for the devices that share a batch; InputError if several, or averages, cannot do what is asked."""
    number, batch_size = getattr(config.run, "replicas", 1), config.data.batch_size
    if isinstance(config, PretrainingConfig) and workers()[1] > 1:
        message = "TF_CONFIG names several workers, but C3D is pretrained on one machine."
        raise InputError("one_machine_only", message, "Unset TF_CONFIG.")
    if number > batch_size:
        message = f"--replicas={number}: --batch_size={batch_size} has fewer videos than that."
        raise InputError("out_of_range", message, "Use at most one replica for each video of a batch.")
    fragments, optimizer = getattr(config, "fragments", None), config.optimizer
    is_resnet50 = fragments is not None and isinstance(fragments.network, ResNet50)
    if number > 1 and (is_resnet50 or optimizer.accumulation_steps > 1):
        # A replica of ResNet50 would normalise by its own frames.
        other = "--stage_network=resnet50" if is_resnet50 else "--set=optimizer.accumulation_steps"
        raise InputError("flags_conflict", f"--replicas={number} does not work with {other}.", "Use --replicas=1.")
    if is_resnet50 and optimizer.ema_momentum:
        message = f"--set=optimizer.ema_momentum={optimizer.ema_momentum:g} does not average resnet50's statistics."
        hint = "With --stage_network=resnet50 use --set=optimizer.ema_momentum=0."
        raise InputError("flags_conflict", message, hint)
    strategy = strategy_of(number)
    if number > 1:
        print(f"Replicas: {number}, which share each batch of {batch_size}.")
    return strategy


def shared(dataset: tf.data.Dataset, number: int) -> Any:
    """Batches that so many replicas can share: (inputs, targets, video weights).

    A batch that does not divide is filled up with copies that have weight 0 and take part in nothing. Each machine
    reads the whole batch and trains on its part: batches stay what they are on one.
    """
    if number == 1:
        return dataset
    # TensorFlow cuts a batch into a piece for each replica and deals them out to the machines in turn, while a
    # machine's replicas have neighbouring numbers: `replicas.gathered` is to find the rows in their order.
    machines = workers()[1]
    own = number // machines
    pieces = [machine * own + each for each in range(own) for machine in range(machines)]

    def filled(inputs: Any, targets: Any) -> tuple[Any, Any, tf.Tensor]:
        size = tf.shape(tf.nest.flatten(inputs)[0])[0]
        whole = -(-size // number) * number
        rows = tf.reshape(tf.gather(tf.reshape(tf.range(whole), (number, -1)), pieces), [-1])
        inputs, targets = tf.nest.map_structure(lambda value: tf.gather(value, rows % size), (inputs, targets))
        return inputs, targets, tf.cast(rows < size, tf.float32)

    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.map(filled).with_options(options)


# === Whether all machines start from the same: settings name files, which another machine may read elsewhere ===


def check_replicas(strategy: tf.distribute.Strategy, machines: int, model: keras.Model, epochs: int) -> None:
    """InputError, on every machine, if one has other versions, weights or finished epochs than the first."""
    if machines == 1:
        return
    code = zlib.crc32(repr([versions()[name] for name in PACKAGES]).encode()) % 2**24  # which a float32 holds exactly
    sizes = [np.abs(value).mean(dtype=np.float64) for value in model.get_weights()]
    own = tf.constant([[epochs, code, *sizes]], tf.float32)
    starts = strategy.experimental_local_results(strategy.run(tf.function(lambda: replicas.gathered(own))))[0].numpy()
    first, *others = starts[:: strategy.num_replicas_in_sync // machines]
    for worker, start in enumerate(others, start=1):
        same = np.allclose(start[2:], first[2:], rtol=ROUNDING, atol=0, equal_nan=True)
        equal = {"epochs": start[0] == first[0], "versions": start[1] == first[1], "weights": same}
        if different := [name for name, is_equal in equal.items() if not is_equal]:
            message = f"TF_CONFIG: worker {worker} has other {' and '.join(different)} than the first."
            hint = "Compare the installed versions, --model_dir, and the files that the flags name."
            raise InputError("other_start", message, hint)
