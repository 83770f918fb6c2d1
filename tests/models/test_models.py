"""C3D, KFS, SP and ScoringNet: sizes counted by hand, preprocessing, padding, fragments against loops, saving."""

import inspect

import keras
import numpy as np
import pytest
from refusals import refused
from training_runs import SMALL, STATISTICS, deciding, telling

import scoringnet_tf

NET, C3D = scoringnet_tf.ScoringNet, scoringnet_tf.C3D
CLIP = (8, 32, 32, 3)
SP = {"image_size": (32, 32), "width_multiplier": 1 / 16, **SMALL["score_predictor"]}


@pytest.fixture(scope="module")
def videos():
    """Two videos of 12 and 9 frames, the shorter one padded."""
    frames = np.random.default_rng(0).integers(0, 256, (2, 12, 32, 32, 3)).astype("uint8")
    mask = np.ones((2, 12), bool)
    mask[1, 9:] = False
    frames[1, 9:] = 0
    return {"frames": frames, "mask": mask}


@pytest.fixture(scope="module")
def model():
    """A tiny model whose towers depend on what they see."""
    return telling(NET(**SMALL), 3000.0)


# === Sizes ===


def conv(inputs, outputs):
    return 27 * inputs * outputs + outputs


def dense(inputs, outputs):
    return inputs * outputs + outputs


C3D_CONVOLUTIONS = conv(3, 64) + conv(64, 128) + conv(128, 256) + conv(256, 256) + conv(256, 512) + 3 * conv(512, 512)


@pytest.mark.slow
def test_c3d_has_the_published_size():
    # 27,655,936 in the convolutions, 78 million with the classifier of 487 sports (Tran et al. 2015).
    assert C3D_CONVOLUTIONS == 27_655_936
    classifier = dense(8192, 4096) + dense(4096, 4096) + dense(4096, 487)
    assert C3D(heads={"sports": 487}).count_params() == 27_655_936 + classifier


@pytest.mark.slow
def test_scoring_net_has_the_size_counted_by_hand():
    lstm = 2 * 4 * (8192 * 512 + 512 * 512 + 512)
    kfs = C3D_CONVOLUTIONS + lstm + dense(1024, 512) + dense(512, 4)
    # 32 frames of 112×112 leave 4×7×7 after conv5b, 2×4×4 and 1×2×2 after the poolings of the regressor.
    tower = C3D_CONVOLUTIONS + 2 * conv(512, 512) + dense(4 * 512, 512) + dense(512, 512) + dense(512, 1)
    model = NET()
    assert model.segmenter.count_params() == kfs
    assert model.count_params() == kfs + 2 * tower


def test_padding_does_not_change_the_result(model, videos):
    padded = model(videos, training=False)
    alone = model({name: value[1:, :9] for name, value in videos.items()}, training=False)
    np.testing.assert_allclose(padded["stages"][1, :9], alone["stages"][0], atol=1e-5)  # rounding: of other shapes
    for score in ("difficulty", "execution", "final"):
        assert float(padded[score][1]) == pytest.approx(float(alone[score][0]), rel=1e-5)


# === Preprocessing ===

IMAGE = np.random.default_rng(4).uniform(60, 140, (32, 32, 3)).round(2).tolist()


def rescaled(clip, **options):
    c3d = C3D(clip.shape[1:], 1 / 16, **options)
    return np.asarray(keras.Model(c3d.input, c3d.get_layer("rescale").output)(clip))


def test_frames_reach_from_minus_one_to_one_by_default():
    values = np.arange(256, dtype="uint8").reshape(1, 1, 16, 16, 1).repeat(3, axis=-1)
    expected = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(values)  # what the models in saved_models/ learned with
    np.testing.assert_array_equal(rescaled(values), expected)


@pytest.mark.parametrize("mean", [100.0, [95.0, 103.0, 108.0], IMAGE], ids=["number", "channels", "image"])
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_preprocessing_is_what_it_says(videos, channels, mean):
    ordered = videos["frames"][..., :: 1 if channels == "rgb" else -1]
    found = rescaled(videos["frames"], preprocessing={"channels": channels, "mean": mean, "scale": 0.5})
    np.testing.assert_allclose(found, (ordered - np.array(mean)) * 0.5, atol=1e-4)


def test_no_heads_leave_the_features_that_heads_would_read(videos):
    classifier = C3D(CLIP, 1 / 16, heads={"group": 6})
    features = C3D(CLIP, 1 / 16, heads={})
    features.set_weights(classifier.get_weights()[:-2])
    kernel, bias = classifier.get_layer("group").get_weights()
    logits = np.asarray(features(videos["frames"][:, :8])) @ kernel + bias
    expected = np.asarray(classifier(videos["frames"][:, :8])["group"])
    np.testing.assert_allclose(keras.ops.softmax(logits), expected, rtol=1e-5)


def test_an_endpoint_of_a_convolution_is_before_its_pooling():
    c3d = C3D((4, 16, 16, 3), width_multiplier=1 / 16)
    frames = np.random.default_rng(3).integers(0, 256, (1, 4, 16, 16, 3)).astype("uint8")
    before, after = (np.asarray(c3d.endpoint(name)(frames)) for name in ("conv2a", "pool2"))
    assert before.shape == (1, 4, 8, 8, 8) and after.shape == (1, 2, 4, 4, 8)
    np.testing.assert_array_equal(before.reshape(1, 2, 2, 4, 2, 4, 2, 8).max((2, 4, 6)), after)


# === Fragments ===


def test_score_fragments_with_predicted_stages_equals_the_model(model, videos):
    deciding(model, videos)
    outputs = model(videos, training=False)
    stages = np.argmax(outputs["stages"], axis=-1).astype("int32")
    scores = model.score_fragments(videos["frames"], stages, videos["mask"], training=False)
    for name, value in scores.items():
        np.testing.assert_allclose(value, outputs[name], rtol=1e-6)
    others = model.score_fragments(videos["frames"], stages[:, ::-1], videos["mask"], training=False)
    assert np.abs(np.asarray(others["execution"]) - np.asarray(scores["execution"])).min() > 0.01


# === Scores ===


@pytest.mark.parametrize(("sport", "fuse"), [("diving", np.multiply), ("vault", np.add)])
def test_fusion_follows_the_sport_and_an_untrained_model_predicts_about_the_mean(videos, sport, fuse):
    outputs = NET(sport=sport, **SMALL)(videos, training=False)
    np.testing.assert_allclose(outputs["final"], fuse(outputs["difficulty"], outputs["execution"]), rtol=1e-6)
    for score, (mean, std) in STATISTICS.items():
        assert np.abs(np.asarray(outputs[score]) - mean).max() < std


# === The regressor of SP ===

CLIPS = dict.fromkeys(("difficulty_clip", "execution_clip"), np.zeros((2, 8, 32, 32, 3), "uint8"))


@pytest.mark.parametrize(
    ("stride", "of_32_frames", "of_16_frames"),
    [(1, (4, 7, 7), (2, 7, 7)), (2, (1, 2, 2), (1, 2, 2)), (3, (1, 1, 1), (1, 1, 1))],
)
def test_the_stride_of_the_regressor_leaves_what_its_docstring_says(stride, of_32_frames, of_16_frames):
    model = scoringnet_tf.ScorePredictor(width_multiplier=1 / 16, clip_lengths=(32, 16), pool_stride=stride)
    for score, places in (("difficulty", of_32_frames), ("execution", of_16_frames)):
        tower = model.towers[score]
        assert tower.get_layer("regressor_pool2").output.shape[1:4] == places
        regressor = 2 * conv(32, 32) + dense(np.prod(places) * 32, 32) + dense(32, 32) + dense(32, 1)
        assert tower.count_params() - tower.get_layer("c3d").count_params() == regressor


@pytest.mark.parametrize("bias", [-20.0, 0.5])
@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_relu_on_the_last_layer_lets_no_score_below_zero_points(activation, bias):
    model = scoringnet_tf.ScorePredictor(**SP, output_activation=activation)
    expected = {}
    for score, (mean, std) in STATISTICS.items():
        layer = model.towers[score].get_layer("regressor_fc3")
        layer.set_weights([np.zeros_like(layer.get_weights()[0]), np.array([bias])])
        points = mean + std * bias
        expected[score] = max(0.0, points) if activation == "relu" else points
    scores = model(CLIPS, training=False)
    for score, points in expected.items():
        np.testing.assert_allclose(scores[score], [points] * 2, rtol=1e-5)
    np.testing.assert_allclose(scores["final"], [expected["difficulty"] * expected["execution"]] * 2, rtol=1e-5)


def test_the_last_layer_of_a_tower_starts_small_and_towers_share_no_weights():
    """As N(0, 0.001): the deviation of 512 draws is within a tenth of it."""
    keras.utils.set_random_seed(0)
    predictor = scoringnet_tf.ScorePredictor(
        image_size=(32, 32), width_multiplier=1 / 16, fc_units=512 * 16, clip_lengths=(8, 16)
    )
    for tower in predictor.towers.values():
        kernel, bias = tower.get_layer("regressor_fc3").get_weights()
        assert kernel.shape == (512, 1) and not bias.any()
        assert kernel.std() == pytest.approx(0.001, rel=0.1) and abs(kernel.mean()) < 0.0002
    weights = [{id(weight) for weight in tower.weights} for tower in predictor.towers.values()]
    assert not weights[0] & weights[1]
    assert [tower.input_shape[1] for tower in predictor.towers.values()] == [8, 16]


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ({"output_activation": "sigmoid"}, "unknown_name", "sigmoid"),
        ({"head": "median"}, "unknown_name", "median"),
        ({"scores": ("execution",)}, "unknown_name", "execution"),
        ({"head": "distribution", "output_activation": "relu"}, "flags_conflict", "relu"),
        ({"pool_stride": 0}, "out_of_range", "pool_stride"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_named(options, code, named):
    with refused(code, named):
        scoringnet_tf.ScorePredictor(**SP, **options)


# === Saving ===

MODELS = {
    "C3D": lambda dtype: C3D(CLIP, 1 / 16, heads={"group": 6, "position": 4}, dtype=dtype),
    "KeyFragmentSegmenter": lambda dtype: scoringnet_tf.KeyFragmentSegmenter(
        image_size=(32, 32), width_multiplier=1 / 16, dtype=dtype
    ),
    "ScorePredictor": lambda dtype: scoringnet_tf.ScorePredictor(**SP, dtype=dtype),
    "ScoringNet": lambda dtype: NET(**SMALL | {"provenance": {"dataset": "none"}, "dtype": dtype}),
}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", MODELS)
def test_save_and_load(name, dtype, videos, tmp_path):
    model = MODELS[name](dtype)
    is_whole = hasattr(model, "with_dtype")
    if is_whole:
        model.compile()
    model.save(tmp_path / "model.keras")
    if is_whole:
        with pytest.raises(FileExistsError):
            model.save(tmp_path / "model.keras", overwrite=False)
    again = keras.models.load_model(tmp_path / "model.keras")
    twin = model.with_dtype("float32") if is_whole else model  # what a whole model is saved as
    assert again.get_config() == twin.get_config() and not again.compiled
    clip = videos["frames"][:, :8]
    clips = {"C3D": clip, "ScorePredictor": {"difficulty_clip": clip, "execution_clip": clip}}
    before, after = (each(clips.get(name, videos), training=False) for each in (twin, again))
    for a, b in zip(keras.tree.flatten(before), keras.tree.flatten(after), strict=True):
        np.testing.assert_array_equal(a, b)


BGR = {"channels": "bgr", "mean": [104.0, 117.0, 128.0], "scale": 0.5, "frame_size": [40, 52]}
OF_BOTH = {"width_multiplier": 1 / 32, "dropout_rate": 0.11, "preprocessing": BGR, "dtype": "mixed_bfloat16"}
OF_TRUNK = {"input_shape": (8, 32, 48, 3), "temporal_pooling": False, "final_endpoint": "conv5b", "masked": True}
OF_TOP = {"heads": {"group": 3}, "top": "regressor", "top_units": 96, "pool_stride": 1, "kernel_l2": 0.017}
OF_KFS = {"sport": "vault", "image_size": (32, 48), "lstm_units": 96, "fc_units": 160, "network": "c3d"}
MADE_WITH = {  # every argument unlike its default, but for features, which exclude the C3D
    C3D: {**OF_BOTH, **OF_TRUNK, **OF_TOP, "learned_from": ["a video"]},
    scoringnet_tf.KeyFragmentSegmenter: {**OF_BOTH, **OF_KFS, "features": None},
}


@pytest.mark.parametrize(("kind", "options"), MADE_WITH.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_what_a_network_was_made_with_is_in_its_config(kind, options):
    arguments = inspect.signature(kind).parameters
    assert set(options) == set(arguments) - {"name", "kwargs"}
    assert [name for name, value in options.items() if value == arguments[name].default] in ([], ["features"])
    config = kind.from_config(kind(**options).get_config()).get_config()
    assert {name: config[name] for name in options} == options


# === What is refused ===


@pytest.mark.parametrize(
    ("make", "code", "named"),
    [
        (lambda: C3D(CLIP, 1 / 16, preprocessing={"channels": "gbr"}), "unknown_name", "gbr"),
        (lambda: C3D(CLIP, 1 / 16, preprocessing={"mean": IMAGE[:16]}), "wrong_shape", "(16, 32, 3)"),
        (lambda: C3D(final_endpoint="pool6"), "unknown_name", "pool6"),
        (lambda: C3D(top="fc9"), "unknown_name", "fc9"),
        (lambda: C3D(CLIP, 1 / 16, masked=True), "flags_conflict", "masked"),
        (lambda: NET(sport="golf"), "unknown_name", "golf"),
        (lambda: NET(segmenter={"views": 2}), "unknown_name", "views"),
        (lambda: NET(content={"size": 4}), "unknown_name", "size"),
        (lambda: NET(score_predictor="regression"), "wrong_value", "regression"),
        (lambda: NET(score_predictor={"fragment_stages": {"dificulty": ["entry"]}}), "unknown_name", "dificulty"),
        (lambda: NET(score_predictor={"fragment_stages": {"difficulty": []}}), "wrong_value", "difficulty"),
        (lambda: NET(provenance={"frame_rate": -1.0}), "wrong_value", "-1.0"),
        (lambda: NET(content={"features": {"size": 0, "stride": 1}}), "wrong_value", "size"),
    ],
)
def test_arguments_that_cannot_be_are_named(make, code, named):
    with refused(code, named):
        make()
