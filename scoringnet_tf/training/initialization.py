"""The weights that a run starts from: a pretrained C3D, a ResNet50, the KFS of a model or all of it.

A C3D goes into KFS and both towers of SP (§4.2), or into another C3D, layer by layer. One that was pretrained under
SP's regressor (`C3D(top="regressor")`) brings that to the towers as well. Weights mean nothing under another
preprocessing than theirs: a network is built with that of its file (`preprocessing_of`).
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from scoringnet_tf.models.backbones.c3d import C3D, describe_preprocessing, seen_as
from scoringnet_tf.models.compatibility import check_alike, copy_network, seen_otherwise
from scoringnet_tf.models.parameter_groups import parts
from scoringnet_tf.models.presets import check_trained, load_scoring_net
from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import local_file
from scoringnet_tf.support.model_files import check_is_file
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.run_record import learned_from


def preprocessing_of(path: AnyPath | None, image_size: Sequence[int]) -> dict[str, Any] | None:
    """What the C3D at `path` does to its frames, for the network that will take its weights; None without a path.

    Raises:
        InputError: no C3D, or it subtracts an image of another size than `image_size`, (H, W).
    """
    if not path:
        return None
    c3d = load_keras(path, C3D, "pretrained")
    mean = c3d.preprocessing["mean"]
    if isinstance(mean, list) and len(mean) != 3 and c3d.input_shape[2:4] != tuple(image_size):
        raise InputError(
            "wrong_shape",
            f"{path}: subtracts a mean image of {c3d.input_shape[2]}×{c3d.input_shape[3]}, but "
            f"--image_size={image_size[0]},{image_size[1]}.",
            "Use that size.",
        )
    return c3d.preprocessing


def learned_before(path: AnyPath | None) -> set[str]:
    """What scored videos the C3D at `path` learned from (`dataset_info.shown`), as its file and its run say.

    Published weights know of none, nor does a C3D that learned from classes.
    """
    return load_keras(path, C3D, "pretrained").learned_from | learned_from(path) if path else set()


def load_pretrained(network: ScoringNet, path: AnyPath, log: Callable[[str], object] = print) -> None:
    """Copies the convolutions of the C3D at `path` into the C3Ds of `network`.

    Every convolution of those C3Ds must be found with the same shape, and so must the layers of the regressor if the
    file has any. What is not used, such as the classifier, is reported.

    Args:
        network: the `ScoringNet`.
        path: a `.keras` file of a `C3D`.
        log: takes a line for every layer.

    Raises:
        InputError: a layer is missing or has another shape, the frames are preprocessed otherwise, or a regressor pools
            otherwise; nothing has been changed then.
    """
    c3d = load_keras(path, C3D, "pretrained")
    _report_frame_size(c3d, network, path, log)
    available, wanted = _weighted_layers(c3d), []
    if "regressor_conv1" in available:
        _check_pool_stride(c3d, network.score_predictor, path)
    for part, model in _networks(network).items():
        _check_preprocessing(c3d, model.get_layer("c3d"), path, part)
        wanted += [(part, layer) for layer in _weighted_layers(model.get_layer("c3d")).values()]
        if part != "segmenter":
            wanted += [(part, layer) for layer in model.layers if layer.name in available]
    _copy(available, wanted, path, log)


def load_resnet50(network: ScoringNet, path: AnyPath) -> None:
    """Fills the ResNet50 that labels frames with Keras Applications' weights "without top", at a local path.

    Raises:
        InputError: no such file, or not such weights.
    """
    kfs: Any = network.segmenter  # a run that names such weights has one (`targets.check_start`)
    check_is_file(path, "set=model.fragments.network.weights")
    try:
        with local_file(path) as file, warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras goes on where a layer's weights are not in the file
            kfs.get_layer("resnet50").load_weights(str(file))
    except (ValueError, TypeError, OSError, KeyError, UserWarning) as error:
        raise InputError(
            "wrong_format",
            f"{path}: not weights of keras.applications.ResNet50 without its top: {str(error).splitlines()[0]}",
        ) from error


def load_segmenter(network: ScoringNet, path: AnyPath) -> None:
    """Copies KFS of the `ScoringNet` at `path`; InputError if it is built otherwise than that of `network`."""
    source = load_scoring_net(path, "segmenter")
    if source.segmenter is None:
        raise InputError("no_segmenter", f"--segmenter={path}: this model scores whole videos and has no KFS.")
    kfs: Any = network.segmenter  # a run that names another's has one (`targets.check_start`)
    check_alike(kfs, source.segmenter, f"The KFS of --segmenter={path}")
    _say_other(f"--segmenter={path}", network, seen_otherwise(network, source, f"--segmenter={path}"))
    check_trained(source, path, "segmenter", ["kfs"])
    kfs.set_weights(source.segmenter.get_weights())
    network.learned_parts |= {"kfs"}


def load_network(network: ScoringNet, path: AnyPath) -> None:
    """Copies all of the `ScoringNet` at `path`, trained on other videos: what it scored high, `network` scores high.

    The towers answer in standard units inside: what was one standard deviation there is one of the new scores here, of
    a tower that goes on learning. What it saw of a performance may differ too, and is then said.

    Raises:
        InputError: KFS or SP is built otherwise than that of `network`; nothing has been changed then.
    """
    source = load_scoring_net(path, "initial_model")
    _say_other(f"--initial_model={path}", network, copy_network(network, source, f"--initial_model={path}"))
    for score, stages in network.fragment_stages.items():
        if {*stages} != {*source.fragment_stages[score]}:
            theirs, ours = (" and ".join(each) for each in (source.fragment_stages[score], stages))
            print(f"--initial_model={path}: its {score} tower has learned from {theirs}, and learns from {ours} here.")


def _say_other(named, network, different):
    """That a model learned from what looks otherwise: it may learn anew what it looks like."""
    if different:
        print(f"{named} learned from other {network.content}: the records have {'; '.join(different)}.")


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
    available = _weighted_layers(source)
    heads = c3d.get_config()["heads"] or {}
    wanted = [("c3d", layer) for name, layer in _weighted_layers(c3d).items() if name not in heads]
    _copy(available, wanted, path, log)


def _networks(network):
    """Part → the network of it that has a C3D: KFS where there is one with a C3D, and the towers."""
    with_c3d = network.segmenter is not None and network.segmenter.network != "resnet50"
    kfs = {"segmenter": network.segmenter} if with_c3d else {}
    return kfs | {f"{score}_tower": tower for score, tower in network.score_predictor.towers.items()}


def _weighted_layers(model):
    return {layer.name: layer for layer in model.layers if layer.weights}


def _check_preprocessing(source, target, path, part):
    if seen_as(source.preprocessing) != seen_as(target.preprocessing):
        raise InputError(
            "other_model",
            f"{path}: this C3D has other preprocessing than {part}: {describe_preprocessing(source.preprocessing)}, "
            f"not {describe_preprocessing(target.preprocessing)}.",
        )


def _check_pool_stride(source, target, path):
    """With another stride the weights may fit, and mean something else."""
    theirs, ours = (model.get_config()["pool_stride"] for model in (source, target))
    if theirs != ours:
        raise InputError("other_model", f"{path}: the regressor pools with stride {theirs}, not {ours}.")


def _report_frame_size(c3d, network, path, log):
    theirs, ours = c3d.preprocessing["frame_size"], network.frame_size
    if theirs and tuple(theirs) != tuple(ours):
        log(f"{path}: trained on frames of {theirs[0]}×{theirs[1]} (height × width); yours are {ours[0]}×{ours[1]}")


def _copy(available, wanted, path, log):
    copies = [(part, layer, _matching(available, layer, path, part)) for part, layer in wanted]
    for part, layer, match in copies:
        layer.set_weights(match.get_weights())
        log(f"{part}/{layer.name}: loaded {tuple(layer.kernel.shape)}")
    used = {layer.name for _, layer, _ in copies}
    log(f"{path}: not used: {', '.join(sorted(set(available) - used)) or 'nothing'}")


def _hint(layer_name):
    if layer_name in ("regressor_fc1", "fc6"):
        return "It depends on clip length and image size: use those that the C3D was pretrained with."
    return "Check --width_multiplier."


def _matching(available, layer, path, part):
    match = available.get(layer.name)
    expected = tuple(layer.kernel.shape)
    received = None if match is None else tuple(match.kernel.shape)
    if received != expected:
        raise InputError(
            "other_model",
            f"{path}: {part} needs layer {layer.name} with a kernel of {expected}; the file has "
            f"{'no such layer' if received is None else received}.",
            _hint(layer.name),
        )
    return match


# === Parts that learn at another rate, or not at all ===


def check_parts(network: ScoringNet, phases: Sequence[str], config: TrainingConfig) -> None:
    """InputError if the network lacks a part that a multiplier names, or a frozen part would stay random.

    Also if nothing of a phase is left to learn.
    """
    known = parts(network)
    unknown = [part for part in config.optimizer.lr_multipliers if part not in known]
    if unknown:
        message = f"--lr_multipliers: the model has no part {', '.join(unknown)}, only {', '.join(known)}."
        raise InputError("unknown_name", message)
    _check_frozen(config)
    for phase in phases:
        network.choose_trained(phase, config.frozen)
        if not network.trainable_variables:
            message = f"--lr_multipliers freezes {', '.join(config.frozen)}: the phase {phase} has nothing to learn."
            raise InputError("nothing_learned", message)


def _check_frozen(config):
    given, hint = {"c3d": config.pretrained, "kfs": config.segmenter}, ""
    random = [part for part in config.frozen if not given.get(part)]
    if random and config.initial_model:
        source = load_scoring_net(config.initial_model, "initial_model")
        whole = config.trains_kfs_alone or source.scores_learned
        random = [part for part in random if not (whole or part in source.learned_parts)]
        if source.learned_parts == {"kfs"}:
            start = config.initial_model
            hint = f" In {start} only KFS has learned: use --segmenter={start} and --pretrained."
    if random:
        raise InputError(
            "untrained_frozen",
            f"--lr_multipliers freezes {', '.join(random)}, which would stay random.",
            f"--pretrained brings weights for c3d, --segmenter for kfs, --initial_model for all.{hint}",
        )
