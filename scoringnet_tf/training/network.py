"""The network and the losses that a configuration describes."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.factors import read_factors
from scoringnet_tf.data.features import rate_differences
from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.losses import ScoreLoss, StageCrossEntropy
from scoringnet_tf.models.backbones.backbone import Backbone
from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.models.parameter_groups import BACKBONE
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.sports import FINAL_ALONE, PREDICTED_SCORES
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training.config import (
    HEADS,
    SEPARATE,
    STAGE_NETWORKS,
    Distribution,
    KeyFragments,
    Regression,
    TrainingConfig,
)
from scoringnet_tf.training.initialization import preprocessing_of
from scoringnet_tf.weights.backbones import load_backbone


def build_network(
    info: DatasetInfo,
    config: TrainingConfig,
    dtype: str,
    towers: Sequence[str] | None = PREDICTED_SCORES,
    sources: Mapping[str, Any] | None = None,
) -> ScoringNet:
    """The `ScoringNet` that a configuration describes for records, with towers for these scores.

    Without `towers` no score can be learned: they are those of the source or the configuration, in standard units.
    `sources` are the models that it will start from, flag → model: its frames are preprocessed as theirs. A tower
    from --initial_model that learns in no phase keeps its units and its stages: the same weights answer as they did.

    Raises:
        InputError: it cannot have so many views, or lacks towers or stages that the configuration names.
    """
    model, fragments, source = config.model, config.fragments, (sources or {}).get("initial_model")
    scoreless = towers is None
    towers = towers or (source.scores if source else FINAL_ALONE if model.scores == "final" else PREDICTED_SCORES)
    statistics, stages = _kept(source, config, towers)
    reads = {} if model.statistics else {"statistics": False}
    if source is not None:
        preprocessing = source.get_config()["content"]["preprocessing"]
        reads = {"statistics": source.score_predictor.get_config()["statistics"]}
    else:
        c3d, path = (sources or {}).get("pretrained"), config.starts.get("pretrained")
        preprocessing = preprocessing_of(c3d, path, config.data.image_size)
    return ScoringNet.for_records(
        info,
        image_size=config.data.image_size,
        width_multiplier=model.width_multiplier,
        backbone=_backbone(info, config, config.backbone, dtype) if config.backbone else None,
        segmenter=_segmenter_options(fragments) if fragments else None,
        score_predictor={
            "scores": towers,
            "clip_lengths": model.clip_lengths,
            "conv_filters": model.conv_filters,
            "fc_units": model.fc_units,
            "pool_stride": model.pool_stride,
            **reads,
            **_told(info, config, source),
            "head": next(name for name, kind in HEADS.items() if isinstance(model.head, kind)),
            "output_activation": model.head.output_activation if isinstance(model.head, Regression) else "linear",
            "dropout_rate": model.dropout,
            "kernel_l2": config.loss.beta,
            "views": model.views,
            "score_statistics": (dict.fromkeys(towers, (0.0, 1.0)) if scoreless else {}) | statistics,
            "fragment_stages": fragment_stages(info, config, towers, stages),
        },
        content={"preprocessing": preprocessing},
        dtype=dtype,
    )


def _told(info: DatasetInfo, config: TrainingConfig, source: ScoringNet | None) -> dict[str, Any]:
    """What the towers tell beside scores: as --initial_model, or the elements and faults in training."""
    if source is not None:
        of_source = source.score_predictor.get_config()
        told = {name: of_source[name] for name in ("elements", "faults")}
        if config.model.auxiliary and not all(told.values()):
            message = "--set=model.auxiliary=true: the towers of --initial_model tell no element and no faults."
            raise InputError("flags_conflict", message, "Leave it out, or train a new model.")
        return told
    if not config.model.auxiliary:
        return {}
    factors = read_factors(info, split_ids(info, "train"))
    difficulty, *faults = factors.values.T
    elements = dict(sorted(zip(factors.elements, difficulty.tolist(), strict=True)))
    statistics = [(float(values.mean()), float(values.std()) or 1.0) for values in faults]
    return {"elements": elements, "faults": dict(zip(factors.names[1:], statistics, strict=True))}


def _backbone(info: DatasetInfo, config: TrainingConfig, name: str, dtype: str) -> Backbone:
    """A configuration's backbone; if pretrained, it learns what --lr_multipliers names."""
    size, rates = config.data.image_size, config.optimizer.lr_multipliers
    if name.startswith(of_new := f"{SEPARATE}:"):
        options: dict[str, Any] = {"temporal_pooling": False, "masked": True, "dtype": dtype}
        end = name.removeprefix(of_new)
        return Backbone(C3D((None, *size, 3), config.model.width_multiplier, final_endpoint=end, **options))
    learns = [part for part, rate in rates.items() if part.partition("/")[0] == BACKBONE and rate]
    backbone = load_backbone(name, size, trainable=bool(learns)).with_dtype(dtype)
    if backbone.frame_rate and info.frame_rate and rate_differences(backbone.frame_rate, info.frame_rate):
        print(f"--backbone={name} learned from {backbone.frame_rate:g} frames/s; the records have {info.frame_rate:g}.")
    if learns and BACKBONE not in learns:
        prefixes = tuple(part.partition("/")[2] for part in learns)
        for layer in backbone.model.layers:
            layer.trainable = layer.name.startswith(prefixes)
    return backbone


def _segmenter_options(fragments: KeyFragments) -> dict[str, Any]:
    network, options = fragments.network, dataclasses.asdict(fragments.network)
    if "dropout" in options:
        options["dropout_rate"] = options.pop("dropout")
    name = next(name for name, kind in STAGE_NETWORKS.items() if type(network) is kind)
    return {**options, "network": name, "decoding": fragments.decoding}


def _kept(source: ScoringNet | None, config: TrainingConfig, towers: Sequence[str]) -> tuple[dict, dict]:
    """Statistics and stages, by score, for towers in --initial_model that have learned, and do not learn on."""
    if source is None:
        return {}, {}
    frozen = source.learned_parts & {*(towers if config.trains_kfs_alone else config.frozen)} & {*towers}
    of_source = source.score_predictor.get_config()["score_statistics"], source.fragment_stages
    kept = [{score: of_tower[score] for score in of_tower if score in frozen} for of_tower in of_source]
    return kept[0], kept[1]


def fragment_stages(
    info: DatasetInfo, config: TrainingConfig, towers: Collection[str], kept: Mapping[str, list[str]]
) -> dict[str, list[str]] | None:
    """Score → the stages that the configuration names, or `kept`, a resting tower's; None if none.

    InputError if there are no such stages, or no tower that could see them.
    """
    stages = {score: names for score, names in kept.items() if {*names} <= {*info.stages}}  # else of another sport
    for score in PREDICTED_SCORES:
        asked = list(getattr(config.fragments, score, ()))
        name = f"model.fragments.{score}={','.join(asked)}"
        if {*asked} - {*info.stages[1:]} or len({*asked}) < len(asked):
            raise InputError("unknown_name", f"{name}: name stages of {', '.join(info.stages[1:])}, each once.")
        if asked and score not in towers:
            raise InputError("flags_conflict", f"{name}: no tower is for {score}.")
        if asked and {*asked} != {*stages.get(score, asked)}:
            message = f"{name}: the tower of --initial_model sees {', '.join(stages[score])}, and does not learn."
            raise InputError("flags_conflict", message, "Leave the stages out, or let the tower learn.")
        stages |= {score: asked} if asked else {}
    return stages or None


def losses(network: ScoringNet, config: TrainingConfig, final_std: float | None = None) -> dict[str, keras.losses.Loss]:
    """Eqs. 5, 8 and 9 as the configuration says: output → loss.

    With `final_std`, the final score's standard deviation in training, that score is learned as well.
    """
    loss, head = config.loss, config.model.head
    unit = 1.0 if loss.units == "points" else None
    ranked: dict[str, Any] = {
        "alpha": loss.alpha,
        "margin": loss.ranking_margin,
        "reduction": loss.pair_reduction,
        "ties": loss.ties,
    }
    of_head = {"sigma": head.sigma} if isinstance(head, Distribution) else {}
    of_outputs = network.default_losses()
    if network.segmenter is not None:
        of_outputs["stages"] = StageCrossEntropy(loss.stages)
    for score in network.scores:
        of_outputs[score] = network.score_loss(score, unit=unit, **ranked, **of_head)
    if final_std is not None:
        of_outputs["final"] = ScoreLoss(unit=unit or final_std, **ranked)
    return of_outputs
