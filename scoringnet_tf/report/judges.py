"""The scores of the judges, as a table that a user gives."""

import math

from scoringnet_tf.sports import SCORES, Sport
from scoringnet_tf.sports.true_scores import contradiction, out_of_range
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.support.reading import read_csv, real_number


def read_judges(path: AnyPath, sport: Sport) -> dict[str, dict[str, float]]:
    """Name of a video → {score: points} of a CSV file with `video` and any of `SCORES`.

    Args:
        path: of the file.
        sport: whose judges gave the scores.

    Raises:
        InputError: a column or a number is not one, a video appears twice, or scores are none that the rules of the
            sport give; it names the row. Or there is no score at all.
    """
    try:
        (_, columns), *rows = read_csv(path) or [(1, [])]
    except OSError as error:
        raise InputError(f"--judges={path}: expected a CSV file. Received: {error}.") from error
    known = {"video", *SCORES}
    if "video" not in columns or len(columns) < 2 or sorted({*columns} & known) != sorted(columns):
        raise InputError(
            f"{path}: expected the columns video and any of {', '.join(SCORES)}, each once. "
            f"Received: {', '.join(columns) or 'none'}."
        )
    found: dict[str, dict[str, float]] = {}
    for line, cells in rows:
        where = f"{path}:{line}"
        if len(cells) != len(columns):
            raise InputError(f"{where}: expected {len(columns)} cells. Received: {len(cells)}.")
        row = dict(zip(columns, cells, strict=True))
        if row["video"] in found:
            raise InputError(f"{where}: expected each video once. Received: {row['video']} again.")
        scores = {name: _points(row[name], where, name) for name in SCORES if row.get(name)}
        for problem in out_of_range(sport, scores) or filter(None, [contradiction(sport, scores)]):
            raise InputError(f"{where}: {problem}.")
        found[row["video"]] = scores
    if not any(found.values()):
        raise InputError(f"--judges={path}: expected a score in one row or more. Received: none.")
    return found


def _points(text, where, name):
    try:
        points = real_number(text)
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        raise InputError(f"{where}: expected a number as {name}. Received: {text!r}.")
    return points
