"""Writes frames as an MPEG-4 .avi file, reproducibly and atomically."""

import io
from collections.abc import Iterable
from pathlib import Path

import av
import cv2
import numpy as np

from data_prep.simulator.files import replace_bytes

FPS = 25


def write_video(path: Path, frames: Iterable[np.ndarray], quantiser: int) -> int:
    """Encodes frames (H, W, 3) uint8 BGR of one even size into `path`.

    The file appears under its name only when it is whole. The same frames give the same bytes.

    Args:
        path: the AVI file to write.
        frames: in order.
        quantiser: of the MPEG-4 encoder, 2 (finest) to 31.

    Returns:
        How many frames there were.

    Raises:
        ValueError: there were none.
        OSError: the file cannot be written, or not to its end.
    """
    # In memory first: FFmpeg does not say that the last bytes of a file found no room on the disk.
    contents = io.BytesIO()
    count = 0
    with av.open(contents, "w", format="avi", options={"fflags": "+bitexact"}) as container:
        stream = None
        for frame in frames:
            if stream is None:
                stream = _add_stream(container, frame.shape, quantiser)
            planes: np.ndarray = cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
            count += 1
        if stream is None:
            raise ValueError(f"Expected at least one frame for {path}. Received: none")
        container.mux(stream.encode(None))
    replace_bytes(path, contents.getvalue())
    return count


def _add_stream(container, shape, quantiser):
    stream = container.add_stream(
        "mpeg4", rate=FPS, options={"flags": "+bitexact+qscale", "global_quality": str(118 * quantiser)}
    )
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.codec_context.thread_count = 1
    stream.codec_context.qmin = stream.codec_context.qmax = quantiser
    stream.codec_context.gop_size = 12
    return stream
