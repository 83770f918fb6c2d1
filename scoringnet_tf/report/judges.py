"""The scores of the judges, as a table that a user gives: a row a video, or a row a performance of a longer one."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from scoringnet_tf.inference.results import Performance
from scoringnet_tf.sports import Sport
from scoringnet_tf.sports.true_scores import contradiction, out_of_range
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import clock, counted
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.support.reading import read_csv, real_number, seconds_of

VIDEO, START, NAME = "video", "start", "name"
NEAR = 5.0  # seconds: a table of results tells roughly when each began


@dataclasses.dataclass(frozen=True)
class Judged:
    """A row: what the judges gave a performance.

    Attributes:
        scores: score → points.
        start: seconds after the first frame of the file, of a moment within it or near its beginning; None of the only
            one of a video.
        name: of the athlete, or whatever it is to be called by; "" for none.
        where: the row, for messages.
    """

    scores: Mapping[str, float]
    start: float | None = None
    name: str = ""
    where: str = ""


def read_judges(path: AnyPath, sport: Sport) -> dict[str, list[Judged]]:
    """Name of a video → the rows of its performances, of a CSV file: `video`, any of its scores, and `start`, `name`.

    Args:
        path: of the file.
        sport: whose judges gave the scores.

    Raises:
        InputError: a column or a number is not one, a video appears twice without a start in each of its rows, or
            scores are none that the rules of the sport give; it names the row. Or there is no score at all.
    """
    try:
        (_, columns), *rows = read_csv(path) or [(1, [])]
    except OSError as error:
        raise InputError("todo", f"--judges={path}: expected a CSV file. Received: {error}.") from error
    known = {VIDEO, START, NAME, *sport.scores}
    if VIDEO not in columns or not {*sport.scores} & {*columns} or sorted({*columns} & known) != sorted(columns):
        raise InputError(
            "todo",
            f"{path}: expected the columns {VIDEO} and any of {', '.join(sport.scores)}, {START} and {NAME}, each "
            f"once. Received: {', '.join(columns) or 'none'}.",
        )
    found: dict[str, list[Judged]] = {}
    for line, cells in rows:
        where = f"{path}:{line}"
        if len(cells) != len(columns):
            raise InputError("todo", f"{where}: expected {len(columns)} cells. Received: {len(cells)}.")
        row = dict(zip(columns, cells, strict=True))
        judged = _judged(row, sport, where)
        others = found.setdefault(row[VIDEO], [])
        if others and None in (judged.start, others[0].start):
            expected = f"expected each video once, or a {START} in each of its rows"
            raise InputError("todo", f"{where}: {expected}. Received: {row[VIDEO]} again.")
        if any(judged.start == other.start for other in others):
            raise InputError("todo", f"{where}: expected each {START} of a video once. Received: {row[START]} again.")
        others.append(judged)
    if not any(one.scores for of_video in found.values() for one in of_video):
        raise InputError("todo", f"--judges={path}: expected a score in one row or more. Received: none.")
    return found


def unshown_scores(path: AnyPath, judges: Mapping[str, Sequence[Judged]], shown: Sequence[str]) -> list[str]:
    """Which scores of the judges a report does not show, as the model has none to compare with them.

    Args:
        path: of the file, for the message.
        judges: of `read_judges`.
        shown: of `collecting.shown_scores`.

    Raises:
        InputError: it would show none of theirs.
    """
    scored = {name for rows in judges.values() for row in rows for name in row.scores}
    if judges and scored.isdisjoint(shown):
        expected = f"expected {' or '.join(shown)}, which the model scores"
        raise InputError("todo", f"--judges={path}: {expected}. Received: {', '.join(sorted(scored))}.")
    return sorted(scored.difference(shown))


def matched(rows: Sequence[Judged], performances: Sequence[Performance]) -> tuple[list[Judged | None], list[str]]:
    """The row of each performance of a video, None where it has none; and what is to be said of rows that are left out.

    A row with a start is of the performance that is shown then, or else of the next that begins within `NEAR` seconds,
    or else of the last that ended within as many before; one without is of the only performance.
    """
    found: list[Judged | None] = [None] * len(performances)
    said: list[str] = []
    claimed: dict[int, Judged] = {}
    for row in rows:
        if row.start is None:
            if len(performances) == 1:
                found[0] = row
            else:
                of_them = counted(len(performances), "performance")
                said.append(f"its row of --judges is left out, as it may be of any of its {of_them}")
            continue
        place = _nearest(row.start, performances)
        if place is None:
            said.append(f"{row.where} is left out: no performance at {clock(row.start)}, nor within {NEAR:g} s of it")
        elif place in claimed:
            both = f"{claimed[place].where} and {row.where}"
            said.append(f"{both} are left out: both are of the performance at {clock(performances[place].start_s)}")
            found[place] = None
        else:
            claimed[place] = found[place] = row
    scored = sum(one.final is not None for one in performances)
    without = sum(one.final is not None and row is None for one, row in zip(performances, found, strict=True))
    if without and any(row.start is not None for row in rows):
        said.append(f"{without} of its {counted(scored, 'scored performance')} have no row of --judges")
    return found, said


def _nearest(start, performances):
    """The place of the performance that is shown at a moment, or near it; None of none."""
    apart = [max(one.start_s - start, start - one.end_s, 0.0) for one in performances]
    near = [place for place in range(len(apart)) if apart[place] <= NEAR]
    # Within one 0; of two that are near that which is to come.
    return min(near, key=lambda place: (performances[place].end_s <= start, apart[place]), default=None)


def _judged(row, sport, where):
    scores = {name: _number(real_number, row[name], where, name) for name in sport.scores if row.get(name)}
    for problem in out_of_range(sport, scores) or filter(None, [contradiction(sport, scores)]):
        raise InputError("todo", f"{where}: {problem}.")
    start = _number(seconds_of, row[START], where, START) if row.get(START) else None
    if start is not None and start < 0:
        raise InputError("todo", f"{where}: expected a {START} of 0 s or more. Received: {row[START]}.")
    return Judged(scores, start, row.get(NAME, ""), where)


def _number(read, text, where, name):
    try:
        number = read(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        kind = "seconds or a timecode" if read is seconds_of else "a number"
        raise InputError("todo", f"{where}: expected {kind} as {name}. Received: {text!r}.")
    return number
