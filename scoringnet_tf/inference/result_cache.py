"""Results of an archive of videos, kept on disk as they come: rerun the command to resume.

A kept result counts if it is whole, of the same bytes of the video, and made by the same model, options and versions;
else the video is scored again. Neither pictures nor failures are kept.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import keras
import tensorflow as tf

from scoringnet_tf import __version__
from scoringnet_tf.data.video import Clip, VideoError
from scoringnet_tf.inference.inputs import DAMAGED, Named, Scored, attempted, stretched
from scoringnet_tf.inference.predictor import predictor_of
from scoringnet_tf.inference.results import VideoScore
from scoringnet_tf.support.beam import on_runner
from scoringnet_tf.support.errors import InputError, Stopped
from scoringnet_tf.support.files import file_sha256, locked, replacing_file
from scoringnet_tf.support.messages import Remark, counted
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.support.paths import AnyPath, RemotePath, as_path

_loading = threading.Lock()  # a runner may work on several videos at a time in one process


@contextlib.contextmanager
def keeping_scores(
    folder: AnyPath, model: AnyPath | None, runner: str | None = None, **options: Any
) -> Iterator[Callable[[Iterable[Named]], Iterator[Scored]]]:
    """Yields a function that scores videos in order, and keeps each result in `folder`, or takes it from there.

    Args:
        folder: in a file system; made if there is none.
        model: of frames, as of `predictor_of`.
        runner: of Apache Beam, to score on in place of this process, see `beam.on_runner`. Its workers must see videos,
            model and `folder`; each of its processes loads the model once.
        options: `stream`, `start`, `end`, `force` of `inputs.scored`.

    Raises:
        InputError: `folder` is in an object store, or another run is keeping results there; as `predictor_of`; the file
            of the model was replaced while it was read, or is another for a worker; what `on_runner` raises.
    """
    options = {"stream": None, "start": None, "end": None, "force": False, **options}
    with _alone_in(folder) as local:
        load = functools.partial(_load, model, file_sha256(model_path(model)))
        load()
        score = functools.partial(_scored, load=load, folder=local, options=options)
        with contextlib.nullcontext(map) if runner is None else on_runner(runner, local) as map_videos:
            yield functools.partial(map_videos, score)


@contextlib.contextmanager
def _alone_in(folder):
    """Yields the folder as a local path, which no other run uses until then."""
    path = as_path(folder)
    if isinstance(path, RemotePath):
        raise InputError("not_local", f"--results_dir={folder} is in an object store.", "Name a local folder.")
    path = path.absolute()
    path.mkdir(parents=True, exist_ok=True)
    with locked(path, f"--results_dir={folder}: another run is writing there."):
        try:
            yield path
        except (InputError, Stopped) as error:
            number = len(list(path.glob("[!.]*.json")))
            if number:
                hint = f"{counted(number, 'result')} kept in {folder}. Rerun the same command to resume."
                error.hint = f"{error.hint} {hint}".lstrip()
            raise


def _load(model, sha256):
    """(predictor, sha256 of the file that it was read from), here or in a worker."""
    with _loading:
        return _loaded(model, sha256), sha256


@functools.cache
def _loaded(model, sha256):
    path = model_path(model)
    if file_sha256(path) != sha256:
        raise InputError("other_model", f"--model={model}: a worker sees another file than the command.")
    predictor = predictor_of(model)
    if model_path(model) != path or file_sha256(path) != sha256:
        raise InputError("changed", f"{path} was replaced while it was read.", "Try again.")
    return predictor


def _scored(named: Named, load, folder, options) -> Scored:
    (video, error), (predictor, sha256) = named, load()
    file = folder / f"{hashlib.sha256(os.fsencode(video)).hexdigest()[:32]}.json"

    def score(path: Path) -> tuple[Scored, dict]:
        stream, force = options["stream"], options["force"]
        source = stretched(path, options["start"], options["end"], stream)
        frames = source.frames if isinstance(source, Clip) else None
        made_of = {
            "video": _video_sha256(path),
            "model": sha256,
            "options": {"frames": frames and list(frames), "stream": stream, "force": force},
            "versions": _versions(),
        }
        kept, changed = _kept(file, made_of, predictor)
        result = kept or predictor.score_file(source, video, stream=stream, force=force)
        return Scored(video, dataclasses.replace(result, shown=[]), kept is not None, changed), made_of

    outcome = attempted(score, video, error)
    if isinstance(outcome, Remark):
        return Scored(video, outcome)
    found, made_of = outcome
    if not found.reused and made_of["video"] is not None:
        _write(file, made_of, found.result)  # not within `attempted`: a full disk is not the fault of the video
    return found


def _versions():
    modules = {"tensorflow": tf, "keras": keras, "av": av, "opencv": cv2}
    return {"scoringnet_tf": __version__, **{name: module.__version__ for name, module in modules.items()}}


def _video_sha256(path):
    try:
        return Clip(path).sha256()
    except (VideoError, OSError):  # scoring it says what is wrong
        return None


def _write(file, made_of, result):
    kept = [made_of, result.to_dict()]
    with replacing_file(file) as temporary:
        temporary.write_text(json.dumps({"sha256": _digest(kept), "made_of": kept[0], "result": kept[1]}) + "\n")


def _kept(file, made_of, predictor):
    """(result, ()) if the kept one counts, else (None, what has changed)."""
    if not file.exists():
        return None, ()
    try:
        values = json.loads(file.read_text())
        kept_of, kept = values["made_of"], values["result"]
        if _digest([kept_of, kept]) != values["sha256"]:
            return None, (DAMAGED,)
        result = VideoScore.from_dict(kept, predictor.model.sport)
    except Exception:  # of a damaged file json raises whatever it meets; of one of another version keys lack
        return None, (DAMAGED,)
    changed = tuple(name for name in made_of if kept_of.get(name) != made_of[name])
    return (None, changed) if changed else (dataclasses.replace(result, model=predictor.name), ())


def _digest(kept):
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()
