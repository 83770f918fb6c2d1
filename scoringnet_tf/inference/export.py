"""Exports for those who do not have this package: what they compute, and a SavedModel for TF Serving.

The preprocessing of training and the checks of `predict` are inside. An export appears whole or not at all.
"""

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf import __version__
from scoringnet_tf.data.augmentation import FrameDecoder
from scoringnet_tf.data.features import feature_differences
from scoringnet_tf.data.preprocessing import form_differences
from scoringnet_tf.data.preprocessor import ScoringNetPreprocessor
from scoringnet_tf.inference.checks import REASONS, checks, impossible_scores, is_too_small
from scoringnet_tf.inference.evaluation import input_specs
from scoringnet_tf.inference.finding import moment_frames, shows_several
from scoringnet_tf.inference.reliability import reliability, score_reasons
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.sports import definition_of, differences, get_sport
from scoringnet_tf.support.files import new_folder, read_json, write_json
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath, as_path

MODEL_JSON = "model.json"
DESCRIPTIONS = {"saved_model": f"assets.extra/{MODEL_JSON}"}  # TF Serving ignores assets.extra; elsewhere: MODEL_JSON
FILES = {"saved_model": "saved_model.pb", "litert": "model.tflite", "onnx": "model.onnx"}


# === What an export computes ===


def checked_outputs(
    network: ScoringNet, adapted: Callable[[keras.Model], keras.Model] = lambda model: model
) -> Callable[[dict[str, Any]], dict[str, tf.Tensor]]:
    """A function of the inputs that gives the outputs of a `ScoringNet`, `moments`, `reasons` and `valid`.

    `moments` (B, M) are the frames of the sport's moments, if it names any and the model has stages. `reasons` (B, R)
    says which of `REASONS` speak against each video, `valid` (B,) that none does. The segmenter runs once. `adapted`
    makes of each network one that a format can express, with the same outputs.
    """
    backbone = None if network.backbone is None else adapted(network.backbone)
    segmenter = None if network.segmenter is None else adapted(network.segmenter.with_features())
    predictor = functools.partial(adapted(network.score_predictor.with_one_view()), training=False)

    def outputs_of(inputs: dict[str, Any]) -> dict[str, Any]:
        inputs = {name: tf.convert_to_tensor(each) for name, each in inputs.items()}  # Keras mixes no kinds
        mask, labels = inputs["mask"], None
        encoded = network.encode(inputs) if backbone is None else backbone(inputs, training=False)
        outputs, features = {}, encoded if network.encoded == "features" else None
        if segmenter is not None:
            segments = segmenter({network.encoded: encoded, "mask": mask}, training=False)
            labels, features = network.stage_decision(segments["stages"], mask), segments["features"]
            outputs = {"stages": segments["stages"], "labels": labels}
        if segmenter is not None and network.sport.moments:
            outputs["moments"] = moment_frames(network.sport, labels, mask, network.frame_rate)
        clips, empty = network.select_fragments(encoded, labels, mask)
        outputs |= {**network.score_predictor.mean_over_views(clips, predictor), **empty}
        classes = network.backbone.logits(features) if network.recognised else None
        outcomes = checks(network, labels, mask, features, outputs.get("stages"), classes)
        against = {code: outcome.fails for code, outcome in outcomes.items()}
        if impossible := impossible_scores(network.sport, outputs):
            against["impossible_score"] = tf.reduce_any(tf.stack([*impossible.values()]), axis=0)
        if segmenter is not None:
            against["several_performances"] = shows_several(network, outputs["stages"], mask)
        return outputs | _judgement(against, tf.zeros(tf.shape(mask)[:1], tf.bool))

    return outputs_of


def _judgement(against: dict[str, Any], nothing: Any) -> dict[str, tf.Tensor]:
    """`reasons` (B, R) and `valid` (B,) of what speaks against B videos; `nothing` are B times false."""
    reasons = tf.stack([against.get(code, nothing) for code in REASONS], axis=1)
    return {"reasons": reasons, "valid": ~tf.reduce_any(reasons, axis=1)}


def preprocess_encoded(encoded: tf.Tensor, preprocessor: ScoringNetPreprocessor) -> tuple[tf.Tensor, tf.Tensor]:
    """JPEG, PNG or BMP images, string (N,), to the model's frames uint8 (N, H, W, 3), to the bit as in training.

    Returns their (height, width), int32 (N, 2), too.
    """
    stored = preprocessor.stored

    def jpeg_and_size(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
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


def video_specs(network: ScoringNet, batch: int | None = None) -> list[tf.TensorSpec]:
    """The inputs of a model: content (B, L, …) and mask (B, L); any B if `batch` is None."""
    content = input_specs(network)[network.content]
    return [
        tf.TensorSpec((batch, *content.shape[1:]), content.dtype, name=network.content),
        tf.TensorSpec((batch, None), tf.bool, name="mask"),
    ]


def example_videos(network: ScoringNet, lengths: Sequence[int]) -> dict[str, np.ndarray]:
    """Random inputs of a model, `{"frames" | "features", "mask"}`: one video of each length, padded."""
    rng, shape = np.random.default_rng(0), (len(lengths), max(lengths))
    if network.content == "features":
        content = rng.normal(size=(*shape, network.features["size"])).astype(np.float32)
    else:
        content = rng.integers(0, 256, (*shape, *network.image_size, 3)).astype(np.uint8)
    return {network.content: content, "mask": np.arange(shape[1]) < np.array(lengths)[:, np.newaxis]}


def model_description(network: ScoringNet, version: int | None = None) -> dict[str, Any]:
    """What clients must know of a model: its sport, stages and scores, how to prepare its input, its version."""
    names, rate = [name for name, *_ in network.sport.moments] if network.segmenter else [], network.frame_rate
    # Moment → seconds to either side; None if that was not measured
    moments = reliability(network).time_uncertainties(names, 1 / rate) if names and rate else dict.fromkeys(names)
    return {
        "package_version": __version__,
        "version": version,
        "sport": definition_of(network.sport),
        "stages": list(network.sport.stages),
        "scores": list(network.scores),
        "against_scores": [reason.to_dict() for reason in score_reasons(network)],
        "reasons": list(REASONS),
        "moments": moments,
        "outputs": sorted({*network.output, *(["moments"] if moments else []), "reasons", "valid"}),
        "content": network.content,
        "frame_rate": (network.provenance or {}).get("frame_rate"),
        "preprocessing": network.preprocessor.get_config() if network.content == "frames" else network.features,
    }


def check_successor(versions: Iterable[AnyPath], form: str, description: dict[str, Any]) -> None:
    """Refuses a version that clients of the newest one could not use: TF Serving takes it without asking.

    `versions` are folders, the newest first; the first that holds an export counts. `form` is in `FILES`. InputError if
    its format, sport, input or rate is another, or an output is missing.
    """
    exports = [(as_path(folder), name) for folder in versions for name in FILES]
    folder, before = next(
        ((folder, name) for folder, name in exports if (folder / FILES[name]).is_file()), (None, form)
    )
    if folder is None:
        return
    file, new = folder / DESCRIPTIONS.get(before, MODEL_JSON), json.loads(json.dumps(description))
    kept = read_json(file)
    if "sport" not in kept:
        raise InputError("damaged_description", f"{file} does not describe an exported model.")
    kept = new | kept  # what an older version does not say differs in nothing
    old, now = (each["preprocessing"] | each for each in (kept, new))
    different = [] if before == form else [f"format {form} instead of {before}"]
    different += differences(get_sport(new["sport"]), get_sport(kept["sport"]))
    same = ("scores", "content", "image_size", "frame_size")
    different += [f"{key} {now.get(key)} instead of {old.get(key)}" for key in same if old.get(key) != now.get(key)]
    different += [f"no output {name}" for name in old["outputs"] if name not in now["outputs"]]
    if (old["frame_rate"] is None) != (now["frame_rate"] is None):
        different.append(f"frame rate {now['frame_rate']} instead of {old['frame_rate']}")
    different += form_differences(old, now)
    if old["content"] == now["content"] == "features":
        different += feature_differences(old, now)
    if different:
        message = f"{folder} is another kind of model. Yours differs: {'; '.join(different)}."
        raise InputError("other_servable", message, "Choose another --export_dir.")


# === SavedModel ===


def export_saved_model(network: ScoringNet, path: AnyPath, version: int | None = None) -> None:
    """Writes a `ScoringNet` of any dtype policy to the folder `path` as a SavedModel in float32, whole or not at all.

    Signatures, for any B and L; a wrong request fails with `InvalidArgumentError`:
        serving_default: frames uint8 (B, L, H, W, 3) or features float32 (B, L, D), mask bool (B, L), true for the
            real frames, which come first → the outputs of the Keras model, and those of `checked_outputs`.
        score_encoded: encoded string (B, L), JPEG, PNG or BMP images of any size, lengths int64 (B,), the number of
            frames of each video → the same; an image that is too small is a reason, too. Only for frames.
        describe: fields string (N,) → values string (N,), JSON, see `model_description`; null for an unknown field.
    """
    network = network.with_dtype("float32").for_inference()
    description = model_description(network, version)
    module = tf.Module()  # not keras.export.ExportArchive, which stores every weight twice
    module.weights = [variable.value for variable in network.variables]
    with new_folder(path) as temporary:
        tf.saved_model.save(module, str(temporary), signatures=_signatures(network, description))
        write_json(temporary / DESCRIPTIONS["saved_model"], description)


def _signatures(network: ScoringNet, description: dict[str, Any]) -> dict[str, Any]:
    specs = video_specs(network)
    outputs_of = tf.function(checked_outputs(network), autograph=False)  # one graph for both signatures

    @tf.function(input_signature=specs)
    def score(content: tf.Tensor, mask: tf.Tensor) -> dict[str, tf.Tensor]:
        content, mask = _checked_videos(content, mask, network.content)
        return outputs_of({network.content: content, "mask": mask})

    # A server that batches requests joins their first axes and pads with the first element. So the batch is the first
    # axis of both inputs, and lengths, not empty strings, tell the padding.
    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None), tf.string, name="encoded"),
            tf.TensorSpec((None,), tf.int64, name="lengths"),
        ]
    )
    def score_encoded(encoded: tf.Tensor, lengths: tf.Tensor) -> dict[str, tf.Tensor]:
        images, mask = _checked_images(encoded, lengths)
        frames, sizes = preprocess_encoded(images, network.preprocessor)
        shape = tf.concat([tf.shape(mask), frames.shape[1:]], axis=0)
        frames = tf.ensure_shape(tf.scatter_nd(tf.cast(tf.where(mask), tf.int32), frames, shape), specs[0].shape)
        outputs = outputs_of({"frames": frames, "mask": mask})
        smallest = tf.math.segment_min(sizes, tf.where(mask)[:, 0])  # sides of the images of each video
        against = dict(zip(REASONS, tf.unstack(outputs["reasons"], axis=1), strict=True))
        against["picture_too_small"] = is_too_small(smallest, network.image_size)
        return outputs | _judgement(against, None)

    names = [*description]
    values = [*(json.dumps(value, ensure_ascii=False) for value in description.values()), "null"]

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="fields")])
    def describe(fields: tf.Tensor) -> dict[str, tf.Tensor]:  # REST refuses signatures without input
        known = tf.cast(fields[:, tf.newaxis] == tf.constant(names), tf.int32)
        known = tf.pad(known, [[0, 0], [0, 1]], constant_values=1)  # the first that holds counts
        return {"values": tf.gather(tf.constant(values), tf.argmax(known, axis=1))}

    more = {"score_encoded": score_encoded} if network.content == "frames" else {}
    return {"serving_default": score, "describe": describe, **more}


# === Requests ===
# TF Serving checks types alone. A mask of one column would be broadcast, a NaN in padding would spread.


def _checked_videos(content: Any, mask: Any, name: str) -> list[tf.Tensor]:
    """Frames or features (B, L, …) and their mask (B, L), once the checks passed; padding of features becomes zeros."""
    element, shape, mask_shape = content.shape[2:], _shape(content), _shape(mask)
    text = f"Expected {name} (B, L, {', '.join(map(str, element))}) and mask (B, L), not empty [wrong_shape]"
    is_right = tf.reduce_all(shape > 0) & _is_same(shape[2:], element) & _is_same(shape[:2], mask_shape)
    content, mask = _require(is_right, text, content, mask)
    lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    is_prefix = tf.reduce_all(mask == tf.sequence_mask(lengths, tf.shape(mask)[1]))
    text = "mask: in each video true must come first, at least once [wrong_mask]"
    content, mask = _require(is_prefix & tf.reduce_all(lengths > 0), text, content, mask)
    if content.dtype.is_floating:
        content = tf.where(mask[..., tf.newaxis], content, 0.0)
        is_finite = tf.reduce_all(tf.math.is_finite(content))
        return _require(is_finite, f"{name}: NaN or infinity among the numbers [not_finite]", content, mask)
    has_pixels = tf.reduce_any((content > 1) & (content < 255), axis=[2, 3, 4]) & mask
    text = f"{name}: a video has no pixels but 0, 1 and 255; were floats cast? [frames_not_uint8]"
    return _require(tf.reduce_all(tf.reduce_any(has_pixels, axis=1)), text, content, mask)


def _checked_images(encoded: Any, lengths: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """The images of encoded (B, L) in one list (N,), and their mask (B, L), once the checks passed."""
    shape = _shape(encoded)
    is_right = (tf.size(shape) == 2) & tf.reduce_all(shape > 0) & _is_same(shape[:1], _shape(lengths))
    text = "Expected encoded (B, L) and lengths (B,), not empty [wrong_shape]"
    encoded, lengths = _require(is_right, text, encoded, lengths)
    most = tf.shape(encoded, tf.int64)[1]
    text = "lengths: not all are from 1 to the length of encoded [out_of_range]"
    encoded, lengths = _require(tf.reduce_all((lengths >= 1) & (lengths <= most)), text, encoded, lengths)
    mask = tf.sequence_mask(lengths, most)
    return tf.boolean_mask(encoded, mask), mask


def _require(condition: Any, message: str, *tensors: Any) -> list[tf.Tensor]:
    """The tensors, which exist only if the condition holds when the graph runs."""
    with tf.control_dependencies([tf.debugging.Assert(condition, [message])]):
        return [tf.identity(tensor) for tensor in tensors]


def _shape(tensor: Any) -> tf.Tensor:
    # Callers in C++ are free to choose the rank. Without the placeholder TensorFlow takes that of the signature.
    return tf.shape(tf.compat.v1.placeholder_with_default(tensor, shape=None))


def _is_same(shape: Any, expected: Any) -> tf.Tensor:
    return tf.cond(tf.size(shape) == tf.size(expected), lambda: tf.reduce_all(shape == expected), lambda: False)
