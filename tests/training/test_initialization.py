"""Weights that a run starts from: pretrained C3Ds, whole models, and what is refused."""

import dataclasses

import keras
import numpy as np
import pytest
from refusals import refused
from training_runs import REGRESSOR, SMALL, STATISTICS, assert_same, batch, scoring_run, settings, telling, trained

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.models.compatibility import copy_network
from scoringnet_tf.models.layers import FeatureScaling, all_layers
from scoringnet_tf.models.settings import merged
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training import scoring
from scoringnet_tf.training.initialization import (
    continue_from,
    load_network,
    load_pretrained,
    load_segmenter,
    preprocessing_of,
)
from scoringnet_tf.training.network import build_network

BGR = {"channels": "bgr", "mean": [95.0, 103.0, 108.0], "scale": 1.0, "frame_size": [128, 171]}
CLIP, WIDTH = (8, 32, 32, 3), 1 / 16
TRUNK = {"final_endpoint": "conv5b"}


def c3ds_of(network):
    """The parts of a network that have a C3D."""
    return [network.segmenter, *network.score_predictor.towers.values()]


@pytest.fixture(scope="module")
def network():
    """One that no test changes."""
    return scoringnet_tf.ScoringNet(**SMALL)


# === A pretrained C3D ===


@pytest.mark.parametrize("top", [{}, TRUNK | REGRESSOR], ids=["C3D's own top", "regressor"])
def test_a_pretrained_c3d_reaches_kfs_and_both_towers(diving_records, tmp_path, capsys, top):
    """With the regressor that it was pretrained under; what is not used is named."""
    c3d = scoringnet_tf.C3D(CLIP, WIDTH, heads={"group": 6}, **top)
    c3d.save(tmp_path / "c3d.keras")
    options = {"conv_filters": 512, "fc_units": 512, "pretrained": str(tmp_path / "c3d.keras")}
    run = scoring_run(diving_records, tmp_path / "run", **options)
    for part in c3ds_of(run.model):
        for name in ("conv1a", "conv3b", "conv5b"):
            assert_same(c3d.get_layer(name).get_weights(), part.get_layer("c3d").get_layer(name).get_weights())
    for tower in run.model.score_predictor.towers.values():
        for name in ("regressor_conv1", "regressor_conv2", "regressor_fc1", "regressor_fc2") if top else ():
            assert_same(c3d.get_layer(name).get_weights(), tower.get_layer(name).get_weights())
    capsys.readouterr()
    load_pretrained(run.model, c3d, "c3d.keras")
    lines = capsys.readouterr().out.splitlines()
    layers = {"segmenter": 8, "difficulty_tower": 12 if top else 8, "execution_tower": 12 if top else 8}
    assert all(f"{part} ({number} layers)" in lines[0] for part, number in layers.items())
    assert len(lines) == 2 and lines[1].endswith(" group.")


@pytest.mark.parametrize(
    ("source", "code", "named"),
    [
        (lambda: scoringnet_tf.C3D(CLIP, 1 / 8), "other_model", ["conv1a", (3, 3, 3, 3, 4)]),
        (lambda: scoringnet_tf.C3D(CLIP, WIDTH, preprocessing=BGR), "other_model", ["segmenter"]),
        # At 32×32 strides of 2 and 3 leave one place, so that every weight would fit.
        (
            lambda: scoringnet_tf.C3D(CLIP, WIDTH, heads={"a": 2}, pool_stride=3, **TRUNK, **REGRESSOR),
            "other_model",
            ["stride 3"],
        ),
    ],
    ids=["wider", "other preprocessing", "other stride"],
)
def test_a_c3d_that_does_not_fit_is_refused_whole(network, source, code, named):
    before = network.get_weights()
    with refused(code, "c3d.keras", *named):
        load_pretrained(network, source(), "c3d.keras")
    assert_same(before, network.get_weights())


def test_the_network_takes_the_preprocessing_of_its_weights(diving_records, tmp_path, capsys):
    scoringnet_tf.C3D(CLIP, WIDTH, preprocessing=BGR).save(tmp_path / "bgr.keras")
    run = scoring_run(diving_records, tmp_path / "run", pretrained=str(tmp_path / "bgr.keras"))
    larger = dataclasses.replace(run, info=dataclasses.replace(run.info, frame_size=(64, 96)))
    scoring.initialize(larger, run.model, {"pretrained": keras.models.load_model(tmp_path / "bgr.keras")})
    printed = capsys.readouterr().out  # other frames than the weights learned from, of which little is seen
    assert "128×171" in printed and "36×48" in printed and " 17%" in printed and "[frames_oversized]" in printed
    run.model.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    for network in (run.model, again):
        assert [part.get_layer("c3d").preprocessing for part in c3ds_of(network)] == [BGR] * 3
    inputs = batch()[0]
    assert_same(run.model(inputs), again(inputs))
    later = scoring_run(diving_records, tmp_path / "other", initial_model=str(tmp_path / "network.keras"))
    assert later.model.segmenter.get_layer("c3d").preprocessing == BGR


def test_a_mean_image_ties_the_network_to_its_size():
    image = np.full((32, 32, 3), 100.0).tolist()
    c3d = scoringnet_tf.C3D(CLIP, WIDTH, preprocessing={"mean": image})
    assert preprocessing_of(c3d, "c3d.keras", [32, 32])["mean"] == image
    with refused("wrong_shape", "c3d.keras", "32×32", "64,48"):
        preprocessing_of(c3d, "c3d.keras", [64, 48])
    assert preprocessing_of(None, None, [64, 48]) is None


def test_pretraining_goes_on_from_a_c3d_with_other_classes(capsys):
    """Under its preprocessing; what size its frames were stored at changes nothing of the weights."""
    first = scoringnet_tf.C3D(CLIP, WIDTH, heads={"group": 3}, preprocessing=BGR, **TRUNK, **REGRESSOR)
    preprocessing = {**preprocessing_of(first, "first.keras", (32, 32)), "frame_size": [36, 48]}
    second = scoringnet_tf.C3D(CLIP, WIDTH, heads={"splash": 4}, preprocessing=preprocessing, **TRUNK, **REGRESSOR)
    before = second.get_layer("splash").get_weights()
    continue_from(second, first, "first.keras")
    for name in ("conv1a", "conv5b", "regressor_conv1", "regressor_fc2"):
        assert_same(first.get_layer(name).get_weights(), second.get_layer(name).get_weights())
    assert_same(before, second.get_layer("splash").get_weights())
    assert capsys.readouterr().out.endswith(" group.\n")
    for other in (
        {"width_multiplier": 1 / 8, "preprocessing": BGR},
        {"width_multiplier": WIDTH},
        {"width_multiplier": WIDTH, "preprocessing": BGR, "pool_stride": 3, **TRUNK, **REGRESSOR},
    ):
        with refused("other_model", "first.keras"):
            continue_from(scoringnet_tf.C3D(CLIP, heads={"splash": 4}, **other), first, "first.keras")


# === A trained model, or its KFS ===


@pytest.mark.slow
def test_a_run_starts_from_the_whole_of_another_model(diving_records, tmp_path):
    info = DatasetInfo.load(diving_records)
    first = build_network(info, settings(tmp_path / "first", diving_records), "float32")
    twice = {
        score: (2 * mean, 3 * std)
        for score, (mean, std) in first.score_predictor.get_config()["score_statistics"].items()
    }
    first.with_dtype("float32", score_predictor={"score_statistics": twice}).save(tmp_path / "model.keras")
    run = scoring_run(diving_records, tmp_path / "run", initial_model=str(tmp_path / "model.keras"), dropout=0.4)
    inputs = batch()[0]
    for name, ours in run.model(inputs).items():
        np.testing.assert_allclose(ours, first(inputs)[name], rtol=1e-6, err_msg=name)  # scores in our own units


@pytest.mark.parametrize(
    "theirs",
    [
        {"score_predictor": {"clip_lengths": (8, 16)}},
        {"score_predictor": {"pool_stride": 3}},  # at 32×32 every weight fits
        {"score_predictor": {"output_activation": "relu"}},
        {"content": {"preprocessing": {"channels": "bgr"}}},
    ],
    ids=["clips", "stride", "relu", "colours"],
)
def test_a_model_that_is_built_otherwise_is_refused_whole(network, theirs):
    before = network.get_weights()
    with refused("other_model", "the model"):
        copy_network(network, scoringnet_tf.ScoringNet(**merged(SMALL, theirs)), "the model")
    assert_same(before, network.get_weights())


ONE_SCORE = merged(SMALL, {"score_predictor": {"scores": ("final",), "score_statistics": {"final": (80.0, 12.0)}}})
FEATURES = {"size": 6, "stride": 2, "origin": None}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {"preprocessing": {**BGR, "mean": np.full((32, 32, 3), 99.0).tolist()}}),
        ({"frame_size": (36, 48)}, {"frame_size": (72, 96)}),  # of another scale
        ({"features": FEATURES}, {"features": {**FEATURES, "stride": 1}}),  # as many, twice as often
    ],
    ids=["mean image", "scale", "features"],
)
def test_a_model_or_kfs_that_saw_something_else_is_refused_whole(ours, theirs):
    source, network = (scoringnet_tf.ScoringNet(**ONE_SCORE, content=each) for each in (theirs, ours))
    trained(source)
    before = network.get_weights()
    for load in (load_network, load_segmenter):
        with pytest.raises(InputError) as raised:
            load(network, source, "model.keras")
        assert raised.value.code in ("other_model", "other_content")
        assert "model.keras" in str(raised.value) and len(str(raised.value)) < 500  # no image of 3,072 numbers
    assert_same(before, network.get_weights())


def test_a_kfs_that_sees_the_same_numbers_is_taken():
    """The default preprocessing is the same where it is written out, and the size of stored frames changes none."""
    written_out = {"channels": "rgb", "mean": 127.5, "scale": 1 / 127.5, "frame_size": [128, 171]}
    network, source = (
        scoringnet_tf.ScoringNet(**ONE_SCORE, content={"preprocessing": each}) for each in (None, written_out)
    )
    load_segmenter(network, trained(source), "model.keras")
    assert_same(network.segmenter.get_weights(), source.segmenter.get_weights())


# === Parts that do not learn on ===


@pytest.fixture(scope="module")
def of_other_records(diving_records, tmp_path_factory):
    """(Path of a model of other scores whose difficulty tower saw other stages, what its SP says of true fragments.)"""
    folder = tmp_path_factory.mktemp("other")
    made = build_network(DatasetInfo.load(diving_records), settings(folder, diving_records), "float32")
    stages = {"difficulty": ["take-flight", "entry"]}
    of_sp = {"score_statistics": STATISTICS, "fragment_stages": stages}
    model = telling(made).with_dtype("float32", score_predictor=of_sp)
    model.save(folder / "model.keras")
    return str(folder / "model.keras"), said_of_fragments(model)


def said_of_fragments(model):
    """Score → points of `batch`, on its true fragments."""
    inputs, targets = batch()
    outputs = model.score_fragments(inputs["frames"], targets["stages"], inputs["mask"])
    return {score: np.asarray(outputs[score]) for score in ("difficulty", "execution", "final")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "stay"),
    [
        ({"lr_multipliers": {"difficulty": 0}, "training": "joint"}, ["difficulty"]),
        ({"lr_multipliers": {"difficulty": 0, "c3d": 0}, "segmentation_epochs": 0}, ["difficulty"]),
        ({"scoring_epochs": 0}, ["difficulty", "execution", "final"]),
        ({"scoring_epochs": 0, "difficulty_fragment": ["entry", "take-flight"]}, ["difficulty", "execution", "final"]),
    ],
    ids=str,
)
def test_a_tower_that_does_not_learn_scores_as_it_did(of_other_records, diving_records, tmp_path, changes, stay):
    """Whatever the scores and stages of the records at hand."""
    path, before = of_other_records
    run = scoring_run(diving_records, tmp_path, initial_model=path, **changes)
    after = said_of_fragments(run.model)
    for score, points in before.items():
        assert np.allclose(after[score], points, rtol=1e-6) == (score in stay), score


def test_the_stages_of_a_tower_that_does_not_learn_are_not_to_be_changed(of_other_records, diving_records, tmp_path):
    changes = {
        "initial_model": of_other_records[0],
        "lr_multipliers": {"difficulty": 0},
        "difficulty_fragment": ["take-flight"],
    }
    with refused("flags_conflict", "fragments.difficulty", "take-flight, entry"):
        scoring_run(diving_records, tmp_path, **changes)


def test_features_of_many_videos_are_measured_on_every_nth(diving_features, tmp_path, monkeypatch):
    run = scoring_run(diving_features, tmp_path / "run", lr_multipliers={})
    monkeypatch.setattr(scoring, "MEASURED", 2)
    every = -(-len(run.train_ids) // 2)
    assert every > 1
    scoring.initialize(run, run.model, {})
    found = [layer.get_weights() for layer in all_layers(run.model) if isinstance(layer, FeatureScaling)]
    run.model.adapt_features(videos(diving_features, "train", batch_size=1, ids=run.train_ids[::every]))
    expected = [layer.get_weights() for layer in all_layers(run.model) if isinstance(layer, FeatureScaling)]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5, atol=1e-6)


def test_a_model_that_goes_on_reads_features_as_it_did(diving_features, tmp_path):
    info, config = DatasetInfo.load(diving_features), settings(tmp_path, diving_features, lr_multipliers={})
    for reads in (False, True):
        options = {"statistics": reads, "clip_lengths": (8, 8)}
        source = trained(scoringnet_tf.ScoringNet.for_records(info, segmenter=None, score_predictor=options))
        network = build_network(info, config, "float32", sources={"initial_model": source})
        assert network.score_predictor.get_config()["statistics"] == reads
