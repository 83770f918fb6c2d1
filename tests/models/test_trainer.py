"""How a ScoringNet learns: Eq. 10 against its formula, phases, fragments, Keras's compile, fit and evaluate."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import SMALL, STATISTICS, assert_same, batch, telling

import scoringnet_tf
from scoringnet_tf.losses import ScoreDistributionLoss, ScoreLoss
from scoringnet_tf.metrics import CAPACITY
from scoringnet_tf.models.settings import merged
from scoringnet_tf.models.trainer import TRUE_STAGES

MAE = keras.metrics.MeanAbsoluteError()
PARTS = ("segmenter", "score_predictor")
WITHOUT_DROPOUT = {"segmenter": {"dropout_rate": 0.0}, "score_predictor": {"dropout_rate": 0.0}}
DISTRIBUTION = {"score_predictor": {"head": "distribution"}}
WHOLE = {"segmenter": None}
SCORING_TERMS = {f"{score}_{term}" for score in ("difficulty", "execution") for term in ("mse", "ranking")}
# A few steps take less than their graph takes to be traced. Graphs are those of two steps, that have all, of an
# evaluation, and of scaled losses.
EAGER = {"run_eagerly": True}
GRAPHS = (("scoring", "predicted"), ("joint", "true"))


def dataset(*parts):
    return tf.data.Dataset.from_tensors(parts or batch())


@functools.cache
def shared(kind):
    """A model that tests compile, and some train."""
    options = {"regression": {}, "whole": WHOLE, "distribution": WHOLE | DISTRIBUTION}
    return scoringnet_tf.ScoringNet(**merged(SMALL, options[kind]))


def compiled(network, **options):
    network.compile(optimizer=keras.optimizers.SGD(0.01), **options)
    return network


def fitted(network, **options):
    """One step; returns the logs."""
    history = compiled(network, **options).fit(dataset(), None, None, 1, 0, shuffle=False)  # by place, as in Keras
    return {name: values[0] for name, values in history.history.items()}


def measured(network, *parts):
    return network.evaluate(dataset(*parts), verbose=0, return_dict=True)


@functools.cache
def step(phase, fragments):
    """A step that several tests look at: the logs, and the weights of each part before and after it."""
    network = scoringnet_tf.ScoringNet(**SMALL)
    before = {part: getattr(network, part).get_weights() for part in PARTS}
    logs = fitted(network, phase=phase, fragments=fragments, run_eagerly=(phase, fragments) not in GRAPHS)
    return logs, before, {part: getattr(network, part).get_weights() for part in PARTS}


# === Eq. 10 ===


def eq10(network, scores, targets, stage_loss, alpha, margin, units):
    """Eq. 10 by a loop over videos and pairs."""
    total = float(sum(network.score_predictor.losses)) + stage_loss
    for score, unit in zip(("difficulty", "execution"), units, strict=True):
        s, g = np.asarray(scores[score]) / unit, targets[score] / unit
        total += sum((s - g) ** 2) / 6
        total += alpha * sum(
            max(0.0, -(s[j] - s[i]) * np.sign(g[j] - g[i]) + margin) for i in range(3) for j in range(i + 1, 3)
        )
    return total


@pytest.mark.slow
@pytest.mark.parametrize("units", [(0.25, 4.0), (1.0, 1.0)])
def test_joint_loss_is_eq10(units):
    """With true fragments in training, in standard deviations or in points."""
    network = telling(
        scoringnet_tf.ScoringNet(**merged(SMALL, WITHOUT_DROPOUT, {"score_predictor": {"kernel_l2": 0.001}})), 3000.0
    )
    inputs, targets = batch()
    p = np.asarray(network.segmenter(inputs)).reshape(-1, 4)
    stage_loss = -np.mean(np.log(p[np.arange(len(p)), targets["stages"].ravel()]))
    scores = network.score_fragments(inputs["frames"], targets["stages"], inputs["mask"])
    expected = eq10(network, scores, targets, stage_loss, 3.0, 0.7, units)
    losses = {
        score: ScoreLoss(alpha=3.0, margin=0.7, unit=unit)
        for score, unit in zip(("difficulty", "execution"), units, strict=True)
    }
    assert fitted(network, loss=losses, **EAGER)["loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_evaluation_is_eq10_on_predicted_fragments():
    network = compiled(
        telling(scoringnet_tf.ScoringNet(**merged(SMALL, {"score_predictor": {"kernel_l2": 0.001}})), 3000.0)
    )
    inputs, targets = batch()
    outputs = {name: np.asarray(value) for name, value in network(inputs).items()}
    p = outputs["stages"].reshape(-1, 4)
    stage_loss = -np.mean(np.log(p[np.arange(len(p)), targets["stages"].ravel()]))
    expected = eq10(network, outputs, targets, stage_loss, 5.0, 0.5, (0.25, 4.0))
    figures = measured(network)
    assert figures["loss"] == pytest.approx(expected, rel=1e-4)
    assert figures["f_med"] == pytest.approx(np.abs(outputs["final"] - targets["final"]).mean(), rel=1e-5)
    assert figures["frame_accuracy"] == pytest.approx((p.argmax(-1) == targets["stages"].ravel()).mean())


def test_src_is_of_as_many_videos_as_there_are(network):
    """5,000, more than the metrics have room for without being asked."""
    truth = np.random.default_rng(0).permutation(5000).astype("float32")
    for measures in network.default_metrics(5000).values():
        for metric in [each for each in measures if each.name.endswith("_src")]:
            metric.update_state(truth, -truth)
            assert float(metric.result()) == pytest.approx(-1)
    assert network.default_metrics(3)["final"][0].capacity == CAPACITY


# === Videos that count, and for how much ===


@pytest.fixture(scope="module")
def network():
    """A model that no test trains."""
    return scoringnet_tf.ScoringNet(**SMALL)


@pytest.fixture
def without_metrics(network):
    """It, compiled without them: they take half the time."""
    return compiled(network, metrics={}, **EAGER)


def test_a_batch_without_known_truth_is_not_in_the_terms(without_metrics):
    """A video with scores and no stages, then one with stages alone: the terms of each are those of its own batch."""
    inputs, targets = batch()
    scored = {**targets, "stages": np.full_like(targets["stages"], -1)}
    unknown = {**targets, **{score: np.full(3, np.nan, "float32") for score in (*STATISTICS, "final")}}
    both = dataset(inputs, scored).concatenate(dataset(inputs, unknown))
    whole, found = measured(without_metrics), without_metrics.evaluate(both, verbose=0, return_dict=True)
    for term in (*SCORING_TERMS, "stage_loss"):
        assert found[term] == pytest.approx(whole[term], rel=1e-5) and whole[term] > 0


def test_a_small_last_batch_counts_by_its_videos(without_metrics):
    """The loss and its terms, of two videos and of one: a third of what is told is that of the last."""
    batches = tf.data.Dataset.from_tensor_slices(batch()).batch(2)

    def told(part):
        figures = without_metrics.evaluate(part, verbose=0, return_dict=True)
        return np.array([figures[name] for name in ("loss", "stage_loss", *sorted(SCORING_TERMS))])

    first, last = told(batches.take(1)), told(batches.skip(1))
    np.testing.assert_allclose(told(batches), (2 * first + last) / 3, rtol=1e-5)
    assert (first != last).all()


# === What learns ===


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phase", "changed", "fixed", "fragments"),
    [
        ("segmentation", "segmenter", "score_predictor", "true"),
        ("scoring", "score_predictor", "segmenter", "true"),
        ("scoring", "score_predictor", "segmenter", "predicted"),
    ],
)
def test_a_phase_trains_its_part_alone(phase, changed, fixed, fragments):
    _, before, after = step(phase, fragments)
    assert_same(before[fixed], after[fixed])
    assert any((a != b).any() for a, b in zip(before[changed], after[changed], strict=True))


def layers_of(network):
    """Part → layers, named one by one."""
    towers = network.score_predictor.towers
    trunks = [part.get_layer("c3d") for part in (network.segmenter, *towers.values())]
    return {"c3d": trunks, "kfs": [network.segmenter]} | {score: [tower] for score, tower in towers.items()}


@pytest.mark.parametrize("frozen", [("kfs",), ("c3d", "difficulty")])
def test_frozen_parts_stay_and_all_else_learns_and_a_second_compile_frees_them(frozen):
    network = shared("regression")
    fixed = {id(v) for part in frozen for layer in layers_of(network)[part] for v in layer.trainable_variables}
    weights = compiled(network).trainable_variables  # all there are
    before = [np.array(variable) for variable in weights]
    fitted(network, frozen=frozen, metrics={}, **EAGER)
    changed = {id(v) for v, old in zip(weights, before, strict=True) if (np.asarray(v) != old).any()}
    assert fixed and changed == {id(variable) for variable in weights} - fixed
    assert {id(v) for v in network.trainable_variables} == changed
    assert len(compiled(network).trainable_variables) == len(weights)


def test_weight_decay_is_that_of_the_kernels_that_learn():
    network = scoringnet_tf.ScoringNet(**merged(SMALL, {"score_predictor": {"kernel_l2": 0.01}}))
    frozen, learning = (network.score_predictor.towers[score] for score in ("difficulty", "execution"))
    kernels = [np.array(v) for v in learning.trainable_variables if v.path.endswith("kernel")]
    assert len(kernels) == 8 + 2 + 3
    logs = fitted(network, frozen=("difficulty",), metrics={}, **EAGER)
    assert logs["weight_decay"] == pytest.approx(0.01 * sum((kernel**2).sum() for kernel in kernels), rel=1e-5)
    assert frozen.losses == []


SCORE_METRICS = {f"{score}_{metric}" for score in "def" for metric in ("src", "med")}
STAGES = {"noise", "pre-starting", "take-flight", "entry"}
FRAME_METRICS = {"frame_accuracy", *(f"frame_accuracy/{stage}" for stage in STAGES)}
FRAME_METRICS |= {"edit_score", "f1_10", "f1_25", "f1_50"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phase", "fragments", "expected"),
    [
        ("segmentation", "true", {"stage_loss"} | FRAME_METRICS),
        ("scoring", "true", SCORING_TERMS | SCORE_METRICS | {"weight_decay"}),
        ("scoring", "predicted", SCORING_TERMS | SCORE_METRICS | FRAME_METRICS | {"weight_decay"}),
        ("joint", "true", SCORING_TERMS | SCORE_METRICS | FRAME_METRICS | {"weight_decay", "stage_loss"}),
    ],
)
def test_a_step_reports_what_it_computes(phase, fragments, expected):
    logs, *_ = step(phase, fragments)
    assert set(logs) == expected | {"loss"}


@pytest.mark.slow
def test_sp_trains_with_dropout_and_a_frozen_kfs_without():
    """Two steps of one model differ by dropout alone where nothing is learnt: a rate of 0."""

    def losses(phase, fragments, frozen=(), **dropout):
        keras.utils.set_random_seed(0)
        network = scoringnet_tf.ScoringNet(**merged(SMALL, dropout))
        network.compile(keras.optimizers.SGD(0.0), phase=phase, fragments=fragments, frozen=frozen, **EAGER)
        history = network.fit(dataset().repeat(), steps_per_epoch=1, epochs=2, verbose=0, shuffle=False).history
        return {name: first == second for name, (first, second) in history.items()}

    high, none = {"dropout_rate": 0.9}, {"dropout_rate": 0.0}
    assert not losses("scoring", "true", segmenter=none, score_predictor=high)["execution_mse"]
    frozen = losses("scoring", "predicted", segmenter=high, score_predictor=none)
    assert frozen["frame_accuracy"] and frozen["loss"]
    assert not losses("segmentation", "true", segmenter=high, score_predictor=none)["stage_loss"]
    towers = losses("joint", "true", ("kfs", "execution"), segmenter=high, score_predictor=high)
    assert (towers["stage_loss"], towers["execution_mse"], towers["difficulty_mse"]) == (True, True, False)


# === Fragments ===


def test_the_jitter_of_a_run_knows_where_a_video_ends():
    """All of a padded video is one fragment: moved, it stays that fragment, for the mask says what is padding."""
    network, (inputs, _) = telling(scoringnet_tf.ScoringNet(**merged(SMALL, WITHOUT_DROPOUT))), batch()
    compiled(network, phase="scoring", fragments="true", fragment_jitter=4)
    mask = np.arange(12) < np.array([[12], [9], [7]])
    stages = np.where(mask, 2, -1).astype("int32")
    expected = network.score_fragments(inputs["frames"], stages, mask)
    for _ in range(3):
        outputs = network({**inputs, "mask": mask, TRUE_STAGES: stages}, training=True)
        np.testing.assert_allclose(outputs["difficulty"], expected["difficulty"], rtol=1e-5)


# === Scaled losses ===


@pytest.mark.slow
def test_a_scaled_loss_keeps_its_scale_over_validations_and_in_checkpoints(tmp_path):
    """That it settled at, over `fit`, `evaluate`, and what was saved; and no variable is made twice."""
    networks = [scoringnet_tf.ScoringNet(**merged(SMALL, WHOLE)) for _ in range(2)]
    for network in networks:
        network.compile(keras.optimizers.LossScaleOptimizer(scoringnet_tf.LayerwiseAdam(), initial_scale=512.0))
        network.optimizer.build(network.trainable_variables)
    first, second = networks
    number, scale = len(first.optimizer.variables), first.optimizer.dynamic_scale
    scale.assign(64.0)
    first.fit(dataset(), validation_data=dataset(), verbose=0, shuffle=False)
    first.evaluate(dataset(), verbose=0)
    assert len(first.optimizer.variables) == number and first.optimizer.dynamic_scale is scale and float(scale) == 64
    first.save_weights(tmp_path / "run.weights.h5")
    second.load_weights(tmp_path / "run.weights.h5")
    second.fit(dataset(), verbose=0, shuffle=False)
    assert float(second.optimizer.dynamic_scale) == 64


# === Names, files ===


@pytest.mark.parametrize("kind", ["regression", "whole"])
def test_names_of_metrics_are_those_of_the_list_that_evaluate_returns(kind):
    network = compiled(shared(kind), **EAGER)
    named = dict(zip(network.metrics_names, network.evaluate(dataset(), verbose=0), strict=True))
    assert named == pytest.approx(measured(network), nan_ok=True)


# === Losses and metrics that compile is given ===


@functools.cache
def default_figures(kind):
    """Those of a shared model; no test below trains it."""
    return measured(compiled(shared(kind), **EAGER))


@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        ("whole", ScoreLoss()),
        ("distribution", ScoreDistributionLoss()),
        ("distribution", ScoreDistributionLoss(24.0, 4.0)),
    ],
    ids=["regression", "distribution", "with statistics"],
)
def test_a_loss_class_means_what_the_default_means(kind, loss):
    network, before = shared(kind), loss.get_config()
    found = measured(compiled(network, loss={"execution": loss}, **EAGER))
    assert found == pytest.approx(default_figures(kind), nan_ok=True)
    assert loss.get_config() == before  # the user's own stays as it is


def test_a_unit_that_is_given_stays():
    """One point; in standard deviations, here of four, squares are 16 times smaller."""
    points = measured(compiled(shared("whole"), loss={"execution": ScoreLoss(unit=1.0)}, **EAGER))
    assert points["execution_mse"] == pytest.approx(16 * default_figures("whole")["execution_mse"], rel=1e-5)


@pytest.mark.parametrize(
    ("model", "options", "code", "named"),
    [
        ("regression", {"phase": "both"}, "unknown_name", "both"),
        ("regression", {"fragments": "all"}, "unknown_name", "all"),
        ("regression", {"fragment_jitter": -1}, "out_of_range", "fragment_jitter"),
        ("regression", {"frozen": ("towers",)}, "unknown_name", "towers"),
        ("regression", {"frozen": ("kfs",), "phase": "segmentation"}, "nothing_to_train", "kfs"),
        ("regression", {"loss": {"stage": keras.losses.MeanSquaredError()}}, "unknown_name", "stage"),
        ("regression", {"loss": "mse"}, "wrong_value", "loss"),
        ("regression", {"metrics": [MAE]}, "wrong_value", "metrics"),
        ("regression", {"loss": {"stages": "cross_entropy"}}, "unknown_name", "cross_entropy"),
        ("regression", {"metrics": {"final": ["mea"]}}, "unknown_name", "mea"),
        ("regression", {"metrics": {"final": [MAE], "difficulty": [MAE]}}, "duplicate", "mean_absolute_error"),
        ("regression", {"metrics": {"final": [keras.metrics.Mean("stage_loss")]}}, "duplicate", "stage_loss"),
        ("regression", {"loss_weights": {"final": 2.0}}, "wrong_value", "loss_weights"),
        ("regression", {"weighted_metrics": [MAE]}, "wrong_value", "weighted_metrics"),
        ("regression", {"loss": {"execution": ScoreDistributionLoss()}}, "loss_head", "execution"),
        ("distribution", {"loss": {"final": ScoreDistributionLoss(unit=1.0)}}, "loss_head", "final"),
        ("regression", {"loss": {"final": ScoreLoss()}}, "loss_unit", "final"),  # no head says its standard deviation
        ("distribution", {"loss": {"execution": ScoreDistributionLoss(24.0, 5.0)}}, "loss_statistics", "5.0"),
        ("whole", {"phase": "segmentation"}, "nothing_to_train", "segmentation"),
        ("whole", {"fragment_jitter": 3}, "no_stages", "fragment_jitter"),
        ("whole", {"fragments": "predicted"}, "no_stages", "predicted"),
        ("whole", {"loss": {"stages": ScoreLoss()}}, "unknown_name", "stages"),
    ],
)
def test_what_compile_does_not_know_is_named(model, options, code, named):
    with refused(code, named):
        shared(model).compile("adam", **options)
