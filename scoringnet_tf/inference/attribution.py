"""Where in a video a score comes from: its fall if frames are hidden, and its gradient.

The key fragments stay those of the whole video: frames are hidden from the score heads only. With several test-time
views only those without a shift in time count. The gradient is that of the original view.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.models.tta import score_views
from scoringnet_tf.sports import SCORES

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet

GREY = 128  # value of a hidden pixel, of 0…255
HIDDEN_AT_ONCE = 16  # variants of a video that are scored together
Outputs = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]  # clips → scores, (B,) each


@dataclasses.dataclass(frozen=True)
class Attribution:
    """Where the scores of one video of L frames come from.

    Attributes:
        scores: score → points.
        labels: stage of every frame, int (L,); None without a segmenter.
        by_frame: score → float (L,), its fall in points if the frame is grey; negative if it rises.
        by_stage: score → {stage name: the fall if all frames of the stage are grey}; empty without a segmenter.
        gradient: score of a tower → float (L,), the share of each frame in |∂score/∂pixel| summed over the pixels.
    """

    scores: dict[str, float]
    labels: np.ndarray | None
    by_frame: dict[str, np.ndarray]
    by_stage: dict[str, dict[str, float]]
    gradient: dict[str, np.ndarray]


def attribute(model: "ScoringNet", frames: np.ndarray, width: int = 1, labels: np.ndarray | None = None) -> Attribution:
    """Where the scores of a `ScoringNet` for a video come from.

    Args:
        model: of frames.
        frames: of one video as the model takes them, uint8 (L, H, W, 3).
        width: frames that are hidden together for `by_frame`, centred on each; an odd number.
        labels: the stage of every frame, int (L,); None for those that the segmenter finds.

    Raises:
        ValueError: a model of features.
    """
    if model.content != "frames":
        raise ValueError("Only models of frames have an attribution, not models of features.")
    if model.segmenter is None:
        labels = None
    elif labels is None:
        labels = _labels(model, frames)
    clips = clips_of(model, frames, labels)
    outputs = _outputs_function(model)
    length, stages = len(frames), model.sport.stages
    spans = [np.arange(max(0, at - width // 2), min(length, at + width // 2 + 1)) for at in range(length)]
    scores = {name: float(value[0]) for name, value in outputs(_batch(clips, [np.array([], int)])).items()}
    by_stage: dict[str, dict[str, float]] = {score: {} for score in scores}
    if labels is not None:
        falls = occlusion(clips, [np.flatnonzero(labels == stage) for stage in range(len(stages))], scores, outputs)
        by_stage = {score: dict(zip(stages, values.tolist(), strict=True)) for score, values in falls.items()}
    gradient = {score: _gradient(model, score, *clip, length) for score, clip in clips.items()}
    return Attribution(scores, labels, occlusion(clips, spans, scores, outputs), by_stage, gradient)


def clips_of(
    model: "ScoringNet", frames: np.ndarray, labels: np.ndarray | None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The input of each tower: score → (frame numbers int (T,), clip uint8 (T, H, W, 3)).

    Args:
        model: of frames.
        frames: uint8 (L, H, W, 3).
        labels: stage of every frame, int (L,); None without a segmenter.
    """
    numbers, mask = np.arange(len(frames), dtype=np.int32)[None, :, None, None, None], np.ones((1, len(frames)), bool)
    clips = {}
    for score, selector in zip(model.scores, model.selectors, strict=True):
        selected = selector(numbers, mask) if labels is None else selector(numbers, labels[None], mask)[0]
        chosen = np.asarray(selected)[0, :, 0, 0, 0]
        clips[score] = chosen, frames[chosen]
    return clips


def occlusion(
    clips: dict[str, tuple[np.ndarray, np.ndarray]],
    spans: Iterable[np.ndarray],
    scores: dict[str, float],
    outputs: Outputs,
) -> dict[str, np.ndarray]:
    """Falls of scores, in points, if frames are hidden.

    Args:
        clips: of `clips_of`.
        spans: N sets of frames of the video, int (K,) each.
        scores: of the whole video.
        outputs: of clips (B, T, H, W, 3).

    Returns:
        score → float (N,), exactly 0 if no tower of the score sees any of the frames.
    """
    spans = list(spans)
    seen = np.unique(np.concatenate([numbers for numbers, _ in clips.values()]))
    shown = [index for index, span in enumerate(spans) if np.isin(span, seen).any()]
    falls = {score: np.zeros(len(spans)) for score in scores}
    for first in range(0, len(shown), HIDDEN_AT_ONCE):
        part = shown[first : first + HIDDEN_AT_ONCE]
        hidden = outputs(_batch(clips, [spans[index] for index in part]))
        for score, value in scores.items():
            falls[score][part] = value - np.asarray(hidden[score], float)
    for score, (numbers, _) in clips.items():  # a batch of another size rounds otherwise
        falls[score] *= [np.isin(span, numbers).any() for span in spans]
    return falls


def _batch(clips, spans):
    """Inputs of the score heads: a copy of the clips for each set of frames, with these frames grey."""
    batch = {}
    for score, (numbers, clip) in clips.items():
        copies = np.repeat(clip[None], len(spans), axis=0)
        for copy, span in zip(copies, spans, strict=True):
            copy[np.isin(numbers, span)] = GREY
        batch[f"{score}_clip"] = copies
    return batch


def _labels(model, frames):
    inputs = {"frames": frames[None], "mask": np.ones((1, len(frames)), bool)}
    return np.asarray(model.stage_decision(model.segmenter(inputs, training=False), inputs["mask"]))[0]


@functools.lru_cache(maxsize=2)  # traced once for many videos
def _outputs_function(model):
    signature = {
        name: tf.TensorSpec((None, *clip.shape[1:]), tf.uint8) for name, clip in model.score_predictor.input.items()
    }

    @tf.function(input_signature=[signature])
    def scores_of(clips):
        return score_views(model.score_predictor, clips, min(model.views, 2), training=False)

    def outputs(clips):
        scores = scores_of({name: tf.constant(clip) for name, clip in clips.items()})
        return {score: scores[score].numpy() for score in SCORES if score in scores}

    return outputs


def _gradient(model, score, numbers, clip, length):
    """Share of each frame of the video in the gradient of a tower's score, float (L,)."""
    tower = model.score_predictor.towers[score]
    c3d = tower.get_layer("c3d")
    rescaled = c3d.get_layer("rescale").output  # from here on pixels are floats, which have a gradient
    pixels = tf.convert_to_tensor(keras.Model(c3d.input, rescaled)(clip[None], training=False))
    features = keras.Model(rescaled, c3d.output)
    regressor = keras.Model(tower.get_layer("regressor_conv1").input, tower.output)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        value = regressor(features(pixels, training=False), training=False)
        if f"{score}_distribution" in model.score_predictor.output:
            value, _ = model.score_predictor.get_layer(f"{score}_expected")(value)
    sizes = tf.reduce_sum(tf.abs(tf.cast(tape.gradient(value, pixels), tf.float32)), axis=(0, 2, 3, 4)).numpy()
    sums = np.bincount(numbers, sizes, minlength=length)
    total = sums.sum()
    return sums / total if total else sums


def feature_maps(model: "ScoringNet", score: str, clip: np.ndarray, endpoint: str = "conv1a") -> np.ndarray:
    """The output of a layer of a tower's C3D for a clip uint8 (T, H, W, 3): float (T', H', W', C)."""
    c3d = model.score_predictor.towers[score].get_layer("c3d")
    return keras.ops.convert_to_numpy(c3d.endpoint(endpoint)(clip[None], training=False))[0].astype(np.float32)
