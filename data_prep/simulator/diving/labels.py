"""Labels of simulated dives, in the official UNLV layout: read from real files, drawn from the rules, and written."""

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.random import Generator

from data_prep.datasets.readers.matlab import read_vector, whole_numbers
from data_prep.datasets.readers.text import read_diving_times
from data_prep.simulator.performance import draw, middle_marks
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.messages import InputError, counted, shown

SCORES = ("diving_overall_scores.mat", "overall_scores")
DIFFICULTIES = ("diving_difficulty_level.mat", "difficulty_level")
STAGES = "jump_drop_water_label.txt"
SPLIT_FILES = ("training_idx.mat", "testing_idx.mat")
# World Aquatics diving rules: half points 0 to 10, the middle three of seven marks count.
NUM_JUDGES, MARKS_COUNTED = 7, 3
MAX_EXECUTION = 10.0 * MARKS_COUNTED
EXECUTION_SD = 0.6  # of `judge`, about what a performance of 8 to 8.5 points deserves


@dataclasses.dataclass(frozen=True)
class RealLabels:
    """Contents of a labels folder; arrays hold one entry a video, in order of the 1-based video id."""

    difficulty: np.ndarray  # (N,) degrees of difficulty
    overall: np.ndarray  # (N,) final scores
    boundaries: np.ndarray  # (N, 4) t0, t1, t2, t3 in frames
    training: list[int]  # 1-based ids
    testing: list[int]  # 1-based ids
    split_name: str  # name of the split's folder
    unusable: list[int]  # 1-based rows whose boundaries are not strictly increasing


def label_files(folder: Path) -> list[Path]:
    """The label files of a folder: all that `read_labels` reads."""
    split = [file for part in SPLIT_FILES for file in sorted(folder.glob(f"split_*/{part}"))]
    return [folder / SCORES[0], folder / DIFFICULTIES[0], folder / STAGES, *split]


def read_labels(folder: Path) -> RealLabels:
    """Reads the official label files; InputError if a file is missing or inconsistent."""
    overall, difficulty = (read_vector(folder / name, variable) for name, variable in (SCORES, DIFFICULTIES))
    boundaries = np.array(list(read_diving_times(folder / STAGES).values())).reshape(-1, 4)
    if not len(overall) == len(difficulty) == len(boundaries):
        message = f"{len(overall)} scores, {len(difficulty)} difficulties and {len(boundaries)} rows of stages."
        raise InputError("count_mismatch", f"{folder}: {message}")
    splits = sorted(folder.glob(f"split_*/{SPLIT_FILES[0]}"))
    if len(splits) != 1:
        raise InputError("ambiguous_split", f"{folder}: {len(splits)} files split_*/{SPLIT_FILES[0]} instead of one.")
    split = splits[0].parent
    training, testing = (
        whole_numbers(file, read_vector(file, file.stem)).tolist() for file in (split / name for name in SPLIT_FILES)
    )
    strays = sorted(video_id for video_id in (*training, *testing) if not 1 <= video_id <= len(overall))
    if strays:
        raise InputError("out_of_range", f"{split}: the ids {strays} are not from 1 to {len(overall)}.")
    twice = sorted(video_id for video_id, number in Counter([*training, *testing]).items() if number > 1)
    if twice:
        raise InputError("duplicate", f"{split}: the ids {shown(map(str, twice))} occur twice.")
    usable = (np.diff(boundaries, axis=1) > 0).all(axis=1) & (boundaries[:, 0] > 0)
    _check_scores(folder, difficulty, overall)
    unusable = (np.flatnonzero(~usable) + 1).tolist()
    return RealLabels(difficulty, overall, boundaries, training, testing, split.name, unusable)


def _check_scores(folder: Path, difficulty: np.ndarray, overall: np.ndarray) -> None:
    """InputError for the first row whose scores no dive has, as in copies that store them ×100."""
    sport = get_sport("diving")
    execution = np.array([sport.other_part(*row) for row in zip(difficulty, overall, strict=True)])
    for name, values, (low, high) in (
        (f"difficulty ({DIFFICULTIES[0]})", difficulty, sport.range_of("difficulty")),
        (f"execution ({SCORES[0]} / {DIFFICULTIES[0]})", execution, sport.range_of("execution")),
    ):
        wrong = np.flatnonzero(~((values >= low - 0.01) & (values <= high + 0.01)))
        if len(wrong):
            row = f"{folder}, row {wrong[0] + 1} and {counted(len(wrong) - 1, 'more row')}"
            message = f"{row}: {name} {values[wrong[0]]:g} is not from {low:g} to {high:g}."
            raise InputError("wrong_scale", message)


def draw_boundaries(rng: Generator) -> tuple[int, int, int, int]:
    """t0, t1, t2, t3 with the distributions of the real UNLV-Diving labels (quantiles of its 368 clean rows)."""
    start = draw((1, 4, 14.75, 23, 31, 46, 75), rng)
    press = draw((1, 5, 8, 10, 12, 15, 21), rng)
    flight = draw((13, 17, 20, 23, 25, 28.65, 32), rng) + 0.35 * (10 - press)
    entry = draw((1, 5, 8, 11, 13, 15, 21), rng)
    flight = np.clip(flight, max(13, 24 - press), 32)
    t0, t1, t2, t3 = (int(value) for value in np.cumsum(np.round((start, press, flight, entry))))
    return t0, t1, t2, t3


def draw_deduction(rng: Generator) -> float:
    """Points short of 30 that a dive deserves to lose, with the distribution of the real execution scores."""
    return draw((1.0, 2.5, 4.5, 6.0, 8.0, 16.5, 24.0), rng)


def judge(deduction: float, rng: Generator) -> np.ndarray:
    """Marks (7,) of a panel for a dive that deserves to lose `deduction` of 30 points.

    Judges agree on what is excellent or failed, and spread most in between: standard deviation .3 at the ends, .55 in
    the middle of the scale.
    """
    quality = (MAX_EXECUTION - deduction) / MARKS_COUNTED
    spread = 0.3 + 0.25 * np.sin(np.pi * np.clip(quality, 0.0, 10.0) / 10.0)
    opinions = quality + rng.normal(0.0, spread, NUM_JUDGES)
    return np.clip(np.round(opinions * 2) / 2, 0.0, 10.0)


def execution_score(marks: np.ndarray) -> float:
    """Execution, 0 to 30: the sum of the middle three of seven marks."""
    return float(middle_marks(marks, NUM_JUDGES, MARKS_COUNTED).sum())


def unusable_rows(real: RealLabels, folder: Path) -> str:
    """A sentence that names the label rows, read from `folder`, which have no video."""
    rows = "; ".join(f"row {row}: {','.join(map(str, real.boundaries[row - 1]))}" for row in real.unusable)
    return f"Left out of the videos, since t0 < t1 < t2 < t3 does not hold in {folder.name}: {rows}"
