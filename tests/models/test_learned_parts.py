"""A model knows which of its parts have learned, by what was trained, and nothing takes scores of one that has not."""

import keras
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import SMALL, batch

import scoringnet_tf
from scoringnet_tf.inference.calibration import add_reference
from scoringnet_tf.inference.predictor import predictor_of, stage_finder
from scoringnet_tf.models.presets import check_trained, load_scoring_net
from scoringnet_tf.training.initialization import load_network, load_segmenter

TOWERS = {"difficulty", "execution"}
ALL = {"kfs", *TOWERS}


def network(**options):
    return scoringnet_tf.ScoringNet(**{**SMALL, **options})


def fitted(model, epochs=1, callbacks=(), **options):
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True, **options)
    data = tf.data.Dataset.from_tensors(batch())
    model.fit(data, epochs=epochs, callbacks=list(callbacks), verbose=0, shuffle=False)
    return model


@pytest.mark.parametrize(
    ("options", "learned"),
    [
        ({"phase": "scoring"}, TOWERS),
        ({"phase": "joint"}, ALL),
        ({"phase": "joint", "frozen": ["execution"]}, {"kfs", "difficulty"}),
        ({"phase": "joint", "frozen": ["c3d"]}, ALL),
        ({"epochs": 0}, set()),
    ],
)
def test_what_a_step_trains_has_learned(options, learned):
    model = network()
    assert model.learned_parts == set() and not model.scores_learned
    fitted(model, **options)
    assert model.learned_parts == learned and model.scores_learned == (learned == ALL)


def test_phases_add_up_and_compiling_alone_adds_nothing():
    model = fitted(network(), phase="segmentation")
    model.compile(keras.optimizers.SGD(0.0), phase="scoring", run_eagerly=True)
    assert model.learned_parts == {"kfs"}
    model.train_on_batch(*batch())
    assert model.learned_parts == ALL
    model.compile("sgd")
    assert model.learned_parts == ALL


def test_a_tower_that_its_user_froze_has_not_learned():
    """Before `compile`, or after it."""
    early, late = network(), network()
    early.score_predictor.towers["execution"].trainable = False

    class Freezing(keras.callbacks.Callback):
        def on_train_begin(self, logs):
            late.score_predictor.towers["execution"].trainable = False

    assert fitted(early).learned_parts == fitted(late, callbacks=[Freezing()]).learned_parts == {"kfs", "difficulty"}


def test_a_step_before_an_error_counts():
    class Failing(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs):
            raise RuntimeError

    model = network()
    with pytest.raises(RuntimeError):
        fitted(model, callbacks=[Failing()])
    assert model.scores_learned


@pytest.mark.slow
def test_it_goes_with_the_weights(tmp_path):
    """Through files, copies and weights alone; a model of the same configuration with new weights has none of it."""
    model = network()
    model.learned_parts = {"kfs", "execution"}
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    other = network()
    other.load_weights(tmp_path / "model.weights.h5")
    for found in (keras.models.load_model(tmp_path / "model.keras"), model.with_dtype("bfloat16"), other):
        assert found.learned_parts == {"kfs", "execution"}
    assert type(model).from_config(model.get_config()).learned_parts == set()
    with refused("unknown_name", "final"):
        model.learned_parts = {"final"}


def test_weights_from_elsewhere_are_said_to_have_learned():
    model = network()
    model.set_weights(network().get_weights())
    assert not model.scores_learned
    model.scores_learned = True
    assert model.learned_parts == ALL
    model.scores_learned = False
    assert model.learned_parts == {"kfs"}


def test_files_of_before_are_read_as_they_were(tmp_path):
    assert load_scoring_net("diving_small").learned_parts == ALL
    assert load_scoring_net("vault_small").scores_learned
    old = network(provenance={"untrained": ["score_predictor"]})
    old.save_own_variables = lambda store: None
    keras.saving.save_model(old, tmp_path / "old.keras")
    assert load_scoring_net(tmp_path / "old.keras").learned_parts == {"kfs"}


# === Who takes what ===


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Name → path of a model that knows its KFS alone, its towers alone, and nothing."""
    folder = tmp_path_factory.mktemp("models")
    for name, learned in (("kfs", {"kfs"}), ("towers", TOWERS), ("none", set())):
        model = network(provenance={"frame_rate": 25.0})
        model.learned_parts = learned
        model.save(folder / f"{name}.keras")
    return {name: folder / f"{name}.keras" for name in ("kfs", "towers", "none")}


@pytest.mark.parametrize("name", ["kfs", "towers", "none"])
def test_scores_of_a_model_that_has_not_learned_are_refused(paths, diving_records, name):
    path = paths[name]
    model = load_scoring_net(path)
    for take in (
        lambda: predictor_of(path),
        lambda: predictor_of(model),
        lambda: scoringnet_tf.score_video("dive.avi", path),
        lambda: add_reference(path, scoringnet_tf.DatasetInfo.load(diving_records)),
        lambda: check_trained(model, path),
    ):
        with refused("not_trained"):
            take()


def test_stages_of_a_kfs_that_has_not_learned_are_refused(paths):
    assert stage_finder(paths["kfs"]).model.learned_parts == {"kfs"}
    with refused("not_trained", "kfs"):
        stage_finder(paths["towers"])
    with refused("not_trained", "kfs"):
        load_segmenter(network(), paths["none"])


def test_parts_that_are_loaded_bring_it(paths):
    model = network()
    load_network(model, paths["towers"])
    assert model.learned_parts == TOWERS
    load_segmenter(model, paths["kfs"])
    assert model.learned_parts == ALL
