"""Threads, for what spends its time in libraries that let other threads run: FFmpeg, OpenCV, TensorFlow, hashes."""

import collections
import concurrent.futures
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from scoringnet_tf.support.messages import InputError

CORES = min(os.cpu_count() or 1, 4)  # that are used at once; each thread keeps what it works with
_started: list[int] = []  # the process in which TensorFlow's threads began, if they did


def check_not_forked() -> None:
    """Remembers the process in which TensorFlow began; InputError (`forked`) in a child that was forked from it.

    A child has none of TensorFlow's threads, and would wait for them forever.
    """
    if not _started:
        _started.append(os.getpid())
    if _started[0] != os.getpid():
        message = "This process was forked from one in which TensorFlow runs, and cannot use it."
        raise InputError("forked", message, 'Load the model in the child alone, or start it by "spawn".')


def overlapping(function: Callable, items: Iterable, threads: int = 2, ahead: int | None = None) -> Iterator[Any]:
    """Yields `function(item)` in order, computed while further items are made.

    `ahead` results at most are made or wait beside the one that is used; None: twice as many as threads.
    If `items` raise, the results before come first. Who ends before the last one, as by Ctrl-C, does not
    wait for what nobody will use.
    """
    remaining, error = iter(items), None
    waiting: collections.deque = collections.deque()
    pool = concurrent.futures.ThreadPoolExecutor(threads)
    try:
        while error is None or waiting:
            if error is None:
                try:
                    waiting.append(pool.submit(function, next(remaining)))
                except Exception as caught:  # StopIteration, too
                    error = caught
            if waiting and (error is not None or len(waiting) > (2 * threads if ahead is None else ahead)):
                yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if not isinstance(error, StopIteration):
        raise error


def on_all_cores(function: Callable, items: Iterable) -> list[Any]:
    """What a function gives for each item, in order, on `CORES` threads."""
    return [*overlapping(function, items, CORES)]
