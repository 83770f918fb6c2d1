"""Bootstrap intervals of a metric over test videos, and over seeds and renderings of several trainings."""

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from scoringnet_tf.sports.score_metrics import MEASURES, relative_l2, width_of

Groups = Sequence[str | None]

DRAWS = 2000
AT_ONCE = 2_000_000  # scores that are drawn and ranked at once, in memory
COVERED = (2.5, 97.5)  # per cent of the draws between which an interval lies


def draws_of(
    measure: str,
    truth: np.ndarray,
    rows: Mapping[str, np.ndarray],
    number: int | None = None,
    groups: Groups = (),
) -> dict[str, np.ndarray]:
    """Bootstrap draws of the mean figure of each row: row → (number,), `DRAWS` by default.

    Each draw takes seeds, renderings and videos with replacement, one fewer of each than there are: n of n would vary
    by (n − 1) / n of the variance of their mean (Rao and Wu, *Resampling Inference with Complex Survey Data*, 1988).
    Whole groups of videos, such as an athlete's, are drawn. The draws are the same for every row of the same seeds, so
    that differences between rows are paired. R-ℓ2 goes by the range of the scores of all videos. With a single known
    video or group all draws are NaN.

    Args:
        measure: a name of `MEASURES`.
        truth: (V,), points; NaN = unknown.
        rows: row → (S, R, V), points, of S seeds on R renderings.
        number: of draws.
        groups: of the V videos, None for a video alone; empty if all are alone.
    """
    measured = MEASURES[measure]
    if measured is relative_l2:
        measured = functools.partial(relative_l2, width=width_of(truth))
    known = ~np.isnan(truth)
    if num_units([group for group, of in zip(groups or [None] * len(known), known, strict=True) if of]) < 2:
        return {row: np.full(number or DRAWS, np.nan) for row in rows}
    draws: dict[str, list[np.ndarray]] = {row: [] for row in rows}
    uniform, renderings, videos = resamples([scores.shape for scores in rows.values()], number, groups)
    of_a_draw = max(number_of(len(scores)) for scores in rows.values()) * renderings.shape[1] * videos.shape[1]
    for block in np.array_split(np.arange(len(videos)), -(-of_a_draw * len(videos) // AT_ONCE)):
        drawn_truth = np.where(videos[block] < 0, np.nan, truth[videos[block]])
        drawn_truth = drawn_truth[:, np.newaxis, np.newaxis]  # (N, 1, 1, V)
        for row, scores in rows.items():
            which = (
                chosen(uniform[block], len(scores))[:, :, np.newaxis, np.newaxis],
                renderings[block][:, np.newaxis, :, np.newaxis],
                videos[block][:, np.newaxis, np.newaxis, :],
            )
            draws[row].append(_mean_of_defined(measured(drawn_truth, scores[which])))
    return {row: np.concatenate(of_row) for row, of_row in draws.items()}


def _mean_of_defined(figures):
    """The mean (N,) of figures (N, S, R) that are not NaN, as SRC is of a draw of one score alone; NaN of none."""
    defined = ~np.isnan(figures)
    total, count = figures.sum(axis=(1, 2), where=defined), defined.sum(axis=(1, 2))
    return np.divide(total, count, out=np.full(len(figures), np.nan), where=count > 0)


def resamples(
    shapes: Sequence[Sequence[int]], number: int | None = None, groups: Groups = ()
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The N draws of a bootstrap: uniform numbers in 0…1 that choose seeds, rendering and video indices, (N, …) each.

    Groups have different numbers of videos: behind those of a draw its indices are −1.

    Args:
        shapes: of every row (S, R, V, …).
        number: of draws; `DRAWS` by default.
        groups: as of `draws_of`.
    """
    rng = np.random.default_rng(0)
    most, (_, num_renderings, num_videos) = max(shape[0] for shape in shapes), shapes[0][:3]
    units = _units(groups or [None] * num_videos)
    draws = [
        (
            rng.uniform(size=most),
            rng.integers(0, num_renderings, number_of(num_renderings)),
            units[rng.integers(0, len(units), number_of(len(units)))].ravel(),
        )
        for _ in range(number or DRAWS)
    ]
    uniform, renderings, videos = (np.stack(each) for each in zip(*draws, strict=True))
    return uniform, renderings, videos


def num_units(groups: Groups) -> int:
    """How many groups and videos that are alone there are."""
    return len(_units(groups))


def _units(groups):
    """Indices of the videos of each group, and of each video that is alone, in order of their first; behind them −1."""
    places: dict[tuple, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(("alone", place) if group is None else ("group", group), []).append(place)
    units = np.full((len(places), max(map(len, places.values()), default=1)), -1)
    for row, of_unit in zip(units, places.values(), strict=True):
        row[: len(of_unit)] = of_unit
    return units


def number_of(number: int) -> int:
    """How many of so many a draw takes."""
    return max(number - 1, 1)


def chosen(uniform: np.ndarray, number: int) -> np.ndarray:
    """Which of so many seeds a draw takes, by its uniform numbers, (…, most seeds)."""
    return (uniform[..., : number_of(number)] * number).astype(int)


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The lower and upper end of what covers 95 % of the draws; those that are NaN are left out, and NaN of none."""
    defined = draws[~np.isnan(draws)]
    low, high = np.percentile(defined, COVERED) if defined.size else (np.nan, np.nan)
    return float(low), float(high)
