"""Time of a request to an exported model, by the size of its batch, without the network in between.

    python -m benchmarks.serving --servable=saved_models/diving_small/saved_model/1 --frames=150

The C++ session that TF Serving runs, called one request after another. Latency is the median time of a request and the
time that nine in ten stay below; throughput is videos a second. The first requests of each size are not counted.
"""

import time

import numpy as np
from absl import flags

from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import as_path

FLAGS = flags.FLAGS
flags.DEFINE_string("servable", "saved_models/diving_small/saved_model/1", "Folder of a version of a SavedModel.")
flags.DEFINE_list("batch_sizes", ["1", "2", "4", "8"], "Videos in a request.")
flags.DEFINE_integer("frames", 150, "Frames of each video.", 1)
flags.DEFINE_integer("requests", 20, "Requests that are timed, for each batch size.", 1)
flags.DEFINE_list("signatures", ["serving_default", "score_encoded"], "Signatures to ask.")

WARM_UP = 3  # requests of each size before the clock runs


def main(_):
    """Runs the command with the parsed flags."""
    if not (as_path(FLAGS.servable) / "saved_model.pb").is_file():
        raise InputError(
            "todo", f"--servable={FLAGS.servable}: expected a folder with a saved_model.pb. Received: none."
        )
    if not all(size.isdigit() and int(size) for size in FLAGS.batch_sizes):
        raise InputError("todo", f"--batch_sizes: expected positive integers. Received: {','.join(FLAGS.batch_sizes)}.")
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta_graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], FLAGS.servable)
        print(f"{'signature':18}{'batch':>7}{'median s':>11}{'90 % s':>9}{'videos/s':>11}")
        for name in FLAGS.signatures:
            if name not in meta_graph.signature_def:
                raise InputError("todo", f"--signatures: expected some of the model's. Received: {name}.")
            for size in map(int, FLAGS.batch_sizes):
                _time(session, name, meta_graph.signature_def[name], size)


def _time(session, name, signature, size):
    feeds = {signature.inputs[key].name: value for key, value in _request(signature, size).items()}
    fetches = [output.name for output in signature.outputs.values()]
    seconds = []
    for _ in range(WARM_UP + FLAGS.requests):
        start = time.perf_counter()
        session.run(fetches, feeds)
        seconds.append(time.perf_counter() - start)
    counted = seconds[WARM_UP:]
    median, slow = np.quantile(counted, [0.5, 0.9])
    print(f"{name:18}{size:>7}{median:>11.3f}{slow:>9.3f}{size / np.mean(counted):>11.2f}", flush=True)


def _request(signature, size):
    """Videos of noise, or JPEGs of it at 240×320, as the signature takes them."""
    import cv2
    import tensorflow as tf

    rng = np.random.default_rng(0)
    if "encoded" in signature.inputs:
        # Enlarged noise: about as many bytes as a filmed frame has.
        pixels = np.kron(rng.integers(0, 256, (30, 40, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        image = cv2.imencode(".jpg", pixels)[1].tobytes()
        return {"encoded": np.full((size, FLAGS.frames), image, object), "lengths": np.full(size, FLAGS.frames)}
    content = "frames" if "frames" in signature.inputs else "features"
    element = [dim.size for dim in signature.inputs[content].tensor_shape.dim][2:]
    values = rng.integers(0, 256, (size, FLAGS.frames, *element))
    dtype = tf.dtypes.as_dtype(signature.inputs[content].dtype).as_numpy_dtype
    return {content: values.astype(dtype), "mask": np.ones((size, FLAGS.frames), bool)}


if __name__ == "__main__":
    cli.run(main)
