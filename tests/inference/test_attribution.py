"""Where a score comes from: known of a model that reads known frames; sums, zeros and gradients against differences."""

import types

import keras
import numpy as np
import pytest

import scoringnet_tf
from scoringnet_tf.inference.attribution import GREY, attribute, clips_of, feature_maps, occlusion

SMALL = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (4, 8)}
STATISTICS = {"difficulty": (3.0, 0.3), "execution": (20.0, 4.0)}


def video(length=20, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (length, 32, 32, 3)).astype(np.uint8)


def known_clips(frames):
    """The difficulty tower sees frames 2, 4, 6; the execution tower 4, 6, 6, 9."""
    return {
        score: (np.array(numbers), frames[numbers])
        for score, numbers in (("difficulty", [2, 4, 6]), ("execution", [4, 6, 6, 9]))
    }


def test_falls_are_those_of_a_score_that_is_known():
    """Difficulty is the mean grey of its clip, execution that of its last frame; final their sum."""
    frames = video(12)

    def outputs(clips):
        difficulty = clips["difficulty_clip"].mean(axis=(1, 2, 3, 4))
        execution = clips["execution_clip"][:, -1].mean(axis=(1, 2, 3))
        return {"difficulty": difficulty, "execution": execution, "final": difficulty + execution}

    means = frames.mean(axis=(1, 2, 3))
    scores = {"difficulty": means[[2, 4, 6]].mean(), "execution": means[9]}
    scores["final"] = scores["difficulty"] + scores["execution"]
    spans = [np.array([at]) for at in range(12)] + [np.array([2, 6, 9]), np.array([], int)]
    falls = occlusion(known_clips(frames), spans, scores, outputs)
    difficulty, execution = np.zeros(14), np.zeros(14)
    for at in (2, 4, 6):
        difficulty[at] = (means[at] - GREY) / 3
    difficulty[12] = difficulty[2] + difficulty[6]
    execution[[9, 12]] = means[9] - GREY
    np.testing.assert_allclose(falls["difficulty"], difficulty, atol=1e-9)
    np.testing.assert_allclose(falls["execution"], execution, atol=1e-9)
    np.testing.assert_allclose(falls["final"], difficulty + execution, atol=1e-9)
    assert (falls["difficulty"][[0, 1, 3, 5, 7, 8, 9, 10, 11, 13]] == 0).all()  # to the bit


@pytest.fixture(scope="module", params=[1, 2])
def model(request):
    """Of random weights that are large enough; KFS says that frames 3 to 7 are take-flight and 8 to 11 entry."""
    keras.utils.set_random_seed(0)
    made = scoringnet_tf.ScoringNet(**SMALL, score_statistics=STATISTICS, views=request.param)
    for score in STATISTICS:
        layer = made.score_predictor.towers[score].get_layer("regressor_fc3")
        kernel, bias = layer.get_weights()
        layer.set_weights([300 * kernel, bias])
    return made


LABELS = np.repeat([1, 2, 3, 0], [3, 5, 4, 8]).astype(np.int32)


@pytest.fixture(scope="module")
def found(model):
    return attribute(model, video(), labels=LABELS)


def test_the_labels_are_those_of_the_segmenter_unless_given(model, found):
    later = np.roll(LABELS, 3)
    shifted = attribute(model, video(), labels=later)
    np.testing.assert_array_equal(shifted.labels, later)
    seen = clips_of(model, video(), later)["difficulty"][0]
    assert set(np.flatnonzero(shifted.by_frame["difficulty"])) <= set(seen) <= set(range(6, 11))
    assert (shifted.by_frame["difficulty"] != found.by_frame["difficulty"]).any()
    inputs = {"frames": video()[None], "mask": np.ones((1, 20), bool)}
    np.testing.assert_array_equal(attribute(model, video()).labels, np.asarray(model(inputs)["labels"])[0])


def test_a_score_comes_from_its_fragment_alone(model, found):
    """Difficulty sees 4 of the frames 3…7, execution 8 of 3…11 (§4.3)."""
    seen = {score: numbers for score, (numbers, _) in clips_of(model, video(), LABELS).items()}
    assert set(seen["difficulty"]) <= set(range(3, 8)) and set(seen["execution"]) <= set(range(3, 12))
    for score, numbers in seen.items():
        assert set(np.flatnonzero(found.by_frame[score])) == set(numbers)
        assert set(np.flatnonzero(found.gradient[score])) == set(numbers)
        assert found.gradient[score].sum() == pytest.approx(1)
    assert found.by_stage["difficulty"]["entry"] == 0 and found.by_stage["execution"]["entry"] != 0
    assert all(found.by_stage[score][stage] == 0 for score in found.scores for stage in ("noise", "pre-starting"))


def test_falls_are_differences_of_the_models_scores(model, found):
    frames = video()
    inputs = {"mask": np.ones((1, 20), bool), "stages": LABELS[None]}

    def scores(frames):
        outputs = model.score_fragments(frames[None], inputs["stages"], inputs["mask"], training=False)
        return {score: float(outputs[score][0]) for score in found.scores}

    assert found.scores == pytest.approx(scores(frames), rel=1e-5)
    hidden = frames.copy()
    hidden[5] = GREY
    for score, value in scores(hidden).items():
        assert found.by_frame[score][5] == pytest.approx(found.scores[score] - value, abs=1e-3)
    hidden = frames.copy()
    hidden[8:12] = GREY
    for score, value in scores(hidden).items():
        assert found.by_stage[score]["entry"] == pytest.approx(found.scores[score] - value, abs=1e-3)
    np.testing.assert_array_equal(found.labels, LABELS)


def test_a_tower_that_looks_at_nothing_has_no_falls_and_no_gradient(model):
    layer = model.score_predictor.towers["difficulty"].get_layer("regressor_fc3")
    before = layer.get_weights()
    try:
        layer.set_weights([0 * before[0], before[1]])
        found = attribute(model, video(), labels=LABELS)
    finally:
        layer.set_weights(before)
    assert (found.by_frame["difficulty"] == 0).all() and (found.gradient["difficulty"] == 0).all()
    assert found.by_frame["execution"].any()


def test_wider_spans_hide_more_frames(model):
    wide = attribute(model, video(), 5, LABELS)
    assert wide.by_frame["difficulty"][1] != 0 and wide.by_frame["difficulty"][0] == 0
    assert wide.by_frame["difficulty"][5] == pytest.approx(wide.by_stage["difficulty"]["take-flight"])


def test_whole_videos_and_distributions():
    keras.utils.set_random_seed(0)
    options = {**SMALL, "clip_lengths": (4, 4), "score_predictor": {"head": "distribution"}}
    whole = scoringnet_tf.ScoringNet(fragments="whole", **options)
    found = attribute(whole, video(7))
    assert found.labels is None and found.by_stage == {score: {} for score in found.scores}
    assert set(np.flatnonzero(found.gradient["difficulty"])) == {0, 2, 4, 6}


def test_features_are_refused():
    with pytest.raises(ValueError, match="frames"):
        attribute(types.SimpleNamespace(content="features"), video())


def test_feature_maps_are_those_of_the_layer(model):
    clip = video(4)
    maps = feature_maps(model, "difficulty", clip)
    assert maps.shape == (4, 32, 32, 4) and (maps >= 0).all()
    layer = model.score_predictor.towers["difficulty"].get_layer("c3d").get_layer("conv1a")
    kernel, bias = (np.asarray(weight) for weight in layer.get_weights())
    pixels = np.pad(clip / 127.5 - 1, [(1, 1)] * 3 + [(0, 0)])
    patch = pixels[1:4, 5:8, 9:12]
    expected = np.maximum(np.einsum("thwc,thwco->o", patch, kernel) + bias, 0)
    np.testing.assert_allclose(maps[1, 5, 9], expected, atol=1e-4)
