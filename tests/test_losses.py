"""Eqs. 5–9 against double loops in plain Python."""

import inspect
import itertools
import math
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from scoringnet_tf import losses


def ranking_loop(truth, predicted, margin, reduction, ties="skip", weights=None):
    """Eq. 7 read off the page, unknown scores left out; ties left out, or as printed."""
    weights = [1.0] * len(truth) if weights is None else weights
    terms, total = [], 0.0
    for i, j in itertools.combinations(range(len(truth)), 2):
        weight = weights[i] * weights[j]
        if math.isnan(truth[i]) or math.isnan(truth[j]) or not weight or (ties == "skip" and truth[i] == truth[j]):
            continue
        sign = (truth[j] > truth[i]) - (truth[j] < truth[i])
        terms.append(weight * max(0.0, -(predicted[j] - predicted[i]) * sign + margin))
        total += weight
    if reduction == "mean":
        return sum(terms) / total if terms else 0.0
    return sum(terms)


def squares_loop(truth, predicted, weights=None):
    """Eq. 6 over the known scores."""
    weights = [1.0] * len(truth) if weights is None else weights
    known = [(w, (s - g) ** 2) for w, s, g in zip(weights, predicted, truth, strict=True) if w and not math.isnan(g)]
    return sum(w * square for w, square in known) / (2 * sum(w for w, _ in known)) if known else 0.0


CASES = {
    "distinct": [1.0, 2.0, 3.0, 5.0],
    "ties": [2.0, 1.0, 2.0, 2.0],
    "one": [4.0],
    "all equal": [3.0, 3.0, 3.0, 3.0],
    "unknown": [1.0, math.nan, 3.0, 2.0],
    "none known": [math.nan, math.nan],
}


WEIGHTS = [0.5, 2.0, 0.0, 1.25]


def draw(truth, seed):
    return np.random.default_rng(seed).normal(2.0, 1.0, len(truth)).astype("float32")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ties", losses.TIES)
@pytest.mark.parametrize("reduction", losses.REDUCTIONS)
@pytest.mark.parametrize("truth", CASES.values(), ids=CASES)
def test_ranking_equals_double_loop(truth, reduction, ties, weighted):
    predicted, weights = draw(truth, 3), WEIGHTS[: len(truth)] if weighted else None
    loss = losses.PairwiseRankingLoss(margin=0.5, reduction=reduction, ties=ties)
    expected = ranking_loop(truth, predicted, 0.5, reduction, ties, weights)
    value = loss(np.float32(truth), predicted, weights and np.float32(weights))
    assert float(value) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("unit", [1.0, 0.25])
@pytest.mark.parametrize("truth", CASES.values(), ids=CASES)
def test_score_loss_is_eq6_plus_alpha_eq7_in_its_unit(truth, unit, weighted):
    predicted, weights = draw(truth, 4), WEIGHTS[: len(truth)] if weighted else None
    truth_in_units, predicted_in_units = [g / unit for g in truth], [float(s) / unit for s in predicted]
    mse = squares_loop(truth_in_units, predicted_in_units, weights)
    ranking = ranking_loop(truth_in_units, predicted_in_units, 0.1, "mean", weights=weights)
    loss = losses.ScoreLoss(alpha=5.0, margin=0.1, reduction="mean", unit=unit)
    columns = np.float32(truth)[:, None], predicted[:, None], np.float32(weights)[:, None] if weighted else None
    terms = loss.terms(*columns)
    assert float(terms["mse"]) == pytest.approx(mse, rel=1e-5, abs=1e-6)
    assert float(terms["ranking"]) == pytest.approx(ranking, rel=1e-5, abs=1e-6)
    assert set(terms) == {"mse", "ranking"}
    assert float(loss(*columns)) == pytest.approx(mse + 5.0 * ranking, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("ties", losses.TIES)
def test_ties_have_no_gradient(ties):
    predicted = tf.Variable([1.0, 2.0, 4.0])
    with tf.GradientTape() as tape:
        loss = losses.PairwiseRankingLoss(margin=0.25, ties=ties)(np.float32([7, 7, 7]), predicted)
    np.testing.assert_array_equal(tape.gradient(loss, predicted), [0.0, 0.0, 0.0])


@pytest.mark.parametrize("reduction", losses.REDUCTIONS)
def test_a_weight_of_zero_or_an_unknown_score_leaves_a_video_out_whatever_was_predicted(reduction):
    loss = losses.ScoreLoss(alpha=2.0, margin=0.5, reduction=reduction, ties="constant")
    predicted = tf.Variable([1.0, math.nan, 4.0, math.inf])
    with tf.GradientTape() as tape:
        value = loss(np.float32([3, 1, 2, math.nan]), predicted, np.float32([1, 0, 1, 1]))
    assert float(value) == float(loss(np.float32([3, 2]), np.float32([1, 4])))
    gradient = tape.gradient(value, predicted).numpy()
    assert np.isfinite(gradient).all()
    assert gradient[[1, 3]].tolist() == [0.0, 0.0]


def stage_loop(labels, probabilities, form, weights=None):
    """Eq. 5 frame by frame; `weights` of the frames."""
    weights = np.ones(np.shape(labels)) if weights is None else weights
    terms, total = [], 0.0
    for row, stages, row_weights in zip(labels, probabilities, weights, strict=True):
        for label, p, weight in zip(row, stages, row_weights, strict=True):
            if label < 0:
                continue
            term = -math.log(p[label])
            if form == "binary":
                term -= sum(math.log(1 - q) for stage, q in enumerate(p) if stage != label)
            terms.append(weight * term)
            total += weight
    return sum(terms) / total if total else 0.0


LABELS = {"padded": [[0, 1, 3], [2, -1, -1]], "unlabelled": [[-1, -1, -1], [-1, -1, -1]]}


def draw_stages(seed):
    scores = np.random.default_rng(seed).normal(size=(2, 3, 4))
    return (np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)).astype("float32")


@pytest.mark.parametrize("form", losses.FORMS)
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize(
    ("weights", "of_frames"),
    [
        ([0.5, 3.0], [[0.5] * 3, [3.0] * 3]),
        ([[0.5], [3.0]], [[0.5] * 3, [3.0] * 3]),
        ([[0.5, 0.0, 2.0], [3.0, 9.0, 9.0]],) * 2,
        ([0.0, 0.0], [[0.0] * 3] * 2),
        (None, None),
    ],
    ids=["videos", "videos as a column", "frames", "nothing", "alike"],
)
def test_stage_cross_entropy_is_a_weighted_mean(labels, form, weights, of_frames):
    probabilities = draw_stages(7)
    weights = None if weights is None else np.float32(weights)
    loss = losses.StageCrossEntropy(form=form)(np.int32(labels), probabilities, weights)
    assert float(loss) == pytest.approx(stage_loop(labels, probabilities, form, of_frames), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(("form", "others"), [("categorical", 0.0), ("binary", 2 * math.log(2))])
def test_a_stage_that_was_all_but_ruled_out_has_its_whole_loss_and_gradient(form, others):
    """At p = 1e-6 they are 6 ln 10 and -1/p; what is ruled out wholly costs no infinity."""
    loss, p = losses.StageCrossEntropy(form=form), tf.Variable([[[1e-6, 0.5, 0.5]]])
    with tf.GradientTape() as tape:
        value = loss(np.int32([[0]]), p)
    assert float(value) == pytest.approx(6 * math.log(10) + others, rel=1e-5)
    assert tape.gradient(value, p).numpy()[0, 0, 0] == pytest.approx(-1e6, rel=1e-5)
    assert math.isfinite(float(loss(np.int32([[0]]), np.float32([[[0.0, 1.0, 0.0]]]))))


SAVED = [  # every argument unlike its default
    losses.StageCrossEntropy(form="binary", name="eq5"),
    losses.PairwiseRankingLoss(margin=0.25, reduction="mean", ties="constant", unit=0.125, name="eq7"),
    losses.ScoreLoss(alpha=10.0, margin=0.125, reduction="mean", ties="constant", unit=4.0, name="eq8"),
    losses.ScoreDistributionLoss(
        3.0, 2.0, sigma=0.5, alpha=3.0, margin=0.25, reduction="mean", ties="constant", unit=4.0, name="kl"
    ),
]


@pytest.mark.parametrize("loss", SAVED, ids=lambda loss: type(loss).__name__)
def test_what_a_loss_was_made_with_survives_saving(loss):
    arguments = inspect.signature(type(loss)).parameters
    config = loss.get_config()
    assert set(config) == set(arguments)
    assert not [name for name, argument in arguments.items() if config[name] == argument.default]
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is type(loss)
    assert again.get_config() == config
    assert re.sub(r"\B([A-Z])", r"_\1", type(loss).__name__).lower() == type(loss)().name
    batch = (np.int32(LABELS["padded"]), draw_stages(5)) if "form" in config else np.float32([[2, 1, 2], [1, 3, 2]])
    batch = (batch[0], draw_distributions(3)) if "sigma" in config else batch
    assert float(again(*batch)) == float(loss(*batch)) != float(type(loss)()(*batch))


def test_what_a_loss_leaves_open_is_that_of_its_head():
    """`of_head` makes a copy, in which a number that was given stands, 0 too."""
    head = {"mean": 24.0, "std": 4.0, "alpha": 10.0}

    def numbers(loss):
        return {name: value for name, value in loss.get_config().items() if name in ("mean", "std", "alpha", "unit")}

    for loss, expected in (
        (losses.PairwiseRankingLoss(), {"unit": 4.0}),
        (losses.PairwiseRankingLoss(unit=0.5), {"unit": 0.5}),
        (losses.ScoreLoss(), {"unit": 4.0, "alpha": 10.0}),
        (losses.ScoreLoss(alpha=0, unit=2), {"unit": 2.0, "alpha": 0.0}),
        (losses.ScoreDistributionLoss(), {"unit": 4.0, **head}),
        (losses.ScoreDistributionLoss(0, 3, alpha=1), {"unit": 4.0, "mean": 0.0, "std": 3.0, "alpha": 1.0}),
    ):
        before = loss.get_config()
        assert numbers(loss.of_head(**head)) == expected
        assert loss.get_config() == before


def test_stage_cross_entropy_compiled_into_kfs():
    """KFS's output carries a Keras mask; the loss must still be the mean over labelled frames."""
    import scoringnet_tf

    model = scoringnet_tf.KeyFragmentSegmenter(image_size=(32, 32), width_multiplier=1 / 16)
    model.compile(loss=losses.StageCrossEntropy())
    mask = np.arange(8)[None] < np.array([[8], [5]])
    inputs = {"frames": np.full((2, 8, 32, 32, 3), 90, "uint8"), "mask": mask}
    labels = np.where(mask, 2, -1).astype("int32")
    expected = stage_loop(labels, model(inputs, training=False).numpy(), "categorical")
    assert model.evaluate(inputs, labels, verbose=0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (losses.PairwiseRankingLoss, {"reduction": "max"}),
        (losses.PairwiseRankingLoss, {"margin": 0.0}),
        (losses.PairwiseRankingLoss, {"margin": math.nan}),
        (losses.PairwiseRankingLoss, {"ties": "mask"}),
        (losses.ScoreLoss, {"unit": 0.0}),
        (losses.ScoreLoss, {"alpha": -1.0}),
        (losses.StageCrossEntropy, {"form": "focal"}),
        (losses.ScoreDistributionLoss, {"std": 0.0}),
        (losses.ScoreDistributionLoss, {"sigma": 0.0}),
        (losses.ScoreDistributionLoss, {"sigma": math.inf}),
    ],
)
def test_bad_arguments_are_refused_with_their_value(kind, options):
    with pytest.raises(ValueError) as caught:
        kind(**options)
    assert str(next(iter(options.values()))) in str(caught.value)


@pytest.mark.parametrize(
    "shapes", [((4,), (1,)), ((4, 2), (4, 2)), ((4,), (4,), (3,)), ((4,), (4,), ()), ((4, 1), (4, 1, 1))], ids=str
)
def test_scores_that_would_broadcast_are_refused(shapes):
    with pytest.raises(ValueError):
        losses.ScoreLoss()(*(np.ones(shape, "float32") for shape in shapes))


@pytest.mark.parametrize("shape", [(3,), (2, 2), (2, 3, 1), ()], ids=str)
def test_weights_that_fit_neither_frames_nor_videos_are_refused(shape):
    with pytest.raises(ValueError):
        losses.StageCrossEntropy()(np.int32(LABELS["padded"]), draw_stages(5), np.ones(shape, "float32"))


# === Score distributions ===


def divergence_loop(truth, probabilities, sigma, weights=None):
    """KL of a Gaussian on the bins −4 … 4 (101) from each row of probabilities, by hand."""
    bins = [-4 + 0.08 * index for index in range(101)]
    total = weight_sum = 0.0
    for index, g in enumerate(truth):
        weight = 1.0 if weights is None else weights[index]
        if math.isnan(g) or not weight:
            continue
        g = min(max(g, -4.0), 4.0)
        heights = [math.exp(-((b - g) ** 2) / (2 * sigma**2)) for b in bins]
        target = [height / sum(heights) for height in heights]
        kl = sum(
            q * (math.log(q) - math.log(p)) for q, p in zip(target, probabilities[index], strict=True) if q > 1e-30
        )
        total, weight_sum = total + weight * kl, weight_sum + weight
    return total / weight_sum if weight_sum else 0.0


def draw_distributions(count, seed=0):
    logits = np.random.default_rng(seed).normal(size=(count, losses.NUM_BINS))
    return (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype("float32")


@pytest.mark.parametrize("sigma", [0.1, 0.5])
@pytest.mark.parametrize("weights", [None, [1.0, 0.0, 2.0, 0.5]])
@pytest.mark.parametrize("truth", [[0.3, -1.2, math.nan, 7.0], [math.nan] * 4], ids=["some known", "none known"])
def test_the_divergence_of_distributions(truth, weights, sigma):
    p = draw_distributions(4)
    ours = losses.distribution_divergence(np.float32(truth), p, sigma, weights and np.float32(weights))
    assert float(ours) == pytest.approx(divergence_loop(truth, p.astype(float), sigma, weights), rel=1e-4)


@pytest.mark.parametrize("weights", [None, [0.5, 2.0, 1.0, 3.0]])
def test_the_loss_of_a_distribution_ranks_expected_scores_in_its_units(weights):
    truth, p = np.float32([70, 82, math.nan, 64]), draw_distributions(4, seed=4)
    loss = losses.ScoreDistributionLoss(75, 10, sigma=0.4, alpha=2.0, margin=0.5, reduction="mean", unit=5.0)
    expected = 75 + 10 * np.asarray(losses.distribution_moments(p)[0], float)
    ranking = ranking_loop((truth / 5).tolist(), (expected / 5).tolist(), 0.5, "mean", weights=weights)
    kl = divergence_loop(((truth - 75) / 10).tolist(), p.astype(float), 0.4, weights)
    weights = weights and np.float32(weights)
    terms = loss.terms(truth, p, weights)
    assert list(terms) == list(loss.TERMS) == ["kl", "ranking"]
    assert float(terms["ranking"]) == pytest.approx(ranking, rel=1e-4)
    assert float(loss(truth, p, weights)) == pytest.approx(kl + 2.0 * ranking, rel=1e-4)
    assert float(loss(truth[:, None], p, weights)) == pytest.approx(kl + 2.0 * ranking, rel=1e-4)
