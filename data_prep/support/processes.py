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
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool

import cv2

from scoringnet_tf.support.errors import InputError

AHEAD = 4  # results of each process that may be under way, or wait for the one before them


@contextlib.contextmanager
def in_processes(workers: int, ahead: int | None = AHEAD) -> Iterator[Callable]:
    """A `map` that keeps the order and computes in `workers` processes (one: this one).

    The processes end with the block, what they are at included, and with this process, even if it is killed.

    Args:
        workers: how many.
        ahead: how many results of each process may be under way or wait to be taken; None for any number, where they
            are small. With a bound, those behind a slow one take no more memory, but processes may wait for it.

    Raises:
        InputError: one of the processes was killed.
    """
    if workers == 1:
        yield map
        return
    # Spawned, not forked: a fork of a process in which TensorFlow runs threads may hang.
    context = multiprocessing.get_context("spawn")
    held_by_them, lifeline = context.Pipe(duplex=False)
    pool = concurrent.futures.ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(held_by_them,))
    try:
        yield functools.partial(_map, pool, workers, None if ahead is None else ahead * workers)
    finally:
        lifeline.close()
        pool.shutdown(cancel_futures=True)
        held_by_them.close()


def _map(pool, workers, ahead, function, items):
    """Begins at once, not when the first result is asked for."""
    remaining = iter(items)
    with _said_if_killed(workers):
        waiting = collections.deque(pool.submit(function, item) for item in itertools.islice(remaining, ahead))
    return _results(pool, workers, function, waiting, remaining)


def _results(pool, workers, function, waiting, remaining):
    with _said_if_killed(workers):
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in itertools.islice(remaining, 1))
            yield result


@contextlib.contextmanager
def _said_if_killed(workers):
    try:
        yield
    except BrokenProcessPool as error:
        raise InputError(
            "todo",
            f"Expected {workers} processes to do their work. Received: one was killed, as the system does where memory "
            "runs out. Fewer at a time (--workers) need less.",
        ) from error


def _begin(lifeline):
    """Prepares a worker: what ends it is the end of the lifeline, whose other end its parent holds."""
    # Both may be sent to all of a group of processes; the parent then says what becomes of the work.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    cv2.setNumThreads(1)  # one process a core: threads of their own would only fight
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline):
    multiprocessing.connection.wait([lifeline])
    os._exit(1)
