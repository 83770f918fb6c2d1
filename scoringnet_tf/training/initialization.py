"""The weights that a run starts from: a pretrained C3D, the KFS of a model or all of it.

A C3D goes into KFS and both towers of SP (§4.2), or into another C3D, layer by layer. One that was pretrained under
SP's regressor (`C3D(top="regressor")`) brings that to the towers as well. Weights mean nothing under another
preprocessing than theirs: a network is built with that of its file (`preprocessing_of`).
"""

from collections.abc import Callable, Sequence
from typing import Any

from scoringnet_tf.models.backbones.c3d import C3D, describe_preprocessing, seen_as
from scoringnet_tf.models.compatibility import check_alike, copy_network, seen_otherwise
from scoringnet_tf.models.parameter_groups import BACKBONE, part_layers
from scoringnet_tf.models.presets import check_trained, load_scoring_net
from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.training.config import SEPARATE, TrainingConfig
from scoringnet_tf.training.run_record import learned_from


def preprocessing_of(path: AnyPath | None, image_size: Sequence[int]) -> dict[str, Any] | None:
    """What the C3D at `path` does to its frames, for the network that will take its weights; None without a path.

    Raises:
        InputError: no C3D, or it subtracts an image of another size than `image_size`, (H, W).
    """
    if not path:
        return None
    c3d = load_keras(path, C3D, "pretrained")
    mean, (height, width) = c3d.preprocessing["mean"], c3d.input_shape[2:4]
    if isinstance(mean, list) and len(mean) != 3 and (height, width) != tuple(image_size):
        message = (
            f"{path} subtracts a mean image of {height}×{width}, but --image_size={image_size[0]},{image_size[1]}."
        )
        raise InputError("wrong_shape", message, "Use that size.")
    return c3d.preprocessing


def learned_before(path: AnyPath | None) -> set[str]:
    """What scored videos the C3D at `path` learned from (`dataset_info.shown`), as its file and its run say.

    Published weights know of none, nor does a C3D that learned from classes.
    """
    return load_keras(path, C3D, "pretrained").learned_from | learned_from(path) if path else set()


# === Into a network ===


def load_pretrained(network: ScoringNet, path: AnyPath, log: Callable[[str], object] = print) -> None:
    """Copies the convolutions of the C3D at `path` into the C3Ds of `network`.

    Every convolution of those C3Ds must be found with the same shape, and so must the layers of the regressor if the
    file has any. What is not used, such as the classifier, is reported.

    Raises:
        InputError: a layer is missing or has another shape, the frames are preprocessed otherwise, or a regressor pools
            otherwise; nothing has been changed then.
    """
    c3d = load_keras(path, C3D, "pretrained")
    theirs, ours = c3d.preprocessing["frame_size"], network.frame_size
    if theirs and tuple(theirs) != tuple(ours):
        log(f"{path}: trained on frames of {theirs[0]}×{theirs[1]} (height × width); yours are {ours[0]}×{ours[1]}.")
    available, wanted = _weighted_layers(c3d), []
    if "regressor_conv1" in available:
        _check_pool_stride(c3d, network.score_predictor, path)
    networks = {f"{score}_tower": tower for score, tower in network.score_predictor.towers.items()}
    if network.segmenter is not None and network.segmenter.network != "resnet50":
        networks = {"segmenter": network.segmenter} | networks
    for part, model in networks.items():
        _check_preprocessing(c3d, model.get_layer("c3d"), path, part)
        wanted += [(part, layer) for layer in _weighted_layers(model.get_layer("c3d")).values()]
        if part != "segmenter":
            wanted += [(part, layer) for layer in model.layers if layer.name in available]
    _copy(available, wanted, path, log)


def load_segmenter(network: ScoringNet, path: AnyPath) -> None:
    """Copies KFS of the `ScoringNet` at `path`; InputError if it is built otherwise than that of `network`."""
    source, named = load_scoring_net(path, "segmenter"), f"--segmenter={path}"
    if source.segmenter is None:
        raise InputError("no_segmenter", f"{named}: this model scores whole videos and has no KFS.")
    kfs: Any = network.segmenter  # a run that names another's has one (`targets.check_start`)
    check_alike(kfs, source.segmenter, f"The KFS of {named}")
    _tell_other(named, network, seen_otherwise(network, source, named))
    check_trained(source, path, "segmenter", ["kfs"])
    kfs.set_weights(source.segmenter.get_weights())
    network.learned_parts |= {"kfs"}


def load_network(network: ScoringNet, path: AnyPath) -> None:
    """Copies all of the `ScoringNet` at `path`, trained on other videos: what it scored high, `network` scores high.

    The towers answer in standard units inside: what was one standard deviation there is one of the new scores here, of
    a tower that goes on learning. If it saw something else of a performance, a line tells.

    Raises:
        InputError: KFS or SP is built otherwise than that of `network`; nothing has been changed then.
    """
    source, named = load_scoring_net(path, "initial_model"), f"--initial_model={path}"
    _tell_other(named, network, copy_network(network, source, named))
    for score, stages in network.fragment_stages.items():
        if {*stages} != {*source.fragment_stages[score]}:
            theirs, ours = (" and ".join(each) for each in (source.fragment_stages[score], stages))
            print(f"{named}: its {score} tower has learned from {theirs}, and learns from {ours} here.")


def _tell_other(named, network, different):
    """Names what looks otherwise to a model: it may learn anew what it looks like."""
    if different:
        print(f"{named} learned from other {network.content}: the records have {'; '.join(different)}.")


# === Into another C3D, and what all share ===


def continue_from(c3d: C3D, path: AnyPath, log: Callable[[str], object] = print) -> None:
    """Copies the C3D at `path` into another one, all but the classes: to go on with other classes.

    Raises:
        InputError: a layer is missing or has another shape, the frames are preprocessed otherwise, or a regressor pools
            otherwise; nothing has been changed then.
    """
    source = load_keras(path, C3D, "pretrained")
    _check_preprocessing(source, c3d, path, "c3d")
    if {source.get_config()["top"], c3d.get_config()["top"]} == {"regressor"}:
        _check_pool_stride(source, c3d, path)
    heads = c3d.get_config()["heads"] or {}
    wanted = [("c3d", layer) for name, layer in _weighted_layers(c3d).items() if name not in heads]
    _copy(_weighted_layers(source), wanted, path, log)


def _weighted_layers(model):
    return {layer.name: layer for layer in model.layers if layer.weights}


def _check_preprocessing(source, target, path, part):
    if seen_as(source.preprocessing) != seen_as(target.preprocessing):
        theirs, ours = (describe_preprocessing(each.preprocessing) for each in (source, target))
        message = f"{path}: this C3D has other preprocessing than {part}: {theirs}, not {ours}."
        raise InputError("other_model", message)


def _check_pool_stride(source, target, path):
    """With another stride the weights may fit, and mean something else."""
    theirs, ours = (model.get_config()["pool_stride"] for model in (source, target))
    if theirs != ours:
        raise InputError("other_model", f"{path}: the regressor pools with stride {theirs}, not {ours}.")


def _copy(available, wanted, path, log):
    """Copies layers by their names, once all are found with the same shape."""
    for part, layer in wanted:
        shape, match = tuple(layer.kernel.shape), available.get(layer.name)
        if match is None or tuple(match.kernel.shape) != shape:
            theirs = "no such layer" if match is None else tuple(match.kernel.shape)
            message = f"{path}: {part} needs layer {layer.name} with a kernel of {shape}; the file has {theirs}."
            raise InputError("other_model", message, "Check --width_multiplier, --image_size and the clip length.")
    for part, layer in wanted:
        layer.set_weights(available[layer.name].get_weights())
        log(f"{part}/{layer.name}: loaded {tuple(layer.kernel.shape)}")
    unused = available.keys() - {layer.name for _, layer in wanted}
    log(f"{path}: not used: {', '.join(sorted(unused)) or 'nothing'}")


# === Parts that learn at another rate, or not at all ===


def check_parts(network: ScoringNet, phases: Sequence[str], config: TrainingConfig) -> None:
    """InputError if a multiplier names no part, a frozen part would stay random, or a phase has nothing to learn."""
    for part in config.optimizer.lr_multipliers:
        try:
            part_layers(network, part)
        except InputError as error:
            raise InputError(error.code, f"--lr_multipliers={part}: {error.message}", error.hint) from error
    if random := _random(config):
        message = f"--lr_multipliers freezes {', '.join(random)}, which would stay random."
        hint = "--pretrained brings weights for c3d, --segmenter for kfs, --initial_model for what it has learned."
        raise InputError("untrained_frozen", message, hint)
    for phase in phases:
        network.choose_trained(phase, config.frozen)
        if not network.trainable_variables:
            message = f"--lr_multipliers freezes {', '.join(config.frozen)}: the phase {phase} has nothing to learn."
            raise InputError("nothing_learned", message)


def _random(config):
    """The frozen parts for which there are no weights."""
    brings = {"c3d": "pretrained", "kfs": "segmenter"}
    new_backbone = not config.backbone or config.backbone.startswith(f"{SEPARATE}:")
    frozen = [part for part in config.frozen if new_backbone or part.partition("/")[0] != BACKBONE]
    random = [part for part in frozen if brings.get(part) not in config.starts]
    if random and "initial_model" in config.starts:
        source = load_scoring_net(config.starts["initial_model"], "initial_model")
        whole = config.trains_kfs_alone or source.scores_learned
        return [part for part in random if not (whole or part in source.learned_parts)]
    return random
