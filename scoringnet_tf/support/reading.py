"""Small files of text that anyone may have written or damaged: what is not as it should be is named by file."""

import csv
import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path

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


def flag_files(arguments: Sequence[str]) -> list[str]:
    """The flag files of a command line; absl itself keeps no names of them."""
    following = dict(itertools.pairwise(arguments))
    names = (
        following.get(argument, "") if argument.lstrip("-") == "flagfile" else argument.partition("=")[2]
        for argument in arguments
        if argument.startswith("-") and argument.lstrip("-").partition("=")[0] == "flagfile"
    )
    return [str(Path(name.strip()).expanduser()) for name in names if name.strip()]  # as absl does


def records_recipe(flagfile: str | Path) -> list[str]:
    """How a flag file's opening comment says its records are made: the lines from "Records:" to the next entry."""
    comment = itertools.takewhile(lambda line: line.startswith("#"), Path(flagfile).read_text().splitlines())
    from_records = itertools.dropwhile(lambda line: not line.startswith("# Records:"), comment)
    lines = list(itertools.takewhile(lambda line: not line.startswith("# Hardware:"), from_records))
    return [f"{flagfile} says:", *(line.removeprefix("#") for line in lines)] if lines else []


def real_number(text: str) -> float:
    """The number of a text; ValueError for what is none, such as 1_000, which Python alone would read."""
    return float(_written_plainly(text, "a number"))


def whole_number(text: str) -> int:
    """The integer of a text; ValueError likewise."""
    return int(_written_plainly(text, "an integer"))


def seconds_of(text: str) -> float:
    """Of a timecode (hh:mm:ss.fff or mm:ss), or of a number of seconds; ValueError for what is neither."""
    timecode = TIMECODE.fullmatch(text)
    if timecode is None:
        return real_number(text)
    hours, minutes, seconds = timecode.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds.replace(",", "."))


def _written_plainly(text, expected):
    if "_" in text or not text.isascii():
        raise ValueError(f"{text!r} is not {expected}")
    return text
