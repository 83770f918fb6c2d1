"""A run of `python -m scoringnet_tf.pretrain`: a C3D on a classification set of records (§4.2 pretrains on UCF-101).

The best C3D by mean validation accuracy is `c3d.keras`.
"""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.config import PretrainingConfig
from scoringnet_tf.training.initialization import continue_from, learned_before, preprocessing_of
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.run import Phase, Run

BEST = "c3d.keras"
TOPS: dict[str, dict[str, Any]] = {  # arguments of `C3D`
    "fc": {"top": "fc", "final_endpoint": "pool5", "top_units": 4096},
    "regressor": {"top": "regressor", "final_endpoint": "conv5b", "top_units": 512},
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
            sampling=self.config.data.clip_sampling,
            image_size=self.config.data.image_size,
            batch_size=self.config.data.batch_size,
            validation_fraction=self.config.data.validation_fraction,
            cache=self.config.data.cache,
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
