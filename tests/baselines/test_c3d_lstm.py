"""C3D + LSTM: what it is taught, and that it learns what is there."""

import keras
import numpy as np
import pytest
from refusals import refused
from scipy import stats
from tiny_sets import linear_set, training_set

from scoringnet_tf.baselines import c3d_lstm


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    """A twentieth of the work."""
    monkeypatch.setattr(c3d_lstm, "UNITS", 16)
    monkeypatch.setattr(c3d_lstm, "EPOCHS", 12)


@pytest.fixture
def caught(monkeypatch):
    """(Model, training set, targets) of what would be trained; it is not trained."""
    seen = []
    monkeypatch.setattr(c3d_lstm, "train", lambda *given: seen.append(given[:3]) or {"epoch": 1})
    return seen


@pytest.mark.slow
def test_a_linear_truth_is_learnt(monkeypatch):
    monkeypatch.setattr(c3d_lstm, "RATE", 2e-2)  # for few epochs
    training, inputs, scores = linear_set((60, 3))
    training = training_set(np.repeat(training.inputs[:, None], 9, axis=1), training.scores)  # the same in every clip
    learned = c3d_lstm.learn_lstm(training)
    predicted = learned.predict(np.repeat(inputs[:, None], 9, axis=1))
    assert stats.spearmanr(predicted, scores).statistic > 0.85
    assert np.abs(predicted - scores).mean() < 0.6 * np.abs(scores - scores.mean()).mean()
    assert 1 < learned.chosen["epoch"] <= 12 and learned.chosen["validation_src"] > 0.8


def test_held_out_videos_are_not_trained_on_and_the_same_seed_begins_alike(monkeypatch):
    """They choose the epoch: what is held out is marked, and in no batch."""
    training, *_ = linear_set((20, 9, 2))
    training.inputs[training.held_out] = 999.0
    assert 0 < training.held_out.sum() < len(training.scores)
    batches, train_on_batch = [], keras.Model.train_on_batch

    def watched(model, inputs, targets):
        batches.append((inputs, targets, model.get_weights()))
        return train_on_batch(model, inputs, targets)

    monkeypatch.setattr(keras.Model, "train_on_batch", watched)
    monkeypatch.setattr(c3d_lstm, "EPOCHS", 1)
    for _ in range(2):
        c3d_lstm.learn_lstm(training)
    first, again = batches[: len(batches) // 2], batches[len(batches) // 2 :]
    assert sum(len(inputs) for inputs, *_ in first) == (~training.held_out).sum()
    for (inputs, targets, weights), (same, *others) in zip(first, again, strict=True):
        assert not (inputs == 999.0).any()
        np.testing.assert_array_equal(inputs, same)
        np.testing.assert_array_equal(targets, others[0])
        for one, other in zip(weights, others[1], strict=True):
            np.testing.assert_array_equal(one, other)


def test_steps_are_those_that_were_published(monkeypatch):
    """Adam at its rate, without decay."""
    monkeypatch.undo()  # of fewer epochs
    assert (c3d_lstm.EPOCHS, c3d_lstm.BATCH, c3d_lstm.UNITS) == (60, 16, 256)
    models = []
    monkeypatch.setattr(c3d_lstm, "train", lambda model, *_: models.append(model) or {"epoch": 1})
    c3d_lstm.learn_lstm(linear_set((20, 9, 2))[0])
    (model,) = models
    assert type(model.optimizer) is keras.optimizers.Adam and model.optimizer.weight_decay is None
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-3) and not model.losses


def test_features_are_scaled_by_those_that_are_trained_on():
    values = np.array([[0.0, 5], [2, 9], [100, -50]], np.float32)
    layer = c3d_lstm.standardised(values, np.array([False, False, True]))
    np.testing.assert_allclose(layer(values), [[-1, -1], [1, 1], [99, -28.5]], rtol=1e-4)


def test_the_best_epoch_is_kept(monkeypatch):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    training = training_set(np.ones((10, 1), np.float32), np.arange(10.0))
    figures, weights = iter([0.1, 0.7, 0.7, 0.2]), []

    def measured(*_):
        weights.append(float(model.get_weights()[0].item()))
        return next(figures)

    monkeypatch.setattr(c3d_lstm, "order", measured)
    monkeypatch.setattr(c3d_lstm, "EPOCHS", 4)
    found = c3d_lstm.train(model, training, np.full((8, 1), 5.0), lambda x: x[:, 0])
    assert found == {"epoch": 2, "validation_src": 0.7}
    assert len(set(weights)) == 4 and float(model.get_weights()[0].item()) == weights[1]


def test_held_out_videos_of_one_score_choose_no_epoch():
    training, *_ = linear_set((10, 9, 2))
    training.scores[training.held_out] = 9.5
    with refused("equal_scores", "2 ", "9.5"):
        c3d_lstm.learn_lstm(training)


@pytest.mark.parametrize("held_out", [0.0, 0.2])
def test_weights_that_are_no_numbers_are_never_kept(held_out, monkeypatch):
    """Of a rate that no number can follow, from the first step on, or after two epochs."""
    monkeypatch.setattr(c3d_lstm, "EPOCHS", 4)
    monkeypatch.setattr(c3d_lstm, "BATCH", 2)
    training = training_set(np.ones((10, 1), np.float32), np.arange(10.0), held_out)
    targets = np.full((int((~training.held_out).sum()), 1), 5.0)
    late = keras.optimizers.schedules.PiecewiseConstantDecay([len(targets)], [0.1, 1e30])  # half a step a video
    for rate in (1e30, late):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(rate), "mse", jit_compile=False)

        def predict(inputs, model=model):
            return model.predict(inputs, verbose=0)[:, 0]

        with refused("diverged" if rate == 1e30 else None):
            found = c3d_lstm.train(model, training, targets, predict)
    assert found["epoch"] == (1 if held_out else 2) and np.isfinite(model.get_weights()[0]).all()


def test_what_does_not_vary_in_training_says_nothing(monkeypatch):
    """A unit that is silent there, and says a hundredth in half of the other videos."""
    monkeypatch.setattr(c3d_lstm, "EPOCHS", 1)
    training, inputs, _ = linear_set((20, 9, 2))
    padding = ((0, 0), (0, 0), (0, 1))
    learned = c3d_lstm.learn_lstm(training_set(np.pad(training.inputs, padding), training.scores))
    quiet, loud = (np.pad(inputs, padding, constant_values=value) for value in (0.0, 0.01))
    np.testing.assert_array_equal(learned.predict(quiet), learned.predict(loud))


def test_incremental_labels_are_ninths(caught):
    """Of scores 45 and 135, of mean 90 and deviation 45: ninths of −1 and of 1 from the same share of 90."""
    scores = np.array([45.0, 135.0, 999.0])  # the last is held out
    learned = c3d_lstm.learn_lstm(training_set(np.zeros((3, 9, 2), np.float32), scores, held_out=0.4))
    np.testing.assert_allclose(9 * caught[0][2], [-np.arange(1, 10), np.arange(1, 10)])
    assert learned.predict(np.zeros((1, 9, 2))) == pytest.approx(90, abs=45)  # untaught: about the mean


def test_the_score_is_that_after_the_last_clip():
    """What is shown after clip k changes the score after it and none before."""
    training, inputs, _ = linear_set((20, 9, 2))
    model, changed = c3d_lstm.lstm(training), inputs.copy()
    changed[:, 5] += 1
    one, other = (model.predict(x, verbose=0) for x in (inputs, changed))
    np.testing.assert_allclose(one[:, :5], other[:, :5], atol=1e-6)
    assert np.abs(one[:, 5:] - other[:, 5:]).min(axis=0).min() > 0
