"""Pretraining on classes: resume after a kill, what is refused, and what it makes of its configuration."""

import json

import keras
import numpy as np
import pytest
from refusals import refused
from training_runs import assert_same, copied_before, eagerly, rows_of, trained_by
from training_runs import pretraining_settings as settings

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import Augmentation, clips, split_ids
from scoringnet_tf.models.backbones.c3d import PREPROCESSING
from scoringnet_tf.training.callbacks import MeanAccuracy
from scoringnet_tf.training.plan import check
from scoringnet_tf.training.resolve import resolve


def pretraining_run(info, model_dir, **changes):
    return resolve(check(settings(model_dir, **changes), info))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("records", "changes"),
    [("motion_records", {}), ("ucf101_records", {"clip_sampling": "consecutive", "validation_fraction": 0.5})],
)
def test_pretraining_resumes_to_the_same_weights(records, changes, tmp_path, request):
    info = DatasetInfo.load(request.getfixturevalue(records))

    def weights(name):
        best = trained_by(eagerly(pretraining_run(info, tmp_path / name, **changes)))
        return keras.models.load_model(best, compile=False).get_weights()

    with copied_before((2,), tmp_path / "straight", tmp_path):
        straight = weights("straight")
    assert_same(straight, weights("2"))
    rows = rows_of(tmp_path / "2/pretraining.csv")
    assert [row["epoch"] for row in rows] == ["0", "1"] and "val_mean_accuracy" in rows[0]


def test_the_mean_accuracy_is_that_of_the_heads_in_validation():
    logs = {"group_accuracy": 1.0, "position_accuracy": 0.9, "val_group_accuracy": 0.5, "val_position_accuracy": 0.2}
    logs |= {"val_loss": 7.0, "loss": 3.0}
    MeanAccuracy().on_epoch_end(0, logs)
    assert logs["val_mean_accuracy"] == pytest.approx(0.35)


def test_what_chooses_no_epoch_and_one_of_several_workers_is_refused(ucf101_records, tmp_path, monkeypatch):
    """The test split never chooses; `pretrain` has no --replicas that a message could name."""
    info = DatasetInfo.load(ucf101_records)
    assert len(split_ids(info, "train", 0.5)) == 2
    with refused("no_validation", "--validation_fraction"):
        pretraining_run(info, tmp_path / "run")
    task = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": task}))
    with refused("one_machine_only", "TF_CONFIG"):
        pretraining_run(info, tmp_path / "run", validation_fraction=0.5)
    assert not (tmp_path / "run").exists()  # refused before anything is written


UNUSUAL = {  # unlike every default
    "image_size": [24, 32],
    "clip_length": 6,
    "clip_sampling": "consecutive",
    "validation_fraction": 0.45,
    "batch_size": 15,
    "epochs": 9,
    "width_multiplier": 1 / 32,
    "top": "regressor",
    "dropout": 0.23,
    "weight_decay": 0.017,
    "flip": False,
    "crop_shift": 3,
    "zoom": 0.17,
    "color_jitter": 0.13,
    "degradation": 0.37,
    "seed": 11,
}


@pytest.fixture(scope="module")
def run(ucf101_records, tmp_path_factory):
    return pretraining_run(DatasetInfo.load(ucf101_records), tmp_path_factory.mktemp("run"), **UNUSUAL)


def test_the_model(run):
    model, (phase,) = run.model, run.phases
    assert (phase.epochs, phase.monitor, run.best) == (9, "val_mean_accuracy", "c3d.keras")
    assert model.input_shape == (None, 6, 24, 32, 3)
    assert [model.get_layer(f"conv{name}").filters for name in ("1a", "2a", "5b")] == [64 // 32, 128 // 32, 512 // 32]
    assert [model.get_layer(f"regressor_pool{n}").strides for n in (1, 2)] == [(2, 2, 2)] * 2
    assert [model.get_layer(f"regressor_fc{n}").units for n in (1, 2)] == [512 // 32] * 2
    assert [model.get_layer(f"regressor_fc{n}_dropout").rate for n in (1, 2)] == [0.23] * 2
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv3D)]
    assert [float(layer.kernel_regularizer.l2) for layer in convolutions] == pytest.approx([0.017] * (8 + 2))
    assert model.get_layer("action").units == 2


def test_the_top_is_c3ds_own_or_sps_regressor(ucf101_records, tmp_path):
    own = pretraining_run(DatasetInfo.load(ucf101_records), tmp_path, **UNUSUAL | {"top": "fc"}).model
    assert [own.get_layer(name).units for name in ("fc6", "fc7")] == [4096 // 32] * 2
    assert [own.get_layer(f"fc{number}_dropout").rate for number in (6, 7)] == [0.23] * 2
    assert own.get_config()["final_endpoint"] == "pool5"


def test_the_data(run):
    """Batches are those of `input_pipeline.videos`; KFS predicts fragments, and is trained, on whole videos."""
    read = {"clip_length": 6, "sampling": "consecutive", "image_size": (24, 32), "batch_size": 15}
    augmentation = Augmentation(flip=False, crop_shift=3, zoom=0.17, color_jitter=0.13, degradation=0.37)
    random = {"seed": 11, "shuffle": True, "first_epoch": 2, "epochs": 9, "augmentation": augmentation}
    trained, validated = run.task.training_batches(run, run.phases[0], 2), run.task.validation_batches(run)
    for ours, split, options in ((trained, "train", random), (validated, "validation", {})):
        expected = clips(run.info.records_dir, split, validation_fraction=0.45, **read, **options)
        for (frames, classes), (others, known) in zip(ours.take(2), expected.take(2), strict=True):
            np.testing.assert_array_equal(frames, others)
            assert set(classes) == {"action"} and (classes["action"].numpy() == known["action"].numpy()).all()


def test_a_c3d_states_the_frames_that_it_learned_from(run, ucf101_records, tmp_path):
    """Not those of the weights that it began with."""
    size = list(DatasetInfo.load(ucf101_records).frame_size)
    assert run.model.preprocessing == {**PREPROCESSING, "frame_size": size}
    published = {"channels": "bgr", "mean": [95.0, 103.0, 108.0], "scale": 1.0, "frame_size": [128, 171]}
    for name, frame_size in (("first", [128, 171]), ("second", [90, 120])):
        source = {"heads": {"a": 2}, "preprocessing": {**published, "frame_size": frame_size}}
        scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, **source).save(tmp_path / f"{name}.keras")
        changes = {"validation_fraction": 0.45, "pretrained": str(tmp_path / f"{name}.keras"), "clip_length": 8}
        later = pretraining_run(DatasetInfo.load(ucf101_records), tmp_path / "run", **changes)
        assert later.model.preprocessing == {**published, "frame_size": size}
