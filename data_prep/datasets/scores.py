"""Scores of a sample: the one that the rule of the sport leaves, and what marks say of it."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from data_prep.datasets.sample import Sample
from scoringnet_tf.sports import Sport, decimals
from scoringnet_tf.sports.true_scores import FINAL_TOLERANCE
from scoringnet_tf.support.messages import counted, shown

DECIMALS = 10  # of a score: more than any has, and fewer than 40.95 / 3.9 = 10.500000000000002 is wrong in
HUNDREDTH = 0.01  # points, to which scores are rounded or cut
MOST_ROUNDING = 0.05  # points of a difficulty that is computed: half the step of most rules
FEW = 5  # rows of which nothing is said: a fall may leave an execution below the difficulty
LOWEST = 0.1  # share of a score's range: where most values lie in that, they may be of another scale


def complete_scores(
    sport: Sport,
    difficulty: float | None = None,
    execution: float | None = None,
    final: float | None = None,
    penalty: float | None = None,
) -> dict[str, Any]:
    """All scores, one that is unknown computed from the other two (Eq. 4, §4.1); equal on paper, they are equal.

    Args:
        sport: whose rule computes.
        difficulty: points; None where unknown, as the others.
        execution: points.
        final: points.
        penalty: points; None is none.

    Returns:
        {"difficulty", "execution", "final", "penalty"}: the fields of a `Sample`.
    """
    off = penalty or 0.0
    if difficulty is None and execution is not None and final is not None:
        difficulty = _difficulty(sport, execution, final, off)
    elif execution is None and difficulty is not None and final is not None:
        execution = sport.execution_of(difficulty, final, off)
    elif final is None and difficulty is not None and execution is not None:
        final = sport.fuse(difficulty, execution, off)
    scores = {"difficulty": difficulty, "execution": execution, "final": final, "penalty": penalty}
    return {name: None if value is None else round(value, DECIMALS) for name, value in scores.items()}


def _difficulty(sport, execution, final, penalty):
    """The difficulty that the others leave, possible or not; None where they leave it open: an execution near 0."""
    difficulty = sport.difficulty_of(execution, final, penalty)
    if math.isnan(difficulty):
        return None if abs(final) <= FINAL_TOLERANCE else difficulty
    # What a hundredth of the execution is worth, to which it is rounded.
    nearby = (sport.difficulty_of(execution + change, final, penalty) for change in (-HUNDREDTH, HUNDREDTH))
    rounding = max(abs(other - difficulty) for other in nearby)
    low, high = sport.range_of("difficulty")
    nearest = min(max(difficulty, low), high)
    if abs(nearest - difficulty) > rounding:
        return difficulty
    return nearest if rounding <= MOST_ROUNDING else None


def odd_executions(sport: Sport, samples: Iterable[Sample]) -> list[str]:
    """A note on rows whose execution is no sum of marks: where execution is derived, this can be checked of it."""
    if sport.marks is None:
        return []
    odd, step = [], sport.marks.execution_step
    for sample in samples:
        value = sample.execution or 0.0
        # A value of three decimals was rounded or cut there, any other to hundredths. Of a product it is a quotient.
        has_three = abs(value - round(value, 3)) < 1e-6 < abs(value - round(value, 2))
        rounding = 0.001 if has_three and sport.fusion != "product" else HUNDREDTH
        if math.isfinite(value) and abs(math.remainder(value, step)) > 1.001 * rounding:
            odd.append(f"{sample.video_id} ({value:.3f})")
    if not odd:
        return []
    return [f"Execution is no multiple of {step:.3g}, as a sum of marks would be, in {shown(odd)}."]


def odd_scales(sport: Sport, samples: Sequence[Sample]) -> list[str]:
    """Notes on scores that are possible, but most so low that they may be of another scale than the sport's."""
    values = {score: _known(score, samples) for score in sport.scores}
    notes = []
    for score, found in values.items():
        least, most = sport.range_of(score)
        if least < most and (low := _most(found, least + LOWEST * (most - least), sport.range_of(score))):
            lowest = f"in the lowest tenth of its range in {sport.name}: {low}"
            notes.append(f"Values of {score} {lowest}; maybe they are on another scale.")
    marks = sport.marks
    if notes or marks is None or marks.factor <= 1:
        return notes
    if not (low := _most(values["execution"], marks.maximum, sport.execution_range)):
        return []
    return [
        f"Executions not above {marks.maximum:g}, the highest mark: {low}; maybe they are means of the marks, which in "
        f"{sport.name} are multiplied by {marks.factor:g}."
    ]


def exchanged_scores(sport: Sport, samples: Iterable[Sample]) -> list[str]:
    """A note where most difficulties are above their executions, in a sport that adds them and whose ranges say else.

    What is multiplied, or of other ranges, is out of its range in the other's column.
    """
    if sport.fusion in ("", "product") or sport.range_of("difficulty")[1] >= sport.range_of("execution")[1]:
        return []
    pairs = [
        (sample.difficulty, sample.execution)
        for sample in samples
        if sample.difficulty is not None and sample.execution is not None
    ]
    above = sum(difficulty > execution for difficulty, execution in pairs)
    if len(pairs) < FEW or 2 * above <= len(pairs):
        return []
    rows = counted(len(pairs), "row")
    return [f"Difficulty is above execution in {above} of {rows}; maybe they are in each other's columns."]


def _most(values, bound, ends):
    """How many values are not above a bound, in words; empty unless they are more than half, for a few may be right."""
    low = [value for value in values if value <= bound]
    form = f".{decimals(ends)}f"
    return f"{len(low)} of {len(values)} ({min(low):{form}} to {max(low):{form}})" if 2 * len(low) > len(values) else ""


def _known(score, samples):
    """The values of a score where it is known and a number."""
    values = (getattr(sample, score) for sample in samples)
    return [value for value in values if value is not None and math.isfinite(value)]


def marks_final(sport: Sport, difficulty: float, marks: Any) -> float | None:
    """Final score of the difficulty and the judges' marks; None where the sport's rule makes none of them."""
    try:
        return None if sport.marks is None else sport.fuse(difficulty, sport.marks.execution([*map(float, marks)]))
    except (TypeError, ValueError, OverflowError):
        return None


def agree(final: float, expected: float) -> bool:
    """Whether two final scores are the same up to rounding."""
    return math.isclose(final, expected, abs_tol=FINAL_TOLERANCE)
