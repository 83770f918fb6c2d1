"""A run of `python -m scoringnet_tf.train`: a `ScoringNet` on scored videos, jointly, or KFS first and then SP."""

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
from scoringnet_tf.data.dataset_info import DatasetInfo, load_records
from scoringnet_tf.models.loss_terms import PHASES
from scoringnet_tf.models.parameter_groups import rate_factors
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import RemotePath
from scoringnet_tf.training import callbacks, run_record
from scoringnet_tf.training.config import FRAGMENTS, Joint, TrainingConfig, TrueFragments
from scoringnet_tf.training.initialization import check_parts, load_network, load_pretrained, load_segmenter
from scoringnet_tf.training.network import build_network, losses, of_sport
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.run import Phase, Run, hashed
from scoringnet_tf.training.targets import (
    check_fragments,
    check_held_out,
    check_learned,
    check_stages,
    check_start,
    score_targets,
)
from scoringnet_tf.weights.backbones import split_name

SEGMENTATION = "segmentation.keras"  # KFS at its best validation, SP as it was, where SP is trained after it
LITTLE = 0.3  # the share of a stored frame below which a note is due
UNLABELLED_ACCURACY = 0.0  # of `FrameAccuracy` where no held-out frame has a label: the last KFS is as good as any
SHOWN = {"val_frame_accuracy": "frames", "val_d_src": "D-SRC", "val_e_src": "E-SRC", "val_f_src": "F-SRC"}


def phases(config: TrainingConfig) -> list[Phase]:
    """The phases of a configuration: one joint phase, or KFS (unless a trained one is kept) and then SP."""
    if isinstance(config.schedule, Joint):
        return [Phase("joint", config.schedule.epochs)]
    no_kfs_to_train = config.schedule.segmenter or config.fragments is None
    first = 0 if no_kfs_to_train else config.schedule.segmentation_epochs
    if config.trains_kfs_alone:
        return [Phase("segmentation", first, monitor="val_frame_accuracy", nothing=UNLABELLED_ACCURACY)]
    scoring = Phase("scoring", config.schedule.scoring_epochs, first)
    kfs = Phase("segmentation", first, 0, "val_frame_accuracy", SEGMENTATION, UNLABELLED_ACCURACY)
    return [kfs, scoring] if first else [scoring]


def train(config: TrainingConfig) -> Path | RemotePath:
    """Trains a `ScoringNet`, or goes on where a run in `config.run.model_dir` stopped; returns the best model's path.

    Raises:
        InputError: the records do not hold what is asked for, or what is asked for contradicts itself.
    """
    return ScoringRun(load_records(config.data.records_dir), config).run()


class ScoringRun(Run):
    """A `Run` of `python -m scoringnet_tf.train`.

    Raises:
        InputError: the records do not hold what was asked for, or the configuration contradicts itself.
    """

    config: TrainingConfig
    model: ScoringNet

    def __init__(self, info: DatasetInfo, config: TrainingConfig) -> None:
        config = of_sport(config, info.sport)
        check_start(info, config)
        check_stages(info, config)
        self.targets = score_targets(info, config.model.scores)
        super().__init__(info, config, phases(config))
        if self.validation_ids and self.phases[-1].monitor == "val_f_src":
            check_held_out(info, self.validation_ids, config.data.validation_fraction)
            check_learned(info, self.train_ids, self.targets.towers)
        with self.strategy.scope():
            self.model = build_network(info, config, self.dtype, self.targets.towers)
        check_fragments(info, config, self.model.fragment_stages)
        check_parts(self.model, [phase.name for phase in self.phases], config)

    def built_of(self) -> dict[str, str | None]:
        """The units and the stages of the towers too: they may be those of --initial_model."""
        statistics = self.model.score_predictor.get_config()["score_statistics"]
        # To digits that no two machines sum otherwise.
        units = {score: [f"{value:.6g}" for value in of_tower] for score, of_tower in statistics.items()}
        stages = {score: sorted(names) for score, names in self.model.fragment_stages.items()}
        return super().built_of() | {
            "scale of the scores, of the records or --initial_model": hashed(units),
            "stages of the towers, of the sport or --initial_model": hashed(stages),
            "weights of --backbone": self.model.backbone and self.model.backbone.origin.get("sha256"),
        }

    def learned_from(self) -> set[str]:
        """What the backbone learned from, too: a C3D of a tower knows scored videos."""
        name, backbone = self.config.backbone, self.model.backbone
        of_file = run_record.learned_from(split_name(name)[0]) if name and backbone.origin else set()
        return super().learned_from() | of_file | {*(backbone.origin.get("learned_from", ()) if backbone else ())}

    # === Data ===

    def split(self) -> tuple[list[str], list[str]]:
        """Training videos, and those held out of them to choose the best epoch."""
        fraction, fold = self.config.data.validation_fraction, self.config.data.validation_fold
        train = input_pipeline.split_ids(self.info, "train", fraction, fold=fold)
        if not fraction and "validation" not in self.info.splits:
            return train, []
        return train, input_pipeline.split_ids(self.info, "validation", fraction, fold=fold)

    def videos(self, split: str, **options: Any) -> tf.data.Dataset:
        """The videos of a split as the network sees them; options of `input_pipeline.videos`."""
        usual: dict[str, Any] = {
            "image_size": self.config.data.image_size,
            "batch_size": self.config.data.batch_size,
            "validation_fraction": self.config.data.validation_fraction,
            "validation_fold": self.config.data.validation_fold,
            "num_frames": self.model.sampled_frames,
            "cache": self.config.data.cache,
        }
        return input_pipeline.videos(self.info.records_dir, split, **usual | options)

    def training_data(self, phase: Phase, first_epoch: int) -> tf.data.Dataset:
        """Augmented videos in a new order each epoch; where the control asks for it, with each other's scores."""
        data, augmentation = self.config.data, dataclasses.asdict(self.config.augmentation)
        if self.info.features:
            augmentation |= dict.fromkeys(PIXEL_OPTIONS, 0)
        dataset = self.videos(
            "train",
            seed=self.config.run.seed,
            augmentation=input_pipeline.Augmentation(**augmentation),
            shuffle=True,
            first_epoch=phase.first_epoch + first_epoch,
            epochs=phase.first_epoch + phase.epochs,
            with_info=data.shuffle_labels,
            **self.frames_of_interest(phase),
        )
        return dataset.map(self.shuffled_labels()) if data.shuffle_labels else dataset

    def frames_of_interest(self, phase: Phase) -> dict[str, Any]:
        """SP on true fragments sees nothing else of a video that has them all; what it does not see is not decoded."""
        fragments = self.config.fragments
        if phase.name != "scoring" or not isinstance(fragments, TrueFragments):
            return {}
        return {"only_stages": [*self.model.fragment_stages.values()], "margin": fragments.jitter}

    def shuffled_labels(self) -> Callable[..., tuple[Any, Any]]:
        """A map that gives every training video the scores of another one: the control that must learn nothing."""
        ids, names = self.train_ids, self.info.scores
        order = np.random.default_rng(self.config.run.seed).permutation(len(ids))
        others = np.empty_like(order)
        others[order] = np.roll(order, 1)  # of none its own
        others_ids = [ids[i] for i in others]
        scores = np.stack([self.info.true_scores(name, others_ids) for name in names], 1).astype(np.float32)
        table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(ids, np.arange(len(ids))), -1)

        def exchange(inputs, targets, extras):
            drawn = tf.gather(scores, table.lookup(extras["id"]))
            return inputs, {**targets, **{name: drawn[:, index] for index, name in enumerate(names)}}

        return exchange

    def validation_data(self, phase: Phase) -> tf.data.Dataset:
        """The held-out videos as they are, whole."""
        return self.videos("validation")

    # === Training ===

    def load_initial_weights(self) -> None:
        """Fills the network with the weights that the configuration names, and with the statistics of features."""
        print(self.targets.message)
        if self.info.features or (self.model.backbone and self.model.backbone.pretrained):
            self.model.adapt_features(self.videos("train", num_frames=None))
        of_frames = not self.info.features
        if of_frames and (share := math.prod(self.config.data.image_size) / math.prod(self.info.frame_size)) < LITTLE:
            hint = "Build smaller frames (--frame_height, --frame_width), or raise --image_size. [frames_oversized]"
            print(f"The model sees {share:.0%} of each stored frame, the paper's 57%. {hint}")
        loads = {"pretrained": load_pretrained, "initial_model": load_network, "segmenter": load_segmenter}
        for flag, path in self.config.starts.items():  # the more particular ones come last
            loads[flag](self.model, path)

    def begin(self, phase: Phase, resumed: bool) -> None:
        """Compiles the network for a phase; after a phase of KFS, SP starts from KFS at its best."""
        follows = [before.name for before in self.phases[: self.phases.index(phase)]]
        if "segmentation" in follows and not resumed and self.validation_ids:
            kept = self.folder / SEGMENTATION
            best = keras.models.load_model(kept, compile=False) if kept.is_file() else self.model
            for part in [part for part in self.model.networks if part in PHASES["segmentation"]]:
                getattr(self.model, part).set_weights(getattr(best, part).get_weights())
        config = self.config
        fragments: dict[str, Any] = {}
        if config.fragments is not None:
            source = next(name for name, kind in FRAGMENTS.items() if type(config.fragments) is kind)
            fragments = {"fragments": source, "fragment_jitter": config.fragments.jitter}
        rates = {part: factor for part, factor in config.optimizer.lr_multipliers.items() if factor}
        final_std = self.info.score_statistics["train"]["final"]["std"] if self.targets.final_too else None
        self.model.choose_trained(phase.name, config.frozen)  # the optimizer has a factor for each of these
        self.model.compile(
            make_optimizer(config.optimizer, self.dtype, rate_factors(self.model, rates)),
            loss=losses(self.model, config, final_std),
            phase=phase.name,
            frozen=config.frozen,
            num_videos=len(self.validation_ids),  # with an SRC of NaN no epoch would be the best
            **fragments,
        )

    def validation_names(self, phase: Phase) -> list[str]:
        """Those of the model's losses and metrics."""
        return [f"val_{name}" for name in self.model.result_names()]

    def shown(self, phase: Phase) -> dict[str, str]:
        """Frame accuracy and the SRCs; of SP nothing while KFS is trained alone."""
        return {name: label for name, label in SHOWN.items() if phase.name != "segmentation" or "src" not in name}

    def further_callbacks(self, phase: Phase) -> list[keras.callbacks.Callback]:
        """A check that KFS learns from labels; scores of all held-out videos, epoch by epoch."""
        checks: list[keras.callbacks.Callback] = []
        if not self.validation_ids:
            return checks
        labels = {stage for stage, count in self.info.stage_frames["train"].items() if count} - {"unlabelled"}
        if labels and phase.name != "scoring" and self.model.segmenter is not None:
            checks.append(keras.callbacks.LambdaCallback(on_epoch_end=self._check_labelled))
        if phase.name == "segmentation":
            return checks
        ids, truth = self.validation_ids, {}
        for score in [score for score in SCORES if score in self.model.output]:
            values = zip(ids, self.info.true_scores(score, ids), strict=True)
            truth[score] = [(video_id, true) for video_id, true in values if not math.isnan(true)]
        return [*checks, callbacks.ValidationScores(self.folder / f"{phase.name}_scores.csv", truth)]

    def _check_labelled(self, epoch, logs):
        """InputError if no training frame of the first epoch had a stage label: the loss is 0 only then.

        The index of the records counts labels before videos are held out.
        """
        if epoch == 0 and logs["stage_loss"] == 0 and not self.model.stop_training:
            message = f"{self.info.records_dir}: no training video has stage labels, only held-out ones."
            raise InputError("no_stages", message, "Lower --validation_fraction, or label more videos.")
