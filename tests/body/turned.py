"""Tracks of bodies whose turns are known: flights over a path by gravity, seen level from the side."""

import dataclasses

import numpy as np

from data_prep.simulator.scene.figure import JOINT, Body, body_joints, orient, pose, somersault_inertia
from scoringnet_tf.body.skeleton import JOINTS
from scoringnet_tf.body.track import Track

RATE, STANDS, FLIES = 25, 5, 40  # frames a second; frames on the board, and in the air
STRAIGHT, REACH = pose(shoulder=18, ankle=85), pose(shoulder=180, ankle=85)
TUCK, PIKE = pose(spine=46, shoulder=26, elbow=93, hip=128, knee=142), pose(spine=34, shoulder=98, hip=134)


def turned(half_turns=3.0, held=STRAIGHT, past=0.0, half_twists=0, facing=1, travel=0.8, start=0.0, sense=1, **last):
    """The track of a body that turns `half_turns` times, clockwise for a `sense` of 1, and `past` degrees more.

    It holds a pose from the second tenth of the flight to the seventh, and lines up as `REACH` with what is in `last`.
    It faces right (1) or left (-1) and travels that many body lengths to the right. `start` degrees: 180 for hands.
    """
    steps = np.arange(-STANDS, FLIES + 1)
    share = np.clip(steps / FLIES, 0, 1)
    stands = STRAIGHT - pose(ankle=85 * (start == 0))
    keys = (
        (0, 0.1, 0.2, 0.7, 0.8, 1),
        np.stack((stands, STRAIGHT, held, held, REACH + pose(**last), REACH + pose(**last))),
    )
    poses = np.stack([np.interp(share, keys[0], column) for column in keys[1].T], axis=1)
    flat = body_joints(poses, Body())
    speed = (share > 0) / somersault_inertia(flat)
    turn = np.cumsum(speed) / speed.sum()
    somersault = -np.radians(start + sense * turn * (180 * half_turns + past))
    twist = (facing < 0) * np.pi + half_twists * np.pi * np.clip((share - 0.1) / 0.6, 0, 1)
    body = orient(flat, somersault, twist) / 1.7
    fallen = share * FLIES / RATE
    centre = np.stack((travel * share, 4.9 / 1.7 * fallen**2 - 1.2 * fallen), axis=-1)
    body = body[:, [JOINT[name] for name in JOINTS], :2] * (1, -1) + centre[:, None]
    length = len(share)
    still = np.tile(np.eye(2, 3), (length, 1, 1))
    return Track(
        first_frame=0,
        times=np.arange(length) / RATE,
        positions=body / 4,
        confidence=np.ones((length, 17)),
        camera=still,
        flight=(STANDS, length - 1),
    )


def without(track, frames):
    """The track with frames that were lost, and filled with what stands there wrongly."""
    confidence, positions = track.confidence.copy(), track.positions.copy()
    confidence[frames], positions[frames] = 0, positions[0]
    return dataclasses.replace(track, positions=positions, confidence=confidence)
