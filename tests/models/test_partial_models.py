"""A ScoringNet without what the data lack: one score, no stages, features in place of frames; and its distribution."""

import keras
import numpy as np
import pytest
from training_runs import SMALL, STATISTICS, batch, telling

import scoringnet_tf
from scoringnet_tf import losses
from scoringnet_tf.models.fragments import resampling_indices
from scoringnet_tf.models.layers import FeatureScaling
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.score_prediction import ScorePredictor

FINAL = {**SMALL, "scores": ("final",), "score_statistics": {"final": (80.0, 12.0)}}
ALL = ("difficulty", "execution", "final")


def feature_batch(size=6):
    inputs, targets = batch()
    values = np.random.default_rng(1).normal(size=(*inputs["mask"].shape, size)).astype("float32")
    return {"features": values, "mask": inputs["mask"]}, targets


def feature_model(**options):
    return scoringnet_tf.ScoringNet(**{**SMALL, "features": {"size": 6, "stride": 1, "origin": None}, **options})


def scalings(model):
    return [layer for layer in model._flatten_layers() if isinstance(layer, FeatureScaling)]


@pytest.mark.parametrize(
    ("model", "outputs"),
    [
        (lambda: scoringnet_tf.ScoringNet(**FINAL), {"stages", "labels", "final", "empty_fragments"}),
        (lambda: scoringnet_tf.ScoringNet(**SMALL, fragments="whole"), set(ALL)),
        (lambda: scoringnet_tf.ScoringNet(**FINAL, fragments="whole"), {"final"}),
        (
            lambda: scoringnet_tf.ScoringNet(**FINAL, fragments="whole", score_predictor={"head": "distribution"}),
            {"final", "final_std", "final_distribution"},
        ),
        (feature_model, {"stages", "labels", *ALL, "empty_fragments"}),
        (lambda: feature_model(**{**FINAL, "fragments": "whole", "clip_lengths": (1, 1)}), {"final"}),
    ],
    ids=["final", "whole", "final whole", "distribution", "features", "vectors"],
)
def test_outputs_are_those_that_there_are_and_survive_saving(model, outputs, tmp_path):
    keras.utils.set_random_seed(0)
    network = model()
    inputs, _ = batch() if network.content == "frames" else feature_batch()
    found = network(inputs)
    assert set(found) == outputs
    network.save_to_preset(tmp_path)
    again = scoringnet_tf.from_preset(tmp_path)(inputs)
    for name in outputs:
        np.testing.assert_allclose(np.asarray(again[name]), np.asarray(found[name]), atol=1e-5)


def test_a_whole_video_is_sampled_evenly_and_without_its_padding():
    model = scoringnet_tf.ScoringNet(**SMALL, fragments="whole")
    inputs, _ = batch()
    mask = np.arange(12) < np.array([[12], [9], [3]])
    for tower in model.score_predictor.towers.values():  # which begin near the mean, whatever they see
        tower.get_layer("regressor_fc3").kernel.assign(np.full((512 // 16, 1), 9.0))
    found = model({**inputs, "mask": mask})
    clips = np.stack(
        [inputs["frames"][row, np.rint(np.linspace(0, n - 1, 8)).astype(int)] for row, n in ((0, 12), (1, 9), (2, 3))]
    )
    expected = model.score_predictor({"difficulty_clip": clips, "execution_clip": clips})
    for score in ALL:
        np.testing.assert_allclose(np.asarray(found[score]), np.asarray(expected[score]), rtol=1e-5)
        assert np.ptp(np.asarray(found[score])) > 1e-3
    assert model.sampled_frames == 8
    assert scoringnet_tf.ScoringNet(**{**SMALL, "clip_lengths": (8, 9)}, fragments="whole").sampled_frames is None
    assert scoringnet_tf.ScoringNet(**SMALL).sampled_frames is None


def test_one_tower_sees_the_fragment_of_execution():
    """In as many frames as execution's tower has, whatever difficulty's has."""
    model = telling(scoringnet_tf.ScoringNet(**{**FINAL, "clip_lengths": (4, 8)}), 3000.0)
    inputs, targets = batch()

    def score_of(*stages):
        indices = np.asarray(resampling_indices(np.isin(targets["stages"], stages), 8))
        clips = np.stack([inputs["frames"][row, indices[row]] for row in range(3)])
        return np.asarray(model.score_predictor({"final_clip": clips})["final"])

    found = np.asarray(model.score_fragments(inputs["frames"], targets["stages"], inputs["mask"])["final"])
    np.testing.assert_allclose(found, score_of(2, 3), rtol=1e-5)
    assert np.abs(found - score_of(2)).min() > 0.01  # that of difficulty


def test_towers_of_features_are_built_as_told():
    model = feature_model(kernel_l2=0.0123, score_predictor={"pool_stride": 1, "conv_filters": 96, "fc_units": 160})
    for tower in model.score_predictor.towers.values():
        assert [tower.get_layer(f"regressor_conv{n}").filters for n in (1, 2)] == [96 // 16] * 2
        assert [tower.get_layer(f"regressor_pool{n}").output.shape[1] for n in (1, 2)] == [8, 8]  # of 8 steps
        assert [tower.get_layer(f"regressor_fc{n}").units for n in (1, 2)] == [160 // 16] * 2
        kernels = [layer for layer in tower.layers if hasattr(layer, "kernel")]
        assert len(kernels) == 2 + 3
        assert [float(layer.kernel_regularizer.l2) for layer in kernels] == pytest.approx([0.0123] * 5)


def test_features_are_scaled_by_the_statistics_that_were_given():
    layer = FeatureScaling()
    x = np.random.default_rng(0).normal(5, 3, (4, 7, 3)).astype("float32")
    assert np.allclose(layer(x), x)  # nothing known yet
    layer.adapt(np.float32([5, 1, 2]), np.float32([3, 2, 0]))
    expected = np.stack([(x[..., 0] - 5) / 3, (x[..., 1] - 1) / 2, np.zeros((4, 7))], axis=-1)
    np.testing.assert_allclose(np.asarray(layer(x)), expected, atol=1e-6)


def test_features_that_never_vary_are_left_out_of_a_file_too(tmp_path):
    """A unit that is silent in training, as after a ReLU: no deviation, and no weight that is no finite number."""
    model = scoringnet_tf.ScoringNet(
        features={"size": 3, "stride": 1, "origin": None}, width_multiplier=1 / 16, clip_lengths=(4, 4)
    )
    for layer in scalings(model):
        layer.adapt(np.float32([5, 1, 2]), np.float32([3, 2, 0]))
    model.save(tmp_path / "model.keras")
    (first, *_) = scalings(load_scoring_net(tmp_path / "model.keras"))
    np.testing.assert_allclose(np.asarray(first(np.float32([[8, 5, 7]]))), [[1, 2, 0]], atol=1e-30)


def test_a_distribution_says_its_score_and_how_sure_it_is():
    model = ScorePredictor(
        image_size=(32, 32),
        width_multiplier=1 / 16,
        clip_lengths=(8, 8),
        score_statistics=STATISTICS,
        head="distribution",
    )
    clips = np.random.default_rng(3).integers(0, 256, (2, 8, 32, 32, 3)).astype("uint8")
    for tower in model.towers.values():
        kernel, bias = tower.get_layer("regressor_fc3").get_weights()
        tower.get_layer("regressor_fc3").set_weights([kernel, np.random.default_rng(4).normal(size=bias.shape)])
    found = {
        name: np.asarray(value) for name, value in model({"difficulty_clip": clips, "execution_clip": clips}).items()
    }
    bins, moments = np.linspace(-4, 4, losses.NUM_BINS), {}
    for score, (mean, std) in STATISTICS.items():
        p = found[f"{score}_distribution"]
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        expected = p @ bins
        spread = np.sqrt(p @ bins**2 - expected**2)
        moments[score] = mean + std * expected, std * spread
        np.testing.assert_allclose(found[score], moments[score][0], rtol=1e-4)
        np.testing.assert_allclose(found[f"{score}_std"], moments[score][1], rtol=1e-3)
    (d, sd), (e, se) = moments["difficulty"], moments["execution"]
    np.testing.assert_allclose(found["final"], d * e, rtol=1e-4)
    np.testing.assert_allclose(found["final_std"], np.sqrt(d**2 * se**2 + e**2 * sd**2 + sd**2 * se**2), rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", [lambda: scoringnet_tf.ScoringNet(**FINAL, fragments="whole"), feature_model], ids=["one", "features"]
)
def test_a_step_trains_what_there_is(model):
    keras.utils.set_random_seed(0)
    network = model()
    inputs, targets = batch() if network.content == "frames" else feature_batch()
    network.compile(keras.optimizers.Adam(1e-2))
    learning, kept = network.trainable_variables, [layer.mean for layer in scalings(network)]
    before = [np.array(variable) for variable in learning]
    logs = network.train_on_batch(inputs, targets, return_dict=True)
    assert not any(np.array_equal(was, is_now) for was, is_now in zip(before, learning, strict=True))
    assert all(np.all(np.array(mean) == 0) for mean in kept) and len(kept) == 3 * (network.content == "features")
    if network.content == "frames":
        assert set(logs) == {"loss", "final_mse", "final_ranking", "weight_decay", "f_src", "f_med"}
    else:
        assert {"stage_loss", "difficulty_mse", "execution_mse", "frame_accuracy", "f_src"} <= set(logs)


@pytest.mark.slow
def test_features_are_brought_to_standard_units_before_a_fit():
    """Of the steps that are some, and without one that never varies; a model that knows nothing of them says so."""
    network, (inputs, targets) = feature_model(), feature_batch()
    network.compile(keras.optimizers.SGD(0.0))
    inputs["features"][..., 2] = 5.0
    inputs["mask"][1, 9:] = False
    inputs["features"][1, 9:] = 1e6  # padding
    halves = [({name: value[rows] for name, value in inputs.items()}, {}) for rows in (slice(0, 1), slice(1, 3))]
    with pytest.warns(UserWarning, match=r"not in standard units: call adapt_features\(train\) before fit"):
        network.fit(inputs, targets, verbose=0)
    network.adapt_features(halves)
    steps = inputs["features"][inputs["mask"]]
    for layer in scalings(network):
        np.testing.assert_allclose(layer.mean, steps.mean(axis=0), rtol=1e-5, atol=1e-6)
        varies = np.arange(6) != 2
        np.testing.assert_allclose(np.array(layer.deviation)[varies], steps.std(axis=0)[varies], rtol=1e-5)
        assert float(layer.deviation[2]) > 1e6
    network.fit(inputs, targets, verbose=0)
    with pytest.raises(ValueError, match=r"Expected one or more videos in dataset\. Received: none"):
        network.adapt_features([])
    with pytest.raises(ValueError, match=r"Expected a model that takes features\. Received: one that takes frames"):
        scoringnet_tf.ScoringNet(**FINAL).adapt_features(halves)


@pytest.mark.slow
def test_a_fused_final_score_can_be_learnt_as_well():
    """Of videos that know no more: difficulty and execution have no gradient, the final score has."""
    keras.utils.set_random_seed(0)
    model = feature_model(kernel_l2=0.0, score_predictor={"dropout_rate": 0.0})
    inputs, targets = feature_batch()
    unknown = {**targets, "difficulty": np.full(3, np.nan, "float32"), "execution": np.full(3, np.nan, "float32")}
    final = losses.ScoreLoss(alpha=0.0, unit=10.0)
    model.compile(keras.optimizers.Adam(1e-2), metrics={}, loss={"final": final}, phase="scoring")
    history = [model.train_on_batch(inputs, unknown, return_dict=True) for _ in range(60)]
    assert history[0]["difficulty_mse"] == history[0]["execution_mse"] == 0
    assert history[-1]["final_mse"] < 0.3 * history[0]["final_mse"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: scoringnet_tf.ScoringNet(**SMALL, fragments="half"), "Expected fragments to be one of key, whole"),
        (lambda: ScorePredictor(scores=("execution",)), "Expected scores to be one of"),
        (lambda: ScorePredictor(head="median"), "Expected head to be one of regression, distribution"),
        (
            lambda: scoringnet_tf.ScoringNet(**SMALL, fragments="whole").compile(phase="segmentation"),
            "Expected a phase that trains score_predictor. Received: phase='segmentation'",
        ),
        (
            lambda: scoringnet_tf.ScoringNet(**SMALL, fragments="whole").compile(fragment_jitter=3),
            "Expected no fragments of a model that scores whole videos. Received: fragments='true', fragment_jitter=3",
        ),
        (
            lambda: scoringnet_tf.ScoringNet(**SMALL, fragments="whole").compile(fragments="predicted"),
            "Expected no fragments of a model that scores whole videos. Received: fragments='predicted'",
        ),
        (
            lambda: scoringnet_tf.ScoringNet(**FINAL).compile(loss={"execution": losses.ScoreLoss()}),
            r"Expected losses and metrics of stages, final. Received: \['execution'\]",
        ),
    ],
)
def test_what_there_is_not_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
