"""KFS over a video of any length, window by window, at a memory that hardly grows with it (§3.1).

C3D sees no further than `REACH` frames to either side, so the features of a window are those of the whole video if as
many frames are added at both ends. The Bi-LSTM sees everything: its forward half runs through the windows from the
first to the last and carries its state on, its backward half from the last to the first. Nothing is cut off: the result
is that of the whole video, to rounding. How far the Bi-LSTM sees is up to its weights: `data.preprocessor.OVERLAP` is
more than twice what was measured of the models that ship.

What is kept of every frame is its feature vector, its mean and the output of the forward half: 1.5 KB for the models
that ship, 36 KB for 112×112 at full width. C3D's activations are those of one window: 0.1 and 0.6 GiB.
"""

import collections.abc
import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tqdm import tqdm

from scoringnet_tf.data.preprocessor import PATIENCE
from scoringnet_tf.models.backbones.c3d import ENDPOINTS
from scoringnet_tf.models.lstm import Recurrence
from scoringnet_tf.models.segmentation import KeyFragmentSegmenter, channel_means

REACH = sum(name.startswith("conv") for name in ENDPOINTS)  # frames: one for each convolution of three
MAX_WINDOW = 256  # frames
ACTIVATIONS = 2**26  # numbers that come out of conv1a, the largest layer, for one window: 256 MiB


def windowed_segmenter(
    segmenter: KeyFragmentSegmenter, window: int | None = None
) -> "WindowedSegmenter | WindowedVectors":
    """A function of `frames_of` and the number of frames, see `WindowedSegmenter`, for any `KeyFragmentSegmenter`."""
    kind = WindowedSegmenter if segmenter.network == "c3d_bi_lstm" else WindowedVectors
    return kind(segmenter, window)


class WindowedVectors:
    """The stages that a `KeyFragmentSegmenter` without a Bi-LSTM finds in one video of any length.

    The vectors of frames come from windows; what reads them, if anything does, sees all of them at once.

    Args:
        segmenter, window: as of `WindowedSegmenter`.
    """

    def __init__(self, segmenter: KeyFragmentSegmenter, window: int | None = None) -> None:
        self.window = window or _window(segmenter)
        vectors = segmenter.get_layer("flatten").output
        trunk = keras.Model(segmenter.input, vectors)
        reader = keras.Model([vectors, segmenter.input["mask"]], segmenter.output)
        frames = tf.TensorSpec((1, *segmenter.input["frames"].shape[1:]), tf.uint8)

        @tf.function(input_signature=[frames], autograph=False)
        def vectors_of(frames):
            return trunk({"frames": frames, "mask": tf.ones(tf.shape(frames)[:2], tf.bool)}, training=False)

        @tf.function(input_signature=[tf.TensorSpec((1, None, vectors.shape[-1]), tf.float32)], autograph=False)
        def stages_of(vectors):
            return reader([vectors, tf.ones(tf.shape(vectors)[:2], tf.bool)], training=False)

        self._vectors_of, self._stages_of, self._channels = vectors_of, stages_of, segmenter.channels

    def __call__(
        self, frames_of: collections.abc.Callable[[int, int], np.ndarray], num_frames: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Stage probabilities (L, S) and features (L, D), as of `WindowedSegmenter`, whose arguments it has."""
        parts = [
            self._vectors_of(frames_of(first, last)[np.newaxis])[:, start - first : stop - first]
            for start, stop, first, last in _spans(num_frames, self.window)
        ]
        vectors = tf.concat(parts, axis=1)
        return self._stages_of(vectors).numpy()[0], channel_means(vectors, self._channels).numpy()[0]


class WindowedSegmenter:
    """The stages that a `KeyFragmentSegmenter` finds in one video of any length.

    Its functions are traced once, and share the variables of the segmenter.

    Args:
        segmenter: `KeyFragmentSegmenter`.
        window: frames that go through C3D at a time; None for as many as `ACTIVATIONS` and `MAX_WINDOW` allow: 256 for
            the models that ship, 83 for 112×112 at full width.
    """

    def __init__(self, segmenter: KeyFragmentSegmenter, window: int | None = None) -> None:
        self.window = window or _window(segmenter)
        bi_lstm, vectors = segmenter.get_layer("bi_lstm"), segmenter.get_layer("flatten").output
        means = channel_means(vectors, segmenter.channels)
        trunk = keras.Model(segmenter.input, [vectors, means])
        classifier = keras.Model(bi_lstm.output, segmenter.output)
        forward, backward = _carrying_state(bi_lstm.forward_layer), _carrying_state(bi_lstm.backward_layer)
        units = bi_lstm.forward_layer.units

        def spec(*shape, dtype=tf.float32):
            return tf.TensorSpec((1, *shape), dtype)

        state = [spec(units)] * 2
        frames = spec(*segmenter.input["frames"].shape[1:], dtype=tf.uint8)

        @tf.function(input_signature=(frames, *[tf.TensorSpec((), tf.int32)] * 2, state), autograph=False)
        def ahead(frames, start, stop, state):
            inputs = {"frames": frames, "mask": tf.ones(tf.shape(frames)[:2], tf.bool)}
            features, means = (each[:, start:stop] for each in trunk(inputs, training=False))
            outputs, *state = forward(features, state)
            return means, features, outputs, state

        @tf.function(input_signature=(spec(None, vectors.shape[-1]), spec(None, units), state), autograph=False)
        def back(features, outputs_ahead, state):
            outputs, *state = backward(features, state)
            both = tf.concat([outputs_ahead, tf.reverse(outputs, [1])], axis=-1)
            return classifier(both, training=False), state

        self._ahead, self._back = ahead, back
        self._start = [tf.zeros((1, units))] * 2

    def __call__(
        self, frames_of: collections.abc.Callable[[int, int], np.ndarray], num_frames: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Stage probabilities (L, S) and features (L, D), float32, as of `KeyFragmentSegmenter.with_features`.

        Args:
            frames_of: gives the frames [start, stop) as the model takes them, uint8 (stop − start, H, W, 3).
            num_frames: L.
        """
        kept, seen, state = [], [], self._start
        for start, stop, first, last in _spans(num_frames, self.window):
            found = self._ahead(frames_of(first, last)[np.newaxis], start - first, stop - first, state)
            means, *vectors, state = found
            seen.append(means.numpy()[0])
            kept.append(vectors)
        probabilities, state = [], self._start
        while kept:
            found, state = self._back(*kept.pop(), state)
            probabilities.append(found.numpy()[0])
        return np.concatenate(probabilities[::-1]), np.concatenate(seen)


def _spans(num_frames, window):
    """(start, stop, first and last frame that C3D sees of it) of every window, with a progress bar."""
    spans = [(start, min(start + window, num_frames)) for start in range(0, num_frames, window)]
    for start, stop in tqdm(spans, "Segmenting", unit="window", delay=PATIENCE, leave=False, disable=None):
        yield start, stop, max(start - REACH, 0), min(stop + REACH, num_frames)


def _window(segmenter):
    part, layer = ("resnet50", "conv1_conv") if segmenter.network == "resnet50" else ("c3d", "conv1a")
    per_frame = math.prod(segmenter.get_layer(part).get_layer(layer).output.shape[-3:])
    return max(1, min(MAX_WINDOW, ACTIVATIONS // per_frame))


def _carrying_state(lstm):
    """The same LSTM, the same variables, as a function that takes a state and also returns it."""
    recurrence = Recurrence(lstm.cell)
    loop = layers.RNN(
        recurrence, return_sequences=True, return_state=True, go_backwards=lstm.go_backwards, dtype="float32"
    )
    return lambda sequences, state: loop(recurrence.gates_of(sequences), initial_state=state)
