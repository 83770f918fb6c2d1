"""The mean file that Sports-1M weights were trained with, as an image that `C3D` subtracts."""

import io
import pathlib

import numpy as np

from scoringnet_tf.data.preprocessing import center_offset
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.weights.caffe import read_blob

CROP = (112, 112)
NUMPY = b"\x93NUMPY"


def read_mean(path: str | pathlib.Path) -> list[list[list[float]]]:
    """The mean image (112, 112, 3), channels in the file's order, as nested lists of hundredths.

    The file is the mean of clips, (16, H, W, 3) or (3, 16, H, W), as .npy or as Caffe's .binaryproto. It is averaged
    over time, since KFS and the towers take clips of other lengths; over Sports-1M's 16 frames it moves by 0.4 grey
    levels at most. Larger images are cropped in the centre, as the frames are.

    Raises:
        InputError: the file is another, or not whole.
    """
    expected = f"{path}: expected the mean of clips, (16, H, W, 3) or (3, 16, H, W), .npy or .binaryproto."
    try:
        content = pathlib.Path(path).read_bytes()
        is_numpy = content.startswith(NUMPY)
        mean = np.load(io.BytesIO(content), allow_pickle=False) if is_numpy else read_blob(content)[0]
    except (OSError, ValueError, EOFError, IndexError) as error:
        raise InputError(f"{expected} Received: {error}.") from error
    if mean.ndim == 4 and mean.shape[0] == 3:
        mean = np.moveaxis(mean, 0, -1)
    if mean.ndim != 4 or mean.shape[-1] != 3 or min(mean.shape[1:3]) < CROP[0]:
        raise InputError(f"{expected} Received: an array of {mean.shape}.")
    top, left = center_offset(mean.shape[1:3], CROP)
    image = mean.mean(axis=0, dtype=np.float64)[top : top + CROP[0], left : left + CROP[1]]
    return image.round(2).tolist()
