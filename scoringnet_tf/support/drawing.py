"""How stages are drawn, in every picture alike: their colours, their strips along time. No display is needed.

Matplotlib is imported once something is drawn: a video is scored without it.
"""

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

STAGE_COLORS = ("#b8bcc2", "#f2b134", "#2f6db5", "#2a9d8f", "#a23b72", "#e4572e")


def stage_color(index: int) -> str:
    """The colour of a stage by its label; noise is grey, and beyond five stages the colours begin again."""
    return STAGE_COLORS[0] if index == 0 else STAGE_COLORS[1 + (index - 1) % (len(STAGE_COLORS) - 1)]


def stage_patches(stage_names: Sequence[str]) -> "list[Patch]":
    """A legend's handles for stages in label order."""
    from matplotlib.patches import Patch

    return [Patch(color=stage_color(index), label=name) for index, name in enumerate(stage_names)]


def draw_strip(axis: "Axes", segments: Iterable[tuple[int, float, float]], y: float = 0.0, scale: float = 1.0) -> None:
    """Draws the segments (stage, start, end) of one video at height `y`, times `scale`; unlabelled ones stay empty."""
    for stage, start, end in segments:
        if stage >= 0:
            axis.barh(y, (end - start) * scale, left=start * scale, height=0.9, color=stage_color(stage), linewidth=0)


def printable(text: str) -> str:
    """Text that Matplotlib can draw: no formulas, and of names that are no text what can be written of them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("$", r"\$")


@contextlib.contextmanager
def in_any_script() -> Iterator[None]:
    """Draws names of which the font lacks letters without a word: they may be in any script."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def save_png(figure: "Figure", path: str | Path | BinaryIO, dpi: float = 110) -> None:
    """Writes a figure as PNG to a path or an open file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    with in_any_script():
        figure.savefig(path, dpi=dpi, format="png")
