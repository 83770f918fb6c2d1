"""True scores that a sport's rules cannot give."""

from collections.abc import Mapping

from scoringnet_tf.sports.score_metrics import decimals
from scoringnet_tf.sports.sport import Sport

HALF_HUNDREDTH = 0.005
FINAL_TOLERANCE = 3 * HALF_HUNDREDTH  # points: difficulty, execution and final are each rounded
RANGE_TOLERANCE = 2 * HALF_HUNDREDTH  # points: scores are published with two decimals


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
