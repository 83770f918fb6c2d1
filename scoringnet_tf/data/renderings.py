"""Records of the same performances, filmed or rendered anew: of the same ids and scores."""

from collections.abc import Iterable, Mapping

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.features import feature_differences, rate_differences
from scoringnet_tf.data.preprocessing import form_differences
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.messages import InputError

TOLERANCE = 0.005  # points by which the scores of a performance may differ between renderings: they are rounded


def check_renderings(info: DatasetInfo, renderings: Iterable[DatasetInfo], split: str = "test") -> None:
    """InputError unless all renderings have the ids, scores and form of a split of `info`, and other pixels."""
    expected, seen = _scores(info, split), {info.data_hash}
    for rendering in renderings:
        where, received = f"--renderings={rendering.records_dir}", _scores(rendering, split)
        same = received.keys() == expected.keys() and all(
            np.allclose(received[name], expected[name], atol=TOLERANCE, equal_nan=True) for name in expected
        )
        if not same or rendering.sport != info.sport:
            raise InputError("other_videos", f"{where} has other {split} videos or scores than {info.records_dir}.")
        if different := _differences(info, rendering):
            raise InputError("other_records", f"{where} differs from {info.records_dir}: {'; '.join(different)}.")
        if rendering.data_hash in seen:
            raise InputError("duplicate", f"{where} holds the pixels of other records.")
        seen.add(rendering.data_hash)


def _differences(info, rendering):
    """The differences of the size of frames, or of features, a phrase each."""
    if bool(info.features) != bool(rendering.features):
        return ["features instead of frames" if rendering.features else "frames instead of features"]
    if info.features:
        # One for a whole video has no rate.
        rates = [] if info.has_vectors else rate_differences(info.frame_rate, rendering.frame_rate)
        return feature_differences(info.features, rendering.features) + rates
    ours, theirs = tuple(info.frame_size), tuple(rendering.frame_size)
    sizes = [f"frames of {theirs} instead of {ours} (height, width)"] if ours != theirs else []
    return sizes + form_differences(info.form, rendering.form)


def _scores(info: DatasetInfo, split: str) -> Mapping[str, list[float]]:
    ids = info.split(split)["ids"]
    scores = ([info.videos[video_id][score] for score in SCORES] for video_id in ids)
    return {
        video_id: [np.nan if v is None else v for v in values] for video_id, values in zip(ids, scores, strict=True)
    }
