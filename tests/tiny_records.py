"""Folders of records of tiny frames, written as `data_prep` writes them, of any videos one can think of."""

import json
import shutil

import numpy as np

from data_prep.records.writing import RecordsWriter
from scoringnet_tf.data.dataset_info import DatasetInfo, score_statistics
from scoringnet_tf.data.preprocessing import encode_jpeg
from scoringnet_tf.data.records import VideoExample

STAGES = ["noise", "pre-starting", "take-flight", "entry"]
SIZE = (8, 8)


def gray_jpeg(level, size=SIZE):
    """One frame of a single level of grey, which JPEG keeps to a level or two."""
    return encode_jpeg(np.full((*size, 3), level, np.uint8), 92)


def tiny_video(video_id, jpegs=None, size=SIZE, **known):
    """A `VideoExample` without labels of `jpegs` (default: one grey frame); `known` are its scores and classes."""
    jpegs = jpegs or [gray_jpeg(90, size)]
    steps = {"stages": np.zeros(len(jpegs), int), "frame_rate": 25.0, "jpegs": jpegs}
    return _example(f"{video_id}.avi", video_id=video_id, frame_size=size, source_size=size, **steps, **known)


def feature_video(video_id, features, stages=None, frame_rate=5.0, **known):
    """A `VideoExample` of features, float32 (L, D); `stages` are noise where they are not given."""
    stages = np.zeros(len(features), int) if stages is None else np.asarray(stages)
    steps = {"stages": stages, "frame_rate": frame_rate, "jpegs": [], "features": features}
    return _example(f"{video_id}.npy", video_id=video_id, frame_size=(0, 0), source_size=(0, 0), **steps, **known)


def _example(path, stages, frame_rate, **known):
    times = np.arange(len(stages)) / frame_rate
    form = {"dataset_name": "tiny", "sport": "diving", "data_path": path, "sha256": ""}
    return VideoExample(**form, stages=stages, frame_rate=frame_rate, timestamps=times, **known)


def write_records(folder, videos, num_shards=None, classes=None, groups=None):
    """Writes {split: videos in order} as records; `groups` gives some ids a group. Returns the folder."""
    folder.mkdir(parents=True)
    writer = RecordsWriter(folder, {split: len(examples) for split, examples in videos.items()}, STAGES, num_shards)
    for split, examples in videos.items():
        for example in examples:
            writer.write(split, example)
    splits, data_hash = writer.close()
    for video_id, group in (groups or {}).items():
        writer.videos[video_id]["group"] = group
    tiny_info(
        splits=splits,
        videos=writer.videos,
        frame_size=examples[0].frame_size,
        score_statistics=score_statistics(writer.videos),
        stage_frames=writer.stage_frames,
        classes=classes or {},
        data_hash=data_hash,
        features=_described_features(examples[0].features),
    ).save(folder)
    return folder


def _described_features(features):
    return None if features is None else {"size": features.shape[1], "stride": 5, "origin": None}


def copy_of(records, folder, data_hash="0123456789ab", change=lambda index: None):
    """Records of the same videos that count as another rendering, and what `change` does to their index."""
    shutil.copytree(records, folder)
    index = json.loads((folder / "dataset_info.json").read_text()) | {"data_hash": data_hash}
    change(index)
    (folder / "dataset_info.json").write_text(json.dumps(index))
    return DatasetInfo.load(folder)


def tiny_info(**fields):
    """A `DatasetInfo` of these fields, without what they leave out."""
    nothing = {
        "name": "tiny",
        "sport": "diving",
        "stages": STAGES,
        "frame_size": SIZE,
        "frame_rate": 25.0,
        "score_statistics": {},
        "stage_frames": {},
        "classes": {},
        "skipped": [],
        "simulation": None,
        "settings": {},
        "package_version": "",
        "data_hash": "",
    }
    return DatasetInfo(**{**nothing, **fields})
