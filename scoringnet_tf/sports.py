"""What a sport is: its stages, key fragments, score ranges and fusion rule (paper §3.2, §4.1, §4.3).

This is the one place that knows. Everything else asks `get_sport(name)`. It imports neither Keras nor TensorFlow, so
that offline tools stay light.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable
from typing import Any, SupportsInt

NOISE = "noise"
SCORES = ("difficulty", "execution", "final")
PREDICTED_SCORES = SCORES[:2]  # the final score is fused from them
FINAL_ALONE = SCORES[2:]  # what a model with one tower predicts
DECODINGS = ("argmax", "ordered", "cyclic")  # how the stages of frames are decided, see `models.decoding`

FUSIONS = {  # Eq. 4: rule → final score of difficulty, execution and penalty
    "product": lambda difficulty, execution, penalty: difficulty * execution,
    "sum": lambda difficulty, execution, penalty: difficulty + execution,
    "sum_minus_penalty": lambda difficulty, execution, penalty: difficulty + execution - penalty,
}


@dataclasses.dataclass(frozen=True)
class Sport:
    """One sport, as the rules and the paper describe it.

    Attributes:
        name: key in `SPORTS`.
        stages: class names of KFS in label order; label 0 is noise.
        difficulty_fragment: stages whose frames the Difficulty tower sees (§4.3, Tables 1 and 2).
        execution_fragment: stages whose frames the Execution tower sees.
        difficulty_range: smallest and largest difficulty that occurs, in points of the sport (§4.1, label files).
        execution_range: the same for execution.
        final_range: the same for the final score.
        fusion: key in `FUSIONS`: `"product"` (final = difficulty · execution), `"sum"` (difficulty + execution) or
            `"sum_minus_penalty"`: Eq. 4 as §4.1 and the label files have it; the sentence after Eq. 4 swaps product
            and sum.
        mark_step: execution is a sum of marks and so a multiple of this, points; None where marks are finer.
    """

    name: str
    stages: tuple[str, ...]
    difficulty_fragment: tuple[str, ...]
    execution_fragment: tuple[str, ...]
    difficulty_range: tuple[float, float]
    execution_range: tuple[float, float]
    final_range: tuple[float, float]
    fusion: str
    mark_step: float | None = None

    @property
    def num_stages(self) -> int:
        """Number of KFS classes, noise included."""
        return len(self.stages)

    def stage_index(self, stage: str) -> int:
        """Label of a stage name.

        Raises:
            ValueError: the sport has no such stage.
        """
        if stage not in self.stages:
            raise ValueError(f"Expected a stage of {self.name}, one of {', '.join(self.stages)}. Received: {stage!r}")
        return self.stages.index(stage)

    def fuse(self, difficulty: Any, execution: Any, penalty: Any = 0.0) -> Any:
        """Final score of Eq. 4; plain arithmetic, so numbers, NumPy arrays and Keras tensors all work.

        Args:
            difficulty: points.
            execution: points.
            penalty: points that judges took off beside the execution (stepping out of the area, time); a model sees
                none.
        """
        return FUSIONS[self.fusion](difficulty, execution, penalty)

    def fused_variance(self, scores: Any, variances: Any) -> Any:
        """Variance of the final score of Eq. 4, where difficulty and execution err independently of each other.

        Args:
            scores: (difficulty, execution), points, as of `fuse`.
            variances: of the two, squared points.
        """
        (difficulty, execution), (of_difficulty, of_execution) = scores, variances
        if self.fusion == "product":
            crossed = difficulty * difficulty * of_execution + execution * execution * of_difficulty
            return crossed + of_difficulty * of_execution
        return of_difficulty + of_execution

    def fragment(self, score: str) -> tuple[str, ...]:
        """The stages whose frames a tower for `score` sees; for the final score they are those of execution."""
        return self.difficulty_fragment if score == "difficulty" else self.execution_fragment

    def execution_of(self, difficulty: float, final: float, penalty: float = 0.0) -> float:
        """The execution that `fuse` makes `final` of; NaN where the difficulty is a factor and 0."""
        if self.fusion == "product":
            return final / difficulty if difficulty else math.nan
        return final - self.fuse(difficulty, 0.0, penalty)


def _diving(name, mark_step):
    """Diving and synchronised diving: the same stages and scores (World Aquatics rules, §4.1), other marks."""
    return Sport(
        name=name,
        stages=(NOISE, "pre-starting", "take-flight", "entry"),
        difficulty_fragment=("take-flight",),
        execution_fragment=("take-flight", "entry"),
        difficulty_range=(1.2, 4.8),  # 101C from 1 m has 1.2
        execution_range=(0.0, 30.0),
        final_range=(0.0, 144.0),
        fusion="product",
        mark_step=mark_step,
    )


def _big_air(name):
    """One jump, on skis or a board. It is judged by one overall mark up to 100, the execution: difficulty adds 0."""
    return Sport(
        name=name,
        stages=(NOISE, "in-run", "flight", "landing"),
        difficulty_fragment=("flight",),
        execution_fragment=("flight", "landing"),
        difficulty_range=(0.0, 0.0),
        execution_range=(0.0, 100.0),
        final_range=(0.0, 100.0),
        fusion="sum",
    )


_ALL = (
    _diving("diving", mark_step=0.5),
    _diving("sync_diving", mark_step=0.3),  # five marks of half points, times 0.6
    Sport(
        name="vault",
        stages=(NOISE, "pre-flight", "posting-flight", "landing"),
        difficulty_fragment=("posting-flight",),
        execution_fragment=("posting-flight", "landing"),
        difficulty_range=(2.0, 7.4),
        execution_range=(0.0, 10.0),
        final_range=(0.0, 17.4),
        fusion="sum_minus_penalty",
    ),
    _big_air("ski_big_air"),
    _big_air("snowboard_big_air"),
    Sport(  # difficulty is open-ended; the range holds the codes of points since 2017
        name="rhythmic_gymnastics",
        stages=(NOISE, "routine"),
        difficulty_fragment=("routine",),
        execution_fragment=("routine",),
        difficulty_range=(0.0, 25.0),
        execution_range=(0.0, 10.0),
        final_range=(0.0, 35.0),
        fusion="sum_minus_penalty",
    ),
)
SPORTS = {sport.name: sport for sport in _ALL}


def get_sport(name: str) -> Sport:
    """The sport called `name`.

    Raises:
        ValueError: it is not known; those that are, are named.
    """
    if name not in SPORTS:
        raise ValueError(f"Expected a sport, one of {', '.join(sorted(SPORTS))}. Received: {name!r}")
    return SPORTS[name]


def stage_runs(stages: Iterable[SupportsInt]) -> list[tuple[int, int, int]]:
    """Contiguous runs of stage labels along time, ints (L,): a list of (stage, start, end), end exclusive."""
    found, start = [], 0
    for stage, group in itertools.groupby(stages):
        end = start + sum(1 for _ in group)
        found.append((int(stage), start, end))
        start = end
    return found


def in_order(stages: Iterable[SupportsInt]) -> bool:
    """Whether labels along time, ints (L,), are those of one performance: each stage at most once, and in order."""
    found = [stage for stage, _, _ in stage_runs(stages) if stage > 0]  # 0 is noise, negative no label
    return found == sorted(set(found))
