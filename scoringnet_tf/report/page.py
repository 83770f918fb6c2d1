"""The HTML page of a scored performance: one file that needs no network."""

import base64
import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf import __version__
from scoringnet_tf.sports import decimals
from scoringnet_tf.support.drawing import stage_color
from scoringnet_tf.support.messages import counted

CHARTS = 1000  # horizontal units of a curve, templates/charts.html; vertical ones are 100


@functools.cache
def template(name: str) -> Any:
    """The `jinja2.Template` of a file in templates/."""
    return _templates().get_template(name)


@functools.cache
def _templates():
    import jinja2

    loader, undefined = jinja2.PackageLoader("scoringnet_tf.report"), jinja2.StrictUndefined
    templates = jinja2.Environment(
        loader=loader, autoescape=True, undefined=undefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters["counted"] = counted
    templates.filters["data_uri"] = lambda content, kind: f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return templates


@dataclasses.dataclass(frozen=True)
class ShownScore:
    """A score on the scale of its sport.

    Attributes:
        name: one of `SCORES`.
        value: points; None if it is withheld.
        range: smallest and largest of the sport, points.
        interval: lower and upper end, points; None if the model states none.
        confidence: what the interval covers, in words.
        true: the judges' score, points; None if unknown.
    """

    name: str
    value: float | None
    range: tuple[float, float]
    interval: tuple[float, float] | None = None
    confidence: str = ""
    true: float | None = None

    @property
    def text(self) -> str:
        """The value as printed."""
        return "withheld" if self.value is None else self.printed(self.value)

    @property
    def difference(self) -> float | None:
        """Predicted minus true score, points; None if one of them is unknown."""
        return None if self.value is None or self.true is None else self.value - self.true

    def printed(self, points: float | None, sign: str = "") -> str:
        """Points of this score as printed, with their `sign` (+) if they are a difference; "" for None."""
        is_known = points is not None and math.isfinite(points)
        return f"{points:{sign}.{decimals(self.range)}f}" if is_known else ""

    def at(self, points: float) -> float:
        """The place of `points` on the scale, per cent, clipped to its ends."""
        low, high = self.range
        return min(max(100 * (points - low) / (high - low), 0.0), 100.0)


@dataclasses.dataclass(frozen=True)
class ShownPerformance:
    """What a page shows of one performance. It leaves out what is None or empty.

    Attributes:
        name: of the video.
        sport: name.
        stage_names: in label order.
        fps: frames per second.
        times: (L + 1,), seconds in the file of every frame that is shown and of their end.
        scores: those that the model predicts; none if it gives none.
        first_frame: number in the file of the first frame that is shown.
        stages: contiguous runs as in `VideoScore`, frames counted from the first that is shown.
        probabilities: of the stages, float (L, S).
        film: (frame, counted from the first that is shown, JPEG) of evenly spaced frames.
        clips: (caption, MP4, JPEG for print and before it plays) of the key fragments.
        reasons: why the scores are withheld, or would be without force.
        model_reasons: why no score of the model is a measurement.
        notes: what could lower trust.
    """

    name: str
    sport: str
    stage_names: Sequence[str]
    fps: float
    times: np.ndarray
    scores: Sequence[ShownScore]
    first_frame: int = 0
    stages: Sequence[Mapping] = ()
    probabilities: np.ndarray | None = None
    film: Sequence[tuple[int, bytes]] = ()
    clips: Sequence[tuple[str, bytes, bytes]] = ()
    reasons: Sequence[str] = ()
    model_reasons: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def num_frames(self) -> int:
        """Number of frames that are shown, L."""
        return len(self.times) - 1

    def score(self, name: str) -> ShownScore | None:
        """The score of this name, if there is one."""
        return next((score for score in self.scores if score.name == name), None)


def performance_page(
    shown: ShownPerformance, model: str, title: str | None = None, index_link: str | None = None
) -> str:
    """The page of one performance, HTML.

    Args:
        shown: its content.
        model: name of the model that scored it.
        title: heading; None for the name of the performance, which the page always shows.
        index_link: relative link to the page of the session.
    """
    colors = {name: stage_color(index) for index, name in enumerate(shown.stage_names)}
    return template("performance.html").render(
        version=__version__,
        model=model,
        title=title or shown.name,
        shown=shown,
        colors=colors,
        index_link=index_link,
        ticks=_ticks(shown.times),
        probabilities=_probability_curves(shown, colors),
    )


def _ticks(times):
    """Five places along the frames, per cent, with the times of the frames there."""
    places = np.linspace(0, len(times) - 1, 5)
    moments = np.interp(places, np.arange(len(times)), times)
    return [{"at": 25 * part, "text": f"{seconds:.1f} s"} for part, seconds in enumerate(moments)]


def _probability_curves(shown, colors):
    """A path for each stage through the centres of the frames, from −0.02 at the bottom to 1.02 at the top."""
    if shown.probabilities is None:
        return []
    across = CHARTS * (np.arange(shown.num_frames) + 0.5) / shown.num_frames
    curves = []
    for heights, color in zip(100 * (1.02 - shown.probabilities.T) / 1.04, colors.values(), strict=True):
        points = (f"{x:.1f} {y:.1f}" for x, y in zip(across, heights, strict=True))
        curves.append({"path": f"M{' L'.join(points)}", "color": color})
    return curves
