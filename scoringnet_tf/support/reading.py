"""Small files of text that anyone may have written or damaged: what is not as it should be is named by file."""

import csv
import json
import re

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import AnyPath, as_path

TIMECODE = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:[.,]\d+)?)", re.ASCII)


def read_json(path: AnyPath) -> dict:
    """The JSON object in a file; InputError if it holds none, OSError if it cannot be read."""
    try:
        value = json.loads(as_path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # of bytes that are no UTF-8, too
        raise InputError("damaged_json", f"{path} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise InputError("wrong_format", f"{path} holds a JSON {type(value).__name__}, not an object.")
    return value


def read_csv(path: AnyPath) -> list[tuple[int, list[str]]]:
    """(number of its last line, cells) of every row of a CSV file but blank ones; InputError, OSError as above."""
    try:
        with as_path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, cells) for cells in reader if cells]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("damaged_csv", f"{path} is not CSV in UTF-8: {error}.") from error


def real_number(text: str) -> float:
    """The number of a text; ValueError for what is none, such as 1_000, which Python alone would read."""
    if "_" in text or not text.isascii():
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def whole_number(text: str) -> int:
    """The integer of a text; ValueError likewise."""
    real_number(text)
    return int(text)


def seconds_of(text: str) -> float:
    """Of a timecode (hh:mm:ss.fff or mm:ss), or of a number of seconds; ValueError for what is neither."""
    timecode = TIMECODE.fullmatch(text)
    if timecode is None:
        return real_number(text)
    hours, minutes, seconds = timecode.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds.replace(",", "."))
