"""A separate process that makes pages for one video after the other; a crash or a hang ends there."""

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from tqdm import tqdm

from scoringnet_tf.body.pose import preload
from scoringnet_tf.data.video import VideoError, frame_times
from scoringnet_tf.inference.inputs import problem_with
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, Remark, counted

PAGE = "page.html"
START_SECONDS = 300  # for TensorFlow and the model
IDLE_SECONDS = 1  # for the process to end


class Pages(NamedTuple):
    """A video's pages, `PAGE` and others."""

    names: list[str]
    summary: str  # what they show, in words


# (video, the name to show, options of `score_video`, folder for the pages) → pages, or why there are none.
Make: TypeAlias = Callable[[Path, str, dict[str, float], Path], Pages | Remark]


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
    with contextlib.suppress(EOFError):
        while True:
            connection.send(make(*connection.recv()))


def page_maker(model: str, most_seconds: float) -> Make:
    """A `Make` that scores videos up to so many seconds by the model with this name or path."""
    cli.load_tensorflow()
    with cli.without_notices():
        preload()
    from scoringnet_tf.inference.predictor import predictor_of
    from scoringnet_tf.report.page_data import video_pages
    from scoringnet_tf.report.session import write_pages

    predictor = predictor_of(model)

    def make(video: Path, name: str, options: dict[str, Any], folder: Path) -> Pages | Remark:
        if problem := _too_long(video, most_seconds):
            return problem
        try:
            shown = video_pages(predictor, video, name, **options)
            paths = write_pages(folder / PAGE, shown, model, name)
        except Exception as error:
            problem = problem_with(str(video), error)
            return Remark(problem.code, problem.replace(str(video), "The file"))
        summary = shown[0].summary if len(shown) == 1 else f"{counted(len(shown), 'performance')}."
        return Pages([Path(str(path)).relative_to(folder).as_posix() for path in paths], summary)

    return make


def _too_long(video: Path, most_seconds: float) -> Remark | None:
    with contextlib.suppress(VideoError):  # the scoring tells of those
        seconds = frame_times(video)[-1]
        if seconds > most_seconds:
            text = f"The video lasts {seconds:.0f} s; at most {most_seconds:g} s are scored here. Cut it shorter."
            return Remark("too_long", text)
    return None
