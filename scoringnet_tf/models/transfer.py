"""All of a `ScoringNet` into another one that is built alike, for other records."""

from typing import TYPE_CHECKING

from scoringnet_tf.data.features import feature_differences, rate_differences
from scoringnet_tf.data.preprocessing import form_differences
from scoringnet_tf.models.c3d import describe_preprocessing, seen_as
from scoringnet_tf.models.presets import form_of
from scoringnet_tf.sports import differences, get_sport
from scoringnet_tf.support.errors import InputError

if TYPE_CHECKING:
    import keras

    from scoringnet_tf.models.scoring_net import ScoringNet

WITHOUT_WEIGHTS = {"dtype", "dropout_rate", "kernel_l2", "score_statistics"}  # may differ where weights are copied


def copy_network(network: "ScoringNet", source: "ScoringNet", named: str) -> list[str]:
    """Copies the weights of `source` into `network`, and which of its parts have learned.

    The towers answer in standard units inside: what was one standard deviation there is one of the scores here.

    Returns:
        As `seen_otherwise`.

    Raises:
        InputError: KFS or SP is built otherwise (`other_model`); nothing has been changed then.
    """
    if source.networks != network.networks:
        ours, theirs = (" and ".join(model.networks) for model in (network, source))
        raise InputError("other_model", f"{named} has {theirs}; the model to train has {ours}.")
    for part in network.networks:
        check_alike(getattr(network, part), getattr(source, part), f"The {part} of {named}")
    different = seen_otherwise(network, source, named)
    for part in network.networks:
        getattr(network, part).set_weights(getattr(source, part).get_weights())
    network.learned_parts = source.learned_parts
    return different


def check_alike(ours: "keras.Model", theirs: "keras.Model", named: str) -> None:
    """InputError (`other_model`), naming `theirs` so, if a weight of one would mean something else in the other."""
    ours, theirs = (
        {**config, "preprocessing": seen_as(config["preprocessing"])}
        for config in (ours.get_config(), theirs.get_config())
    )
    different = [
        _difference(key, theirs[key], ours[key])
        for key in ours
        if key not in WITHOUT_WEIGHTS and theirs[key] != ours[key]
    ]
    if different:
        raise InputError("other_model", f"{named} is not built like the model to train: {'; '.join(different)}.")


def seen_otherwise(network: "ScoringNet", source: "ScoringNet", named: str) -> list[str]:
    """How the videos of a model, `source`, looked otherwise in rate, aspect or form: it may learn anew how they look.

    Raises:
        InputError: its frames are of another scale, or its features others (`other_content`).
    """
    different = []
    if network.content == source.content == "features":
        different = feature_differences(network.features or {}, source.features or {})
    elif network.content == source.content == "frames" and tuple(network.frame_size) != tuple(source.frame_size):
        different = [f"frames of {source.frame_size} instead of {network.frame_size} (height, width)"]
    if different:
        raise InputError("other_content", f"{named} sees something else than the records: {'; '.join(different)}.")
    if network.content == "frames":
        return form_differences(form_of(source), form_of(network))
    return rate_differences(source.frame_rate, network.frame_rate) if network.sampled_frames != 1 else []


def _difference(key, theirs, ours):
    if key == "sport" and get_sport(theirs).name == get_sport(ours).name:
        return f"another sport of that name, {'; '.join(differences(get_sport(theirs), get_sport(ours)))}"
    if key == "sport":
        theirs, ours = get_sport(theirs).name, get_sport(ours).name
    if key == "preprocessing":
        return f"{describe_preprocessing(theirs)} instead of {describe_preprocessing(ours)}"
    return f"{key} {theirs!r} instead of {ours!r}"
