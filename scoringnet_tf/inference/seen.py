"""What a prediction's steps hand on: what is seen in a video, where a performance lies, its scores."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf.data.video import Video
from scoringnet_tf.sports import SCORES, stage_runs
from scoringnet_tf.support.messages import Remark


def longest_run(labels: np.ndarray, stage: int) -> tuple[int, int] | None:
    """The first frame of a stage's longest run in labels (L,), and the first one behind it; None if it has none."""
    runs = [(end - start, -start, end) for label, start, end in stage_runs(labels) if label == stage]
    return (-max(runs)[1], max(runs)[2]) if runs else None


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a model sees in a video, or in a part, at K samples.

    Attributes:
        video: the part, with its L frames in stored form.
        samples: (K,), the frames that show it at `rate`, see `Video.samples`.
        sample_of: int (L,), the sample nearest to each frame.
        rate: samples per second.
        stages: (K, S) stage probabilities; None without KFS.
        features: (K, D), what the heads read; None if they read frames and there is no KFS.
        classes: (K, N) logits for the backbone's own classes; None unless they tell the sport.
        reasons: why nothing in the video can be scored.
    """

    video: Video
    samples: np.ndarray
    sample_of: np.ndarray
    rate: float
    stages: np.ndarray | None = None
    features: np.ndarray | None = None
    classes: np.ndarray | None = None
    reasons: tuple[Remark, ...] = ()

    @functools.cached_property
    def times(self) -> np.ndarray:
        """Seconds in the file at which each frame begins, and the last one ends, (L + 1,), to a millisecond."""
        video = self.video
        return np.round(video.first_time + np.append(video.timestamps, video.timestamps[-1] + 1 / video.fps), 3)

    @functools.cached_property
    def frame_stages(self) -> np.ndarray | None:
        """Stage probabilities for every frame, (L, S); None without KFS."""
        return None if self.stages is None else self.stages[self.sample_of]

    def cut(self, start: int, stop: int) -> "Seen":
        """Samples [start, stop) of these."""
        values = {name: getattr(self, name) for name in ("samples", "stages", "features", "classes")}
        cut = {name: value[start:stop] for name, value in values.items() if value is not None}
        return dataclasses.replace(self, **cut)


@dataclasses.dataclass(frozen=True)
class Span:
    """Samples [start, stop) in which a performance is looked for, and [first, end) in which it was found.

    Attributes:
        labels: int (stop − start,), the stages that were decided; None without KFS.
        performances: whole ones in it; more than one in features, which cannot be scored apart.
        fall: by the body: the label of its stage, and the part's first frame in the air and behind it; None where
            the labels alone tell.
        corrected: int8 (L,), every frame's stage in the part as people corrected it; None if they did not.
    """

    start: int
    stop: int
    first: int
    end: int
    labels: np.ndarray | None = None
    performances: int = 1
    fall: tuple[int, int | None, int | None] | None = None
    corrected: np.ndarray | None = None

    def frames(self, seen: Seen) -> tuple[int, np.ndarray]:
        """(first frame in the part that its samples show, the stage in each such frame, int8)."""
        frames = np.flatnonzero((seen.sample_of >= self.start) & (seen.sample_of < self.stop))
        if not len(frames):  # frames were repeated, and the samples show none of the file: the next one counts
            return min(int(np.searchsorted(seen.sample_of, self.start)), len(seen.sample_of) - 1), np.zeros(0, np.int8)
        if self.corrected is not None:
            return int(frames[0]), self.corrected[frames]
        labels = np.zeros(len(frames)) if self.labels is None else self.labels[seen.sample_of[frames] - self.start]
        return int(frames[0]), self._by_body(labels.astype(np.int8), int(frames[0]))

    def _by_body(self, labels: np.ndarray, begin: int) -> np.ndarray:
        """Frames' stages, the first one's number is `begin`, with the fall where the body has it."""
        shown = longest_run(labels, self.fall[0]) if self.fall else None
        if shown is None:
            return labels
        stage, *ends = self.fall  # type: ignore[misc]
        off, end = (at if new is None else new - begin for at, new in zip(shown, ends, strict=True))
        labels[shown[0] : off], labels[end : shown[1]], labels[off:end] = stage - 1, stage + 1, stage
        return labels

    def with_stages(self, seen: Seen, corrected: np.ndarray) -> "Span":
        """The span with the stages that people gave its part's frames, and a frame around them."""
        shown = np.flatnonzero(corrected)
        edges = seen.sample_of[[max(shown[0] - 1, 0), min(shown[-1] + 1, len(corrected) - 1)]] if len(shown) else ()
        start, stop = min([self.start, *edges[:1]]), max([self.stop, *(edge + 1 for edge in edges[1:])])
        labels = corrected[np.rint(seen.samples[start:stop]).astype(int)].astype(np.int32)
        return dataclasses.replace(self, start=int(start), stop=int(stop), labels=labels, corrected=corrected)


@dataclasses.dataclass(frozen=True)
class Scores:
    """A performance's scores and their deviations, in points; and those without a key fragment."""

    points: dict[str, float] = dataclasses.field(default_factory=dict)
    deviations: dict[str, float] = dataclasses.field(default_factory=dict)
    without_fragment: tuple[str, ...] = ()

    @classmethod
    def of(cls, outputs: Mapping[str, Any], names: Sequence[str], empty: Sequence[bool]) -> "Scores":
        """From a model's outputs for one performance: its scores' names, and which of them lack a fragment."""
        return cls(
            {name: float(outputs[name][0]) for name in SCORES if name in outputs},
            {name: float(outputs[f"{name}_std"][0]) for name in SCORES if f"{name}_std" in outputs},
            tuple(name for name, is_empty in zip(names, empty, strict=False) if is_empty),
        )
