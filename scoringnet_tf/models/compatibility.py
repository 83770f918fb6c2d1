"""Whether records fit a ScoringNet, and whether another model's weights do, which are copied."""

from typing import Any

import keras

from scoringnet_tf.data.dataset_info import DatasetInfo, records_of
from scoringnet_tf.data.features import content_differences, look_differences
from scoringnet_tf.models.backbones.backbone import Backbone
from scoringnet_tf.models.backbones.c3d import describe_preprocessing, seen_as
from scoringnet_tf.sports import differences, get_sport
from scoringnet_tf.support.messages import InputError

WITHOUT_WEIGHTS = {  # may differ where weights are copied
    *("dtype", "dropout_rate", "kernel_l2", "score_statistics", "views"),
    *("trainable", "training_mode", "pretrained", "origin", "frame_rate", "reach"),
}


# === Records ===


def check_fits(model: keras.Model, info: DatasetInfo) -> None:
    """InputError if records have another sport, or other frames or features than the model learned."""
    records, hint = f"The records {info.records_dir}", ""
    if info.classes:
        raise InputError("records_of_classes", f"{records} have classes, not scored performances.", "Use pretrain.")
    if info.sport_name != model.sport.name:
        found = info.sport_name or "no sport"
        raise InputError("other_sport", f"{records} are of {found}; the model scores {model.sport.name}.")
    if different := differences(get_sport(info.sport), model.sport):
        message = f"{records} define {info.sport_name} otherwise than the model: {'; '.join(different)}."
        raise InputError("other_sport", message)
    different = content_differences(model, info)
    if not different:  # a single step has no rate
        different = look_differences(model, info, has_rate=model.sampled_frames != 1)
        hint = "Build such records, or predict the videos." if model.content == "frames" else ""
    if different:
        message = f"{records} have other {model.content} than the model learned: {'; '.join(different)}."
        raise InputError("other_content", message, hint)


def check_dataset(model: keras.Model, dataset: Any) -> None:
    """`check_fits` for the records that a dataset was made from, see `records_of`; other data pass."""
    for info in records_of(dataset):
        check_fits(model, info)


def check_learns(model: keras.Model, dataset: Any) -> None:
    """`check_dataset` for training; InputError (`other_records`) for others than those that the model was made for.

    The model keeps their frame rate, form and statistics, by which it scores videos later.
    """
    data_hash = (model.provenance or {}).get("data_hash")
    for info in records_of(dataset):
        if data_hash not in (None, info.data_hash):
            hint = "Train ScoringNet.for_records(info, initial_model=model): it starts from the same weights."
            raise InputError("other_records", f"The model was made for other records than {info.records_dir}.", hint)
    check_dataset(model, dataset)


# === Weights of another model ===


def copy_network(network: keras.Model, source: keras.Model, named: str) -> list[str]:
    """Copies `source`'s weights into `network`, and which parts have learned; returns `seen_otherwise`.

    The towers answer in standard units inside: one old standard deviation is a new one.

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


def check_alike(ours: keras.Model, theirs: keras.Model, named: str) -> None:
    """InputError (`other_model`), naming `theirs` so, if a weight would mean something else in the other."""
    configs = []
    for part in (theirs, ours):
        config = part.get_config()
        config["preprocessing"] = seen_as(config["preprocessing"])
        if isinstance(part, Backbone):  # names of layers tell nothing
            config["model"] = [tuple(weight.shape) for weight in part.model.weights]
        configs.append(config)
    one, other = configs
    different = [
        _difference(key, one[key], other[key]) for key in other if key not in WITHOUT_WEIGHTS and one[key] != other[key]
    ]
    if different:
        raise InputError("other_model", f"{named} is not built like the model to train: {'; '.join(different)}.")


def seen_otherwise(network: keras.Model, source: keras.Model, named: str) -> list[str]:
    """How `source`'s videos looked otherwise in rate, aspect or form: the new model may learn that anew.

    Raises:
        InputError: its frames have another scale, or its features differ (`other_content`).
    """
    # A backbone may have made before what another model makes itself.
    if network.content == source.content and (different := content_differences(network, source)):
        message = f"{named} sees other {network.content} than the records: {'; '.join(different)}."
        raise InputError("other_content", message)
    return look_differences(source, network, has_rate=network.sampled_frames != 1)


def _difference(key: str, theirs: Any, ours: Any) -> str:
    if key == "sport":
        theirs, ours = get_sport(theirs), get_sport(ours)
        if theirs.name == ours.name:
            return f"another sport of that name, {'; '.join(differences(theirs, ours))}"
        theirs, ours = theirs.name, ours.name
    if key == "model":
        return "another backbone"
    if key == "preprocessing":
        return f"{describe_preprocessing(theirs)} instead of {describe_preprocessing(ours)}"
    return f"{key} {theirs!r} instead of {ours!r}"
