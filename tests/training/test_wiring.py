"""Every flag of `train` reaches its object: each has a value here that is unlike every default."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import STATISTICS, defined_flags, settings

import scoringnet_tf
from data_prep.records.building import build_records
from scoringnet_tf import losses, metrics
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training import scoring, strategy
from scoringnet_tf.training.optimizer import make_optimizer
from scoringnet_tf.training.scoring import ScoringRun

UNUSUAL = {
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
    "views": 6,
    "dropout": 0.22,
    "fragment_jitter": 2,
    "alpha": 3.5,
    "beta": 0.0123,
    "margin": 0.77,
    "pair_reduction": "mean",
    "ties": "constant",
    "loss_units": "points",
    "stage_loss": "binary",
    "training": "staged",
    "segmentation_epochs": 3,
    "scoring_epochs": 5,
    "fragments": "scheduled",
    "difficulty_fragment": ["entry"],
    "execution_fragment": ["entry", "pre-starting"],
    "rates": ["execution:0.31", "kfs:2"],
    "freeze": ["c3d"],
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
    "test_scores": True,
}


@pytest.fixture(scope="module")
def run(diving_records, tmp_path_factory):
    """One for all tests: each compiles it as it needs it."""
    folder = tmp_path_factory.mktemp("run")
    pretrained = folder / "c3d.keras"  # without weights nothing can be frozen
    scoringnet_tf.C3D((8, 24, 32, 3), UNUSUAL["width_multiplier"]).save(pretrained)
    options = settings(folder / "run", diving_records, pretrained=str(pretrained), **UNUSUAL)
    return ScoringRun(DatasetInfo.load(diving_records), options)


def test_every_flag_is_in_these_tests():
    """A flag that is added must be added here, with a value that is not its default."""
    defined = defined_flags("scoringnet_tf.train")
    elsewhere = {
        *("records_dir", "model_dir", "epochs", "precision", "deterministic", "shuffle_labels"),  # below
        *("pretrained", "initial_model", "segmenter"),  # test_starting_weights.py
        "output_activation",  # of the other head, below
        *("stage_network", "resnet50_weights"),  # test_segmenters.py
        *("reference", "training_ids"),  # of the command alone
        "replicas",  # test_replicas.py
        "data_service",  # test_data_service.py
    }
    assert set(UNUSUAL) | elsewhere == set(defined)
    same = [name for name, value in UNUSUAL.items() if str(value) == defined[name]]
    assert same == []


def test_flags_of_the_model(run):
    config = run.model.get_config()
    assert config["image_size"] == (24, 32)
    assert config["clip_lengths"] == (9, 11)
    assert run.model.stage_decision.decoding == "cyclic"
    assert run.model.views == 6
    assert [selector.stages for selector in run.model.selectors] == [(3,), (3, 1)]
    segmenter, predictor = run.model.segmenter, run.model.score_predictor
    assert segmenter.get_layer("bi_lstm").forward_layer.units == 96 // 32
    assert segmenter.get_layer("fc1").units == 160 // 32
    assert segmenter.get_layer("fc1_dropout").rate == 0.11
    for score in ("difficulty", "execution"):
        tower = predictor.get_layer(f"{score}_tower")
        assert tower.get_layer("regressor_conv2").filters == 224 // 32
        assert [tower.get_layer(f"regressor_fc{n}").units for n in (1, 2)] == [192 // 32] * 2
        assert [tower.get_layer(f"regressor_fc{n}_dropout").rate for n in (1, 2)] == [0.22] * 2
        assert [tower.get_layer(f"regressor_pool{n}").strides for n in (1, 2)] == [(1, 1, 1)] * 2
        assert tower.output.shape[1:] == (losses.NUM_BINS,)
        kernels = [layer for layer in (*tower.layers, *tower.get_layer("c3d").layers) if hasattr(layer, "kernel")]
        assert len(kernels) == 8 + 2 + 3
        assert [float(layer.kernel_regularizer.l2) for layer in kernels] == pytest.approx([0.0123] * 13)
    assert segmenter.losses == []  # β is on the towers alone (Eqs. 8 and 9)


def test_src_is_of_all_held_out_videos(run, monkeypatch):
    monkeypatch.setattr(metrics, "CAPACITY", 1)
    run.begin(run.phases[1], resumed=True)
    room = [measures[0].capacity for score, measures in run.model.learned.metrics.items() if score != "stages"]
    assert room == [len(run.validation_ids)] * 3 and room[0] > 1


@pytest.mark.parametrize(("phase", "trained"), [(0, "segmenter"), (1, "score_predictor")])
def test_flags_of_the_loss_and_the_fragments(run, phase, trained):
    run.begin(run.phases[phase], resumed=True)
    model = run.model
    assert model.learned.phase == run.phases[phase].name
    assert [part for part in ("segmenter", "score_predictor") if getattr(model, part).trainable_weights] == [trained]
    trunks = [model.segmenter, *(model.score_predictor.get_layer(f"{score}_tower") for score in STATISTICS)]
    assert [part.get_layer("c3d").trainable_weights for part in trunks] == [[]] * 3  # --freeze
    assert model.learned.losses["stages"].form == "binary"
    for score in ("difficulty", "execution"):
        loss = model.learned.losses[score]
        assert (loss.alpha, loss.margin, loss.pair_reduction, loss.ties, loss.unit) == (
            3.5,
            0.77,
            "mean",
            "constant",
            1.0,
        )
        assert loss.sigma == 0.17
    assert (model.training_fragments.source, model.training_fragments.jitter) == ("scheduled", 2)


def test_a_relu_comes_after_a_number(diving_records, tmp_path):
    asked = settings(tmp_path, diving_records, output_activation="relu")
    model = scoring.build_network(DatasetInfo.load(diving_records), asked, "float32")
    for tower in model.score_predictor.towers.values():
        assert tower.output is tower.get_layer("output_relu").output


@pytest.mark.parametrize(("asked", "towers"), [("parts", ("difficulty", "execution")), ("final", ("final",))])
def test_scores_asked_for_are_those_of_the_towers(asked, towers, diving_records, tmp_path, capsys):
    info = DatasetInfo.load(diving_records)
    made = ScoringRun(info, settings(tmp_path, diving_records, scores=asked, fragments="whole", fragment_jitter=0))
    assert (made.model.scores, made.model.segmenter) == (towers, None)
    known = info.score_statistics["train"]
    statistics = made.model.score_predictor.get_config()["score_statistics"]
    assert statistics == {score: (known[score]["mean"], known[score]["std"]) for score in towers}
    assert [phase.name for phase in made.phases] == ["scoring"]
    made.load_initial_weights()
    assert capsys.readouterr().out.startswith("Scores: ")


def test_images_that_show_little_of_the_frames_are_told(diving_records, tmp_path, capsys):
    """Of the fixture's frames of 36×48 images of 16×16 show 15 %, those of 32×32 59."""
    info = DatasetInfo.load(diving_records)
    for side, told in ((32, False), (16, True)):
        ScoringRun(info, settings(tmp_path, diving_records, image_size=[side, side])).load_initial_weights()
        assert ("The model sees 16×16, the middle 15 % of the stored" in capsys.readouterr().out) == told


def test_features_are_scaled_by_the_training_videos(tmp_path):
    rng, rows = np.random.default_rng(0), ["features,split,final"]
    values = {name: rng.normal(size=(3, 4)) for name in "abcde"}
    for index, (name, array) in enumerate(values.items()):
        np.save(tmp_path / f"{name}.npy", array)
        rows.append(f"{name}.npy,{'validation' if name in 'de' else 'train'},{50 + index}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    build_records("manifest", tmp_path, tmp_path / "records", workers=1, sport="diving")
    changes = {"fragments": "whole", "fragment_jitter": 0, "clip_lengths": [2, 2], "rates": [], "batch_size": 2}
    info = DatasetInfo.load(tmp_path / "records")
    made = ScoringRun(info, settings(tmp_path / "run", tmp_path / "records", **changes))
    made.load_initial_weights()
    scaling = made.model.score_predictor.towers["final"].get_layer("feature_scaling")
    seen = np.concatenate([values[name][[0, 2]] for name in "abc"])  # the model samples the first step and the last
    np.testing.assert_allclose(np.array(scaling.mean), seen.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(np.array(scaling.deviation), seen.std(axis=0), rtol=1e-5)


def test_standard_units_are_those_of_the_training_scores(run, diving_records):
    known = DatasetInfo.load(diving_records).score_statistics["train"]
    made = scoring.losses(run.model, {**run.settings, "loss_units": "standard"})
    assert {score: made[score].unit for score in ("difficulty", "execution")} == {
        score: known[score]["std"] for score in ("difficulty", "execution")
    }


@pytest.mark.parametrize(("units", "unit"), [("points", 1.0), ("standard", 7.5)])
def test_the_final_score_that_is_learned_beside_its_parts_is_ranked_as_they_are(run, units, unit):
    made = scoring.losses(run.model, {**run.settings, "loss_units": units}, final_std=7.5)["final"].get_config()
    ranked = {"alpha": 3.5, "margin": 0.77, "reduction": "mean", "ties": "constant"}
    assert {name: made[name] for name in (*ranked, "unit")} == {**ranked, "unit": unit}
    assert "final" not in scoring.losses(run.model, run.settings)


def test_flags_of_the_optimizer(run, monkeypatch):
    made = []
    monkeypatch.setattr(
        scoring, "make_optimizer", lambda *arguments: made.append(arguments) or make_optimizer(*arguments)
    )
    run.begin(run.phases[1], resumed=True)
    ((made_for, dtype, factors),) = made
    assert (made_for, dtype) == (run.settings, "float32")
    regressor = 2 * (2 + 3)  # kernels and biases of a tower beside its C3D
    assert factors == [1] * regressor + [0.31] * regressor
    assert len(run.model.trainable_variables) == 2 * regressor
    optimizer = run.model.optimizer
    assert (optimizer.use_ema, optimizer.ema_momentum, optimizer.ema_overwrite_frequency) == (True, 0.87, None)
    assert (optimizer.global_clipnorm, optimizer.clipnorm, optimizer.clipvalue) == (2.5, None, None)
    assert optimizer.gradient_accumulation_steps == 3
    rate = optimizer._learning_rate
    assert float(rate(0)) == pytest.approx(0.0042 / 15)
    assert float(rate(14)) == pytest.approx(0.0042)
    assert float(rate(51)) == pytest.approx(0.0042 * 0.61)
    assert float(rate(102)) == pytest.approx(0.0042 * 0.61**2)


def test_flags_of_the_data(run, monkeypatch):
    asked = {}

    def videos(records_dir, split, **options):
        asked[split] = options

    monkeypatch.setattr(input_pipeline, "videos", videos)
    _, scoring_phase = run.phases
    run.training_data(scoring_phase, 2)
    run.validation_data(scoring_phase)
    for options in asked.values():
        assert options["image_size"] == [24, 32]
        assert options["batch_size"] == 3
        assert options["validation_fraction"] == 0.45
    # Nothing random, and every frame.
    assert set(asked["validation"]) == {"image_size", "batch_size", "validation_fraction", "num_frames"}
    assert asked["validation"]["num_frames"] is None
    train = asked["train"]
    assert train["augmentation"] == input_pipeline.Augmentation(
        max_start_shift=4, flip=False, crop_shift=3, zoom=0.17, color_jitter=0.13, degradation=0.37
    )
    assert (train["seed"], train["shuffle"], train["first_epoch"], train["epochs"]) == (11, True, 3 + 2, 3 + 5)
    assert "only_stages" not in train  # KFS predicts on whole videos


def test_true_fragments_are_all_that_sp_decodes(run, monkeypatch):
    """With as many frames at both ends as fragments may be moved by; KFS sees whole videos in its phase."""
    asked = []
    monkeypatch.setattr(input_pipeline, "videos", lambda *_, **options: asked.append(options))
    monkeypatch.setitem(run.settings, "fragments", "true")
    for phase in (*run.phases, scoring.Phase("joint", 5)):
        run.training_data(phase, 0)
    assert [(options.get("only_stages"), options.get("margin")) for options in asked] == [
        (None, None),
        ([["entry"], ["entry", "pre-starting"]], 2),  # what the towers of these flags see
        (None, None),
    ]


def test_shuffled_labels_are_those_of_other_videos(run, monkeypatch):
    """The three scores of a video stay together and go to one other video; all else stays where it is."""
    ids = run.train_ids
    stored = {score: np.float32([run.info.videos[video_id][score] for video_id in ids]) for score in SCORES}
    targets = {"stages": np.arange(len(ids)), **stored}

    def videos(*_, with_info, **options):
        assert with_info
        return tf.data.Dataset.from_tensors(({"frames": ids}, targets, {"id": ids}))

    monkeypatch.setattr(input_pipeline, "videos", videos)
    monkeypatch.setitem(run.settings, "shuffle_labels", True)
    ((inputs, exchanged),) = run.training_data(run.phases[0], 0).as_numpy_iterator()
    assert [video_id.decode() for video_id in inputs["frames"]] == ids
    np.testing.assert_array_equal(exchanged["stages"], targets["stages"])
    before, after = (np.transpose([scores[score] for score in SCORES]).tolist() for scores in (stored, exchanged))
    assert sorted(before) == sorted(after)
    assert all(own != given for own, given in zip(before, after, strict=True))  # nobody keeps its own


def test_flags_of_the_schedule(run):
    assert [(phase.name, phase.epochs, phase.first_epoch) for phase in run.phases] == [
        ("segmentation", 3, 0),
        ("scoring", 5, 3),
    ]
    assert [phase.monitor for phase in run.phases] == ["val_frame_accuracy", "val_f_src"]
    assert run._validated_epochs(scoring.Phase("joint", 16)) == [7, 14, 16]
    assert len(run.validation_ids) == round(0.45 * 7)
    run.begin(run.phases[1], resumed=True)
    run.folder, run.checkpoints, run.upload = run.model_dir, None, None
    chosen = run._callbacks(run.phases[1], 0, {}, 1, None)
    stopping = next(callback for callback in chosen if isinstance(callback, keras.callbacks.EarlyStopping))
    assert (stopping.patience, stopping.monitor, stopping.mode) == (4, "val_f_src", "max")
    assert next(callback for callback in chosen if hasattr(callback, "max_steps")).max_steps == 2
    reseeding = next(callback for callback in chosen if hasattr(callback, "seed"))
    assert (reseeding.seed, reseeding.first_epoch) == (11, 3)
    order, uploads = [type(callback).__name__ for callback in chosen], []
    assert order.index("ModelCheckpoint") < order.index("AveragedWeights") < order.index("SaveCheckpoint")
    assert order.index("SaveCheckpoint") < order.index("LambdaCallback")
    run.upload = lambda: uploads.append(True)
    next(callback for callback in chosen if isinstance(callback, keras.callbacks.LambdaCallback)).on_epoch_end(0, {})
    assert uploads == [True]
    assert "TerminateOnNaN" in order


def test_the_scores_of_held_out_videos_are_theirs_whatever_their_order(run):
    first, second, third = run.validation_ids[:3]
    run.validation_ids = [third, first, second]
    run.info.videos[first]["difficulty"] = None
    known = run._known_scores()
    assert [video_id for video_id, _ in known["difficulty"]] == [third, second]
    assert known["final"] == [(video_id, run.info.videos[video_id]["final"]) for video_id in (third, first, second)]


def test_flags_of_the_process(diving_records, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "scoringnet_tf.training.run.configure", lambda *arguments: asked.append(arguments) or "mixed_bfloat16"
    )
    changes = {"precision": "mixed_bfloat16", "seed": 11, "deterministic": False}
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path / "run", diving_records, **changes))
    assert asked == [("mixed_bfloat16", 11, False)]
    assert run.model.segmenter.get_layer("c3d").get_layer("conv1a").compute_dtype == "bfloat16"
    assert run.model_dir == tmp_path / "run" and run.info.records_dir == diving_records


def test_float16_needs_a_gpu_and_is_the_default_there(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [f"{kind}:0"])
    for asked in ("mixed_float16", "auto"):
        assert strategy.configure(asked, deterministic=False) == "mixed_float16"
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert strategy.configure("float32", deterministic=False) == "float32"
    with refused("no_gpu", "mixed_float16"):
        strategy.configure("mixed_float16", deterministic=False)


def test_a_kfs_that_is_given_is_not_trained():
    asked = {"training": "staged", "segmentation_epochs": 3, "scoring_epochs": 5, "fragments": "predicted"}
    (phase,) = scoring.phases({**asked, "segmenter": "model.keras"})
    assert (phase.name, phase.epochs, phase.first_epoch) == ("scoring", 5, 0)
    assert [phase.name for phase in scoring.phases({**asked, "segmenter": None})] == ["segmentation", "scoring"]


def test_a_model_knows_its_records(run, diving_records):
    """The training videos are 4 to 10, of execution 15 + n and difficulty 2.7 + 0.1 (n mod 5): `write_unlv_diving`."""
    execution, difficulty = np.arange(19, 26), 2.7 + 0.1 * (np.arange(4, 11) % 5)
    statistics = run.model.score_predictor.get_config()["score_statistics"]
    assert statistics["execution"] == pytest.approx((execution.mean(), execution.std()))
    assert statistics["difficulty"] == pytest.approx((difficulty.mean(), difficulty.std()))
    assert run.model.frame_size == (36, 48) and run.model.sport.name == "diving"
    assert run.model.provenance["frame_rate"] == 25 and run.model.provenance["simulation"] is None
    assert run.model.provenance["data_hash"] == DatasetInfo.load(diving_records).data_hash


def test_scores_that_are_all_the_same_are_refused(run, tmp_path):
    known = run.info.score_statistics["train"]
    same = {"train": {**known, "execution": {**known["execution"], "std": 0.0}}}
    info = dataclasses.replace(run.info, score_statistics=same)
    with pytest.raises(InputError):
        ScoringRun(info, settings(tmp_path, run.info.records_dir))


def test_joint_training_has_one_phase(diving_records, tmp_path):
    changes = {"training": "joint", "epochs": 9}
    run = ScoringRun(DatasetInfo.load(diving_records), settings(tmp_path, diving_records, **changes))
    assert [(phase.name, phase.epochs, phase.first_epoch) for phase in run.phases] == [("joint", 9, 0)]


# === Parts with rates of their own, and frozen ones ===


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"rates": ["c3d"]}, "wrong_value", ["--rates", "'c3d'"]),
        ({"rates": ["c3d:fast"]}, "wrong_value", ["c3d:fast"]),
        ({"rates": ["c3d:0"]}, "wrong_value", ["c3d:0", "--freeze=c3d"]),
        ({"rates": ["c3d:100.5"]}, "wrong_value", ["c3d:100.5"]),
        ({"rates": ["c3d:nan"]}, "wrong_value", ["c3d:nan"]),
        ({"rates": ["kfs:2", "kfs:3"]}, "wrong_value", ["kfs:3"]),
        ({"rates": ["head:2"]}, "unknown_name", ["--rates", "head", "c3d, kfs, difficulty, execution"]),
        ({"freeze": ["final"]}, "unknown_name", ["--freeze", "final"]),
        ({"freeze": ["kfs"], "rates": ["kfs:2"]}, "flags_conflict", ["kfs"]),
        ({"freeze": ["c3d"]}, "untrained_frozen", ["c3d"]),
        ({"freeze": ["kfs"], "pretrained": "c3d"}, "untrained_frozen", ["kfs"]),
        ({"freeze": ["kfs"], "initial_model": "net"}, "nothing_learned", ["kfs", "segmentation"]),
        ({"freeze": ["difficulty", "execution"], "initial_model": "net"}, "nothing_learned", ["scoring"]),
        (
            {"freeze": ["kfs", "difficulty"], "initial_model": "kfs", "segmentation_epochs": 0},
            "untrained_frozen",
            ["difficulty", "kfs.keras"],
        ),
        ({"freeze": ["c3d"], "initial_model": "kfs", "segmentation_epochs": 0}, "untrained_frozen", ["c3d"]),
    ],
)
def test_parts_that_cannot_be_are_named(files, diving_records, tmp_path, changes, code, named):
    with refused(code, *named):
        run_of_parts(files, diving_records, tmp_path / "run", changes)


@pytest.fixture(scope="module")
def files(diving_records, tmp_path_factory):
    """Weights to start from: name → path."""
    folder = tmp_path_factory.mktemp("weights")
    scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16).save(folder / "c3d.keras")
    network = scoring.build_network(DatasetInfo.load(diving_records), settings(folder, diving_records), "float32")
    for name, learned in (("net", True), ("kfs", False)):
        network.scores_learned = learned
        network.save(folder / f"{name}.keras")
    return {name: str(folder / f"{name}.keras") for name in ("c3d", "net", "kfs")}


def run_of_parts(files, records_dir, model_dir, changes):
    """A run whose changes may name weights of `files`, without other rates."""
    named = {
        name: files[value] for name, value in changes.items() if name in ("pretrained", "initial_model", "segmenter")
    }
    return ScoringRun(
        DatasetInfo.load(records_dir), settings(model_dir, records_dir, **{"rates": [], **changes, **named})
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"freeze": ["c3d"], "pretrained": "c3d"},
        {"freeze": ["c3d", "execution"], "initial_model": "net"},
        {"freeze": ["kfs"], "segmenter": "net", "fragments": "predicted"},
        {"freeze": ["kfs"], "initial_model": "net", "training": "joint"},
        {"freeze": ["kfs"], "initial_model": "kfs", "segmentation_epochs": 0},
        {"freeze": ["c3d"], "initial_model": "kfs", "scoring_epochs": 0},  # KFS learns on; SP is none of it
    ],
)
def test_parts_with_weights_may_be_frozen(files, diving_records, tmp_path, changes):
    run_of_parts(files, diving_records, tmp_path / "run", changes)


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"difficulty_fragment": ["entrance"]}, "unknown_name", ["--difficulty_fragment", "entrance"]),
        ({"execution_fragment": ["noise"]}, "unknown_name", ["--execution_fragment", "noise"]),
        ({"execution_fragment": ["entry", "entry"]}, "unknown_name", ["entry,entry"]),
        ({"execution_fragment": ["entry"], "fragments": "whole"}, "flags_conflict", ["--execution_fragment"]),
        ({"difficulty_fragment": ["entry"], "scores": "final"}, "flags_conflict", ["difficulty"]),
    ],
)
def test_fragments_that_no_tower_can_see_are_refused(diving_records, tmp_path, changes, code, named):
    options = settings(tmp_path, diving_records, **{"fragment_jitter": 0, "rates": [], **changes})
    with refused(code, *named):
        ScoringRun(DatasetInfo.load(diving_records), options)
