"""The mean file that Sports-1M weights were trained with, as an image that `C3D` subtracts."""

import io
import pathlib

import numpy as np

from scoringnet_tf.data.preprocessing import center_offset
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.weights.caffe import read_blob
from scoringnet_tf.weights.convert import SPORTS1M

CROP = (112, 112)
NUMPY = b"\x93NUMPY"
FAR = 2.0  # grey levels; the mean of another channel is 5 away or more


def read_mean(path: str | pathlib.Path) -> list[list[list[float]]]:
    """The mean image (112, 112, 3), channels in the file's order, as nested lists of hundredths.

    The file is the mean of clips, (16, H, W, 3) or (3, 16, H, W), as .npy or as Caffe's .binaryproto. It is averaged
    over time, since KFS and the towers take clips of other lengths; over Sports-1M's 16 frames it moves by 0.4 grey
    levels at most. Larger images are cropped in the centre, as the frames are.

    Raises:
        InputError: the file is another, or not whole.
    """
    try:
        content = pathlib.Path(path).read_bytes()
        is_numpy = content.startswith(NUMPY)
        mean = np.load(io.BytesIO(content), allow_pickle=False) if is_numpy else read_blob(content)[0]
    except (OSError, ValueError, EOFError, IndexError) as error:
        raise InputError(
            "damaged_mean", f"--mean={path} is no .npy or .binaryproto, or is damaged: {error}."
        ) from error
    if mean.ndim == 4 and mean.shape[0] == 3:
        mean = np.moveaxis(mean, 0, -1)
    if mean.ndim != 4 or mean.shape[-1] != 3 or min(mean.shape[1:3]) < CROP[0]:
        raise InputError(
            "wrong_shape",
            f"--mean={path} has the shape {mean.shape}.",
            "The mean of clips has (16, H, W, 3) or (3, 16, H, W).",
        )
    top, left = center_offset(mean.shape[1:3], CROP)
    image = mean.mean(axis=0, dtype=np.float64)[top : top + CROP[0], left : left + CROP[1]]
    found, known = image.mean(axis=(0, 1)), np.array(SPORTS1M["mean"])
    if not np.isfinite(image).all() or np.abs(found - known).max() > FAR:
        numbers = ", ".join(f"{value:.4g}" for value in found)
        raise InputError(
            "wrong_scale",
            f"--mean={path} is not the mean of Sports-1M: its channels are {numbers} on average.",
            f"The mean is BGR, 0 to 255: {', '.join(f'{value:g}' for value in known)}.",
        )
    return image.round(2).tolist()
