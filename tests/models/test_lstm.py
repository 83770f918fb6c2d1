"""The LSTM of KFS against a loop in NumPy and against Keras's own."""

import numpy as np
import pytest

from scoringnet_tf.models.lstm import LSTM

UNITS, INPUTS, LENGTH = 3, 5, 7
MASK = np.array([[True] * LENGTH, [True] * 4 + [False] * 3])
FRAMES = np.random.default_rng(0).normal(size=(2, LENGTH, INPUTS)).astype("float32")


def built(kind, **kwargs):
    """A layer with the same random weights, biases as well, whatever its class."""
    layer = kind(UNITS, return_sequences=True, **kwargs)
    layer.build((None, None, INPUTS))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=value.shape, scale=0.7) for value in layer.get_weights()])
    return layer


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(weights, frames, mask):
    """Hochreiter and Schmidhuber's cell with a forget gate, frame by frame, unit by unit; a masked frame is skipped."""
    kernel, recurrent, bias = (np.float64(value) for value in weights)
    hidden, carry, outputs = np.zeros(UNITS), np.zeros(UNITS), []
    for frame, real in zip(frames, mask, strict=True):
        if real:
            before = hidden.copy()
            for unit in range(UNITS):
                into, forget, new, out = (
                    frame @ kernel[:, gate * UNITS + unit]
                    + before @ recurrent[:, gate * UNITS + unit]
                    + bias[gate * UNITS + unit]
                    for gate in range(4)
                )
                carry[unit] = sigmoid(forget) * carry[unit] + sigmoid(into) * np.tanh(new)
                hidden[unit] = sigmoid(out) * np.tanh(carry[unit])
        outputs.append(hidden.copy())
    return np.array(outputs)


@pytest.mark.parametrize("backwards", [False, True])
def test_equals_a_loop_over_frames_and_units(backwards):
    layer = built(LSTM, go_backwards=backwards)
    step = -1 if backwards else 1
    found = layer(FRAMES, mask=MASK)
    for row in range(2):
        expected = by_hand(layer.get_weights(), FRAMES[row, ::step], MASK[row, ::step])
        np.testing.assert_allclose(found[row], expected, rtol=0, atol=1e-6)
