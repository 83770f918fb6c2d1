"""Adam with §4.2's schedule, clipping, accumulation, averaging and loss scaling, as a configuration says."""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
from keras import ops

from scoringnet_tf import defaults
from scoringnet_tf.models.loss_terms import LossScaleOptimizer
from scoringnet_tf.support import replicas
from scoringnet_tf.training.config import Optimizer


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class LayerwiseAdam(keras.optimizers.Adam):
    """Adam with a factor on each variable's learning rate: a pretrained trunk moves more slowly than what is new.

    Adam's step is proportional to its learning rate, so a variable with the factor f moves by f times its step. With
    `use_ema` the average starts at the first update's weights, and takes in every later update's.

    Args:
        learning_rate: number or schedule, for variables with a factor of 1.
        rate_factors: one for each variable that it will be built with, in their order; None: 1 for all.
        kwargs: as `keras.optimizers.Adam`, all but `weight_decay`.

    Raises:
        ValueError: `weight_decay` was given; on building, there are more or fewer variables than factors.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = defaults.LEARNING_RATE,
        rate_factors: Iterable[float] | None = None,
        name: str = "adam",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name=name, **kwargs)
        if self.weight_decay:  # Keras would subtract it at the full rate; β of Eqs. 8 and 9 is in the loss.
            raise ValueError("weight_decay does not know rate_factors.")
        self.rate_factors = None if rate_factors is None else tuple(rate_factors)

    def build(self, var_list: Sequence[keras.Variable]) -> None:
        if self.built:
            return
        if self.rate_factors is not None and len(self.rate_factors) != len(var_list):
            raise ValueError(f"{len(self.rate_factors)} rate_factors are not those of {len(var_list)} variables.")
        super().build(var_list)
        if self.use_ema:  # Keras's are zeros until the first update, which float16 may skip
            for variable, average in zip(var_list, self._model_variables_moving_average, strict=True):
                average.assign(variable)

    def apply(self, grads: Any, trainable_variables: Sequence[keras.Variable] | None = None) -> None:
        super().apply(replicas.summed(grads), trainable_variables)

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        """Nothing is left to sum: `apply` did, for Keras would clip and accumulate each replica's gradient."""
        return grads_and_vars

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Adam's step (Kingma and Ba, end of §2) in one TensorFlow operation; Keras writes several."""
        index = self._get_variable_index(variable)
        if self.rate_factors is not None:
            learning_rate = learning_rate * self.rate_factors[index]
        if self.amsgrad or keras.config.backend() != "tensorflow":
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        dtype, step = variable.dtype, tf.cast(self.iterations + 1, variable.dtype)
        betas = [tf.cast(beta, dtype) for beta in (self.beta_1, self.beta_2)]
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(betas[0], step),
            beta2_power=tf.pow(betas[1], step),
            lr=tf.cast(learning_rate, dtype),
            beta1=betas[0],
            beta2=betas[1],
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )

    def _update_model_variables_moving_average(self, trainable_variables: Sequence[keras.Variable]) -> None:
        """Once for an update: Keras's would average once for every accumulated batch."""
        average = super()._update_model_variables_moving_average
        if not self.gradient_accumulation_steps:
            average(trainable_variables)
            return
        updated = (self._iterations + 1) % self.gradient_accumulation_steps == 0
        ops.cond(updated, lambda: average(trainable_variables), lambda: None)

    def swap_averages(self) -> None:
        """Exchanges the variables and their moving averages, to the bit; needs `use_ema`."""
        for variable, average in zip(self._trainable_variables, self._model_variables_moving_average, strict=True):
            value = ops.convert_to_numpy(variable)
            variable.assign(average)
            average.assign(value)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate_factors": self.rate_factors}


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
            raise ValueError(f"warmup_steps must be at least 1, not {warmup_steps}.")
        self.schedule, self.warmup_steps = schedule, warmup_steps

    def __call__(self, step: Any) -> Any:
        rate = self.schedule(step) if callable(self.schedule) else self.schedule
        return rate * ops.minimum(1.0, (ops.cast(step, "float32") + 1.0) / self.warmup_steps)

    def get_config(self) -> dict[str, Any]:
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "warmup_steps": self.warmup_steps}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LinearWarmup":
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["warmup_steps"])


def learning_rate(config: Optimizer) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The rate at every batch: §4.2's, multiplied by 0.45 every 600 iterations, after a warm-up if any.

    A configuration counts updates; Keras asks its schedules by batches, of which `accumulation_steps` make an update.
    """
    rate, batches = config.learning_rate, config.accumulation_steps
    if config.decay_steps:
        decay_steps = config.decay_steps * batches
        rate = keras.optimizers.schedules.ExponentialDecay(rate, decay_steps, config.decay_rate, staircase=True)
    return LinearWarmup(rate, config.warmup_steps * batches) if config.warmup_steps else rate


def make_optimizer(
    config: Optimizer, dtype: str, rate_factors: Iterable[float] | None = None
) -> LayerwiseAdam | LossScaleOptimizer:
    """A run's optimizer, for a model of this dtype policy; float16 gradients need a scaled loss."""
    batches, momentum = config.accumulation_steps, config.ema_momentum
    optimizer = LayerwiseAdam(
        learning_rate(config),
        rate_factors,
        global_clipnorm=config.clip_norm or None,
        gradient_accumulation_steps=batches if batches > 1 else None,
        use_ema=momentum > 0,
        ema_momentum=momentum,
    )
    return LossScaleOptimizer(optimizer) if dtype == "mixed_float16" else optimizer
