"""What a service keeps: a folder for each video, whole under its name, and a file that says what it is.

A folder is written beside, and renamed once it is whole. Before it is deleted, it is renamed back.
"""

import contextlib
import csv
import io
import re
import shutil
from pathlib import Path
from typing import Any

from scoringnet_tf.support.files import read_json, replacing_file, write_json
from scoringnet_tf.support.messages import InputError, Remark

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


def save_corrections(folder: Path, content: bytes, seen: str) -> None:
    """Replaces the corrections of the performances in a table (see `data.corrections`), and leaves those of others.

    Args:
        folder: the video's.
        content: CSV.
        seen: the date of the version that its author had seen, empty for none.

    Raises:
        InputError: somebody else saved since (`changed`), or it is not such a table.
    """
    columns, rows = _table(content)
    corrected = {row["performance"] for row in rows}
    path = folder / CORRECTIONS
    earlier = _table(path.read_bytes())[1] if path.is_file() else []
    replaced = [row for row in earlier if row["performance"] in corrected]
    if replaced and replaced[0]["date"] != seen:
        raise InputError("changed", "Somebody else has saved corrections since.", "Load the page again.")
    with replacing_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows([*(row for row in earlier if row not in replaced), *rows])


def _table(content: bytes) -> tuple[list[str], list[dict[str, str]]]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("damaged_csv", f"The corrections are not CSV in UTF-8: {error}.") from error
    columns = list(reader.fieldnames or [])
    is_whole = rows and not any(None in row or None in row.values() for row in rows)
    if not is_whole or not {"performance", "date"} <= {*columns}:
        raise InputError("wrong_format", "The corrections are no such table.")
    return columns, rows
