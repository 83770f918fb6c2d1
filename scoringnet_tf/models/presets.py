"""Trained ScoringNets: loaded by name or path (`support.model_files`), checked, and copied with other settings."""

import dataclasses
from collections.abc import Collection
from typing import Any

from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.training_statistics import Intervals
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.support.paths import AnyPath


def load_scoring_net(path: AnyPath | None = None, flag: str = "model") -> ScoringNet:
    """The `ScoringNet` at `path`, see `model_files.model_path`; InputError, naming `flag`, if there is none."""
    return load_keras(model_path(path, flag), ScoringNet, flag)


def check_trained(
    model: ScoringNet, path: AnyPath | None, flag: str = "model", parts: Collection[str] | None = None
) -> None:
    """Checks that what a model is asked for has been trained: noise and means look like stages and scores.

    Args:
        model: a `ScoringNet`.
        path: its file; None if it has none.
        flag: how the user calls that path.
        parts: names of `models.parameter_groups.learning_parts`; None for all that a score is made by.

    Raises:
        InputError: naming `flag`, with the code `not_trained`.
    """
    unlearned = [name for name in model.unlearned_parts if parts is None or name in parts]
    if unlearned:
        name = "The model" if path is None else f"--{flag}={path}"
        raise InputError(
            "not_trained",
            f"{name} is not trained: {' and '.join(unlearned)} never learned.",
            "Train it. If its weights come from elsewhere, set model.scores_learned = True and save it.",
        )


def with_views(model: ScoringNet, views: int) -> ScoringNet:
    """A copy that scores that many views of a fragment; InputError if it cannot (`unknown_name`).

    Its scores err otherwise, so it states no intervals until they are calibrated anew.
    """
    changes = {"views": views}
    if views != model.views:
        changes |= _without_intervals(model, "They were measured with another number of views.")
    return model.with_dtype(model.get_config()["dtype"], **changes)


def with_decoding(model: ScoringNet, decoding: str) -> ScoringNet:
    """A copy with another stage decoder. Its intervals are dropped: they were calibrated with the old one."""
    changes = {"decoding": decoding}
    if decoding != model.stage_decision.decoding:
        changes |= _without_intervals(model, "They were measured with stages that were decoded in another way.")
    return model.with_dtype(model.get_config()["dtype"], **changes)


def _without_intervals(model, reason) -> dict[str, Any]:
    """The change of a model's settings that leaves out its intervals."""
    if not model.reference:
        return {}
    return {"reference": dataclasses.replace(model.reference, intervals=Intervals.none(reason)).get_config()}
