r"""The benchmark, one table: ours, the peer's, their ratio, its spread, the target, and whether it is met.

    python -m benchmarks.table [--only=predict,film,…] [--rounds=3] [--output_dir=build/bench]

`make bench` calls it. Run it on an idle machine: its load is written beside the figures.
"""

import contextlib
import datetime
import importlib.metadata
import os
import pathlib
import platform
import sys

from absl import flags

from benchmarks.rows import measured, rows, table
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.messages import unknown_name
from scoringnet_tf.support.processor import hardware

flags.DEFINE_list("only", [], "Beginnings of the rows to measure, e.g. predict. Default: all.")
flags.DEFINE_string("output_dir", "build/bench", "Folder for the figures, and for what is measured on.")
flags.DEFINE_integer("rounds", 3, "Pairs for each row.", 1)

PACKAGES = ("tensorflow", "keras", "torch", "numpy", "opencv-python-headless", "av")


def machine() -> dict[str, object]:
    """The processor, its load and the versions of the packages that the figures hold for."""
    versions = {}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    load = round(os.getloadavg()[0], 2)
    return {**hardware(), "load": load, "python": platform.python_version(), "packages": versions}


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    folder = pathlib.Path(values.output_dir).absolute()
    output = folder / f"table-{datetime.datetime.now():%Y-%m-%d-%H%M%S}.json"
    found, here, results = rows(folder), machine(), []
    for start in values.only:
        if not any(row.name.startswith(start) for row in found):
            raise unknown_name("--only", start, [row.name for row in found])
    for row in found:
        if not values.only or row.name.startswith(tuple(values.only)):
            print(f"measuring {row.name}", file=sys.stderr)
            results.append(measured(row, values.rounds))
            write_json(output, {"machine": here, "rows": [each.to_dict() for each in results]})
    print(table(results))
    packages = ", ".join(f"{name} {version}" for name, version in here["packages"].items())
    print(f"\n{here['processor']}, {here['cores']} cores, load {here['load']} at the beginning; {packages}")
    print(f"Median ratio of neighbours, and its least and greatest; all figures: {output}")


if __name__ == "__main__":
    cli.run(main)
