"""Another body beside one that is followed: by silhouettes of drawn dives, with clutter."""

import cv2
import numpy as np
import pytest

from scoringnet_tf.body.candidates import View, drawn
from scoringnet_tf.body.pairs import beside
from tests.body.turned import FLIES, STANDS, TUCK, turned

BODY, SHAPE = 60, (240, 320)  # pixels: a body's height; the picture


def seen(half_turns, offset=None, clutter=0.02, thick=1.0, stands=None):
    """Views of a flight, with another body that falls, or one that stands, at an offset; the first one's joints."""
    rng = np.random.default_rng(0)
    joints = turned(half_turns, TUCK).positions[STANDS : STANDS + FLIES] * 185
    joints += [160, 110] - joints.mean(axis=1, keepdims=True)
    joints += np.linspace([0, -0.8 * BODY], [0, 0.8 * BODY], len(joints))[:, np.newaxis]
    views = []
    for pose in joints:
        bodies = [pose] if offset is None else [pose, pose + np.multiply(offset, BODY)]
        bodies += [] if stands is None else [joints[0] + np.multiply(stands, BODY)]
        silhouette = np.max([drawn(each, BODY * thick, SHAPE) for each in bodies], axis=0)
        spots = cv2.GaussianBlur((rng.random(SHAPE) < clutter / 9).astype(np.float32), (0, 0), 1.5) * 9
        views.append(View([], 0, np.minimum(silhouette + spots, 1), pose.mean(axis=0), BODY))
    return views, joints + rng.normal(0, 0.02 * BODY, joints.shape)


@pytest.mark.parametrize("half_turns", [1, 5, 9])
@pytest.mark.parametrize("offset", [(0.3, 0.05), (-0.6, 0), (1.2, -0.1)])
def test_another_body_is_where_the_silhouette_is_that_of_the_first(half_turns, offset):
    assert beside(*seen(half_turns, offset)) / BODY == pytest.approx(offset, abs=0.06)


@pytest.mark.parametrize("half_turns", [1, 5, 9])
def test_nobody_is_beside_a_single_body(half_turns):
    """Neither for clutter, a body thicker than it is drawn, or one that stands there; nor where few frames show it."""
    assert beside(*seen(half_turns)) is None
    assert beside(*seen(half_turns, thick=1.5, clutter=0.1)) is None
    assert beside(*seen(half_turns, stands=(0.5, 0.3))) is None
    views, joints = seen(half_turns, (0.6, 0))
    assert beside(views[:7], joints[:7]) is None
