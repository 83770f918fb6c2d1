"""Microseconds of a frame in the input pipeline, 128×171 cropped, mirrored, colours changed: row `input`."""

import pathlib
import time

from benchmarks import data
from benchmarks.worker import Measure

EPOCHS, BATCH = 10, 4  # of a measurement, as a run reads them: each begins anew, which takes as long as 1,000 frames


def augmented(folder: str, videos: int) -> Measure:
    """Of our records."""
    import scoringnet_tf

    records = data.records(pathlib.Path(folder), videos)
    given = {"image_size": data.SHOWN, "batch_size": BATCH, "epochs": EPOCHS, "shuffle": True}

    def measure() -> float:
        dataset = scoringnet_tf.videos(records, "train", augmentation=scoringnet_tf.Augmentation(), **given)
        start = time.perf_counter()
        frames = sum(int(inputs["mask"].sum()) for inputs, _ in dataset.as_numpy_iterator())
        return 1e6 * (time.perf_counter() - start) / frames

    return measure
