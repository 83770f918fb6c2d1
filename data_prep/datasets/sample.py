"""What a dataset module returns: a `Sample` for each labelled video, with what is wrong with its row."""

import collections
import dataclasses
import math
import numbers
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_prep.datasets.stage_labels import NOT_IN_ORDER, Segment, StageError
from scoringnet_tf.data.features import FeatureFile
from scoringnet_tf.data.video import Clip
from scoringnet_tf.sports import SPORTS, Sport, SportForm, get_sport, named_sport
from scoringnet_tf.support.files import real_number
from scoringnet_tf.support.messages import InputError, Remark

# Kinds of problems. A flag of `build` decides about each: --nonmonotone, --on_inconsistent, --on_lookalike, --on_error.
NONMONOTONE = "nonmonotone"  # stage boundaries that go back in time
INCONSISTENT = "inconsistent"  # possible scores that contradict each other; such rows may be kept
LOOKALIKE = "lookalike"  # shows what a video of another split shows; such rows may be kept
ERROR = "error"

ALL = "in all"  # key of `Published.videos` if the sizes of the splits were not published


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a row."""

    where: str  # file and row
    what: str  # for people
    kind: str = ERROR  # `NONMONOTONE`, `INCONSISTENT`, `LOOKALIKE` or `ERROR`
    file: str = ""  # the video or features concerned; empty if `what` names them
    code: str = "wrong_value"  # for programs, like that of an `InputError`

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.file, self.what) if part)


def stage_problem(where: str, error: StageError) -> Problem:
    """Returns the problem that a row with wrong stage labels has."""
    return Problem(where, str(error), NONMONOTONE if error.code == NOT_IN_ORDER else ERROR, code=error.code)


def kinds_of_row(problems: Sequence[Problem]) -> set[str]:
    """Returns the kinds that decide about a row with these problems: one of `NONMONOTONE` and `ERROR` decides alone."""
    kinds = {problem.kind for problem in problems}
    return next(({kind} for kind in (NONMONOTONE, ERROR) if kind in kinds), kinds)


@dataclasses.dataclass(frozen=True)
class Sample:
    """One labelled video, not yet decoded; None is unknown."""

    video_id: str  # unique in the dataset
    path: Path  # video file, folder of images or file of features, whether it exists or not
    split: str  # `"train"`, `"validation"` or `"test"`
    where: str  # file and row of its labels
    difficulty: float | None = None  # scores, points
    execution: float | None = None  # scores, points
    final: float | None = None  # scores, points
    segments: tuple[Segment, ...] | None = None  # stage labels in order
    classes: dict[str, int] = dataclasses.field(default_factory=dict)  # {head: label} of classification heads
    group: str | None = None  # shared by videos of one source or athlete, which are held out together
    frames: tuple[int, int] | None = None  # (start, stop) in its file, from 0; None for the whole file
    num_frames: int | None = None  # number of frames by the labels
    array: str | None = None  # name of the array in a file of several features
    fps: float | None = None  # frames per second of the video that features were extracted from
    problems: tuple[Problem, ...] = ()  # what is wrong with the row

    @property
    def clip(self) -> Clip:
        """What to decode."""
        return Clip(self.path, self.frames)

    @property
    def feature_file(self) -> FeatureFile:
        """What to read if the source has features in place of videos."""
        return FeatureFile(self.path, self.array)

    def with_problem(self, problem: Problem) -> "Sample":
        """Returns a copy with one more problem."""
        return dataclasses.replace(self, problems=(*self.problems, problem))


@dataclasses.dataclass(frozen=True)
class Published:
    """How many videos a dataset has, as published: a lost row leaves no other trace."""

    videos: Mapping[str, int]  # {split: number}, or {`ALL`: number}
    source: str  # the publication


def count_note(splits: Iterable[str], published: Published) -> Remark:
    """Compares how many videos a copy has in each split with the published numbers."""
    numbers = collections.Counter(splits)
    counts = _listed({split: numbers[split] for split in {**published.videos, **numbers} if split != ALL})
    numbers[ALL] = numbers.total()
    if all(numbers[split] == number for split, number in published.videos.items()):
        return Remark("as_published", f"Labelled: {counts}, as published ({published.source}).")
    return Remark("count_mismatch", f"Labelled: {counts}. Published: {_listed(published.videos)} ({published.source}).")


def _listed(videos: Mapping[str, int]) -> str:
    return ", ".join(f"{split} {number:,}" for split, number in videos.items())


@dataclasses.dataclass(frozen=True)
class Source:
    """A dataset's labels, read from its official layout; None is unknown."""

    sport: str | dict[str, Any] | None  # its `sports.kept_form`; None for clips of any action
    samples: tuple[Sample, ...]  # those of all splits
    settings: dict[str, str] = dataclasses.field(default_factory=dict)  # which of several possible files was read
    notes: tuple[Remark, ...] = ()  # what a user should know about the folder
    classes: dict[str, list[str]] = dataclasses.field(default_factory=dict)  # {head: class names in label order}
    has_features: bool = False  # the samples are features, not videos
    feature_stride: int | None = None  # frames from one step of features to the next; None for `features.json`
    published: Published | None = None  # the published numbers of videos
    label_rate: float | None = None  # frames/s of the videos that the stage labels count

    @property
    def sport_name(self) -> str:
        """The sport's name; empty for clips of any action."""
        return get_sport(self.sport).name if self.sport else ""

    @property
    def stages(self) -> list[str]:
        """The sport's stages; none for clips of any action."""
        return list(get_sport(self.sport).stages) if self.sport else []


class Fields:
    """A row's named values, text from a CSV file or numbers from a pickle; `problems` is what is wrong with them.

    `where` is file and row, for messages. With `decimal_comma` numbers are written 3,2.
    """

    def __init__(self, where: str, values: Mapping[str, Any], decimal_comma: bool = False) -> None:
        self.where, self._values, self._decimal_comma = where, values, decimal_comma
        self.problems: list[Problem] = []

    def number(self, name: str, required: bool = True) -> float | None:
        """Returns a float, which may be NaN; None if there is none (a problem if `required`) or it is not a number."""
        value = self._values.get(name)
        if value is None or (isinstance(value, str) and not value):
            if required:
                self.report("missing_value", f"{name} is missing.")
            return None
        number = self._parsed(value)
        if number is None:
            kind = "a number with a decimal comma" if self._decimal_comma else "a number"
            self.report("not_a_number", f"{name} {reprlib.repr(value)} is not {kind}.")
        return number

    def _parsed(self, value: Any) -> float | None:
        try:
            if isinstance(value, numbers.Real):
                return float(value)
            if not isinstance(value, str) or (self._decimal_comma and "." in value):
                return None
            return real_number(value.replace(",", ".") if self._decimal_comma else value)
        except (ValueError, OverflowError):
            return None

    def integer(self, name: str, required: bool = True) -> int | None:
        """Returns an int, or None like `number`."""
        value = self.number(name, required)
        if value is not None and not (math.isfinite(value) and value == round(value)):
            self.report("not_an_integer", f"{name} {value:g} is not an integer.")
            return None
        return None if value is None else int(value)

    def report(self, code: str, what: str, kind: str = ERROR) -> None:
        """Adds a problem."""
        self.problems.append(Problem(self.where, what, kind, code=code))


def sport_option(sport: SportForm | None) -> Sport:
    """Returns the sport for `--sport`: a name, a YAML file's path, a `Sport` or its definition; or InputError."""
    if sport is None:
        raise InputError("missing_flag", "--sport is missing.", f"Use one of {', '.join(SPORTS)}, or a .yaml file.")
    return named_sport(sport) if isinstance(sport, str) else get_sport(sport)
