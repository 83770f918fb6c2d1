"""Results of an archive of videos, kept on disk as they come: a run that was stopped goes on from them.

Whoever scores a video keeps its result, be it this process or a worker of a cluster. What is kept is never trusted: it
is taken over if it is whole, of the very bytes of the video, by the same model, as it would be scored now; else the
video is scored anew. Pictures are not kept, nor why a video could not be read: that is tried again.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import av
import cv2
import keras
import tensorflow as tf

from scoringnet_tf import __version__
from scoringnet_tf.data.video import Clip, VideoError
from scoringnet_tf.inference.inputs import Named, scored
from scoringnet_tf.inference.prediction import VideoScorer, scorer_of
from scoringnet_tf.inference.video_score import VideoScore
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
    """What became of a video.

    Attributes:
        video: as it was named.
        found: its score, or why there is none.
        taken_over: whether `found` was kept before.
        changed: of a result that was kept and did not count, what had changed since: "video", "model", "options",
            "versions" (of this package, or of a library), or `DAMAGED`.
    """

    video: str
    found: VideoScore | Remark
    taken_over: bool = False
    changed: tuple[str, ...] = ()


def score_named(named: Named, scorer: Any, **options: Any) -> Scored:
    """Scores a video; nothing is kept.

    Args:
        named: the video.
        scorer, options: as of `inputs.scored`.
    """
    return Scored(named[0], scored(scorer, *named, **options))


def hashed_scorer(model: AnyPath | None) -> tuple[VideoScorer, str]:
    """The scorer of a model, and the sha256 of the very file that it was read from.

    Args:
        model: as of `prediction.scorer_of`.

    Raises:
        InputError: it was replaced meanwhile, as a training does that goes on.
    """
    path = model_path(model)
    sha256 = file_sha256(path)
    scorer = scorer_of(model)
    if model_path(model) != path or file_sha256(path) != sha256:
        raise InputError("changed", f"{path} was replaced while it was read.", "Try again.")
    return scorer, sha256


@contextlib.contextmanager
def keeping_scores(
    folder: AnyPath,
    model: AnyPath | None,
    scorer: VideoScorer,
    sha256: str,
    runner: str | None = None,
    **options: Any,
) -> Iterator[Callable[[Iterable[Named]], Iterator[Scored]]]:
    """Yields a function that scores videos in order, and keeps each result in `folder`, or takes it from there.

    Args:
        folder: in a file system; made where there is none.
        model: path of the model, or a name that ships; None for the shipped diving model.
        scorer, sha256: of it, and of frames, as `hashed_scorer` gives them.
        runner: of Apache Beam, to score on in place of this process, see `beam.on_runner`. Its workers must see videos,
            model and `folder`; each of its processes loads the model once.
        options: `stream`, `start`, `end`, `force` of `inputs.scored`.

    Raises:
        InputError: `folder` is in an object store, or another run is keeping results there; what `on_runner` raises;
            the file of the model that a worker sees is another.
    """
    with _kept_in(folder) as local:
        work = functools.partial(_score_kept, sha256=sha256, folder=local, options=options)
        if runner is None:
            yield functools.partial(map, functools.partial(work, load=lambda: scorer))
            return
        with on_runner(runner, local) as map_videos:
            yield functools.partial(map_videos, functools.partial(work, load=functools.partial(_load, model, sha256)))


@contextlib.contextmanager
def _kept_in(folder):
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
                remark = f"{counted(number, 'result')} kept in {folder}. Rerun the same command to resume."
                error.hint = f"{error.hint} {remark}".lstrip()
            raise


def _load(model, sha256):
    """The scorer of a model, in a worker."""
    with _loading:
        return _loaded(model, sha256)


@functools.cache
def _loaded(model, sha256):
    scorer, found = hashed_scorer(model)
    if found != sha256:
        raise InputError("other_model", f"--model={model}: a worker sees another file than the command.")
    return scorer


def _score_kept(named, load, sha256, folder, options):
    scorer = _KeptScorer(load(), sha256, folder)
    found = scored(scorer, *named, **options)
    if isinstance(found, Remark):
        return Scored(named[0], found)
    scorer.keep(found)  # not within `scored`: a full disk is not the fault of the video
    return Scored(named[0], dataclasses.replace(found, shown=[]), scorer.taken_over, scorer.changed)


class _KeptScorer:
    """Scores one video as a `VideoScorer` does, unless its result is kept: what `inputs.scored` asks of a scorer.

    Args:
        scorer: `VideoScorer` of frames.
        sha256: of the file of its model.
        folder: of the results.
    """

    def __init__(self, scorer, sha256, folder):
        self.taken_over, self.changed = False, ()  # of `Scored`
        self._scorer, self._sha256, self._folder = scorer, sha256, folder

    def score_file(self, source, video, *, stream=None, force=False, found=None):
        """Arguments, result and errors are those of `VideoScorer.score_file`."""
        clip = source if isinstance(source, Clip) else Clip(source)
        self._path = self._folder / f"{hashlib.sha256(os.fsencode(video)).hexdigest()[:32]}.json"
        self._made_of = {
            "video": _video_sha256(clip.path),
            "model": self._sha256,
            "options": {"frames": clip.frames and list(clip.frames), "stream": stream, "force": force},
            "versions": _versions(),
        }
        result, self.changed = self._kept(self._path, self._made_of)
        self.taken_over = result is not None
        return result or self._scorer.score_file(source, video, stream=stream, force=force, found=found)

    def keep(self, result):
        """Keeps what `score_file` gave."""
        if not self.taken_over and self._made_of["video"] is not None:
            _write(self._path, self._made_of, result.to_dict())

    def _kept(self, path, made_of):
        """(result, ()) where it counts, else (None, what has changed, if there was any)."""
        if not path.exists():
            return None, ()
        try:
            kept_of, values = _read(path)
            result = VideoScore.from_dict(values, self._scorer.model.sport)
        except Exception:  # of a damaged file json raises whatever it meets; of one of another version keys lack
            return None, (DAMAGED,)
        changed = tuple(name for name in made_of if kept_of.get(name) != made_of[name])
        return (None, changed) if changed else (dataclasses.replace(result, model=self._scorer.name), ())


def _versions():
    modules = {"tensorflow": tf, "keras": keras, "av": av, "opencv": cv2}
    return {"scoringnet_tf": __version__, **{name: module.__version__ for name, module in modules.items()}}


def _video_sha256(path):
    try:
        return Clip(path).sha256()
    except (VideoError, OSError):  # scoring it says what is wrong
        return None


def _write(path, made_of, result):
    kept = [made_of, result]
    with replacing_file(path) as temporary:
        temporary.write_text(json.dumps({"sha256": _digest(kept), "made_of": made_of, "result": result}) + "\n")


def _read(path):
    """(what it was made of, result as `VideoScore.to_dict`); ValueError unless they are as they were written."""
    values = json.loads(path.read_text())
    kept = [values["made_of"], values["result"]]
    if _digest(kept) != values["sha256"]:
        raise ValueError(f"{path}: damaged.")
    return kept


def _digest(kept):
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()
