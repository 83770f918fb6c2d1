"""Encodes what a record stores of a sample: its frames as JPEG, or its features. Needs no TensorFlow."""

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
from scoringnet_tf.support.messages import InputError, Remark


@dataclasses.dataclass(frozen=True)
class EncodedVideo:
    """The frames or features of a sample, as a record stores them; or the error."""

    # L encoded frames; empty with features, and while the frames are in `file`
    jpegs: list[bytes] = dataclasses.field(default_factory=list)
    file: Path | None = None  # keeps the frames until they are written, see `kept_videos`
    timestamps: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0))  # float64 (L,), seconds
    fps: float = 0.0  # frames, or steps of features, per second
    source_size: tuple[int, int] = (0, 0)  # (height, width) of the source, pixels
    aspect: float = 0.0  # width over height of the picture as shown; 0 with features
    sha256: str = ""  # of the source, hexadecimal, see `VideoExample`
    warnings: tuple[Any, ...] = ()  # what decoding assumed, a `Remark` each
    features: np.ndarray | None = None  # float32 (L, D)
    stride: int = 1  # frames from one step of features to the next; 1 for frames
    origin: dict[str, Any] | None = None  # what made the features, see `features.read_origin`
    thumbnails: np.ndarray | None = None  # of the frames, see `same_performance`
    # from an interrupted build, unchanged; None if that build had not reached this video
    taken_over: bool | None = None
    error: Remark | None = None  # why the source cannot be read; everything else is then empty

    def __len__(self) -> int:
        """L, the number of frames or of steps."""
        return len(self.timestamps)

    def as_video(self) -> Video:
        """A `Video` whose frames are the JPEGs."""
        return Video(self.jpegs, self.fps, self.timestamps, self.source_size, self.aspect, self.warnings)


def encode_samples(
    source: Source, map_clips: Callable, encode: Callable[[Clip], EncodedVideo]
) -> Iterator[EncodedVideo]:
    """Encodes each sample, in order; a clip that several rows name is encoded once.

    `map_clips`, from `in_processes`, maps `encode` over clips. Features are read in this process.
    """
    if source.has_features:
        return map(functools.partial(encode_features, stride=source.feature_stride), source.samples)
    clips = [sample.clip for sample in source.samples]
    return _for_every_row(clips, map_clips(encode, list(dict.fromkeys(clips))))


def _for_every_row(clips: list[Clip], encoded: Iterator[EncodedVideo]) -> Iterator[EncodedVideo]:
    videos, rows = {}, collections.Counter(clips)
    for clip in clips:
        if clip not in videos:
            videos[clip] = next(encoded)
        rows[clip] -= 1
        yield videos[clip] if rows[clip] else videos.pop(clip)


def encode_video(clip: Clip, stored: StoredForm) -> EncodedVideo:
    """Decodes a clip and encodes its frames in stored form; does not raise, but returns the error."""
    stream = VideoStream(clip, num_threads=1)
    try:
        jpegs = [stored.encode(frame, stream.pixel_aspect) for frame in stream]
        sha256 = clip.sha256()
    except (VideoError, OSError) as error:
        return EncodedVideo(error=remark_of(error))
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


def remark_of(error: Exception) -> Remark:
    """An error as a remark with its code; `unreadable` for one of the file system."""
    return Remark(getattr(error, "code", "unreadable"), str(error))


def encode_features(sample: Sample, stride: int | None) -> EncodedVideo:
    """Reads the features of a sample; does not raise, but returns the error.

    `stride` is the frames from one step to the next; None for that of `features.json`, else 1.
    """
    try:
        sequence = read_features(sample.feature_file)
        _check_origin(sample, sequence.origin, stride)
    except (InputError, OSError) as error:
        return EncodedVideo(error=remark_of(error))
    origin = sequence.origin or {}
    known_stride, fps = origin.get("stride", stride), sample.fps or origin.get("frame_rate")
    warnings = [*sequence.warnings]
    if not fps:
        warnings.append(Remark("frame_rate_assumed", f"Unknown frame rate: {DEFAULT_FPS:g} frames/s assumed."))
    if known_stride is None and sample.num_frames is None and len(sequence.values) > 1:
        warnings.append(Remark("stride_assumed", "Unknown stride: one step per frame assumed (--feature_stride)."))
    rate = (fps or DEFAULT_FPS) / (known_stride or 1)
    return EncodedVideo(
        timestamps=np.arange(len(sequence.values)) / rate,
        fps=rate,
        sha256=features_hash(sequence.values),
        warnings=tuple(warnings),
        features=sequence.values,
        stride=known_stride or 1,
        origin=sequence.origin,
    )


def _check_origin(sample: Sample, origin: dict[str, Any] | None, stride: int | None) -> None:
    """InputError if flags or labels contradict the `features.json` beside the features."""
    file = sample.feature_file
    if not origin:
        return
    if stride not in (None, origin["stride"]):
        message = f"{file}: the stride is {origin['stride']} by features.json, but --feature_stride={stride}."
        raise InputError("flags_conflict", message)
    rate = origin.get("frame_rate")
    # Features of records have all frames, at their own rate: there features.json has the median.
    if sample.fps and rate and not origin.get("records") and abs(sample.fps / rate - 1) > RATE_TOLERANCE:
        message = f"{file}: made at {rate:g} frames/s by features.json, but fps is {sample.fps:g} in the table."
        raise InputError("other_frame_rate", message)


def features_hash(values: np.ndarray) -> str:
    """sha256 of features, float32 (T, D), hexadecimal; the same whatever file holds them."""
    return hashlib.sha256(np.ascontiguousarray(values, "<f4").tobytes()).hexdigest()


def aspect_of(clip: Clip) -> float | None:
    """Width over height of the first frame of a clip; None for a clip that cannot be decoded."""
    stream = VideoStream(clip, num_threads=1)
    try:
        next(iter(stream))
    except (VideoError, OSError):
        return None
    return stream.aspect
