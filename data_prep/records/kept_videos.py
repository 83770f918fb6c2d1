"""Keeps encoded videos on disk until a build writes its records, so that the next build resumes an interrupted one.

A kept video is used again if its file is whole and its source and settings are the same. Labels are not kept.
"""

import contextlib
import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from data_prep.records.encoding import EncodedVideo, encode_video
from data_prep.records.same_performance import thumbnails
from data_prep.records.writing import writing_to
from scoringnet_tf import __version__
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.video import Clip, VideoError
from scoringnet_tf.support.files import locked, replacing_file
from scoringnet_tf.support.messages import InputError, Remark, Stopped, counted
from scoringnet_tf.support.paths import AnyPath, RemotePath, as_path

FACTS = ("fps", "source_size", "aspect", "sha256")  # of `EncodedVideo`, beside its arrays


def folder_beside(target: Path) -> Path:
    """Where a build of `target` keeps its videos."""
    return target.with_name(f".{target.name}.building")


@contextlib.contextmanager
def kept_videos(target: AnyPath) -> Iterator[Path]:
    """Yields the folder of kept videos, beside `target`; it stays if the block fails.

    An object store gets a temporary folder, which never stays.

    Raises:
        InputError: another build of `target` is running, or the folder cannot be made.
    """
    target = as_path(target)
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
