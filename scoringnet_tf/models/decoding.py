"""From stage probabilities to the stage of every frame: arg-max (§4.3), or the best path in the sport's order."""

import keras
from keras import layers, ops

from scoringnet_tf.sports import DECODINGS

IMPOSSIBLE = -1e9  # log-probability


def ordered_states(num_stages):
    """The labels that a path of one performance takes in turn: noise, 1, noise, 2, …, S − 1, noise."""
    return [label for stage in range(1, num_stages) for label in (0, stage)] + [0]


def transitions(num_stages, cyclic=False):
    """Which state may follow which in two adjacent frames, as log-probabilities 0 or `IMPOSSIBLE`.

    A path stays, goes on to the next state, or passes over the noise between two stages. With `cyclic` it may begin
    anew after the last stage.

    Returns:
        Nested list (K, K), row = from, column = to, K = 2 S − 1 states of `ordered_states`.
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


def best_path(log_probabilities, allowed):
    """The most probable path of states (Viterbi): it may begin and end in any state.

    Args:
        log_probabilities: (B, L, K) of each state in each frame.
        allowed: (K, K), log-probability of a step from a state (row) to another (column).

    Returns:
        int32 (B, L). Where several paths are as probable, the one that is in the earlier state at the later frame.
    """
    frames = ops.moveaxis(log_probabilities, 1, 0)  # (L, B, K)
    allowed = ops.convert_to_tensor(allowed, dtype=frames.dtype)

    def ahead(best, frame):
        best = ops.max(best[:, :, None] + allowed[None], axis=1) + frame
        # Only differences matter: the best stays at 0, and long videos lose no digits.
        best = best - ops.max(best, axis=1, keepdims=True)
        return best, best

    def back(state, came_from):
        state = ops.take_along_axis(came_from, state[:, None], axis=1)[:, 0]
        return state, state

    first = frames[0] - ops.max(frames[0], axis=1, keepdims=True)
    last, best = ops.scan(ahead, first, frames[1:])
    best = ops.concatenate([first[None], best], axis=0)  # (L, B, K), each state's best path up to each frame
    came_from = ops.cast(ops.argmax(best[:-1, :, :, None] + allowed, axis=2), "int32")  # (L − 1, B, K)
    last = ops.cast(ops.argmax(last, axis=1), "int32")
    _, earlier = ops.scan(back, last, came_from, reverse=True)
    return ops.transpose(ops.concatenate([earlier, last[None]], axis=0))


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class StageDecision(layers.Layer):
    """The stage of every frame.

    Call arguments: stage probabilities (B, L, S) and mask, bool (B, L), true for real frames. Returns labels int32
    (B, L); those of padding mean nothing.

    Args:
        decoding: `"argmax"` is the paper's (§4.3): each frame by itself. `"ordered"` is the most probable path through
            the stages in the order of the sport, each at most once, with noise before, between and after; it may begin
            and end anywhere, as a video may be cut. `"cyclic"` is the same for several performances in one video.
    """

    def __init__(self, decoding="argmax", **kwargs):
        if decoding not in DECODINGS:
            raise ValueError(f"Expected decoding to be one of {', '.join(DECODINGS)}. Received: {decoding!r}")
        super().__init__(**kwargs)
        self.decoding = decoding
        self.supports_masking = True  # the mask is an input of its own, here and after

    def call(self, probabilities, frame_mask):
        if self.decoding == "argmax":
            return ops.cast(ops.argmax(probabilities, axis=-1), "int32")
        num_stages = probabilities.shape[-1]
        states = ordered_states(num_stages)
        logs = ops.log(ops.maximum(ops.cast(probabilities, "float32"), 1e-7))
        logs = ops.where(frame_mask[:, :, None], logs, 0.0)  # padding, at the end, prefers no path
        path = best_path(
            ops.take(logs, ops.convert_to_tensor(states, "int32"), axis=-1),
            transitions(num_stages, self.decoding == "cyclic"),
        )
        return ops.take(ops.convert_to_tensor(states, "int32"), path)

    def compute_output_spec(self, probabilities, frame_mask):
        return keras.KerasTensor(probabilities.shape[:2], dtype="int32")

    def get_config(self):
        return {**super().get_config(), "decoding": self.decoding}
