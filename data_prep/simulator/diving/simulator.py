"""Simulated dives, from their plan to their pixels and labels. Boundaries are t0, t1, t2, t3 of UNLV-Diving.

Labels have the official UNLV layout: read from real files, drawn from the rules, and written.
"""

import dataclasses
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from absl import logging
from numpy.random import Generator

from data_prep.datasets.readers.matlab import read_vector, whole_numbers
from data_prep.datasets.readers.text import read_diving_times
from data_prep.simulator import files
from data_prep.simulator.diving import filming
from data_prep.simulator.diving.board import Board
from data_prep.simulator.diving.motion import (
    FAULTS,
    PLATFORM,
    DiveTrait,
    Times,
    flight_of,
    perform,
    random_trait,
    with_run_up,
)
from data_prep.simulator.performance import Boundaries, Label, Performance, Simulator, draw, middle_marks
from data_prep.simulator.scene.figure import Body, Motion
from data_prep.simulator.settings import CLIP_LEAD, CLIP_TAIL, Settings
from scoringnet_tf.sports import DIVE_TABLES, Dive, get_sport
from scoringnet_tf.support.messages import InputError, counted, shown

SCORE_FILE = ("diving_overall_scores.mat", "overall_scores")
DIFFICULTY_FILE = ("diving_difficulty_level.mat", "difficulty_level")
TIMES_FILE = "jump_drop_water_label.txt"
SPLIT_FILES = ("training_idx.mat", "testing_idx.mat")
TABLE = DIVE_TABLES["world_aquatics"]
DIVES = tuple(TABLE.seen[10])  # from the platform; those with weight 0 are in replays and the motion task alone
FREQUENCIES = {dive: count for dive, count in sorted(TABLE.seen[10].items(), key=lambda each: each[0].number) if count}
# World Aquatics diving rules: half points 0 to 10, the middle three of seven marks count.
NUM_JUDGES, MARKS_COUNTED = 7, 3
MAX_EXECUTION = 10.0 * MARKS_COUNTED
EXECUTION_SD = 0.6  # of `judge`, about what a performance of 8 to 8.5 points deserves


@dataclasses.dataclass(frozen=True)
class RealLabels:
    """What a labels folder holds; arrays have one entry a video, sorted by the 1-based video id."""

    difficulty: np.ndarray  # (N,) degrees of difficulty
    overall: np.ndarray  # (N,) final scores
    boundaries: np.ndarray  # (N, 4) t0, t1, t2, t3 in frames
    training: list[int]  # 1-based ids
    testing: list[int]  # 1-based ids
    split_name: str  # name of the split's folder
    unusable: list[int]  # 1-based rows whose boundaries are not strictly increasing


def label_files(folder: Path) -> list[Path]:
    """A folder's label files: all that `read_labels` reads."""
    split = [file for part in SPLIT_FILES for file in sorted(folder.glob(f"split_*/{part}"))]
    return [folder / SCORE_FILE[0], folder / DIFFICULTY_FILE[0], folder / TIMES_FILE, *split]


def read_labels(folder: Path) -> RealLabels:
    """Reads the official label files; InputError if a file is missing or inconsistent."""
    overall, difficulty = (read_vector(folder / name, variable) for name, variable in (SCORE_FILE, DIFFICULTY_FILE))
    boundaries = np.array(read_diving_times(folder / TIMES_FILE)).reshape(-1, 4)
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
        (f"difficulty ({DIFFICULTY_FILE[0]})", difficulty, sport.range_of("difficulty")),
        (f"execution ({SCORE_FILE[0]} / {DIFFICULTY_FILE[0]})", execution, sport.range_of("execution")),
    ):
        wrong = np.flatnonzero(~((values >= low - 0.01) & (values <= high + 0.01)))
        if len(wrong):
            row = f"{folder}, row {wrong[0] + 1} and {counted(len(wrong) - 1, 'more row')}"
            message = f"{row}: {name} {values[wrong[0]]:g} is not from {low:g} to {high:g}."
            raise InputError("wrong_scale", message)


def draw_boundaries(rng: Generator) -> tuple[int, int, int, int]:
    """t0, t1, t2, t3, distributed as the real UNLV-Diving labels (quantiles from its 368 clean rows)."""
    start = draw((1, 4, 14.75, 23, 31, 46, 75), rng)
    press = draw((1, 5, 8, 10, 12, 15, 21), rng)
    flight = draw((13, 17, 20, 23, 25, 28.65, 32), rng) + 0.35 * (10 - press)
    entry = draw((1, 5, 8, 11, 13, 15, 21), rng)
    flight = np.clip(flight, max(13, 24 - press), 32)
    t0, t1, t2, t3 = (int(value) for value in np.cumsum(np.round((start, press, flight, entry))))
    return t0, t1, t2, t3


def draw_deduction(rng: Generator) -> float:
    """Points short of 30 that a dive deserves to lose, distributed as the real execution scores."""
    return draw((1.0, 2.5, 4.5, 6.0, 8.0, 16.5, 24.0), rng)


def judge(deduction: float, rng: Generator) -> np.ndarray:
    """A panel's marks (7,) for a dive that deserves `deduction` from 30 points.

    Judges agree on what is excellent or failed, and spread most in between: standard deviation .3 at the ends, .55 in
    the middle of the scale.
    """
    quality = (MAX_EXECUTION - deduction) / MARKS_COUNTED
    spread = 0.3 + 0.25 * np.sin(np.pi * np.clip(quality, 0.0, 10.0) / 10.0)
    opinions = quality + rng.normal(0.0, spread, NUM_JUDGES)
    return np.clip(np.round(opinions * 2) / 2, 0.0, 10.0)


def execution_score(marks: np.ndarray) -> float:
    """Execution, 0 to 30: the middle three marks in seven, added up."""
    return float(middle_marks(marks, NUM_JUDGES, MARKS_COUNTED).sum())


def unusable_rows(real: RealLabels, folder: Path) -> str:
    """A sentence that names the label rows, read from `folder`, which have no video."""
    rows = "; ".join(f"row {row}: {','.join(map(str, real.boundaries[row - 1]))}" for row in real.unusable)
    return f"Left out of the videos, since t0 < t1 < t2 < t3 does not hold in {folder.name}: {rows}"


LONG_WAITS = 0.12  # of drawn videos
MAX_LEAD_SHARE = 0.4  # of the labelled pre-starting that a lead of noise may take


class DivingSimulator(Simulator):
    """Dives."""

    sport = "diving"
    video_folder = "diving_samples_len_ori"
    vectors = (SCORE_FILE, DIFFICULTY_FILE)
    faults = FAULTS
    max_execution = MAX_EXECUTION
    execution_sd = EXECUTION_SD
    element_column = "dive"
    margins = ((4, 29), (0, 13))
    factor_columns = ("entry_angle_deg", "distance_m", "leg_separation_deg", "arms_up")

    elements = DIVES
    heads = ("group", "half_somersaults", "position", "half_twists")
    difficulties, frequencies = {dive: TABLE.difficulty(dive) for dive in FREQUENCIES}, FREQUENCIES
    difficulty_of = TABLE.difficulty
    name_of = operator.attrgetter("number")
    draw_deduction = staticmethod(draw_deduction)
    judge = staticmethod(judge)
    execution_score = staticmethod(execution_score)
    random_trait = staticmethod(random_trait)
    label_files = staticmethod(label_files)
    random_athlete = staticmethod(filming.random_athlete)
    random_scene = staticmethod(filming.random_scene)
    shot = staticmethod(filming.dive_shot)
    replay_shot = staticmethod(filming.replay_shot)

    def true_boundaries(self, performance: Performance, athlete: tuple[Body, Board]) -> tuple[float, ...]:
        """Flights last as gravity has it: labelled ones are shorter."""
        (t0, t1, t2, t3), _ = performance.clock(0)
        flight = flight_of(performance.element, performance.trait, athlete[0], (t0, t1, t2), athlete[1])
        later = flight.seconds * files.FPS - (t2 - t1)
        return t0, t1, t2 + later, t3 + later

    def perform(
        self, element: Dive, trait: DiveTrait, athlete: tuple[Body, Board], boundaries: Times, times: np.ndarray
    ) -> Motion:
        body, board = athlete
        return perform(element, trait, body, boundaries[:3], times, board)

    def replayed_elements(self, scene: filming.Scene) -> list[Dive]:
        """Armstands from the 10 m platform alone."""
        return [dive for dive in FREQUENCIES if scene.board == PLATFORM or not dive.armstand]

    def film_trait(self, element: Dive, trait: DiveTrait, rng: Generator) -> DiveTrait:
        """Many divers run up, and hop onto the board's end."""
        return with_run_up(trait, element, rng)

    def draw_timing(self, rng: Generator) -> tuple[int, Boundaries]:
        """As labelled clips have it, except that some divers stand much longer, as they do in uncut video."""
        lead = 0 if rng.random() < 0.5 else int(rng.integers(6, 41))
        start = lead + (int(rng.integers(20, 121)) if rng.random() < LONG_WAITS else 0)
        t0, t1, t2, t3 = draw_boundaries(rng)
        return lead, (start + t0, start + t1, start + t2, start + t3)

    def draw_clip(self, rng: Generator) -> tuple[Boundaries, int]:
        """From the first movement to the water."""
        t0, t1, t2, t3 = draw_boundaries(rng)
        boundaries = (CLIP_LEAD, t1 - t0 + CLIP_LEAD, t2 - t0 + CLIP_LEAD, t3 - t0 + CLIP_LEAD)
        return boundaries, boundaries[2] + CLIP_TAIL

    def draw_ending(self, boundaries: Boundaries, rng: Generator) -> tuple[int, int]:
        entry = boundaries[3] - boundaries[2]
        linger = int(rng.integers(6, 19)) if entry >= 6 and rng.random() < 0.25 else 0
        return linger, int(rng.integers(20, 61))

    def stage_edges(self, performance: Performance) -> tuple[int, ...]:
        t0, _, t2, t3 = performance.boundaries
        return (0, performance.lead, t0, t2, t3, performance.num_frames)

    def noise_shots(self, scene: filming.Scene, after: bool, rng: Generator) -> dict[str, Callable[[int], Iterator]]:
        """Below the water, or the water; the latter never right after a dive, whose end it would hide."""
        shots = {"underwater": lambda length: filming.underwater_shot(scene, length, rng)}
        return shots if after else {**shots, "water": lambda length: filming.water_shot(scene, length, rng)}

    def read_labels(self, folder: Path, settings: Settings) -> list[Label]:
        real = read_labels(folder)
        if real.unusable:
            logging.warning(unusable_rows(real, folder))
        return [_real_label(real, *row) for row in _real_ids(real, settings.num_videos)]

    def factors(self, performance: Performance) -> tuple:
        trait = performance.trait
        angle, distance = round(trait.entry_angle, 1), round(trait.distance, 2)
        return angle, distance, round(trait.leg_separation, 1), int(trait.arms_up)

    def write_more_labels(self, performances: Sequence[Performance], settings: Settings, folder: Path) -> None:
        """Boundaries in all rows; real labels are kept as they are, in unusable rows too."""
        boundaries = np.array([p.boundaries for p in performances])
        if settings.labels_dir:
            real = read_labels(settings.labels_dir)
            boundaries = real.boundaries
            for (file, variable), values in zip(self.vectors, (real.overall, real.difficulty), strict=True):
                files.write_vector(folder / file, variable, values)
        text = "".join(",".join(map(str, row)) + "\n" for row in boundaries.tolist())
        files.replace_bytes(folder / TIMES_FILE, text.encode())

    def split_name(self, settings: Settings) -> str | None:
        """That of the real labels."""
        return read_labels(settings.labels_dir).split_name if settings.labels_dir else None


class DivingPhasesSimulator(DivingSimulator):
    """The same dives, whose jump and flight are stages of their own."""

    sport = "diving_phases"

    def stage_edges(self, performance: Performance) -> tuple[int, ...]:
        return (0, performance.lead, *performance.boundaries, performance.num_frames)


def _real_label(real: RealLabels, video_id: int, split: str) -> Label:
    difficulty = float(real.difficulty[video_id - 1])
    boundaries = tuple(real.boundaries[video_id - 1].tolist())
    return Label(
        video_id,
        len(real.overall),
        split,
        difficulty,
        float(real.overall[video_id - 1]) / difficulty,
        lambda rng: (_lead_within(boundaries[0], rng), boundaries),
    )


def _lead_within(start: int, rng: Generator) -> int:
    """Noise frames where a pre-starting with `start` frames begins: none, or up to two fifths."""
    if start < 15 or rng.random() < 0.4:
        return 0
    return int(rng.uniform(0.15, MAX_LEAD_SHARE) * start)


def _real_ids(real: RealLabels, num_videos: int | None) -> list[tuple[int, str]]:
    training, testing = (sorted(set(ids) - set(real.unusable)) for ids in (real.training, real.testing))
    total = len(training) + len(testing)
    wanted = total if num_videos is None else num_videos
    if not 2 <= wanted <= total:
        raise InputError("out_of_range", f"--num_videos={wanted}: the labels allow 2 to {total}, their usable rows.")
    num_test = min(max(1, round(wanted * len(testing) / total)), wanted - 1)
    chosen = [(video_id, "train") for video_id in training[: wanted - num_test]]
    return sorted(chosen + [(video_id, "test") for video_id in testing[:num_test]])
