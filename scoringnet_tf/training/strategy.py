"""What a process trains with: seeds and precision, its devices or machines, and how a batch is shared among them."""

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted
from scoringnet_tf.training.config import PretrainingConfig, ResNet50, TrainingConfig


def configure(precision: str = "auto", seed: int = 0, deterministic: bool = True) -> str:
    """Seeds everything and returns the dtype policy to build models with.

    `precision="auto"` is mixed_float16 on a GPU, mixed_bfloat16 on a CPU with matrix units for it (AMX), else float32.
    """
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    if precision == "auto":
        precision = "mixed_float16" if on_gpu else "mixed_bfloat16" if _cpu_has_amx() else "float32"
    if precision == "mixed_float16" and not on_gpu:
        raise InputError(
            "no_gpu",
            "--precision=mixed_float16 needs a GPU: TensorFlow has no float16 3-D max-pooling on a CPU.",
            "Use --precision=mixed_bfloat16 or float32.",
        )
    if precision == "mixed_bfloat16" and not on_gpu:
        # Grappler's fusion of convolution, bias and ReLU is half as fast in bfloat16 as the three alone.
        tf.config.optimizer.set_experimental_options({"remapping": False})
    return precision


def _cpu_has_amx():
    """Whether the processor has AMX for bfloat16.

    Its vector instructions (avx512_bf16) alone do not help: C3D's convolutions at 1/8 width took 1.85 times as long
    with them as in float32.
    """
    return "amx_bf16" in cpu_flags()


def cpu_flags() -> set[str]:
    """What the processor has, as Linux names it; elsewhere nothing."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def workers() -> tuple[int, int]:
    """(number of this process, counted from 0; how many there are) of the machines of a run, as TF_CONFIG says.

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
        addresses = [*cluster.get("chief", []), *cluster["worker"]]
        number = task["index"] + (len(cluster.get("chief", [])) if task["type"] == "worker" else 0)
        known = cluster.keys() <= {"chief", "worker"} and task["index"] in range(len(cluster[task["type"]]))
    except (ValueError, KeyError, TypeError, AttributeError):
        known = False
    if not known:
        raise InputError(
            "wrong_value",
            f"TF_CONFIG={text}: not a cluster of workers with this machine's index.",
            'Write {"cluster": {"worker": ["HOST:PORT", …]}, "task": {"type": "worker", "index": 0}}.',
        )
    return number, len(addresses)


def strategy_of(replicas: int) -> tf.distribute.Strategy:
    """TensorFlow's strategy for a run; several replicas must be asked for before TensorFlow has made use of a device.

    Args:
        replicas: how many share a batch. Without GPUs the processor counts as so many devices, which is no faster: to
            see what several GPUs would do. Of several machines (see `workers`) each has as many as it has GPUs, or one,
            and this is the sum.

    Raises:
        InputError: there are fewer GPUs, or TensorFlow has made use of the processor as fewer devices; of several
            machines, there are not as many as there must be.
    """
    gpus = tf.config.list_physical_devices("GPU")
    _, machines = workers()
    if machines > 1:
        each = max(1, len(gpus))
        if replicas != machines * each:
            raise InputError(
                "wrong_value",
                f"--replicas={replicas}: TF_CONFIG names {machines} workers, and this one has "
                f"{counted(each, 'device')}.",
                f"Use --replicas={machines * each}.",
            )
        return tf.distribute.MultiWorkerMirroredStrategy()
    if gpus and replicas > len(gpus):
        raise InputError(
            "out_of_range",
            f"--replicas={replicas}: this machine has {counted(len(gpus), 'GPU')}.",
            "Use at most one replica for each GPU.",
        )
    if replicas == 1:
        return tf.distribute.get_strategy()
    if not gpus:
        (processor,) = tf.config.list_physical_devices("CPU")
        if len(tf.config.get_logical_device_configuration(processor) or ()) < replicas:
            devices = [tf.config.LogicalDeviceConfiguration()] * replicas
            try:
                tf.config.set_logical_device_configuration(processor, devices)
            except RuntimeError as error:
                raise InputError(
                    "devices_in_use",
                    f"--replicas={replicas}: TensorFlow has used the processor already ({error}).",
                    "Begin the run in a fresh process.",
                ) from error
    return tf.distribute.MirroredStrategy([f"{'GPU' if gpus else 'CPU'}:{index}" for index in range(replicas)])


@contextlib.contextmanager
def noticing_the_gone(workers: int) -> Iterator[None]:
    """TensorFlow's errors of a machine that waits in vain for another, in our words."""
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError) as error:
        if workers == 1:
            raise
        raise InputError(
            "worker_gone",
            f"TF_CONFIG: one of {workers} workers is gone: {error.message:.200}.",
            "Start all again with the same flags: the run goes on from its newest checkpoint.",
        ) from error


def strategy_of_run(config: TrainingConfig | PretrainingConfig) -> tf.distribute.Strategy:
    """The strategy of the devices that share a batch, see `strategy_of`; several are named."""
    number, batch_size = getattr(config.run, "replicas", 1), config.data.batch_size
    if not hasattr(config.run, "replicas") and workers()[1] > 1:
        message = "TF_CONFIG names several workers, but C3D is pretrained on one machine."
        raise InputError("one_machine_only", message, "Unset TF_CONFIG.")
    if number > batch_size:
        message = f"--replicas={number}: --batch_size={batch_size} has fewer videos than that."
        raise InputError("out_of_range", message, "Use at most one replica for each video of a batch.")
    _check_replicated(config, number)
    strategy = strategy_of(number)
    if number > 1:
        print(f"Replicas: {number}, which share each batch of {batch_size}.")
    return strategy


def _check_replicated(config, number):
    """InputError if what several replicas or averages cannot do is asked of them."""
    fragments = getattr(config, "fragments", None)
    is_resnet50 = fragments is not None and isinstance(fragments.network, ResNet50)
    conflicts = {
        "--stage_network=resnet50: each replica would normalise by its own frames": is_resnet50 and number > 1,
        "--set=optimizer.accumulation_steps: Keras does not accumulate over several replicas": number > 1
        and config.optimizer.accumulation_steps > 1,
    }
    for problem, is_asked in conflicts.items():
        if is_asked:
            raise InputError(
                "flags_conflict", f"--replicas={number} does not work with {problem}.", "Use --replicas=1."
            )
    if is_resnet50 and config.optimizer.ema_momentum:
        message = f"--ema_momentum={config.optimizer.ema_momentum:g} does not average the statistics of ResNet50."
        raise InputError("flags_conflict", message, "With --stage_network=resnet50 use --ema_momentum=0.")


def pieces_of(replicas: int, workers: int) -> list[int]:
    """Which replica's rows are to lie in each piece of a batch, for `replicas.gathered` to have them in their order.

    TensorFlow cuts a batch into as many pieces as there are replicas and deals them out to the machines in turn, while
    the replicas of a machine have neighbouring numbers.
    """
    own = replicas // workers
    return [worker * own + each for each in range(own) for worker in range(workers)]


def shared(dataset: tf.data.Dataset, replicas: int) -> Any:
    """Batches that so many replicas can share: (inputs, targets, weights of the videos).

    A batch that does not divide is filled up with videos of weight 0, copies of its own, which take part in nothing.
    Of several machines each reads all of a batch and trains on its part: batches stay what they are on one.

    Args:
        dataset: batches (inputs, targets), of nested tensors (B, …).
        replicas: N; 1 leaves the dataset as it is.
    """
    if replicas == 1:
        return dataset

    pieces = pieces_of(replicas, workers()[1])

    def filled(inputs, targets):
        number = tf.shape(tf.nest.flatten(inputs)[0])[0]
        whole = -(-number // replicas) * replicas
        rows = tf.reshape(tf.gather(tf.reshape(tf.range(whole), (replicas, -1)), pieces), [-1])
        inputs, targets = tf.nest.map_structure(lambda value: tf.gather(value, rows % number), (inputs, targets))
        return inputs, targets, tf.cast(rows < number, tf.float32)

    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.map(filled).with_options(options)
