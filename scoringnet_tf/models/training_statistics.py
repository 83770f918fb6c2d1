"""A model's training and held-out videos in figures, kept with it: what is unlike them, how far it errs.

`inference.calibration` measures them, `inference.checks` compares videos with them.
"""

import dataclasses
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from scoringnet_tf.models.parameter_groups import STAGE_PARTS
from scoringnet_tf.models.settings import plain

LEVEL = 0.9  # of intervals
# A stage may last this much longer than the longest of training, or be shorter than the shortest by as much.
DURATION_SLACK = 1.5
# KFS may doubt a stage this much more than it does in the doubtful ones of training, and always a tenth.
DOUBT_SLACK = 1.5
SURE = 0.9
MAX_AXES = 16
VIDEOS_PER_AXIS = 8
FOLDS = 5
# The limit of distances: their mean and so many standard deviations, of logarithms, over videos that were left out.
LIMIT_DEVIATIONS = 3.0


@dataclasses.dataclass(frozen=True)
class Spread:
    """Where training's features lie: a Gaussian with few axes (probabilistic PCA; Lee et al., NeurIPS 2018).

    Attributes:
        mean: (D,).
        axes: (K, D), orthonormal, along which they vary most.
        deviations: (K,), standard deviations along these.
        rest: standard deviation along each other direction.
        limit: distance beyond which a video is unlike them.
    """

    mean: list[float]
    axes: list[list[float]]
    deviations: list[float]
    rest: float
    limit: float = np.inf

    @classmethod
    def of(cls, features: np.ndarray) -> "Spread":
        """Features' (N, D) spread; its limit is set on videos that were left out in turn (`FOLDS`)."""
        features = np.asarray(features, np.float64)
        numbers = np.arange(len(features)) % FOLDS
        left_out = [
            cls._fitted(features[numbers != fold]).distance(features[numbers == fold]) for fold in np.unique(numbers)
        ]
        logs = np.log(np.maximum(np.concatenate([ops.convert_to_numpy(part) for part in left_out]), 1e-6))
        limit = float(np.exp(logs.mean() + LIMIT_DEVIATIONS * logs.std()))
        return dataclasses.replace(cls._fitted(features), limit=_rounded(limit))

    @classmethod
    def _fitted(cls, features: np.ndarray) -> "Spread":
        count, size = features.shape
        mean = features.mean(axis=0)
        _, singular, axes = np.linalg.svd(features - mean, full_matrices=False)
        variances = singular**2 / max(count - 1, 1)
        kept = max(1, min(MAX_AXES, count // VIDEOS_PER_AXIS, size - 1))
        least = max(1e-6 * variances.sum(), 1e-12)  # what never varied in training may not decide alone
        rest = max(variances[kept:].sum() / max(size - kept, 1), least)
        deviations = np.sqrt(np.maximum(variances[:kept], rest))
        return cls(_rounded(mean), _rounded(axes[:kept]), _rounded(deviations), _rounded(np.sqrt(rest)))

    def distance(self, features: Any) -> Any:
        """Mahalanobis distance (B,) from features (B, D)."""
        away = ops.cast(features, "float32") - ops.convert_to_tensor(self.mean, "float32")
        along = ops.matmul(away, ops.transpose(ops.convert_to_tensor(self.axes, "float32")))  # (B, K)
        deviations = ops.convert_to_tensor(self.deviations, "float32")
        squares = ops.sum(ops.square(along / deviations), axis=1)
        left = ops.sum(ops.square(away), axis=1) - ops.sum(ops.square(along), axis=1)
        return ops.sqrt(squares + ops.maximum(left, 0.0) / self.rest**2)


# === Intervals ===


def rank(count: int, level: float = LEVEL) -> int:
    """Which of `count` errors, in rising order from 1, is the half width; above `count` if they are too few."""
    return math.ceil(round((count + 1) * level, 9))  # 30 · 0.9 is not to be 27.000000000000004


def half_width(errors: np.ndarray, level: float = LEVEL) -> float:
    """An interval's half width for a further video; infinite if there are too few finite errors, (n,)."""
    chosen = rank(len(errors), level)
    return float(np.sort(np.abs(errors))[chosen - 1]) if chosen <= len(errors) else math.inf


@dataclasses.dataclass(frozen=True)
class Intervals:
    """The split-conformal intervals that a model states (Lei et al., JASA 2018, algorithm 2).

    Attributes:
        level: probability that the true score of a further video lies within.
        half_widths: score → points, for those scores that have an interval.
        num_videos: score → n, held-out videos with a known true score.
        split, data_hash: the records with these videos; empty if there were none.
        lacking: why a score has no interval, a sentence; empty if all have one.
        shown: a fingerprint of each video (`dataset_info.shown`), to recognise it under other ids.
    """

    level: float
    half_widths: Mapping[str, float]
    num_videos: Mapping[str, int]
    split: str = ""
    data_hash: str = ""
    lacking: str = ""
    shown: Sequence[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        """ValueError if these are no intervals, in a configuration from elsewhere."""
        widths = list(self.half_widths.values())
        if not 0 < self.level < 1 or not all(0 <= width < math.inf for width in widths):
            raise ValueError(f"Intervals need a level below 1 and half widths, not {self.level} and {widths}.")

    @classmethod
    def none(cls, why: str) -> "Intervals":
        """There are none, for this reason."""
        return cls(LEVEL, {}, {}, lacking=why)

    @classmethod
    def measured(
        cls,
        truth: Mapping[str, np.ndarray],
        predicted: Mapping[str, np.ndarray],
        split: str,
        data_hash: str,
        shown: Sequence[str] = (),
    ) -> "Intervals":
        """By V held-out videos: score → (V,), points; NaN in the truth is unknown."""
        widths, counts, few = {}, {}, []
        for score, values in predicted.items():
            errors = np.subtract(values, truth[score])[~np.isnan(truth[score])]
            width = half_width(np.where(np.isfinite(errors), errors, np.inf))  # what is no number is no small error
            counts[score] = len(errors)
            if math.isfinite(width):
                widths[score] = width
            else:
                few.append(f"{len(errors)} of {score}")
        least = math.ceil(round(LEVEL / (1 - LEVEL), 9))
        lacking = f"An interval needs {least} held-out videos whose truth is known; there are {', '.join(few)}."
        return cls(LEVEL, widths, counts, split, data_hash, lacking if few else "", [*shown])

    def around(self, score: str, value: float, within: Sequence[float]) -> tuple[float, float] | None:
        """(lower, upper) end of the interval around a predicted value, inside (lowest, highest) `within`, in points."""
        width = self.half_widths.get(score)
        if width is None or not math.isfinite(value):
            return None
        lowest, highest = within
        return min(max(value - width, lowest), highest), min(max(value + width, lowest), highest)


@dataclasses.dataclass(frozen=True)
class TrainingStatistics:
    """A model's training videos in figures. What a model measured before it existed is None.

    Attributes:
        num_videos: how many.
        data_hash: their records'.
        weights: `checksum` of the weights that saw them; after further training the statistics are stale.
        durations: stage → the shortest and the longest, seconds.
        required: the stages that (nearly) all show.
        spread: their features'; None if there are too few, or nothing to compare.
        intervals, times: how far held-out videos' scores, moments and durations lay from predicted ones.
        certainty: stage → the mean probability that (nearly) all videos reach, see `certainties`.
        num_steps: the fewest and the most feature steps, without stages.
    """

    num_videos: int
    data_hash: str
    weights: int
    durations: dict[str, tuple[float, float]]
    required: tuple[str, ...]
    spread: Spread | None = None
    intervals: Intervals | None = None
    certainty: dict[str, float] | None = None
    num_steps: tuple[int, int] | None = None
    times: Intervals | None = None

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TrainingStatistics":
        """The statistics that `get_config` described; ValueError if these are none."""
        durations = {stage: (low, high) for stage, (low, high) in config["durations"].items()}
        made: dict[str, Any] = {"num_steps": tuple(config["num_steps"]) if config.get("num_steps") else None}
        for name, kind in {"spread": Spread, "intervals": Intervals, "times": Intervals}.items():
            made[name] = kind(**config[name]) if config.get(name) else None
        return cls(**{**config, "durations": durations, "required": tuple(config["required"]), **made})

    def get_config(self) -> dict[str, Any]:
        """Plain values, as JSON has them."""
        return plain(dataclasses.asdict(self))

    def limits(self, stage: str, seen: bool = True) -> tuple[float, float]:
        """How short and how long a stage may be, seconds; one that no tower has `seen` may last however long."""
        shortest, longest = self.durations.get(stage, (0.0, np.inf))
        return shortest / DURATION_SLACK, longest * DURATION_SLACK if seen else np.inf

    def has_length(self, num_steps: int) -> bool:
        """Whether features can be so long, by training's; True if that is unknown."""
        shortest, longest = self.num_steps or (0, np.inf)
        return bool(shortest / DURATION_SLACK <= num_steps <= longest * DURATION_SLACK)

    def least_certainty(self, stage: str, seen: bool = True) -> float:
        """The mean probability with which a stage counts as found; 0 for one that no tower has `seen`."""
        usual = (self.certainty or {}).get(stage, 0.0)
        return min(SURE, 1.0 - DOUBT_SLACK * (1.0 - usual)) if seen else 0.0


# === Of a model's weights and of what it sees ===


def checksum(model: keras.Model) -> int:
    """A checksum over the weights by which a `ScoringNet` sees and scores, as float32; seeds do not count."""
    value = 0
    for variable in _weights(model):
        value = zlib.crc32(ops.convert_to_numpy(ops.cast(variable, "float32")).tobytes(), value)
    return value


def _weights(model: keras.Model) -> list[Any]:
    # Not `model.variables`: a compiled model has one more, which belongs to the run (`TrainingFragments`).
    variables = [variable for name in model.networks for variable in getattr(model, name).variables]
    return [variable for variable in variables if "float" in keras.backend.standardize_dtype(variable.dtype)]


def can_be_measured(model: keras.Model) -> bool:
    """Whether a `ScoringNet` has learned stages that can be compared, or without KFS scores of features."""
    if model.segmenter is None:
        return model.encoded == "features" and model.scores_learned
    return not {*STAGE_PARTS} & {*model.unlearned_parts}


def is_current(model: keras.Model) -> bool:
    """Whether a `ScoringNet`'s weights are those that its statistics were measured with.

    Weights that were rounded to less than float32 since then cannot be told from others, and count as the same.
    """
    rounded = any(variable.dtype != "float32" for variable in _weights(model))
    return rounded or checksum(model) == model.reference.weights


def pooled(features: Any, labels: Any, mask: Any) -> Any:
    """A performance's mean features, (B, L, D) → (B, D): over all frames but noise, or all if all are noise.

    Labels int (B, L) are every frame's stage, None counts all; mask bool (B, L) is true for real frames.
    """
    member = mask if labels is None else ops.logical_and(labels > 0, mask)
    member = ops.where(ops.any(member, axis=1, keepdims=True), member, mask)
    weights = ops.cast(member, "float32")
    return ops.sum(ops.cast(features, "float32") * weights[..., None], axis=1) / ops.sum(weights, axis=1)[:, None]


def stage_frames(labels: Any, mask: Any, num_stages: int) -> Any:
    """Which frames carry each stage but noise, bool (B, L, S − 1)."""
    stages = ops.arange(1, num_stages, dtype="int32")
    return ops.logical_and(ops.cast(labels, "int32")[:, :, None] == stages, mask[:, :, None])


def certainties(probabilities: Any, labels: Any, mask: Any) -> Any:
    """Every stage's mean probability over its frames, float32 (B, S − 1), without noise; 1 for one without frames.

    A low one is doubt (Hendrycks and Gimpel, ICLR 2017). Probabilities are (B, L, S), labels and mask (B, L).
    """
    carrying = ops.cast(stage_frames(labels, mask, probabilities.shape[-1]), "float32")
    counts = ops.sum(carrying, axis=1)
    total = ops.sum(carrying * ops.cast(probabilities[:, :, 1:], "float32"), axis=1)
    return ops.where(counts > 0, total / ops.maximum(counts, 1.0), 1.0)


def _rounded(values: Any) -> Any:
    """Six digits are enough, and make small files."""
    return np.array([float(f"{value:.6g}") for value in np.ravel(values)]).reshape(np.shape(values)).tolist()
