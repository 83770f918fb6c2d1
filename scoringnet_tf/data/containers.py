"""Video files as FFmpeg reads them: streams, timestamps and decoded frames. No TensorFlow."""

import contextlib
import functools
import itertools
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from scoringnet_tf.data.timing import DEFAULT_FPS
from scoringnet_tf.support.messages import InputError

DECODER_OPTIONS = {"max_pixels": str(2**26)}  # a damaged header may not ask for endless memory; 8K video has 2**25
SMALLEST_FRAME = 8  # bytes: a smaller packet repeats a frame, or (packed B-frames of old AVI files) is none
# FFmpeg's containers of one video, recognised by content. Others are lists of files (hls, concat, dash, sdp, image2,
# …), which could make us read any file, or bare streams without timestamps, to which FFmpeg ascribes 25 frames/s.
CONTAINERS = "avi,mov,matroska,mpeg,mpegts,asf,flv,gif,apng,ogg,nut,mxf,gxf,wtv,ivf,dv,rm,swf,yuv4mpegpipe"
FORMAT_OPTIONS = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
BARE_STREAMS = (".h264", ".264", ".h265", ".265", ".hevc")  # of a codec, without a container
EBML_HEADER, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"  # RFC 9559: the two elements of a Matroska file


class VideoError(InputError):
    """A video file is missing, is not a video, or cannot be decoded to its end."""


def open_container(path: Path) -> Any:
    """An `av.InputContainer`; VideoError if FFmpeg cannot open the file as one video."""
    import av

    try:
        return av.open(str(path.absolute()), options=FORMAT_OPTIONS)  # "a:b.avi" alone would name a protocol
    except (av.FFmpegError, MemoryError, UnicodeError) as error:
        bare = path.suffix.lower() in BARE_STREAMS
        hint = "Put it into a file first: ffmpeg -i dive.h264 -c copy dive.mp4" if bare else "Copy it anew."
        raise VideoError("wrong_format", f"{path} is not a video (or is damaged): {reason(error)}.", hint) from error


def reason(error: BaseException) -> str:
    """The text of an error, without the path that FFmpeg repeats."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def video_stream(container: Any, path: Path, num_threads: int) -> Any:
    """The main video stream, which is no cover picture, ready to decode; VideoError if there is none."""
    streams = container.streams.video
    if not streams:
        raise VideoError("no_video_stream", f"{path} has no video stream (a damaged or a sound file?).")
    # FFmpeg's choice may be a picture that is not marked as a cover.
    moving = [stream for stream in streams if stream.frames != 1]
    best = container.streams.best("video")
    stream = best if best in moving or not moving else moving[0]
    if stream.codec_context is None:
        raise VideoError("unknown_codec", f"{path}: FFmpeg does not know the codec.")
    stream.codec_context.thread_count = num_threads
    stream.codec_context.options = DECODER_OPTIONS
    return stream


def stated_rate(stream: Any) -> float:
    """The frames per second that a file states of a stream; 0 if it states none."""
    return float(stream.average_rate or stream.guessed_rate or 0)


class Packets(NamedTuple):
    """The packets of a stream, without their content."""

    times: list  # of the frames in the order in which they are shown, units; None where the file has none
    smallest: float  # bytes of the smallest one
    unit: float  # of these times, seconds
    rate: float  # frames per second that the file states, or `DEFAULT_FPS`
    is_ordered: bool  # AVI has no timestamps: FFmpeg's are in the order in which frames are stored


def packets_of(path: Path) -> Packets:
    """The packets of the main video stream, of which the first frame alone is decoded; errors as of `video_stream`."""
    return _packets_as_of(path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.lru_cache(maxsize=4)  # the performances of a broadcast come in turn
def _packets_as_of(path: Path, changed: int) -> Packets:
    import av

    times, smallest = [], math.inf
    first: list = []
    with open_container(path) as container:
        stream = video_stream(container, path, 1)
        try:
            for packet in container.demux(stream):  # none is kept: together they are as large as the file
                if not first:
                    first = [frame.pts for frame in packet.decode()]
                if packet.size and not packet.is_discard:  # an edit list hides what it discards
                    times.append(packet.pts)
                    smallest = min(smallest, packet.size)
        except (av.FFmpegError, MemoryError) as error:
            raise VideoError("damaged_video", f"{path} is damaged: {reason(error)}.") from error
        rate, unit = stated_rate(stream) or DEFAULT_FPS, float(stream.time_base or 1)
        is_ordered = container.format.name != "avi" or not stream.codec_context.has_b_frames
    if None not in times:
        # A file that was cut out of another one may begin with packets that need frames before them: they show nothing.
        times = sorted(time for time in times if not first or first[0] is None or time >= first[0])
    return Packets(times, smallest, unit, rate, is_ordered)


def times_to_seek(path: Path) -> list:
    """The times of a file's frames, units, if each can be sought by its time; else none."""
    with contextlib.suppress(VideoError):  # a damaged file is read from its beginning
        packets = packets_of(path)
        times = set(packets.times)
        is_told = None not in times and len(times) == len(packets.times)
        return packets.times if is_told and packets.is_ordered and packets.smallest > SMALLEST_FRAME else []
    return []


def decoded_stretch(path: Path, container: Any, stream: Any, start: int, stop: int) -> Iterator[Any]:
    """The decoded frames [start, stop) of a stream; `container` is open at its start."""
    with open_container(path) as other:  # if seeking fails, the first one is still at the start
        same = other.streams[stream.index]
        same.codec_context.thread_count, same.codec_context.options = stream.codec_context.thread_count, DECODER_OPTIONS
        sought = _sought(other, same, path, start)
        if sought is None:
            sought = itertools.islice(container.decode(stream), start, None)
        yield from itertools.islice(sought, stop - start)


def _sought(container: Any, stream: Any, path: Path, start: int) -> Iterator[Any] | None:
    """The decoded frames from number `start` on, from its key frame; None if they may be others."""
    times = times_to_seek(path) if start else []
    if start >= len(times):
        return None
    wanted, before = times[start], -math.inf
    container.seek(wanted, stream=stream)
    frames = container.decode(stream)
    for frame in frames:
        if frame.pts is None or not before < frame.pts <= wanted:
            return None
        if frame.pts == wanted:
            return itertools.chain([frame], frames)
        before = frame.pts
    return None


def cut_off(path: Path) -> str:
    """A phrase if a file ends before its Matroska segment does; "" for live recordings and other formats, too."""
    with path.open("rb") as file:
        if file.read(4) != EBML_HEADER:
            return ""
        file.seek(_element_size(file) or 0, os.SEEK_CUR)
        if file.read(4) != SEGMENT:
            return ""
        size = _element_size(file)
        stated = file.tell() + (size or 0)
        received = file.seek(0, os.SEEK_END)
    return "" if size is None or received >= stated else f"the end of the file ({received:,} of {stated:,} bytes)"


def _element_size(file: BinaryIO) -> int | None:
    """The size of an element, whose first byte codes its own length (RFC 8794, section 4); None if unknown."""
    first = file.read(1)
    length = 9 - int.from_bytes(first, "big").bit_length()
    digits = 7 * length
    value = int.from_bytes(first + file.read(length - 1), "big") & (1 << digits) - 1
    return None if value == (1 << digits) - 1 else value
