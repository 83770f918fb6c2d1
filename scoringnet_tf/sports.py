"""What a sport is: its stages, key fragments, score ranges and fusion rule (paper §3.2, §4.1, §4.3).

This is the one place that knows. Everything else asks `get_sport(name)`. It imports neither Keras nor TensorFlow, so
that offline tools stay light.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence
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
class Marks:
    """How the marks of judges make the execution: `factor` × the mean of the kept marks.

    Attributes:
        panels: the panels of judges that there are, each a tuple of groups (judges, kept) in the order of their marks.
            Of each group the middle `kept` marks count. The number of marks tells which panel judged.
        step: a mark is a multiple of this, points.
        maximum: of a mark, points; the minimum is 0.
        factor: what the mean is multiplied by.
        penalty_off_marks: a penalty is taken off every mark, which it leaves at 0 or above, and so is part of the
            execution.
    """

    panels: tuple[tuple[tuple[int, int], ...], ...]
    step: float
    maximum: float
    factor: float = 1.0
    penalty_off_marks: bool = False

    def __post_init__(self):
        odd = [f"{kept} of {judges}" for panel in self.panels for judges, kept in panel if not _is_middle(judges, kept)]
        if odd:
            raise ValueError(f"Expected kept marks in the middle of a group's. Received: {', '.join(odd)}")
        if not self.panels or not all(self.panels) or len(set(self.numbers)) < len(self.panels):
            raise ValueError(f"Expected panels of one or more groups, of different sizes. Received: {self.panels}")
        if not (self.step > 0 and self.maximum > 0 and self.factor > 0):
            received = f"{self.step:g}, {self.maximum:g}, {self.factor:g}"
            raise ValueError(f"Expected a step, a maximum and a factor above 0. Received: {received}")

    @property
    def numbers(self) -> tuple[int, ...]:
        """How many marks there may be, one number for each panel."""
        return tuple(sum(judges for judges, _ in panel) for panel in self.panels)

    @property
    def execution_step(self) -> float:
        """The execution is a multiple of this, points."""
        return self.factor * self.step / math.lcm(*(sum(kept for _, kept in panel) for panel in self.panels))

    def execution(self, marks: Sequence[float], penalty: float = 0.0) -> float:
        """The execution that marks give, points.

        Args:
            marks: one of each judge, group by group; as judges gave them, before the penalty.
            penalty: points that are taken off every mark, where `penalty_off_marks`.

        Raises:
            ValueError: not as many marks as a panel gives, or a mark that cannot be given.
        """
        if len(marks) not in self.numbers:
            raise ValueError(f"expected {_alternatives(self.numbers)} marks. Received: {len(marks)}")
        for mark in marks:
            steps = mark / self.step
            if not 0 <= mark <= self.maximum or not math.isclose(steps, round(steps), abs_tol=1e-6):
                what = f"expected marks from 0 to {self.maximum:g} in steps of {self.step:g}"
                raise ValueError(f"{what}. Received: {mark:g}")
        off = penalty if self.penalty_off_marks else 0.0
        remaining, kept_marks = iter(max(mark - off, 0.0) for mark in marks), []
        for judges, kept in self.panels[self.numbers.index(len(marks))]:
            group, dropped = sorted(itertools.islice(remaining, judges)), (judges - kept) // 2
            kept_marks += group[dropped : judges - dropped]
        return self.factor * sum(kept_marks) / len(kept_marks)


def _is_middle(judges, kept):
    """Whether as many of the highest as of the lowest marks are dropped, and some are left."""
    return 0 < kept <= judges and (judges - kept) % 2 == 0


def _alternatives(numbers):
    """`3, 5 or 7`."""
    *others, last = map(str, numbers)
    return f"{', '.join(others)} or {last}" if others else last


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
        marks: how the marks of judges make the execution; None where they do not.
    """

    name: str
    stages: tuple[str, ...]
    difficulty_fragment: tuple[str, ...]
    execution_fragment: tuple[str, ...]
    difficulty_range: tuple[float, float]
    execution_range: tuple[float, float]
    final_range: tuple[float, float]
    fusion: str
    marks: Marks | None = None

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


def _diving(name, panels):
    """Diving and synchronised diving: the same stages and scores (§4.1), other panels of judges.

    Marks are half points up to 10 and count as the sum of three (World Aquatics' diving rules D 5.2, D 7 and D 8; of
    five kept in synchronised diving: the sum times 0.6). The referee may take two points off every mark (D 10).
    """
    return Sport(
        name=name,
        stages=(NOISE, "pre-starting", "take-flight", "entry"),
        difficulty_fragment=("take-flight",),
        execution_fragment=("take-flight", "entry"),
        difficulty_range=(1.3, 4.8),
        execution_range=(0.0, 30.0),
        final_range=(0.0, 144.0),
        fusion="product",
        marks=Marks(panels, step=0.5, maximum=10.0, factor=3.0, penalty_off_marks=True),
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
    _diving("diving", panels=(((3, 3),), ((5, 3),), ((7, 3),))),
    # Execution of both divers (two judges each, together), or of one and of the other (three each); synchronisation.
    _diving("sync_diving", panels=(((4, 2), (5, 3)), ((3, 1), (3, 1), (5, 3)))),
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
