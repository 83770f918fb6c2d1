"""TensorFlow 1 checkpoints of C3D-tensorflow, whose c3d_model.py and README say how they are read.

conv3d_deepnetA_sport1m_iter_1900000_TF.model was converted from Caffe: fc6 reads (T, H, W, C), BGR frames.
sports1m_finetuning_ucf101.model was trained in TensorFlow: fc6 reads (T, C, H, W), and the input was RGB frames less
the mean file, whose channels are BGR. Nothing but the number of classes, 487 or 101, tells them apart.
"""

import pathlib

from scoringnet_tf.support.messages import InputError
from scoringnet_tf.weights.parameters import SPORTS, SPORTS1M, Parameters, Weights

LAYOUT = "TensorFlow checkpoint"
TABLE_MAGIC = bytes.fromhex("57fb808b247547db")  # ends every LevelDB table, which is what indexes and old files are
FINE_TUNED = {**SPORTS1M, "channels": "rgb"}

# Layer of C3D → what follows the w of its kernel and the b of its bias; the scopes before them vary.
SUFFIXES = {
    "conv1a": "c1",
    "conv2a": "c2",
    **{f"conv{block}": f"c{block}" for block in ("3a", "3b", "4a", "4b", "5a", "5b")},
    "fc6": "d1",
    "fc7": "d2",
    "fc8": "out",
}


def checkpoint(path: str | pathlib.Path) -> str | None:
    """The name by which TensorFlow opens the checkpoint at `path`, a file or a prefix of several, or None."""
    path = pathlib.Path(path)
    prefix = path.with_suffix("") if path.suffix == ".index" else path
    for file in (pathlib.Path(f"{prefix}.index"), path):
        if file.is_file():
            with file.open("rb") as opened:
                opened.seek(max(0, file.stat().st_size - len(TABLE_MAGIC)))
                if opened.read() == TABLE_MAGIC:
                    return str(prefix if file.suffix == ".index" else path)
    return None


def read(path: str) -> Weights:
    """`Weights` of a checkpoint that is called as `checkpoint` gives it.

    Raises:
        InputError: the file is not whole (`damaged_weights`), or holds a layer more than once (`duplicate`).
    """
    import tensorflow as tf

    layers = {}
    try:
        reader = tf.train.load_checkpoint(path)
        unused = sorted(reader.get_variable_to_shape_map())
        for layer, suffix in SUFFIXES.items():
            kernel, bias = _named(path, unused, f"w{suffix}", suffix), _named(path, unused, f"b{suffix}")
            if kernel and bias:
                value = reader.get_tensor(kernel)
                layers[layer] = Parameters(kernel, value, reader.get_tensor(bias))
                unused = [name for name in unused if name not in (kernel, bias)]
    except InputError:
        raise
    except (tf.errors.OpError, LookupError, ValueError, RuntimeError) as error:
        raise InputError("damaged_weights", f"The TensorFlow checkpoint {path} is damaged: {error}.") from error
    if "fc8" in layers and layers["fc8"].bias.size == SPORTS:
        return Weights(f"{LAYOUT} of Sports-1M", layers, SPORTS1M, channels_first=False, unused=tuple(unused))
    return Weights(f"{LAYOUT}, fine-tuned", layers, FINE_TUNED, channels_first=True, unused=tuple(unused))


def _named(path, names, *short):
    """The one of the names that is one of the short ones behind its scopes, the first that there is; or None."""
    for wanted in short:
        matches = [name for name in names if name.rsplit("/", 1)[-1] == wanted]
        if len(matches) > 1:
            raise InputError("duplicate", f"{path} has several variables {wanted}: {' and '.join(matches)}.")
        if matches:
            return matches[0]
    return None
