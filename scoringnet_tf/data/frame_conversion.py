"""Decoded frames as they are meant to be shown: progressive, upright, in the colours of an ordinary screen.

A file may state that its frames are interlaced, turned or mirrored (phones), or HDR. FFmpeg's filters undo that. A
warning names each conversion, and each that failed.
"""

import functools
import itertools
import threading
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import VideoReformatter

from scoringnet_tf.support.messages import Remark

# Transfer characteristics (ITU-T H.273) of 8-bit RGB, or no more than a shade off.
ORDINARY_TRANSFERS = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
HDR = {16: "PQ", 18: "HLG"}
WIDE_PRIMARIES = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
# FFmpeg's scale, to 8-bit RGB of BT.709; its perceptual intent maps the tones of HDR.
TO_BT709 = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=pc:intent=perceptual"
# PyAV 17 and later would start threads for the colours of every frame, which takes longer than the colours.
ONE_THREAD = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}
ANY_TIME_BASE = Fraction(1, 1000)  # of frames without one, whose times nobody asks for
SIDE_DATA_END = 40  # above the kinds of side data that FFmpeg has, 32 in version 8
DEINTERLACED = Remark("interlaced", "The video is interlaced: each frame was restored from one field (bwdif).")
TURNED = Remark("turned", "The frames were rotated or mirrored as the file states.")
UNTURNED = Remark("not_turned", "The file states a rotation that is no multiple of 90°: the frames were not rotated.")


class FrameConverter:
    """Turns the decoded frames of one video into pictures.

    Args:
        warnings: takes a remark on each conversion.
    """

    def __init__(self, warnings: list[Remark]) -> None:
        self._warnings = warnings
        self._deinterlacer: FilterChain | None = None
        self._tags: tuple = ()  # of the colours of the frames at hand
        self._reformatter = VideoReformatter()  # one for all frames: making its tables takes longer than a frame

    def pictures(self, frame: av.VideoFrame, decoder: Any) -> list[tuple[np.ndarray, float | None]]:
        """(uint8 (H, W, 3) RGB, time in seconds or None) of the frames that are ready once `frame` is known.

        `decoder` is the `av.VideoCodecContext` that it comes from; frames themselves tell their colours since PyAV 17.
        """
        self._tags = decoder.color_trc, decoder.color_primaries, decoder.colorspace, decoder.color_range
        size = _form(frame)
        before = [] if self._deinterlacer is None or size == self._deinterlacer.size else self.remaining()
        if self._deinterlacer is None and frame.interlaced_frame:
            self._warn(DEINTERLACED)
            bwdif = ("bwdif", "mode=send_frame:deint=interlaced")  # progressive frames pass unchanged
            self._deinterlacer = FilterChain(size, frame.time_base or ANY_TIME_BASE, bwdif)
        ready = [frame] if self._deinterlacer is None else self._deinterlacer.push(frame)
        return before + [(self._picture(whole), whole.time) for whole in ready]

    def remaining(self) -> list[tuple[np.ndarray, float | None]]:
        """Those that waited for a next frame, once there is none."""
        ready = [] if self._deinterlacer is None else self._deinterlacer.push(None)
        self._deinterlacer = None
        return [(self._picture(whole), whole.time) for whole in ready]

    def _picture(self, frame):
        image, matrix = self._rgb(frame), _display_matrix(frame)
        if matrix is None:
            return image
        turn = _quarter_turn(matrix)
        self._warn(TURNED if turn else UNTURNED)
        if not turn:
            return image
        transposed, step_y, step_x = turn
        return np.ascontiguousarray((image.swapaxes(0, 1) if transposed else image)[::step_y, ::step_x])

    def _rgb(self, frame):
        colors = _wide_colors(*self._tags[:2])
        if colors:
            try:
                image = _color_converter(_form(frame), self._tags)(frame)
                self._warn(Remark("colours_converted", f"The colours, {colors}, were converted to BT.709."))
                return image
            except (av.FFmpegError, ValueError) as error:  # an FFmpeg before 8 knows no such conversion
                message = f"The colours, {colors}, look wrong: this FFmpeg cannot convert them ({error})."
                self._warn(Remark("colours_wrong", message))
        return self._reformatter.reformat(frame, format="rgb24", **ONE_THREAD).to_ndarray()

    def _warn(self, warning):
        if warning not in self._warnings:
            self._warnings.append(warning)


class FilterChain:
    """FFmpeg's filters in a row, for frames of one form.

    Args:
        size: (width, height, name of the pixel format).
        time_base: of the frames.
        filters: (name, options) each.
    """

    def __init__(self, size: tuple[int, int, str], time_base: Fraction, *filters: tuple[str, ...]) -> None:
        self.size = size
        self._graph = Graph()
        buffer: Any = dict(zip(("width", "height", "format"), size, strict=True))
        nodes = [self._graph.add_buffer(**buffer, time_base=time_base)]
        nodes += [self._graph.add(*filter_) for filter_ in (*filters, ("buffersink",))]
        for node, following in itertools.pairwise(nodes):
            node.link_to(following)
        self._graph.configure()

    def push(self, frame: av.VideoFrame | None) -> list[Any]:
        """The frames that are ready once `frame`, or the end (None), is known."""
        self._graph.push(frame)
        ready: list[Any] = []
        while True:
            try:
                ready.append(self._graph.pull())
            except (av.BlockingIOError, av.EOFError):
                return ready


def _form(frame):
    return frame.width, frame.height, frame.format.name


# === Colours ===


@functools.lru_cache(maxsize=2)  # its tables take seconds to make: once for all videos of a kind
def _color_converter(size, tags):
    """A function: frame of this form, with these colour tags → uint8 (H, W, 3) RGB of BT.709."""
    chain, lock = FilterChain(size, ANY_TIME_BASE, ("scale", TO_BT709), ("format", "rgb24")), threading.Lock()

    def convert(frame):
        with lock:  # a thread pulls the frame that it pushed
            return chain.push(frame)[0].to_ndarray()

    return convert


def _wide_colors(transfer, primaries):
    """The name of colours that 8-bit RGB does not have; else None."""
    if transfer in HDR:
        return f"HDR ({HDR[transfer]})"
    if transfer not in ORDINARY_TRANSFERS:
        return f"of transfer characteristics {transfer}"
    return f"wide ({WIDE_PRIMARIES[primaries]})" if primaries in WIDE_PRIMARIES else None


# === Orientation ===


def is_transposed(frame: av.VideoFrame) -> bool:
    """Whether a frame is shown with its rows as columns."""
    matrix = _display_matrix(frame)
    turn = None if matrix is None else _quarter_turn(matrix)
    return turn is not None and turn[0]


def _display_matrix(frame):
    """The directions in which a frame's x axis (first row) and y axis are shown, float (2, 2); None if not stated."""
    try:
        data: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # beside it is what PyAV has no name for, such as the EXIF of a photograph
        data = _without_newer_side_data(frame).side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    matrix = np.frombuffer(bytes(data), np.int32).reshape(3, 3)[:2, :2] / 2**16
    return None if np.array_equal(matrix, np.eye(2)) else matrix


def _without_newer_side_data(frame):
    """The same frame with the kinds of side data alone that PyAV knows, by FFmpeg's filter that deletes the others."""
    known: Any = [kind.value for kind in SideDataType]
    newer = range(max(known) + 1, SIDE_DATA_END)
    deleting = [("sidedata", f"mode=delete:type={kind}") for kind in newer]
    return FilterChain(_form(frame), frame.time_base or ANY_TIME_BASE, *deleting).push(frame)[0]


def _quarter_turn(matrix):
    """(whether rows become columns, steps of ±1 along y and x after that); None if it is no turn by quarters."""
    size = np.abs(matrix).max()
    rounded = np.rint(matrix / size).astype(int) if size > 0 else np.zeros((2, 2), int)
    is_turn = all(np.array_equal(np.abs(rounded).sum(axis), [1, 1]) for axis in (0, 1))
    if not is_turn or not np.allclose(matrix / size, rounded, atol=0.01):
        return None
    (a, b), (c, d) = rounded.tolist()
    return bool(b), b or d, a or c
