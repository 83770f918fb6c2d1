"""A run of `python -m scoringnet_tf.train`: a `ScoringNet` on scored videos, jointly, or KFS first and then SP."""

import math

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.losses import ScoreLoss, StageCrossEntropy
from scoringnet_tf.models.parts import parts, rate_factors
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.sports import PREDICTED_SCORES, SCORES
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.pretrained import load_network, load_pretrained, load_segmenter, preprocessing_of
from scoringnet_tf.training.run import Phase, Run

SEGMENTATION = "segmentation.keras"  # KFS at its best validation, SP as it was
# Flags that name weights to start from; the more particular ones come last.
INITIAL_WEIGHTS = {"pretrained": load_pretrained, "initial_model": load_network, "segmenter": load_segmenter}
SHOWN = {"val_frame_accuracy": "frames", "val_d_src": "D-SRC", "val_e_src": "E-SRC", "val_f_src": "F-SRC"}
PICTURES = 8  # held-out videos whose stages TensorBoard shows


def phases(settings):
    """The phases that the settings ask for: one joint phase, or KFS (unless a trained one is kept) and then SP."""
    if settings["training"] == "joint":
        return [Phase("joint", settings["epochs"])]
    first = 0 if settings["segmenter"] else settings["segmentation_epochs"]
    scoring = Phase("scoring", settings["scoring_epochs"], first)
    return [Phase("segmentation", first, 0, "val_frame_accuracy", SEGMENTATION), scoring] if first else [scoring]


def build_network(info, settings, dtype):
    """The `ScoringNet` of the settings for the records of `info`.

    Where pretrained weights will be loaded, its frames are preprocessed as they want it.
    """
    return ScoringNet.for_records(
        info,
        image_size=settings["image_size"],
        width_multiplier=settings["width_multiplier"],
        clip_lengths=settings["clip_lengths"],
        kernel_l2=settings["beta"],
        segmenter={
            "lstm_units": settings["lstm_units"],
            "fc_units": settings["segmenter_fc_units"],
            "dropout_rate": settings["segmenter_dropout"],
        },
        score_predictor={
            "conv_filters": settings["conv_filters"],
            "fc_units": settings["fc_units"],
            "pool_stride": settings["pool_stride"],
            "output_activation": settings["output_activation"],
            "dropout_rate": settings["dropout"],
        },
        preprocessing=_preprocessing(settings),
        decoding=settings["decoding"],
        dtype=dtype,
    )


def _preprocessing(settings):
    """What the weights that a run starts from want done to its frames."""
    if settings["initial_model"]:
        return load_scoring_net(settings["initial_model"], "initial_model").get_config()["preprocessing"]
    return preprocessing_of(settings["pretrained"], settings["image_size"])


def losses(network, settings):
    """Eqs. 5, 8 and 9 as the settings say: output of a `ScoringNet` → loss."""
    units = network.score_std if settings["loss_units"] == "standard" else dict.fromkeys(PREDICTED_SCORES, 1.0)
    return {"stages": StageCrossEntropy(settings["stage_loss"])} | {
        score: ScoreLoss(
            settings["alpha"], settings["margin"], settings["pair_reduction"], unit=unit, ties=settings["ties"]
        )
        for score, unit in units.items()
    }


class ScoringRun(Run):
    """A `Run` of the settings of `python -m scoringnet_tf.train`.

    Raises:
        InputError: the records do not hold what was asked for, or settings contradict each other.
    """

    def __init__(self, info, settings):
        check_weights(settings)
        check_stages(info, settings)
        check_segmenter(settings)
        self.rates = part_rates(settings["rates"])
        super().__init__(info, settings, phases(settings))
        self.model = build_network(info, settings, self.dtype)
        check_parts(self.model, self.rates, settings)
        check_frozen(self.model, self.phases, settings)

    # === Data ===

    def split(self):
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
                **options,
            },
        )

    def training_data(self, phase, first_epoch):
        """Augmented videos in a new order each epoch; where the control asks for it, with each other's scores."""
        settings = self.settings
        dataset = self._videos(
            "train",
            seed=settings["seed"],
            augmentation=input_pipeline.Augmentation(
                max_start_shift=settings["max_start_shift"],
                flip=settings["flip"],
                crop_shift=settings["crop_shift"],
                zoom=settings["zoom"],
                color_jitter=settings["color_jitter"],
            ),
            shuffle=True,
            first_epoch=phase.first_epoch + first_epoch,
            epochs=phase.first_epoch + phase.epochs,
            with_info=settings["shuffle_labels"],
            **self._frames_of_interest(phase),
        )
        return dataset.map(self._shuffled_labels()) if settings["shuffle_labels"] else dataset

    def _frames_of_interest(self, phase):
        """SP on true fragments sees nothing else of a video; what it does not see is not decoded."""
        if phase.name != "scoring" or self.settings["fragments"] != "true":
            return {}
        sport = self.model.sport
        fragments = {*sport.difficulty_fragment, *sport.execution_fragment}
        return {"only_stages": sorted(fragments), "margin": self.settings["fragment_jitter"]}

    def _shuffled_labels(self):
        """A map that gives every training video the scores of another one: the control that must learn nothing."""
        ids = self.train_ids
        order = np.random.default_rng(self.settings["seed"]).permutation(len(ids))
        scores = np.array([[self.info.videos[ids[i]][name] for name in SCORES] for i in order], np.float32)
        table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(ids, np.arange(len(ids))), -1)

        def exchange(inputs, targets, extras):
            drawn = tf.gather(scores, table.lookup(extras["id"]))
            return inputs, {**targets, **{name: drawn[:, index] for index, name in enumerate(SCORES)}}

        return exchange

    def validation_data(self, phase):
        """The held-out videos as they are, whole."""
        return self._videos("validation")

    # === Training ===

    def load_initial_weights(self):
        """Fills the network with the weights that the settings name."""
        for flag, load in INITIAL_WEIGHTS.items():
            if self.settings[flag]:
                load(self.model, self.settings[flag])

    def begin(self, phase, resumed):
        """Compiles the network for a phase; after a phase of KFS, SP starts from KFS at its best."""
        follows = [before.name for before in self.phases[: self.phases.index(phase)]]
        if "segmentation" in follows and not resumed and self.validation_ids:
            kept = self.folder / SEGMENTATION
            best = keras.models.load_model(kept, compile=False) if kept.is_file() else self.model
            self.model.segmenter.set_weights(best.segmenter.get_weights())
        self.model.choose_trained(phase.name, self.settings["freeze"])  # the optimizer has a factor for each of these
        self.model.compile(
            make_optimizer(self.settings, self.dtype, rate_factors(self.model, self.rates)),
            loss=losses(self.model, self.settings),
            phase=phase.name,
            fragments=self.settings["fragments"],
            fragment_jitter=self.settings["fragment_jitter"],
            frozen=self.settings["freeze"],
        )

    def validation_names(self, phase):
        """Those of the model's losses and metrics."""
        return self.model.validation_names()

    def shown(self, phase):
        """Frame accuracy and the SRCs; of SP nothing while KFS is trained alone."""
        return {name: label for name, label in SHOWN.items() if phase.name != "segmentation" or "src" not in name}

    def further_callbacks(self, phase, log_dir):
        """Pictures of the first held-out videos."""
        if not self.validation_ids:
            return []
        batches = -(-PICTURES // self.settings["batch_size"])
        return [callbacks.ValidationPictures(log_dir, self._videos("validation", with_info=True).take(batches))]


# === Checks ===


def check_weights(settings):
    """InputError where the flags that name weights contradict each other."""
    if settings["initial_model"] and settings["pretrained"]:
        raise InputError("--initial_model: expected it without --pretrained, which it brings. Received: both.")
    kept = ("staged", "predicted")
    if settings["segmenter"] and (settings["training"], settings["fragments"]) != kept:
        raise InputError(
            "--segmenter: expected --training=staged --fragments=predicted with a KFS that is not trained. "
            f"Received: --training={settings['training']} --fragments={settings['fragments']}."
        )


def check_stages(info, settings):
    """InputError unless the stage labels suffice for KFS, and for the fragments that were asked for."""
    untrained = (settings["training"], settings["segmentation_epochs"], settings["fragments"])
    if settings["segmenter"] or (settings["initial_model"] and untrained == ("staged", 0, "predicted")):
        return  # a trained KFS is used as it is
    unlabelled = info.stage_frames["train"].get("unlabelled", 0)
    labelled = sum(info.stage_frames["train"].values()) - unlabelled
    if not labelled or (unlabelled and settings["fragments"] == "true"):
        remedy = "Use --fragments=predicted" if labelled else "Give a trained KFS (--segmenter)"
        raise InputError(
            f"{info.records_dir}: expected stage labels for every training video. Received: "
            f"{unlabelled} frames without one. {remedy}, or label them."
        )


def check_segmenter(settings):
    """InputError where KFS would be neither trained nor given."""
    trains_kfs = settings["training"] == "joint" or settings["segmentation_epochs"]
    if not (trains_kfs or settings["initial_model"] or settings["segmenter"]):
        raise InputError("--segmentation_epochs=0: expected a trained KFS (--initial_model or --segmenter).")


def part_rates(entries):
    """--rates as part → factor; InputError where an entry is not PART:FACTOR, or a part has two."""
    rates = {}
    for entry in entries:
        part, _, text = entry.partition(":")
        try:
            factor = float(text)
        except ValueError:
            factor = math.nan
        if not 0 < factor <= 100 or part in rates:
            hint = f" What is not to learn: --freeze={part}." if factor == 0 else ""
            expected = "PART:FACTOR, once for a part, with a factor above 0 and up to 100"
            raise InputError(f"--rates: expected {expected}, e.g. c3d:0.1. Received: {entry}.{hint}")
        rates[part] = factor
    return rates


def check_parts(network, rates, settings):
    """InputError where --rates or --freeze name a part that the network lacks, or both name the same one."""
    frozen, known = settings["freeze"], parts(network)
    for flag, named in (("rates", rates), ("freeze", frozen)):
        unknown = [part for part in named if part not in known]
        if unknown:
            raise InputError(
                f"--{flag}: expected parts of the model: {', '.join(known)}. Received: {', '.join(unknown)}."
            )
    both = [part for part in rates if part in frozen]
    if both:
        raise InputError(f"--rates: expected parts that learn. Received: {', '.join(both)}, which --freeze names.")


def check_frozen(network, planned, settings):
    """InputError where a frozen part would stay random, or leaves nothing of a phase to learn."""
    given = {"c3d": settings["pretrained"], "kfs": settings["segmenter"]}
    random = [part for part in settings["freeze"] if not (settings["initial_model"] or given.get(part))]
    if random:
        raise InputError(
            "--freeze: expected parts with weights of --initial_model, c3d of --pretrained or kfs of --segmenter. "
            f"Received: {', '.join(random)}, which would stay random."
        )
    for phase in planned:
        network.choose_trained(phase.name, settings["freeze"])
        if not network.trainable_variables:
            raise InputError(
                f"--freeze={','.join(settings['freeze'])}: expected something of the phase {phase.name} to learn. "
                "Received: all of its parts."
            )
