"""Key fragments: which frames belong to one, and its resampling to the fixed length that a tower needs (§4.3)."""

from collections.abc import Iterable
from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf.support import replicas


def resampling_indices(member: Any, length: int) -> Any:
    """Frame indices int32 (B, T) that sample a fragment evenly in time, from its first to its last frame.

    `member` (B, L) is true for its frames, which need not be adjacent. They repeat if they are fewer than T; of an
    empty fragment the last frame is taken, T times.
    """
    counted = ops.cumsum(ops.cast(member, "int32"), axis=1)
    size = counted[:, -1:]
    positions = ops.arange(length, dtype="float32") / max(length - 1, 1)
    # The k-th member (0-based) is the first frame at which more than k members have been counted.
    kth = ops.cast(ops.round(positions[None] * ops.cast(size - 1, "float32")), "int32")
    indices = ops.sum(ops.cast(counted[:, None, :] <= kth[:, :, None], "int32"), axis=2)
    return ops.minimum(indices, ops.shape(member)[1] - 1)


def take_frames(frames: Any, indices: Any) -> Any:
    """Gathers frames (B, L, H, W, C), or features (B, L, D), at each video's int32 indices (B, T): (B, T, …)."""
    batch, length = ops.shape(frames)[:2]
    # One gather over all frames of the batch: take_along_axis would build an index for every single pixel.
    rows = indices + ops.arange(batch, dtype="int32")[:, None] * length
    return ops.take(ops.reshape(frames, (-1, *frames.shape[2:])), rows, axis=0)


def fragment_frames(wanted: Iterable[int], stages: Any, frame_mask: Any) -> tuple[Any, Any]:
    """Which frames (B, L) have one of the labels `wanted`, and whether none has (B,): then all real ones count.

    `stages` (B, L) are every frame's labels, None for whole videos; `frame_mask` (B, L) is true for real frames.
    """
    member = ops.zeros_like(frame_mask)
    if stages is not None:
        of_fragment = ops.any(ops.stack([stages == stage for stage in wanted]), axis=0)
        member = ops.logical_and(of_fragment, frame_mask)
    empty = ops.logical_not(ops.any(member, axis=1))
    return ops.where(empty[:, None], frame_mask, member), empty


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class FragmentSelector(layers.Layer):
    """Cuts a key fragment from a video and resamples it to a fixed number of frames.

    Call arguments: frames (B, L, H, W, C), or features (B, L, D); stages int (B, L), every frame's label, or None
    for whole videos (table 4, −KFS); frame_mask bool (B, L). Returns the clip (B, T, …) and `empty` bool (B,): true if
    no frame carries one, and the whole video is taken.

    No gradient flows to `stages`: they are decisions (`StageDecision`).

    Args:
        stages: the fragment's labels, e.g. take-flight and entry.
        length: T.
    """

    def __init__(self, stages: Iterable[int], length: int, **kwargs: Any):  # pragma: no mutate block
        super().__init__(**kwargs)
        self.stages = tuple(stages)
        self.length = length

    def call(self, frames: Any, stages: Any, frame_mask: Any) -> tuple[Any, Any]:
        member, empty = fragment_frames(self.stages, stages, frame_mask)
        return take_frames(frames, resampling_indices(member, self.length)), empty

    def compute_output_spec(
        self, frames: Any, stages: Any, frame_mask: Any
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        clip = keras.KerasTensor((frames.shape[0], self.length, *frames.shape[2:]), dtype=frames.dtype)
        return clip, keras.KerasTensor((frames.shape[0],), dtype="bool")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stages": self.stages, "length": self.length}


def select_fragments(
    scores: Iterable[str], selectors: Iterable[layers.Layer], content: Any, stages: Any, mask: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What n towers see: `{"difficulty_clip": (B, T, …), …}`, and `{"empty_fragments": bool (B, n)}` unless whole."""
    clips, empty = {}, []
    for score, selector in zip(scores, selectors, strict=True):
        clips[f"{score}_clip"], is_empty = selector(content, stages, mask)
        empty.append(is_empty)
    return clips, {} if stages is None else {"empty_fragments": ops.stack(empty, axis=1)}


FRAGMENT_SOURCES = ("true", "predicted")


class TrainingFragments(layers.Layer):
    """The stages by which SP's fragments are cut while it is trained (§4.3 does not say which).

    Call arguments: true stages int (B, L), negative if a frame has no label; KFS's stages, int32 (B, L), or None if
    the source is `"true"`; bool (B, L), true for frames, None if all are. Returns stages int32 (B, L).

    It is made by `compile` and belongs to a run: it is not saved with a model.

    Args:
        source: `"true"` or `"predicted"`.
        jitter: frames by which each video's stages are moved at random, either way; the ends repeat.
        seed: for the draws.
    """

    def __init__(self, source: str = "true", jitter: int = 0, seed: int = 0, **kwargs: Any):  # pragma: no mutate block
        super().__init__(**kwargs)
        self.source, self.jitter = source, jitter
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, true_stages: Any, predicted: Any = None, is_frame: Any = None) -> Any:
        stages = ops.cast(true_stages, "int32") if self.source == "true" else predicted
        if not self.jitter:
            return stages
        batch, length = ops.shape(stages)
        low, high = -self.jitter, self.jitter + 1
        moves = replicas.own_rows(
            lambda rows: keras.random.randint((rows, 1), low, high, dtype="int32", seed=self.seed_generator), batch
        )
        places = ops.arange(length, dtype="int32")[None]
        last = length - 1 if is_frame is None else ops.sum(ops.cast(is_frame, "int32"), axis=1, keepdims=True) - 1
        source = ops.where(places <= last, ops.clip(places + moves, 0, last), places)
        return ops.take_along_axis(stages, source, axis=1)
