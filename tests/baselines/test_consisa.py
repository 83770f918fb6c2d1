"""Independent subspaces, blocks, words, and the χ² kernel."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import polar
from tiny_sets import training_set

from scoringnet_tf.baselines import consisa


def mixed_subspaces(number=4000, subspaces=3, seed=0):
    """(inputs (N, 6), mixing (6, 6)): pairs of sources that are large together, mixed by a rotation."""
    rng = np.random.default_rng(seed)
    energy = rng.exponential(size=(number, subspaces)) ** 1.5
    sources = rng.normal(size=(number, 2 * subspaces)) * np.repeat(energy, 2, axis=1)
    mixing = polar(rng.normal(size=(2 * subspaces, 2 * subspaces)))[0]
    return (sources / sources.std(axis=0)) @ mixing.T, mixing


def shares_of_subspaces(filters, mixing, size):
    """How much of each filter, or pair of filters, lies in each of the subspaces that were mixed: (6 / size, 3)."""
    shares = np.square(filters @ mixing).reshape(-1, size, 3, 2).sum(axis=(1, 3))
    return shares / shares.sum(axis=1, keepdims=True)


def test_units_find_subspaces():
    inputs, mixing = mixed_subspaces()
    layer = consisa.Subspaces.learn(inputs, 6, np.random.default_rng(1))
    shares = shares_of_subspaces(layer.filters @ layer.whitening.transform(np.eye(6)).T, mixing, 1)
    assert sorted(shares.argmax(axis=1)) == [0, 0, 1, 1, 2, 2] and shares.max(axis=1).mean() > 0.85


def test_pairs_find_subspaces_from_a_start_nearby():
    inputs, mixing = mixed_subspaces()
    start = polar(mixing.T + 0.25 * np.random.default_rng(0).normal(size=(6, 6)))[0]
    filters = consisa.sparsest(inputs, start)
    before, after = (shares_of_subspaces(found, mixing, 2) for found in (start, filters))
    assert sorted(after.argmax(axis=1)) == [0, 1, 2] and before.max(axis=1).min() < 0.9 < 0.98 < after.max(axis=1).min()
    assert consisa.lengths(inputs @ filters.T).mean() < consisa.lengths(inputs @ start.T).mean()


def test_a_layer_gives_the_lengths_within_subspaces():
    np.testing.assert_allclose(consisa.lengths(np.array([[3.0, 4, 0, 0]])), [[5, 0]], atol=2e-4)


def test_blocks_lie_all_over_a_video():
    frames = np.arange(28 * 40 * 30, dtype=np.float32).reshape(28, 40, 30)
    blocks = consisa.large_blocks(frames)
    assert blocks.shape == (3 * 3 * 2, 14, 20, 20)
    np.testing.assert_array_equal(blocks[-1], frames[14:28, 20:40, 10:30])
    np.testing.assert_array_equal(consisa.small_blocks(blocks)[5].reshape(consisa.SMALL), frames[4:14, 0:16, 4:20])
    assert consisa.large_blocks(frames[:3]).shape == (6, 14, 20, 20)  # too short: its last frame is repeated


def test_blocks_that_words_are_learnt_from_lie_all_over_each_video(monkeypatch):
    monkeypatch.setattr(consisa, "SAMPLED", 8)
    frames = np.arange(133.0)[:, None, None] + np.zeros((20, 20))  # blocks begin every 7 frames: 9 and 18 of them
    videos = SimpleNamespace(ids=("a", "b"), grey=lambda: [frames[:70], frames])
    starts = [consisa.sampled_blocks(videos, np.random.default_rng(seed))[:, 0, 0, 0] / 7 for seed in range(30)]
    assert {len(set(found[:4])) for found in starts} == {len(set(found[4:])) for found in starts} == {4}
    assert {*np.array(starts)[:, :4].ravel()} == {*range(9)} and {*np.array(starts)[:, 4:].ravel()} == {*range(18)}


def test_a_bag_is_read_by_its_words():
    """The score is the share of one word."""
    rng = np.random.default_rng(0)
    bags = rng.dirichlet(np.full(5, 2.0), size=120)
    learned = consisa.learn(training_set(bags[:60], 100 * bags[:60, 2]))
    assert stats.spearmanr(learned.predict(bags[60:]), bags[60:, 2]).statistic > 0.95
    scaled = consisa.learn(training_set(50 * bags[:60], 100 * bags[:60, 2]))  # distances are in units of their mean
    np.testing.assert_allclose(scaled.predict(50 * bags[60:]), learned.predict(bags[60:]), rtol=1e-4)
    assert learned.chosen["words"] == 5 and learned.chosen["kernel"] == "chi2"


def test_what_is_seen_differs_becomes_another_word(monkeypatch):
    monkeypatch.setattr(consisa, "UNITS", (8, 6))
    rng = np.random.default_rng(0)
    columns, rows = (np.sin(np.arange(40) * 1.5) + 0.1 * rng.normal(size=(20, 40, 40)) for _ in range(2))
    rows = rows.swapaxes(1, 2)
    blocks = np.concatenate([consisa.large_blocks(frames.astype(np.float32)) for frames in (columns, rows)])
    monkeypatch.setattr(consisa, "WORDS", 2)
    one, other = map(consisa.Bag.learn(blocks, rng), (columns, rows))
    assert one.sum() == pytest.approx(1) and np.abs(one - other).max() > 0.9
