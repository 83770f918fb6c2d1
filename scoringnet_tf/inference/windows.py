"""A video's stages and features, block by block: no frame is read twice, memory holds one block.

A network is a chain with parts (`i3d.Block`). When a block ends each keeps the last steps that it saw,
with which the next block begins, so that its results are the whole video's. A network that is no such chain is a
single part: it computes the frames around a block, as far as its `reach`, once more. The stage head reads all
features at once.
"""

import math
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.models.backbones.i3d import Block
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.segmentation import channel_means

MAX_WINDOW = 256  # frames
ACTIVATIONS = 2**26  # numbers that come out of the largest layer for one window: 256 MiB
PIECE = 128  # frames of a block for a chain: I3D computes 4 % twice; half as many would leave a part without results
MASK, GIVEN = tf.TensorSpec((1, None), tf.bool), tf.TensorSpec((), tf.int32)
STRETCH = 1024  # frames whose vectors are interpolated at a time


class WindowedBackbone:
    """A video's vectors, float32 (⌈L / every⌉, D), from its frames in blocks; traced once.

    Args:
        trunk: a `Backbone`, or another model with the same inputs, a vector a frame.
        reach: frames to either side that a vector depends on.
        window: frames in a block, at least `PIECE` for a chain; None: `PIECE` for a chain, `window_of` for others.
        every: n, to keep every n-th vector.
    """

    def __init__(self, trunk: Any, reach: int, window: int | None = None, every: int = 1) -> None:
        self._stride = getattr(trunk, "temporal_stride", 1)
        chain = trunk.blocks() if hasattr(trunk, "blocks") else ()
        size = max(window or 1, PIECE) if chain else window or window_of(getattr(trunk, "model", trunk))
        self._size, self._every = -(-size // self._stride) * self._stride, every
        self._ends = _ends_function(trunk, chain or (_single(trunk, reach, self._stride),))
        network = trunk.vectors_of_steps() if chain else trunk
        self._dimensions = network.output.shape[-1]
        self._vectors = _vectors_function(network, trunk.temporal_strides) if chain else None

    def pieces(self, length: int) -> list[tuple[int, int]]:
        """Frames [start, stop) for each block in a video with `length` frames; blocks are nearly equal."""
        number = -(-length // self._size)
        each = -(-length // (number * self._stride)) * self._stride
        return [(start, min(start + each, length)) for start in range(0, length, each)]

    def __call__(self, blocks: Iterable[np.ndarray], length: int) -> np.ndarray:
        """A video's vectors.

        Args:
            blocks: uint8 (l, H, W, 3), the frames for each in `pieces`.
            length: frames in all.
        """
        vectors, position = np.empty((-(-length // self._every), self._dimensions), np.float32), 0
        ends = self._ends(blocks, length)
        for part in self._vectors(ends, length) if self._vectors else map(operator.itemgetter(0), ends):
            kept = part[-position % self._every :: self._every]
            vectors[-(-position // self._every) :][: len(kept)] = kept
            position += len(part)
        return vectors


class WindowedModel:
    """A video's stage probabilities (L, S) and features (L, D), from its blocks; None where a model has none.

    It is traced once, and shares the model's variables. Features are what the heads read, or as in
    `KeyFragmentSegmenter.with_features`; None if frames are read without KFS.

    Args:
        model: `ScoringNet`.
        window: frames that go through the backbone at a time; None: 256 for the shipped models, 83 for C3D with 112×112
            at full width, 128 for I3D.
    """

    def __init__(self, model: ScoringNet, window: int | None = None) -> None:
        kfs = model.segmenter
        self._backbone: WindowedBackbone | None = None
        self._stages: Callable[[np.ndarray], np.ndarray] | None = None
        self._channels, self._joints = None, model.joint_features
        if model.encoded == "features":
            if model.backbone is not None:
                self._backbone = WindowedBackbone(model.backbone, model.backbone.reach, window)
            if kfs is not None:
                self._stages = _stages_function(
                    lambda x, mask: kfs({"features": x, "mask": mask}, training=False), kfs.input["features"]
                )
        elif kfs is not None:
            vectors = kfs.get_layer("flatten").output
            network = kfs.get_layer("resnet50" if kfs.network == "resnet50" else "c3d")
            trunk, reach = keras.Model(kfs.input, vectors), getattr(network, "reach", 0)
            self._backbone = WindowedBackbone(trunk, reach, window or window_of(network))
            head = keras.Model([vectors, kfs.input["mask"]], kfs.output)
            self._stages = _stages_function(lambda x, mask: head([x, mask], training=False), vectors)
            self._channels = kfs.channels
        self._sees_nothing = model.encoded != "features" and kfs is None

    def pieces(self, length: int) -> list[tuple[int, int]]:
        """Frames [start, stop) for each block that a call takes from a video with `length` frames."""
        if self._sees_nothing:
            return []
        return [(0, length)] if self._backbone is None else self._backbone.pieces(length)

    def __call__(self, blocks: Iterable[np.ndarray], length: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        """(stage probabilities, features) for a video with `length` frames, from the `blocks` for its `pieces`."""
        if self._sees_nothing:
            return None, None
        features = next(iter(blocks)) if self._backbone is None else self._backbone(blocks, length)
        if self._joints is not None:
            features = self._joints(features[np.newaxis], np.ones((1, length), bool)).numpy()[0]
        stages = None if self._stages is None else self._stages(features)
        if self._channels is not None:
            features = channel_means(features[np.newaxis], self._channels).numpy()[0]
        return stages, features


def window_of(network: keras.Model) -> int:
    """Frames that go through a network at a time, by what its largest layer gives for each."""
    shapes = [layer.output.shape for layer in network.layers if isinstance(layer.output, keras.KerasTensor)]
    sizes = [math.prod(shape[-3:]) for shape in shapes if len(shape) > 3 and None not in shape[-3:]]
    largest = max(sizes, default=ACTIVATIONS // MAX_WINDOW)
    return max(1, min(MAX_WINDOW, ACTIVATIONS // largest))


def _stages_function(stages_of: Callable, vectors: Any) -> Callable[[np.ndarray], np.ndarray]:
    """A function from features (L, D) to stages (L, S), by one from `vectors` (B, L, D) and a mask."""

    @tf.function(input_signature=[tf.TensorSpec((1, None, vectors.shape[-1]), tf.float32)], autograph=False)
    def traced(features: tf.Tensor) -> tf.Tensor:
        return stages_of(features, tf.ones(tf.shape(features)[:2], tf.bool))

    return lambda features: traced(features[np.newaxis, :, : vectors.shape[-1]]).numpy()[0]


def _single(trunk: Any, reach: int, stride: int) -> Block:
    """A trunk as one part. Its steps are where they are in the whole video, and are interpolated with neighbours."""
    margin = (-(-reach // stride) + (stride > 1)) * stride
    return Block(keras.Model([trunk.input["frames"], trunk.input["mask"]], trunk.output), 1, margin, margin, 0)


# === From frames to the ends of a chain ===


def _ends_function(trunk: Any, parts: Iterable[Block]) -> Callable[[Iterable, int], Iterator[list[np.ndarray]]]:
    """A function from blocks and L that yields, for each block, the steps where parts end, (T, D)."""
    parts = tuple(parts)
    inputs, unit = [part.network.inputs[0] for part in parts], math.prod(part.stride for part in parts)
    specs = [tf.TensorSpec((1, None, *x.shape[2:]), x.dtype) for x in inputs]
    held_specs = [(x, MASK, GIVEN) for x in specs]

    @tf.function(input_signature=[specs[0], MASK, tf.TensorSpec((), tf.bool), held_specs], autograph=False)
    def of_block(frames: Any, mask: Any, is_last: Any, held: Any) -> tuple[list, list]:
        ends: list[Any] = []
        x, kept = frames, []
        for part, state in zip(parts, held, strict=True):
            x, mask, state = _through(part, x, mask, is_last, state)
            kept.append(state)
            if part.end is not None:
                ends.append(x if len(parts) == 1 else trunk.steps(part.end, x))
        return ends, kept

    def ends_of(blocks: Iterable[np.ndarray], length: int) -> Iterator[list[np.ndarray]]:
        held, position = [(tf.zeros((1, 0, *x.shape[2:]), x.dtype), tf.zeros((1, 0), tf.bool), 0) for x in inputs], 0
        for block in blocks:
            position += len(block)
            padding = (0, -len(block) % unit)  # of the last one
            mask = np.pad(np.ones((1, len(block)), bool), ((0, 0), padding))
            frames = np.pad(block, (padding, *[(0, 0)] * 3))[np.newaxis]
            ends, held = of_block(frames, mask, position == length, held)
            yield [end[0].numpy() for end in ends]

    return ends_of


def _through(part: Block, x: Any, mask: Any, is_last: Any, held: Any) -> tuple[Any, Any, Any]:
    """(x and mask after a part, what it keeps: x, mask, and how many first results have been given before)."""
    if not (part.before or part.after) and part.stride == 1:
        return part.network([x, mask], training=False), mask, held
    x, mask, given = tf.concat([held[0], x], axis=1), tf.concat([held[1], mask], axis=1), held[2]
    steps = tf.shape(mask)[1] // part.stride
    whole = steps * part.stride
    results = part.network([x[:, :whole], mask[:, :whole]], training=False)
    stop = tf.maximum(steps - tf.where(is_last, 0, part.after), given)
    again = tf.minimum(stop, part.before)
    first = (stop - again) * part.stride
    masks = mask[:, : whole : part.stride]
    kept = tf.expand_dims(tf.squeeze(results, 0)[given:stop], 0)  # along the first axis nothing is copied
    return kept, masks[:, given:stop], (x[:, first:], mask[:, first:], again)


# === From these to a vector for every frame ===


def _vectors_function(network: keras.Model, strides: Iterable[int]) -> Callable[[Iterator, int], Iterator[np.ndarray]]:
    """A function from block ends and L that yields vectors (T, D), so many at a time that they need no memory."""
    stride = max(strides)
    specs = [tf.TensorSpec((1, None, x.shape[-1]), tf.float32) for x in network.inputs[:-1]]

    @tf.function(input_signature=[specs, MASK], autograph=False)
    def interpolated(steps: Any, mask: Any) -> Any:
        return network([*steps, mask], training=False)

    def vectors_of(ends: Iterator[list[np.ndarray]], length: int) -> Iterator[np.ndarray]:
        steps = [np.concatenate(end) for end in zip(*ends, strict=True)]
        for start in range(0, length, STRETCH):
            stop = min(start + STRETCH, length)
            first, last = max(start - stride, 0), min(stop + stride, length)
            near = [each[np.newaxis, first // s : -(-last // s)] for each, s in zip(steps, strides, strict=True)]
            yield interpolated(near, np.ones((1, last - first), bool))[0].numpy()[start - first : stop - first]

    return vectors_of
