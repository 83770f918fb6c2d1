"""Errors of the body's measures on simulated dives, whose joints are known and then disturbed as film disturbs them.

    python -m benchmarks.body --count=300 --seed=1

prints the error of every measure and how often its uncertainty holds, and how often each element is right. `--fit`
fits the uncertainties to these dives first, and writes them; those that ship were fitted with --count=800 --seed=0.
"""

from collections import Counter

import numpy as np
from absl import flags

from benchmarks.disturbed_bodies import errors_of, fitted, simulated, table
from scoringnet_tf.inference import athlete
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import read_json, write_json

FLAGS = flags.FLAGS
flags.DEFINE_integer("count", 300, "Number of dives.", 20)
flags.DEFINE_integer("seed", 1, "Random seed.")
flags.DEFINE_bool("fit", False, "Fit the uncertainties to these dives, and write them.")


def main(_: object) -> None:
    """The command."""
    rng, sport = np.random.default_rng(FLAGS.seed), get_sport("diving_phases")
    dives = [simulated(rng) for _ in range(FLAGS.count)]
    sample = [errors_of(dive, sport) for dive in dives]
    if FLAGS.fit:
        write_json(athlete.ERRORS, fitted(sample))
    weights = read_json(athlete.ERRORS)
    number, often = Counter(dive.dive.number for dive in dives).most_common(1)[0]
    print(*table(sample, weights), f"{'':<20} most frequent {often / len(dives):.3f}: always saying {number}", sep="\n")


if __name__ == "__main__":
    cli.run(main)
