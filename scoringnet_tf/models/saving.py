"""What our functional models share: frames are uint8; files, presets and copies."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import keras
import numpy as np

from scoringnet_tf.data.preprocessing import check_frames
from scoringnet_tf.models.layers import all_layers
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import (
    NAMES,
    check_is_file,
    check_whole,
    damaged,
    model_path,
    preset_hint,
    shipped_presets,
)
from scoringnet_tf.support.paths import AnyPath, as_path
from scoringnet_tf.support.threads import check_not_forked

PRESET_FILE = "model.keras"
Trained = TypeVar("Trained", bound="Preset")
Kind = TypeVar("Kind", bound="keras.Model")
if TYPE_CHECKING:
    from keras import Model
else:
    Model = object  # Keras swaps the bases of a functional model, and would change their order


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class Functional(keras.Model):  # of Keras's name: the paths of weights in a `.keras` file are made of class names
    """Keras's functional model, which refuses what is not uint8 for an input that is.

    Keras would cast frames in 0…1 or −1…1 to black. The InputError of a call has the code `frames_not_uint8`.

    Example:
    >>> frames = keras.Input((16, 112, 112, 3), dtype="uint8")
    >>> model = Functional(frames, keras.layers.Dense(1)(C3D(heads={})(frames)))  # doctest: +SKIP
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        check_not_forked()
        expected = keras.tree.flatten(self.input)
        if isinstance(inputs, dict) and not isinstance(self.input, dict):  # which Keras takes by name
            inputs = [inputs[tensor.name] for tensor in expected]
        for tensor, given in zip(expected, keras.tree.flatten(inputs), strict=False):
            if tensor.dtype == "uint8":
                check_frames(given, tensor.name)
        return super().call(inputs, training=training, mask=mask)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, if it kept them as `_config`; else Keras's."""
        return {**self._config, "name": self.name} if hasattr(self, "_config") else super().get_config()


def arguments_of(local: Mapping[str, Any]) -> dict[str, Any]:
    """A constructor's arguments for `get_config`, from its `locals()` at its beginning."""
    return {name: value for name, value in local.items() if name not in ("self", "__class__", "name", "kwargs")}


# === Files ===


def load_keras(path: AnyPath, kind: type[Kind], flag: str) -> Kind:
    """The `kind` in the `.keras` file at `path`; InputError naming `flag` if there is none."""
    check_not_forked()
    check_is_file(path, flag)
    try:
        check_whole(as_path(path))
        model = keras.models.load_model(as_path(path), compile=False)
    except InputError as error:  # a setting that went
        raise InputError(error.code, f"--{flag}={path}: {error.message}", error.hint) from error
    except Exception as error:  # zipfile's, zlib's, HDF5's, JSON's, Keras's: a damaged file raises whatever they meet
        raise damaged(f"--{flag}={path}", error) from error
    if not isinstance(model, kind):
        message = f"--{flag}={path} is a {type(model).__name__}, not a {kind.__name__}."
        raise InputError("wrong_model", message, preset_hint([kind.__name__]))
    for variable in model.weights:
        if not np.isfinite(keras.ops.convert_to_numpy(variable)).all():
            raise InputError("not_finite", f"--{flag}={path} has NaN or infinity in its weights: {variable.path}.")
    return model


class _Presets:
    """The shipped models that a class has, by name; an attribute of the class, as in keras-hub."""

    def __get__(self, instance: Any, kind: type) -> list[str]:
        return shipped_presets([kind.__name__])


class Preset(Model):
    """`save` and presets (a folder with a `model.keras`), as in keras-hub, for a constructor that takes a `dtype`.

    Attributes:
        presets: names of those that ship, for `from_preset`.
    """

    presets = _Presets()

    @classmethod
    def from_preset(cls: type[Trained], preset: AnyPath, dtype: str | None = None) -> Trained:
        """A trained model; InputError if there is none, or one of another class.

        Args:
            preset: the name of one that ships, e.g. `"diving_small"`, or the path of a `.keras` file, a
                preset's folder, or a run's.
            dtype: dtype policy to run it in; default: float32.
        """
        model = load_keras(model_path(preset, "preset", [cls.__name__]), cls, "preset")
        return model if dtype is None else model.with_dtype(dtype)

    def save_to_preset(self, preset_dir: AnyPath) -> None:
        """Saves the model as a preset in the folder `preset_dir`; InputError (`exists`) if a run's model is there."""
        others = [name for name in NAMES if name != PRESET_FILE and (as_path(preset_dir) / name).is_file()]
        if others:
            raise InputError("exists", f"{preset_dir} already holds {others[0]}.", "Choose another folder.")
        self.save(as_path(preset_dir) / PRESET_FILE)

    def save(self, filepath: AnyPath, overwrite: bool = True, **options: Any) -> None:
        """Saves as `.keras`, in float32 and not compiled; the file appears whole or not at all.

        A `mixed_float16` model does not run on a CPU: TensorFlow has no float16 3-D max-pooling there.
        """
        path = as_path(filepath)
        if not overwrite and path.exists():
            raise FileExistsError(f"{filepath} exists, and overwrite is False.")
        # A backbone may have a policy of its own.
        in_float32 = all(layer.dtype_policy.name == "float32" for layer in all_layers(self))
        is_as_saved = in_float32 and not self.compiled and self.get_config()["dtype"] == "float32"
        with replacing_file(path) as temporary:
            keras.saving.save_model(self if is_as_saved else self.with_dtype("float32"), temporary, **options)

    def with_dtype(self: Trained, dtype: str | None, **changes: Any) -> Trained:
        """The same model with the same weights under another dtype policy; `changes` replace configuration entries."""
        twin = type(self)(**{**self.get_config(), "dtype": dtype, **changes})
        for layer, other in zip(twin.layers, self.layers, strict=True):
            layer.set_weights(other.get_weights())
        return twin
