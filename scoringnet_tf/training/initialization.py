"""The weights that a run starts from: a pretrained C3D, the KFS of a model or all of it.

A C3D goes into KFS and both towers of SP (§4.2), or into another C3D, layer by layer. One that was pretrained under
SP's regressor (`C3D(top="regressor")`) brings that to the towers as well. Weights mean nothing under another
preprocessing than theirs: a network is built with that of its source (`preprocessing_of`).

`path` is where a source was read; messages name it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from scoringnet_tf.models.backbones.c3d import C3D, describe_preprocessing, seen_as
from scoringnet_tf.models.compatibility import check_alike, copy_network, seen_otherwise
from scoringnet_tf.models.loss_terms import PHASES
from scoringnet_tf.models.parameter_groups import BACKBONE, part_layers
from scoringnet_tf.models.presets import check_trained
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.messages import InputError, about
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.training.config import SEPARATE, TrainingConfig


def preprocessing_of(c3d: C3D | None, path: AnyPath | None, image_size: Sequence[int]) -> dict[str, Any] | None:
    """What a C3D does to its frames, for the network that will take its weights; None without one.

    InputError if it subtracts an image of another size than `image_size`, (H, W).
    """
    if c3d is None:
        return None
    mean, (height, width) = c3d.preprocessing["mean"], c3d.input_shape[2:4]
    if isinstance(mean, list) and len(mean) != 3 and (height, width) != tuple(image_size):
        message = (
            f"{path} subtracts a mean image of {height}×{width}, but --image_size={image_size[0]},{image_size[1]}."
        )
        raise InputError("wrong_shape", message, "Use that size.")
    return c3d.preprocessing


# === A pretrained C3D ===


def load_pretrained(network: ScoringNet, c3d: C3D, path: AnyPath) -> None:
    """Copies the convolutions of a C3D into the C3Ds of `network`, and its regressor, if it has one, into the towers.

    InputError, before anything is changed, if a layer is missing or has another shape, the frames are preprocessed
    otherwise, or a regressor pools otherwise. What is not used, such as the classifier, is reported.
    """
    theirs, ours = c3d.preprocessing["frame_size"], network.frame_size
    if theirs and tuple(theirs) != tuple(ours):
        print(f"{path}: trained on frames of {theirs[0]}×{theirs[1]} (height × width); yours are {ours[0]}×{ours[1]}.")
    available, towers = _weighted_layers(c3d), network.score_predictor.towers
    if "regressor_conv1" in available:
        _check_pool_stride(c3d, network.score_predictor, path)
    networks = {f"{score}_tower": tower for score, tower in towers.items()}
    if network.segmenter is not None and network.segmenter.network != "resnet50":
        networks = {"segmenter": network.segmenter} | networks
    wanted: dict[str, list[keras.layers.Layer]] = {}
    for part, model in networks.items():
        _check_preprocessing(c3d, model.get_layer("c3d"), path, part)
        wanted[part] = [*_weighted_layers(model.get_layer("c3d")).values()]
        if part != "segmenter":
            wanted[part] += [layer for layer in model.layers if layer.name in available]
    _copy(available, wanted, path)


def continue_from(c3d: C3D, source: C3D, path: AnyPath) -> None:
    """Copies a C3D into another one, all but the classes; errors as of `load_pretrained`."""
    _check_preprocessing(source, c3d, path, "c3d")
    if {source.get_config()["top"], c3d.get_config()["top"]} == {"regressor"}:
        _check_pool_stride(source, c3d, path)
    heads = c3d.get_config()["heads"] or {}
    wanted = [layer for name, layer in _weighted_layers(c3d).items() if name not in heads]
    _copy(_weighted_layers(source), {"c3d": wanted}, path)


def _weighted_layers(model: keras.Model) -> dict[str, keras.layers.Layer]:
    return {layer.name: layer for layer in model.layers if layer.weights}


def _check_preprocessing(source: C3D, target: C3D, path: AnyPath, part: str) -> None:
    if seen_as(source.preprocessing) != seen_as(target.preprocessing):
        theirs, ours = (describe_preprocessing(each.preprocessing) for each in (source, target))
        message = f"{path}: this C3D has other preprocessing than {part}: {theirs}, not {ours}."
        raise InputError("other_model", message)


def _check_pool_stride(source: keras.Model, target: keras.Model, path: AnyPath) -> None:
    """InputError for another stride, with which weights may fit and mean something else."""
    theirs, ours = (model.get_config()["pool_stride"] for model in (source, target))
    if theirs != ours:
        raise InputError("other_model", f"{path}: the regressor pools with stride {theirs}, not {ours}.")


def _copy(
    available: Mapping[str, keras.layers.Layer], wanted: Mapping[str, list[keras.layers.Layer]], path: AnyPath
) -> None:
    """Copies layers by their names, once all are found with the same shape; `wanted` is part → layers."""
    pairs: list[tuple[str, Any, Any]] = [
        (part, layer, available.get(layer.name)) for part, layers in wanted.items() for layer in layers
    ]
    for part, layer, match in pairs:
        shape, theirs = tuple(layer.kernel.shape), None if match is None else tuple(match.kernel.shape)
        if theirs != shape:
            found = theirs or "no such layer"
            message = f"{path}: {part} needs layer {layer.name} with a kernel of {shape}; the file has {found}."
            raise InputError("other_model", message, "Check --width_multiplier, --image_size and the clip length.")
    for _, layer, match in pairs:
        layer.set_weights(match.get_weights())
    print(f"{path}: weights for {', '.join(f'{part} ({len(layers)} layers)' for part, layers in wanted.items())}.")
    if unused := available.keys() - {layer.name for _, layer, _ in pairs}:
        print(f"{path}: not used, as they told the classes that it learned: {', '.join(sorted(unused))}.")


# === A trained model, or its KFS ===


def load_segmenter(network: ScoringNet, source: ScoringNet, path: AnyPath) -> None:
    """Copies KFS of another `ScoringNet`; InputError if it is built otherwise than that of `network`."""
    named = f"--segmenter={path}"
    if source.segmenter is None:
        raise InputError("no_segmenter", f"{named}: this model scores whole videos and has no KFS.")
    kfs: Any = network.segmenter  # a run that names another's has one (`plan.check_start`)
    check_alike(kfs, source.segmenter, f"The KFS of {named}")
    _tell_other(named, network, seen_otherwise(network, source, named))
    check_trained(source, path, "segmenter", ["kfs"])
    kfs.set_weights(source.segmenter.get_weights())
    network.learned_parts |= {"kfs"}


def load_network(network: ScoringNet, source: ScoringNet, path: AnyPath) -> None:
    """Copies all of a `ScoringNet`, trained on other videos: what it scored high, `network` scores high.

    The towers answer in standard units inside: what was one standard deviation there is one of the new scores here, of
    a tower that goes on learning. If it saw something else of a performance, a line tells. InputError, before anything
    is changed, if KFS or SP is built otherwise than that of `network`.
    """
    named = f"--initial_model={path}"
    _tell_other(named, network, copy_network(network, source, named))
    for score, stages in network.fragment_stages.items():
        if {*stages} != {*source.fragment_stages[score]}:
            theirs, ours = (" and ".join(each) for each in (source.fragment_stages[score], stages))
            print(f"{named}: its {score} tower has learned from {theirs}, and learns from {ours} here.")


def _tell_other(named: str, network: ScoringNet, different: Sequence[str]) -> None:
    """Names what looks otherwise to a model: it may learn anew what it looks like."""
    if different:
        print(f"{named} learned from other {network.content}: the records have {'; '.join(different)}.")


# === Parts that learn at another rate, or not at all ===


def check_parts(
    network: ScoringNet, phases: Sequence[str], config: TrainingConfig, initial_model: ScoringNet | None = None
) -> None:
    """InputError if a multiplier names no part, a frozen part would stay random, or a phase has nothing to learn."""
    layers = {}
    for part in config.optimizer.lr_multipliers:
        with about(f"--lr_multipliers={part}"):
            layers[part] = part_layers(network, part)
    if random := _random(config, initial_model):
        message = f"--lr_multipliers freezes {', '.join(random)}, which would stay random."
        hint = "--pretrained brings weights for c3d, --segmenter for kfs, --initial_model for what it has learned."
        raise InputError("untrained_frozen", message, hint)
    frozen = {id(v) for part in config.frozen for layer in layers[part] for v in layer.variables}
    for phase in phases:
        learning = [getattr(network, part) for part in PHASES[phase] if part in network.networks]
        if all(id(variable) in frozen for part in learning for variable in part.trainable_variables):
            message = f"--lr_multipliers freezes {', '.join(config.frozen)}: the phase {phase} has nothing to learn."
            raise InputError("nothing_learned", message)


def _random(config: TrainingConfig, initial_model: ScoringNet | None) -> list[str]:
    """The frozen parts for which there are no weights."""
    brings = {"c3d": "pretrained", "kfs": "segmenter"}
    new_backbone = not config.backbone or config.backbone.startswith(f"{SEPARATE}:")
    frozen = [part for part in config.frozen if new_backbone or part.partition("/")[0] != BACKBONE]
    random = [part for part in frozen if brings.get(part) not in config.starts]
    if initial_model is None or config.trains_kfs_alone or initial_model.scores_learned:
        return random if initial_model is None else []
    return [part for part in random if part not in initial_model.learned_parts]
