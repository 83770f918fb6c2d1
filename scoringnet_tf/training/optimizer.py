"""Adam with the schedule of §4.2, clipping, accumulation and loss scaling, as the settings of a run say."""

import re

import keras

from scoringnet_tf.models.c3d import ENDPOINTS
from scoringnet_tf.training import schedules  # as a module: importing Keras registers both

TRUNK = rf"(^|/)({'|'.join(name for name in ENDPOINTS if name.startswith('conv'))})/"  # paths of C3D's variables


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class LayerwiseAdam(keras.optimizers.Adam):
    """Adam with a factor on the learning rate of some layers: a pretrained trunk moves more slowly than what is new.

    A step of Adam is proportional to its learning rate, so a variable with the factor f moves by f times its step.

    Args:
        learning_rate: number or schedule, of the variables without a factor.
        rate_factors: regular expression → factor of the variables whose `path` it is found in; the first that fits.
        kwargs: of `keras.optimizers.Adam`, all but `weight_decay`.

    Raises:
        ValueError: `weight_decay` was given; on building, an expression fits no variable.
    """

    def __init__(self, learning_rate=0.001, rate_factors=None, name="adam", **kwargs):
        super().__init__(learning_rate, name=name, **kwargs)
        if self.weight_decay:  # Keras would subtract it at the full rate; β of Eqs. 8 and 9 is in the loss.
            raise ValueError(f"Expected no weight_decay: it knows no rate_factors. Received: {self.weight_decay}")
        self.rate_factors = dict(rate_factors or {})

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        unused = [part for part in self.rate_factors if not any(re.search(part, v.path) for v in var_list)]
        if unused:
            raise ValueError(f"Expected rate_factors to fit a variable each. Received: {', '.join(unused)}")
        self._factors = tuple(self._factor(variable.path) for variable in var_list)

    def _factor(self, path):
        return next((factor for part, factor in self.rate_factors.items() if re.search(part, path)), 1.0)

    def update_step(self, gradient, variable, learning_rate):
        factor = self._factors[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * factor)

    def get_config(self):
        return {**super().get_config(), "rate_factors": self.rate_factors}


def learning_rate(settings):
    """The rate at every batch of a run: §4.2's, multiplied by 0.45 every 600 iterations, after a warm-up if any.

    Settings count updates; Keras asks its schedules by batches, of which `accumulation_steps` make an update.
    """
    rate, batches = settings["learning_rate"], settings["accumulation_steps"]
    if settings["decay_steps"]:
        decay_steps = settings["decay_steps"] * batches
        rate = keras.optimizers.schedules.ExponentialDecay(rate, decay_steps, settings["decay_rate"], staircase=True)
    return schedules.LinearWarmup(rate, settings["warmup_steps"] * batches) if settings["warmup_steps"] else rate


def make_optimizer(settings, dtype, trunk_rate=1.0):
    """The optimizer of a run.

    Args:
        settings: of flags; read are learning_rate, decay_rate, decay_steps, warmup_steps, clip_norm and
            accumulation_steps.
        dtype: dtype policy of the model; float16 gradients need a scaled loss.
        trunk_rate: factor on the learning rate of every C3D, below 1 to spare pretrained ones.

    Returns:
        A `LayerwiseAdam`, inside a `keras.optimizers.LossScaleOptimizer` for "mixed_float16".
    """
    batches = settings["accumulation_steps"]
    optimizer = LayerwiseAdam(
        learning_rate(settings),
        rate_factors={TRUNK: trunk_rate} if trunk_rate != 1 else None,
        global_clipnorm=settings["clip_norm"] or None,
        gradient_accumulation_steps=batches if batches > 1 else None,
    )
    return keras.optimizers.LossScaleOptimizer(optimizer) if dtype == "mixed_float16" else optimizer
