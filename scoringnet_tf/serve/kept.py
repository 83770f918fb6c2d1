"""What a service keeps: a folder for each video, whole under its name, and a file that says what it is.

A folder is written beside, and renamed once it is whole. Before it is deleted, it is renamed back.
"""

import contextlib
import csv
import re
import shutil
from pathlib import Path
from typing import Any

from scoringnet_tf.data.corrections import COLUMNS, Correction, read_corrections
from scoringnet_tf.data.video import Clip
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.files import read_json, replacing_file, write_json
from scoringnet_tf.support.messages import InputError, Remark, counted

ENTRY, CORRECTIONS, RESULT = "entry.json", "corrections.csv", "result.json"
FIELDS = ("name", "options", "compared", "date", "pages", "summary")  # of a job
TOKEN, PART = r"[\w-]{22}", ".part"


def unfinished(folder: Path) -> Path:
    """What a folder is called before it is whole, and while it is deleted."""
    return folder.with_suffix(PART)


def save(job: Any) -> None:
    """Writes down what a job is, in its folder."""
    error = job.error and job.error.to_dict()
    write_json(job.folder / ENTRY, {field: getattr(job, field) for field in FIELDS} | {"error": error})


def entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Token → arguments of its job, the oldest first. Deletes what a killed service left half; InputError if in use."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for path in folder.iterdir():
        if re.fullmatch(TOKEN + re.escape(PART), path.name):
            delete(path)
        elif re.fullmatch(TOKEN, path.name):
            with contextlib.suppress(InputError, KeyError, OSError):  # of others, or damaged by them
                entry = read_json(path / ENTRY)
                error = entry["error"] and Remark.from_dict(entry["error"])
                found[path.name] = {field: entry[field] for field in FIELDS} | {"error": error}
    return dict(sorted(found.items(), key=lambda one: one[1]["date"]))


def delete(folder: Path) -> None:
    """Deletes a job's folder if it is there; killed at any moment, it leaves none that looks whole."""
    with contextlib.suppress(OSError):
        shutil.rmtree(folder.replace(unfinished(folder)))


def save_corrections(job: Any, content: bytes, seen: str, sport: Sport) -> None:
    """Replaces the corrections of the performances in a table, and leaves those of others.

    InputError `changed` unless `seen` is the date of those that it replaces, `other_video` if they are not those of the
    job's, `out_of_range` if the result has no such frame or performance, else as `read_corrections` and
    `Correction.checked`.
    """
    path = job.folder / CORRECTIONS
    with replacing_file(path) as temporary:
        temporary.write_bytes(content)
        try:
            given = [one.checked(sport) for one in read_corrections(temporary)]
            if any(one.sha256 != Clip(job.video).sha256() for one in given):
                raise InputError("other_video", "These are corrections of another video.", "Load the page again.")
            _check_result(job.folder / RESULT, given)
        except InputError as error:
            message = str(error).replace(str(temporary), CORRECTIONS).replace(temporary.name, CORRECTIONS)
            raise InputError(error.code, message) from error
        corrected = {one.performance for one in given}
        saved = read_corrections(path) if path.is_file() else []
        if any(one.date != seen for one in saved if one.performance in corrected):
            raise InputError("changed", "Somebody else has saved corrections since.", "Load the page again.")
        others = [row for row in _rows(path) if int(row["performance"]) not in corrected] if saved else []
        rows = [*others, *_rows(temporary)]
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)


def _check_result(path: Path, corrections: list[Correction]) -> None:
    """InputError if a video's result has fewer frames, or performances, than its corrections."""
    result = read_json(path)
    for one in corrections:
        one.check_count(result["num_frames"])
        if one.performance > (count := len(result["performances"])):
            message = f"{one.video} shows {counted(count, 'performance')}, and none with number {one.performance}."
            raise InputError("out_of_range", message, "Load the page again.")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [*csv.DictReader(file)]
