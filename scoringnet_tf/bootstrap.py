"""Bootstrap intervals of a metric over test videos, and over seeds and renderings of several trainings."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from scoringnet_tf.sports.score_metrics import ratio, spearman, width_of

Groups = Sequence[str | None]

DRAWS = 2000
AT_ONCE = 2_000_000  # draws times videos that are ranked at once, in memory
COVERED = (2.5, 97.5)  # per cent of the draws between which an interval lies


def draws_of(
    measure: str, truth: np.ndarray, rows: Mapping[str, np.ndarray], groups: Groups = ()
) -> dict[str, np.ndarray]:
    """`drawn` for a measure of scores; R-ℓ2 goes by the range of all videos' scores.

    With a single known video or group all draws are NaN. `measure` is a name in `MEASURES`; `truth` (V,) has NaN where
    unknown; `rows` is row → (S, R, V) by S seeds on R renderings, all in points.
    """
    known = ~np.isnan(truth)
    if num_units([group for group, of in zip(groups or [None] * len(known), known, strict=True) if of]) < 2:
        return {row: np.full(DRAWS, np.nan) for row in rows}

    def figures(row: str, times: np.ndarray) -> np.ndarray:
        return _figures(measure, truth[known], rows[row][..., known], times[:, known])

    return drawn({row: scores.shape for row, scores in rows.items()}, figures, groups)


def drawn(
    shapes: Mapping[str, Sequence[int]],
    figures: Callable[[str, np.ndarray], np.ndarray],
    groups: Groups = (),
) -> dict[str, np.ndarray]:
    """Bootstrap draws for each row's mean figure: row → (`DRAWS`,).

    Each draw takes seeds, renderings and videos with replacement, one fewer than there are: n from n would vary by
    (n − 1) / n times the variance of their mean (Rao and Wu, *Resampling Inference with Complex Survey Data*, 1988).
    Whole groups are drawn, such as an athlete's videos. Rows with the same seeds have the same draws, so that their
    differences are paired.

    Args:
        shapes: row → (S, R, V, …).
        figures: function of a row, and of how often each of N draws holds a video, (N, V): its figures, (N, S, R).
        groups: each video's, None for a video alone; empty if all are alone.
    """
    uniform, renderings, videos = resamples([*shapes.values()], groups)
    num_videos, draw = next(iter(shapes.values()))[2], np.arange(len(videos))[:, np.newaxis, np.newaxis]
    times = np.stack([np.bincount(of_draw[of_draw >= 0], minlength=num_videos) for of_draw in videos])
    draws = {}
    for row, (num_seeds, *_) in shapes.items():
        seeds = (uniform[:, : number_of(num_seeds)] * num_seeds).astype(int)
        draws[row] = _mean_of_defined(figures(row, times)[draw, seeds[..., np.newaxis], renderings[:, np.newaxis]])
    return draws


def _figures(measure: str, truth: np.ndarray, scores: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The figure (N, S, R) for scores (S, R, V), all known, in N draws that take each video so many times (N, V)."""
    if measure == "src":
        blocks = np.array_split(times, -(-times.size // AT_ONCE))
        figures = np.concatenate([spearman(truth, np.concatenate(scores), block) for block in blocks])
        return figures.reshape(len(times), *scores.shape[:2])
    errors = np.abs(scores - truth)
    if measure == "rl2":
        errors = 100 * np.square(errors / (width_of(truth) or np.nan))
    return ratio(np.tensordot(times, errors, (1, 2)), times.sum(axis=1)[:, np.newaxis, np.newaxis])


def _mean_of_defined(figures: np.ndarray) -> np.ndarray:
    """The mean (N,) over figures (N, S, R) that are not NaN, as SRC is if a draw has one score alone; else NaN."""
    defined = ~np.isnan(figures)
    total, count = figures.sum(axis=(1, 2), where=defined), defined.sum(axis=(1, 2))
    return np.divide(total, count, out=np.full(len(figures), np.nan), where=count > 0)


def resamples(shapes: Sequence[Sequence[int]], groups: Groups = ()) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N = `DRAWS` bootstrap draws: uniform numbers in 0…1 that choose seeds, rendering and video indices, (N, …) each.

    Groups differ in size: −1 stands behind a draw's indices. `shapes` is every row's (S, R, V, …).
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
        for _ in range(DRAWS)
    ]
    uniform, renderings, videos = (np.stack(each) for each in zip(*draws, strict=True))
    return uniform, renderings, videos


def num_units(groups: Groups) -> int:
    """How many groups and videos that are alone there are."""
    return len(_units(groups))


def _units(groups: Groups) -> np.ndarray:
    """Video indices for each group, and for each video that is alone, in order; −1 behind them."""
    places: dict[tuple, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(("alone", place) if group is None else ("group", group), []).append(place)
    units = np.full((len(places), max(map(len, places.values()), default=1)), -1)
    for row, of_unit in zip(units, places.values(), strict=True):
        row[: len(of_unit)] = of_unit
    return units


def number_of(number: int) -> int:
    """How many a draw takes from so many."""
    return max(number - 1, 1)


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The ends between which 95 % of the draws lie, without those that are NaN; NaN if none is left."""
    defined = draws[~np.isnan(draws)]
    low, high = np.percentile(defined, COVERED) if defined.size else (np.nan, np.nan)
    return float(low), float(high)
