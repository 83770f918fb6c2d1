"""The marks of judges in a table, and the scores that follow from them and from a penalty."""

import collections
from collections.abc import Mapping, Sequence

from data_prep.datasets.fields import Fields
from data_prep.datasets.sample import ERROR, INCONSISTENT
from scoringnet_tf.sports import Sport, decimals
from scoringnet_tf.sports.true_scores import FINAL_TOLERANCE
from scoringnet_tf.support.messages import Remark, counted, shown

MARKS = "marks"  # all in one cell; else a column for each, mark_1, mark_2, …


def read_marks(fields: Fields, row: Mapping[str, str]) -> list[float]:
    """Returns the marks of a row in the order of its judges; none if there are none, or they are wrong (a problem)."""
    names = sorted((name for name in row if name.startswith("mark_")), key=lambda name: int(name[len("mark_") :]))
    if not names:
        return fields.numbers(MARKS) if MARKS in row else []
    filled = [name for name in names if row[name]]
    if filled != [f"mark_{number}" for number in range(1, len(filled) + 1)]:
        fields.report("missing_value", f"there is a gap in the marks {', '.join(filled)}.")
        return []
    marks = [fields.number(name) for name in filled]
    return [] if None in marks else [mark for mark in marks if mark is not None]


def panels_note(marks: Mapping[str, int]) -> list[Remark]:
    """Notes rows, {where: number of marks}, with another number than most: a mark may be missing."""
    numbers = collections.Counter(number for number in marks.values() if number)
    if len(numbers) < 2:
        return []
    (usual, count), *_ = numbers.most_common()
    if 2 * count <= sum(numbers.values()):
        by_number = (f"{number} in {counted(numbers[number], 'row')}" for number in sorted(numbers))
        return [Remark("panels", f"Numbers of marks: {', '.join(by_number)}.")]
    odd = [
        f"{number} in {shown(where for where, of_row in marks.items() if of_row == number)}"
        for number in sorted(numbers.keys() - {usual})
    ]
    return [Remark("panels", f"Most rows with marks have {usual}, but {'; '.join(odd)}.")]


def judged_scores(
    fields: Fields, sport: Sport, marks: Sequence[float], scores: Mapping[str, float | None]
) -> dict[str, float | None]:
    """Returns the scores with the execution of the marks; what disagrees or has no meaning becomes a problem.

    Args:
        fields: the row.
        sport: whose rule says what marks and a penalty mean.
        marks: from `read_marks`.
        scores: difficulty, execution, final and penalty, points; None if unknown.
    """
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


def _check_penalty(fields, sport, marks, scores):
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
