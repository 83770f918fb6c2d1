"""How stages are drawn, in every picture alike: their colours, their strips along time. No display is needed.

Matplotlib is imported once something is drawn: a video is scored without it.
"""

import contextlib
import hashlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.paths import AnyPath, as_path

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

HEADER_BYTES = 4096  # of a PNG file: what stands before its picture
STAGE_COLORS = ("#b8bcc2", "#f2b134", "#2f6db5", "#2a9d8f", "#a23b72", "#e4572e")


def stage_color(index: int) -> str:
    """A stage's colour by its label; noise is grey, and beyond five stages the colours begin again."""
    return STAGE_COLORS[0] if index == 0 else STAGE_COLORS[1 + (index - 1) % (len(STAGE_COLORS) - 1)]


def stage_patches(stage_names: Sequence[str]) -> "list[Patch]":
    """A legend's handles for stages in label order."""
    from matplotlib.patches import Patch

    return [Patch(color=stage_color(index), label=name) for index, name in enumerate(stage_names)]


def draw_strip(axis: "Axes", segments: Iterable[tuple[int, float, float]], y: float = 0.0, scale: float = 1.0) -> None:
    """Draws a video's segments (stage, start, end) at height `y`, times `scale`; unlabelled ones stay empty."""
    for stage, start, end in segments:
        if stage >= 0:
            axis.barh(y, (end - start) * scale, left=start * scale, height=0.9, color=stage_color(stage), linewidth=0)


def printable(text: str) -> str:
    """Text that Matplotlib can draw: no formulas, and escapes for bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("$", r"\$")


@contextlib.contextmanager
def in_any_script() -> Iterator[None]:
    """Draws names without warnings about letters that the font lacks: they may be in any script."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def save_png(figure: "Figure", path: AnyPath | BinaryIO, dpi: float = 110, video: str = "") -> None:
    """Writes a figure as PNG, whole or not at all, to a path or an open file; `is_picture_of` knows the `video`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    opened: Any = contextlib.nullcontext(path) if hasattr(path, "write") else replacing_file(path)
    with in_any_script(), opened as file:
        figure.savefig(file, dpi=dpi, format="png", metadata={"Source": mark_of(video)} if video else {})


def save_picture(picture: "np.ndarray", path: str | Path | BinaryIO, video: str) -> None:
    """Writes a picture, uint8 (H, W, 3) RGB, as `save_png` does."""
    from matplotlib.image import imsave

    imsave(path, picture, format="png", metadata={"Source": mark_of(video)})


def is_picture_of(path: AnyPath, video: str) -> bool:
    """Whether `save_png` wrote this file for a video at the same place; OSError if it cannot be read."""
    with as_path(path).open("rb") as file:
        return mark_of(video).encode() in file.read(HEADER_BYTES)


def mark_of(video: str) -> str:
    """A hash of a video's path: a picture that is passed on does not reveal its owner's folders."""
    return hashlib.sha256(str(as_path(video).absolute()).encode("utf-8", "surrogateescape")).hexdigest()
