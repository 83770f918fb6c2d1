"""Commands as a user runs them, each in a fork of a process that has imported TensorFlow: most take less than that."""

import atexit
import dataclasses
import gc
import multiprocessing
import os
import pathlib
import runpy
import sys
import tempfile
import unittest.mock

FORKS = multiprocessing.get_context("forkserver")
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


def ended(words: list[str], folder: pathlib.Path, logs: pathlib.Path, stdin: bytes = b"", stdout: str | None = None):
    """Runs `python -m WORDS…`.

    Args:
        words: module and arguments.
        folder: where it runs.
        logs: folder for what it reads and prints.
        stdin: what it can read.
        stdout: what it prints to; a file in `logs` where not given.
    """
    FORKS.set_forkserver_preload(IMPORTED)
    paths = [logs / name for name in ("stdin", "stdout", "stderr")]
    for path, content in zip(paths, (stdin, b"", b""), strict=True):
        path.write_bytes(content)
    streams = [paths[0], stdout or paths[1], paths[2]]
    # TensorFlow reads its level once, in the process to be forked.
    with unittest.mock.patch.dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3"):
        process = FORKS.Process(target=_run, args=(words, folder, streams, dict(os.environ)))
        process.start()
    process.join(TIMEOUT)
    hangs = process.is_alive()
    process.kill()
    process.join()
    printed = [path.read_text(encoding="utf-8", errors="backslashreplace") for path in paths[1:]]
    return Ended(None if hangs else process.exitcode, *printed)


def _run(words, folder, streams, environment):
    """Becomes the command: its streams, folder, environment and arguments; leaves with its exit status."""
    gc.freeze()  # the collector would write into what is imported, and so copy it
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
