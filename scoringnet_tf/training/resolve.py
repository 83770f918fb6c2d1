"""A run in full: devices, every model that it starts from (each read once), the network, and what goes on record."""

import hashlib
import json
from typing import Any

import numpy as np

from scoringnet_tf.data.dataset_info import shown
from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.sports import PREDICTED_SCORES
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.training import pretraining, scoring
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.initialization import check_parts
from scoringnet_tf.training.network import build_network
from scoringnet_tf.training.plan import Plan, ResolvedRun, Task, check_folder, check_fragments
from scoringnet_tf.training.run_record import RunRecord, learned_from
from scoringnet_tf.training.strategy import configure, strategy_of_run, workers
from scoringnet_tf.weights.backbones import split_name


def resolve(plan: Plan) -> ResolvedRun:
    """What `fit` trains: everything is read and checked, and nothing in the folder of the run has changed.

    Raises:
        InputError: a model to start from is missing, damaged or built otherwise; devices or memory do not suffice; the
            folder holds something else.
    """
    config, is_new = plan.config, Checkpoints(plan.model_dir).latest()[1] is None
    worker, number = workers()
    strategy = strategy_of_run(config)
    dtype = configure(config.run.precision, config.run.seed, config.run.deterministic)
    if is_new and worker == 0:
        check_folder(plan)
    sources = {flag: _read(flag, path) for flag, path in config.starts.items() if flag != "segmenter"}
    build = _scoring_net if isinstance(config, TrainingConfig) else _c3d
    with strategy.scope():
        task, model = build(plan, sources, dtype)
        if is_new:
            # Read after the network was built, whose weights are drawn by the seed: reading a model draws, too.
            sources |= {flag: _read(flag, path) for flag, path in config.starts.items() if flag == "segmenter"}
            task.initialize(plan, model, sources)
    learned = _seen_in_training(plan, model, sources)
    record = RunRecord(config, plan.info.data_hash, dtype, plan.validation_ids, _built_of(plan, model))
    return ResolvedRun(
        **vars(plan),
        task=task,
        model=model,
        dtype=dtype,
        strategy=strategy,
        worker=worker,
        workers=number,
        record=record,
        learned_from=learned,
    )


def _read(flag: str, path: AnyPath) -> Any:
    return load_keras(path, C3D, flag) if flag == "pretrained" else load_scoring_net(path, flag)


def _scoring_net(plan: Plan, sources: dict[str, Any], dtype: str) -> tuple[Task, ScoringNet]:
    config: Any = plan.config
    towers = plan.targets.towers if plan.targets else PREDICTED_SCORES
    network = build_network(plan.info, config, dtype, towers, sources)
    check_fragments(plan.info, config, network.fragment_stages)
    check_parts(network, [phase.name for phase in plan.phases], config, sources.get("initial_model"))
    return scoring.TASK, network


def _c3d(plan: Plan, sources: dict[str, Any], dtype: str) -> tuple[Task, C3D]:
    source = sources.get("pretrained")
    learned = _seen_by("pretrained", plan, source) if source else frozenset()
    return pretraining.TASK, pretraining.build_c3d(plan, source, learned, dtype)


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
    return constants | {
        "scale of the scores, of the records or --initial_model": hashed(units),
        "stages of the towers, of the sport or --initial_model": hashed(stages),
        "weights of --backbone": model.backbone and model.backbone.origin.get("sha256"),
    }


def hashed(value: Any) -> str:
    """A hash of JSON values and arrays, the same for equal ones."""
    text = json.dumps(value, sort_keys=True, default=lambda array: np.asarray(array).tolist())
    return hashlib.sha256(text.encode()).hexdigest()


def _seen_in_training(plan: Plan, model: Any, sources: dict[str, Any]) -> frozenset[str]:
    """What the training videos show, and those of the models that the run starts from."""
    seen = {shown(plan.info.videos[video_id]) for video_id in plan.train_ids}
    for flag, source in sources.items():
        seen |= _seen_by(flag, plan, source)
    backbone = getattr(model, "backbone", None)
    if backbone and backbone.origin:
        seen |= {*backbone.origin.get("learned_from", ())} | learned_from(split_name(backbone.origin["name"])[0])
    return frozenset(seen)


def _seen_by(flag: str, plan: Plan, source: Any) -> frozenset[str]:
    """What a model to start from learned from, as its file and its run say; a line if nothing does."""
    path, is_known = plan.config.starts[flag], flag == "pretrained"  # published weights learned from none
    seen: frozenset[str] = frozenset()
    try:
        seen = frozenset(learned_from(path if flag == "pretrained" else model_path(path, flag)))
    except InputError:
        is_known = False
    seen |= source.learned_from if flag == "pretrained" else set()
    if seen or is_known:
        return seen
    print(f"--{flag}={path}: it is unknown which videos this model learned from (by its config.json).")
    if flag != "pretrained" and (source.provenance or {}).get("data_hash") == plan.info.data_hash:
        return frozenset(shown(plan.info.videos[name]) for name in plan.info.splits["train"]["ids"])
    return seen
