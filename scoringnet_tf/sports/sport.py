"""What a sport is: its stages, key fragments, score ranges and fusion rule (paper §3.2, §4.1, §4.3)."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, SupportsInt

from scoringnet_tf.sports.dive_table import DiveTable
from scoringnet_tf.sports.score_metrics import decimals
from scoringnet_tf.support.messages import InputError, unknown_name

NOISE = "noise"
SCORES = ("difficulty", "execution", "final")
PREDICTED_SCORES = SCORES[:2]  # the final score is fused from them
FINAL_ALONE = SCORES[2:]  # what a model with one tower predicts
DECODINGS = ("argmax", "ordered", "cyclic")  # how frames get their stages, see `models.decoding`
SHORTEST = 8  # frames of a performance that can be scored: a tower's C3D halves their number three times

FUSIONS = ("product", "sum", "sum_minus_penalty")  # Eq. 4
ANY_PENALTY = (0.0, math.inf)
HALF_HUNDREDTH = 0.005
FINAL_TOLERANCE = 3 * HALF_HUNDREDTH  # points: difficulty, execution and final are each rounded
RANGE_TOLERANCE = 2 * HALF_HUNDREDTH  # points: scores are published with two decimals
BODY_MEASURES = (  # what can be told of an athlete's body
    "half somersaults",
    "half twists",
    "position",
    "group",
    "opening",
    "entry angle",
    "bend at entry",
    "legs apart",
    "arms at entry",
    "distance from board",
    "turning speed",
)


class StageEdge(NamedTuple):
    """A moment in a performance: a stage's first frame, or the first frame after it."""

    name: str
    stage: str
    is_end: bool = False


@dataclasses.dataclass(frozen=True)
class Sport:
    """One sport, as the rules and the paper describe it; or one with a final score alone, which has no parts to fuse.

    Attributes:
        name: its key in `SPORTS` if it ships.
        stages: KFS classes in label order; label 0 is noise, and the only one in a sport without stages.
        final_range: smallest and largest final score that occurs, points (§4.1, label files).
        difficulty_fragment: stages whose frames the Difficulty tower sees (§4.3, Tables 1 and 2).
        execution_fragment: stages whose frames the Execution tower sees.
        final_fragment: stages whose frames a tower for the final score sees; empty: execution's.
        difficulty_range: the same for difficulty; None in a sport with a final score alone.
        execution_range: the same for execution.
        penalty_range: the same for what `"sum_minus_penalty"` takes off beside the execution (stepping out, time): no
            label tells it, and a model sees none. Below 0 points are given.
        fusion: one of `FUSIONS`: `"product"` (final = difficulty · execution), `"sum"` (difficulty + execution) or
            `"sum_minus_penalty"`: Eq. 4 as §4.1 and the label files have it; the sentence after Eq. 4 swaps product
            and sum. Empty in a sport with a final score alone.
        recognised_as: a backbone's classes (Kinetics's, for I3D) for a performance, to tell what is none. Empty: it
            does not.
        moments: that a result tells.
        durations: (name, stage) for each stage whose length a result tells.
        fall: the duration in which gravity alone acts, from a board to the water, if there is one.
        heights: of the lowest and the highest board, metres; None: not known.
        measures: what a result tells of the body, names in `BODY_MEASURES`.
        dives: numbers and difficulties of what is performed; None: it has none.
    """

    name: str
    stages: tuple[str, ...]
    final_range: tuple[float, float]
    difficulty_fragment: tuple[str, ...] = ()
    execution_fragment: tuple[str, ...] = ()
    final_fragment: tuple[str, ...] = ()
    difficulty_range: tuple[float, float] | None = None
    execution_range: tuple[float, float] | None = None
    fusion: str = ""
    penalty_range: tuple[float, float] = ANY_PENALTY
    recognised_as: tuple[str, ...] = ()
    moments: tuple[StageEdge, ...] = ()
    durations: tuple[tuple[str, str], ...] = ()
    fall: str = ""
    heights: tuple[float, float] | None = None
    measures: tuple[str, ...] = ()
    dives: DiveTable | None = None

    @property
    def scores(self) -> tuple[str, ...]:
        """The sport's scores: `SCORES`, or the final one alone."""
        return SCORES if self.fusion else FINAL_ALONE

    @property
    def tower_scores(self) -> tuple[str, ...]:
        """The scores that a model predicts if all are known: the two parts, or the final one alone."""
        return PREDICTED_SCORES if self.fusion else FINAL_ALONE

    @property
    def num_stages(self) -> int:
        """How many KFS classes there are, noise included."""
        return len(self.stages)

    def stage_index(self, stage: str) -> int:
        """A stage's label; InputError if the sport has no such stage."""
        if stage not in self.stages:
            raise unknown_name(f"stage of {self.name}", stage, self.stages)
        return self.stages.index(stage)

    def stage_indices(self, stages: Iterable[str]) -> list[int]:
        """Labels for several stages."""
        return [self.stage_index(stage) for stage in stages]

    def fuse(self, difficulty: Any, execution: Any) -> Any:
        """Final score (Eq. 4) without a penalty, points; numbers, NumPy arrays and Keras tensors all work."""
        return difficulty * execution if self.fusion == "product" else difficulty + execution

    def fused_variance(self, scores: Any, variances: Any) -> Any:
        """The final score's variance (Eq. 4), if difficulty and execution err independently.

        Args:
            scores: (difficulty, execution), points.
            variances: the same two, squared points.
        """
        (difficulty, execution), (of_difficulty, of_execution) = scores, variances
        if self.fusion == "product":
            crossed = difficulty * difficulty * of_execution + execution * execution * of_difficulty
            return crossed + of_difficulty * of_execution
        return of_difficulty + of_execution

    def fragment(self, score: str) -> tuple[str, ...]:
        """The stages whose frames a tower for `score` sees."""
        return self.difficulty_fragment if score == "difficulty" else self.final_fragment or self.execution_fragment

    def range_of(self, score: str) -> tuple[float, float]:
        """The smallest and largest score, points; InputError if the sport has none."""
        bounds = getattr(self, f"{score}_range")
        if bounds is None:
            raise InputError("unknown_name", f"{self.name} has no {score}.", f"It has {', '.join(self.scores)}.")
        return bounds

    def other_part(self, part: float, final: float) -> float:
        """The execution that gives `final` with this difficulty, or vice versa; NaN for a factor 0."""
        if self.fusion == "product":
            return final / part if part else math.nan
        return final - part


def stage_runs(stages: Iterable[SupportsInt]) -> list[tuple[int, int, int]]:
    """Contiguous runs in stage labels, ints (L,): a list with (stage, start, end), end exclusive."""
    runs, start = [], 0
    for stage, group in itertools.groupby(stages):
        end = start + sum(1 for _ in group)
        runs.append((int(stage), start, end))
        start = end
    return runs


def in_order(stages: Iterable[SupportsInt]) -> bool:
    """Whether labels, ints (L,), fit one performance: each stage at most once, and in order."""
    order = [stage for stage, _, _ in stage_runs(stages) if stage > 0]  # 0 is noise, negative no label
    return order == sorted(set(order))


# === True scores that a sport cannot have ===


def out_of_range(sport: Sport, scores: Mapping[str, float | None]) -> list[str]:
    """Which scores by name do not occur in a sport, or are no numbers: a sentence each."""
    problems = []
    for name, score in scores.items():
        if score is None:
            continue
        low, high = sport.range_of(name)
        # NaN compares false, so it is caught here as well.
        if not low - RANGE_TOLERANCE <= score <= high + RANGE_TOLERANCE:
            problems.append(f"{name} {score:g} is impossible in {sport.name} (from {low:g} to {high:g})")
    return problems


def contradiction(sport: Sport, scores: Mapping[str, float | None]) -> str | None:
    """A sentence if the parts do not give the final score (Eq. 4); else None.

    An unknown part may be any in the sport's range; so may the penalty, if its rule has one.
    """
    difficulty, execution, final = (scores.get(name) for name in ("difficulty", "execution", "final"))
    if final is None or (difficulty is None and execution is None):
        return None
    smallest, largest = sport.penalty_range if sport.fusion == "sum_minus_penalty" else (0.0, 0.0)
    difficulties = sport.range_of("difficulty") if difficulty is None else (difficulty, difficulty)
    executions = sport.range_of("execution") if execution is None else (execution, execution)
    low, high = (sport.fuse(*end) for end in zip(difficulties, executions, strict=True))
    low, high = low - largest, high - smallest
    if max(low - final, final - high) <= _rounding(sport, difficulties[1]):
        return None
    form = f".{decimals(sport.final_range)}f"
    expected = f"{high:{form}}" if low == high else f"up to {high:{form}}" if final > high else f"{low:{form}} or more"
    return f"the final score is {final:{form}}, but {expected} by the {sport.fusion} rule"


def _rounding(sport: Sport, difficulty: float) -> float:
    # A factor magnifies the rounding of the execution: 3.8 × 25⅓ is 96.27, but 3.8 × 25.33 is 96.25.
    factor = sport.fuse(difficulty, 1.0) - sport.fuse(difficulty, 0.0)
    return FINAL_TOLERANCE + HALF_HUNDREDTH * max(factor - 1, 0.0)
