"""The result for one video: plain values, gathered from its parts. `rendering` makes text, tables and pictures."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from scoringnet_tf.data.corrections import END, START, Correction
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE
from scoringnet_tf.inference import rendering
from scoringnet_tf.inference.times import Element, Measure, Moment, seconds_at
from scoringnet_tf.inference.words import MODEL_REASONS, remark, several_performances
from scoringnet_tf.sports import SCORES, Sport, stage_runs
from scoringnet_tf.support.drawing import save_png
from scoringnet_tf.support.files import replacing_file, write_json
from scoringnet_tf.support.messages import InputError, Remark
from scoringnet_tf.support.paths import AnyPath, as_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from scoringnet_tf.body.track import Track
    from scoringnet_tf.inference.reliability import Reliability

SCHEMA_VERSION = 2  # of `to_dict`, docs/serving.md; a change that readers must know of adds one
PICTURES = 10  # at most, for a result
Picture: TypeAlias = tuple[int, float, bytes]  # frame of the file, seconds, JPEG


@dataclasses.dataclass(frozen=True)
class Performance:
    """One performance in a video.

    Attributes:
        start_frame, end_frame: in the file, counted from 0, end exclusive: from its first stage to its last, or the
            whole video if it has no stages.
        start_s, end_s: the same in seconds.
        difficulty, execution, final: in points. None if the model predicts no such score, or it is withheld.
        deviations: score → standard deviation in points, if the model has a distribution head.
        reasons: why the scores are withheld, or would be if they were not forced; the model's come last.
        intervals: score → its lower and upper end in points, see `VideoScore.interval_level`. Withheld and forced
            scores have none.
        warnings: those that concern this performance alone.
        moments: name → `Moment`, in order: those that it shows.
        measures: name → `Measure`: durations that it shows, and what the body shows.
        recognised: the probability with which it shows the sport, if the model's backbone knows it.
        elements: name → `Element`: the dive's number and its parts.
        curves: name → degrees in each frame from `start_frame` on; None in those that do not show it.
        body: the athletes' tracks; in memory alone.
        corrections: what people corrected or confirmed → {"model", "corrected"}: frames in the file, or text.
    """

    start_frame: int
    end_frame: int
    start_s: float
    end_s: float
    difficulty: float | None = None
    execution: float | None = None
    final: float | None = None
    deviations: dict[str, float] = dataclasses.field(default_factory=dict)
    reasons: list[Remark] = dataclasses.field(default_factory=list)
    intervals: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    warnings: list[Remark] = dataclasses.field(default_factory=list)
    moments: dict[str, Moment] = dataclasses.field(default_factory=dict)
    measures: dict[str, Measure] = dataclasses.field(default_factory=dict)
    recognised: float | None = None
    elements: dict[str, Element] = dataclasses.field(default_factory=dict)
    curves: dict[str, list[float | None]] = dataclasses.field(default_factory=dict)
    body: "list[Track]" = dataclasses.field(default_factory=list, repr=False, compare=False)
    corrections: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)

    @property
    def own_reasons(self) -> list[Remark]:
        """The reasons that speak against this performance, and not against all scores of the model."""
        return [reason for reason in self.reasons if reason.code not in MODEL_REASONS]

    def to_dict(self, scores: Sequence[str] = SCORES) -> dict[str, Any]:
        """As an entry in `performances` in docs/serving.md, with the sport's `scores` alone."""
        values = dataclasses.asdict(self) | {"reasons": _plain(self.reasons), "warnings": _plain(self.warnings)}
        left_out = {"body", *SCORES} - {*scores}
        return {name: value for name, value in values.items() if name not in left_out}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Performance":
        """The performance that `to_dict` gave, also after it was JSON."""
        kinds: dict[str, Any] = {"moments": Moment, "measures": Measure, "elements": Element}
        own = {key: {name: kind(**each) for name, each in values[key].items()} for key, kind in kinds.items()}
        remarks = {key: _remarks(values[key]) for key in ("reasons", "warnings")}
        intervals = {score: tuple(ends) for score, ends in values["intervals"].items()}
        return cls(**values | own | remarks | {"intervals": intervals})


def as_corrected(performance: Performance, correction: Correction) -> Performance:
    """The performance with the names and notes that people gave, and what the model had in their place."""
    frames = {
        (name if name == END else f"{START}{name}"): {"model": correction.model[name], "corrected": frame}
        for name, frame in correction.frames.items()
    }
    texts = {name: {"model": model, "corrected": text} for name, (model, text) in correction.texts.items()}
    changed = [name for name, one in (frames | texts).items() if one["model"] != one["corrected"]]
    elements, dive = dict(performance.elements), texts.get(rendering.DIVE, {}).get("corrected")
    told = elements[rendering.DIVE].value if rendering.DIVE in elements else ""
    if dive is not None and dive != told:
        elements.pop(rendering.DIVE, None)
        elements |= {rendering.DIVE: Element(dive)} if dive else {}
    warnings = [*performance.warnings, remark("corrected", what=", ".join(changed) or "nothing", date=correction.date)]
    return dataclasses.replace(performance, corrections=frames | texts, elements=elements, warnings=warnings)


@dataclasses.dataclass(frozen=True)
class PartSummary:
    """What is kept from a part once it is scored. A video that is not long is a single part.

    Attributes:
        first_frame, fps: its first frame in the file; frames per second.
        times: (L + 1,), seconds in the file at which each frame begins, and the last one ends.
        labels: int8 (L,), every frame's stage; noise outside the performances.
        has_stages: whether the model found stages in it.
        performances: those that are new in it.
        reasons, warnings: why nothing in it can be scored; about the whole part.
        pictures: a few of its frames.
        end_frame: frame in the file behind the last performance so far; 0 if there is none.
        is_part: whether the video has further parts.
        speed: how many times slower than life the film runs.
    """

    first_frame: int
    fps: float
    times: np.ndarray
    labels: np.ndarray
    has_stages: bool
    performances: tuple[Performance, ...] = ()
    reasons: tuple[Remark, ...] = ()
    warnings: tuple[Remark, ...] = ()
    pictures: tuple[Picture, ...] = ()
    end_frame: int = 0
    is_part: bool = False
    speed: float = 1.0


def _of_only(name: str) -> Any:
    """A property: what the only performance has."""
    return property(lambda score: getattr(score._only, name), doc="The only performance's.")


@dataclasses.dataclass(frozen=True)
class VideoScore:
    """The result for one video.

    Its scores, `deviations` and `intervals` come from its only performance; empty if it shows several.

    Attributes:
        video: its path, as it was given.
        sport: the model's.
        num_frames, fps: in the file; for features, steps.
        stages: contiguous runs, noise included: `{"name", "start_frame", "end_frame", "start_s", "end_s"}`, frames (or
            steps) in the file, 0-based and ends exclusive, times in seconds. Empty for a model without KFS.
        performances: one or more.
        warnings: what readers must know about the video and its performances.
        model: its name or path; None if it was given as an object.
        interval_level: the probability with which an interval is to hold the true score; None without intervals.
        further_reasons: why the video as a whole has no score.
        speed: how many times slower than life the film runs; all times are divided by it.
        shown: a few frames from the key stages, for `plot`.
    """

    video: str
    sport: Sport
    num_frames: int
    fps: float
    stages: list[dict[str, Any]]
    performances: list[Performance]
    warnings: list[Remark]
    model: str | None = None
    interval_level: float | None = None
    further_reasons: list[Remark] = dataclasses.field(default_factory=list)
    shown: list[Picture] = dataclasses.field(default_factory=list, repr=False)
    speed: float = 1.0

    difficulty, execution, final, deviations, intervals = map(_of_only, (*SCORES, "deviations", "intervals"))

    @property
    def _only(self) -> Performance:
        return self.performances[0] if len(self.performances) == 1 else Performance(0, 0, 0.0, 0.0)

    @property
    def status(self) -> str:
        """Whether it is scored.

        `"scored"`; `"forced"`, in spite of reasons; `"stages"`, because the model gives no scores; or `"withheld"`: no
        performance has a score, or could have one.
        """
        statuses = {self.status_of(performance) for performance in self.performances}
        return next((status for status in ("forced", "scored", "stages", "withheld") if status in statuses), "failed")

    @property
    def reasons(self) -> list[Remark]:
        """Why the video has no score, or should have none."""
        return [*self._only.reasons, *self.further_reasons]

    @property
    def model_reasons(self) -> list[Remark]:
        """Why the model's scores are no measurement, whatever the video shows."""
        return [reason for reason in self.reasons if reason.code in MODEL_REASONS]

    def status_of(self, performance: Performance) -> str:
        """The `status` for one performance."""
        if performance.final is not None:
            return "forced" if performance.reasons else "scored"
        return "stages" if self.stages and not performance.own_reasons else "withheld"

    def warnings_of(self, performance: Performance | None = None) -> list[Remark]:
        """The warnings about the video and one performance; by default about the video alone."""
        own = {warning for each in self.performances for warning in each.warnings}
        shared = [warning for warning in self.warnings if warning not in own]
        return shared if performance is None else [*shared, *performance.warnings]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as docs/serving.md describes them."""
        return {
            "schema_version": SCHEMA_VERSION,
            "video": self.video,
            "status": self.status,
            "model": self.model,
            "sport": self.sport.name,
            **{name: getattr(self, name) for name in ("num_frames", "fps", "speed", *self.sport.scores)},
            **{name: getattr(self, name) for name in ("deviations", "interval_level", "intervals")},
            "reasons": _plain(self.reasons),
            "stages": self.stages,
            "performances": [performance.to_dict(self.sport.scores) for performance in self.performances],
            "warnings": _plain(self.warnings),
            "error": None,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], sport: Sport) -> "VideoScore":
        """The result that `to_dict` gave, also after it was JSON, without pictures; `sport` is its sport."""
        performances = [Performance.from_dict(performance) for performance in values["performances"]]
        own = len(performances[0].reasons) if len(performances) == 1 else 0  # `reasons` begins with these
        kept = ("video", "num_frames", "fps", "speed", "stages", "model", "interval_level")
        return cls(
            **{name: values[name] for name in kept},
            sport=sport,
            performances=performances,
            warnings=_remarks(values["warnings"]),
            further_reasons=_remarks(values["reasons"][own:]),
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row, by `rendering.columns`, for each performance, numbered from 1."""
        return rendering.rows(self)

    def to_dataframe(self) -> Any:
        """The `rows` as a pandas.DataFrame; ImportError without pandas, which nothing else needs."""
        import pandas

        return pandas.DataFrame(self.rows(), columns=list(rendering.columns(self.sport)))

    def __str__(self) -> str:
        """The result as text."""
        about, by_model = rendering.lines(self)
        return "\n".join([*about, *by_model])

    def plot(self) -> "Figure":
        """A picture: frames from the key stages above the stage strip, scores, reasons and warnings."""
        return rendering.figure(self)

    def save(self, path: AnyPath, joints: bool = True, between: Sequence[str] = (), at: str | None = None) -> None:
        """Writes the result by the file's ending: `.json`, `.png` as `plot`, or `.mp4`, the video with its stages.

        The last one reads the video again, has the `joints` drawn, and may be cut `between` two moments. A `.png` of
        the moment that `at` names is that frame, with joints and angles.

        Raises:
            InputError: the ending is another one, or not for `at` or `between`; or as in `save_video`.
        """
        suffix = as_path(path).suffix.lower()
        if (at and suffix != ".png") or (between and suffix != ".mp4"):
            raise InputError("flags_conflict", f"{path}: a moment (`at`) is for .png, two (`between`) are for .mp4.")
        if suffix == ".json":
            write_json(path, self.to_dict())
        elif suffix == ".png" and at:
            from scoringnet_tf.inference.annotated_video import save_still

            save_still(self, path, at, joints)
        elif suffix == ".png":
            with replacing_file(path) as file:
                save_png(self.plot(), file, video=self.video)
        elif suffix == ".mp4":
            from scoringnet_tf.inference.annotated_video import save_video

            save_video(self, path, joints, between)
        else:
            raise InputError("wrong_format", f"{path} does not end in .json, .png or .mp4.")


def video_score(
    parts: Sequence[PartSummary], video: str, sport: Sport, reliability: "Reliability", model: str | None = None
) -> VideoScore:
    """The result for a video, gathered from its parts in order. Later ones repeat frames from those before."""
    first, labels, times = parts[0].first_frame, np.zeros(0, np.int8), np.zeros(1)
    warnings: list[Remark] = []
    for part in parts:
        repeated = part.first_frame - first
        labels, times = (
            np.concatenate([values[:repeated], new]) for values, new in ((labels, part.labels), (times, part.times))
        )
        codes = {warning.code for warning in warnings}
        warnings += [warning for warning in part.warnings if warning.code not in codes]
    performances = [performance for part in parts for performance in part.performances]
    warnings += [*reliability.doubts, *(warning for one in performances for warning in one.warnings)]
    if not performances:
        reasons = [*(parts[-1].reasons or [remark("no_performance")]), *reliability.reasons]
        ends = seconds_at(times, 0), seconds_at(times, len(labels))
        performances = [Performance(first, first + len(labels), *ends, reasons=reasons)]
    several = len(performances) > 1
    return VideoScore(
        video=video,
        sport=sport,
        num_frames=len(labels),
        fps=round(_rate(times, parts[-1].fps), 3),
        stages=_stages(labels, times, first, sport) if any(part.has_stages for part in parts) else [],
        performances=performances,
        warnings=list(dict.fromkeys(warnings)),
        model=model,
        interval_level=reliability.level,
        further_reasons=[_several(performances), *reliability.reasons] if several else [],
        shown=_chosen_pictures(parts),
        speed=parts[0].speed,
    )


def failure(video: str, model: str | None, sport: Sport, error: Remark) -> dict[str, Any]:
    """`VideoScore.to_dict` for a video that could not be read: the same keys, nothing in them, and the error."""
    nothing = VideoScore(video, sport, 0, 0.0, [], [], [], model).to_dict()
    return nothing | {"num_frames": None, "fps": None, "speed": None, "error": error.to_dict()}


def _plain(remarks: Sequence[Remark]) -> list[dict[str, str]]:
    return [remark.to_dict() for remark in remarks]


def _remarks(values: Sequence[dict[str, str]]) -> list[Remark]:
    return [Remark.from_dict(value) for value in values]


def _several(performances: Sequence[Performance]) -> Remark:
    """Why several performances have no score together: by their scores, or if there are none by their stages."""
    if scored := sum(any(getattr(one, score) is not None for score in SCORES) for one in performances):
        return several_performances(len(performances), scored, "scores")
    return several_performances(len(performances), sum(not one.own_reasons for one in performances), "stages")


def _stages(labels: np.ndarray, times: np.ndarray, first_frame: int, sport: Sport) -> list[dict[str, Any]]:
    """Stage runs, in frames in the file."""
    return [
        {
            "name": sport.stages[stage],
            "start_frame": start + first_frame,
            "end_frame": end + first_frame,
            "start_s": seconds_at(times, start),
            "end_s": seconds_at(times, end),
        }
        for stage, start, end in stage_runs(labels)
    ]


def _rate(times: np.ndarray, fps: float) -> float:
    """Frames per second in all parts by their times, if the last part's, `fps`, is another."""
    seconds = times[-2] - times[0]
    measured = (len(times) - 2) / float(seconds) if seconds > 0 else fps
    return fps if abs(measured / fps - 1) <= RATE_TOLERANCE else measured


def _chosen_pictures(parts: Sequence[PartSummary]) -> list[Picture]:
    """A few pictures, from parts that show a performance if there are any."""
    showing = [part for part in parts if part.end_frame > part.first_frame and part.pictures] or parts
    pictures = sorted((picture for part in showing for picture in part.pictures), key=lambda each: each[0])
    count = min(PICTURES, len(pictures))
    return [pictures[index * len(pictures) // count] for index in range(count)]
