"""The stages of one video of any length: KFS window by window (§3.1), and the performances that they make.

C3D sees no further than `REACH` frames to either side, so the vectors of a window are those of the whole video if as
many frames are added at both ends. Its activations are those of one window. What reads the vectors sees all at once.
"""

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.data.preprocessor import PATIENCE
from scoringnet_tf.models.backbones.c3d import ENDPOINTS
from scoringnet_tf.models.segmentation import KeyFragmentSegmenter, channel_means
from scoringnet_tf.sports import stage_runs

REACH = sum(name.startswith("conv") for name in ENDPOINTS)  # frames: one for each convolution of three
MAX_WINDOW = 256  # frames
ACTIVATIONS = 2**26  # numbers that come out of conv1a, the largest layer, for one window: 256 MiB

ContentOf: TypeAlias = Callable[[int, int], np.ndarray]  # frames or features [start, stop) as the model takes them
Segmenter: TypeAlias = Callable[[ContentOf, int], tuple[np.ndarray, np.ndarray]]


def windowed_segmenter(segmenter: KeyFragmentSegmenter, window: int | None = None) -> Segmenter:
    """A function of one video that is traced once, and shares the variables of a `KeyFragmentSegmenter`.

    Args:
        segmenter: of frames or of features.
        window: frames that go through the backbone at a time; None for as many as `ACTIVATIONS` and `MAX_WINDOW` allow:
            256 for the shipped models, 83 for 112×112 at full width.

    Returns:
        A function of `ContentOf` and L: stage probabilities (L, S), and features (L, D) as of `with_features`.
    """
    return _of_features(segmenter) if "features" in segmenter.input else _of_frames(segmenter, window)


def _of_features(segmenter):
    spec = tf.TensorSpec((1, *segmenter.input["features"].shape[1:]), tf.float32)

    @tf.function(input_signature=[spec], autograph=False)
    def stages_of(features):
        return segmenter({"features": features, "mask": tf.ones(tf.shape(features)[:2], tf.bool)}, training=False)

    def segmented(content_of, length):
        features = content_of(0, length)
        return stages_of(features[np.newaxis]).numpy()[0], features

    return segmented


def _of_frames(segmenter, window):
    part, layer = ("resnet50", "conv1_conv") if segmenter.network == "resnet50" else ("c3d", "conv1a")
    window = window or window_of(segmenter.get_layer(part).get_layer(layer))
    vectors = segmenter.get_layer("flatten").output
    trunk = keras.Model(segmenter.input, vectors)
    reader = keras.Model([vectors, segmenter.input["mask"]], segmenter.output)

    @tf.function(input_signature=[tf.TensorSpec((1, *segmenter.input["frames"].shape[1:]), tf.uint8)], autograph=False)
    def vectors_of(frames):
        return trunk({"frames": frames, "mask": tf.ones(tf.shape(frames)[:2], tf.bool)}, training=False)

    @tf.function(input_signature=[tf.TensorSpec((1, None, vectors.shape[-1]), tf.float32)], autograph=False)
    def stages_of(vectors):
        return reader([vectors, tf.ones(tf.shape(vectors)[:2], tf.bool)], training=False)

    def segmented(frames_of, length):
        parts, starts = [], range(0, length, window)
        for start in tqdm(starts, "Segmenting", unit="window", delay=PATIENCE, leave=False, disable=None):
            stop = min(start + window, length)
            first, last = max(start - REACH, 0), min(stop + REACH, length)
            parts.append(vectors_of(frames_of(first, last)[np.newaxis])[:, start - first : stop - first])
        joined = tf.concat(parts, axis=1)
        return stages_of(joined).numpy()[0], channel_means(joined, segmenter.channels).numpy()[0]

    return segmented


def window_of(largest: keras.layers.Layer) -> int:
    """Frames that go through a network at a time, by what comes out of its largest layer for each."""
    return max(1, min(MAX_WINDOW, ACTIVATIONS // math.prod(largest.output.shape[-3:])))


# === Performances ===


class Stretch(NamedTuple):
    """Samples [start, stop) in which a performance is looked for, and [first, end) in which it was found."""

    start: int
    stop: int
    first: int
    end: int


def performances_in(labels: np.ndarray) -> list[tuple[int, int]]:
    """From the first stage to the last of every performance, whole or not: a list of (start, end), end exclusive.

    In labels, int (L,), 0 is noise. A performance ends when a stage follows that is not after the one before.
    """
    spans: list[list[int]] = []
    latest = 0
    for stage, start, end in stage_runs(labels):
        if stage == 0:
            continue
        if stage <= latest or not spans:
            spans.append([start, end])
        spans[-1][1], latest = end, stage
    return [(start, end) for start, end in spans]


def without_unseen(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The labels without stages that the best path had to pass through to be in order, and that no frame shows.

    Args:
        labels: int (L,), 0 is noise.
        probabilities: (L, S) of the stages; a stage is seen if it is the most probable in one of its frames.
    """
    seen, visible = probabilities.argmax(axis=1) == labels, labels.copy()
    for _, start, end in stage_runs(labels):
        if not seen[start:end].any():
            visible[start:end] = 0
    return visible


def stretches(labels: np.ndarray, is_whole: Callable[[np.ndarray], bool], around: int) -> list[Stretch]:
    """The stretch of each whole performance, in order: it, and what is around it up to half-way to its neighbours.

    What is no whole performance is in nobody's stretch, and neither is what is further away than `around`.

    Args:
        labels: int (L,), decided for several performances (`StageDecision("cyclic")`).
        is_whole: function of the labels of one performance, from its first stage to its last.
        around: samples before and after a performance that at most belong to its stretch.
    """
    spans = performances_in(labels)
    cuts = [0, *((end + start) // 2 for (_, end), (start, _) in itertools.pairwise(spans)), len(labels)]
    return [
        Stretch(max(before, first - around), min(after, end + around), first, end)
        for (first, end), (before, after) in zip(spans, itertools.pairwise(cuts), strict=False)
        if is_whole(labels[first:end])
    ]
