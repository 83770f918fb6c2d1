"""A ScoringNet without what the data lack: one score, no stages, features in place of frames; and its distribution."""

import keras
import numpy as np
import pytest
from refusals import refused
from training_runs import SMALL, STATISTICS, batch, telling

import scoringnet_tf
from scoringnet_tf import losses
from scoringnet_tf.baselines.simple import sequence_statistics
from scoringnet_tf.models.fragments import FragmentSelector
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.regressor import StatisticsPooling
from scoringnet_tf.models.score_prediction import ScorePredictor
from scoringnet_tf.models.settings import merged

FINAL = {"score_predictor": {"scores": ("final",), "score_statistics": {"final": (80.0, 12.0)}}}
FEATURES = {"content": {"features": {"size": 6, "stride": 1, "origin": None}}}
WHOLE = {"segmenter": None}
DISTRIBUTION = {"score_predictor": {"head": "distribution"}}
ALL = {"difficulty", "execution", "final"}


def made(**options):
    return scoringnet_tf.ScoringNet(**merged(SMALL, options))


def batch_for(network):
    inputs, targets = batch()
    if network.content == "frames":
        return inputs, targets
    values = np.random.default_rng(1).normal(size=(*inputs["mask"].shape, 6)).astype("float32")
    return {"features": values, "mask": inputs["mask"]}, targets


def scalings(network):
    towers = list(network.score_predictor.towers.values())
    parts = [network.segmenter, *towers] if network.segmenter else towers
    return [part.get_layer("feature_scaling") for part in parts]


@pytest.mark.parametrize(
    ("options", "outputs"),
    [
        (FINAL, {"stages", "labels", "final", "empty_fragments"}),
        (merged(FINAL, WHOLE, DISTRIBUTION), {"final", "final_std", "final_distribution"}),
        (FEATURES, {"stages", "labels", *ALL, "empty_fragments"}),
        (merged(FEATURES, FINAL, WHOLE, {"score_predictor": {"clip_lengths": (1, 1)}}), {"final"}),
    ],
    ids=["final", "distribution", "features", "vectors"],
)
def test_outputs_are_those_that_there_are_and_survive_saving(options, outputs, tmp_path):
    keras.utils.set_random_seed(0)
    network = made(**options)
    inputs, _ = batch_for(network)
    expected = network(inputs)
    assert set(expected) == outputs
    network.save_to_preset(tmp_path)
    again = scoringnet_tf.from_preset(tmp_path)(inputs)
    for name in outputs:
        np.testing.assert_allclose(np.asarray(again[name]), np.asarray(expected[name]), atol=1e-5)


def test_a_whole_video_is_sampled_evenly_and_without_its_padding():
    network = telling(made(**WHOLE), 3000.0)
    inputs, _ = batch()
    lengths = (12, 9, 3)
    found = network({**inputs, "mask": np.arange(12) < np.array(lengths)[:, None]})
    assert set(found) == ALL
    clips = np.stack(
        [inputs["frames"][row, np.rint(np.linspace(0, n - 1, 8)).astype(int)] for row, n in enumerate(lengths)]
    )
    expected = network.score_predictor({"difficulty_clip": clips, "execution_clip": clips})
    for score in ALL:
        np.testing.assert_allclose(np.asarray(found[score]), np.asarray(expected[score]), rtol=1e-5)
        assert np.ptp(np.asarray(found[score])) > 1e-3
    assert network.sampled_frames == 8
    unequal = made(**merged(WHOLE, {"score_predictor": {"clip_lengths": (8, 9)}}))
    assert unequal.sampled_frames is made().sampled_frames is None


def test_one_tower_sees_the_fragment_of_execution():
    """In as many frames as execution's tower has, whatever difficulty's has."""
    network = telling(made(**merged(FINAL, {"score_predictor": {"clip_lengths": (4, 8)}})), 3000.0)
    inputs, targets = batch()

    def score_of(*stages):
        clips, _ = FragmentSelector(stages, 8)(inputs["frames"], targets["stages"], inputs["mask"])
        return np.asarray(network.score_predictor({"final_clip": clips})["final"])

    found = np.asarray(network.score_fragments(inputs["frames"], targets["stages"], inputs["mask"])["final"])
    np.testing.assert_allclose(found, score_of(2, 3), rtol=1e-5)
    assert np.abs(found - score_of(2)).min() > 0.01  # that of difficulty


# === Features ===


def test_towers_of_features_are_built_as_told():
    options = {"pool_stride": 1, "conv_filters": 96, "fc_units": 160}
    for tower in made(
        **merged(FEATURES, {"score_predictor": {"kernel_l2": 0.0123, **options}})
    ).score_predictor.towers.values():
        assert [tower.get_layer(f"regressor_conv{n}").filters for n in (1, 2)] == [96 // 16] * 2
        assert [tower.get_layer(f"regressor_pool{n}").output.shape[1] for n in (1, 2)] == [8, 8]  # of 8 steps
        assert [tower.get_layer(f"regressor_fc{n}").units for n in (1, 2)] == [160 // 16] * 2
        kernels = [layer for layer in tower.layers if hasattr(layer, "kernel")]
        assert [float(layer.kernel_regularizer.l2) for layer in kernels] == pytest.approx([0.0123] * 5)


def test_features_that_never_vary_are_left_out_of_a_file_too(tmp_path):
    """A unit that is silent in training, as after a ReLU: no deviation, and no weight that is no finite number."""
    network = made(**FEATURES)
    for layer in scalings(network):
        layer.adapt(np.full(6, 5.0, "float32"), np.float32([3, 2, 0, 1, 1, 1]))
    network.save(tmp_path / "model.keras")
    (first, *_) = scalings(load_scoring_net(tmp_path / "model.keras"))
    np.testing.assert_allclose(np.asarray(first(np.full((1, 6), 8.0)))[0], [1, 1.5, 0, 3, 3, 3], atol=1e-6)


@pytest.mark.slow
def test_features_are_brought_to_standard_units_before_a_fit():
    """By the steps that are some, and without one that never varies; a model that knows nothing of them says so."""
    network = made(**FEATURES)
    inputs, targets = batch_for(network)
    network.compile(keras.optimizers.SGD(0.0))
    inputs["features"][..., 2] = 5.0
    inputs["mask"][1, 9:] = False
    inputs["features"][1, 9:] = 1e6  # padding
    halves = [({name: value[rows] for name, value in inputs.items()}, {}) for rows in (slice(0, 1), slice(1, 3))]
    with pytest.warns(UserWarning, match="adapt_features"):
        network.fit(inputs, targets, verbose=0)
    network.adapt_features(halves)
    steps, varies = inputs["features"][inputs["mask"]], np.arange(6) != 2
    for layer in scalings(network):
        np.testing.assert_allclose(layer.mean, steps.mean(axis=0), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(np.array(layer.deviation)[varies], steps.std(axis=0)[varies], rtol=1e-5)
        assert float(layer.deviation[2]) > 1e6
    network.fit(inputs, targets, verbose=0)
    with refused("no_videos"):
        network.adapt_features([])
    with refused("sees_frames"):
        made(**FINAL).adapt_features(halves)


# === Statistics beside the towers ===


def described_batches(number, seed, lengths=(5, 40)):
    """Batches of four sequences, whose score is told by their length and by the spread of their first feature."""
    rng = np.random.default_rng(seed)
    for first in range(0, number, 4):
        steps, levels = rng.integers(*lengths, 4), rng.uniform(0.5, 3, 4)
        mask = np.arange(max(steps)) < steps[:, None]
        features = rng.normal(size=(*mask.shape, 6)).astype("float32")
        features[:, :, 0] *= levels[:, None]
        scores = (80 + 10 * np.log(steps) + 5 * levels).astype("float32")
        ids = np.array([f"{first + row}".encode() for row in range(4)])
        yield {"features": features, "mask": mask}, {"final": scores, "stages": mask * 2}, {"id": ids}


def of_statistics(**options):
    return made(**merged(FEATURES, FINAL, options, {"score_predictor": {"statistics": True, "dropout_rate": 0.0}}))


def described(clip):
    changes = np.abs(np.diff(clip, axis=0)).mean(axis=0)
    parts = [clip[[step for step in range(len(clip)) if 4 * step // len(clip) == part]] for part in range(4)]
    quarters = [(part if len(part) else clip).mean(axis=0) for part in parts]
    return np.concatenate([clip.mean(0), clip.std(0), clip.min(0), clip.max(0), changes, *quarters])


@pytest.mark.parametrize("length", [2, 8, 11, 13])
def test_statistics_of_a_clip_are_those_of_numpy_and_of_other_systems(length):
    clips = np.random.default_rng(0).normal(3, 2, size=(5, length, 4)).astype("float32")
    found, expected = np.asarray(StatisticsPooling()(clips)), [described(clip) for clip in clips]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose([sequence_statistics(clip)[:-1] for clip in clips], expected, rtol=1e-4, atol=1e-5)


def test_statistics_are_brought_to_standard_units_of_the_true_fragments():
    network, batches = of_statistics(), list(described_batches(8, seed=1))
    network.adapt_features(batches)
    views = [network.select_fragments(x["features"], y["stages"], x["mask"])[0] for x, y, _ in batches]
    values = np.array([described(clip) for clip in np.concatenate([each["final_clip"] for each in views])])
    _, scaling = network.score_predictor.poolings["final"]
    np.testing.assert_allclose(np.asarray(scaling.mean), values.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.asarray(scaling.deviation), values.std(axis=0), rtol=1e-3)


def test_a_tower_with_statistics_learns_and_survives_saving(tmp_path):
    keras.utils.set_random_seed(0)
    options = {"statistics": True, "head": "distribution", "dropout_rate": 0.0}
    network = made(**merged(FEATURES, FINAL, WHOLE, {"score_predictor": options}))
    batches = list(described_batches(8, seed=0))
    network.adapt_features(batches)
    network.compile(keras.optimizers.Adam(1e-2), metrics={})
    history = [network.train_on_batch(*batches[0][:2], return_dict=True)["loss"] for _ in range(30)]
    assert history[-1] < 0.5 * history[0]
    network.save(tmp_path / "model.keras")
    again, inputs = load_scoring_net(tmp_path / "model.keras"), batches[1][0]
    np.testing.assert_allclose(again(inputs)["final"], network(inputs)["final"], rtol=1e-4)


@pytest.mark.slow
def test_a_fused_final_score_can_be_learnt_as_well():
    """From videos that know no more: difficulty and execution have no gradient, the final score has."""
    keras.utils.set_random_seed(0)
    network = made(**merged(FEATURES, {"score_predictor": {"kernel_l2": 0.0, "dropout_rate": 0.0}}))
    inputs, targets = batch_for(network)
    unknown = {**targets, "difficulty": np.full(3, np.nan, "float32"), "execution": np.full(3, np.nan, "float32")}
    final = losses.ScoreLoss(alpha=0.0, unit=10.0)
    network.compile(keras.optimizers.Adam(1e-2), metrics={}, loss={"final": final}, phase="scoring")
    history = [network.train_on_batch(inputs, unknown, return_dict=True) for _ in range(60)]
    assert history[0]["difficulty_mse"] == history[0]["execution_mse"] == 0
    assert history[-1]["final_mse"] < 0.3 * history[0]["final_mse"]


# === Distributions ===


def test_a_distribution_says_its_score_and_how_sure_it_is():
    model = ScorePredictor(
        image_size=(32, 32), width_multiplier=1 / 16, **SMALL["score_predictor"], head="distribution"
    )
    clips = np.random.default_rng(3).integers(0, 256, (2, 8, 32, 32, 3)).astype("uint8")
    for tower in model.towers.values():
        kernel, bias = tower.get_layer("regressor_fc3").get_weights()
        tower.get_layer("regressor_fc3").set_weights([kernel, np.random.default_rng(4).normal(size=bias.shape)])
    outputs = model({"difficulty_clip": clips, "execution_clip": clips})
    found = {name: np.asarray(value) for name, value in outputs.items()}
    bins, moments = np.linspace(-4, 4, losses.NUM_BINS), {}
    for score, (mean, std) in STATISTICS.items():
        p = found[f"{score}_distribution"]
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        expected = p @ bins
        moments[score] = mean + std * expected, std * np.sqrt(p @ bins**2 - expected**2)
        np.testing.assert_allclose(found[score], moments[score][0], rtol=1e-4)
        np.testing.assert_allclose(found[f"{score}_std"], moments[score][1], rtol=1e-3)
    (d, sd), (e, se) = moments["difficulty"], moments["execution"]
    np.testing.assert_allclose(found["final"], d * e, rtol=1e-4)
    np.testing.assert_allclose(found["final_std"], np.sqrt(d**2 * se**2 + e**2 * sd**2 + sd**2 * se**2), rtol=1e-3)
