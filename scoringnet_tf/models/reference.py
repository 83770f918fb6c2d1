"""What the training videos of a model were like, kept with it, so that it can tell what is unlike them.

A tower gives a number for anything. Whether it means something is told by the stages that were found, by how long they
last, by how sure KFS is of them (Hendrycks and Gimpel, ICLR 2017), and by how far the features of the performance lie
from those of training: the Mahalanobis distance (Lee et al., NeurIPS 2018), in a Gaussian of few axes and the same
deviation along all others (probabilistic PCA).
"""

import dataclasses
import zlib
from typing import Any

import keras
import numpy as np
from keras import ops

from scoringnet_tf.models.bank import Bank
from scoringnet_tf.models.decoding import StageDecision, first_argmax
from scoringnet_tf.models.intervals import Intervals
from scoringnet_tf.sports import SCORES, SHORTEST
from scoringnet_tf.sports.true_scores import RANGE_TOLERANCE

CHECKS = (
    "too_few_frames",
    "missing_stage",
    "stage_order",
    "stage_duration",
    "uncertain_stage",
    "unlike_training",
    "impossible_score",
)
LEAST_SHARE = 0.5  # of the frame rate, and of the size, of training: with less every other frame or pixel is made up
# A stage may last this much longer than the longest of training, or be shorter than the shortest by as much.
DURATION_SLACK = 1.5
# KFS may doubt a stage this much more than it does in the doubtful ones of training, and always a tenth.
DOUBT_SLACK = 1.5
SURE = 0.9
MAX_AXES = 16
VIDEOS_PER_AXIS = 8
FOLDS = 5
MOST_PERFORMANCES = 64  # of a video that are told apart; what follows counts as the last of them
MIN_VIDEOS = 4  # below that no deviation is worth anything
# The limit of distances: their mean and so many standard deviations, of logarithms, over videos that were left out.
LIMIT_DEVIATIONS = 3.0


@dataclasses.dataclass(frozen=True)
class Spread:
    """Where the features of training lie; D numbers for each video, K ≤ D axes.

    Attributes:
        mean: (D,).
        axes: (K, D), orthonormal, along which they vary most.
        deviations: (K,), their standard deviations along these.
        rest: standard deviation along each direction that is left.
        limit: distance beyond which a video is unlike them.
    """

    mean: list[float]
    axes: list[list[float]]
    deviations: list[float]
    rest: float
    limit: float = np.inf

    @classmethod
    def of(cls, features: np.ndarray) -> "Spread":
        """The spread of features (N, D); its limit is set on videos that were left out in turn (`FOLDS`)."""
        features = np.asarray(features, np.float64)
        numbers = np.arange(len(features)) % FOLDS
        left_out = [
            cls._fitted(features[numbers != fold]).distance(features[numbers == fold]) for fold in np.unique(numbers)
        ]
        logs = np.log(np.maximum(np.concatenate([ops.convert_to_numpy(part) for part in left_out]), 1e-6))
        limit = float(np.exp(logs.mean() + LIMIT_DEVIATIONS * logs.std()))
        return dataclasses.replace(cls._fitted(features), limit=_rounded(limit))

    @classmethod
    def _fitted(cls, features):
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
        """Mahalanobis distance (B,) of features (B, D)."""
        away, along = self._split(features)
        deviations = ops.convert_to_tensor(self.deviations, "float32")
        squares = ops.sum(ops.square(along / deviations), axis=1)
        left = ops.sum(ops.square(away), axis=1) - ops.sum(ops.square(along), axis=1)
        return ops.sqrt(squares + ops.maximum(left, 0.0) / self.rest**2)

    def coordinates(self, features: Any) -> np.ndarray:
        """Where features (B, D) lie along the axes, in standard deviations along each: float32 (B, K)."""
        _, along = self._split(features)
        return ops.convert_to_numpy(along) / np.asarray(self.deviations, np.float32)

    def _split(self, features):
        """How far features (B, D) are from the mean, (B, D), and of that along the axes, (B, K)."""
        away = ops.cast(features, "float32") - ops.convert_to_tensor(self.mean, "float32")
        return away, ops.matmul(away, ops.transpose(ops.convert_to_tensor(self.axes, "float32")))


@dataclasses.dataclass(frozen=True)
class Reference:
    """What N training videos of a model were like, see `inference.calibration`.

    Attributes:
        num_videos: N.
        data_hash: of their records.
        weights: checksum of the weights that saw them, see `checksum`: after further training it is out of date.
        durations: stage → the shortest and the longest, seconds.
        required: the stages that (nearly) all of them show.
        spread: of their features; None where there are too few of them, or nothing to compare.
        intervals: how far true scores of held-out videos lay from predicted ones; None of a reference that was measured
            before there were any.
        bank: some of the videos, to tell which are most alike; None where they were left out, or as before.
        certainty: stage → the mean probability of its frames that (nearly) all videos reach, see `certainties`; of none
            where nothing finds stages; None as before.
        num_steps: of features, the fewest and the most steps; None where stages tell lengths, and as before.
    """

    num_videos: int
    data_hash: str
    weights: int
    durations: dict[str, tuple[float, float]]
    required: tuple[str, ...]
    spread: Spread | None = None
    intervals: Intervals | None = None
    bank: Bank | None = None
    certainty: dict[str, float] | None = None
    num_steps: tuple[int, int] | None = None

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Reference":
        """The reference that `get_config` described; ValueError where it is none."""
        durations = {stage: (low, high) for stage, (low, high) in config["durations"].items()}
        parts = {"spread": Spread, "intervals": Intervals, "bank": Bank}
        made = {name: kind(**config[name]) if config.get(name) else None for name, kind in parts.items()}
        made["num_steps"] = tuple(config["num_steps"]) if config.get("num_steps") else None
        found = cls(**{**config, "durations": durations, "required": tuple(config["required"]), **made})
        if found.bank and found.spread and found.bank.num_axes != len(found.spread.axes):
            raise ValueError(f"expected {len(found.spread.axes)} coordinates a video, received {found.bank.num_axes}")
        return found

    def get_config(self) -> dict[str, Any]:
        """Plain values, as JSON has them."""
        config = dataclasses.asdict(self)
        durations = {stage: list(limits) for stage, limits in self.durations.items()}
        num_steps = self.num_steps and list(self.num_steps)
        return {**config, "durations": durations, "required": list(self.required), "num_steps": num_steps}

    def limits(self, stage: str, seen: bool = True) -> tuple[float, float]:
        """How short and how long a stage may be, seconds; of one that no tower has `seen`, as long as one waits."""
        shortest, longest = self.durations.get(stage, (0.0, np.inf))
        return shortest / DURATION_SLACK, longest * DURATION_SLACK if seen else np.inf

    def has_length(self, num_steps: int) -> bool:
        """Whether features of so many steps are as long as those of training can be; as far as that is known."""
        shortest, longest = self.num_steps or (0, np.inf)
        return bool(shortest / DURATION_SLACK <= num_steps <= longest * DURATION_SLACK)

    def least_certainty(self, stage: str, seen: bool = True) -> float:
        """The mean probability of its frames with which a stage counts as found; 0 for one that no tower has `seen`."""
        usual = (self.certainty or {}).get(stage, 0.0)
        return min(SURE, 1.0 - DOUBT_SLACK * (1.0 - usual)) if seen else 0.0


def checksum(model: Any) -> int:
    """Of the weights by which a `ScoringNet` sees and scores, as float32; seeds do not count."""
    value = 0
    for variable in _weights(model):
        value = zlib.crc32(ops.convert_to_numpy(ops.cast(variable, "float32")).tobytes(), value)
    return value


def _weights(model):
    # Not `model.variables`: a compiled model has one more, which belongs to the run (`TrainingFragments`).
    variables = [variable for name in model.networks for variable in getattr(model, name).variables]
    return [variable for variable in variables if "float" in keras.backend.standardize_dtype(variable.dtype)]


def can_be_measured(model: Any) -> bool:
    """Whether a `ScoringNet` sees something that can be compared, stages or features, and has learned to score it."""
    return (model.segmenter is not None or model.content == "features") and model.scores_learned


def is_current(model: Any) -> bool:
    """Whether the weights of a `ScoringNet` are those that its reference was measured with.

    Weights that were rounded to less than float32 since then cannot be told from others, and count as the same.
    """
    rounded = any(variable.dtype != "float32" for variable in _weights(model))
    return rounded or checksum(model) == model.reference.weights


def pooled(features: Any, labels: Any, mask: Any) -> Any:
    """Mean (B, D) of the features (B, L, D) of a performance: of all frames but noise, of these if there are no others.

    Args:
        features: (B, L, D).
        labels: int (B, L), the stage of every frame; None counts every frame.
        mask: bool (B, L), true for real frames.
    """
    member = mask if labels is None else ops.logical_and(labels > 0, mask)
    member = ops.where(ops.any(member, axis=1, keepdims=True), member, mask)
    weights = ops.cast(member, "float32")
    return ops.sum(ops.cast(features, "float32") * weights[..., None], axis=1) / ops.sum(weights, axis=1)[:, None]


def certainties(probabilities: Any, labels: Any, mask: Any) -> Any:
    """Mean probability, float32 (B, S − 1), of every stage but noise over the frames that carry it; 1 of one without.

    Args:
        probabilities: (B, L, S), of KFS.
        labels: int (B, L), the stage of every frame.
        mask: bool (B, L), true for real frames.
    """
    shown = ops.cast(_shown(labels, mask, probabilities.shape[-1]), "float32")
    counts = ops.sum(shown, axis=1)
    total = ops.sum(shown * ops.cast(probabilities[:, :, 1:], "float32"), axis=1)
    return ops.where(counts > 0, total / ops.maximum(counts, 1.0), 1.0)


def is_too_small(sizes: Any, image_size: tuple[int, int]) -> Any:
    """Whether pictures of sizes (B, 2), height and width as filmed, are too small for a model's: bool (B,)."""
    least = ops.convert_to_tensor([LEAST_SHARE * side for side in image_size], "float32")
    return ops.any(ops.cast(sizes, "float32") < least, axis=1)


def checks(
    model: Any, labels: Any, mask: Any, features: Any, probabilities: Any = None, frame_rate: float | None = None
) -> dict[str, Any]:
    """What speaks against a performance in each of B videos: key of `CHECKS` → bool (B,), of those that can be made.

    Args:
        model: `ScoringNet`.
        labels: int (B, L), the stage of every frame; None of a model without KFS.
        mask: bool (B, L), true for real frames.
        features: (B, L, D) of every frame, see `KeyFragmentSegmenter.with_features`; None where there are none.
        probabilities: (B, L, S) of KFS; None where there are none.
        frame_rate: of the frames, per second; None for that of training.
    """
    found, reference, frame_rate = {}, model.reference, frame_rate or model.frame_rate
    if model.content == "frames":
        found["too_few_frames"] = ops.sum(ops.cast(mask, "int32"), axis=1) < SHORTEST
    if labels is not None:
        counts, starts, firsts = _stages_found(labels, mask, model.sport.num_stages)
        names = model.sport.stages
        found["missing_stage"] = _lacks_a_stage(model, counts)
        found["stage_order"] = _out_of_order(counts, starts, firsts)
        if reference and frame_rate:
            found["stage_duration"] = _lasts_otherwise(model, counts, frame_rate)
        if reference and reference.certainty and probabilities is not None:
            seen = [name in model.seen_stages for name in names[1:]]
            least = np.array([[*map(reference.least_certainty, names[1:], seen)]], np.float32)
            found["uncertain_stage"] = ops.any(certainties(probabilities, labels, mask) < least, axis=1)
    if reference and reference.spread and features is not None:
        distance = reference.spread.distance(pooled(features, labels, mask))
        found["unlike_training"] = distance > reference.spread.limit
    return found


def shows_several(model: Any, probabilities: Any, mask: Any, frame_rate: float | None = None) -> Any:
    """Whether B videos show more than one whole performance, bool (B,), as `inference.performances` tells them apart.

    Args:
        model: `ScoringNet` with KFS.
        probabilities: (B, L, S) of KFS.
        mask: bool (B, L), true for real frames.
        frame_rate: as of `checks`.
    """
    labels, frame_rate = StageDecision("cyclic")(probabilities, mask), frame_rate or model.frame_rate
    first = ops.cast(labels == 1, "int32")
    begins = first * (1 - ops.pad(first, [[0, 0], [1, 0]])[:, :-1])
    number = ops.minimum(ops.cumsum(begins, axis=1), MOST_PERFORMANCES - 1)  # of the one that a frame is in
    of_each = ops.transpose(ops.one_hot(number, MOST_PERFORMANCES, dtype="float32"), (0, 2, 1))
    carrying = ops.cast(_shown(labels, mask, probabilities.shape[-1]), "float32")
    probable = ops.cast(first_argmax(probabilities) == labels, "float32")[:, :, None]
    # A stage that is the most probable in none of its frames is a way through to others, and not seen.
    counts = ops.where(ops.matmul(of_each, carrying * probable) > 0, ops.matmul(of_each, carrying), 0.0)
    counts = ops.reshape(counts, (-1, counts.shape[-1]))
    is_whole = ops.logical_and(ops.any(counts > 0, axis=1), ops.logical_not(_lacks_a_stage(model, counts)))
    if model.reference and frame_rate:
        is_whole = ops.logical_and(is_whole, ops.logical_not(_lasts_otherwise(model, counts, frame_rate)))
    return ops.sum(ops.reshape(ops.cast(is_whole, "int32"), (-1, MOST_PERFORMANCES)), axis=1) > 1


def impossible_scores(sport: Any, outputs: dict[str, Any]) -> dict[str, Any]:
    """Which predicted scores lie where none of the sport does: score → bool (B,), of those that there are.

    A tower's last layer is linear and knows no bounds; two decimals, with which scores are published, are allowed for.

    Args:
        sport: a `sports.Sport`.
        outputs: of SP, score → points (B,).
    """
    found = {}
    for score in SCORES:
        if score in outputs:
            (low, high), values = sport.range_of(score), outputs[score]
            within = ops.logical_and(values >= low - RANGE_TOLERANCE, values <= high + RANGE_TOLERANCE)
            found[score] = ops.logical_not(within)  # nor is it one if it is no number
    return found


def _lacks_a_stage(model, counts):
    """Whether a stage that a performance must have has no frame; counts (B, S − 1), of every stage but noise."""
    names, reference = model.sport.stages[1:], model.reference
    required = [name in (reference.required if reference else names) for name in names]
    return ops.any(ops.logical_and(counts == 0, ops.convert_to_tensor([required])), axis=1)


def _lasts_otherwise(model, counts, frame_rate):
    """Whether one of the stages that there are lasts longer or shorter than in training; counts (B, S − 1)."""
    names = model.sport.stages[1:]
    limits = np.transpose([model.reference.limits(name, name in model.seen_stages) for name in names]) * frame_rate
    frames = ops.cast(counts, "float32")
    outside = ops.logical_or(frames < limits[0].astype("float32"), frames > limits[1].astype("float32"))
    return ops.any(ops.logical_and(counts > 0, outside), axis=1)


def _shown(labels, mask, num_stages):
    """Which frames carry each stage but noise, bool (B, L, S − 1)."""
    stages = ops.arange(1, num_stages, dtype="int32")
    return ops.logical_and(ops.cast(labels, "int32")[:, :, None] == stages, mask[:, :, None])


def _stages_found(labels, mask, num_stages):
    """Of every stage but noise, int32 (B, S − 1) each: its frames, in how many pieces they are, the first of them."""
    shown = _shown(labels, mask, num_stages)
    before = ops.pad(shown[:, :-1], [[0, 0], [1, 0], [0, 0]])
    counts, starts = (
        ops.sum(ops.cast(each, "int32"), axis=1) for each in (shown, ops.logical_and(shown, ops.logical_not(before)))
    )
    return counts, starts, ops.cast(ops.argmax(ops.cast(shown, "int32"), axis=1), "int32")


def _out_of_order(counts, starts, firsts):
    """Whether a stage occurs twice, or one before another that it should follow; bool (B,). As `sports.in_order`."""
    found = ops.any(starts > 1, axis=1)
    latest = ops.full_like(firsts[:, 0], -1)
    for stage in range(firsts.shape[1]):
        shown = counts[:, stage] > 0
        found = ops.logical_or(found, ops.logical_and(shown, firsts[:, stage] < latest))
        latest = ops.where(shown, firsts[:, stage], latest)
    return found


def _rounded(values):
    """Six digits are enough, and make small files."""
    return np.array([float(f"{value:.6g}") for value in np.ravel(values)]).reshape(np.shape(values)).tolist()
