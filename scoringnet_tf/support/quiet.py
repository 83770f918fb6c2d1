"""TensorFlow without the notices that it prints while it is imported, and without what it imports for others."""

import contextlib
import functools
import importlib.machinery
import importlib.util
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
_API = "tensorflow._api.v2"  # of which these wait until somebody uses them
DEFERRED = [f"{_API}.{name}" for name in ("lite", "compat.v1.lite", "compat.v1.compat", "compat.v2")]


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
    """Imports without `OPTIONAL`, unless they are imported already, and with `DEFERRED` at their first use."""
    hidden: dict[str, Any] = {name: None for name in OPTIONAL if name not in sys.modules}
    sys.modules.update(hidden)
    sys.meta_path.insert(0, _Deferred)
    vars(typing)["compile"] = functools.cache(compile)  # TensorFlow's annotations name few types 18,000 times
    try:
        yield
    finally:
        del vars(typing)["compile"]
        sys.meta_path.remove(_Deferred)
        for name in hidden:
            del sys.modules[name]


class _Deferred:
    """Finds the modules of `DEFERRED`, see https://docs.python.org/3/library/importlib.html#implementing-lazy-imports."""

    @staticmethod
    def find_spec(name: str, path: Any, target: Any = None) -> Any:
        """Their spec, with a loader that waits; None for others."""
        spec = importlib.machinery.PathFinder.find_spec(name, path, target) if name in DEFERRED else None
        if spec and spec.loader:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec
