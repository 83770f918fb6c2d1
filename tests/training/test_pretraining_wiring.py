"""Every flag of `pretrain` reaches its object: each has a value here that is unlike every default."""

import keras
import pytest
import tensorflow as tf
from training_runs import defined_flags
from training_runs import pretraining_settings as settings

import scoringnet_tf
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.models.backbones.c3d import PREPROCESSING
from scoringnet_tf.training import pretraining
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.pretraining import PretrainingRun

UNUSUAL = {
    "image_size": [24, 32],
    "clip_length": 6,
    "clip_sampling": "consecutive",
    "clips_per_video": 7,
    "validation_fraction": 0.45,
    "batch_size": 15,
    "epochs": 9,
    "width_multiplier": 1 / 32,
    "top": "regressor",
    "pool_stride": 1,
    "dropout": 0.23,
    "weight_decay": 0.017,
    "flip": False,
    "crop_shift": 3,
    "zoom": 0.17,
    "color_jitter": 0.13,
    "degradation": 0.37,
    "learning_rate": 0.0042,
    "decay_rate": 0.61,
    "decay_steps": 17,
    "warmup_steps": 5,
    "clip_norm": 2.5,
    "ema_momentum": 0.87,
    "accumulation_steps": 3,
    "patience": 4,
    "max_steps": 2,
    "seed": 11,
}


@pytest.fixture(scope="module")
def run(ucf101_records, tmp_path_factory):
    return PretrainingRun(DatasetInfo.load(ucf101_records), settings(tmp_path_factory.mktemp("run"), **UNUSUAL))


def test_every_flag_is_in_these_tests():
    """A flag that is added must be added here, with a value that is not its default."""
    defined = defined_flags("scoringnet_tf.pretrain")
    elsewhere = {"records_dir", "model_dir", "precision", "deterministic", "pretrained"}  # below
    assert set(UNUSUAL) | elsewhere == set(defined)
    assert [name for name, value in UNUSUAL.items() if str(value) == defined[name]] == []


def test_a_c3d_states_the_frames_that_it_learned_from(run, ucf101_records, tmp_path):
    """Not those of the weights that it began with; a run that was stopped is not told by them."""
    size = list(DatasetInfo.load(ucf101_records).frame_size)
    assert run.model.preprocessing == {**PREPROCESSING, "frame_size": size}
    published = {"channels": "bgr", "mean": [95.0, 103.0, 108.0], "scale": 1.0, "frame_size": [128, 171]}
    before = []
    for name, frame_size in (("first", [128, 171]), ("second", [90, 120])):
        preprocessing = {**published, "frame_size": frame_size}
        scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing=preprocessing).save(tmp_path / f"{name}.keras")
        options = settings(tmp_path / "run", validation_fraction=0.45, pretrained=str(tmp_path / f"{name}.keras"))
        later = PretrainingRun(DatasetInfo.load(ucf101_records), options)
        assert later.model.preprocessing == {**published, "frame_size": size}
        before.append(later._built_of())
    assert before[0] == before[1] != run._built_of()


def test_flags_of_the_model(run):
    model = run.model
    assert model.input_shape == (None, 6, 24, 32, 3)
    assert [model.get_layer(f"conv{name}").filters for name in ("1a", "2a", "5b")] == [64 // 32, 128 // 32, 512 // 32]
    assert model.get_layer("regressor_conv2").filters == 512 // 32
    assert [model.get_layer(f"regressor_pool{n}").strides for n in (1, 2)] == [(1, 1, 1)] * 2
    assert [model.get_layer(f"regressor_fc{n}").units for n in (1, 2)] == [512 // 32] * 2
    assert [model.get_layer(f"regressor_fc{n}_dropout").rate for n in (1, 2)] == [0.23] * 2
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv3D)]
    assert len(convolutions) == 8 + 2
    assert [float(layer.kernel_regularizer.l2) for layer in convolutions] == pytest.approx([0.017] * 10)
    assert model.get_layer("action").units == 2


def test_dropout_of_c3ds_own_top():
    c3d = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 32, heads={"action": 2}, dropout_rate=0.23)
    assert [c3d.get_layer(f"fc{number}_dropout").rate for number in (6, 7)] == [0.23] * 2


def test_the_top_is_c3ds_own_or_sps_regressor(ucf101_records, tmp_path):
    changes = {**UNUSUAL, "top": "fc"}
    run = PretrainingRun(DatasetInfo.load(ucf101_records), settings(tmp_path, **changes))
    assert [run.model.get_layer(name).units for name in ("fc6", "fc7")] == [4096 // 32] * 2
    assert run.model.get_config()["final_endpoint"] == "pool5"


def test_flags_of_the_optimizer(run, monkeypatch):
    made = []
    monkeypatch.setattr(
        pretraining, "make_optimizer", lambda *arguments: made.append(arguments) or make_optimizer(*arguments)
    )
    run.begin(run.phases[0], resumed=False)
    assert made == [(run.settings, "float32")]
    optimizer = run.model.optimizer
    assert (optimizer.global_clipnorm, optimizer.clipnorm, optimizer.clipvalue) == (2.5, None, None)
    assert optimizer.gradient_accumulation_steps == 3 and optimizer.rate_factors is None
    assert (optimizer.use_ema, optimizer.ema_momentum) == (True, 0.87)
    rate = optimizer._learning_rate
    assert float(rate(0)) == pytest.approx(0.0042 / 15)
    assert float(rate(51)) == pytest.approx(0.0042 * 0.61)


def test_flags_of_the_data(run, monkeypatch):
    asked = {}

    def clips(records_dir, split, **options):
        asked[split] = (records_dir, options)
        frames = tf.zeros((1, 6, 24, 32, 3), tf.uint8)
        return tf.data.Dataset.from_tensors((frames, {"action": [1], "of one class": [0]}))

    monkeypatch.setattr(input_pipeline, "clips", clips)
    run.training_data(run.phases[0], 2)
    (_, classes), *_ = run.validation_data(run.phases[0])
    assert set(classes) == {"action"}  # of heads with more than one class
    assert set(asked) == {"train", "validation"}
    shared = {"clip_length": 6, "sampling": "consecutive", "image_size": [24, 32], "batch_size": 15}
    shared |= {"validation_fraction": 0.45}
    random = {
        "seed": 11,
        "shuffle": True,
        "first_epoch": 2,
        "epochs": 9,
        "augmentation": input_pipeline.Augmentation(
            flip=False, crop_shift=3, zoom=0.17, color_jitter=0.13, degradation=0.37
        ),
    }
    assert asked["train"] == (run.info.records_dir, shared | random)
    assert asked["validation"] == (run.info.records_dir, shared)  # nothing random


def test_flags_of_the_evaluation(run, monkeypatch):
    """On the test split, with as many videos to a batch as make it no larger than that of training."""
    asked = []
    monkeypatch.setattr(input_pipeline, "video_clips", lambda *arguments, **options: asked.append((arguments, options)))
    monkeypatch.setattr(pretraining, "load_keras", lambda path, *_: path)
    monkeypatch.setattr(pretraining, "tqdm", lambda batches, *_, **__: batches)
    monkeypatch.setattr(pretraining, "accuracies", lambda c3d, batches: {"action": c3d.name})
    metrics = run.evaluate()
    expected = {"clip_length": 6, "clips_per_video": 7, "image_size": [24, 32], "batch_size": 15 // 7}
    assert asked == [((run.info.records_dir, "test"), {**expected, "validation_fraction": 0.45})]
    assert metrics == {"split": "test", "num_videos": 2, "clips_per_video": 7, "accuracy": {"action": "c3d.keras"}}


def test_flags_of_the_schedule(run):
    ((name, epochs, first_epoch, monitor, best),) = [
        (phase.name, phase.epochs, phase.first_epoch, phase.monitor, phase.best) for phase in run.phases
    ]
    assert (name, epochs, first_epoch, monitor, best) == ("pretraining", 9, 0, "val_mean_accuracy", "c3d.keras")
    assert len(run.train_ids) == len(run.validation_ids) == 2  # of two groups to train on, 0.45 are one
    run.begin(run.phases[0], resumed=True)
    run.folder, run.checkpoints, run.upload = run.model_dir, None, None
    chosen = run._callbacks(run.phases[0], 0, {}, 1, None)
    stopping = next(callback for callback in chosen if isinstance(callback, keras.callbacks.EarlyStopping))
    assert (stopping.patience, stopping.monitor, stopping.mode) == (4, "val_mean_accuracy", "max")
    assert next(callback for callback in chosen if hasattr(callback, "max_steps")).max_steps == 2
    assert next(callback for callback in chosen if hasattr(callback, "seed")).seed == 11


def test_flags_of_the_process(motion_records, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "scoringnet_tf.training.run.configure", lambda *arguments: asked.append(arguments) or "mixed_bfloat16"
    )
    changes = {"precision": "auto", "seed": 11, "deterministic": False}
    run = PretrainingRun(DatasetInfo.load(motion_records), settings(tmp_path / "run", **changes))
    assert asked == [("auto", 11, False)]
    assert run.model.get_layer("conv1a").compute_dtype == "bfloat16"
    assert run.model_dir == tmp_path / "run" and run.info.records_dir == motion_records


def test_a_run_goes_on_from_its_pretrained_c3d(motion_records, tmp_path):
    """And says on what that learned."""
    c3d = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={"splash": 4}, learned_from={"a dive", "another"})
    c3d.save(tmp_path / "c3d.keras")
    options = settings(tmp_path / "run", pretrained=str(tmp_path / "c3d.keras"))
    run = PretrainingRun(DatasetInfo.load(motion_records), options)
    assert run.model.learned_from == {"a dive", "another"}
    run.load_initial_weights()
    for name in ("conv1a", "conv5b", "fc7"):
        for a, b in zip(c3d.get_layer(name).get_weights(), run.model.get_layer(name).get_weights(), strict=True):
            assert (a == b).all()
