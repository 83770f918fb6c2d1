"""What the systems see of a split of records: features of clips, grey frames, stages, joints."""

import dataclasses
import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from scoringnet_tf.data.body_noise import film_of
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.factors import factors_hash
from scoringnet_tf.data.features import middle_frames, read_features
from scoringnet_tf.data.joints import Joints, joints_folder, joints_hash, read_index, read_joints
from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.data.records import parse_example
from scoringnet_tf.data.shards import locate_records, read_record
from scoringnet_tf.data.splits import stored_split
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.support.messages import shown as shown_names

BESIDE = {"joints": joints_hash, "factors": factors_hash}  # what lies beside records, which no data hash covers
CLIP, STRIDE = 16, 8  # frames of a clip of C3D, and from one to the next: every second one stands alone


class ClipFeatures(NamedTuple):
    """Features of a video's clips."""

    values: np.ndarray  # float32 (T, D)
    stages: np.ndarray  # int (T,), at the middle of each clip; −1 where unlabelled


@dataclasses.dataclass(frozen=True)
class Videos:
    """V videos of a split."""

    info: DatasetInfo
    split: str
    ids: tuple[str, ...]
    pretrained: str  # the C3D for `clips`, a path or a name
    features_dir: Path  # which keeps its features

    def scores(self, score: str) -> np.ndarray:
        """(V,), points; NaN where unknown."""
        return self.info.true_scores(score, self.ids)

    def describe(self, sees: str) -> dict[str, Any]:
        """What a system sees, as `System.sees`, for the record beside a result; InputError if there is none."""
        if sees == "lengths":
            return {}
        if sees == "joints":
            self._check_frames("joints")
            return {"joints": read_index(joints_folder(self.info)).source, "sha256": joints_hash(self.info)}
        if sees == "factors":
            return {"factors": factors_hash(self.info)}
        if self.info.features:
            return {"features": "of the records"}
        if sees == "grey":
            return {"frame_size": list(self.info.frame_size)}
        from scoringnet_tf.inference.extraction import load_c3d, weights_of

        c3d, _ = load_c3d(self.pretrained)
        return {"c3d": weights_of(self.pretrained)["sha256"], "endpoint": _endpoint_of(c3d)}

    def records(self, what: str) -> Iterator[dict[str, Any]]:
        """The parsed record of each, with a progress bar."""
        import tensorflow as tf

        places = locate_records(self.info, stored_split(self.info, self.split))
        for video_id in tqdm(self.ids, f"{what}, {self.split}", unit="video", disable=None):
            path, offset = places[video_id]
            serialized = read_record(path, tf.constant(offset, tf.int64))
            parsed = parse_example(
                serialized, tuple(self.info.classes), self.info.feature_size, self.info.stores_joints
            )
            yield {key: value.numpy() for key, value in parsed.items()}

    @functools.cached_property
    def stages(self) -> list[np.ndarray]:
        """Int (L,) of each."""
        return [record["stage/index"] for record in self.records("Stages")]

    def clips(self) -> list[ClipFeatures]:
        """C3D's features of clips of `CLIP` frames that begin every `STRIDE`; of records of features these, by step."""
        if self.info.features:
            records = self.records("Features")
            return [ClipFeatures(self._features(record), record["stage/index"]) for record in records]
        found = []
        for values, stages in zip(_extracted(self), self.stages, strict=True):
            labelled = middle_frames(len(values), len(stages), STRIDE, {"clip_length": CLIP})
            found.append(ClipFeatures(values, stages[labelled]))
        return found

    def _features(self, record: dict[str, Any]) -> np.ndarray:
        """Those that `input_pipeline.videos` shows in evaluation."""
        features = record["feature/floats"]
        return film_of(features, self.info.frame_rate, record["example/id"]) if self.info.stores_joints else features

    def grey(self) -> Iterator[np.ndarray]:
        """Grey frames of each, float32 (L, H, W), 0…1; InputError if the records hold features."""
        import cv2

        self._check_frames("grey frames")
        for record in self.records("Watching"):
            frames = [cv2.cvtColor(decode_jpeg(jpeg), cv2.COLOR_RGB2GRAY) for jpeg in record["image/encoded"]]
            yield np.stack(frames).astype(np.float32) / 255

    def joints(self) -> list[Joints]:
        """Joints of each; InputError if no video has any, or of another number of frames.

        Names on stderr how many videos have none in any frame.
        """
        self._check_frames("joints")
        folder, lengths = joints_folder(self.info), {one: self.info.videos[one]["num_frames"] for one in self.ids}
        found = [read_joints(folder, video_id, length) for video_id, length in lengths.items()]
        lacking = [video_id for video_id, joints in zip(self.ids, found, strict=True) if not joints.seen.any()]
        if lacking and len(lacking) == len(found):
            raise InputError("no_joints", f"{folder}: no frame of a {self.split} video has joints.")
        if lacking:
            number = f"{len(lacking)} of {counted(len(found), f'{self.split} video')}"
            tqdm.write(f"No joints in {number} ({shown_names(lacking)}): the others' mean stands for them.", sys.stderr)
        return found

    def _check_frames(self, what: str) -> None:
        if self.info.features:
            message = f"{self.info.records_dir}: {what} need frames; these records hold features."
            raise InputError("features_given", message)


def evenly(number: int, length: int) -> np.ndarray:
    """Indices of `number` of `length` steps, evenly spaced, the first and the last included; int (number,)."""
    return np.rint(np.linspace(0, length - 1, number)).astype(int)


def _extracted(videos: Videos) -> list[np.ndarray]:
    """float32 (T, D) of each video, extracted once and kept, as `python -m scoringnet_tf.extract` does."""
    from scoringnet_tf.inference import feature_folder
    from scoringnet_tf.inference.extraction import (
        ClipExtractor,
        load_c3d,
        records_preprocessor,
        weights_of,
    )

    c3d, network = load_c3d(videos.pretrained)
    extractor = ClipExtractor(c3d, _endpoint_of(c3d), STRIDE)
    preprocessor, part = records_preprocessor(c3d, network, videos.info), "kfs" if network else None
    origin = feature_folder.origin_of(weights_of(videos.pretrained), part, extractor, preprocessor, videos.info)
    name = (videos.info.data_hash[:10], origin["endpoint"], origin["weights"]["sha256"][:10])
    folder = videos.features_dir / "-".join(name)
    feature_folder.prepare(folder, origin)
    stored = feature_folder.videos_of_records(videos.info, extractor.image_size)
    wanted = [one for one in stored if one.name in {*videos.ids}]
    _, failed = feature_folder.extract_videos(wanted, extractor, folder)
    if failed:
        raise InputError("damaged", f"{videos.info.records_dir}: {failed} videos cannot be read.")
    return [read_features(folder / feature_folder.file_name(video_id)).values for video_id in videos.ids]


def _endpoint_of(c3d: Any) -> str:
    """fc6 where a C3D has it for clips of `CLIP` frames, else pool5, flattened."""
    config = c3d.get_config()
    has_fc6 = config["heads"] is not None and config["top"] == "fc" and config["input_shape"][0] == CLIP
    return "fc6" if has_fc6 else "pool5"
