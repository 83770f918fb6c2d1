r"""Speeds and jump height that `predict --height` gives, against simulated dives whose motion is known.

    python -m benchmarks.falls [--falls_model=diving_film] [--falls_dives=60]

The dives fall as gravity has it, in real time, and begin and end between two frames. Prints a row for each measure: of
how many dives, the median and largest error, the median uncertainty that was stated, and how often it held. With
--falls_model the boundaries are those that it finds, and a line counts why others were not measured: the codes of
docs/serving.md, or `cut` if the flight has no beginning or end. Without it they are the true ones; ± is a frame.
"""

import collections
import dataclasses
import math
import pathlib
import sys
import tempfile

import numpy as np
from absl import flags
from tqdm import tqdm

from data_prep.simulator.diving.motion import flight_of
from data_prep.simulator.encoding import FPS, write_video
from data_prep.simulator.filming import Filming
from data_prep.simulator.plan import get_simulator, plan_performances
from data_prep.simulator.scene.figure import GRAVITY
from data_prep.simulator.settings import Settings
from scoringnet_tf.inference.fall import MEASURES, fall_of
from scoringnet_tf.inference.times import Measure
from scoringnet_tf.support import cli

FLAGS = flags.FLAGS
flags.DEFINE_string("falls_model", None, "Model that finds the boundaries. Default: the true boundaries.")
flags.DEFINE_integer("falls_dives", 60, "Dives to simulate.", 1)
flags.DEFINE_integer("falls_seed", 39, "Random seed of the dives.", 0)

ENTRY, AFTER = 10, 30  # frames


def real_time(performance, scene):
    """A plan with the flight that the dive has by gravity, from a moment between two frames; and that flight."""
    start, phase = performance.boundaries[1], performance.video_id % 10 / 10
    t0, t1 = performance.boundaries[0], start + phase
    dive, trait = performance.element, performance.trait
    flight = flight_of(dive, trait, scene.body, (t0, t1, t1 + FPS), scene.board)
    t2 = t1 + FPS * flight.seconds
    end = math.ceil(t2) + ENTRY
    changes = {"linger": 0, "num_frames": end + AFTER, "speed": 1.0, "repeats": 0}
    return dataclasses.replace(performance, boundaries=(t0, t1, t2, end), **changes), flight


def truth_of(flight):
    """`MEASURES` of a flight."""
    values = flight.rise, flight.rise**2 / (2 * GRAVITY), GRAVITY * flight.seconds - flight.rise
    return dict(zip(MEASURES, values, strict=True))


def measured(performance, filming, predictor):
    """The `Measure` of each, by true boundaries or by those of a model; or the code of why there is none."""
    height = filming.scene.board.height
    if predictor is None:
        _, t1, t2, _ = performance.boundaries
        return fall_of(Measure((math.ceil(t2) - math.ceil(t1)) / FPS, "s", 1 / FPS), height)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "dive.avi"
        write_video(path, filming.video(), performance.quantiser, performance.codec)
        score = predictor(path, height=height)
    one, *others = score.performances
    if others:
        return "several_performances"
    if MEASURES.keys() <= one.measures.keys():
        return one.measures
    implausible = [warning for warning in one.warnings if warning.code == "implausible_fall"]
    return next((remark.code for remark in (*one.own_reasons, *implausible)), "cut")


def results(num_dives, seed, predictor=None):
    """Measure → (N, 2): error and stated uncertainty of each dive; and why others were not measured: code → number."""
    settings = Settings("diving_phases", "scoring", num_dives, seed, None, False, 0.1, 256, 342, film=True)
    simulator, rows, left_out = get_simulator("diving_phases"), {name: [] for name in MEASURES}, collections.Counter()
    plans = plan_performances(simulator, settings)
    for plan in tqdm(plans, "Measuring", unit="dive", leave=False, disable=None):
        performance, flight = real_time(plan, Filming(simulator, plan, settings).scene)
        measures, truth = measured(performance, Filming(simulator, performance, settings), predictor), truth_of(flight)
        if isinstance(measures, str):
            left_out[measures] += 1
            continue
        for name in MEASURES:
            rows[name].append((measures[name].value - truth[name], measures[name].uncertainty))
    return {name: np.array(each, float).reshape(-1, 2) for name, each in rows.items()}, left_out


def _predictor(model):
    if model is None:
        return None
    from scoringnet_tf.inference.predictor import predictor_of

    return predictor_of(model)


def main(_):
    """Prints the table."""
    print("| measure | dives | median error | largest | median uncertainty | held |\n|---|---|---|---|---|---|")
    errors_of, left_out = results(FLAGS.falls_dives, FLAGS.falls_seed, _predictor(FLAGS.falls_model))
    for name, rows in errors_of.items():
        errors, stated = np.abs(rows[:, 0]), rows[:, 1]
        cells = [np.median(errors), errors.max(), np.median(stated)] if len(rows) else [math.nan] * 3
        held = f"{(errors <= stated).sum()} of {len(rows)}"
        print(f"| {name}, {MEASURES[name]} | {len(rows)} |", " | ".join(f"{cell:.2f}" for cell in cells), f"| {held} |")
    if left_out:
        print("Not measured:", ", ".join(f"{number} {code}" for code, number in left_out.most_common()))
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main))
