"""Split-conformal intervals: how far from what a model says the true scores of held-out videos lay (Vovk et al., 2005).

Of n videos that it did not learn from, the half width is the ⌈(n + 1) · level⌉-th smallest absolute error (Lei et al.,
JASA 2018, algorithm 2). For a further video that could have been any of these, the true score lies within it with at
least that probability, whatever the model and however its errors are distributed.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

LEVEL = 0.9


def rank(count: int, level: float = LEVEL) -> int:
    """Which of `count` errors, in rising order from 1, is the half width; above `count` where they are too few."""
    return math.ceil(round((count + 1) * level, 9))  # 30 · 0.9 is not to be 27.000000000000004


def least_videos(level: float = LEVEL) -> int:
    """How many held-out videos an interval needs."""
    return next(count for count in range(1, 1000) if rank(count, level) <= count)


def half_width(errors: np.ndarray, level: float = LEVEL) -> float:
    """Of the interval for a further video; infinite where there are too few errors, (n,), or infinite ones decide."""
    errors = np.sort(np.abs(errors))
    chosen = rank(len(errors), level)
    return float(errors[chosen - 1]) if chosen <= len(errors) else math.inf


@dataclasses.dataclass(frozen=True)
class Intervals:
    """The intervals that a model states, and what they were measured on.

    Attributes:
        level: the probability with which they are to hold the true score.
        half_widths: score → points, of those scores that have an interval.
        num_videos: score → n, held-out videos whose true score is known.
        split: of the records, that these videos are in; empty where there were none.
        data_hash: of those records.
        lacking: why a score has no interval, a sentence; empty where all have.
        shown: what each of these videos shows (`dataset_info.shown`), so that they are known under other ids, too;
            empty where the model is to keep nothing of single videos, and where nobody wrote it down.
    """

    level: float
    half_widths: Mapping[str, float]
    num_videos: Mapping[str, int]
    split: str = ""
    data_hash: str = ""
    lacking: str = ""
    shown: Sequence[str] = dataclasses.field(default_factory=list)

    def __post_init__(self):
        """ValueError where these are no intervals, in the configuration of a model from elsewhere."""
        widths = list(self.half_widths.values())
        if not 0 < self.level < 1 or not all(math.isfinite(width) and width >= 0 for width in widths):
            raise ValueError(f"expected a level below 1 and half widths in points, received {self.level}, {widths}")

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
        level: float = LEVEL,
        shown: Sequence[str] = (),
    ) -> "Intervals":
        """Those of held-out videos.

        Args:
            truth: score → (V,), points; NaN is unknown.
            predicted: score → (V,), points, of the scores that the model predicts.
            split, data_hash, level, shown: as of the attributes.
        """
        widths, counts = {}, {}
        for score, values in predicted.items():
            errors = np.subtract(values, truth[score])[~np.isnan(truth[score])]
            counts[score] = len(errors)
            errors = np.where(np.isfinite(errors), errors, np.inf)  # what is no number is no small error
            widths[score] = half_width(errors, level)
        found = {score: width for score, width in widths.items() if math.isfinite(width)}
        without = [f"{counts[score]} of {score}" for score in widths if score not in found]
        lacking = f"An interval needs {least_videos(level)} held-out videos with true scores"
        return cls(
            level=level,
            half_widths=found,
            num_videos=counts,
            split=split,
            data_hash=data_hash,
            lacking=f"{lacking}; there are {', '.join(without)}." if without else "",
            shown=[*shown],
        )

    def around(self, score: str, value: float, within: Sequence[float]) -> tuple[float, float] | None:
        """(lower, upper) end of the interval around a predicted score, points; None where that score has none.

        Args:
            score: one of `sports.SCORES`.
            value: points.
            within: (lowest, highest) that occurs in the sport, which the interval does not go beyond.
        """
        width = self.half_widths.get(score)
        if width is None or not math.isfinite(value):
            return None
        lowest, highest = within
        return min(max(value - width, lowest), highest), min(max(value + width, lowest), highest)
