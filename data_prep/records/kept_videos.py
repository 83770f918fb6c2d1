"""The videos that a build has encoded, on disk until it writes its records: an interrupted one goes on from them.

A process that encodes a video writes it here, so that neither pixels nor JPEGs pass from process to process, or wait in
memory for a slower video before them. What is here is never trusted: it is taken over if it is whole, of the very bytes
of the video, and made as it would be made now. Labels are not kept; records take those of now.
"""

import contextlib
import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from data_prep.records.encoding import EncodedVideo, encode_video
from data_prep.records.same_performance import thumbnails
from data_prep.records.writing import writing_to
from scoringnet_tf import __version__
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.video import Clip, VideoError
from scoringnet_tf.support.errors import InputError, Stopped
from scoringnet_tf.support.files import locked, replacing_file
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.paths import AnyPath, RemotePath, as_path

FACTS = ("fps", "source_size", "aspect", "sha256", "warnings")  # of `EncodedVideo`, beside its arrays


def folder_beside(target: Path) -> Path:
    """Where a build of `target` keeps its videos."""
    return target.with_name(f".{target.name}.building")


@contextlib.contextmanager
def kept_videos(target: AnyPath) -> Iterator[Path]:
    """Yields the folder for `keep_video`; it stays if the block fails, for the next build of `target`.

    It lies beside `target`; where that is in an object store, it is a temporary one, and nothing stays.

    Raises:
        InputError: another build of `target` is under way, or the folder cannot be made.
    """
    target = as_path(target)
    if isinstance(target, RemotePath):
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)
        return
    if not target.name:
        raise InputError("todo", f"{target}: expected a new or empty folder. Received: the root of the file system.")
    folder = folder_beside(target)
    with writing_to(target):
        folder.mkdir(parents=True, exist_ok=True)
        lock = locked(folder, f"{target}: expected one build of it at a time. Received: one that is under way.")
    with lock:
        try:
            yield folder
        except BaseException as error:
            num_videos = len(list(folder.glob("[!.]*.npz")))
            if not num_videos:
                shutil.rmtree(folder, ignore_errors=True)
            elif isinstance(error, InputError | Stopped):
                remark = f"Kept in {folder}: {counted(num_videos, 'encoded video')}; the same command goes on."
                error.hint = f"{error.hint} {remark}".lstrip()
            raise
        shutil.rmtree(folder, ignore_errors=True)


def keep_video(clip: Clip, stored: StoredForm, folder: Path) -> EncodedVideo:
    """Encodes a video into `folder`, unless it is there already.

    Args:
        clip: what to encode.
        stored: what is kept of a frame.
        folder: of `kept_videos`.

    Returns:
        All about it, with the frames left in its `file`; `taken_over` says whether they were there. Of a video that
        cannot be decoded nothing is kept.

    Raises:
        OSError: `folder` cannot be written.
    """
    path = folder / f"{hashlib.sha256(str(clip).encode()).hexdigest()[:32]}.npz"
    made_of = _made_of(stored)
    found = _read(path, made_of | {"source": _sha256(clip)}) if path.exists() else None
    if found is not None:
        shown = thumbnails(found.jpegs)
        return dataclasses.replace(found, jpegs=[], file=path, taken_over=True, thumbnails=shown)
    video = encode_video(clip, stored)
    if video.error is not None:
        return video
    taken_over = False if path.exists() else None
    _write(path, video, made_of | {"source": video.sha256})
    return dataclasses.replace(video, jpegs=[], file=path, taken_over=taken_over)


def read_frames(path: Path) -> list[bytes]:
    """The JPEGs of a kept video.

    Raises:
        InputError: they are no longer there, or damaged.
    """
    video = _read(path)
    if video is None:
        raise InputError("todo", f"{path}: expected the frames that were just kept. Received: a damaged file, or none.")
    return video.jpegs


def _made_of(stored):
    """All that frames depend on beside their source, as JSON keeps it."""
    versions = {"scoringnet_tf": __version__, "av": av.__version__, "opencv": cv2.__version__}
    return json.loads(json.dumps({"stored": dataclasses.asdict(stored), "versions": versions}))


def _sha256(clip):
    try:
        return clip.sha256()
    except (VideoError, OSError):  # decoding says what is wrong
        return None


def _write(path, video, made_of):
    facts = {"made_of": made_of, **{name: getattr(video, name) for name in FACTS}}
    with replacing_file(path) as temporary:
        np.savez(
            temporary,
            facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
            timestamps=video.timestamps,
            lengths=np.array([len(jpeg) for jpeg in video.jpegs]),
            jpegs=np.frombuffer(b"".join(video.jpegs), np.uint8),
        )


def _read(path, made_of=None):
    """The kept video, without thumbnails; None where it is damaged (every byte is checked), or not `made_of` this."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # NumPy would leave the file open
            facts, timestamps, lengths, jpegs = (arrays[name] for name in ("facts", "timestamps", "lengths", "jpegs"))
        values: dict[str, Any] = json.loads(facts.tobytes())
        ends = np.cumsum(lengths)
        if made_of not in (None, values["made_of"]) or len(timestamps) != len(lengths) or ends[-1] != len(jpegs):
            return None
    except Exception:  # zipfile's, NumPy's, json's: of a damaged file they raise whatever they meet
        return None
    content = jpegs.tobytes()
    found = {name: values[name] for name in FACTS}
    found |= {name: tuple(found[name]) for name in ("source_size", "warnings")}
    frames = [content[end - length : end] for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)]
    return EncodedVideo(jpegs=frames, timestamps=timestamps, **found)
