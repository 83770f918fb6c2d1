"""The regression on statistics of fragments: what it reads, how it is solved and chosen, and what it is weighed by."""

import itertools

import keras
import numpy as np
import pytest
from refusals import refused

from scoringnet_tf import losses
from scoringnet_tf.models.fragments import FragmentStatistics, importances_of_statistics, num_statistics
from scoringnet_tf.models.kernel_regression import KernelRegression, PathBlend, fit_regression, network_share
from scoringnet_tf.models.score_prediction import ScorePredictor

# === Statistics ===


def described(values):
    changes = [np.abs(b - a) for a, b in itertools.pairwise(values)] or [np.zeros(values.shape[1])]
    of_each = [np.mean(values, 0), np.std(values, 0), np.min(values, 0), np.max(values, 0), np.mean(changes, 0)]
    for quarter in range(4):
        inside = [step for place, step in enumerate(values) if quarter <= 4 * place / len(values) < quarter + 1]
        of_each.append(np.mean(inside if inside else values, 0))
    return np.concatenate([*of_each, [np.log(len(values))]])


def test_statistics_are_those_of_every_step_of_the_fragment_and_of_no_other():
    """Of stages 2 and 3, of padding nothing; of a video without these stages all real steps."""
    x = np.random.default_rng(0).normal(size=(3, 12, 4)).astype("float32")
    mask = np.arange(12) < np.array([12, 9, 7])[:, None]
    stages = np.array([[0] * 4 + [2] * 3 + [3] * 2 + [0] * 3, [2] * 12, [1] * 12])
    x[~mask] = 1e6
    found = np.asarray(FragmentStatistics([2, 3], 8)(x, stages, mask))
    expected = [described(x[0, 4:9]), described(x[1, :9]), described(x[2, :7])]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert found.shape[1] == num_statistics(4, 8)
    whole = np.asarray(FragmentStatistics([], 8)(x, None, mask))
    np.testing.assert_allclose(whole[0], described(x[0]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("length", [1, 3, 5, 10_000])
def test_statistics_are_those_of_sequences_of_any_length(length):
    x = np.random.default_rng(0).normal(1e3, 2, (1, length, 3)).astype("float32")
    found = FragmentStatistics([], 2)(x, None, np.ones((1, length), bool))
    np.testing.assert_allclose(found[0], described(x[0].astype(float)), rtol=1e-4, atol=1e-3)


def test_a_vector_is_its_own_statistic():
    x = np.random.default_rng(0).normal(size=(2, 1, 5)).astype("float32")
    np.testing.assert_allclose(FragmentStatistics([], 1)(x, None, np.ones((2, 1), bool)), x[:, 0], rtol=1e-6)


# === Fit ===


def made(number, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(number, 6))
    values[:, 4] = 0  # never varies
    return values, np.tanh(2 * values[:, 0]) + 0.3 * values[:, 1] + 0.1 * rng.normal(size=number)


def solved(values, truth, tested, fit):
    """Kernel ridge regression by its equations."""

    def similar(some):
        near = np.exp(-fit.scale * np.linalg.norm(fit.importance * (some[:, None] - values), axis=2))
        return near if fit.scale > 0 else -fit.scale * (fit.importance * some) @ (fit.importance * values).T

    coefficients = np.linalg.solve(similar(values) + fit.shrinkage * np.eye(len(values)), truth)
    return similar(tested) @ coefficients


def given_by(fit, tested, examples):
    layer = KernelRegression(examples)
    layer.build(tested.shape)
    layer.set_fit(fit)
    return np.asarray(layer(tested.astype("float32")))


@pytest.mark.parametrize("groups", [None, [f"athlete {i // 5}" for i in range(30)], ["the same"] * 30])
def test_each_video_is_predicted_by_the_others_as_by_a_fit_without_it_or_its_group(groups):
    values, truth = made(30)
    fit = fit_regression(values, truth, groups)
    names = np.array(range(30) if groups is None or len({*groups}) == 1 else groups).astype(str)
    for name in np.unique(names):
        rows = names == name
        expected = solved(values[~rows], truth[~rows], values[rows], fit)
        np.testing.assert_allclose(fit.predicted[rows], expected, atol=1e-5)
    assert fit.error == pytest.approx(np.sqrt(np.mean((fit.predicted - truth) ** 2)))


def test_the_layer_says_what_the_equations_say_whatever_room_is_left():
    values, truth = made(30)
    tested, fit = made(7, seed=1)[0], fit_regression(*made(30))
    for examples in (30, 64):
        np.testing.assert_allclose(given_by(fit, tested, examples), solved(values, truth, tested, fit), atol=1e-4)


def test_a_straight_line_is_found_and_goes_on_beyond_the_examples():
    values = made(20)[0]
    values -= values.mean(axis=0)
    truth = values @ [1.0, 0.5, 0, 0, 0, 0.2]
    fit = fit_regression(values, truth)
    far = 3 * made(7, seed=1)[0]
    assert fit.scale < 0
    for row, others in enumerate(~np.eye(20, dtype=bool)):
        center, mean = values[others].mean(axis=0), truth[others].mean()
        expected = mean + solved(values[others] - center, truth[others] - mean, values[[row]] - center, fit)
        np.testing.assert_allclose(fit.predicted[row], expected[0], atol=1e-6)
    np.testing.assert_allclose(given_by(fit, far, 20), far @ [1.0, 0.5, 0, 0, 0, 0.2], atol=0.1)
    np.testing.assert_allclose(given_by(fit, far, 32), solved(values, truth, far, fit), atol=1e-3)


def test_the_importance_of_the_least_error_is_chosen():
    """Of numbers that tell nothing but for two, that which leaves the others out; whichever comes first."""
    values, truth = made(40)
    importances, tested = np.array([[1.0] * 6, [8.0, 1, 0, 0, 0, 0]]), made(7, seed=1)[0]
    for some in (importances, importances[::-1]):
        fit = fit_regression(values, truth, importances=some)
        np.testing.assert_array_equal(fit.importance, importances[1])
        np.testing.assert_allclose(given_by(fit, tested, 40), solved(values, truth, tested, fit), atol=1e-4)
        assert fit.error < fit_regression(values, truth).error


def test_a_straight_line_has_the_first_importance():
    values = made(30)[0] - made(30)[0].mean(axis=0)
    truth = values[:, 0] + values[:, 1]
    both = np.stack([np.eye(6)[2], np.ones(6)])
    assert fit_regression(values, truth, importances=both).scale > 0
    assert fit_regression(values, truth, importances=both[::-1]).scale < 0


def test_statistics_count_as_a_whole_or_as_a_course():
    """Mean, spread, least, greatest, change and four parts, of nine features; the number of steps."""
    whole, course = importances_of_statistics(9, 8)
    np.testing.assert_allclose(whole, [*[1] * 45, *[0] * 36, 3])
    np.testing.assert_allclose(course, [*[0] * 9, *[1] * 9, *[0] * 18, *[1] * 45, 3])
    assert len(whole) == num_statistics(9, 8)
    np.testing.assert_allclose(importances_of_statistics(9, 1), [[1] * 9])


def test_more_videos_than_there_is_room_for_are_still_learned_from():
    values, truth = made(300)
    tested, expected = made(200, seed=1)
    few, some, every = (
        np.mean(np.abs(given_by(fit, tested, 300) - expected))
        for fit in (
            fit_regression(values[:40], truth[:40]),
            fit_regression(values, truth, capacity=40),
            fit_regression(values, truth),
        )
    )
    assert len(fit_regression(values, truth, capacity=40).points) == 40
    assert every <= some < few


def test_noise_is_shrunk_to_the_mean():
    rng = np.random.default_rng(0)
    fit = fit_regression(rng.normal(size=(60, 20)), rng.normal(size=60))
    assert np.abs(given_by(fit, rng.normal(size=(50, 20)), 60)).max() < 0.6


# === Shares ===


def test_a_network_has_to_earn_its_share():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=40)
    far, near = truth + rng.normal(size=40), truth + 0.1 * rng.normal(size=40)
    assert network_share(far, near, truth) == 0.0
    assert network_share(near, far, truth) >= 0.9
    assert 0.3 <= network_share(truth + rng.normal(size=40), far, truth) <= 0.7  # errors that differ cancel
    assert network_share(far + 1e-3 * rng.normal(size=40), far, truth) == 0.0  # by chance
    assert network_share(near, far, truth, ["one athlete"] * 40) == 0.0
    assert network_share(near, far, truth, [f"{i // 4}" for i in range(40)]) >= 0.9
    assert network_share(near[:1], far[:1], truth[:1]) == 0.0


def test_a_blend_is_the_network_alone_in_training_and_until_it_is_weighed():
    blend, network, regression = PathBlend(), np.float32([1, 2]), np.float32([3, 8])
    np.testing.assert_allclose(blend(network, regression), network)
    blend.share.assign(0.25)
    np.testing.assert_allclose(blend(network, regression), [2.5, 6.5])
    np.testing.assert_allclose(blend(network, regression, training=True), network)


def test_a_blend_of_distributions_has_the_blended_mean():
    blend, probabilities = PathBlend(), np.full((2, losses.NUM_BINS), 1 / losses.NUM_BINS, "float32")
    blend.build(probabilities.shape)
    blend.error.assign(0.5)
    blend.share.assign(0.25)
    found = blend(probabilities, np.float32([-1, 0.8]))
    mean, variance = losses.distribution_moments(found)
    np.testing.assert_allclose(mean, [-0.75, 0.6], atol=1e-3)
    np.testing.assert_allclose(np.sum(found, axis=1), 1, rtol=1e-5)
    blend.share.assign(0.0)
    _, variance = losses.distribution_moments(blend(probabilities, np.float32([-1, 0.8])))
    np.testing.assert_allclose(np.sqrt(variance), 0.5, rtol=1e-2)


def test_towers_of_frames_have_no_statistics():
    with refused("sees_frames"):
        ScorePredictor(examples=4)


def test_layers_survive_their_configuration():
    for layer in (FragmentStatistics([2, 3], 8, name="one"), KernelRegression(12, name="two"), PathBlend(name="three")):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        assert again.get_config() == layer.get_config()
