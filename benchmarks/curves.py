r"""How time and memory grow: with the length of a video, the batch, the replicas, the number of videos and of records.

    python -m benchmarks.curves --videos=VIDEOS [--curves=length,batch] [--rounds=2] [--json=FILE] [--picture=FILE.png]

Each point is a process of its own, whose memory at its peak is that above what it held before the work. Time is that of
the processor, user and system, which other work on the machine disturbs less than the clock; the first run of a point,
which traces and compiles, is not counted. Prints of each curve the exponent b of y = a·x^b with its 95 % interval
(Student's t, over all runs), and what one more of x costs by a straight line.
"""

import concurrent.futures
import itertools
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.costs import compare, training_steps
from benchmarks.workload import build_from, forget_peak, peak_mib, processor_seconds, videos_of, write_index
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import write_json

FLAGS = flags.FLAGS
flags.DEFINE_string("videos", None, "A folder of videos, as many as the longest curve of videos asks for.")
flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_list("curves", None, "Which to measure; default: all.")
flags.DEFINE_integer("rounds", 2, "Runs of each point that are counted.", 1)
flags.DEFINE_string("json", None, "File for all points.")
flags.DEFINE_string("picture", None, "PNG file for the curves.")
flags.DEFINE_string("point", None, "Internal: CURVE=X, measure this point in this process and print JSON.")

FRAMES = 104  # of the videos of a training step
TOGETHER = 4  # videos of a step that replicas share
CONFIDENCE = 0.95
WITHOUT_BARS = {"TQDM_DISABLE": "1"}  # of progress, from the points' processes
LEAST_MIB = 1.0  # less is not told from what happened to be free before


# === What is measured: each takes x and gives a function to be run several times ===


def _length(frames):
    """`predict` of one video, which is another one shown again and again."""
    from scoringnet_tf.inference.prediction import scorer_of

    folder, (video, *_) = Path(tempfile.mkdtemp()), videos_of(FLAGS.videos)
    _apart(_write_long, folder / "long.mp4", video, frames)
    scorer = scorer_of(FLAGS.model)
    scorer(video, force=True)
    return lambda: scorer(folder / "long.mp4", force=True)


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


def _apart(function, *arguments):
    """Runs a function in a process of its own, so that what it held counts nowhere."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        return pool.submit(function, *arguments).result()


def _batch(size):
    """A joint training step of random videos."""
    return _step(1, size)


def _replicas(number):
    """The same of a batch that so many virtual devices of this machine share."""
    return _step(number, TOGETHER)


def _step(replicas, batch_size):
    from scoringnet_tf.models.presets import load_scoring_net
    from scoringnet_tf.training.strategy import strategy_of

    scope = strategy_of(replicas).scope
    with scope():
        train = training_steps(load_scoring_net(FLAGS.model), batch_size, FRAMES)

    def step():
        with scope():
            train(1)

    return step


def _videos(number):
    """`build` of so many videos, in one process."""
    folder, videos = Path(tempfile.mkdtemp()), videos_of(FLAGS.videos, number)
    build_from(folder / "few", videos[:2])  # which imports TensorFlow
    return lambda: build_from(folder, videos)


def _compared(number):
    """What `build` does once more for each pair of videos: do they show the same?"""
    compare(2)  # which imports what it needs
    return lambda: compare(number)


def _records(number):
    """Reading the index of so many records, as every training begins."""
    from scoringnet_tf.data.records import DatasetInfo

    folder = Path(tempfile.mkdtemp())
    _apart(_write_many, folder, videos_of(FLAGS.videos, 2), number)
    return lambda: DatasetInfo.load(folder / "many")


def _write_many(folder, videos, number):
    build_from(folder, videos)
    write_index(folder / "records", folder / "many", number)


CURVES = {  # name: (what x is, function, values of x)
    "length": ("frames of a video, scored", _length, (100, 200, 400, 800, 1600)),
    "batch": ("videos of a training step", _batch, (1, 2, 4, 8)),
    "videos": ("videos, built", _videos, (5, 10, 20, 40)),
    "compared": ("videos, compared", _compared, (250, 500, 1000, 2000)),
    "records": ("records in an index, read", _records, (3000, 10_000, 30_000, 100_000)),
    "replicas": (f"devices that share a step of {TOGETHER} videos", _replicas, (1, 2, 4)),
}


def measure(name, x):
    """Seconds of every counted run, and MiB at the peak above what was held before the first."""
    run = CURVES[name][1](x)
    forget_peak()
    before, seconds = peak_mib(), []
    for _ in range(FLAGS.rounds + 1):
        start = processor_seconds()
        run()
        seconds.append(processor_seconds() - start)
    return {"x": x, "seconds": seconds[1:], "mib": peak_mib() - before}


# === What is made of it ===


def slope(x, y):
    """(b, low, high) of y = a·x^b by least squares of the logarithms, with the 95 % interval of Student's t.

    Args:
        x, y: positive, (N,), N of 3 or more for an interval; it is infinite with fewer.
    """
    return _fitted(np.log(x), np.log(y))


def per_unit(x, y):
    """(b, low, high) of y = a + b·x, the same way."""
    return _fitted(np.asarray(x, float), np.asarray(y, float))


def _fitted(x, y):
    import scipy.stats

    if len(set(x)) < 2:
        return (float("nan"),) * 3
    found, freedom = scipy.stats.linregress(x, y), len(x) - 2
    half = found.stderr * scipy.stats.t.ppf((1 + CONFIDENCE) / 2, freedom) if freedom else float("inf")
    return float(found.slope), float(found.slope - half), float(found.slope + half)


def flat(points):
    """X and seconds of every run of a curve."""
    pairs = [(point["x"], seconds) for point in points for seconds in point["seconds"]]
    return tuple(np.array(pairs, float).T)


def sized(points):
    """X and MiB of the points of a curve where memory grew."""
    pairs = [(point["x"], point["mib"]) for point in points if point["mib"] >= LEAST_MIB]
    return tuple(np.array(pairs, float).reshape(-1, 2).T)


def table(found):
    """The curves in Markdown: exponents of time and memory, and the cost of one more."""
    lines = ["| x | from, to | time ~ x^b | one more, ms | memory ~ x^b | one more, MiB |", "|---|---|---|---|---|---|"]
    for name, points in found.items():
        x, seconds = flat(points)
        sizes, mib = sized(points)
        memory = [_interval(*fit(sizes, mib)) if len(sizes) > 2 else "–" for fit in (slope, per_unit)]
        time = _interval(*slope(x, seconds)), _interval(*per_unit(x, 1000 * seconds))
        cells = (CURVES[name][0], f"{points[0]['x']:,}, {points[-1]['x']:,}", *time, *memory)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _interval(value, low, high):
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"


def draw(found, path):
    """A panel of time and memory for each curve, with the fitted lines, as PNG."""
    from matplotlib.figure import Figure

    from scoringnet_tf.support.drawing import STAGE_COLORS, save_png

    columns = min(3, len(found))
    rows = -(-len(found) // columns)
    figure = Figure(figsize=(4 * columns, 3.4 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, points) in itertools.zip_longest(panels, found.items(), fillvalue=(None, None)):
        if name is None:
            axes.set_axis_off()
            continue
        _line(axes, *flat(points), STAGE_COLORS[2], "o", "time, s of processor")
        if len(sized(points)[0]) > 2:
            _line(axes, *sized(points), STAGE_COLORS[5], "s", "memory, MiB")
        axes.set(title=CURVES[name][0], xscale="log", yscale="log")
        axes.legend(frameon=False, fontsize="small")
    save_png(figure, path)


def _line(axes, x, y, color, marker, label):
    exponent = slope(x, y)[0]
    axes.plot(x, y, marker, color=color, fillstyle="none", label=f"{label}: ~ x^{exponent:.2f}")
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, np.exp(np.log(y).mean()) * (ends / np.exp(np.log(x).mean())) ** exponent, color=color, linewidth=1)


def main(_):
    """Runs the command with the parsed flags."""
    cli.require(videos=FLAGS.videos)
    if FLAGS.point:
        name, _, x = FLAGS.point.partition("=")
        print("JSON", json.dumps(measure(name, int(x))))
        return 0
    names = FLAGS.curves or list(CURVES)
    if unknown := [name for name in names if name not in CURVES]:
        raise InputError(f"--curves: expected some of {', '.join(CURVES)}. Received: {', '.join(unknown)}.")
    videos_of(FLAGS.videos, max(CURVES["videos"][2]) if "videos" in names else 2)
    found = {}
    for name in names:
        found[name] = []
        for x in CURVES[name][2]:
            command = [sys.executable, "-m", "benchmarks.curves", *sys.argv[1:], f"--point={name}={x}"]
            result = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=os.environ | WITHOUT_BARS)
            if result.returncode:  # it has said why
                return result.returncode
            found[name].append(json.loads(result.stdout.split("JSON", 1)[1]))
    print(table(found))
    if FLAGS.json:
        write_json(Path(FLAGS.json), found)
    if FLAGS.picture:
        draw(found, FLAGS.picture)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main))
