"""The package as a notebook uses it: train, evaluate, save and reload in a few lines, and as the command line does."""

import json

import keras
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import assert_same, eagerly, settings

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.models.settings import merged
from scoringnet_tf.training.fit import fit
from scoringnet_tf.training.plan import check
from scoringnet_tf.training.resolve import resolve

TINY = {
    "image_size": (32, 32),
    "width_multiplier": 1 / 16,
    "segmenter": {"network": "c3d"},
    "score_predictor": {"clip_lengths": (8, 8), "kernel_l2": 0.0005},
}
WITHOUT_DROPOUT = {
    "segmenter": {"network": "c3d_bi_lstm", "lstm_units": 64, "fc_units": 64, "dropout_rate": 0.0},
    "score_predictor": {"conv_filters": 64, "fc_units": 64, "dropout_rate": 0.0},
}


@pytest.mark.slow
def test_a_script_gives_the_numbers_of_the_command_line(diving_records, tmp_path):
    sn = scoringnet_tf
    tf.config.experimental.enable_op_determinism()  # as it does
    keras.utils.set_random_seed(7)
    model = sn.ScoringNet.for_records(sn.DatasetInfo.load(diving_records), **merged(TINY, WITHOUT_DROPOUT))
    model.compile(sn.LayerwiseAdam(1e-3, global_clipnorm=1.0), run_eagerly=True)
    data = {"image_size": (32, 32), "batch_size": 3, "validation_fraction": 0.3}
    augmentation = sn.Augmentation(2, flip=True, crop_shift=2, zoom=0.1, color_jitter=0.1, degradation=0.1)
    train = sn.videos(diving_records, "train", **data, seed=7, shuffle=True, augmentation=augmentation)
    held_out = sn.videos(diving_records, "validation", **data)
    history = model.fit(train, validation_data=held_out, epochs=2, shuffle=False, verbose=0)
    model.save_to_preset(tmp_path / "preset")
    again = sn.from_preset(tmp_path / "preset")
    again.compile(run_eagerly=True)
    measured = again.evaluate(held_out, verbose=0, return_dict=True)

    validated = {name[4:]: values[-1] for name, values in history.history.items() if name.startswith("val_")}
    assert measured == pytest.approx(validated, rel=1e-5)
    options = settings(
        *(tmp_path / "run", diving_records),
        training="joint",
        epochs=2,
        seed=7,
        alpha=5.0,
        pair_reduction="sum",
        stage_network="c3d_bi_lstm",
        fragment_jitter=0,
        dropout=0.0,
        segmenter_dropout=0.0,
        lr_multipliers={},
        decay_steps=0,
    )
    run = eagerly(resolve(check(options, DatasetInfo.load(diving_records))))
    fit(run)
    for network in ("segmenter", "score_predictor"):
        assert_same(*(getattr(each, network).get_weights() for each in (model, run.model)))


@pytest.mark.slow
def test_presets_by_name_and_path(tmp_path):
    shipped = scoringnet_tf.from_preset("diving_small")
    shipped.save_to_preset(tmp_path / "copy")
    copy = scoringnet_tf.from_preset(tmp_path / "copy")
    assert copy.get_config() == shipped.get_config()
    assert scoringnet_tf.from_preset("vault_small", dtype="bfloat16").get_config()["dtype"] == "bfloat16"
    assert scoringnet_tf.C3D.from_preset("motion_small").get_config()["heads"]
    with refused("wrong_model", "c3d.keras", "ScoringNet", "C3D"):
        scoringnet_tf.from_preset("motion_small")
    with refused("not_found", "divingsmall", "diving_small", "vault_small"):
        scoringnet_tf.from_preset("divingsmall")


def test_a_preset_is_saved_beside_no_other_model(tmp_path):
    """`from_preset` of a run's folder gives its best model, whatever was saved beside it."""
    content = {"features": {"size": 4, "stride": 1, "origin": None}}
    model = scoringnet_tf.ScoringNet(width_multiplier=1 / 16, content=content)
    for name in ("best.keras", "c3d.keras", "last.keras"):
        (tmp_path / name).touch()
        with refused("exists", tmp_path, name):
            model.save_to_preset(tmp_path)
        (tmp_path / name).unlink()
    for _ in range(2):
        model.save_to_preset(tmp_path)


def test_models_are_made_for_their_records(diving_records):
    info = DatasetInfo.load(diving_records)
    model = scoringnet_tf.ScoringNet.for_records(info, **TINY)
    config, known = model.get_config(), info.score_statistics["train"]
    statistics = {score: [known[score]["mean"], known[score]["std"]] for score in ("difficulty", "execution")}
    assert config["score_predictor"]["score_statistics"] == statistics
    assert config["sport"] == info.sport and config["content"]["frame_size"] == list(info.frame_size)
    assert config["provenance"]["data_hash"] == info.data_hash
    assert json.loads(json.dumps(config["provenance"])) == config["provenance"]
