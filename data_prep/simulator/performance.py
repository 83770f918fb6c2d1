"""One simulated performance, its faults, and what a sport provides to plan, film and label it."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from data_prep.simulator.scene.effects import FilmLook
from data_prep.simulator.scene.figure import Motion
from data_prep.simulator.settings import Settings
from scoringnet_tf.support.messages import InputError

EXPONENT = 0.7
# Concentration of the Dirichlet shares. Larger spreads a deduction more evenly and ties every single fault closer to
# the execution: performances differ in which fault spoils them. For seeds 0 to 7 the largest |Spearman ρ| of a fault of
# diving is .57 with 400 to 600 drawn dives, and .54 with UNLV-Diving's scores; at 0.3 it is .60 and at 0.4 .64.
CONCENTRATION = 0.22
LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)  # of the quantiles of real labels


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault: its name, the points that it costs at severity 1, and its share of deductions relative to others."""

    name: str
    max_points: float
    weight: float


def share_deduction(points: float, faults: tuple[Fault, ...], rng: Generator) -> dict[str, float]:
    """Severities by name of faults that together cost `points`, shared out at random.

    Shares are Dirichlet; what exceeds the most a fault can cost flows to the others. Points beyond what all faults
    together can cost are lost.
    """
    limits = np.array([fault.max_points for fault in faults])
    shares = rng.gamma(CONCENTRATION * np.array([fault.weight for fault in faults])) + 1e-9
    costs = np.zeros(len(faults))
    left = min(max(points, 0.0), limits.sum())
    while left > 1e-6:
        room = costs < limits - 1e-9
        added = np.minimum(left * shares * room / (shares * room).sum(), limits - costs)
        costs += added
        left -= added.sum()
    return {fault.name: float(s) for fault, s in zip(faults, (costs / limits) ** EXPONENT, strict=True)}


def total_deduction(severities: dict[str, float], faults: tuple[Fault, ...]) -> float:
    """Points that severities cost together: the inverse of `share_deduction`."""
    return float(sum(fault.max_points * severities[fault.name] ** (1 / EXPONENT) for fault in faults))


def draw(quantiles: Sequence[float], rng: Generator) -> float:
    """A number with these quantiles at `LEVELS`."""
    return float(np.interp(rng.random(), LEVELS, quantiles))


def middle_marks(marks: np.ndarray, judges: int, kept: int) -> np.ndarray:
    """The middle `kept` of a panel's marks, sorted by size; InputError (`count_mismatch`) for another panel."""
    if len(marks) != judges:
        raise InputError("count_mismatch", f"{len(marks)} marks instead of {judges}.")
    dropped = (judges - kept) // 2
    return np.sort(marks)[dropped : judges - dropped]


SPLIT, PLAN, FILM, ROWS, ENCODING, LOOK, TIMING = range(7)  # purposes of random numbers
Boundaries = tuple[int, int, int, int]


@dataclasses.dataclass(frozen=True)
class Performance:
    """One video's plan, and its labels."""

    video_id: int  # 1-based
    path: Path  # of the video file, relative to the dataset
    codec: str  # of its compression
    quantiser: int  # of its compression, 2 (finest) to 31
    element: Any  # the dive, the vault
    trait: Any  # its faults and manner
    boundaries: Boundaries  # of the sport's stages, see its simulator, in frames from the start of the video
    lead: int  # frames of noise at the start
    linger: int  # frames after the last boundary that the shot goes on
    num_frames: int  # length of the video
    difficulty: float  # labelled difficulty
    execution: float  # labelled execution, penalties taken off
    marks: tuple[float, ...]  # judges' marks, empty where execution comes from real labels
    split: str  # `train` or `test`; `validation` for clips
    speed: float = 1.0  # of the film; below 1 is slow motion
    repeats: int = 0  # every how many frames one repeats the frame before it; 0: none does

    def clock(self, end: int) -> tuple[tuple[float, ...], np.ndarray]:
        """Boundaries and instants (F,) of the frames from the lead to `end`, by the clock that slow motion slows."""
        return tuple(self.speed * each for each in self.boundaries), self.speed * np.arange(self.lead, end)


@dataclasses.dataclass(frozen=True)
class Label:
    """What is known of one video before it is planned, from real labels or drawn."""

    video_id: int  # 1-based
    highest_id: int  # of the dataset
    split: str  # `train` or `test`
    difficulty: float  # of its element
    execution: float  # penalties taken off
    # random numbers → frames of noise at the start, and boundaries
    draw_timing: Callable[[Generator], tuple[int, Boundaries]]


class Simulator:
    """A sport that can be simulated. Its elements are dives or vaults."""

    sport: str  # its name in `scoringnet_tf.sports`
    video_folder: str  # of the official layout
    vectors: tuple[tuple[str, str], tuple[str, str]]  # (file, variable) of the final scores, and of the difficulties
    elements: Sequence[Any]  # every element of the table
    difficulties: Mapping[Any, float]  # element that is seen in competition → its value by the rules
    frequencies: Mapping[Any, float]  # element that is seen in competition → how often, relative to the others
    element_column: str  # the header of elements in `factors.csv`
    heads: tuple[str, ...]  # attributes of an element that are its classes of motion, for pretraining
    faults: tuple[Fault, ...]  # that cost points
    max_execution: float  # without any fault
    # standard deviation of the execution about what a performance deserves: the error of the judges
    execution_sd: float
    # least and most frames that people leave before the first movement, and after the end
    margins: tuple[tuple[int, int], tuple[int, int]]
    factor_columns: tuple[str, ...]  # of `factors.csv` beside scores, severities and marks
    difficulty_of: Callable[[Any], float]  # element → its value by the rules
    name_of: Callable[[Any], str]  # element → its name in `factors.csv`
    # rng → points that a performance deserves to lose, distributed as real ones
    draw_deduction: Callable[[Generator], float]
    # (deduction, rng) → marks of a panel for a performance that deserves to lose so many points
    judge: Callable[[float, Generator], np.ndarray]
    execution_score: Callable[[np.ndarray], float]  # marks → execution
    # (severities, rng) → faults of those severities, and a manner
    random_trait: Callable[[dict[str, float], Generator], Any]
    # (element, easy, rng) → who performs, and where: what `random_scene` draws first
    random_athlete: Callable[[Any, bool, Generator], tuple]
    # (performance, athlete) → boundaries by a clock that runs as in life, in frames
    true_boundaries: Callable[["Performance", tuple], tuple[float, ...]]
    # (element, trait, athlete, boundaries, times (N,)) → motion, all in frames
    perform: Callable[..., Motion]
    label_files: Callable[[Path], list[Path]]  # folder → files of real labels that a plan depends on
    # (element, settings, rng, look) → place, camera and athlete: `view`, `world`, `appearance`, `mirrored`
    random_scene: Callable[[Any, Settings, Generator, FilmLook], Any]
    # (scene, element, trait, boundaries, frames, rng, joints) → pictures (H, W, 3) of an element at these instants;
    # appends the athlete's joints in each, (J, 2) in pixels, to `joints`; NaN if none is painted
    shot: Callable[..., Iterator[np.ndarray]]
    # (scene, element, trait, num_frames, rng) → frames of an element from another point of view
    replay_shot: Callable[[Any, Any, Any, int, Generator], Iterator[np.ndarray]]

    draw_timing: Callable[[Generator], tuple[int, Boundaries]]  # frames of noise at the start, and boundaries
    draw_clip: Callable[[Generator], tuple[Boundaries, int]]  # boundaries and length of a clip of motion alone
    # boundaries → frames that the shot goes on after the last one, and frames of the video after it
    draw_ending: Callable[[Boundaries, Generator], tuple[int, int]]
    # first frame of each stage in order, noise before and after included, and the length of the video
    stage_edges: Callable[[Performance], tuple[int, ...]]
    replayed_elements: Callable[[Any], Sequence[Any]]  # scene → elements that its replays show
    # (scene, whether after a performance, rng) → {name: function of a number of frames}, shots of this sport alone
    noise_shots: Callable[[Any, bool, Generator], dict[str, Callable[[int], Iterator]]]
    read_labels: Callable[[Path, Settings], list[Label]]  # folder of real labels → that of each video to simulate
    factors: Callable[[Performance], tuple]  # values of `factor_columns`

    def elements_of_difficulty(self, difficulty: float, one_each: bool = False) -> list[Any]:
        """Elements with a difficulty, or the nearest that has any; `one_each` keeps the most frequent alone."""
        values = set(self.difficulties.values())
        nearest = min(values, key=lambda value: (round(abs(value - difficulty), 6), value))
        elements = [element for element, value in self.difficulties.items() if value == nearest]
        return [max(elements, key=self.frequencies.__getitem__)] if one_each else elements

    def seen_elements(self, one_each: bool = False) -> list[Any]:
        """All elements of competition; `one_each` keeps one for each difficulty."""
        values = self.difficulties.items()
        return [e for e, value in values if not one_each or self.elements_of_difficulty(value, one_each) == [e]]

    def film_trait(self, element: Any, trait: Any, rng: Generator) -> Any:
        """The manner in film that people shoot: as it is, unless the sport has more."""
        return trait

    def draw_element(self, elements: Sequence[Any], rng: Generator) -> Any:
        """One of the elements, drawn by their frequencies."""
        weights = np.array([self.frequencies[element] for element in elements], float)
        return elements[rng.choice(len(elements), p=weights / weights.sum())]

    def split_name(self, settings: Settings) -> str | None:
        """The split folder's name; None for a name with its numbers of videos."""
        return None

    def write_more_labels(self, performances: Sequence[Performance], settings: Settings, folder: Path) -> None:
        """Writes label files of this sport's official layout alone, over the common ones."""
        return
