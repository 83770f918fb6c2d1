"""Warns of what is unusual in sound videos and features, in `build` and in `check` alike."""

import collections
import statistics

import numpy as np

from data_prep.datasets.sample import Sample, Source
from data_prep.records.encoding import EncodedVideo
from scoringnet_tf.data.images import first_number
from scoringnet_tf.data.preprocessing import ASPECT_TOLERANCE, RATE_TOLERANCE, StoredForm
from scoringnet_tf.data.records import UNLABELLED
from scoringnet_tf.sports import SCORES, SHORTEST, get_sport, in_order
from scoringnet_tf.support.messages import Remark, counted, shown

LEAST_FILES = 3  # of two files nothing says which one is unusual
LEAST_DECADES, DEVIATIONS = 2.5, 6.0  # a file is of another scale that far from the median, and beyond the usual spread
TOO_SHORT = f"fewer than the {SHORTEST} frames that a model needs; maybe seconds were given as frames."
UNEVEN = "the frames are not evenly spaced in time. Convert such videos to a constant frame rate first."
LATE = "the images are numbered from this one on, which counts as frame 0 of the stage labels."
UNORDERED = "the stages are not in order, or one occurs twice. train --decoding=ordered cannot agree with them."
OTHER_SCALE = "the largest number is of another scale than in the other files; maybe outliers or another unit."


class Warnings:
    """Collects what is unusual, one video after the other.

    Args:
        source: has the videos.
        stored: how frames are stored; without an aspect if `build` has yet to choose one.
    """

    def __init__(self, source: Source, stored: StoredForm) -> None:
        self._source, self._stored = source, stored
        self._stage_names = get_sport(source.sport).stages if source.sport else ()
        self._videos: dict[tuple[str, str], list[str]] = collections.defaultdict(list)  # {(code, message): names}
        self._aspects: dict[str, list[str]] = collections.defaultdict(list)
        self._rates: dict[float, list[str]] = collections.defaultdict(list)
        self._largest: dict[str, float] = {}  # {features: largest absolute value}

    def add(self, sample: Sample, video: EncodedVideo, stages: np.ndarray | None) -> None:
        """Looks at a video.

        Args:
            sample: its row.
            video: its frames or features.
            stages: of every frame, int (L,); None if unknown.
        """
        name = sample.video_id
        self._rates[float(f"{video.fps:.6g}")].append(name)
        for warning in video.warnings:
            self._videos[getattr(warning, "code", ""), warning].append(name)
        if video.features is None:
            self._add_frames(sample, video)
        else:
            self._largest[name] = float(np.abs(video.features).max())
        if stages is not None and not in_order(stages):
            self._videos["stages_unordered", UNORDERED].append(name)
        for stage in self._missing_stages(sample, stages):
            message = f"no frame is labelled {stage}, though the performance has a score."
            self._videos["missing_stage", message].append(name)

    def _add_frames(self, sample, video):
        name = sample.video_id
        self._aspects[f"{video.aspect:.3g}:1"].append(name)
        if len(video) < SHORTEST:
            self._videos["too_short", TOO_SHORT].append(f"{name} ({len(video)})")
        if not _is_even(video):
            self._videos["uneven_frames", UNEVEN].append(name)
        if (first := _first_number(sample)) > 1:
            self._videos["images_start_late", LATE].append(f"{name} ({first})")

    def _missing_stages(self, sample, stages):
        """The stages that no frame of a scored and completely labelled performance shows."""
        has_score = any(getattr(sample, score) is not None for score in SCORES)
        if not (has_score and sample.segments and stages is not None) or UNLABELLED in stages:
            return []
        return [name for index, name in enumerate(self._stage_names) if index and index not in stages]

    def remarks(self) -> list[Remark]:
        """All warnings, one for each kind."""
        videos = {**self._videos, **self._other_scales()}
        of_videos = [Remark(code, f"{shown(names)}: {message}") for (code, message), names in videos.items()]
        return [*self._other_aspects(), *self._other_rates(), *of_videos]

    def _other_aspects(self):
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

    def _other_rates(self):
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

    def _videos_of(self, rates):
        return "; ".join(f"{rate:.4g} in {shown(self._rates[rate])}" for rate in rates)

    def _other_scales(self):
        """Features whose largest number is far from that of the others; files of zeros do not count."""
        decades = {name: np.log10(largest) for name, largest in self._largest.items() if largest}
        if len(decades) < LEAST_FILES:
            return {}
        median = statistics.median(decades.values())
        distances = {name: abs(value - median) for name, value in decades.items()}
        limit = max(LEAST_DECADES, DEVIATIONS * statistics.median(distances.values()))
        odd = [name for name, distance in distances.items() if distance > limit]
        names = [f"{name} ({10 ** (decades[name] - median):.2g} times)" for name in odd]
        return {("other_scale", OTHER_SCALE): names} if names else {}


def _alike(rate, other):
    return max(rate, other) / min(rate, other) - 1 <= RATE_TOLERANCE


def _first_number(sample):
    """The number of the first image of a folder if stage labels count from it, else 0."""
    counts_from_it = sample.segments and sample.num_frames is None and sample.frames is None
    return first_number(sample.path) if counts_from_it and sample.path.is_dir() else 0


def _is_even(encoded):
    """Whether sampling a video at its own rate, as `predict` does, gives each frame once."""
    video = encoded.as_video()
    return np.array_equal(video.samples(video.fps), np.arange(len(video.timestamps)))
