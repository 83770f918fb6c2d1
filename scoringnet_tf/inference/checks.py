"""Checks: why a score is withheld, and what its reader must know.

A tower gives a number for anything. The first half works on batches, in an exported model's graph, too. The second
half checks one performance, in words.
"""

from typing import Any, NamedTuple, cast

import numpy as np
from keras import ops

from scoringnet_tf.data.preprocessing import RATE_TOLERANCE
from scoringnet_tf.data.video import Video
from scoringnet_tf.inference import finding
from scoringnet_tf.inference.fall import flight_limits, flight_problem
from scoringnet_tf.inference.recognition import RECOGNISED, SURE, looks_like, recognition
from scoringnet_tf.inference.reliability import Reliability
from scoringnet_tf.inference.seen import Scores, Seen, Span, longest_run
from scoringnet_tf.inference.shots import repeats
from scoringnet_tf.inference.times import Edges
from scoringnet_tf.inference.words import remark
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.training_statistics import Spread, TrainingStatistics, certainties, pooled
from scoringnet_tf.sports import SCORES, SHORTEST
from scoringnet_tf.sports.sport import RANGE_TOLERANCE
from scoringnet_tf.support.messages import Remark, counted

CHECKS = (
    "not_recognised",
    "too_few_frames",
    "missing_stage",
    "stage_order",
    "stage_duration",
    "impossible_flight",
    "uncertain_stage",
    "unlike_training",
    "impossible_score",
)
REASONS = (*CHECKS, "several_performances", "picture_too_small")  # that an exported model gives, in this order
LEAST_SHARE = 0.5  # of the frame rate and size of training: with less every other frame or pixel is made up
LEAST_SHARE_OF_TIMES = 0.4  # of the frame rate, if nothing but times is asked for: 10 frames/s for 25
MOST_MIXED = 4  # samples of the same two frames: at 25 frames/s all gaps above 0.2 s have more, and none below 0.16 s
STANDING = 0.2  # seconds without another picture
BEFORE_FALL = 0.5  # seconds in which a body moves as well
FILM_REMEDY = "Film one athlete, from the side, as in training."
FEATURES_REMEDY = "Make the features as those of training were made."
FAR = 0.75  # of the distance beyond which a performance is unlike those of training

# === Batches ===


class Outcome(NamedTuple):
    """The outcome for B performances.

    Attributes:
        fails: bool (B,).
        stages: bool (B, S − 1), the stages that are wrong; None if it checks no stages.
        values: what was measured: (B, S − 1) for stages, or (B,).
    """

    fails: Any
    stages: Any = None
    values: Any = None


def checks(
    model: Any,
    labels: Any,
    mask: Any,
    features: Any = None,
    probabilities: Any = None,
    classes: Any = None,
    frame_rate: float | None = None,
) -> dict[str, Outcome]:
    """Makes the `CHECKS` that a model can make before it scores.

    Args:
        model: `ScoringNet`.
        labels: int (B, L), every frame's stage; None for a model without KFS.
        mask: bool (B, L), true for real frames.
        features: (B, L, D), see `KeyFragmentSegmenter.with_features`; None if there are none.
        probabilities: (B, L, S) from KFS; None if there are none.
        classes: (B, L, N) logits for the backbone's own classes; None if there are none.
        frame_rate: frames per second; None for training's.

    Returns:
        Code → `Outcome`.
    """
    outcomes, statistics, rate = {}, model.reference, frame_rate or model.frame_rate
    if classes is not None:
        likely = recognition(model, classes, labels, mask)
        outcomes["not_recognised"] = Outcome(likely < RECOGNISED, values=likely)
    if model.content == "frames":
        outcomes["too_few_frames"] = Outcome(ops.sum(ops.cast(mask, "int32"), axis=1) < SHORTEST)
    if labels is not None and finding.flies(model):
        outcomes |= _flight_outcomes(model, labels, mask, probabilities, rate)
    elif labels is not None:
        runs = finding.count_stage_runs(labels, mask, model.sport.num_stages)
        outcomes["missing_stage"] = _stage_outcome(finding.missing_stages(model, runs.frames))
        outcomes["stage_order"] = Outcome(out_of_order(runs))
        if statistics and rate:
            wrong = finding.unusual_durations(model, runs.frames, rate)
            outcomes["stage_duration"] = _stage_outcome(wrong, runs.frames)
        if statistics and statistics.certainty and probabilities is not None:
            means = certainties(probabilities, labels, mask)
            least = [statistics.least_certainty(name, name in model.seen_stages) for name in model.sport.stages[1:]]
            outcomes["uncertain_stage"] = _stage_outcome(means < np.array([least], np.float32), means)
    if statistics and statistics.spread and features is not None and not model.recognised:
        distance = statistics.spread.distance(pooled(features, labels, mask))
        outcomes["unlike_training"] = Outcome(distance > statistics.spread.limit, values=distance)
    return outcomes


def _flight_outcomes(model: Any, labels: Any, mask: Any, probabilities: Any, rate: float) -> dict[str, Outcome]:
    """What speaks against all times of a fall: it is not there, too long, too short, or unsure."""
    sport, at = model.sport, finding.fall_stage(model.sport) - 1
    runs = finding.count_stage_runs(labels, mask, sport.num_stages)
    others = ops.arange(sport.num_stages - 1)[None] != at
    outcomes = {"missing_stage": _stage_outcome(ops.logical_and(runs.frames == 0, ops.logical_not(others)))}
    starts, ends = finding.stage_edges(sport, labels, mask, rate)
    whole = ops.logical_and(starts[:, at] >= 0, ends[:, at] >= 0)
    end = starts[:, at + 1] if at + 2 < sport.num_stages else ends[:, at]
    seconds = ops.cast(ops.where(whole, end - starts[:, at], runs.frames[:, at]), "float32") / rate
    if sport.heights:
        shortest, longest = flight_limits(*sport.heights)
        times = model.reference.times if model.reference else None
        unsure = (times.half_widths.get(sport.fall, 0.0) if times else 0.0) + 1 / rate
        short = ops.logical_and(whole, seconds + unsure < shortest)
        outcomes["impossible_flight"] = Outcome(ops.logical_or(short, seconds - unsure > longest), values=seconds)
    if probabilities is not None:
        means = certainties(probabilities, labels, mask)
        unsure = ops.logical_and(means < finding.SURE_FLIGHT, ops.logical_not(others))
        outcomes["uncertain_stage"] = _stage_outcome(unsure, means)
    return outcomes


def out_of_order(runs: finding.StageRuns) -> Any:
    """Whether a stage occurs twice, or before one that it should follow; bool (B,)."""
    wrong = ops.any(runs.runs > 1, axis=1)
    latest = ops.full_like(runs.firsts[:, 0], -1)
    for stage in range(runs.firsts.shape[1]):
        present, first = runs.frames[:, stage] > 0, runs.firsts[:, stage]
        wrong = ops.logical_or(wrong, ops.logical_and(present, first < latest))
        latest = ops.where(present, first, latest)
    return wrong


def impossible_scores(sport: Any, outputs: dict[str, Any]) -> dict[str, Any]:
    """Which predicted scores, points (B,), are outside the sport's range: score → bool (B,).

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
    """Whether pictures with sizes (B, 2), height and width as filmed, are too small for a model's: bool (B,)."""
    least = ops.convert_to_tensor([LEAST_SHARE * side for side in image_size], "float32")
    return ops.any(ops.cast(sizes, "float32") < least, axis=1)


def _stage_outcome(wrong: Any, values: Any = None) -> Outcome:
    return Outcome(ops.any(wrong, axis=1), wrong, values)


# === One video ===


class Remarks(NamedTuple):
    """Reasons against a performance's scores, whatever they are, warnings, and how likely it shows the sport."""

    reasons: list[Remark]
    warnings: list[Remark]
    recognised: float | None = None


def video_reasons(model: ScoringNet, video: Video) -> list[Remark]:
    """Why nothing in a video can be scored: `frame_rate_too_low`, `picture_too_small`."""
    return [*_too_slow(model, video.fps), *_too_small(model, video.sizes, np.all)]


def verdict(
    model: ScoringNet, trust: Reliability, remarks: Remarks, scores: Scores, force: bool = False
) -> tuple[list[Remark], list[Remark], Scores]:
    """(reasons against a performance's scores, the model's last; warnings; the scores that are left, all if forced)."""
    reasons, warnings, _ = remarks
    if not force and (reasons or trust.reasons):
        scores = Scores()
    impossible = _impossible(model, scores)
    unscored = [remark("empty_fragment", score=name) for name in scores.without_fragment]
    if impossible and not force:
        scores = Scores()
    return [*reasons, *impossible, *trust.reasons], [*unscored, *warnings], scores


def performance_remarks(model: ScoringNet, seen: Seen, span: Span) -> Remarks:
    """What its frames, stages and features say of a performance."""
    one, labels = seen.cut(span.start, span.stop), span.labels
    seen_in = {"labels": labels, "features": one.features, "probabilities": one.stages, "classes": one.classes}
    batch = {name: None if value is None else value[np.newaxis] for name, value in seen_in.items()}
    outcomes = checks(model, mask=np.ones((1, len(one.samples)), bool), frame_rate=one.rate, **batch)
    plain = {code: Outcome(*(None if x is None else np.asarray(x)[0] for x in each)) for code, each in outcomes.items()}
    reasons = _frame_reasons(model, one, labels)
    if not reasons:
        failing = [code for code in CHECKS if code in plain and plain[code].fails]
        if span.corrected is not None:  # people are sure
            failing = [code for code in failing if code != "uncertain_stage"]
        if "not_recognised" in failing:  # then its stages mean nothing
            failing = ["not_recognised"]
        reasons = [_reason(code, plain[code], model, one) for code in failing]
    reasons = [*seen.reasons] or reasons
    if span.performances > 1:
        which = ", which cannot be scored apart from features."
        reasons.append(remark("several_performances", performances="2 performances", which=which))
    likely = round(float(plain["not_recognised"].values), 4) if "not_recognised" in plain else None
    return Remarks(reasons, _warnings(model, one, span, plain), likely)


def fall_remarks(sport: Any, edges: Edges, labels: np.ndarray, rate: float) -> list[Remark]:
    """Why a fall in a performance's frames, labels (L,), has no beginning or no end among its `edges_in`."""
    at = finding.fall_stage(sport)
    if not 1 < at < sport.num_stages - 1 or not (labels == at).any():
        return []
    before, stage, following = sport.stages[at - 1 : at + 2]
    remarks = [] if (stage, False) in edges else [remark("beginning_unsure", stage=stage, before=before)]
    if (following, False) not in edges:
        landed = np.flatnonzero(labels == at + 1)
        is_cut = not len(landed) or len(labels) - landed[0] <= finding.LAST * rate
        remarks.append(remark("end_not_shown" if is_cut else "end_unsure", stage=stage, following=following))
    return remarks


def missing_frames(video: Video, samples: np.ndarray) -> list[Remark]:
    """`frames_missing` if more than `MOST_MIXED` samples in a row (`Video.samples`) mix the same two frames."""
    before, counts = np.unique(np.floor(samples[samples % 1 > 0]).astype(int), return_counts=True)
    gaps = before[counts > MOST_MIXED]
    if not len(gaps):
        return []
    start, end = video.first_time + video.timestamps[[gaps[0], gaps[0] + 1]]
    more = f" (and in {counted(len(gaps) - 1, 'other gap')})" if len(gaps) > 1 else ""
    return [remark("frames_missing", start=start, end=end, more=more)]


def repeated_frames(model: ScoringNet, one: Seen, labels: np.ndarray | None) -> list[Remark]:
    """`frames_repeated` if the picture stands still for more than `STANDING` seconds in a fall, or right before it."""
    at = finding.fall_stage(model.sport)
    fall = longest_run(labels, at) if at and labels is not None and model.content == "frames" else None
    if fall is None:
        return []
    video, shown = one.video, _frame_slice(one.samples)
    first, last = video.timestamps[np.rint(one.samples[[fall[0], fall[1] - 1]]).astype(int)] + (-BEFORE_FALL, 0)
    times, moving = video.timestamps[shown], np.flatnonzero(np.append(~repeats(list(video.frames[shown]))[1:], True))
    for start, end in zip(times[np.append(0, moving[:-1] + 1)], times[moving], strict=True):
        if end - start > STANDING and start < last and end > first:
            return [remark("frames_repeated", start=video.first_time + start, end=video.first_time + end)]
    return []


def _impossible(model: ScoringNet, scores: Scores) -> list[Remark]:
    """Why the towers' numbers are no scores: `impossible_score`."""
    points, sport, wrong = scores.points, model.sport, []
    arrays = {name: np.array([value], np.float32) for name, value in points.items()}
    for name, is_impossible in impossible_scores(sport, arrays).items():
        if np.asarray(is_impossible)[0]:
            low, high = sport.range_of(name)
            wrong.append(f"{name} would be {points[name]:.4g}, the sport has {low:g} to {high:g}")
    return [remark("impossible_score", scores="; ".join(wrong))] if wrong else []


def _shown(samples: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """The samples from the first to the last that has a stage; all if none has."""
    staged = np.flatnonzero(labels if labels is not None else [])
    return samples[staged[0] : staged[-1] + 1] if len(staged) else samples


def _frame_slice(samples: np.ndarray) -> slice:
    """The frames that samples in a row show."""
    return slice(int(samples[0]), int(np.ceil(samples[-1])) + 1)


def _frame_reasons(model: ScoringNet, one: Seen, labels: np.ndarray | None) -> list[Remark]:
    """What is wrong with a performance's frames, and not with the file as a whole."""
    video, shown = one.video, _shown(one.samples, labels)
    small = _too_small(model, video.sizes[_frame_slice(one.samples)], np.any)
    if len(shown) < SHORTEST:  # stray labels: around a hole they are no rate of anything
        return small
    times = video.timestamps[_frame_slice(shown)]
    rate = (len(times) - 1) / float(times[-1] - times[0])
    return [*([] if abs(rate / video.fps - 1) <= RATE_TOLERANCE else _too_slow(model, rate)), *small]


def _too_slow(model: ScoringNet, rate: float) -> list[Remark]:
    trained, least = model.frame_rate, LEAST_SHARE_OF_TIMES if model.unlearned_parts else LEAST_SHARE
    if not trained or rate >= least * trained * (1 - RATE_TOLERANCE):
        return []
    return [remark("frame_rate_too_low", rate=rate, trained=trained)]


def _too_small(model: ScoringNet, sizes: np.ndarray, how_many: Any) -> list[Remark]:
    """`picture_too_small` if any or all frames with `sizes` (L, 2) are that."""
    if model.content != "frames":
        return []
    small = np.asarray(is_too_small(sizes, model.image_size))
    if not how_many(small):
        return []
    (height, width), least = sizes[small][0], [LEAST_SHARE * side for side in model.image_size]
    return [remark("picture_too_small", size=f"{width}×{height}", least=f"{least[1]:g}×{least[0]:g}")]


def _reason(code: str, outcome: Outcome, model: ScoringNet, one: Seen) -> Remark:
    """A check that failed, in words."""
    names, statistics = model.sport.stages[1:], cast(TrainingStatistics, model.reference)
    if code == "not_recognised":
        return remark(code, looks=looks_like(model, cast(np.ndarray, one.classes)))
    if code == "too_few_frames":
        return remark(code, frames=counted(len(one.samples), "frame"), rate=one.rate, least=SHORTEST)
    if code == "unlike_training":
        remedy = FILM_REMEDY if model.content == "frames" else FEATURES_REMEDY
        return remark(code, distance=outcome.values, limit=cast(Spread, statistics.spread).limit, remedy=remedy)
    if code == "impossible_flight":
        seconds = float(outcome.values)
        return remark(code, seconds=seconds, problem=flight_problem(seconds, *cast(tuple, model.sport.heights)))
    wrong: Any = [] if outcome.stages is None else np.flatnonzero(outcome.stages)
    if code == "stage_duration":
        text = "{} lasts {:.2f} s (in training {:.2f} to {:.2f} s)"
        seconds = outcome.values / one.rate
        stages = [text.format(names[at], seconds[at], *statistics.durations[names[at]]) for at in wrong]
    elif code == "uncertain_stage":
        text, usual = "{} has a mean probability of {:.2f} (in training {:.2f})", statistics.certainty or {}
        stages = [text.format(names[at], outcome.values[at], usual.get(names[at], 0)) for at in wrong]
    else:
        return remark(code, stages=", ".join(names[at] for at in wrong))
    return remark(code, stages="; ".join(stages))


def _warnings(model: ScoringNet, one: Seen, span: Span, outcomes: dict[str, Outcome]) -> list[Remark]:
    """What readers must know about a performance's scores."""
    statistics, count = model.reference, len(one.samples)
    warnings = missing_frames(one.video, _shown(one.samples, span.labels))
    warnings += repeated_frames(model, one, span.labels)
    if span.first == 0 and one.video.since:  # it is found from the first frame of a later part on
        warnings.append(remark("beginning_missing", seconds=one.video.first_time))
    recognised = outcomes.get("not_recognised")
    if recognised and RECOGNISED <= float(recognised.values) < SURE:
        wanted = model.sport.recognised_as[0]
        warnings.append(remark("barely_recognised", wanted=wanted, probability=float(recognised.values)))
    if unlike := outcomes.get("unlike_training"):
        limit = statistics.spread.limit  # type: ignore[union-attr]
        if FAR * limit < float(unlike.values) <= limit:
            warnings.append(remark("far_from_training"))
    if statistics is not None and not statistics.has_length(count):
        shortest, longest = statistics.num_steps  # type: ignore[misc]
        steps = counted(count, "step")
        warnings.append(remark("length_unlike_training", steps=steps, shortest=shortest, longest=longest))
    return warnings
