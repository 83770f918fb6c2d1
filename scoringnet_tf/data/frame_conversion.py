"""Decoded frames as they are meant to be shown: upright, in the colours of an ordinary screen.

A file may state that its frames are turned or mirrored (phones), or HDR. A warning names each conversion.
"""

import functools
import itertools
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import VideoReformatter

from scoringnet_tf.support.messages import Remark

# Transfer characteristics (ITU-T H.273) of 8-bit RGB, or no more than a shade off.
ORDINARY_TRANSFERS = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
LOGARITHMIC = frozenset({9, 10})  # FFmpeg does not convert them
WIDE_PRIMARIES = frozenset({9, 11, 12})  # BT.2020, DCI-P3, Display P3
# To 8-bit RGB of BT.709; the perceptual intent maps the tones of HDR.
TO_BT709 = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=pc:intent=perceptual"
ANY_TIME_BASE = Fraction(1, 1000)  # of frames without one, whose times nobody asks for
# The kinds of side data that FFmpeg has and PyAV has no name for, such as the EXIF of a photograph.
NEWER_SIDE_DATA = [("sidedata", f"mode=delete:type={kind}") for kind in range(len(SideDataType), 40)]

TURNED = Remark("turned", "The frames were rotated or mirrored as the file states.")
NOT_TURNED = Remark("not_turned", "The file states a rotation that is no multiple of 90°: the frames were not rotated.")
CONVERTED = Remark("colours_converted", "The colours, HDR or wide, were converted to BT.709.")
WRONG = Remark("colours_wrong", "The colours look wrong: FFmpeg cannot convert logarithmic ones.")


class FrameConverter:
    """Turns the decoded frames of one video into pictures.

    Args:
        warnings: takes a remark on each conversion.
    """

    def __init__(self, warnings: list[Remark]) -> None:
        self._warnings = warnings
        self._reformatter = VideoReformatter()  # one for all frames: making its tables takes longer than a frame

    def picture(self, frame: av.VideoFrame) -> np.ndarray:
        """A frame as it is, upright and in RGB, uint8 (H, W, 3)."""
        image = self._rgb(frame)
        turn = stated_turn(frame)
        if turn is None:
            return image
        self._warn(TURNED if turn else NOT_TURNED)
        if not turn:
            return image
        transposed, step_y, step_x = turn
        return np.ascontiguousarray((image.swapaxes(0, 1) if transposed else image)[::step_y, ::step_x])

    def _rgb(self, frame: Any) -> np.ndarray:
        if frame.color_trc in LOGARITHMIC:
            self._warn(WRONG)
        elif frame.color_trc not in ORDINARY_TRANSFERS or frame.color_primaries in WIDE_PRIMARIES:
            self._warn(CONVERTED)
            tags = frame.color_trc, frame.color_primaries, frame.colorspace, frame.color_range
            frame = _converter_to_bt709(_form(frame), tags)(frame)
        one_thread: Any = {"threads": 1}  # more take longer to start
        return self._reformatter.reformat(frame, format="rgb24", **one_thread).to_ndarray()

    def _warn(self, warning: Remark) -> None:
        if warning not in self._warnings:
            self._warnings.append(warning)


def _form(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


@functools.lru_cache(maxsize=2)  # its tables take seconds to make: once for all videos of a kind
def _converter_to_bt709(form: tuple[int, int, str], tags: tuple) -> Callable[[av.VideoFrame], Any]:
    """A function: frame of this form, with these colour tags → frame of RGB."""
    graph, lock = _graph(form, None, ("scale", TO_BT709), ("format", "rgb24")), threading.Lock()

    def convert(frame: av.VideoFrame) -> Any:
        with lock:  # a thread pulls the frame that it pushed
            return _filtered(graph, frame)

    return convert


def _graph(form: tuple[int, int, str], time_base: Fraction | None, *filters: tuple[str, ...]) -> Graph:
    """FFmpeg's filters in a row, (name, options) each, for frames of one form."""
    graph = Graph()
    source: Any = dict(zip(("width", "height", "format"), form, strict=True))
    nodes = [graph.add_buffer(**source, time_base=time_base or ANY_TIME_BASE)]
    nodes += [graph.add(*filter_) for filter_ in (*filters, ("buffersink",))]
    for node, following in itertools.pairwise(nodes):
        node.link_to(following)
    graph.configure()
    return graph


def _filtered(graph: Graph, frame: av.VideoFrame) -> Any:
    graph.push(frame)
    return graph.pull()


def stated_turn(frame: av.VideoFrame) -> tuple[bool, int, int] | tuple[()] | None:
    """How a frame is shown: (whether rows become columns, steps of ±1 along y and x after that).

    None if it is upright, or () if the file states what is no turn by quarters.
    """
    try:
        data: Any = _display_matrix(frame)
    except ValueError:
        deleting = _graph(_form(frame), frame.time_base, *NEWER_SIDE_DATA)
        data = _display_matrix(_filtered(deleting, frame))
    if data is None:
        return None
    # The directions in which the x axis (first row) and the y axis are shown.
    matrix = np.frombuffer(bytes(data), np.int32).reshape(3, 3)[:2, :2]
    matrix = matrix / max(np.abs(matrix).max(), 1)
    rounded = np.rint(matrix).astype(int)
    if np.array_equal(matrix, np.eye(2)):
        return None
    if np.abs(rounded).tolist() not in ([[1, 0], [0, 1]], [[0, 1], [1, 0]]) or np.abs(matrix - rounded).max() > 0.01:
        return ()
    (a, b), (c, d) = rounded.tolist()
    return bool(b), b or d, a or c


def _display_matrix(frame: av.VideoFrame) -> Any:
    """Not by `frame.side_data`: the frame keeps that, and it the frame, so that thousands wait for the collector."""
    return SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # whose stub lacks it
