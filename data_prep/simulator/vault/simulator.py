"""Simulated vaults, from their plan to their pixels and labels.

Boundaries are t0 the noise before ends, t1 take-off from the springboard, t2 touch-down, t3 the landing ends.
Labels come from real vaults' statistics, or are drawn with their distributions. A statistics folder holds
`scores.csv` (difficulty,execution,penalty,final) and `stage_seconds.csv` (pre_flight,posting_flight,landing), one real
vault a row. The rows of the two files are different vaults.
"""

import contextlib
import dataclasses
import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from absl import logging
from numpy.random import Generator

from data_prep.simulator.files import FPS
from data_prep.simulator.performance import ROWS, SPLIT, Boundaries, Label, Performance, Simulator, draw
from data_prep.simulator.scene.figure import Body, Motion
from data_prep.simulator.settings import CLIP_LEAD, CLIP_TAIL, Settings
from data_prep.simulator.vault import filming, rules
from data_prep.simulator.vault.motion import perform
from data_prep.simulator.vault.rules import DIFFICULTIES, FREQUENCIES, Vault, VaultTrait
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.files import read_csv
from scoringnet_tf.support.messages import InputError, counted

SCORES, SECONDS = "scores.csv", "stage_seconds.csv"
SCORE_COLUMNS = ("difficulty", "execution", "penalty", "final")
SECONDS_COLUMNS = ("pre_flight", "posting_flight", "landing")
USABLE_FLIGHT = (0.6, 2.0)  # seconds of posting-flight; outside lie slips of labelling: no vault is that short or long
# Broadcast clips of UNLV-Vault last some 75 frames, real vaults seven seconds: what is kept of run-up and landing.
PRE_FLIGHT_KEPT, LANDING_KEPT = 0.20, 0.34
PRE_FLIGHT_FRAMES, LANDING_FRAMES = (10, 40), (8, 50)  # least and most


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Real vaults."""

    difficulty: np.ndarray  # (N,) points
    final: np.ndarray  # (N,) points, penalties taken off
    seconds: np.ndarray  # (M, 3) of pre-flight, posting-flight and landing


def label_files(folder: Path) -> list[Path]:
    """A statistics folder's files."""
    return [folder / SCORES, folder / SECONDS]


def read_statistics(folder: Path) -> Statistics:
    """Reads both files; InputError if a file is missing or malformed."""
    lines, scores = _read_table(folder / SCORES, SCORE_COLUMNS)
    difficulty, execution, penalty, final = scores.T
    rules = {"final = difficulty + execution − penalty": np.abs(difficulty + execution - penalty - final) <= 0.0015}
    for name, values in (("difficulty", difficulty), ("execution", execution)):
        low, high = get_sport("vault").range_of(name)
        rules[f"{name} from {low:g} to {high:g}"] = (values >= low - 0.01) & (values <= high + 0.01)
    for rule, is_so in rules.items():
        if not is_so.all():
            row = int(np.argmin(is_so))
            where = f"{folder / SCORES}, row {lines[row]}"
            raise InputError("wrong_value", f"{where}: {','.join(map(str, scores[row]))} breaks the rule: {rule}.")
    _, seconds = _read_table(folder / SECONDS, SECONDS_COLUMNS)
    usable = (seconds[:, 1] >= USABLE_FLIGHT[0]) & (seconds[:, 1] <= USABLE_FLIGHT[1])
    if not usable.any():
        message = f"no posting_flight lasts {USABLE_FLIGHT[0]} to {USABLE_FLIGHT[1]} s."
        raise InputError("out_of_range", f"{folder / SECONDS}: {message}")
    if not usable.all():
        logging.warning(
            f"Left out, for a posting_flight of other lengths: {counted(int((~usable).sum()), 'row')} of {SECONDS}"
        )
    return Statistics(difficulty, final, seconds[usable])


def _read_table(file: Path, columns: tuple[str, ...]) -> tuple[list[int], np.ndarray]:
    """The lines (N,) and positive numbers (N, columns) of a CSV file with that header."""
    if not file.exists():
        raise InputError("not_found", f"{file}: there is no such file.", f"Its columns are {','.join(columns)}.")
    (_, header), *rows = read_csv(file) or [(1, [])]
    if tuple(header) != columns or not rows:
        message = f"{file}: the columns are not {','.join(columns)}, but {','.join(header)}, or there are no rows."
        raise InputError("missing_column", message)
    values = np.full((len(rows), len(columns)), np.nan)
    for number, (line, row) in enumerate(rows):
        with contextlib.suppress(ValueError):
            values[number] = np.array(row if len(row) == len(columns) else [], float)
        if not ((values[number] >= 0) & np.isfinite(values[number])).all():
            message = f"{file}, row {line}: {','.join(row)!r} is not {len(columns)} numbers from 0 on."
            raise InputError("wrong_value", message)
    return [line for line, _ in rows], values


def draw_rows(count: int, wanted: int, rng: Generator) -> np.ndarray:
    """Row indices (wanted,) in random order, none twice before all have been taken."""
    rounds = [rng.permutation(count) for _ in range(-(-wanted // count))]
    return np.concatenate(rounds)[:wanted]


def stage_frames(seconds: np.ndarray) -> tuple[int, int, int]:
    """A real vault's frames in pre-flight (last part), posting-flight (all) and landing (first part)."""
    pre_flight, posting_flight, landing = np.asarray(seconds) * FPS
    return (
        int(np.clip(round(PRE_FLIGHT_KEPT * pre_flight), *PRE_FLIGHT_FRAMES)),
        round(posting_flight),
        int(np.clip(round(LANDING_KEPT * landing), *LANDING_FRAMES)),
    )


def draw_seconds(rng: Generator) -> np.ndarray:
    """The stages' seconds (3,), with two thousand real vaults' quantiles."""
    quantiles = (
        (1.2, 2.88, 3.26, 3.57, 3.91, 4.45, 8.0),
        (0.6, 0.68, 1.16, 1.24, 1.31, 1.40, 1.96),
        (0.8, 1.50, 1.80, 2.12, 2.50, 3.32, 5.5),
    )
    return np.array([draw(of_stage, rng) for of_stage in quantiles])


def draw_deduction(rng: Generator) -> float:
    """Points short of 10 that a vault deserves to lose, with seven hundred real vaults' quantiles."""
    return draw((0.33, 0.57, 0.81, 1.10, 1.43, 2.17, 3.0), rng)


UNLV_VIDEOS, UNLV_TEST = 176, 56  # size and test part of UNLV-Vault


class VaultSimulator(Simulator):
    """Vaults."""

    sport = "vault"
    video_folder = "gym_vault_samples_len_ori"
    vectors = (
        ("gym_vault_overall_scores.mat", "overall_scores"),
        ("gym_vault_difficulty_level.mat", "difficulty_level"),
    )
    faults = rules.FAULTS
    max_execution = rules.MAX_EXECUTION
    execution_sd = rules.EXECUTION_SD
    element_column = "vault"
    margins = ((0, 0), (0, 0))  # the pre-flight is cut already, and what follows the landing is a matter of taste
    factor_columns = ("off_line_m", "distance_m", "fall")

    elements = tuple(DIFFICULTIES)
    heads = ("family", "half_somersaults", "position", "half_twists")
    difficulties, frequencies = DIFFICULTIES, FREQUENCIES
    difficulty_of = DIFFICULTIES.__getitem__
    name_of = operator.attrgetter("name")
    draw_deduction = staticmethod(draw_deduction)
    judge = staticmethod(rules.judge)
    execution_score = staticmethod(rules.execution_score)
    random_trait = staticmethod(rules.random_trait)
    label_files = staticmethod(label_files)
    random_athlete = staticmethod(filming.random_athlete)
    random_scene = staticmethod(filming.random_scene)
    shot = staticmethod(filming.vault_shot)
    replay_shot = staticmethod(filming.replay_shot)

    def true_boundaries(self, performance: Performance, athlete: tuple[Body]) -> tuple[float, ...]:
        boundaries, _ = performance.clock(0)
        return boundaries

    def perform(
        self, element: Vault, trait: VaultTrait, athlete: tuple[Body], boundaries: tuple, times: np.ndarray
    ) -> Motion:
        return perform(element, trait, *athlete, boundaries[1:3], times)

    def replayed_elements(self, scene: filming.Scene) -> Sequence[Vault]:
        return self.elements

    def draw_timing(self, rng: Generator) -> tuple[int, Boundaries]:
        return _timing(draw_seconds(rng), rng)

    def draw_clip(self, rng: Generator) -> tuple[Boundaries, int]:
        """From the springboard to the mat."""
        _, flight, _ = stage_frames(draw_seconds(rng))
        touch_down = CLIP_LEAD + flight
        end = touch_down + CLIP_TAIL
        return (0, CLIP_LEAD, touch_down, end), end

    def draw_ending(self, boundaries: Boundaries, rng: Generator) -> tuple[int, int]:
        return 0, int(rng.integers(4, 19))

    def stage_edges(self, performance: Performance) -> tuple[int, ...]:
        return (0, *performance.boundaries, performance.num_frames)

    def noise_shots(self, scene: filming.Scene, after: bool, rng: Generator) -> dict[str, Callable[[int], Iterator]]:
        return {"walk": lambda length: filming.walk_shot(scene, length, rng)}

    def read_labels(self, folder: Path, settings: Settings) -> list[Label]:
        real = read_statistics(folder)
        settings = _unlv_sized(settings)
        count = settings.known_videos
        training = set(settings.draw_split()[0])
        scores = draw_rows(len(real.final), count, settings.random(SPLIT, ROWS, 0))
        seconds = draw_rows(len(real.seconds), count, settings.random(SPLIT, ROWS, 1))
        return [
            Label(
                video_id,
                count,
                "train" if video_id in training else "test",
                float(real.difficulty[score]),
                float(real.final[score]) - float(real.difficulty[score]),
                functools.partial(_timing, real.seconds[row]),
            )
            for video_id, (score, row) in enumerate(zip(scores, seconds, strict=True), start=1)
        ]

    def factors(self, performance: Performance) -> tuple:
        trait = performance.trait
        return round(trait.off_line, 2), round(trait.distance, 2), int(trait.falls)


def _timing(seconds: np.ndarray, rng: Generator) -> tuple[int, Boundaries]:
    """Noise frames at the start, and boundaries, for a vault whose stages last `seconds`."""
    lead = 0 if rng.random() < 0.45 else int(rng.integers(4, 16))
    return lead, tuple(np.cumsum((lead, *stage_frames(seconds))).tolist())


def _unlv_sized(settings: Settings) -> Settings:
    num_videos = UNLV_VIDEOS if settings.num_videos is None else settings.num_videos
    return dataclasses.replace(settings, num_videos=num_videos, test_fraction=UNLV_TEST / UNLV_VIDEOS)
