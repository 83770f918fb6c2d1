"""What an exported model says of itself, for clients that have neither our package nor the `.keras` file."""

import json
from typing import TYPE_CHECKING

from scoringnet_tf import __version__
from scoringnet_tf.sports import definition_of

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet

FORMAT = 1  # of the description; a change that readers must know of counts one up


def model_description(network: "ScoringNet", version: int | None = None) -> dict:
    """The description of a `ScoringNet`, plain values.

    Args:
        network: `ScoringNet`.
        version: of the export, the number of its folder.

    Returns:
        `stages`, their names in the order of the output `stages`; `sport`, its definition; `scores`, those that have a
        tower; `outputs`, the names of what an export gives for a video; `frame_rate`, frames a second of the training
        videos, None where it is not known; `preprocessing`, the arguments of `ScoringNetPreprocessor`, or the features
        that it takes, as `DatasetInfo.features`; and the rest of what tells this model from another.
    """
    provenance = network.provenance or {}
    of_frames = network.content == "frames"
    return {
        "format": FORMAT,
        "package_version": __version__,
        "version": version,
        "sport": definition_of(network.sport),
        "stages": list(network.sport.stages),
        "scores": list(network.scores),
        "outputs": sorted({*network.output, "valid"}),
        "frame_rate": provenance.get("frame_rate"),
        "content": network.content,
        "preprocessing": network.preprocessor.get_config() if of_frames else network.features,
        "decoding": network.stage_decision.decoding if network.stage_decision is not None else None,
        "views": network.views,
        "provenance": network.provenance,
    }


def as_json_fields(description: dict) -> dict[str, str]:
    """Field → its value as JSON."""
    return {name: json.dumps(value, ensure_ascii=False) for name, value in description.items()}
