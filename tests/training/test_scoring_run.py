"""What a run of `train` makes of its configuration; that no field is lost before, `test_config` shows."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from layouts import build_table
from refusals import refused
from training_runs import STATISTICS, TINY, changed, scoring_run, settings

import scoringnet_tf
from scoringnet_tf import losses
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.sports import SCORES
from scoringnet_tf.training import scoring
from scoringnet_tf.training.initialization import check_parts
from scoringnet_tf.training.network import build_network
from scoringnet_tf.training.network import losses as losses_of
from scoringnet_tf.training.plan import Phase, phases
from scoringnet_tf.training.strategy import configure

UNUSUAL = {  # unlike every default
    "image_size": [24, 32],
    "batch_size": 3,
    "validation_fraction": 0.45,
    "validation_every": 7,
    "max_start_shift": 4,
    "flip": False,
    "crop_shift": 3,
    "zoom": 0.17,
    "color_jitter": 0.13,
    "degradation": 0.37,
    "width_multiplier": 1 / 32,
    "clip_lengths": [9, 11],
    "stage_network": "c3d_bi_lstm",
    "lstm_units": 96,
    "segmenter_fc_units": 160,
    "segmenter_dropout": 0.11,
    "conv_filters": 224,
    "fc_units": 192,
    "pool_stride": 1,
    "scores": "parts",
    "head": "distribution",
    "score_sigma": 0.17,
    "decoding": "cyclic",
    "views": 2,
    "dropout": 0.22,
    "fragment_jitter": 2,
    "alpha": 3.5,
    "beta": 0.0123,
    "ranking_margin": 0.77,
    "pair_reduction": "mean",
    "ties": "constant",
    "loss_units": "points",
    "stage_loss": "binary",
    "segmentation_epochs": 3,
    "scoring_epochs": 5,
    "fragments": "predicted",
    "difficulty_fragment": ["entry"],
    "execution_fragment": ["entry", "pre-starting"],
    "lr_multipliers": {"execution": 0.31, "kfs": 2, "c3d": 0},
    "clip_norm": 2.5,
    "ema_momentum": 0.87,
    "accumulation_steps": 3,
    "seed": 11,
}


@pytest.fixture(scope="module")
def run(diving_records, tmp_path_factory):
    """One for all tests: each compiles it as it needs it."""
    folder = tmp_path_factory.mktemp("run")
    pretrained = folder / "c3d.keras"  # without weights nothing can be frozen
    scoringnet_tf.C3D((8, 24, 32, 3), UNUSUAL["width_multiplier"]).save(pretrained)
    return scoring_run(diving_records, folder / "run", pretrained=str(pretrained), **UNUSUAL)


def test_the_model(run):
    config = run.model.get_config()
    assert (config["image_size"], config["score_predictor"]["clip_lengths"]) == ([24, 32], [9, 11])
    assert [phase.monitor for phase in run.phases] == ["val_frame_accuracy", "val_f_src"]
    assert (run.model.stage_decision.decoding, run.model.score_predictor.views) == ("cyclic", 2)
    assert [selector.stages for selector in run.model.selectors] == [(3,), (3, 1)]
    segmenter = run.model.segmenter
    assert segmenter.get_layer("bi_lstm").forward_layer.units == 96 // 32
    assert segmenter.get_layer("fc1").units == 160 // 32
    assert segmenter.get_layer("fc1_dropout").rate == 0.11
    for tower in run.model.score_predictor.towers.values():
        assert tower.get_layer("regressor_conv2").filters == 224 // 32
        assert [tower.get_layer(f"regressor_fc{n}").units for n in (1, 2)] == [192 // 32] * 2
        assert [tower.get_layer(f"regressor_fc{n}_dropout").rate for n in (1, 2)] == [0.22] * 2
        assert [tower.get_layer(f"regressor_pool{n}").strides for n in (1, 2)] == [(1, 1, 1)] * 2
        assert tower.output.shape[1:] == (losses.NUM_BINS,)
        kernels = [layer for layer in (*tower.layers, *tower.get_layer("c3d").layers) if hasattr(layer, "kernel")]
        assert [float(layer.kernel_regularizer.l2) for layer in kernels] == pytest.approx([0.0123] * (8 + 2 + 3))
    assert segmenter.losses == []  # β is on the towers alone (Eqs. 8 and 9)


@pytest.mark.parametrize(("phase", "trained"), [(0, "segmenter"), (1, "score_predictor")])
def test_the_loss_and_the_fragments(run, phase, trained):
    run.task.compile_phase(run, run.phases[phase])
    model = run.model
    assert model.terms.phase == run.phases[phase].name
    assert [part for part in ("segmenter", "score_predictor") if getattr(model, part).trainable_weights] == [trained]
    trunks = [model.segmenter, *(model.score_predictor.get_layer(f"{score}_tower") for score in STATISTICS)]
    assert [part.get_layer("c3d").trainable_weights for part in trunks] == [[]] * 3  # frozen
    outputs = {"segmenter": {"stages"}, "score_predictor": {"difficulty", "execution"}}[trained]
    assert {*model.terms.losses} == outputs
    for loss in (model.terms.losses[output] for output in outputs & {"stages"}):
        assert loss.form == "binary"
    for loss in (model.terms.losses[output] for output in outputs - {"stages"}):
        assert (loss.alpha, loss.margin, loss.pair_reduction, loss.ties) == (3.5, 0.77, "mean", "constant")
        assert (loss.unit, loss.sigma) == (1.0, 0.17)
    assert (model.training_fragments.source, model.training_fragments.jitter) == ("predicted", 2)
    room = [measures[0].capacity for score, measures in model.terms.metrics.items() if score != "stages"]
    assert room and min(room) >= len(run.validation_ids)  # SRC is of all held-out videos


@pytest.mark.parametrize("units", ["points", "standard"])
def test_units_of_the_losses(run, units):
    """Standard deviations are those of the training scores; the final score beside its parts is ranked as they are."""
    known, config = run.info.score_statistics["train"], changed(run.config, loss_units=units)
    of_scores = losses_of(run.model, config, final_std=7.5)
    for score in ("difficulty", "execution"):
        assert of_scores[score].unit == (1.0 if units == "points" else known[score]["std"])
    final = of_scores["final"].get_config()
    ranked = {"alpha": 3.5, "margin": 0.77, "reduction": "mean", "ties": "constant"}
    assert {name: final[name] for name in ranked} == ranked
    assert final["unit"] == (1.0 if units == "points" else 7.5)
    assert "final" not in losses_of(run.model, config)


def test_the_optimizer(run):
    run.task.compile_phase(run, run.phases[1])
    optimizer, regressor = run.model.optimizer, 2 * (2 + 3)  # kernels and biases of a tower beside its C3D
    assert optimizer.rate_factors == tuple([1] * regressor + [0.31] * regressor)
    assert len(run.model.trainable_variables) == 2 * regressor
    assert (optimizer.use_ema, optimizer.ema_momentum, optimizer.ema_overwrite_frequency) == (True, 0.87, None)
    assert (optimizer.global_clipnorm, optimizer.clipnorm, optimizer.clipvalue) == (2.5, None, None)
    assert optimizer.gradient_accumulation_steps == 3


def test_the_data(run):
    """Batches are those of `input_pipeline.videos`; KFS predicts fragments, and is trained, on whole videos."""
    augmentation = input_pipeline.Augmentation(
        max_start_shift=4, flip=False, crop_shift=3, zoom=0.17, color_jitter=0.13, degradation=0.37
    )
    read = {"image_size": (24, 32), "batch_size": 3, "validation_fraction": 0.45}
    random = {"seed": 11, "shuffle": True, "augmentation": augmentation, "first_epoch": 3 + 2, "epochs": 3 + 5}
    trained = scoring.training_batches(run, Phase("scoring", 5, 3), 2)
    validated = scoring.validation_batches(run)
    assert len(run.validation_ids) == round(0.45 * 7)
    for ours, split, options in ((trained, "train", random), (validated, "validation", {})):
        expected = input_pipeline.videos(run.info.records_dir, split, **read, **options)
        for batch, other in zip(ours.take(2), expected.take(2), strict=True):
            for a, b in zip(tf.nest.flatten(batch), tf.nest.flatten(other), strict=True):
                np.testing.assert_array_equal(a, b)


def test_sp_on_true_fragments_reads_what_it_sees_and_as_much_more_as_they_move(run):
    config = changed(run.config, fragments="true")
    frames = {"only_stages": [["entry"], ["entry", "pre-starting"]], "margin": 2}
    assert scoring.frames_of_interest(config, run.model, Phase("scoring", 5)) == frames
    assert scoring.frames_of_interest(config, run.model, Phase("joint", 5)) == {}


def test_shuffled_labels_are_those_of_other_videos(run):
    (inputs, targets), (same, exchanged) = (
        next(iter(scoring.training_batches(dataclasses.replace(run, config=config), Phase("joint", 1), 0)))
        for config in (changed(run.config, batch_size=9, shuffle_labels=is_control) for is_control in (False, True))
    )
    np.testing.assert_array_equal(inputs["frames"], same["frames"])
    np.testing.assert_array_equal(targets["stages"], exchanged["stages"])
    before, after = (np.transpose([scores[score] for score in SCORES]).tolist() for scores in (targets, exchanged))
    assert sorted(before) == sorted(after)
    assert all(own != given for own, given in zip(before, after, strict=True))  # nobody keeps its own


# === What is built of the records ===


def test_a_relu_comes_after_a_number(diving_records, tmp_path):
    config = settings(tmp_path, diving_records, output_activation="relu")
    model = build_network(DatasetInfo.load(diving_records), config, "float32")
    for tower in model.score_predictor.towers.values():
        assert tower.output.name == tower.get_layer("output_relu").output.name


@pytest.mark.parametrize(("scores", "towers"), [("parts", ("difficulty", "execution")), ("final", ("final",))])
def test_scores_asked_for_are_those_of_the_towers(scores, towers, diving_records, tmp_path, capsys):
    made = scoring_run(diving_records, tmp_path, scores=scores, fragments="whole")
    assert (made.model.scores, made.model.segmenter) == (towers, None)
    assert made.targets.message in capsys.readouterr().out


def test_features_are_scaled_by_the_training_videos(tmp_path):
    rng, rows = np.random.default_rng(0), ["features,split,final"]
    values = {name: rng.normal(size=(3, 4)) for name in "abcde"}
    for index, (name, array) in enumerate(values.items()):
        np.save(tmp_path / f"{name}.npy", array)
        rows.append(f"{name}.npy,{'validation' if name in 'de' else 'train'},{50 + index}")
    changes = {"fragments": "whole", "clip_lengths": [2, 2], "lr_multipliers": {}, "batch_size": 2}
    made = scoring_run(build_table(tmp_path, rows, None), tmp_path / "run", **changes)
    scaling = made.model.score_predictor.towers["final"].get_layer("feature_scaling")
    seen = np.concatenate([values[name] for name in "abc"])  # all steps, of which the network samples two
    np.testing.assert_allclose(np.array(scaling.mean), seen.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(np.array(scaling.deviation), seen.std(axis=0), rtol=1e-5)


def test_a_model_knows_its_records(run, diving_records):
    """The training videos are 4 to 10, of execution 15 + n and difficulty 2.7 + 0.1 (n mod 5): `write_unlv_diving`."""
    execution, difficulty = np.arange(19, 26), 2.7 + 0.1 * (np.arange(4, 11) % 5)
    statistics = run.model.score_predictor.get_config()["score_statistics"]
    assert statistics["execution"] == pytest.approx((execution.mean(), execution.std()))
    assert statistics["difficulty"] == pytest.approx((difficulty.mean(), difficulty.std()))
    assert run.model.frame_size == (36, 48) and run.model.sport.name == "diving"
    assert run.model.provenance["frame_rate"] == 25 and run.model.provenance["simulation"] is None
    assert run.model.provenance["data_hash"] == DatasetInfo.load(diving_records).data_hash


# === What it computes with ===


def test_float16_is_the_default_of_a_gpu_and_needs_one(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [f"{kind}:0"])
    assert [configure(asked, deterministic=False) for asked in ("auto", "mixed_float16")] == ["mixed_float16"] * 2
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert configure("float32", deterministic=False) == "float32"
    with refused("no_gpu", "mixed_float16"):
        configure("mixed_float16", deterministic=False)


# === Parts with rates of their own, frozen ones, and stages of towers ===


@pytest.fixture(scope="module")
def start(diving_records):
    """(A network, models to start from by name.) Of these it only counts what they have learned."""
    network = build_network(DatasetInfo.load(diving_records), settings("run", diving_records), "float32")
    content, models = {"features": {"size": 4, "stride": 1, "origin": None}}, {}
    for name, learned in (("net", True), ("kfs", False)):
        models[name] = scoringnet_tf.ScoringNet(width_multiplier=1 / 16, segmenter=TINY["segmenter"], content=content)
        models[name].learned_parts = {"kfs"}
        models[name].scores_learned = learned
    return network, models


@pytest.mark.parametrize(
    ("multipliers", "changes", "code", "named"),
    [
        ({"head": 2}, {}, "unknown_name", ["head", "c3d, kfs, difficulty, execution"]),
        ({"final": 0}, {}, "unknown_name", ["final"]),
        ({"c3d": 0}, {}, "untrained_frozen", ["c3d"]),
        ({"kfs": 0}, {"pretrained": "c3d"}, "untrained_frozen", ["kfs"]),
        ({"kfs": 0}, {"initial_model": "net"}, "nothing_learned", ["kfs", "segmentation"]),
        ({"difficulty": 0, "execution": 0}, {"initial_model": "net"}, "nothing_learned", ["scoring"]),
        ({"kfs": 0, "execution": 0}, {"initial_model": "kfs", "segmentation_epochs": 0}, "untrained_frozen", ["exec"]),
        ({"c3d": 0}, {"initial_model": "kfs", "segmentation_epochs": 0}, "untrained_frozen", ["c3d"]),
        ({"c3d": 0}, {"pretrained": "c3d"}, None, []),
        ({"c3d": 0, "execution": 0}, {"initial_model": "net"}, None, []),
        ({"kfs": 0}, {"segmenter": "net", "fragments": "predicted"}, None, []),
        ({"kfs": 0}, {"initial_model": "net", "training": "joint"}, None, []),
        ({"kfs": 0}, {"initial_model": "kfs", "segmentation_epochs": 0}, None, []),
        ({"c3d": 0}, {"initial_model": "kfs", "scoring_epochs": 0}, None, []),  # KFS learns on; SP is none of it
    ],
)
def test_parts_that_cannot_learn_or_rest_are_named(start, multipliers, changes, code, named):
    network, models = start
    config = settings("run", "records", lr_multipliers=multipliers, **changes)
    model, before = models.get(config.starts.get("initial_model")), len(network.trainable_variables)
    with refused(code, *named):
        check_parts(network, [phase.name for phase in phases(config)], config, model)
    assert len(network.trainable_variables) == before


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"difficulty_fragment": ["entrance"]}, "unknown_name", ["difficulty", "entrance"]),
        ({"execution_fragment": ["noise"]}, "unknown_name", ["execution", "noise"]),
        ({"execution_fragment": ["entry", "entry"]}, "unknown_name", ["entry,entry"]),
        ({"difficulty_fragment": ["entry"], "scores": "final"}, "flags_conflict", ["difficulty"]),
        ({"views": 4}, "unknown_name", ["views: 4"]),
    ],
)
def test_fragments_and_views_that_no_tower_can_have_are_refused(diving_records, tmp_path, changes, code, named):
    with refused(code, *named):
        scoring_run(diving_records, tmp_path, **changes)
