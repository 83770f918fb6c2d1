"""Scores of a sample: the one that the sport's rule leaves."""

import math
from typing import Any

from scoringnet_tf.sports import Sport
from scoringnet_tf.sports.sport import FINAL_TOLERANCE

DECIMALS = 10  # more than any score has, and fewer than 40.95 / 3.9 = 10.500000000000002 is wrong in
HUNDREDTH = 0.01  # points, to which scores are rounded or cut
MOST_ROUNDING = 0.05  # points of a computed difficulty: half the step of most rules


def complete_scores(
    sport: Sport,
    difficulty: float | None = None,
    execution: float | None = None,
    final: float | None = None,
) -> dict[str, Any]:
    """Returns the scores of a `Sample`, points, an unknown one, None, from the other two (Eq. 4, §4.1).

    Scores that are equal on paper are equal.
    """
    if difficulty is None and execution is not None and final is not None:
        difficulty = _difficulty(sport, execution, final)
    elif execution is None and difficulty is not None and final is not None:
        execution = sport.other_part(difficulty, final)
    elif final is None and difficulty is not None and execution is not None:
        final = sport.fuse(difficulty, execution)
    scores = {"difficulty": difficulty, "execution": execution, "final": final}
    return {name: None if value is None else round(value, DECIMALS) for name, value in scores.items()}


def _difficulty(sport: Sport, execution: float, final: float) -> float | None:
    """Returns the difficulty of the other scores, possible or not; None if rounding leaves it open."""
    difficulty = sport.other_part(execution, final)
    if math.isnan(difficulty):
        return None if abs(final) <= FINAL_TOLERANCE else difficulty
    # The execution is rounded to a hundredth: how much is that in the difficulty?
    nearby = (sport.other_part(execution + change, final) for change in (-HUNDREDTH, HUNDREDTH))
    rounding = max(abs(other - difficulty) for other in nearby)
    low, high = sport.range_of("difficulty")
    nearest = min(max(difficulty, low), high)
    if abs(nearest - difficulty) > rounding:
        return difficulty
    return nearest if rounding <= MOST_ROUNDING else None


def agree(final: float, expected: float) -> bool:
    """Whether two final scores are the same up to rounding."""
    return math.isclose(final, expected, abs_tol=FINAL_TOLERANCE)
