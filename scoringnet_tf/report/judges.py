"""The scores of the judges, as a table that a user gives."""

import math

from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.support.reading import read_csv


def read_judges(path: AnyPath) -> dict[str, dict[str, float]]:
    """Name of a video → {score: points} of a CSV file with `video` and any of `SCORES`.

    Raises:
        InputError: a column or a number is not one, or a video appears twice; it names the row.
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
        found[row["video"]] = {name: _points(row[name], where, name) for name in SCORES if row.get(name)}
    return found


def _points(text, where, name):
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        raise InputError(f"{where}: expected a number as {name}. Received: {text!r}.")
    return points
