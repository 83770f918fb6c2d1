"""What a Keras user types, and what comes back: inputs, targets, losses; weights, frozen layers, callbacks, copies.

Each list has what is typed, then what comes back: the same as by dictionaries, or the code of the one line that says
what is expected.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import write_bars
from refusals import refused
from training_runs import SMALL, batch, telling

import scoringnet_tf
from scoringnet_tf.models.settings import merged

WITHOUT_DROPOUT = {"segmenter": {"dropout_rate": 0.0}, "score_predictor": {"dropout_rate": 0.0}}
WEIGHTS = np.float32([0.5, 2.0, 0.0])
INPUTS, TARGETS = batch()
QUIET = {"verbose": 0, "shuffle": False}


def made(seed=0, **options):
    keras.utils.set_random_seed(seed)
    return telling(scoringnet_tf.ScoringNet(**merged(SMALL, WITHOUT_DROPOUT, options)), 1000.0)


@pytest.fixture(scope="module")
def shared():
    model = made(provenance={"frame_rate": 25.0}, content={"frame_size": (36, 48)})
    return model, model.get_weights()


def quick_metrics(model):
    """The default metrics but for ranks and segments, which take most of an evaluation."""
    names = ("frame_accuracy", "d_med", "e_med", "f_med")
    return {output: [each for each in some if each.name in names] for output, some in model.default_metrics().items()}


@pytest.fixture
def model(shared):
    """A compiled model with the same weights for every test, of which nothing is frozen."""
    model, weights = shared
    for part in (model, model.segmenter, *model.score_predictor.towers.values()):
        part.trainable = True
    model.compile(keras.optimizers.SGD(0.001), metrics=quick_metrics(model), run_eagerly=True)
    model.set_weights([*weights, *model.get_weights()[len(weights) :]])
    return model


def dataset(*weights):
    return tf.data.Dataset.from_tensors((INPUTS, TARGETS, *weights))


# === Inputs ===

FRAMES, MASK = INPUTS["frames"], INPUTS["mask"]
PADDED = np.arange(12) < np.array([[12], [9], [7]])
INPUT_HABITS = {
    "{'frames': frames, 'mask': mask}": ({"frames": FRAMES, "mask": PADDED}, PADDED),
    "[frames, mask]": ([FRAMES, PADDED], PADDED),
    "(frames, mask)": ((FRAMES, PADDED), PADDED),
    "(frames, mask as int32)": ((FRAMES, PADDED.astype("int32")), PADDED),
    "(frames, mask as float32)": ((FRAMES, PADDED.astype("float32")), PADDED),
    "tf.constant(frames), tf.constant(mask)": ((tf.constant(FRAMES), tf.constant(PADDED)), PADDED),
    "frames": (FRAMES, MASK),
    "[frames]": ([FRAMES], MASK),
    "{'frames': frames}": ({"frames": FRAMES}, MASK),
    "tf.constant(frames)": (tf.constant(FRAMES), MASK),
}
NO_INPUTS = {
    "frames[0]": (FRAMES[0], "wrong_shape"),
    "frames of another size": (FRAMES[:, :, :16], "wrong_shape"),
    "frames[:, :0]": (FRAMES[:, :0], "wrong_shape"),
    "[frames, mask of another length]": ([FRAMES, MASK[:, :5]], "wrong_shape"),
    "[frames, mask[0]]": ([FRAMES, MASK[0]], "wrong_shape"),
    "[frames, a mask that is all false]": ([FRAMES, PADDED * np.array([[True], [False], [True]])], "empty_video"),
    "frames in 0…1": (FRAMES / np.float32(255), "frames_not_uint8"),
    "[frames, mask, mask]": ([FRAMES, MASK, MASK], "wrong_inputs"),
    "{'video': frames}": ({"video": FRAMES}, "wrong_inputs"),
    "{'frames': frames, 'masks': mask}": ({"frames": FRAMES, "masks": MASK}, "wrong_inputs"),
    "'dive.mp4'": ("dive.mp4", "wrong_inputs"),
    "['dive.mp4', 'other.mp4']": (["dive.mp4", "other.mp4"], "wrong_inputs"),
    "None": (None, "wrong_inputs"),
}


@pytest.mark.parametrize(("given", "mask"), INPUT_HABITS.values(), ids=INPUT_HABITS)
def test_inputs_in_any_form_are_those_of_a_dictionary(model, given, mask):
    expected = np.asarray(model({"frames": FRAMES, "mask": mask})["final"])
    for found in (model(given), model.predict(given, verbose=0)):
        np.testing.assert_allclose(np.asarray(found["final"]), expected, rtol=1e-5)


@pytest.mark.parametrize(("given", "code"), NO_INPUTS.values(), ids=NO_INPUTS)
@pytest.mark.parametrize("act", ["__call__", "predict", "fit"])
def test_inputs_that_cannot_be_are_named(model, act, given, code):
    if act != "__call__" and (given is None or isinstance(given, str)):
        pytest.skip("Keras's own line says that it is no dataset")
    with refused(code):
        getattr(model, act)(given, *([TARGETS] if act == "fit" else []))


def test_an_evaluation_and_a_dataset_take_any_form(model):
    off = np.abs(np.asarray(model(INPUTS)["final"]) - TARGETS["final"]).mean()
    expected = model.evaluate(dataset(), verbose=0, return_dict=True)
    assert expected["f_med"] == pytest.approx(off, rel=1e-4)
    for given in ((FRAMES, MASK), FRAMES):
        for data in ((given, TARGETS), (tf.data.Dataset.from_tensors((given, TARGETS)),)):
            assert model.evaluate(*data, verbose=0, return_dict=True) == pytest.approx(expected)


def test_vectors_are_features_of_one_step():
    of_scores = {"scores": ("final",), "score_statistics": {"final": (80.0, 12.0)}, "clip_lengths": (1, 1)}
    features = {"features": {"size": 6, "stride": 1}}
    model = telling(scoringnet_tf.ScoringNet(segmenter=None, score_predictor=of_scores, content=features))
    model.compile("adam", loss="mse", metrics="mae", run_eagerly=True)
    X, y = np.random.default_rng(0).normal(size=(5, 6)).astype("float32"), np.float32([60, 70, 80, 85, 90])
    assert model.predict(X, verbose=0)["final"].shape == (5,)
    found = model.evaluate(X, y, verbose=0, return_dict=True)
    off = np.asarray(model(X)["final"]) - y
    assert (found["final_loss"], found["final_mae"]) == pytest.approx((np.mean(off**2), np.abs(off).mean()), rel=1e-4)


def test_half_precision_on_a_cpu_is_named(model):
    half = made(dtype="mixed_float16")
    half.compile("sgd")
    for act in (lambda: half.fit(INPUTS, TARGETS), lambda: half.predict(INPUTS), lambda: half.evaluate(dataset())):
        with refused("no_gpu", "mixed_bfloat16"):
            act()


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_a_model_around_a_tower_casts_no_floats_in_silence(model, dtype):
    """Keras casts what it is given to the type of the input."""
    clip = keras.Input((8, 32, 32, 3), dtype=dtype)
    around = keras.Model(clip, model.score_predictor.towers["difficulty"](clip))
    around.compile("sgd", "mse")
    floats = FRAMES[:, :8] / np.float32(255)
    for act in (lambda: around.predict(floats, verbose=0), lambda: around.fit(floats, TARGETS["final"], verbose=0)):
        with refused("frames_not_uint8"):
            act()


def test_the_preprocessor_makes_a_batch_of_several_videos(model, tmp_path):
    write_bars(tmp_path / "dive.avi", 20)
    clips = [np.random.default_rng(0).integers(0, 256, (length, 40, 50, 3), "uint8") for length in (9, 14)]
    several = [*clips, tmp_path / "dive.avi", str(tmp_path / "dive.avi")]
    batch_of, alone = model.preprocessor(several), [model.preprocessor(each) for each in several]
    assert batch_of["mask"].sum(axis=1).tolist() == [9, 14, 20, 20]
    for frames, each in zip(batch_of["frames"], alone, strict=True):
        length = each["frames"].shape[1]
        np.testing.assert_array_equal(frames[:length], each["frames"][0])
        assert not frames[length:].any()
    found = np.asarray(model(batch_of)["final"])
    np.testing.assert_allclose(found, [float(model(each)["final"][0]) for each in alone], rtol=1e-4)
    same = model.preprocessor(np.stack([clips[0]] * 2))["frames"]
    np.testing.assert_array_equal(same[1], alone[0]["frames"][0])
    np.testing.assert_array_equal(model.preprocessor([*clips[0]])["frames"], alone[0]["frames"])  # frames of one video
    with refused("wrong_value"):
        model.preprocessor([])


# === Targets ===

ONE_HOT = np.eye(4, dtype="float32")[TARGETS["stages"]]
UNLABELLED = np.where(np.arange(12) < 10, TARGETS["stages"], -1)
TARGET_HABITS = {
    "one-hot stages": ({**TARGETS, "stages": ONE_HOT}, TARGETS),
    "one-hot stages, zero for no label": (
        {**TARGETS, "stages": ONE_HOT * (np.arange(12) < 10)[:, None]},
        {**TARGETS, "stages": UNLABELLED},
    ),
    "scores (B, 1)": ({name: y if name == "stages" else y[:, None] for name, y in TARGETS.items()}, TARGETS),
    "scores as whole numbers": (
        {**TARGETS, "execution": TARGETS["execution"].astype(int)},
        {**TARGETS, "execution": TARGETS["execution"]},
    ),
    "None for an output": ({**TARGETS, "final": None}, {name: TARGETS[name] for name in TARGETS if name != "final"}),
}
NO_TARGETS = {
    "y": (TARGETS["final"], "wrong_targets"),
    "[stages, difficulty, execution, final]": ([*TARGETS.values()], "wrong_targets"),
    "nothing": (None, "wrong_targets"),
    "{'score': y}": ({"score": TARGETS["final"]}, "unknown_name"),
    "{'final': y}, which is fused": ({"final": TARGETS["final"]}, "missing_targets"),
    "scores without the stages that cut fragments": ({"execution": TARGETS["execution"]}, "missing_targets"),
    "one-hot stages of another sport": ({**TARGETS, "stages": ONE_HOT[..., :3]}, "wrong_shape"),
}


@pytest.mark.parametrize(("given", "same"), TARGET_HABITS.values(), ids=TARGET_HABITS)
def test_targets_in_any_form_are_those_of_numbers(model, given, same):
    found, expected = (model.evaluate(INPUTS, y, verbose=0, return_dict=True) for y in (given, same))
    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(("given", "code"), NO_TARGETS.values(), ids=NO_TARGETS)
def test_targets_that_cannot_be_are_named(model, given, code):
    with refused(code):
        model.fit(INPUTS, given, **QUIET)


def test_targets_of_some_outputs_are_those_that_count(model):
    whole = model.evaluate(INPUTS, TARGETS, verbose=0, return_dict=True)
    found = model.evaluate(INPUTS, {"execution": TARGETS["execution"]}, verbose=0, return_dict=True)
    assert found["e_med"] == pytest.approx(whole["e_med"]) and not {"d_med", "frame_accuracy"} & {*found}
    assert found["loss"] == pytest.approx(
        whole["execution_mse"] + 5 * whole["execution_ranking"] + whole["weight_decay"]
    )
    model.compile(keras.optimizers.SGD(0.001), metrics={}, fragments="predicted", run_eagerly=True)
    before = [part.get_weights() for part in model.score_predictor.towers.values()]
    model.fit(INPUTS, {"execution": TARGETS["execution"]}, **QUIET)
    same, changed = (part.get_weights()[-1] for part in model.score_predictor.towers.values())
    np.testing.assert_array_equal(same, before[0][-1])
    assert (changed != before[1][-1]).any()


# === Losses and metrics ===


def test_losses_and_metrics_go_by_the_names_of_keras(model):
    off = {score: np.asarray(model(INPUTS)[score]) - TARGETS[score] for score in ("difficulty", "execution", "final")}
    default = model.evaluate(INPUTS, TARGETS, verbose=0, return_dict=True)
    losses = {"difficulty": "mse", "final": keras.losses.mean_absolute_error, "stages": "categorical_crossentropy"}
    measures = {"final": ["mae", keras.metrics.mean_squared_error], "stages": "accuracy"}
    model.compile("sgd", losses, measures, run_eagerly=True)
    found = model.evaluate(INPUTS, TARGETS, verbose=0, return_dict=True)
    assert "f_med" in default and "f_med" not in found
    assert found["difficulty_loss"] == pytest.approx(np.mean(off["difficulty"] ** 2), rel=1e-4)
    assert found["final_loss"] == found["final_mae"] == pytest.approx(np.abs(off["final"]).mean(), rel=1e-4)
    assert found["final_mean_squared_error"] == pytest.approx(np.mean(off["final"] ** 2), rel=1e-4)
    for name, same in {"stage_loss": "stage_loss", "stages_accuracy": "frame_accuracy"}.items():
        assert found[name] == pytest.approx(default[same], rel=1e-5)
    unknown = {**TARGETS, "difficulty": np.float32([np.nan, *TARGETS["difficulty"][1:]])}
    found = model.evaluate(INPUTS, unknown, sample_weight=np.float32([1, 1, 3]), verbose=0, return_dict=True)
    assert found["difficulty_loss"] == pytest.approx(np.average(off["difficulty"][1:] ** 2, weights=[1, 3]), rel=1e-4)


# === Weights of videos ===


def test_an_array_of_weights_is_that_of_a_dataset(model):
    expected = model.evaluate(dataset(WEIGHTS), verbose=0, return_dict=True)
    unweighted = model.evaluate(INPUTS, TARGETS, verbose=0, return_dict=True)
    assert expected["loss"] != unweighted["loss"] and expected["f_med"] != unweighted["f_med"]
    for weights in (WEIGHTS, dict.fromkeys(TARGETS, WEIGHTS), WEIGHTS[:, None]):
        found = model.evaluate(INPUTS, TARGETS, None, 0, weights, return_dict=True)
        assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.slow
def test_fit_and_train_on_batch_take_an_array_of_weights(model):
    validation, start = (INPUTS, TARGETS, WEIGHTS), model.get_weights()
    found = model.fit(INPUTS, TARGETS, 3, sample_weight=WEIGHTS, validation_data=validation, **QUIET).history
    measured = model.evaluate(INPUTS, TARGETS, sample_weight=WEIGHTS, verbose=0, return_dict=True)
    assert found["val_loss"] == pytest.approx([measured["loss"]])
    model.set_weights(start)
    expected = model.fit(dataset(WEIGHTS), **QUIET).history
    assert {name: found[name] for name in expected} == {
        name: pytest.approx(values, nan_ok=True) for name, values in expected.items()
    }
    model.set_weights(start)
    logs = model.train_on_batch(INPUTS, TARGETS, sample_weight=WEIGHTS, return_dict=True)
    assert expected["loss"] == pytest.approx([float(logs["loss"])])


def test_weights_that_differ_by_output_are_refused(model):
    weights = {name: WEIGHTS + index for index, name in enumerate(TARGETS)}
    for act in (
        lambda: model.fit(INPUTS, TARGETS, sample_weight=weights, verbose=0),
        lambda: model.evaluate(INPUTS, TARGETS, sample_weight=weights, verbose=0),
        lambda: model.fit(INPUTS, TARGETS, validation_data=(INPUTS, TARGETS, weights), verbose=0),
        lambda: model.fit(dataset(weights), **QUIET),
    ):
        with refused("weights_by_output", "stages", "final"):
            act()


# === Frozen layers ===


def changed(model, phase, **options):
    """Names of what one step of a phase moves."""
    parts = {"kfs": model.segmenter, **model.score_predictor.towers}
    before = {name: part.get_weights() for name, part in parts.items()}
    model.compile(keras.optimizers.SGD(0.001), phase=phase, run_eagerly=True, metrics={}, **options)
    model.fit(dataset(), **QUIET)
    return {
        name
        for name, part in parts.items()
        if any((a != b).any() for a, b in zip(before[name], part.get_weights(), strict=True))
    }


@pytest.mark.slow
def test_what_the_user_froze_stays_in_every_phase(model):
    model.segmenter.trainable = False
    assert changed(model, "joint") == {"difficulty", "execution"}
    model.score_predictor.towers["execution"].trainable = False
    assert changed(model, "scoring") == {"difficulty"}
    model.segmenter.trainable = True
    assert changed(model, "segmentation") == {"kfs"}
    assert changed(model, "joint") == {"kfs", "difficulty"}


def test_a_single_layer_can_be_frozen(model):
    frozen, learning = (model.score_predictor.towers["difficulty"].get_layer(f"regressor_fc{n}") for n in (1, 2))
    frozen.trainable = False
    before = [np.array(layer.kernel) for layer in (frozen, learning)]
    assert "difficulty" in changed(model, "scoring")
    np.testing.assert_array_equal(before[0], frozen.kernel)
    assert (before[1] != np.array(learning.kernel)).any()
    model.trainable = False
    with refused("nothing_to_train"):
        model.compile("sgd")


# === Whole videos ===


def test_a_model_of_whole_videos_needs_no_stages():
    model = made(segmenter=None, score_predictor={"scores": ("final",), "score_statistics": {"final": (80.0, 12.0)}})
    model.compile(keras.optimizers.SGD(0.001), metrics=quick_metrics(model), run_eagerly=True)
    expected = model.evaluate(INPUTS, TARGETS, verbose=0, return_dict=True)
    scores = {name: value for name, value in TARGETS.items() if name != "stages"}
    assert model.evaluate(INPUTS, scores, verbose=0, return_dict=True) == pytest.approx(expected, nan_ok=True)
    assert np.isfinite(model.fit(INPUTS, scores, verbose=0).history["loss"])
    assert model.scores_learned


# === Callbacks ===


def test_callbacks_know_which_way_is_better(model):
    """By the epoch that they keep, of two with figures of 0 and 1."""
    higher = [f"val_{name}" for name in ("f_src", "frame_accuracy/entry", "f1_25")]
    best = dict.fromkeys([*higher, "edit_score"], 1.0)
    best |= dict.fromkeys(["val_f_med", "val_loss", "val_execution_mse", "stage_loss", "val_final_mae"], 0.0)

    class Told(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            logs.update(dict.fromkeys(best, float(epoch)))

    metrics = model.default_metrics()
    metrics["final"].append(keras.metrics.MeanAbsoluteError(name="final_mae"))
    model.compile(keras.optimizers.SGD(0.0), metrics=metrics, run_eagerly=True)
    stopping = {name: keras.callbacks.EarlyStopping(name, patience=5) for name in best}
    plateaus = {name: keras.callbacks.ReduceLROnPlateau(name, patience=5) for name in best}
    said = keras.callbacks.EarlyStopping("f_src", mode="min")
    model.fit(dataset(), epochs=2, callbacks=[Told(), *stopping.values(), *plateaus.values(), said], **QUIET)
    for callbacks in (stopping, plateaus):
        assert {name: callback.best for name, callback in callbacks.items()} == best
    assert said.mode == "min", "a mode that was said stays"


# === Presets, files, copies ===


def test_every_class_lists_its_presets():
    assert scoringnet_tf.ScoringNet.presets == [
        "diving_body",
        "diving_film",
        "diving_small",
        "vault_film",
        "vault_small",
    ]
    assert scoringnet_tf.C3D.presets == ["dives_small", "motion_small"] and scoringnet_tf.I3D.presets == []
    for kind, code, wrong, named in (
        (scoringnet_tf.I3D, "not_found", "i3d", "load_backbone"),
        (scoringnet_tf.ScoringNet, "wrong_model", "motion_small", "vault_small"),
        (scoringnet_tf.ScoringNetPreprocessor, "not_found", "diving", "vault_small"),
    ):
        with refused(code, named):
            kind.from_preset(wrong)


def test_weights_of_a_compiled_model_load_into_any(model, tmp_path):
    model.fit(INPUTS, TARGETS, **QUIET)
    model.save_weights(tmp_path / "run.weights.h5")
    expected = np.asarray(model(INPUTS)["final"])
    for is_compiled in (False, True):
        other = made(seed=1)
        if is_compiled:
            other.compile("sgd")
        other.load_weights(tmp_path / "run.weights.h5")
        np.testing.assert_allclose(np.asarray(other(INPUTS)["final"]), expected, rtol=1e-5)
        assert other.scores_learned


@pytest.mark.slow
def test_clones_compute_the_same_and_a_configuration_keeps_the_class(model):
    """Keras 3.15 makes a plain functional model of the top one, and keeps the class of those inside it."""
    again = type(model).from_config(model.get_config())
    assert again.get_config() == model.get_config() and again.preprocessor.frame_rate == 25
    assert not again.scores_learned and again.segmenter is not model.segmenter
    clone = keras.models.clone_model(model)
    inside = keras.models.clone_model(keras.Model(model.input, model(model.input)))
    assert type(clone) is not type(model) and type(inside.get_layer(model.name)) is type(model)
    expected = model(INPUTS)
    for each in (again, clone, inside):
        each.set_weights(model.get_weights()[: len(each.get_weights())])
        np.testing.assert_allclose(np.asarray(each(INPUTS)["final"]), np.asarray(expected["final"]), rtol=1e-5)
