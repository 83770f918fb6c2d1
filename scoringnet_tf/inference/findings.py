"""What is found in a video, part by part, until it is a `VideoScore`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from scoringnet_tf.data.preprocessing import RATE_TOLERANCE
from scoringnet_tf.data.video import Video
from scoringnet_tf.inference.refusal import NO_PERFORMANCE, several
from scoringnet_tf.inference.trust import Likeness, Trust
from scoringnet_tf.inference.video_page import COLUMNS, key_frames
from scoringnet_tf.inference.video_score import Performance, VideoScore
from scoringnet_tf.sports import SCORES, stage_runs
from scoringnet_tf.support.messages import Remark


@dataclasses.dataclass
class Found:
    """What was found in a stretch of a video, or of a part of one.

    Attributes:
        start, stop: of the stretch, in frames as the model saw them.
        labels: int (stop − start,), the stage of each; None of a model without KFS.
        reasons: against its scores.
        outputs: of SP, empty where there is nothing to score.
        warnings: what whoever reads the scores must know.
        likeness: how like training it is.
    """

    start: int
    stop: int
    labels: np.ndarray | None
    reasons: list[Remark]
    outputs: dict[str, Any]
    warnings: list[Remark]
    likeness: Likeness


class Findings:
    """Gathers what is found in one video of any length.

    Of every frame it keeps the stage and the time, of the pictures a few of each part.

    Args:
        model: `ScoringNet`.
        trust: in it.
        known: warnings that hold for all that it scores.
    """

    def __init__(self, model: Any, trust: Trust, known: Sequence[Remark] = ()) -> None:
        self.performances: list[Performance] = []
        self.against: list[Remark] = []  # why nothing at all can be scored
        self.end = 0  # frame of the video behind the last performance
        self.has_stages = False  # whether any were looked for
        self._model, self._trust = model, trust
        self._labels, self._times = np.zeros(0, np.int8), np.zeros(1)
        self._first_frame, self._offset = 0, 0  # of the video in its file, of the part at hand in the video
        self._of_video: list[Remark] = []
        self._known = tuple(known)
        self._shown: list[tuple[int, float, bytes]] = []
        self._of_noise: list[tuple[int, float, bytes]] = []

    def begin(self, times: np.ndarray, first_frame: int = 0, warnings: Sequence[Remark] = ()) -> None:
        """Goes on to the next part.

        Args:
            times: (L + 1,), seconds, of every frame of it and of its end.
            first_frame: number of the first in the file; some may have been in the part before.
            warnings: of the part, of which one of a kind is kept.
        """
        if not len(self._labels):
            self._first_frame = first_frame
        self._offset = first_frame - self._first_frame
        self._times = np.concatenate([self._times[: self._offset], times])
        self._labels = np.pad(self._labels, (0, max(0, len(self._times) - 1 - len(self._labels))))
        said = {warning.code for warning in self._of_video}
        self._of_video += [warning for warning in warnings if warning.code not in said]

    def is_new(self, first: int, end: int) -> bool:
        """Whether what lies in frames [first, end) of the part was not found in the part before it."""
        return self._offset + (first + end) / 2 >= self.end

    def add(self, found: Found, sample_of: np.ndarray) -> Performance:
        """Takes down a performance of the part.

        Args:
            found: in it.
            sample_of: int (L,), which of the frames that the model saw shows each frame of the part.
        """
        labels = self._labels[self._offset :]  # a view
        if found.labels is not None:
            inside = np.flatnonzero((sample_of >= found.start) & (sample_of < found.stop))
            labels[inside] = found.labels[sample_of[inside] - found.start]
        start, end = (self._offset + edge for edge in _span(labels, sample_of, found.start, found.stop))
        self.end = end
        about = [*self._of_video, *self._known, *found.warnings]  # not what was said of another performance
        outputs, deviations = found.outputs, [f"{score}_std" for score in SCORES]
        scores: dict[str, Any] = {score: float(outputs[score][0]) for score in SCORES if score in outputs}
        against, said = ([remark.code for remark in remarks] for remarks in (found.reasons, about))
        self.performances.append(
            Performance(
                start_frame=start + self._first_frame,
                end_frame=end + self._first_frame,
                start_s=self._second(start),
                end_s=self._second(end),
                **scores,
                deviations={
                    score: float(outputs[name][0])
                    for score, name in zip(SCORES, deviations, strict=True)
                    if name in outputs
                },
                reasons=found.reasons,
                warnings=found.warnings,
                **self._trust.said_of(scores, against, said, found.likeness),
            )
        )
        return self.performances[-1]

    def show(self, video: Video) -> None:
        """Keeps a few frames of a part, for the picture of the result."""
        stages = self._stages(self._offset)
        chosen = key_frames(stages, len(video.frames), video.first_frame)
        frames = [(index + video.first_frame, self._offset + index, video.frames[index]) for index in chosen]
        shown = [(number, float(self._times[index]), jpeg) for number, index, jpeg in frames]
        if self.end > self._offset:
            self._shown += shown
        else:
            self._of_noise += shown

    def result(self, path: str, fps: float, name: str | None) -> VideoScore:
        """The result for the video.

        Args:
            path: what it calls the video.
            fps: of it, or of its last part.
            name: of the model.
        """
        performances, length = self.performances, len(self._labels)
        warnings = [*self._of_video, *self._known, *(warning for one in performances for warning in one.warnings)]
        scored = sum(any(getattr(one, score) is not None for score in SCORES) for one in performances)
        fps = self._rate_of_all(fps)
        if not performances:
            against = self.against or [NO_PERFORMANCE]
            first = self._first_frame
            performances = [Performance(first, first + length, self._second(0), self._second(length), reasons=against)]
        return VideoScore(
            video=path,
            sport=self._model.sport,
            num_frames=length,
            fps=round(fps, 3),
            stages=self._stages(),
            performances=performances,
            warnings=list(dict.fromkeys(warnings)),
            model=name,
            interval_level=self._trust.level,
            further_reasons=[several(len(performances), scored)] if len(performances) > 1 else [],
            shown=_thinned(self._shown or self._of_noise),
        )

    def on_the_way(self, performance: Performance, path: str, fps: float, name: str | None) -> VideoScore:
        """The same of one performance, before all of the video is known."""
        start, end = (frame - self._first_frame for frame in (performance.start_frame, performance.end_frame))
        found = self.result(path, fps, name)
        return dataclasses.replace(
            found,
            performances=[performance],
            stages=self._stages(start, end),
            warnings=found.warnings_of(performance),
            further_reasons=[],
            shown=[],
            complete=False,
        )

    def _stages(self, start=0, end=None):
        """The runs of stages from frame `start` of the video to `end`."""
        if not self.has_stages:
            return []
        names = self._model.sport.stages
        return [
            {
                "name": names[stage],
                "start_frame": start + first + self._first_frame,
                "end_frame": start + last + self._first_frame,
                "start_s": self._second(start + first),
                "end_s": self._second(start + last),
            }
            for stage, first, last in stage_runs(self._labels[start:end])
        ]

    def _rate_of_all(self, fps):
        """Frames per second of all parts by their times, where that of the last part, `fps`, is another."""
        seconds = self._times[-2] - self._times[0]
        measured = (len(self._labels) - 1) / float(seconds) if seconds > 0 else fps
        return fps if abs(measured / fps - 1) <= RATE_TOLERANCE else measured

    def _second(self, frame):
        return round(float(self._times[frame]), 3)


def _span(labels, sample_of, start, stop):
    """(start, end) of the stages in a stretch, in frames of the file; of all its frames where there are no stages.

    Args:
        labels: (L,), the stage of every frame.
        sample_of: (L,), in order, which frame of those that the model saw shows each.
        start, stop: of the stretch. Where frames were repeated, it may have none of the file: then the next one counts.
    """
    found = np.flatnonzero((sample_of >= start) & (sample_of < stop))
    shown = found[labels[found] > 0]
    shown = shown if len(shown) else found
    if not len(shown):
        shown = [min(np.searchsorted(sample_of, start), len(sample_of) - 1)]
    return int(shown[0]), int(shown[-1]) + 1


def _thinned(shown):
    """As many as are drawn, evenly, in the order of the video."""
    ordered = sorted(shown, key=lambda each: each[0])
    count = min(COLUMNS, len(ordered))
    return [ordered[index * len(ordered) // count] for index in range(count)]
