r"""How often the intervals of the tables hold the figure that they are of, by predictions whose true figure is known.

    python -m benchmarks.interval_coverage [--seeds=2,3,10] [--spreads=0,0.05,0.15,0.3] [--repetitions=400]

Prints a row for each number of seeds and a column for each standard deviation of what seeds are correlated with the
truth: the share of 95 % intervals that hold the true figure (`benchmarks.known_figures`).
"""

import math
import sys

from absl import flags
from tqdm import tqdm

from benchmarks.known_figures import holds, true_figure
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError

flags.DEFINE_list("seeds", ["2", "3", "10"], "Of how many seeds.")
flags.DEFINE_list("spreads", ["0", "0.05", "0.15", "0.3"], "Standard deviations of the correlation over seeds.")
flags.DEFINE_integer("repetitions", 400, "Of each; the share is known to 1 % or 2 %.", lower_bound=1)


def coverage(seeds: int, spread: float, repetitions: int) -> float:
    """The share of intervals that hold the true figure."""
    expected = true_figure(spread)
    numbers = tqdm(range(repetitions), f"{seeds} seeds, spread {spread:g}", leave=False, file=sys.stderr)
    return sum(holds(expected, seeds, spread, number) for number in numbers) / repetitions


def numbers_of(flag: str, least: int, kind: type) -> list:
    """The numbers of a flag that has a list.

    Raises:
        InputError: one of them is none of that kind, less than the least, or no finite one.
    """
    given = flags.FLAGS[flag].value
    try:
        found = [kind(number) for number in given]
    except ValueError:
        found = []
    if not found or not all(least <= number < math.inf for number in found):
        expected = f"--{flag}: expected {'whole numbers' if kind is int else 'numbers'} from {least} on"
        raise InputError("todo", f"{expected}. Received: {','.join(given)}.")
    return found


def main(_):
    """Runs the command with the parsed flags."""
    seeds_of_rows, spreads = numbers_of("seeds", 1, int), numbers_of("spreads", 0, float)
    print("| seeds | " + " | ".join(f"± {spread:g}" for spread in spreads) + " |\n" + "|---" * (len(spreads) + 1) + "|")
    for seeds in seeds_of_rows:
        found = [coverage(seeds, spread, flags.FLAGS.repetitions) for spread in spreads]
        print(f"| {seeds} | " + " | ".join(f"{share:.1%}" for share in found) + " |", flush=True)


if __name__ == "__main__":
    cli.run(main)
