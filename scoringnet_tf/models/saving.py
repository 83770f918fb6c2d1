"""Models are saved in float32, whatever they were trained in, so that a file runs on any machine."""

import keras

from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.paths import as_path


class SavedInFloat32:
    """`save` for a functional model with a constructor of its own, `dtype` among its arguments.

    A `mixed_float16` model does not run on a CPU (TensorFlow has no float16 3-D max-pooling there), and the state of an
    optimizer is of no use to whoever loads the model.
    """

    def save(self, filepath, overwrite=True, **options):
        """Saves as `.keras`, in float32 and not compiled; the file appears whole or not at all.

        Raises:
            FileExistsError: there is such a file, and `overwrite` is false.
        """
        if not overwrite and as_path(filepath).exists():
            raise FileExistsError(f"{filepath}: expected a new file with overwrite=False. Received: one that exists.")
        twin = self.with_dtype("float32")
        with replacing_file(filepath) as temporary:
            keras.saving.save_model(twin, temporary, **options)

    def with_dtype(self, dtype, **changes):
        """The same model with the same weights under another dtype policy; `changes` replace configuration entries."""
        twin = type(self)(**{**self.get_config(), "dtype": dtype, **changes})
        for layer, other in zip(twin.layers, self.layers, strict=True):
            layer.set_weights(other.get_weights())
        return twin
