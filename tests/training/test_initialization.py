"""Weights that a run starts from: pretrained C3Ds, whole models, and what is refused."""

import dataclasses

import keras
import numpy as np
import pytest
from refusals import refused
from training_runs import REGRESSOR, SMALL, STATISTICS, assert_same, batch, changed, settings, telling, trained

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.initialization import (
    continue_from,
    load_network,
    load_pretrained,
    load_segmenter,
    preprocessing_of,
)
from scoringnet_tf.training.network import build_network
from scoringnet_tf.training.scoring import ScoringRun


def test_pretrained_c3d_reaches_kfs_and_both_towers(tmp_path):
    c3d = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={"group": 6})
    c3d.save(tmp_path / "c3d.keras")
    network, report = scoringnet_tf.ScoringNet(**SMALL), []
    load_pretrained(network, tmp_path / "c3d.keras", log=report.append)
    parts = [network.segmenter] + [network.score_predictor.get_layer(f"{s}_tower") for s in ("difficulty", "execution")]
    for part in parts:
        for name in ("conv1a", "conv3b", "conv5b"):
            expected = c3d.get_layer(name).get_weights()
            for a, b in zip(expected, part.get_layer("c3d").get_layer(name).get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)
    assert len([line for line in report if "loaded" in line]) == 3 * 8
    assert "not used: fc6, fc7, group" in report[-1]


def test_a_regressor_that_pools_with_another_stride_is_refused(tmp_path):
    """At 32×32 strides of 2 and 3 leave one place, so that every weight would fit."""
    c3d = scoringnet_tf.C3D(
        (8, 32, 32, 3), 1 / 16, final_endpoint="conv5b", heads={"group": 6}, pool_stride=3, **REGRESSOR
    )
    c3d.save(tmp_path / "c3d.keras")
    network = scoringnet_tf.ScoringNet(**SMALL)
    before = network.get_weights()
    with refused("other_model", "c3d.keras", "stride 3"):
        load_pretrained(network, tmp_path / "c3d.keras")
    assert_same(network.get_weights(), before)
    load_pretrained(scoringnet_tf.ScoringNet(**SMALL, score_predictor={"pool_stride": 3}), tmp_path / "c3d.keras")


def test_a_c3d_goes_on_with_a_regressor_that_pools_alike(tmp_path):
    options = {"final_endpoint": "conv5b", "heads": {"group": 6}, **REGRESSOR}
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, pool_stride=3, **options).save(tmp_path / "c3d.keras")
    with refused("other_model", "c3d.keras", "stride 3"):
        continue_from(scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, **options), tmp_path / "c3d.keras")


def test_pretrained_regressor_reaches_both_towers(tmp_path):
    c3d = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, final_endpoint="conv5b", heads={"group": 6}, **REGRESSOR)
    c3d.save(tmp_path / "c3d.keras")
    network, report = scoringnet_tf.ScoringNet(**SMALL), []
    load_pretrained(network, tmp_path / "c3d.keras", log=report.append)
    for score in ("difficulty", "execution"):
        tower = network.score_predictor.get_layer(f"{score}_tower")
        for name in ("regressor_conv1", "regressor_conv2", "regressor_fc1", "regressor_fc2"):
            for a, b in zip(c3d.get_layer(name).get_weights(), tower.get_layer(name).get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)
    assert len([line for line in report if "loaded" in line]) == 3 * 8 + 2 * 4
    assert report[-1].endswith("not used: group")


def test_a_run_starts_from_its_pretrained_c3d(diving_records, tmp_path):
    c3d = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, final_endpoint="conv5b")
    c3d.save(tmp_path / "c3d.keras")
    options = settings(tmp_path / "run", diving_records, pretrained=str(tmp_path / "c3d.keras"))
    run = ScoringRun(DatasetInfo.load(diving_records), options)
    run.load_initial_weights()
    towers = [run.model.score_predictor.get_layer(f"{score}_tower") for score in ("difficulty", "execution")]
    for part in (run.model.segmenter, *towers):
        for name in ("conv1a", "conv5b"):
            assert_same(c3d.get_layer(name).get_weights(), part.get_layer("c3d").get_layer(name).get_weights())


@pytest.mark.slow
def test_a_run_starts_from_the_whole_of_another_model(diving_records, tmp_path):
    info = DatasetInfo.load(diving_records)
    first = build_network(info, settings(tmp_path / "first", diving_records), "float32")
    twice = {
        score: (2 * mean, 3 * std)
        for score, (mean, std) in first.score_predictor.get_config()["score_statistics"].items()
    }
    first.with_dtype("float32", score_statistics=twice).save(tmp_path / "model.keras")
    options = settings(tmp_path / "run", diving_records, initial_model=str(tmp_path / "model.keras"), dropout=0.4)
    run = ScoringRun(info, options)
    run.load_initial_weights()
    inputs = batch()[0]
    for name, ours in run.model(inputs).items():
        np.testing.assert_allclose(ours, first(inputs)[name], rtol=1e-6, err_msg=name)  # scores in our own units


@pytest.mark.slow
def test_an_initial_model_of_another_shape_is_refused_whole(diving_records, tmp_path):
    changes = {"clip_lengths": (8, 16), "segmenter": {"lstm_units": 64, "fc_units": 64}}
    scoringnet_tf.ScoringNet(**{**SMALL, **changes}).save(tmp_path / "model.keras")
    options = settings(tmp_path / "run", diving_records, initial_model=str(tmp_path / "model.keras"))
    run = ScoringRun(DatasetInfo.load(diving_records), options)
    before = run.model.get_weights()
    with pytest.raises(InputError):
        run.load_initial_weights()
    assert_same(before, run.model.get_weights())


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("score_predictor", {"pool_stride": 3}),  # at 32×32 strides of 2 and 3 leave one place
        ("score_predictor", {"output_activation": "relu"}),
        ("segmenter", {"preprocessing": {"channels": "bgr"}}),
    ],
)
def test_an_initial_model_whose_weights_fit_and_mean_something_else_is_refused_whole(part, changes, tmp_path):
    of_both = {"preprocessing": changes["preprocessing"]} if part == "segmenter" else {part: changes}
    scoringnet_tf.ScoringNet(**SMALL, **of_both).save(tmp_path / "model.keras")
    network = scoringnet_tf.ScoringNet(**SMALL)
    before = network.get_weights()
    with pytest.raises(InputError):
        load_network(network, tmp_path / "model.keras")
    assert_same(before, network.get_weights())
    load_network(scoringnet_tf.ScoringNet(**SMALL, **of_both), tmp_path / "model.keras")


def test_a_model_to_start_from_is_not_taken_for_what_a_run_left(diving_records, tmp_path):
    """It would be deleted; not even where it is tried again, or this very run may have left it."""
    info, path = DatasetInfo.load(diving_records), tmp_path / "run/best.keras"
    (tmp_path / "run").mkdir()
    build_network(info, settings(tmp_path / "first", diving_records), "float32").save(path)
    options = settings(tmp_path / "run", diving_records, initial_model=str(tmp_path / "run"))
    run = ScoringRun(info, options)
    for _ in range(2):
        with refused("exists", "best.keras"):
            run.run()
        assert path.is_file()
    run.as_record().write(run.model_dir)
    with refused("start_in_model_dir", "--initial_model"):
        run.run()
    assert path.is_file()


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["initial_model", "segmenter"])
def test_a_model_of_frames_of_another_scale_is_refused(diving_records, tmp_path, flag):
    info, path = DatasetInfo.load(diving_records), str(tmp_path / "model.keras")
    same = build_network(info, settings(tmp_path / "first", diving_records), "float32")
    same.with_dtype("float32", frame_size=(72, 96)).save(path)
    options = settings(tmp_path / "run", diving_records, fragments="predicted", segmentation_epochs=0, **{flag: path})
    run = ScoringRun(info, options)
    before = run.model.get_weights()
    with pytest.raises(InputError):
        run.load_initial_weights()
    assert_same(before, run.model.get_weights())


def test_a_kfs_that_sees_the_same_numbers_is_taken(tmp_path):
    """The default preprocessing is the same where it is written out, and the size of stored frames changes none."""
    written_out = {"channels": "rgb", "mean": 127.5, "scale": 1 / 127.5, "frame_size": [128, 171]}
    network, source = (scoringnet_tf.ScoringNet(**SMALL, preprocessing=each) for each in (None, written_out))
    trained(source).save(tmp_path / "model.keras")
    load_segmenter(network, tmp_path / "model.keras")
    assert_same(network.segmenter.get_weights(), source.segmenter.get_weights())


@pytest.mark.slow
def test_a_kfs_under_another_preprocessing_is_refused_in_words(tmp_path):
    """An image of 32·32·3 numbers is not printed."""
    image = {**BGR, "mean": np.full((32, 32, 3), 99.0).tolist()}
    scoringnet_tf.ScoringNet(**SMALL, preprocessing=image).save(tmp_path / "model.keras")
    with pytest.raises(InputError):
        load_segmenter(scoringnet_tf.ScoringNet(**SMALL), tmp_path / "model.keras")


@pytest.mark.parametrize(("flag", "load"), [("initial_model", load_network), ("segmenter", load_segmenter)])
def test_a_model_of_other_features_is_refused(flag, load, tmp_path):
    """Of as many numbers, which come twice as often."""
    network, source = (
        scoringnet_tf.ScoringNet(**SMALL, features={"size": 6, "stride": stride, "origin": None}) for stride in (2, 1)
    )
    source.save(tmp_path / "model.keras")
    before = network.get_weights()
    with pytest.raises(InputError):
        load(network, tmp_path / "model.keras")
    assert_same(network.get_weights(), before)


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["initial_model", "segmenter"])
def test_a_model_of_frames_of_another_rate_may_learn_on_and_it_is_said(diving_records, tmp_path, capsys, flag):
    info, path = DatasetInfo.load(diving_records), str(tmp_path / "model.keras")
    slower = dataclasses.replace(info, frame_rate=10.0)
    trained(build_network(slower, settings(tmp_path / "first", diving_records), "float32")).save(path)
    options = settings(tmp_path / "run", diving_records, fragments="predicted", segmentation_epochs=0, **{flag: path})
    ScoringRun(info, options).load_initial_weights()
    printed = capsys.readouterr().out
    assert f"--{flag}={path}" in printed and "25 frames/s" in printed


@pytest.mark.parametrize(("steps", "is_named"), [(4, True), (1, False)])
def test_a_model_of_features_of_another_rate_may_learn_on_and_it_is_said(tmp_path, capsys, steps, is_named):
    """One step for a whole video has no rate."""
    options = {"features": {"size": 6, "stride": 2, "origin": None}, "fragments": "whole", "clip_lengths": (steps,) * 2}
    network, source = (
        scoringnet_tf.ScoringNet(**{**SMALL, **options}, provenance={"frame_rate": rate}) for rate in (25.0, 12.5)
    )
    source.save(tmp_path / "model.keras")
    load_network(network, tmp_path / "model.keras")
    assert ("25 steps/s" in capsys.readouterr().out) == is_named


@pytest.mark.slow
def test_the_kfs_of_an_initial_model_may_be_kept(diving_records, tmp_path):
    """What an earlier run left of KFS in the folder is not loaded by one that trains none.

    That it is not trained `test_a_trained_kfs_is_used_and_not_trained` shows.
    """
    info, path = DatasetInfo.load(diving_records), str(tmp_path / "model.keras")
    first = build_network(info, settings(tmp_path / "first", diving_records), "float32")
    first.save(path)
    options = settings(tmp_path / "run", diving_records, segmentation_epochs=0, scoring_epochs=1)
    with refused("no_segmenter", "--segmentation_epochs"):
        ScoringRun(info, options)
    (tmp_path / "run").mkdir()
    stale = build_network(info, options, "float32")
    stale.save(tmp_path / "run/segmentation.keras")
    stale.segmenter.save_weights(tmp_path / "run/segmenter.weights.h5")
    run = ScoringRun(info, changed(options, initial_model=path))
    run.folder = run.model_dir
    run.load_initial_weights()
    (phase,) = run.phases
    run.begin(phase, resumed=False)
    assert phase.name == "scoring" and run.model.learning == ["score_predictor"]
    for part in run.model.networks:
        assert_same(getattr(first, part).get_weights(), getattr(run.model, part).get_weights())


@pytest.mark.slow
def test_a_segmenter_comes_before_that_of_an_initial_model(diving_records, tmp_path):
    info, options = DatasetInfo.load(diving_records), settings(tmp_path / "run", diving_records)
    models = {}
    for flag in ("initial_model", "segmenter"):
        models[flag] = trained(build_network(info, options, "float32"))
        models[flag].save(tmp_path / f"{flag}.keras")
    run = ScoringRun(info, changed(options, **{flag: str(tmp_path / f"{flag}.keras") for flag in models}))
    run.load_initial_weights()
    assert_same(models["segmenter"].segmenter.get_weights(), run.model.segmenter.get_weights())
    assert_same(models["initial_model"].score_predictor.get_weights(), run.model.score_predictor.get_weights())


def test_an_initial_model_brings_its_preprocessing(diving_records, tmp_path):
    scoringnet_tf.ScoringNet(**SMALL, segmenter={"lstm_units": 64, "fc_units": 64}, preprocessing=BGR).save(
        tmp_path / "model.keras"
    )
    options = settings(tmp_path / "run", diving_records, initial_model=str(tmp_path / "model.keras"))
    run = ScoringRun(DatasetInfo.load(diving_records), options)
    assert run.model.segmenter.get_layer("c3d").preprocessing == BGR


def test_pretraining_goes_on_from_a_c3d_with_other_classes(tmp_path):
    first = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={"group": 3}, final_endpoint="conv5b", **REGRESSOR)
    first.save(tmp_path / "first.keras")
    second = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={"splash": 4}, final_endpoint="conv5b", **REGRESSOR)
    before, report = second.get_layer("splash").get_weights(), []
    continue_from(second, tmp_path / "first.keras", log=report.append)
    for name in ("conv1a", "conv5b", "regressor_conv1", "regressor_fc2"):
        for a, b in zip(first.get_layer(name).get_weights(), second.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(before[0], second.get_layer("splash").get_weights()[0])
    assert report[-1].endswith("not used: group")
    with refused("other_model", "conv1a"):
        continue_from(scoringnet_tf.C3D((8, 32, 32, 3), 1 / 8), tmp_path / "first.keras")


def test_pretrained_mismatch_changes_nothing(tmp_path):
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 8).save(tmp_path / "wide.keras")
    network = scoringnet_tf.ScoringNet(**SMALL)
    before = network.get_weights()
    with refused("other_model", "conv1a", (3, 3, 3, 3, 4)):
        load_pretrained(network, tmp_path / "wide.keras")
    assert_same(before, network.get_weights())


BGR = {"channels": "bgr", "mean": [95.0, 103.0, 108.0], "scale": 1.0, "frame_size": [128, 171]}


def test_weights_under_another_preprocessing_are_refused(tmp_path):
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing=BGR).save(tmp_path / "bgr.keras")
    network = scoringnet_tf.ScoringNet(**SMALL)
    before = network.get_weights()
    with refused("other_model", "bgr.keras", "segmenter"):
        load_pretrained(network, tmp_path / "bgr.keras")
    assert_same(before, network.get_weights())
    with refused("other_model", "bgr.keras"):
        continue_from(scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16), tmp_path / "bgr.keras")


def test_the_network_takes_the_preprocessing_of_its_weights(diving_records, tmp_path, capsys):
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing=BGR).save(tmp_path / "bgr.keras")
    options = {"pretrained": str(tmp_path / "bgr.keras")}
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path / "run", diving_records, **options))
    run.load_initial_weights()
    assert "trained on frames of 128×171 (height × width); yours are 36×48" in capsys.readouterr().out
    run.model.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    for network in (run.model, again):
        towers = [network.score_predictor.get_layer(f"{score}_tower") for score in ("difficulty", "execution")]
        assert [part.get_layer("c3d").preprocessing for part in (network.segmenter, *towers)] == [BGR] * 3
    inputs = batch()[0]
    assert_same(run.model(inputs), again(inputs))


def test_pretraining_goes_on_under_the_same_preprocessing(tmp_path):
    first = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={}, preprocessing=BGR)
    first.save(tmp_path / "first.keras")
    preprocessing = preprocessing_of(tmp_path / "first.keras", (32, 32))
    second = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={"group": 4}, preprocessing=preprocessing)
    continue_from(second, tmp_path / "first.keras", log=lambda line: None)
    clip = batch()[0]["frames"][:, :8]
    features = keras.Model(second.input, second.get_layer("fc7").output)
    np.testing.assert_allclose(features(clip), first(clip), rtol=1e-6)


def test_pretraining_goes_on_with_frames_of_another_size(tmp_path):
    """What size they were stored at changes nothing of the weights."""
    first, second = (
        scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing={**BGR, "frame_size": size})
        for size in ([128, 171], [36, 48])
    )
    first.save(tmp_path / "first.keras")
    continue_from(second, tmp_path / "first.keras", log=lambda line: None)
    assert_same(second.get_weights(), first.get_weights())


def test_a_mean_image_ties_the_network_to_its_size(tmp_path):
    image = np.full((32, 32, 3), 100.0).tolist()
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing={"mean": image}).save(tmp_path / "c3d.keras")
    assert preprocessing_of(tmp_path / "c3d.keras", [32, 32])["mean"] == image
    with refused("wrong_shape", "c3d.keras", "32×32", "64,48"):
        preprocessing_of(tmp_path / "c3d.keras", [64, 48])
    assert preprocessing_of(None, [64, 48]) is None


@pytest.mark.parametrize("content", [None, b"", b"not a zip"])
def test_pretrained_file_that_is_none_is_named(tmp_path, content):
    path = tmp_path / "c3d.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError):
        load_pretrained(scoringnet_tf.ScoringNet(**SMALL), path)


# === Parts that do not learn on ===


@pytest.fixture(scope="module")
def of_other_records(diving_records, tmp_path_factory):
    """(Path of a model of other scores whose difficulty tower saw other stages, what its SP says of true fragments.)"""
    folder = tmp_path_factory.mktemp("other")
    made = build_network(DatasetInfo.load(diving_records), settings(folder, diving_records), "float32")
    stages = {"difficulty": ["take-flight", "entry"]}
    model = telling(made).with_dtype("float32", score_statistics=STATISTICS, fragment_stages=stages)
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
    run = ScoringRun(
        DatasetInfo.load(diving_records), settings(tmp_path, diving_records, initial_model=path, **changes)
    )
    run.load_initial_weights()
    after = said_of_fragments(run.model)
    for score, points in before.items():
        assert np.allclose(after[score], points, rtol=1e-6) == (score in stay), score


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"score_statistics": {**STATISTICS, "difficulty": (3.3, 0.26)}}, "the scale of the scores"),
        ({"fragment_stages": {"difficulty": ["entry"]}}, "the stages of the towers"),
    ],
)
def test_a_run_does_not_go_on_where_the_model_that_it_started_from_scores_otherwise(
    of_other_records, diving_records, tmp_path, other, named
):
    """The units and stages of a tower that does not learn: a checkpoint fits any."""
    path, model = tmp_path / "model.keras", load_scoring_net(of_other_records[0])
    nearly = {score: (mean * (1 + 1e-15), std) for score, (mean, std) in STATISTICS.items()}  # as another machine sums

    def record(**changes):
        model.with_dtype("float32", **changes).save(path)
        options = {"initial_model": str(path), "lr_multipliers": {"difficulty": 0}}
        run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path / "run", diving_records, **options))
        run.record()
        return run.model

    Checkpoints(tmp_path / "run").save(record(), "scoring_0001", {"steps_done": 1, "phase": "scoring", "epoch": 1})
    record(score_statistics=nearly, fragment_stages={"difficulty": ["entry", "take-flight"]})
    record(score_statistics={**STATISTICS, "execution": (1.0, 1.0)})  # of a tower that learns
    with refused("other_run", named):
        record(**other)


def test_the_stages_of_a_tower_that_does_not_learn_are_not_to_be_changed(of_other_records, diving_records, tmp_path):
    changes = {
        "initial_model": of_other_records[0],
        "lr_multipliers": {"difficulty": 0},
        "difficulty_fragment": ["take-flight"],
    }
    with refused("flags_conflict", "fragments.difficulty", "take-flight, entry"):
        ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, **changes))


def test_a_tower_that_learns_on_from_other_stages_is_named(of_other_records, diving_records, tmp_path, capsys):
    path, _ = of_other_records
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, initial_model=path))
    run.load_initial_weights()
    assert path in (printed := capsys.readouterr().out) and "take-flight and entry" in printed
