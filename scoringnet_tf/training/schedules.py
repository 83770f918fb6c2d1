"""Learning-rate schedules (§4.2)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class WarmupStepDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, then multiplication by `decay_rate` every `decay_steps` iterations.

    rate(t) = learning_rate · min(1, (t + 1) / warmup_steps) · decay_rate^⌊t / decay_steps⌋

    Args:
        learning_rate: §4.2 says "10e-4", literally 1e-3.
        decay_rate: 0.45 in §4.2.
        decay_steps: 600 iterations in §4.2; 0 never decays.
        warmup_steps: iterations; 0 (the paper) starts at the full rate.
    """

    def __init__(self, learning_rate=1e-3, decay_rate=0.45, decay_steps=600, warmup_steps=0):
        self.learning_rate = learning_rate
        self.decay_rate = decay_rate
        self.decay_steps = decay_steps
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rate = ops.convert_to_tensor(self.learning_rate, "float32")
        if self.decay_steps:
            rate = rate * self.decay_rate ** ops.floor(step / self.decay_steps)
        if self.warmup_steps:
            rate = rate * ops.minimum(1.0, (step + 1.0) / self.warmup_steps)
        return rate

    def get_config(self):
        names = ("learning_rate", "decay_rate", "decay_steps", "warmup_steps")
        return {name: getattr(self, name) for name in names}
