"""A run of `python -m scoringnet_tf.train`: a `ScoringNet` on scored videos, jointly, or KFS first and then SP."""

import csv
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf import defaults
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.augmentation import PIXEL_OPTIONS
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.preprocessing import little_shown
from scoringnet_tf.data.service import check_service, check_shared
from scoringnet_tf.losses import ScoreLoss, StageCrossEntropy
from scoringnet_tf.models.parameter_groups import rate_factors
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.sports import PREDICTED_SCORES, SCORES, SportForm
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.initialization import (
    load_network,
    load_pretrained,
    load_resnet50,
    load_segmenter,
    preprocessing_of,
)
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.part_flags import check_frozen, check_parts, part_rates
from scoringnet_tf.training.run import Phase, Run, hashed
from scoringnet_tf.training.targets import (
    check_fragments,
    check_head,
    check_held_out,
    check_learned,
    check_segmenter,
    check_stages,
    check_views_flag,
    check_weights,
    is_kfs_alone,
    score_targets,
)

SEGMENTATION = "segmentation.keras"  # KFS at its best validation, SP as it was, where SP is trained after it
UNLABELLED_ACCURACY = 0.0  # of `FrameAccuracy` where no held-out frame has a label: the last KFS is as good as any
# Flags that name weights to start from; the more particular ones come last.
INITIAL_WEIGHTS = {
    "pretrained": load_pretrained,
    "resnet50_weights": load_resnet50,
    "initial_model": load_network,
    "segmenter": load_segmenter,
}
SHOWN = {"val_frame_accuracy": "frames", "val_d_src": "D-SRC", "val_e_src": "E-SRC", "val_f_src": "F-SRC"}
TEST_SCORES = "test_scores.csv"  # behind the name of a phase
PICTURES = 8  # held-out videos whose stages TensorBoard shows


def phases(settings: Mapping[str, Any]) -> list[Phase]:
    """The phases that the settings ask for: one joint phase, or KFS (unless a trained one is kept) and then SP."""
    if settings["training"] == "joint":
        return [Phase("joint", settings["epochs"])]
    no_kfs_to_train = settings["segmenter"] or settings["fragments"] == "whole"
    first = 0 if no_kfs_to_train else settings["segmentation_epochs"]
    if is_kfs_alone(settings):
        return [Phase("segmentation", first, monitor="val_frame_accuracy", nothing=UNLABELLED_ACCURACY)]
    scoring = Phase("scoring", settings["scoring_epochs"], first)
    kfs = Phase("segmentation", first, 0, "val_frame_accuracy", SEGMENTATION, UNLABELLED_ACCURACY)
    return [kfs, scoring] if first else [scoring]


def build_network(
    info: DatasetInfo, settings: Mapping[str, Any], dtype: str, towers: Sequence[str] = PREDICTED_SCORES
) -> ScoringNet:
    """The `ScoringNet` of the settings for the records of `info`, with towers for these scores.

    Where pretrained weights will be loaded, its frames are preprocessed as they want it. A tower of --initial_model
    that learns in no phase keeps its units and its stages: the same weights answer as they did.
    """
    source = load_scoring_net(settings["initial_model"], "initial_model") if settings["initial_model"] else None
    statistics, kept = _staying(source, settings, towers)
    return ScoringNet.for_records(
        info,
        scores=towers,
        fragments="whole" if settings["fragments"] == "whole" else "key",
        image_size=settings["image_size"],
        width_multiplier=settings["width_multiplier"],
        clip_lengths=settings["clip_lengths"],
        kernel_l2=settings["beta"],
        segmenter={
            "lstm_units": settings["lstm_units"],
            "fc_units": settings["segmenter_fc_units"],
            "dropout_rate": settings["segmenter_dropout"],
            "network": settings["stage_network"],
        },
        score_predictor={
            "conv_filters": settings["conv_filters"],
            "fc_units": settings["fc_units"],
            "pool_stride": settings["pool_stride"],
            "head": settings["head"],
            "output_activation": settings["output_activation"],
            "dropout_rate": settings["dropout"],
        },
        preprocessing=_preprocessing(source, settings),
        decoding=settings["decoding"],
        views=settings["views"],
        score_statistics=statistics,
        fragment_stages=fragment_stages(info, settings, towers, kept),
        dtype=dtype,
    )


def _preprocessing(source, settings):
    """What the weights that a run starts from want done to its frames."""
    if source is not None:
        return source.get_config()["preprocessing"]
    return preprocessing_of(settings["pretrained"], settings["image_size"])


def _staying(source, settings, towers):
    """Statistics and stages, by score, of the towers of --initial_model that have learned, and do not learn on."""
    if source is None:
        return {}, {}
    named = source.learned_parts & {*(towers if is_kfs_alone(settings) else settings["freeze"])}
    found = source.score_predictor.get_config()["score_statistics"], source.fragment_stages
    return tuple(
        {score: of_tower[score] for score in of_tower if score in towers and score in named} for of_tower in found
    )


def of_sport(settings: Mapping[str, Any], sport: SportForm) -> dict[str, Any]:
    """The settings with α of the sport where none is given."""
    return {**settings, **({"alpha": defaults.alpha_of(sport)} if settings["alpha"] is None else {})}


def fragment_stages(
    info: DatasetInfo, settings: Mapping[str, Any], towers: Collection[str], kept: Mapping[str, list[str]]
) -> dict[str, list[str]] | None:
    """Score → the stages that its flag names, or `kept`, those of a tower that learns no more; None where none has."""
    found = {score: stages for score, stages in kept.items() if {*stages} <= {*info.stages}}  # else of another sport
    for score in PREDICTED_SCORES:
        stages, flag = settings.get(f"{score}_fragment"), f"--{score}_fragment"
        if not stages:
            continue
        unknown = [stage for stage in stages if stage not in info.stages[1:]]
        if unknown or len(set(stages)) < len(stages):
            raise InputError(
                "unknown_name", f"{flag}={','.join(stages)}: name stages of {', '.join(info.stages[1:])}, each once."
            )
        if settings["fragments"] == "whole" or score not in towers:
            raise InputError("flags_conflict", f"{flag}: no tower sees a key fragment for {score}.")
        if {*stages} != {*found.get(score, stages)}:
            raise InputError(
                "flags_conflict",
                f"{flag}={','.join(stages)}: the tower of --initial_model sees {', '.join(found[score])}, and does "
                "not learn.",
                "Leave the flag out, or let the tower learn.",
            )
        found[score] = stages
    return found or None


def losses(
    network: ScoringNet, settings: Mapping[str, Any], final_std: float | None = None
) -> dict[str, keras.losses.Loss]:
    """Eqs. 5, 8 and 9 as the settings say: output of a `ScoringNet` → loss.

    With `final_std`, the standard deviation of the training videos' final scores, that score is learnt as well.
    """
    in_points = settings["loss_units"] == "points"
    ranked = {
        "alpha": settings["alpha"],
        "margin": settings["margin"],
        "reduction": settings["pair_reduction"],
        "ties": settings["ties"],
    }
    of_head = {"sigma": settings["score_sigma"]} if settings["head"] == "distribution" else {}
    found = {"stages": StageCrossEntropy(settings["stage_loss"])} if network.segmenter is not None else {}
    for score in network.scores:
        found[score] = network.score_loss(score, unit=1.0 if in_points else None, **ranked, **of_head)
    if final_std is not None:
        found["final"] = ScoreLoss(unit=1.0 if in_points else final_std, **ranked)
    return found


class ScoringRun(Run):
    """A `Run` of the settings of `python -m scoringnet_tf.train`.

    Raises:
        InputError: the records do not hold what was asked for, or settings contradict each other.
    """

    def __init__(self, info: DatasetInfo, settings: dict[str, Any]) -> None:
        settings = of_sport(settings, info.sport)
        check_weights(info, settings)
        check_head(settings)
        check_views_flag(info, settings)
        check_stages(info, settings)
        check_segmenter(settings)
        if settings["data_service"]:
            check_shared(info, settings["data_service"])
            check_service(settings["data_service"])
        self.targets = score_targets(info, settings["scores"])
        self.rates = part_rates(settings["rates"])
        super().__init__(info, settings, phases(settings))
        if self.validation_ids and self.phases[-1].monitor == "val_f_src":
            check_held_out(info, self.validation_ids, settings["validation_fraction"])
            check_learned(info, self.train_ids, self.targets.towers)
        with self.strategy.scope():
            self.model = build_network(info, settings, self.dtype, self.targets.towers)
        check_fragments(info, settings, self.model.fragment_stages)
        check_parts(self.model, self.rates, settings)
        check_frozen(self.model, self.phases, settings)
        self._check_test_scores()

    def _check_test_scores(self):
        """InputError where test videos cannot be scored after an epoch as the model that is kept scores them."""
        if not self.settings["test_scores"]:
            return
        if "test" not in self.info.splits:
            raise InputError(
                "no_test_split",
                f"--test_scores: {self.info.records_dir} has no test split, only {', '.join(self.info.splits)}.",
            )
        videos = [video for video in self.info.videos.values() if video["split"] == "test"]
        if not any(video[score] is not None for video in videos for score in SCORES if score in self.model.output):
            raise InputError(
                "no_scores",
                f"--test_scores: the scores of all {counted(len(videos), 'test video')} of {self.info.records_dir} "
                "are unknown.",
            )
        if self.settings["ema_momentum"] and not self.validation_ids:
            raise InputError(
                "nothing_held_out",
                "--test_scores with --ema_momentum needs held-out videos: the averages are in the model during a "
                "validation.",
                "Set --validation_fraction above 0.",
            )

    def _built_of(self):
        """The units and the stages of the towers besides: constants, which may be those of --initial_model."""
        statistics = self.model.score_predictor.get_config()["score_statistics"]
        # To digits that no two machines sum otherwise.
        units = {score: [f"{value:.6g}" for value in of_tower] for score, of_tower in statistics.items()}
        stages = {score: sorted(names) for score, names in self.model.fragment_stages.items()}
        return super()._built_of() | {
            "scale of the scores, of the records or --initial_model": hashed(units),
            "stages of the towers, of the sport or --initial_model": hashed(stages),
        }

    # === Data ===

    def split(self) -> tuple[list[str], list[str]]:
        """Training videos, and those held out of them to choose the best epoch."""
        fraction = self.settings["validation_fraction"]
        train = input_pipeline.split_ids(self.info, "train", fraction)
        if not fraction and "validation" not in self.info.splits:
            return train, []
        return train, input_pipeline.split_ids(self.info, "validation", fraction)

    def _videos(self, split, **options):
        return input_pipeline.videos(
            self.info.records_dir,
            split,
            **{
                "image_size": self.settings["image_size"],
                "batch_size": self.settings["batch_size"],
                "validation_fraction": self.settings["validation_fraction"],
                "num_frames": self.model.sampled_frames,
                **options,
            },
        )

    def training_data(self, phase: Phase, first_epoch: int) -> tf.data.Dataset:
        """Augmented videos in a new order each epoch; where the control asks for it, with each other's scores."""
        settings = self.settings
        of_pixels: dict[str, Any] = {name: 0 if self.info.features else settings[name] for name in PIXEL_OPTIONS}
        dataset = self._videos(
            "train",
            seed=settings["seed"],
            augmentation=input_pipeline.Augmentation(max_start_shift=settings["max_start_shift"], **of_pixels),
            shuffle=True,
            first_epoch=phase.first_epoch + first_epoch,
            epochs=phase.first_epoch + phase.epochs,
            with_info=settings["shuffle_labels"],
            service=settings["data_service"],
            **self._frames_of_interest(phase),
        )
        return dataset.map(self._shuffled_labels()) if settings["shuffle_labels"] else dataset

    def _frames_of_interest(self, phase):
        """SP on true fragments sees nothing else of a video that has them all; what it does not see is not decoded."""
        if phase.name != "scoring" or self.settings["fragments"] != "true":
            return {}
        return {"only_stages": [*self.model.fragment_stages.values()], "margin": self.settings["fragment_jitter"]}

    def _shuffled_labels(self):
        """A map that gives every training video the scores of another one: the control that must learn nothing."""
        ids, names = self.train_ids, self.info.scores
        order = np.random.default_rng(self.settings["seed"]).permutation(len(ids))
        others = np.empty_like(order)
        others[order] = np.roll(order, 1)  # of none its own
        scores = np.stack([self.info.true_scores(name, [ids[i] for i in others]) for name in names], 1).astype(
            np.float32
        )
        table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(ids, np.arange(len(ids))), -1)

        def exchange(inputs, targets, extras):
            drawn = tf.gather(scores, table.lookup(extras["id"]))
            return inputs, {**targets, **{name: drawn[:, index] for index, name in enumerate(names)}}

        return exchange

    def validation_data(self, phase: Phase) -> tf.data.Dataset:
        """The held-out videos as they are, whole."""
        return self._videos("validation")

    # === Training ===

    def load_initial_weights(self) -> None:
        """Fills the network with the weights that the settings name, and with the statistics of features."""
        print(self.targets.said)
        if self.info.features:
            self.model.adapt_features(self._videos("train"))
        elif said := little_shown(self.info.frame_size, self.settings["image_size"]):
            print(said)
        for flag, load in INITIAL_WEIGHTS.items():
            if self.settings[flag]:
                load(self.model, self.settings[flag])

    def begin(self, phase: Phase, resumed: bool) -> None:
        """Compiles the network for a phase; after a phase of KFS, SP starts from KFS at its best."""
        follows = [before.name for before in self.phases[: self.phases.index(phase)]]
        if "segmentation" in follows and not resumed and self.validation_ids:
            kept = self.folder / SEGMENTATION
            best = keras.models.load_model(kept, compile=False) if kept.is_file() else self.model
            self.model.segmenter.set_weights(best.segmenter.get_weights())
        self.model.choose_trained(phase.name, self.settings["freeze"])  # the optimizer has a factor for each of these
        self.model.compile(
            make_optimizer(self.settings, self.dtype, rate_factors(self.model, self.rates)),
            loss=losses(self.model, self.settings, self._final_std()),
            phase=phase.name,
            frozen=self.settings["freeze"],
            num_videos=len(self.validation_ids),  # with an SRC of NaN no epoch would be the best
            **self._fragments(),
        )
        if resumed and phase.name != "segmentation" and self.settings["test_scores"]:
            self._say_unscored(phase)

    def _say_unscored(self, phase):
        """Says which epochs of a phase --test_scores comes too late for."""
        trained, kept = (self.model_dir / f"{phase.name}{end}" for end in (".csv", f"_{TEST_SCORES}"))
        rows = _table(trained)
        if self.validation_ids:  # else every epoch is scored
            rows = [row for row in rows if not math.isnan(float(row["val_loss"] or math.nan))]
        lacking = {int(row["epoch"]) + 1 for row in rows} - {int(row["epoch"]) for row in _table(kept)}
        if lacking:
            print(
                f"--test_scores: {kept} lacks what was trained without the flag: {counted(len(lacking), 'epoch')}, the "
                f"last of them epoch {max(lacking)}."
            )

    def _fragments(self):
        """What SP is trained on, as arguments of `compile`; nothing to say of whole videos."""
        if self.model.segmenter is None:
            return {}
        return {"fragments": self.settings["fragments"], "fragment_jitter": self.settings["fragment_jitter"]}

    def _final_std(self):
        """Points; None where every training video knows difficulty and execution, or no tower learns them."""
        return self.info.score_statistics["train"]["final"]["std"] if self.targets.final_too else None

    def validation_names(self, phase: Phase) -> list[str]:
        """Those of the model's losses and metrics."""
        return self.model.validation_names()

    def shown(self, phase: Phase) -> dict[str, str]:
        """Frame accuracy and the SRCs; of SP nothing while KFS is trained alone."""
        return {name: label for name, label in SHOWN.items() if phase.name != "segmentation" or "src" not in name}

    def further_callbacks(self, phase: Phase, log_dir: Path) -> list[keras.callbacks.Callback]:
        """Pictures of the first held-out videos; of all of them, and of test videos, the scores epoch by epoch.

        And a check that KFS has something to learn from where videos are held out.
        """
        found: list[keras.callbacks.Callback] = []
        if phase.name != "scoring" and self.model.segmenter is not None and self.validation_ids:
            found.append(callbacks.LabelledFrames(self.info.records_dir))
        if phase.name != "segmentation":
            if self.validation_ids:
                known = self._known_scores()
                found.append(callbacks.ValidationScores(self.folder / f"{phase.name}_scores.csv", known))
            if self.settings["test_scores"]:
                videos, file = self._videos("test", with_info=True), self.folder / f"{phase.name}_{TEST_SCORES}"
                found.append(callbacks.TestScores(file, videos, validated_alone=bool(self.validation_ids)))
        if self.validation_ids:
            batches = -(-PICTURES // self.settings["batch_size"])
            videos = self._videos("validation", with_info=True).take(batches)
            found.append(callbacks.ValidationPictures(log_dir, videos))
        return found

    def _known_scores(self):
        """Score that the model predicts → [(id, points)] of the held-out videos, as `ValidationScores` takes them."""
        ids = self.validation_ids
        truth = {score: self.info.true_scores(score, ids) for score in SCORES if score in self.model.output}
        return {
            score: [(video_id, true) for video_id, true in zip(ids, values, strict=True) if not math.isnan(true)]
            for score, values in truth.items()
        }


def _table(path):
    """Row after row, name → text, of a CSV file with a column of epochs; none where there is no file."""
    if not path.is_file():
        return []
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return [row for row in rows if row["epoch"].isdigit()]  # a kill may have cut the last one short
