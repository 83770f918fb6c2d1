"""The SavedModel: what TF Serving loads, with the preprocessing of training inside."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from scoringnet_tf.data.augmentation import FrameDecoder
from scoringnet_tf.inference.checks import checks, impossible_scores, is_too_small, shows_several
from scoringnet_tf.inference.model_description import as_json_fields, model_description
from scoringnet_tf.inference.request_checks import checked_images, checked_videos
from scoringnet_tf.inference.warmup import WARMUP_FILE, example_requests, write_warmup_requests
from scoringnet_tf.support.files import new_folder, write_json
from scoringnet_tf.support.paths import AnyPath

if TYPE_CHECKING:
    from scoringnet_tf.models.preprocessor import ScoringNetPreprocessor
    from scoringnet_tf.models.scoring_net import ScoringNet

# Where TF Serving leaves alone what is not its own. Whoever has the files reads there what `describe` tells a client.
DESCRIPTION_FILE = "assets.extra/model.json"


def preprocess_encoded(encoded: tf.Tensor, preprocessor: "ScoringNetPreprocessor") -> tuple[tf.Tensor, tf.Tensor]:
    """Encoded images to the model's frames: stored form and back, by the decoder of the records.

    Args:
        encoded: string (N,), JPEG, PNG or BMP images of any size.
        preprocessor: `ScoringNetPreprocessor`.

    Returns:
        uint8 (N, H, W, 3), the preprocessor's own frames of the same pixels, see `StoredForm.encode_in_graph`; and the
        (height, width) of every image, int32 (N, 2).
    """
    stored = preprocessor.stored

    def jpeg_and_size(image):
        pixels = _pixels(image)
        return stored.encode_in_graph(pixels), tf.shape(pixels)[:2]

    kinds = (tf.TensorSpec((), tf.string), tf.TensorSpec((2,), tf.int32))
    jpegs, sizes = tf.map_fn(jpeg_and_size, encoded, fn_output_signature=kinds)
    decode = FrameDecoder(stored.frame_size, preprocessor.image_size, augmentation=None)
    return decode(jpegs, seeds=lambda _: None), sizes


def _pixels(image):
    """uint8 (H, W, 3) of an encoded image; of a JPEG those of libjpeg's accurate method, as everywhere else."""
    pixels = tf.cond(
        tf.io.is_jpeg(image),
        lambda: tf.io.decode_jpeg(image, 3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(image, 3, expand_animations=False),
    )
    return tf.ensure_shape(pixels, (None, None, 3))


def checked_outputs(network: "ScoringNet") -> Callable[[dict[str, Any]], dict[str, tf.Tensor]]:
    """A function of inputs: the outputs of a `ScoringNet` and `valid`; KFS runs once for both."""
    segmenter = None if network.segmenter is None else network.segmenter.with_features()

    def outputs_of(inputs):
        content, mask, labels = inputs[network.content], inputs["mask"], None
        outputs, features = {}, content if network.content == "features" else None
        if segmenter is not None:
            found = segmenter(inputs, training=False)
            labels, features = network.stage_decision(found["stages"], mask), found["features"]
            outputs = {"stages": found["stages"], "labels": labels}
        outputs |= network.score_fragments(content, labels, mask, training=False)
        against = [*checks(network, labels, mask, features, outputs.get("stages")).values()]
        against += impossible_scores(network.sport, outputs).values()
        if segmenter is not None:
            against.append(shows_several(network, outputs["stages"], mask))
        valid = tf.ones(tf.shape(mask)[:1], tf.bool)
        return {**outputs, "valid": tf.reduce_all(tf.stack([valid, *(~each for each in against)]), axis=0)}

    return outputs_of


def signatures(network: "ScoringNet", description: dict[str, Any]) -> dict[str, Callable[..., dict[str, tf.Tensor]]]:
    """The functions of the SavedModel by the names of their signatures, see `export_saved_model`."""
    given, outputs_of = network.input[network.content], checked_outputs(network)
    video = [
        tf.TensorSpec(given.shape, keras.backend.standardize_dtype(given.dtype), name=network.content),
        tf.TensorSpec((None, None), tf.bool, name="mask"),
    ]

    @tf.function(input_signature=video)
    def score(content, mask):
        content, mask = checked_videos(content, mask, network.content)
        return outputs_of({network.content: content, "mask": mask})

    @tf.function(input_signature=video)
    def segment(content, mask):
        content, mask = checked_videos(content, mask, network.content)
        probabilities = network.segmenter({network.content: content, "mask": mask}, training=False)
        return {"stages": probabilities, "labels": network.stage_decision(probabilities, mask)}

    # Not a flat list of frames and the lengths: a server that joins requests to batches joins their first axes, and
    # here that of every input is the batch. Not an empty string for padding: the server pads with what comes first.
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
        frames = tf.ensure_shape(tf.scatter_nd(tf.cast(tf.where(mask), tf.int32), frames, shape), given.shape)
        outputs = outputs_of({"frames": frames, "mask": mask})
        smallest = tf.math.segment_min(sizes, tf.where(mask)[:, 0])  # sides of the images of each video
        return {**outputs, "valid": outputs["valid"] & ~is_too_small(smallest, network.image_size)}

    found = {"serving_default": score, "describe": _describe(description)}
    if network.segmenter is not None:
        found["segment"] = segment
    if network.content == "frames":
        found["score_encoded"] = score_encoded
    return found


def _describe(description):
    """The signature that gives the fields of the description that it is asked for; one without input REST refuses."""
    fields = as_json_fields(description)

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="fields")])
    def describe(fields_asked):
        known = fields_asked[:, tf.newaxis] == tf.constant(list(fields))
        expected = tf.debugging.Assert(
            tf.reduce_all(tf.reduce_any(known, axis=1)),
            [tf.strings.format(f"fields: expected some of {', '.join(fields)}. Received: {{}}", fields_asked)],
        )
        with tf.control_dependencies([expected]):
            return {"values": tf.gather(tf.constant(list(fields.values())), tf.argmax(known, axis=1))}

    return describe


def export_saved_model(network: "ScoringNet", path: AnyPath, version: int | None = None) -> None:
    """Writes `network` (a `ScoringNet`, any dtype policy) to the folder `path` as a SavedModel in float32.

    Signatures, for any B and L:
        serving_default: frames uint8 (B, L, H, W, 3), or features float32 (B, L, D), mask bool (B, L), true for the
            real frames, which come first → the outputs of the Keras model, and `valid` bool (B,): false where one of
            `checks.CHECKS` speaks against a performance, or there are several; of images also where
            one is too small.
        score_encoded: encoded string (B, L), JPEG, PNG or BMP images of any size, lengths int64 (B,), how many of them
            are those of each video, whatever comes after → the same outputs; not of a model for features.
        segment: as serving_default → `stages` and `labels`; not of a model without KFS.
        describe: fields string (N,) → values string (N,), JSON, see `model_description`.

    A request that is not like that fails with `InvalidArgumentError`, which says what was expected. `DESCRIPTION_FILE`
    holds the whole description, `WARMUP_FILE` requests that TF Serving runs before it takes others.

    Args:
        network: the model.
        path: the folder, local or remote, which appears whole or not at all.
        version: the number of the folder, for the description.

    Raises:
        InputError: something is at `path`.
    """
    network = network.with_dtype("float32")
    description = model_description(network, version)
    # Not keras.export.ExportArchive: it stores every weight twice.
    module = tf.Module()
    module.weights = [variable.value for variable in network.variables]
    found = signatures(network, description)
    with new_folder(path, last="saved_model.pb") as temporary:
        tf.saved_model.save(module, str(temporary), signatures=found)
        write_json(temporary / DESCRIPTION_FILE, description)
        write_warmup_requests(temporary / WARMUP_FILE, example_requests(network, set(found) - {"describe"}))
