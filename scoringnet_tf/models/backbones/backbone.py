"""Any Keras model under the heads of a `ScoringNet`, which then reads a video once for stages and scores."""

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf import defaults
from scoringnet_tf.models.backbones.c3d import PREPROCESSING, preprocess
from scoringnet_tf.models.backbones.i3d import Block
from scoringnet_tf.models.fragments import take_frames
from scoringnet_tf.models.layers import RealFrames, VectorsOfFrames
from scoringnet_tf.models.saving import Functional, arguments_of
from scoringnet_tf.support.messages import InputError, unknown_name

POOLINGS = ("mean", "none")
AS_THEY_ARE: dict[str, Any] = {"channels": "rgb", "mean": 0.0, "scale": 1.0}  # 0…255
TRIED_LENGTH, ASSUMED_REACH = 64, 64  # frames


# === Layers around the model ===


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class HeldFrames(layers.Layer):
    """Repeats each video's last frame in place of padding, up to whole steps: (B, L, …), mask (B, L)."""

    def __init__(self, stride: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.stride = stride

    def call(self, frames: Any, frame_mask: Any) -> tuple[Any, Any]:
        length = ops.shape(frame_mask)[1]
        count = ops.sum(ops.cast(frame_mask, "int32"), axis=1, keepdims=True)
        places = ops.arange(-(-length // self.stride) * self.stride, dtype="int32")[None]
        return take_frames(frames, ops.minimum(places, ops.maximum(count - 1, 0))), places < count

    def compute_output_spec(self, frames: Any, frame_mask: Any) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        length = frames.shape[1] and -(-frames.shape[1] // self.stride) * self.stride
        held = keras.KerasTensor((frames.shape[0], length, *frames.shape[2:]), frames.dtype)
        return held, keras.KerasTensor((frames.shape[0], length), "bool")


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class EveryFrame(layers.Layer):
    """Interpolates steps (B, L', D), each in the middle of its `stride` frames, in time: (B, L, D).

    The first and the last step hold for the frames beyond them.
    """

    def __init__(self, stride: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.stride = stride

    def call(self, steps: Any, frame_mask: Any) -> Any:
        count = ops.sum(ops.cast(frame_mask, "int32"), axis=1, keepdims=True)
        last = ops.maximum((count - 1) // self.stride, 0)
        places = (ops.arange(ops.shape(frame_mask)[1], dtype="float32") - (self.stride - 1) / 2) / self.stride
        places = ops.maximum(ops.minimum(places[None], ops.cast(last, "float32")), 0.0)
        before = ops.cast(ops.floor(places), "int32")
        share = ops.cast((places - ops.floor(places))[:, :, None], steps.dtype)
        after = take_frames(steps, ops.minimum(before + 1, last))
        return (1 - share) * take_frames(steps, before) + share * after

    def compute_output_spec(self, steps: Any, frame_mask: Any) -> keras.KerasTensor:
        return keras.KerasTensor((*frame_mask.shape, steps.shape[-1]), steps.dtype)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class PlacesPooled(layers.Layer):
    """Pools features (…, h, w, C) or (…, C) to a vector each step: (…, D), float32; `leading` axes come before."""

    def __init__(self, pool: str, leading: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.pool, self.leading = pool, leading

    def call(self, features: Any) -> Any:
        features, places = ops.cast(features, "float32"), features.shape[self.leading :]
        if self.pool == "mean" and len(places) > 1:
            return ops.mean(features, axis=(-3, -2))
        return ops.reshape(features, (*ops.shape(features)[: self.leading], math.prod(places)))

    def compute_output_spec(self, features: Any) -> keras.KerasTensor:
        places = features.shape[self.leading :]
        size = places[-1] if self.pool == "mean" else math.prod(places)
        return keras.KerasTensor((*features.shape[: self.leading], size), "float32")


# === The backbone ===


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class Backbone(Functional):
    """A Keras model that gives the heads of a `ScoringNet` a vector for every frame.

    Call arguments: `{"frames": uint8 (B, L, H, W, 3) RGB, "mask": bool (B, L), true for real frames}`; L is free.
    Returns (B, L, D), float32. Steps several frames apart are interpolated; several outputs lie side by side.

    Args:
        model: from frames to features:

            - videos (B, L, H, W, 3), L free, to (B, ⌈L / s⌉, h, w, C) or (B, ⌈L / s⌉, C). Without a mask the model
              sees the last frame again where padding is;
            - the same for `{"frames", "mask"}`, as `C3D` and `I3D` with `masked=True` take them;
            - images (N, H, W, 3) to (N, h, w, C) or (N, C), such as those of `keras.applications`.
        frame_size: (H, W) of the frames; None: the model's own.
        preprocessing: what `c3d.preprocess` takes. None: frames as they are, 0…255, RGB.
        pool: `"mean"` over the places h×w, or `"none"`: D = h · w · C.
        temporal_strides: s for each output; None: the model's own, or measured.
        reach: frames to either side that a feature depends on. None: the model's own, 0 for images, else 64.
        frame_rate: frames per second of its training videos; None if unknown.
        pretrained: whether its weights have learned. A new one's vectors are normalised, frame by frame.
        trainable: whether it learns; None: unless it is pretrained.
        training_mode: whether batch normalisation and dropout work as in training while it learns.
        origin: what the weights are, see `weights.backbones`; plain values.
        classes: what its last output classifies. It then has a `classifier`, whose weights are yours to set.

    Attributes:
        model, reach, pool, frame_rate, pretrained, origin, classes: the arguments.
        size, sizes: D, and each output's.
        temporal_strides, temporal_stride: each output's; the longest.

    Raises:
        InputError: the model takes or gives other shapes (`wrong_shape`), or cannot tell its size (`missing_value`);
            another `pool` (`unknown_name`).

    Example:
    >>> trunk = keras.applications.MobileNetV3Small((64, 64, 3), include_top=False, weights=None)  # doctest: +SKIP
    >>> ScoringNet(backbone=Backbone(trunk), image_size=(64, 64))  # doctest: +SKIP
    """

    def __init__(
        self,
        model: keras.Model,
        frame_size: tuple[int, int] | None = None,
        preprocessing: Mapping[str, Any] | None = None,
        pool: str = "mean",
        temporal_strides: Sequence[int] | None = None,
        reach: int | None = None,
        frame_rate: float | None = None,
        pretrained: bool = False,
        trainable: bool | None = None,
        training_mode: bool = False,
        origin: Mapping[str, Any] | None = None,
        classes: Sequence[str] = (),
        name: str = "backbone",
        **kwargs: Any,
    ):
        config = arguments_of(locals())
        if pool not in POOLINGS:
            raise unknown_name("pool", pool, POOLINGS)
        content, takes_mask = _frames_input(model)
        of_images = len(content.shape) == 4
        height, width = _frame_size(model, content, frame_size)
        strides = list(temporal_strides or getattr(model, "temporal_strides", None) or ())
        strides = [1] * len(model.outputs) if of_images else strides or _measured_strides(model, (height, width))
        frames = keras.Input((None, height, width, 3), dtype="uint8", name="frames")
        mask = keras.Input((None,), dtype="bool", name="mask")

        # === Functional Model ===
        if of_images:
            x, held_mask = RealFrames(name="real_frames", dtype="float32")(frames, mask), mask
        else:
            x, held_mask = HeldFrames(max(strides), name="held_frames", dtype="float32")(frames, mask)
        if preprocessing is not None or content.dtype != "uint8":
            seen_as = {**PREPROCESSING, **AS_THEY_ARE, **(preprocessing or {})}
            x = preprocess(x, **seen_as, dtype="float32")
        outputs, vectors = keras.tree.flatten(model({"frames": x, "mask": held_mask} if takes_mask else x)), []
        for index, (x, stride) in enumerate(zip(outputs, strides, strict=True)):
            _check_features(model, x, of_images)
            x = PlacesPooled(pool, 1 if of_images else 2, name=f"places_{index}", dtype="float32")(x)
            if of_images:
                x = VectorsOfFrames(name=f"of_frames_{index}", dtype="float32")(x, mask)
            vectors.append(EveryFrame(stride, name=f"every_frame_{index}", dtype="float32")(x, mask))
        x = layers.Concatenate(name="side_by_side", dtype="float32")(vectors) if vectors[1:] else vectors[0]
        if not pretrained:  # statistics of the training videos would be those of noise
            x = layers.LayerNormalization(center=False, scale=False, name="normalized", dtype="float32")(x)
        super().__init__({"frames": frames, "mask": mask}, x, name=name, **kwargs)

        # === Config ===
        self.model, self.pool, self.size = model, pool, x.shape[-1]
        self.temporal_strides, self.temporal_stride = strides, max(strides)
        self.sizes = [each.shape[-1] for each in vectors]
        self.frame_size = (height, width)
        known_reach = 0 if of_images else getattr(model, "reach", ASSUMED_REACH)
        self.reach: int = known_reach if reach is None else reach
        self.frame_rate, self.pretrained, self.training_mode = frame_rate, pretrained, training_mode
        self.origin, self.classes = dict(origin or {}), tuple(classes)
        if classes:
            self.classifier = layers.Dense(len(classes), trainable=False, name="classifier", dtype="float32")
            self.classifier.build((None, None, self.sizes[-1]))
        self.trainable = (not pretrained) if trainable is None else trainable
        self._config = config | {"frame_size": [height, width], "temporal_strides": strides, "reach": self.reach}

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The features; as in inference, unless it learns in `training_mode`."""
        return super().call(inputs, training=bool(training and self.training_mode and self.trainable), mask=mask)

    @property
    def recognises(self) -> bool:
        """Whether it tells classes: it has them, and has not learned on."""
        return bool(self.classes) and not self.trainable

    def logits(self, features: Any) -> Any:
        """Its classes' logits (B, L, K) at every frame, from features (B, L, D)."""
        return self.classifier(features[:, :, self.size - self.sizes[-1] :])

    def with_dtype(self, dtype: str | None) -> "Backbone":
        """The same backbone with the same weights under another dtype policy; its features stay float32."""
        twin = Backbone(**{**self._options(), "model": _with_dtype(self.model, dtype)})
        twin.set_weights(self.get_weights())
        return twin

    def fold(self) -> "Backbone":
        """The same backbone, see `I3D.fold`; itself if its model has no such thing."""
        folded = self.model.fold() if hasattr(self.model, "fold") else self.model
        if folded is self.model:
            return self
        twin = Backbone(**{**self._options(), "model": folded})
        if self.classes:
            twin.classifier.set_weights(self.classifier.get_weights())
        return twin

    def blocks(self) -> tuple[Block, ...]:
        """The model's chain of `Block`s, if it is one: `vectors_of_steps` makes vectors from their ends."""
        blocks = getattr(self.model, "blocks", None)  # of a user's model a list of theirs, perhaps
        return blocks() if callable(blocks) else ()

    def steps(self, end: int, features: Any) -> Any:
        """The model's output number `end`, (B, T, h, w, C) → a vector for each step, (B, T, D)."""
        return self.get_layer(f"places_{end}")(features)

    def vectors_of_steps(self) -> keras.Model:
        """The model from `[*steps, mask]`, every output's `steps`, to a vector for each frame (B, L, D)."""
        steps = [self.get_layer(f"places_{end}").output for end in range(len(self.sizes))]
        return keras.Model([*steps, self.input["mask"]], self.output)

    def _options(self) -> dict[str, Any]:
        return {**self._config, "trainable": self.trainable, "name": self.name}

    def get_config(self) -> dict[str, Any]:
        model = keras.saving.serialize_keras_object(self.model)
        return {**self._options(), "model": model}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Backbone":
        """The backbone that `get_config` described, with new weights."""
        return cls(**{**config, "model": keras.saving.deserialize_keras_object(config["model"], custom_objects)})


def as_backbone(backbone: Any, image_size: Any) -> Backbone:
    """A `Backbone` from a model, or from its configuration, for frames (H, W); InputError if it sees others."""
    if isinstance(backbone, Mapping):
        backbone = keras.saving.deserialize_keras_object(dict(backbone))
    if not isinstance(backbone, keras.Model):
        raise InputError("wrong_value", f"backbone is a {type(backbone).__name__}, not a keras.Model.")
    found: Any = backbone if isinstance(backbone, Backbone) else Backbone(backbone, image_size)
    if image_size not in (defaults.IMAGE_SIZE, found.frame_size):
        message = f"image_size is {image_size}; the backbone sees {found.frame_size} (height, width)."
        raise InputError("wrong_shape", message, "Leave image_size out.")
    return found


def at_layers(model: keras.Model, names: Sequence[str]) -> keras.Model:
    """The model from the same input to these layers' outputs; InputError (`unknown_name`)."""
    known = [layer.name for layer in model.layers]
    if unknown := [name for name in names if name not in known]:
        raise unknown_name("layer", unknown[0], known[-10:])
    outputs = [model.get_layer(name).output for name in names]
    inputs = model.input if len(model.inputs) > 1 else model.inputs[0]
    return keras.Model(inputs, outputs if outputs[1:] else outputs[0], name=f"{model.name}_{names[-1]}")


def _frames_input(model: keras.Model) -> tuple[Any, bool]:
    """(the frames that a model takes, whether it takes their mask, too)."""
    if not getattr(model, "inputs", None) or len(model.inputs) > 2:
        raise InputError("wrong_shape", f"{model.name} has no input for frames.", "Build a functional model.")
    if len(model.inputs) == 1:
        return model.inputs[0], False
    if not isinstance(model.input, dict) or {*model.input} != {"frames", "mask"}:
        raise InputError("wrong_shape", f"{model.name} has two inputs.", "They must be a dictionary: frames and mask.")
    return model.input["frames"], True


def _frame_size(model: keras.Model, content: Any, wanted: tuple[int, int] | None) -> Any:
    """(H, W) of a model's frames; InputError if it takes none, or another size."""
    shape = tuple(content.shape)
    if len(shape) not in (4, 5) or shape[-1] != 3:
        hint = "A backbone takes videos (B, L, H, W, 3) or images (N, H, W, 3)."
        raise InputError("wrong_shape", f"{model.name} takes {shape}.", hint)
    if len(shape) == 5 and shape[1] is not None:
        raise InputError("wrong_shape", f"{model.name} takes {shape[1]} frames.", "Build it for any number: (None, …).")
    size = tuple(given or own for given, own in zip(wanted or (None, None), shape[-3:-1], strict=True))
    if None in size:
        raise InputError("missing_value", f"{model.name} takes frames of any size.", "Give frame_size=(H, W).")
    if any(own not in (None, given) for given, own in zip(size, shape[-3:-1], strict=True)):
        raise InputError("wrong_shape", f"{model.name} takes frames of {shape[-3:-1]}, not {size} (height, width).")
    return size


def _measured_strides(model: keras.Model, frame_size: tuple[int, int]) -> list[int]:
    """Frames between each output's steps, by the steps that a model gives for `TRIED_LENGTH` frames."""
    frames = keras.KerasTensor((1, TRIED_LENGTH, *frame_size, 3), "uint8")
    inputs = {"frames": frames, "mask": keras.KerasTensor((1, TRIED_LENGTH), "bool")}
    outputs = keras.tree.flatten(model.compute_output_spec(inputs if len(model.inputs) > 1 else frames))
    steps = [output.shape[1] if len(output.shape) > 2 else 0 for output in outputs]
    if not all(number and TRIED_LENGTH % number == 0 for number in steps):
        hint = f"Give features (B, L / s, …): here {TRIED_LENGTH} frames make {steps} steps."
        raise InputError("wrong_shape", f"{model.name}: its steps in time cannot be told.", hint)
    return [TRIED_LENGTH // number for number in steps]


def _check_features(model: keras.Model, features: Any, of_images: bool) -> None:
    """InputError unless a model gives features."""
    ranks = (2, 4) if of_images else (3, 5)
    if len(features.shape) not in ranks or None in features.shape[1 + (not of_images) :]:
        shape = tuple(features.shape)
        wanted = "(N, h, w, C) or (N, C)" if of_images else "(B, L / s, h, w, C) or (B, L / s, C)"
        raise InputError("wrong_shape", f"{model.name} gives {shape}, not {wanted}.")


def _with_dtype(model: keras.Model, dtype: str | None) -> keras.Model:
    """The same layers under another policy, with new weights; None keeps each layer's."""
    if dtype is None:
        return type(model).from_config(model.get_config())
    config = model.get_config()
    if "dtype" in config:  # ours have it
        return type(model).from_config({**config, "dtype": dtype})
    return keras.models.clone_model(model, clone_function=functools.partial(_cloned, dtype=dtype))


def _cloned(layer: Any, dtype: str) -> Any:
    if isinstance(layer, keras.Model):
        return _with_dtype(layer, dtype)
    own = {"dtype": dtype} if isinstance(layer, layers.Layer) else {}  # an operation has none
    return type(layer).from_config({**layer.get_config(), **own})
