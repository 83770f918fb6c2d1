"""With what Keras computes, told without importing it."""

import json
import os
import pathlib

from scoringnet_tf.support.errors import InputError


def check_backend() -> None:
    """InputError where Keras would compute with another backend than TensorFlow, which commands need.

    It looks where Keras does (`keras.src.backend.config`): KERAS_BACKEND, then keras.json in KERAS_HOME or ~/.keras.
    """
    if backend := os.environ.get("KERAS_BACKEND"):
        if backend != "tensorflow":
            raise _wrong("KERAS_BACKEND", backend)
        return
    home = os.path.expanduser("~")  # noqa: PTH111 - pathlib's raises where there is none
    folder = os.environ.get("KERAS_HOME", f"{home if os.access(home, os.W_OK) else '/tmp'}/.keras")
    path = pathlib.Path(os.path.expanduser(folder), "keras.json")  # noqa: PTH111
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none, or none that Keras could read
        return
    backend = settings.get("backend", "tensorflow") if isinstance(settings, dict) else "tensorflow"
    if backend != "tensorflow":
        raise _wrong(path, backend)


def _wrong(where, backend):
    message = f"{where}: the commands need Keras's backend tensorflow, not {backend}."
    return InputError("wrong_backend", message, "Set KERAS_BACKEND=tensorflow.")
