"""Warns of what is unusual in sound videos, with and without --dry_run alike."""

import collections
import statistics
from collections.abc import Iterable

import numpy as np

from data_prep.datasets.sample import Sample, Source
from data_prep.records.encoding import EncodedVideo
from scoringnet_tf.data.preprocessing import ASPECT_TOLERANCE, RATE_TOLERANCE, StoredForm
from scoringnet_tf.data.records import UNLABELLED
from scoringnet_tf.data.video_files import first_number
from scoringnet_tf.sports import SCORES, SHORTEST, in_order
from scoringnet_tf.support.messages import Remark, counted, shown

LEAST_EQUAL = 3  # videos of one score: two may have it by chance
TOO_SHORT = f"fewer than the {SHORTEST} frames that a model needs; maybe seconds were given as frames."
UNEVEN = "the frames are not evenly spaced in time. Convert such videos to a constant frame rate first."
LATE = "frame 0 of the stage labels is the image of this number. If earlier images are missing, all stages are late."
UNORDERED = "the stages are not in order, or one occurs twice. train --decoding=ordered cannot agree with them."


class Warnings:
    """Collects what is unusual, one video after the other; `stored` has no aspect if `build` has yet to choose one."""

    def __init__(self, source: Source, stored: StoredForm) -> None:
        self._source, self._stored = source, stored
        self._videos: dict[tuple[str, str], list[str]] = collections.defaultdict(list)  # {(code, message): names}
        self._aspects: dict[str, list[str]] = collections.defaultdict(list)
        self._rates: dict[float, list[str]] = collections.defaultdict(list)
        self._scores: dict[tuple[str, str], list[float]] = collections.defaultdict(list)  # {(split, score): values}
        self._splits: set[str] = set()

    def add(self, sample: Sample, video: EncodedVideo, stages: np.ndarray | None) -> None:
        """Looks at a row's video; `stages` are those of every frame, int (L,), or None if unknown."""
        name = sample.video_id
        self._splits.add(sample.split)
        for score in SCORES:
            if (value := getattr(sample, score)) is not None:
                self._scores[sample.split, score].append(value)
        if len(video) > 1 or video.features is None:  # a vector has no rate
            self._rates[float(f"{video.fps:.6g}")].append(name)
        for warning in video.warnings:
            self._videos[getattr(warning, "code", ""), warning].append(name)
        if video.features is None:
            self._add_frames(sample, video)
        if stages is not None and not in_order(stages):
            self._videos["stages_unordered", UNORDERED].append(name)
        for stage in self._missing_stages(sample, stages):
            message = f"no frame is labelled {stage}, though the performance has a score."
            self._videos["missing_stage", message].append(name)

    def _add_frames(self, sample: Sample, video: EncodedVideo) -> None:
        name = sample.video_id
        self._aspects[f"{video.aspect:.3g}:1"].append(name)
        if len(video) < SHORTEST:
            self._videos["too_short", TOO_SHORT].append(f"{name} ({len(video)})")
        if not _is_even(video):
            self._videos["uneven_frames", UNEVEN].append(name)
        # Stage labels count from the first image.
        is_counted = sample.segments and sample.num_frames is None and sample.path.is_dir()
        if is_counted and (first := first_number(sample.path)) > 1:
            self._videos["images_start_late", LATE].append(f"{name} ({first})")

    def _missing_stages(self, sample: Sample, stages: np.ndarray | None) -> list[str]:
        has_score = any(getattr(sample, score) is not None for score in SCORES)
        if not (has_score and sample.segments and stages is not None) or UNLABELLED in stages:
            return []
        return [name for index, name in enumerate(self._source.stages) if index and index not in stages]

    def remarks(self) -> list[Remark]:
        """All warnings, one for each kind."""
        of_videos = [Remark(code, f"{shown(names)}: {message}") for (code, message), names in self._videos.items()]
        of_splits = [*self._equal_scores(), *self._no_test_split()]
        return [*self._other_aspects(), *self._other_rates(), *of_splits, *of_videos]

    def _other_aspects(self) -> list[Remark]:
        total = counted(sum(map(len, self._aspects.values())), "video")
        aspects = sorted((float(text.removesuffix(":1")), text, len(names)) for text, names in self._aspects.items())
        if self._stored.aspect is None:
            if not aspects or aspects[-1][0] / aspects[0][0] - 1 <= ASPECT_TOLERANCE:
                return []
            counts = ", ".join(f"{text} ({number})" for _, text, number in aspects)
            message = f"The pictures of {total} are {counts}. build brings them to one shape, see --aspect and --fit."
            return [Remark("other_aspects", message)]
        return [
            Remark("other_aspects", f"{number} of {total} are {text}, the records {self._stored.aspect:.2f}:1: {done}.")
            for aspect, text, number in aspects
            if (done := self._stored.departure(aspect)) is not None
        ]

    def _other_rates(self) -> list[Remark]:
        """Records keep every frame, but a model is trained at one rate."""
        remarks, rates, labelled = [], sorted(self._rates), self._source.label_rate
        if rates and not _alike(rates[0], rates[-1]):
            median = statistics.median_low([rate for rate in rates for _ in self._rates[rate]])
            message = (
                f"The videos have {rates[0]:.4g} to {rates[-1]:.4g} frames/s, but a model learns them as "
                f"{median:.4g}. Convert them to one rate first. Frames/s: {self._videos_of(rates)}."
            )
            remarks.append(Remark("other_frame_rates", message))
        if labelled and (others := [rate for rate in rates if not _alike(rate, labelled)]):
            message = f"The stage labels count frames at {labelled:g} frames/s, but some videos have other rates: "
            remarks.append(Remark("other_label_rate", f"{message}{self._videos_of(others)}."))
        return remarks

    def _videos_of(self, rates: Iterable[float]) -> str:
        return "; ".join(f"{rate:.4g} in {shown(self._rates[rate])}" for rate in rates)

    def _equal_scores(self) -> list[Remark]:
        equal: dict[str, list[str]] = collections.defaultdict(list)
        for (split, score), values in self._scores.items():
            others = {(split, "execution"), (split, "final")} & self._scores.keys()
            if len(values) >= LEAST_EQUAL and len(set(values)) == 1 and (score != "difficulty" or not others):
                equal[score].append(f"{split} ({counted(len(values), 'video')}, {values[0]:g})")
        return [
            Remark("equal_scores", f"All {score} scores are equal in {', '.join(splits)}: there is no order to learn.")
            for score, splits in equal.items()
        ]

    def _no_test_split(self) -> list[Remark]:
        if "train" not in self._splits or "test" in self._splits or self._source.classes:
            return []
        message = "No video is in the split test, so evaluate has nothing to measure (build --split_csv)."
        return [Remark("no_test_split", message)]


def _alike(rate: float, other: float) -> bool:
    return max(rate, other) / min(rate, other) - 1 <= RATE_TOLERANCE


def _is_even(encoded: EncodedVideo) -> bool:
    """Whether sampling a video at its own rate, as `predict` does, gives each frame once."""
    video = encoded.as_video()
    return np.array_equal(video.samples(video.fps), np.arange(len(video.timestamps)))
