"""Checks on features, in predictions and in exports, which withhold the same."""

import numpy as np
import pytest
import tensorflow as tf
from scripted_stages import labels_of
from test_checks import DIVE, STAGES, STATISTICS, codes
from training_runs import trained

import scoringnet_tf
from scoringnet_tf.inference.checks import REASONS
from scoringnet_tf.inference.export import checked_outputs
from scoringnet_tf.inference.predictor import score_video
from scoringnet_tf.models.settings import merged
from scoringnet_tf.models.training_statistics import Spread, TrainingStatistics


def feature_model(**options):
    small = {"width_multiplier": 1 / 16, "score_predictor": {"clip_lengths": (4, 4), "score_statistics": STATISTICS}}
    features = {"size": 4, "stride": 2, "origin": None}
    return trained(
        scoringnet_tf.ScoringNet(**merged(small, {"content": {"features": features}, "segmenter": None}, options))
    )


@pytest.mark.parametrize(
    ("num_steps", "steps", "is_told"),
    [
        ((2900, 3100), 5, True),
        ((20, 40), 59, False),
        ((20, 40), 61, True),
        ((1, 1), 1, False),
        (None, 5, False),
    ],
)
def test_features_of_a_length_outside_training_are_told(tmp_path, num_steps, steps, is_told):
    """A model of features without stages knows no durations; an older one has no lengths either."""
    reference = TrainingStatistics(60, "", 0, {}, (), num_steps=num_steps).get_config()
    if num_steps is None:
        del reference["num_steps"]
    model = feature_model(reference=reference)
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(steps, 4)))
    score = score_video(tmp_path / "v.npy", model)
    assert score.status == "scored"
    assert ("length_unlike_training" in [warning.code for warning in score.warnings]) == is_told


def exported_codes(model, inputs):
    """The codes of `reasons` for each video; `valid` says whether there are none."""
    outputs = {name: np.asarray(value) for name, value in checked_outputs(model)(inputs).items()}
    assert outputs["valid"].tolist() == (~outputs["reasons"].any(axis=1)).tolist()
    return [[REASONS[number] for number in np.flatnonzero(row)] for row in outputs["reasons"]]


def test_an_export_calls_no_score_valid_that_cannot_be():
    inputs = {"features": tf.zeros((2, 25, 4)), "mask": tf.ones((2, 25), tf.bool)}
    for difficulty, expected in ((3.2, True), (100.0, False)):
        model = feature_model(score_predictor={"score_statistics": {**STATISTICS, "difficulty": (difficulty, 0.3)}})
        assert exported_codes(model, inputs) == [[] if expected else ["impossible_score"]] * 2


STRICT = {
    "unlike_training": {"spread": Spread([0.0] * 4, [[1.0, 0, 0, 0]], [1.0], 1.0, limit=1e-3)},
    "uncertain_stage": {"certainty": dict.fromkeys(STAGES, 0.999)},
    "missing_stage": {"required": STAGES},
    "stage_duration": {"durations": {"entry": (9.0, 10.0)}},
}


def statistics(**changes):
    return TrainingStatistics(60, "", 0, **{"durations": {}, "required": (), **changes}).get_config()


@pytest.fixture(scope="module")
def identity():
    """A model whose KFS is the identity, and whose statistics speak against nothing."""
    options = {"provenance": {"frame_rate": 25.0}, "segmenter": {"network": "c3d"}}
    model = feature_model(reference=statistics(), **options)
    for name in ("fc1", "fc2"):
        kernel, bias = model.segmenter.get_layer(name).get_weights()
        model.segmenter.get_layer(name).set_weights([np.eye(*kernel.shape), 0 * bias])
    return model


def assert_reasons(model, stages, reasons, path):
    """In `predict` and in an export. The features are the logarithms of KFS's probabilities, moved to be positive."""
    features = np.log(np.where(np.eye(4, dtype=bool)[stages], 0.85, 0.05)).astype("float32") + 10
    np.save(path, features)
    assert codes(score_video(path, model)) == reasons
    assert exported_codes(model, {"features": features[None], "mask": np.ones((1, len(features)), bool)}) == [reasons]


@pytest.mark.parametrize("check", STRICT)
def test_an_export_makes_each_check_that_predict_makes(identity, check, tmp_path):
    stages = labels_of((0, 5), (2, 8), (3, 8), (0, 4)) if check == "missing_stage" else labels_of(*DIVE)
    assert_reasons(identity, stages, [], tmp_path / "v.npy")
    strict = identity.with_dtype("float32", reference=statistics(**STRICT[check]))
    assert_reasons(strict, stages, [check], tmp_path / "v.npy")


def test_features_of_two_performances_cannot_be_scored_apart(identity, tmp_path):
    assert_reasons(identity, labels_of(*DIVE, *DIVE), ["stage_order", "several_performances"], tmp_path / "v.npy")
