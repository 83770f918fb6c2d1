"""How long commands take: rows `predict`, `extract` and `cross_validate` of the table.

Cold is the whole command, for one video and for several, against a PyTorch script with the same weights that does the
same; its --help, against Python that does nothing. Warm is a video in a process that has scored one, against decoding
it and the model alone. `cross_validate --nonetwork` stands against a scikit-learn script.
"""

import functools
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import data, rows, workload
from benchmarks.pairs import Ask

MODEL = "diving_small"
PREDICT = (sys.executable, "-m", "scoringnet_tf.predict", f"--model={MODEL}", "--force")
SCRIPT = (sys.executable, "-m", "benchmarks.peers.scripts")
CROSS_VALIDATE = (sys.executable, "-m", "scoringnet_tf.cross_validate", "--nonetwork")
EXTRACT = (sys.executable, "-m", "scoringnet_tf.extract", "--backbone=i3d", "--frame_size={},{}".format(*data.STORED))


def measurements(folder: str) -> Ask:
    """Seconds, or frames for each processor second of `extract`; `folder` keeps clips and weights."""
    kept, many = pathlib.Path(folder), f"cold, {rows.AT_ONCE} videos"
    clips, several = data.clips(kept, rows.AT_ONCE), data.clips(kept, rows.EXTRACTED)
    ways = {
        "help": lambda: seconds(*PREDICT, "--help"),
        "Python": lambda: seconds(sys.executable, "-c", "pass"),
        "cold": lambda: seconds(*PREDICT, data.CLIP),
        "cold PyTorch": lambda: seconds(*SCRIPT, "scores", _torch_weights(kept), data.CLIP),
        many: lambda: seconds(*PREDICT, *clips),
        f"{many} PyTorch": lambda: seconds(*SCRIPT, "scores", _torch_weights(kept), *clips),
        "extract": lambda: _extracting(lambda output: (*EXTRACT, f"--output_dir={output}/features", *several)),
        "extract PyTorch": lambda: _extracting(lambda output: (*SCRIPT, "features", output, *several)),
        "warm": lambda: workload.seconds(_warm),
        "decode + model": lambda: workload.seconds(_decode_and_model()),
        "cross_validate": lambda: _cross_validating(_vectors(kept)),
        "scikit-learn": lambda: seconds(
            sys.executable, "-m", "benchmarks.peers.regressions", _vectors(kept) / "source"
        ),
    }
    return lambda what: ways[what]()


def seconds(*command: Any, environment: Mapping[str, str] | None = None) -> float:
    """That a command takes by the clock."""
    start, given = time.perf_counter(), {**os.environ, **(environment or {})}
    subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, check=True, env=given)
    return time.perf_counter() - start


def _extracting(command_of: Callable[[str], tuple]) -> float:
    """Frames of `rows.EXTRACTED` clips for each processor second of a command, given a folder to write to."""
    with tempfile.TemporaryDirectory() as folder:
        start = workload.processor_seconds()
        seconds(*command_of(folder), environment=workload.ONE_THREAD)
        return rows.EXTRACTED * data.CLIP_FRAMES / (workload.processor_seconds() - start)


def _vectors(folder: pathlib.Path) -> pathlib.Path:
    return data.vectors(folder, *rows.VECTORS)


def _cross_validating(vectors: pathlib.Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return seconds(*CROSS_VALIDATE, f"--records_dir={vectors / 'records'}", f"--output_dir={folder}")


@functools.cache
def _model() -> Any:
    import scoringnet_tf

    return scoringnet_tf.from_preset(MODEL)


def _torch_weights(folder: pathlib.Path) -> pathlib.Path:
    """The shipped model's weights for `benchmarks.peers.scripts`, a file."""
    from benchmarks.peers.weights import weights

    def make(path: pathlib.Path) -> None:
        scores = _model().score_predictor.get_config()["score_statistics"]
        statistics = {f"statistics.{score}": pair for score, pair in scores.items()}
        with path.open("wb") as file:
            np.savez(file, **weights(_model()), **statistics)

    return data.kept(folder / f"{MODEL}.npz", make)


def _warm() -> object:
    import scoringnet_tf

    return scoringnet_tf.score_video(data.CLIP, _model(), force=True)


@functools.cache
def _decode_and_model() -> Callable[[], float]:
    """PyAV decodes the clip, OpenCV resizes it, the model in one traced call scores all frames."""
    import av
    import cv2

    from scoringnet_tf.inference.evaluation import prediction_function

    model = _model()
    outputs_of = prediction_function(model)
    (height, width), shown = model.frame_size, model.image_size
    top, left = (height - shown[0]) // 2, (width - shown[1]) // 2

    def score() -> float:
        with av.open(str(data.CLIP)) as container:
            pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        small = [cv2.resize(each, (width, height), interpolation=cv2.INTER_AREA) for each in pictures]
        frames = np.stack([each[top : top + shown[0], left : left + shown[1]] for each in small])[np.newaxis]
        inputs = {"frames": frames, "mask": np.ones(frames.shape[:2], bool)}
        return float(outputs_of(inputs, np.zeros(frames.shape[:2], np.int32))["final"][0])

    return score
