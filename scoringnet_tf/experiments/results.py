"""What the rows of a table predict of the same test videos: scores, or the stages of every frame."""

import csv
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scoringnet_tf.bootstrap import Groups, drawn, draws_of
from scoringnet_tf.sports import MEASURES, SCORES
from scoringnet_tf.sports.score_metrics import ratio
from scoringnet_tf.support.messages import InputError

Labels = tuple[np.ndarray, np.ndarray]  # true and predicted stages of a video, int (L,) each, −1 = unlabelled
GROUP = ("group",)  # the column of a file of predictions whose videos are in groups
FRAMES, MEAN = "frames", "mean of classes"
NOTHING = np.zeros(0)
SEGMENTS = {"edit_score": "edit", "f1_10": "F1@10", "f1_25": "F1@25", "f1_50": "F1@50"}


# === Reports of `evaluate`, read again ===


class PredictedScores(NamedTuple):
    """Scores of V videos in order of their ids."""

    ids: tuple[str, ...]
    truth: dict[str, np.ndarray]  # score → (V,), points; NaN = unknown
    predicted: dict[str, np.ndarray]


def read_predictions(path: Path) -> PredictedScores:
    """Reads `predictions.csv`; InputError if it is none."""
    rows = sorted(read_rows(path), key=lambda row: row["video_id"])
    scores = [score for score in SCORES if rows and f"predicted_{score}" in rows[0]]
    if not scores:
        raise InputError("missing_column", f"{path}: there is no column predicted_…, or no row.")
    truth, predicted = (
        {score: np.array([float(row[f"{kind}_{score}"]) for row in rows]) for score in scores}
        for kind in ("true", "predicted")
    )
    return PredictedScores(tuple(row["video_id"] for row in rows), truth, predicted)


def read_stages(path: Path, stage_names: Sequence[str]) -> dict[str, Labels]:
    """Reads `stages.csv`: id → stages of every frame, in order of the ids; InputError for other stages."""
    runs: dict[str, dict[str, list[tuple[int, int, int]]]] = {}
    try:
        for row in read_rows(path):
            run = stage_names.index(row["stage"]), int(row["start_frame"]), int(row["end_frame"])
            runs.setdefault(row["video_id"], {"true": [], "predicted": []})[row["of"]].append(run)
    except (KeyError, ValueError) as error:
        raise InputError("wrong_format", f"{path}: no stages of {', '.join(stage_names)} ({error}).") from error
    return {video_id: _labels(runs[video_id]) for video_id in sorted(runs)}


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table, column → cell."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _labels(runs: Mapping[str, Sequence[tuple[int, int, int]]]) -> Labels:
    length = max(end for found in runs.values() for _, _, end in found)
    labels = {kind: np.full(length, -1) for kind in ("true", "predicted")}
    for kind, found in runs.items():
        for stage, start, end in found:
            labels[kind][start:end] = stage
    return labels["true"], labels["predicted"]


# === Rows of a table ===


@dataclasses.dataclass(frozen=True)
class Results:
    """The scores that several rows predict for the same V test videos.

    Attributes:
        ids: V names.
        truth: score → (V,), points; NaN = unknown, and that video is left out of the score's figures.
        predicted: row → score → (S, R, V), from S seeds, on R renderings. Rows may have different S.
        seeds: row → its S seeds; by default 0 to S − 1.
        groups: of the V videos, such as their athletes; None of one that is alone; empty if all are.
    """

    ids: tuple[str, ...]
    truth: Mapping[str, np.ndarray]
    predicted: Mapping[str, Mapping[str, np.ndarray]]
    seeds: Mapping[str, Sequence[int]] = dataclasses.field(default_factory=dict)
    groups: Groups = ()

    def seeds_of(self, row: str) -> Sequence[int]:
        """The seeds of a row."""
        return list(self.seeds.get(row, range(len(next(iter(self.predicted[row].values()))))))

    @property
    def names(self) -> list[str]:
        """The figures: `"d_src"`, `"d_med"`, …, by score."""
        return [f"{score[0]}_{measure}" for score in self.truth for measure in MEASURES]

    def values(self, row: str, name: str) -> np.ndarray:
        """One figure of every seed and rendering, (S, R)."""
        score, measure = self._parts(name)
        return MEASURES[measure](self.truth[score], self.predicted[row][score])

    def is_defined(self, name: str) -> bool:
        """Whether the truth allows the figure: one video has no rank correlation."""
        score, measure = self._parts(name)
        return bool(np.isfinite(MEASURES[measure](self.truth[score], self.truth[score])))

    def drawn(self, name: str) -> dict[str, np.ndarray]:
        """`bootstrap.draws_of` the mean figure of each row that predicts its score: row → (N,)."""
        score, measure = self._parts(name)
        rows = {row: self.predicted[row][score] for row in self.rows(name)}
        return draws_of(measure, self.truth[score], rows, self.groups)

    def rows(self, name: str) -> list[str]:
        """The rows that predict the score of a figure."""
        score, _ = self._parts(name)
        return [row for row, scores in self.predicted.items() if score in scores]

    def _parts(self, name: str) -> tuple[str, str]:
        initial, _, measure = name.partition("_")
        return next(score for score in self.truth if score[0] == initial), measure

    def lines(self) -> Iterator[list[Any]]:
        """The rows of predictions.csv, its heading first: every row, seed, rendering and video."""
        yield ["row", "seed", "rendering", "video_id", *GROUP[: bool(self.groups)], *self._columns()]
        for row, found in self.predicted.items():
            for seed, rendering, video in np.ndindex(*next(iter(found.values())).shape[:3]):
                group = [self.groups[video] or ""] if self.groups else []
                values = self._values(row, seed, rendering, video)
                texts = ("" if value is None else repr(float(value)) for value in values)
                yield [row, self.seeds_of(row)[seed], rendering, self.ids[video], *group, *texts]

    def _columns(self) -> list[str]:
        return [f"{kind}_{score}" for score in self.truth for kind in ("true", "predicted")]

    def _values(self, row: str, seed: int, rendering: int, video: int) -> Iterator[float | None]:
        for score, truth in self.truth.items():
            predicted = self.predicted[row].get(score)
            yield truth[video]
            yield None if predicted is None else predicted[seed, rendering, video]


@dataclasses.dataclass(frozen=True)
class StageResults(Results):
    """The stages of all frames that several rows predict for the same V test videos.

    Its `truth` is stage → nothing, in label order; `predicted` is row → figure → (S, R, V, 2), the `counts`.
    """

    @property
    def names(self) -> list[str]:
        """The figures: the frames of each stage, their mean, all frames, and those of the segments."""
        return [*self.truth, MEAN, FRAMES, *SEGMENTS.values()]

    def values(self, row: str, name: str) -> np.ndarray:
        """One figure of every seed and rendering, (S, R); NaN where there is nothing to count."""
        return self._figure(row, name, np.ones((1, len(self.ids))))[0]

    def is_defined(self, _: str) -> bool:
        """Always."""
        return True

    def rows(self, _: str) -> list[str]:
        """All."""
        return list(self.predicted)

    def drawn(self, name: str) -> dict[str, np.ndarray]:
        """Bootstrap draws of the mean figure of each row: row → (N,); see `Results.drawn`."""
        shapes = {row: next(iter(figures.values())).shape for row, figures in self.predicted.items()}
        return drawn(shapes, lambda row, times: self._figure(row, name, times), self.groups)

    def _figure(self, row: str, name: str, times: np.ndarray) -> np.ndarray:
        """Of draws (N, V), that hold each video so many times, (N, S, R)."""
        if name == MEAN:
            return np.mean([self._figure(row, stage, times) for stage in self.truth], axis=0)
        right, total = np.einsum("nv,srvc->cnsr", times, self.predicted[row][name], optimize=True)
        return ratio(right, total)

    def _columns(self) -> list[str]:
        return [f"{name}_{of}" for name in self.names if name != MEAN for of in ("right", "all")]

    def _values(self, row: str, seed: int, rendering: int, video: int) -> Iterator[float | None]:
        counted = (self.predicted[row][name][seed, rendering, video] for name in self.names if name != MEAN)
        return (value for both in counted for value in both)


def counts(videos: Sequence[Labels], stage_names: Sequence[str]) -> dict[str, np.ndarray]:
    """Figure → (V, 2): of each video what it is the share of, the right ones and all.

    Figures are `FRAMES`, every stage by its name (frames of that stage), and those of the segments. Over any videos a
    figure is the sum of the right ones over that of all.
    """
    from scoringnet_tf import metrics  # Keras

    right, total = np.zeros((2, len(videos), len(stage_names)))
    for video, (truth, predicted) in enumerate(videos):
        for stage in range(len(stage_names)):
            total[video, stage] = (truth == stage).sum()
            right[video, stage] = ((truth == stage) & (predicted == stage)).sum()
    found = {FRAMES: np.stack([right.sum(axis=1), total.sum(axis=1)], axis=-1)}
    found |= {name: np.stack([right[:, stage], total[:, stage]], axis=-1) for stage, name in enumerate(stage_names)}
    for name, shares in metrics.segment_counts(*metrics.padded_labels(videos)).items():
        found[SEGMENTS[name]] = np.stack([np.asarray(share) for share in shares], axis=-1)
    return found


# === Kept results, read again ===


def read_results(path: Path) -> list[Results]:
    """The results of a kept `predictions.csv`: of each split in table 6, of any other table of the one."""
    by_split: dict[str, list[dict[str, str]]] = {}
    for row in read_rows(path):
        by_split.setdefault(row.pop("split", ""), []).append(row)
    return [_results_of(rows) for rows in by_split.values()]


def _results_of(rows: Sequence[Mapping[str, str]]) -> Results:
    columns = [name for name in list(rows[0])[4:] if name not in GROUP]
    of_video = {row["video_id"]: row.get(GROUP[0]) or None for row in rows}
    ids, groups = tuple(of_video), tuple(of_video.values()) if any(of_video.values()) else ()
    by_row: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        by_row.setdefault(row["row"], []).append(row)
    seeds = {name: list(dict.fromkeys(int(row["seed"]) for row in of)) for name, of in by_row.items()}
    arrays = {name: {column: _array(of, column) for column in columns} for name, of in by_row.items()}
    if columns[0].endswith("_right"):
        names = [column.removesuffix("_right") for column in columns[::2]]
        shares = {
            row: {name: np.stack([found[f"{name}_right"], found[f"{name}_all"]], axis=-1) for name in names}
            for row, found in arrays.items()
        }
        stages = names[: names.index(FRAMES)]
        return StageResults(ids, dict.fromkeys(stages, NOTHING), shares, seeds, groups)
    first = next(iter(arrays.values()))
    truth = {score: first[f"true_{score}"][0, 0] for score in SCORES if f"true_{score}" in columns}
    predicted = {
        row: {score: found[f"predicted_{score}"] for score in truth if np.isfinite(found[f"predicted_{score}"]).all()}
        for row, found in arrays.items()
    }
    return Results(ids, truth, predicted, seeds, groups)


def _array(rows: Sequence[Mapping[str, str]], column: str) -> np.ndarray:
    """(S, R, V) of a column, NaN where it is empty."""
    shape = [len({row[name] for row in rows}) for name in ("seed", "rendering", "video_id")]
    return np.array([float(row[column] or "nan") for row in rows]).reshape(shape)
