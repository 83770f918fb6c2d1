"""The result for one video: plain values, and how they are gathered part by part."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scoringnet_tf.data.preprocessing import RATE_TOLERANCE
from scoringnet_tf.data.video import Video
from scoringnet_tf.inference import rendering
from scoringnet_tf.inference.fall import fall_of, implausible
from scoringnet_tf.inference.times import Measure, Moment, durations_of, moments_of, stage_edges
from scoringnet_tf.sports import SCORES, Sport, stage_runs
from scoringnet_tf.support.drawing import save_png
from scoringnet_tf.support.files import replacing_file, write_json
from scoringnet_tf.support.messages import InputError, Remark, counted
from scoringnet_tf.support.paths import AnyPath, as_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from scoringnet_tf.inference.checks import Checks, Observation

SCHEMA_VERSION = 2  # of `to_dict`, docs/serving.md; a change that readers must know of adds one
NO_PERFORMANCE = "No whole performance found. Show one from start to end, and film closer."
SHARED = (*SCORES, "deviations", "intervals")  # of a video and of its only performance


@dataclasses.dataclass
class Performance:
    """One performance in a video.

    Attributes:
        start_frame, end_frame: of the file, counted from 0, end exclusive: from its first stage to its last; of a video
            without stages all of it.
        start_s, end_s: the same in seconds.
        difficulty, execution, final: points of the sport. None if the model predicts no such score, or it is withheld.
        deviations: score → standard deviation in points, of a model with a distribution head.
        reasons: why the scores are withheld, or would be if they were not forced; at the end those of the model.
        intervals: score → its lower and upper end in points, see `VideoScore.interval_level`; none of a score that is
            withheld or forced, or of a model that states none.
        warnings: those of the `VideoScore` that are of this performance, and not of all the video.
        moments: name → `Moment`, in order of time: those of the sport that it shows.
        measures: name → `Measure`: durations of the sport that it shows; with a height, speeds and jump height.
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

    @property
    def own_reasons(self) -> list[Remark]:
        """The reasons that speak against this performance, and not against all scores of the model."""
        return against_it(self.reasons)

    def to_dict(self, scores: Sequence[str] = SCORES) -> dict[str, Any]:
        """As an entry of `performances` in docs/serving.md, with the `scores` of the sport alone."""
        values = dataclasses.asdict(self) | {"reasons": _plain(self.reasons), "warnings": _plain(self.warnings)}
        return {name: value for name, value in values.items() if name in scores or name not in SCORES}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Performance":
        """The performance that `to_dict` gave, also after it was JSON."""
        return cls(
            **values
            | {
                "reasons": _remarks(values["reasons"]),
                "warnings": _remarks(values["warnings"]),
                "intervals": {score: tuple(ends) for score, ends in values["intervals"].items()},
                "moments": {name: Moment(**each) for name, each in values["moments"].items()},
                "measures": {name: Measure(**each) for name, each in values["measures"].items()},
            }
        )


@dataclasses.dataclass
class VideoScore:
    """The result for one video.

    Its scores, `deviations` and `intervals` are those of the only performance; empty if it shows several.

    Attributes:
        video: its path, as it was given.
        sport: the model's.
        num_frames, fps: of the file; of features, steps.
        stages: contiguous runs, noise included: `{"name", "start_frame", "end_frame", "start_s", "end_s"}`, frames (or
            steps) of the file, 0-based and ends exclusive, times in seconds; none of a model without KFS.
        performances: one or more.
        warnings: what the reader of the scores must know, of the video and of its performances.
        model: name or path of the model; None of one that was given as an object.
        interval_level: the probability with which an interval is to hold the true score; None without intervals.
        further_reasons: why the video as a whole has no score.
        shown: (frame, time in seconds, JPEG) of a few frames of the key stages, for `plot`.
        status: `"scored"`; `"forced"`, in spite of reasons; `"stages"`, for its model gives no scores; or `"withheld"`:
            no performance has a score, or could have one.
        reasons: why the video has no score, or should have none.
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
    shown: list[tuple[int, float, bytes]] = dataclasses.field(default_factory=list, repr=False)
    status: str = dataclasses.field(init=False)
    reasons: list[Remark] = dataclasses.field(init=False)
    difficulty: float | None = dataclasses.field(init=False)
    execution: float | None = dataclasses.field(init=False)
    final: float | None = dataclasses.field(init=False)
    deviations: dict[str, float] = dataclasses.field(init=False)
    intervals: dict[str, tuple[float, float]] = dataclasses.field(init=False)

    def __post_init__(self):
        """Takes over the values of the only performance."""
        whole = self.performances[0] if len(self.performances) == 1 else Performance(0, 0, 0.0, 0.0)
        for name in SHARED:
            setattr(self, name, getattr(whole, name))
        self.reasons = [*whole.reasons, *self.further_reasons]
        statuses = {self.status_of(performance) for performance in self.performances}
        self.status = next(status for status in ("forced", "scored", "stages", "withheld") if status in statuses)

    @property
    def model_reasons(self) -> list[Remark]:
        """Why no score of the model is a measurement, whatever the video shows."""
        return [reason for reason in self.reasons if reason.code in rendering.OF_MODEL]

    def status_of(self, performance: Performance) -> str:
        """The `status` of one of the performances."""
        if performance.final is not None:
            return "forced" if performance.reasons else "scored"
        return "stages" if self.stages and not performance.own_reasons else "withheld"

    def warnings_of(self, performance: Performance | None = None) -> list[Remark]:
        """The warnings of the video and of one of its performances; by default those of the video alone."""
        of_one = {warning for each in self.performances for warning in each.warnings}
        of_all = [warning for warning in self.warnings if warning not in of_one]
        return of_all if performance is None else [*of_all, *performance.warnings]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as docs/serving.md describes them."""
        return {
            "schema_version": SCHEMA_VERSION,
            "video": self.video,
            "status": self.status,
            "model": self.model,
            "sport": self.sport.name,
            "num_frames": self.num_frames,
            "fps": self.fps,
            **{score: getattr(self, score) for score in self.sport.scores},
            "deviations": self.deviations,
            "interval_level": self.interval_level,
            "intervals": self.intervals,
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
        of_them = len(performances[0].reasons) if len(performances) == 1 else 0  # `reasons` begins with these
        return cls(
            **{name: values[name] for name in ("video", "num_frames", "fps", "stages", "model", "interval_level")},
            sport=sport,
            performances=performances,
            warnings=_remarks(values["warnings"]),
            further_reasons=_remarks(values["reasons"][of_them:]),
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row of `rendering.columns` for each performance, numbered from 1."""
        return [rendering.row(self, number, one) for number, one in enumerate(self.performances, start=1)]

    def to_dataframe(self) -> Any:
        """The `rows` as a pandas.DataFrame; ImportError without pandas, which nothing else needs."""
        import pandas

        return pandas.DataFrame(self.rows(), columns=list(rendering.columns(self.sport)))

    def __str__(self) -> str:
        """The result as text."""
        return rendering.text(self)

    def plot(self) -> "Figure":
        """A picture: frames of the key stages above the strip of the stages, scores, reasons and warnings."""
        return rendering.figure(self)

    def save(self, path: AnyPath) -> None:
        """Writes the result by the ending of the file: `.json`, `.png` as `plot`, or `.mp4`, the video with its stages.

        The last one reads the video again.

        Raises:
            InputError: the ending is another one; or as of `save_video`.
        """
        suffix = as_path(path).suffix.lower()
        if suffix == ".json":
            write_json(path, self.to_dict())
        elif suffix == ".png":
            with replacing_file(path) as file:
                save_png(self.plot(), file, video=self.video)
        elif suffix == ".mp4":
            from scoringnet_tf.inference.annotated_video import save_video

            save_video(self, path)
        else:
            raise InputError("wrong_format", f"{path} does not end in .json, .png or .mp4.")


def failure(video: str, model: str | None, sport: Sport, error: Remark) -> dict[str, Any]:
    """`VideoScore.to_dict` for a video that could not be read: the same keys, nothing in them, and the error."""
    known = {"schema_version": SCHEMA_VERSION, "video": video, "status": "failed", "model": model, "sport": sport.name}
    unknown = dict.fromkeys(("num_frames", "fps", *sport.scores, "interval_level"))
    empty: dict[str, Any] = {"deviations": {}, "intervals": {}}
    empty |= {name: [] for name in ("reasons", "stages", "performances", "warnings")}
    return {**known, **unknown, **empty, "error": error.to_dict()}


def _plain(remarks):
    return [remark.to_dict() for remark in remarks]


def _remarks(values):
    return [Remark.from_dict(value) for value in values]


def against_it(reasons: Sequence[Remark]) -> list[Remark]:
    """The reasons that speak against a performance, and not against all scores of the model."""
    return [reason for reason in reasons if reason.code not in rendering.OF_MODEL]


# === While a video is scored ===


def several(number: int, given: int, what: str = "scores", of_features: bool = False) -> Remark:
    """Why a video of several performances has no score itself, if `given` of them have scores, or stages."""
    shows = f"The video shows {counted(number, 'performance')}"
    if of_features:
        return Remark("several_performances", f"{shows}, which cannot be scored apart from features.")
    if not given:
        return Remark("none_scored", f"{shows}; none has a score.")
    which = f"each has its own {what}" if given == number else f"{given} {'has' if given == 1 else 'have'} {what}"
    return Remark("several_performances", f"{shows}; {which}.")


def _several_of(performances):
    """`several` of performances: by their scores; if there are none, by those that have stages."""
    scored = sum(any(getattr(one, score) is not None for score in SCORES) for one in performances)
    staged = sum(not one.own_reasons for one in performances)
    return several(len(performances), scored) if scored else several(len(performances), staged, "stages")


class ResultBuilder:
    """Gathers the result for one video of any length, part by part.

    It keeps the stage and time of every frame, and a few pictures of each part. Sport and checks are the model's.
    With `force` it tells the times also of a performance that reasons speak against. `height` is as of `score_video`.
    """

    def __init__(self, sport: Sport, checks: "Checks", force: bool = False, height: float | None = None) -> None:
        self.performances: list[Performance] = []
        self._sport, self._checks, self._force, self._height = sport, checks, force, height
        self._against: list[Remark] = []  # why nothing at all can be scored
        self._has_stages = False
        self._end = 0  # frame of the video behind the last performance
        self._labels, self._times = np.zeros(0, np.int8), np.zeros(1)
        self._first_frame, self._offset = 0, 0  # of the video in its file, of the part at hand in the video
        self._warnings: list[Remark] = []
        self._pictures: dict[bool, list[tuple[int, float, bytes]]] = {True: [], False: []}  # with a performance, or not

    def begin(self, video: Video, against: Sequence[Remark], has_stages: bool) -> None:
        """Goes on to the next part, some of whose frames may have been in the part before.

        `against` says why nothing in it can be scored.
        """
        if not len(self._labels):
            self._first_frame = video.first_frame
        self._against, self._has_stages = list(against), self._has_stages or has_stages
        self._offset = video.first_frame - self._first_frame
        times = video.first_time + np.append(video.timestamps, video.timestamps[-1] + 1 / video.fps)
        self._times = np.concatenate([self._times[: self._offset], times])
        self._labels = np.pad(self._labels, (0, max(0, len(self._times) - 1 - len(self._labels))))
        known, new = {warning.code for warning in self._warnings}, video.warnings
        self._warnings += [warning for warning in new if warning.code not in known]  # type: ignore

    def warn(self, warnings: Sequence[Remark]) -> None:
        """Adds warnings of all the video."""
        self._warnings += warnings

    def is_new(self, first: int, end: int) -> bool:
        """Whether a performance in frames [first, end) of the part was not found in the part before it."""
        return self._offset + (first + end) / 2 >= self._end

    def add(
        self,
        start: int,
        seen: "Observation",
        sample_of: np.ndarray,
        reasons: list[Remark],
        warnings: list[Remark],
        outputs: Mapping[str, Any],
    ) -> None:
        """Adds a performance of the part, with the reasons against its scores and the warnings of it alone.

        Args:
            start: number of the first of its samples, in those of the part.
            sample_of: int (L,), the sample that shows each frame of the part.
            outputs: of SP, score → points (1,); empty if it is not scored.
        """
        labels = self._labels[self._offset :]  # a view
        inside = np.flatnonzero((sample_of >= start) & (sample_of < start + len(seen.samples)))
        if seen.labels is not None:
            labels[inside] = seen.labels[sample_of[inside] - start]
        shown = inside[labels[inside] > 0] if labels[inside].any() else inside
        if not len(shown):  # frames were repeated, and the samples show none of the file: the next one counts
            shown = np.array([min(np.searchsorted(sample_of, start), len(sample_of) - 1)])
        first, self._end = self._offset + int(shown[0]), self._offset + int(shown[-1]) + 1
        scores: dict[str, Any] = {score: float(outputs[score][0]) for score in SCORES if score in outputs}
        deviations = {score: float(outputs[f"{score}_std"][0]) for score in SCORES if f"{score}_std" in outputs}
        performance = Performance(
            start_frame=first + self._first_frame,
            end_frame=self._end + self._first_frame,
            start_s=self._second(first),
            end_s=self._second(self._end),
            **scores,
            deviations={} if self._checks.against_scores else deviations,
            reasons=reasons,
            warnings=warnings,
            intervals={} if reasons else self._checks.intervals_of(scores),
        )
        if self._force or not against_it(reasons):
            self._tell_times(performance, seen, shown, inside)
        self.performances.append(performance)

    def _tell_times(self, performance, seen, shown, inside):
        """Adds moments and measures of a performance in the frames `shown` of the part, `inside` its stretch."""
        start, end = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (int(shown[0]), int(shown[-1]) + 1)
        labels = np.zeros(end - start, np.int8)
        labels[shown - start] = self._labels[self._offset + shown]
        start += self._offset
        edges, slowest = stage_edges(labels, self._sport), min(seen.video.fps, seen.frame_rate)

        def second_of(frame):
            return self._second(start + frame)

        def uncertainty(name):
            return self._checks.time_uncertainty(name, 1 / slowest)

        first_frame, measures = start + self._first_frame, durations_of(self._sport, edges, second_of, uncertainty)
        performance.moments = moments_of(self._sport, edges, first_frame, second_of, uncertainty)
        performance.measures = measures
        flight = measures.get(self._sport.fall)
        if flight and self._height is not None:
            warnings = implausible(flight, self._height)
            performance.warnings += warnings
            performance.measures |= {} if warnings else fall_of(flight, self._height)

    def show(self, video: Video) -> None:
        """Keeps a few frames of a part, for the picture of the result."""
        chosen = rendering.key_frames(self._stages(self._offset), len(video.frames), video.first_frame)
        self._pictures[self._end > self._offset] += [
            (index + video.first_frame, float(self._times[self._offset + index]), video.frames[index])
            for index in chosen
        ]

    def result(self, path: str, fps: float, model: str | None) -> VideoScore:
        """The result for the video, called `path`; `fps` is that of its last part, `model` the name of the model."""
        performances, length = self.performances, len(self._labels)
        warnings = [*self._warnings, *self._checks.doubts, *(w for one in performances for w in one.warnings)]
        of_model, first = self._checks.against_scores, self._first_frame
        if not performances:
            against = [*(self._against or [Remark("no_performance", NO_PERFORMANCE)]), *of_model]
            performances = [Performance(first, first + length, self._second(0), self._second(length), reasons=against)]
        shown = sorted(self._pictures[True] or self._pictures[False], key=lambda each: each[0])
        count = min(rendering.COLUMNS, len(shown))
        return VideoScore(
            video=path,
            sport=self._sport,
            num_frames=length,
            fps=round(self._rate(fps), 3),
            stages=self._stages(),
            performances=performances,
            warnings=list(dict.fromkeys(warnings)),
            model=model,
            interval_level=self._checks.level,
            further_reasons=[_several_of(performances), *of_model] if len(performances) > 1 else [],
            shown=[shown[index * len(shown) // count] for index in range(count)],
        )

    def _stages(self, start=0):
        """The runs of stages from frame `start` of the video."""
        if not self._has_stages:
            return []
        names, first_frame = self._sport.stages, self._first_frame
        return [
            {
                "name": names[stage],
                "start_frame": start + first + first_frame,
                "end_frame": start + last + first_frame,
                "start_s": self._second(start + first),
                "end_s": self._second(start + last),
            }
            for stage, first, last in stage_runs(self._labels[start:])
        ]

    def _rate(self, fps):
        """Frames per second of all parts by their times, if that of the last part, `fps`, is another."""
        seconds = self._times[-2] - self._times[0]
        measured = (len(self._labels) - 1) / float(seconds) if seconds > 0 else fps
        return fps if abs(measured / fps - 1) <= RATE_TOLERANCE else measured

    def _second(self, frame):
        return round(float(self._times[frame]), 3)
