"""What the body may be in each frame: poses that an estimator finds in turned crops, and how they fit what is seen."""

import dataclasses
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from scoringnet_tf.body.pose import PoseEstimator
from scoringnet_tf.body.skeleton import BONES, JOINT

TURNS = np.arange(8) * np.pi / 4  # of a crop; an estimator knows upright people, give or take
CROP = 1.4  # a crop's side, in heights of the body: an estimator knows those who stand
SOFT = 0.6  # pixels: takes blocks of compressed film away
GREY = 0.5  # in place of what is background
LIMB, HEAD = 0.055, 0.06  # thickness of a limb and radius of a head, in heights of the body
WIDTHS = (0.7, 0.6, 1.6, 0.8, 0.8, 0.5) * 2  # of `BONES`, in `LIMB`
ACROSS = ((JOINT["shoulder_l"], JOINT["shoulder_r"]), (JOINT["hip_l"], JOINT["hip_r"]))
SHOULDERS, HIPS = (list(pair) for pair in ACROSS)
KEPT, ALIKE = 24, 0.03  # candidates a frame; mean distance of joints, in heights of the body, of the same pose


@dataclasses.dataclass(frozen=True)
class View:
    """One frame: its full picture, and what is known of it in pixels of the small one.

    Attributes:
        pictures, number: it is one of these, uint8 (H, W, 3), which may be decoded each time.
        scale: small pixels in one of its own.
        silhouette: (h, w), 0 to 1; NaN where no other picture shows the background.
        place: (2,), where the fall has the body's centre.
        body: height of the body, small pixels.
    """

    pictures: Sequence[np.ndarray]
    number: int
    scale: float
    silhouette: np.ndarray
    place: np.ndarray
    body: float


@dataclasses.dataclass(frozen=True)
class Candidates:
    """N poses in one frame, best first.

    Attributes:
        joints: (N, 17, 2), small pixels.
        confidence: (N, 17).
        presence: (N,).
        cost: (N,), how badly each fits.
        shape: (N, 17, 2), joints from the fall's place, in heights of the body.
        angle: (N,), from the hips to the shoulders: 0 is up, and π/2 to the right.
    """

    joints: np.ndarray
    confidence: np.ndarray
    presence: np.ndarray
    cost: np.ndarray
    shape: np.ndarray
    angle: np.ndarray


def trunk_angle(joints: np.ndarray) -> np.ndarray:
    """The direction from the hips to the shoulders in joints (…, 17, 2), radians: 0 is up, π/2 to the right."""
    trunk = joints[..., SHOULDERS, :].mean(axis=-2) - joints[..., HIPS, :].mean(axis=-2)
    return np.arctan2(trunk[..., 0], -trunk[..., 1])


def look(view: View, estimator: PoseEstimator, crops: Iterable[tuple[np.ndarray, float, float]], cut: bool) -> tuple:
    """Poses (N, 17, 2), small pixels, with confidence and presence, in crops (centre, side, turn).

    `cut` takes the body out of its background.
    """
    maps = [_crop_map(estimator.side, *crop) for crop in crops]
    picture = cv2.GaussianBlur(view.pictures[view.number], (3, 3), SOFT)
    found = estimator(np.stack([_crop(picture, view, each, estimator.side, cut) for each in maps]))
    back = np.stack([cv2.invertAffineTransform(each) for each in maps])
    joints = np.einsum("nij,nkj->nki", back[:, :, :2], found.joints * estimator.side) + back[:, None, :, 2]
    return joints, found.confidence, found.presence


def _crop_map(side: int, centre: np.ndarray, size: float, turn: float) -> np.ndarray:
    """From small pixels to a crop in which what looks along `turn` is upright."""
    scale, cos, sin = side / size, np.cos(turn), np.sin(turn)
    turned = np.array([[cos, sin], [-sin, cos]]) * scale
    return np.hstack([turned, (side / 2 - turned @ centre)[:, np.newaxis]])


def _crop(picture: np.ndarray, view: View, to_crop: np.ndarray, side: int, cut: bool) -> np.ndarray:
    """A crop, float32 (side, side, 3), 0 to 1."""
    from_full = to_crop.copy()
    from_full[:, :2] *= view.scale
    crop = cv2.warpAffine(picture, from_full, (side, side)).astype(np.float32) / 255
    if not cut:
        return crop
    share = cv2.GaussianBlur(cv2.dilate(np.nan_to_num(view.silhouette, nan=1.0), np.ones((3, 3))), (0, 0), 1)
    share = cv2.warpAffine(share, to_crop, (side, side))[..., np.newaxis]
    return crop * share + GREY * (1 - share)


def candidates(view: View, joints: np.ndarray, confidence: np.ndarray, presence: np.ndarray) -> Candidates:
    """The best different ones among poses that `look` found."""
    shape = (joints - view.place) / view.body
    trunk = np.linalg.norm(shape[:, SHOULDERS].mean(axis=1) - shape[:, HIPS].mean(axis=1), axis=1)
    off = np.linalg.norm(shape[:, SHOULDERS + HIPS].mean(axis=1), axis=1)
    possible = (presence > 0.1) & (off < 0.6) & (np.abs(shape).max(axis=(1, 2)) < 1.3)
    cost = np.full(len(joints), np.inf)
    for at in np.flatnonzero(possible):
        fit = max(silhouette_fit(view, joints[at]), 0.05)
        cost[at] = -np.log(presence[at]) - 4 * np.log(fit) + 24 * max(0.0, 0.17 - trunk[at])
    kept: list[int] = []
    for at in np.argsort(cost):
        if len(kept) == KEPT or not np.isfinite(cost[at]):
            break
        if all(np.abs(shape[at] - shape[other]).mean() > ALIKE for other in kept):
            kept.append(int(at))
    return Candidates(
        joints[kept], confidence[kept], presence[kept], cost[kept], shape[kept], trunk_angle(joints[kept])
    )


def drawn(joints: np.ndarray, body: float, shape: tuple[int, ...]) -> np.ndarray:
    """A pose (17, 2) as a silhouette, float32 of this shape."""
    picture, thick = np.zeros(shape, np.float32), LIMB * body
    points = np.clip(np.rint(joints), -999, 9999).astype(int)
    for (one, other), share in zip((*BONES, *ACROSS), (*WIDTHS, 1, 1), strict=True):
        cv2.line(picture, points[one].tolist(), points[other].tolist(), 1, max(1, round(thick * share)))
    cv2.circle(picture, points[JOINT["head"]].tolist(), max(1, round(HEAD * body)), 1, -1)
    return picture


def silhouette_fit(view: View, joints: np.ndarray) -> float:
    """How well a pose (17, 2) covers the silhouette near the fall's place: its F-score."""
    pose = drawn(joints, view.body, view.silhouette.shape)
    near = np.zeros_like(pose)
    cv2.circle(near, np.rint(view.place).astype(int).tolist(), round(0.6 * view.body), 1, -1)
    shown = np.nan_to_num(view.silhouette, nan=1.0) * near
    precision = (pose * shown).sum() / (pose.sum() + 1e-6)
    recall = (cv2.dilate(pose, np.ones((3, 3))) * shown).sum() / (shown.sum() + 1e-6)
    return float(2 * precision * recall / (precision + recall + 1e-6))
