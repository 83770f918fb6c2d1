"""Results of an archive of videos, kept on disk as they come: rerun the command to resume.

A result is not made again if there is one of the same video, model, options and versions. Others stay beside it.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import keras
import tensorflow as tf

from scoringnet_tf import __version__
from scoringnet_tf.data.video import Clip
from scoringnet_tf.inference.inputs import Named, local_video, problem_with
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.predictor import predictor_of
from scoringnet_tf.inference.result import SCHEMA_VERSION, VideoScore
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.beam import on_runner
from scoringnet_tf.support.files import file_sha256, locked, plain, write_json
from scoringnet_tf.support.messages import InputError, Remark
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.support.paths import AnyPath, RemotePath, as_path

VERSIONS = [__version__, SCHEMA_VERSION, *(library.__version__ for library in (tf, keras, av, cv2))]
CHECKSUM = "sha256"  # of the rest of a kept result
_loading = threading.Lock()  # a runner may work on several videos at a time in one process


@contextlib.contextmanager
def keeping_scores(
    folder: AnyPath, model: AnyPath, runner: str | None = None, **options: Any
) -> Iterator[Callable[[Iterable[Named]], Iterator[tuple[str, VideoScore | Remark]]]]:
    """Yields a function that scores videos in order, and keeps each result in `folder`, or takes it from there.

    Args:
        folder: in a file system; made if there is none.
        model: of frames, as in `predictor_of`.
        runner: of Apache Beam, see `beam.on_runner`. Its workers must see videos, model and `folder`.
        options: as in `predictor.scored`.

    Raises:
        InputError: `folder` is in an object store, or in use; the file of the model was replaced while it was read, or
            is another for a worker; as `predictor_of` and `on_runner`.
    """
    path = as_path(folder)
    if isinstance(path, RemotePath):
        raise InputError("not_local", f"--results_dir={folder} is in an object store.", "Name a local folder.")
    path = path.absolute()
    path.mkdir(parents=True, exist_ok=True)
    sha256 = file_sha256(model_path(model))
    with locked(path, f"--results_dir={folder}: another run is writing there."):
        _predictor(model, sha256)
        score = functools.partial(_scored, model=model, sha256=sha256, folder=path, **options)
        with contextlib.nullcontext(map) if runner is None else on_runner(runner, path) as map_videos:
            yield functools.partial(map_videos, score)


@functools.cache
def _loaded(model: str, sha256: str) -> Predictor:
    predictor = predictor_of(model)
    if file_sha256(model_path(model)) != sha256:
        raise InputError("changed", f"{model_path(model)} was replaced while it was read, or is another for a worker.")
    return predictor


def _predictor(model: AnyPath, sha256: str) -> Predictor:
    with _loading:
        return _loaded(str(model), sha256)


def _scored(named: Named, model: AnyPath, sha256: str, folder: Path, **options: Any) -> tuple[str, VideoScore | Remark]:
    predictor, (video, error) = _predictor(model, sha256), named
    try:
        if error is not None:
            raise error
        with local_video(video) as path:
            made_of = [video, Clip(path).sha256(), sha256, sorted(options.items()), VERSIONS]
            file = folder / f"{hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]}.json"
            kept = _kept(file, predictor.model.sport)
            result = kept or predictor(path, **options)
    except Exception as wrong:
        return video, problem_with(video, wrong)
    result = dataclasses.replace(result, video=video, model=predictor.name, shown=[])
    if kept is None:  # not above: a full disk is not the fault of the video
        values = plain(result.to_dict())
        write_json(file, values | {CHECKSUM: _checksum(values)})
    return video, result


def _kept(file: Path, sport: Sport) -> VideoScore | None:
    """The result in a file; None if there is none, one that cannot be read, or not what was written."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        is_whole = values.pop(CHECKSUM) == _checksum(values)
        return VideoScore.from_dict(values, sport) if is_whole else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _checksum(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
