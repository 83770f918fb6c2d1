"""The scale of a loss whose gradients are float16, with which small ones do not vanish."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from scoringnet_tf.support import replicas


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class LossScaleOptimizer(keras.optimizers.LossScaleOptimizer):
    """Keras's, for gradients that the optimizer inside it sums over replicas: finite is what is so on all of them."""

    def check_finite(self, grads: Sequence[Any]) -> Any:
        overflowed = ops.cast(ops.logical_not(super().check_finite(grads)), "float32")
        return ops.equal(replicas.summed([overflowed])[0], 0)
