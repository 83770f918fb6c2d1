"""Frames per second of the input pipeline against a plain loop over the same records.

    python -m benchmarks.input_pipeline --records_dir=data/records/sim_diving

The plain loop reads with TensorFlow and decodes with OpenCV on one core: what there would be without tf.data. Beside
other work the processor time of a frame, of all threads, says more than the clock; it holds the start of the reading,
which many epochs share. Against a DataLoader of PyTorch: `python -m benchmarks.table --only=input`.
"""

import time

from absl import flags

from benchmarks import pairs
from scoringnet_tf.support import cli

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "Folder made by `python -m data_prep build`.", required=True)
flags.DEFINE_integer("batch_size", 4, "Videos per batch.", lower_bound=1)
flags.DEFINE_list("image_size", ["64", "64"], "Height,width of the model's input, pixels.")
flags.DEFINE_integer("epochs", 5, "Times that the training split is read.", lower_bound=1)
flags.DEFINE_bool("serve", False, "Internal: measure as `benchmarks.pairs` asks.")

LABELS = ("plain", "shuffled", "crop and flip", "augmented")


def measurements():
    """What this process answers with: frames per second of each of `LABELS`."""
    return lambda label: _rate(_dataset(label))[0]


def _dataset(label):
    """The batches of `--epochs` epochs of the training split, read in the way of this label."""
    from scoringnet_tf.data.input_pipeline import Augmentation, videos

    shuffled, cropped = {"shuffle": True}, Augmentation(max_start_shift=0, color_jitter=0.0)
    options = {
        "plain": {},
        "shuffled": shuffled,
        "crop and flip": {**shuffled, "augmentation": cropped},
        "augmented": {**shuffled, "augmentation": Augmentation()},
    }
    size = tuple(cli.size_flag("image_size"))
    shared = {"image_size": size, "batch_size": FLAGS.batch_size, "epochs": FLAGS.epochs}
    return videos(FLAGS.records_dir, "train", **shared, **options[label])


def _rate(dataset):
    """Frames per second, processor time of a frame in µs, and the share of padding."""
    start, busy, frames, padded = time.perf_counter(), time.process_time(), 0, 0
    for inputs, _ in dataset.as_numpy_iterator():
        frames += int(inputs["mask"].sum())
        padded += inputs["mask"].size
    busy = time.process_time() - busy
    return frames / (time.perf_counter() - start), 1e6 * busy / frames, 1 - frames / padded


def main(_):
    """Prints one row per way of reading."""
    if FLAGS.serve:
        pairs.serve(measurements())
        return
    from data_prep.records.verifying import decode_frames, read_records
    from scoringnet_tf.data.dataset_info import DatasetInfo

    info = DatasetInfo.load(FLAGS.records_dir)
    height, width = info.frame_size
    num_videos = info.splits["train"]["num_videos"]
    print(f"{num_videos} videos of {height}×{width}, {FLAGS.epochs} epochs, batch {FLAGS.batch_size}")
    print(f"{'':34}{'frames/s':>10}{'CPU µs':>9}{'padding':>9}")
    start, busy, frames = time.perf_counter(), time.process_time(), 0
    for _, record in read_records(info, "train"):
        frames += len(decode_frames(record["image/encoded"]))
    busy = time.process_time() - busy
    _print_row("plain loop, one core", frames / (time.perf_counter() - start), 1e6 * busy / frames, 0.0)
    for label in LABELS:
        _print_row(label, *_rate(_dataset(label)))


def _print_row(label, rate, busy, padding):
    print(f"{label:34}{rate:>10,.0f}{busy:>9.1f}{padding:>9.0%}", flush=True)


if __name__ == "__main__":
    cli.run(main)
