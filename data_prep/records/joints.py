"""Joints of a dataset go with its records, see `scoringnet_tf.data.joints`."""

import collections
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scoringnet_tf.data.joints import FOLDER, INDEX, read_joints
from scoringnet_tf.data.video import Clip
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.wording import counted


def copy_joints(source_dir: Path, folder: Path, videos: Mapping[str, Mapping[str, Any]]) -> None:
    """Copies those of the written videos, if the dataset has joints, to `joints/ID.npy`.

    They lie under the same name or, of a file that no other video comes from or is called like, in `joints/STEM.npy`.

    Args:
        source_dir: of the dataset.
        folder: of the records.
        videos: id → its entry in the index.

    Raises:
        InputError: a video has none of its own, or they are not of its frames, or its id is no name in a folder.
    """
    source, target = source_dir / FOLDER, folder / FOLDER
    if not (source / INDEX).is_file():
        return
    target.mkdir()
    shutil.copyfile(source / INDEX, target / INDEX)
    stems = {video_id: Clip.parse(video["path"]).path.stem for video_id, video in videos.items()}
    shared = collections.Counter(stems.values())
    for video_id, video in videos.items():
        name = PurePosixPath(video_id)
        if name.is_absolute() or ".." in name.parts:
            raise InputError(f"{source}: expected ids that name files in a folder. Received: {video_id!r}.")
        own = video_id if (source / f"{video_id}.npy").is_file() else stems[video_id]
        if own != video_id and shared[own] > 1:
            what = f"{video_id}.npy, as {counted(shared[own], 'video')} would have {own}.npy"
            raise InputError(f"{source}: expected joints in {what}. Received: no such file.")
        read_joints(source, own, video["num_frames"])
        (target / video_id).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / f"{own}.npy", target / f"{video_id}.npy")
