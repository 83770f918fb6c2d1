"""The SavedModel: what TF Serving loads, with the preprocessing of training inside."""

import keras
import tensorflow as tf

from scoringnet_tf.data.augmentation import FrameDecoder
from scoringnet_tf.models.reference import checks
from scoringnet_tf.sports import definition_of
from scoringnet_tf.support.files import replacing_folder, write_json

# Where TF Serving leaves alone what is not its own. Clients read there what the outputs mean.
SPORT_FILE = "assets.extra/sport.json"


def preprocess_encoded(encoded, preprocessor):
    """Encoded images of one video to the model's frames: stored form and back, by the decoder of the records.

    Args:
        encoded: string (L,), JPEG, PNG or BMP images of any size.
        preprocessor: `ScoringNetPreprocessor`.

    Returns:
        uint8 (L, H, W, 3), the preprocessor's own frames of the same pixels, see `StoredForm.encode_in_graph`.
    """
    stored = preprocessor.stored
    jpegs = tf.map_fn(lambda image: stored.encode_in_graph(_pixels(image)), encoded)
    return FrameDecoder(stored.frame_size, preprocessor.image_size, augmentation=None)(jpegs, seeds=lambda _: None)


def _pixels(image):
    """uint8 (H, W, 3) of an encoded image; of a JPEG those of libjpeg's accurate method, as everywhere else."""
    pixels = tf.cond(
        tf.io.is_jpeg(image),
        lambda: tf.io.decode_jpeg(image, 3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(image, 3, expand_animations=False),
    )
    return tf.ensure_shape(pixels, (None, None, 3))


def _checked(network):
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
        against = checks(network, labels, mask, features).values()
        valid = tf.ones(tf.shape(mask)[:1], tf.bool)
        return {**outputs, "valid": tf.reduce_all(tf.stack([valid, *(~each for each in against)]), axis=0)}

    return outputs_of


def export_saved_model(network, path):
    """Writes `network` (a `ScoringNet`, any dtype policy) to the folder `path` as a float32 SavedModel.

    Signatures:
        serving_default: frames uint8 (B, L, H, W, 3), or features float32 (B, L, D), mask bool (B, L) → the outputs of
            the Keras model, and `valid` bool (B,): false where one of `models.reference.CHECKS` speaks against a
            performance.
        encoded: encoded string (L,), the frames of one video → the same outputs with B = 1; not of a model for
            features.

    `SPORT_FILE` in it says what they mean: the names of the stages, and the definition of the sport.
    """
    network = network.with_dtype("float32")
    given = network.input[network.content]
    content = tf.TensorSpec(given.shape, keras.backend.standardize_dtype(given.dtype), name=network.content)

    outputs_of = _checked(network)

    @tf.function(input_signature=[content, tf.TensorSpec((None, None), tf.bool, name="mask")])
    def score(content, mask):
        return outputs_of({network.content: content, "mask": mask})

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="encoded")])
    def score_encoded(encoded):
        frames = preprocess_encoded(encoded, network.preprocessor)[None]
        return outputs_of({"frames": frames, "mask": tf.ones(tf.shape(frames)[:2], tf.bool)})

    # Not keras.export.ExportArchive: it stores every weight twice.
    module = tf.Module()
    module.weights = [variable.value for variable in network.variables]
    signatures = {"serving_default": score}
    if network.content == "frames":
        signatures["encoded"] = score_encoded
    with replacing_folder(path, last="saved_model.pb") as temporary:
        tf.saved_model.save(module, str(temporary), signatures=signatures)
        sport = {"stages": network.sport.stages, "sport": definition_of(network.sport)}
        write_json(temporary / SPORT_FILE, sport)
