"""Encodes what a record stores of a sample, its frames as JPEG or its features, and keeps it until it is written.

Kept videos lie on disk, so that the next build resumes an interrupted one. One is used again if its file is whole and
its source and settings are the same. Labels are not kept. Needs no TensorFlow.
"""

import collections
import contextlib
import dataclasses
import functools
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from data_prep.datasets.sample import Sample, Source
from data_prep.records.same_performance import thumbnails
from data_prep.records.writing import writing_to
from scoringnet_tf import __version__
from scoringnet_tf.data.features import read_features
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE, StoredForm
from scoringnet_tf.data.timing import DEFAULT_FPS
from scoringnet_tf.data.video import Clip, Video, VideoError, VideoStream
from scoringnet_tf.support.files import locked, replacing_file
from scoringnet_tf.support.messages import InputError, Remark, Stopped, counted, error_remark
from scoringnet_tf.support.paths import RecordsPath, RemotePath


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
        """L, frames or steps."""
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
        return EncodedVideo(error=error_remark(error))
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
    """Reads a sample's features; does not raise, but returns the error.

    `stride` is the frames from one step to the next; None for that of `features.json`, else 1.
    """
    try:
        sequence = read_features(sample.feature_file)
        _check_origin(sample, sequence.origin, stride)
    except (InputError, OSError) as error:
        return EncodedVideo(error=error_remark(error))
    origin = sequence.origin or {}
    known_stride, fps = origin.get("stride", stride), sample.fps or origin.get("frame_rate")
    warnings: list[Remark] = []
    is_vector = len(sequence.values) == 1  # which has no clock
    if not (fps or is_vector):
        warnings.append(Remark("frame_rate_assumed", f"Unknown frame rate: {DEFAULT_FPS:g} frames/s assumed."))
    if known_stride is None and sample.num_frames is None and not is_vector:
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
    """Width over height of a clip's first frame; None for a clip that cannot be decoded."""
    stream = VideoStream(clip, num_threads=1)
    try:
        next(iter(stream))
    except (VideoError, OSError):
        return None
    return stream.aspect


FACTS = ("fps", "source_size", "aspect", "sha256")  # of `EncodedVideo`, beside its arrays


def folder_beside(target: Path) -> Path:
    """Where a build of `target` keeps its videos."""
    return target.with_name(f".{target.name}.building")


@contextlib.contextmanager
def kept_videos(target: RecordsPath) -> Iterator[Path]:
    """Yields the folder of kept videos, beside `target`; it stays if the block fails.

    An object store gets a temporary folder, which never stays.
    """
    if isinstance(target, RemotePath):
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)
        return
    if not target.name:
        raise InputError("exists", f"{target} is the root of the file system.", "Choose a new or empty folder.")
    folder = folder_beside(target)
    with writing_to(target):
        folder.mkdir(parents=True, exist_ok=True)
        lock = locked(folder, f"{target}: another build of it is running.")
    with lock:
        try:
            yield folder
        except BaseException as error:
            num_videos = len(list(folder.glob("[!.]*.npz")))
            if not num_videos:
                shutil.rmtree(folder, ignore_errors=True)
            elif isinstance(error, InputError | Stopped):
                kept = f"{counted(num_videos, 'encoded video')} kept in {folder}: rerun the same command to resume."
                error.hint = f"{error.hint} {kept}".lstrip()
            raise
        shutil.rmtree(folder, ignore_errors=True)


def keep_video(clip: Clip, stored: StoredForm, folder: Path) -> EncodedVideo:
    """Encodes a video in stored form into a folder of `kept_videos`, unless it is there; its frames are in `file`.

    Nothing is kept of a video that cannot be decoded.
    """
    path = _path(folder, clip, stored)
    video = _read(path) if path.exists() else None
    if video is not None and video.sha256 == _sha256(clip):
        return dataclasses.replace(video, jpegs=[], file=path, taken_over=True, thumbnails=thumbnails(video.jpegs))
    video = encode_video(clip, stored)
    if video.error is not None:
        return video
    taken_over = False if path.exists() else None
    _write(path, video)
    return dataclasses.replace(video, jpegs=[], file=path, taken_over=taken_over)


def read_frames(path: Path) -> list[bytes]:
    """The JPEGs of a kept video; InputError if the file is missing or damaged."""
    video = _read(path)
    if video is None:
        raise InputError("damaged", f"{path}: missing or damaged, though this build wrote it.")
    return video.jpegs


def _path(folder: Path, clip: Clip, stored: StoredForm) -> Path:
    recipe = [str(clip), dataclasses.asdict(stored), __version__, av.__version__, cv2.__version__]
    return folder / f"{hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:32]}.npz"


def _sha256(clip: Clip) -> str | None:
    try:
        return clip.sha256()
    except (VideoError, OSError):  # decoding reports it
        return None


def _write(path: Path, video: EncodedVideo) -> None:
    warnings = [(warning.code, warning) for warning in video.warnings]
    facts = {"warnings": warnings, **{name: getattr(video, name) for name in FACTS}}
    with replacing_file(path) as temporary:
        np.savez(
            temporary,
            facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
            timestamps=video.timestamps,
            lengths=np.array([len(jpeg) for jpeg in video.jpegs]),
            jpegs=np.frombuffer(b"".join(video.jpegs), np.uint8),
        )


def _read(path: Path) -> EncodedVideo | None:
    """The kept video, without thumbnails; None if it is damaged: ZIP checks every byte."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # NumPy would leave the file open
            facts, timestamps, lengths, jpegs = (arrays[name] for name in ("facts", "timestamps", "lengths", "jpegs"))
        values = json.loads(facts.tobytes())
        ends = np.cumsum(lengths)
        if len(timestamps) != len(lengths) or ends[-1] != len(jpegs):
            return None
    except Exception:  # a damaged file makes zipfile, NumPy and json raise anything
        return None
    content = jpegs.tobytes()
    frames = [content[end - length : end] for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)]
    found = {name: values[name] for name in FACTS} | {"source_size": tuple(values["source_size"])}
    warnings = tuple(Remark(*pair) for pair in values["warnings"])
    return EncodedVideo(jpegs=frames, timestamps=timestamps, warnings=warnings, **found)
