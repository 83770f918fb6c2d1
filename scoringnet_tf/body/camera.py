"""Where the camera looks, and what moves before a still background.

Pictures here are small: at most `HEIGHT` pixels high.
"""

import itertools
from typing import Any

import cv2
import numpy as np

from scoringnet_tf.support.threads import on_all_cores

HEIGHT = 240
CORNERS, QUALITY, APART = 200, 0.0005, 6  # of `goodFeaturesToTrack`; a bright athlete makes others look weak
WINDOW = (21, 21)  # pixels around each that are compared
OFFSETS = (0.07, 0.13, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)  # seconds to the pictures that show what is behind the athlete
SAME, OTHER = 10.0, 35.0  # differences to the background, of 255: noise, and surely something else
UNSEEN = 255  # the background there is on no other picture


def camera_path(pictures: np.ndarray) -> np.ndarray:
    """Maps from each picture (L, H, W, 3) to the scene, which is the first one continued: (L, 3, 3).

    The camera turns, zooms and rolls. What is followed is most of the picture, which is background.
    """
    path = [np.eye(3)]
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]
    for motion in on_all_cores(lambda pair: _motion(*pair), itertools.pairwise(grey)):
        path.append(path[-1] @ np.linalg.inv(motion))
    return np.stack(path)


def _motion(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The map (3, 3) from one picture's background to the next one's; none where too little is seen of it."""
    motion = np.eye(3)
    corners = cv2.goodFeaturesToTrack(before, CORNERS, QUALITY, APART)
    if corners is None or len(corners) < 8:
        return motion
    flow: Any = cv2.calcOpticalFlowPyrLK  # whose types do not know None
    moved, found, _ = flow(before, after, corners, None, winSize=WINDOW, maxLevel=4)
    back, found_back, _ = flow(after, before, moved, None, winSize=WINDOW, maxLevel=4)
    sure = (found[:, 0] == 1) & (found_back[:, 0] == 1) & (np.abs(back - corners).max((1, 2)) < 1)
    if sure.sum() >= 6:
        affine, _ = cv2.estimateAffinePartial2D(corners[sure], moved[sure], ransacReprojThreshold=1.5)
        if affine is not None:
            motion[:2] = affine
    return motion


def foreground(pictures: np.ndarray, path: np.ndarray, times: np.ndarray, at: int) -> tuple[np.ndarray, np.ndarray]:
    """What is no background on picture `at`: (silhouette, motion), float32 (H, W), 0 to 1.

    Both compare it with pictures (L, H, W, 3) before and after, brought to where its camera looks (`path`). What
    differs from most of them is a silhouette; what differs from the two nearest ones moves. NaN in the silhouette
    where no other picture shows the place.
    """
    shifted = [np.abs(times - times[at] - sign * offset).argmin() for offset in OFFSETS for sign in (-1, 1)]
    others = list(dict.fromkeys(int(other) for other in shifted if other != at))
    picture = pictures[at]
    differences = []
    everywhere, size = np.ones(picture.shape[:2], np.uint8), picture.shape[1::-1]
    for other in others:
        to_here = (np.linalg.inv(path[at]) @ path[other])[:2]
        moved = cv2.warpAffine(pictures[other], to_here, size)
        is_shown = cv2.warpAffine(everywhere, to_here, size, flags=cv2.INTER_NEAREST)
        red, green, blue = cv2.split(cv2.absdiff(picture, moved))
        difference = np.minimum(cv2.max(cv2.max(red, green), blue), UNSEEN - 1)
        differences.append(np.where(is_shown > 0, difference, UNSEEN).astype(np.uint8))
    stack = np.stack(differences)
    nearest = np.where(stack[:2] == UNSEEN, 0, stack[:2]).min(axis=0)
    shown = (stack < UNSEEN).sum(axis=0)
    middle = np.take_along_axis(_sorted(stack), np.maximum((shown - 1) // 2, 0)[np.newaxis], axis=0)[0]
    silhouette = _share(middle)
    silhouette[shown == 0] = np.nan
    return silhouette, _share(nearest)


def _sorted(planes: np.ndarray) -> np.ndarray:
    """`np.sort(planes, axis=0)` for a few large planes (N, H, W), by exchanging neighbours: in a fifth of the time."""
    planes = planes.copy()
    for turn in range(len(planes)):
        one, other = planes[turn % 2 : -1 : 2], planes[turn % 2 + 1 :: 2]
        one[:], other[:] = np.minimum(one, other), np.maximum(one, other)
    return planes


def _share(difference: np.ndarray) -> np.ndarray:
    return np.clip((cv2.GaussianBlur(difference.astype(np.float32), (0, 0), 0.8) - SAME) / (OTHER - SAME), 0, 1)
