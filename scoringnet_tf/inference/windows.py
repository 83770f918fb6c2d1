"""The vectors of one video of any length, piece by piece: no frame is read twice, and memory holds one piece.

A network is a chain of blocks (`models.backbones.blocks`). At the end of a piece each keeps the last steps that it saw,
with which the next piece begins, so that its results are those of the whole video. A network that is no such chain is a
single block: it computes the frames around a piece, as far as its `reach`, once more.
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.data.preprocessor import PATIENCE
from scoringnet_tf.models.backbones.blocks import Block
from scoringnet_tf.support.threads import overlapping

MAX_WINDOW = 256  # frames
ACTIVATIONS = 2**26  # numbers that come out of the largest layer for one window: 256 MiB
PIECE = 128  # frames of a piece of a chain: I3D computes 4 % twice; half as many would leave a block without results
MASK, GIVEN = tf.TensorSpec((1, None), tf.bool), tf.TensorSpec((), tf.int32)
STRETCH = 1024  # frames whose vectors are interpolated at a time

ContentOf: TypeAlias = Callable[[int, int], np.ndarray]  # frames or features [start, stop) as the model takes them


def windowed_vectors(
    trunk: Any, reach: int, window: int | None = None, every: int = 1
) -> Callable[[ContentOf, int], np.ndarray]:
    """A function of `ContentOf` and L: the vectors (⌈L / every⌉, D) of a video, piece by piece; it is traced once.

    Args:
        trunk: a `Backbone`, or another model of the same inputs, a vector a frame.
        reach: frames to either side that a vector depends on.
        window: frames of a piece, of a chain no fewer than `PIECE`; None: `PIECE` of a chain, `window_of` others.
        every: n, to keep every n-th vector.
    """
    stride, chain = getattr(trunk, "temporal_stride", 1), trunk.blocks() if hasattr(trunk, "blocks") else ()
    size = max(window or 1, PIECE) if chain else window or window_of(getattr(trunk, "model", trunk))
    size = -(-size // stride) * stride
    ends_of = _ends_function(trunk, chain or (_single(trunk, reach, stride),))
    network = trunk.vectors_of_steps() if chain else trunk
    vectors_of = _vectors_function(network, trunk.temporal_strides) if chain else _vectors_as_they_are

    def vectors(content_of, length):
        found, position = np.empty((-(-length // every), network.output.shape[-1]), np.float32), 0
        for part in vectors_of(ends_of(content_of, _pieces(length, size, stride)), length):
            kept = part[-position % every :: every]
            found[-(-position // every) :][: len(kept)] = kept
            position += len(part)
        return found

    return vectors


def window_of(network: keras.Model) -> int:
    """Frames that go through a network at a time, by what comes out of its largest layer for each."""
    shapes = [layer.output.shape for layer in network.layers if isinstance(layer.output, keras.KerasTensor)]
    sizes = [math.prod(shape[-3:]) for shape in shapes if len(shape) > 3 and None not in shape[-3:]]
    largest = max(sizes, default=ACTIVATIONS // MAX_WINDOW)
    return max(1, min(MAX_WINDOW, ACTIVATIONS // largest))


def _pieces(length, size, stride):
    """[start, stop) of pieces of a video, of nearly the same length, `size` at most, a multiple of `stride`."""
    number = -(-length // size)
    each = -(-length // (number * stride)) * stride
    return [(start, min(start + each, length)) for start in range(0, length, each)]


def _single(trunk, reach, stride):
    """A trunk as one block. Its steps are where they are in the whole video, and are interpolated with neighbours."""
    margin = (-(-reach // stride) + (stride > 1)) * stride
    return Block(keras.Model([trunk.input["frames"], trunk.input["mask"]], trunk.output), 1, margin, margin, 0)


# === From frames to the ends of a chain ===


def _ends_function(trunk, blocks):
    """A function of `ContentOf` and pieces that yields, for each, the steps of the ends of the blocks, (T, D)."""
    inputs, unit = [block.network.inputs[0] for block in blocks], math.prod(block.stride for block in blocks)
    specs = [tf.TensorSpec((1, None, *x.shape[2:]), x.dtype) for x in inputs]
    held_specs = [(x, MASK, GIVEN) for x in specs]

    @tf.function(input_signature=[specs[0], MASK, tf.TensorSpec((), tf.bool), held_specs], autograph=False)
    def of_piece(frames, mask, is_last, held):
        ends: list[Any] = []
        x, keeps = frames, []
        for block, state in zip(blocks, held, strict=True):
            x, mask, state = _through(block, x, mask, is_last, state)
            keeps.append(state)
            if block.end is not None:
                ends.append(x if len(blocks) == 1 else trunk.steps(block.end, x))
        return ends, keeps

    def ends_of(content_of, pieces):
        held = [(tf.zeros((1, 0, *x.shape[2:]), x.dtype), tf.zeros((1, 0), tf.bool), 0) for x in inputs]
        contents = overlapping(lambda piece: content_of(*piece), pieces, threads=1, ahead=1)
        progress = tqdm(contents, "Segmenting", len(pieces), unit="window", delay=PATIENCE, leave=False, disable=None)
        for (_, stop), frames in zip(pieces, progress, strict=True):
            padding = (0, -len(frames) % unit)  # of the last piece
            mask = np.pad(np.ones((1, len(frames)), bool), ((0, 0), padding))
            frames = np.pad(frames, (padding, *[(0, 0)] * 3))[np.newaxis]
            ends, held = of_piece(frames, mask, stop == pieces[-1][1], held)
            yield [end[0].numpy() for end in ends]

    return ends_of


def _through(block, x, mask, is_last, held):
    """(x and mask after a block, what it keeps: x, mask, and how many of its first results have been given before)."""
    if not (block.before or block.after) and block.stride == 1:
        return block.network([x, mask], training=False), mask, held
    x, mask, given = tf.concat([held[0], x], axis=1), tf.concat([held[1], mask], axis=1), held[2]
    steps = tf.shape(mask)[1] // block.stride
    whole = steps * block.stride
    results = block.network([x[:, :whole], mask[:, :whole]], training=False)
    stop = tf.maximum(steps - tf.where(is_last, 0, block.after), given)
    again = tf.minimum(stop, block.before)
    first = (stop - again) * block.stride
    masks = mask[:, : whole : block.stride]
    return results[:, given:stop], masks[:, given:stop], (x[:, first:], mask[:, first:], again)


# === From these to a vector for every frame ===


def _vectors_as_they_are(ends, length):
    """Yields the vectors of a single block."""
    return (vectors for (vectors,) in ends)


def _vectors_function(network, strides):
    """A function of the ends of pieces and L that yields vectors (T, D), so many at a time that they need no memory."""
    stride = max(strides)
    specs = [tf.TensorSpec((1, None, x.shape[-1]), tf.float32) for x in network.inputs[:-1]]

    @tf.function(input_signature=[specs, MASK], autograph=False)
    def interpolated(steps, mask):
        return network([*steps, mask], training=False)

    def vectors_of(ends, length):
        steps = [np.concatenate(end) for end in zip(*ends, strict=True)]
        for start in range(0, length, STRETCH):
            stop = min(start + STRETCH, length)
            first, last = max(start - stride, 0), min(stop + stride, length)
            near = [each[np.newaxis, first // s : -(-last // s)] for each, s in zip(steps, strides, strict=True)]
            yield interpolated(near, np.ones((1, last - first), bool))[0].numpy()[start - first : stop - first]

    return vectors_of
