"""Batches that a tf.data service makes are those made here, in the same order, whatever becomes of its workers."""

import collections
import dataclasses
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf
from refusals import refused

from scoringnet_tf.data.augmentation import Augmentation
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.data.service import dispatcher_at, in_order, worker_of

ROOT = pathlib.Path(__file__).parents[2]
OPTIONS = {
    "image_size": (32, 32),
    "batch_size": 3,
    "seed": 4,
    "shuffle": True,
    "augmentation": Augmentation(max_start_shift=3, color_jitter=0.2),
    "with_info": True,
}


STARTED: list = []  # to the end: of one that is gone, who still waits for a batch prints a line every second


@pytest.fixture
def machines():
    """(address of a dispatcher, its two workers)."""
    dispatcher = dispatcher_at(0)
    address = dispatcher.target.removeprefix("grpc://")
    workers = [worker_of(address), worker_of(address)]
    STARTED.extend([dispatcher, *workers])
    return address, workers


def batches_of(records_dir, **options):
    return [numpy_of(batch) for batch in videos(records_dir, "train", **options)]


def numpy_of(batch):
    return tf.nest.map_structure(lambda value: value.numpy(), batch)


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def test_two_workers_make_the_batches_of_every_epoch_in_order(diving_records, machines, capsys):
    """Seven training videos in batches of three: the last of an epoch is smaller."""
    address, _ = machines
    expected = batches_of(diving_records, epochs=2, **OPTIONS)
    found = batches_of(diving_records, epochs=2, service=address, **OPTIONS)
    assert_same(found, expected)
    assert not capsys.readouterr().err  # none had to be made here
    for epoch in range(2):
        ids = np.concatenate([facts["id"] for _, _, facts in found[3 * epoch : 3 * epoch + 3]])
        assert set(collections.Counter(ids).values()) == {1} and len(ids) == 7


@pytest.mark.slow
def test_a_killed_worker_changes_nothing(diving_records, machines):
    address, workers = machines
    expected = batches_of(diving_records, epochs=30, **OPTIONS)
    found = []
    for batch in videos(diving_records, "train", epochs=30, service=address, **OPTIONS):
        found.append(numpy_of(batch))
        if len(found) == 2:
            workers[0]._stop()
    assert_same(found, expected)


@pytest.mark.slow
def test_other_records_at_the_same_path_are_not_taken(diving_records, machines, tmp_path, capsys):
    """Of the same ids, as a worker of another machine may have them: all batches are made here, and it is said."""
    records = shutil.copytree(diving_records, tmp_path / "records")
    expected = batches_of(records, epochs=2, **OPTIONS)
    dataset = videos(records, "train", epochs=2, service=machines[0], **OPTIONS)
    info = DatasetInfo.load(records)
    dataclasses.replace(info, data_hash="0" * 64).save(records)
    assert_same([numpy_of(batch) for batch in dataset], expected)
    said = capsys.readouterr().err
    assert str(records) in said and info.data_hash in said


def arrived(numbers, made, **options):
    """What `in_order` gives of 0 to 39, where `numbers` arrive, each named by its text."""
    return list(
        in_order(lambda: ((n, f"far {n}") for n in numbers), lambda n: made.append(n) or f"here {n}", 0, 40, "a")
    )


def test_what_arrives_out_of_order_is_put_in_order():
    made, numbers = [], np.arange(40).reshape(10, 4)[:, ::-1].ravel().tolist()
    assert arrived(numbers, made) == [f"far {number}" for number in range(40)] and made == []


def test_what_does_not_arrive_is_made_here_and_what_comes_too_late_is_left():
    made, numbers = [], [number for number in range(40) if number not in (5, 30)] + [5]
    found = arrived(numbers, made)
    assert made == [5, 30]
    assert found == [f"here {n}" if n in made else f"far {n}" for n in range(40)]


def test_a_service_that_fails_is_said_once_and_the_rest_is_made_here(capsys):
    def failing():
        yield 0, "far 0"
        raise tf.errors.UnavailableError(None, None, "gone\naway")

    assert list(in_order(failing, lambda number: f"here {number}", 0, 4, "h:1")) == [
        "far 0",
        "here 1",
        "here 2",
        "here 3",
    ]
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("--set=data.service=h:1: ") and "gone away" in said


def test_a_service_that_is_silent_is_waited_for_once(capsys):
    end = threading.Event()

    def silent():
        yield 0, "far 0"
        end.wait()

    found = list(in_order(silent, lambda number: f"here {number}", 0, 50, "h:1", patience=0.2))
    assert found == ["far 0"] + [f"here {n}" for n in range(1, 50)]
    assert capsys.readouterr().err.count("--set=data.service=h:1") == 1
    end.set()


@pytest.mark.parametrize(
    ("address", "options", "code"),
    [
        ("nowhere", {}, "wrong_value"),
        ("localhost:", {}, "wrong_value"),
        ("localhost:x", {}, "wrong_value"),
        ("localhost:99999999", {}, "no_answer"),
        ("localhost:1", {"epochs": None}, "missing_flag"),
    ],
)
def test_what_a_service_cannot_do_is_refused(diving_records, address, options, code):
    with refused(code):
        videos(diving_records, "train", **{"epochs": 1, "service": address, **OPTIONS, **options})


def test_nobody_who_answers_is_named(diving_records):
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        port = taken.getsockname()[1]
    with refused("no_answer", f"--set=data.service=localhost:{port}"):
        videos(diving_records, "train", epochs=1, service=f"localhost:{port}", **OPTIONS)


@pytest.mark.slow
def test_the_command_starts_a_dispatcher_and_further_workers(diving_records, capsys):
    """Ended like any command: by a signal, with one line. No batch, whose colours vary, had to be made here."""

    def started(*arguments):
        command = [sys.executable, "-m", "scoringnet_tf.serve_data", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines = iter(process.stdout.readline, "")
        return process, next(line for line in lines if line.startswith("Working for ")).split()[-1].rstrip(".")

    first, address = started("--port=0")
    second, same = started(f"--dispatcher={address}")
    try:
        assert same == address
        assert_same(
            batches_of(diving_records, epochs=2, service=address, **OPTIONS),
            batches_of(diving_records, epochs=2, **OPTIONS),
        )
        assert not capsys.readouterr().err
    finally:
        for process in (second, first):
            process.terminate()
    for process in (second, first):
        _, said = process.communicate()
        assert process.returncode == 143 and "Traceback" not in said and "serve_data: " in said
