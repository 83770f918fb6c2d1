"""What whoever knows Keras does with a ScoringNet: weights of videos, frozen layers, callbacks, copies."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from training_runs import SMALL, batch, telling

import scoringnet_tf
from scoringnet_tf.support.errors import InputError

WITHOUT_DROPOUT = {"segmenter": {"dropout_rate": 0.0}, "score_predictor": {"dropout_rate": 0.0}}
WEIGHTS = np.float32([0.5, 2.0, 0.0])


def network(**options):
    keras.utils.set_random_seed(0)
    model = telling(scoringnet_tf.ScoringNet(**{**SMALL, **WITHOUT_DROPOUT, **options}), 1000.0)
    model.compile(keras.optimizers.SGD(0.001), run_eagerly=True)
    return model


# === Weights of videos ===


def test_an_array_of_weights_is_that_of_a_dataset():
    inputs, targets = batch()
    dataset = tf.data.Dataset.from_tensors((inputs, targets, WEIGHTS))
    expected = network().evaluate(dataset, verbose=0, return_dict=True)
    unweighted = network().evaluate(inputs, targets, verbose=0, return_dict=True)
    assert expected["loss"] != unweighted["loss"] and expected["f_med"] != unweighted["f_med"]
    of_array = network().evaluate(inputs, targets, sample_weight=WEIGHTS, verbose=0, return_dict=True)
    same = dict.fromkeys(targets, WEIGHTS)
    of_same = network().evaluate(inputs, targets, sample_weight=same, verbose=0, return_dict=True)
    column = network().evaluate(inputs, targets, None, 0, WEIGHTS[:, None], return_dict=True)
    for found in (of_array, of_same, column):
        assert found == pytest.approx(expected, nan_ok=True)


def test_fit_takes_an_array_of_weights_for_training_and_validation():
    inputs, targets = batch()
    expected = network().fit(tf.data.Dataset.from_tensors((inputs, targets, WEIGHTS)), verbose=0, shuffle=False).history
    validation = (inputs, targets, WEIGHTS)
    model = network()
    found = model.fit(
        inputs, targets, batch_size=3, sample_weight=WEIGHTS, validation_data=validation, shuffle=False, verbose=0
    ).history
    assert {name: found[name] for name in expected} == {
        name: pytest.approx(values, nan_ok=True) for name, values in expected.items()
    }
    measured = model.evaluate(inputs, targets, sample_weight=WEIGHTS, verbose=0, return_dict=True)
    assert found["val_loss"] == pytest.approx([measured["loss"]])


def test_train_on_batch_takes_weights():
    inputs, targets = batch()
    expected = (
        network()
        .fit(tf.data.Dataset.from_tensors((inputs, targets, WEIGHTS)), verbose=0, shuffle=False)
        .history["loss"]
    )
    logs = network().train_on_batch(inputs, targets, sample_weight=WEIGHTS, return_dict=True)
    assert expected == pytest.approx([float(logs["loss"])])


def test_weights_that_differ_by_output_are_refused():
    inputs, targets = batch()
    weights = {name: WEIGHTS + index for index, name in enumerate(targets)}
    model = network()
    for act in (
        lambda: model.fit(inputs, targets, sample_weight=weights, verbose=0),
        lambda: model.evaluate(inputs, targets, sample_weight=weights, verbose=0),
        lambda: model.fit(inputs, targets, validation_data=(inputs, targets, weights), verbose=0),
        lambda: model.fit(tf.data.Dataset.from_tensors((inputs, targets, weights)), verbose=0, shuffle=False),
    ):
        with pytest.raises(InputError) as error:
            act()
        assert error.value.code == "weights_by_output"


# === Frozen layers ===


def changed(model, phase, **options):
    """Names of what one step of a phase moves."""
    parts = {"kfs": model.segmenter, **model.score_predictor.towers}
    before = {name: part.get_weights() for name, part in parts.items()}
    model.compile(keras.optimizers.SGD(0.001), phase=phase, run_eagerly=True, **options)
    model.fit(tf.data.Dataset.from_tensors(batch()), verbose=0, shuffle=False)
    return {
        name
        for name, part in parts.items()
        if any((a != b).any() for a, b in zip(before[name], part.get_weights(), strict=True))
    }


def test_what_the_user_froze_stays_in_every_phase():
    model = network()
    model.segmenter.trainable = False
    assert changed(model, "joint") == {"difficulty", "execution"}
    model.score_predictor.towers["execution"].trainable = False
    assert changed(model, "scoring") == changed(model, "joint") == {"difficulty"}
    model.segmenter.trainable = True
    assert changed(model, "joint") == {"kfs", "difficulty"}


def test_what_is_frozen_while_a_phase_rests_it_stays_frozen():
    model = network()
    assert changed(model, "segmentation") == {"kfs"}
    model.score_predictor.towers["execution"].trainable = False  # it learned nothing in that phase anyway
    assert changed(model, "joint") == {"kfs", "difficulty"}


def test_what_a_phase_froze_learns_in_the_next():
    model = network()
    assert changed(model, "scoring", frozen=["execution"]) == {"difficulty"}
    assert changed(model, "joint") == {"kfs", "difficulty", "execution"}


def test_a_single_layer_can_be_frozen():
    model = network()
    tower = model.score_predictor.towers["difficulty"]
    layer = tower.get_layer("regressor_fc1")
    layer.trainable = False
    before, others = layer.get_weights(), tower.get_layer("regressor_fc2").get_weights()
    assert "difficulty" in changed(model, "scoring")
    np.testing.assert_array_equal(before[0], layer.get_weights()[0])
    assert (others[0] != tower.get_layer("regressor_fc2").get_weights()[0]).any()


def test_nothing_left_to_learn_is_refused():
    model = network()
    model.trainable = False
    with pytest.raises(ValueError, match="to learn"):
        model.compile("sgd")


# === Whole videos ===


@pytest.mark.parametrize("options", [{}, {"scores": ("final",), "score_statistics": {"final": (75.0, 10.0)}}], ids=str)
def test_a_model_of_whole_videos_needs_no_stages(options):
    keras.utils.set_random_seed(0)
    model, (inputs, targets) = scoringnet_tf.ScoringNet(**{**SMALL, **options}, fragments="whole"), batch()
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    expected = model.evaluate(inputs, targets, verbose=0, return_dict=True)
    del targets["stages"]
    assert model.evaluate(inputs, targets, verbose=0, return_dict=True) == pytest.approx(expected, nan_ok=True)
    assert np.isfinite(model.fit(inputs, targets, verbose=0).history["loss"])
    assert model.scores_learned


# === Callbacks ===


@pytest.mark.parametrize(
    ("monitor", "better"),
    [
        *((f"val_{name}", "max") for name in ("d_src", "f_src", "frame_accuracy", "frame_accuracy/entry", "f1_25")),
        ("edit_score", "max"),
        *((name, "min") for name in ("val_f_med", "val_loss", "val_execution_mse", "stage_loss", "val_final_mae")),
    ],
)
def test_callbacks_know_which_way_is_better(monitor, better):
    """By the epoch that they keep, of two with figures of 0 and 1."""

    class Told(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            logs[monitor] = float(epoch)

    model = network()
    mae = {"final": [keras.metrics.MeanAbsoluteError(name="final_mae")]} if "final_mae" in monitor else {}
    if mae:
        model.compile(keras.optimizers.SGD(0.0), metrics=mae, run_eagerly=True)
    stopping = keras.callbacks.EarlyStopping(monitor, patience=5)
    plateau = keras.callbacks.ReduceLROnPlateau(monitor, patience=5)
    data = tf.data.Dataset.from_tensors(batch())
    model.fit(data, epochs=2, callbacks=[Told(), stopping, plateau], verbose=0, shuffle=False)
    assert stopping.best == plateau.best == {"max": 1.0, "min": 0.0}[better]


def test_a_mode_that_was_said_stays():
    model, stopping = network(), keras.callbacks.EarlyStopping("f_src", mode="min")
    model.fit(tf.data.Dataset.from_tensors(batch()), callbacks=stopping, verbose=0, shuffle=False)
    assert stopping.mode == "min"


# === Copies ===


def test_clone_model_gives_a_new_model_of_the_same_kind():
    model = network(frame_size=(36, 48), provenance={"frame_rate": 25.0})
    model.segmenter.trainable = False
    clone = keras.models.clone_model(model)
    assert type(clone) is scoringnet_tf.ScoringNet and clone.get_config() == model.get_config()
    assert clone.preprocessor.frame_rate == 25 and clone.segmenter is not model.segmenter
    inputs, _ = batch()
    assert (np.asarray(clone(inputs)["final"]) != np.asarray(model(inputs)["final"])).any()
    assert not clone.scores_learned and model.scores_learned
    clone.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    assert np.isfinite(clone.evaluate(*batch(), verbose=0, return_dict=True)["loss"])


def test_a_clone_of_other_layers_is_refused():
    """It would be the model as it was, with none of what was asked for."""
    shared, named = (lambda layer: layer), (lambda layer: type(layer).from_config({**layer.get_config(), "name": "x"}))
    for function in (shared, named):
        with pytest.raises(ValueError):
            keras.models.clone_model(network(), clone_function=function)
