"""A model knows which of its parts have learned, by what was trained, and nothing takes scores of one that has not."""

import keras
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import SMALL, batch

import scoringnet_tf
from scoringnet_tf.inference.calibration import calibrate
from scoringnet_tf.inference.predictor import predictor_of
from scoringnet_tf.models.presets import check_trained, load_scoring_net
from scoringnet_tf.training.initialization import load_network, load_segmenter

TOWERS = {"difficulty", "execution"}
ALL = {"kfs", *TOWERS}


@pytest.fixture(scope="module")
def shared():
    return scoringnet_tf.ScoringNet(**SMALL)


@pytest.fixture
def model(shared):
    """One that has learned nothing, nor is any of it frozen."""
    for part in (shared.segmenter, *shared.score_predictor.towers.values()):
        part.trainable = True
    shared.learned_parts = set()
    return shared


def fitted(model, epochs=1, callbacks=(), **options):
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True, metrics={}, **options)
    data = tf.data.Dataset.from_tensors(batch())
    model.fit(data, epochs=epochs, callbacks=list(callbacks), verbose=0, shuffle=False)
    return model


@pytest.mark.parametrize(
    ("options", "learned"),
    [
        ({"phase": "scoring"}, TOWERS),
        ({"phase": "joint", "frozen": ["execution"]}, {"kfs", "difficulty"}),
        ({"phase": "joint", "frozen": ["c3d"]}, ALL),
        ({"epochs": 0}, set()),
    ],
)
def test_what_a_step_trains_has_learned(model, options, learned):
    assert model.learned_parts == set() and not model.scores_learned
    fitted(model, **options)
    assert model.learned_parts == learned and model.scores_learned == (learned == ALL)


def test_phases_add_up_and_compiling_alone_adds_nothing(model):
    fitted(model, phase="segmentation")
    model.compile(keras.optimizers.SGD(0.0), phase="scoring", run_eagerly=True, metrics={})
    assert model.learned_parts == {"kfs"}
    model.train_on_batch(*batch())
    assert model.learned_parts == ALL
    model.compile("sgd")
    assert model.learned_parts == ALL


def test_a_tower_that_its_user_froze_has_not_learned(model):
    class Freezing(keras.callbacks.Callback):
        def on_train_begin(self, logs):
            model.score_predictor.towers["execution"].trainable = False

        def on_train_batch_end(self, batch, logs):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fitted(model, callbacks=[Freezing()])
    assert model.learned_parts == {"kfs", "difficulty"}


@pytest.mark.slow
def test_it_goes_with_the_weights(model, tmp_path):
    """Through files, copies and weights alone; a model of the same configuration with new weights has none of it."""
    model.learned_parts = {"kfs", "execution"}
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    other = type(model).from_config(model.get_config())
    assert other.learned_parts == set()
    other.load_weights(tmp_path / "model.weights.h5")
    for found in (keras.models.load_model(tmp_path / "model.keras"), model.with_dtype("bfloat16"), other):
        assert found.learned_parts == {"kfs", "execution"}


def test_weights_from_elsewhere_are_said_to_have_learned(model):
    model.scores_learned = True
    assert model.learned_parts == ALL
    model.scores_learned = False
    assert model.learned_parts == {"kfs"}
    with refused("unknown_name", "final"):
        model.learned_parts = {"final"}


def test_all_parts_of_the_models_that_ship_have_learned():
    """Their files are older than that they would say so."""
    assert load_scoring_net("diving_small").learned_parts == ALL


@pytest.mark.parametrize("learned", [{"kfs"}, TOWERS, set()], ids=["kfs", "towers", "none"])
def test_scores_of_a_model_that_has_not_learned_are_refused(model, learned):
    model.learned_parts = learned
    with refused("not_trained"):
        check_trained(model, "m.keras")
    if learned != {"kfs"}:  # whose stages are taken
        with refused("not_trained"):
            predictor_of(model)


@pytest.mark.slow
def test_parts_of_files_are_taken_if_they_have_learned(model, diving_records, tmp_path):
    paths = {"kfs": tmp_path / "kfs.keras", "towers": tmp_path / "towers.keras"}
    for name, learned in (("kfs", {"kfs"}), ("towers", TOWERS)):
        model.learned_parts = learned
        model.with_dtype("float32", provenance={"frame_rate": 25.0}).save(paths[name])
    model.learned_parts = set()
    for take in (
        lambda: load_segmenter(model, load_scoring_net(paths["towers"]), "towers"),
        lambda: scoringnet_tf.score_video("dive.avi", paths["towers"]),
        lambda: calibrate(load_scoring_net(paths["towers"]), scoringnet_tf.DatasetInfo.load(diving_records)),
    ):
        with refused("not_trained"):
            take()
    load_network(model, load_scoring_net(paths["towers"]), "towers")
    assert model.learned_parts == TOWERS
    load_segmenter(model, load_scoring_net(paths["kfs"]), "kfs")
    assert model.learned_parts == ALL
