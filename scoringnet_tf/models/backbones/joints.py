"""What a network reads from an athlete's joints: the body about its pelvis, its angles, turning and path."""

import math
from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf.body.skeleton import BONES, JOINT, JOINTS

SIDES = ("l", "r")
BENDS = (  # a bone, the joint between, and the next bone
    ("shoulder", "hip", "knee"),
    ("hip", "knee", "ankle"),
    ("knee", "ankle", "toe"),
    ("hip", "shoulder", "elbow"),
    ("shoulder", "elbow", "wrist"),
)
SIZE = 4 * len(JOINTS) + 4 * len(BENDS) + 12
LEAST = 1e-3  # bones: what is shorter has no direction
FARTHEST = 60.0  # bones, or half turns: a fall from ten metres has less
SECOND = 25.0  # frames


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class JointFeatures(layers.Layer):
    """Joints as film shows them to numbers that neither place, size, nor the camera's side change.

    Call arguments: joints (B, L, 51) = (x right, y down, confidence) of each `skeleton.JOINTS` in the scene, and
    frame_mask bool (B, L). Returns (B, L, `SIZE`), float32, 0 where padded; lengths are in mean bones. In order:

    - the joints about the pelvis, in the picture, and then in axes whose second one points to the shoulders;
    - the trunk's direction, in the picture;
    - sine and cosine of the `BENDS` on both sides, and between the thighs;
    - the pelvis about its mean place, and how it moves each frame;
    - how far the trunk turns each frame, and has turned so far, in half turns; taken for a line, so that shoulders
      which are exchanged with hips do not count as a turn;
    - seconds from the video's middle, at 25 frames/s; and the mean confidence.

    A video is mirrored so that the athlete moves to the right.
    """

    def call(self, joints: Any, frame_mask: Any) -> Any:
        shape = ops.shape(joints)
        joints = ops.reshape(ops.cast(joints, "float32"), (*shape[:2], len(JOINTS), 3))
        is_real = ops.cast(frame_mask, "float32")[:, :, None]
        points = _scaled(joints[..., :2], joints[..., 2] * is_real, is_real)
        hips, shoulders = _middle(points, ("hip_l", "hip_r")), _middle(points, ("shoulder_l", "shoulder_r"))
        trunk = _direction(shoulders - hips)
        about = points - hips[:, :, None]
        bends = [_bend(about, *(JOINT[f"{name}_{side}"] for name in names)) for names in BENDS for side in SIDES]
        thighs = [about[:, :, JOINT[f"knee_{side}"]] - about[:, :, JOINT[f"hip_{side}"]] for side in SIDES]
        step = _since_last(trunk, is_real)
        seconds = ops.cumsum(is_real, axis=1) / SECOND
        features = [
            *(ops.reshape(each, (*shape[:2], 2 * len(JOINTS))) for each in (about, _turned(about, trunk))),
            trunk,
            *bends,
            _between(*thighs),
            hips,
            _change(hips) * is_real,
            step,
            ops.cumsum(step, axis=1),
            seconds - _mean(seconds, is_real),
            ops.mean(joints[..., 2], axis=2)[:, :, None],
        ]
        return ops.clip(ops.concatenate(features, axis=-1), -FARTHEST, FARTHEST) * is_real

    def compute_output_shape(
        self, joints_shape: tuple[int | None, ...], frame_mask_shape: tuple[int | None, ...] | None = None
    ) -> tuple[int | None, ...]:
        return (*joints_shape[:2], SIZE)


def _scaled(points: Any, confidence: Any, is_real: Any) -> Any:
    """Points (B, L, J, 2) in mean bones about the pelvis' mean place, mirrored if the athlete moves to the left.

    The mean is over frames in which the body was seen: confidence (B, L, J) is not 0.
    """
    seen = ops.cast(ops.max(confidence, axis=2) > 0, "float32")[:, :, None]
    bones = [_length(points[:, :, one] - points[:, :, other]) for one, other in BONES]
    size = _mean(sum(bones) / len(bones), seen)[:, :, :, None]
    hips = _middle(points, ("hip_l", "hip_r"))
    points = (points - _mean(hips, is_real)[:, :, None]) / ops.maximum(size, 1e-6)
    x, time = _middle(points, ("hip_l", "hip_r"))[:, :, :1], ops.cumsum(is_real, axis=1)
    moved = ops.sum(is_real * x * (time - _mean(time, is_real)), axis=1, keepdims=True)
    side = ops.where(moved < 0, -1.0, 1.0)[:, :, :, None]
    return points * ops.concatenate((side, ops.ones_like(side)), axis=-1)


def _mean(values: Any, weights: Any) -> Any:
    """The mean over time, (B, 1, D), of values (B, L, D) with weights (B, L, 1); 0 without any."""
    total = ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1e-6)
    return ops.sum(values * weights, axis=1, keepdims=True) / total


def _middle(points: Any, names: tuple[str, str]) -> Any:
    return (points[:, :, JOINT[names[0]]] + points[:, :, JOINT[names[1]]]) / 2


def _length(vectors: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True) + 1e-12)


def _direction(vectors: Any) -> Any:
    return vectors / ops.maximum(_length(vectors), LEAST)


def _turned(points: Any, up: Any) -> Any:
    """Points (B, L, J, 2) in axes whose second one is `up` (B, L, 2)."""
    up = up[:, :, None]
    across = points[..., 1] * up[..., 0] - points[..., 0] * up[..., 1]
    return ops.stack((across, ops.sum(points * up, axis=-1)), axis=-1)


def _between(first: Any, second: Any) -> Any:
    """Sine and cosine (B, L, 2) of the angle from one vector to the other."""
    first, second = _direction(first), _direction(second)
    sine = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    return ops.stack((sine, ops.sum(first * second, axis=-1)), axis=-1)


def _bend(points: Any, before: int, joint: int, after: int) -> Any:
    return _between(points[:, :, joint] - points[:, :, before], points[:, :, after] - points[:, :, joint])


def _change(values: Any) -> Any:
    """What values (B, L, D) have changed since the frame before; 0 in the first one."""
    return ops.concatenate((ops.zeros_like(values[:, :1]), values[:, 1:] - values[:, :-1]), axis=1)


def _since_last(line: Any, is_real: Any) -> Any:
    """How far a line (B, L, 2) has turned since the frame before, half turns (B, L, 1), −½ to ½."""
    before = ops.concatenate((line[:, :1], line[:, :-1]), axis=1)
    sine, cosine = ops.split(_between(before, line), 2, axis=-1)
    return ops.arctan2(2 * sine * cosine, ops.square(cosine) - ops.square(sine) + 1e-9) / (2 * math.pi) * is_real
