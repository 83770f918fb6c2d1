"""Checks: why a score is withheld, and what its reader must know.

A tower gives a number for anything. `checks`, `shows_several`, `impossible_scores` and `is_too_small` take batches and
run in exported models, too; `Checks` makes all checks for one video, in words. docs/serving.md lists the codes.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from scoringnet_tf.data.dataset_info import described_pixels
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE
from scoringnet_tf.inference.recognition import RECOGNISED, looks_like, recognition
from scoringnet_tf.models.decoding import StageDecision, first_argmax
from scoringnet_tf.models.training_statistics import (
    Intervals,
    can_be_measured,
    certainties,
    is_current,
    pooled,
    stage_frames,
)
from scoringnet_tf.sports import SCORES, SHORTEST, Sport
from scoringnet_tf.sports.true_scores import RANGE_TOLERANCE
from scoringnet_tf.support.messages import Remark, counted

if TYPE_CHECKING:
    from scoringnet_tf.data.video import Video
    from scoringnet_tf.models.scoring_net import ScoringNet

CHECKS = (
    "not_recognised",
    "too_few_frames",
    "missing_stage",
    "stage_order",
    "stage_duration",
    "uncertain_stage",
    "unlike_training",
    "impossible_score",
)
REASONS = (*CHECKS, "several_performances", "picture_too_small")  # that an exported model gives, in this order
REMEDIES = {  # what a user can do about each; nothing helps against `impossible_score`
    "not_recognised": "Film closer, and show all of it.",
    "too_few_frames": "Show the whole performance.",
    "missing_stage": "Show the performance from start to end, and film closer.",
    "stage_order": "Show one athlete, without replays and cuts.",
    "stage_duration": "Show it in normal time, without cuts.",
    "uncertain_stage": "Film closer, with one athlete in the picture.",
    "unlike_training": "Film from the side and closer, with one athlete in the picture.",
}
LEAST_SHARE = 0.5  # of the frame rate and size of training: with less every other frame or pixel is made up
LEAST_SHARE_OF_TIMES = 0.4  # of the frame rate, if nothing but times is asked for: 10 frames/s for 25
MOST_PERFORMANCES = 64  # of a video that are told apart; what follows counts as the last of them
MOST_MIXED = 4  # samples of the same two frames: at 25 frames/s all gaps above 0.2 s have more, and none below 0.16 s
FAR = 0.75  # of the distance beyond which a performance is unlike those of training
NOT_MEASURED = "They were not measured."
CALIBRATE = " Run: python -m scoringnet_tf.calibrate."

# === Batches of videos, in the graph of an exported model, too ===


def checks(
    model: Any, labels: Any, mask: Any, features: Any, probabilities: Any = None, frame_rate: float | None = None
) -> dict[str, Any]:
    """What speaks against a performance in each of B videos: key of `CHECKS` → bool (B,), of those that can be made.

    Args:
        model: `ScoringNet`.
        labels: int (B, L), the stage of every frame; None of a model without KFS.
        mask: bool (B, L), true for real frames.
        features: (B, L, D) of every frame, see `KeyFragmentSegmenter.with_features`; None if there are none.
        probabilities: (B, L, S) of KFS; None if there are none.
        frame_rate: of the frames, per second; None for that of training.
    """
    against, statistics, frame_rate = {}, model.reference, frame_rate or model.frame_rate
    if model.recognised:
        against["not_recognised"] = recognition(model, features, labels, mask) < RECOGNISED
    if model.content == "frames":
        against["too_few_frames"] = ops.sum(ops.cast(mask, "int32"), axis=1) < SHORTEST
    if labels is not None:
        counts, starts, firsts = _stage_counts(labels, mask, model.sport.num_stages)
        against["missing_stage"] = ops.any(_missing(model, counts), axis=1)
        against["stage_order"] = _out_of_order(counts, starts, firsts)
        if statistics and frame_rate:
            against["stage_duration"] = ops.any(_lasts_otherwise(model, counts, frame_rate), axis=1)
        if statistics and statistics.certainty and probabilities is not None:
            against["uncertain_stage"] = ops.any(_uncertain(model, certainties(probabilities, labels, mask)), axis=1)
    if statistics and statistics.spread and features is not None and not model.recognised:
        distance = statistics.spread.distance(pooled(features, labels, mask))
        against["unlike_training"] = distance > statistics.spread.limit
    return against


def shows_several(model: Any, probabilities: Any, mask: Any, frame_rate: float | None = None) -> Any:
    """Whether B videos show more than one whole performance, bool (B,), as `inference.stages` tells them apart.

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
    carrying = ops.cast(stage_frames(labels, mask, probabilities.shape[-1]), "float32")
    probable = ops.cast(first_argmax(probabilities) == labels, "float32")[:, :, None]
    # A stage that is the most probable in none of its frames is a way through to others, and not seen.
    counts = ops.where(ops.matmul(of_each, carrying * probable) > 0, ops.matmul(of_each, carrying), 0.0)
    whole = _is_whole(model, ops.reshape(counts, (-1, counts.shape[-1])), frame_rate)
    return ops.sum(ops.reshape(ops.cast(whole, "int32"), (-1, MOST_PERFORMANCES)), axis=1) > 1


def moment_frames(sport: Any, labels: Any, mask: Any) -> Any:
    """The frames of a sport's M moments in B videos, int32 (B, M); −1 of one that is not shown, as of `stage_edges`.

    Args:
        sport: with moments.
        labels: int (B, L), the stage of every frame.
        mask: bool (B, L), true for real frames.
    """
    counts, starts, firsts = _stage_counts(labels, mask, sport.num_stages)
    lengths, frames = ops.sum(ops.cast(mask, "int32"), axis=1), []
    for _, stage, at_end in sport.moments:
        number = sport.stages.index(stage) - 1
        frame = firsts[:, number] + int(at_end) * counts[:, number]
        inside = ops.logical_and(frame > 0, frame < lengths)
        frames.append(ops.where(ops.logical_and(starts[:, number] == 1, inside), frame, -1))
    return ops.stack(frames, axis=1)


def impossible_scores(sport: Any, outputs: dict[str, Any]) -> dict[str, Any]:
    """Which predicted scores, points (B,), are out of the sport's range: score → bool (B,).

    Two decimals, with which scores are published, are allowed for.
    """
    impossible = {}
    for score in SCORES:
        if score in outputs:
            (low, high), values = sport.range_of(score), outputs[score]
            within = ops.logical_and(values >= low - RANGE_TOLERANCE, values <= high + RANGE_TOLERANCE)
            impossible[score] = ops.logical_not(within)  # nor is it one if it is no number
    return impossible


def is_too_small(sizes: Any, image_size: tuple[int, int]) -> Any:
    """Whether pictures of sizes (B, 2), height and width as filmed, are too small for a model's: bool (B,)."""
    least = ops.convert_to_tensor([LEAST_SHARE * side for side in image_size], "float32")
    return ops.any(ops.cast(sizes, "float32") < least, axis=1)


def _stage_counts(labels, mask, num_stages):
    """Frames, pieces and first frame of every stage but noise, int32 (B, S − 1) each."""
    carrying = stage_frames(labels, mask, num_stages)
    starting = ops.logical_and(carrying, ops.logical_not(ops.pad(carrying[:, :-1], [[0, 0], [1, 0], [0, 0]])))
    counts, starts = (ops.sum(ops.cast(each, "int32"), axis=1) for each in (carrying, starting))
    return counts, starts, ops.cast(ops.argmax(ops.cast(carrying, "int32"), axis=1), "int32")


def _missing(model, counts):
    """Which required stages have no frame, bool (B, S − 1); `counts` (B, S − 1) are the frames of each."""
    names, statistics = model.sport.stages[1:], model.reference
    required = [name in (statistics.required if statistics else names) for name in names]
    return ops.logical_and(counts == 0, ops.convert_to_tensor([required]))


def _lasts_otherwise(model, counts, frame_rate):
    """Which stages last longer or shorter than in training, bool (B, S − 1)."""
    names = model.sport.stages[1:]
    limits = np.transpose([model.reference.limits(name, name in model.seen_stages) for name in names]) * frame_rate
    frames = ops.cast(counts, "float32")
    outside = ops.logical_or(frames < limits[0].astype("float32"), frames > limits[1].astype("float32"))
    return ops.logical_and(counts > 0, outside)


def _uncertain(model, probabilities):
    """Which stages have a lower mean probability, (B, S − 1), than in training."""
    names = model.sport.stages[1:]
    least = [model.reference.least_certainty(name, name in model.seen_stages) for name in names]
    return probabilities < np.array([least], np.float32)


def _is_whole(model, counts, frame_rate):
    """Whether frames of stages (B, S − 1) are those of a whole performance, bool (B,)."""
    against = _missing(model, counts)
    if model.reference and frame_rate:
        against = ops.logical_or(against, _lasts_otherwise(model, counts, frame_rate))
    return ops.logical_and(ops.any(counts > 0, axis=1), ops.logical_not(ops.any(against, axis=1)))


def _out_of_order(counts, starts, firsts):
    """Whether a stage occurs twice, or before one that it should follow; bool (B,). As `sports.in_order`."""
    wrong = ops.any(starts > 1, axis=1)
    latest = ops.full_like(firsts[:, 0], -1)
    for stage in range(firsts.shape[1]):
        present = counts[:, stage] > 0
        wrong = ops.logical_or(wrong, ops.logical_and(present, firsts[:, stage] < latest))
        latest = ops.where(present, firsts[:, stage], latest)
    return wrong


# === One video ===


@dataclasses.dataclass(frozen=True)
class Observation:
    """What a model sees of one performance.

    Attributes:
        video: in which it is.
        samples: (K,) of `Video.samples`, those in which its stages were looked for.
        frame_rate: of the samples, per second.
        labels: int (K,), the stage of each; None of a model without KFS.
        probabilities: (K, S) of KFS; None of a model without.
        features: (K, D); None if there is nothing to compare.
    """

    video: "Video"
    samples: np.ndarray
    frame_rate: float
    labels: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    features: np.ndarray | None = None

    @property
    def shown(self) -> np.ndarray:
        """The samples from the first to the last of a stage; all if none is of a stage."""
        staged = np.flatnonzero(self.labels if self.labels is not None else [])
        return self.samples[staged[0] : staged[-1] + 1] if len(staged) else self.samples

    @property
    def batch(self) -> dict[str, Any]:
        """`labels`, `mask`, `features` and `probabilities` of a batch of one."""
        values = {"labels": self.labels, "features": self.features, "probabilities": self.probabilities}
        batch = {name: None if value is None else value[np.newaxis] for name, value in values.items()}
        return {**batch, "mask": np.ones((1, len(self.samples)), bool)}


def is_whole(model: "ScoringNet", labels: np.ndarray, frame_rate: float) -> bool:
    """Whether labels in order, int (L,), have all stages of a performance, each of a possible length."""
    counts = np.bincount(labels, minlength=model.sport.num_stages)[np.newaxis, 1:]
    return bool(np.asarray(_is_whole(model, counts, frame_rate))[0])


class Checks:
    """All checks of the videos that a `ScoringNet` scores."""

    def __init__(self, model: "ScoringNet") -> None:
        self.against_scores = against_scores(model)
        self.gives_scores = "scores_not_learned" not in [reason.code for reason in self.against_scores]
        # Of whatever it sees. Without scores nobody misses intervals; what the backbone recognises needs no distance.
        needless = {"no_intervals"} if self.against_scores else set()
        needless |= {"no_reference", "no_distance"} if model.recognised else set()
        self.doubts = [each for each in doubts(model) if each.code not in needless]
        self._model, self._intervals, self._times = model, stated_intervals(model), stated_intervals(model, "times")

    @property
    def level(self) -> float | None:
        """The probability with which an interval holds the true score; None of a model without intervals."""
        has_intervals = self._intervals.half_widths and not self.against_scores
        return self._intervals.level if has_intervals else None

    def of_video(self, video: "Video") -> list[Remark]:
        """Why nothing in a video can be scored: `frame_rate_too_low`, `picture_too_small`."""
        return [*self._too_slow(video.fps), *self._too_small(video.sizes, np.all)]

    def of_performance(self, seen: Observation) -> list[Remark]:
        """Why a performance has no score: its frames, or else its stages and features (`CHECKS`)."""
        if reasons := self._of_frames(seen):
            return reasons
        model, batch = self._model, seen.batch
        against = checks(model, **batch, frame_rate=seen.frame_rate)
        codes = [code for code in CHECKS if code in against and np.asarray(against[code])[0]]
        if "not_recognised" in codes:  # then its stages and scores mean nothing
            codes = ["not_recognised"]
        return [Remark(code, f"{_sentence(code, model, seen, batch)} {REMEDIES[code]}") for code in codes]

    def of_scores(self, outputs: Mapping[str, Any]) -> list[Remark]:
        """Why the outputs of SP for one performance are no scores: `impossible_score`; none if there are none."""
        sport, wrong = self._model.sport, []
        for score, value in impossible_scores(sport, dict(outputs)).items():
            if np.asarray(value)[0]:
                low, high = sport.range_of(score)
                wrong.append(f"{score} would be {float(outputs[score][0]):.4g}, the sport has {low:g} to {high:g}")
        return [Remark("impossible_score", f"The scores are out of range: {'; '.join(wrong)}.")] if wrong else []

    def warnings(self, seen: Observation, first: int, empty_fragments: Iterable[bool]) -> list[Remark]:
        """What the reader of a performance's scores must know.

        Args:
            seen: of it.
            first: of the frames that the model saw of the video, the one that it begins with.
            empty_fragments: of each tower, whether KFS found no frame for it.
        """
        warnings = [
            Remark("empty_fragment", f"No key fragment was found for {score}. It was scored on the whole video.")
            for score, is_empty in zip(self._model.scores, empty_fragments, strict=False)
            if is_empty
        ]
        warnings += missing_frames(seen.video, seen.shown)
        if first == 0 and seen.video.since:  # it is found from the first frame of a later part on
            text = f"The performance begins before {seen.video.first_time:.2f} s; its beginning was not scored."
            warnings.append(Remark("beginning_missing", text))
        statistics, count = self._model.reference, len(seen.samples)
        is_compared = statistics and seen.features is not None and not self._model.recognised
        spread = statistics.spread if is_compared else None  # type: ignore[union-attr]
        if spread and FAR * spread.limit < _distance(spread, seen) <= spread.limit:
            text = "The video looks nearly unlike the training videos."
            warnings.append(Remark("far_from_training", text))
        if statistics is not None and not statistics.has_length(count):
            shortest, longest = statistics.num_steps  # type: ignore[misc]
            text = f"The features have {counted(count, 'step')}; those of training had {shortest} to {longest}."
            warnings.append(Remark("length_unlike_training", text))
        return warnings

    def intervals_of(self, scores: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        """Score → lower and upper end in points, of those of the scores that have an interval."""
        range_of = self._model.sport.range_of
        ends = {name: self._intervals.around(name, value, range_of(name)) for name, value in scores.items()}
        return {name: interval for name, interval in ends.items() if interval}

    def time_uncertainty(self, name: str, frame: float) -> float | None:
        """Seconds to either side of a moment or duration of the sport; None if the model has not measured its errors.

        `frame` is the time between two frames: what is seen first in one of them may be as old.
        """
        width = self._times.half_widths.get(name)
        return None if width is None else round(width + frame, 3)

    def _too_slow(self, rate):
        trained, least = self._model.frame_rate, LEAST_SHARE if self.gives_scores else LEAST_SHARE_OF_TIMES
        if not trained or rate >= least * trained * (1 - RATE_TOLERANCE):
            return []
        text = f"The video has {rate:.4g} frames/s, too few to see motion. Film at {trained:.4g} or more."
        return [Remark("frame_rate_too_low", text)]

    def _too_small(self, sizes, how_many):
        """`picture_too_small` if any or all of the frames of `sizes` (L, 2) are that."""
        if self._model.content != "frames":
            return []
        small = np.asarray(is_too_small(sizes, self._model.image_size))
        if not how_many(small):
            return []
        (height, width), least = sizes[small][0], [LEAST_SHARE * side for side in self._model.image_size]
        text = f"The picture is {width}×{height}; at least {least[1]:g}×{least[0]:g} is needed. Use a larger one."
        return [Remark("picture_too_small", text)]

    def _of_frames(self, seen):
        """What is wrong with the frames of a performance, and not with those of the file as a whole."""
        sizes, times = seen.video.sizes[_frames_of(seen.samples)], seen.video.timestamps[_frames_of(seen.shown)]
        small = self._too_small(sizes, np.any)
        if len(seen.shown) < SHORTEST:  # stray labels: around a hole they are no rate of anything
            return small
        rate = (len(times) - 1) / float(times[-1] - times[0])
        return [*([] if abs(rate / seen.video.fps - 1) <= RATE_TOLERANCE else self._too_slow(rate)), *small]


def _frames_of(samples):
    """The frames that samples in a row are of, a slice of all."""
    return slice(int(samples[0]), int(np.ceil(samples[-1])) + 1)


def _distance(spread, seen):
    center = pooled(seen.features[np.newaxis], seen.batch["labels"], seen.batch["mask"])
    return float(np.asarray(spread.distance(center))[0])


def missing_frames(video: "Video", samples: np.ndarray) -> list[Remark]:
    """`frames_missing` if more than `MOST_MIXED` of the samples in a row (`Video.samples`) mix the same two frames."""
    before, counts = np.unique(np.floor(samples[samples % 1 > 0]).astype(int), return_counts=True)
    gaps = before[counts > MOST_MIXED]
    if not len(gaps):
        return []
    start, end = video.first_time + video.timestamps[[gaps[0], gaps[0] + 1]]
    further = f" (and in {counted(len(gaps) - 1, 'other gap')})" if len(gaps) > 1 else ""
    text = f"Frames are missing from {start:.2f} to {end:.2f} s{further}. The model saw blends of their neighbours."
    return [Remark("frames_missing", text)]


def partial_performance(
    video: "Video", samples: np.ndarray, labels: np.ndarray, span: tuple[int, int], sport: Sport
) -> Remark:
    """`partial_performance`: what lies in `span` of `samples` with these labels, (K,) each, is left out of a result."""
    start, end = (video.first_time + video.timestamps[int(samples[place])] for place in (span[0], span[1] - 1))
    lacking = [name for stage, name in enumerate(sport.stages) if stage not in labels[slice(*span)] and stage]
    why = f"it has no {' and no '.join(lacking)}" if lacking else "a stage lasts too long, or not long enough"
    text = f"Another performance, or a replay, from {start:.2f} to {end:.2f} s was left out: {why}."
    return Remark("partial_performance", text)


def _sentence(code, model, seen, batch):
    """The message of a check that failed."""
    names, statistics, rate = model.sport.stages[1:], model.reference, seen.frame_rate
    if code == "not_recognised":
        return looks_like(model, seen.features)
    if code == "too_few_frames":
        return f"The video has {counted(len(seen.samples), 'frame')} at {rate:.4g} frames/s; {SHORTEST} are needed."
    if code == "stage_order":
        return "The stages are out of order, or one appears twice."
    if code == "unlike_training":
        distance, limit = _distance(statistics.spread, seen), statistics.spread.limit
        return f"The video does not look like the training videos (distance {distance:.3g}, limit {limit:.3g})."
    counts = np.bincount(seen.labels, minlength=len(names) + 1)[np.newaxis, 1:]
    if code == "missing_stage":
        return f"Missing stages: {', '.join(names[at] for at in _places(_missing(model, counts)))}."
    if code == "stage_duration":
        lead, text = "", "{} lasts {:.2f} s (in training {:.2f} to {:.2f} s)"
        wrong = _places(_lasts_otherwise(model, counts, rate))
        values = [(names[at], counts[0, at] / rate, *statistics.durations[names[at]]) for at in wrong]
    else:
        lead, text = "The model is unsure: ", "{} has a mean probability of {:.2f} (in training {:.2f})"
        means = np.asarray(certainties(batch["probabilities"], batch["labels"], batch["mask"]))
        wrong = _places(_uncertain(model, means))
        values = [(names[at], means[0, at], statistics.certainty.get(names[at], 0)) for at in wrong]
    return f"{lead}{'; '.join(text.format(*each) for each in values)}."


def _places(flags):
    return np.flatnonzero(np.asarray(flags)[0])


# === The model itself ===


def against_scores(model: "ScoringNet") -> list[Remark]:
    """Why no score of a model measures a video, whatever it shows (`OF_MODEL`); empty if they may."""
    if model.unlearned_parts:
        return [Remark("scores_not_learned", "The model has no scores: it learned stages alone.")]
    simulation = (model.provenance or {}).get("simulation")
    if not simulation:
        return []
    text = f"The model learned its scores from {described_pixels(simulation)} video alone."
    return [Remark("simulated_training", f"{text} They are not a measurement; --force shows them.")]


def doubts(model: "ScoringNet") -> list[Remark]:
    """Which checks of a model are not made or may be wrong for lack of `TrainingStatistics`; empty if none."""
    statistics = model.reference
    if statistics is None:
        text = "The model has no statistics of its training videos, so unlike videos are not detected."
        return [Remark("no_reference", f"{text}{CALIBRATE if can_be_measured(model) else ''}")]
    if not is_current(model):
        text = "The model was trained further after its training statistics were measured; they may be wrong."
        return [Remark("stale_reference", f"{text}{CALIBRATE}")]
    remarks, intervals = [], statistics.intervals
    lacking = NOT_MEASURED if intervals is None else intervals.lacking
    if lacking:
        which = "some scores" if intervals and intervals.half_widths else "its scores"
        remarks.append(Remark("no_intervals", f"The model states no intervals for {which}. {lacking}{CALIBRATE}"))
    if statistics.spread is None:
        videos = counted(statistics.num_videos, "training video")
        remarks.append(Remark("no_distance", f"The model has statistics of {videos}: too few to tell what is unlike."))
    if statistics.times and statistics.times.half_widths and (model.provenance or {}).get("simulation"):
        text = "The uncertainty (±) of times was measured on simulated video. On film they may be further off."
        remarks.append(Remark("simulated_times", text))
    return remarks


def stated_intervals(model: "ScoringNet", of: str = "intervals") -> Intervals:
    """The `Intervals` that a model states, of scores or `"times"`; none, and why, if they are unknown or stale."""
    lacking = {doubt.code: doubt for doubt in doubts(model)}
    for code in ("no_reference", "stale_reference"):
        if code in lacking:
            return Intervals.none(lacking[code])
    return getattr(model.reference, of) or Intervals.none(NOT_MEASURED)
