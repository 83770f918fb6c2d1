"""Readers of published C3D weights, a module per layout; `layouts` chooses, `convert` makes a `C3D`."""

import pathlib

from scoringnet_tf.support.errors import InputError


def check_is_there(path: str) -> None:
    """InputError (`not_found`) if there is no file of weights at `path`, nor a TensorFlow checkpoint of that name."""
    if not any(pathlib.Path(name).is_file() for name in (path, f"{path}.index")):
        raise InputError("not_found", f"No file of weights at {path}.")
