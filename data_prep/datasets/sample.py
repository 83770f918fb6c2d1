"""What a dataset module yields: one `Sample` per labelled video, with whatever is wrong with its row."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data_prep.datasets.published import Published
from data_prep.datasets.stage_labels import Segment
from scoringnet_tf.data.features import FeatureFile
from scoringnet_tf.data.video import Clip
from scoringnet_tf.sports import get_sport

# A flag of `build` decides about each kind: --nonmonotone, --on_inconsistent, --on_lookalike, and --on_error.
NONMONOTONE = "nonmonotone"  # stage boundaries that go back in time
INCONSISTENT = "inconsistent"  # scores that are possible, each by itself, but contradict each other: may be kept
LOOKALIKE = "lookalike"  # shows what a video of another split shows, as far as small pictures tell: may be kept
ERROR = "error"


@dataclasses.dataclass(frozen=True)
class Problem:
    """One inconsistency.

    Attributes:
        where: file and row.
        what: what was expected, and what was received.
        kind: `NONMONOTONE`, `INCONSISTENT`, `LOOKALIKE` or `ERROR`.
        file: that it is about; empty where `what` says it.
        code: a stable name of the problem, as an `InputError` has one.
    """

    where: str
    what: str
    kind: str = ERROR
    file: str = ""
    code: str = ""

    def __str__(self):
        return ": ".join(part for part in (self.where, self.file, self.what) if part)


def kinds_of_row(problems: Sequence[Problem]) -> set[str]:
    """The kinds by which a row with these problems is dealt with.

    A row whose boundaries go back in time is dropped or refused as such, whatever else is wrong with it; one with an
    error is an error, whatever its scores or pictures say.
    """
    kinds = {problem.kind for problem in problems}
    return next(({kind} for kind in (NONMONOTONE, ERROR) if kind in kinds), kinds)


@dataclasses.dataclass(frozen=True)
class Sample:
    """One labelled video, not yet decoded.

    Attributes:
        video_id: unique in the dataset.
        path: of the video file, folder of images or file of features, whether it exists or not.
        split: `"train"`, `"validation"` or `"test"`.
        where: file and row of its labels, for messages.
        difficulty, execution, final: scores in points of the sport; None where unknown.
        penalty: points taken off beside the execution; None where there is none or it is part of the execution.
        segments: stage labels in order; None where the dataset has none.
        classes: label of each classification head.
        group: name that videos cut from one source share, for these are held out for validation together; None where
            the dataset has no such groups.
        frames: (start, stop) of the clip in its file or folder of images, counted from 0; None for all of it.
        is_stretch: the row says where in its file it lies; `frames` are None where that is wrong, or cannot be told
            without the file.
        num_frames: how many frames the labels say there are in the video; None where they do not.
        seconds: how long the labels say that the video is, rounded; None where they do not.
        array: of features, the name of the array in a file of several; None where there is one.
        fps: of features, frames per second of the video that they were made of; None where the labels do not say.
        problems: what the dataset module found wrong with the row.
    """

    video_id: str
    path: Path
    split: str
    where: str
    difficulty: float | None = None
    execution: float | None = None
    final: float | None = None
    penalty: float | None = None
    segments: tuple[Segment, ...] | None = None
    classes: dict[str, int] = dataclasses.field(default_factory=dict)
    group: str | None = None
    frames: tuple[int, int] | None = None
    is_stretch: bool = False
    num_frames: int | None = None
    seconds: float | None = None
    array: str | None = None
    fps: float | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def clip(self) -> Clip:
        """What to decode."""
        return Clip(self.path, self.frames)

    @property
    def feature_file(self) -> FeatureFile:
        """What to read, where the source has features in place of videos."""
        return FeatureFile(self.path, self.array)


@dataclasses.dataclass(frozen=True)
class Source:
    """A dataset's labels, read from its official layout.

    Attributes:
        sport: what is kept of it (`sports.kept_form`); None for clips of any action, to pretrain on.
        samples: of all splits.
        settings: which of several possible files was read, for provenance.
        notes: what a user should know of how the folder was read, one sentence each.
        classes: {head: class names in label order}.
        has_features: the samples are files of features, not videos.
        feature_stride: frames from one step of features to the next, as the user says; None where that is left to what
            lies beside them (`features.json`).
        published: how many samples there should be; None where nobody says.
        label_rate: frames/s of the videos whose frames the stage labels count; None where nobody says.
    """

    sport: str | dict[str, Any] | None
    samples: tuple[Sample, ...]
    settings: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    classes: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    has_features: bool = False
    feature_stride: int | None = None
    published: Published | None = None
    label_rate: float | None = None

    @property
    def sport_name(self) -> str:
        """The name of the sport; empty for clips of any action."""
        return get_sport(self.sport).name if self.sport else ""
