"""Adam with the schedule of §4.2, clipping and loss scaling, as the settings of a run say."""

import keras

from scoringnet_tf.training.schedules import WarmupStepDecay


def make_optimizer(settings, dtype, slow_variables=()):
    """The optimizer for a model of dtype policy `dtype`; float16 gradients need a scaled loss."""
    rate = WarmupStepDecay(*(settings[name] for name in ("learning_rate", "decay_rate", "decay_steps", "warmup_steps")))
    optimizer = keras.optimizers.Adam(rate, global_clipnorm=settings["clip_norm"] or None)
    return keras.optimizers.LossScaleOptimizer(optimizer) if dtype == "mixed_float16" else optimizer
