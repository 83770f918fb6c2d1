"""A run of `python -m scoringnet_tf.pretrain`: a C3D on a classification set of records (§4.2 pretrains on UCF-101).

The best C3D by mean validation accuracy is `c3d.keras`; once it was evaluated, `metrics.json` lies beside it.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.models.saving import load_keras
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import write_json
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.config import Consecutive, PretrainingConfig
from scoringnet_tf.training.initialization import continue_from, learned_before, preprocessing_of
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.run import Phase, Run

BEST = "c3d.keras"
TOPS: dict[str, dict[str, Any]] = {  # arguments of `C3D`
    "fc": {"top": "fc", "final_endpoint": "pool5", "top_units": 4096},
    "regressor": {"top": "regressor", "final_endpoint": "conv5b", "top_units": 512},
}


def accuracies(c3d: keras.Model, batches: Iterable[tuple[Any, Mapping[str, Any]]]) -> dict[str, dict[str, float]]:
    """How often a C3D is right about clips, and about videos: by the mean of the probabilities of a video's clips.

    Args:
        c3d: `C3D` with heads.
        batches: (frames (B, K, T, H, W, 3), {head: labels (B,)}), as of `input_pipeline.video_clips`.

    Returns:
        {head: {"clip": share of the clips, "video": share of the videos}}.
    """
    right: dict[str, tuple[list, list]] = {}
    for frames, classes in batches:
        outputs = c3d.predict_on_batch(tf.reshape(frames, (-1, *frames.shape[2:])))  # (B·K, classes)
        for head, probabilities in outputs.items():
            of_clips = probabilities.reshape(*frames.shape[:2], -1)  # (B, K, classes)
            labels = np.asarray(classes[head])[:, np.newaxis]  # (B, 1)
            clip, video = right.setdefault(head, ([], []))
            clip.append(of_clips.argmax(axis=-1) == labels)
            video.append(of_clips.mean(axis=1, keepdims=True).argmax(axis=-1) == labels)
    return {
        head: {"clip": float(np.concatenate(clip).mean()), "video": float(np.concatenate(video).mean())}
        for head, (clip, video) in right.items()
    }


class PretrainingRun(Run):
    """A `Run` of `python -m scoringnet_tf.pretrain`; the records must have classes.

    Raises:
        InputError: they have none, no training split, or nothing to choose the best epoch by.
    """

    config: PretrainingConfig

    def __init__(self, info: DatasetInfo, config: PretrainingConfig) -> None:
        splits = ", ".join(info.splits)
        if "train" not in info.splits:
            raise InputError("no_training_split", f"{info.records_dir} has no train split, only {splits}.")
        self.heads = {head: len(names) for head, names in info.classes.items() if len(names) > 1}
        if not self.heads:
            message = f"{info.records_dir}: the records of {info.name} have no classes to learn."
            raise InputError("no_classes", message, "Build records with --dataset=motion or ucf101.")
        if "validation" not in info.splits and not config.data.validation_fraction:  # the test split never chooses
            message = f"--validation_fraction=0: {info.records_dir} has no validation split, only {splits}."
            raise InputError("no_validation", message, "Set --validation_fraction above 0.")
        super().__init__(info, config, [Phase("pretraining", config.schedule.epochs, 0, "val_mean_accuracy", BEST)])
        data, model = config.data, config.model
        preprocessing = preprocessing_of(model.pretrained, data.image_size) or {}
        self.model = C3D(
            input_shape=(data.clip_length, *data.image_size, 3),
            width_multiplier=model.width_multiplier,
            heads=self.heads,
            **TOPS[model.top],
            dropout_rate=model.dropout,
            kernel_l2=model.weight_decay,
            preprocessing=preprocessing | {"frame_size": list(info.frame_size)},
            learned_from=learned_before(model.pretrained),
            dtype=self.dtype,
        )

    # === Data ===

    def split(self) -> tuple[list[str], list[str]]:
        """Training videos, and those that choose the best epoch."""
        fraction = self.config.data.validation_fraction
        train, validation = (input_pipeline.split_ids(self.info, split, fraction) for split in ("train", "validation"))
        return train, validation

    def _clips(self, split, **options):
        dataset = input_pipeline.clips(
            self.info.records_dir,
            split,
            clip_length=self.config.data.clip_length,
            sampling="consecutive" if isinstance(self.config.data.clip_sampling, Consecutive) else "whole",
            image_size=self.config.data.image_size,
            batch_size=self.config.data.batch_size,
            validation_fraction=self.config.data.validation_fraction,
            **options,
        )
        return dataset.map(lambda frames, classes: (frames, {head: classes[head] for head in self.heads}))

    def training_data(self, phase: Phase, first_epoch: int) -> tf.data.Dataset:
        """Augmented clips in a new order each epoch."""
        changes = dataclasses.asdict(self.config.augmentation)
        return self._clips(
            "train",
            seed=self.config.run.seed,
            augmentation=input_pipeline.Augmentation(**changes),
            shuffle=True,
            first_epoch=first_epoch,
            epochs=phase.epochs,
        )

    def validation_data(self, phase: Phase) -> tf.data.Dataset:
        """A clip of each video that chooses the best epoch."""
        return self._clips("validation")

    # === Training ===

    def load_initial_weights(self) -> None:
        """Goes on from another C3D, if the configuration names one."""
        if self.config.model.pretrained:
            continue_from(self.model, self.config.model.pretrained)

    def begin(self, phase: Phase, resumed: bool) -> None:
        """Compiles the C3D as a classifier of every head."""
        self.model.compile(
            optimizer=make_optimizer(self.config.optimizer, self.dtype),
            loss=dict.fromkeys(self.heads, "sparse_categorical_crossentropy"),
            metrics=dict.fromkeys(self.heads, "accuracy"),
            # XLA is slower on a CPU, and refuses to work where determinism is asked for.
            jit_compile=bool(tf.config.list_physical_devices("GPU")) and not self.config.run.deterministic,
        )

    def shown(self, phase: Phase) -> dict[str, str]:
        """The mean accuracy over the heads."""
        return {"val_mean_accuracy": "accuracy"}

    def further_callbacks(self, phase: Phase) -> list[keras.callbacks.Callback]:
        """The figure that chooses the epoch."""
        return [callbacks.MeanAccuracy()]

    def evaluate(self) -> dict[str, Any]:
        """Measures c3d.keras on several clips of each video of the test split; on the validation split where none is.

        Returns:
            What it writes into metrics.json: `split`, `num_videos`, `clips_per_video`, and `accuracy` as of
            `accuracies`.
        """
        data = self.config.data
        clips = data.clip_sampling.clips_per_video if isinstance(data.clip_sampling, Consecutive) else 1
        split = "test" if "test" in self.info.splits else "validation"
        batches = input_pipeline.video_clips(
            self.info.records_dir,
            split,
            clip_length=data.clip_length,
            clips_per_video=clips,
            image_size=data.image_size,
            batch_size=max(1, data.batch_size // clips),
            validation_fraction=data.validation_fraction,
        )
        c3d = load_keras(self.model_dir / BEST, C3D, "model_dir")
        metrics = {
            "split": split,
            "num_videos": len(input_pipeline.split_ids(self.info, split, data.validation_fraction)),
            "clips_per_video": clips,
            "accuracy": accuracies(c3d, tqdm(batches, f"Evaluating on {split}", unit="batch")),
        }
        write_json(self.model_dir / "metrics.json", metrics)
        return metrics
