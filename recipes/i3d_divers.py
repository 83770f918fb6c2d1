"""Learns scoringnet_tf/weights/i3d_divers.json: where a diver is, from I3D's features before they are pooled.

Reads data/film_dives and writes i3d_divers.json. saved_models/diving_film/README.md has the command that simulates the
dives, and figures. Single dives teach it, pairs are for the test.
"""

import json
import pathlib

import numpy as np

from data_prep.simulator.filming import Filming
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.preprocessor import ScoringNetPreprocessor
from scoringnet_tf.models.backbones.athletes import second_athlete
from scoringnet_tf.weights.backbones import load_backbone

DIVES, OUTPUT = pathlib.Path("data/film_dives"), pathlib.Path("i3d_divers.json")
ENDPOINT, STRIDE, SIZE = "Mixed_4f", 4, (128, 171)
CONTEXT = 8  # frames that I3D sees before and after a flight
NEAR, FAR = 12, 24  # pixels: with two joints nearer a place has a diver; it has none if all joints are farther
FOLDS, QUANTILE, RIDGE = 5, 0.96, 0.05


def diver_places(joints, height, width):
    """1 where a diver is, 0 where none is, −1 between: (T, h, w), from joints (T, J, 2) in pixels of `SIZE`."""
    y, x = ((np.arange(n) + 0.5) * size / n for n, size in zip((height, width), SIZE, strict=True))
    middles = np.stack(np.meshgrid(x, y), axis=-1)[:, :, np.newaxis]
    distances = np.linalg.norm(middles - joints[:, np.newaxis, np.newaxis], axis=-1)  # NaN under water
    return np.where((distances < NEAR).sum(axis=-1) >= 2, 1, -(distances < FAR).any(axis=-1).astype(int))


def products(features, places):
    """Sums of x xᵀ over the places without a diver, and with one; x is what the weights multiply, and 1."""
    x = np.pad(np.sqrt(features.astype(np.float32)), [(0, 0)] * 3 + [(0, 1)], constant_values=1)
    return np.stack([x[places == kind].T @ x[places == kind] for kind in (0, 1)]).astype(np.float64)


def ridge(sums):
    """Weights (C + 1,) that say −1 without a diver and 1 with one; both kinds of places weigh the same."""
    without, there = sums / sums[:, -1:, -1:]
    penalty = np.diag([*np.full(len(there) - 1, RIDGE), 0])
    return np.linalg.solve(without + there + penalty, there[-1] - without[-1])


def beside(features, weights):
    """How surely somebody is beside the diver, on average over the flight."""
    return float(np.mean(second_athlete(features[np.newaxis].astype(np.float32), weights)))


# 1. Features of every flight, and where its diver is
settings = Settings(**json.loads((DIVES / "simulation.json").read_text())["settings"])
simulator, preprocessor = get_simulator(settings.sport), ScoringNetPreprocessor(SIZE, SIZE, frame_rate=25.0)
network = load_backbone(f"i3d:{ENDPOINT}", SIZE).model
singles, pairs, sums = [], [], [0.0] * FOLDS
for plan in plan_videos(simulator, settings):
    take_off, entry = plan.boundaries[1:3]
    first, steps = max(0, take_off - CONTEXT), max(2, round((entry - take_off) / STRIDE))
    video = preprocessor.read(DIVES / plan.path)
    frames = np.arange(first, first + -(-(entry + CONTEXT - first) // 8) * 8).clip(max=len(video.frames) - 1)
    seen = {"frames": preprocessor.sampled(video, frames.astype(float))[None], "mask": np.ones((1, len(frames)), bool)}
    flight = slice((take_off - first) // STRIDE, (take_off - first) // STRIDE + steps)
    features = np.asarray(network(seen, training=False))[0, flight].astype(np.float16)
    if Filming(simulator, plan, settings).scene.partner:
        pairs.append(features)
        continue
    joints = np.load(DIVES / f"joints/{plan.path.stem}.npy")[frames[1::STRIDE][flight]] * (SIZE[1] / settings.width)
    sums[len(singles) % FOLDS] += products(features, diver_places(joints, *features.shape[1:3]))
    singles.append(features)

# 2. Weights, and the limit that single dives stay below if they taught nothing
left_out, weights = [ridge(sum(sums) - each) for each in sums], ridge(sum(sums))
alone = [beside(features, left_out[number % FOLDS]) for number, features in enumerate(singles)]
limit = np.quantile(alone, QUANTILE)
weights[-1] -= limit
weights = [float(f"{value:.4g}") for value in weights]
OUTPUT.write_text(json.dumps({"class": "springboard diving", "endpoint": ENDPOINT, "weights": weights}) + "\n")
found = sum(beside(features, weights) > 0 for features in pairs)
print(
    f"Two divers: {sum(alone > limit)} of {len(singles)} dives alone, left out in turn; {found} of {len(pairs)} pairs."
)
