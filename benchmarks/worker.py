"""A process for each side of a row: it makes ready what it measures once, and answers as often as it is asked."""

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

Measure = Callable[[], float]


class NotMeasured(Exception):
    """A side could not be measured; its message says why, on one line."""


class Side(NamedTuple):
    """A function, such as `benchmarks.predicting.cold`, and its options; it returns a `Measure`."""

    function: str
    options: dict[str, Any]


@contextlib.contextmanager
def started(side: Side) -> Iterator[Measure]:
    """The measure of a side, in a process that is ready; NotMeasured if it ends."""
    command = [sys.executable, "-m", "benchmarks.worker", side.function, json.dumps(side.options, default=str)]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)

        def measure() -> float:
            with contextlib.suppress(BrokenPipeError):  # it has ended, and said why
                print(file=process.stdin, flush=True)
            return _answer(process, log)

        try:
            _answer(process, log)
            yield measure
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()
            process.stdout.close()


def _answer(process: Any, log: IO[str]) -> float:
    line = process.stdout.readline()
    if not line:
        process.wait()
        log.seek(0)
        lines = log.read().strip().splitlines()
        raise NotMeasured(lines[-1] if lines else f"ended with status {process.returncode}")
    return json.loads(line)


def _serve(function: str, options: dict[str, Any]) -> None:
    """Says that it is ready, then answers each line of standard input with a figure."""
    module, _, name = function.rpartition(".")
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # what libraries print goes to stderr
        measure = getattr(importlib.import_module(module), name)(**options)
        print("null", file=answers, flush=True)
        for _ in sys.stdin:
            print(json.dumps(measure()), file=answers, flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1], json.loads(sys.argv[2]))
