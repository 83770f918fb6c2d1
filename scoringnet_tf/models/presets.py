"""Trained ScoringNets: loaded by name or path (`support.model_files`), checked, and copied with other settings."""

import dataclasses
from collections.abc import Collection
from typing import Any

from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.training_statistics import Intervals
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.support.paths import AnyPath


def load_scoring_net(path: AnyPath | None = None, flag: str = "model") -> ScoringNet:
    """The `ScoringNet` at `path`, see `model_files.model_path`; InputError, naming `flag`, if there is none."""
    return load_keras(model_path(path, flag), ScoringNet, flag)


def check_trained(
    model: ScoringNet, path: AnyPath | None, flag: str = "model", parts: Collection[str] | None = None
) -> None:
    """InputError (`not_trained`) unless what a model is asked for has learned: noise and means look like results.

    `parts` are names in `models.parameter_groups.learning_parts`; None for all that make a score.
    """
    unlearned = [name for name in model.unlearned_parts if parts is None or name in parts]
    if unlearned:
        name = "The model" if path is None else f"--{flag}={path}"
        message = f"{name} is not trained: {' and '.join(unlearned)} never learned."
        hint = "Train it. If its weights come from elsewhere, set model.scores_learned = True and save it."
        raise InputError("not_trained", message, hint)


def with_decoding(model: ScoringNet, decoding: str | None) -> ScoringNet:
    """The model with another stage decoding; itself for None or its own.

    A copy states no intervals until it is calibrated anew. InputError (`unknown_name`) if there is no such decoding.
    """
    if decoding in (None, model.stage_decision and model.stage_decision.decoding):
        return model
    changes: dict[str, Any] = {"segmenter": {"decoding": decoding}}
    if model.reference:
        none = Intervals.none("They were measured with another decoding.")
        changes["reference"] = dataclasses.replace(model.reference, intervals=none, times=none).get_config()
    return model.with_dtype(model.get_config()["dtype"], **changes)
