"""Test videos and trained models, for the figures that look into them."""

import dataclasses
from typing import Any

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments.catalogue import Row
from scoringnet_tf.experiments.training import Surroundings, Training


@dataclasses.dataclass(frozen=True)
class WatchedVideo:
    """A test video as models take it.

    Attributes:
        name: its id.
        frames: uint8 (L, H, W, 3), 0…255.
        stages: true ones, int (L,), −1 where unlabelled.
    """

    name: str
    frames: np.ndarray
    stages: np.ndarray


def read_video(info: DatasetInfo, video_id: str, image_size: tuple[int, int]) -> WatchedVideo:
    """Decodes it, cropped to `image_size` (height, width)."""
    from scoringnet_tf.data import input_pipeline

    (batch,) = input_pipeline.videos(
        info.records_dir, "test", image_size=image_size, batch_size=1, ids=[video_id], pad_to_multiple=1
    )
    inputs, targets = batch
    return WatchedVideo(video_id, inputs["frames"][0].numpy(), targets["stages"][0].numpy())


def trained_models(rows: list[Row], surroundings: Surroundings, seed: int = 0) -> dict[str, Any]:
    """Row → its model of one seed, of those that are trained."""
    from scoringnet_tf.models.presets import load_scoring_net

    trainings = {row.name: Training(row.flags, seed) for row in rows}
    return {
        name: load_scoring_net(str(training.folder(surroundings)))
        for name, training in trainings.items()
        if training.is_trained(surroundings)
    }
