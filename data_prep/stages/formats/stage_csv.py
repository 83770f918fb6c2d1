"""`stage_labels.csv` (video_id,stage,start_frame,end_frame): the form that `build` reads."""

from data_prep.datasets.stage_labels import STAGE_COLUMNS, read_stage_csv, write_stage_csv
from data_prep.stages.formats.labelled_video import LabelledVideo


def recognises(path, text):
    """Its header, in any order of the columns."""
    return set(STAGE_COLUMNS) <= {column.strip('" ') for column in text.partition("\n")[0].strip().split(",")}


def read(path, facts_of):
    """One `LabelledVideo` per video_id; InputError as of `labels.read_stage_csv`."""
    return [
        LabelledVideo(video_id, segments[0].where, tuple(segments))
        for video_id, segments in read_stage_csv(path).items()
    ]


def write(output, videos, sport, facts_of):
    """Writes the file."""
    write_stage_csv(output, {video.video_id: video.segments for video in videos})
