"""The C3D of a trained tower: the same numbers as inside of it, and a start for every part of another network."""

import keras
import numpy as np
import pytest
from command_forks import forked
from refusals import code_printed, refused
from training_runs import TINY, trained

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.inference.extraction import records_preprocessor
from scoringnet_tf.models.settings import merged
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.initialization import load_pretrained
from scoringnet_tf.training.run_record import RunRecord
from scoringnet_tf.weights.c3d import c3d_of_tower

SMALL = merged(TINY, {"score_predictor": {"clip_lengths": (8, 16)}})
REGRESSOR = {  # unlike the defaults
    "score_predictor": {"pool_stride": 1, "conv_filters": 256, "fc_units": 256},
    "content": {"preprocessing": {"scale": 1 / 127.5}},
}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return trained(scoringnet_tf.ScoringNet(**merged(SMALL, REGRESSOR)))


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    """The model's file, alone in a folder."""
    path = tmp_path_factory.mktemp("tower")
    model.save(path / "model.keras")
    return path


def assert_same_kernels(layer, *parts):
    first, second = (np.asarray(part.get_layer(layer).kernel) for part in parts)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("score", "length"), [("difficulty", 8), ("execution", 16)])
def test_it_gives_what_the_tower_computes_before_its_last_layer(model, score, length):
    clip = np.random.default_rng(0).integers(0, 256, (2, length, 32, 32, 3), dtype=np.uint8)
    tower = model.score_predictor.towers[score]
    inside = keras.Model(tower.inputs[0], tower.get_layer("regressor_fc2").output)
    expected, found = np.asarray(inside(clip, training=False)), c3d_of_tower(model, score)
    assert expected.shape[-1] == 256 // 16 and expected.any()
    np.testing.assert_allclose(np.asarray(found(clip, training=False)), expected, rtol=1e-5, atol=1e-6)
    assert found.preprocessing == {**tower.get_layer("c3d").preprocessing, "frame_size": [128, 171]}
    assert (found.get_config()["pool_stride"], found.get_config()["top_units"]) == (1, 256)
    assert found.learned_from == set(), "it is not known"
    assert c3d_of_tower(model, score, {"0123", "4567"}).learned_from == {"0123", "4567"}


def test_it_states_the_frames_that_its_network_learned_from(diving_records):
    """Not those of the published weights that the network began with; records of these frames are extracted from."""
    info = DatasetInfo.load(diving_records)
    options = {**SMALL, "content": {"preprocessing": {"channels": "bgr", "frame_size": [128, 171]}}}
    c3d = c3d_of_tower(trained(scoringnet_tf.ScoringNet.for_records(info, **options)))
    assert c3d.preprocessing["channels"] == "bgr" and c3d.preprocessing["frame_size"] == [36, 48]
    assert records_preprocessor(c3d, None, info).stored.frame_size == (36, 48)


def test_another_model_starts_from_it(model):
    network = scoringnet_tf.ScoringNet(**merged(SMALL, REGRESSOR, {"score_predictor": {"clip_lengths": (8, 8)}}))
    load_pretrained(network, c3d_of_tower(model), "c3d.keras")
    source = model.score_predictor.towers["difficulty"]
    for part in (network.segmenter, *network.score_predictor.towers.values()):
        assert_same_kernels("conv5a", part.get_layer("c3d"), source.get_layer("c3d"))
    for tower in network.score_predictor.towers.values():
        assert_same_kernels("regressor_fc1", tower, source)


FEATURES = {"content": {"features": {"size": 4, "stride": 2, "origin": None}}, "segmenter": None}


@pytest.mark.parametrize(
    ("options", "score", "code"),
    [
        ({}, "final", "unknown_name"),
        (FEATURES, None, "sees_features"),
        ({"score_predictor": {"conv_filters": 256}}, None, "other_model"),
    ],
    ids=str,
)
def test_a_tower_that_no_c3d_can_be_is_refused(options, score, code):
    with refused(code):
        c3d_of_tower(scoringnet_tf.ScoringNet(**merged(SMALL, options)), score)


@pytest.mark.parametrize(
    ("flags", "score", "learned"),
    [(["--tower=execution"], "execution", set()), pytest.param([], "difficulty", {"0123"}, marks=pytest.mark.slow)],
)
def test_the_command_takes_a_tower_and_tells_what_it_learned_from(model, tmp_path, flags, score, learned):
    model.save(tmp_path / "model.keras")
    if learned:
        RunRecord(TrainingConfig(), "0").write(tmp_path, learned)
    output = tmp_path / "known.keras"
    result = forked("scoringnet_tf.import_weights", tmp_path / "model.keras", f"--output={output}", *flags)
    assert result.returncode == 0 and ("config.json" in result.stdout) != bool(learned), result.stderr
    c3d = keras.saving.load_model(output)
    assert_same_kernels("conv5a", c3d, model.score_predictor.towers[score].get_layer("c3d"))
    assert c3d.learned_from == learned


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("model.keras", "--tower=final"), "unknown_name"), (("weights", "--tower=execution"), "flag_unused")],
)
def test_the_command_names_what_does_not_fit(folder, arguments, code):
    result = forked("scoringnet_tf.import_weights", *arguments, "--output=c3d.keras", folder=folder)
    assert result.returncode == 1 and code_printed(result.stderr) == code, result.stderr
    assert not (folder / "c3d.keras").exists()
