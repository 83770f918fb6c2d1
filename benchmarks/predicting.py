"""How long commands take: rows `predict` and `cross_validate` of the table.

Cold is the whole command, beside TensorFlow's import alone. Warm is a clip in a process that has scored one, beside
decoding it and the model alone. `cross_validate --nonetwork` stands against a scikit-learn script.
"""

import pathlib
import sys
import tempfile

import numpy as np

from benchmarks import data, workload
from benchmarks.worker import Measure

MODEL = "diving_small"
PREDICT = (sys.executable, "-m", "scoringnet_tf.predict", f"--model={MODEL}", "--force")
CROSS_VALIDATE = (sys.executable, "-m", "scoringnet_tf", "cross_validate", "--nonetwork")


def imports_alone() -> Measure:
    """Seconds of Python that imports TensorFlow and Keras."""
    return lambda: workload.seconds_of_command(sys.executable, "-c", "import tensorflow, keras")


def cold(folder: str, clips: int) -> Measure:
    """Seconds of `predict` on so many clips."""
    copies = data.clips(pathlib.Path(folder), clips)
    return lambda: workload.seconds_of_command(*PREDICT, *copies)


def cross_validate(folder: str) -> Measure:
    """Seconds of `cross_validate` on 120 vectors of 20 numbers."""
    records = data.vectors(pathlib.Path(folder), *data.VECTORS) / "records"

    def measure() -> float:
        with tempfile.TemporaryDirectory() as output:
            return workload.seconds_of_command(*CROSS_VALIDATE, f"--records_dir={records}", f"--output_dir={output}")

    return measure


def warm() -> Measure:
    """Seconds of a clip in a process that has scored one."""
    import scoringnet_tf

    model = scoringnet_tf.from_preset(MODEL)
    return lambda: workload.seconds(lambda: scoringnet_tf.score_video(data.CLIP, model, force=True))


def alone() -> Measure:
    """Seconds in which PyAV decodes the clip, OpenCV resizes it, and the model in one traced call scores all frames."""
    import av
    import cv2

    import scoringnet_tf
    from scoringnet_tf.inference.evaluation import prediction_function

    model = scoringnet_tf.from_preset(MODEL)
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

    return lambda: workload.seconds(score)
