"""A run of `python -m scoringnet_tf.pretrain`: a C3D on a classification set of records (§4.2 pretrains on UCF-101).

The best C3D by mean validation accuracy is `c3d.keras`; once it was evaluated, `metrics.json` lies beside it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
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
from scoringnet_tf.training.initialization import continue_from, learned_before, preprocessing_of
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.run import Phase, Run

BEST = "c3d.keras"
TOPS: dict[str, dict[str, Any]] = {
    "fc": {"top": "fc", "final_endpoint": "pool5", "top_units": 4096},
    "regressor": {"top": "regressor", "final_endpoint": "conv5b", "top_units": 512},
}


def check_validation(info: DatasetInfo, validation_fraction: float) -> None:
    """InputError where nothing chooses the best epoch; the test split never does."""
    if "validation" not in info.splits and not validation_fraction:
        raise InputError(
            "no_validation",
            f"--validation_fraction=0: {info.records_dir} has no validation split to choose the best epoch by, only "
            f"{', '.join(info.splits)}.",
            "Set --validation_fraction above 0.",
        )


def classes_of(info: DatasetInfo) -> dict[str, int]:
    """Head → number of classes, of the heads with more than one; InputError where there is none."""
    heads = {head: len(names) for head, names in info.classes.items() if len(names) > 1}
    if not heads:
        raise InputError(
            "no_classes",
            f"{info.records_dir}: the records of {info.name} have no classes to learn.",
            "Build records with --dataset=motion or ucf101.",
        )
    return heads


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
    """A `Run` of the settings of `python -m scoringnet_tf.pretrain`; the records must have classes.

    Raises:
        InputError: they have none, no training split, or nothing to choose the best epoch by.
    """

    def __init__(self, info: DatasetInfo, settings: dict[str, Any]) -> None:
        if "train" not in info.splits:
            raise InputError(
                "no_training_split", f"{info.records_dir} has no train split, only {', '.join(info.splits)}."
            )
        self.heads = classes_of(info)
        check_validation(info, settings["validation_fraction"])
        super().__init__(info, settings, [Phase("pretraining", settings["epochs"], 0, "val_mean_accuracy", BEST)])
        self.model = C3D(
            input_shape=(settings["clip_length"], *settings["image_size"], 3),
            width_multiplier=settings["width_multiplier"],
            heads=self.heads,
            **TOPS[settings["top"]],
            pool_stride=settings["pool_stride"],
            dropout_rate=settings["dropout"],
            kernel_l2=settings["weight_decay"],
            preprocessing={
                **(preprocessing_of(settings["pretrained"], settings["image_size"]) or {}),
                "frame_size": list(info.frame_size),
            },
            learned_from=learned_before(settings["pretrained"]),
            dtype=self.dtype,
        )

    # === Data ===

    def split(self) -> tuple[list[str], list[str]]:
        """Training videos, and those that choose the best epoch."""
        fraction = self.settings["validation_fraction"]
        train, validation = (input_pipeline.split_ids(self.info, split, fraction) for split in ("train", "validation"))
        return train, validation

    def _clips(self, split, **options):
        dataset = input_pipeline.clips(
            self.info.records_dir,
            split,
            clip_length=self.settings["clip_length"],
            sampling=self.settings["clip_sampling"],
            image_size=self.settings["image_size"],
            batch_size=self.settings["batch_size"],
            validation_fraction=self.settings["validation_fraction"],
            **options,
        )
        return dataset.map(lambda frames, classes: (frames, {head: classes[head] for head in self.heads}))

    def training_data(self, phase: Phase, first_epoch: int) -> tf.data.Dataset:
        """Augmented clips in a new order each epoch."""
        settings = self.settings
        augmentation = input_pipeline.Augmentation(
            flip=settings["flip"],
            crop_shift=settings["crop_shift"],
            zoom=settings["zoom"],
            color_jitter=settings["color_jitter"],
            degradation=settings["degradation"],
        )
        return self._clips(
            "train",
            seed=settings["seed"],
            augmentation=augmentation,
            shuffle=True,
            first_epoch=first_epoch,
            epochs=phase.epochs,
        )

    def validation_data(self, phase: Phase) -> tf.data.Dataset:
        """A clip of each video that chooses the best epoch."""
        return self._clips("validation")

    # === Training ===

    def load_initial_weights(self) -> None:
        """Goes on from another C3D, where the settings name one."""
        if self.settings["pretrained"]:
            continue_from(self.model, self.settings["pretrained"])

    def begin(self, phase: Phase, resumed: bool) -> None:
        """Compiles the C3D as a classifier of every head."""
        self.model.compile(
            optimizer=make_optimizer(self.settings, self.dtype),
            loss=dict.fromkeys(self.heads, "sparse_categorical_crossentropy"),
            metrics=dict.fromkeys(self.heads, "accuracy"),
            # XLA is slower on a CPU, and refuses to work where determinism is asked for.
            jit_compile=bool(tf.config.list_physical_devices("GPU")) and not self.settings["deterministic"],
        )

    def validation_names(self, phase: Phase) -> list[str]:
        """None: every epoch is validated."""
        return []

    def shown(self, phase: Phase) -> dict[str, str]:
        """The mean accuracy over the heads."""
        return {"val_mean_accuracy": "accuracy"}

    def further_callbacks(self, phase: Phase, log_dir: Path) -> list[keras.callbacks.Callback]:
        """The figure that chooses the epoch."""
        return [callbacks.MeanAccuracy()]

    def evaluate(self) -> dict[str, Any]:
        """Measures c3d.keras on several clips of each video of the test split; on the validation split where none is.

        Returns:
            What it writes into metrics.json: `split`, `num_videos`, `clips_per_video`, and `accuracy` as of
            `accuracies`.
        """
        settings = self.settings
        split = "test" if "test" in self.info.splits else "validation"
        batches = input_pipeline.video_clips(
            self.info.records_dir,
            split,
            clip_length=settings["clip_length"],
            clips_per_video=settings["clips_per_video"],
            image_size=settings["image_size"],
            batch_size=max(1, settings["batch_size"] // settings["clips_per_video"]),
            validation_fraction=settings["validation_fraction"],
        )
        c3d = load_keras(self.model_dir / BEST, C3D, "model_dir")
        metrics = {
            "split": split,
            "num_videos": len(input_pipeline.split_ids(self.info, split, settings["validation_fraction"])),
            "clips_per_video": settings["clips_per_video"],
            "accuracy": accuracies(c3d, tqdm(batches, f"Evaluating on {split}", unit="batch")),
        }
        write_json(self.model_dir / "metrics.json", metrics)
        return metrics
