"""`stage_labels.csv` (video_id,stage,start_frame,end_frame): the form that `build` reads."""

from collections.abc import Sequence
from pathlib import Path

from data_prep.datasets.stage_labels import STAGE_COLUMNS, read_stage_csv, write_stage_csv
from data_prep.stages.formats.labelled_video import LabelledVideo
from data_prep.stages.formats.videos import FactsOf
from scoringnet_tf.sports import Sport


def recognises(path: Path, text: str) -> bool:
    """Its header, in any order of the columns."""
    return set(STAGE_COLUMNS) <= {column.strip('" ') for column in text.partition("\n")[0].strip().split(",")}


def read(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """One `LabelledVideo` per video_id.

    Raises:
        InputError: as of `stage_labels.read_stage_csv`.
    """
    return [
        LabelledVideo(video_id, segments[0].where, tuple(segments))
        for video_id, segments in read_stage_csv(path).items()
    ]


def write(output: Path, videos: Sequence[LabelledVideo], sport: Sport, facts_of: FactsOf) -> None:
    """Writes the file."""
    write_stage_csv(output, {video.video_id: video.segments for video in videos})
