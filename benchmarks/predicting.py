"""How long `predict` takes for a video, cold and warm, and `extract` for some; a process of `benchmarks.pairs`.

    python -m benchmarks.table --only=predict,extract

Cold is the whole command, for one video and for several, against a PyTorch script with the same weights that does the
same; its --help, against Python that does nothing. Warm is a video in a process that has scored one: against decoding
it and the model alone. So is each of several videos.
"""

import collections
import functools
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import flags

from benchmarks import data, rows, workload
from scoringnet_tf.support.model_files import SHIPPED

FLAGS = flags.FLAGS
flags.DEFINE_string("folder", None, "Where what is made for the benchmarks is kept.", required=True)

PREDICT = (sys.executable, "-m", "scoringnet_tf.predict", f"--model={SHIPPED}", "--force")
SCRIPT = (sys.executable, "-m", "benchmarks.peers.predict")
EXTRACT = (sys.executable, "-m", "scoringnet_tf.extract", "--backbone=i3d", "--frame_size={},{}".format(*data.STORED))
PEER = (sys.executable, "-m", "benchmarks.peers.extract")


def measurements():
    """What this process answers with."""
    many = f"cold, {rows.AT_ONCE} videos"
    ways = {
        "help": lambda: _seconds((*PREDICT, "--help")),
        "Python": lambda: _seconds((sys.executable, "-c", "pass")),
        "cold": lambda: _seconds((*PREDICT, data.CLIP)),
        "cold PyTorch": lambda: _seconds((*SCRIPT, _torch_weights(), data.CLIP)),
        many: lambda: _seconds((*PREDICT, *_clips(rows.AT_ONCE))),
        f"{many} PyTorch": lambda: _seconds((*SCRIPT, _torch_weights(), *_clips(rows.AT_ONCE))),
        "extract": lambda: _extracting(lambda folder: (*EXTRACT, f"--output_dir={folder}/features")),
        "extract PyTorch": lambda: _extracting(lambda folder: (*PEER, folder)),
        "warm": lambda: _timed(functools.partial(_warm(), force=True), data.CLIP),
        "in a row": _each_in_a_row,
        "decode + model": lambda: _timed(_decode_and_model(), data.CLIP),
    }
    return lambda what: ways[what]()


def _seconds(command, environment=None):
    start, given = time.perf_counter(), {**os.environ, **(environment or {})}
    subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, check=True, env=given)
    return time.perf_counter() - start


def _extracting(command_of):
    """Frames of `rows.EXTRACTED` clips for each processor second of a command, given a folder to write to."""
    with tempfile.TemporaryDirectory() as folder:
        start = workload.processor_seconds()
        _seconds((*command_of(folder), *_clips(rows.EXTRACTED)), workload.ONE_THREAD)
        return rows.EXTRACTED * data.CLIP_FRAMES / (workload.processor_seconds() - start)


def _clips(count):
    return data.clips(pathlib.Path(FLAGS.folder), count)


def _timed(function, argument):
    start = time.perf_counter()
    function(argument)
    return time.perf_counter() - start


@functools.cache
def _model():
    from scoringnet_tf.models.presets import load_scoring_net

    return load_scoring_net()


def _torch_weights():
    """The shipped model's weights for `benchmarks.peers.predict`, a file."""
    from benchmarks.peers.weights import weights

    def make(path):
        statistics = {f"statistics.{s}": pair for s, pair in _model().get_config()["score_statistics"].items()}
        with path.open("wb") as file:
            np.savez(file, **weights(_model()), **statistics)

    return data.kept(pathlib.Path(FLAGS.folder) / "diving_small.npz", make)


@functools.cache
def _warm():
    from scoringnet_tf.inference.predictor import predictor_of

    return predictor_of(SHIPPED)


def _each_in_a_row():
    """Seconds of each of several videos, scored as `predict` does it."""
    from scoringnet_tf.inference.inputs import named_videos, scored

    scorer = _warm()
    videos = list(named_videos(map(str, _clips(rows.IN_A_ROW))))
    start = time.perf_counter()
    collections.deque(scored(videos, scorer, force=True), maxlen=0)
    return (time.perf_counter() - start) / len(videos)


@functools.cache
def _decode_and_model():
    """A function of a path: PyAV decodes it, OpenCV resizes, the model in one traced call scores all frames."""
    import av
    import cv2

    from scoringnet_tf.inference.evaluation import prediction_function

    model = _model()
    outputs_of = prediction_function(model)
    (height, width), shown = model.frame_size, model.image_size
    top, left = (height - shown[0]) // 2, (width - shown[1]) // 2

    def score(path):
        with av.open(str(path)) as container:
            pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        small = [cv2.resize(each, (width, height), interpolation=cv2.INTER_AREA) for each in pictures]
        frames = np.stack([each[top : top + shown[0], left : left + shown[1]] for each in small])[np.newaxis]
        inputs = {"frames": frames, "mask": np.ones(frames.shape[:2], bool)}
        outputs = outputs_of(inputs, np.zeros(frames.shape[:2], np.int32))
        return float(outputs["final"][0])

    return score
