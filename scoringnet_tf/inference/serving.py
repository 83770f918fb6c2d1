"""The SavedModel: what TF Serving loads, with the preprocessing of training inside."""

import tensorflow as tf

from scoringnet_tf.data.input_pipeline import preprocess_frames
from scoringnet_tf.support.files import replacing_folder


def preprocess_encoded(encoded, frame_size, image_size):
    """Encoded images of one video to the model's frames: resize by area to the stored size, centre crop.

    Args:
        encoded: string (L,), JPEG, PNG or BMP images of any size.
        frame_size: (H, W) of the stored frames.
        image_size: (H, W) of the model's frames.

    Returns:
        uint8 (L, H, W, 3). Images larger than `frame_size` come out as training's, to within rounding; smaller ones
        are enlarged by repetition where OpenCV interpolates.
    """

    def one(image):
        pixels = tf.io.decode_image(image, channels=3, expand_animations=False)
        pixels.set_shape((None, None, 3))
        return preprocess_frames(pixels[None], frame_size, image_size)[0]

    return tf.map_fn(one, encoded, fn_output_signature=tf.TensorSpec((*image_size, 3), tf.uint8))


def export_saved_model(network, path):
    """Writes `network` (a `ScoringNet`, any dtype policy) to the folder `path` as a float32 SavedModel.

    Signatures:
        serving_default: frames uint8 (B, L, H, W, 3), mask bool (B, L) → the outputs of the Keras model.
        encoded: encoded string (L,), the frames of one video → the same outputs with B = 1.
    """
    network = network.with_dtype("float32")
    height, width = network.image_size

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, height, width, 3), tf.uint8, name="frames"),
            tf.TensorSpec((None, None), tf.bool, name="mask"),
        ]
    )
    def score(frames, mask):
        return network({"frames": frames, "mask": mask}, training=False)

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="encoded")])
    def score_encoded(encoded):
        frames = preprocess_encoded(encoded, network.frame_size, network.image_size)[None]
        return network({"frames": frames, "mask": tf.ones(tf.shape(frames)[:2], tf.bool)}, training=False)

    # Not keras.export.ExportArchive: it stores every weight twice.
    module = tf.Module()
    module.weights = [variable.value for variable in network.variables]
    signatures = {"serving_default": score, "encoded": score_encoded}
    with replacing_folder(path, last="saved_model.pb") as temporary:
        tf.saved_model.save(module, str(temporary), signatures=signatures)
