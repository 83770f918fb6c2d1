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
from scoringnet_tf.inference.inputs import Named, attempted, scored, stretched
from scoringnet_tf.inference.predictor import Predictor, predictor_of
from scoringnet_tf.inference.results import VideoScore
from scoringnet_tf.support.beam import on_runner
from scoringnet_tf.support.errors import InputError, Stopped
from scoringnet_tf.support.files import file_sha256, locked, replacing_file
from scoringnet_tf.support.messages import Remark, counted
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.support.paths import AnyPath, RemotePath, as_path

DAMAGED = "file"  # stands in `Scored.changed` for a kept result that is not as it was written
_loading = threading.Lock()  # a runner may work on several videos at a time in one process


@dataclasses.dataclass(frozen=True)
class Scored:
    """The outcome for a video.

    Attributes:
        video: its name.
        result: its score, or why there is none.
        reused: whether `result` was kept before.
        changed: why a kept result did not count: "video", "model", "options", "versions" (of this package or a library)
            have changed, or the file is `DAMAGED`.
    """

    video: str
    result: VideoScore | Remark
    reused: bool = False
    changed: tuple[str, ...] = ()


def score_named(named: Named, predictor: Predictor, **options: Any) -> Scored:
    """Scores a video of `named_videos`; nothing is kept. `options` are those of `inputs.scored`."""
    return Scored(named[0], scored(predictor, *named, **options))


def hashed_predictor(model: AnyPath | None) -> tuple[Predictor, str]:
    """The predictor of a model, and the sha256 of the very file that it was read from.

    Args:
        model: as of `predictor_of`.

    Raises:
        InputError: it was replaced meanwhile, as by a training that goes on.
    """
    path = model_path(model)
    sha256 = file_sha256(path)
    predictor = predictor_of(model)
    if model_path(model) != path or file_sha256(path) != sha256:
        raise InputError("changed", f"{path} was replaced while it was read.", "Try again.")
    return predictor, sha256


@contextlib.contextmanager
def keeping_scores(
    folder: AnyPath,
    model: AnyPath | None,
    predictor: Predictor,
    sha256: str,
    runner: str | None = None,
    **options: Any,
) -> Iterator[Callable[[Iterable[Named]], Iterator[Scored]]]:
    """Yields a function that scores videos in order, and keeps each result in `folder`, or takes it from there.

    Args:
        folder: in a file system; made if there is none.
        model: path of the model, or a name that ships; None for the shipped diving model.
        predictor, sha256: of it, and of frames, as `hashed_predictor` gives them.
        runner: of Apache Beam, to score on in place of this process, see `beam.on_runner`. Its workers must see videos,
            model and `folder`; each of its processes loads the model once.
        options: `stream`, `start`, `end`, `force` of `inputs.scored`.

    Raises:
        InputError: `folder` is in an object store, or another run is keeping results there; what `on_runner` raises;
            the file of the model that a worker sees is another.
    """
    options = {"stream": None, "start": None, "end": None, "force": False, **options}
    with _alone_in(folder) as local:
        score = functools.partial(_scored, sha256=sha256, folder=local, options=options)
        if runner is None:
            yield functools.partial(map, functools.partial(score, load=lambda: predictor))
            return
        with on_runner(runner, local) as map_videos:
            yield functools.partial(map_videos, functools.partial(score, load=functools.partial(_load, model, sha256)))


@contextlib.contextmanager
def _alone_in(folder):
    """Yields the folder as a local path, which no other run uses until then."""
    path = as_path(folder)
    if isinstance(path, RemotePath):
        raise InputError("local_only", f"--results_dir={folder} is in an object store.", "Name a local folder.")
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
    """The predictor of a model, in a worker."""
    with _loading:
        return _loaded(model, sha256)


@functools.cache
def _loaded(model, sha256):
    predictor, seen = hashed_predictor(model)
    if seen != sha256:
        raise InputError("other_model", f"--model={model}: a worker sees another file than the command.")
    return predictor


def _scored(named: Named, load, sha256, folder, options) -> Scored:
    video, error = named
    predictor, file = load(), folder / f"{hashlib.sha256(os.fsencode(video)).hexdigest()[:32]}.json"

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
