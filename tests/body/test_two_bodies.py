"""Another body beside one that is followed: by silhouettes of drawn dives, with clutter."""

import cv2
import numpy as np
import pytest

from scoringnet_tf.body.candidates import View, drawn
from scoringnet_tf.body.pairs import beside
from scoringnet_tf.body.skeleton import GRAVITY, TALL
from tests.body.turned import FLIES, RATE, STANDS, TUCK, turned

BODY, SHAPE = 60, (240, 320)  # pixels: a body's height; the picture
TIMES = np.arange(FLIES) / RATE


def seen(half_turns, offset=None, clutter=0.02, thick=1.0, stands=None):
    """Views of a flight with another body at an offset, that falls or stands; the first one's joints; times."""
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
    return views, joints + rng.normal(0, 0.02 * BODY, joints.shape), TIMES


@pytest.mark.parametrize("half_turns", [1, 5, 9])
@pytest.mark.parametrize("offset", [(0.3, 0.05), (-0.6, 0), (1.2, -0.1)])
def test_another_body_is_where_the_silhouette_is_that_of_the_first(half_turns, offset):
    found, speed = beside(*seen(half_turns, offset))
    assert found / BODY == pytest.approx(offset, abs=0.06)
    assert speed == 0


@pytest.mark.parametrize("later", [-2, -1, 0, 1, 2])
def test_another_body_is_found_where_it_falls_some_frames_later(later):
    times, still = TIMES[:20], np.stack([np.zeros(17), np.linspace(-0.5, 0.5, 17)], axis=1)

    def falls(times):
        below = GRAVITY / TALL * times**2 / 2
        return BODY * (still + 1 + np.stack([np.zeros(len(times)), below], axis=1)[:, np.newaxis])

    joints, other = falls(times), falls(times - later / RATE) + np.array((0.7 * BODY, 0))
    bodies = [np.maximum(*(drawn(pose, BODY, (400, 200)) for pose in both)) for both in zip(joints, other, strict=True)]
    views = [View([], 0, body, pose.mean(axis=0), BODY) for body, pose in zip(bodies, joints, strict=True)]
    offset, speed = beside(views, joints, times)
    np.testing.assert_allclose(offset + np.outer(times, (0, speed)), (other - joints).mean(axis=1), atol=BODY / 20)


@pytest.mark.parametrize("half_turns", [1, 5, 9])
def test_nobody_is_beside_a_single_body(half_turns):
    """Neither for clutter, a body thicker than it is drawn, or one that stands there; nor where few frames show it."""
    assert beside(*seen(half_turns)) is None
    assert beside(*seen(half_turns, thick=1.5, clutter=0.1)) is None
    assert beside(*seen(half_turns, stands=(0.5, 0.3))) is None
    assert beside(*(each[:7] for each in seen(half_turns, (0.6, 0)))) is None
