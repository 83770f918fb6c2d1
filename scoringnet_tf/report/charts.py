"""Curves as SVG, in units of templates/charts.html."""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

ACROSS, DOWN = 1000, 100  # units of a chart
COLORS = ("#1f77d0", "#e0701a", "#2a9d6f", "#b04fa8", "#8a6d3b")  # of curves, on light and dark
STEPS = (15, 45, 90, 180, 360, 720)  # degrees between two rules
SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10)  # between two ticks
RULES = 7  # at most, and as many ticks


@dataclasses.dataclass(frozen=True)
class Chart:
    """Curves on one pair of axes.

    Attributes:
        name: what it shows.
        low, high: degrees at its bottom and top.
        lines: {"name", "color", "path"} of each curve, and the "number" of a performance among several.
        ticks: {"at", "text"} of times, per cent from the left.
        begin, end: the first and last time, seconds, if `ticks` has any.
    """

    name: str
    low: float
    high: float
    lines: list[dict[str, Any]]
    ticks: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    begin: float = 0.0
    end: float = 0.0

    @property
    def label(self) -> str:
        """It in words."""
        return f"{self.name} along time, from {_degrees(self.low)} to {_degrees(self.high)}"

    @property
    def rules(self) -> list[dict[str, Any]]:
        """{"at", "text"} of horizontal lines at round degrees, per cent from the top."""
        extent = self.high - self.low
        step = next((each for each in STEPS if extent / each <= RULES), STEPS[-1])
        places = _multiples(self.low, self.high, step)
        return [{"at": 100 * (self.high - each) / extent, "text": _degrees(each)} for each in places]


def probability_lines(probabilities: np.ndarray, colors: Iterable[str]) -> list[dict[str, str]]:
    """A line for each stage through the centres of L frames, from −0.02 at the bottom to 1.02 at the top.

    Args:
        probabilities: (L, S).
        colors: of the S stages.
    """
    across, heights = _centres(len(probabilities)), DOWN * (1.02 - probabilities.T) / 1.04
    return [{"path": path_of(across, each), "color": color} for each, color in zip(heights, colors, strict=True)]


def angle_chart(curves: Mapping[str, np.ndarray]) -> Chart | None:
    """The degrees (L,) in each frame, NaN where they were not seen; None if nothing was."""
    shown = {name: values for name, values in curves.items() if np.isfinite(values).any()}
    if not shown:
        return None
    low, high = _limits(shown.values())
    lines: list[dict[str, Any]] = [
        {"name": name, "color": color, "path": path_of(_centres(len(values)), DOWN * (high - values) / (high - low))}
        for (name, values), color in zip(shown.items(), itertools.cycle(COLORS), strict=False)
    ]
    return Chart(" and ".join(shown), low, high, lines)


def compared_chart(name: str, curves: Mapping[int, tuple[str, np.ndarray, np.ndarray]]) -> Chart | None:
    """One curve of several performances on one axis of time; None unless two show it.

    Args:
        name: of the curve.
        curves: number → a performance's name, seconds (L,) since where all are aligned, and degrees (L,).
    """
    shown = {number: each for number, each in curves.items() if np.isfinite(each[2]).any()}
    if len(shown) < 2:
        return None
    low, high = _limits(values for _, _, values in shown.values())
    seen = np.concatenate([times[np.isfinite(values)] for _, times, values in shown.values()])
    begin, end = float(seen.min()), float(max(seen.max(), seen.min() + 0.1))
    lines = [
        {
            "number": number,
            "name": one,
            "color": COLORS[number % len(COLORS)],
            "path": path_of(ACROSS * (times - begin) / (end - begin), DOWN * (high - values) / (high - low)),
        }
        for number, (one, times, values) in shown.items()
    ]
    step = next((each for each in SECONDS if (end - begin) / each <= RULES), end - begin)
    ticks = [
        {"at": 100 * (at - begin) / (end - begin), "text": f"{at:g} s".replace("-", "−")}
        for at in _multiples(begin, end, step)
    ]
    return Chart(name, low, high, lines, ticks, begin, end)


def path_of(across: np.ndarray, down: np.ndarray) -> str:
    """An SVG path through points (L,), interrupted where they are NaN."""
    words, is_drawn = [], False
    for x, y in zip(across, down, strict=True):
        if np.isfinite(y):
            words.append(f"{'L' if is_drawn else 'M'}{x:.1f} {y:.1f}")
        is_drawn = bool(np.isfinite(y))
    return " ".join(words)


def _centres(count: int) -> np.ndarray:
    return ACROSS * (np.arange(count) + 0.5) / count


def _limits(curves: Iterable[np.ndarray]) -> tuple[float, float]:
    """The lowest and the highest of degrees, with room around them."""
    values = np.concatenate([*curves])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = max(0.06 * (high - low), 5.0)
    return low - room, high + room


def _multiples(low: float, high: float, step: float) -> np.ndarray:
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step + 0.0


def _degrees(value: float) -> str:
    return f"{value:.0f}°".replace("-", "−")
