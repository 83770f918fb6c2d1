"""Decoded frames as they are meant to be shown: whole pictures, upright, in the colours of an ordinary screen.

A file says of its frames that they are two fields of different moments (interlaced), turned or mirrored (phones), or in
colours that no ordinary screen has (HDR, BT.2020). FFmpeg's own filters undo that; what they cannot undo is left as it
is. Either is said.
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
# PyAV 17 and later would start threads for the colours of every frame, which takes longer than the colours.
ONE_THREAD = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}
ANY_TIME_BASE = Fraction(1, 1000)  # of frames without one, whose times nobody asks for
DEINTERLACED = Remark("interlaced", "The video is interlaced: each frame was restored from one field (bwdif).")
TURNED = Remark("turned", "The frames were rotated or mirrored as the file states.")
UNTURNED = Remark("not_turned", "The file states a rotation that is no multiple of 90°: the frames were not rotated.")


class ShownFrames:
    """Turns the frames of one video, as they are decoded, into pictures.

    Attributes:
        notes: what was done to them or could not be, one sentence each.
    """

    def __init__(self) -> None:
        self.notes: list[Remark] = []
        self._deinterlacer: Deinterlacer | None = None
        self._tags: tuple = ()  # of the colours of the frames at hand
        self._reformatter = VideoReformatter()  # one for all frames: making its tables takes longer than a frame

    def pictures(self, frame: av.VideoFrame, decoder: Any) -> list[tuple[np.ndarray, float | None]]:
        """(uint8 (H, W, 3) RGB, time in seconds or None) of the frames that are ready once `frame` is known.

        `decoder` is the `av.VideoCodecContext` that it comes from; frames themselves tell their colours since PyAV 17.
        """
        self._tags = decoder.color_trc, decoder.color_primaries, decoder.colorspace, decoder.color_range
        size = (frame.width, frame.height, frame.format.name)
        before = [] if self._deinterlacer is None or size == self._deinterlacer.size else self.remaining()
        if self._deinterlacer is None and frame.interlaced_frame:
            self._note(DEINTERLACED)
            self._deinterlacer = Deinterlacer(size, frame.time_base or ANY_TIME_BASE)
        ready = [frame] if self._deinterlacer is None else self._deinterlacer.push(frame)
        return before + [(self._picture(whole), whole.time) for whole in ready]

    def remaining(self) -> list[tuple[np.ndarray, float | None]]:
        """Those that waited for a next frame, once there is none."""
        ready = [] if self._deinterlacer is None else self._deinterlacer.push(None)
        self._deinterlacer = None
        return [(self._picture(whole), whole.time) for whole in ready]

    def _picture(self, frame):
        image, matrix = self._rgb(frame), display_matrix(frame)
        if matrix is None:
            return image
        turn = quarter_turn(matrix)
        self._note(UNTURNED if turn is None else TURNED)
        return image if turn is None else turned(image, *turn)

    def _rgb(self, frame):
        colors = _wide_colors(*self._tags[:2])
        if colors:
            try:
                image = _converter(frame.width, frame.height, frame.format.name, *self._tags)(frame)
                self._note(Remark("colours_converted", f"The colours, {colors}, were converted to BT.709."))
                return image
            except (av.FFmpegError, ValueError) as error:  # an FFmpeg before 8 knows no such conversion
                message = f"The colours, {colors}, look wrong: this FFmpeg cannot convert them ({error})."
                self._note(Remark("colours_wrong", message))
        return self._reformatter.reformat(frame, format="rgb24", **ONE_THREAD).to_ndarray()

    def _note(self, note):
        if note not in self.notes:
            self.notes.append(note)


# === Interlacing ===


class Deinterlacer:
    """FFmpeg's bwdif: one whole frame of each that is interlaced; the others pass as they are.

    Args:
        size: (width, height, name of the pixel format).
        time_base: of the frames.
    """

    def __init__(self, size: tuple[int, int, str], time_base: Fraction) -> None:
        self.size = size
        self._graph = _graph(size, time_base, ("bwdif", "mode=send_frame:deint=interlaced"))

    def push(self, frame: av.VideoFrame | None) -> list[av.VideoFrame]:
        """The frames that are ready once `frame`, or the end (None), is known."""
        self._graph.push(frame)
        ready: list[Any] = []
        while True:
            try:
                ready.append(self._graph.pull())
            except (av.BlockingIOError, av.EOFError):
                return ready


# === Colours ===


class ColorConverter:
    """FFmpeg's scale, to 8-bit RGB of BT.709; its perceptual intent maps the tones of HDR.

    Args:
        size: (width, height, name of the pixel format).
    """

    def __init__(self, size: tuple[int, int, str]) -> None:
        options = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=pc:intent=perceptual"
        self._graph = _graph(size, ANY_TIME_BASE, ("scale", options), ("format", "rgb24"))
        self._lock = threading.Lock()  # what a thread pulls is what it pushed

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """uint8 (H, W, 3) RGB."""
        with self._lock:
            self._graph.push(frame)
            converted: Any = self._graph.pull()
        return converted.to_ndarray()


@functools.lru_cache(maxsize=2)  # its tables take seconds to make: once for all videos of a kind
def _converter(width, height, name, *_tags):
    return ColorConverter((width, height, name))


def _wide_colors(transfer, primaries):
    """What colours of these characteristics are called, if 8-bit RGB does not have them; else None."""
    if transfer in HDR:
        return f"HDR ({HDR[transfer]})"
    if transfer not in ORDINARY_TRANSFERS:
        return f"of transfer characteristics {transfer}"
    return f"wide ({WIDE_PRIMARIES[primaries]})" if primaries in WIDE_PRIMARIES else None


# === Orientation ===

SIDE_DATA_END = 40  # above the kinds of side data that FFmpeg has, 32 in version 8


def display_matrix(frame: av.VideoFrame) -> np.ndarray | None:
    """Where a frame's x axis (first row) and y axis point as shown, float (2, 2); None where it says nothing of it."""
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
    graph = _graph((frame.width, frame.height, frame.format.name), frame.time_base or ANY_TIME_BASE, *deleting)
    graph.push(frame)
    pulled: Any = graph.pull()
    return pulled


def quarter_turn(matrix: np.ndarray) -> tuple[bool, int, int] | None:
    """Arguments of `turned` for a display matrix; None where it is no turn by quarters, mirrored or not."""
    size = np.abs(matrix).max()
    rounded = np.rint(matrix / size).astype(int) if size > 0 else np.zeros((2, 2), int)
    is_turn = all(np.array_equal(np.abs(rounded).sum(axis), [1, 1]) for axis in (0, 1))
    if not is_turn or not np.allclose(matrix / size, rounded, atol=0.01):
        return None
    (a, b), (c, d) = rounded.tolist()
    return bool(b), b or d, a or c


def turned(image: np.ndarray, transposed: bool, step_y: int, step_x: int) -> np.ndarray:
    """An image (H, W, 3) whose rows become columns where `transposed`, then taken backwards along y, x by steps -1."""
    image = image.swapaxes(0, 1) if transposed else image
    return np.ascontiguousarray(image[::step_y, ::step_x])


def is_transposed(frame: av.VideoFrame) -> bool:
    """Whether a frame is shown with its rows as columns."""
    matrix = display_matrix(frame)
    turn = None if matrix is None else quarter_turn(matrix)
    return turn is not None and turn[0]


def _graph(size, time_base, *filters):
    """A graph of FFmpeg's filters in a row."""
    width, height, name = size
    graph = Graph()
    nodes = [graph.add_buffer(width=width, height=height, format=name, time_base=time_base)]
    nodes += [graph.add(*filter_) for filter_ in (*filters, ("buffersink",))]
    for node, following in itertools.pairwise(nodes):
        node.link_to(following)
    graph.configure()
    return graph
