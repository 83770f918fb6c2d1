"""Files of a simulated dataset, written atomically and with the same bytes every time: labels, joints, video."""

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import av
import cv2
import numpy as np
import scipy.io
from numpy.random import Generator
from numpy.typing import ArrayLike

from scoringnet_tf.data.joints import FOLDER
from scoringnet_tf.support.messages import InputError


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """Yields an open file beside `file`, which takes its name once the block ends; OSError if it cannot be written."""
    # A fixed name: the next process replaces what a killed one has left.
    partial = file.with_name(file.name + ".partial")
    try:
        with partial.open("wb") as opened:  # Python reports a full disk; FFmpeg does not for a file's last bytes
            yield opened
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def replace_bytes(file: Path, contents: bytes) -> None:
    """Writes a file beside its name, then moves it there; OSError as `replacing`."""
    with replacing(file) as opened:
        opened.write(contents)


def write_vector(file: Path, variable: str, values: ArrayLike, column: bool = False) -> None:
    """Writes a vector as .mat, a row or a column."""
    array = np.asarray(values)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {variable: array[:, None] if column else array[None]})
    contents = bytearray(buffer.getvalue())
    contents[:116] = b"MATLAB 5.0 MAT-file".ljust(116)  # scipy writes the time of day here
    replace_bytes(file, bytes(contents))


def write_ids(folder: Path, variable: str, ids: Sequence[int]) -> None:
    """Writes video ids as the column `variable` of `variable`.mat; 16 bits as in the official files if they fit."""
    kind = np.uint16 if max(ids, default=0) <= np.iinfo(np.uint16).max else np.uint32
    write_vector(folder / f"{variable}.mat", variable, np.array(ids, kind), column=True)


def joints_file(folder: Path, video: Path) -> Path:
    """The file for a video's joints in a dataset's `folder`, as `scoringnet_tf.data.joints` reads it."""
    return folder / FOLDER / f"{video.stem}.npy"


def write_joints(folder: Path, video: Path, joints: np.ndarray) -> None:
    """Writes joints (L, J, 2), pixels, as float16: exact to a quarter of a pixel up to 512."""
    with replacing(joints_file(folder, video)) as file:
        np.save(file, joints.astype(np.float16))


FPS = 25
QUANTISERS = (2, 25)  # of MPEG-4 and MPEG-2: from the finest to blocks as at the lowest bit rates of broadcasts
FILM_QUANTISERS = (3, 31)  # of what people send each other
GROUP = 12  # frames from one key frame to the next


def _mpeg(quantiser: int) -> dict[str, str]:
    return {"flags": "+bitexact+qscale", "global_quality": str(118 * quantiser)}


def _h264(quantiser: int) -> dict[str, str]:
    return {"preset": "superfast", "crf": str(17 + quantiser), "bf": "0", "x264-params": "threads=1"}


CODECS: dict[str, Callable[[int], dict[str, str]]] = {  # name → function of the quantiser: the encoder's options
    "mpeg4": _mpeg,
    "mpeg2video": _mpeg,
    "libx264": _h264,
    "mjpeg": _mpeg,
    "wmv2": _mpeg,
}


def draw_compression(easy: bool, rng: Generator, film: bool = False) -> tuple[str, int]:
    """Draws codec and quantiser; the easy preset is finely compressed, film often coarsely."""
    if easy:
        return "mpeg4", int(rng.integers(3, 8))
    codec = rng.choice(list(CODECS), p=(0.4, 0.15, 0.25, 0.1, 0.1))
    least, most = np.log(FILM_QUANTISERS if film else QUANTISERS)
    return str(codec), round(float(np.exp(rng.uniform(least, most))))


def write_video(path: Path, frames: Iterable[np.ndarray], quantiser: int, codec: str = "mpeg4") -> int:
    """Encodes frames (H, W, 3) uint8 BGR of one even size into `path`; returns their number.

    The file appears under its name only when it is whole. The same frames give the same bytes.
    """
    count, stream, target = 0, None, io.BytesIO()  # in memory: FFmpeg tells of no full disk
    with av.open(target, "w", format="avi", options={"fflags": "+bitexact"}) as container:
        for frame in frames:
            if stream is None:
                stream = _add_stream(container, frame.shape, quantiser, codec)
            planes: np.ndarray = cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
            count += 1
        if stream is None:
            raise InputError("no_frames", f"{path}: there are no frames to write.")
        container.mux(stream.encode(None))
    replace_bytes(path, target.getvalue())
    return count


def num_packets(path: Path) -> int:
    """The number of frames that `write_video` wrote, without decoding; 0 if it cannot be read."""
    try:
        with av.open(str(path)) as container:
            return sum(packet.size > 0 for packet in container.demux(video=0))
    except (av.FFmpegError, ValueError, IndexError):
        return 0


def _add_stream(container: Any, shape: tuple[int, ...], quantiser: int, codec: str) -> Any:
    stream = container.add_stream(codec, rate=FPS, options=CODECS[codec](quantiser))
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    context = stream.codec_context
    context.thread_count = 1
    if codec != "libx264":
        context.qmin = context.qmax = quantiser
    context.gop_size = GROUP
    return stream
