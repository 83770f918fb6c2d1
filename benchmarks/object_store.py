"""Records at s3://: frames per second where TensorFlow reads them itself, and where shards are copied first.

    python -m benchmarks.object_store --records_dir=s3://bucket/records            # with the extra tfio, by TensorFlow
    python -m benchmarks.object_store --records_dir=s3://bucket/records --copied

By epoch of the training split; the first has the search for the records, or the copying, in it.
"""

import itertools
import sys
import time

from absl import flags

from scoringnet_tf.support import cli

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "Folder made by `python -m data_prep build`.", required=True)
flags.DEFINE_bool("copied", False, "Leave tensorflow-io aside, so that shards are copied.")
flags.DEFINE_integer("batch_size", 4, "Videos per batch.", lower_bound=1)
flags.DEFINE_list("image_size", ["64", "64"], "Height,width of the model's input, pixels.")
flags.DEFINE_integer("epochs", 3, "Times that the training split is read.", lower_bound=1)


def main(_):
    """Prints one row per epoch."""
    if FLAGS.copied:
        sys.modules["tensorflow_io"] = None
    from scoringnet_tf.data.input_pipeline import videos

    start = time.perf_counter()
    size = tuple(cli.size_flag("image_size"))
    options = {"image_size": size, "batch_size": FLAGS.batch_size, "shuffle": True, "epochs": FLAGS.epochs}
    dataset = videos(FLAGS.records_dir, "train", **options)
    masks = (inputs["mask"] for inputs, _ in dataset.as_numpy_iterator())
    for epoch in range(FLAGS.epochs):
        frames = sum(int(mask.sum()) for mask in itertools.islice(masks, len(dataset) // FLAGS.epochs))
        now = time.perf_counter()
        print(f"epoch {epoch + 1}: {frames} frames in {now - start:.2f} s, {frames / (now - start):,.0f} frames/s")
        start = now


if __name__ == "__main__":
    cli.run(main)
