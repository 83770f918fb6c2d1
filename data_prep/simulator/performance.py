"""One simulated performance, and what a sport provides to plan, film and label it."""

import abc
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.simulator.faults import Fault
from data_prep.simulator.scene.film import BROADCAST, FilmLook
from data_prep.simulator.settings import Settings

SPLIT, PLAN, FILM, ROWS, ENCODING, LOOK, TIMING = range(7)  # purposes of random numbers
Boundaries = tuple[int, int, int, int]


@dataclasses.dataclass(frozen=True)
class Performance:
    """The plan of one video, and its labels.

    Attributes:
        video_id: 1-based.
        path: of the video file, relative to the dataset.
        codec: of its compression.
        quantiser: of its compression, 2 (finest) to 31.
        element: the dive, the vault.
        trait: its faults and manner.
        boundaries: of the sport's stages, see its simulator, in frames from the start of the video.
        lead: frames of noise at the start.
        linger: frames after the last boundary that the shot goes on.
        num_frames: length of the video.
        difficulty: labelled difficulty.
        execution: labelled execution, penalties taken off.
        marks: judges' marks, empty where execution comes from real labels.
        split: `train` or `test`; `validation` for clips.
        speed: of the film; below 1 is slow motion.
        repeats: every how many frames one repeats the frame before it; 0: none does.
    """

    video_id: int
    path: Path
    codec: str
    quantiser: int
    element: Any
    trait: Any
    boundaries: Boundaries
    lead: int
    linger: int
    num_frames: int
    difficulty: float
    execution: float
    marks: tuple[float, ...]
    split: str
    speed: float = 1.0
    repeats: int = 0


@dataclasses.dataclass(frozen=True)
class Label:
    """What is known of one video before it is planned, from real labels or drawn.

    Attributes:
        video_id: 1-based.
        highest_id: of the dataset.
        split: `train` or `test`.
        difficulty: of its element.
        execution: penalties taken off.
        draw_timing: random numbers → frames of noise at the start, and boundaries.
    """

    video_id: int
    highest_id: int
    split: str
    difficulty: float
    execution: float
    draw_timing: Callable[[np.random.Generator], tuple[int, Boundaries]]


class Simulator(abc.ABC):
    """A sport that can be simulated. Its elements are dives or vaults.

    Attributes:
        sport: its name in `scoringnet_tf.sports`.
        video_folder: of the official layout.
        vectors: (file, variable) of the final scores, and of the difficulties.
        elements: every element of the table.
        difficulties: element that is seen in competition → its value by the rules.
        frequencies: element that is seen in competition → how often, relative to the others.
        element_column: the header of elements in `factors.csv`.
        heads: attributes of an element that are its classes of motion, for pretraining.
        faults: that cost points.
        max_execution: without any fault.
        execution_sd: standard deviation of the execution about what a performance deserves: the error of the judges.
        easy: a sentence on what the preset for demonstrations leaves out.
        margins: least and most frames that people leave before the first movement, and after the end.
        factor_columns: of `factors.csv` beside scores, severities and marks.
        difficulty_of: element → its value by the rules.
        name_of: element → its name in `factors.csv`.
        draw_deduction: rng → points that a performance deserves to lose, distributed as real ones.
        judge: (deduction, rng) → marks of a panel for a performance that deserves to lose so many points.
        execution_score: marks → execution.
        random_trait: (severities, rng) → faults of those severities, and a manner.
        label_files: folder → files of real labels that a plan depends on.
        replay_shot: (scene, element, trait, num_frames, rng) → frames of an element from another point of view.
    """

    sport: str
    video_folder: str
    vectors: tuple[tuple[str, str], tuple[str, str]]
    elements: Sequence[Any]
    difficulties: Mapping[Any, float]
    frequencies: Mapping[Any, int]
    element_column: str
    heads: tuple[str, ...]
    faults: tuple[Fault, ...]
    max_execution: float
    execution_sd: float
    easy: str
    margins: tuple[tuple[int, int], tuple[int, int]]
    factor_columns: tuple[str, ...]
    difficulty_of: Callable[[Any], float]
    name_of: Callable[[Any], str]
    draw_deduction: Callable[[np.random.Generator], float]
    judge: Callable[[float, np.random.Generator], np.ndarray]
    execution_score: Callable[[np.ndarray], float]
    random_trait: Callable[[dict[str, float], np.random.Generator], Any]
    label_files: Callable[[Path], list[Path]]
    replay_shot: Callable[[Any, Any, Any, int, np.random.Generator], Iterator[np.ndarray]]

    # === Elements ===

    def elements_of_difficulty(self, difficulty: float, one_each: bool = False) -> list[Any]:
        """Elements of a difficulty, or of the nearest that has any; `one_each` keeps the most frequent alone."""
        values = set(self.difficulties.values())
        nearest = min(values, key=lambda value: (round(abs(value - difficulty), 6), value))
        elements = [element for element, value in self.difficulties.items() if value == nearest]
        return [max(elements, key=self.frequencies.__getitem__)] if one_each else elements

    def seen_elements(self, one_each: bool = False) -> list[Any]:
        """All elements of competition; `one_each` keeps one for each difficulty."""
        values = self.difficulties.items()
        return [e for e, value in values if not one_each or self.elements_of_difficulty(value, one_each) == [e]]

    def film_trait(self, element: Any, trait: Any, rng: np.random.Generator) -> Any:
        """The manner of a performance that is filmed as people film: as it is, unless the sport has more of them."""
        return trait

    def draw_element(self, elements: Sequence[Any], rng: np.random.Generator) -> Any:
        """One of the elements, drawn by their frequencies."""
        weights = np.array([self.frequencies[element] for element in elements], float)
        return elements[rng.choice(len(elements), p=weights / weights.sum())]

    # === Timing, in frames ===

    @abc.abstractmethod
    def draw_timing(self, rng: np.random.Generator) -> tuple[int, Boundaries]:
        """Frames of noise at the start, and boundaries."""

    @abc.abstractmethod
    def draw_clip(self, rng: np.random.Generator) -> tuple[Boundaries, int]:
        """Boundaries and length of a clip of motion alone."""

    @abc.abstractmethod
    def draw_ending(self, boundaries: Boundaries, rng: np.random.Generator) -> tuple[int, int]:
        """Frames that the shot goes on after the last boundary, and frames of the video after it."""

    @abc.abstractmethod
    def stage_edges(self, performance: Performance) -> tuple[int, ...]:
        """First frame of each stage in order, noise before and after included, and the length of the video."""

    @abc.abstractmethod
    def spans(self, performances: Sequence[Performance], task: str) -> Mapping[str, np.ndarray]:
        """Name → durations (N,) in frames, for the card."""

    # === Filming ===

    @abc.abstractmethod
    def random_scene(
        self, element: Any, settings: Settings, rng: np.random.Generator, look: FilmLook = BROADCAST
    ) -> Any:
        """Place, camera and athlete for an element: `view`, `world`, `appearance`, `mirrored`."""

    @abc.abstractmethod
    def replayed_elements(self, scene: Any) -> Sequence[Any]:
        """Elements that replays of a scene show."""

    @abc.abstractmethod
    def shot(
        self, scene: Any, performance: Performance, task: str, rng: np.random.Generator, joints: list[np.ndarray]
    ) -> Iterator[np.ndarray]:
        """The frames (H, W, 3) of the performance, from the end of the lead on, or of a clip.

        Appends the athlete's joints in each, (J, 2) in pixels, to `joints`; NaN if none is painted.
        """

    @abc.abstractmethod
    def noise_shots(self, scene: Any, after: bool, rng: np.random.Generator) -> dict[str, Callable[[int], Iterator]]:
        """Name → function of a number of frames: the shots of this sport alone between performances, or after one."""

    # === Labels ===

    @abc.abstractmethod
    def read_labels(self, settings: Settings) -> list[Label]:
        """Reads the label of each video to simulate from `settings.labels_dir`."""

    @abc.abstractmethod
    def factors(self, performance: Performance) -> tuple:
        """Values of `factor_columns`."""

    @abc.abstractmethod
    def notes(self, settings: Settings) -> list[str]:
        """Sentences for the card on what the labels are, and are not."""

    def split_name(self, settings: Settings) -> str | None:
        """Name of the split's folder; None for a name with the numbers of its videos."""
        return None

    def write_more_labels(self, performances: Sequence[Performance], settings: Settings, folder: Path) -> None:
        """Writes label files of this sport's official layout alone, over the common ones."""
        return
