"""Finds stages and performances in a video: performances are told apart in the most probable path, and cut between."""

import dataclasses
import itertools
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from scoringnet_tf.inference.recognition import where_recognised
from scoringnet_tf.inference.seen import Seen, Span
from scoringnet_tf.inference.words import remark
from scoringnet_tf.models.decoding import StageDecision, decided, first_argmax
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.training_statistics import stage_frames
from scoringnet_tf.support.messages import Remark

AROUND = 10.0  # seconds before and after a performance: training saw no more
MOST_PERFORMANCES = 64  # in an exported graph
GAP = 0.2  # seconds without a stage between a flight and an entry that belongs to it
FIRST = 0.3  # seconds from a video's beginning in which no take-off is believed
LAST = 0.5  # and to its end in which no entry is
BRIEF = 0.06  # seconds: a stage that is no longer is passed through, and was not seen
HOP = 0.6  # seconds in the air, before the take-off
SURE_FLIGHT = 0.65  # the least mean probability of a flight (saved_models/diving_film)
APART = 3.0  # seconds between two flights that are not one

# === Batches, in the graph of an exported model, too ===


class StageRuns(NamedTuple):
    """Frames, runs and first frame for every stage but noise, int32 (B, S − 1) each."""

    frames: Any
    runs: Any
    firsts: Any


class Performances(NamedTuple):
    """P performances in each video: frames for each stage (B, P, S − 1); first and end frame, whole (B, P)."""

    frames: Any
    firsts: Any
    ends: Any
    whole: Any


def performances(
    model: Any,
    labels: Any,
    probabilities: Any,
    mask: Any,
    frame_rate: float | None = None,
    most: int = MOST_PERFORMANCES,
) -> Performances:
    """Tells the performances in videos apart.

    A performance begins with the path's first stage. A stage that is the most probable in none among its frames is a
    way through to others, and not seen.

    Args:
        model: `ScoringNet` with KFS.
        labels: int (B, L), decided for several performances (`StageDecision("cyclic")`).
        probabilities: (B, L, S) from KFS.
        mask: bool (B, L), true for real frames.
        frame_rate: as in `checks`.
        most: P; what follows the last one belongs to it.
    """
    first = ops.cast(labels == 1, "int32")
    begins = first * (1 - ops.pad(first, [[0, 0], [1, 0]])[:, :-1])
    number = ops.minimum(ops.cumsum(begins, axis=1), most - 1)  # of the performance that a frame is in
    members = ops.one_hot(number, most, dtype="float32")  # (B, L, P)
    carrying = ops.cast(stage_frames(labels, mask, probabilities.shape[-1]), "float32")
    probable = ops.cast(first_argmax(probabilities) == labels, "float32")[:, :, None]
    by_performance = ops.transpose(members, (0, 2, 1))
    seen = ops.cast(ops.matmul(by_performance, carrying * probable) > 0, "float32")
    frames = ops.matmul(by_performance, carrying) * seen
    shown = ops.cast(members * ops.sum(carrying * ops.matmul(members, seen), axis=2, keepdims=True), "int32")
    firsts, ends = ops.argmax(shown, axis=1), ops.shape(labels)[1] - ops.argmax(ops.flip(shown, axis=1), axis=1)
    whole = is_whole(model, ops.reshape(frames, (-1, frames.shape[-1])), frame_rate or model.frame_rate)
    return Performances(frames, firsts, ends, ops.reshape(whole, (-1, most)))


def count_stage_runs(labels: Any, mask: Any, num_stages: int) -> StageRuns:
    """The `StageRuns` in labels, int (B, L), with a mask for real frames, bool (B, L)."""
    carrying = stage_frames(labels, mask, num_stages)
    starting = ops.logical_and(carrying, ops.logical_not(ops.pad(carrying[:, :-1], [[0, 0], [1, 0], [0, 0]])))
    frames, runs = (ops.sum(ops.cast(each, "int32"), axis=1) for each in (carrying, starting))
    return StageRuns(frames, runs, ops.cast(ops.argmax(ops.cast(carrying, "int32"), axis=1), "int32"))


def stage_edges(sport: Any, labels: Any, mask: Any, rate: float | None = None) -> tuple[Any, Any]:
    """First frame for every stage but noise, and the first after it, int32 (B, S − 1) each; −1 if it is not shown.

    A stage that occurs twice has no edges. Where the video begins or ends a stage is cut. With a frame `rate`, a flight
    ends in an entry that follows it at once (`GAP`), and not with the video (`LAST`). It begins after a stage that was
    seen, and not with the video (`FIRST`); at once, if its end was not seen.
    """
    runs, length = count_stage_runs(labels, mask, sport.num_stages), ops.sum(ops.cast(mask, "int32"), 1, keepdims=True)

    def shown(edge: Any) -> Any:
        inside = ops.logical_and(edge > 0, edge < length)
        return ops.where(ops.logical_and(runs.runs == 1, inside), edge, -1)

    starts, ends = shown(runs.firsts), shown(runs.firsts + runs.frames)
    at = fall_stage(sport) - 1
    if not rate or not 0 < at < sport.num_stages - 2:
        return starts, ends
    gaps = [ops.cast(starts[:, each] - ends[:, each - 1], "float32") / rate for each in (at, at + 1)]
    left = ops.cast(length[:, 0] - starts[:, at + 1], "float32") / rate
    landed = (ends[:, at] > 0) & (starts[:, at + 1] > 0) & (gaps[1] <= GAP) & (left >= LAST)
    jumped = (ops.cast(runs.frames[:, at - 1], "float32") / rate > BRIEF) & (landed | (gaps[0] <= GAP))
    jumped = jumped & (ops.cast(starts[:, at], "float32") / rate > FIRST)
    numbers = ops.arange(sport.num_stages - 1)[None]

    def unless(seen: Any, edge: Any, stage: int) -> Any:
        return ops.where((numbers == stage) & ~seen[:, None], -1, edge)

    return unless(landed, unless(jumped, starts, at), at + 1), unless(landed, ends, at)


def fall_stage(sport: Any) -> int:
    """The label of the stage in which gravity alone acts; 0 if the sport names none."""
    return sport.stages.index(dict(sport.durations)[sport.fall]) if sport.fall else 0


def edges_in(labels: np.ndarray, sport: Any, rate: float | None = None) -> dict[tuple[str, bool], int]:
    """(stage, whether at its end) → frame, for the `stage_edges` in one video's labels, int (L,)."""
    if not len(labels):
        return {}
    edges = stage_edges(sport, labels[np.newaxis], np.ones((1, len(labels)), bool), rate)
    return {
        (stage, is_end): int(frame)
        for is_end, frames in zip((False, True), edges, strict=True)
        for stage, frame in zip(sport.stages[1:], np.asarray(frames)[0], strict=True)
        if frame >= 0
    }


def moment_frames(sport: Any, labels: Any, mask: Any, rate: float | None = None) -> Any:
    """The frames in a sport's M moments, int32 (B, M), by labels and mask (B, L); −1 if not shown."""
    edges = stage_edges(sport, labels, mask, rate)
    return ops.stack([edges[is_end][:, sport.stages.index(stage) - 1] for _, stage, is_end in sport.moments], axis=1)


def is_whole(model: Any, frames: Any, frame_rate: float | None) -> Any:
    """Whether stages with so many frames, (B, S − 1), make a whole performance, bool (B,)."""
    wrong = missing_stages(model, frames)
    if model.reference and frame_rate:
        wrong = ops.logical_or(wrong, unusual_durations(model, frames, frame_rate))
    return ops.logical_and(ops.any(frames > 0, axis=1), ops.logical_not(ops.any(wrong, axis=1)))


def missing_stages(model: Any, frames: Any) -> Any:
    """Which required stages have no frame, bool (B, S − 1); `frames` (B, S − 1) for each."""
    names, statistics = model.sport.stages[1:], model.reference
    required = [name in (statistics.required if statistics else names) for name in names]
    return ops.logical_and(frames == 0, ops.convert_to_tensor([required]))


def unusual_durations(model: Any, frames: Any, frame_rate: float) -> Any:
    """Which stages last longer or shorter than in training, bool (B, S − 1)."""
    names = model.sport.stages[1:]
    limits = np.transpose([model.reference.limits(name, name in model.seen_stages) for name in names]) * frame_rate
    counts = ops.cast(frames, "float32")
    outside = ops.logical_or(counts < limits[0].astype("float32"), counts > limits[1].astype("float32"))
    return ops.logical_and(frames > 0, outside)


def shows_several(model: Any, probabilities: Any, mask: Any) -> Any:
    """Whether B videos show more than one whole performance, bool (B,); arguments as in `performances`."""
    labels = StageDecision("cyclic")(probabilities, mask)
    whole = performances(model, labels, probabilities, mask).whole
    return ops.sum(ops.cast(whole, "int32"), axis=1) > 1


# === One video ===


def find(model: ScoringNet, seen: Seen, after: int = 0, around: float = AROUND) -> tuple[list[Span], list[Remark]]:
    """Where each whole performance lies; the whole video if there is none, or if features cannot be scored apart.

    Args:
        model: `ScoringNet`.
        seen: what is seen in a video. A part has only the performances that are new in it, and not left to the next.
        after: frame in the file up to which the parts before found performances.
        around: seconds before and after a performance that at most belong to its span.

    Returns:
        (spans in order, warnings about performances that are not whole, beside whole ones). A part has no warnings: the
        next one may show more.
    """
    length, stages = len(seen.samples), seen.stages
    everything, is_part = Span(0, length, 0, length), seen.video.is_part
    if stages is None:
        return ([] if is_part else [everything]), []
    if model.recognised:
        stages = where_recognised(model, stages, seen.classes, model.frame_rate)  # type: ignore[arg-type]
    labels = decided(stages, "cyclic")
    most = 1 + int((np.diff((labels == 1).astype(int), prepend=0) > 0).sum())  # so many begin
    grouped = performances(model, labels[np.newaxis], stages[np.newaxis], np.ones((1, length), bool), seen.rate, most)
    frames, firsts, ends, whole = (np.asarray(each)[0] for each in grouped)
    shown = np.flatnonzero(frames.any(axis=1))
    edges = [(int(firsts[at]), int(ends[at])) for at in shown]
    partial: list[Remark] = []
    if flies(model):
        at = fall_stage(model.sport)
        edges = _flights(np.where(labels == at, stages[:, at], np.nan), edges, APART * seen.rate)
        spans = _spans(edges, np.ones(len(edges), bool), length, round(around * seen.rate))
    else:
        spans = _spans(edges, whole[shown], length, round(around * seen.rate))
        if model.content == "features":
            return [_with_labels(model, seen, everything, len(spans))], []
        partial = [] if is_part else _partial(model, seen, edges, frames[shown], whole[shown])
    if is_part:
        spans = [span for span in spans if _is_new(span, seen, after)]
    return [_with_labels(model, seen, span) for span in (spans if is_part or spans else [everything])], partial


def flies(model: Any) -> bool:
    """Whether a model tells nothing but the times of a fall: then the flight decides what a performance is."""
    return bool(model.sport.fall and model.unlearned_parts)


def _flights(flight: np.ndarray, edges: list[tuple[int, int]], apart: float) -> list[tuple[int, int]]:
    """(first, end) of each performance with a flight; those whose flights are not far `apart` are one.

    Args:
        flight: (K,), a flight's probability where it was decided, else NaN.
        edges: (first, end) of all performances.
        apart: samples between two flights.
    """
    flying = [(first, end, first + np.flatnonzero(~np.isnan(flight[first:end]))) for first, end in edges]
    flying = [each for each in flying if len(each[2])]
    sure = [each for each in flying if flight[each[2]].mean() >= SURE_FLIGHT]
    found: list[tuple[int, int]] = []
    landed = 0  # where the flight before ends
    for first, end, shown in sure or flying:
        joined = found and shown[0] - landed < apart
        found[-1 if joined else len(found) :] = [(found[-1][0] if joined else first, end)]
        landed = shown[-1] + 1
    return found


def _with_labels(model: ScoringNet, seen: Seen, span: Span, count: int = 1) -> Span:
    """The span with its stages, as the model decides them."""
    stages = seen.stages[span.start : span.stop]  # type: ignore[index]
    labels = decided(stages, model.stage_decision.decoding)
    if flies(model):
        labels = _without_hop(model, stages, labels, seen.rate)
    return dataclasses.replace(span, labels=labels, performances=count)


def _without_hop(model: ScoringNet, stages: np.ndarray, labels: np.ndarray, rate: float) -> np.ndarray:
    """The stages of a fall, int (K,), without a hop that was taken for its beginning.

    Then there is a gap between both in which other stages are more probable. In slow motion are gaps, too, but what is
    before them is no hop, and no entry follows what is behind them.
    """
    at, numbers = fall_stage(model.sport), np.arange(len(labels))
    flight = np.flatnonzero((labels == at) & (stages.argmax(axis=1) == at))
    if not len(flight):
        return labels
    longest = max(np.split(flight, np.flatnonzero(np.diff(flight) > GAP * rate + 1) + 1), key=len)
    others = (numbers < longest[0]) | (numbers > longest[-1])
    if not (labels[others] == at).any() or len(flight) - len(longest) > HOP * rate:
        return labels
    flightless = np.where(others[:, np.newaxis] & (np.arange(stages.shape[1]) == at), 0, stages)
    shorter = decided(flightless, model.stage_decision.decoding)
    return shorter if (model.sport.stages[at], True) in edges_in(shorter, model.sport, rate) else labels


def _spans(edges: list[tuple[int, int]], whole: np.ndarray, length: int, around: int) -> list[Span]:
    """The span for each whole performance: it, and what is around it up to half-way to its neighbours."""
    cuts = [0, *((end + start) // 2 for (_, end), (start, _) in itertools.pairwise(edges)), length]
    return [
        Span(max(before, first - around), min(after, end + around), first, end)
        for (first, end), (before, after), is_whole in zip(edges, itertools.pairwise(cuts), whole, strict=False)
        if is_whole
    ]


def _is_new(span: Span, seen: Seen, after: int) -> bool:
    """Whether a performance is not in the part before, and not left to the next one.

    Less is seen if it begins before the next part, unless it goes on there.
    """
    video, sample_of = seen.video, seen.sample_of
    middle = np.searchsorted(sample_of, (span.first, span.end)).sum() / 2
    settled, next_part = sample_of[-(video.shared // 2) - 1], sample_of[-video.shared]
    is_late = span.end > settled and (span.first > next_part or span.end == len(seen.samples))
    return video.first_frame + middle >= after and not (video.shared and is_late)


def _partial(
    model: ScoringNet, seen: Seen, edges: list[tuple[int, int]], frames: np.ndarray, whole: np.ndarray
) -> list[Remark]:
    """Warnings about performances that are not whole, beside whole ones; frames (P, S − 1).

    Two stages that follow each other must be there: others may be stray labels.
    """
    has_two = ((frames[:, :-1] > 0) & (frames[:, 1:] > 0)).any(axis=1)
    warnings, video = [], seen.video
    for at in np.flatnonzero(has_two & ~whole & whole.any()):
        start, end = (
            video.first_time + video.timestamps[int(seen.samples[edge])] for edge in (edges[at][0], edges[at][1] - 1)
        )
        lacking = [name for name, count in zip(model.sport.stages[1:], frames[at], strict=True) if not count]
        why = f"it has no {' and no '.join(lacking)}" if lacking else "a stage lasts too long, or not long enough"
        warnings.append(remark("partial_performance", start=start, end=end, problem=why))
    return warnings
