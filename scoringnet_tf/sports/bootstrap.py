"""What would change a figure, drawn anew: the test videos, and the seeds and renderings of several trainings."""

import functools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from scoringnet_tf.sports.measures import MEASURES, relative_l2, width_of

DRAWS = 2000
COVERED = (2.5, 97.5)  # per cent of the draws between which an interval lies


def draws_of(
    measure: str, truth: np.ndarray, rows: Mapping[str, np.ndarray], number: int | None = None
) -> dict[str, np.ndarray]:
    """Bootstrap draws of the mean figure of each row: row → (number,), `DRAWS` by default.

    Each draw takes seeds, renderings and videos with replacement, one fewer of each than there are: as many would
    vary by (n − 1) / n of what their mean does, by half of it of two seeds (Rao and Wu, *Resampling Inference with
    Complex Survey Data*, 1988). They are the same for every row of the same seeds, so that differences between
    these are paired. R-ℓ2 of drawn videos goes by the range of scores of all. Of a single known video there is nothing
    to draw: NaN.

    Args:
        measure: a name of `MEASURES`.
        truth: (V,), points; NaN = unknown.
        rows: row → (S, R, V), points, of S seeds on R renderings.
        number: of draws.
    """
    measured = MEASURES[measure]
    if measured is relative_l2:
        measured = functools.partial(relative_l2, width=width_of(truth))
    found = {row: np.full(number or DRAWS, np.nan) for row in rows}
    if np.sum(~np.isnan(truth)) < 2:
        return found
    for index, (uniform, renderings, videos) in enumerate(
        resamples([scores.shape for scores in rows.values()], number)
    ):
        for row, scores in rows.items():
            seeds = chosen(uniform, len(scores))
            figures = measured(truth[videos], scores[np.ix_(seeds, renderings, videos)])
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
