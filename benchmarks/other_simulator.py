"""Filmed joints of simulated dives by another simulator: another build, camera, followed otherwise, with other faults.

    python -m benchmarks.other_simulator --other=build,camera --output_dir=data/other

writes `joints/ID.npy`, `features.json` and `manifest.csv`, which `build --dataset=manifest` reads. The same seed has
the same dives, faults, scores and splits, whatever is other; with `--other=` nothing is.
"""

import contextlib
import csv
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from absl import flags
from numpy.random import Generator
from tqdm import tqdm

from data_prep.simulator.diving import motion
from data_prep.simulator.files import FPS
from data_prep.simulator.joints import perform
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.scene import figure
from data_prep.simulator.scene.figure import POSE_FIELDS, pose
from data_prep.simulator.settings import Settings
from scoringnet_tf.body.skeleton import JOINTS
from scoringnet_tf.data import body_noise
from scoringnet_tf.inference.joint_files import origin_of
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.messages import unknown_name

FLAGS = flags.FLAGS
flags.DEFINE_list("other", ["build", "camera", "errors", "faults"], "What is other than the simulator's.")
flags.DEFINE_integer("num_videos", 2000, "Number of dives.", 2)
flags.DEFINE_float("test_fraction", 0.5, "Share of dives for the test split.", 0.0, 1.0)
flags.DEFINE_integer("seed", 53, "Random seed.")
flags.DEFINE_string("output_dir", None, "Folder for joints and their table.", required=True)
LENGTHS = {"waist": 0.25, "chest": 0.26, "neck": 0.12, "head": 0.13, "elbow": 0.26, "wrist": 0.27, "hand": 0.13}
LENGTHS |= {"knee": 0.37, "ankle": 0.39, "toe": 0.24}  # metres: a longer trunk, shorter thighs and arms, longer feet
ARM, LEG = ([JOINTS.index(f"{name}_l") for name in names.split()] for names in ("elbow wrist hand", "knee ankle toe"))
_poses, _flight_keys = motion._poses, motion._flight_keys


def pictures(joints: np.ndarray, centre: np.ndarray, tall: float, rng: Generator) -> tuple[Any, Any, float]:
    """By a camera that stands near, low or high, and does not move; rolled by up to 12 degrees."""
    azimuth, away = rng.uniform(-1.3, 1.3) + np.pi * rng.integers(2), rng.uniform(9, 14)
    stand = np.array((away * np.sin(azimuth), rng.uniform(0.5, 14), away * np.cos(azimuth)), np.float32)
    x, y, z = centre.mean(axis=1) - stand
    still = np.ones(joints.shape[-1], np.float32)
    places = body_noise.projected(joints, stand, np.arctan2(x, z) * still, np.arctan2(y, np.hypot(x, z)) * still)
    size = float(np.exp(rng.uniform(np.log(0.1), np.log(0.35))))
    focal = size * float(np.linalg.norm((x, y, z))) / tall
    return focal * body_noise.rolled(places, np.radians(rng.uniform(-12, 12))), np.zeros((2, len(still))), size


def filmed(joints: np.ndarray, rate: float, rng: Generator, _: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Followed with a lag; joints that are out of place for all of a film; single limbs exchanged; poses that stick."""
    length, tall = joints.shape[-1], 1.7 / 0.42 * np.linalg.norm(joints[:, 5] - joints[:, 6], axis=0).mean()
    places, camera, size = body_noise._pictures(joints, joints.mean(axis=1), tall, rng)
    lag = rng.uniform(0.2, 0.5) ** (FPS / rate)
    for frame in range(1, length):
        places[..., frame] = lag * places[..., frame - 1] + (1 - lag) * places[..., frame]
    places += rng.normal(0, 0.025, (*places.shape[:2], 1)) * size
    places += np.clip(rng.standard_t(3, places.shape), -9, 9) * rng.uniform(0.006, 0.015) * size
    for limb in (ARM, LEG):
        frames = np.flatnonzero(body_noise._stretches(1.0, rng.uniform(0.1, 0.3), 8, length, rng))
        other = [body_noise.MIRRORED[joint] for joint in limb]
        places[:, [*limb, *other], frames[:, np.newaxis]] = places[:, [*other, *limb], frames[:, np.newaxis]]
    stuck = body_noise._stretches(1.0, rng.uniform(0.05, 0.2), 5, length, rng)
    stuck |= joints.mean(axis=1)[1] < body_noise.UNDER_WATER
    seen = np.maximum.accumulate(np.where(stuck, 0, np.arange(length)))
    turned = np.tile(np.eye(2)[:, :, np.newaxis], length)
    affine = np.concatenate((turned, camera[:, np.newaxis]), axis=1)
    return places[..., seen], np.full((len(JOINTS), length), 0.8, np.float32), affine


def poses(dive: Any, trait: Any, boundaries: Any, times: np.ndarray, board: Any) -> np.ndarray:
    """Knees apart, one of them bent, in place of legs that part as scissors do."""
    poses, flies = _poses(dive, trait, boundaries, times, board), times >= boundaries[1]
    apart = np.where(flies, poses[:, POSE_FIELDS.index("scissor")], 0.0)
    return poses + apart[:, np.newaxis] * pose(scissor=-0.85, straddle=0.65, knee=0.4, knee_swing=0.8)


def position_pose(position: str, looseness: float) -> np.ndarray:
    """Loose is: knees apart and heels off in the tuck, bent knees in the pike, else an arch and stray arms."""
    held, loose = {
        "C": (motion._TUCK, pose(straddle=60, knee=-45, shoulder=-25, elbow=-45)),
        "B": (motion._PIKE, pose(knee=50, hip=-20, spine=-25, elbow=-40)),
        "A": (motion._STRAIGHT, pose(hip=-25, knee=35, spine=-25, arm_out=40)),
        "D": (motion._WRAP, pose(hip=-15, knee=45, spine=-20, arm_out=50, elbow=-70)),
    }[position]
    return held + looseness * loose


def entry_pose(head_first: bool, bent: float) -> np.ndarray:
    """Bent is: an arched back, and arms that give way."""
    straight = motion._REACH + pose(shoulder=4, ankle=88) if head_first else motion._FEET_FIRST
    return straight + bent * pose(spine=-35, hip=-25, knee=40, elbow=80, shoulder=-40, ankle=-20)


def flight_keys(dive: Any, held: np.ndarray) -> list[tuple[float, np.ndarray, float]]:
    """Later into the position and out of it."""
    return [(0.9 * (at / 0.9) ** 0.75, key, share) for at, key, share in _flight_keys(dive, held)]


OTHERS = {
    "build": [(figure, {"LENGTHS": LENGTHS})],
    "camera": [(body_noise, {"_pictures": pictures})],
    "errors": [(body_noise, {"_filmed": filmed})],
    "faults": [
        (motion, {"_poses": poses, "_position_pose": position_pose, "_entry_pose": entry_pose}),
        (motion, {"_flight_keys": flight_keys, "MAX_ENTRY_ANGLE": 28.0, "IDEAL_DISTANCE": 1.6}),
    ],
}


def main(_: object) -> None:
    """The command; InputError (`unknown_name`) for what no other simulator has."""
    for other in FLAGS.other:
        if other not in OTHERS:
            raise unknown_name("--other", other, OTHERS)
    settings = Settings(
        *("diving", "scoring", FLAGS.num_videos, FLAGS.seed, None, False, FLAGS.test_fraction, 240, 320),
        film=True,
        joints=True,
    )
    simulator, stages = get_simulator(settings.sport), get_sport(settings.sport).stages
    folder = Path(FLAGS.output_dir)
    (folder / "joints").mkdir(parents=True)
    write_json(folder / "joints/features.json", origin_of(FPS))
    with contextlib.ExitStack() as patches, (folder / "manifest.csv").open("w", newline="") as file:
        for module, names in (each for other in FLAGS.other for each in OTHERS[other]):
            patches.enter_context(mock.patch.multiple(module, **names))
        table = csv.writer(file)
        table.writerow(("features", "video", "split", "difficulty", "execution", "fps", *stages[1:], "end"))
        for plan in tqdm(plan_videos(simulator, settings), unit="video"):
            joints, labels = perform(simulator, plan, settings)
            seen = body_noise.seen_on_film(joints, FPS, np.random.default_rng((FLAGS.seed, plan.video_id)))
            np.save(folder / f"joints/{plan.path.stem}.npy", seen)
            shown = np.append(labels[: np.flatnonzero(labels)[-1] + 1], len(stages))
            edges = [int(np.argmax(shown >= stage)) for stage in range(1, len(stages) + 1)]
            scores = plan.difficulty, plan.execution
            table.writerow((f"joints/{plan.path.stem}.npy", plan.path.stem, plan.split, *scores, FPS, *edges))


if __name__ == "__main__":
    cli.run(main)
