"""The systems that are trained: what they are taught, and that they learn what is there."""

import keras
import numpy as np
import pytest
from scipy import stats
from tiny_sets import linear_set, training_set

from scoringnet_tf.baselines import c3d_lstm, core, networks, usdl
from scoringnet_tf.support.errors import InputError


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    """A twentieth of the work."""
    monkeypatch.setattr(c3d_lstm, "UNITS", 16)
    monkeypatch.setattr(core, "DEPTH", 3)
    for system in (c3d_lstm, usdl, core):
        monkeypatch.setattr(system, "EPOCHS", 12)


@pytest.mark.parametrize(("system", "rate"), [(c3d_lstm, 2e-2), (usdl, 6e-3), (core, 2e-3)])
def test_a_linear_truth_is_learnt(system, rate, monkeypatch):
    monkeypatch.setattr(system, "RATE", rate)  # for few epochs
    training, inputs, scores = linear_set((60, 3))
    if system is c3d_lstm:  # the same in every clip
        training = training_set(np.repeat(training.inputs[:, None], 9, axis=1), training.scores)
        inputs = np.repeat(inputs[:, None], 9, axis=1)
    learned = system.learn(training)
    assert stats.spearmanr(learned.predict(inputs), scores).statistic > 0.85
    assert np.abs(learned.predict(inputs) - scores).mean() < 0.6 * np.abs(scores - scores.mean()).mean()
    assert 1 < learned.chosen["epoch"] <= 12 and learned.chosen["validation_src"] > 0.8


@pytest.mark.parametrize("system", [c3d_lstm, usdl, core])
def test_the_same_seed_learns_the_same(system, monkeypatch):
    monkeypatch.setattr(system, "EPOCHS", 1)
    training, inputs, _ = linear_set((10, 9, 2) if system is c3d_lstm else (10, 3))
    one, again = (system.learn(training).predict(inputs) for _ in range(2))
    np.testing.assert_array_equal(one, again)


@pytest.mark.parametrize("system", [c3d_lstm, usdl, core])
def test_held_out_videos_are_not_trained_on(system, monkeypatch):
    """They choose the epoch: what is held out is marked, and in no batch."""
    seen = []

    def watched(model, training, batches, predict, **_):
        seen.append((training, batches(np.random.default_rng(0))[0]))
        return {"epoch": 1}

    monkeypatch.setattr(networks, "train", watched)
    training, *_ = linear_set((20, 9, 2) if system is c3d_lstm else (20, 3))
    training.inputs[training.held_out] = 999.0
    system.learn(training)
    ((training, inputs),) = seen
    assert 0 < training.held_out.sum() < len(training.scores) and not (np.asarray(inputs) == 999.0).any()
    assert len(inputs) == (~training.held_out).sum()


def test_features_are_scaled_by_those_that_are_trained_on():
    values = np.array([[0.0, 5], [2, 9], [100, -50]], np.float32)
    layer = networks.standardised(values, np.array([False, False, True]))
    np.testing.assert_allclose(layer(values), [[-1, -1], [1, 1], [99, -28.5]], rtol=1e-4)


@pytest.mark.parametrize(("system", "rate", "decay"), [(c3d_lstm, 1e-3, None), (usdl, 1e-4, 1e-5), (core, 1e-3, None)])
def test_steps_are_those_that_were_published(system, rate, decay, monkeypatch):
    seen = []
    monkeypatch.setattr(networks, "train", lambda model, *_, **__: seen.append(model.optimizer) or {"epoch": 1})
    system.learn(linear_set((20, 9, 2) if system is c3d_lstm else (20, 3))[0])
    assert (float(seen[0].learning_rate), seen[0].weight_decay) == (pytest.approx(rate), decay)


def test_the_best_epoch_is_kept(monkeypatch):
    """Of a model whose weight grows from epoch to epoch, that of the epoch with the highest figure."""
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


def test_without_a_validation_part_the_last_epoch_is_kept(monkeypatch):
    monkeypatch.setattr(usdl, "EPOCHS", 3)
    training, inputs, _ = linear_set((20, 3))
    learned = usdl.learn(training_set(training.inputs, training.scores, held_out=0))
    assert learned.chosen["epoch"] == 3 and "validation_src" not in learned.chosen
    assert np.isfinite(learned.predict(inputs)).all()


def test_held_out_videos_of_one_score_choose_no_epoch():
    training, *_ = linear_set((10, 3))
    training.scores[training.held_out] = 9.5
    with pytest.raises(
        InputError, match=r"expected held-out videos of different scores.*Received: 2 videos, of 9\.5\. Hold out"
    ):
        usdl.learn(training)


@pytest.mark.parametrize("held_out", [0.0, 0.2])
def test_weights_that_are_no_numbers_are_never_kept(held_out):
    """Of a model that diverges in its third epoch the best of the two before; of one that does at once, none."""
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
            with pytest.raises(InputError, match="predictions that are no numbers"):
                networks.train(*arguments, **options)
        else:
            found = networks.train(*arguments, **options)
            assert found["epoch"] == (1 if held_out else 2) and np.isfinite(model.get_weights()[0]).all()


@pytest.mark.parametrize("system", [usdl, core])
def test_what_does_not_vary_in_training_says_nothing(system, monkeypatch):
    """A unit that is silent there, and says a hundredth in half of the other videos."""
    monkeypatch.setattr(system, "EPOCHS", 1)
    training, inputs, _ = linear_set((20, 3))
    silent = training_set(np.pad(training.inputs, ((0, 0), (0, 1))), training.scores)
    learned = system.learn(silent)
    quiet, loud = (np.pad(inputs, ((0, 0), (0, 1)), constant_values=value) for value in (0.0, 0.01))
    np.testing.assert_array_equal(learned.predict(quiet), learned.predict(loud))


# === C3D + LSTM ===


def test_incremental_labels_are_ninths(monkeypatch):
    """Of scores 45 and 135 in units of their mean, 90: ninths of a half, and of one and a half."""
    np.testing.assert_allclose(c3d_lstm.PROGRESS * 81, [9, 18, 27, 36, 45, 54, 63, 72, 81])
    taught = []
    monkeypatch.setattr(
        networks, "train", lambda *given, **_: taught.append(given[2](np.random.default_rng(0))) or {"epoch": 1}
    )
    c3d_lstm.learn(training_set(np.zeros((2, 9, 2), np.float32), np.array([45.0, 135.0]), held_out=0))
    np.testing.assert_allclose(18 * taught[0][1], [np.arange(1, 10), 3 * np.arange(1, 10)])


def test_the_score_is_that_after_the_last_clip(monkeypatch):
    """What is shown after clip k changes the score after it and none before."""
    training, inputs, _ = linear_set((20, 9, 2))
    model = c3d_lstm.network(training)
    changed = inputs.copy()
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
        expected.append((q * (np.log(np.maximum(q, 1e-38)) - np.log(p))).sum())
    places = np.array([[30.0], [99.0]]) * usdl.STEP - 4
    found = float(usdl.divergence(places.astype(np.float32), probabilities))
    assert found == pytest.approx(np.mean(expected), rel=1e-4)


def test_the_most_probable_score_is_predicted(monkeypatch):
    monkeypatch.setattr(usdl, "EPOCHS", 1)
    training, inputs, _ = linear_set((20, 3))
    predicted = usdl.learn(training).predict(inputs)
    shown = training.scores[~training.held_out]
    steps = (predicted - shown.min()) / np.ptp(shown) * 100
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-6)


# === CoRe ===


def test_groups_have_as_many_pairs_each():
    scores = np.random.default_rng(0).normal(size=40)
    groups = core.Groups.of(scores, 32)
    differences = (scores[:, None] - scores)[~np.eye(40, dtype=bool)]
    counts = np.bincount(groups.place(differences)[0], minlength=32)
    assert counts.min() >= 46 and counts.max() <= 51  # 1560 pairs: 48.75 each


def test_a_place_in_a_group_is_a_relative_score():
    scores = np.array([2.7, 3.0, 3.0, 3.4, 3.6, 4.1])  # with equal ones
    groups = core.Groups.of(scores, 8)
    relative = (scores[:, None] - scores[None]).ravel()
    np.testing.assert_allclose(groups.relative_score(*groups.place(relative)), relative, atol=1e-12)
    outside = groups.place(np.array([-9.0, 9.0]))
    np.testing.assert_allclose(groups.relative_score(*outside), [-1.4, 1.4])


def test_a_leaf_is_as_probable_as_the_product_on_its_way():
    layer = core.RegressionTree(2)
    features = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    leaves = np.asarray(layer(features))
    assert leaves.shape == (3, 4, 2)

    def choice(level, node):
        kernel, bias = level.get_weights()
        odds = np.exp(features @ kernel + bias)[:, 2 * node : 2 * node + 2]
        return odds / odds.sum(axis=1, keepdims=True)

    root, left, right = choice(layer.levels[0], 0), choice(layer.levels[1], 0), choice(layer.levels[1], 1)
    expected = np.concatenate([root[:, :1] * left, root[:, 1:] * right], axis=1)
    np.testing.assert_allclose(np.exp(leaves[..., 0]), expected, rtol=1e-5)
    assert leaves[..., 1].min() >= 0 and leaves[..., 1].max() <= 1
    again = core.RegressionTree.from_config(layer.get_config())
    assert np.asarray(again(features)).shape == leaves.shape


def test_the_loss_is_that_of_the_true_leaf():
    leaves = np.array([[[np.log(0.25), 0.5], [np.log(0.75), 0.9]]], np.float32)
    truth = np.array([[1, 0.4]], np.float32)
    assert float(core.tree_loss(truth, leaves)[0]) == pytest.approx(-np.log(0.75) + 0.25, rel=1e-6)
