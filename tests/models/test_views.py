"""Several views of a fragment: the mean of what the towers say of each, against a loop over them."""

import keras
import numpy as np
import pytest
from conftest import write_bars

import scoringnet_tf
from scoringnet_tf.inference.predictor import Predictor
from scoringnet_tf.inference.serving import checked_outputs
from scoringnet_tf.losses import NUM_BINS
from scoringnet_tf.models.presets import load_scoring_net, with_decoding, with_views
from scoringnet_tf.models.training_statistics import Intervals, TrainingStatistics
from scoringnet_tf.support.errors import InputError

SMALL = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 6), "frame_size": (36, 48)}
SEEN = {1: [(0, False)], 2: [(0, False), (0, True)], 6: [(m, f) for f in (False, True) for m in (0, -1, 1)]}
FRAGMENTS = {"difficulty": (2,), "execution": (2, 3)}  # of diving
STAGES = np.array([[0, 1, 1, 2, 2, 2, 2, 2, 3, 3, 0, 0], [2, 2, 2, 2, 3, 3, 3, 0, 0, 0, 0, 0]], np.int32)
LENGTHS = (12, 7)  # the second ends with the last frame of its entry


def made(views=1, seed=0, **changes):
    """A tiny model whose scores depend on what it sees."""
    keras.utils.set_random_seed(seed)
    statistics = {"difficulty": (3.0, 0.3), "execution": (22.0, 4.0)}
    model = scoringnet_tf.ScoringNet(**{**SMALL, "score_statistics": statistics, "views": views, **changes})
    for tower in model.score_predictor.towers.values():
        layer = tower.get_layer("regressor_fc3")
        layer.set_weights([100 * layer.get_weights()[0], layer.get_weights()[1]])
    return model


def videos_of(seed=0):
    frames = np.random.default_rng(seed).integers(0, 256, (2, 12, 32, 32, 3)).astype("uint8")
    mask = np.arange(12) < np.array(LENGTHS)[:, None]
    frames[~mask] = 0
    return frames, mask


def looped(model, video, stages, views):
    """Score → mean over the views, of one video without padding: (L, H, W, 3) and (L,)."""
    found = {}
    for score, wanted in FRAGMENTS.items():
        tower = model.score_predictor.towers[score]
        member = np.flatnonzero(np.isin(stages, wanted))
        chosen = member[np.round(np.linspace(0, len(member) - 1, tower.input.shape[1])).astype(int)]
        values = []
        for move, mirrored in SEEN[views]:
            clip = video[[min(max(index + move, 0), len(video) - 1) for index in chosen]]
            clip = clip[:, :, ::-1] if mirrored else clip
            values.append(np.asarray(tower(clip[np.newaxis], training=False))[0])
        found[score] = np.mean(values, axis=0)
    return found


@pytest.mark.parametrize("views", [1, 2, 6])
def test_scores_are_the_mean_over_the_views(views):
    """Of two videos of different length in a batch; the final score is fused of the means."""
    model, (frames, mask) = made(views), videos_of()
    outputs = model.score_fragments(frames, STAGES, mask)
    for row, length in enumerate(LENGTHS):
        expected = looped(model, frames[row, :length], STAGES[row, :length], views)
        for score, value in expected.items():
            assert float(outputs[score][row]) == pytest.approx(value, rel=1e-5)
        fused = model.sport.fuse(expected["difficulty"], expected["execution"])
        assert float(outputs["final"][row]) == pytest.approx(float(fused), rel=1e-5)
    assert not np.asarray(outputs["empty_fragments"]).any()


def test_views_differ():
    frames, mask = videos_of()
    found = [np.asarray(made(views).score_fragments(frames, STAGES, mask)["execution"]) for views in (1, 2, 6)]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert np.abs(found[one] - found[other]).min() > 1e-3


def test_a_distribution_is_the_mean_of_distributions():
    """Its mean and its deviation are those of the mixture."""
    model, (frames, mask) = made(6, score_predictor={"head": "distribution"}), videos_of()
    outputs = model.score_fragments(frames, STAGES, mask)
    expected = looped(model, frames[0], STAGES[0], 6)
    bins = np.asarray(scoringnet_tf.losses.score_bins())
    for score, (center, std) in {"difficulty": (3.0, 0.3), "execution": (22.0, 4.0)}.items():
        mixture = expected[score]
        assert mixture.shape == (NUM_BINS,)
        np.testing.assert_allclose(np.asarray(outputs[f"{score}_distribution"])[0], mixture, rtol=1e-4, atol=1e-7)
        mean = mixture @ bins
        assert float(outputs[score][0]) == pytest.approx(center + std * mean, rel=1e-4)
        deviation = std * np.sqrt(mixture @ (bins - mean) ** 2)
        assert float(outputs[f"{score}_std"][0]) == pytest.approx(deviation, rel=1e-3)


def test_training_sees_one():
    frames, mask = videos_of()
    several, one = made(6, score_predictor={"dropout_rate": 0.0}), made(1, score_predictor={"dropout_rate": 0.0})
    found, expected = (model.score_fragments(frames, STAGES, mask, training=True) for model in (several, one))
    np.testing.assert_allclose(np.asarray(found["final"]), np.asarray(expected["final"]), rtol=1e-6)


def test_whole_videos_are_mirrored_and_features_are_as_they_are():
    frames, mask = videos_of()
    model, plain = (made(views, fragments="whole") for views in (2, 1))
    found = np.asarray(model({"frames": frames, "mask": mask})["execution"])
    both = [np.asarray(plain({"frames": each, "mask": mask})["execution"]) for each in (frames, frames[..., ::-1, :])]
    np.testing.assert_allclose(found, np.mean(both, axis=0), rtol=1e-5)
    for changes, known in (({"fragments": "whole"}, "1 or 2 views of whole videos"), ({"features": {"size": 4}}, "1 ")):
        with pytest.raises(ValueError, match=rf"expected {known}.*Received: 6"):
            made(6, **changes)
    with pytest.raises(ValueError, match=r"expected 1 or 2 or 6 views\. Received: 3"):
        made(3)
    with pytest.raises(InputError, match="--views=3: expected 1 or 2 or 6 views"):
        with_views(made(), 3)


@pytest.mark.slow
def test_files_exports_and_the_model_say_the_same(tmp_path):
    """And a file keeps how many there are."""
    write_bars(tmp_path / "dive.avi", 40)
    model = with_views(made(decoding="ordered"), 6)
    model.save(tmp_path / "model.keras")
    model = load_scoring_net(tmp_path / "model.keras")
    assert model.views == 6
    inputs = model.preprocessor(tmp_path / "dive.avi")
    outputs, exported = model(inputs, training=False), checked_outputs(model)(inputs)
    score = Predictor(model)(tmp_path / "dive.avi", force=True)
    for name in ("difficulty", "execution", "final"):
        assert getattr(score, name) == pytest.approx(float(outputs[name][0]), rel=1e-5)
        assert float(exported[name][0]) == pytest.approx(float(outputs[name][0]), rel=1e-5)


def test_another_number_of_views_or_another_decoding_has_no_intervals():
    """They were measured with the first; the same number keeps them."""
    widths = Intervals(0.9, {"final": 9.0}, {"final": 40})
    reference = TrainingStatistics(40, "", 0, {"entry": (0.2, 0.5)}, ("entry",), intervals=widths, certainty={})
    model = made(2, reference=reference.get_config(), decoding="ordered")
    assert with_views(model, 2).reference.intervals == widths
    changed = with_views(model, 6).reference
    assert changed.intervals.half_widths == {} and "another number of views" in changed.intervals.lacking
    assert changed.durations == reference.durations
    as_it_is, otherwise = (with_decoding(model, decoding).reference for decoding in ("ordered", "argmax"))
    assert as_it_is.intervals == widths and "decoded in another way" in otherwise.intervals.lacking


@pytest.mark.parametrize("change", [lambda model: with_views(model, 2), lambda model: with_decoding(model, "ordered")])
def test_another_number_of_views_or_another_decoding_computes_as_before(change):
    model = made(dtype="mixed_bfloat16")
    changed = change(model)
    assert changed.get_config()["dtype"] == "mixed_bfloat16"
    for ours, theirs in zip(changed.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
