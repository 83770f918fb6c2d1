"""Requests that TF Serving runs when it has loaded a model, so that the first client does not wait for what comes once.

See https://www.tensorflow.org/tfx/serving/saved_model_warmup.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.paths import AnyPath

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"  # a TFRecord; TF Serving knows it by this name


def example_videos(network: "ScoringNet", lengths: Sequence[int]) -> dict[str, np.ndarray]:
    """Made videos as the model takes them: `{"frames" | "features", "mask"}`, one of each length.

    Their frames are waves of colour that move, so that no two are the same, and JPEG keeps them nearly unchanged.
    """
    longest = max(lengths)
    mask = np.arange(longest) < np.array(lengths)[:, np.newaxis]
    if network.content == "features":
        size = network.features["size"]  # type: ignore[index]
        content = np.random.default_rng(0).normal(size=(len(lengths), longest, size)).astype(np.float32)
        return {"features": content, "mask": mask}
    height, width = network.image_size
    video, time, y, x = np.meshgrid(
        np.arange(len(lengths)), np.arange(longest), np.linspace(0, 3, height), np.linspace(0, 4, width), indexing="ij"
    )
    waves = [np.sin(x + 0.3 * time + video), np.cos(y - 0.2 * time), np.sin(x + y + 0.1 * video * time)]
    return {"frames": (127.5 + 120 * np.stack(waves, axis=-1)).astype(np.uint8), "mask": mask}


def example_requests(
    network: "ScoringNet", names: Collection[str], lengths: Sequence[int] = (8,)
) -> dict[str, dict[str, np.ndarray]]:
    """Signature → its inputs, NumPy arrays, of made videos of these lengths, for the signatures `names`."""
    videos = example_videos(network, lengths)
    found = {"serving_default": videos, "segment": videos}
    if network.content == "frames":
        images = [[network.preprocessor.stored.encode(frame) for frame in frames] for frames in videos["frames"]]
        found["score_encoded"] = {"encoded": np.array(images, object), "lengths": np.array(lengths, np.int64)}
    return {name: inputs for name, inputs in found.items() if name in names}


def write_warmup_requests(path: AnyPath, requests: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Writes requests, signature → inputs, to the file `path`."""
    with replacing_file(path) as temporary, tf.io.TFRecordWriter(str(temporary)) as writer:
        for signature, inputs in requests.items():
            request = predict_pb2.PredictRequest(model_spec=model_pb2.ModelSpec(signature_name=signature))
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictLog(request=request)
            writer.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString())
