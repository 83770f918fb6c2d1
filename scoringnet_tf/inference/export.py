"""The SavedModel that TF Serving loads: no Python, and the preprocessing of training inside."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

from scoringnet_tf import __version__
from scoringnet_tf.data.augmentation import FrameDecoder
from scoringnet_tf.data.features import feature_differences
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE, Form, form_differences
from scoringnet_tf.inference.checks import checks, impossible_scores, is_too_small, shows_several
from scoringnet_tf.inference.requests import checked_images, checked_videos
from scoringnet_tf.sports import definition_of, differences, sport_of
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import new_folder, write_json
from scoringnet_tf.support.paths import AnyPath, as_path
from scoringnet_tf.support.reading import read_json

if TYPE_CHECKING:
    from scoringnet_tf.data.preprocessor import ScoringNetPreprocessor
    from scoringnet_tf.models.scoring_net import ScoringNet

# TF Serving ignores assets.extra, except for the warm-up requests, whose name it knows.
DESCRIPTION_FILE, WARMUP_FILE = "assets.extra/model.json", "assets.extra/tf_serving_warmup_requests"
# Format: its file, and the file of its description.
FILES = {
    "saved_model": (DESCRIPTION_FILE, DESCRIPTION_FILE),
    "litert": ("model.tflite", "model.json"),
    "onnx": ("model.onnx", "model.json"),
}
FORMAT = 1  # of the description; counts up with changes that readers must know


# === What an export computes ===


def checked_outputs(network: "ScoringNet") -> Callable[[dict[str, Any]], dict[str, tf.Tensor]]:
    """A function of the inputs that gives the outputs of a `ScoringNet` and `valid`; the segmenter runs once."""
    segmenter = None if network.segmenter is None else network.segmenter.with_features()

    def outputs_of(inputs):
        content, mask, labels = inputs[network.content], inputs["mask"], None
        outputs, features = {}, content if network.content == "features" else None
        if segmenter is not None:
            segments = segmenter(inputs, training=False)
            labels, features = network.stage_decision(segments["stages"], mask), segments["features"]
            outputs = {"stages": segments["stages"], "labels": labels}
        outputs |= network.score_fragments(content, labels, mask, training=False)
        against = [*checks(network, labels, mask, features, outputs.get("stages")).values()]
        against += impossible_scores(network.sport, outputs).values()
        if segmenter is not None:
            against.append(shows_several(network, outputs["stages"], mask))
        valid = tf.ones(tf.shape(mask)[:1], tf.bool)
        return {**outputs, "valid": tf.reduce_all(tf.stack([valid, *(~each for each in against)]), axis=0)}

    return outputs_of


def preprocess_encoded(encoded: tf.Tensor, preprocessor: "ScoringNetPreprocessor") -> tuple[tf.Tensor, tf.Tensor]:
    """Encoded images to the model's frames, by way of their stored form, as in training.

    Args:
        encoded: string (N,), JPEG, PNG or BMP images of any size.
        preprocessor: `ScoringNetPreprocessor`.

    Returns:
        uint8 (N, H, W, 3), equal to the preprocessor's frames; the (height, width) of every image, int32 (N, 2).
    """
    stored = preprocessor.stored

    def jpeg_and_size(image):
        pixels = tf.cond(
            tf.io.is_jpeg(image),
            lambda: tf.io.decode_jpeg(image, 3, dct_method="INTEGER_ACCURATE"),  # as everywhere else
            lambda: tf.io.decode_image(image, 3, expand_animations=False),
        )
        pixels = tf.ensure_shape(pixels, (None, None, 3))
        return stored.encode_in_graph(pixels), tf.shape(pixels)[:2]

    kinds = (tf.TensorSpec((), tf.string), tf.TensorSpec((2,), tf.int32))
    jpegs, sizes = tf.map_fn(jpeg_and_size, encoded, fn_output_signature=kinds)
    decode = FrameDecoder(stored.frame_size, preprocessor.image_size, augmentation=None)
    return decode(jpegs, seeds=lambda _: None), sizes


def video_specs(network: "ScoringNet", batch: int | None = None) -> list[tf.TensorSpec]:
    """The inputs of a model: content (B, L, …) and mask (B, L); any B if `batch` is None."""
    content = network.input[network.content]
    dtype = keras.backend.standardize_dtype(content.dtype)
    return [
        tf.TensorSpec((batch, *content.shape[1:]), dtype, name=network.content),
        tf.TensorSpec((batch, None), tf.bool, name="mask"),
    ]


def example_videos(network: "ScoringNet", lengths: Sequence[int]) -> dict[str, np.ndarray]:
    """Synthetic inputs of a model, `{"frames" | "features", "mask"}`: one video of each length.

    The frames are moving waves of colour. No two are equal, and JPEG hardly changes them.
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


# === The description, and what may follow a version ===


def model_description(network: "ScoringNet", version: int | None = None) -> dict:
    """What clients need to know about a `ScoringNet`, plain values.

    Args:
        network: `ScoringNet`.
        version: of the export, the number of its folder.

    Returns:
        Among others `stages`, in the order of the output `stages`; `sport`, its definition; `scores`, those with a
        tower; `outputs`; `frame_rate` of the training videos per second, or None; `preprocessing`, the arguments of
        `ScoringNetPreprocessor`, or for features `DatasetInfo.features`.
    """
    of_frames = network.content == "frames"
    return {
        "format": FORMAT,
        "package_version": __version__,
        "version": version,
        "sport": definition_of(network.sport),
        "stages": list(network.sport.stages),
        "scores": list(network.scores),
        "outputs": sorted({*network.output, "valid"}),
        "frame_rate": (network.provenance or {}).get("frame_rate"),
        "content": network.content,
        "preprocessing": network.preprocessor.get_config() if of_frames else network.features,
        "decoding": network.stage_decision.decoding if network.stage_decision is not None else None,
        "views": network.views,
        "provenance": network.provenance,
    }


def check_successor(versions: Iterable[AnyPath], form: str, description: Mapping[str, Any]) -> None:
    """Refuses a version that would break the clients of the newest one, which TF Serving replaces without asking.

    Args:
        versions: their folders, the newest first. The first that holds an export counts.
        form: of the next version, one of `FILES`.
        description: `model_description` of its model.

    Raises:
        InputError: the newest version is of another format, sport or interface, or does not describe itself.
    """
    exports = ((folder, name) for folder in map(as_path, versions) for name in FILES)
    folder, name = next(((folder, name) for folder, name in exports if (folder / FILES[name][0]).is_file()), (None, ""))
    if folder is None:
        return
    file = folder / FILES[name][1]
    try:
        kept = read_json(file)
        definition = {**kept["sport"], "name": kept["sport"]["name"]}
    except (OSError, KeyError, TypeError) as error:
        raise InputError("damaged_description", f"{file} does not describe an exported model.") from error
    sport = sport_of(description["sport"], "the model")
    different = [] if name == form else [f"format {form} instead of {name}"]
    if definition["name"] == sport.name:
        different += differences(sport, sport_of(definition, str(file)))
    else:
        different.append(f"sport {sport.name} instead of {definition['name']}")
    different += _interface_differences(kept, json.loads(json.dumps(description)))
    if different:
        message = f"{folder} is another kind of model. Yours differs: {'; '.join(different)}."
        raise InputError("other_servable", message, "Choose another --export_dir.")


def _interface_differences(kept, new):
    """What differs for clients, a phrase each; only what both descriptions hold."""
    old_form, form = kept.get("preprocessing") or {}, new["preprocessing"]
    pairs = [
        ("content", kept.get("content"), new["content"]),
        ("frame size", old_form.get("image_size"), form.get("image_size")),
        ("stored size", old_form.get("frame_size"), form.get("frame_size")),
        ("scores", kept.get("scores"), new["scores"]),
        ("stages", kept["decoding"] is not None if "decoding" in kept else None, new["decoding"] is not None),
    ]
    different = [f"{name} {now} instead of {old}" for name, old, now in pairs if old not in (None, now)]
    old_rate, rate = kept.get("frame_rate", new["frame_rate"]), new["frame_rate"]
    if old_rate != rate and (None in (old_rate, rate) or abs(rate - old_rate) > RATE_TOLERANCE * old_rate):
        different.append(f"frame rate {rate} instead of {old_rate}")
    if lost := sorted({*kept.get("outputs", ())} - {*new["outputs"]}):
        different.append(f"no output {', '.join(lost)}")
    if old_form and kept.get("content") == new["content"] == "features":
        return different + feature_differences(old_form, form)
    forms = (Form(None, one.get("aspect"), one.get("jpeg_quality"), one.get("fit")) for one in (old_form, form))
    return different + form_differences(*forms)


# === SavedModel ===


def export_saved_model(network: "ScoringNet", path: AnyPath, version: int | None = None) -> None:
    """Writes a `ScoringNet` of any dtype policy to the folder `path` as a SavedModel in float32.

    Signatures, for any B and L:
        serving_default: frames uint8 (B, L, H, W, 3) or features float32 (B, L, D), mask bool (B, L), true for the
            real frames, which come first → the outputs of the Keras model, and `valid` bool (B,): false if
            `inference.checks` has a reason against the performance, or there are several.
        score_encoded: encoded string (B, L), JPEG, PNG or BMP images of any size, lengths int64 (B,), the number of
            frames of each video → the same; `valid` is also false if an image is too small. Only for frames.
        segment: as serving_default → `stages` and `labels`. Only with a segmenter.
        describe: fields string (N,) → values string (N,), JSON, see `model_description`.

    A wrong request fails with `InvalidArgumentError`. `DESCRIPTION_FILE` holds the description, `WARMUP_FILE` requests
    that TF Serving runs before it takes others.

    Args:
        network: the model.
        path: the folder, local or remote, which appears whole or not at all.
        version: the number of the folder, for the description.

    Raises:
        InputError: something is at `path`.
    """
    network = network.with_dtype("float32")
    description = model_description(network, version)
    module = tf.Module()  # not keras.export.ExportArchive, which stores every weight twice
    module.weights = [variable.value for variable in network.variables]
    functions = signatures(network, description)
    with new_folder(path, last="saved_model.pb") as temporary:
        tf.saved_model.save(module, str(temporary), signatures=functions)
        write_json(temporary / DESCRIPTION_FILE, description)
        _write_warmup_requests(str(temporary / WARMUP_FILE), network, functions)


def signatures(network: "ScoringNet", description: dict[str, Any]) -> dict[str, Callable[..., dict[str, tf.Tensor]]]:
    """The functions of the SavedModel by the names of their signatures, see `export_saved_model`."""
    specs, outputs_of = video_specs(network), checked_outputs(network)

    @tf.function(input_signature=specs)
    def score(content, mask):
        content, mask = checked_videos(content, mask, network.content)
        return outputs_of({network.content: content, "mask": mask})

    @tf.function(input_signature=specs)
    def segment(content, mask):
        content, mask = checked_videos(content, mask, network.content)
        probabilities = network.segmenter({network.content: content, "mask": mask}, training=False)
        return {"stages": probabilities, "labels": network.stage_decision(probabilities, mask)}

    # A server that batches requests joins their first axes and pads with the first element. So the batch is the first
    # axis of both inputs, and lengths, not empty strings, tell the padding.
    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None), tf.string, name="encoded"),
            tf.TensorSpec((None,), tf.int64, name="lengths"),
        ]
    )
    def score_encoded(encoded, lengths):
        images, mask = checked_images(encoded, lengths)
        frames, sizes = preprocess_encoded(images, network.preprocessor)
        shape = tf.concat([tf.shape(mask), frames.shape[1:]], axis=0)
        frames = tf.ensure_shape(tf.scatter_nd(tf.cast(tf.where(mask), tf.int32), frames, shape), specs[0].shape)
        outputs = outputs_of({"frames": frames, "mask": mask})
        smallest = tf.math.segment_min(sizes, tf.where(mask)[:, 0])  # sides of the images of each video
        return {**outputs, "valid": outputs["valid"] & ~is_too_small(smallest, network.image_size)}

    functions = {"serving_default": score, "describe": _describe(description)}
    if network.segmenter is not None:
        functions["segment"] = segment
    if network.content == "frames":
        functions["score_encoded"] = score_encoded
    return functions


def _describe(description):
    """The signature that gives fields of the description; REST refuses signatures without input."""
    values = {name: json.dumps(value, ensure_ascii=False) for name, value in description.items()}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="fields")])
    def describe(fields):
        known = fields[:, tf.newaxis] == tf.constant(list(values))
        message = tf.strings.format(f"fields: {{}} are not all among {', '.join(values)} [unknown_name]", fields)
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(tf.reduce_any(known, axis=1)), [message])]):
            return {"values": tf.gather(tf.constant(list(values.values())), tf.argmax(known, axis=1))}

    return describe


def _write_warmup_requests(path, network, functions):
    """A TFRecord of a request for each signature but `describe`, see tensorflow.org/tfx/serving/saved_model_warmup."""
    videos = example_videos(network, (8,))
    requests = {"serving_default": videos, "segment": videos}
    if network.content == "frames":
        images = [[network.preprocessor.stored.encode(frame) for frame in frames] for frames in videos["frames"]]
        requests["score_encoded"] = {"encoded": np.array(images, object), "lengths": np.array([8], np.int64)}
    with tf.io.TFRecordWriter(path) as writer:
        for signature in sorted(requests.keys() & functions.keys()):
            request = predict_pb2.PredictRequest(model_spec=model_pb2.ModelSpec(signature_name=signature))
            for name, value in requests[signature].items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictLog(request=request)
            writer.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString())
