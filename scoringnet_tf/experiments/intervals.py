"""Intervals that cover what would change a figure: seeds, renderings of the test videos, and the videos themselves."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf.sports import MEASURES, relative_l2, width_of

Lines = Iterator[list[Any]]  # of a CSV file, its heading first

DRAWS = 2000
COVERED = (2.5, 97.5)  # per cent of the draws between which an interval lies


@dataclasses.dataclass(frozen=True)
class Results:
    """What several ways to train predict of the same V test videos.

    Attributes:
        ids: their V names.
        truth: score → (V,), points; NaN = unknown, and that video is left out of the score's figures.
        predicted: row → score → (S, R, V): of S seeds, on R renderings. Rows may have different S; R and V are common.
        seeds: row → which S seeds these are; where it is missing, 0 to S − 1.
    """

    ids: tuple[str, ...]
    truth: Mapping[str, np.ndarray]
    predicted: Mapping[str, Mapping[str, np.ndarray]]
    seeds: Mapping[str, Sequence[int]] = dataclasses.field(default_factory=dict)

    def seeds_of(self, row: str) -> Sequence[int]:
        """Which seeds those of a row are."""
        return list(self.seeds.get(row, range(len(next(iter(self.predicted[row].values()))))))

    @property
    def names(self) -> list[str]:
        """The figures: `"d_src"`, `"d_med"`, …, by score."""
        return [f"{score[0]}_{measure}" for score in self.truth for measure in MEASURES]

    def values(self, row: str, name: str) -> np.ndarray:
        """The figure called `name` of every seed and rendering, (S, R)."""
        score, measure = self._parts(name)
        return self.figure(row, score, measure)

    def drawn(self, name: str, number: int | None = None) -> dict[str, np.ndarray]:
        """`draws` of the figure called `name`."""
        score, measure = self._parts(name)
        return self.draws(score, measure, number)

    def _parts(self, name):
        initial, _, measure = name.partition("_")
        return next(score for score in self.truth if score[0] == initial), measure

    def lines(self) -> Lines:
        """What predictions.csv holds: of every row, seed, rendering and video the scores; a table can be made of it."""
        scores = list(self.truth)
        kinds = [f"{kind}_{score}" for score in scores for kind in ("true", "predicted")]
        yield ["row", "seed", "rendering", "video_id", *kinds]
        for row, predicted in self.predicted.items():
            for seed, rendering, video in np.ndindex(*next(iter(predicted.values())).shape):
                values = [
                    repr(float(value)) if value is not None else ""
                    for score in scores
                    for value in (
                        self.truth[score][video],
                        predicted[score][seed, rendering, video] if score in predicted else None,
                    )
                ]
                yield [row, self.seeds_of(row)[seed], rendering, self.ids[video], *values]

    def figure(self, row: str, score: str, measure: str) -> np.ndarray:
        """One figure of every seed and rendering, (S, R)."""
        return MEASURES[measure](self.truth[score], self.predicted[row][score])

    def draws(self, score: str, measure: str, number: int | None = None) -> dict[str, np.ndarray]:
        """Bootstrap draws of the mean figure of each row that predicts `score`: row → (number,), `DRAWS` by default.

        Each draw takes seeds, renderings and videos with replacement, one fewer of each than there are: as many would
        vary by (n − 1) / n of what their mean does, by half of it of two seeds (Rao and Wu, *Resampling Inference with
        Complex Survey Data*, 1988). They are the same for every row of the same seeds, so that differences between
        these are paired. R-ℓ2 of drawn videos goes by the range of scores of all.
        """
        measured = MEASURES[measure]
        if measured is relative_l2:
            measured = functools.partial(relative_l2, width=width_of(self.truth[score]))
        rows = {row: scores[score] for row, scores in self.predicted.items() if score in scores}
        found = {row: np.empty(number or DRAWS) for row in rows}
        drawn = resamples([scores.shape for scores in rows.values()], number)
        for index, (uniform, renderings, videos) in enumerate(drawn):
            truth = self.truth[score][videos]
            for row, scores in rows.items():
                seeds = chosen(uniform, len(scores))
                drawn = scores[np.ix_(seeds, renderings, videos)]
                figures = measured(truth, drawn)
                defined = figures[~np.isnan(figures)]  # SRC is not, of a draw of one score alone
                found[row][index] = defined.mean() if defined.size else np.nan
        return found


def resamples(
    shapes: Sequence[Sequence[int]], number: int | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The draws of a bootstrap: (uniform numbers in 0…1 that choose seeds, rendering indices, video indices) of each.

    Args:
        shapes: of every row (S, R, V, …).
        number: of draws; `DRAWS` by default.
    """
    rng = np.random.default_rng(0)
    most, (_, num_renderings, num_videos) = max(shape[0] for shape in shapes), shapes[0][:3]
    for _ in range(number or DRAWS):
        yield (
            rng.uniform(size=most),
            rng.integers(0, num_renderings, number_of(num_renderings)),
            rng.integers(0, num_videos, number_of(num_videos)),
        )


def number_of(number: int) -> int:
    """How many of so many a draw takes."""
    return max(number - 1, 1)


def chosen(uniform: np.ndarray, number: int) -> np.ndarray:
    """Which of so many seeds a draw takes, by its uniform numbers."""
    return (uniform[: number_of(number)] * number).astype(int)


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The lower and upper end of what covers 95 % of the draws; those that are NaN are left out, and NaN of none."""
    defined = draws[~np.isnan(draws)]
    low, high = np.percentile(defined, COVERED) if defined.size else (np.nan, np.nan)
    return float(low), float(high)
