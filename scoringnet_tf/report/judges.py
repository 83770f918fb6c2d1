"""The judges' scores, from a CSV file: one row a video, or one row a performance of a longer video."""

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
NEAR = 5.0  # seconds: a table of results tells roughly when each performance began


@dataclasses.dataclass(frozen=True)
class Judged:
    """A row: the judges' scores of a performance.

    Attributes:
        scores: score → points.
        start: a moment of the performance or shortly before it, seconds after the first frame of the file; None for
            the only performance of a video.
        name: of the athlete, or any other; "" if there is none.
        where: file and row, for messages.
    """

    scores: Mapping[str, float]
    start: float | None = None
    name: str = ""
    where: str = ""


def read_judges(path: AnyPath, sport: Sport) -> dict[str, list[Judged]]:
    """Video name → its rows, from a CSV file with the columns `video`, any scores of the sport, `start` and `name`.

    Args:
        path: of the file.
        sport: whose judges gave the scores.

    Raises:
        InputError: a column or number is wrong, scores break the rules of the sport, a video has two rows without
            `start`, or there is no score.
    """
    try:
        (_, columns), *rows = read_csv(path) or [(1, [])]
    except OSError as error:
        raise InputError("not_found", f"--judges={path} cannot be read: {error.strerror or error}.") from error
    _check_columns(path, columns, sport)
    judges: dict[str, list[Judged]] = {}
    for line, cells in rows:
        where = f"{path}:{line}"
        if len(cells) != len(columns):
            raise InputError("count_mismatch", f"{where}: {len(cells)} cells for {len(columns)} columns.")
        row = dict(zip(columns, cells, strict=True))
        _add(judges.setdefault(row[VIDEO], []), _judged(row, sport, where), row)
    if not any(one.scores for rows_of_video in judges.values() for one in rows_of_video):
        raise InputError("no_scores", f"--judges={path} holds no score.")
    return judges


def _check_columns(path, columns, sport):
    columns_text = f"It has: {', '.join(columns) or 'none'}."
    if VIDEO not in columns or not {*sport.scores} & {*columns}:
        needed = f"{path} needs the column {VIDEO} and at least one of {', '.join(sport.scores)}."
        raise InputError("missing_column", needed, columns_text)
    if unknown := sorted({*columns} - {VIDEO, START, NAME, *sport.scores}):
        known = f"Columns are {VIDEO}, {', '.join(sport.scores)}, {START} and {NAME}."
        raise InputError("unknown_name", f"{path}: unknown column {', '.join(unknown)}.", known)
    if len({*columns}) < len(columns):
        raise InputError("duplicate", f"{path}: a column occurs twice.", columns_text)


def _add(others, judged, row):
    """Appends a row to the others of its video."""
    if others and None in (judged.start, others[0].start):
        hint = f"Give each of its rows a {START}."
        raise InputError("duplicate", f"{judged.where}: {row[VIDEO]} occurs again.", hint)
    if any(judged.start == other.start for other in others):
        raise InputError("duplicate", f"{judged.where}: {row[VIDEO]} occurs again with {START} {row[START]}.")
    others.append(judged)


def unshown_scores(path: AnyPath, judges: Mapping[str, Sequence[Judged]], shown: Sequence[str]) -> list[str]:
    """The judges' scores that a report leaves out, because the model predicts no such score.

    Args:
        path: of the file, for the message.
        judges: of `read_judges`.
        shown: of `page_data.shown_scores`.

    Raises:
        InputError: the report would show none of them.
    """
    scored = {name for rows in judges.values() for row in rows for name in row.scores}
    if judges and scored.isdisjoint(shown):
        judged = f"--judges={path} has {', '.join(sorted(scored))} alone."
        raise InputError("other_scores", judged, f"This model predicts {' and '.join(shown)}.")
    return sorted(scored.difference(shown))


def matched(rows: Sequence[Judged], performances: Sequence[Performance]) -> tuple[list[Judged | None], list[str]]:
    """The row of each performance of a video, None if it has none; and a warning for each row that is left out.

    A row with a start belongs to the performance at that moment, else to the next one within `NEAR` seconds, else to
    the last one that ended within `NEAR` seconds. A row without a start belongs to the only performance.
    """
    matches: list[Judged | None] = [None] * len(performances)
    warnings: list[str] = []
    claimed: dict[int, Judged] = {}
    for row in rows:
        if row.start is None:
            if len(performances) == 1:
                matches[0] = row
            else:
                several = counted(len(performances), "performance")
                warnings.append(f"its row of --judges is left out, because it shows {several}: add a {START}")
            continue
        place = _nearest(row.start, performances)
        if place is None:
            warnings.append(f"{row.where} is left out: no performance within {NEAR:g} s of {clock(row.start)}")
        elif place in claimed:
            both = f"{claimed[place].where} and {row.where}"
            warnings.append(f"{both} are left out: both match the performance at {clock(performances[place].start_s)}")
            matches[place] = None
        else:
            claimed[place] = matches[place] = row
    scored = sum(one.final is not None for one in performances)
    without = sum(one.final is not None and row is None for one, row in zip(performances, matches, strict=True))
    if without and any(row.start is not None for row in rows):
        warnings.append(f"{without} of its {counted(scored, 'scored performance')} have no row of --judges")
    return matches, warnings


def _nearest(start, performances):
    """The place of the performance at a moment, or near it; None if there is none."""
    distances = [max(one.start_s - start, start - one.end_s, 0.0) for one in performances]
    near = [place for place in range(len(distances)) if distances[place] <= NEAR]
    # If two are near and none is at that moment, the later one.
    return min(near, key=lambda place: (performances[place].end_s <= start, distances[place]), default=None)


def _judged(row, sport, where):
    scores = {name: _number(real_number, row[name], where, name) for name in sport.scores if row.get(name)}
    for problem in out_of_range(sport, scores):
        raise InputError("out_of_range", f"{where}: {problem}.")
    if conflict := contradiction(sport, scores):
        raise InputError("contradiction", f"{where}: {conflict}.")
    start = _number(seconds_of, row[START], where, START) if row.get(START) else None
    if start is not None and start < 0:
        raise InputError("out_of_range", f"{where}: {START} {row[START]} is before the first frame.")
    return Judged(scores, start, row.get(NAME, ""), where)


def _number(read, text, where, name):
    try:
        number = read(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        kind = "neither seconds nor a timecode" if read is seconds_of else "not a number"
        raise InputError("wrong_value", f"{where}: {name} {text!r} is {kind}.")
    return number
