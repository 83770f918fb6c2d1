"""The simulator's true faults beside records, `factors.csv`. No TensorFlow."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.files import file_sha256, local_file, replacing_file
from scoringnet_tf.support.messages import InputError, shown
from scoringnet_tf.support.paths import RecordsPath, records_path

FILE = "factors.csv"
DESERVED = "deserved"  # execution without the judges' error
NO_FAULTS = ("video_id", "execution", DESERVED, "marks")  # columns


def factors_file(info: DatasetInfo) -> RecordsPath:
    """The file's path; a custom split's lies beside the records themselves."""
    return records_path(info.source or info.records_dir) / FILE


def factors_hash(info: DatasetInfo) -> str:
    """The file's sha256; InputError (`not_found`) if there is none."""
    return file_sha256(_existing(info))


def copy_factors(source: RecordsPath, target: Path) -> None:
    """Copies the file between folders; if there is none, removes an older copy."""
    if (source / FILE).is_file():
        with local_file(source / FILE) as local, replacing_file(target / FILE) as temporary:
            temporary.write_bytes(local.read_bytes())
    else:
        (target / FILE).unlink(missing_ok=True)


class Factors(NamedTuple):
    """What V videos show: the element's name, and by name (V, K) difficulty and faults."""

    elements: list[str]
    names: tuple[str, ...]
    values: np.ndarray


def read_factors(info: DatasetInfo, ids: Sequence[str]) -> Factors:
    """The factors of videos; InputError for a missing file or video, or a cell without a number."""
    rows = _rows(info, ids)
    element, *columns = [name for name in rows[0] if name not in NO_FAULTS] if rows else [""]
    return Factors([row[element] for row in rows], tuple(columns), _numbers(info, rows, columns))


def read_deserved(info: DatasetInfo, ids: Sequence[str]) -> np.ndarray:
    """Difficulty, and the execution that the faults deserve, (V, 2), points; errors as in `read_factors`."""
    return _numbers(info, _rows(info, ids), ["difficulty", DESERVED])


def _numbers(info: DatasetInfo, rows: list[dict[str, str]], columns: Sequence[str]) -> np.ndarray:
    numbers = np.empty((len(rows), len(columns)))
    for place in np.ndindex(*numbers.shape):
        row, name = rows[place[0]], columns[place[1]]
        try:
            numbers[place] = float(row[name])
        except (TypeError, ValueError):
            where = f"{factors_file(info)}: {name} of video {row['video_id']}"
            raise InputError("wrong_value", f"{where} is {row[name]!r}, not a number.") from None
    return numbers


def _existing(info: DatasetInfo) -> RecordsPath:
    path = factors_file(info)
    if not path.is_file():
        raise InputError("not_found", f"{path}: no true faults beside the records.", "Only simulated videos have them.")
    return path


def _rows(info: DatasetInfo, ids: Sequence[str]) -> list[dict[str, str]]:
    """Each video's row: by its id, or else the only one with its number, as 1 for 001."""
    path = _existing(info)
    with local_file(path) as local, local.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for column in {"video_id", DESERVED}.difference(reader.fieldnames or ()):
            message = f"{path} has no column {column}: no simulator of this version wrote it."
            raise InputError("missing_key", message, "Simulate the videos again, in a new folder, and build.")
        rows = {row["video_id"]: row for row in reader}
    by_number, alone = _by_number(rows), _by_number(info.videos)
    found = {number: rows[by_number[number]] for number in by_number.keys() & alone.keys()}
    chosen = {name: rows.get(name) or found.get(name.lstrip("0")) for name in ids}
    if missing := [name for name, row in chosen.items() if row is None]:
        raise InputError("unknown_name", f"{path} has no row of {shown(missing)}.")
    return [row for name in ids if (row := chosen[name])]


def _by_number(names: Iterable[str]) -> dict[str, str]:
    """Number → the only name for it, however many zeros it begins with."""
    names = list(names)
    counts = Counter(name.lstrip("0") for name in names)
    return {name.lstrip("0"): name for name in names if counts[name.lstrip("0")] == 1}
