"""Starts a command in half the time: TensorFlow and Keras without what they import only because it is there.

Keras imports scikit-learn (and with it SciPy) for its wrappers and Matplotlib for its galleries, TensorFlow imports JAX
for its converter; each does without where it is missing. Python's collector of cycles looks through the modules again
and again while they come, and finds nothing in them.
"""

import contextlib
import gc
import sys
from collections.abc import Iterator

# Of all these Keras and TensorFlow take a missing one for granted.
OPTIONAL = ("jax", "matplotlib", "pandas", "scipy", "sklearn", "torch")


@contextlib.contextmanager
def quick_start() -> Iterator[None]:
    """While the block lasts `OPTIONAL` packages that were not imported before are missing, and no cycles are collected.

    Afterwards what needs one imports it as ever; Keras alone has no wrappers for scikit-learn and no galleries in this
    process. So it is for a command, whose process is its own, and not for `import scoringnet_tf`. Where Keras has been
    imported before, it does nothing.
    """
    if "keras" in sys.modules:
        yield
        return
    hidden = [name for name in OPTIONAL if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: Python says that there is none
    gc.disable()
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        gc.freeze()  # what has come stays
        gc.enable()
