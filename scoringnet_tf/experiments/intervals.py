"""Intervals that cover what would change a figure: seeds, renderings of the test videos, and the videos themselves."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf.bootstrap import Groups, draws_of
from scoringnet_tf.sports import MEASURES

Lines = Iterator[list[Any]]  # of a CSV file, its heading first
GROUP = ("group",)  # the column of a file of predictions whose videos are in groups


@dataclasses.dataclass(frozen=True)
class Results:
    """What several ways to train predict of the same V test videos.

    Attributes:
        ids: their V names.
        truth: score → (V,), points; NaN = unknown, and that video is left out of the score's figures.
        predicted: row → score → (S, R, V): of S seeds, on R renderings. Rows may have different S; R and V are common.
        seeds: row → which S seeds these are; where it is missing, 0 to S − 1.
        groups: of the V videos, such as their athletes, None of one that is alone; none at all where each is.
    """

    ids: tuple[str, ...]
    truth: Mapping[str, np.ndarray]
    predicted: Mapping[str, Mapping[str, np.ndarray]]
    seeds: Mapping[str, Sequence[int]] = dataclasses.field(default_factory=dict)
    groups: Groups = ()

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
        yield ["row", "seed", "rendering", "video_id", *GROUP[: bool(self.groups)], *kinds]
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
                group = [self.groups[video] or ""] if self.groups else []
                yield [row, self.seeds_of(row)[seed], rendering, self.ids[video], *group, *values]

    def figure(self, row: str, score: str, measure: str) -> np.ndarray:
        """One figure of every seed and rendering, (S, R)."""
        return MEASURES[measure](self.truth[score], self.predicted[row][score])

    def draws(self, score: str, measure: str, number: int | None = None) -> dict[str, np.ndarray]:
        """`bootstrap.draws_of` the mean figure of each row that predicts `score`: row → (number,)."""
        rows = {row: scores[score] for row, scores in self.predicted.items() if score in scores}
        return draws_of(measure, self.truth[score], rows, number, self.groups)
