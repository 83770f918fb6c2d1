"""Tables with stages: `stage_labels.csv`, which `build` reads, and UNLV-Diving's times."""

import re
from collections.abc import Sequence
from pathlib import Path

from data_prep.datasets.readers.text import read_csv, read_diving_times
from data_prep.datasets.stage_labels import STAGE_COLUMNS, StageError, diving_segments, read_stage_csv, write_stage_csv
from data_prep.stages.formats.videos import FactsOf, LabelledVideo
from scoringnet_tf.support.messages import InputError, error_remark


def is_csv(path: Path, text: str) -> bool:
    """Whether the header has the columns, in any order."""
    return set(STAGE_COLUMNS) <= {column.strip('" ') for column in text.partition("\n")[0].strip().split(",")}


def read_stages(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """One `LabelledVideo` per video_id; InputError, see `stage_labels.read_stage_csv`."""
    return [LabelledVideo(name, rows[0].where, tuple(rows)) for name, rows in read_stage_csv(path).items()]


def write_stages(output: Path, videos: Sequence[LabelledVideo], facts_of: FactsOf) -> None:
    """Writes the file."""
    write_stage_csv(output, {video.video_id: video.segments for video in videos})


def merged(path: Path, videos: Sequence[LabelledVideo], facts_of: FactsOf) -> list[LabelledVideo]:
    """A table's videos, in its order, with the new stages of `videos`; InputError if columns would be lost."""
    rows = read_csv(path, STAGE_COLUMNS)
    if others := [column for row in rows[:1] for column in row if column not in STAGE_COLUMNS]:
        raise InputError("would_lose_columns", f"{path}: the column {', '.join(others)} would be lost.")
    both = {video.video_id: video for video in [*read_stages(path, facts_of), *videos]}
    return list(both.values())


def is_diving_times(path: Path, text: str) -> bool:
    """Whether the first row is four integers."""
    return re.match(r"-?\d+(\s*,\s*-?\d+){3}\s*($|\n)", text) is not None


def read_times(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """One `LabelledVideo` per row, named 001 and so on; InputError lists the rows that are not four integers."""
    return [_dive(f"{row:03d}", f"{path}, row {row}", times) for row, times in read_diving_times(path).items()]


def _dive(video_id: str, where: str, times: Sequence[int]) -> LabelledVideo:
    try:
        return LabelledVideo(video_id, where, diving_segments(times, where))
    except StageError as error:
        return LabelledVideo(video_id, where, (), (error_remark(error),))
