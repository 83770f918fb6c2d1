"""Scores of a sample: the one that the sport's rule leaves, those that judges' marks give, and oddities."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from data_prep.datasets.sample import ERROR, INCONSISTENT, Fields
from scoringnet_tf.sports import Sport, decimals
from scoringnet_tf.sports.true_scores import FINAL_TOLERANCE

DECIMALS = 10  # more than any score has, and fewer than 40.95 / 3.9 = 10.500000000000002 is wrong in
HUNDREDTH = 0.01  # points, to which scores are rounded or cut
MOST_ROUNDING = 0.05  # points of a computed difficulty: half the step of most rules


def complete_scores(
    sport: Sport,
    difficulty: float | None = None,
    execution: float | None = None,
    final: float | None = None,
    penalty: float | None = None,
) -> dict[str, Any]:
    """Returns the scores of a `Sample`, points, an unknown one, None, from the other two (Eq. 4, §4.1).

    Scores that are equal on paper are equal.
    """
    off = penalty or 0.0
    if difficulty is None and execution is not None and final is not None:
        difficulty = _difficulty(sport, execution, final, off)
    elif execution is None and difficulty is not None and final is not None:
        execution = sport.other_part(difficulty, final, off)
    elif final is None and difficulty is not None and execution is not None:
        final = sport.fuse(difficulty, execution, off)
    scores = {"difficulty": difficulty, "execution": execution, "final": final, "penalty": penalty}
    return {name: None if value is None else round(value, DECIMALS) for name, value in scores.items()}


def _difficulty(sport: Sport, execution: float, final: float, penalty: float) -> float | None:
    """Returns the difficulty of the other scores, possible or not; None if rounding leaves it open."""
    difficulty = sport.other_part(execution, final, penalty)
    if math.isnan(difficulty):
        return None if abs(final) <= FINAL_TOLERANCE else difficulty
    # The execution is rounded to a hundredth: how much is that in the difficulty?
    nearby = (sport.other_part(execution + change, final, penalty) for change in (-HUNDREDTH, HUNDREDTH))
    rounding = max(abs(other - difficulty) for other in nearby)
    low, high = sport.range_of("difficulty")
    nearest = min(max(difficulty, low), high)
    if abs(nearest - difficulty) > rounding:
        return difficulty
    return nearest if rounding <= MOST_ROUNDING else None


def marks_final(sport: Sport, difficulty: float, marks: Any) -> float | None:
    """Returns the final score of the difficulty and the judges' marks; None if the sport's rule gives none."""
    try:
        return None if sport.marks is None else sport.fuse(difficulty, sport.marks.execution([*map(float, marks)]))
    except (TypeError, ValueError, OverflowError):
        return None


def agree(final: float, expected: float) -> bool:
    """Whether two final scores are the same up to rounding."""
    return math.isclose(final, expected, abs_tol=FINAL_TOLERANCE)


MARKS = "marks"  # all in one cell; else a column for each, mark_1, mark_2, …


def read_marks(fields: Fields, row: Mapping[str, str]) -> list[float]:
    """Returns a row's marks in the order of its judges; none if there are none, or they are wrong (a problem)."""
    names = sorted((name for name in row if name.startswith("mark_")), key=lambda name: int(name[len("mark_") :]))
    if not names:
        return fields.numbers(MARKS) if MARKS in row else []
    filled = [name for name in names if row[name]]
    if filled != [f"mark_{number}" for number in range(1, len(filled) + 1)]:
        fields.report("missing_value", f"there is a gap in the marks {', '.join(filled)}.")
        return []
    marks = [fields.number(name) for name in filled]
    return [] if None in marks else [mark for mark in marks if mark is not None]


def judged_scores(
    fields: Fields, sport: Sport, marks: Sequence[float], scores: Mapping[str, float | None]
) -> dict[str, float | None]:
    """Returns the scores with the execution of the marks; what disagrees or has no meaning becomes a problem."""
    penalty = scores["penalty"] or 0.0
    if penalty:
        _check_penalty(fields, sport, marks, scores)
    if not marks or sport.marks is None:
        return dict(scores)
    try:
        execution = sport.marks.execution(marks, penalty)
    except ValueError as error:
        fields.report("wrong_marks", str(error))
        return dict(scores)
    stated = scores["execution"]
    if stated is not None and not abs(stated - execution) <= FINAL_TOLERANCE:
        low, high = sport.range_of("execution")
        places = decimals((low, high))
        what = f"execution is {stated:.{places}f}, but the marks give {execution:.{places}f}."
        fields.report("inconsistent_scores", what, INCONSISTENT if low <= stated <= high else ERROR)
    return {**scores, "execution": execution}


def _check_penalty(fields: Fields, sport: Sport, marks: Sequence[float], scores: Mapping[str, Any]) -> None:
    """A penalty is subtracted by the sport's rule, or off every mark and so in the execution; else it has no place."""
    if sport.fusion == "sum_minus_penalty":
        return
    penalty = f"penalty {scores['penalty']:g}"
    if sport.marks is None or not sport.marks.penalty_off_marks:
        fields.report("no_penalty", f"{penalty}: {sport.name} has no penalties.")
    elif scores["penalty"] > sport.marks.maximum:
        most = f"{sport.marks.maximum:g}, the highest mark of {sport.name}"
        fields.report("out_of_range", f"{penalty} is taken off every mark, so it is at most {most}.")
    elif not marks and scores["final"] is None:
        what = f"{penalty} is taken off every mark in {sport.name}, but marks and final score are missing."
        fields.report("missing_value", what)
