"""Scores of a sample: the one that the rule of the sport leaves, and what marks say of it."""

import math
from collections.abc import Iterable
from typing import Any

from data_prep.datasets.sample import Sample
from scoringnet_tf.sports import Sport
from scoringnet_tf.sports.true_scores import FINAL_TOLERANCE

MARK_TOLERANCE = 0.02  # steps: scores are rounded to hundredths
SHOWN = 10  # how many videos a note names


def complete_scores(
    sport: Sport,
    difficulty: float | None = None,
    execution: float | None = None,
    final: float | None = None,
    penalty: float | None = None,
) -> dict[str, Any]:
    """All scores, the execution or final score computed from the other two where it is unknown (Eq. 4, §4.1).

    Args:
        sport: whose rule computes.
        difficulty: points; None where unknown, as the others.
        execution: points.
        final: points.
        penalty: points; None is none.

    Returns:
        {"difficulty", "execution", "final", "penalty"}: the fields of a `Sample`.
    """
    if difficulty is not None:
        if execution is None and final is not None:
            execution = sport.execution_of(difficulty, final, penalty or 0.0)
        elif final is None and execution is not None:
            final = sport.fuse(difficulty, execution, penalty or 0.0)
    return {"difficulty": difficulty, "execution": execution, "final": final, "penalty": penalty}


def odd_executions(sport: Sport, samples: Iterable[Sample]) -> list[str]:
    """A note on rows whose execution is no sum of marks: where execution is derived, this can be checked of it."""
    if sport.marks is None:
        return []
    odd, step = [], sport.marks.execution_step
    for sample in samples:
        steps = (sample.execution or 0.0) / step
        if math.isfinite(steps) and abs(steps - round(steps)) > MARK_TOLERANCE:
            odd.append(f"{sample.video_id} ({sample.execution:.2f})")
    if not odd:
        return []
    return [f"Execution is no multiple of {step:g}, as a sum of marks would be, in {shown(odd)}."]


def marks_final(sport: Sport, difficulty: float, marks: Any) -> float | None:
    """Final score of the difficulty and the judges' marks; None where the sport's rule makes none of them."""
    try:
        return None if sport.marks is None else sport.fuse(difficulty, sport.marks.execution([*map(float, marks)]))
    except (TypeError, ValueError, OverflowError):
        return None


def agree(final: float, expected: float) -> bool:
    """Whether two final scores are the same up to rounding."""
    return math.isclose(final, expected, abs_tol=FINAL_TOLERANCE)


def shown(names: Iterable[str]) -> str:
    """Names in order, for a sentence; of many the first ones, and how many more."""
    names = sorted(names)
    if len(names) <= SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
