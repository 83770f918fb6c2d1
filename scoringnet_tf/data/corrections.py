"""Corrections of performances by people: the table that a page saves, read and checked. No TensorFlow.

A performance has a row for the beginning of each stage and one for `end`, the frame behind the last stage: the model's
frame in the file, and the corrected one; an empty cell is unknown. Names and notes have rows of their own.
"""

import csv
import dataclasses
import datetime
import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from scoringnet_tf.data.video import Clip, frame_times
from scoringnet_tf.data.video_files import image_paths
from scoringnet_tf.sports import Sport
from scoringnet_tf.sports.dives import parse_dive
from scoringnet_tf.support.files import whole_number
from scoringnet_tf.support.messages import InputError, counted, unknown_name
from scoringnet_tf.support.paths import name_of

COLUMNS = ("video", "sha256", "performance", "what", "model", "corrected", "date")
START, END = "start of ", "end"
TEXTS = ("athlete", "dive", "note")
PATTERN = "*corrections*.csv"  # of files in a folder
LARGEST = 10**6  # bytes of a file
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Correction:
    """A performance as people corrected it.

    Attributes:
        video, sha256: the file's name, and its bytes' hash.
        performance: its number in the file, from 1.
        frames: stage, in order, or `END` → the first frame that shows it in the file; None if that is unknown.
        model: the same as the model had it.
        texts: of `TEXTS` → (the model's, the corrected).
        date: when it was saved, ISO 8601.
        where: file and row.
        folder: that of the file.
    """

    video: str
    sha256: str
    performance: int
    frames: dict[str, int | None]
    model: dict[str, int | None]
    texts: dict[str, tuple[str, str]]
    date: str
    where: str
    folder: Path = Path()

    def labels(self, sport: Sport, first: int, count: int) -> np.ndarray:
        """Every frame's stage, int8 (count,), for frames from number `first` in the file on; 0 where it is unknown."""
        labels, stages = np.zeros(count, np.int8), list(self.frames.items())
        for (stage, start), (_, stop) in itertools.pairwise(stages):
            if start is not None and stop is not None:
                labels[max(start - first, 0) : max(stop - first, 0)] = sport.stage_index(stage)
        return labels

    def checked(self, sport: Sport) -> "Correction":
        """It with the sport's stages in order; InputError if one lacks, frames go back, or its dive is none."""
        wanted = [*sport.stages[1:], END]
        for name in self.frames:
            if name not in wanted:
                raise unknown_name(f"{self.where}: a stage of {sport.name}", name, wanted[:-1])
        if missing := [name for name in wanted if name not in self.frames]:
            message = f"{self.where}: performance {self.performance} of {self.video} has no row for"
            raise InputError("missing_rows", f"{message} {', '.join(missing)}.", "Save it again.")
        frames = {name: self.frames[name] for name in wanted}
        known = [(name, frame) for name, frame in frames.items() if frame is not None]
        for (before, first), (after, second) in itertools.pairwise(known):
            if second <= first:
                message = f"{self.where}: in {self.video} {after} at frame {second} follows {before} at frame {first}."
                raise InputError("not_in_order", message, "Put one of them right.")
        if sport.dives and (dive := self.texts.get("dive", ("", ""))[1]):
            parse_dive(dive)
        return dataclasses.replace(self, frames=frames)

    def lies_beside_another(self, path: Path) -> bool:
        """Whether the file's folder has a video of that name, as in a kept session, which is not the one at `path`."""
        video = self.folder / self.video
        return video.exists() and not video.samefile(path)

    def check_count(self, count: int) -> None:
        """InputError if a video of so many frames has too few."""
        if (last := max(frame for frame in (*self.frames.values(), 0) if frame is not None)) > count:
            message = f"{self.where}: frame {last} lies beyond the {counted(count, 'frame')} of {self.video}."
            raise InputError("out_of_range", message, "Correct it again.")


def read_corrections(*paths: str | Path) -> list[Correction]:
    """The corrections in files, or in folders' files, at any depth, whose names have `corrections` in them.

    Raises:
        InputError: nothing is there; or a file is malformed, edited by half, or repeats another's performance.
    """
    files: set[Path] = set()
    for path in map(Path, paths):
        inside = [*path.rglob(PATTERN)] if path.is_dir() else [path]
        if not inside or not all(file.is_file() for file in inside):
            raise InputError("not_found", f"{path}: there is no such file, or no {PATTERN} in it.")
        files.update(inside)
    found: dict[tuple[str, str, int], Correction] = {}
    for file in sorted(files):
        for one in _corrections(file):
            key = one.video, one.sha256, one.performance
            if key in found:
                message = f"{one.where} and {found[key].where} correct the same performance of {one.video}."
                raise InputError("duplicate", message, "Keep the newer file.")
            found[key] = one
    return list(found.values())


def by_video(corrections: Sequence[Correction], videos: Iterable[str], sport: Sport) -> dict[str, list[Correction]]:
    """Local path → its corrections, for videos of a sport that have some; some may be of other videos, but not all.

    Raises:
        InputError: all are of other videos; a video has changed, or has too few frames; or as in `Correction.checked`.
    """
    found: dict[str, list[Correction]] = {}
    others: dict[str, str] = {}  # where a correction is → a video of that name
    for path in videos:
        named = [one for one in corrections if one.video == name_of(path)]
        digest = Clip(Path(path)).sha256() if named else ""
        for one in named:
            if one.sha256 == digest:
                one.check_count(_number_of_frames(Path(path)))
                found.setdefault(path, []).append(one.checked(sport))
            elif not one.lies_beside_another(Path(path)):
                others[one.where] = path
    for one in corrections:
        if one.where in others and not any(one.sha256 == each.sha256 for own in found.values() for each in own):
            message = f"{one.where}: it corrects another {one.video} than {others[one.where]}, or one that has changed"
            raise InputError("other_video", f"{message} since.", "Correct this one.")
    if corrections and not found:
        names = ", ".join(sorted({one.video for one in corrections})[:10])
        raise InputError("other_video", f"The corrections are those of {names}, and of no video that is named.")
    return found


def _number_of_frames(path: Path) -> int:
    return len(image_paths(path)) if path.is_dir() else len(frame_times(path))


def _corrections(path: Path) -> list[Correction]:
    if path.stat().st_size > LARGEST:
        raise InputError("too_large", f"{path} has more than {LARGEST // 10**6} MB: these are no corrections.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = [row for row in csv.reader(file, strict=True) if row] or [[]]
    except UnicodeDecodeError as error:
        raise InputError("wrong_encoding", f"{path}: not text in UTF-8 ({error}).") from error
    except csv.Error as error:
        raise InputError("malformed_rows", f"{path} is no table: {error}.", "Save it anew; shorten notes.") from error
    if sorted(header) != sorted(COLUMNS):
        code = "missing_column" if {*COLUMNS} - {*header} else "wrong_columns"
        message = f"{path}: the columns are {', '.join(COLUMNS)}, and not {', '.join(header)[:200]}."
        raise InputError(code, message, "Separate cells by commas." if len(header) == 1 else "Save it again.")
    if not rows:
        raise InputError("missing_rows", f"{path} has a header alone.", "Save it again.")
    performances: dict[tuple[str, str, int], list[dict[str, str]]] = {}
    for number, cells in enumerate(rows, start=2):
        where = f"{path}, row {number}"
        row = {**dict(zip(header, cells, strict=False)), "where": where}
        _check_row(row, cells)
        performances.setdefault((row["video"], row["sha256"], int(row["performance"])), []).append(row)
    return [dataclasses.replace(_correction(*key, of_one), folder=path.parent) for key, of_one in performances.items()]


def _check_row(row: dict[str, str], cells: list[str]) -> None:
    """InputError unless a row has all cells, a hash, a number and a date."""
    try:
        if len(cells) != len(COLUMNS) or not SHA256.fullmatch(row["sha256"]) or whole_number(row["performance"]) < 1:
            raise ValueError
        datetime.datetime.fromisoformat(row["date"].replace("Z", "+00:00"))
    except ValueError:
        needed = f"{len(COLUMNS)} cells, a SHA-256, a number from 1 and a date"
        message = f"{row['where']}: a row has {needed}, and not {', '.join(cells)[:200]}."
        raise InputError("malformed_rows", message, "Save it again.") from None


def _correction(video: str, sha256: str, number: int, rows: Iterable[dict[str, str]]) -> Correction:
    frames: dict[str, int | None] = {}
    model: dict[str, int | None] = {}
    texts: dict[str, tuple[str, str]] = {}
    dates = set()
    for row in rows:
        what, where = row["what"], row["where"]
        name = what.removeprefix(START)
        if name in (frames if what not in TEXTS else texts):
            raise InputError("duplicate", f"{where}: {what} has a row already.")
        if what in TEXTS:
            texts[what] = row["model"], row["corrected"]
        elif what == END or what.startswith(START):
            model[name], frames[name] = (_frame(row[column], where) for column in ("model", "corrected"))
        else:
            raise unknown_name(f"{where}: what", what, (f"{START}STAGE", END, *TEXTS))
        dates.add(row["date"])
    if len(dates) > 1:
        message = f"{where}: rows of performance {number} of {video} were saved at different times."
        raise InputError("edited", message, "Save them together.")
    return Correction(video, sha256, number, frames, model, texts, dates.pop(), where)


def _frame(text: str, where: str) -> int | None:
    try:
        frame = whole_number(text) if text else None
    except ValueError:
        frame = -1
    if frame is not None and frame < 0:
        raise InputError("malformed_rows", f"{where}: {text} is no number of a frame, from 0.")
    return frame
