"""What film shows of true joints: a camera, errors as large as they are said to be, and one film for a key."""

import numpy as np
import pytest

from scoringnet_tf.body.skeleton import JOINT, JOINTS, MIRRORED
from scoringnet_tf.data.body_noise import (
    HEIGHT_OF_THIGH,
    UPSIDE_DOWN,
    filled,
    film_of,
    filmed,
    projected,
    rolled,
    seen_on_film,
)

RNG = np.random.default_rng(0)
# A body that falls from 9 m and turns its limbs about, (T, J, 3)
BODY = np.cumsum(RNG.normal(0, 0.02, (90, len(JOINTS), 3)), axis=0) + RNG.normal(0, 0.4, (len(JOINTS), 3))
FALLING = (BODY + np.linspace((0, 9, 0), (1.5, 1, 0), 90)[:, np.newaxis]).astype(np.float32)


def films(seed):
    """One film with its errors, and with none: `filmed` draws the same camera for both."""
    return (filmed(FALLING, 25, np.random.default_rng(seed), strength) for strength in (1.0, 1e-9))


def test_a_camera_projects_as_a_double_loop_does():
    """By rotations about the axes, point for point; the picture is turned last."""
    stand, pan, tilt, angle = np.array((3.0, 2.0, 20.0)), RNG.uniform(2.5, 3.5, 90), RNG.uniform(-0.3, 0.4, 90), 0.06
    shown = rolled(projected(FALLING.transpose(2, 1, 0), stand, pan, tilt), angle)
    for frame in range(0, 90, 7):
        for joint in range(len(JOINTS)):
            x, y, z = FALLING[frame, joint] - stand
            away = x * np.sin(pan[frame]) + z * np.cos(pan[frame])
            left = x * np.cos(pan[frame]) - z * np.sin(pan[frame])
            ahead = away * np.cos(tilt[frame]) + y * np.sin(tilt[frame])
            above = y * np.cos(tilt[frame]) - away * np.sin(tilt[frame])
            place = complex(-left / ahead, -above / ahead) * np.exp(-1j * angle)
            assert shown[:, joint, frame] == pytest.approx((place.real, place.imag), abs=1e-5)


def test_the_camera_follows_and_its_path_tells_how_far_the_body_falls():
    """In the picture it hardly moves; in the scene it falls eight metres."""
    for seed in range(5):
        _, film = films(seed)
        scene = np.einsum("tij,tkj->tki", film.camera[:, :, :2], film.positions) + film.camera[:, np.newaxis, :, 2]
        fall, stays = (np.ptp(places.mean(axis=1)[:, 1]) for places in (scene, film.positions))
        sizes = np.ptp(film.positions[..., 1], axis=1) / np.ptp(FALLING[..., 1], axis=1)
        assert fall == pytest.approx(8 * np.median(sizes), rel=0.2) and stays < 0.02 * fall


def test_errors_are_as_large_as_they_are_said_to_be():
    """Noise of 3 to 6 % of the body that lasts; an eighth to a quarter exchanged, and some turned for a while."""
    exchanged, lost, noise, lasting = [], [], [], []
    for seed in range(60):
        rough, fine = films(seed)
        thigh = fine.positions[:, JOINT["hip_l"]] - fine.positions[:, JOINT["knee_l"]]
        errors = (rough.positions - fine.positions) / (HEIGHT_OF_THIGH * np.linalg.norm(thigh, axis=1).max())
        others = [np.abs(rough.positions - fine.positions[:, order]) for order in (MIRRORED, UPSIDE_DOWN)]
        off = np.abs(rough.positions - fine.positions).mean(axis=(1, 2))
        seen, is_right = rough.confidence.any(axis=1), off <= np.mean(others, axis=(2, 3)).min(axis=0)
        exchanged.append(1 - is_right[seen].mean())
        lost.append(1 - seen.mean())
        noise.append(errors[seen & is_right].std())
        pairs = np.flatnonzero((seen & is_right)[1:] & (seen & is_right)[:-1])
        lasting.append(np.corrcoef(errors[pairs].ravel(), errors[pairs + 1].ravel())[0, 1])
    assert 0.16 < np.mean(exchanged) < 0.26 and 0.22 < np.mean(lost) < 0.31
    assert 0.035 < np.median(noise) < 0.055 and 0.4 < np.median(lasting) < 0.6


def test_lost_frames_lie_on_a_line_between_their_neighbours():
    values, lost = RNG.normal(size=(2, 3, 12)).astype(np.float32), np.isin(range(12), (0, 1, 4, 7, 8, 9, 11))
    for row, by_line in zip(values.reshape(6, 12), filled(values, lost).reshape(6, 12), strict=True):
        assert by_line == pytest.approx(np.interp(range(12), np.flatnonzero(~lost), row[~lost]), abs=1e-6)


def test_a_body_under_water_is_lost():
    joints = np.tile(FALLING[-1:], (40, 1, 1))
    joints[20:, :, 1] -= joints[20:, :, 1].mean() + 1.0
    film = filmed(joints, 25, np.random.default_rng(0))
    assert not film.confidence[20:].any() and film.confidence[:20].any()
    assert not seen_on_film(joints - (0, 5, 0), 25, np.random.default_rng(0))[..., 2].any()


def test_a_key_draws_one_film():
    joints = FALLING.reshape(90, -1)
    film, again, other = (film_of(joints, 25.0, key) for key in (b"001", b"001", b"002"))
    assert film.dtype == np.float32 and np.isfinite(film).all()
    assert (film == again).all() and not np.isclose(film, other).any(axis=0).all()
    exact = film_of(joints, 25.0, b"001", 0).reshape(90, -1, 3)
    assert (exact == np.stack((FALLING[..., 0], -FALLING[..., 1], np.ones((90, 17))), axis=-1)).all()


@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_videos_are_filmed(length):
    for seed in range(20):
        film = seen_on_film(FALLING[:length], 25, np.random.default_rng(seed))
        assert film.shape == (length, 17, 3) and np.isfinite(film).all()
