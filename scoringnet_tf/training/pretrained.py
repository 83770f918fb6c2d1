"""Loads a pretrained C3D into KFS and both towers of SP (§4.2), layer by layer.

A C3D that was pretrained under SP's regressor (`C3D(top="regressor")`) brings that to the towers as well.
"""

from scoringnet_tf.errors import InputError
from scoringnet_tf.model_files import load_keras
from scoringnet_tf.models.c3d import C3D


def towers(network):
    """name → tower of a `ScoringNet`'s SP."""
    names = ("difficulty_tower", "execution_tower")
    return {name: network.score_predictor.get_layer(name) for name in names}


def layers_to_load(network, available):
    """(part, layer) for every layer that must come from a pretrained C3D whose layers are named `available`."""
    for part, model in {"segmenter": network.segmenter, **towers(network)}.items():
        yield from ((part, layer) for layer in model.get_layer("c3d").layers if layer.weights)
    for part, tower in towers(network).items():
        yield from ((part, layer) for layer in tower.layers if layer.name in available)


def load_pretrained(network, path, log=print):
    """Copies the convolutions of the C3D at `path` into every C3D of `network`.

    Every convolution of the network's C3Ds must be found with the same shape, and so must the layers of the regressor
    if the file has any. What is not used, such as the classifier, is reported.

    Raises:
        InputError: a layer is missing or has another shape; nothing has been changed then.
    """
    source = load_keras(path, C3D, "pretrained")
    available = {layer.name: layer for layer in source.layers if layer.weights}
    copies = [
        (part, layer, _matching(available, layer, path, part)) for part, layer in layers_to_load(network, available)
    ]
    for name, layer, match in copies:
        layer.set_weights(match.get_weights())
        log(f"{name}/{layer.name}: loaded {tuple(layer.kernel.shape)}")
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
