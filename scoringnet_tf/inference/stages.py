"""The stages of one video of any length: KFS window by window (§3.1), and the performances that they make.

The network that reads frames sees a piece of the video at a time (`inference.windows`). What reads its vectors sees all
at once.
"""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.inference.windows import ContentOf, window_of, windowed_vectors
from scoringnet_tf.models.segmentation import KeyFragmentSegmenter, channel_means
from scoringnet_tf.sports import stage_runs

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet

# Function of `ContentOf` and L: stage probabilities (L, S) and features (L, D); None for what there is not.
Reader: TypeAlias = Callable[[ContentOf, int], tuple[np.ndarray | None, np.ndarray | None]]


def windowed_reader(model: "ScoringNet", window: int | None = None) -> Reader:
    """A function that finds the stages and features of one video; it is traced once, and shares the model's variables.

    Args:
        model: a `ScoringNet`.
        window: frames that go through the backbone at a time; None: 256 for the shipped models, 83 for C3D with 112×112
            at full width, 128 for I3D.

    Returns:
        A `Reader`. Features are those that the heads read, or as of `KeyFragmentSegmenter.with_features`; None of a
        model of frames without KFS.
    """
    if model.encoded == "features":
        trunk = model.backbone and windowed_vectors(model.backbone, model.backbone.reach, window)
        vectors_of = trunk or (lambda content_of, length: content_of(0, length))
        if model.segmenter is None:
            return lambda content_of, length: (None, vectors_of(content_of, length))
        kfs = model.segmenter
        return _of_vectors(
            vectors_of, lambda x, mask: kfs({"features": x, "mask": mask}, training=False), kfs.input["features"]
        )
    if model.segmenter is None:
        return lambda content_of, length: (None, None)
    return windowed_segmenter(model.segmenter, window)


def windowed_segmenter(kfs: KeyFragmentSegmenter, window: int | None = None) -> Reader:
    """`windowed_reader` of a KFS of frames."""
    vectors = kfs.get_layer("flatten").output
    network = kfs.get_layer("resnet50" if kfs.network == "resnet50" else "c3d")
    trunk = keras.Model(kfs.input, vectors)
    vectors_of = windowed_vectors(trunk, getattr(network, "reach", 0), window or window_of(network))
    reader = keras.Model([vectors, kfs.input["mask"]], kfs.output)
    read = _of_vectors(vectors_of, lambda x, mask: reader([x, mask], training=False), vectors)

    def stages_and_means(content_of, length):
        stages, joined = read(content_of, length)
        return stages, channel_means(joined[np.newaxis], kfs.channels).numpy()[0]

    return stages_and_means


def _of_vectors(vectors_of, stages_of, vectors):
    """A `Reader` of what `vectors_of` gives, by a function of `vectors` (B, L, D) and a mask to stages (B, L, S)."""

    @tf.function(input_signature=[tf.TensorSpec((1, None, vectors.shape[-1]), tf.float32)], autograph=False)
    def traced(features):
        return stages_of(features, tf.ones(tf.shape(features)[:2], tf.bool))

    def read(content_of, length):
        features = vectors_of(content_of, length)
        return traced(features[np.newaxis, :, : vectors.shape[-1]]).numpy()[0], features

    return read


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


def partial_spans(labels: np.ndarray, is_whole: Callable[[np.ndarray], bool]) -> list[tuple[int, int]]:
    """The (start, end) of performances that are not whole, in labels as of `stretches`; none unless another one is.

    Two stages that follow each other must be there: others may be stray labels.
    """
    spans = performances_in(labels)
    partial = [span for span in spans if not is_whole(labels[slice(*span)])]
    if len(partial) == len(spans):
        return []
    shown = [{*labels[start:end].tolist()} - {0} for start, end in partial]
    return [span for span, stages in zip(partial, shown, strict=True) if any(stage + 1 in stages for stage in stages)]


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
