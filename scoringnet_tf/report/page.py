"""HTML pages for a performance, and for comparing two: each one file that needs no network."""

import base64
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf import __version__
from scoringnet_tf.data.corrections import COLUMNS, TEXTS
from scoringnet_tf.inference.drawn_body import COLORS
from scoringnet_tf.inference.rendering import NO_STAGE, is_duration, measure_text, moment_text, value_text
from scoringnet_tf.inference.times import Measure, Moment
from scoringnet_tf.sports import NOISE, decimals
from scoringnet_tf.support.drawing import stage_color
from scoringnet_tf.support.messages import counted

LINES = ("#1f77d0", "#e0701a", "#2a9d6f", "#b04fa8", "#8a6d3b")  # colours of curves, on light and dark


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
    templates.policies["json.dumps_kwargs"] = {}  # in the order that they have
    templates.filters |= {"counted": counted, "colors": _colors, "ticks": _ticks}
    templates.filters["data_uri"] = lambda content, kind: f"data:{kind};base64,{base64.b64encode(content).decode()}"
    templates.globals |= {"measured": _measured, "no_stage": NO_STAGE, "version": __version__}
    templates.globals |= {"joint_colors": COLORS, "line_colors": LINES}
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
    """A frame, counted from the first that is shown: what it shows, in words, its JPEG, and of which part.

    The part is (left, top, width, height), in the frame's width and height.
    """

    frame: int
    caption: str
    jpeg: bytes
    crop: tuple[float, float, float, float] = (0, 0, 1, 1)


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

    @property
    def clock(self) -> np.ndarray:
        """(L + 1,), seconds since the first frame; evenly spaced if milliseconds do not tell frames apart."""
        clock = self.times - self.times[0]
        return clock if (np.diff(clock) > 0).all() else np.arange(len(clock)) / self.fps


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShownPerformance(Scene):
    """What a page shows about one performance. It leaves out what is None or empty.

    Attributes:
        name: the video's.
        sport: its name.
        stage_names: in label order.
        scores: those that the model predicts, None if it is withheld; none if it gives none.
        stages: contiguous runs as in `VideoScore`, frames counted from the first that is shown.
        clip: the shown frames as MP4, by their `clock`.
        pictures: its moments, in order of time.
        moments, measures: see `Performance`.
        dives: number, name and difficulty of each athlete's dive → how probable that is.
        body: what the body shows, and what of it was not seen.
        athletes: how many were followed.
        curves: name → degrees in each shown frame, NaN where it was not seen.
        bodies: what `body.drawings` gives for each shown frame; none without joints.
        file, sha256: the video's name, and its bytes' hash; empty if it cannot be corrected.
        thumbnail: the flight as a small JPEG.
        dive: the first athlete's number; empty if it is not known.
        number: the performance's, from 1.
        edges: of stages, see `page_data.edges`.
        corrections: see `Performance`.
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
    bodies: Sequence[Mapping[str, Any]] = ()
    file: str = ""
    sha256: str = ""
    thumbnail: bytes = b""
    dive: str = ""
    number: int = 1
    edges: Sequence[Mapping[str, Any]] = ()
    corrections: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
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
    def typed(self) -> dict[str, str]:
        """What people typed: the athlete's name, the dive's number, a note."""
        return {name: self.corrections.get(name, {}).get("corrected", "") for name in TEXTS}

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
    def script(self) -> dict[str, Any]:
        """What the page's script knows of it; stages are (name, first frame, frame behind the last)."""
        probabilities = [] if self.probabilities is None else np.round(self.probabilities.T, 3).tolist()
        stages = [one for one in self.stages if one["name"] != NOISE]
        curves = {name: np.where(np.isnan(each), np.array(None), each).tolist() for name, each in self.curves.items()}
        return {
            "name": self.name,
            "first": self.first_frame,
            "times": np.round(self.times, 3).tolist(),
            "clock": np.round(self.clock, 6).tolist(),
            "stages": [[one["name"], one["start_frame"], one["end_frame"]] for one in stages],
            "moments": self.places,
            "curves": curves,
            "bodies": self.bodies,
            "colors": _colors(self),
            "edges": self.edges,
            "file": self.file,
            "sha256": self.sha256,
            "number": self.number,
            "probabilities": dict(zip(_colors(self).values(), probabilities, strict=bool(probabilities))),
        }


def performance_page(
    shown: ShownPerformance,
    model: str,
    title: str | None = None,
    index_link: str | None = None,
    compare_link: str | None = None,
    save_link: str | None = None,
) -> str:
    """One performance's page by this model, HTML.

    Relative links lead to the session's page, to its comparison, and to where corrections are kept (else downloaded).
    """
    return rendered(
        "performance.html",
        model=model,
        title=title or next(iter(shown.dives), shown.name),
        shown=shown,
        index_link=index_link,
        compare_link=compare_link,
        save_link=save_link,
        columns=COLUMNS,
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
        compared=list(dict.fromkeys(name for shown in performances for name in shown.curves)),
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
