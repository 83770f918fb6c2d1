"""The files that stage labels come in: tables, and those of tools. A further format is one `Format` in `FORMATS`."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from data_prep.datasets.readers.text import read_csv, read_diving_times
from data_prep.datasets.stage_labels import STAGE_COLUMNS, StageError, diving_segments, read_stage_csv, write_stage_csv
from data_prep.stages.formats import label_studio
from data_prep.stages.formats.videos import FactsOf, LabelledVideo
from scoringnet_tf.support.messages import InputError, error_remark


class Format(NamedTuple):
    """A format of stage labels."""

    recognises: Callable[[Path, str], bool]  # (path, first characters of the file) → whether it is of this format
    # (path, facts_of) → videos; InputError if the file as a whole is malformed
    read: Callable[[Path, FactsOf], list[LabelledVideo]]
    # (output, videos, facts_of), whole or not at all; None if people do not correct labels in it
    write: Callable[[Path, Sequence[LabelledVideo], FactsOf], None] | None = None


def _is_csv(path: Path, text: str) -> bool:
    """Whether the header has the columns, in any order."""
    return set(STAGE_COLUMNS) <= {column.strip('" ') for column in text.partition("\n")[0].strip().split(",")}


def _read_stages(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """One `LabelledVideo` per video_id; InputError, see `stage_labels.read_stage_csv`."""
    return [LabelledVideo(name, rows[0].where, tuple(rows)) for name, rows in read_stage_csv(path).items()]


def _write_stages(output: Path, videos: Sequence[LabelledVideo], facts_of: FactsOf) -> None:
    write_stage_csv(output, {video.video_id: video.segments for video in videos})


def _is_diving_times(path: Path, text: str) -> bool:
    """Whether the first row is four integers."""
    return re.match(r"-?\d+(\s*,\s*-?\d+){3}\s*($|\n)", text) is not None


def _read_times(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """One `LabelledVideo` per row, named 001 and so on; InputError lists the rows that are not four integers."""
    return [_dive(f"{row:03d}", f"{path}, row {row}", times) for row, times in read_diving_times(path).items()]


def _dive(video_id: str, where: str, times: Sequence[int]) -> LabelledVideo:
    try:
        return LabelledVideo(video_id, where, diving_segments(times, where))
    except StageError as error:
        return LabelledVideo(video_id, where, (), (error_remark(error),))


FORMATS = {
    "csv": Format(_is_csv, _read_stages, _write_stages),
    "diving_times": Format(_is_diving_times, _read_times),
    "label_studio": Format(label_studio.recognises, label_studio.read, label_studio.write),
}
WRITABLE = [name for name, form in FORMATS.items() if form.write]
HEAD = 4096  # bytes


def read(path: str | Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """Reads the videos of a file, whose content tells its format; or InputError."""
    path = Path(path)
    if not path.exists():
        raise InputError("not_found", f"{path}: there is no such file.")
    return FORMATS[recognise(path)].read(path, facts_of)


def write(name: str, output: Path, videos: Sequence[LabelledVideo], facts_of: FactsOf) -> None:
    """Writes videos with sound segments in one of `WRITABLE`, whole or not at all, or InputError."""
    writer = FORMATS[name].write
    if writer is None:
        raise InputError("unknown_name", f"{name}: cannot be written. Choose one of {', '.join(WRITABLE)}.")
    try:
        writer(output, videos, facts_of)
    except OSError as error:
        raise InputError("not_writable", f"--output={output} cannot be written: {error}.") from error


def recognise(path: Path) -> str:
    """A file's key in `FORMATS`, or InputError."""
    if path.is_dir():
        raise InputError("wrong_format", f"{path} is a folder, not a file of stage labels.")
    with path.open("rb") as file:
        text = file.read(HEAD).decode("utf-8-sig", errors="replace").lstrip()
    name = next((name for name, form in FORMATS.items() if form.recognises(path, text)), None)
    if name is None:
        hint = "Use stage_labels.csv, jump_drop_water_label.txt, or Label Studio's JSON."
        raise InputError("wrong_format", f"{path} starts with {text[:40]!r}: these are no stage labels.", hint)
    return name


def merged(path: Path, videos: Sequence[LabelledVideo], facts_of: FactsOf) -> list[LabelledVideo]:
    """A table's videos, in its order, with the new stages of `videos`; InputError if columns would be lost."""
    rows = read_csv(path, STAGE_COLUMNS)
    if others := [column for row in rows[:1] for column in row if column not in STAGE_COLUMNS]:
        raise InputError("would_lose_columns", f"{path}: the column {', '.join(others)} would be lost.")
    both = {video.video_id: video for video in [*_read_stages(path, facts_of), *videos]}
    return list(both.values())
