"""An ensemble is the mean of its members, and tells how far they spread: against NumPy."""

import numpy as np
import pytest
from refusals import refused
from training_runs import SMALL, STATISTICS, batch, telling, trained

from scoringnet_tf import ScoringNet, from_preset
from scoringnet_tf.inference.export import checked_outputs
from scoringnet_tf.losses import NUM_BINS, score_bins

FEATURES = {"features": {"size": 5, "stride": 1, "origin": None}, "fragments": "whole", "clip_lengths": (4, 4)}


def member(seed, head="regression", **options):
    """A model of features with random towers that disagree."""
    form = FEATURES | {"width_multiplier": 1 / 16, "score_statistics": STATISTICS} | options
    model = trained(ScoringNet(**form, score_predictor={"head": head}))
    rng = np.random.default_rng(seed)
    for tower in model.score_predictor.towers.values():
        tower.set_weights([each + rng.normal(size=each.shape).astype(each.dtype) / 4 for each in tower.get_weights()])
    return model


def features():
    rng = np.random.default_rng(0)
    return {"features": rng.normal(size=(3, 8, 5)).astype("float32"), "mask": np.ones((3, 8), bool)}


def arrays(outputs):
    return {name: np.asarray(each, np.float64) for name, each in outputs.items()}


@pytest.mark.parametrize("head", ["regression", "contrastive"])
def test_scores_are_means_and_spreads_are_deviations(head, tmp_path):
    models = [member(seed, head) for seed in range(3 if head == "regression" else 2)]
    ensemble = ScoringNet.of_members(models)
    ensemble.save(tmp_path / "model.keras")
    of_members, outputs = [arrays(each(features())) for each in models], arrays(from_preset(tmp_path)(features()))
    for score in STATISTICS:
        each = np.stack([said[score] for said in of_members], axis=1)
        assert each.std(axis=1).min() > 1e-3
        np.testing.assert_allclose(outputs[f"{score}_members"], each, rtol=1e-5)
        np.testing.assert_allclose(outputs[score], each.mean(axis=1), rtol=1e-5)
        np.testing.assert_allclose(outputs[f"{score}_std"], each.std(axis=1, ddof=1), rtol=1e-3)
    np.testing.assert_allclose(outputs["final"], outputs["difficulty"] * outputs["execution"], rtol=1e-5)
    finals = np.stack([said["final"] for said in of_members], axis=1)
    np.testing.assert_allclose(outputs["final_std"], finals.std(axis=1, ddof=1), rtol=1e-3)
    assert not [name for name in outputs if name.endswith("_features")]


def test_distributions_are_mixed():
    models = [member(seed, "distribution") for seed in range(2)]
    of_members = [arrays(each(features())) for each in models]
    outputs, bins = arrays(ScoringNet.of_members(models)(features())), np.asarray(score_bins())
    for score, (mean, std) in STATISTICS.items():
        mixture = np.mean([said[f"{score}_distribution"] for said in of_members], axis=0)
        assert mixture.shape == (3, NUM_BINS)
        moments = [(mixture * (mean + std * bins) ** power).sum(axis=1) for power in (1, 2)]
        np.testing.assert_allclose(outputs[score], moments[0], rtol=1e-4)
        np.testing.assert_allclose(outputs[f"{score}_std"] ** 2, moments[1] - moments[0] ** 2, rtol=1e-2)
        each = np.stack([said[score] for said in of_members], axis=1)
        np.testing.assert_allclose(outputs[f"{score}_members"], each, rtol=1e-5)


def test_mirrored_views_and_stages_of_frames():
    models = [telling(ScoringNet(**SMALL, views=2), factor=100.0 * number) for number in (1, 2)]
    models[1].segmenter.set_weights(models[0].segmenter.get_weights())
    outputs, of_members = (arrays(each(batch()[0])) for each in (ScoringNet.of_members(models), models[0]))
    np.testing.assert_array_equal(outputs["labels"], of_members["labels"])
    both = np.stack([of_members["execution"], arrays(models[1](batch()[0]))["execution"]], axis=1)
    np.testing.assert_allclose(outputs["execution_members"], both, rtol=1e-4)
    np.testing.assert_allclose(outputs["execution_std"], both.std(axis=1, ddof=1), rtol=1e-2, atol=1e-5)
    np.testing.assert_allclose(outputs["execution"], both.mean(axis=1), rtol=1e-4)


def test_copies_and_exports_have_all_outputs():
    ensemble = ScoringNet.of_members([member(seed) for seed in range(2)])
    before, exported = ensemble(features()), checked_outputs(ensemble.with_dtype("float32"))(features())
    for name, each in before.items():
        np.testing.assert_allclose(np.asarray(exported[name]), np.asarray(each), rtol=1e-5)


def test_what_is_no_ensemble():
    one = member(0)
    with refused("out_of_range", 1):
        ScoringNet.of_members([one])
    with refused("other_model", 2, "clip_lengths"):
        ScoringNet.of_members([one, member(1, clip_lengths=(3, 3))])
    with refused("not_trained", 2):
        other = member(1)
        other.scores_learned = False
        ScoringNet.of_members([one, other])
    with refused("other_model", 2, "segmenter"):
        ScoringNet.of_members([trained(ScoringNet(**SMALL)) for _ in range(2)])
    with refused("several_members"):
        ScoringNet.of_members([one, member(1)]).compile()
