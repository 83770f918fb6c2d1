"""Records with the same performances, filmed or rendered anew: the same ids and scores."""

from collections.abc import Iterable

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.features import feature_differences, rate_differences
from scoringnet_tf.data.preprocessing import form_differences
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.messages import InputError

TOLERANCE = 0.005  # points: scores are rounded


def check_renderings(info: DatasetInfo, renderings: Iterable[DatasetInfo]) -> None:
    """InputError unless all renderings have the ids, scores and form of `info`'s test split, and other pixels."""
    ids, seen = info.split("test")["ids"], {info.data_hash}
    for rendering in renderings:
        where = f"--renderings={rendering.records_dir}"
        same = sorted(rendering.split("test")["ids"]) == sorted(ids) and all(
            np.allclose(rendering.true_scores(name, ids), info.true_scores(name, ids), atol=TOLERANCE, equal_nan=True)
            for name in SCORES
        )
        if not same or rendering.sport != info.sport:
            raise InputError("other_videos", f"{where} has other test videos or scores than {info.records_dir}.")
        if different := _differences(info, rendering):
            raise InputError("other_records", f"{where} differs from {info.records_dir}: {'; '.join(different)}.")
        if rendering.data_hash in seen:
            raise InputError("duplicate", f"{where} holds the pixels of other records.")
        seen.add(rendering.data_hash)


def _differences(info: DatasetInfo, rendering: DatasetInfo) -> list[str]:
    """How frames or features differ, a phrase each."""
    if info.features and rendering.features:
        # One for a whole video has no rate.
        rates = [] if info.has_vectors else rate_differences(info.frame_rate, rendering.frame_rate)
        return feature_differences(info.features, rendering.features) + rates
    if info.features or rendering.features:
        return ["features instead of frames" if rendering.features else "frames instead of features"]
    ours, theirs = tuple(info.frame_size), tuple(rendering.frame_size)
    sizes = [f"frames of {theirs} instead of {ours} (height, width)"] if ours != theirs else []
    return sizes + form_differences(info.form, rendering.form)
