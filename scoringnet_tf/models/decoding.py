"""From stage probabilities to the stage of every frame: arg-max (§4.3), or the best path in the sport's order."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf import defaults
from scoringnet_tf.sports import DECODINGS
from scoringnet_tf.support.messages import unknown_name

IMPOSSIBLE = -1e9  # log-probability
LEAST = 1e-7  # probability of a stage that a path may pass through


def ordered_states(num_stages: int) -> list[int]:
    """The labels that one performance's path takes in turn: noise, 1, noise, 2, …, S − 1, noise."""
    return [label for stage in range(1, num_stages) for label in (0, stage)] + [0]


def transitions(num_stages: int, cyclic: bool = False) -> list[list[float]]:
    """Which state may follow (column) which (row): log-probabilities (K, K), 0 or `IMPOSSIBLE`.

    A path stays, goes on to the next `ordered_states`, or passes over the noise between two stages. With
    `cyclic` it may begin anew after the last stage.
    """
    states = ordered_states(num_stages)
    last = len(states) - 1
    allowed = [[IMPOSSIBLE] * len(states) for _ in states]
    for state, label in enumerate(states):
        followers = [state, state + 1] + ([state + 2] if label else [])
        if cyclic and state >= last - 1:  # the last stage, and the noise after it: state 0 would be the same noise
            followers.append(1)
        for follower in followers:
            if follower <= last:
                allowed[state][follower] = 0.0
    return allowed


class _Ahead(layers.Layer):
    """A step in Viterbi's algorithm: the best path's log-probability in every state (B, K), after one more frame."""

    def __init__(self, allowed: Sequence[Sequence[float]]):  # pragma: no mutate block
        super().__init__(dtype="float32")
        self.state_size = len(allowed)
        self.allowed = allowed

    def call(self, frame: Any, states: Any) -> Any:
        best = ops.max(states[0][:, :, None] + ops.convert_to_tensor(self.allowed, "float32"), axis=1) + frame
        # Only differences matter: the best stays at 0, and long videos lose no digits.
        best = best - ops.max(best, axis=1, keepdims=True)
        return best, [best]


class _Back(layers.Layer):
    """A step back: this frame's state (B, 1), and where its path came from, which `came_from` (B, K) says."""

    state_size = 1

    def call(self, came_from: Any, states: Any) -> Any:
        chosen = ops.one_hot(ops.cast(states[0][:, 0], "int32"), came_from.shape[-1], dtype="float32")
        return states[0], [ops.sum(came_from * chosen, axis=1, keepdims=True)]


def best_path(log_probabilities: Any, allowed: Sequence[Sequence[float]]) -> Any:
    """The most probable states (Viterbi), int32 (B, L): it may begin and end in any state.

    Loops are `keras.layers.RNN`: `ops.scan` cannot be exported to ONNX or LiteRT. If several paths are as
    probable, it is the one that is in the earlier state at the later frame. Log-probabilities are (B, L, K) for each
    state in each frame, and (K, K) `allowed` from a state (row) to another (column), 0 to itself.
    """
    # From zeros a step leads to the first frame itself, and its way back is one that is not gone.
    start = ops.zeros_like(log_probabilities[:, 0])
    best = layers.RNN(_Ahead(allowed), return_sequences=True, dtype="float32")(log_probabilities, initial_state=start)
    before = ops.concatenate([start[:, None], best[:, :-1]], axis=1)
    came_from = first_argmax(before[:, :, None, :] + ops.transpose(ops.convert_to_tensor(allowed, "float32")))
    last = ops.cast(first_argmax(best[:, -1])[:, None], "float32")
    back = layers.RNN(_Back(dtype="float32"), return_sequences=True, go_backwards=True, dtype="float32")
    states = back(ops.cast(came_from, "float32"), initial_state=last)
    return ops.cast(ops.flip(states[:, :, 0], axis=1), "int32")


def first_argmax(x: Any) -> Any:
    """Index of the greatest along the last axis, the first if several are equal: (…, K) → int32 (…).

    `ops.argmax` looks at floats' bits, for which ONNX and LiteRT have no operation.
    """
    size = x.shape[-1]
    greatest = x >= ops.max(x, axis=-1, keepdims=True)
    indices = ops.where(greatest, ops.arange(size, dtype="int32"), size - 1)  # of NaN the last
    return ops.min(indices, axis=-1)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class StageDecision(layers.Layer):
    """Every frame's stage.

    Call arguments: stage probabilities (B, L, S) and mask, bool (B, L), true for real frames. Returns labels int32
    (B, L); ignore padding's.

    Args:
        decoding: `"argmax"` is the paper's (§4.3): each frame by itself. `"ordered"` is the most probable path through
            the stages in the sport's order, each at most once, with noise before, between and after; it may begin
            and end anywhere, as a video may be cut. `"cyclic"` is the same for several performances in one video.
    """

    def __init__(self, decoding: str = defaults.DECODING, **kwargs: Any):  # pragma: no mutate block
        if decoding not in DECODINGS:
            raise unknown_name("decoding", decoding, DECODINGS)
        super().__init__(**kwargs)
        self.decoding = decoding
        self.supports_masking = True  # the mask is an input of its own, here and after

    def call(self, probabilities: Any, frame_mask: Any) -> Any:
        if self.decoding == "argmax":
            return first_argmax(probabilities)
        num_stages = probabilities.shape[-1]
        states = ordered_states(num_stages)
        logs = ops.log(ops.maximum(ops.cast(probabilities, "float32"), LEAST))
        logs = ops.where(frame_mask[:, :, None], logs, 0.0)  # padding, at the end, prefers no path
        path = best_path(
            ops.take(logs, ops.convert_to_tensor(states, "int32"), axis=-1),
            transitions(num_stages, self.decoding == "cyclic"),
        )
        return ops.take(ops.convert_to_tensor(states, "int32"), path)

    def compute_output_spec(self, probabilities: Any, frame_mask: Any) -> keras.KerasTensor:
        return keras.KerasTensor(probabilities.shape[:2], dtype="int32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "decoding": self.decoding}


def decided(probabilities: np.ndarray, decoding: str) -> np.ndarray:
    """What `StageDecision` gives for one video's probabilities (L, S), int32 (L,), without tracing a graph."""
    if decoding == "argmax":
        return probabilities.argmax(axis=1).astype(np.int32)
    num_stages = probabilities.shape[1]
    states = np.array(ordered_states(num_stages), np.int32)
    logs = np.log(np.maximum(probabilities.astype(np.float32), np.float32(LEAST)))[:, states]
    allowed = np.array(transitions(num_stages, decoding == "cyclic"), np.float32)
    best, came_from, columns = np.zeros(len(states), np.float32), np.empty(logs.shape, np.int32), np.arange(len(states))
    for frame, log in enumerate(logs):
        steps = best[:, np.newaxis] + allowed
        came_from[frame] = steps.argmax(axis=0)
        best = steps[came_from[frame], columns] + log
        best -= best.max()  # only differences matter, see `_Ahead`
    path = np.empty(len(logs), np.int32)
    state = int(best.argmax())
    for frame in range(len(logs) - 1, -1, -1):
        path[frame], state = states[state], came_from[frame, state]
    return path
