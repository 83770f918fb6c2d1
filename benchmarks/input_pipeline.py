"""Frames per second of the input pipeline against a plain loop over the same records.

    python -m benchmarks.input_pipeline --records_dir=data/records/sim_diving

The plain loop reads with TensorFlow and decodes with OpenCV on one core: what there would be without tf.data.
"""

import time

from absl import flags

from scoringnet_tf.support import cli

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "Folder made by `python -m data_prep build`.", required=True)
flags.DEFINE_integer("batch_size", 4, "Videos per batch.", lower_bound=1)
flags.DEFINE_list("image_size", ["64", "64"], "Height,width of the model's input, pixels.")
flags.DEFINE_integer("epochs", 5, "Times that the training split is read.", lower_bound=1)


def main(_):
    """Prints one row per way of reading."""
    from data_prep.records.verifying import decode_frames, read_records
    from scoringnet_tf.data.input_pipeline import Augmentation, videos
    from scoringnet_tf.data.records import DatasetInfo

    info = DatasetInfo.load(FLAGS.records_dir)
    height, width = info.frame_size
    num_videos = info.splits["train"]["num_videos"]
    print(f"{num_videos} videos of {height}×{width}, {FLAGS.epochs} epochs, batch {FLAGS.batch_size}")
    print(f"{'':34}{'frames/s':>10}{'padding':>9}")

    start, frames = time.perf_counter(), 0
    for _, record in read_records(info, "train"):
        frames += len(decode_frames(record["image/encoded"]))
    _row("plain loop, one core", frames, frames, time.perf_counter() - start)

    lengths = sorted(info.videos[video_id]["num_frames"] for video_id in info.splits["train"]["ids"])
    quartiles = tuple(lengths[len(lengths) * part // 4] for part in (1, 2, 3))
    shared = {
        "image_size": tuple(int(size) for size in FLAGS.image_size),
        "batch_size": FLAGS.batch_size,
        "epochs": FLAGS.epochs,
    }
    for label, options in {
        "videos, evaluation": {},
        "videos, shuffled": {"shuffle": True},
        "videos, shuffled and augmented": {"shuffle": True, "augmentation": Augmentation()},
        "the same in four buckets": {"shuffle": True, "augmentation": Augmentation(), "bucket_boundaries": quartiles},
    }.items():
        _time(label, videos(FLAGS.records_dir, "train", **shared, **options))


def _time(label, dataset):
    start, frames, padded = time.perf_counter(), 0, 0
    for inputs, _ in dataset.as_numpy_iterator():
        frames += inputs["mask"].sum()
        padded += inputs["mask"].size
    _row(label, frames, padded, time.perf_counter() - start)


def _row(label, frames, padded, seconds):
    print(f"{label:34}{frames / seconds:>10,.0f}{1 - frames / padded:>9.0%}", flush=True)


if __name__ == "__main__":
    cli.run(main)
