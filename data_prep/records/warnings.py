"""Warns of what is unusual in sound videos and features, in `build` and in `check` alike."""

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
LEAST_FILES = 3  # of two files nothing says which one is unusual
LEAST_DECADES, DEVIATIONS = 2.5, 6.0  # a file is of another scale that far from the median, and beyond the usual spread
LEAST_SIDE = 4  # steps, and features, from which on neighbours can be compared
SMOOTHER = 5.0  # along time neighbours are that many times more alike than along features
AGREEMENT, MORE = 0.8, 0.2  # along features, the means of files agree that much, and more than along time
TOO_SHORT = f"fewer than the {SHORTEST} frames that a model needs; maybe seconds were given as frames."
UNEVEN = "the frames are not evenly spaced in time. Convert such videos to a constant frame rate first."
LATE = "frame 0 of the stage labels is the image of this number. If earlier images are missing, all stages are late."
UNORDERED = "the stages are not in order, or one occurs twice. train --decoding=ordered cannot agree with them."
CONSTANT = "every step has the same numbers: there is nothing to learn of time. Was each frame of the video read?"
OTHER_SCALE = "the largest number is of another scale than in the other files; maybe outliers or another unit."


class Warnings:
    """Collects what is unusual, one video after the other; `stored` has no aspect if `build` has yet to choose one."""

    def __init__(self, source: Source, stored: StoredForm) -> None:
        self._source, self._stored = source, stored
        self._videos: dict[tuple[str, str], list[str]] = collections.defaultdict(list)  # {(code, message): names}
        self._aspects: dict[str, list[str]] = collections.defaultdict(list)
        self._rates: dict[float, list[str]] = collections.defaultdict(list)
        self._largest: dict[str, float] = {}  # {features: largest absolute value}
        self._axes = _Axes()
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
        else:
            self._largest[name] = float(np.abs(video.features).max())
            if len(video.features) > 1 and not np.ptp(video.features, axis=0).any():
                self._videos["constant_features", CONSTANT].append(name)
            self._axes.add(video.features, video.origin is not None or sample.num_frames is not None)
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
        videos = {**self._videos, **self._other_scales()}
        of_videos = [Remark(code, f"{shown(names)}: {message}") for (code, message), names in videos.items()]
        of_splits = [*self._equal_scores(), *self._no_test_split()]
        return [*self._other_aspects(), *self._other_rates(), *self._axes.remarks(), *of_splits, *of_videos]

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

    def _other_scales(self) -> dict[tuple[str, str], list[str]]:
        """Features whose largest number is far from the others'; all-zero files do not count."""
        decades = {name: np.log10(largest) for name, largest in self._largest.items() if largest}
        if len(decades) < LEAST_FILES:
            return {}
        median = statistics.median(decades.values())
        distances = {name: abs(value - median) for name, value in decades.items()}
        limit = max(LEAST_DECADES, DEVIATIONS * statistics.median(distances.values()))
        odd = [name for name, distance in distances.items() if distance > limit]
        names = [f"{name} ({10 ** (decades[name] - median):.2g} times)" for name in odd]
        return {("other_scale", OTHER_SCALE): names} if names else {}

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
        message = "No video is in the split test, so evaluate has nothing to measure (data_prep split, --split_csv)."
        return [Remark("no_test_split", message)]


class _Axes:
    """Features with one shape that are smooth along the second axis, not along time.

    Neighbouring channels of a spectrum are alike too, but each has the same level in all files.
    """

    def __init__(self) -> None:
        self._shapes: set[tuple[int, ...]] = set()
        self._roughness: list[float] = []
        self._are_known = False
        self._means, self._variances = [np.zeros(()), np.zeros(())], [0.0, 0.0]

    def add(self, features: np.ndarray, is_known: bool) -> None:
        """Looks at features (T, D); `is_known` if something else tells T or D."""
        values = features.astype(np.float64)
        self._shapes.add(values.shape)
        self._are_known |= is_known
        if self._are_known or len(self._shapes) > 1 or min(values.shape) < LEAST_SIDE:
            return
        along, across = (float(np.square(np.diff(values, axis=axis)).mean()) for axis in (0, 1))
        self._roughness.append(along / across if across else 0.0)
        for axis in (0, 1):
            profile = values.mean(axis=1 - axis)
            self._means[axis] = self._means[axis] + profile
            self._variances[axis] += profile.var()

    def remarks(self) -> list[Remark]:
        number = len(self._roughness)
        if self._are_known or len(self._shapes) != 1 or number < 2 or statistics.median(self._roughness) <= SMOOTHER:
            return []
        steps, channels = (
            (mean / number).var() / (variance / number) if variance else 0.0
            for mean, variance in zip(self._means, self._variances, strict=True)
        )
        if channels > max(AGREEMENT, steps + MORE):
            return []
        length, size = next(iter(self._shapes))
        message = (
            f"All {counted(number, 'file')} of features have {counted(length, 'step')} of {counted(size, 'number')}, "
            "which change less from number to number than from step to step; maybe time is their second axis. A column "
            "num_frames with the number of frames tells."
        )
        return [Remark("maybe_exchanged_axes", message)]


def _alike(rate: float, other: float) -> bool:
    return max(rate, other) / min(rate, other) - 1 <= RATE_TOLERANCE


def _is_even(encoded: EncodedVideo) -> bool:
    """Whether sampling a video at its own rate, as `predict` does, gives each frame once."""
    video = encoded.as_video()
    return np.array_equal(video.samples(video.fps), np.arange(len(video.timestamps)))
