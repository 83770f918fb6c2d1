"""The videos of records as `Video`s in stored form, as `ScoringNetPreprocessor.read` gives them of a file."""

from collections.abc import Iterator, Sequence

import tensorflow as tf

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.records import parse_example
from scoringnet_tf.data.shards import locate_records, read_record
from scoringnet_tf.data.splits import split_ids, stored_split
from scoringnet_tf.data.video import Video
from scoringnet_tf.sports import as_points


def stored_videos(
    info: DatasetInfo, split: str, ids: Sequence[str] | None = None
) -> Iterator[tuple[str, Video, dict[str, float]]]:
    """(id, video, score → points, NaN where unknown) of each video of a split, in the order of its records.

    Args:
        info: of records of frames.
        split, ids: as of `input_pipeline.videos`, with its errors.
    """
    places = locate_records(info, stored_split(info, split))
    for video_id in split_ids(info, split, ids=ids):
        path, offset = places[video_id]
        example = parse_example(read_record(tf.constant(path), tf.constant(offset, tf.int64)))
        height, width = (int(example[f"source/{side}"]) for side in ("height", "width"))
        video = Video(
            frames=example["image/encoded"].numpy().tolist(),
            fps=float(example["image/frame_rate"]),
            timestamps=example["image/timestamp"].numpy() / 1e6,
            source_size=(height, width),
            aspect=info.aspect or width / height,
        )
        scores = {name: float(as_points(example[f"score/{name}"])) for name in ("difficulty", "execution", "final")}
        yield video_id, video, scores
