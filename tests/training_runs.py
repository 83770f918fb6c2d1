"""Small training runs that tests share: a tiny model, a batch, settings of a run, and a kill in the middle of one."""

import json
import subprocess
import sys

import keras
import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.scoring import ScoringRun

REGRESSOR = {"top": "regressor", "top_units": 512}
STATISTICS = {"difficulty": (3.3, 0.25), "execution": (24.0, 4.0)}
SMALL = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 8), "score_statistics": STATISTICS}


def trained(network):
    """The network, which says that it was trained."""
    network.scores_learned = True
    return network


def telling(network, factor=300.0):
    """The network as if trained: its towers say what they read; at first their last layer makes all scores the mean."""
    for tower in network.score_predictor.towers.values():
        layer = tower.get_layer("regressor_fc3")
        layer.kernel.assign(factor * layer.kernel)
    return trained(network)


def deciding(network, inputs):
    """The network, whose KFS finds all stages in the frames of a batch: at first most are one stage to it."""
    layer = network.segmenter.get_layer("fc2")
    features = np.asarray(keras.Model(network.segmenter.input, layer.input)(inputs))
    features = features.reshape(-1, features.shape[-1])
    kernel = np.random.default_rng(0).normal(size=(features.shape[1], 4))  # any, but far from the mean of all frames
    layer.set_weights([1e3 * kernel, -1e3 * features.mean(axis=0) @ kernel])
    return network


def batch():
    rng = np.random.default_rng(0)
    inputs = {"frames": rng.integers(0, 256, (3, 12, 32, 32, 3)).astype("uint8"), "mask": np.ones((3, 12), bool)}
    stages = np.int32([[1] * 3 + [2] * 5 + [3] * 2 + [0] * 2] * 3)
    scores = {"difficulty": np.float32([3.2, 3.6, 3.4]), "execution": np.float32([20, 27, 24])}
    return inputs, {"stages": stages, **scores, "final": scores["difficulty"] * scores["execution"]}


def assert_same(first, second):
    """Weights, however nested, that agree to the bit."""
    for a, b in zip(keras.tree.flatten(first), keras.tree.flatten(second), strict=True):
        np.testing.assert_array_equal(a, b)


def settings(model_dir, records_dir, **changes):
    return {
        "records_dir": str(records_dir),
        "model_dir": str(model_dir),
        "image_size": [32, 32],
        "batch_size": 3,
        "validation_fraction": 0.3,
        "validation_every": 1,
        "max_start_shift": 2,
        "flip": True,
        "crop_shift": 2,
        "zoom": 0.1,
        "color_jitter": 0.1,
        "degradation": 0.1,
        "width_multiplier": 1 / 16,
        "clip_lengths": [8, 8],
        "stage_network": "c3d_bi_lstm",
        "lstm_units": 64,
        "segmenter_fc_units": 64,
        "conv_filters": 64,
        "fc_units": 64,
        "pool_stride": 2,
        "output_activation": "linear",
        "scores": "auto",
        "head": "regression",
        "score_sigma": 0.3,
        "decoding": "argmax",
        "views": 1,
        "segmenter_dropout": 0.2,
        "dropout": 0.2,
        "pretrained": None,
        "resnet50_weights": None,
        "initial_model": None,
        "segmenter": None,
        "fragment_jitter": 1,
        "difficulty_fragment": [],
        "execution_fragment": [],
        "alpha": 1.0,
        "beta": 0.0005,
        "margin": 0.5,
        "pair_reduction": "mean",
        "ties": "skip",
        "loss_units": "standard",
        "stage_loss": "categorical",
        "training": "staged",
        "epochs": 2,
        "segmentation_epochs": 2,
        "scoring_epochs": 2,
        "fragments": "true",
        "rates": ["c3d:0.5"],
        "freeze": [],
        "learning_rate": 1e-3,
        "decay_rate": 0.45,
        "decay_steps": 600,
        "warmup_steps": 0,
        "accumulation_steps": 1,
        "clip_norm": 1.0,
        "ema_momentum": 0.0,
        "precision": "float32",
        "patience": 0,
        "max_steps": 0,
        "seed": 1,
        "deterministic": True,
        "shuffle_labels": False,
        "test_scores": False,
        "replicas": 1,
        "data_service": None,
        **changes,
    }


def pretraining_settings(model_dir, **changes):
    return {
        "model_dir": str(model_dir),
        "image_size": [32, 32],
        "clip_length": 8,
        "clip_sampling": "whole",
        "clips_per_video": 3,
        "validation_fraction": 0.0,
        "batch_size": 2,
        "epochs": 2,
        "flip": True,
        "crop_shift": 2,
        "zoom": 0.1,
        "color_jitter": 0.1,
        "degradation": 0.1,
        "width_multiplier": 1 / 16,
        "dropout": 0.2,
        "top": "fc",
        "pool_stride": 2,
        "pretrained": None,
        "weight_decay": 0.0,
        "learning_rate": 1e-3,
        "decay_rate": 0.45,
        "decay_steps": 600,
        "warmup_steps": 10,
        "accumulation_steps": 1,
        "clip_norm": 1.0,
        "ema_momentum": 0.0,
        "precision": "float32",
        "patience": 0,
        "max_steps": 0,
        "seed": 1,
        "deterministic": True,
        **changes,
    }


def defined_flags(command):
    """Flag → default, as text, of a command such as `scoringnet_tf.train`; two of them cannot share a process."""
    code = (
        "import importlib, json; from absl import flags; "
        f"command = importlib.import_module({command!r}); "
        "defined = flags.FLAGS.get_key_flags_for_module(command); "
        "print(json.dumps({flag.name: str(flag.default) for flag in defined}))"
    )
    return json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


class KilledError(Exception):
    """Stands for a kill at any moment."""


def kill_after_epoch(monkeypatch, epochs):
    """Makes the process die just before the checkpoint of epoch number `epochs` (1-based, all phases) is saved."""
    save, seen = Checkpoints.save, []

    def dying(self, model, name, state):
        seen.append(name)
        if len(seen) == epochs:
            raise KilledError
        save(self, model, name, state)

    monkeypatch.setattr(Checkpoints, "save", dying)


def weights_after(records, model_dir, **changes):
    return weights_beside(ScoringRun(DatasetInfo.load(records), settings(model_dir, records, **changes)).run())


def weights_beside(best):
    """(Weights of last.keras, those of the model that a run said is the best) in the folder of a run."""
    return tuple(
        keras.models.load_model(path, compile=False).get_weights() for path in (best.parent / "last.keras", best)
    )
