"""Labels of simulated vaults: from statistics of real ones, or drawn with their distributions.

A folder of statistics holds `scores.csv` (difficulty,execution,penalty,final) and `stage_seconds.csv`
(pre_flight,posting_flight,landing), one real vault a row. The rows of the two files are different vaults.
"""

import contextlib
import dataclasses
from pathlib import Path

import numpy as np
from numpy.random import Generator

from data_prep.simulator.files import FPS
from data_prep.simulator.performance import draw
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.files import read_csv
from scoringnet_tf.support.messages import InputError

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
    unusable: int  # how many rows of `stage_seconds.csv` were left out


def label_files(folder: Path) -> list[Path]:
    """The files of a folder of statistics."""
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
    return Statistics(difficulty, final, seconds[usable], int((~usable).sum()))


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
    """Frames of pre-flight (its last part), posting-flight (all) and landing (its first part) of a real vault."""
    pre_flight, posting_flight, landing = np.asarray(seconds) * FPS
    return (
        int(np.clip(round(PRE_FLIGHT_KEPT * pre_flight), *PRE_FLIGHT_FRAMES)),
        round(posting_flight),
        int(np.clip(round(LANDING_KEPT * landing), *LANDING_FRAMES)),
    )


def draw_seconds(rng: Generator) -> np.ndarray:
    """Seconds (3,) of the stages, with the quantiles of two thousand real vaults."""
    quantiles = (
        (1.2, 2.88, 3.26, 3.57, 3.91, 4.45, 8.0),
        (0.6, 0.68, 1.16, 1.24, 1.31, 1.40, 1.96),
        (0.8, 1.50, 1.80, 2.12, 2.50, 3.32, 5.5),
    )
    return np.array([draw(of_stage, rng) for of_stage in quantiles])


def draw_deduction(rng: Generator) -> float:
    """Points short of 10 that a vault deserves to lose, with the quantiles of seven hundred real ones."""
    return draw((0.33, 0.57, 0.81, 1.10, 1.43, 2.17, 3.0), rng)
