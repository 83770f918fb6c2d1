"""The parts of a ScoringNet that can be given a rate of their own, or frozen."""

import math

from scoringnet_tf.models.c3d import C3D

TOWER = "_tower"


def parts(network):
    """Part → its layers: `c3d`, every C3D; `kfs`, the segmenter; and every tower of SP by the score that it reads.

    A C3D is in two parts: `c3d`, and the one that it lies in.
    """
    towers = [layer for layer in network.score_predictor.layers if layer.name.endswith(TOWER)]
    trunks = [layer for part in (network.segmenter, *towers) for layer in part.layers if isinstance(layer, C3D)]
    by_score = {tower.name.removesuffix(TOWER): [tower] for tower in towers}
    return {"c3d": trunks, "kfs": [network.segmenter], **by_score}


def rate_factors(network, rates):
    """The factor of every variable of `network.trainable_variables`, in their order: the product of its parts' rates.

    Paths of variables do not tell the parts: that of both towers' first kernel is `conv1a/kernel`.

    Args:
        network: a `ScoringNet`.
        rates: part → factor on its learning rate.
    """
    known = parts(network)
    of_parts = [({id(v) for layer in known[part] for v in layer.variables}, rate) for part, rate in rates.items()]
    return [
        math.prod(rate for variables, rate in of_parts if id(variable) in variables)
        for variable in network.trainable_variables
    ]
