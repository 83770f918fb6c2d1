"""A run in full: devices, every model that it starts from (each read once), the network, and what goes on record."""

import hashlib
import json
from typing import Any

import numpy as np

from scoringnet_tf.data.dataset_info import shown
from scoringnet_tf.data.factors import factors_hash
from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import model_path, split_name
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.training import pretraining, scoring
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.plan import Plan, ResolvedRun
from scoringnet_tf.training.run_record import RunRecord, videos_of_run
from scoringnet_tf.training.strategy import configure, strategy_of_run, workers


def resolve(plan: Plan) -> ResolvedRun:
    """What `fit` trains: everything is read and checked, and nothing in the folder of the run has changed.

    Raises:
        InputError: a model to start from is missing, damaged or built otherwise; devices do not suffice; the folder
            holds another run's state.
    """
    config, is_new = plan.config, Checkpoints(plan.model_dir).latest()[1] is None
    worker, number = workers()
    strategy = strategy_of_run(config)
    dtype = configure(config.run.precision, config.run.seed, config.run.deterministic)
    task = scoring if isinstance(config, TrainingConfig) else pretraining
    sources = {flag: _read(flag, path) for flag, path in config.starts.items() if flag != "segmenter"}
    seen = {flag: _seen_by(flag, plan, source) for flag, source in sources.items()}
    with strategy.scope():
        model = task.build(plan, sources, seen, dtype)
        if is_new:
            # Read after the network was built, whose weights are drawn by the seed: reading a model draws, too.
            if path := config.starts.get("segmenter"):
                sources["segmenter"] = _read("segmenter", path)
                seen["segmenter"] = _seen_by("segmenter", plan, sources["segmenter"])
            task.initialize(plan, model, sources)
    record = RunRecord(config, plan.info.data_hash, dtype, plan.validation_ids, _built_of(plan, model))
    own = {shown(plan.info.videos[video_id]) for video_id in plan.train_ids}
    return ResolvedRun(
        **vars(plan),
        task=task,
        model=model,
        dtype=dtype,
        strategy=strategy,
        worker=worker,
        workers=number,
        record=record,
        videos_seen=frozenset(own.union(*seen.values(), _seen_by_backbone(model))),
    )


def _read(flag: str, path: AnyPath) -> Any:
    return load_keras(path, C3D, flag) if flag == "pretrained" else load_scoring_net(path, flag)


# === What goes on record ===


def _built_of(plan: Plan, model: Any) -> dict[str, str | None]:
    """Constants of the model that neither a checkpoint nor the data hash holds: name → a hash, or None."""
    config = model.get_config()
    value = config.get("content", config)["preprocessing"]
    value = value and {**value, "frame_size": None}  # of the records; it changes nothing
    constants = {"preprocessing": hashed(value), "sport": plan.info.beside_records().get("sport")}
    if not isinstance(model, ScoringNet):
        return constants
    statistics = model.score_predictor.get_config()["score_statistics"]
    # To digits that no two machines sum otherwise.
    units = {score: [f"{value:.6g}" for value in of_tower] for score, of_tower in statistics.items()}
    stages = {score: sorted(names) for score, names in model.fragment_stages.items()}
    auxiliary = isinstance(plan.config, TrainingConfig) and plan.config.model.auxiliary
    return constants | {
        "scale of the scores, of the records or --initial_model": hashed(units),
        "stages of the towers, of the sport or --initial_model": hashed(stages),
        "weights of --backbone": model.backbone and model.backbone.origin.get("sha256"),
        "elements and faults (factors.csv)": factors_hash(plan.info) if auxiliary else None,
    }


def hashed(value: Any) -> str:
    """A hash of JSON values and arrays, the same for equal ones."""
    text = json.dumps(value, sort_keys=True, default=lambda array: np.asarray(array).tolist())
    return hashlib.sha256(text.encode()).hexdigest()


def _seen_by_backbone(model: Any) -> set[str]:
    backbone = getattr(model, "backbone", None)
    if not (backbone and backbone.origin):
        return set()
    return {*backbone.origin.get("learned_from", ())} | videos_of_run(split_name(backbone.origin["name"])[0])


def _seen_by(flag: str, plan: Plan, source: Any) -> set[str]:
    """What a model to start from learned from, as its file and its run say; a line if nothing does."""
    path, is_c3d = plan.config.starts[flag], flag == "pretrained"
    is_known = is_c3d  # published weights learned from none
    seen = {*source.learned_from} if is_c3d else set[str]()
    try:
        seen |= videos_of_run(path if is_c3d else model_path(path))
    except InputError:
        is_known = False
    if seen or is_known:
        return seen
    print(f"--{flag}={path}: it is unknown which videos this model learned from (by its config.json).")
    if not is_c3d and (source.provenance or {}).get("data_hash") == plan.info.data_hash:
        return {shown(plan.info.videos[name]) for name in plan.info.splits["train"]["ids"]}
    return seen
