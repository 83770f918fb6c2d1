"""How often the intervals that a model states hold the true scores of an evaluated split, beside what they claim."""

from collections.abc import Collection
from typing import Any

import numpy as np

from scoringnet_tf.inference.checks import doubts_of_statistics
from scoringnet_tf.inference.evaluation import Predictions
from scoringnet_tf.models.training_statistics import Intervals
from scoringnet_tf.sports import Sport


def stated_intervals(model: Any) -> Intervals:
    """The `Intervals` that a `ScoringNet` states; none, and why, if they are unknown or stale."""
    doubts = {doubt.code: doubt for doubt in doubts_of_statistics(model)}
    for code in ("no_reference", "stale_reference"):
        if code in doubts:
            return Intervals.none(doubts[code])
    return model.reference.intervals or Intervals.none(doubts["no_intervals"])


def interval_bounds(predictions: Predictions, intervals: Intervals, sport: Sport) -> dict[str, np.ndarray]:
    """Score → float (N, 2), lower and upper ends in points, of the scores that have an interval.

    Args:
        predictions: of N videos.
        intervals: that the model states.
        sport: whose ranges they lie within.
    """
    return {
        score: np.array([intervals.around(score, value, sport.range_of(score)) or (np.nan, np.nan) for value in values])
        for score, values in predictions.predicted.items()
        if score in intervals.half_widths
    }


def coverage(
    predictions: Predictions, intervals: Intervals, split: str, data_hash: str, shown: Collection[str] = ()
) -> dict[str, Any]:
    """What metrics.json says of the intervals.

    Args:
        predictions: with `bounds`.
        intervals: that the model states.
        split, data_hash: of the videos that were evaluated.
        shown: what each of these shows, as of `Intervals`.

    Returns:
        `claimed`, the level; `measured_on`, the split, and `same_videos`, whether it is these videos by which the
        intervals were set: then they hold by construction; `shared_videos`, how many of them, in whatever records
        they lie; `scores`: score → `held`, the share of true scores within,
        `num_videos` whose true score is known, and `half_width` in points; `lacking`, as of `Intervals`.
    """
    shared = len({*intervals.shown} & {*shown})
    return {
        "claimed": intervals.level,
        "measured_on": intervals.split,
        "same_videos": (intervals.split, intervals.data_hash) == (split, data_hash) or 0 < shared == len(shown),
        "shared_videos": shared,
        "scores": {
            score: {**held(predictions, score), "half_width": intervals.half_widths[score]}
            for score in predictions.bounds
        },
        "lacking": intervals.lacking,
    }


def held(predictions: Predictions, score: str) -> dict[str, Any]:
    """`held`, the share of the true scores that lie within the bounds, NaN of none, and their number `num_videos`."""
    truth, (low, high) = predictions.truth[score], predictions.bounds[score].T
    known = ~np.isnan(truth)
    within = (low <= truth) & (truth <= high)
    return {"held": float(within[known].mean()) if known.any() else np.nan, "num_videos": int(known.sum())}


def coverage_line(found: dict[str, Any]) -> str:
    """One line for people about a `coverage`."""
    if not found["scores"]:
        return f"No intervals. {found['lacking']}"
    known = {score: one for score, one in found["scores"].items() if one["num_videos"]}
    if not known:
        return f"intervals: claimed {100 * found['claimed']:.0f} %; no true scores are known."
    shares = (f"{score} {100 * one['held']:.1f} % of {one['num_videos']}" for score, one in known.items())
    line = f"intervals: claimed {100 * found['claimed']:.0f} %; held {', '.join(shares)}"
    if found["same_videos"]:
        return f"{line} (on the videos that set them: no evidence)"
    return f"{line} ({found['shared_videos']} of the videos set them)" if found["shared_videos"] else line
