"""Records with the same performances, filmed or rendered anew: the same ids and scores."""

from collections.abc import Iterable

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.features import content_differences, look_differences
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
        different = content_differences(info, rendering)
        if info.content == rendering.content:  # a vector for a whole video has no rate
            different += look_differences(info, rendering, has_rate=not info.has_vectors)
        if different:
            raise InputError("other_records", f"{where} differs from {info.records_dir}: {'; '.join(different)}.")
        if rendering.data_hash in seen:
            raise InputError("duplicate", f"{where} holds the pixels of other records.")
        seen.add(rendering.data_hash)
