"""Whether another body falls beside one that is followed: two who dive together do the same at the same time.

So the other one's silhouette is that of the first, moved by a distance that is constant, or that grows evenly if one is
a little later. What is shown there, and is none of the first body, is as large as the body itself for a pair, and next
to nothing for one athlete.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from scoringnet_tf.body.candidates import View, drawn
from scoringnet_tf.body.skeleton import GRAVITY, TALL, centre_of_mass

SIZE = 32  # pixels of a body's height that is looked at
FAR, NEAR, ABOVE = 1.5, 0.2, 0.5  # heights of the body: how far the other one may be, aside at least, above at most
AROUND = 7  # pixels of a brush that takes the first body away, with its blur
FREE = 0.3  # least share of the other body that the first one does not cover, and the picture shows
SHOWN = 0.5  # least share of it that is silhouette
FEWEST = 8  # frames
LATER = (0.0, 0.04, -0.04, 0.08, -0.08)  # seconds that the other one may be


def beside(views: Sequence[View], joints: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, float] | None:
    """From a body to another one: (2,) in small pixels at time 0, and how fast that falls a second; None: it is alone.

    Args:
        views: L frames in which it falls and is seen.
        joints: (L, 17, 2), small pixels.
        times: (L,), seconds.
    """
    reach, middle_time = round(FAR * SIZE), float(times.mean())
    side, middle = 2 * (2 * SIZE + reach) + 1, 2 * SIZE + reach
    speeds = -GRAVITY / TALL * np.array(LATER)  # heights of the body a second
    shown, free = np.zeros((2, len(speeds), 2 * reach + 1, 2 * reach + 1), np.float32)
    for view, pose, time in zip(views, joints, times, strict=True):
        scale, centre = SIZE / view.body, centre_of_mass(pose)
        to_crop = np.array([[scale, 0, middle - scale * centre[0]], [0, scale, middle - scale * centre[1]]])
        silhouette = cv2.warpAffine(view.silhouette, to_crop, (side, side), borderValue=np.nan)
        body = drawn((pose - centre) * scale + middle, SIZE, (side, side))
        others = np.isfinite(silhouette) * (1 - cv2.dilate(body, np.ones((AROUND, AROUND))))
        brush = body[reach:-reach, reach:-reach] / body.sum()
        for total, values in ((shown, others * np.nan_to_num(silhouette)), (free, others)):
            here = cv2.filter2D(values.astype(np.float32), -1, brush)[2 * SIZE : -2 * SIZE, 2 * SIZE : -2 * SIZE]
            for speed, moved in zip(speeds, total, strict=True):
                moved += np.roll(here, -round(speed * (time - middle_time) * SIZE), axis=0)
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1] / SIZE
    possible = (np.abs(right) > NEAR) & (np.abs(down) < ABOVE) & (free > FREE * len(views))
    share = np.where(possible, shown / np.maximum(free, 1e-6), 0)
    best = np.unravel_index(share.argmax(), share.shape)
    if len(views) < FEWEST or share[best] < SHOWN:
        return None
    speed, place = float(speeds[best[0]]), best[1:]
    offset = np.array((right[place], down[place] - speed * middle_time))
    return offset * views[0].body, speed * views[0].body
