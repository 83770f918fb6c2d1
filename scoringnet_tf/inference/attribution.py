"""Where in a video a score comes from: what it loses where frames are hidden, and where its gradient is.

The key fragments are held as they were found in the whole video: what is hidden is hidden from SP alone, so that a fall
says what the score reads, not what KFS would have done. Of a model with several views those that are not moved count;
the gradient is that of the fragments as they are.
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

GREY = 128  # what a hidden pixel shows, of 0…255
HIDDEN_AT_ONCE = 16  # variants of a video that go through SP together
Outputs = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]  # clips of SP → its scores, (B,) each


@dataclasses.dataclass(frozen=True)
class Attribution:
    """Where the scores of one video of L frames come from.

    Attributes:
        scores: score → points.
        labels: stage of every frame, int (L,); None of a model without KFS.
        by_frame: score → float (L,), by how many points it falls where a frame is grey; below 0 where it rises.
        by_stage: score → {name of a stage: the same where all frames of the stage are grey}; empty without KFS.
        gradient: score of a tower → float (L,), the share of each frame in |∂score/∂pixel| summed over the pixels.
    """

    scores: dict[str, float]
    labels: np.ndarray | None
    by_frame: dict[str, np.ndarray]
    by_stage: dict[str, dict[str, float]]
    gradient: dict[str, np.ndarray]


def attribute(model: "ScoringNet", frames: np.ndarray, width: int = 1, labels: np.ndarray | None = None) -> Attribution:
    """Where the scores that a `ScoringNet` gives a video come from.

    Args:
        model: of frames.
        frames: of one video as the model takes them, uint8 (L, H, W, 3).
        width: frames that are hidden together for `by_frame`, centred on each; an odd number.
        labels: the stage of every frame, int (L,), by which the scores were given; None where KFS is to find them.

    Raises:
        ValueError: a model of features.
    """
    if model.content != "frames":
        raise ValueError("Expected a model of frames. Received: one of features.")
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
        by_stage = {score: dict(zip(stages, found.tolist(), strict=True)) for score, found in falls.items()}
    gradient = {score: _gradient(model, score, *clip, length) for score, clip in clips.items()}
    return Attribution(scores, labels, occlusion(clips, spans, scores, outputs), by_stage, gradient)


def clips_of(
    model: "ScoringNet", frames: np.ndarray, labels: np.ndarray | None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What each tower sees of a video: score → (frame numbers int (T,), clip uint8 (T, H, W, 3)).

    Args:
        model: of frames.
        frames: uint8 (L, H, W, 3).
        labels: stage of every frame, int (L,); None of a model without KFS.
    """
    numbers = np.arange(len(frames), dtype=np.int32)[None, :, None, None, None]
    given = [np.ones((1, len(frames)), bool)] if labels is None else [labels[None], np.ones((1, len(frames)), bool)]
    found = {}
    for score, selector in zip(model.scores, model.selectors, strict=True):
        chosen = selector(numbers, *given)
        chosen = np.asarray(chosen[0] if labels is not None else chosen)[0, :, 0, 0, 0]
        found[score] = chosen, frames[chosen]
    return found


def occlusion(
    clips: dict[str, tuple[np.ndarray, np.ndarray]],
    spans: Iterable[np.ndarray],
    scores: dict[str, float],
    outputs: Outputs,
) -> dict[str, np.ndarray]:
    """By how many points scores fall where frames are hidden.

    Args:
        clips: of `clips_of`.
        spans: N sets of frames of the video, int (K,) each.
        scores: of the whole video.
        outputs: of clips (B, T, H, W, 3).

    Returns:
        score → float (N,), exactly 0 where its tower (of a fused score: every tower) sees none of the frames.
    """
    spans = list(spans)
    seen = np.unique(np.concatenate([numbers for numbers, _ in clips.values()]))
    shown = [index for index, span in enumerate(spans) if np.isin(span, seen).any()]
    falls = {score: np.zeros(len(spans)) for score in scores}
    for first in range(0, len(shown), HIDDEN_AT_ONCE):
        part = shown[first : first + HIDDEN_AT_ONCE]
        found = outputs(_batch(clips, [spans[index] for index in part]))
        for score, value in scores.items():
            falls[score][part] = value - np.asarray(found[score], float)
    for score, (numbers, _) in clips.items():  # a batch of another size rounds otherwise
        falls[score] *= [np.isin(span, numbers).any() for span in spans]
    return falls


def _batch(clips, spans):
    """Inputs of SP: a copy of the clips for each set of frames, which are grey in it."""
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


@functools.lru_cache(maxsize=2)  # so that one video after another goes through what was traced once
def _outputs_function(model):
    signature = {
        name: tf.TensorSpec((None, *clip.shape[1:]), tf.uint8) for name, clip in model.score_predictor.input.items()
    }

    @tf.function(input_signature=[signature])
    def scores_of(clips):
        return score_views(model.score_predictor, clips, min(model.views, 2), training=False)

    def outputs(clips):
        found = scores_of({name: tf.constant(clip) for name, clip in clips.items()})
        return {score: found[score].numpy() for score in SCORES if score in found}

    return outputs


def _gradient(model, score, numbers, clip, length):
    """Share of each frame of the video in the gradient of a tower's score, float (L,)."""
    tower = model.score_predictor.towers[score]
    c3d = tower.get_layer("c3d")
    rescaled = c3d.get_layer("rescale").output  # beyond it pixels are numbers with a gradient
    pixels = tf.convert_to_tensor(keras.Model(c3d.input, rescaled)(clip[None], training=False))
    features = keras.Model(rescaled, c3d.output)
    reader = keras.Model(tower.get_layer("regressor_conv1").input, tower.output)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        value = reader(features(pixels, training=False), training=False)
        if f"{score}_distribution" in model.score_predictor.output:
            value, _ = model.score_predictor.get_layer(f"{score}_expected")(value)
    sizes = tf.reduce_sum(tf.abs(tf.cast(tape.gradient(value, pixels), tf.float32)), axis=(0, 2, 3, 4)).numpy()
    found = np.zeros(length)
    np.add.at(found, numbers, sizes)
    total = found.sum()
    return found / total if total else found


def feature_maps(model: "ScoringNet", score: str, clip: np.ndarray, endpoint: str = "conv1a") -> np.ndarray:
    """What a layer of a tower's C3D gives of a clip uint8 (T, H, W, 3): float (T', H', W', C)."""
    c3d = model.score_predictor.towers[score].get_layer("c3d")
    return keras.ops.convert_to_numpy(c3d.endpoint(endpoint)(clip[None], training=False))[0].astype(np.float32)
