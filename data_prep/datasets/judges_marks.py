"""The marks of judges in a table, and what they and a penalty say of its scores."""

import collections
from collections.abc import Mapping, Sequence

from data_prep.datasets.fields import Fields
from data_prep.datasets.sample import ERROR, INCONSISTENT
from scoringnet_tf.sports import Sport, decimals
from scoringnet_tf.sports.true_scores import FINAL_TOLERANCE
from scoringnet_tf.support.messages import counted, shown

MARKS = "marks"  # all in one cell; else a column for each, mark_1, mark_2, …


def read_marks(fields: Fields, row: Mapping[str, str]) -> list[float]:
    """The marks of a row, in the order of its judges; none where the table has none, or they are wrong (a problem)."""
    names = sorted((name for name in row if name.startswith("mark_")), key=lambda name: int(name[len("mark_") :]))
    if not names:
        return fields.numbers(MARKS) if MARKS in row else []
    given = [name for name in names if row[name]]
    if given != [f"mark_{number}" for number in range(1, len(given) + 1)]:
        fields.expect(f"expected marks without a gap. Received: {', '.join(given)}")
        return []
    found = [fields.number(name) for name in given]
    return [] if None in found else [mark for mark in found if mark is not None]


def panels_note(marks: Mapping[str, int]) -> list[str]:
    """A note on rows with fewer or more marks than most of their table: a mark may be missing, which no rule tells.

    Args:
        marks: where → how many marks a row has.
    """
    numbers = collections.Counter(number for number in marks.values() if number)
    if len(numbers) < 2:
        return []
    (usual, count), *_ = numbers.most_common()
    if 2 * count <= sum(numbers.values()):
        by_number = (f"{number} in {counted(numbers[number], 'row')}" for number in sorted(numbers))
        return [f"Marks are {', '.join(by_number)}."]
    odd = [
        f"{number} in {shown(where for where, of in marks.items() if of == number)}"
        for number in sorted(numbers.keys() - {usual})
    ]
    return [f"Marks are {usual} in most rows that have some, {'; '.join(odd)}."]


def judged_scores(
    fields: Fields, sport: Sport, marks: Sequence[float], scores: Mapping[str, float | None]
) -> dict[str, float | None]:
    """The scores with the execution that marks give; what disagrees with them, or has no meaning, is a problem.

    Args:
        fields: of the row, for its problems.
        sport: whose rule says what marks and a penalty mean.
        marks: from `read_marks`.
        scores: difficulty, execution, final and penalty, points; None where unknown.
    """
    penalty = scores["penalty"] or 0.0
    if penalty:
        _check_penalty(fields, sport, marks, scores)
    if not marks or sport.marks is None:
        return dict(scores)
    try:
        execution = sport.marks.execution(marks, penalty)
    except ValueError as error:
        fields.expect(str(error))
        return dict(scores)
    stated = scores["execution"]
    if stated is not None and not abs(stated - execution) <= FINAL_TOLERANCE:
        low, high = sport.range_of("execution")
        form = f".{decimals((low, high))}f"
        what = f"expected an execution of {execution:{form}}, as the marks give. Received: {stated:{form}}"
        fields.expect(what, INCONSISTENT if low <= stated <= high else ERROR)
    return {**scores, "execution": execution}


def _check_penalty(fields, sport, marks, scores):
    """A penalty is subtracted by the sport's rule, or off every mark and so in the execution; else it has no place."""
    if sport.fusion == "sum_minus_penalty":
        return
    if sport.marks is None or not sport.marks.penalty_off_marks:
        fields.expect(f"expected no penalty in {sport.name}, whose rule has none. Received: {scores['penalty']:g}")
    elif scores["penalty"] > sport.marks.maximum:
        off = f"points off every mark of {sport.name}, {sport.marks.maximum:g} at most"
        fields.expect(f"expected as penalty {off}. Received: {scores['penalty']:g}")
    elif not marks and scores["final"] is None:
        fields.expect(
            f"expected marks or a final score beside a penalty, which in {sport.name} is points off every mark. "
            "Received: neither"
        )
