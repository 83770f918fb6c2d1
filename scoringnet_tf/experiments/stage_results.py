"""How well several ways to train label the frames of the same test videos (table 3): shares of frames and segments."""

import csv
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from scoringnet_tf.bootstrap import Groups, chosen, resamples
from scoringnet_tf.experiments.intervals import GROUP, Lines
from scoringnet_tf.support.errors import InputError

Labels = tuple[np.ndarray, np.ndarray]  # true and predicted stages of a video, int (L,) each, −1 = unlabelled
FRAMES, MEAN = "frames", "mean of classes"
SEGMENTS = {"edit_score": "edit", "f1_10": "F1@10", "f1_25": "F1@25", "f1_50": "F1@50"}


def read_stages(path: Path, stage_names: Sequence[str]) -> dict[str, Labels]:
    """`stages.csv` of `python -m scoringnet_tf.evaluate`: id → stages of every frame, in order of the ids.

    Raises:
        InputError: it is not one, or of other stages.
    """
    runs: dict[str, dict[str, list[tuple[int, int, int]]]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                run = stage_names.index(row["stage"]), int(row["start_frame"]), int(row["end_frame"])
                runs.setdefault(row["video_id"], {"true": [], "predicted": []})[row["of"]].append(run)
    except (KeyError, ValueError) as error:
        raise InputError(
            "wrong_format", f"{path}: these are not stages of {', '.join(stage_names)} ({error})."
        ) from error
    return {video_id: _labels(runs[video_id]) for video_id in sorted(runs)}


def _labels(runs):
    length = max(end for found in runs.values() for _, _, end in found)
    labels = {kind: np.full(length, -1) for kind in ("true", "predicted")}
    for kind, found in runs.items():
        for stage, start, end in found:
            labels[kind][start:end] = stage
    return labels["true"], labels["predicted"]


def counts(videos: Sequence[Labels], stage_names: Sequence[str]) -> dict[str, np.ndarray]:
    """Figure → (V, 2): of each video what it is the share of, the right ones and all.

    Figures are `FRAMES`, every stage by its name (frames of that stage), and those of the segments. Over any videos a
    figure is the sum of the right ones over that of all.
    """
    from scoringnet_tf import metrics  # Keras

    right, total = np.zeros((2, len(videos), len(stage_names)))
    length = max(len(truth) for truth, _ in videos)
    padded = np.full((2, len(videos), length), -1, np.int32)
    for video, (truth, predicted) in enumerate(videos):
        padded[:, video, : len(truth)] = truth, predicted
        for stage in range(len(stage_names)):
            total[video, stage] = (truth == stage).sum()
            right[video, stage] = ((truth == stage) & (predicted == stage)).sum()
    found = {FRAMES: np.stack([right.sum(axis=1), total.sum(axis=1)], axis=-1)}
    found |= {name: np.stack([right[:, stage], total[:, stage]], axis=-1) for stage, name in enumerate(stage_names)}
    for name, shares in metrics.segment_counts(*padded).items():
        found[SEGMENTS[name]] = np.stack([np.asarray(share) for share in shares], axis=-1)
    return found


@dataclasses.dataclass(frozen=True)
class StageResults:
    """What several ways to train find in the same V test videos; like `intervals.Results`.

    Attributes:
        ids: their V names.
        stage_names: in label order.
        predicted: row → figure → (S, R, V, 2): `counts` of S seeds, on R renderings.
        seeds, groups: as of `Results`.
    """

    ids: tuple[str, ...]
    stage_names: tuple[str, ...]
    predicted: Mapping[str, Mapping[str, np.ndarray]]
    seeds: Mapping[str, Sequence[int]] = dataclasses.field(default_factory=dict)
    groups: Groups = ()

    def seeds_of(self, row: str) -> Sequence[int]:
        """Which seeds those of a row are."""
        return list(self.seeds.get(row, range(len(self.predicted[row][FRAMES]))))

    @property
    def names(self) -> list[str]:
        """The figures: the frames of each stage, their mean, all frames, and those of the segments."""
        return [*self.stage_names, MEAN, FRAMES, *SEGMENTS.values()]

    def values(self, row: str, name: str) -> np.ndarray:
        """One figure of every seed and rendering, (S, R); NaN where there is nothing to count."""
        return self._figure(row, name, np.ones((1, len(self.ids))))[0]

    def drawn(self, name: str, number: int | None = None) -> dict[str, np.ndarray]:
        """Bootstrap draws of the mean figure of each row: row → (number,); see `intervals.Results.draws`."""
        shapes = {row: next(iter(figures.values())).shape for row, figures in self.predicted.items()}
        uniform, renderings, videos = resamples(list(shapes.values()), number, self.groups)
        times = np.stack([np.bincount(of_draw[of_draw >= 0], minlength=len(self.ids)) for of_draw in videos])  # (N, V)
        draw = np.arange(len(times))[:, np.newaxis, np.newaxis]
        found = {}
        for row, (seeds, *_) in shapes.items():
            which = draw, chosen(uniform, seeds)[..., np.newaxis], renderings[:, np.newaxis]
            found[row] = self._figure(row, name, times)[which].mean(axis=(1, 2))
        return found

    def _figure(self, row, name, times):
        """Of draws (N, V), that hold each video so many times, (N, S, R)."""
        if name == MEAN:
            return np.mean([self._figure(row, stage, times) for stage in self.stage_names], axis=0)
        right, total = np.einsum("nv,srvc->cnsr", times, self.predicted[row][name], optimize=True)
        return np.divide(right, total, out=np.full_like(right, np.nan), where=total > 0)

    def lines(self) -> Lines:
        """What predictions.csv holds: of every row, seed, rendering and video the counts of every figure."""
        figures = [name for name in self.names if name != MEAN]
        counted = [f"{name}_{of}" for name in figures for of in ("right", "all")]
        yield ["row", "seed", "rendering", "video_id", *GROUP[: bool(self.groups)], *counted]
        for row, found in self.predicted.items():
            for seed, rendering, video in np.ndindex(*found[FRAMES].shape[:3]):
                values = (repr(float(value)) for name in figures for value in found[name][seed, rendering, video])
                group = [self.groups[video] or ""] if self.groups else []
                yield [row, self.seeds_of(row)[seed], rendering, self.ids[video], *group, *values]
