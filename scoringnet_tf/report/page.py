"""HTML pages for a performance, and for comparing two: each one file that needs no network."""

import base64
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf import __version__
from scoringnet_tf.inference.drawn_body import COLORS
from scoringnet_tf.inference.rendering import NO_STAGE, is_duration, measure_text, moment_text, value_text
from scoringnet_tf.inference.times import Measure, Moment
from scoringnet_tf.report.charts import Chart, angle_chart, compared_chart, probability_lines
from scoringnet_tf.sports import NOISE, decimals
from scoringnet_tf.support.drawing import stage_color
from scoringnet_tf.support.messages import counted


def rendered(name: str, **content: Any) -> str:
    """The HTML of a file in templates/ with this content."""
    return _templates().get_template(name).render(content)


@functools.cache
def _templates() -> Any:
    import jinja2

    loader, undefined = jinja2.PackageLoader("scoringnet_tf.report"), jinja2.StrictUndefined
    templates = jinja2.Environment(
        loader=loader, autoescape=True, undefined=undefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters |= {"counted": counted, "colors": _colors, "ticks": _ticks}
    templates.filters["data_uri"] = lambda content, kind: f"data:{kind};base64,{base64.b64encode(content).decode()}"
    templates.globals |= {"measured": _measured, "no_stage": NO_STAGE, "version": __version__, "joint_colors": COLORS}
    return templates


@dataclasses.dataclass(frozen=True)
class ShownScore:
    """A score and its sport's smallest and largest, points. `confidence` says what the interval covers."""

    value: float
    range: tuple[float, float]
    interval: tuple[float, float] | None = None
    confidence: str = ""

    def printed(self, points: float) -> str:
        """Points of this score as printed."""
        return f"{points:.{decimals(self.range)}f}"

    def at(self, points: float) -> float:
        """Where `points` lie on the scale, per cent, clipped to its ends."""
        low, high = self.range
        return min(max(100 * (points - low) / (high - low), 0.0), 100.0)


@dataclasses.dataclass(frozen=True)
class Picture:
    """A frame, counted from the first that is shown: what it shows, in words, its JPEG, and joints as an `overlay`."""

    frame: int
    caption: str
    jpeg: bytes
    joints: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class BodyRow:
    """What the body shows: its name, value in words, a note on it, and a close-up of the frame that shows it best."""

    name: str
    value: str
    note: str = ""
    picture: Picture | None = None


@dataclasses.dataclass(frozen=True)
class Scene:
    """The L frames that a page shows for a performance: it and a second around it, without its neighbours.

    Attributes:
        first_frame: the first one's number in the file.
        fps: frames per second.
        times: (L + 1,), seconds in the file at which each frame begins, and the last one ends.
        probabilities: (L, S), for the stages; None without KFS.
    """

    first_frame: int
    fps: float
    times: np.ndarray
    probabilities: np.ndarray | None = None

    @property
    def num_frames(self) -> int:
        """L."""
        return len(self.times) - 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShownPerformance(Scene):
    """What a page shows about one performance. It leaves out what is None or empty.

    Attributes:
        name: the video's.
        sport: its name.
        stage_names: in label order.
        scores: those that the model predicts, None if it is withheld; none if it gives none.
        stages: contiguous runs as in `VideoScore`, frames counted from the first that is shown.
        clip: the shown frames as MP4, `fps` a second.
        pictures: its moments, in order of time.
        moments, measures: see `Performance`.
        dives: number, name and difficulty of each athlete's dive → how probable that is.
        body: what the body shows, and what of it was not seen.
        athletes: how many were followed.
        curves: name → degrees in each shown frame, NaN where it was not seen.
        reasons: why the scores are withheld, or would be without force.
        model_reasons: why none of the model's scores is a measurement.
        notes: what could lower trust.
    """

    name: str
    sport: str
    stage_names: Sequence[str]
    scores: Mapping[str, ShownScore | None]
    stages: Sequence[Mapping] = ()
    clip: bytes = b""
    pictures: Sequence[Picture] = ()
    moments: Mapping[str, Moment] = dataclasses.field(default_factory=dict)
    measures: Mapping[str, Measure] = dataclasses.field(default_factory=dict)
    dives: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: Sequence[BodyRow] = ()
    athletes: int = 1
    curves: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    reasons: Sequence[str] = ()
    model_reasons: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def known_scores(self) -> dict[str, ShownScore]:
        """The scores that are not withheld."""
        return {name: score for name, score in self.scores.items() if score}

    @property
    def durations(self) -> dict[str, Measure]:
        """The measures that stages have, and not the body."""
        return {name: measure for name, measure in self.measures.items() if is_duration(measure)}

    @property
    def has_joints(self) -> bool:
        """Whether they are drawn on a picture."""
        return any(one.joints for one in (*self.pictures, *(row.picture for row in self.body if row.picture)))

    @property
    def places(self) -> dict[str, int]:
        """Moment → its frame, counted from the first that is shown."""
        return {name: moment.frame - self.first_frame for name, moment in self.moments.items()}

    @property
    def summary(self) -> str:
        """Why there is no result; else its dive, scores, and durations or at least its moments."""
        if self.reasons:
            return self.reasons[0]
        scores = [f"{name} {score.printed(score.value)}" for name, score in self.known_scores.items()]
        durations = [measure_text(name, measure) for name, measure in self.durations.items()]
        moments = [moment_text(name, moment) for name, moment in self.moments.items()]
        return f"{', '.join([*self.dives, *scores, *(durations or moments)]) or 'No moment was found'}."

    @property
    def stages_and_gaps(self) -> list[dict[str, Any]]:
        """The stages from the first to the last, and where there is none between them."""
        within = [number for number, stage in enumerate(self.stages) if stage["name"] != NOISE]
        shown = self.stages[within[0] : within[-1] + 1] if within else ()
        return [{**stage, "name": NO_STAGE if stage["name"] == NOISE else stage["name"]} for stage in shown]

    @property
    def captions(self) -> list[str]:
        """For every shown frame its time in the file, and its stage if it has one."""
        names = [""] * self.num_frames
        for stage in self.stages:
            name = "" if stage["name"] == NOISE else f", {stage['name']}"
            names[stage["start_frame"] : stage["end_frame"]] = [name] * (stage["end_frame"] - stage["start_frame"])
        return [f"{_measured(time)}{name}" for time, name in zip(self.times[:-1], names, strict=True)]


def performance_page(
    shown: ShownPerformance,
    model: str,
    title: str | None = None,
    index_link: str | None = None,
    compare_link: str | None = None,
) -> str:
    """One performance's page by this model, HTML; relative links lead to the session's page and to its comparison."""
    return rendered(
        "performance.html",
        model=model,
        title=title or next(iter(shown.dives), shown.name),
        shown=shown,
        index_link=index_link,
        compare_link=compare_link,
        chart=angle_chart(shown.curves),
        probabilities=_probability_lines(shown),
    )


def comparison_page(
    performances: Sequence[ShownPerformance], model: str, title: str | None = None, index_link: str | None = None
) -> str:
    """The page that shows any two performances side by side, HTML; at first the first two."""
    times = [shown.measures for shown in performances]
    times = times if any(times) else [_stage_lengths(shown) for shown in performances]
    moments = list(dict.fromkeys(name for shown in performances for name in shown.moments))
    return rendered(
        "comparison.html",
        model=model,
        title=title or " and ".join(shown.name for shown in performances[:2]),
        performances=performances,
        moments=moments,
        compared=_compared_charts(performances, moments[0]) if moments else [],
        names=list(dict.fromkeys(name for each in times for name in each)),
        times=times,
        of_all=shared_notes(performances),
        index_link=index_link,
    )


def shared_notes(performances: Sequence[ShownPerformance]) -> list[str]:
    """Notes that all performances have, such as the model's: a page says them once."""
    return [note for note in performances[0].notes if all(note in shown.notes for shown in performances)]


def _stage_lengths(shown: ShownPerformance) -> dict[str, Measure]:
    stages = (stage for stage in shown.stages if stage["name"] != NOISE)
    return {stage["name"]: Measure(stage["end_s"] - stage["start_s"], "s") for stage in stages}


def _colors(shown: ShownPerformance) -> dict[str, str]:
    """Stage name → colour."""
    return {name: stage_color(index) for index, name in enumerate(shown.stage_names)}


def _ticks(times: np.ndarray) -> list[dict[str, Any]]:
    """Five places along the frames, per cent, with their times."""
    places = np.linspace(0, len(times) - 1, 5)
    moments = np.interp(places, np.arange(len(times)), times)
    return [{"at": 25 * part, "text": f"{seconds:.1f} s"} for part, seconds in enumerate(moments)]


def _measured(value: float, unit: str = "s", uncertainty: float | None = None) -> str:
    """A value with its uncertainty and unit as everywhere: rounded as results keep it, then for people."""
    return value_text(Measure(round(value, 3), unit, uncertainty))


def _probability_lines(shown: ShownPerformance) -> list[dict[str, str]]:
    return [] if shown.probabilities is None else probability_lines(shown.probabilities, _colors(shown).values())


def _compared_charts(performances: Sequence[ShownPerformance], moment: str) -> list[Chart]:
    """A chart for each curve, with all performances that show it and the moment at which they are aligned."""
    curves: dict[str, dict[int, tuple]] = {}
    for number, shown in enumerate(performances):
        if moment in shown.moments:
            times = shown.times[:-1] - shown.moments[moment].seconds
            for name, values in shown.curves.items():
                curves.setdefault(name, {})[number] = (shown.name, times, values)
    charts = (compared_chart(name, each) for name, each in curves.items())
    return [chart for chart in charts if chart]
