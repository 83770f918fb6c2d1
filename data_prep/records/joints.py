"""Joints of a dataset go with its records, see `scoringnet_tf.data.joints`."""

import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scoringnet_tf.data.joints import FOLDER, INDEX, read_joints


def copy_joints(source_dir: Path, folder: Path, videos: Mapping[str, Mapping[str, Any]]) -> None:
    """Copies those of the written videos, if the dataset has joints: `joints/STEM.npy` becomes `joints/ID.npy`.

    Args:
        source_dir: of the dataset.
        folder: of the records.
        videos: id → its entry in the index.

    Raises:
        InputError: a video has none, or they are not of its frames.
    """
    source, target = source_dir / FOLDER, folder / FOLDER
    if not (source / INDEX).is_file():
        return
    target.mkdir()
    shutil.copyfile(source / INDEX, target / INDEX)
    for video_id, video in videos.items():
        stem = PurePosixPath(video["path"]).stem
        read_joints(source, stem, video["num_frames"])
        (target / video_id).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / f"{stem}.npy", target / f"{video_id}.npy")
