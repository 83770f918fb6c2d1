"""Why a score is withheld: what speaks against a performance, in words."""

from typing import TYPE_CHECKING, Any

import numpy as np

from scoringnet_tf.data.dataset_info import described_pixels
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE
from scoringnet_tf.models.reference import (
    LEAST_SHARE,
    can_be_measured,
    certainties,
    checks,
    impossible_scores,
    is_current,
    is_too_small,
    pooled,
)
from scoringnet_tf.sports import NOISE, SHORTEST
from scoringnet_tf.support.messages import Remark, counted

if TYPE_CHECKING:
    from scoringnet_tf.data.video import Video
    from scoringnet_tf.models.scoring_net import ScoringNet

MOST_MIXED = 4  # samples of the same two frames: at 25 frames/s all gaps above 0.2 s have more, and none below 0.16 s
CALIBRATE = " Run: python -m scoringnet_tf.calibrate."
NO_PERFORMANCE = Remark("no_performance", "No whole performance found.")
SEVERAL_OF_FEATURES = Remark(
    "several_performances", "The features show several performances, which cannot be scored apart."
)


def several(number: int, scored: int) -> Remark:
    """Why a video of `number` performances, two or more, has no score itself, where `scored` of them have scores."""
    shows = f"The video shows {counted(number, 'performance')}"
    if not scored:
        return Remark("none_scored", f"{shows}; none has a score.")
    which = "each has its own scores" if scored == number else f"{scored} have scores"
    return Remark(SEVERAL_OF_FEATURES.code, f"{shows}; {which}.")


def is_whole(model: "ScoringNet", labels: np.ndarray, frame_rate: float) -> bool:
    """Whether labels in order, int (L,), have all stages of a performance, each as long as it can be."""
    counts = np.bincount(labels, minlength=model.sport.num_stages)
    required = model.reference.required if model.reference else model.sport.stages[1:]
    if any(counts[model.sport.stage_index(name)] == 0 for name in required):
        return False
    return not model.reference or not _impossible(model, counts, frame_rate)


def reasons_against(
    model: "ScoringNet",
    labels: np.ndarray | None,
    features: np.ndarray | None,
    frame_rate: float,
    length: int,
    probabilities: np.ndarray | None = None,
) -> list[Remark]:
    """What speaks against the performance that a model found in a video, a `Remark` each with a key of `CHECKS`.

    Args:
        model: `ScoringNet`.
        labels: int (L,), the stage of every frame; None of a model without KFS.
        features: (L, D), what it saw of every frame; None where there is nothing to compare.
        frame_rate: of these frames, per second.
        length: L.
        probabilities: (L, S) of KFS; None of a model without.
    """
    batch = [None if each is None else each[np.newaxis] for each in (labels, features, probabilities)]
    mask = np.ones((1, length), bool)
    against = checks(model, batch[0], mask, batch[1], batch[2], frame_rate)
    found = {code for code, value in against.items() if bool(np.asarray(value)[0])}
    sentences = {
        "too_few_frames": lambda: (
            f"The video has {counted(length, 'frame')} at {frame_rate:.4g} frames/s; {SHORTEST} are needed."
        ),
        "missing_stage": lambda: _missing(model, labels),
        "stage_order": lambda: "The stages are out of order, or one appears twice.",
        "stage_duration": lambda: (
            f"{'; '.join(_impossible(model, np.bincount(labels), frame_rate))}."  # type: ignore[arg-type]
        ),
        "uncertain_stage": lambda: _uncertain(model, certainties(batch[2], batch[0], mask)),
        "unlike_training": lambda: _unlike(
            model.reference.spread,  # type: ignore[union-attr]
            pooled(batch[1], batch[0], mask),
        ),
    }
    return [Remark(code, sentence()) for code, sentence in sentences.items() if code in found]


def reasons_of_scores(model: "ScoringNet", outputs: dict[str, Any]) -> list[Remark]:
    """The same of the outputs of SP for one performance (`impossible_score`); none where there are none."""
    found = impossible_scores(model.sport, outputs)
    said = []
    for score in (score for score, value in found.items() if bool(np.asarray(value)[0])):
        low, high = model.sport.range_of(score)
        said.append(f"{score} would be {float(outputs[score][0]):.4g}, the sport has {low:g} to {high:g}")
    return [Remark("impossible_score", f"The scores are out of range: {'; '.join(said)}.")] if said else []


def reasons_of_source(model: "ScoringNet", video: "Video") -> list[Remark]:
    """The same of the file: too few frames per second (`frame_rate_too_low`), too small ones (`picture_too_small`)."""
    small = np.asarray(is_too_small(video.sizes, model.image_size))
    return [*_too_slow(model, video.fps), *(_too_small(model, video.sizes[0]) if small.all() else [])]


def reasons_of_frames(model: "ScoringNet", video: "Video", samples: np.ndarray, shown: slice) -> list[Remark]:
    """The same of the frames of one performance, which may be fewer or smaller than those of the file are as a rule.

    Args:
        model: `ScoringNet`.
        video: in which it is.
        samples: of `Video.samples`, those that its stages were looked for in.
        shown: which of them show it.
    """
    sizes, times = video.sizes[_frames_of(samples)], video.timestamps[_frames_of(samples[shown])]
    small = sizes[np.asarray(is_too_small(sizes, model.image_size))]
    found = _too_small(model, small[0]) if len(small) else []
    if len(samples[shown]) < SHORTEST:  # stray labels: around a hole they are no rate of anything
        return found
    measured = (len(times) - 1) / float(times[-1] - times[0])
    return [*([] if abs(measured / video.fps - 1) <= RATE_TOLERANCE else _too_slow(model, measured)), *found]


def _frames_of(samples):
    """The frames that samples in a row are of, a slice of all."""
    return slice(int(samples[0]), int(np.ceil(samples[-1])) + 1)


def _too_slow(model, rate):
    """`frame_rate_too_low` where `rate`, frames per second, is that."""
    trained = model.frame_rate
    if not trained or rate >= LEAST_SHARE * trained:
        return []
    said = f"The video has {rate:.4g} frames/s, too few to see motion. The model was trained at {trained:.4g}."
    return [Remark("frame_rate_too_low", said)]


def _too_small(model, size):
    """`picture_too_small` of a frame of a `size`, (height, width), that is."""
    least = tuple(LEAST_SHARE * side for side in model.image_size)
    said = f"The picture is {size[1]}×{size[0]}; at least {least[1]:g}×{least[0]:g} is needed."
    return [Remark("picture_too_small", said)]


def missing_frames(video: "Video", samples: np.ndarray) -> list[Remark]:
    """A warning (`frames_missing`) where more than `MOST_MIXED` of the samples in a row are of the same two frames.

    Args:
        video: whose frames they are of.
        samples: of `Video.samples`, those that show a performance.
    """
    before, counts = np.unique(np.floor(samples[samples % 1 > 0]).astype(int), return_counts=True)
    gaps = before[counts > MOST_MIXED]
    if not len(gaps):
        return []
    start, end = video.first_time + video.timestamps[[gaps[0], gaps[0] + 1]]
    further = f" (and in {counted(len(gaps) - 1, 'other gap')})" if len(gaps) > 1 else ""
    said = f"Frames are missing from {start:.2f} to {end:.2f} s{further}. The model saw blends of their neighbours."
    return [Remark("frames_missing", said)]


def missing_beginning(video: "Video", first: int) -> list[Remark]:
    """A warning (`beginning_missing`) where a performance is found from the first frame of a later part on.

    Args:
        video: the part in which it is.
        first: of its frames, in those that the model saw.
    """
    if first or not video.since:
        return []
    said = f"The performance begins before {video.first_time:.2f} s; its beginning was not scored."
    return [Remark("beginning_missing", said)]


def other_length(model: "ScoringNet", num_steps: int) -> list[Remark]:
    """A warning (`length_unlike_training`) where features have other numbers of steps than those of training."""
    if model.reference is None or model.reference.has_length(num_steps):
        return []
    shortest, longest = model.reference.num_steps  # type: ignore[misc]
    said = f"The features have {counted(num_steps, 'step')}; those of training had {shortest} to {longest}."
    return [Remark("length_unlike_training", said)]


def doubts(model: "ScoringNet") -> list[Remark]:
    """What whoever reads the scores of a model must know: that it learned from simulated video, or cannot tell."""
    found = []
    simulation = (model.provenance or {}).get("simulation")
    if simulation:
        pixels = described_pixels(simulation)
        said = f"The model was trained on {pixels} video. Do not rely on its scores for filmed video."
        found.append(Remark("simulated_training", said))
    return found + doubts_of_reference(model)


def doubts_of_reference(model: "ScoringNet") -> list[Remark]:
    """Why a model can tell less than it should of what is unlike its training; empty where it can."""
    if model.reference is None:
        said = "The model has no statistics of its training videos, so unlike videos are not detected."
        return [Remark("no_reference", f"{said}{CALIBRATE if can_be_measured(model) else ''}")]
    if not is_current(model):
        said = "The model was trained further after its training statistics were measured; they may be wrong."
        return [Remark("stale_reference", f"{said}{CALIBRATE}")]
    found, intervals = [], model.reference.intervals
    lacking = "They were not measured." if intervals is None else intervals.lacking
    if lacking:
        some = "some scores" if intervals and intervals.half_widths else "its scores"
        found.append(Remark("no_intervals", f"The model states no intervals for {some}. {lacking}{CALIBRATE}"))
    if model.segmenter is not None and model.reference.certainty is None:
        said = "The certainty of stages was not measured on the training videos, and is not checked."
        found.append(Remark("no_certainty", f"{said}{CALIBRATE}"))
    if model.reference.spread is None:
        videos = counted(model.reference.num_videos, "training video")
        said = f"The model has statistics of {videos}: too few to tell what is unlike them."
        found.append(Remark("no_distance", said))
    return found


def _missing(model, labels):
    names = model.reference.required if model.reference else model.sport.stages[1:]
    missing = [name for name in names if not (labels == model.sport.stage_index(name)).any()]
    return f"Missing stages: {', '.join(missing)}."


def _impossible(model, counts, frame_rate):
    """A phrase for each stage that lasts longer or shorter than one of training can; `counts` are its frames."""
    found = []
    for name, count in zip(model.sport.stages, counts, strict=False):
        # In frames and float32, as `checks` has it: at the limit both are to say the same.
        limits = model.reference.limits(name, name in model.seen_stages)
        low, high = (np.float32(limit * frame_rate) for limit in limits)
        if name != NOISE and count and not low <= np.float32(count) <= high:
            shortest, longest = model.reference.durations[name]
            found.append(f"{name} lasts {count / frame_rate:.2f} s (in training {shortest:.2f} to {longest:.2f} s)")
    return found


def _uncertain(model, probabilities):
    """A sentence of each stage that is doubtful; `probabilities` (1, S − 1) are their means."""
    found, reference = [], model.reference
    for name, probability in zip(model.sport.stages[1:], np.asarray(probabilities)[0], strict=True):
        if probability < reference.least_certainty(name, name in model.seen_stages):
            usual = (reference.certainty or {}).get(name, 0.0)
            found.append(f"{name} has a mean probability of {probability:.2f} (in training {usual:.2f} or more)")
    return f"{'; '.join(found)}."


def _unlike(spread, features):
    distance = float(np.asarray(spread.distance(features))[0])
    return f"The video does not look like the training videos (distance {distance:.3g}, limit {spread.limit:.3g})."
