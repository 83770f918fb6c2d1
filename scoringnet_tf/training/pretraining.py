"""Pretrains C3D on a classification set of records: simulated motion, or action classes (§4.2).

A run's folder holds config.json, checkpoints/ to go on from, c3d.keras (float32, best mean validation accuracy),
history.json and tensorboard/, as in `session`; and once it was evaluated, metrics.json.
"""

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.models.c3d import C3D
from scoringnet_tf.models.presets import load_keras
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file, write_json
from scoringnet_tf.support.paths import as_path
from scoringnet_tf.training import callbacks, runtime
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import record_config
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.pretrained import continue_from, preprocessing_of

TOPS = {
    "fc": {"top": "fc", "final_endpoint": "pool5", "top_units": 4096},
    "regressor": {"top": "regressor", "final_endpoint": "conv5b", "top_units": 512},
}


def validation_split(info, validation_fraction=0.0):
    """The split that chooses the best epoch, never the test split; InputError where there is none."""
    if "validation" in info.splits or validation_fraction:
        return "validation"
    raise InputError(
        f"{info.records_dir}: expected a validation split, or --validation_fraction above 0. Received: "
        f"{', '.join(sorted(info.splits))}, and {validation_fraction:g}."
    )


def accuracies(c3d, batches):
    """How often a C3D is right about clips, and about videos: by the mean of the probabilities of a video's clips.

    Args:
        c3d: `C3D` with heads.
        batches: (frames (B, K, T, H, W, 3), {head: labels (B,)}), as of `input_pipeline.video_clips`.

    Returns:
        {head: {"clip": share of the clips, "video": share of the videos}}.
    """
    right = {}
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


class KeepBest(keras.callbacks.Callback):
    """Adds the mean accuracy over the heads to the logs and saves the model, in float32, when it improves."""

    def __init__(self, path, best=None):
        super().__init__()
        self.path, self.best = path, best

    def on_epoch_end(self, epoch, logs=None):
        accuracies = [value for name, value in logs.items() if name.startswith("val_") and name.endswith("accuracy")]
        logs["val_mean_accuracy"] = sum(accuracies) / len(accuracies)
        if self.best is None or logs["val_mean_accuracy"] > self.best:
            self.best = logs["val_mean_accuracy"]
            save_c3d(self.model, self.path)


def save_c3d(model, path):
    """Saves a C3D as float32 `.keras`."""
    twin = C3D(**{**model.get_config(), "dtype": "float32"})
    twin.set_weights(model.get_weights())
    with replacing_file(path) as temporary:
        twin.save(temporary)


class PretrainingRun:
    """Everything of one run; `run()` trains what is left and returns the path of the best C3D.

    Args:
        info: `DatasetInfo` of the records; it must have classes.
        settings: flag name → value of `python -m scoringnet_tf.pretrain`.
    """

    def __init__(self, info, settings):
        if "train" not in info.splits:
            raise InputError(f"{info.records_dir}: expected a train split. Received: {', '.join(info.splits)}.")
        # A head with one class has nothing to tell.
        self.heads = {head: len(names) for head, names in info.classes.items() if len(names) > 1}
        if not self.heads:
            raise InputError(
                f"{info.records_dir}: expected classes (--dataset=motion or ucf101). Received: {info.name}."
            )
        self.info, self.settings = info, settings
        self.validation_split = validation_split(info, settings["validation_fraction"])
        self.model_dir = as_path(settings["model_dir"])
        self.dtype = runtime.configure(settings["precision"], settings["seed"], settings["deterministic"])
        record_config(self.model_dir, settings, info.data_hash, self.dtype)
        self.checkpoints = Checkpoints(self.model_dir)
        self.model = C3D(
            input_shape=(settings["clip_length"], *settings["image_size"], 3),
            width_multiplier=settings["width_multiplier"],
            heads=self.heads,
            **TOPS[settings["top"]],
            dropout_rate=settings["dropout"],
            kernel_l2=settings["weight_decay"],
            preprocessing=preprocessing_of(settings["pretrained"], settings["image_size"]),
            dtype=self.dtype,
        )
        self._compile()

    def _compile(self):
        settings = self.settings
        heads = list(self.heads)
        self.model.compile(
            optimizer=make_optimizer(settings, self.dtype),
            loss=dict.fromkeys(heads, "sparse_categorical_crossentropy"),
            metrics=dict.fromkeys(heads, "accuracy"),
            # XLA is slower on a CPU, and refuses to work where determinism is asked for.
            jit_compile=bool(tf.config.list_physical_devices("GPU")) and not settings["deterministic"],
        )
        self.model.optimizer.build(self.model.trainable_variables)

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

    def _training_clips(self, first_epoch):
        settings = self.settings
        augmentation = input_pipeline.Augmentation(
            flip=settings["flip"],
            crop_shift=settings["crop_shift"],
            zoom=settings["zoom"],
            color_jitter=settings["color_jitter"],
        )
        return self._clips(
            "train",
            seed=settings["seed"],
            augmentation=augmentation,
            shuffle=True,
            first_epoch=first_epoch,
            epochs=settings["epochs"],
        )

    def run(self):
        """Trains what is left; returns the path of `c3d.keras`."""
        folder, state = self.checkpoints.latest()
        done, best, history = (state["epoch"], state["best"], state["history"]) if state else (0, None, [])
        if state:
            self.checkpoints.restore(self.model, folder)
        elif self.settings["pretrained"]:
            continue_from(self.model, self.settings["pretrained"])
        keep_best = KeepBest(self.model_dir / "c3d.keras", best)

        def state_of(epoch, logs):
            history.append({"epoch": epoch, **{name: float(value) for name, value in logs.items()}})
            return {"epoch": epoch, "steps_done": epoch, "best": keep_best.best, "history": history}

        num_videos = len(input_pipeline.split_ids(self.info, "train", self.settings["validation_fraction"]))
        steps = -(-num_videos // self.settings["batch_size"])
        if done < self.settings["epochs"]:
            self.model.fit(
                self._training_clips(done),
                initial_epoch=done,
                epochs=self.settings["epochs"],
                steps_per_epoch=steps,
                validation_data=self._clips(self.validation_split),
                shuffle=False,
                verbose=0,
                callbacks=[
                    callbacks.Reseed(self.settings["seed"]),
                    callbacks.StopOnNonFiniteLoss(),
                    keep_best,
                    callbacks.TensorBoardLog(self.model_dir / "tensorboard", "pretraining"),
                    callbacks.SaveCheckpoint(self.checkpoints, "pretraining", state_of),
                    callbacks.ProgressBar("pretraining", steps, done, {"val_mean_accuracy": "accuracy"}),
                ],
            )
        write_json(self.model_dir / "history.json", history)
        return self.model_dir / "c3d.keras"

    def evaluate(self):
        """Measures c3d.keras on several clips of each video of the test split; on the validation split where none is.

        Returns:
            What it writes into metrics.json: `split`, `num_videos`, `clips_per_video`, `epoch_chosen_on`, the split
            that chose the epoch, and `accuracy` as of `accuracies`.
        """
        settings = self.settings
        split = "test" if "test" in self.info.splits else self.validation_split
        batches = input_pipeline.video_clips(
            self.info.records_dir,
            split,
            clip_length=settings["clip_length"],
            clips_per_video=settings["clips_per_video"],
            image_size=settings["image_size"],
            batch_size=max(1, settings["batch_size"] // settings["clips_per_video"]),
            validation_fraction=settings["validation_fraction"],
        )
        c3d = load_keras(self.model_dir / "c3d.keras", C3D, "model_dir")
        metrics = {
            "split": split,
            "num_videos": len(input_pipeline.split_ids(self.info, split, settings["validation_fraction"])),
            "clips_per_video": settings["clips_per_video"],
            "epoch_chosen_on": self.validation_split,
            "accuracy": accuracies(c3d, tqdm(batches, f"Evaluating on {split}", unit="batch")),
        }
        write_json(self.model_dir / "metrics.json", metrics)
        return metrics
