"""The scores of the judges, as a table that a user gives."""

import csv
import math

from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import AnyPath, as_path


def read_judges(path: AnyPath) -> dict[str, dict[str, float]]:
    """Name of a video → {score: points} of a CSV file with `video` and any of `SCORES`.

    Raises:
        InputError: a column or a number is not one, or a video appears twice; it names the row.
    """
    found: dict[str, dict[str, float]] = {}
    try:
        with as_path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            if "video" not in columns or not {*columns} & {*SCORES} or {*columns} - {"video", *SCORES}:
                raise InputError(
                    f"{path}: expected the columns video and any of {', '.join(SCORES)}. "
                    f"Received: {', '.join(columns) or 'none'}."
                )
            for row in reader:
                where = f"{path}:{reader.line_num}"
                if None in row or None in row.values():
                    raise InputError(f"{where}: expected {len(columns)} cells. Received: more or fewer.")
                if row["video"] in found:
                    raise InputError(f"{where}: expected each video once. Received: {row['video']} again.")
                found[row["video"]] = {name: _points(row[name], where, name) for name in SCORES if row.get(name)}
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--judges={path}: expected a CSV file in UTF-8. Received: {error}.") from error
    return found


def _points(text, where, name):
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        raise InputError(f"{where}: expected a number as {name}. Received: {text!r}.")
    return points
