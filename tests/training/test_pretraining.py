"""Pretraining on classes: resume after a kill, accuracy on clips and videos, and which split is used for what."""

import csv
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import KilledError, kill_after_epoch
from training_runs import pretraining_settings as settings

from data_prep.records.verifying import read_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import split_ids
from scoringnet_tf.training.callbacks import MeanAccuracy
from scoringnet_tf.training.pretraining import PretrainingRun, accuracies, check_validation

CONSECUTIVE = {"clip_sampling": "consecutive", "validation_fraction": 0.5}


@pytest.mark.slow
@pytest.mark.parametrize(("records", "changes"), [("motion_records", {}), ("ucf101_records", CONSECUTIVE)])
def test_pretraining_resumes_to_the_same_weights(records, changes, tmp_path, monkeypatch, request):
    info = DatasetInfo.load(request.getfixturevalue(records))

    def weights(name):
        run = PretrainingRun(info, settings(tmp_path / name, **changes))
        return keras.models.load_model(run.run(), compile=False).get_weights()

    straight = weights("straight")
    with monkeypatch.context() as patch:
        kill_after_epoch(patch, 2)
        with pytest.raises(KilledError):
            weights("killed")
    for a, b in zip(straight, weights("killed"), strict=True):
        np.testing.assert_array_equal(a, b)


# === Accuracy ===


def test_the_mean_accuracy_is_that_of_the_heads_in_validation():
    logs = {"group_accuracy": 1.0, "position_accuracy": 0.9, "val_group_accuracy": 0.5, "val_position_accuracy": 0.2}
    logs |= {"val_loss": 7.0, "loss": 3.0}
    MeanAccuracy().on_epoch_end(0, logs)
    assert logs["val_mean_accuracy"] == pytest.approx(0.35)


def test_a_video_is_what_the_mean_of_its_clips_says():
    """Against a loop, where clips, videos and the surest clips differ: 20 videos of 5 clips, 3 classes."""
    keras.utils.set_random_seed(0)
    frames = keras.Input((2, 4, 4, 3), dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 128, offset=-1)(frames))
    model = keras.Model(frames, {"action": keras.layers.Dense(3, "softmax")(x)})
    rng = np.random.default_rng(0)
    clips = rng.integers(0, 256, (20, 5, 2, 4, 4, 3)).astype("uint8")
    labels = rng.integers(0, 3, 20)
    right_clips = right_videos = right_surest = 0
    for video, label in zip(clips, labels, strict=True):
        total, surest = np.zeros(3), np.zeros(3)
        for clip in video:
            probabilities = np.asarray(model(clip[np.newaxis])["action"])[0]
            right_clips += int(np.argmax(probabilities) == label)
            total += probabilities
            surest = np.maximum(surest, probabilities)
        right_videos += int(np.argmax(total / 5) == label)
        right_surest += int(np.argmax(surest) == label)
    assert len({right_clips / 100, right_videos / 20, right_surest / 20}) == 3
    batches = tf.data.Dataset.from_tensor_slices((clips, {"action": labels})).batch(6)
    expected = {"clip": right_clips / 100, "video": right_videos / 20}
    assert accuracies(model, batches) == {"action": pytest.approx(expected)}


@pytest.mark.slow
def test_a_run_on_ucf101_measures_the_videos_of_the_test_split(ucf101_records, tmp_path):
    info = DatasetInfo.load(ucf101_records)
    run = PretrainingRun(info, settings(tmp_path, **CONSECUTIVE))
    best = run.run()
    metrics = run.evaluate()
    assert json.loads((tmp_path / "metrics.json").read_text()) == metrics
    with (tmp_path / "pretraining.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1"] and "val_mean_accuracy" in rows[0]

    c3d, right = keras.models.load_model(best, compile=False), {"clip": [], "video": []}
    for _, record in read_records(info, "test"):
        stored = np.stack([tf.io.decode_jpeg(jpeg, dct_method="INTEGER_ACCURATE") for jpeg in record["image/encoded"]])
        starts = [2, 6, 10]  # the middles of three thirds of the starts 0 to 12
        of_clips = [np.asarray(c3d(stored[np.newaxis, s : s + 8, 2:34, 8:40])["action"])[0] for s in starts]
        label = int(record["class/action"])
        right["clip"] += [np.argmax(probabilities) == label for probabilities in of_clips]
        right["video"].append(np.argmax(np.mean(of_clips, axis=0)) == label)
    assert metrics == {
        "split": "test",
        "num_videos": 2,
        "clips_per_video": 3,
        "accuracy": {"action": {kind: np.mean(values) for kind, values in right.items()}},
    }


def test_the_test_split_never_chooses_the_epoch(motion_records, ucf101_records, tmp_path):
    motion, ucf101 = DatasetInfo.load(motion_records), DatasetInfo.load(ucf101_records)
    check_validation(motion, 0.0)
    check_validation(ucf101, 0.5)
    assert len(split_ids(ucf101, "train", 0.5)) == 2
    with refused("no_validation", "--validation_fraction"):
        PretrainingRun(ucf101, settings(tmp_path / "run"))
    assert not (tmp_path / "run").exists()  # refused before anything is written


def test_one_of_several_workers_is_refused(motion_records, tmp_path, monkeypatch):
    """`pretrain` has no --replicas that a message could name."""
    task = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": task}))
    with refused("one_machine_only", "TF_CONFIG"):
        PretrainingRun(DatasetInfo.load(motion_records), settings(tmp_path / "run"))


def test_the_default_of_the_command_holds_training_videos_out():
    command = [sys.executable, "-m", "scoringnet_tf.pretrain", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True).stdout
    explained = shown[shown.index("--validation_fraction:") :].partition("\n  --")[0]
    assert "(default: '0.1')" in explained and "never the test split" in " ".join(explained.split())
