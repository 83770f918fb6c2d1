"""The C3D of a trained tower: the same numbers as inside of it, and a start for every part of another network."""

import keras
import numpy as np
import pytest
from command_forks import forked
from training_runs import trained

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.inference.extraction import records_preprocessor
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.config import record_config
from scoringnet_tf.training.initialization import load_pretrained
from scoringnet_tf.weights.tower import c3d_of_tower

SMALL = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 16)}
REGRESSOR = {"pool_stride": 1, "conv_filters": 256, "fc_units": 256}  # of which the defaults are others


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return trained(scoringnet_tf.ScoringNet(**SMALL, preprocessing={"scale": 1 / 127.5}, score_predictor=REGRESSOR))


@pytest.mark.parametrize(("score", "length"), [("difficulty", 8), ("execution", 16)])
def test_it_gives_what_the_tower_computes_before_its_last_layer(model, score, length):
    clip = np.random.default_rng(0).integers(0, 256, (2, length, 32, 32, 3), dtype=np.uint8)
    tower = model.score_predictor.towers[score]
    inside = keras.Model(tower.inputs[0], tower.get_layer("regressor_fc2").output)
    expected = np.asarray(inside(clip, training=False))
    found = c3d_of_tower(model, score)
    assert expected.shape[-1] == 256 // 16 and expected.any()
    np.testing.assert_allclose(np.asarray(found(clip, training=False)), expected, rtol=1e-5, atol=1e-6)
    assert found.preprocessing == {**tower.get_layer("c3d").preprocessing, "frame_size": [128, 171]}
    assert (found.get_config()["pool_stride"], found.get_config()["top_units"]) == (1, 256)
    assert found.learned_from == set(), "it is not known"
    assert c3d_of_tower(model, score, {"0123", "4567"}).learned_from == {"0123", "4567"}


def test_it_states_the_frames_that_its_network_learned_from(diving_records):
    """Not those of the published weights that the network began with; records of these frames are extracted from."""
    info = DatasetInfo.load(diving_records)
    options = {**SMALL, "image_size": (32, 32), "preprocessing": {"channels": "bgr", "frame_size": [128, 171]}}
    c3d = c3d_of_tower(trained(scoringnet_tf.ScoringNet.for_records(info, **options)))
    assert c3d.preprocessing["channels"] == "bgr" and c3d.preprocessing["frame_size"] == [36, 48]
    assert records_preprocessor(c3d, None, info).stored.frame_size == (36, 48)


def test_another_network_starts_from_it(model, tmp_path):
    c3d_of_tower(model).save(tmp_path / "c3d.keras")
    options = {**SMALL, "clip_lengths": (8, 8), "preprocessing": {"scale": 1 / 127.5}}
    network, lines = scoringnet_tf.ScoringNet(**options, score_predictor=REGRESSOR), []
    load_pretrained(network, tmp_path / "c3d.keras", log=lines.append)
    source = model.score_predictor.towers["difficulty"]
    for part in (network.segmenter, *network.score_predictor.towers.values()):
        pair = (each.get_layer("c3d").get_layer("conv5a").kernel for each in (part, source))
        np.testing.assert_array_equal(*map(np.asarray, pair))
    for tower in network.score_predictor.towers.values():
        pair = (each.get_layer("regressor_fc1").kernel for each in (tower, source))
        np.testing.assert_array_equal(*map(np.asarray, pair))
    assert lines[-1].endswith("not used: nothing")


def test_a_tower_that_no_c3d_can_be_is_refused(model):
    with pytest.raises(InputError, match=r"with a tower for final that sees frames\. Received: difficulty, execution"):
        c3d_of_tower(model, "final")
    features = {
        "features": {"size": 4, "stride": 2, "origin": None},
        "clip_lengths": (4, 4),
        "width_multiplier": 1 / 16,
    }
    with pytest.raises(InputError, match="Received: none that sees frames"):
        c3d_of_tower(scoringnet_tf.ScoringNet(**features, fragments="whole"))
    other = scoringnet_tf.ScoringNet(**SMALL, score_predictor={"conv_filters": 256})
    with pytest.raises(InputError, match=r"as many filters as units\. Received: 256 and 512"):
        c3d_of_tower(other)


def test_the_command_takes_the_tower_that_it_is_asked_for(model, tmp_path):
    model.save(tmp_path / "model.keras")
    command = ("scoringnet_tf.import_weights", tmp_path / "model.keras", f"--output={tmp_path / 'c3d.keras'}")
    for asked, score in (((), "difficulty"), (("--tower=execution",), "execution")):
        result = forked(*command, *asked)
        assert result.returncode == 0 and "no config.json of its run says" in result.stdout, result.stderr
        found = keras.saving.load_model(tmp_path / "c3d.keras").get_layer("conv5a").kernel
        inside = model.score_predictor.towers[score].get_layer("c3d").get_layer("conv5a").kernel
        np.testing.assert_array_equal(np.asarray(found), np.asarray(inside))
    record_config(tmp_path, {}, "0", "float32", [], {"0123"})
    assert "config.json" not in forked(*command[:-1], f"--output={tmp_path / 'known.keras'}").stdout
    assert keras.saving.load_model(tmp_path / "known.keras").learned_from == {"0123"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("model.keras", "--tower=final"),
            "model.keras: Expected a ScoringNet with a tower for final that",
        ),
        (("model.keras", "--fc6_order=channels_last"), "--mean, --fc6_order: expected published weights with them"),
        (("weights", "--tower=execution"), "--tower: expected a ScoringNet, .keras. Received: weights"),
        (("none.keras",), "none.keras: expected a ScoringNet saved as .keras. Received: no such file"),
    ],
)
def test_the_command_names_what_does_not_fit(model, arguments, message, tmp_path):
    model.save(tmp_path / "model.keras")
    result = forked("scoringnet_tf.import_weights", *arguments, "--output=c3d.keras", folder=tmp_path)
    assert result.returncode == 1 and message in result.stderr, result.stderr
    assert not (tmp_path / "c3d.keras").exists()
