"""Stage labels that go into a table that is there already: what it says of other videos stays."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from data_prep.datasets.readers.text import read_csv
from data_prep.datasets.stage_labels import STAGE_COLUMNS, Segment, read_stage_csv
from data_prep.stages.formats.labelled_video import LabelledVideo
from scoringnet_tf.support.errors import InputError


def merged(path: Path, videos: Sequence[LabelledVideo]) -> list[LabelledVideo]:
    """The videos of the table at `path` in its order, those of `videos` with their new stages, then the new ones.

    Raises:
        InputError: it is no `stage_labels.csv`, or has columns that would be lost.
    """
    rows = read_csv(path, STAGE_COLUMNS)
    others = [column for row in rows[:1] for column in row if column not in STAGE_COLUMNS]
    if others:
        raise InputError(
            "todo", f"{path}: expected no columns but {','.join(STAGE_COLUMNS)}. Received: {','.join(others)}"
        )
    found: Mapping[str, Sequence[Segment]] = read_stage_csv(path)
    together = {name: LabelledVideo(name, segments[0].where, tuple(segments)) for name, segments in found.items()}
    return list({**together, **{video.video_id: video for video in videos}}.values())
