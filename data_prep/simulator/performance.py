"""One simulated performance, and what a sport says so that its performances can be planned, filmed and labelled."""

import abc
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.simulator.scoring.faults import Fault
from data_prep.simulator.settings import Settings

SPLIT, PLAN, FILM, ROWS, ENCODING = 0, 1, 2, 3, 4  # purposes of random numbers
Boundaries = tuple[int, int, int, int]


@dataclasses.dataclass(frozen=True)
class Performance:
    """The plan of one video: what is shown, and the labels that say so.

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


@dataclasses.dataclass(frozen=True)
class RealLabel:
    """What real labels say of one video.

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
    """A sport that can be simulated.

    Attributes:
        sport: its name in `scoringnet_tf.sports`.
        video_folder: where the official layout has the videos.
        vectors: (file, variable) of the final scores, and of the difficulties.
        faults: that cost points.
        max_execution: of a performance without any.
        execution_sd: standard deviation of the execution about what a performance deserves, as the judges err.
        element_column: what `factors.csv` calls an element.
        easy: a sentence that says what the preset for demonstrations leaves out.
        boundary_names: of the four boundaries.
        factor_columns: of `factors.csv` beside scores, severities and marks.
    """

    sport: str
    video_folder: str
    vectors: tuple[tuple[str, str], tuple[str, str]]
    faults: tuple[Fault, ...]
    max_execution: float
    execution_sd: float
    element_column: str
    easy: str
    boundary_names: tuple[str, str, str, str]
    factor_columns: tuple[str, ...]

    # === Elements: dives, vaults ===

    @abc.abstractmethod
    def all_elements(self) -> list[Any]:
        """Every element of the table."""

    @abc.abstractmethod
    def seen_elements(self, one_each: bool) -> tuple[list[Any], Sequence[float]]:
        """Elements with the probabilities of competition; `one_each` keeps one for each difficulty."""

    @abc.abstractmethod
    def replayed_elements(self, scene: Any) -> list[Any]:
        """Elements that are seen in replays of a scene."""

    @abc.abstractmethod
    def elements_of_difficulty(self, difficulty: float, one_each: bool) -> tuple[list[Any], Sequence[float]]:
        """Elements of a difficulty, or of the nearest that has any, with their probabilities."""

    @abc.abstractmethod
    def difficulty_of(self, element: Any, /) -> float:
        """The value that the rules give an element."""

    @abc.abstractmethod
    def name_of(self, element: Any) -> str:
        """The name in `factors.csv` and in the card."""

    @abc.abstractmethod
    def motion_classes(self, element: Any) -> dict[str, Any]:
        """Head → class, for pretraining."""

    # === Scoring ===

    @abc.abstractmethod
    def draw_deduction(self, rng: np.random.Generator) -> float:
        """Points that a performance deserves to lose, with the distribution of real ones."""

    @abc.abstractmethod
    def judge(self, deduction: float, rng: np.random.Generator) -> np.ndarray:
        """Marks of a panel for a performance that deserves to lose `deduction` points."""

    @abc.abstractmethod
    def execution_score(self, marks: np.ndarray) -> float:
        """Execution from the marks."""

    @abc.abstractmethod
    def random_trait(self, severities: dict[str, float], rng: np.random.Generator) -> Any:
        """Faults of those severities, and a manner."""

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
    def random_scene(self, element: Any, settings: Settings, rng: np.random.Generator) -> Any:
        """Place, camera and athlete for an element: `view`, `world`, `appearance`, `mirrored`."""

    @abc.abstractmethod
    def shot(
        self, scene: Any, performance: Performance, task: str, rng: np.random.Generator, joints: list[np.ndarray]
    ) -> Iterator[np.ndarray]:
        """The frames (H, W, 3) of the performance, from the end of the lead on, or of a clip.

        The athlete's joints in each, (J, 2) in pixels, NaN where none is painted, are appended to `joints`.
        """

    @abc.abstractmethod
    def replay_shot(
        self, scene: Any, element: Any, trait: Any, num_frames: int, rng: np.random.Generator, /
    ) -> Iterator[np.ndarray]:
        """Frames of an element, replayed, from another point of view."""

    @abc.abstractmethod
    def noise_shots(self, scene: Any, after: bool, rng: np.random.Generator) -> dict[str, Callable[[int], Iterator]]:
        """Name → function of a number of frames: what only this sport shows between performances, or just after one."""

    # === Labels ===

    @abc.abstractmethod
    def label_files(self, folder: Path) -> list[Path]:
        """The files of real labels that a plan depends on."""

    @abc.abstractmethod
    def read_labels(self, settings: Settings) -> list[RealLabel]:
        """What `settings.labels_dir` says of each video that is to be simulated."""

    @abc.abstractmethod
    def factors(self, performance: Performance) -> tuple:
        """Values of `factor_columns`."""

    @abc.abstractmethod
    def notes(self, settings: Settings) -> list[str]:
        """Sentences for the card: what the labels are, and are not."""

    def split_name(self, settings: Settings) -> str | None:
        """Name of the split's folder, None for one made of how many videos are in it."""
        return None

    def write_more_labels(self, performances: Sequence[Performance], settings: Settings, folder: Path) -> None:
        """Writes label files that only this sport's official layout has, over the common ones."""
        return
