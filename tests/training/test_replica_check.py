"""What machines that train together compare before they do; `tests/distributed` has two that differ."""

import keras
import numpy as np
import pytest

from scoringnet_tf.training import same_start
from scoringnet_tf.training.replica_check import differences, start_of


def start(seed=0, epochs=40, factor=1.0):
    """Of a small model, whose weights are multiplied."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16), keras.layers.Dropout(0.5)])
    model.set_weights([factor * value for value in model.get_weights()])
    return start_of(model, epochs)


def test_the_same_start_is_no_difference():
    """Nor are the last digits, which machines of other processors sum otherwise; nor weights that are not finite."""
    assert differences(np.stack([start(), start(), start(factor=1 + 1e-6)])) == []
    assert differences(np.stack([start(factor=np.nan)] * 2)) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"epochs": 25}, "a checkpoint of epoch 25 instead of 40"),
        ({"seed": 1}, "other weights"),
        ({"factor": 1.001}, "other weights"),
        ({"factor": np.nan}, "other weights"),
        ({"epochs": 0, "seed": 1}, "a checkpoint of epoch 0 instead of 40 and other weights"),
    ],
    ids=str,
)
def test_each_machine_that_starts_from_something_else_is_named(other, said):
    found = differences(np.stack([start(), start(), start(**other), start(**other)]))
    assert found == [f"worker {worker} with {said}" for worker in (2, 3)]


def test_machines_of_other_versions_are_named(monkeypatch):
    """Of what computes a step; Python may be another."""
    installed = same_start.versions()
    starts = [start()]
    for changed in ({"python": "3.99"}, {"keras": "3.99"}):
        monkeypatch.setattr(same_start, "versions", lambda changed=changed: installed | changed)
        starts.append(start())
    assert differences(np.stack(starts)) == ["worker 2 with other versions of scoringnet_tf, tensorflow, keras"]
