"""The judges' scores, from a CSV file with a row a video."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from scoringnet_tf.sports import Sport
from scoringnet_tf.sports.true_scores import contradiction, out_of_range
from scoringnet_tf.support.files import read_rows, real_number
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath

VIDEO, NAME = "video", "name"


@dataclasses.dataclass(frozen=True)
class Judged:
    """The judges' row for a video.

    Attributes:
        scores: score → points.
        name: the athlete's, or any other; "" if there is none.
    """

    scores: Mapping[str, float] = dataclasses.field(default_factory=dict)
    name: str = ""


def read_judges(path: AnyPath, sport: Sport) -> dict[str, Judged]:
    """Video name → its row, from a CSV file with the columns `video`, any scores of the sport, and `name`.

    Args:
        path: the CSV file.
        sport: whose judges gave the scores.

    Raises:
        InputError: a column or number is wrong, scores break the sport's rules, a video has two rows, or there is
            no score.
    """
    columns, rows = read_rows(path, "judges")
    _check_columns(path, columns, sport)
    judges: dict[str, Judged] = {}
    for where, row in rows:
        if row[VIDEO] in judges:
            raise InputError("duplicate", f"{where}: {row[VIDEO]} occurs again.")
        judges[row[VIDEO]] = Judged(_scores(row, sport, where), row.get(NAME, ""))
    if not any(judged.scores for judged in judges.values()):
        raise InputError("no_scores", f"--judges={path} holds no score.")
    return judges


def _check_columns(path: AnyPath, columns: Sequence[str], sport: Sport) -> None:
    columns_text = f"It has: {', '.join(columns) or 'none'}."
    if VIDEO not in columns or not {*sport.scores} & {*columns}:
        needed = f"{path} needs the column {VIDEO} and at least one of {', '.join(sport.scores)}."
        raise InputError("missing_column", needed, columns_text)
    if unknown := sorted({*columns} - {VIDEO, NAME, *sport.scores}):
        known = f"Columns are {VIDEO}, {', '.join(sport.scores)} and {NAME}."
        raise InputError("unknown_name", f"{path}: unknown column {', '.join(unknown)}.", known)


def _scores(row: Mapping[str, str], sport: Sport, where: str) -> dict[str, float]:
    scores = {}
    for score in filter(row.get, sport.scores):
        try:
            scores[score] = real_number(row[score])
        except ValueError:
            scores[score] = math.nan
        if not math.isfinite(scores[score]):
            raise InputError("wrong_value", f"{where}: {score} {row[score]!r} is not a number.")
    for problem in out_of_range(sport, scores):
        raise InputError("out_of_range", f"{where}: {problem}.")
    if conflict := contradiction(sport, scores):
        raise InputError("contradiction", f"{where}: {conflict}.")
    return scores


def unshown_scores(path: AnyPath, judges: Mapping[str, Judged], shown: Sequence[str]) -> list[str]:
    """The judges' scores that a report leaves out, because the model predicts no such score.

    Args:
        path: the CSV file, for the message.
        judges: from `read_judges`.
        shown: from `page_data.shown_scores`.

    Raises:
        InputError: the report would show none of them.
    """
    scored = {score for judged in judges.values() for score in judged.scores}
    if judges and scored.isdisjoint(shown):
        message = f"--judges={path} has {', '.join(sorted(scored))} alone."
        raise InputError("other_scores", message, f"This model predicts {' and '.join(shown)}.")
    return sorted(scored.difference(shown))
