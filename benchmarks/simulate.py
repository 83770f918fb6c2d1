"""How many frames a second the simulator renders and encodes: `python -m benchmarks.simulate [--sport=vault]`.

Prints, for frame sizes and numbers of processes, frames a second by the clock (start of the processes included) and
frames for every second of processor time, which other work on the machine disturbs less.
"""

import multiprocessing
import tempfile
import time
from pathlib import Path

from absl import app, flags

from benchmarks.workload import processor_seconds
from data_prep.simulator.registry import SIMULATORS, get_simulator

FLAGS = flags.FLAGS
flags.DEFINE_enum("sport", "diving", sorted(SIMULATORS), "Sport to simulate.")
flags.DEFINE_integer("videos", 60, "Videos to render for every row of the table.", lower_bound=2)


def main(argv):
    """Renders the same videos at several sizes."""
    del argv
    from data_prep.simulator.dataset import simulate
    from data_prep.simulator.plan import plan_videos
    from data_prep.simulator.settings import Settings

    rows = []
    for height, width in ((240, 320), (120, 160), (64, 64)):
        for workers in sorted({1, multiprocessing.cpu_count()}):
            settings = Settings(FLAGS.sport, "scoring", FLAGS.videos, 0, None, False, 0.2, height, width)
            frames = sum(plan.num_frames for plan in plan_videos(get_simulator(FLAGS.sport), settings))
            with tempfile.TemporaryDirectory() as folder:
                clock, processor = time.perf_counter(), processor_seconds()
                simulate(settings, Path(folder) / "dataset", workers)
                seconds = time.perf_counter() - clock, processor_seconds() - processor
                rows.append((f"{width}×{height}", workers, frames, frames / seconds[0], frames / seconds[1]))
    print(f"{'size':>9} {'processes':>9} {'frames':>7} {'frames/s':>9} {'frames/CPU s':>13}")
    for size, workers, frames, rate, processor_rate in rows:
        print(f"{size:>9} {workers:>9} {frames:>7} {rate:>9.0f} {processor_rate:>13.0f}")


if __name__ == "__main__":
    app.run(main)
