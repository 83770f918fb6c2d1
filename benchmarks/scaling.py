r"""How time and memory grow: with the length of a video, its pixels, batch, stages, number of videos, replicas.

    python -m benchmarks.scaling --videos=VIDEOS [--curves=length,batch] [--rounds=2] [--picture=growth.png]

Each point is a process of its own, whose memory at its peak is that above what it held before the work. Time is that of
the processor, user and system, which other work on the machine disturbs less than the clock; a run before, which traces
and compiles, is not counted. Prints of each curve the exponent b of y = a·x^b with its 95 % interval (Student's t, over
all runs), and what one more of x costs by a straight line.
"""

import itertools
import json
import os
import sys
import tempfile
from pathlib import Path

from absl import flags

from benchmarks import growth, workload
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.forks import Forks
from scoringnet_tf.support.messages import unknown_name

FLAGS = flags.FLAGS
flags.DEFINE_string("videos", None, "A folder of videos, as many as the longest curve of videos asks for.")
flags.DEFINE_string("model", None, "Model of `length`: a .keras file or a folder with one; default: as in predict.")
flags.DEFINE_list("curves", None, "Which to measure; default: all.")
flags.DEFINE_integer("rounds", 2, "Runs of each point that are counted.", 1)
flags.DEFINE_string("picture", None, "PNG file for a picture of `--curves`, or of some of all.")
flags.DEFINE_string("point", None, "Internal: CURVE=X, measure this point in this process and print JSON.")

FRAMES, SIDE = 104, 112  # of the videos of a training step, and of each frame, pixels
LEARNING = "Mixed_5"  # blocks of I3D that learn
SIZE = 1856  # numbers of I3D for each frame
STORED = (128, 171)  # height and width of frames in records
TOGETHER = 4  # videos of a step that replicas share
IMPORTED = ("scoringnet_tf.training.scoring", "scoringnet_tf.inference.predictor", "data_prep.records.building")
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
    return _timed(lambda: scorer(folder / "long.mp4", force=True))


def _write_long(path, video, frames):
    from scoringnet_tf.data.video import read_video

    shown = read_video(video)
    workload.write_video(path, list(itertools.islice(itertools.cycle(shown.frames), frames)), round(shown.fps))


def _step(replicas, batch_size, side=SIDE):
    """A joint step of random videos on I3D, whose last blocks learn, on so many virtual devices."""
    from scoringnet_tf.models.backbones.backbone import Backbone
    from scoringnet_tf.models.backbones.i3d import I3D
    from scoringnet_tf.models.scoring_net import ScoringNet
    from scoringnet_tf.training.strategy import strategy_of
    from scoringnet_tf.weights.backbones import I3D_ENDPOINTS

    scope = strategy_of(replicas).scope
    with scope():
        trunk = I3D((None, side, side, 3), final_endpoint=I3D_ENDPOINTS, masked=True)
        for layer in trunk.layers:
            layer.trainable = layer.name.startswith(LEARNING)
        heads = {"segmenter": {"network": "tcn"}, "score_predictor": {"conv_filters": 128, "fc_units": 128}}
        scores = {"difficulty": (0.0, 1.0), "execution": (0.0, 1.0)}
        model = ScoringNet(backbone=Backbone(trunk, trainable=True), score_statistics=scores, **heads)
        train = workload.training_steps(model, batch_size, FRAMES, workload.processor_seconds)

    def step():
        with scope():
            return train(1)

    return step


def _stages(number):
    """Finding so many stages, in order, in eight videos of features."""
    import numpy as np
    import tensorflow as tf

    from scoringnet_tf.models.decoding import StageDecision
    from scoringnet_tf.models.segmentation import KeyFragmentSegmenter

    sport = {"name": "any", "stages": [f"stage {place}" for place in range(number)], "ranges": {"final": [0, 100]}}
    segmenter, decision = KeyFragmentSegmenter(sport, features=SIZE, network="tcn"), StageDecision("ordered")
    features, mask = tf.random.normal((8, FRAMES, SIZE), seed=0), tf.ones((8, FRAMES), tf.bool)
    find = tf.function(lambda: decision(segmenter({"features": features, "mask": mask}), mask), autograph=False)
    return _timed(lambda: np.asarray(find()))


def _cached(number):
    """`--cache`: decoding the frames of so many videos into a file, before the first epoch."""
    from scoringnet_tf.data.input_pipeline import videos

    folder = Path(tempfile.mkdtemp())
    workload.apart(_build, folder, workload.videos_of(FLAGS.videos, number))
    of_records = {"split": "train", "image_size": (SIDE, SIDE), "batch_size": 4}
    return _timed(lambda: videos(folder / "records", **of_records, cache=tempfile.mkdtemp(dir=folder)))


def _build(folder, videos):
    workload.build_from(folder, videos, frame_size=STORED)


def _videos(number):
    """`build` of so many videos, in one process."""
    folder, videos = Path(tempfile.mkdtemp()), workload.videos_of(FLAGS.videos, number)
    return _timed(lambda: workload.build_from(folder, videos))


def _compared(number):
    """What `build` does once more for each pair of videos: do they show the same?"""
    return _timed(lambda: workload.compare(number))


CURVES = {  # name: (what x is, function, values of x)
    "length": ("frames of a video, scored", _length, (125, 500, 2000)),
    "batch": ("videos of a training step", lambda size: _step(1, size), (1, 2, 4)),
    "size": ("rows of a square frame, a training step", lambda side: _step(1, 1, side), (112, 168, 224)),
    "replicas": (f"devices that share a step of {TOGETHER} videos", lambda number: _step(number, TOGETHER), (1, 2, 4)),
    "stages": ("stages of a sport, found in 8 videos", _stages, (4, 12, 50)),
    "cached": ("videos, frames decoded once", _cached, (10, 20, 40)),
    "videos": ("videos, built", _videos, (5, 10, 20, 40)),
    "compared": ("videos, compared", _compared, (1000, 4000, 16_000)),
}
PICTURED = ("length", "batch", "size", "learned", "cached", "compared")


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
    workload.videos_of(FLAGS.videos, max(CURVES["videos"][2]) if {"videos", "cached"} & {*names} else 1)
    os.environ.update(OF_POINTS)
    curves: dict = {name: [] for name in names}
    forks, folder = Forks(IMPORTED), Path(tempfile.mkdtemp())
    for name, points in curves.items():
        for x in CURVES[name][2]:
            log = folder / f"{name}-{x}"
            status = forks.run("benchmarks.scaling", [*sys.argv[1:], f"--point={name}={x}"], log)
            if status:
                print(log.read_text(), file=sys.stderr)
                return status
            found = next(line for line in log.read_text().splitlines() if line.startswith("JSON"))
            points.append(json.loads(found.removeprefix("JSON")))
    titles = {name: CURVES[name][0] for name in names}
    print(growth.table(curves, titles))
    if FLAGS.picture:
        with replacing_file(FLAGS.picture) as temporary:
            shown = curves if FLAGS.curves else {name: curves[name] for name in PICTURED}
            growth.picture(shown, titles).savefig(temporary, format="png", dpi=90)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main))
