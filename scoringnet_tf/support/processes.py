"""Worker processes that neither hang when one of them is killed nor outlive the process that started them."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool

from scoringnet_tf.support.errors import InputError


@contextlib.contextmanager
def process_pool(
    workers: int, initializer: Callable[..., object] | None = None, initargs: tuple = ()
) -> Iterator[concurrent.futures.ProcessPoolExecutor]:
    """A pool of spawned processes; what waits is dropped when the block ends, by an error too.

    Args:
        workers: number of processes.
        initializer: called with `initargs` when a process starts.
        initargs: what with.

    Raises:
        InputError: a process was killed.
    """
    # Spawned, not forked: a fork of a process in which TensorFlow runs threads may hang.
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(workers, context, _start, (initializer, initargs))
    with pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise InputError(
                f"Expected {workers} worker processes to live. Received: one was killed, perhaps for want of memory; "
                "run the same command again, with fewer --workers if it happens again"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start(initializer, initargs):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one decides what ends
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if initializer:
        initializer(*initargs)


def _end_with_parent():
    """Waits for the process that started this one to be gone: the pool's queue alone would be waited at for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
