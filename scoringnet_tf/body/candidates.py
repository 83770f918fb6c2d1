"""What the body may be in each frame: poses that an estimator finds in turned crops, and how they fit what is seen."""

import dataclasses
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from scoringnet_tf.body.pose import PoseEstimator
from scoringnet_tf.body.skeleton import BONES, HIPS, JOINT, SHOULDERS, trunk_angle

TURNS = np.arange(8) * np.pi / 4  # of a crop; an estimator knows upright people, give or take
CROP = 1.4  # a crop's side, in heights of the body: an estimator knows those who stand
SOFT = 0.6  # pixels: takes blocks of compressed film away
GREY = (128, 128, 128)  # in place of what is background
LIMB, HEAD = 0.055, 0.06  # thickness of a limb and radius of a head, in heights of the body
WIDTHS = (0.7, 0.6, 1.6, 0.8, 0.8, 0.5) * 2  # of `BONES`, in `LIMB`
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


def look(view: View, estimator: PoseEstimator, crops: Iterable[tuple[np.ndarray, float, float]]) -> tuple:
    """Poses (N, 17, 2), small pixels, with confidence and presence, in crops (centre, side, turn)."""
    maps = [_crop_map(estimator.side, *crop) for crop in crops]
    if not maps:
        return np.zeros((0, 17, 2)), np.zeros((0, 17)), np.zeros(0)
    picture, size = _cut_out(view), (estimator.side, estimator.side)
    scaled = np.diag((view.scale, view.scale, 1.0))
    shown = [cv2.warpAffine(picture, each @ scaled, size, borderValue=GREY) for each in maps]
    found = estimator(np.stack(shown).astype(np.float32) / 255)
    known = np.where(np.isnan(found.joints), np.roll(found.joints, 1, axis=1), found.joints)  # hands and toes
    back = np.stack([cv2.invertAffineTransform(each) for each in maps])
    joints = np.einsum("nij,nkj->nki", back[:, :, :2], known * estimator.side) + back[:, None, :, 2]
    return joints, found.confidence, found.presence


def _cut_out(view: View) -> np.ndarray:
    """The full picture, softened, without its background, uint8 (H, W, 3)."""
    picture = cv2.GaussianBlur(view.pictures[view.number], (3, 3), SOFT)
    share = cv2.GaussianBlur(cv2.dilate(np.nan_to_num(view.silhouette, nan=1.0), np.ones((3, 3))), (0, 0), 1)
    share = cv2.resize(share, picture.shape[1::-1])
    return cv2.blendLinear(picture, np.full_like(picture, GREY[0]), share, 1 - share)


def _crop_map(side: int, centre: np.ndarray, size: float, turn: float) -> np.ndarray:
    """From small pixels to a crop in which what looks along `turn` is upright."""
    scale, cos, sin = side / size, np.cos(turn), np.sin(turn)
    turned = np.array([[cos, sin], [-sin, cos]]) * scale
    return np.hstack([turned, (side / 2 - turned @ centre)[:, np.newaxis]])


def candidates(view: View, joints: np.ndarray, confidence: np.ndarray, presence: np.ndarray) -> Candidates:
    """The best different ones among poses that `look` found."""
    shape = (joints - view.place) / view.body
    trunk = np.linalg.norm(shape[:, SHOULDERS].mean(axis=1) - shape[:, HIPS].mean(axis=1), axis=1)
    off = np.linalg.norm(shape[:, SHOULDERS + HIPS].mean(axis=1), axis=1)
    possible = (presence > 0.1) & (off < 0.6) & (np.abs(shape).max(axis=(1, 2)) < 1.3)
    cost = np.full(len(joints), np.inf)
    near = _near(view)
    for at in np.flatnonzero(possible):
        fit = max(_fit(near, joints[at], view.body), 0.05)
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


def _near(view: View) -> np.ndarray:
    """The silhouette near the fall's place, 0 to 1 (h, w)."""
    near = np.zeros_like(view.silhouette)
    cv2.circle(near, np.rint(view.place).astype(int).tolist(), round(0.6 * view.body), 1, -1)
    return np.nan_to_num(view.silhouette, nan=1.0) * near


def silhouette_fit(view: View, joints: np.ndarray) -> float:
    """How well a pose (17, 2) covers the silhouette near the fall's place: its F-score."""
    return _fit(_near(view), joints, view.body)


def _fit(silhouette: np.ndarray, joints: np.ndarray, body: float) -> float:
    """How well a pose (17, 2) covers a silhouette: its F-score."""
    pose = drawn(joints, body, silhouette.shape)
    precision = cv2.sumElems(pose * silhouette)[0] / (cv2.sumElems(pose)[0] + 1e-6)
    covered = cv2.dilate(pose, np.ones((3, 3))) * silhouette
    recall = cv2.sumElems(covered)[0] / (cv2.sumElems(silhouette)[0] + 1e-6)
    return 2 * precision * recall / (precision + recall + 1e-6)


def drawn(joints: np.ndarray, body: float, shape: tuple[int, ...]) -> np.ndarray:
    """A pose (17, 2) as a silhouette, float32 of this shape."""
    picture, thick = np.zeros(shape, np.float32), LIMB * body
    points = np.clip(np.rint(joints), -999, 9999).astype(int)
    for (one, other), share in zip((*BONES, SHOULDERS, HIPS), (*WIDTHS, 1, 1), strict=True):
        cv2.line(picture, points[one].tolist(), points[other].tolist(), 1, max(1, round(thick * share)))
    cv2.circle(picture, points[JOINT["head"]].tolist(), max(1, round(HEAD * body)), 1, -1)
    return picture
