r"""The whole benchmark in one table: ours, the peer's, their ratio, its spread, the target, and whether it is met.

    python -m benchmarks.table [--quick] [--only=training,backbone,input,build,predict] [--output_dir=build/bench]

`make bench` calls it. Every row is measured in pairs of neighbours (`benchmarks.pairs`); the ratio is the median of
theirs. --quick takes fewer and smaller ones, and none of full width. --only takes beginnings of the names that stand
before the colon. The figures are good for a machine that does nothing else: its load is written beside them.
"""

import sys

from absl import flags

from benchmarks import pairs, rows
from benchmarks.figures import machine, new_file
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import write_json

flags.DEFINE_bool("quick", False, "Fewer and smaller measurements, none of full width.")
flags.DEFINE_list("only", [], "Beginnings of names of what to measure, e.g. predict or training.small; default: all.")
flags.DEFINE_string("output_dir", "build/bench", "Folder for the figures, and for what is measured on.")
flags.DEFINE_integer("rounds", None, "Pairs for each row; default: 7, 3 of slow rows and with --quick.", 1)


def main(_):
    """Runs the command with the parsed flags."""
    values, output = flags.FLAGS, new_file(flags.FLAGS.output_dir, "table")
    wanted = rows.chosen(rows.comparisons(output.parent.absolute(), values.quick), values.only)
    rounds, found, results = values.rounds or (3 if values.quick else None), machine(), []
    for comparison in wanted:
        print(f"measuring {comparison.name}", file=sys.stderr)
        for result in pairs.measured(comparison, rounds):
            results.append(result)
            measured = [each.to_dict() for each in results]
            write_json(output, {"machine": found, "quick": values.quick, "rows": measured})
    print(pairs.table(results))
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    print(f"\n{found['processor']}, {found['cores']} cores, load {found['load']} at the beginning; {packages}")
    print("Median ratio of neighbours, and its least and greatest; all figures: " + str(output))


if __name__ == "__main__":
    cli.run(main)
