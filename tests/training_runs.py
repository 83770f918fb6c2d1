"""Small training runs that tests share: a tiny model, a batch, settings of a run, and a kill in the middle of one."""

import contextlib
import csv
import functools
import shutil

import keras
import numpy as np
import pytest

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.models.settings import merged
from scoringnet_tf.training.config import PretrainingConfig, TrainingConfig
from scoringnet_tf.training.fields import all_fields, with_values
from scoringnet_tf.training.finish import finish
from scoringnet_tf.training.fit import fit
from scoringnet_tf.training.plan import check
from scoringnet_tf.training.resolve import resolve

REGRESSOR = {"top": "regressor", "top_units": 512}
STATISTICS = {"difficulty": (3.3, 0.25), "execution": (24.0, 4.0)}
TINY = {
    "image_size": (32, 32),
    "width_multiplier": 1 / 16,
    "dtype": "float32",  # as saved, so that no twin is built for it
    "segmenter": {"network": "c3d"},  # an LSTM takes half of the time
    "score_predictor": {"clip_lengths": (8, 8)},
}
SMALL = merged(TINY, {"score_predictor": {"score_statistics": STATISTICS}})
OF_BARS = merged(TINY, {"content": {"frame_size": (36, 48)}})  # for the records and videos of `conftest`


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


# Names that tests use for fields → their paths; of others the name is the flag's, or the last part of the path.
PATHS = {
    "segmenter_fc_units": "model.fragments.network.fc_units",
    "segmenter_dropout": "model.fragments.network.dropout",
    "fc_units": "model.fc_units",
    "difficulty_fragment": "model.fragments.difficulty",
    "execution_fragment": "model.fragments.execution",
    "score_sigma": "model.head.sigma",
    "loss_units": "loss.units",
    "stage_loss": "loss.stages",
}
SHARED = {  # by tests of both commands; no default is left as it is where it costs time or hides a mistake
    "image_size": [32, 32],
    "flip": True,
    "crop_shift": 2,
    "zoom": 0.1,
    "color_jitter": 0.1,
    "degradation": 0.1,
    "width_multiplier": 1 / 16,
    "dropout": 0.2,
    "precision": "float32",
    "seed": 1,
}
TRAINING = {
    "batch_size": 3,
    "validation_fraction": 0.3,
    "max_start_shift": 2,
    "clip_lengths": [8, 8],
    "stage_network": "c3d",  # an LSTM takes half of the time
    "lstm_units": 64,
    "segmenter_fc_units": 64,
    "conv_filters": 64,
    "fc_units": 64,
    "segmenter_dropout": 0.2,
    "fragment_jitter": 1,
    "alpha": 1.0,
    "pair_reduction": "mean",
    "training": "staged",
    "epochs": 2,
    "segmentation_epochs": 2,
    "scoring_epochs": 2,
    "lr_multipliers": {"c3d": 0.5},
    "reference": False,  # `test_finishing` measures
}
PRETRAINING = {"clip_length": 8, "validation_fraction": 0.0, "batch_size": 2, "epochs": 2, "warmup_steps": 10}


def changed(config, **changes):
    """The configuration with other values: name, see `PATHS`, → value; what has no effect in it is left out."""
    fields = [*all_fields(type(config))]
    paths = {path.rpartition(".")[2]: path for path, *_ in fields} | {about.flag: path for path, about, *_ in fields}
    return with_values(config, {(paths | PATHS)[name]: value for name, value in changes.items()})[0]


def settings(model_dir, records_dir, **changes):
    """A small configuration of `train`."""
    places = {"records_dir": str(records_dir), "model_dir": str(model_dir)}
    return changed(TrainingConfig(), **SHARED | TRAINING | places | changes)


def pretraining_settings(model_dir, **changes):
    """A small configuration of `pretrain`."""
    return changed(PretrainingConfig(), **SHARED | PRETRAINING | {"model_dir": str(model_dir)} | changes)


def scoring_run(records, model_dir, **changes):
    """A run of `train`, resolved; nothing is trained yet."""
    return resolve(check(settings(model_dir, records, **changes), DatasetInfo.load(records)))


def trained_by(run):
    """Trains what is left of a run; returns the path of its best model."""
    fit(run)
    return finish(run)


def watched(run, *extra):
    """The run with callbacks of a test before its own."""
    fit_model = run.model.fit
    run.model.fit = lambda *data, callbacks, **options: fit_model(*data, callbacks=[*extra, *callbacks], **options)
    return run


def eagerly(run):
    """The run, whose steps become no graph: a few of them take less than their graph takes to be traced."""
    run.model.compile = functools.partial(run.model.compile, run_eagerly=True)
    return run


def rows_of(path):
    """Rows of a CSV file, name → text."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class KilledError(Exception):
    """Stands for a kill at any moment."""


def kill_after_epoch(monkeypatch, epochs):
    """Makes the process die in the checkpoint of epoch number `epochs` (1-based, all phases), before it is whole."""
    save, seen = keras.Model.save_weights, []

    def dying(self, *arguments, **options):
        seen.append(self)
        if len(seen) == epochs:
            raise KilledError
        save(self, *arguments, **options)

    monkeypatch.setattr(keras.Model, "save_weights", dying)


@contextlib.contextmanager
def copied_before(epochs, model_dir, target):
    """Copies a run's folder to `target`/EPOCH as a kill leaves it in the checkpoint of these epochs.

    Epochs are counted over all phases, from 1.
    """
    save, seen = keras.Model.save_weights, []

    def copying(self, *arguments, **options):
        seen.append(self)
        if len(seen) in epochs:
            shutil.copytree(model_dir, target / str(len(seen)))
        save(self, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "save_weights", copying)
        yield


def weights_after(records, model_dir, **changes):
    return weights_beside(trained_by(eagerly(scoring_run(records, model_dir, **changes))))


def weights_beside(best):
    """(Weights of last.keras, those of the model that a run said is the best) in the folder of a run."""
    return tuple(
        keras.models.load_model(path, compile=False).get_weights() for path in (best.parent / "last.keras", best)
    )
