"""The C3D of a trained tower of SP as a model of its own: others begin with what it learned from scored videos."""

from collections.abc import Iterable

from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.models.presets import check_trained
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.errors import InputError, unknown_name


def c3d_of_tower(model: ScoringNet, score: str | None = None, learned_from: Iterable[str] = ()) -> C3D:
    """The `C3D` of a tower with its regressor but for the last layer, as `pretrain` makes it (`top="regressor"`).

    Args:
        model: `ScoringNet` of frames.
        score: whose tower; None for the first, difficulty's where there is one.
        learned_from: what the model learned from, see `training.config.learned_from`: others that begin with it have
            learned from that, too.

    Raises:
        InputError: it has no such tower, or one that sees features or whose regressor no C3D can have on its top.
    """
    score = score or model.scores[0]
    if model.content == "features":
        raise InputError("sees_features", "The towers of the model take features: they have no C3D.")
    if score not in model.scores:
        raise unknown_name("--tower", score, model.scores)
    sp, tower = model.score_predictor.get_config(), model.score_predictor.towers[score]
    if sp["conv_filters"] != sp["fc_units"]:
        raise InputError(
            "other_model",
            f"The regressor has {sp['conv_filters']} filters and {sp['fc_units']} units; a C3D needs as many of both.",
        )
    check_trained(model, None, parts=[score])
    trunk = tower.get_layer("c3d")
    options = {
        "top": "regressor",
        "top_units": sp["fc_units"],
        "pool_stride": sp["pool_stride"],
        "heads": {},
        "preprocessing": {**trunk.preprocessing, "frame_size": list(model.frame_size)},
        "learned_from": learned_from,
    }
    found = C3D(**{**trunk.get_config(), **options, "dtype": "float32"})
    for layer in found.layers:
        if layer.weights:
            source = tower if layer.name.startswith("regressor") else trunk
            layer.set_weights(source.get_layer(layer.name).get_weights())
    return found
