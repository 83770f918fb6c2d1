"""Frames per second of the input pipeline; a process of `benchmarks.pairs`.

python -m benchmarks.table --only=input
"""

import time

from absl import flags

from scoringnet_tf.support import cli

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "Folder made by `python -m data_prep build`.", required=True)
flags.DEFINE_integer("batch_size", 4, "Videos per batch.", lower_bound=1)
flags.DEFINE_list("image_size", ["64", "64"], "Height,width of the model's input, pixels.")
flags.DEFINE_integer("epochs", 5, "Times that the training split is read.", lower_bound=1)


def measurements():
    """What this process answers with: frames per second of the training split, read in one of these ways.

    With cached frames the clock starts after a first epoch.
    """
    from scoringnet_tf.data.input_pipeline import Augmentation, videos

    cropped = Augmentation(max_start_shift=0, color_jitter=0.0)
    ways = {
        "plain": {},
        "crop and flip": {"shuffle": True, "augmentation": cropped},
        "augmented": {"shuffle": True, "augmentation": Augmentation()},
    }
    ways |= {f"{name}, cached": {**options, "cache": "memory"} for name, options in ways.items()}
    shared = {"image_size": tuple(cli.size_flag("image_size")), "batch_size": FLAGS.batch_size}

    def measure(what):
        before = int("cache" in ways[what])  # epochs
        dataset = videos(FLAGS.records_dir, "train", epochs=before + FLAGS.epochs, **shared, **ways[what])
        batches, of_epoch = dataset.as_numpy_iterator(), len(dataset) // (before + FLAGS.epochs)
        for _ in range(before * of_epoch):
            next(batches)
        start = time.perf_counter()
        frames = sum(int(inputs["mask"].sum()) for inputs, _ in batches)
        return frames / (time.perf_counter() - start)

    return measure
