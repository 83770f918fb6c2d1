"""What machines that train together compare before they do; `tests/distributed` has two that differ."""

import keras
import numpy as np
import pytest

from scoringnet_tf.training.replica_check import differences, start_of
from scoringnet_tf.training.run_record import versions


def start(seed=0, epochs=40, factor=1.0, **packages):
    """Of a small model, whose weights are multiplied, on a machine with these versions."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16), keras.layers.Dropout(0.5)])
    model.set_weights([factor * value for value in model.get_weights()])
    return start_of(model, epochs, versions() | packages)


def test_the_same_start_is_no_difference():
    """Nor are the last digits, which machines of other processors sum otherwise; nor weights that are not finite."""
    assert differences(np.stack([start(), start(), start(factor=1 + 1e-6), start(python="3.99")])) == {}
    assert differences(np.stack([start(factor=np.nan)] * 2)) == {}


@pytest.mark.parametrize(
    ("other", "kinds"),
    [
        ({"epochs": 25}, ["epoch"]),
        ({"seed": 1}, ["weights"]),
        ({"factor": 1.001}, ["weights"]),
        ({"factor": np.nan}, ["weights"]),
        ({"epochs": 0, "seed": 1}, ["epoch", "weights"]),
        ({"keras": "3.99"}, ["versions"]),
    ],
    ids=str,
)
def test_each_machine_that_starts_from_something_else_is_named(other, kinds):
    assert differences(np.stack([start(), start(), start(**other), start(**other)])) == {2: kinds, 3: kinds}
