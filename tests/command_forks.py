"""Commands as a user runs them, each in a fork of a process that has imported TensorFlow: most take less than that."""

import atexit
import dataclasses
import functools
import gc
import importlib
import multiprocessing
import os
import pathlib
import runpy
import signal
import sys
import tempfile
import warnings

FORKS = multiprocessing.get_context("fork")
# What most commands import; nothing here starts threads, which a fork would lack.
IMPORTED = ["scoringnet_tf", "tensorflow", "keras", "av", "cv2", "matplotlib.pyplot", "scipy.io", "scipy.stats"]
IMPORTED += ["scoringnet_tf.inference.predictor", "scoringnet_tf.training.resolve", "scoringnet_tf.training.finish"]
IMPORTED += ["data_prep.records.building"]
ROOT = pathlib.Path(__file__).parents[1]
TIMEOUT = 300  # seconds; what takes longer hangs


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended, as `subprocess` calls it; `returncode` is None where it hung."""

    returncode: int | None
    stdout: str
    stderr: str


def forked(*words, folder=ROOT):
    """Runs `python -m WORDS…` in a folder. What the process itself does when it starts is not tested thereby."""
    with tempfile.TemporaryDirectory() as logs:
        return ended([*map(str, words)], folder, pathlib.Path(logs))


def ended(words: list[str], folder: pathlib.Path, logs: pathlib.Path, stdout: str | None = None):
    """Runs `python -m WORDS…`.

    Args:
        words: module and arguments.
        folder: where it runs.
        logs: folder for what it reads and prints.
        stdout: what it prints to; a file in `logs` where not given.
    """
    paths = [logs / name for name in ("stdin", "stdout", "stderr")]
    for path in paths:
        path.write_bytes(b"")
    streams = [paths[0], stdout or paths[1], paths[2]]
    server().send((words, folder, streams, os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}))
    status = server().recv()
    printed = [path.read_text(encoding="utf-8", errors="backslashreplace") for path in paths[1:]]
    return Ended(status, *printed)


@functools.cache
def server():
    """The connection to a process that forks commands; it must begin before this one computes or imports tests.

    One of several that run tests imports for both what commands and tests need.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        _import_all()
    ours, theirs = multiprocessing.Pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, as execnet has a thread
        if os.fork():
            theirs.close()
            return ours
    ours.close()
    try:
        _serve(theirs)
    finally:
        os._exit(0)


def _import_all():
    for name in IMPORTED:
        importlib.import_module(name)


def _serve(connection):
    """Runs commands, one after another, until whoever asks for them is gone."""
    atexit._clear()
    warnings.resetwarnings()  # pytest's are errors; a command has those of Python
    for ignored in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", ignored)
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            command = connection.recv()
        except EOFError:
            return
        _import_all()
        process = FORKS.Process(target=_run, args=(interrupted, *command))
        process.start()
        process.join(TIMEOUT)
        hangs = process.is_alive()
        process.kill()
        process.join()
        connection.send(None if hangs else process.exitcode)


def _run(interrupted, words, folder, streams, environment):
    """Becomes the command: its streams, folder, environment and arguments; leaves with its exit status."""
    gc.freeze()  # the collector would write into what is imported, and so copy it
    signal.signal(signal.SIGINT, interrupted)
    for number, path in enumerate(streams):
        os.dup2(os.open(path, os.O_WRONLY if number else os.O_RDONLY), number)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, "w" if number else "r") for number in range(3))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(words)
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # which a process of `multiprocessing` leaves out
