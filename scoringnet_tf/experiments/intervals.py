"""Intervals that cover what would change a figure: seeds, renderings of the test videos, and the videos themselves."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from scoringnet_tf.sports import MEASURES

DRAWS = 2000
COVERED = (2.5, 97.5)  # per cent of the draws between which an interval lies


@dataclasses.dataclass(frozen=True)
class Results:
    """What several ways to train predict of the same V test videos.

    Attributes:
        ids: their V names.
        truth: score → (V,), points; NaN = unknown, and that video is left out of the score's figures.
        predicted: row → score → (S, R, V): of S seeds, on R renderings. Rows may have different S; R and V are common.
    """

    ids: tuple[str, ...]
    truth: Mapping[str, np.ndarray]
    predicted: Mapping[str, Mapping[str, np.ndarray]]

    def figure(self, row: str, score: str, measure: str) -> np.ndarray:
        """One figure of every seed and rendering, (S, R)."""
        scores = self.predicted[row][score]
        return _figures(self.truth[score], scores, measure)

    def draws(self, score: str, measure: str, number: int | None = None) -> dict[str, np.ndarray]:
        """Bootstrap draws of the mean figure of each row that predicts `score`: row → (number,), `DRAWS` by default.

        Each draw takes seeds, renderings and videos with replacement, the same for every row (of seeds: as far as rows
        have as many), so that differences between rows are paired.
        """
        number = number or DRAWS
        rows = {row: scores[score] for row, scores in self.predicted.items() if score in scores}
        found = {row: np.empty(number) for row in rows}
        for index, (uniform, renderings, videos) in enumerate(self._resamples(rows, number)):
            truth = self.truth[score][videos]
            for row, scores in rows.items():
                seeds = (uniform[: len(scores)] * len(scores)).astype(int)
                drawn = scores[np.ix_(seeds, renderings, videos)]
                figures = _figures(truth, drawn, measure)
                defined = figures[~np.isnan(figures)]  # SRC is not, of a draw of one score alone
                found[row][index] = defined.mean() if defined.size else np.nan
        return found

    def _resamples(self, rows, number) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """(uniform numbers in 0…1 that choose seeds, rendering indices, video indices) of every draw."""
        rng = np.random.default_rng(0)
        most = max(len(scores) for scores in rows.values())
        _, num_renderings, num_videos = next(iter(rows.values())).shape
        for _ in range(number):
            yield (
                rng.uniform(size=most),
                rng.integers(0, num_renderings, num_renderings),
                rng.integers(0, num_videos, num_videos),
            )


def _figures(truth, scores, measure):
    """(S, R) figures of scores (S, R, V) against the known ones of truth (V,)."""
    return MEASURES[measure](truth, scores)


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The lower and upper end of what covers 95 % of the draws; those that are NaN are left out, and NaN of none."""
    defined = draws[~np.isnan(draws)]
    low, high = np.percentile(defined, COVERED) if defined.size else (np.nan, np.nan)
    return float(low), float(high)
