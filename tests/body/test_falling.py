"""Camera, background and fall, on drawn film: what is drawn is known."""

import cv2
import numpy as np
import pytest

from scoringnet_tf.body.camera import _sorted, camera_path, foreground
from scoringnet_tf.body.falling import find_fall, powers

HEIGHT, WIDTH, RATE = 120, 160, 25
GRAVITY, LENGTH = 250.0, 20  # pixels per s²; frames


@pytest.fixture(scope="module")
def hall():
    """A background that is larger than the picture, with much to follow."""
    noise = np.random.default_rng(0).integers(0, 256, (90, 100, 3), np.uint8)
    return cv2.resize(cv2.GaussianBlur(noise, (0, 0), 1), (400, 360), interpolation=cv2.INTER_CUBIC)


def path_of(pan, zoom=0.0, roll=0.0):
    """Maps from L pictures to the scene, the first picture's: a camera that turns, zooms in and rolls evenly."""
    maps = []
    for at in range(LENGTH):
        scale, turn = 1 - zoom * at, roll * at
        maps.append(
            [
                [scale * np.cos(turn), -scale * np.sin(turn), pan[0] * at],
                [scale * np.sin(turn), scale * np.cos(turn), pan[1] * at],
                [0, 0, 1],
            ]
        )
    return np.array(maps)


def filmed(hall, path, places=()):
    """Pictures of the hall, with a white body, 12 pixels high, at places (L, 2) of the scene."""
    start = np.array([[1, 0, 120], [0, 1, 100], [0, 0, 1.0]])
    pictures = []
    for at, to_scene in enumerate(path):
        picture = cv2.warpAffine(
            hall, (start @ to_scene)[:2], (WIDTH, HEIGHT), flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
        )
        for each in places:
            x, y = (np.linalg.inv(to_scene) @ [*each[at], 1])[:2]
            cv2.ellipse(picture, ((x, y), (9, 12), 0), (255, 255, 255), -1)
        pictures.append(picture)
    return np.stack(pictures)


def falling(x=30.0):
    t = np.arange(LENGTH) / RATE
    return np.stack([x + 60 * t, 50 - 40 * t + GRAVITY * t**2 / 2], axis=1)


@pytest.mark.parametrize(("pan", "zoom", "roll"), [((0, 0), 0, 0), ((0.5, 3), 0, 0), ((2, 1), 0.004, 0.003)])
def test_the_camera_is_followed_by_its_background(hall, pan, zoom, roll):
    path = path_of(pan, zoom, roll)
    found = camera_path(filmed(hall, path, [falling()]))
    corners = np.array([[0, 0, 1], [WIDTH, 0, 1], [0, HEIGHT, 1], [WIDTH, HEIGHT, 1.0]]).T
    assert np.abs((found - path) @ corners).max() < 1.5  # pixels, after 20 pictures


def test_a_silhouette_is_what_moves_before_the_background(hall):
    path, places = path_of((0.5, 3)), falling()
    pictures = filmed(hall, path, [places])
    silhouette, motion = foreground(pictures, path, np.arange(LENGTH) / RATE, 8)
    body = filmed(np.zeros_like(hall), path, [places])[8, ..., 0] > 0
    inside = cv2.erode(body.astype(np.uint8), np.ones((5, 5))) > 0
    outside = cv2.dilate(body.astype(np.uint8), np.ones((7, 7))) == 0
    assert np.nan_to_num(silhouette)[inside].min() > 0.9
    assert np.nan_to_num(silhouette)[outside].mean() < 0.02
    assert motion[outside].mean() < 0.02


def test_where_no_other_picture_shows_the_background_there_is_no_silhouette(hall):
    silhouette, _ = foreground(filmed(hall, path_of((0, 60)))[:2], path_of((0, 60))[:2], np.arange(2) / RATE, 0)
    assert np.isnan(silhouette[:50]).all()
    assert np.isfinite(silhouette[70:]).all()


def test_planes_are_sorted_as_numpy_sorts():
    rng = np.random.default_rng(0)
    for count in (1, 2, 3, 16):
        planes = rng.integers(0, 256, (count, 5, 7), np.uint8)
        np.testing.assert_array_equal(_sorted(planes), np.sort(planes, axis=0))


def motion_of(*bodies, noise=0.0):
    """Where bodies at places (L, 2) move, and spectators at random."""
    rng, maps = np.random.default_rng(1), np.zeros((LENGTH, HEIGHT, WIDTH), np.float32)
    for at, motion in enumerate(maps):
        for places in bodies:
            cv2.ellipse(motion, (tuple(places[at]), (12, 16), 0), 1, -1)
        for _ in range(4):
            cv2.circle(motion, (int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))), 4, noise, -1)
    return maps


TIMES = np.arange(LENGTH) / RATE


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_a_fall_is_found_among_what_moves(noise):
    path = path_of((1.0, 2.0))
    shown = falling() - path[:, :2, 2]  # in pictures of a camera that pans
    fall = find_fall(motion_of(shown, noise=noise), path, TIMES)
    assert 2 * fall[2, 1] == pytest.approx(GRAVITY, rel=0.1)
    assert np.linalg.norm(powers(TIMES) @ fall - falling(), axis=1).max() < 4  # pixels; the body is 16 high


def test_who_stands_beside_does_not_fall():
    standing = np.tile([100.0, 60.0], (LENGTH, 1))
    fall = find_fall(motion_of(falling(), standing), path_of((0, 0)), TIMES)
    assert np.linalg.norm(powers(TIMES) @ fall - falling(), axis=1).max() < 4
    assert find_fall(motion_of(standing), path_of((0, 0)), TIMES) is None
    assert find_fall(motion_of(), path_of((0, 0)), TIMES) is None
