"""The tree of CoRe: groups, leaves, votes and loss against loops in NumPy."""

import itertools

import numpy as np
import pytest

from scoringnet_tf.baselines import core as tree


def leaves_of(edges, shape=(1, 1), logs=0.0, places=0.0):
    """Leaves (*shape, G, 4)."""
    low, high = np.float32(edges[:-1]), np.float32(edges[1:])
    logs, places, low, high = (np.broadcast_to(each, (*shape, len(low))) for each in (logs, places, low, high))
    return np.stack([logs, places, low, high], axis=-1).astype("float32")


def placed(relative, edges):
    """(Group, place in it) of each relative score; each has one group."""
    found = tree.group_targets(np.float32(relative)[:, None], leaves_of(edges, (len(relative), 1)))
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
    counts = np.bincount(placed(differences, tree.group_edges(scores, 16))[0], minlength=16)
    assert counts.min() >= 96 and counts.max() <= 99  # 1560 pairs: 97.5 each
    np.testing.assert_array_equal(counts, counts[::-1])


def test_either_way_a_pair_lies_in_mirrored_groups():
    relative = [0.5, -0.5, 1, -1, 2.5, -2.5, 0, 9, -9]
    group, place = placed(relative, [-2.5, -1, 0, 1, 2.5])
    assert group.tolist() == [2, 1, 3, 0, 3, 0, 2, 3, 0]
    np.testing.assert_allclose(place, [0.5, 0.5, 0, 1, 1, 0, 0, 1, 0])


def test_equal_differences_lie_in_one_group():
    """2.9 − 2.7, 3.1 − 2.9 and 3.4 − 3.2 differ in their last digits."""
    scores = np.float32([2.7, 2.9, 3.1, 3.2, 3.4, 3.6])
    edges = tree.group_edges(scores, 8)
    relative = np.float32([2.9, 3.1, 3.4, 3.6]) - np.float32([2.7, 2.9, 3.2, 3.4])
    assert len({*relative.tolist()}) > 1
    for sign in (1, -1):
        assert len({*placed(sign * relative, edges)[0].tolist()}) == 1


@pytest.mark.parametrize("number", [4, 16])
def test_a_place_in_a_group_is_a_relative_score(number):
    scores = np.float32([2.7, 3.0, 3.0, 3.4, 3.6, 4.1])  # with equal ones
    edges = tree.group_edges(scores, number)
    relative = np.append((scores[:, None] - scores[None]).ravel() * 0.99, [-9, 9])
    group, place = placed(relative, edges)
    by_hand = [placed_by_hand(each, edges.tolist()) for each in relative.tolist()]
    assert group.tolist() == [found for found, _ in by_hand]
    np.testing.assert_allclose(place, [found for _, found in by_hand], atol=1e-5)


def test_the_most_probable_leaf_votes_and_its_place_may_lie_beyond_it():
    edges, logs = [-3, -1, 0, 1, 3], np.log([[[0.1, 0.2, 0.1, 0.6]], [[0.4, 0.2, 0.3, 0.1]]])
    votes = tree.voted_scores(leaves_of(edges, (2, 1), logs, 1.5))
    np.testing.assert_allclose(votes, [[4], [0]], atol=1e-6)


def test_a_leaf_is_as_probable_as_the_product_on_its_way():
    """Of two levels, by a double loop: every node reads what its parent's units made for it alone."""
    layer, rng = tree.RegressionTree(2), np.random.default_rng(0)
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
    again = tree.RegressionTree.from_config(layer.get_config())
    assert np.asarray(again(features)).shape == leaves.shape


def test_units_of_a_node_begin_as_wide_as_what_it_reads():
    """Not as what all nodes of its level read: ±1/√U, U = 64."""
    layer = tree.RegressionTree(4)
    layer.build((None, None, 64))
    for level in (*layer.choices, *layer.branches, layer.places):
        kernel = level.get_weights()[0]
        assert 0.9 < 8 * np.abs(kernel).max() <= 1
        assert kernel[-1].std() == pytest.approx(1 / 8 / np.sqrt(3), rel=0.2)


def drawn_leaves(videos, edges, seed=0):
    rng = np.random.default_rng(seed)
    logs = np.log(rng.dirichlet(np.ones(len(edges) - 1), size=(videos, 2)))
    return leaves_of(edges, (videos, 2), logs, rng.normal(size=logs.shape))


def tree_loop(relative, leaves):
    """Per way of the pairs: the mean surprise, and the sum over leaves of the mean squared error of those in each."""
    loss = 0.0
    for way in range(relative.shape[1]):
        edges = [*leaves[0, way, :, 2].tolist(), leaves[0, way, -1, 3].item()]
        placed = [(placed_by_hand(float(value), edges), row) for row, value in enumerate(relative[:, way])]
        loss -= np.mean([leaves[row, way, group, 0] for (group, _), row in placed])
        for leaf in range(leaves.shape[2]):
            inside = [(leaves[row, way, leaf, 1] - place) ** 2 for (group, place), row in placed if group == leaf]
            loss += np.mean(inside) if inside else 0.0
    return loss


def test_the_loss_is_that_of_a_double_loop():
    relative, leaves = np.float32([[3, -3], [9, -9], [-25, 25], [0.5, -0.5]]), drawn_leaves(4, [-20, -8, 0, 8, 20])
    assert float(tree.tree_loss(relative, leaves)) == pytest.approx(tree_loop(relative, leaves), rel=1e-4)
