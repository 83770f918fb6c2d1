"""§3.1's Bi-LSTM: what its gates need no state for is computed before the loop over frames."""

from typing import Any

import keras
from keras import layers, ops


class Recurrence:
    """A cell for `keras.layers.RNN`: what a built `LSTMCell` does with a frame after `gates_of`."""

    def __init__(self, cell: layers.LSTMCell) -> None:
        self.cell = cell
        self.state_size, self.output_size, self.compute_dtype = cell.state_size, cell.output_size, cell.compute_dtype

    def gates_of(self, sequences: Any) -> Any:
        """What the frames (B, L, D) add to the four gates before their activations, (B, L, 4 units).

        One product for all frames. A product per frame takes five times as long in a training step at full width.
        """
        return ops.matmul(sequences, self.cell.kernel) + self.cell.bias

    def call(self, gates: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Output (B, units) and the next states, as in Keras's `LSTMCell`: input, forget, cell and output gate."""
        hidden, carry = states
        cell = self.cell
        inputs, forget, new, outputs = ops.split(gates + ops.matmul(hidden, cell.recurrent_kernel), 4, axis=-1)
        carry = cell.recurrent_activation(forget) * carry + cell.recurrent_activation(inputs) * cell.activation(new)
        hidden = cell.recurrent_activation(outputs) * cell.activation(carry)
        return hidden, [hidden, carry]

    __call__ = call


class _GatesFirst(layers.RNN):
    """`LSTM`'s loop without cuDNN: `layers.LSTM` asks its parent for it."""

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        recurrence = Recurrence(self.cell)
        settings = ("return_sequences", "go_backwards", "stateful", "unroll", "zero_output_for_mask")
        loop = layers.RNN(recurrence, name="recurrence", **{name: getattr(self, name) for name in settings})
        return loop.inner_loop(recurrence.gates_of(sequences), initial_state, mask, training)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class LSTM(layers.LSTM, _GatesFirst):
    """Keras's LSTM in less time, with a bias and without dropout: the same outputs and gradients, to rounding."""
