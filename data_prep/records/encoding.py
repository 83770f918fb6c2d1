"""What is stored of each sample: its frames, decoded and encoded again as JPEG, or its features. No TensorFlow."""

import collections
import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.datasets.sample import Sample, Source
from data_prep.records.same_performance import thumbnails
from scoringnet_tf.data.features import read_features
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE, StoredForm
from scoringnet_tf.data.timing import DEFAULT_FPS
from scoringnet_tf.data.video import Clip, Video, VideoError, VideoStream
from scoringnet_tf.support.errors import InputError


@dataclasses.dataclass(frozen=True)
class EncodedVideo:
    """A sample's frames or features as they will be stored, and what the record says of their source; or its error.

    Attributes:
        jpegs: L encoded frames; none where they are in `file`, and where there are features.
        file: where the frames are kept until they are written, see `kept_videos`; None where they are not.
        timestamps: float64 (L,), seconds.
        fps: frames, or steps of features, per second.
        source_size: (height, width) in the source.
        aspect: width over height of the source's picture as shown; 0 with features.
        sha256: of the file, or of the images one after the other, or of features, see `VideoExample`; hexadecimal.
        warnings: what decoding assumed.
        features: float32 (L, D); None where there are frames.
        stride: frames of the video from one step to the next; 1 where there are frames.
        origin: what made the features, see `features.read_origin`.
        thumbnails: of the frames, see `same_performance`; None where there are features.
        taken_over: whether an interrupted build had kept it as it is now; None where it had not begun with it.
        error: None, or why the video could not be decoded; then all else is empty.
    """

    jpegs: list[bytes] = dataclasses.field(default_factory=list)
    file: Path | None = None
    timestamps: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0))
    fps: float = 0.0
    source_size: tuple[int, int] = (0, 0)
    aspect: float = 0.0
    sha256: str = ""
    warnings: tuple[str, ...] = ()
    features: np.ndarray | None = None
    stride: int = 1
    origin: dict[str, Any] | None = None
    thumbnails: np.ndarray | None = None
    taken_over: bool | None = None
    error: str | None = None

    def __len__(self) -> int:
        """L, the number of frames, or of steps of features."""
        return len(self.timestamps)

    def as_video(self) -> Video:
        """The same as a `Video` whose frames are the JPEGs."""
        return Video(self.jpegs, self.fps, self.timestamps, self.source_size, self.aspect, self.warnings)


def encode_samples(
    source: Source, map_clips: Callable, encode: Callable[[Clip], EncodedVideo]
) -> Iterator[EncodedVideo]:
    """The `EncodedVideo` of each sample, in order; one clip of several rows is encoded once.

    Args:
        source: whose samples.
        map_clips: from `in_processes`; features, which need no decoding, are read in this process.
        encode: what is done to a clip, in its processes.
    """
    if source.has_features:
        return map(functools.partial(encode_features, stride=source.feature_stride), source.samples)
    clips = [sample.clip for sample in source.samples]
    return _one_each(clips, map_clips(encode, list(dict.fromkeys(clips))))


def _one_each(clips, encoded):
    """What was encoded of each clip; `encoded` has those that differ, in the order in which they first occur."""
    found, left = {}, collections.Counter(clips)
    for clip in clips:
        if clip not in found:
            found[clip] = next(encoded)
        left[clip] -= 1
        yield found[clip] if left[clip] else found.pop(clip)


def encode_video(clip: Clip, stored: StoredForm) -> EncodedVideo:
    """Decodes a clip and encodes its frames in their stored form; a bad one does not raise, but says so.

    Args:
        clip: what to decode.
        stored: what is kept of a frame.
    """
    stream = VideoStream(clip, num_threads=1)
    try:
        jpegs = [stored.encode(frame, stream.pixel_aspect) for frame in stream]
        sha256 = clip.sha256()
    except (VideoError, OSError) as error:
        return EncodedVideo(error=str(error))
    video = stream.video(jpegs)
    return EncodedVideo(
        jpegs=jpegs,
        timestamps=video.timestamps,
        fps=video.fps,
        source_size=video.source_size,
        aspect=video.aspect,
        sha256=sha256,
        warnings=video.warnings,
        thumbnails=thumbnails(jpegs),
    )


def encode_features(sample: Sample, stride: int | None) -> EncodedVideo:
    """Reads the features of a sample; bad ones do not raise, but say so.

    Args:
        sample: of a source that has features.
        stride: frames from one step to the next; None for what `features.json` beside them says, else 1.
    """
    try:
        found = read_features(sample.feature_file)
    except (InputError, OSError) as error:
        return EncodedVideo(error=str(error))
    stated = found.origin["stride"] if found.origin else stride
    if stride not in (None, stated):
        what = f"expected --feature_stride={stated}, as features.json beside it says. Received: {stride}."
        return EncodedVideo(error=f"{sample.feature_file}: {what}")
    frames_per_step = stated or 1
    origin = found.origin or {}
    origin_rate = origin.get("frame_rate")
    of_records = origin.get("records")  # of which all frames were seen, at their own rate
    if sample.fps and origin_rate and not of_records and abs(sample.fps / origin_rate - 1) > RATE_TOLERANCE:
        what = f"expected {origin_rate:g} frames per second, as features.json beside it says: stages count those."
        return EncodedVideo(error=f"{sample.feature_file}: {what} Received: fps {sample.fps:g}.")
    fps = sample.fps or origin_rate
    warnings: list[str] = [*found.warnings]
    if not fps:
        warnings.append(f"Features state no frame rate: {DEFAULT_FPS:g} frames per second assumed.")
    if stated is None and sample.num_frames is None and len(found.values) > 1:
        warnings.append("Features state no stride: a step for each frame of the video assumed, see --feature_stride.")
    rate = (fps or DEFAULT_FPS) / frames_per_step
    return EncodedVideo(
        timestamps=np.arange(len(found.values)) / rate,
        fps=rate,
        sha256=features_hash(found.values),
        warnings=tuple(warnings),
        features=found.values,
        stride=frames_per_step,
        origin=found.origin,
    )


def features_hash(values: np.ndarray) -> str:
    """sha256 of features, float32 (T, D), hexadecimal: of the values, whatever file they came in."""
    return hashlib.sha256(np.ascontiguousarray(values, "<f4").tobytes()).hexdigest()


def aspect_of(clip: Clip) -> float | None:
    """Width over height of the picture of a clip, of its first frame; None for a bad one."""
    stream = VideoStream(clip, num_threads=1)
    try:
        next(iter(stream))
    except (VideoError, OSError):
        return None
    return stream.aspect
