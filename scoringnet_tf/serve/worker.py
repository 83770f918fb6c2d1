"""A separate process that makes pages for one video after the other; a crash or a hang ends there."""

import contextlib
import functools
import multiprocessing
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from tqdm import tqdm

from scoringnet_tf.data.corrections import read_corrections
from scoringnet_tf.data.video import VideoError, frame_times
from scoringnet_tf.inference.inputs import problem_with
from scoringnet_tf.serve.kept import CORRECTIONS, RESULT
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import file_sha256, write_json
from scoringnet_tf.support.messages import InputError, Remark, counted

PAGE = "page.html"
START_SECONDS = 300  # for TensorFlow and the model
IDLE_SECONDS = 1  # for the process to end
RECENT = 16  # videos that are kept and can be compared without being scored again


class Pages(NamedTuple):
    """A video's pages, `PAGE` and others."""

    names: list[str]
    summary: str  # what they show, in words


Source: TypeAlias = tuple[Path, str, dict[str, float]]  # a video, the name to show, options of `score_video`
# (a video, or two to compare; title; folder for the pages) → pages, or why there are none.
Make: TypeAlias = Callable[[Sequence[Source], str, Path], Pages | Remark]


class Worker:
    """Runs `prepare()` in another process, then what that returned, a `Make`, on one video after the other.

    The process is started again after one that ended, or that was too slow. A context, at whose end it ends.
    """

    def __init__(self, prepare: Callable[[], Make]) -> None:
        self._prepare = prepare
        self._process: Any = None
        self._connection: Any = None
        self._is_busy = False

    def __enter__(self) -> "Worker":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def stop(self) -> None:
        """Ends the work on a video, from another thread."""
        if self._is_busy and self._process is not None:
            self._process.kill()

    def __call__(self, seconds: float, *task: object) -> Pages | Remark:
        """A video's pages, with `task` for `Make`; or that it took more than so many seconds, or ended the process."""
        self._is_busy = True
        try:
            if self._process is None:
                self._start()
            self._connection.send(task)
            if self._connection.poll(seconds):
                return self._connection.recv()
            problem = Remark("work_timeout", f"To score it took longer than {seconds:g} s. Cut the video shorter.")
        except InputError as error:
            problem = Remark(error.code, str(error))
        except (EOFError, OSError):
            problem = Remark("worker_ended", "The process that was to score it ended; memory may be short.")
        finally:
            self._is_busy = False
        self._end()
        return problem

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # TensorFlow survives no fork
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_work, args=(self._prepare, other), daemon=True)
        self._process.start()
        other.close()  # so that the end of the process is the end of the connection
        if not self._connection.poll(START_SECONDS):
            raise InputError("worker_ended", f"The model was not ready within {START_SECONDS} s.")
        try:
            error = self._connection.recv()
        except EOFError:
            raise InputError("worker_ended", "The process that loads the model ended; memory may be short.") from None
        if error is not None:
            raise error

    def _end(self) -> None:
        if self._process is not None:
            self._connection.close()
            self._process.join(IDLE_SECONDS)  # one that waits for a task ends by itself
            self._process.kill()
            self._process.join()
        self._process = None


def _work(prepare: Callable[[], Make], connection: Any) -> None:
    """The process: sends None once it is ready, or the error; then an answer to each task, until nobody sends any."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this
    tqdm.set_lock(threading.RLock())  # in place of a semaphore, which would outlive a process that is killed
    try:
        make = prepare()
    except InputError as error:
        connection.send(error)
        return
    connection.send(None)
    with contextlib.suppress(EOFError, BrokenPipeError):  # a server that was killed
        while True:
            connection.send(make(*connection.recv()))


def page_maker(model: str, most_seconds: float, keeps: bool = False) -> Make:
    """A `Make` that scores videos up to so many seconds by the model with this name or path.

    With `keeps` it writes the result beside the pages, and remembers recent videos.
    """
    cli.load_tensorflow()
    from scoringnet_tf.inference.predictor import predictor_of
    from scoringnet_tf.report.page_data import video_pages
    from scoringnet_tf.report.session import comparable, write_comparison, write_pages

    predictor = predictor_of(model)

    @functools.lru_cache(RECENT if keeps else 0)
    def scored(video: Path, name: str, options: tuple[tuple[str, float], ...], corrected: str) -> Any:
        found = read_corrections(video.parent / CORRECTIONS) if corrected else []
        given: dict[str, Any] = {**dict(options), "corrections": [one.checked(predictor.model.sport) for one in found]}
        return video_pages(predictor, video, name, **given)

    def pages(videos: Sequence[Source], title: str, folder: Path) -> Pages:
        found = []
        for video, name, options in videos:
            _check_length(video, most_seconds)
            corrections = video.parent / CORRECTIONS
            corrected = file_sha256(corrections) if corrections.is_file() else ""
            found.append(scored(video, name, tuple(options.items()), corrected))
        output, (score, shown) = folder / PAGE, found[0]
        if len(found) == 2:
            both = comparable([each for _, each in found])
            if len(both) < 2:
                raise InputError("too_few", "Two performances can be compared, and these videos show fewer.")
            return Pages(_names(folder, write_comparison(output, both, model, title)), "Compared.")
        if keeps:
            write_json(folder / RESULT, score.to_dict() | {"video": title})
        summary = shown[0].summary if len(shown) == 1 else f"{counted(len(shown), 'performance')}."
        save_link = CORRECTIONS if keeps else None
        return Pages(_names(folder, write_pages(output, shown, model, title, save_link=save_link)), summary)

    def make(videos: Sequence[Source], title: str, folder: Path) -> Pages | Remark:
        try:
            return pages(videos, title, folder)
        except Exception as error:
            problem = _problem(error)
        for video, *_ in videos:
            problem = Remark(problem.code, problem.replace(str(video), "The file"))
        return problem

    return make


def _names(folder: Path, paths: Sequence[object]) -> list[str]:
    return [Path(str(path)).relative_to(folder).as_posix() for path in paths]


def _problem(error: Exception) -> Remark:
    """What is wrong, by the code that a command gives; raises a fault of the program."""
    if isinstance(error, InputError) and not isinstance(error, VideoError):
        return Remark(error.code, str(error))
    if isinstance(error, OSError) and error.errno in cli.CODES:
        return Remark(cli.CODES[error.errno], f"The server cannot write the page: {error.strerror}.")
    return problem_with("The file", error)


def _check_length(video: Path, most_seconds: float) -> None:
    with contextlib.suppress(VideoError):  # the scoring tells of those
        seconds = frame_times(video)[-1]
        if seconds > most_seconds:
            text = f"The video lasts {seconds:.0f} s; at most {most_seconds:g} s are scored here."
            raise InputError("too_long", text, "Cut it shorter.")
