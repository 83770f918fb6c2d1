"""Several devices share a batch and learn what one would from the whole of it."""

import csv
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from training_runs import settings

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support import replicas
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.scoring import ScoringRun
from scoringnet_tf.training.strategy import shared

SCRIPT = pathlib.Path(__file__).with_name("replica_run.py")


@pytest.fixture
def trained(diving_records, tmp_path):
    """A function of a folder's name, replicas and the epoch of a kill: trains; the logged figures, and weights."""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])}

    def run(name, number, *killed_at):
        folder = tmp_path / name
        command = [sys.executable, SCRIPT, diving_records, folder, number, *killed_at]
        done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        assert f"Replicas: {number}, which share each batch of 4." in done.stdout or number == 1
        if killed_at:
            return None
        with (folder / "joint.csv").open(newline="") as file:
            figures = [[float(value) for value in row.values()] for row in csv.DictReader(file)]
        return np.array(figures), list(np.load(folder / "weights.npz").values())

    return run


@pytest.mark.slow
def test_1_2_and_4_replicas_end_with_the_same_weights(trained):
    """Pairs of the whole batch, its clipping, its average; a run goes on with another number of them."""
    figures, weights = trained("one", 1)
    trained("several", 4, 2)
    found_figures, found_weights = trained("several", 2)
    for found, expected in zip(found_weights, weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found_figures, figures, rtol=1e-3, atol=1e-4)


def test_a_batch_that_does_not_divide_is_filled_with_what_weighs_nothing():
    batches = tf.data.Dataset.from_tensor_slices(({"x": np.arange(5)}, {"y": np.arange(5) * 10})).batch(4)
    found = [(inputs["x"], targets["y"], weights) for inputs, targets, weights in shared(batches, 2)]
    assert [part.numpy().tolist() for part in found[0]] == [[0, 1, 2, 3], [0, 10, 20, 30], [1, 1, 1, 1]]
    assert [part.numpy().tolist() for part in found[1]] == [[4, 4], [40, 40], [1, 0]]
    assert [weights.numpy().tolist() for *_, weights in shared(batches, 3)] == [[1, 1, 1, 1, 0, 0], [1, 0, 0]]
    assert shared(batches, 1) is batches


def test_alone_nothing_is_gathered_or_summed():
    values = {"a": np.ones(2), "b": None}
    assert replicas.number() == 1
    assert replicas.gathered(values) is values
    assert replicas.summed([None, values["a"]]) == [None, values["a"]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 3}, r"--replicas=4: expected at most one for each video of a batch \(--batch_size=3\)"),
        ({"batch_size": 4, "accumulation_steps": 2}, "--accumulation_steps=2: expected 1, for Keras does not"),
    ],
)
def test_what_several_replicas_cannot_do_is_refused(changes, message, diving_records, tmp_path, monkeypatch):
    class Four:
        num_replicas_in_sync = 4

    monkeypatch.setattr("scoringnet_tf.training.run.strategy_of", lambda number: Four)
    with pytest.raises(InputError, match=message):
        ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, replicas=4, **changes))
