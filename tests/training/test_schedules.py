"""The learning-rate schedule of §4.2 against its formula."""

import keras
import pytest

from scoringnet_tf.training.schedules import WarmupStepDecay


@pytest.mark.parametrize("step", [0, 1, 9, 10, 599, 600, 1199, 1200, 6000])
def test_formula(step):
    schedule = WarmupStepDecay(1e-3, decay_rate=0.45, decay_steps=600, warmup_steps=10)
    expected = 1e-3 * 0.45 ** (step // 600) * min(1.0, (step + 1) / 10)
    assert float(schedule(step)) == pytest.approx(expected, rel=1e-5)


def test_no_decay_no_warmup_is_constant_and_round_trips():
    schedule = WarmupStepDecay(1e-2, decay_steps=0)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert [float(again(step)) for step in (0, 10_000)] == pytest.approx([1e-2, 1e-2])
