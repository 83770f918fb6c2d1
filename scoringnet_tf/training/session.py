"""One training run from settings to files: phases of epochs, checkpoints, the best and the last model.

A run's folder:

    config.json        resolved flags, versions, data hash
    checkpoints/       the newest training state, to go on from
    segmenter.weights.h5   KFS at its best validation frame accuracy (staged training)
    best.keras         float32 model at the best validation F-SRC
    last.keras         float32 model after the last epoch
    history.json       every logged figure per epoch, at the end (until then in the checkpoint)
    tensorboard/       curves and pictures
"""

import dataclasses

import numpy as np
import tensorflow as tf

from scoringnet_tf import __version__
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.sports import PREDICTED_SCORES
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import local_file, replacing_file, write_json
from scoringnet_tf.support.paths import as_path
from scoringnet_tf.training import callbacks, runtime
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import record_config
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.pretrained import load_network, load_pretrained, load_segmenter, preprocessing_of
from scoringnet_tf.training.trainer import Trainer

# Flags that name weights to start from; the more particular ones come last.
INITIAL_WEIGHTS = {"pretrained": load_pretrained, "initial_model": load_network, "segmenter": load_segmenter}
ON_THE_BAR = {"val_frame_accuracy": "frames", "val_d_src": "D-SRC", "val_e_src": "E-SRC", "val_f_src": "F-SRC"}


@dataclasses.dataclass(frozen=True)
class Phase:
    """Some epochs in which the same parts are trained: `name` is one of `trainer.PHASES`."""

    name: str
    epochs: int
    first_epoch: int
    criterion: str


def phases(settings):
    """The phases that the settings ask for: one joint phase, or KFS (unless a trained one is kept) and then SP."""
    if settings["training"] == "joint":
        return [Phase("joint", settings["epochs"], 0, "f_src")]
    first = 0 if settings["segmenter"] else settings["segmentation_epochs"]
    scoring = Phase("scoring", settings["scoring_epochs"], first, "f_src")
    return [Phase("segmentation", first, 0, "frame_accuracy"), scoring] if first else [scoring]


def build_network(info, settings, dtype):
    """The `ScoringNet` of the settings, with the score statistics of the training split of `info`.

    Where pretrained weights will be loaded, its frames are preprocessed as they want it.
    """
    statistics = info.score_statistics["train"]
    return ScoringNet(
        sport=info.sport,
        image_size=settings["image_size"],
        width_multiplier=settings["width_multiplier"],
        clip_lengths=settings["clip_lengths"],
        score_statistics={score: (statistics[score]["mean"], statistics[score]["std"]) for score in PREDICTED_SCORES},
        kernel_l2=settings["beta"],
        segmenter={"lstm_units": settings["lstm_units"], "dropout_rate": settings["segmenter_dropout"]},
        score_predictor={"dropout_rate": settings["dropout"]},
        frame_size=info.frame_size,
        provenance={
            "dataset": info.name,
            "data_hash": info.data_hash,
            "frame_rate": info.frame_rate,
            "simulation": info.simulation,
            "package_version": __version__,
        },
        preprocessing=_preprocessing(settings),
        dtype=dtype,
    )


def _preprocessing(settings):
    """What the weights that a run starts from want done to its frames."""
    if settings["initial_model"]:
        return load_scoring_net(settings["initial_model"], "initial_model").get_config()["preprocessing"]
    return preprocessing_of(settings["pretrained"], settings["image_size"])


class TrainingRun:
    """Everything of one run; `run()` trains what is left to train and returns the path of the best model.

    Args:
        info: `DatasetInfo` of the records.
        settings: flag name → value of `python -m scoringnet_tf.train`.
    """

    def __init__(self, info, settings):
        self.info, self.settings = info, settings
        self.model_dir = as_path(settings["model_dir"])
        self.dtype = runtime.configure(settings["precision"], settings["seed"], settings["deterministic"])
        self._check_data()
        record_config(self.model_dir, settings, info.data_hash, self.dtype)
        self.checkpoints = Checkpoints(self.model_dir)
        self.network = build_network(info, settings, self.dtype)
        self.trainer = Trainer(
            self.network,
            alpha=settings["alpha"],
            margin=settings["margin"],
            pair_reduction=settings["pair_reduction"],
            loss_units=settings["loss_units"],
            stage_loss_form=settings["stage_loss"],
            fragments=settings["fragments"],
            fragment_jitter=settings["fragment_jitter"],
            trunk_rate=settings["trunk_rate"],
        )
        self.history = []

    # === Checks and records ===

    def _check_data(self):
        """What the records must hold for what was asked."""
        statistics = self.info.score_statistics.get("train", {})
        missing = [score for score in PREDICTED_SCORES if not statistics.get(score)]
        if missing:
            raise InputError(
                f"{self.info.records_dir}: expected known {' and '.join(missing)} scores in the training split."
            )
        constant = [score for score in PREDICTED_SCORES if not statistics[score]["std"] > 0]
        if constant:
            raise InputError(
                f"{self.info.records_dir}: expected different values of {' and '.join(constant)} to learn from."
            )
        if not self.settings["validation_fraction"] and "validation" not in self.info.splits:
            raise InputError("--validation_fraction: expected more than 0, to choose the best epoch. Received: 0.")
        if self.settings["initial_model"] and self.settings["pretrained"]:
            raise InputError("--initial_model: expected it without --pretrained, which it brings. Received: both.")
        self._check_stages()
        if not (self.settings["segmentation_epochs"] or self.settings["initial_model"] or self.settings["segmenter"]):
            raise InputError("--segmentation_epochs=0: expected a trained KFS (--initial_model or --segmenter).")

    def _check_stages(self):
        """Whether the stage labels suffice for the fragments that were asked for, and for KFS."""
        settings = self.settings
        if settings["segmenter"]:
            if (settings["training"], settings["fragments"]) != ("staged", "predicted"):
                raise InputError(
                    "--segmenter: expected --training=staged --fragments=predicted with a KFS that is not trained. "
                    f"Received: --training={settings['training']} --fragments={settings['fragments']}."
                )
            return
        untrained = (settings["training"], settings["segmentation_epochs"], settings["fragments"])
        if settings["initial_model"] and untrained == ("staged", 0, "predicted"):
            return  # its KFS is used as it is
        unlabelled = self.info.stage_frames["train"].get("unlabelled", 0)
        labelled = sum(self.info.stage_frames["train"].values()) - unlabelled
        if not labelled or (unlabelled and settings["fragments"] == "true"):
            remedy = "Use --fragments=predicted" if labelled else "Give a trained KFS (--segmenter)"
            raise InputError(
                f"{self.info.records_dir}: expected stage labels for every training video. Received: "
                f"{unlabelled} frames without one. {remedy}, or label them."
            )

    # === Data ===

    def _videos(self, split, **options):
        return input_pipeline.videos(
            self.info.records_dir,
            split,
            image_size=self.settings["image_size"],
            batch_size=self.settings["batch_size"],
            validation_fraction=self.settings["validation_fraction"],
            **options,
        )

    def _ids(self, split):
        return input_pipeline.split_ids(self.info, split, self.settings["validation_fraction"])

    def _training_data(self, phase, first_epoch):
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
        sport = self.network.sport
        fragments = {*sport.difficulty_fragment, *sport.execution_fragment}
        return {"only_stages": sorted(fragments), "margin": self.settings["fragment_jitter"]}

    def _shuffled_labels(self):
        """A map that gives every training video the scores of another one: the control that must learn nothing."""
        ids = self._ids("train")
        order = np.random.default_rng(self.settings["seed"]).permutation(len(ids))
        names = ("difficulty", "execution", "final")
        scores = np.array([[self.info.videos[ids[i]][name] for name in names] for i in order], np.float32)
        table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(ids, np.arange(len(ids))), -1)

        def exchange(inputs, targets, extras):
            drawn = tf.gather(scores, table.lookup(extras["id"]))
            return inputs, {**targets, **{name: drawn[:, index] for index, name in enumerate(names)}}

        return exchange

    # === Training ===

    def run(self):
        """Trains what is left; returns the path of `best.keras`."""
        folder, state = self.checkpoints.latest()
        self.history = state["history"] if state else []
        if state is None:
            self._load_pretrained()
        for phase in phases(self.settings):
            self._start(phase)
            done = 0
            if state and state["phase"] == phase.name:
                self.checkpoints.restore(self.trainer, folder)
                done = state["epoch"]
            elif state and state["steps_done"] > phase.first_epoch:
                continue
            self._fit(phase, done, state["best"] if done else None)
        callbacks.save_model(self.network, self.model_dir / "last.keras")
        write_json(self.model_dir / "history.json", self.history)
        return self.model_dir / "best.keras"

    def _load_pretrained(self):
        """Fills the network with the weights that the settings name."""
        for flag, load in INITIAL_WEIGHTS.items():
            if self.settings[flag]:
                load(self.network, self.settings[flag])

    def _start(self, phase):
        """Compiles the trainer for a phase; SP starts from KFS at its best."""
        self.trainer.phase = phase.name
        segmenter = self.model_dir / "segmenter.weights.h5"
        if phase.name == "scoring" and segmenter.exists():
            with local_file(segmenter) as file:
                self.network.segmenter.load_weights(file)
        # No XLA: it makes 3-D convolutions 5 to 40 times slower on a CPU, and cannot compile KFS's LSTM on a GPU.
        self.trainer.compile(optimizer=make_optimizer(self.settings, self.dtype), jit_compile=False)
        self.trainer.optimizer.build(self.trainer.phase_variables())

    def _fit(self, phase, done, best):
        if done == phase.epochs:
            return
        num_videos, batch_size = len(self._ids("train")), self.settings["batch_size"]
        steps = -(-num_videos // batch_size)
        validation = self._validation(phase, best)

        def state(epoch, logs):
            self.history.append({"phase": phase.name, "epoch": epoch, **logs})
            steps_done = phase.first_epoch + epoch
            return {
                "phase": phase.name,
                "epoch": epoch,
                "steps_done": steps_done,
                "best": validation.best,
                "history": self.history,
            }

        self.trainer.fit(
            self._training_data(phase, done),
            initial_epoch=done,
            epochs=phase.epochs,
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=[
                callbacks.Reseed(self.settings["seed"], phase.first_epoch),
                callbacks.FragmentSchedule(),
                callbacks.StopOnNonFiniteLoss(),
                validation,
                callbacks.TensorBoardLog(self.model_dir / "tensorboard", phase.name, phase.first_epoch, validation),
                callbacks.SaveCheckpoint(self.checkpoints, phase.name, state),
                callbacks.ProgressBar(phase.name, steps, done, ON_THE_BAR),
            ],
        )

    def _validation(self, phase, best):
        return callbacks.Validation(
            lambda: self._videos("validation"),
            self._ids("validation"),
            phase.criterion,
            lambda: self._save_best(phase),
            every=self.settings["validation_every"],
            best=best,
        )

    def _save_best(self, phase):
        if phase.name == "segmentation":
            with replacing_file(self.model_dir / "segmenter.weights.h5") as temporary:
                self.network.segmenter.save_weights(temporary)
            return
        callbacks.save_model(self.network, self.model_dir / "best.keras")
