"""What `pretrain` trains: a C3D that classifies clips of motion (§4.2 pretrains on UCF-101)."""

import dataclasses
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.initialization import continue_from, preprocessing_of
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.plan import Phase, Plan, ResolvedRun, class_heads

TOPS: dict[str, dict[str, Any]] = {  # arguments of `C3D`
    "fc": {"top": "fc", "final_endpoint": "pool5", "top_units": 4096},
    "regressor": {"top": "regressor", "final_endpoint": "conv5b", "top_units": 512},
}


def build(plan: Plan, sources: dict[str, Any], seen: dict[str, set[str]], dtype: str) -> C3D:
    """The C3D of a plan; it preprocesses frames as --pretrained, whose weights it will take, and keeps its past."""
    config: Any = plan.config
    preprocessing = preprocessing_of(sources.get("pretrained"), config.model.pretrained, config.data.image_size) or {}
    return C3D(
        input_shape=(config.data.clip_length, *config.data.image_size, 3),
        width_multiplier=config.model.width_multiplier,
        heads=class_heads(plan.info),
        **TOPS[config.model.top],
        dropout_rate=config.model.dropout,
        kernel_l2=config.model.weight_decay,
        preprocessing=preprocessing | {"frame_size": list(plan.info.frame_size)},
        learned_from=seen.get("pretrained", ()),
        dtype=dtype,
    )


def initialize(plan: Plan, c3d: C3D, sources: dict[str, Any]) -> None:
    """Goes on from another C3D, if the configuration names one."""
    for flag, path in plan.config.starts.items():
        continue_from(c3d, sources[flag], path)


def _clips(run: ResolvedRun, split: str, **options: Any) -> tf.data.Dataset:
    data: Any = run.config.data
    dataset = input_pipeline.clips(
        run.info.records_dir,
        split,
        clip_length=data.clip_length,
        sampling=data.clip_sampling,
        image_size=data.image_size,
        batch_size=data.batch_size,
        validation_fraction=data.validation_fraction,
        cache=data.cache,
        **options,
    )
    heads = class_heads(run.info)
    return dataset.map(lambda frames, classes: (frames, {head: classes[head] for head in heads}))


def training_batches(run: ResolvedRun, phase: Phase, first_epoch: int) -> tf.data.Dataset:
    """Augmented clips in a new order each epoch."""
    changes = dataclasses.asdict(run.config.augmentation)
    options: dict[str, Any] = {"first_epoch": first_epoch, "epochs": phase.epochs, "shuffle": True}
    return _clips(
        run, "train", seed=run.config.run.seed, augmentation=input_pipeline.Augmentation(**changes), **options
    )


def validation_batches(run: ResolvedRun) -> tf.data.Dataset:
    """A clip of each video that chooses the best epoch."""
    return _clips(run, "validation")


def compile_phase(run: ResolvedRun, phase: Phase) -> None:
    """Compiles the C3D as a classifier of every head."""
    heads = class_heads(run.info)
    run.model.compile(
        optimizer=make_optimizer(run.config.optimizer, run.dtype),
        loss=dict.fromkeys(heads, "sparse_categorical_crossentropy"),
        metrics=dict.fromkeys(heads, "accuracy"),
        # XLA is slower on a CPU, and refuses to work where determinism is asked for.
        jit_compile=bool(tf.config.list_physical_devices("GPU")) and not run.config.run.deterministic,
    )


def own_callbacks(run: ResolvedRun, phase: Phase, folder: Path) -> list[keras.callbacks.Callback]:
    """The figure that chooses the epoch."""
    return [callbacks.MeanAccuracy()]
