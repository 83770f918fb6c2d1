"""A fragment and its mirror image: the mean of what the towers say of each, against a loop over them."""

import keras
import numpy as np
import pytest
from conftest import write_bars
from refusals import refused
from training_runs import SMALL, assert_same, telling

import scoringnet_tf
from scoringnet_tf.inference.export import checked_outputs
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.models.presets import load_scoring_net, with_decoding
from scoringnet_tf.models.settings import merged
from scoringnet_tf.models.training_statistics import Intervals, TrainingStatistics

STATISTICS = {"difficulty": (3.0, 0.3), "execution": (22.0, 4.0)}
FRAGMENTS = {"difficulty": (2,), "execution": (2, 3)}  # of diving
STAGES = np.array([[0, 1, 1, 2, 2, 2, 2, 2, 3, 3, 0, 0], [2, 2, 2, 2, 3, 3, 3, 0, 0, 0, 0, 0]], np.int32)
LENGTHS = (12, 7)  # the second ends with the last frame of its entry
MASK = np.arange(12) < np.array(LENGTHS)[:, None]
FRAMES = np.random.default_rng(0).integers(0, 256, (2, 12, 32, 32, 3)).astype("uint8") * MASK[..., None, None, None]


def made(views=1, **changes):
    """A tiny model whose scores depend on what it sees."""
    keras.utils.set_random_seed(0)
    of_scores = {"clip_lengths": (8, 6), "score_statistics": STATISTICS, "views": views}
    options = {"score_predictor": of_scores, "content": {"frame_size": (36, 48)}}
    return telling(scoringnet_tf.ScoringNet(**merged(SMALL, options, changes)), 10_000.0)


def looped(model, video, stages, views):
    """Score → mean over the views, of one video without padding: (L, H, W, 3) and (L,)."""
    means = {}
    for score, wanted in FRAGMENTS.items():
        tower = model.score_predictor.towers[score]
        member = np.flatnonzero(np.isin(stages, wanted))
        chosen = member[np.round(np.linspace(0, len(member) - 1, tower.input.shape[1])).astype(int)]
        clips = [video[chosen], video[chosen][:, :, ::-1]][:views]
        means[score] = np.mean(np.asarray(tower(np.stack(clips), training=False)), axis=0)
    return means


def test_scores_are_the_mean_over_the_views():
    """Two videos of different length in a batch; the final score is fused of the means; views differ."""
    executions = []
    for views in (1, 2):
        model = made(views)
        outputs = model.score_fragments(FRAMES, STAGES, MASK)
        for row, length in enumerate(LENGTHS):
            expected = looped(model, FRAMES[row, :length], STAGES[row, :length], views)
            for score, value in expected.items():
                assert float(outputs[score][row]) == pytest.approx(value, rel=1e-5)
            fused = model.sport.fuse(expected["difficulty"], expected["execution"])
            assert float(outputs["final"][row]) == pytest.approx(float(fused), rel=1e-5)
        assert not np.asarray(outputs["empty_fragments"]).any()
        executions.append(np.asarray(outputs["execution"]))
    assert np.abs(np.diff(executions, axis=0)).min() > 1e-3


def test_a_distribution_is_the_mean_of_distributions():
    model = made(2, score_predictor={"head": "distribution"})
    outputs = model.score_fragments(FRAMES, STAGES, MASK)
    expected = looped(model, FRAMES[0], STAGES[0], 2)
    bins = np.asarray(scoringnet_tf.losses.score_bins())
    for score, (center, std) in STATISTICS.items():
        mixture = expected[score]
        np.testing.assert_allclose(np.asarray(outputs[f"{score}_distribution"])[0], mixture, rtol=1e-4, atol=1e-7)
        mean = mixture @ bins
        assert float(outputs[score][0]) == pytest.approx(center + std * mean, rel=1e-4)
        deviation = std * np.sqrt(mixture @ (bins - mean) ** 2)
        assert float(outputs[f"{score}_std"][0]) == pytest.approx(deviation, rel=1e-3)


def test_training_sees_one():
    models = (made(views, score_predictor={"dropout_rate": 0.0}) for views in (2, 1))
    several, one = (model.score_fragments(FRAMES, STAGES, MASK, training=True)["final"] for model in models)
    np.testing.assert_allclose(np.asarray(several), np.asarray(one), rtol=1e-6)


def test_whole_videos_are_mirrored():
    model, plain = (made(views, segmenter=None) for views in (2, 1))
    found = np.asarray(model({"frames": FRAMES, "mask": MASK})["execution"])
    both = [np.asarray(plain({"frames": each, "mask": MASK})["execution"]) for each in (FRAMES, FRAMES[..., ::-1, :])]
    np.testing.assert_allclose(found, np.mean(both, axis=0), rtol=1e-5)


@pytest.mark.parametrize(("views", "options"), [(3, {}), (2, {"content": {"features": {"size": 4, "stride": 1}}})])
def test_views_that_a_model_cannot_see_are_refused(views, options):
    with refused("unknown_name", views):
        made(views, **options)


@pytest.mark.slow
def test_files_exports_and_the_model_say_the_same(tmp_path):
    """And a file keeps how many there are."""
    write_bars(tmp_path / "dive.avi", 40)
    made(2, segmenter={"decoding": "ordered"}).save(tmp_path / "model.keras")
    model = load_scoring_net(tmp_path / "model.keras")
    assert model.score_predictor.views == 2
    inputs = model.preprocessor(tmp_path / "dive.avi")
    outputs, exported = model(inputs, training=False), checked_outputs(model)(inputs)
    score = Predictor(model)(tmp_path / "dive.avi", force=True)
    for name in ("difficulty", "execution", "final"):
        assert getattr(score, name) == pytest.approx(float(outputs[name][0]), rel=1e-5)
        assert float(exported[name][0]) == pytest.approx(float(outputs[name][0]), rel=1e-5)


def test_another_decoding_computes_as_before_and_has_no_intervals():
    """They were measured with the first; the same decoding keeps them."""
    widths = Intervals(0.9, {"final": 9.0}, {"final": 40})
    measured = {"intervals": widths, "times": widths, "certainty": {}}
    reference = TrainingStatistics(40, "", 0, {"entry": (0.2, 0.5)}, ("entry",), **measured)
    model = made(2, reference=reference.get_config(), dtype="mixed_bfloat16", segmenter={"decoding": "ordered"})
    assert with_decoding(model, "ordered") is model
    changed = with_decoding(model, "argmax")
    for intervals in (changed.reference.intervals, changed.reference.times):
        assert intervals.half_widths == {} and intervals.lacking
    assert changed.reference.durations == reference.durations
    assert changed.get_config()["dtype"] == "mixed_bfloat16"
    assert_same(changed.get_weights(), model.get_weights())
