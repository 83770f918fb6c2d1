"""Batches that other machines make, by a tf.data service: the same ones in the same order, even if workers fail.

Each batch has a number, from which its content follows. The service gives every number to a worker. Here the batches
are put in order, and those that do not come are made.
"""

import contextlib
import queue
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.data.dataset_info import INDEX_NAME, DatasetInfo
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import RemotePath, as_path

AHEAD = 16  # batches that are kept while one before them is missing
PATIENCE = 60.0  # seconds without any batch after which they are made here
ANSWER = 5.0  # seconds in which a dispatcher must answer

Numbered = Callable[[tf.data.Dataset], tf.data.Dataset]  # of numbers, int64 () → (number, batch) of each


def dispatcher_at(port: int) -> Any:
    """A dispatcher that listens on a port, 0 for a free one; it lives as long as the returned object."""
    service = tf.data.experimental.service
    return service.DispatchServer(service.DispatcherConfig(port=port, protocol="grpc"))


def worker_of(address: str, host: str = "localhost") -> Any:
    """A worker of the dispatcher at `address` that others reach at `host`; it lives as long as the returned object."""
    service = tf.data.experimental.service
    return service.WorkerServer(
        service.WorkerConfig(dispatcher_address=address, worker_address=f"{host}:%port%", protocol="grpc")
    )


def check_service(address: str, flag: str = "set=data.service") -> None:
    """InputError naming the flag unless a server answers at `address`, HOST:PORT."""
    host, _, port = address.rpartition(":")
    try:
        if not host or not port.isdecimal():
            raise InputError("wrong_value", f"--{flag}={address} is not HOST:PORT.")
        socket.create_connection((host, int(port)), ANSWER).close()
    except (OSError, OverflowError) as error:
        hint = "Start it with `python -m scoringnet_tf.serve_data`."
        raise InputError("no_answer", f"--{flag}={address} does not answer ({error}).", hint) from error


def check_shared(info: DatasetInfo, address: str) -> None:
    """InputError if the records of `info` are in an object store: workers cannot read our copies."""
    path = as_path(info.source or info.records_dir or "")
    if isinstance(path, RemotePath):
        hint = "Put them in a file system that they share."
        raise InputError("not_shared", f"--set=data.service={address}: workers cannot read records at {path}.", hint)


def served(address: str, numbered: Numbered, info: DatasetInfo, first: int, stop: int) -> tf.data.Dataset:
    """The batches from number `first` to `stop`, in order, by the workers of a tf.data service at HOST:PORT.

    `numbered` makes batches of their numbers from the records of `info`. If workers find other ones by their path,
    batches are made here. InputError if nobody answers.
    """
    check_service(address)
    numbers = tf.data.Dataset.range(first, stop)
    service = tf.data.experimental.service
    remote = numbered(_of_these_records(numbers, info)).apply(
        service.distribute(processing_mode=service.ShardingPolicy.DYNAMIC, service=f"grpc://{address}")
    )

    def made_here(number):
        return next(iter(numbered(tf.data.Dataset.range(number, number + 1))))[1]

    def batches():
        yield from in_order(lambda: ((int(number), batch) for number, batch in remote), made_here, first, stop, address)

    dataset = tf.data.Dataset.from_generator(batches, output_signature=remote.element_spec[1])
    return dataset.apply(tf.data.experimental.assert_cardinality(max(0, stop - first)))


def _of_these_records(numbers, info):
    """The same numbers, once their reader has found the index of these very records at their path."""
    folder = as_path(info.source or info.records_dir)
    data_hash = (DatasetInfo.load(folder) if info.source else info).data_hash

    def has_hash():
        index = tf.io.read_file(str(folder / INDEX_NAME))
        return tf.strings.regex_full_match(index, f'(?s).*"data_hash": "{data_hash}".*')

    def step(checked, number):
        wrong = f"{folder} does not hold the records that train reads (data_hash {data_hash})."
        tf.debugging.Assert(tf.cond(checked, lambda: True, has_hash), [wrong])
        return True, number

    return numbers.scan(False, step)


def in_order(
    arriving: Callable[[], Iterator[tuple[int, Any]]],
    made_here: Callable[[int], Any],
    first: int,
    stop: int,
    address: str,
    patience: float = PATIENCE,
) -> Iterator[Any]:
    """The value of each number from `first` to `stop`, in order and each once.

    `arriving` gives an iterator of (number, value) in any order, which may lack some, block or raise. `made_here` makes
    a value that does not arrive, or not within `patience` seconds. Warnings name the service at `address`.
    """
    arrived: queue.Queue = queue.Queue(2)
    unwanted = threading.Event()
    threading.Thread(target=_fetch, args=(arriving, arrived, unwanted), daemon=True).start()
    waiting: dict[int, Any] = {}

    def say(what):
        message = " ".join(what.split())  # a line beside a progress bar
        tqdm.write(f"--set=data.service={address}: {message} Missing batches are made here.", file=sys.stderr)

    left, over = patience, False
    try:
        for number in range(first, stop):
            while number not in waiting and len(waiting) < AHEAD and not over:
                try:
                    next_number, batch = arrived.get(timeout=left)
                except queue.Empty:
                    if left:
                        say(f"no batch for {patience:g} s. Are its workers running?")
                    left = 0.0
                    break
                left, over = patience, next_number is None
                if isinstance(batch, Exception):
                    say(f"{batch}"[:600])  # TensorFlow's first half names the place
                elif not over and next_number >= number:
                    waiting[next_number] = batch
            yield waiting.pop(number) if number in waiting else made_here(number)
    finally:
        unwanted.set()
        with contextlib.suppress(queue.Empty):  # the thread may wait for room
            while True:
                arrived.get_nowait()


def _fetch(arriving, arrived, unwanted):
    """Puts arrivals into a queue as long as they are wanted; at the end (None, None), or (None, the error)."""
    end = None
    try:
        for item in arriving():
            arrived.put(item)
            if unwanted.is_set():
                return
    except Exception as error:  # whatever the service ends with, the training goes on
        end = error
    arrived.put((None, end))
