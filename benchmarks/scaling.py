r"""How time and memory grow: with the length of a video, the batch, the replicas, the number of videos and of records.

    python -m benchmarks.scaling --videos=VIDEOS [--curves=length,batch] [--rounds=2]

Each point is a process of its own, whose memory at its peak is that above what it held before the work. Time is that of
the processor, user and system, which other work on the machine disturbs less than the clock; the first run of a point,
which traces and compiles, is not counted. Prints of each curve the exponent b of y = a·x^b with its 95 % interval
(Student's t, over all runs), and what one more of x costs by a straight line.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import flags

from benchmarks import growth, workload
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import unknown_name
from scoringnet_tf.support.model_files import SHIPPED

FLAGS = flags.FLAGS
flags.DEFINE_string("videos", None, "A folder of videos, as many as the longest curve of videos asks for.")
flags.DEFINE_string("model", SHIPPED, "A .keras file or a folder with one.")
flags.DEFINE_list("curves", None, "Which to measure; default: all.")
flags.DEFINE_integer("rounds", 2, "Runs of each point that are counted.", 1)
flags.DEFINE_string("point", None, "Internal: CURVE=X, measure this point in this process and print JSON.")

FRAMES = 104  # of the videos of a training step
TOGETHER = 4  # videos of a step that replicas share
OF_POINTS = {**workload.ONE_THREAD, "TQDM_DISABLE": "1"}  # environment of their processes, which draw no bars


# Each takes x and gives a function to be run several times, which returns the seconds of the processor that it took.


def _timed(call):
    """Such a function of a call without arguments."""

    def run():
        start = workload.processor_seconds()
        call()
        return workload.processor_seconds() - start

    return run


def _length(frames):
    """`predict` of one video, which is another one shown again and again."""
    from scoringnet_tf.inference.predictor import predictor_of

    folder, (video, *_) = Path(tempfile.mkdtemp()), workload.videos_of(FLAGS.videos)
    workload.apart(_write_long, folder / "long.mp4", video, frames)
    scorer = predictor_of(FLAGS.model)
    scorer(video, force=True)
    return _timed(lambda: scorer(folder / "long.mp4", force=True))


def _write_long(path, video, frames):
    from scoringnet_tf.data.video import read_video

    shown = read_video(video)
    workload.write_video(path, list(itertools.islice(itertools.cycle(shown.frames), frames)), round(shown.fps))


def _step(replicas, batch_size):
    """A joint training step of random videos on so many virtual devices; two are run, and the second is counted."""
    from scoringnet_tf.models.presets import load_scoring_net
    from scoringnet_tf.training.strategy import strategy_of

    scope = strategy_of(replicas).scope
    with scope():
        train = workload.training_steps(load_scoring_net(FLAGS.model), batch_size, FRAMES, workload.processor_seconds)

    def step():
        with scope():
            return train(1)

    return step


def _videos(number):
    """`build` of so many videos, in one process."""
    folder, videos = Path(tempfile.mkdtemp()), workload.videos_of(FLAGS.videos, number)
    workload.build_from(folder / "few", videos[:2])  # which imports TensorFlow
    return _timed(lambda: workload.build_from(folder, videos))


def _compared(number):
    """What `build` does once more for each pair of videos: do they show the same?"""
    workload.compare(2)  # which imports what it needs
    return _timed(lambda: workload.compare(number))


def _records(number):
    """Reading the index of so many records, as every training begins."""
    from scoringnet_tf.data.dataset_info import DatasetInfo

    folder = Path(tempfile.mkdtemp())
    workload.apart(_write_many, folder, workload.videos_of(FLAGS.videos, 2), number)
    return _timed(lambda: DatasetInfo.load(folder / "many"))


def _write_many(folder, videos, number):
    workload.build_from(folder, videos)
    workload.write_index(folder / "records", folder / "many", number)


CURVES = {  # name: (what x is, function, values of x)
    "length": ("frames of a video, scored", _length, (100, 200, 400, 800)),
    "batch": ("videos of a training step", lambda size: _step(1, size), (1, 2, 4, 8)),
    "videos": ("videos, built", _videos, (5, 10, 20, 40)),
    "compared": ("videos, compared", _compared, (1000, 2000, 4000, 8000, 16_000)),
    "records": ("records in an index, read", _records, (3000, 10_000, 30_000, 100_000)),
    "replicas": (f"devices that share a step of {TOGETHER} videos", lambda number: _step(number, TOGETHER), (1, 2, 4)),
}


def measure(name, x):
    """Seconds of every counted run, and MiB at the peak above what was held before the first."""
    run = CURVES[name][1](x)
    workload.forget_peak()
    before = workload.peak_mib()
    seconds = [run() for _ in range(FLAGS.rounds + 1)]
    return {"x": x, "seconds": seconds[1:], "mib": workload.peak_mib() - before}


def main(_):
    """Runs the command with the parsed flags."""
    cli.require(videos=FLAGS.videos)
    if FLAGS.point:
        name, _, x = FLAGS.point.partition("=")
        print("JSON", json.dumps(measure(name, int(x))))
        return 0
    names = FLAGS.curves or list(CURVES)
    for name in names:
        if name not in CURVES:
            raise unknown_name("--curves", name, CURVES)
    workload.videos_of(FLAGS.videos, max(CURVES["videos"][2]) if "videos" in names else 2)
    curves: dict = {name: [] for name in names}
    for name, points in curves.items():
        for x in CURVES[name][2]:
            command = [sys.executable, "-m", "benchmarks.scaling", *sys.argv[1:], f"--point={name}={x}"]
            result = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=os.environ | OF_POINTS)
            if result.returncode:  # it has said why
                return result.returncode
            points.append(json.loads(result.stdout.split("JSON", 1)[1]))
    print(growth.table(curves, {name: CURVES[name][0] for name in names}))
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main))
