"""Frames per second of the input pipeline: rows `input` of the table."""

import time

from benchmarks.data import SHOWN
from benchmarks.pairs import Ask


def measurements(records_dir: str, epochs: int, batch_size: int = 4) -> Ask:
    """Frames per second of the training split, read in one of these ways.

    With cached frames the clock starts after a first epoch.
    """
    from scoringnet_tf import Augmentation, videos

    cropped = Augmentation(max_start_shift=0, color_jitter=0.0)
    ways = {
        "plain": {},
        "crop and flip": {"shuffle": True, "augmentation": cropped},
        "augmented": {"shuffle": True, "augmentation": Augmentation()},
    }
    ways |= {f"{name}, cached": {**options, "cache": "memory"} for name, options in ways.items()}

    def measure(what: str) -> float:
        before = int("cache" in ways[what])  # epochs
        given = {"image_size": SHOWN, "batch_size": batch_size, "epochs": before + epochs}
        dataset = videos(records_dir, "train", **given, **ways[what])
        batches = dataset.as_numpy_iterator()
        for _ in range(before * len(dataset) // (before + epochs)):
            next(batches)
        start = time.perf_counter()
        frames = sum(int(inputs["mask"].sum()) for inputs, _ in batches)
        return frames / (time.perf_counter() - start)

    return measure
