"""Has TensorFlow compute by oneDNN on every processor.

On processors without AVX-512 or VNNI (AMD's before Zen 4, Intel's before Ice Lake) TensorFlow leaves oneDNN out, and
its own 3-D convolutions take four to eight times as long. It reads TF_ENABLE_ONEDNN_OPTS once, when it is imported.
"""

import os
import pathlib
import sys
import warnings

OPTION = "TF_ENABLE_ONEDNN_OPTS"
# Of /proc/cpuinfo: with one of these TensorFlow takes oneDNN by itself (tensorflow/core/util/util.cc).
BY_ITSELF = {"avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"}


def enable() -> None:
    """Asks for oneDNN unless the environment says 0 or 1; warns where TensorFlow was imported before, without it."""
    if OPTION not in os.environ and "tensorflow" in sys.modules and not BY_ITSELF & cpu_flags():
        warnings.warn(
            "TensorFlow was imported before scoringnet_tf, without oneDNN: on this processor its 3-D convolutions take "
            f"several times as long. Import scoringnet_tf before keras and tensorflow, or set {OPTION}=1.",
            RuntimeWarning,
            stacklevel=3,
        )
    os.environ.setdefault(OPTION, "1")


def cpu_flags() -> set[str]:
    """What the processor has, as Linux names it; elsewhere nothing."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())
