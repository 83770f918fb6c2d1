"""The training step against its formula; resume after a kill; pretrained weights; errors that name what is wrong."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import write_bars
from training_runs import (
    REGRESSOR,
    SMALL,
    STATISTICS,
    KilledError,
    assert_same,
    batch,
    kill_after_epoch,
    settings,
    weights_after,
)

import scoringnet_tf
from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training import session
from scoringnet_tf.training.checkpoints import Checkpoints, reseed
from scoringnet_tf.training.config import record_config
from scoringnet_tf.training.pretrained import continue_from, load_pretrained, preprocessing_of
from scoringnet_tf.training.trainer import Trainer


def compiled(network, phase="joint", **options):
    trainer = Trainer(network, **options)
    trainer.phase = phase
    trainer.compile(optimizer=keras.optimizers.SGD(0.01), jit_compile=False)
    return trainer


# === One step ===


def test_joint_loss_is_eq10():
    network = scoringnet_tf.ScoringNet(**SMALL, kernel_l2=0.01, score_predictor={"dropout_rate": 0.0})
    inputs, targets = batch()
    trainer = Trainer(network, alpha=5.0, margin=0.5, pair_reduction="sum")
    terms, _ = trainer.loss_terms(inputs, targets)
    scores = network.score_fragments(inputs["frames"], targets["stages"], inputs["mask"], training=False)
    expected = float(sum(network.score_predictor.losses)) + float(terms["stage_loss"])
    for score in ("difficulty", "execution"):
        s, g = np.asarray(scores[score]) / STATISTICS[score][1], targets[score] / STATISTICS[score][1]
        expected += sum((s - g) ** 2) / 6
        expected += 5.0 * sum(
            max(0.0, -(s[j] - s[i]) * np.sign(g[j] - g[i]) + 0.5) for i in range(3) for j in range(i + 1, 3)
        )
    assert float(trainer.total(terms)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("phase", "changed", "fixed"),
    [("segmentation", "segmenter", "score_predictor"), ("scoring", "score_predictor", "segmenter")],
)
def test_a_phase_trains_its_part_alone(phase, changed, fixed):
    network = scoringnet_tf.ScoringNet(**SMALL)
    before = {part: getattr(network, part).get_weights() for part in (changed, fixed)}
    compiled(network, phase).fit(tf.data.Dataset.from_tensors(batch()), verbose=0, shuffle=False)
    after = {part: getattr(network, part).get_weights() for part in (changed, fixed)}
    assert_same(before[fixed], after[fixed])
    assert any((a != b).any() for a, b in zip(before[changed], after[changed], strict=True))


@pytest.mark.parametrize("phase", ["joint", "segmentation", "scoring"])
def test_a_step_reports_every_term_that_it_trains(phase):
    history = compiled(scoringnet_tf.ScoringNet(**SMALL), phase).fit(
        tf.data.Dataset.from_tensors(batch()), verbose=0, shuffle=False
    )
    scoring = {f"{score}_{term}" for score in ("difficulty", "execution") for term in ("mse", "ranking")}
    expected = {
        "segmentation": {"stage_loss", "frame_accuracy"},
        "scoring": scoring | {"weight_decay"},
        "joint": scoring | {"weight_decay", "stage_loss", "frame_accuracy"},
    }
    assert set(history.history) == expected[phase] | {"loss"}


@pytest.mark.parametrize(("share", "expected"), [(1.0, "true"), (0.0, "predicted")])
def test_scheduled_fragments_go_from_true_to_predicted(share, expected):
    trainer = Trainer(scoringnet_tf.ScoringNet(**SMALL), fragments="scheduled")
    trainer.true_fragment_share.assign(share)
    true = tf.constant([[1, 2, 3], [-1, -1, -1]])
    predicted = tf.one_hot([[0, 0, 0], [2, 2, 3]], 4)
    stages = trainer.fragment_stages(true, predicted).numpy().tolist()
    assert stages[0] == ([1, 2, 3] if expected == "true" else [0, 0, 0])
    assert stages[1] == [2, 2, 3]  # without labels there is only the prediction


def test_fragment_jitter_moves_each_video_by_itself():
    trainer = Trainer(scoringnet_tf.ScoringNet(**SMALL), fragment_jitter=2)
    stages = np.tile([0, 0, 0, 1, 1, 2, 2, 2, 3, 0, 0, 0], (400, 1))
    moved = trainer.jitter(tf.constant(stages)).numpy()
    shifts = {tuple(np.roll(stages[0], shift)): shift for shift in range(-2, 3)}
    found = [shifts[tuple(row)] for row in moved.tolist()]
    counts = [found.count(shift) for shift in range(-2, 3)]
    assert sum(counts) == 400 and min(counts) > 50
    np.testing.assert_array_equal(
        Trainer(scoringnet_tf.ScoringNet(**SMALL)).jitter(tf.constant(stages)).numpy(), stages
    )


def test_mixed_float16_scales_the_loss_and_the_gradients_agree():
    """`scale_loss` inside the tape and `apply` undo each other: one SGD step is the same with and without scaling."""
    steps = {}
    for scaled in (False, True):
        keras.utils.set_random_seed(3)
        network = scoringnet_tf.ScoringNet(
            **SMALL, segmenter={"dropout_rate": 0.0}, score_predictor={"dropout_rate": 0.0}
        )
        trainer = Trainer(network)
        optimizer = keras.optimizers.SGD(0.01)
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=1024.0) if scaled else optimizer
        trainer.compile(optimizer=optimizer, jit_compile=False)
        trainer.fit(tf.data.Dataset.from_tensors(batch()), verbose=0, shuffle=False)
        steps[scaled] = network.get_weights()
    for a, b in zip(steps[False], steps[True], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


# === Runs ===


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "killed_at"),
    [({}, 1), ({}, 2), ({}, 4), ({"training": "joint", "fragments": "scheduled", "epochs": 3}, 2)],
    ids=["first epoch", "end of KFS", "last epoch of SP", "joint, scheduled fragments"],
)
def test_killed_run_ends_with_the_same_weights(diving_records, tmp_path, monkeypatch, changes, killed_at):
    straight = weights_after(diving_records, tmp_path / "straight", **changes)
    with monkeypatch.context() as patch:
        kill_after_epoch(patch, killed_at)
        with pytest.raises(KilledError):
            weights_after(diving_records, tmp_path / "killed", **changes)
    resumed = weights_after(diving_records, tmp_path / "killed", **changes)
    assert_same(straight, resumed)


@pytest.mark.slow
def test_frames_that_sp_does_not_see_change_nothing(diving_records, tmp_path, monkeypatch):
    """Without colour jitter, whose mean is that of the decoded frames, the weights agree to the bit."""
    few = weights_after(diving_records, tmp_path / "few", color_jitter=0)
    monkeypatch.setattr(session.TrainingRun, "_frames_of_interest", lambda self, phase: {})
    every = weights_after(diving_records, tmp_path / "all", color_jitter=0)
    assert_same(few, every)


@pytest.mark.slow
def test_a_run_leaves_what_it_promises(diving_records, tmp_path):
    weights_after(diving_records, tmp_path / "run")
    config = json.loads((tmp_path / "run/config.json").read_text())
    assert config["data_hash"] == DatasetInfo.load(diving_records).data_hash
    assert config["settings"]["alpha"] == 1.0
    assert {"tensorflow", "keras", "scoringnet_tf"} <= set(config["versions"])
    history = json.loads((tmp_path / "run/history.json").read_text())
    assert [entry["phase"] for entry in history] == ["segmentation"] * 2 + ["scoring"] * 2
    assert {"val_d_src", "val_e_src", "val_f_src", "val_frame_accuracy"} <= set(history[-1])
    tags = event_tags(tmp_path / "run/tensorboard")
    assert {"scoring/loss", "scoring/learning_rate", "scoring/execution_ranking", "segmentation/stage_loss"} <= tags
    assert {"validation/stages", "validation/scores"} <= tags


def event_tags(log_dir):
    records = tf.data.TFRecordDataset([str(path) for path in log_dir.glob("events.*")])
    events = (tf.compat.v1.Event.FromString(record.numpy()) for record in records)
    return {value.tag for event in events for value in event.summary.value}


def test_settings_may_not_change_within_a_run(diving_records, tmp_path):
    def config(**changes):
        record_config(tmp_path, settings(tmp_path, diving_records, **changes), "hash", "float32")

    config()
    config(alpha=2.0)  # nothing has been trained yet: the settings may still be mended
    Checkpoints(tmp_path).save(compiled(scoringnet_tf.ScoringNet(**SMALL)), "scoring_0001", {"steps_done": 1})
    with pytest.raises(InputError, match=r"--alpha \(was 2\.0, now 3\.0\)"):
        config(alpha=3.0)
    with pytest.raises(InputError, match=r"precision \(was float32, now mixed_bfloat16\)"):
        record_config(tmp_path, settings(tmp_path, diving_records, alpha=2.0), "hash", "mixed_bfloat16")
    with pytest.raises(InputError, match="another data hash"):
        record_config(tmp_path, settings(tmp_path, diving_records, alpha=2.0), "other", "float32")


def test_non_finite_loss_says_where_to_look(diving_records, tmp_path):
    run = session.TrainingRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, learning_rate=1e30))
    with pytest.raises(InputError, match=r"not finite at step \d+ .*--learning_rate"):
        run.run()


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "checkpoints/scoring_0001").mkdir(parents=True)
    (tmp_path / "checkpoints/scoring_0001/state.json").write_text("{")
    with pytest.raises(InputError, match=r"state\.json: expected the state of a checkpoint"):
        Checkpoints(tmp_path).latest()


def test_reseed_is_a_function_of_seed_and_epoch():
    network = scoringnet_tf.ScoringNet(**SMALL)
    inputs, _ = batch()
    outputs = []
    for seed, epoch in ((1, 0), (1, 0), (1, 1), (2, 0)):
        reseed(network, seed, epoch)
        outputs.append(network.segmenter(inputs, training=True).numpy())
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert (outputs[0] != outputs[2]).any()
    assert (outputs[0] != outputs[3]).any()


# === A trained KFS for videos without stage labels ===


@pytest.fixture(scope="module")
def unlabelled_records(tmp_path_factory):
    """Eight videos with scores and no stages."""
    folder = tmp_path_factory.mktemp("unlabelled")
    rows = ["video,difficulty,execution,final,split"]
    for number in range(8):
        write_bars(folder / f"{number}.avi", 20, number)
        difficulty, execution = 3.0 + 0.1 * number, 20.0 + 0.5 * number
        rows.append(f"{number}.avi,{difficulty:.1f},{execution},{difficulty * execution:.2f},train")
    (folder / "manifest.csv").write_text("\n".join(rows))
    build_records("manifest", folder, folder / "records", BuildSettings((36, 48)), workers=1, sport="diving")
    return folder / "records"


WITH_KFS = {"fragments": "predicted", "segmentation_epochs": 0, "scoring_epochs": 1}


def test_a_trained_kfs_is_used_and_not_trained(unlabelled_records, tmp_path):
    info = DatasetInfo.load(unlabelled_records)
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, segmenter=str(tmp_path / "model.keras"))
    trained = session.build_network(info, options, "float32")
    trained.save(tmp_path / "model.keras")
    best = session.TrainingRun(info, options).run()
    model = keras.models.load_model(best, compile=False)
    assert_same(trained.segmenter.get_weights(), model.segmenter.get_weights())
    tower = "difficulty_tower"
    weights = [network.score_predictor.get_layer(tower).get_weights() for network in (trained, model)]
    assert any((a != b).any() for a, b in zip(*weights, strict=True))


def test_the_kfs_of_an_initial_model_serves_videos_without_stages(unlabelled_records, tmp_path):
    info = DatasetInfo.load(unlabelled_records)
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, initial_model=str(tmp_path / "model.keras"))
    trained = session.build_network(info, {**options, "initial_model": None}, "float32")
    trained.save(tmp_path / "model.keras")
    model = keras.models.load_model(session.TrainingRun(info, options).run(), compile=False)
    assert_same(trained.segmenter.get_weights(), model.segmenter.get_weights())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, r"expected stage labels .*Give a trained KFS \(--segmenter\)"),
        ({"segmenter": "x", "fragments": "true"}, "--segmenter: expected --training=staged --fragments=predicted"),
        ({"segmenter": "x", "training": "joint"}, "--segmenter: expected .*Received: --training=joint"),
        ({"segmenter": "no.keras"}, r"--segmenter=no\.keras: expected a \.keras file"),
    ],
)
def test_what_videos_without_stages_need_is_said(unlabelled_records, tmp_path, changes, message):
    options = settings(tmp_path / "run", unlabelled_records, **{**WITH_KFS, **changes})
    with pytest.raises(InputError, match=message):
        session.TrainingRun(DatasetInfo.load(unlabelled_records), options).run()


def test_a_kfs_that_is_built_otherwise_is_refused(unlabelled_records, tmp_path):
    scoringnet_tf.ScoringNet(**{**SMALL, "width_multiplier": 1 / 8}).save(tmp_path / "wide.keras")
    path = str(tmp_path / "wide.keras")
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, segmenter=path)
    with pytest.raises(InputError, match=r"expected a KFS like the one .*width_multiplier 0\.125 instead of 0\.0625"):
        session.TrainingRun(DatasetInfo.load(unlabelled_records), options).run()


# === Pretrained weights ===


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


def test_trunk_rate_shortens_the_steps_of_the_trunk_alone():
    steps = {}
    for rate in (1.0, 0.25):
        keras.utils.set_random_seed(5)
        network = scoringnet_tf.ScoringNet(**SMALL, segmenter={"dropout_rate": 0.0})
        before = network.segmenter.get_weights()
        trainer = compiled(network, "segmentation", trunk_rate=rate)
        trainer.fit(tf.data.Dataset.from_tensors(batch()), verbose=0, shuffle=False)
        steps[rate] = [a - b for a, b in zip(network.segmenter.get_weights(), before, strict=True)]
    trunk = {id(weight) for weight in network.segmenter.get_layer("c3d").weights}
    shortened = 0
    for variable, full, short in zip(network.segmenter.weights, steps[1.0], steps[0.25], strict=True):
        shortened += id(variable) in trunk
        factor = 0.25 if id(variable) in trunk else 1.0
        np.testing.assert_allclose(short, factor * full, rtol=1e-3, atol=1e-7, err_msg=variable.path)
    assert shortened == 2 * 8  # kernel and bias of C3D's eight convolutions


def test_a_run_starts_from_the_whole_of_another_model(diving_records, tmp_path):
    info = DatasetInfo.load(diving_records)
    first = session.build_network(info, settings(tmp_path / "first", diving_records), "float32")
    twice = {
        score: (2 * mean, 3 * std)
        for score, (mean, std) in first.score_predictor.get_config()["score_statistics"].items()
    }
    first.with_dtype("float32", score_statistics=twice).save(tmp_path / "model.keras")
    options = settings(tmp_path / "run", diving_records, initial_model=str(tmp_path / "model.keras"), dropout=0.4)
    run = session.TrainingRun(info, options)
    run._load_pretrained()
    inputs = batch()[0]
    for name, ours in run.network(inputs).items():
        np.testing.assert_allclose(ours, first(inputs)[name], rtol=1e-6, err_msg=name)  # scores in our own units


def test_an_initial_model_of_another_shape_is_refused_whole(diving_records, tmp_path):
    changes = {"clip_lengths": (8, 16), "segmenter": {"lstm_units": 64}}
    scoringnet_tf.ScoringNet(**{**SMALL, **changes}).save(tmp_path / "model.keras")
    options = settings(tmp_path / "run", diving_records, initial_model=str(tmp_path / "model.keras"))
    run = session.TrainingRun(DatasetInfo.load(diving_records), options)
    before = run.network.get_weights()
    with pytest.raises(
        InputError, match=r"expected a score_predictor like .*clip_lengths \(8, 16\) instead of \(8, 8\)"
    ):
        run._load_pretrained()
    assert_same(before, run.network.get_weights())
    with pytest.raises(InputError, match=r"--initial_model: expected it without --pretrained"):
        session.TrainingRun(DatasetInfo.load(diving_records), {**options, "pretrained": "c3d.keras"})


def test_the_kfs_of_an_initial_model_may_be_kept(diving_records, tmp_path):
    info, path = DatasetInfo.load(diving_records), str(tmp_path / "model.keras")
    first = session.build_network(info, settings(tmp_path / "first", diving_records), "float32")
    first.save(path)
    options = settings(tmp_path / "run", diving_records, segmentation_epochs=0, scoring_epochs=1)
    with pytest.raises(InputError, match="--segmentation_epochs=0: expected a trained KFS"):
        session.TrainingRun(info, options)
    best = session.TrainingRun(info, {**options, "initial_model": path}).run()
    model = keras.models.load_model(best, compile=False)
    assert_same(first.segmenter.get_weights(), model.segmenter.get_weights())
    tower = "execution_tower"
    weights = [network.score_predictor.get_layer(tower).get_weights() for network in (first, model)]
    assert any((a != b).any() for a, b in zip(*weights, strict=True))


def test_an_initial_model_brings_its_preprocessing(diving_records, tmp_path):
    scoringnet_tf.ScoringNet(**SMALL, segmenter={"lstm_units": 64}, preprocessing=BGR).save(tmp_path / "model.keras")
    options = settings(tmp_path / "run", diving_records, initial_model=str(tmp_path / "model.keras"))
    run = session.TrainingRun(DatasetInfo.load(diving_records), options)
    assert run.network.segmenter.get_layer("c3d").preprocessing == BGR


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
    with pytest.raises(InputError, match="expected layer conv1a"):
        continue_from(scoringnet_tf.C3D((8, 32, 32, 3), 1 / 8), tmp_path / "first.keras")


def test_pretrained_mismatch_changes_nothing(tmp_path):
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 8).save(tmp_path / "wide.keras")
    network = scoringnet_tf.ScoringNet(**SMALL)
    before = network.get_weights()
    with pytest.raises(InputError, match=r"expected layer conv1a with a kernel of \(3, 3, 3, 3, 4\)"):
        load_pretrained(network, tmp_path / "wide.keras")
    assert_same(before, network.get_weights())


BGR = {"channels": "bgr", "mean": [95.0, 103.0, 108.0], "scale": 1.0, "frame_size": [128, 171]}


def test_weights_under_another_preprocessing_are_refused(tmp_path):
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing=BGR).save(tmp_path / "bgr.keras")
    network = scoringnet_tf.ScoringNet(**SMALL)
    before = network.get_weights()
    message = r"bgr\.keras: expected a C3D for what segmenter .* RGB frames less 127\.5.*Received: BGR frames less 95,"
    with pytest.raises(InputError, match=message):
        load_pretrained(network, tmp_path / "bgr.keras")
    assert_same(before, network.get_weights())
    with pytest.raises(InputError, match="expected a C3D for what c3d does to its frames"):
        continue_from(scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16), tmp_path / "bgr.keras")


def test_the_network_takes_the_preprocessing_of_its_weights(diving_records, tmp_path, capsys):
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing=BGR).save(tmp_path / "bgr.keras")
    options = {"pretrained": str(tmp_path / "bgr.keras")}
    run = session.TrainingRun(DatasetInfo.load(diving_records), settings(tmp_path / "run", diving_records, **options))
    run._load_pretrained()
    assert "trained on frames of 128×171 (height × width); yours are 36×48" in capsys.readouterr().out
    run.network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    for network in (run.network, again):
        towers = [network.score_predictor.get_layer(f"{score}_tower") for score in ("difficulty", "execution")]
        assert [part.get_layer("c3d").preprocessing for part in (network.segmenter, *towers)] == [BGR] * 3
    inputs = batch()[0]
    assert_same(run.network(inputs), again(inputs))


def test_pretraining_goes_on_under_the_same_preprocessing(tmp_path):
    first = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={}, preprocessing=BGR)
    first.save(tmp_path / "first.keras")
    preprocessing = preprocessing_of(tmp_path / "first.keras", (32, 32))
    second = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={"group": 4}, preprocessing=preprocessing)
    continue_from(second, tmp_path / "first.keras", log=lambda line: None)
    clip = batch()[0]["frames"][:, :8]
    features = keras.Model(second.input, second.get_layer("fc7").output)
    np.testing.assert_allclose(features(clip), first(clip), rtol=1e-6)


def test_a_mean_image_ties_the_network_to_its_size(tmp_path):
    image = np.full((32, 32, 3), 100.0).tolist()
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing={"mean": image}).save(tmp_path / "c3d.keras")
    assert preprocessing_of(tmp_path / "c3d.keras", [32, 32])["mean"] == image
    with pytest.raises(InputError, match=r"c3d\.keras: subtracts a mean image of 32×32\. Received: --image_size=64,48"):
        preprocessing_of(tmp_path / "c3d.keras", [64, 48])
    assert preprocessing_of(None, [64, 48]) is None


@pytest.mark.parametrize("content", [None, b"", b"not a zip"])
def test_pretrained_file_that_is_none_is_named(tmp_path, content):
    path = tmp_path / "c3d.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"c3d\.keras: expected a C3D saved as \.keras"):
        load_pretrained(scoringnet_tf.ScoringNet(**SMALL), path)
