"""Who falls beside a body is found where they are, together or one a little later."""

import numpy as np
import pytest

from scoringnet_tf.body.candidates import View, drawn
from scoringnet_tf.body.pairs import beside
from scoringnet_tf.body.skeleton import GRAVITY, TALL, centre_of_mass

BODY, RATE, OFFSET = 40.0, 25, np.array((30.0, 6.0))  # pixels; frames per second; pixels from one to the other
STILL = np.array([(0.0, y) for y in np.linspace(-0.5, 0.5, 17)])  # heights of the body


def fall(times):
    """Joints (L, 17, 2), pixels, of who falls freely from the picture's upper edge."""
    centre = np.stack([np.full(len(times), 80.0), 40 + BODY * GRAVITY / TALL * times**2 / 2], axis=1)
    return centre[:, np.newaxis] + BODY * STILL


def views_of(*athletes):
    bodies = [
        np.maximum.reduce([drawn(pose, BODY, (260, 200)) for pose in poses]) for poses in zip(*athletes, strict=True)
    ]
    return [View((), at, body, np.zeros(2), BODY) for at, body in enumerate(bodies)]


@pytest.mark.parametrize("later", [-2, -1, 0, 1, 2])
def test_another_body_is_found_where_it_falls(later):
    times = np.arange(20) / RATE
    joints, other = fall(times), fall(times - later / RATE) + OFFSET
    offset, speed = beside(views_of(joints, other), joints, times)
    true = centre_of_mass(other) - centre_of_mass(joints)
    found = offset + np.outer(times, (0, speed))
    np.testing.assert_allclose(found, true, atol=BODY / 20)


def test_one_who_is_alone_has_nobody_beside():
    times = np.arange(20) / RATE
    joints = fall(times)
    assert beside(views_of(joints), joints, times) is None
