"""What must be set once per process before a model is built: seeds, determinism, precision."""

import pathlib

import keras
import tensorflow as tf

from scoringnet_tf.support.errors import InputError


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
            "todo",
            "Expected a GPU for --precision=mixed_float16 (TensorFlow has no float16 3-D max-pooling on a CPU). "
            "Received: no GPU. Use --precision=mixed_bfloat16 or float32.",
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
