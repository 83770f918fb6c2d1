"""What the body may be in each frame: poses that an estimator finds in turned crops, and how they fit what is seen."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from scoringnet_tf.body.pose import PoseEstimator, Poses
from scoringnet_tf.body.skeleton import BONES, HIPS, JOINT, SHOULDERS, trunk_angle

CROP = 1.4  # a crop's side, in heights of the body: an estimator knows those who stand
SOFT = 0.6  # pixels: takes blocks of compressed film away
GREY = 128  # in place of what is background
LIMB, HEAD = 0.055, 0.06  # thickness of a limb and radius of a head, in heights of the body
WIDTHS = (0.7, 0.6, 1.6, 0.8, 0.8, 0.5) * 2  # of `BONES`, in `LIMB`
LEAST_PRESENCE, AROUND, FAR, TRUNK = 0.1, 0.6, 1.3, 0.17  # of a pose; heights of the body: centre, joints, a trunk
ALIKE = 0.03  # mean distance of joints, in heights of the body, of the same pose


class View(NamedTuple):
    """One frame: its full picture, and what is known of it in pixels of the small one."""

    pictures: Sequence[np.ndarray]  # uint8 (H, W, 3), which may be decoded each time
    number: int  # of its own among them
    silhouette: np.ndarray  # (h, w), 0 to 1; NaN where no other picture shows the background
    place: np.ndarray  # (2,), where the fall has the body's centre
    body: float  # the body's height


class Candidates(NamedTuple):
    """N poses in one frame, best first."""

    poses: Poses  # in small pixels
    cost: np.ndarray  # (N,), how badly each fits
    shape: np.ndarray  # (N, 17, 2), joints from the fall's place, in heights of the body
    angle: np.ndarray  # (N,), of the trunk


def look(view: View, estimator: PoseEstimator, crops: Iterable[tuple[np.ndarray, float, float]]) -> Poses:
    """Poses, in small pixels, in crops (centre, side, turn)."""
    maps = [_crop_map(estimator.side, *crop) for crop in crops]
    if not maps:
        return Poses(np.zeros((0, 17, 2)), np.zeros((0, 17)), np.zeros(0))
    picture, size = _cut_out(view), (estimator.side, estimator.side)
    scale = view.silhouette.shape[0] / picture.shape[0]
    shown = [cv2.warpAffine(picture, each * (scale, scale, 1), size, borderValue=(GREY,) * 3) for each in maps]
    found = estimator(np.stack(shown).astype(np.float32) / 255)
    known = np.where(np.isnan(found.joints), np.roll(found.joints, 1, axis=1), found.joints)  # hands and toes
    back = np.stack([cv2.invertAffineTransform(each) for each in maps])
    return found._replace(joints=known * estimator.side @ back[:, :, :2].swapaxes(1, 2) + back[:, None, :, 2])


def _cut_out(view: View) -> np.ndarray:
    """The full picture, softened, without its background, uint8 (H, W, 3)."""
    picture = cv2.GaussianBlur(view.pictures[view.number], (3, 3), SOFT)
    share = cv2.GaussianBlur(cv2.dilate(np.nan_to_num(view.silhouette, nan=1.0), np.ones((3, 3))), (0, 0), 1)
    share = cv2.resize(share, picture.shape[1::-1])
    return cv2.blendLinear(picture, np.full_like(picture, GREY), share, 1 - share)


def _crop_map(side: int, centre: np.ndarray, size: float, turn: float) -> np.ndarray:
    """From small pixels to a crop in which what looks along `turn` is upright."""
    map_ = cv2.getRotationMatrix2D((0, 0), turn, side / size)
    map_[:, 2] = side / 2 - map_[:, :2] @ centre
    return map_


def candidates(view: View, *looks: Poses) -> Candidates:
    """The best different ones among poses."""
    poses = Poses(*map(np.concatenate, zip(*looks, strict=True)))
    shape = (poses.joints - view.place) / view.body
    shoulders, hips = (shape[:, pair].mean(axis=1) for pair in (SHOULDERS, HIPS))
    trunk, off = (np.linalg.norm(each, axis=1) for each in (shoulders - hips, (shoulders + hips) / 2))
    possible = (poses.presence > LEAST_PRESENCE) & (off < AROUND) & (np.abs(shape).max(axis=(1, 2)) < FAR)
    poses, shape = Poses(*(each[possible] for each in poses)), shape[possible]
    fits = np.maximum(fit(view, poses.joints), 0.05)
    cost = -np.log(poses.presence) - 4 * np.log(fits) + 24 * np.maximum(TRUNK - trunk[possible], 0)
    kept: list[int] = []
    for at in np.argsort(cost):
        if all(np.abs(shape[at] - shape[other]).mean() > ALIKE for other in kept):
            kept.append(int(at))
    poses = Poses(*(each[kept] for each in poses))
    return Candidates(poses, cost[kept], shape[kept], trunk_angle(poses.joints))


def fit(view: View, joints: np.ndarray) -> np.ndarray:
    """How well poses (N, 17, 2) cover the silhouette near the fall's place: their F-scores (N,)."""
    near = np.zeros_like(view.silhouette)
    cv2.circle(near, np.rint(view.place).astype(int).tolist(), round(AROUND * view.body), 1, -1)
    near *= np.nan_to_num(view.silhouette, nan=1.0)
    scores = []
    for each in joints:
        pose = drawn(each, view.body, near.shape)
        precision = cv2.sumElems(pose * near)[0] / (cv2.sumElems(pose)[0] + 1e-6)
        recall = cv2.sumElems(cv2.dilate(pose, np.ones((3, 3))) * near)[0] / (cv2.sumElems(near)[0] + 1e-6)
        scores.append(2 * precision * recall / (precision + recall + 1e-6))
    return np.array(scores)


def drawn(joints: np.ndarray, body: float, shape: tuple[int, ...]) -> np.ndarray:
    """A pose (17, 2) as a silhouette, float32 of this shape."""
    picture, thick = np.zeros(shape, np.float32), LIMB * body
    points = np.clip(np.rint(joints), -999, 9999).astype(int)
    for (one, other), share in zip((*BONES, SHOULDERS, HIPS), (*WIDTHS, 1, 1), strict=True):
        cv2.line(picture, points[one].tolist(), points[other].tolist(), 1, max(1, round(thick * share)))
    cv2.circle(picture, points[JOINT["head"]].tolist(), max(1, round(HEAD * body)), 1, -1)
    return picture
