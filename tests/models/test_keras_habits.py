"""What whoever knows Keras does with a ScoringNet: weights of videos, frozen layers, callbacks, copies."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import SMALL, batch, telling

import scoringnet_tf
from scoringnet_tf.models.settings import merged

# Nor has it an LSTM, which takes half of the time.
WITHOUT_DROPOUT = {"segmenter": {"dropout_rate": 0.0, "network": "c3d"}, "score_predictor": {"dropout_rate": 0.0}}
WEIGHTS = np.float32([0.5, 2.0, 0.0])
INPUTS, TARGETS = batch()
QUIET = {"verbose": 0, "shuffle": False}


def made(**options):
    keras.utils.set_random_seed(0)
    return telling(scoringnet_tf.ScoringNet(**merged(SMALL, WITHOUT_DROPOUT, options)), 1000.0)


@pytest.fixture(scope="module")
def shared():
    model = made(provenance={"frame_rate": 25.0}, content={"frame_size": (36, 48)})
    return model, model.get_weights()


@pytest.fixture
def model(shared):
    """A compiled model with the same weights for every test, of which nothing is frozen."""
    model, weights = shared
    for part in (model, model.segmenter, *model.score_predictor.towers.values()):
        part.trainable = True
    model.compile(keras.optimizers.SGD(0.001), run_eagerly=True)
    model.set_weights([*weights, *model.get_weights()[len(weights) :]])
    return model


def dataset(*weights):
    return tf.data.Dataset.from_tensors((INPUTS, TARGETS, *weights))


# === Weights of videos ===


def test_an_array_of_weights_is_that_of_a_dataset(model):
    metrics = {"final": model.default_metrics()["final"]}
    model.compile(keras.optimizers.SGD(0.001), metrics=metrics, run_eagerly=True)
    expected = model.evaluate(dataset(WEIGHTS), verbose=0, return_dict=True)
    unweighted = model.evaluate(INPUTS, TARGETS, verbose=0, return_dict=True)
    assert expected["loss"] != unweighted["loss"] and expected["f_med"] != unweighted["f_med"]
    for weights in (WEIGHTS, dict.fromkeys(TARGETS, WEIGHTS), WEIGHTS[:, None]):
        found = model.evaluate(INPUTS, TARGETS, None, 0, weights, return_dict=True)
        assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.slow
def test_fit_and_train_on_batch_take_an_array_of_weights(model):
    """For training and validation."""
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
    model.compile(keras.optimizers.SGD(0.001), run_eagerly=True)
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


# === Copies ===


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
