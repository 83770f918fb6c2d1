"""Frame geometry and JPEG, shared by the writer of records, training and prediction so that they cannot drift apart.

A video frame of any size is resized to the *stored* size when records are built, and cropped to the *model's* size
when it is used. Prediction from a raw video does the same two steps. NumPy and OpenCV only.
"""

import cv2
import numpy as np

from scoringnet_tf.support.errors import InputError


def resize_frame(frame, size):
    """Resizes one uint8 frame (H, W, 3) to `size` = (height, width), averaging areas (no aliasing when shrinking)."""
    height, width = size
    if frame.shape[:2] == (height, width):
        return frame
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)


def center_offset(stored_size, image_size):
    """(top, left) of the centre crop of `image_size` from `stored_size`, both (height, width); InputError if larger."""
    if image_size[0] > stored_size[0] or image_size[1] > stored_size[1]:
        raise InputError(
            f"Expected stored frames at least as large as the model's image size {image_size[0]}×{image_size[1]} "
            f"(height × width). Received: frames of {stored_size[0]}×{stored_size[1]}. Build the records with "
            "larger --frame_height and --frame_width, or use a smaller image size."
        )
    return (stored_size[0] - image_size[0]) // 2, (stored_size[1] - image_size[1]) // 2


def frames_for_model(frames, stored_size, image_size):
    """Brings raw video frames to what the model saw when evaluated: the writer's resize, then the centre crop.

    Args:
        frames: uint8 (L, H, W, 3), RGB, any H and W.
        stored_size: (height, width) of the frames in the records the model was trained on.
        image_size: (height, width) of the model's input.

    Returns:
        uint8 (L, image_height, image_width, 3).

    Raises:
        InputError: `image_size` exceeds `stored_size`.
    """
    top, left = center_offset(stored_size, image_size)
    height, width = image_size
    cropped = np.empty((len(frames), height, width, 3), np.uint8)
    for index, frame in enumerate(frames):
        cropped[index] = resize_frame(frame, stored_size)[top : top + height, left : left + width]
    return cropped


def encode_jpeg(frame, quality):
    """Encodes one uint8 RGB frame (H, W, 3) as JPEG bytes; `quality` 1–100."""
    _, encoded = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()
