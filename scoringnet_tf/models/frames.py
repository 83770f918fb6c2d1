"""Keras's functional model for frames: uint8, 0…255, RGB."""

from typing import Any

import keras

from scoringnet_tf.data.preprocessing import check_frames


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class Functional(keras.Model):  # of Keras's name: the paths of weights in a `.keras` file are made of class names
    """Keras's functional model, which refuses what is not uint8 for an input that is.

    Keras casts whatever it is given: frames in 0…1 or −1…1 would be black. The dtype is known in graphs and on every
    backend; NumPy arrays, tensors, datasets, `fit`, `evaluate` and `predict` all come through here.

    Raises:
        InputError: when it is called, with the code `frames_not_uint8`.

    Example:
    >>> frames = keras.Input((16, 112, 112, 3), dtype="uint8")
    >>> model = Functional(frames, keras.layers.Dense(1)(C3D(heads={})(frames)))  # doctest: +SKIP
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        expected = keras.tree.flatten(self.input)
        if isinstance(inputs, dict) and not isinstance(self.input, dict):  # which Keras takes by name
            inputs = [inputs[tensor.name] for tensor in expected]
        for tensor, given in zip(expected, keras.tree.flatten(inputs), strict=False):
            if tensor.dtype == "uint8":
                check_frames(given, tensor.name)
        return super().call(inputs, training=training, mask=mask)
