"""Which layout a file has: by its first and last bytes and by what is in it, never by its name."""

import pathlib

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.weights import caffe, check_is_there, keras_h5, mmaction2, pytorch, tf_checkpoint
from scoringnet_tf.weights.convert import Weights
from scoringnet_tf.weights.torch_file import PICKLE, ZIP, read_tensors


def read_weights(path: str, fc6_order: str = "auto") -> Weights:
    """The `Weights` of a file in any known layout.

    Args:
        path: the file; of a TensorFlow checkpoint with an index, that or the name without `.index`.
        fc6_order: of `tf_checkpoint.read`, the one layout that does not say it.

    Raises:
        InputError: no such file, no known layout, damaged, or `fc6_order` given for another layout.
    """
    check_is_there(path)
    if checkpoint := tf_checkpoint.checkpoint(path):
        return tf_checkpoint.read(checkpoint, fc6_order)
    if fc6_order != "auto":
        raise InputError("flag_unused", f"--fc6_order has no effect: {path} is no TensorFlow checkpoint.")
    with pathlib.Path(path).open("rb") as file:
        start = file.read(8)
    if start == keras_h5.SIGNATURE:
        return keras_h5.read(path)
    if start.startswith((ZIP, PICKLE)):
        return _torch_weights(path)
    return caffe.read(path)


def _torch_weights(path):
    tensors = read_tensors(path)
    for layout in (pytorch, mmaction2):
        if layout.recognises(tensors):
            return layout.read(tensors)
    raise InputError(
        "wrong_format",
        f"{path} is no C3D that we know: it has {', '.join(list(tensors)[:8]) or 'no tensor'}.",
        f"{pytorch.LAYOUT} has conv1.weight, {mmaction2.LAYOUT} conv1a.conv.weight.",
    )
