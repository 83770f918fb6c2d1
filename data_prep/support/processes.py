"""Work in several processes, which end with the one that started them, however that ends."""

import collections
import concurrent.futures
import contextlib
import functools
import itertools
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NoReturn

from scoringnet_tf.support.messages import InputError

AHEAD = 4  # results of each process that are under way, or wait for the one before them


@contextlib.contextmanager
def in_processes(workers: int, ahead: int | None = AHEAD) -> Iterator[Callable]:
    """Yields a `map` that keeps the order and computes in `workers` processes (one: this one).

    The processes end with the block, in the middle of their work, and with this process, even if it is killed. A bound
    `ahead` on the results of each that are under way or wait limits memory behind a slow one; with None none waits.

    Raises:
        InputError: one of the processes was killed.
    """
    if workers == 1:
        yield map
        return
    # Spawned, not forked: a fork of a process in which TensorFlow runs threads may hang.
    context = multiprocessing.get_context("spawn")
    worker_end, lifeline = context.Pipe(duplex=False)
    pool = concurrent.futures.ProcessPoolExecutor(workers, context, initializer=_prepare, initargs=(worker_end,))
    try:
        yield functools.partial(_map, pool, workers, None if ahead is None else ahead * workers)
    finally:
        lifeline.close()
        pool.shutdown(cancel_futures=True)
        worker_end.close()


def _map(
    pool: concurrent.futures.Executor, workers: int, ahead: int | None, function: Callable, items: Iterable
) -> Iterator[Any]:
    """Begins at once, not when the first result is asked for."""
    remaining = iter(items)
    with _reported_kill(workers):
        waiting = collections.deque(pool.submit(function, item) for item in itertools.islice(remaining, ahead))
    return _results(pool, workers, function, waiting, remaining)


def _results(
    pool: concurrent.futures.Executor, workers: int, function: Callable, waiting: collections.deque, remaining: Iterator
) -> Iterator[Any]:
    with _reported_kill(workers):
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in itertools.islice(remaining, 1))
            yield result


@contextlib.contextmanager
def _reported_kill(workers: int) -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        what = f"One of {workers} processes was killed, as the system does if memory runs out."
        raise InputError("process_killed", what, "Use fewer --workers.") from error


def _prepare(lifeline: Any) -> None:
    """Prepares a worker: it ends with the lifeline, whose other end its parent holds."""
    import cv2

    # Both signals may reach a whole group of processes; the parent then reports.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    cv2.setNumThreads(1)  # one process a core: threads of their own would only fight
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Any) -> NoReturn:
    multiprocessing.connection.wait([lifeline])
    os._exit(1)
