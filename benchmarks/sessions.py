r"""How well and at what cost long videos are scored: simulated sessions of several lengths.

    python -m benchmarks.sessions [--model=MODEL] --minutes=10,30,120 [--every=4]

Prints a row for each session: recall and precision of the performances that have a score (one is right where its last
stage but one, the flight, and that of a true one have at least half of what either covers in common), how many more
were found and withheld, how many replays were taken for a performance, the mean error of the final scores, memory at
its peak above the loaded model, and seconds per second of video.
"""

import csv
import pathlib
import subprocess
import sys
import tempfile
import time

from absl import flags

from benchmarks.workload import forget_peak, peak_mib
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError

FLAGS = flags.FLAGS
flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_list("minutes", ["10", "30", "120"], "Lengths of the sessions, minutes.")
flags.DEFINE_float("every", 4.0, "Minutes of a session for each performance in it.", 0.2)
flags.DEFINE_integer("seed", 0, "Of the sessions.", 0)
flags.DEFINE_integer("height", 240, "Height of the frames, pixels, even.", 32)
flags.DEFINE_integer("width", 320, "Width of the frames, pixels, even.", 32)
flags.DEFINE_string("video", None, "Score this session in this process, which is what it calls itself for.")

ROW = "{:>8}{:>14}{:>8}{:>11}{:>10}{:>9}{:>10}{:>10}{:>10}"
HEADER = ("minutes", "performances", "recall", "precision", "withheld", "replays", "error", "MiB", "s per s")
LEAST_SHARE = 0.5


def measure(video):
    """Scores a session, and prints how it went."""
    from scoringnet_tf.inference.prediction import scorer_of

    folder = pathlib.Path(video).parents[1]
    scorer = scorer_of(FLAGS.model)
    forget_peak()
    before = peak_mib()
    start = time.perf_counter()
    score = scorer(video)
    seconds = time.perf_counter() - start
    stages = scorer.model.sport.stages
    found = [each for each in score.performances if each.final is not None]
    withheld = sum(each.final is None for each in score.performances)
    true, replays = _rows(folder / "performances.csv"), _rows(folder / "replays.csv")
    true_flights = [(int(row[stages[-2]]), int(row[stages[-1]])) for row in true]
    flights = [_flight(each, score.stages, stages[-2]) for each in found]
    pairs = [
        (row, each)
        for row, of_row in zip(true, true_flights, strict=True)
        for each, of_each in zip(found, flights, strict=True)
        if _shared(of_row, of_each) >= LEAST_SHARE
    ]
    replayed = sum(any(int(r["start"]) <= sum(f) / 2 < int(r["end"]) for r in replays) for f in flights)
    errors = [abs(float(row["final"]) - each.final) for row, each in pairs]
    length = score.num_frames / score.fps
    cells = (
        *(f"{length / 60:g}", len(true), f"{len(pairs) / len(true):.3f}"),
        f"{len(pairs) / len(found):.3f}" if found else "–",
        *(withheld, replayed, f"{sum(errors) / len(errors):.2f}" if errors else "–"),
        *(f"{peak_mib() - before:.0f}", f"{seconds / length:.3f}"),
    )
    print(ROW.format(*cells), flush=True)


def _rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _flight(performance, stages, name):
    """(start, end) of the stage of that name in a performance; an empty one where it has none."""
    within = [s for s in stages if performance.start_frame <= s["start_frame"] < performance.end_frame]
    return next(((s["start_frame"], s["end_frame"]) for s in within if s["name"] == name), (0, 0))


def _shared(one, other):
    """What two spans have in common, as a share of what either covers."""
    common = min(one[1], other[1]) - max(one[0], other[0])
    return max(0, common) / (max(one[1], other[1]) - min(one[0], other[0]))


def main(_):
    """Runs the command with the parsed flags."""
    if FLAGS.video:
        measure(FLAGS.video)
        return 0
    try:
        lengths = [float(minutes) for minutes in FLAGS.minutes]
    except ValueError as error:
        raise InputError("todo", f"--minutes: expected numbers. Received: {','.join(FLAGS.minutes)}.") from error
    from data_prep.simulator.dataset import simulate
    from data_prep.simulator.settings import Settings
    from scoringnet_tf.models.presets import load_scoring_net

    sport = load_scoring_net(FLAGS.model).sport.name
    given = sys.argv[1:]
    print(ROW.format(*HEADER), flush=True)
    for minutes in lengths:
        count = max(1, round(minutes / FLAGS.every))
        size = FLAGS.height, FLAGS.width
        settings = Settings(
            sport, "session", 1, FLAGS.seed, None, False, 0.0, *size, performances=count, minutes=minutes
        )
        with tempfile.TemporaryDirectory() as folder:
            simulate(settings, pathlib.Path(folder), 1)
            (video,) = pathlib.Path(folder, "sessions").iterdir()
            # In a process of its own: memory at its peak is that of a process.
            command = [sys.executable, "-m", "benchmarks.sessions", *given, f"--video={video}"]
            if status := subprocess.run(command).returncode:
                return status
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main))
