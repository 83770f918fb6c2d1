"""The systems that are trained: what they are taught, and that they learn what is there."""

import keras
import numpy as np
import pytest
from refusals import refused
from scipy import stats
from tiny_sets import linear_set, training_set

from scoringnet_tf.baselines import core, load_system, networks

NAMES = ("c3d_lstm", "usdl", "core")
MODULES = {"c3d_lstm": (networks, "LSTM_"), "usdl": (networks, "USDL_"), "core": (core, "")}


def few(monkeypatch, name, **values):
    """Sets EPOCHS, RATE, … of a system."""
    module, prefix = MODULES[name]
    for setting, value in values.items():
        monkeypatch.setattr(module, f"{prefix}{setting}", value)


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    """A twentieth of the work."""
    monkeypatch.setattr(networks, "UNITS", 16)
    few(monkeypatch, "core", DEPTH=3, UNITS=32)
    for name in NAMES:
        few(monkeypatch, name, EPOCHS=12)


@pytest.fixture
def caught(monkeypatch):
    """(Model, training set, first epoch's batch, options) of what a system would train; it is not trained."""
    seen = []

    def train(model, training, batches, predict, **options):
        seen.append((model, training, batches(np.random.default_rng(0)), options))
        return {"epoch": 1}

    monkeypatch.setattr(networks, "train", train)
    return seen


def set_of(name, videos=20, features=3):
    """A linear set, in nine clips for the LSTM."""
    return linear_set((videos, 9, 2) if name == "c3d_lstm" else (videos, features))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rate"), [("c3d_lstm", 2e-2), ("usdl", 6e-3), ("core", 4e-3)])
def test_a_linear_truth_is_learnt(name, rate, monkeypatch):
    few(monkeypatch, name, RATE=rate)  # for few epochs
    training, inputs, scores = linear_set((60, 3))
    if name == "c3d_lstm":  # the same in every clip
        training = training_set(np.repeat(training.inputs[:, None], 9, axis=1), training.scores)
        inputs = np.repeat(inputs[:, None], 9, axis=1)
    learned = load_system(name).learn(training)
    predicted = learned.predict(inputs)
    assert stats.spearmanr(predicted, scores).statistic > 0.85
    assert np.abs(predicted - scores).mean() < 0.6 * np.abs(scores - scores.mean()).mean()
    assert 1 < learned.chosen["epoch"] <= 12 and learned.chosen["validation_src"] > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_held_out_videos_are_not_trained_on_and_the_same_seed_begins_alike(name, caught):
    """They choose the epoch: what is held out is marked, and in no batch."""
    training, *_ = set_of(name)
    training.inputs[training.held_out] = 999.0
    for _ in range(2):
        load_system(name).learn(training)
    (model, training, (inputs, targets), _), again = caught
    assert 0 < training.held_out.sum() < len(training.scores) and not (np.asarray(inputs) == 999.0).any()
    assert len(inputs) == (~training.held_out).sum()
    for one, other in zip((*model.get_weights(), targets), (*again[0].get_weights(), again[2][1]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "epochs", "batch", "rate", "decay"),
    [("c3d_lstm", 60, 16, 1e-3, 0), ("usdl", 100, 4, 1e-4, 1e-5), ("core", 200, 4, 1e-3, 0)],
)
def test_steps_are_those_that_were_published(name, epochs, batch, rate, decay, monkeypatch):
    """Adam's rate; and a decay that is added to the gradient: half of it times the squares of weights and biases."""
    monkeypatch.undo()  # of fewer epochs
    seen = []
    monkeypatch.setattr(networks, "train", lambda model, *_, **given: seen.extend([model, given]) or {"epoch": 1})
    load_system(name).learn(set_of(name)[0])
    model, options = seen
    assert options == {"epochs": epochs, "batch_size": batch}
    assert type(model.optimizer) is keras.optimizers.Adam and model.optimizer.weight_decay is None
    assert float(model.optimizer.learning_rate) == pytest.approx(rate)
    for weight in model.trainable_weights:
        weight.assign(weight + 0.1)  # biases too
    squares = sum(float(np.square(weight.numpy()).sum()) for weight in model.trainable_weights)
    assert sum(map(float, model.losses)) == pytest.approx(decay / 2 * squares, rel=1e-5)


def test_features_are_scaled_by_those_that_are_trained_on():
    values = np.array([[0.0, 5], [2, 9], [100, -50]], np.float32)
    layer = networks.standardised(values, np.array([False, False, True]))
    np.testing.assert_allclose(layer(values), [[-1, -1], [1, 1], [99, -28.5]], rtol=1e-4)


def test_the_best_epoch_is_kept(monkeypatch):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    training = training_set(np.ones((10, 1), np.float32), np.arange(10.0))
    figures, weights = iter([0.1, 0.7, 0.7, 0.2]), []

    def measured(*_):
        weights.append(float(model.get_weights()[0].item()))
        return next(figures)

    monkeypatch.setattr(networks, "order", measured)
    targets = np.full((8, 1), 5.0)
    options = {"epochs": 4, "batch_size": 8}
    found = networks.train(model, training, lambda _: (np.ones((8, 1)), targets), lambda x: x[:, 0], **options)
    assert found == {"epoch": 2, "validation_src": 0.7}
    assert len(set(weights)) == 4 and float(model.get_weights()[0].item()) == weights[1]


def test_held_out_videos_of_one_score_choose_no_epoch():
    training, *_ = linear_set((10, 3))
    training.scores[training.held_out] = 9.5
    with refused("equal_scores", "2 ", "9.5"):
        load_system("usdl").learn(training)


@pytest.mark.parametrize("held_out", [0.0, 0.2])
def test_weights_that_are_no_numbers_are_never_kept(held_out):
    training = training_set(np.ones((10, 1), np.float32), np.arange(10.0), held_out)
    for rate, epoch in ((1e30, 1), (0.1, 2)):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(rate), "mse", jit_compile=False)
        epochs = iter(range(1, 5))

        def batches(_, epochs=epochs, epoch=epoch):
            return np.ones((8, 1)), np.full((8, 1), 5.0 if next(epochs) <= epoch else np.inf)

        arguments = (model, training, batches, lambda x, model=model: model.predict(x, verbose=0)[:, 0])
        options = {"epochs": 4, "batch_size": 2}
        if rate > 1:
            with refused("diverged"):
                networks.train(*arguments, **options)
        else:
            found = networks.train(*arguments, **options)
            assert found["epoch"] == (1 if held_out else 2) and np.isfinite(model.get_weights()[0]).all()


@pytest.mark.parametrize("name", ["usdl", pytest.param("core", marks=pytest.mark.slow)])
def test_what_does_not_vary_in_training_says_nothing(name, monkeypatch):
    """A unit that is silent there, and says a hundredth in half of the other videos."""
    few(monkeypatch, name, EPOCHS=1)
    training, inputs, _ = linear_set((20, 3))
    silent = training_set(np.pad(training.inputs, ((0, 0), (0, 1))), training.scores)
    learned = load_system(name).learn(silent)
    quiet, loud = (np.pad(inputs, ((0, 0), (0, 1)), constant_values=value) for value in (0.0, 0.01))
    np.testing.assert_array_equal(learned.predict(quiet), learned.predict(loud))


# === C3D + LSTM ===


def test_incremental_labels_are_ninths(caught):
    """Of scores 45 and 135, of mean 90 and deviation 45: ninths of −1 and of 1 from the same share of 90."""
    scores = np.array([45.0, 135.0, 999.0])  # the last is held out
    learned = networks.learn_lstm(training_set(np.zeros((3, 9, 2), np.float32), scores, held_out=0.4))
    np.testing.assert_allclose(9 * caught[0][2][1], [-np.arange(1, 10), np.arange(1, 10)])
    assert learned.predict(np.zeros((1, 9, 2))) == pytest.approx(90, abs=45)  # untaught: about the mean


def test_the_score_is_that_after_the_last_clip():
    """What is shown after clip k changes the score after it and none before."""
    training, inputs, _ = linear_set((20, 9, 2))
    model, changed = networks.lstm(training), inputs.copy()
    changed[:, 5] += 1
    one, other = (model.predict(x, verbose=0) for x in (inputs, changed))
    np.testing.assert_allclose(one[:, :5], other[:, :5], atol=1e-6)
    assert np.abs(one[:, 5:] - other[:, 5:]).min(axis=0).min() > 0


# === USDL ===


def test_a_score_is_taught_as_a_gaussian_of_five_steps():
    """Σ q (log q − log p) of the published form: q a Gaussian of σ = 5 on 0 … 100, normalised."""
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(101), size=2).astype(np.float32)
    steps, expected = np.arange(101), []
    for score, p in zip((30.0, 99.0), probabilities, strict=True):
        q = np.exp(-((steps - score) ** 2) / (2 * 5**2))
        q /= q.sum()
        expected.append((q * (np.log(np.maximum(q, 1e-38)) - np.log(p))).mean())
    places = np.array([[30.0], [99.0]]) * networks.STEP - 4
    found = float(networks.divergence(places.astype(np.float32), probabilities))
    assert found == pytest.approx(np.mean(expected), rel=1e-4)


def test_the_most_probable_score_is_predicted(monkeypatch):
    few(monkeypatch, "usdl", EPOCHS=1)
    training, inputs, _ = linear_set((20, 3))
    predicted = networks.learn_distribution(training).predict(inputs)
    shown = training.scores[~training.held_out]
    steps = (predicted - shown.min()) / np.ptp(shown) * 100
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-6)


# === CoRe ===


def test_pairs_are_taught_both_ways(caught):
    scores = np.array([10.0, 20, 40, 70])
    core.learn(training_set(scores[:, None].astype(np.float32), scores, held_out=0))
    inputs, relative = caught[0][2]
    assert inputs.shape == (4, 2, 3) and sorted(inputs[:, 0, 0]) == [10, 20, 40, 70]
    np.testing.assert_array_equal(inputs[:, 0, :2], inputs[:, 1, 1::-1])
    np.testing.assert_allclose(inputs[..., 2] * scores.std() + scores.mean(), inputs[..., 1], rtol=1e-5)
    assert (inputs[..., 0] != inputs[..., 1]).all()
    np.testing.assert_allclose(relative, inputs[..., 0] - inputs[..., 1], rtol=1e-5)
