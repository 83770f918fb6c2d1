"""What a Keras user gives `fit`, `evaluate`, `predict` and a call, as the dictionaries that a `ScoringNet` takes."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from scoringnet_tf.models.layers import all_layers
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.messages import InputError, unknown_name

TARGETS = ("stages", *SCORES, "element", "faults")  # outputs that can be taught
TRUE_STAGES = "true_stages"  # a further input of the model while it is trained
VIDEO_WEIGHTS = "video_weights"  # among the targets of `fit` on arrays: Keras would give each target a copy


# === Inputs ===


def inputs_of(model: keras.Model, x: Any) -> dict[str, Any]:
    """A model's inputs from a dictionary, (content, mask), or content alone, all of whose steps are then real.

    Raises:
        InputError: another structure or name (`wrong_inputs`), other shapes (`wrong_shape`), or a video without a real
            frame (`empty_video`).
    """
    names = (model.content, "mask")
    if isinstance(x, Mapping):
        given = {name: value for name, value in x.items() if value is not None}
    else:
        parts = x if isinstance(x, tuple | list) else (x,)
        given = {name: value for name, value in zip(names, parts, strict=False) if value is not None}
        if len(parts) > len(names) or not all(hasattr(value, "shape") for value in given.values()):
            raise _wrong_inputs(model, f"{type(x).__name__} of {', '.join(type(part).__name__ for part in parts[:3])}")
    if model.content not in given or {*given} - {*names, TRUE_STAGES}:
        raise _wrong_inputs(model, ", ".join(map(str, given)) or "nothing")
    content = given[model.content] = _content(model, given[model.content])
    if "mask" in given:
        _check_mask(given["mask"], content)
    else:
        first = content[(slice(None), slice(None), *[0] * (len(content.shape) - 2))]
        given["mask"] = np.ones(first.shape, bool) if isinstance(first, np.ndarray) else ops.ones_like(first, "bool")
    return given


def _wrong_inputs(model: keras.Model, received: str) -> InputError:
    message = f"The model takes {{'{model.content}', 'mask'}}, ({model.content}, mask) or {model.content} alone."
    return InputError(
        "wrong_inputs", f"{message} Received: {received}.", "`model.preprocessor` makes them from videos."
    )


def _content(model: keras.Model, content: Any) -> Any:
    """Frames or features (B, L, …); vectors (B, D) become one step each."""
    if not hasattr(content, "shape"):
        raise _wrong_inputs(model, f"{model.content} as {type(content).__name__}")
    expected = tuple(model.input[model.content].shape)
    if model.content == "features" and tuple(content.shape)[1:] == expected[2:]:
        content = content[:, None]
    shape = tuple(content.shape)
    fits = len(shape) == len(expected) and all(
        None in sizes or sizes[0] == sizes[1] for sizes in zip(shape[2:], expected[2:], strict=True)
    )
    if not fits or shape[1] == 0:
        wanted = f"(B, L, {', '.join(map(str, expected[2:]))}) with L ≥ 1"
        hint = "Add an axis for the batch: x[None]." if len(shape) == len(expected) - 1 else ""
        raise InputError("wrong_shape", f"{model.content} has the shape {shape}, not {wanted}.", hint)
    return content


def _check_mask(mask: Any, content: Any) -> None:
    """InputError for a mask of another shape, or one with a video of padding alone; a graph's values are not known."""
    if not hasattr(mask, "shape"):
        raise InputError("wrong_shape", f"mask is a {type(mask).__name__}.", "Give bool (B, L), true for real frames.")
    shape, expected = tuple(mask.shape), tuple(content.shape)[:2]
    if len(shape) != 2 or any(None not in pair and pair[0] != pair[1] for pair in zip(shape, expected, strict=True)):
        raise InputError("wrong_shape", f"mask has the shape {shape}; the videos have {expected} (B, L).")
    values = mask if isinstance(mask, np.ndarray) else mask.numpy() if hasattr(mask, "numpy") else None
    if values is not None and len(empty := np.flatnonzero(~values.astype(bool).any(axis=1))):
        hint = "True marks real frames, false padding."
        raise InputError("empty_video", f"mask is false everywhere in video {empty[0]} of the batch.", hint)


def check_device(model: keras.Model) -> None:
    """InputError (`no_gpu`) if TensorFlow has no kernel for a model's layers."""
    half = any(isinstance(each, keras.layers.Conv3D) and each.compute_dtype == "float16" for each in all_layers(model))
    if half and keras.backend.backend() == "tensorflow" and not keras.distribution.list_devices("gpu"):
        message = "mixed_float16 needs a GPU: TensorFlow has no float16 3-D max-pooling on a CPU."
        raise InputError("no_gpu", message, "Build the model with dtype='mixed_bfloat16' or 'float32'.")


# === Targets ===


def targets_of(model: keras.Model, y: Any) -> dict[str, Any]:
    """Targets by output, some or all, from a dictionary, or from one array if the model learns one thing.

    Stages one-hot (B, L, S) become numbers (B, L); a frame whose row is zero has no label.

    Raises:
        InputError: another structure (`wrong_targets`), a name that no model has (`unknown_name`), or stages of another
            shape (`wrong_shape`).
    """
    known = [output for output in TARGETS if output in model.output]
    if not isinstance(y, Mapping):
        learned = [*model.terms.losses]
        if y is None or isinstance(y, tuple | list) or len(learned) != 1:
            message = f"Targets are a dictionary with some of {', '.join(known)}. Received: {type(y).__name__}."
            raise InputError("wrong_targets", message)
        y = {learned[0]: y}
    if unknown := {*y} - {*TARGETS, VIDEO_WEIGHTS}:
        raise unknown_name("targets", min(unknown), known)
    given = {name: value for name, value in y.items() if value is not None}
    return given | ({"stages": _numbers_of_stages(model, given["stages"])} if "stages" in given else {})


def _numbers_of_stages(model: keras.Model, stages: Any) -> Any:
    shape, number = tuple(stages.shape), model.sport.num_stages
    if len(shape) == 2:
        return stages
    if len(shape) != 3 or shape[-1] != number:
        message = f"The stages have the shape {shape}, not (B, L), or one-hot (B, L, {number})."
        raise InputError("wrong_shape", message)
    numpy: Any = np if isinstance(stages, np.ndarray) else ops
    return numpy.where(numpy.any(stages != 0, axis=-1), numpy.argmax(stages, axis=-1), -1)


def check_learned(model: keras.Model, y: Mapping[str, Any]) -> None:
    """InputError (`missing_targets`) if training has nothing to learn from, or nothing to cut fragments by."""
    learned, terms = model.terms.losses, model.terms
    if not {*y} & {*learned}:
        hint = "To learn the fused final score as well: compile(loss={'final': ScoreLoss(unit=…)})."
        message = (
            f"phase={terms.phase!r} learns {', '.join(learned)}; there are targets for {', '.join(y) or 'nothing'}."
        )
        raise InputError("missing_targets", message, hint if "final" in y else "")
    cuts_by_truth = "segmenter" in model.networks and model.training_fragments.source == "true"
    if cuts_by_truth and "score_predictor" in model.learning and "stages" not in y:
        message = "Key fragments are cut by the true stages, which the targets lack."
        raise InputError("missing_targets", message, "Give them, or compile(fragments='predicted').")


# === Videos' weights ===


def with_weights(y: Any, sample_weight: Any) -> tuple[Any, Any]:
    """Targets with the videos' weights among them, one array, and what is left to give to Keras."""
    if sample_weight is None or not isinstance(y, dict):
        return y, sample_weight
    if isinstance(sample_weight, dict):
        first, *others = sample_weight.values()
        if any(other is not first for other in others):
            raise by_output(sample_weight)
        sample_weight = first
    return {**y, VIDEO_WEIGHTS: sample_weight}, None


def unpacked(model: keras.Model, data: Any) -> tuple[Any, ...]:
    """A batch's (inputs, targets[, weights]), whichever way they came."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    y = targets_of(model, y)
    sample_weight = y.pop(VIDEO_WEIGHTS, sample_weight)
    return keras.utils.pack_x_y_sample_weight(inputs_of(model, x), y, sample_weight)


def by_output(sample_weight: Mapping[str, Any]) -> InputError:
    """The error for weights that differ by output."""
    message = f"sample_weight differs by output: {', '.join(sorted(sample_weight))}."
    return InputError("weights_by_output", message, "Give one array (B,), a weight for each video.")
