"""`jump_drop_water_label.txt` of UNLV-Diving and S3D: a row `t0,t1,t2,t3` per video, in order of their numbers."""

import re
from pathlib import Path

from data_prep.datasets.readers.text import read_diving_times
from data_prep.datasets.stage_labels import StageError, diving_segments
from data_prep.stages.formats.labelled_video import LabelledVideo
from data_prep.stages.formats.videos import FactsOf


def recognises(path: Path, text: str) -> bool:
    """Four integers in the first row."""
    return re.match(r"-?\d+(\s*,\s*-?\d+){3}\s*($|\n)", text) is not None


def read(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """One `LabelledVideo` per row, called 001 and so on.

    Raises:
        InputError: rows that are not four integers; every one is listed.
    """
    return [_video(f"{row:03d}", f"{path}, row {row}", times) for row, times in read_diving_times(path).items()]


def _video(video_id, where, times):
    try:
        return LabelledVideo(video_id, where, diving_segments(times, where))
    except StageError as error:
        return LabelledVideo(video_id, where, (), (str(error),))
