"""The contrastive head (CoRe): groups, tree and votes against loops in NumPy, and that it learns and is kept."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_losses import ranking_loop
from test_partial_models import FEATURES, FINAL, WHOLE, batch_for, made

import scoringnet_tf
from scoringnet_tf import losses, relative_scores
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.inference.export import export_saved_model
from scoringnet_tf.models import contrastive
from scoringnet_tf.models.contrastive import ContrastiveRegression, RegressionTree
from scoringnet_tf.models.presets import load_scoring_net

# === Groups of relative scores ===


def leaves_of(edges, shape=(1, 1), logs=0.0, places=0.0):
    """Leaves (*shape, G, 4)."""
    low, high = np.float32(edges[:-1]), np.float32(edges[1:])
    logs, places, low, high = (np.broadcast_to(each, (*shape, len(low))) for each in (logs, places, low, high))
    return np.stack([logs, places, low, high], axis=-1).astype("float32")


def placed(relative, edges):
    """(Group, place in it) of each relative score; each has one group."""
    found = relative_scores.group_targets(np.float32(relative)[:, None], leaves_of(edges, (len(relative), 1)))
    is_true, place = (np.asarray(each)[:, 0] for each in found)
    np.testing.assert_array_equal(is_true.sum(axis=1), 1)
    group = is_true.argmax(axis=1)
    return group, np.take_along_axis(place, group[:, None], axis=1)[:, 0]


def placed_by_hand(relative, edges):
    """The same by a loop, after Group_helper.produce_label of the authors; what lies outside is in the outer groups."""
    for group, (low, high) in enumerate(itertools.pairwise(edges)):
        outer = (relative >= 0 and group == len(edges) - 2) or (relative < 0 and group == 0)
        inside = low <= relative < high if relative >= 0 else low < relative <= high
        if inside or (outer and abs(relative) >= abs(edges[0])):
            return group, min(max((relative - low) / (high - low), 0), 1) if high > low else 0
    raise AssertionError


def test_groups_have_as_many_pairs_each():
    scores = np.random.default_rng(0).normal(size=40).astype("float32")
    differences = (scores[:, None] - scores)[~np.eye(40, dtype=bool)]
    counts = np.bincount(placed(differences, relative_scores.group_edges(scores, 16))[0], minlength=16)
    assert counts.min() >= 96 and counts.max() <= 99  # 1560 pairs: 97.5 each
    np.testing.assert_array_equal(counts, counts[::-1])


def test_either_way_a_pair_lies_in_mirrored_groups():
    """At their edges too."""
    relative = [0.5, -0.5, 1, -1, 2.5, -2.5, 0, 9, -9]
    group, place = placed(relative, [-2.5, -1, 0, 1, 2.5])
    assert group.tolist() == [2, 1, 3, 0, 3, 0, 2, 3, 0]
    np.testing.assert_allclose(place, [0.5, 0.5, 0, 1, 1, 0, 0, 1, 0])


def test_equal_differences_lie_in_one_group():
    """2.9 − 2.7, 3.1 − 2.9 and 3.4 − 3.2 differ in their last digits."""
    scores = np.float32([2.7, 2.9, 3.1, 3.2, 3.4, 3.6])
    edges = relative_scores.group_edges(scores, 8)
    relative = np.float32([2.9, 3.1, 3.4, 3.6]) - np.float32([2.7, 2.9, 3.2, 3.4])
    assert len({*relative.tolist()}) > 1
    for sign in (1, -1):
        assert len({*placed(sign * relative, edges)[0].tolist()}) == 1


@pytest.mark.parametrize("number", [4, 16])
def test_a_place_in_a_group_is_a_relative_score(number):
    scores = np.float32([2.7, 3.0, 3.0, 3.4, 3.6, 4.1])  # with equal ones
    edges = relative_scores.group_edges(scores, number)
    relative = np.append((scores[:, None] - scores[None]).ravel() * 0.99, [-9, 9])
    group, place = placed(relative, edges)
    by_hand = [placed_by_hand(each, edges.tolist()) for each in relative.tolist()]
    assert group.tolist() == [found for found, _ in by_hand]
    np.testing.assert_allclose(place, [found for _, found in by_hand], atol=1e-5)
    back = np.asarray(relative_scores.relative_scores(leaves_of(edges, (len(group), 1), places=place[:, None, None])))
    found = np.take_along_axis(back[:, 0], group[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(found, np.clip(relative, *edges[[0, -1]]), atol=1e-6)


def test_the_most_probable_leaf_votes_and_its_place_may_lie_beyond_it():
    edges, logs = [-3, -1, 0, 1, 3], np.log([[[0.1, 0.2, 0.1, 0.6]], [[0.4, 0.2, 0.3, 0.1]]])
    votes = contrastive.voted_scores(leaves_of(edges, (2, 1), logs, 1.5))
    np.testing.assert_allclose(votes, [[4], [0]], atol=1e-6)


# === The tree ===


def test_a_leaf_is_as_probable_as_the_product_on_its_way():
    """Of two levels, by a double loop: every node reads what its parent's units made for it alone."""
    layer, rng = RegressionTree(2), np.random.default_rng(0)
    features = rng.normal(size=(3, 2, 5)).astype(np.float32)
    layer.build(features.shape)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])  # biases too
    leaves = np.asarray(layer(features))
    assert leaves.shape == (3, 2, 4, 4)
    edges = np.asarray(layer.edges)
    np.testing.assert_array_equal(leaves[..., 2:], np.broadcast_to(np.stack([edges[:-1], edges[1:]], -1), (3, 2, 4, 2)))

    def of_node(level, node, read):
        kernel, bias = level.get_weights()
        return read @ kernel[node] + bias[node]

    for pair in np.ndindex(3, 2):
        root = of_node(layer.choices[0], 0, features[pair])
        made = np.maximum(of_node(layer.branches[0], 0, features[pair]), 0)
        for inner, read in enumerate((made[:5], made[5:])):
            choice = of_node(layer.choices[1], inner, read)
            made_below = np.maximum(of_node(layer.branches[1], inner, read), 0)
            for side, below in enumerate((made_below[:5], made_below[5:])):
                ways = np.exp(root[inner]) / np.exp(root).sum(), np.exp(choice[side]) / np.exp(choice).sum()
                leaf = 2 * inner + side
                assert leaves[pair][leaf, 0] == pytest.approx(np.log(np.prod(ways)), rel=1e-4)
                assert leaves[pair][leaf, 1] == pytest.approx(of_node(layer.places, leaf, below).item(), rel=1e-4)
    again = RegressionTree.from_config(layer.get_config())
    assert np.asarray(again(features)).shape == leaves.shape


def test_units_of_a_node_begin_as_wide_as_what_it_reads():
    """Not as what all nodes of its level read: ±1/√U, U = 64."""
    layer = RegressionTree(4)
    layer.build((None, None, 64))
    for level in (*layer.choices, *layer.branches, layer.places):
        kernel = level.get_weights()[0]
        assert 0.9 < 8 * np.abs(kernel).max() <= 1
        assert kernel[-1].std() == pytest.approx(1 / 8 / np.sqrt(3), rel=0.2)


# === The loss ===


def drawn_leaves(videos, edges, seed=0):
    rng = np.random.default_rng(seed)
    logs = np.log(rng.dirichlet(np.ones(len(edges) - 1), size=(videos, 2)))
    return leaves_of(edges, (videos, 2), logs, rng.normal(size=logs.shape))


def tree_loop(relative, leaves, weights):
    """Per way of the pairs: the mean surprise, and the sum over leaves of the mean squared error of those in each."""
    groups = places = 0.0
    for way in range(relative.shape[1]):
        edges = [*leaves[0, way, :, 2].tolist(), leaves[0, way, -1, 3].item()]
        rows = [(placed_by_hand(float(value), edges), row) for row, value in enumerate(relative[:, way])]
        total = sum(weights[row, way] for _, row in rows)
        groups -= sum(weights[row, way] * leaves[row, way, group, 0] for (group, _), row in rows) / total
        for leaf in range(leaves.shape[2]):
            inside = [(weights[row, way], leaves[row, way, leaf, 1] - place) for (g, place), row in rows if g == leaf]
            if total := sum(weight for weight, _ in inside):
                places += sum(weight * error**2 for weight, error in inside) / total
    return groups, places


@pytest.mark.parametrize("weights", [None, [0.5, 2.0, 1.0, 3.0, 0.0, 1.5]])
def test_the_loss_of_a_batch_is_that_of_a_double_loop(weights):
    """Each video beside its neighbours; an unknown one, and one without weight, is nobody's exemplar."""
    truth, leaves = np.float32([70, 82, np.nan, 64, 90, 77.5]), drawn_leaves(6, [-20, -8, 0, 8, 20])
    weighed = np.where(np.isnan(truth), 0, weights or np.ones(6))
    known = np.where(weighed > 0, truth, 0)
    neighbours = np.array([[5, 1], [0, 2], [1, 3], [2, 4], [3, 5], [4, 0]])
    pairs = weighed[:, None] * weighed[neighbours]
    groups, places = tree_loop(known[:, None] - known[neighbours], leaves, pairs)
    relative = leaves[..., 2] + leaves[..., 1] * (leaves[..., 3] - leaves[..., 2])
    votes = known[neighbours] + (np.exp(leaves[..., 0]) * relative).sum(axis=-1)
    counted = np.flatnonzero(pairs.sum(axis=1))
    scores = (pairs * votes).sum(axis=1)[counted] / pairs.sum(axis=1)[counted]
    ranking = ranking_loop(
        (truth[counted] / 5).tolist(), (scores / 5).tolist(), 0.5, "mean", weights=weighed[counted].tolist()
    )
    loss = losses.ContrastiveScoreLoss(alpha=2.0, reduction="mean", unit=5.0)
    weights = weights and np.float32(weights)
    terms = loss.terms(truth, leaves, weights)
    assert list(terms) == list(loss.TERMS)
    np.testing.assert_allclose([*map(float, terms.values())], [groups, places, ranking], rtol=1e-4)
    assert float(loss(truth[:, None], leaves, weights)) == pytest.approx(groups + places + 2 * ranking, rel=1e-4)


def test_a_video_alone_teaches_nothing():
    leaves = drawn_leaves(1, [-1, 0, 1])
    assert float(losses.ContrastiveScoreLoss()(np.float32([3]), leaves)) == 0


# === The head ===


def head_of(exemplars, units=3):
    layer, rng = ContrastiveRegression(exemplars), np.random.default_rng(1)
    layer.build((None, units))
    for weight in layer.trainable_variables:
        weight.assign(rng.normal(size=weight.shape))
    return layer


def test_exemplars_vote():
    """By a loop over videos and exemplars, each pair on its own; who is not kept has no vote."""
    layer, rng = head_of(4), np.random.default_rng(2)
    features = rng.normal(size=(5, 3)).astype("float32")
    np.testing.assert_array_equal(layer(features), np.zeros(5))
    layer.remember(rng.normal(size=(3, 3)).astype("float32"), np.float32([0.5, -1, 9]), np.float32([1, 2, 0]))
    kept = np.flatnonzero(layer.kept)
    np.testing.assert_allclose(np.asarray(layer.scores)[kept], [0.5, -1])
    expected, edges = [], np.asarray(layer.tree.edges)
    for video in features:
        votes = []
        for row in kept:
            read = np.concatenate([video, np.asarray(layer.features)[row], [np.asarray(layer.scores)[row]]])
            kernel, bias = layer.both.get_weights()
            log, place = np.asarray(layer.tree(np.maximum(read @ kernel + bias, 0)[None, None]))[0, 0, :, :2].T
            best = log.argmax()
            votes.append(layer.scores[row] + edges[best] + place[best] * (edges[best + 1] - edges[best]))
        expected.append(np.mean(votes))
    np.testing.assert_allclose(layer(features), expected, rtol=1e-4)


def test_the_last_known_videos_are_kept():
    layer = head_of(3, units=1)
    for scores, weights in (([1, 2], [1, 0]), ([3, 4], [1, 1]), ([5, 6, 7, 8, 9], [1, 0, 1, 0, 0]), ([10], [0])):
        layer.remember(np.float32(scores)[:, None], np.float32(scores), np.float32(weights))
    for kept in (layer.scores, layer.features[:, 0]):
        np.testing.assert_array_equal(kept, [4, 5, 7])


def levels(number, seed):
    """Inputs and targets of videos whose features lie as high as their score."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=number).astype("float32")
    features = level[:, None, None] + 0.3 * rng.normal(size=(number, 8, 6)).astype("float32")
    return {"features": features, "mask": np.ones((number, 8), bool)}, {"final": 80 + 12 * level}


def learned(alpha, steps):
    """A network, and the losses of its steps on the same videos in another order each."""
    keras.utils.set_random_seed(0)
    inputs, targets = levels(16, seed=0)
    network = made(**FEATURES, **FINAL, **WHOLE, score_predictor={"head": "contrastive", "dropout_rate": 0.0})
    network.adapt_features([(inputs, targets)])
    network.compile(keras.optimizers.Adam(1e-2), metrics={}, loss={"final": losses.ContrastiveScoreLoss(alpha)})
    orders = [np.random.default_rng(step).permutation(16) for step in range(steps)]
    batches = [keras.tree.map_structure(lambda each: each[order], (inputs, targets)) for order in orders]  # noqa: B023
    return network, [network.train_on_batch(*batch, return_dict=True)["loss"] for batch in batches]


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_a_contrastive_head_learns_an_order_and_keeps_it_in_files(alpha, tmp_path):
    network, history = learned(alpha, 60)
    assert np.mean(history[-5:]) < 0.5 * np.mean(history[:5])
    inputs, targets = levels(30, seed=1)
    found = np.asarray(network(inputs)["final"])
    assert np.corrcoef(found, targets["final"])[0, 1] > 0.9
    network.save(tmp_path / "model.keras")
    np.testing.assert_allclose(load_scoring_net(tmp_path / "model.keras")(inputs)["final"], found, rtol=1e-5)
    if alpha:
        export_saved_model(network, tmp_path / "1")
        served = tf.saved_model.load(tmp_path / "1").signatures["serving_default"]
        np.testing.assert_allclose(served(**keras.tree.map_structure(tf.constant, inputs))["final"], found, rtol=1e-5)


@pytest.mark.slow
def test_evaluation_and_frozen_towers_keep_their_exemplars():
    network = made(**FEATURES, **WHOLE, score_predictor={"head": "contrastive"})
    inputs, targets = batch_for(network)
    network.adapt_features([(inputs, targets)])
    network.compile("adam", frozen=["difficulty"])
    kept = {score: head.kept for score, head in network.score_predictor.contrasts.items()}
    network.evaluate(inputs, targets, verbose=0)
    assert {score: float(keras.ops.sum(each)) for score, each in kept.items()} == {"difficulty": 0, "execution": 0}
    network.fit(inputs, targets, verbose=0)
    assert {score: float(keras.ops.sum(each)) for score, each in kept.items()} == {"difficulty": 0, "execution": 3}


@pytest.mark.parametrize("own", [{}, {"score_statistics": {"difficulty": (3.0, 2.5)}}])
def test_groups_are_those_of_the_training_scores(own, diving_records):
    info = DatasetInfo.load(diving_records)
    network = scoringnet_tf.ScoringNet.for_records(
        info, width_multiplier=1 / 16, score_predictor={"head": "contrastive"}, **own
    )
    for score, head in network.score_predictor.contrasts.items():
        scores = info.true_scores(score, info.splits["train"]["ids"])
        _, std = network.score_predictor.get_config()["score_statistics"][score]
        np.testing.assert_allclose(head.tree.edges, relative_scores.group_edges(scores / std, 16), rtol=1e-6)
