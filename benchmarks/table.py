r"""The whole benchmark in one table: ours, the peer's, their ratio, its spread, the target, and whether it is met.

    python -m benchmarks.table [--quick] [--only=training,backbone,i3d,input,…] [--output_dir=build/bench]

`make bench` calls it. Each row is measured in pairs of neighbours (`benchmarks.pairs`), and the ratio is the median of
theirs. --quick takes fewer and smaller ones, and none of full width. --only takes beginnings of the names that stand
before the colon. Run it on an idle machine: its load is written beside the figures.
"""

import contextlib
import datetime
import importlib.metadata
import os
import pathlib
import platform
import sys

from absl import flags

from benchmarks import pairs, rows
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.processor import hardware

flags.DEFINE_bool("quick", False, "Fewer and smaller measurements, none of full width.")
flags.DEFINE_list("only", [], "Beginnings of names of what to measure, e.g. predict or training.small. Default: all.")
flags.DEFINE_string("output_dir", "build/bench", "Folder for the figures, and for what is measured on.")
flags.DEFINE_integer("rounds", None, "Pairs for each row. Default: 7; 3 for slow rows and with --quick.", 1)

PACKAGES = ("tensorflow", "keras", "torch", "numpy", "opencv-python-headless", "av")


def machine() -> dict[str, object]:
    """The processor, its load and the versions of the packages that the figures hold for."""
    versions = {}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        **hardware(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "packages": versions,
    }


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    folder = pathlib.Path(values.output_dir).absolute()
    output = folder / f"table-{datetime.datetime.now():%Y-%m-%d-%H%M%S}.json"
    wanted = rows.chosen(rows.comparisons(folder, values.quick), values.only)
    rounds, here, results = values.rounds or (3 if values.quick else None), machine(), []
    for comparison in wanted:
        print(f"measuring {comparison.name}", file=sys.stderr)
        for result in pairs.measured(comparison, rounds):
            results.append(result)
            measured = [each.to_dict() for each in results]
            write_json(output, {"machine": here, "quick": values.quick, "rows": measured})
    print(pairs.table(results))
    packages = ", ".join(f"{name} {version}" for name, version in here["packages"].items())
    print(f"\n{here['processor']}, {here['cores']} cores, load {here['load']} at the beginning; {packages}")
    print(f"Median ratio of neighbours, and its least and greatest; all figures: {output}")


if __name__ == "__main__":
    cli.run(main)
