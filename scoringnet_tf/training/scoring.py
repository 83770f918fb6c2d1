"""What `train` trains: the batches, losses and callbacks of a `ScoringNet` on scored videos."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.augmentation import PIXEL_OPTIONS
from scoringnet_tf.data.factors import read_factors
from scoringnet_tf.models.parameter_groups import rate_factors
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.sports import SCORES
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.config import FRAGMENTS, TrainingConfig, TrueFragments
from scoringnet_tf.training.initialization import check_parts, load_network, load_pretrained, load_segmenter
from scoringnet_tf.training.network import build_network, losses
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.plan import Phase, Plan, ResolvedRun, check_fragments

LOADS: dict[str, Callable[..., None]] = {  # by flag
    "pretrained": load_pretrained,
    "initial_model": load_network,
    "segmenter": load_segmenter,
}
MEASURED = 10_000  # training videos that tell the mean and deviation of features; of more, every n-th
SMALL_SHARE = 0.3  # of a stored frame: if the model sees less, a note is due


def build(plan: Plan, sources: dict[str, Any], seen: dict[str, set[str]], dtype: str) -> ScoringNet:
    """The network of a plan, checked against the records and the models that it starts from (flag → model)."""
    config: Any = plan.config
    towers = plan.targets.towers if plan.targets else None
    network = build_network(plan.info, config, dtype, towers, sources)
    check_fragments(plan.info, config, network.fragment_stages)
    check_parts(network, [phase.name for phase in plan.phases], config, sources.get("initial_model"))
    return network


def initialize(plan: Plan, network: ScoringNet, sources: dict[str, Any]) -> None:
    """Fills a new network with the weights that the configuration names, and with the statistics of features."""
    info, config = plan.info, plan.config
    if plan.targets is not None:
        print(plan.targets.message)
    if info.features or (network.backbone and network.backbone.pretrained):
        # All steps, not the T that training draws: their mean lies up to 0.08 deviations apart (soccer, 286 videos).
        ids = plan.train_ids[:: math.ceil(len(plan.train_ids) / MEASURED)]
        measured = {"ids": ids, "validation_fraction": 0.0}
        network.adapt_features(videos(plan, network, "train", num_frames=None, **measured))
    if not info.features and (share := math.prod(config.data.image_size) / math.prod(info.frame_size)) < SMALL_SHARE:
        hint = "Build smaller frames (--frame_height, --frame_width), or raise --image_size. [frames_oversized]"
        print(f"The model sees {share:.0%} of each stored frame, the paper's 57%. {hint}")
    for flag, path in config.starts.items():  # the more particular ones come last
        LOADS[flag](network, sources[flag], path)


# === Batches ===


def videos(plan: Plan, network: ScoringNet, split: str, **options: Any) -> tf.data.Dataset:
    """The videos of a split as the network sees them; options of `input_pipeline.videos`."""
    data: Any = plan.config.data
    usual: dict[str, Any] = {
        "image_size": data.image_size,
        "batch_size": data.batch_size,
        "validation_fraction": data.validation_fraction,
        "num_frames": network.sampled_frames,
        "cache": data.cache,
        "joint_noise": data.joint_noise,
    }
    return input_pipeline.videos(plan.info.records_dir, split, **usual | options)


def training_batches(run: ResolvedRun, phase: Phase, first_epoch: int) -> tf.data.Dataset:
    """Augmented videos in a new order each epoch; if the control asks for it, with each other's scores."""
    config: Any = run.config
    augmentation = dataclasses.asdict(config.augmentation)
    if run.info.features:
        augmentation |= dict.fromkeys(PIXEL_OPTIONS, 0)
    told = phase.name != "segmentation" and config.model.auxiliary
    dataset = videos(
        run,
        run.model,
        "train",
        seed=config.run.seed,
        augmentation=input_pipeline.Augmentation(**augmentation),
        shuffle=True,
        first_epoch=phase.first_epoch + first_epoch,
        epochs=phase.first_epoch + phase.epochs,
        with_info=config.data.shuffle_labels or told,
        **frames_of_interest(config, run.model, phase),
    )
    if told:
        dataset = dataset.map(_with_factors(run))
    return dataset.map(_exchanged_scores(run)) if config.data.shuffle_labels else dataset


def frames_of_interest(config: TrainingConfig, network: ScoringNet, phase: Phase) -> dict[str, Any]:
    """Options of `videos`: SP on true fragments sees nothing else of a video, so no other frame is decoded."""
    fragments = config.fragments
    # Joints are measured against the whole video.
    if phase.name != "scoring" or not isinstance(fragments, TrueFragments) or network.joint_features is not None:
        return {}
    return {"only_stages": [*network.fragment_stages.values()], "margin": fragments.jitter}


def _with_factors(run: ResolvedRun) -> Callable[..., tuple[Any, ...]]:
    """A map that adds each training video's element and faults to its targets."""
    settings = run.model.score_predictor.get_config()
    factors, elements = read_factors(run.info, run.train_ids), [*settings["elements"]]
    numbers = np.array([elements.index(name) if name in elements else -1 for name in factors.elements], np.int32)
    faults = factors.values[:, [factors.names.index(name) for name in settings["faults"]]].astype(np.float32)
    place_of = _places(run.train_ids)

    def add(inputs: Any, targets: Any, extras: Any) -> tuple[Any, ...]:
        places = place_of(extras["id"])
        more = {"element": tf.gather(numbers, places), "faults": tf.gather(faults, places)}
        return inputs, targets | more, *([extras] if run.config.data.shuffle_labels else [])  # type: ignore[union-attr]

    return add


def _places(ids: list[str]) -> Callable[[Any], Any]:
    """A function: string (B,) → each id's place among `ids`."""
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(ids, np.arange(len(ids))), -1).lookup


def _exchanged_scores(run: ResolvedRun) -> Callable[..., tuple[Any, Any]]:
    """A map that gives every training video the scores of another one: the control that must learn nothing."""
    ids, names = run.train_ids, run.info.scores
    order = np.random.default_rng(run.config.run.seed).permutation(len(ids))
    others = np.empty_like(order)
    others[order] = np.roll(order, 1)  # none keeps its own
    others_ids = [ids[i] for i in others]
    scores = np.stack([run.info.true_scores(name, others_ids) for name in names], 1).astype(np.float32)
    place_of = _places(ids)

    def exchange(inputs: Any, targets: Any, extras: Any) -> tuple[Any, Any]:
        drawn = tf.gather(scores, place_of(extras["id"]))
        return inputs, {**targets, **{name: drawn[:, index] for index, name in enumerate(names)}}

    return exchange


def validation_batches(run: ResolvedRun) -> tf.data.Dataset:
    """The held-out videos as they are, whole."""
    return videos(run, run.model, "validation")


# === Training ===


def compile_phase(run: ResolvedRun, phase: Phase) -> None:
    """Compiles the network for a phase."""
    config: Any = run.config
    fragments: dict[str, Any] = {}
    if config.fragments is not None:
        source = next(name for name, kind in FRAGMENTS.items() if type(config.fragments) is kind)
        fragments = {"fragments": source, "fragment_jitter": config.fragments.jitter}
    rates = {part: factor for part, factor in config.optimizer.lr_multipliers.items() if factor}
    final_too = run.targets is not None and run.targets.final_too
    final_std = run.info.score_statistics["train"]["final"]["std"] if final_too else None
    run.model.choose_trained(phase.name, config.frozen)  # the optimizer has a factor for each of these
    run.model.compile(
        make_optimizer(config.optimizer, run.dtype, rate_factors(run.model, rates)),
        loss=losses(run.model, config, final_std),
        phase=phase.name,
        frozen=config.frozen,
        num_videos=len(run.validation_ids),  # with an SRC of NaN no epoch would be the best
        **fragments,
    )


def own_callbacks(run: ResolvedRun, phase: Phase, folder: Path) -> list[keras.callbacks.Callback]:
    """A check that KFS learns from labels, and the scores of the held-out videos."""
    ids, truth, chosen = run.validation_ids, {}, list[keras.callbacks.Callback]()
    if not ids:
        return []
    labels = {stage for stage, count in run.info.stage_frames["train"].items() if count} - {"unlabelled"}
    if labels and phase.name != "scoring" and run.model.segmenter is not None:
        chosen.append(callbacks.StagesLabelled(str(run.info.records_dir)))
    if phase.name == "segmentation":
        return chosen
    for score in [score for score in SCORES if score in run.model.output]:
        values = zip(ids, run.info.true_scores(score, ids), strict=True)
        truth[score] = [(video_id, true) for video_id, true in values if not math.isnan(true)]
    return [*chosen, callbacks.ValidationScores(folder / f"{phase.name}_scores.csv", truth)]
