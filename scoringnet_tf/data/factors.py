"""The true faults of simulated videos, beside their records: the simulator's `factors.csv`. No TensorFlow."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.files import file_sha256, local_file, replacing_file
from scoringnet_tf.support.messages import InputError, shown
from scoringnet_tf.support.paths import RemotePath, as_path

FILE = "factors.csv"
DESERVED = "deserved"  # execution without the judges' error
NO_FAULTS = ("video_id", "execution", DESERVED, "marks")  # columns


def factors_file(info: DatasetInfo) -> Path | RemotePath:
    """The file beside records; for a custom split, beside the records that it is of."""
    return as_path(f"{info.source or info.records_dir}/{FILE}")


def factors_hash(info: DatasetInfo) -> str:
    """sha256 of that file; InputError if there is none (`not_found`)."""
    return file_sha256(_existing(info))


def copy_factors(source: Path | RemotePath, target: Path | RemotePath) -> None:
    """Copies the file from one folder to another; where there is none, an older copy goes."""
    if (source / FILE).is_file():
        with local_file(source / FILE) as local, replacing_file(target / FILE) as temporary:
            temporary.write_bytes(local.read_bytes())
    else:
        (target / FILE).unlink(missing_ok=True)


def read_faults(info: DatasetInfo, ids: Sequence[str]) -> np.ndarray:
    """Difficulty and the faults of V videos, as far as they are numbers, (V, K).

    Raises:
        InputError: there is no such file, it lacks one of the videos, or has what is no number.
    """
    rows = _rows(info, ids)
    return np.array([[_number(info, row, name) for name in _fault_names(row)] for row in rows])


def read_deserved(info: DatasetInfo, ids: Sequence[str]) -> np.ndarray:
    """Difficulty, and the execution that the faults deserve, (V, 2), points; errors as of `read_faults`."""
    return np.array([[_number(info, row, name) for name in ("difficulty", DESERVED)] for row in _rows(info, ids)])


def _fault_names(row):
    _, *columns = [name for name in row if name not in NO_FAULTS]  # the first names the element
    return columns


def _number(info, row, name):
    try:
        return float(row[name])
    except (TypeError, ValueError):
        where = f"{factors_file(info)}: {name} of video {row['video_id']}"
        raise InputError("wrong_value", f"{where} is {row[name]!r}, not a number.") from None


def _existing(info):
    path = factors_file(info)
    if not path.is_file():
        raise InputError("not_found", f"{path}: no true faults beside the records.", "Only simulated videos have them.")
    return path


def _rows(info, ids):
    """The row of each video: that of its id, or else the only one of its number, as 1 is of 001."""
    path = _existing(info)
    with local_file(path) as local, local.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for column in ("video_id", DESERVED):
            if column not in (reader.fieldnames or ()):
                message = f"{path} has no column {column}: no simulator of this version wrote it."
                raise InputError("missing_key", message, "Simulate the videos again, in a new folder, and build.")
        rows = {row["video_id"]: row for row in reader}
    named, alone = _by_number(rows), _by_number(info.videos)
    names = {}
    for video_id in ids:
        number = _number_of(video_id)
        names[video_id] = video_id if video_id in rows else named.get(number) if number in alone else None
    if missing := [video_id for video_id, name in names.items() if name is None]:
        raise InputError("unknown_name", f"{path} has no row of {shown(missing)}.")
    return [rows[names[video_id]] for video_id in ids]


def _by_number(names):
    """Number → the only one of the names that is it, however many zeros it begins with."""
    counts = Counter(map(_number_of, names))
    return {_number_of(name): name for name in names if counts[_number_of(name)] == 1}


def _number_of(name):
    return name.lstrip("0")
