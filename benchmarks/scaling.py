r"""How time and memory grow: with the length of a video, the batch, the replicas, the number of videos and of records.

    python -m benchmarks.scaling --videos=VIDEOS [--curves=length,batch] [--rounds=2] [--json=FILE] [--picture=FILE.png]

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

from benchmarks import growth
from benchmarks.figures import machine
from benchmarks.workload import (
    ONE_THREAD,
    apart,
    build_from,
    compare,
    forget_peak,
    peak_mib,
    processor_seconds,
    training_steps,
    videos_of,
    write_index,
)
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import file_sha256, write_json
from scoringnet_tf.support.reading import read_json

FLAGS = flags.FLAGS
flags.DEFINE_string("videos", None, "A folder of videos, as many as the longest curve of videos asks for.")
flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_list("curves", None, "Which to measure; default: all.")
flags.DEFINE_integer("rounds", 2, "Runs of each point that are counted.", 1)
flags.DEFINE_string("json", None, "File for all points; those that are in it already are not measured again.")
flags.DEFINE_string("picture", None, "PNG file for the curves.")
flags.DEFINE_string("point", None, "Internal: CURVE=X, measure this point in this process and print JSON.")

FRAMES = 104  # of the videos of a training step
TOGETHER = 4  # videos of a step that replicas share
OF_POINTS = {**ONE_THREAD, "TQDM_DISABLE": "1"}  # environment of their processes, which draw no bars


# Each takes x and gives a function to be run several times, which returns the seconds of the processor that it took.


def _timed(call):
    """Such a function of a call without arguments."""

    def run():
        start = processor_seconds()
        call()
        return processor_seconds() - start

    return run


def _length(frames):
    """`predict` of one video, which is another one shown again and again."""
    from scoringnet_tf.inference.predictor import predictor_of

    folder, (video, *_) = Path(tempfile.mkdtemp()), videos_of(FLAGS.videos)
    apart(_write_long, folder / "long.mp4", video, frames)
    scorer = predictor_of(FLAGS.model)
    scorer(video, force=True)
    return _timed(lambda: scorer(folder / "long.mp4", force=True))


def _write_long(path, video, frames):
    import av

    from scoringnet_tf.data.video import read_video

    shown = read_video(video)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=round(shown.fps))
        stream.height, stream.width = shown.frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in itertools.islice(itertools.cycle(shown.frames), frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def _batch(size):
    """A joint training step of random videos; two are run, and the second is counted."""
    return _step(1, size)


def _replicas(number):
    """The same of a batch that so many virtual devices of this machine share."""
    return _step(number, TOGETHER)


def _step(replicas, batch_size):
    from scoringnet_tf.models.presets import load_scoring_net
    from scoringnet_tf.training.strategy import strategy_of

    scope = strategy_of(replicas).scope
    with scope():
        train = training_steps(load_scoring_net(FLAGS.model), batch_size, FRAMES, processor_seconds)

    def step():
        with scope():
            return train(1)

    return step


def _videos(number):
    """`build` of so many videos, in one process."""
    folder, videos = Path(tempfile.mkdtemp()), videos_of(FLAGS.videos, number)
    build_from(folder / "few", videos[:2])  # which imports TensorFlow
    return _timed(lambda: build_from(folder, videos))


def _compared(number):
    """What `build` does once more for each pair of videos: do they show the same?"""
    compare(2)  # which imports what it needs
    return _timed(lambda: compare(number))


def _records(number):
    """Reading the index of so many records, as every training begins."""
    from scoringnet_tf.data.dataset_info import DatasetInfo

    folder = Path(tempfile.mkdtemp())
    apart(_write_many, folder, videos_of(FLAGS.videos, 2), number)
    return _timed(lambda: DatasetInfo.load(folder / "many"))


def _write_many(folder, videos, number):
    build_from(folder, videos)
    write_index(folder / "records", folder / "many", number)


CURVES = {  # name: (what x is, function, values of x)
    "length": ("frames of a video, scored", _length, (100, 200, 400, 800)),
    "batch": ("videos of a training step", _batch, (1, 2, 4, 8)),
    "videos": ("videos, built", _videos, (5, 10, 20, 40)),
    "compared": ("videos, compared", _compared, (1000, 2000, 4000, 8000, 16_000)),
    "records": ("records in an index, read", _records, (3000, 10_000, 30_000, 100_000)),
    "replicas": (f"devices that share a step of {TOGETHER} videos", _replicas, (1, 2, 4)),
}


def measure(name, x):
    """Seconds of every counted run, and MiB at the peak above what was held before the first."""
    run = CURVES[name][1](x)
    forget_peak()
    before = peak_mib()
    seconds = [run() for _ in range(FLAGS.rounds + 1)]
    return {"x": x, "seconds": seconds[1:], "mib": peak_mib() - before}


def _settings():
    """What all points of a file must share."""
    from scoringnet_tf.support.model_files import model_path

    return {
        "machine": machine()["processor"],
        "model": file_sha256(model_path(FLAGS.model)),
        "videos": str(Path(FLAGS.videos).resolve()),
        "rounds": FLAGS.rounds,
    }


def _kept(path, settings):
    """{curve: points} of a file that was written with these settings; InputError for any other."""
    kept = read_json(path)
    known = kept["settings"] if isinstance(kept.get("settings"), dict) else {}
    if others := [name for name, value in settings.items() if known.get(name) != value]:
        raise InputError(
            "other_settings", f"--json={path}: its points have another {', '.join(others)}.", "Choose a new file."
        )
    return kept["points"]


def main(_):
    """Runs the command with the parsed flags."""
    cli.require(videos=FLAGS.videos)
    if FLAGS.point:
        name, _, x = FLAGS.point.partition("=")
        print("JSON", json.dumps(measure(name, int(x))))
        return 0
    names = FLAGS.curves or list(CURVES)
    if unknown := [name for name in names if name not in CURVES]:
        raise InputError(
            "unknown_name", f"--curves: there is no {', '.join(unknown)}.", f"Choose from {', '.join(CURVES)}."
        )
    videos_of(FLAGS.videos, max(CURVES["videos"][2]) if "videos" in names else 2)
    path = Path(FLAGS.json) if FLAGS.json else None
    settings = _settings()
    found = _kept(path, settings) if path and path.is_file() else {}
    wanted = [(name, x) for name in names for x in CURVES[name][2]]
    for name, x in wanted:
        points = found.setdefault(name, [])
        if any(point["x"] == x for point in points):
            continue
        command = [sys.executable, "-m", "benchmarks.scaling", *sys.argv[1:], f"--point={name}={x}"]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=os.environ | OF_POINTS)
        if result.returncode:  # it has said why
            return result.returncode
        points.append(json.loads(result.stdout.split("JSON", 1)[1]))
        if path:
            write_json(path, {"settings": settings, "points": found})
    sloping = {name: points for name, points in found.items() if len(points) > 1}  # a stopped run leaves one
    titles = {name: CURVES[name][0] for name in sloping}
    print(growth.table(sloping, titles))
    if FLAGS.picture:
        growth.draw(sloping, titles, FLAGS.picture)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main))
