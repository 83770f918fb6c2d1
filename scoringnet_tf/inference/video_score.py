"""The result for one video: in Python, as text, as a line of JSON, as rows of a table, as a picture."""

import base64
import csv
import dataclasses
import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scoringnet_tf.inference.reliability import Reliability
from scoringnet_tf.inference.video_page import picture, save_figure
from scoringnet_tf.sports import NOISE, SCORES, Sport, decimals
from scoringnet_tf.support.drawing import save_png
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file, write_json
from scoringnet_tf.support.messages import Remark, counted
from scoringnet_tf.support.paths import AnyPath, as_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA_VERSION = 1  # of `to_dict`, docs/predictions.md; a change that readers must know of adds one


def columns(sport: Sport) -> tuple[str, ...]:
    """The names of the columns of a table of results of a sport."""
    return (
        *("video", "performance", "status", "start_s", "end_s"),
        *sport.scores,
        *(f"{score}_std" for score in sport.scores),
        *(f"{score}_{end}" for score in sport.scores for end in ("low", "high")),
        "reliability",
        *("reasons", "warnings", "error"),
        *("model", "sport"),
    )


@dataclasses.dataclass
class Performance:
    """One performance in a video.

    Attributes:
        start_frame, end_frame: of the file, counted from 0, end exclusive: from its first stage to its last; of a video
            without stages all of it.
        start_s, end_s: the same in seconds.
        difficulty, execution, final: points of the sport. None where the model predicts no such score, or where it is
            withheld.
        deviations: score → standard deviation in points, of a model with a distribution head.
        reasons: why the scores are withheld, or would be if they had not been asked for by force.
        intervals: score → its lower and upper end in points, see `VideoScore.interval_level`; none of a score that is
            withheld or forced, or of a model that states none.
        reliability: how far the scores are to be relied on; None where they are withheld.
        alike: the training performances most alike, the nearest first: `{"id", "distance", "difficulty", "execution",
            "final"}`, true scores; none of a model that keeps none.
        warnings: those of the `VideoScore` that are of this performance, and not of all the video.
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
    reliability: Reliability | None = None
    alike: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    warnings: list[Remark] = dataclasses.field(default_factory=list)

    def score_line(self, sport: Sport) -> str:
        """The scores on one line, with deviations and intervals where these are known; or that there are none."""
        found = []
        for name in SCORES:
            value, deviation = getattr(self, name), self.deviations.get(name)
            if value is not None:
                form = f".{decimals(sport.range_of(name))}f"
                said = f"{name} {value:{form}}" + (f" ± {deviation:{form}}" if deviation is not None else "")
                interval = "–".join(f"{end:{form}}" for end in self.intervals.get(name, ()))
                found.append(said + (f" ({interval})" if interval else ""))
        return "   ".join(found) or "no score"

    def trust_line(self, level: float | None) -> str:
        """How far the scores are to be relied on, and what the intervals are; empty where neither is known.

        Args:
            level: of the intervals.
        """
        said = [f"Reliability: {self.reliability}"] if self.reliability else []
        if self.intervals and level:
            said.append(f"brackets: {100 * level:.0f} % interval of the true score")
        return "; ".join(said)

    def to_dict(self, scores: Sequence[str] = SCORES) -> dict[str, Any]:
        """As an entry of `performances` in docs/predictions.md.

        Args:
            scores: those of the sport; the others are left out.
        """
        remarks = {"reasons": self.reasons, "warnings": self.warnings}
        said = {name: [remark.to_dict() for remark in found] for name, found in remarks.items()}
        values = {**dataclasses.asdict(self), **said}
        return {name: value for name, value in values.items() if name in scores or name not in SCORES}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Performance":
        """The performance that `to_dict` gave, also when that has been JSON."""
        reliability, warnings = values["reliability"], values.get("warnings", [])  # earlier results lack these
        return cls(
            **values
            | {
                "reasons": [Remark.from_dict(reason) for reason in values["reasons"]],
                "warnings": [Remark.from_dict(warning) for warning in warnings],
                "intervals": {score: tuple(ends) for score, ends in values["intervals"].items()},
                "reliability": None if reliability is None else Reliability(**reliability),
            }
        )


@dataclasses.dataclass
class VideoScore:
    """What a model says of one video.

    `stages` lists contiguous runs, noise included: `{"name", "start_frame", "end_frame", "start_s", "end_s"}`, frames
    (or steps of features) of the file, 0-based and ends exclusive, times in seconds; none of a model without KFS.
    `num_frames` and `fps` are the file's, of steps where features were scored. `difficulty`, `execution`, `final`,
    `deviations`, `intervals`, `reliability`, `alike` and `reasons` are those of the performance, where the video shows
    one; of several there are none but in `performances`.

    Attributes:
        video: its path, as it was given.
        sport: the model's.
        performances: one or more.
        warnings: what whoever reads the scores must know, of the video and of its performances.
        model: name or path of the model; None of one that was given as an object.
        interval_level: the probability with which an interval is to hold the true score; None without intervals.
        further_reasons: why the video as a whole has no score.
        complete: whether it is of the whole video, and not of a performance found while others may follow.
        shown: (frame, time in seconds, JPEG) of a few frames of the key stages, for `plot`.
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
    complete: bool = True

    @property
    def _only(self):
        return self.performances[0] if len(self.performances) == 1 else None

    @property
    def difficulty(self) -> float | None:
        """Points; None where it is withheld, is not predicted, or there are several performances."""
        return self._only.difficulty if self._only else None

    @property
    def execution(self) -> float | None:
        """Points; None as `difficulty`."""
        return self._only.execution if self._only else None

    @property
    def final(self) -> float | None:
        """Points; None as `difficulty`."""
        return self._only.final if self._only else None

    @property
    def deviations(self) -> dict[str, float]:
        """Score → standard deviation in points, of a model with a distribution head."""
        return self._only.deviations if self._only else {}

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Score → lower and upper end, points, see `Performance`."""
        return self._only.intervals if self._only else {}

    @property
    def reliability(self) -> Reliability | None:
        """How far the scores are to be relied on, see `Performance`."""
        return self._only.reliability if self._only else None

    @property
    def alike(self) -> list[dict[str, Any]]:
        """The training performances most alike, see `Performance`."""
        return self._only.alike if self._only else []

    @property
    def reasons(self) -> list[Remark]:
        """Why the video has no score, or should have none."""
        return [*(self._only.reasons if self._only else []), *self.further_reasons]

    @property
    def _of_all(self):
        """The warnings that are of no performance alone."""
        of_one = {warning for performance in self.performances for warning in performance.warnings}
        return [warning for warning in self.warnings if warning not in of_one]

    def warnings_of(self, performance: Performance) -> list[Remark]:
        """What whoever reads the scores of one of the performances must know: of the video, and of it alone."""
        return [*self._of_all, *performance.warnings]

    @property
    def status(self) -> str:
        """`"scored"`; `"forced"`, in spite of reasons against it; or `"withheld"`: no performance has a score."""
        scored = [performance for performance in self.performances if performance.final is not None]
        if not scored:
            return "withheld"
        return "forced" if any(performance.reasons for performance in scored) else "scored"

    def score_line(self) -> str:
        """The scores on one line; of several performances the final ones."""
        if self._only:
            return self._only.score_line(self.sport)
        form = f".{decimals(self.sport.range_of('final'))}f"
        finals = (f"{p.final:{form}}" if p.final is not None else "no score" for p in self.performances)
        return f"{counted(len(self.performances), 'performance')}: {', '.join(finals)}"

    def __str__(self) -> str:
        """The result as text."""
        of = f"sport {self.sport.name}" if self.model is None else f"model {self.model}, sport {self.sport.name}"
        lines = [f"{self.video}: {counted(self.num_frames, 'frame')}, {self.fps:g} frames/s; {of}"]
        for performance in self.performances:
            if not self._only:
                lines.append(f"  Performance at {performance.start_s:.2f}–{performance.end_s:.2f} s")
            within = [s for s in self.stages if self._only or _is_within(s, performance)]
            lines += [_stage_line(stage) for stage in within]
            trust = performance.trust_line(self.interval_level)
            lines += [f"  {performance.score_line(self.sport)}", *([f"  {trust}"] if trust else [])]
            against = "Withheld" if performance.final is None else "Forced despite"
            lines += [f"  {against}: {reason}" for reason in performance.reasons]
            lines += [f"  Warning: {warning}" for warning in performance.warnings]
        lines += [f"  {reason}" for reason in self.further_reasons]
        lines += [f"  Warning: {warning}" for warning in self._of_all]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as docs/predictions.md describes them."""
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
            "reliability": dataclasses.asdict(self.reliability) if self.reliability else None,
            "alike": self.alike,
            "reasons": [reason.to_dict() for reason in self.reasons],
            "stages": self.stages,
            "performances": [performance.to_dict(self.sport.scores) for performance in self.performances],
            "warnings": [warning.to_dict() for warning in self.warnings],
            "error": None,
            "complete": self.complete,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], sport: Sport) -> "VideoScore":
        """The result that `to_dict` gave, without pictures.

        Args:
            values: also when they have been JSON.
            sport: that of the result.
        """
        performances = [Performance.from_dict(performance) for performance in values["performances"]]
        of_them = len(performances[0].reasons) if len(performances) == 1 else 0  # `reasons` begins with these
        same = ("video", "num_frames", "fps", "stages", "model", "interval_level", "complete")
        return cls(
            **{name: values[name] for name in same},
            sport=sport,
            performances=performances,
            warnings=[Remark.from_dict(warning) for warning in values["warnings"]],
            further_reasons=[Remark.from_dict(reason) for reason in values["reasons"][of_them:]],
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row of `columns` for each performance, numbered from 1."""
        shared = {"video": self.video, "model": self.model, "sport": self.sport.name}
        rows = []
        for number, performance in enumerate(self.performances, start=1):
            said = {"performance": number, "warnings": _codes(self.warnings_of(performance))}
            rows.append(dict.fromkeys(columns(self.sport)) | shared | said | _cells(performance, self.sport.scores))
        return rows

    def to_dataframe(self) -> Any:
        """The `rows` as a pandas.DataFrame; InputError where pandas is not installed, which nothing else needs."""
        try:
            import pandas
        except ImportError as error:
            raise InputError("missing_package", "to_dataframe needs pandas.", "pip install pandas") from error
        return pandas.DataFrame(self.rows(), columns=list(columns(self.sport)))

    def plot(self) -> "Figure":
        """A picture: frames of the key stages above the strip of the stages, scores, reasons and warnings."""
        if not self.shown:
            raise InputError("no_frames", f"{self.video} was scored from features: there are no frames to draw.")
        trust = self._only.trust_line(self.interval_level) if self._only else ""
        notes = [*([f"{trust}."] if trust else []), *self.reasons, *self.warnings]
        return picture(self.sport, self.stages, self.shown, self.video, self.score_line(), notes)

    def _repr_html_(self) -> str:
        """What a notebook shows: the picture, where there is one, above the text."""
        printable = str(self).encode("utf-8", "backslashreplace").decode("utf-8")  # a name may be no text
        text = f"<pre>{html.escape(printable)}</pre>"
        if not self.shown:
            return text
        file = io.BytesIO()
        save_png(self.plot(), file)
        source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
        return f'<img src="{source}" alt="Frames of the key stages" style="max-width: 100%">{text}'

    def save(self, path: AnyPath) -> None:
        """Writes the result as `.json`, `.csv` or `.png`, as the name of the file says.

        Raises:
            InputError: another ending.
        """
        suffix = as_path(path).suffix.lower()
        if suffix == ".json":
            write_json(path, self.to_dict())
        elif suffix == ".csv":
            with replacing_file(path) as temporary, _opened(temporary) as file:
                writer = csv.DictWriter(file, columns(self.sport))
                writer.writeheader()
                writer.writerows(self.rows())
        elif suffix == ".png":
            save_figure(self.plot(), path, self.video)
        else:
            raise InputError("wrong_format", f"{path} does not end in .json, .csv or .png.")


def _opened(path):
    """A file to write a table to; of names that are no UTF-8 the bytes are told, as on the screen."""
    return path.open("w", newline="", encoding="utf-8", errors="backslashreplace")


def failure(video: str, model: str | None, sport: Sport, error: Remark) -> dict[str, Any]:
    """What `VideoScore.to_dict` is of a video that could not be read: the same keys, nothing in them, and the error."""
    known = {"schema_version": SCHEMA_VERSION, "video": video, "status": "failed", "model": model, "sport": sport.name}
    unknown = dict.fromkeys(("num_frames", "fps", *sport.scores, "interval_level", "reliability"))
    empty: dict[str, Any] = {"deviations": {}, "intervals": {}}
    empty |= {name: [] for name in ("alike", "reasons", "stages", "performances", "warnings")}
    return {**known, **unknown, **empty, "error": error.to_dict(), "complete": True}


def failure_row(video: str, model: str | None, sport: Sport, error: Remark) -> dict[str, Any]:
    """The row of `columns` of such a video."""
    known = {"video": video, "status": "failed", "error": str(error), "model": model, "sport": sport.name}
    return {**dict.fromkeys(columns(sport)), **known}


def _cells(performance, scores):
    """The cells of `columns` that a performance fills."""
    known = {name: getattr(performance, name) for name in ("start_s", "end_s", *scores)}
    deviations = {f"{score}_std": value for score, value in performance.deviations.items()}
    ends = {
        f"{score}_{end}": value
        for score, interval in performance.intervals.items()
        for end, value in zip(("low", "high"), interval, strict=True)
    }
    status = "withheld" if performance.final is None else "forced" if performance.reasons else "scored"
    grade = performance.reliability.grade if performance.reliability else None
    reasons = _codes(performance.reasons)
    return {**known, **deviations, **ends, "reliability": grade, "status": status, "reasons": reasons}


def _codes(remarks):
    return " ".join(remark.code for remark in remarks)


def _is_within(stage, performance):
    inside = performance.start_frame <= stage["start_frame"] < performance.end_frame
    return inside and stage["name"] != NOISE


def _stage_line(stage):
    seconds = f"{stage['start_s']:7.2f}–{stage['end_s']:.2f} s"
    return f"  {seconds:<18} {stage['name']:<14} frames {stage['start_frame']}–{stage['end_frame'] - 1}"
