"""What TensorFlow has as one operation where Keras writes several, each of which reads and writes a whole variable."""

from typing import Any

import tensorflow as tf


def adam_step(
    variable: Any, momentum: Any, velocity: Any, gradient: Any, *, step: Any, rate: Any, betas: Any, epsilon: float
) -> None:
    """A step of Adam (Kingma and Ba, end of §2), as `keras.optimizers.Adam.update_step` takes it.

    It changes the variable, its momentum and its velocity.

    Args:
        variable: TensorFlow's.
        momentum, velocity: Keras variables of its shape.
        gradient: of its shape.
        step: number of the update, from 1.
        rate: the learning rate.
        betas: β₁ and β₂.
        epsilon: beside the root of the velocity.
    """
    dtype = variable.dtype
    betas = [tf.cast(beta, dtype) for beta in betas]
    powers = [tf.pow(beta, tf.cast(step, dtype)) for beta in betas]
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=momentum.value.handle,
        v=velocity.value.handle,
        beta1_power=powers[0],
        beta2_power=powers[1],
        lr=tf.cast(rate, dtype),
        beta1=betas[0],
        beta2=betas[1],
        epsilon=tf.cast(epsilon, dtype),
        grad=tf.cast(gradient, dtype),
    )
