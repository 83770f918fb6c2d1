"""Loads a pretrained C3D into KFS and both towers of SP (§4.2), or into another C3D, layer by layer.

A C3D that was pretrained under SP's regressor (`C3D(top="regressor")`) brings that to the towers as well.
"""

from scoringnet_tf.errors import InputError
from scoringnet_tf.model_files import load_keras
from scoringnet_tf.models.c3d import C3D

TOWERS = ("difficulty_tower", "execution_tower")
PARTS = ("segmenter", *TOWERS)


def load_pretrained(network, path, parts=PARTS, log=print):
    """Copies the convolutions of the C3D at `path` into the C3Ds of `network`.

    Every convolution of those C3Ds must be found with the same shape, and so must the layers of the regressor if the
    file has any. What is not used, such as the classifier, is reported.

    Args:
        network: the `ScoringNet`.
        path: a `.keras` file of a `C3D`.
        parts: which of `PARTS` to fill.
        log: takes a line for every layer.

    Raises:
        InputError: a layer is missing or has another shape; nothing has been changed then.
    """
    available = _weighted_layers(load_keras(path, C3D, "pretrained"))
    wanted = []
    for part in parts:
        model = network.segmenter if part == "segmenter" else network.score_predictor.get_layer(part)
        wanted += [(part, layer) for layer in _weighted_layers(model.get_layer("c3d")).values()]
        if part in TOWERS:
            wanted += [(part, layer) for layer in model.layers if layer.name in available]
    _copy(available, wanted, path, log)


def continue_from(c3d, path, log=print):
    """Copies the C3D at `path` into another one, all but the classes: to go on with other classes.

    Raises:
        InputError: a layer is missing or has another shape; nothing has been changed then.
    """
    available = _weighted_layers(load_keras(path, C3D, "pretrained"))
    heads = c3d.get_config()["heads"] or {}
    wanted = [("c3d", layer) for name, layer in _weighted_layers(c3d).items() if name not in heads]
    _copy(available, wanted, path, log)


def _weighted_layers(model):
    return {layer.name: layer for layer in model.layers if layer.weights}


def _copy(available, wanted, path, log):
    copies = [(part, layer, _matching(available, layer, path, part)) for part, layer in wanted]
    for part, layer, match in copies:
        layer.set_weights(match.get_weights())
        log(f"{part}/{layer.name}: loaded {tuple(layer.kernel.shape)}")
    used = {layer.name for _, layer, _ in copies}
    log(f"{path}: not used: {', '.join(sorted(set(available) - used)) or 'nothing'}")


def _hint(layer_name):
    if layer_name.startswith("regressor_fc"):
        return "It depends on clip length and image size: use those that the C3D was pretrained with."
    return "Check --width_multiplier."


def _matching(available, layer, path, part):
    match = available.get(layer.name)
    expected = tuple(layer.kernel.shape)
    received = None if match is None else tuple(match.kernel.shape)
    if received != expected:
        raise InputError(
            f"{path}: expected layer {layer.name} with a kernel of {expected} for {part}. Received: "
            f"{'no such layer' if received is None else f'a kernel of {received}'}. {_hint(layer.name)}"
        )
    return match
