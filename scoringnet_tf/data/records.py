"""A record's content, a `SequenceExample`, for the writer and the reader; `DatasetInfo` is their index.

One record is one video: encoded frames under MediaSequence's key `image/encoded`, or features under its key
`feature/floats`; a stage for every frame or step, scores, and its origin. TensorFlow is imported when a record is
written or parsed.
"""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from scoringnet_tf.support.messages import InputError, counted

UNLABELLED = -1  # a frame's stage without a label
CLASS_PREFIX = "class/"
MILLIMETRE = np.float32(0.001)  # metres

CONTEXT_STRINGS = (
    *("example/id", "example/dataset_name", "example/sport"),
    *("clip/data_path", "clip/sha256", "image/format"),
)
CONTEXT_INTS = ("clip/frames", "image/height", "image/width", "source/height", "source/width")
CONTEXT_FLOATS = ("image/frame_rate", "score/difficulty", "score/execution", "score/final")


@dataclasses.dataclass(frozen=True)
class VideoExample:
    """One video as it is stored.

    Attributes:
        video_id: unique in the dataset.
        dataset_name: as in `python -m data_prep build --dataset`.
        sport: its name; empty for action classes (UCF-101).
        data_path: the video file, folder of images (`#start-stop` for a stretch) or file of features (`#name` for an
            array), relative to the source.
        sha256: that file's, hexadecimal; for features, over `features` as little-endian bytes in C order.
        jpegs: L encoded frames; none with `features`.
        frame_size: (height, width) as stored; (0, 0) with features.
        source_size: (height, width) in the video file; (0, 0) with features.
        frame_rate: frames (or steps) per second.
        timestamps: float (L,), seconds since the first frame.
        stages: int (L,), index into the sport's stages; `UNLABELLED` if unknown.
        difficulty, execution, final: points; None if unknown (stored as NaN).
        classes: a label for each classification head, empty for a scored video.
        features: float32 (L, D), one vector a step, in place of frames; or joints (L, J, 3), metres, which are kept in
            millimetres.
    """

    video_id: str
    dataset_name: str
    sport: str
    data_path: str
    sha256: str
    jpegs: list[bytes]
    frame_size: tuple[int, int]
    source_size: tuple[int, int]
    frame_rate: float
    timestamps: np.ndarray
    stages: np.ndarray
    difficulty: float | None = None
    execution: float | None = None
    final: float | None = None
    classes: dict[str, int] = dataclasses.field(default_factory=dict)
    features: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.jpegs) if self.features is None else len(self.features)


def encode_example(example: VideoExample) -> bytes:
    """Serializes a video; equal videos give equal bytes.

    Raises:
        InputError: frames, timestamps and stages differ in number.
    """
    length, stores_frames = len(example), example.features is None
    if not length == len(example.timestamps) == len(example.stages):
        times, stages = counted(len(example.timestamps), "timestamp"), counted(len(example.stages), "stage")
        steps = "frames" if stores_frames else "features"
        raise InputError("count_mismatch", f"{example.video_id} has {length} {steps}, {times} and {stages}.")
    import tensorflow as tf

    sequence = tf.train.SequenceExample()
    for key, value in _context(example).items():
        _append(sequence.context.feature[key], [value])
    microseconds = np.rint(np.asarray(example.timestamps) * 1e6)[:, np.newaxis].astype(np.int64)
    lists: dict[str, Any] = {"stage/index": np.asarray(example.stages, np.int64)[:, np.newaxis]}
    if stores_frames:
        lists |= {"image/encoded": [[jpeg] for jpeg in example.jpegs], "image/timestamp": microseconds}
    elif example.features is not None and example.features.ndim == 3:
        whole = np.rint(np.asarray(example.features) / MILLIMETRE).astype("<i2")
        lists |= {"joints/millimetres": [[frame.tobytes()] for frame in whole], "feature/timestamp": microseconds}
    else:
        vectors = np.asarray(example.features, np.float32).tolist()
        lists |= {"feature/floats": vectors, "feature/timestamp": microseconds}
    for key, steps in lists.items():
        for values in steps:
            _append(sequence.feature_lists.feature_list[key].feature.add(), values)
    return sequence.SerializeToString(deterministic=True)


def _context(example: VideoExample) -> dict[str, Any]:
    scores = {name: getattr(example, name) for name in ("difficulty", "execution", "final")}
    return {
        "example/id": example.video_id,
        "example/dataset_name": example.dataset_name,
        "example/sport": example.sport,
        "clip/data_path": example.data_path,
        "clip/sha256": example.sha256,
        "clip/frames": len(example),
        "image/format": "jpeg" if example.features is None else "",
        "image/height": example.frame_size[0],
        "image/width": example.frame_size[1],
        "image/frame_rate": float(example.frame_rate),
        "source/height": example.source_size[0],
        "source/width": example.source_size[1],
        **{f"score/{name}": math.nan if score is None else float(score) for name, score in scores.items()},
        **{f"{CLASS_PREFIX}{head}": label for head, label in example.classes.items()},
    }


def _append(feature: Any, values: Any) -> None:
    """Puts values into the list in a `tf.train.Feature` that fits their type."""
    if isinstance(values[0], (bytes, str)):
        feature.bytes_list.value.extend(value.encode() if isinstance(value, str) else value for value in values)
    elif isinstance(values[0], float):
        feature.float_list.value.extend(values)
    else:
        feature.int64_list.value.extend(int(value) for value in values)


def parse_example(
    serialized: Any, heads: Iterable[str] = (), feature_size: int = 0, stores_joints: bool = False
) -> dict[str, Any]:
    """Parses one record, a scalar string tensor, inside a graph or eagerly; frames stay encoded.

    Args:
        serialized: one `SequenceExample`.
        heads, feature_size, stores_joints: `DatasetInfo.classes`, `feature_size` and `stores_joints`.

    Returns:
        {key: tensor}: the context's as scalars (unknown scores NaN), `stage/index` int64 (L,), and
        `image/encoded` string (L,) and `image/timestamp` int64 (L,) in µs, or `feature/floats` float32 (L, D);
        joints are D = J · 3 metres.
    """
    import tensorflow as tf

    classes = tuple(f"{CLASS_PREFIX}{head}" for head in heads)
    types = [(CONTEXT_STRINGS, tf.string), (CONTEXT_INTS + classes, tf.int64), (CONTEXT_FLOATS, tf.float32)]
    steps: dict[str, Any] = {"image/encoded": ([], tf.string), "image/timestamp": ([], tf.int64)}
    if feature_size:
        values = (
            {"joints/millimetres": ([], tf.string)}
            if stores_joints
            else {"feature/floats": ([feature_size], tf.float32)}
        )
        steps = {**values, "feature/timestamp": ([], tf.int64)}
    steps["stage/index"] = ([], tf.int64)
    context, sequence = tf.io.parse_single_sequence_example(
        serialized,
        context_features={key: tf.io.FixedLenFeature([], dtype) for keys, dtype in types for key in keys},
        sequence_features={key: tf.io.FixedLenSequenceFeature(*form) for key, form in steps.items()},
    )
    if feature_size and stores_joints:
        whole = tf.io.decode_raw(sequence.pop("joints/millimetres"), tf.int16)
        sequence["feature/floats"] = tf.ensure_shape(tf.cast(whole, tf.float32) * MILLIMETRE, (None, feature_size))
    return {**context, **sequence}
