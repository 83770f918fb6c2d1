"""The warm-up against its formula, before a number and before a schedule of Keras."""

import keras
import pytest

from scoringnet_tf.training.schedules import LinearWarmup

HALVING = keras.optimizers.schedules.ExponentialDecay(0.2, 4, 0.5, staircase=True)


@pytest.mark.parametrize("step", range(12))
@pytest.mark.parametrize("schedule", [0.2, HALVING], ids=["number", "schedule"])
def test_formula(schedule, step):
    decay = 1.0 if schedule == 0.2 else 0.5 ** (step // 4)
    expected = 0.2 * decay * min(1.0, (step + 1) / 7)
    assert float(LinearWarmup(schedule, 7)(step)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("schedule", [0.2, HALVING, LinearWarmup(HALVING, 3)], ids=["number", "schedule", "nested"])
def test_round_trip(schedule):
    warmup = LinearWarmup(schedule, 7)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(warmup))
    assert [float(again(step)) for step in range(12)] == [float(warmup(step)) for step in range(12)]


def test_no_warmup_is_no_schedule():
    with pytest.raises(ValueError, match=r"Expected warmup_steps >= 1\. Received: 0"):
        LinearWarmup(0.1, 0)
