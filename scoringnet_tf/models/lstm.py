"""The LSTM of §3.1's Bi-LSTM, with the part of its gates that asks for no state taken out of the loop over frames."""

from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf.support.errors import InputError


class Recurrence:
    """A cell for `keras.layers.RNN`: what an `LSTMCell` does with a frame once `gates_of` has seen it.

    Args:
        cell: the cell whose variables it takes, built before it is called.
    """

    def __init__(self, cell: layers.LSTMCell) -> None:
        self.cell = cell
        self.state_size, self.output_size, self.compute_dtype = cell.state_size, cell.output_size, cell.compute_dtype

    def gates_of(self, sequences: Any) -> Any:
        """What the frames (B, L, D) add to the four gates before their activations, (B, L, 4 units).

        In one product for all frames. In the loop there is one for each, and for its gradient a sum over frames of what
        is as large as the kernel: of 8,192 inputs at full width, four fifths of the Bi-LSTM's time in a training step.
        """
        return ops.matmul(sequences, self.cell.kernel) + self.cell.bias

    def call(self, gates: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Output (B, units) and the next states, those of Keras's `LSTMCell`: input, forget, cell and output gate."""
        hidden, carry = states
        cell = self.cell
        inputs, forget, new, outputs = ops.split(gates + ops.matmul(hidden, cell.recurrent_kernel), 4, axis=-1)
        carry = cell.recurrent_activation(forget) * carry + cell.recurrent_activation(inputs) * cell.activation(new)
        hidden = cell.recurrent_activation(outputs) * cell.activation(carry)
        return hidden, [hidden, carry]

    __call__ = call


class _GatesFirst(layers.RNN):
    """The loop of `LSTM`, where Keras has no kernel of cuDNN to run instead: `layers.LSTM` asks its parent for it."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        recurrence = Recurrence(self.cell)
        settings = ("return_sequences", "go_backwards", "stateful", "unroll", "zero_output_for_mask")
        loop = layers.RNN(recurrence, name="recurrence", **{name: getattr(self, name) for name in settings})
        return loop.inner_loop(recurrence.gates_of(sequences), initial_state, mask, training)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class LSTM(layers.LSTM, _GatesFirst):
    """Keras's LSTM: the same variables, and to rounding the same outputs and gradients, in less time.

    Args:
        units: of the hidden state and of the outputs.
        kwargs: of `keras.layers.LSTM`, but dropout, which acts on what enters each product.

    Raises:
        InputError: dropout, or no bias (`wrong_value`).
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        if self.dropout or self.recurrent_dropout or not self.cell.use_bias:
            raise InputError("wrong_value", f"This LSTM has a bias and no dropout; {kwargs} ask for something else.")
