"""TensorFlow without the notices that it prints while it is imported, and without what it imports for others."""

import contextlib
import functools
import os
import pathlib
import sys
import tempfile
import typing
from collections.abc import Iterator
from typing import Any

NVIDIA = pathlib.Path("/proc/driver/nvidia")  # there if Linux has NVIDIA's driver
# TensorFlow and Keras import these where they are installed, which takes half as long as they take themselves.
OPTIONAL = ("IPython", "jax", "matplotlib", "pandas", "scipy", "sklearn")


def load_tensorflow() -> Any:
    """The module `tensorflow`, as a command imports it first; a warning if it cannot use the GPU that is there.

    Its libraries write to file descriptor 2 before they read TF_CPP_MIN_LOG_LEVEL. With that at 0 or 1 they may.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") in ("0", "1") or "tensorflow" in sys.modules:
        with _lean():
            import tensorflow

        return tensorflow
    with tempfile.TemporaryFile() as notices, _lean():
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(notices.fileno(), 2)
        try:
            import tensorflow

            gpus = tensorflow.config.list_physical_devices("GPU")
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    if NVIDIA.exists() and not gpus:
        print("TensorFlow cannot use the GPU. Set TF_CPP_MIN_LOG_LEVEL=0 to see why.", file=sys.stderr)
    return tensorflow


@contextlib.contextmanager
def _lean() -> Iterator[None]:
    """Makes `OPTIONAL` look as if they were not installed, but for those that are imported already."""
    hidden: dict[str, Any] = {name: None for name in OPTIONAL if name not in sys.modules}
    sys.modules.update(hidden)
    vars(typing)["compile"] = functools.cache(compile)  # TensorFlow's annotations name few types 18,000 times
    try:
        yield
    finally:
        del vars(typing)["compile"]
        for name in hidden:
            del sys.modules[name]
