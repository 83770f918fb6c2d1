"""What is odd of videos in which nothing is wrong: `check` says it as `build` does. Notes, by the ids of the videos.

Of rows that `build` may keep in spite of a problem `build` alone says it.
"""

import collections
import statistics

import numpy as np

from data_prep.datasets.sample import Sample, Source
from data_prep.records.encoding import EncodedVideo
from data_prep.records.feature_oddities import FeatureOddities
from data_prep.records.joints import SourceJoints
from scoringnet_tf.data.preprocessing import ASPECT_TOLERANCE, RATE_TOLERANCE, StoredForm
from scoringnet_tf.data.records import UNLABELLED
from scoringnet_tf.data.video import first_number
from scoringnet_tf.sports import SCORES, SHORTEST, get_sport, in_order
from scoringnet_tf.support.messages import counted, shown

LEAST_EQUAL = 3  # videos of one score: two may have it by chance


class Oddities:
    """Sees one video after another, and tells what to know of them before a model is trained.

    Args:
        source: whose videos.
        stored: how frames are stored; without an aspect where `build` has yet to choose one.
        joints: of the videos; None where there are none.
    """

    def __init__(self, source: Source, stored: StoredForm, joints: SourceJoints | None = None) -> None:
        self._source, self._stored, self._joints = source, stored, joints
        self._stage_names = get_sport(source.sport).stages if source.sport else ()
        self._warnings: dict[str, list[str]] = collections.defaultdict(list)
        self._of_aspect: dict[str, list[str]] = collections.defaultdict(list)
        self._of_rate: dict[float, list[str]] = collections.defaultdict(list)
        self._without_stage: dict[str, list[str]] = collections.defaultdict(list)
        self._features = FeatureOddities()
        self._splits: set[str] = set()
        self._scores: dict[tuple[str, str], list[float]] = collections.defaultdict(list)
        self._uneven: list[str] = []
        self._short: list[str] = []
        self._unordered: list[str] = []
        self._begun_later: list[str] = []
        self._joints_elsewhere: list[str] = []

    def see(self, sample: Sample, video: EncodedVideo, stages: np.ndarray | None) -> None:
        """Looks at a video that is written.

        Args:
            sample: its row.
            video: its frames or features.
            stages: of every frame, int (L,); None where none are known.
        """
        name = sample.video_id
        self._splits.add(sample.split)
        for score in SCORES:
            if (value := getattr(sample, score)) is not None:
                self._scores[sample.split, score].append(value)
        self._of_rate[float(f"{video.fps:.6g}")].append(name)
        for warning in video.warnings:
            self._warnings[warning].append(name)
        if not self._source.has_features:
            self._of_aspect[f"{video.aspect:.3g}:1"].append(name)
            if len(video) < SHORTEST:
                self._short.append(f"{name} ({len(video)})")
            if not _is_even(video):
                self._uneven.append(name)
            if (first := _first_number(sample)) > 1:
                self._begun_later.append(f"{name} ({first})")
        elif video.features is not None:
            is_known = video.origin is not None or sample.num_frames is not None
            self._features.see(name, video.features, is_known)
        if self._joints and self._joints.are_elsewhere(sample, video.source_size):
            self._joints_elsewhere.append(name)
        if stages is not None and not in_order(stages):
            self._unordered.append(name)
        for stage in self._lacking(sample, stages):
            self._without_stage[stage].append(name)

    def _lacking(self, sample, stages):
        """Stages of the sport that no frame shows of a performance that has a score, and a stage in every frame."""
        has_score = any(getattr(sample, score) is not None for score in SCORES)
        if not (has_score and sample.segments and stages is not None) or UNLABELLED in stages:
            return []
        return [name for index, name in enumerate(self._stage_names) if index and index not in stages]

    def notes(self) -> list[str]:
        """All of it, a line for each kind."""
        return [
            *(f"{shown(names)}: {warning}" for warning, names in self._warnings.items()),
            *self._aspects(),
            *self._rates(),
            *self._rates_of_labels(),
            *self._features.notes(),
            *self._equal_scores(),
            *self._without_test(),
            *_told(
                self._short, f"fewer than the {SHORTEST} frames that a model needs; maybe seconds were given as frames"
            ),
            # Records keep them all, `predict` goes by the clock.
            *_told(
                self._uneven,
                "the frames are not evenly spaced in time, and records keep all of them; predict leaves some out and "
                "repeats others. Bring such videos to a constant frame rate first",
            ),
            *_told(
                self._begun_later,
                "images are numbered from this one on, which is taken for frame 0 of the stage labels; where the ones "
                "before it are missing, all stages are late",
            ),
            *_told(
                self._joints_elsewhere,
                "most joints lie outside the frames, or all in one pixel; maybe they are in other units",
            ),
            # The model's decoding takes them for one performance.
            *_told(
                self._unordered,
                "stages are not in the order of the sport, or one is there twice: what is decoded in order (train "
                "--decoding=ordered) cannot agree with them",
            ),
            *(
                f"{shown(names)}: no frame is labelled {stage}, though the performance has a score."
                for stage, names in self._without_stage.items()
            ),
        ]

    def _aspects(self):
        total = counted(sum(map(len, self._of_aspect.values())), "video")
        of_aspect = sorted((float(said.removesuffix(":1")), said, names) for said, names in self._of_aspect.items())
        if self._stored.aspect is None:
            if not of_aspect or of_aspect[-1][0] / of_aspect[0][0] - 1 <= ASPECT_TOLERANCE:
                return []
            found = ", ".join(f"{said} ({len(names)})" for _, said, names in of_aspect)
            return [f"Pictures of {total} are {found}; build brings all to one, see --aspect and --fit."]
        departures = [(said, names, self._stored.departure(aspect)) for aspect, said, names in of_aspect]
        return [
            f"In {len(names)} of {total} pictures are {said}, the records {self._stored.aspect:.2f}:1: {departure}."
            for said, names, departure in departures
            if departure is not None
        ]

    def _rates(self):
        """A note where frame rates differ: records keep every frame, and a model is trained at one rate."""
        rates = sorted(self._of_rate)
        if not rates or _alike(rates[0], rates[-1]):
            return []
        found = "; ".join(f"{rate:.4g} of {shown(self._of_rate[rate])}" for rate in rates)
        median = statistics.median_low([rate for rate in rates for _ in self._of_rate[rate]])
        said = f"Videos have from {rates[0]:.4g} to {rates[-1]:.4g} frames/s, and records keep all frames"
        return [f"{said}: a model learns them as {median:.4g}. Bring them to one rate first. Frames/s: {found}."]

    def _rates_of_labels(self):
        """A note where stage labels count the frames of videos of another rate than these have."""
        labelled = self._source.label_rate
        others = {rate: names for rate, names in self._of_rate.items() if labelled and not _alike(rate, labelled)}
        if not others:
            return []
        found = "; ".join(f"{rate:.4g} of {shown(names)}" for rate, names in sorted(others.items()))
        return [f"The stage labels count frames of videos of {labelled:g} frames/s, these may have others: {found}."]

    def _equal_scores(self):
        """A note on scores that are the same in all videos of a split; dives may all be of one difficulty."""
        equal: dict[str, list[str]] = collections.defaultdict(list)
        for (split, score), values in self._scores.items():
            others = {(split, "execution"), (split, "final")} & self._scores.keys()
            if len(values) >= LEAST_EQUAL and len(set(values)) == 1 and (score != "difficulty" or not others):
                equal[score].append(f"{split} ({counted(len(values), 'video')}, {values[0]:g})")
        return [
            f"All {score} scores are equal in {', '.join(splits)}: there is no order to learn or to measure."
            for score, splits in equal.items()
        ]

    def _without_test(self):
        """A note where videos are to train on, and none to test on."""
        if "train" not in self._splits or "test" in self._splits or self._source.classes:
            return []
        return ["No video is in the split test: evaluate has none to measure on (data_prep split, --split_csv)."]


def _told(names, what):
    return [f"{shown(names)}: {what}."] if names else []


def _alike(rate, other):
    return max(rate, other) / min(rate, other) - 1 <= RATE_TOLERANCE


def _first_number(sample):
    """The number of the first image of a folder whose frames stage labels count from there; else 0."""
    counts_from_it = sample.segments and sample.num_frames is None and sample.frames is None
    return first_number(sample.path) if counts_from_it and sample.path.is_dir() else 0


def _is_even(encoded):
    """Whether a video's frames are what is seen of it at its own rate, each once: what `predict` would show a model."""
    video = encoded.as_video()
    return np.array_equal(video.samples(video.fps), np.arange(len(video.timestamps)))
