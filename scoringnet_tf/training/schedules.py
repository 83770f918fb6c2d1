"""The learning-rate schedule that Keras lacks: a linear warm-up before any other one."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class LinearWarmup(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule, reached in a straight line: rate(t) = schedule(t) · min(1, (t + 1) / warmup_steps).

    The paper has none (§4.2).

    Args:
        schedule: the learning rate after the warm-up, a number or a schedule; its steps count from the start.
        warmup_steps: iterations until it is reached, at least 1.
    """

    def __init__(self, schedule: float | keras.optimizers.schedules.LearningRateSchedule, warmup_steps: int) -> None:
        if warmup_steps < 1:
            raise ValueError(f"Expected warmup_steps >= 1. Received: {warmup_steps}")
        self.schedule = schedule
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        rate = self.schedule(step) if callable(self.schedule) else self.schedule
        return rate * ops.minimum(1.0, (ops.cast(step, "float32") + 1.0) / self.warmup_steps)

    def get_config(self) -> dict[str, Any]:
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "warmup_steps": self.warmup_steps}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LinearWarmup":
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["warmup_steps"])
