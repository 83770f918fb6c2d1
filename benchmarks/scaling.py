r"""What many videos take: cores, GPUs, storage, network, and where it ends first; and a simulation of the way there.

    python -m benchmarks.scaling --measure --videos=VIDEOS --costs=costs.json [--model=MODEL]
    python -m benchmarks.scaling [--costs=costs.json] [--cores=64] [--gpus=8] [--json=FILE] [--picture=FILE.png]

The first measures on this machine what one video costs (seconds of processor time, bytes) and writes it as JSON; the
second reckons with it, by default with what benchmarks/costs.json says, and prints tables in Markdown. What the flags
say of machines is assumed, GPUs above all: none is measured.

The simulation is of queues (benchmarks/queues.py, with SimPy, of the extra bench): videos through storage, decoding,
model and results; workers that fail, attempts that take long; and a training that loses what it did since its newest
checkpoint.
"""

import dataclasses
import math
import sys
from pathlib import Path

from absl import flags

from benchmarks import capacity
from benchmarks.costs import load_costs, measure
from benchmarks.risks import Risks
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import write_json

FLAGS = flags.FLAGS
flags.DEFINE_bool("measure", False, "Measure what a video costs, and write it to --costs.")
flags.DEFINE_string("videos", None, "With --measure: a folder of videos.")
flags.DEFINE_string("model", None, "With --measure: a model, as of predict; the shipped diving model where not given.")
flags.DEFINE_integer("number", None, "With --measure: how many of the videos to take; default: all.", 2)
flags.DEFINE_string("costs", str(Path(__file__).with_name("costs.json")), "JSON file of what a video costs.")
flags.DEFINE_list("totals", ["10000", "1000000", "100000000"], "Numbers of videos to reckon with.")
flags.DEFINE_float("hours", 24.0, "In which the work is to be done, for the table of what it takes.", 0.01)
flags.DEFINE_integer("cores", 64, "Assumed: cores that there are.", 1)
flags.DEFINE_integer("gpus", 8, "Assumed: GPUs that there are; 0: the cores compute the model.", 0)
flags.DEFINE_float("gpu_factor", 100.0, "Assumed: seconds of a core's work at the model that a GPU does in one.", 1.0)
flags.DEFINE_integer("gpus_per_machine", 8, "Assumed: GPUs in one machine.", 1)
flags.DEFINE_float("network", 10.0, "Assumed: Gbit/s between storage and all machines together.", 0.001)
flags.DEFINE_float("link", 10.0, "Assumed: Gbit/s between two machines that train together.", 0.001)
flags.DEFINE_integer("epochs", 30, "Of training.", 1)
flags.DEFINE_integer("batch_size", 8, "Videos of a training step on each GPU.", 1)
flags.DEFINE_float("mtbf", 1000.0, "Assumed: hours of work between two failures of a machine.", 0.01)
flags.DEFINE_float("repair", 5.0, "Assumed: minutes until a machine that failed works again.", 0.0)
flags.DEFINE_float("checkpoint", 10.0, "Assumed: seconds that training waits for a checkpoint to be written.", 0.01)
flags.DEFINE_float("stragglers", 0.01, "Assumed: share of the attempts at a video that are slow.", 0.0, 1.0)
flags.DEFINE_float("straggle", 50.0, "Assumed: times as slow.", 1.0)
flags.DEFINE_integer("jobs", 3000, "Videos, or pieces of work, in each simulation.", 10)
flags.DEFINE_integer("seed", 0, "Of the simulation.", 0)
flags.DEFINE_string("json", None, "File for all figures, those of the simulation included.")
flags.DEFINE_string("picture", None, "PNG file for what the simulation found.")

GBIT, TERABYTE, GIB = 1e9 / 8, 1e12, 2**30
HEADINGS = (
    *("cores", "GPUs (assumed)", "storage, TB", "from and to storage, Gbit/s", "between machines, Gbit/s each"),
    *("one process, hours", "its memory, GiB"),
)
OF_MACHINES = ("cores", "gpus", "gpu_factor", "gpus_per_machine", "network", "link", "epochs", "batch_size", "hours")
OF_RISKS = tuple(field.name for field in dataclasses.fields(Risks))


def supply_of_flags():
    """What the flags say there is."""
    return capacity.Supply(
        cores=FLAGS.cores,
        gpus=FLAGS.gpus,
        gpu_factor=FLAGS.gpu_factor,
        gpus_per_machine=FLAGS.gpus_per_machine,
        network=FLAGS.network * GBIT,
        link=FLAGS.link * GBIT,
        epochs=FLAGS.epochs,
        batch_size=FLAGS.batch_size,
    )


def risks_of_flags():
    """What the flags say goes wrong."""
    values = {name: FLAGS[name].value for name in OF_RISKS}
    return Risks(**{**values, "mtbf": values["mtbf"] * 3600, "repair": values["repair"] * 60})


def needed(work, costs, supply, videos, hours):
    """What a work takes that is to be done in so many hours, in the units of `HEADINGS`."""
    seconds = hours * 3600
    # With more GPUs there are more machines, and each reads everything: what is read grows with them.
    gpus = math.ceil(capacity.demand(work, costs, supply, videos).gpu_seconds / seconds)
    took = capacity.demand(work, costs, dataclasses.replace(supply, gpus=gpus or supply.gpus), videos)
    return {
        "cores": math.ceil(took.core_seconds / seconds),
        "gpus": gpus,
        "stored_tb": took.stored / TERABYTE,
        "storage_gbit": took.traffic / seconds / GBIT,
        "link_gbit": took.exchanged / seconds / GBIT,
        "serial_hours": took.serial_seconds / 3600,
        "memory_gib": took.memory / GIB,
    }


def reckon(costs, supply, totals, hours):
    """A row for each work and number of videos: what it takes in `hours`, and how long with what there is."""
    rows = []
    for work in capacity.WORKS:
        for videos in totals:
            took = capacity.demand(work, costs, supply, videos)
            needs = needed(work, costs, supply, videos, hours)
            rows.append({"work": work, "videos": videos, "needs": needs} | {"hours": took.hours(supply)})
            rows[-1]["limit"] = took.limit(supply)
    return rows


def tables(costs, rows, supply, hours):
    """What was reckoned, in Markdown."""
    there = f"{supply.cores} cores, {supply.gpus} GPUs and {supply.network / GBIT:g} Gbit/s"
    waits = [f"{cores} cores: {capacity.crossing(costs, cores):,.0f}" for cores in sorted({2, 8, supply.cores})]
    lines = [
        f"Measured on {costs.machine}: {costs.videos} videos of {costs.frames:.0f} frames. Assumed, not measured: "
        f"machines, networks, and GPUs, of which one does {supply.gpu_factor:g} seconds of a core's work at the model "
        "in a second.",
        "",
        f"To be done in {hours:g} hours:",
        "",
        *_table(["", "videos", *HEADINGS], ([*_name(row), *map(_cell, row["needs"].values())] for row in rows)),
        "",
        f"Hours that each is in use, with {there}; the longest is the least that it takes:",
        "",
        *_table(["", "videos", *rows[0]["hours"]], ([*_name(row), *_marked(row)] for row in rows)),
        "",
        f"The videos from which on the cores wait for the one process of `build`, with {', with '.join(waits)}.",
    ]
    return "\n".join(lines)


def _table(heading, rows):
    yield f"| {' | '.join(heading)} |"
    yield "|---" * len(heading) + "|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _name(row):
    return row["work"], f"{row['videos']:,}"


def _marked(row):
    """The hours of each resource, those of the one that limits in bold."""
    return [f"**{_cell(hours)}**" if name == row["limit"] else _cell(hours) for name, hours in row["hours"].items()]


def _cell(value):
    """Two digits of a number, in full."""
    if isinstance(value, int) or not value:
        return f"{value:,.0f}"
    digits = 0 if value >= 10 else 1 if value >= 1 else 2
    return f"{value:,.{digits}f}" if value >= 0.01 else "<0.01"


def main(_):
    """Runs the command with the parsed flags."""
    if FLAGS.measure:
        cli.require(videos=FLAGS.videos)
        costs = measure(FLAGS.videos, FLAGS.model, FLAGS.number)
        costs.save(FLAGS.costs)
        print(f"Written to {FLAGS.costs}: {costs}")
        return 0
    try:
        totals = [int(total) for total in FLAGS.totals]
    except ValueError as error:
        raise InputError(f"--totals: expected whole numbers. Received: {','.join(FLAGS.totals)}.") from error
    costs, supply, risks = load_costs(FLAGS.costs), supply_of_flags(), risks_of_flags()
    try:
        from benchmarks import scenarios
    except ImportError as error:
        raise InputError(f"Expected SimPy (pip install '.[bench]'). Received: {error}.") from error
    rows = reckon(costs, supply, totals, FLAGS.hours)
    found = scenarios.simulated(costs, supply, risks)
    print(tables(costs, rows, supply, FLAGS.hours), scenarios.summary(found), sep="\n\n")
    if FLAGS.json:
        assumed = {flag: FLAGS[flag].value for flag in (*OF_MACHINES, *OF_RISKS)}
        content = {"costs": dataclasses.asdict(costs), "assumed": assumed, "rows": rows, "simulated": found}
        write_json(Path(FLAGS.json), content)
    if FLAGS.picture:
        scenarios.draw(found, FLAGS.picture)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main))
