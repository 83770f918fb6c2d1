"""C3D, KFS, SP and ScoringNet: sizes counted by hand, padding, fragments against loops, saving, dtype policies."""

import inspect
import re

import keras
import numpy as np
import pytest
from training_runs import deciding, telling

import scoringnet_tf
from scoringnet_tf.models.fragments import FragmentSelector, resampling_indices
from scoringnet_tf.models.layers import conv3d
from scoringnet_tf.sports import SPORTS

SMALL = {"image_size": (32, 32), "width_multiplier": 1 / 16}
STATISTICS = {"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)}


@pytest.fixture
def videos():
    """Two videos of 12 and 9 frames, the shorter one padded."""
    frames = np.random.default_rng(0).integers(0, 256, (2, 12, 32, 32, 3)).astype("uint8")
    mask = np.ones((2, 12), bool)
    mask[1, 9:] = False
    frames[1, 9:] = 0
    return {"frames": frames, "mask": mask}


def conv(inputs, outputs):
    return 27 * inputs * outputs + outputs


def dense(inputs, outputs):
    return inputs * outputs + outputs


C3D_CONVOLUTIONS = conv(3, 64) + conv(64, 128) + conv(128, 256) + conv(256, 256) + conv(256, 512) + 3 * conv(512, 512)


@pytest.mark.slow
def test_c3d_has_the_published_size():
    # 27,655,936 in the convolutions, 78 million with the classifier of 487 sports (Tran et al. 2015).
    assert C3D_CONVOLUTIONS == 27_655_936
    assert scoringnet_tf.C3D().count_params() == 27_655_936
    classifier = dense(8192, 4096) + dense(4096, 4096) + dense(4096, 487)
    assert scoringnet_tf.C3D(heads={"sports": 487}).count_params() == 27_655_936 + classifier


@pytest.mark.slow
def test_scoring_net_has_the_size_counted_by_hand():
    lstm = 2 * 4 * (8192 * 512 + 512 * 512 + 512)
    kfs = C3D_CONVOLUTIONS + lstm + dense(1024, 512) + dense(512, 4)
    # 32 frames of 112×112 leave 4×7×7 after conv5b, 2×4×4 and 1×2×2 after the poolings of the regressor.
    tower = C3D_CONVOLUTIONS + 2 * conv(512, 512) + dense(4 * 512, 512) + dense(512, 512) + dense(512, 1)
    model = scoringnet_tf.ScoringNet()
    assert model.segmenter.count_params() == kfs
    assert model.score_predictor.count_params() == 2 * tower
    assert model.count_params() == kfs + 2 * tower


@pytest.mark.parametrize(
    ("endpoint", "shape"),
    [
        ("conv1a", (16, 112, 112, 64)),
        ("pool1", (16, 56, 56, 64)),
        ("pool2", (8, 28, 28, 128)),
        ("pool3", (4, 14, 14, 256)),
        ("pool4", (2, 7, 7, 512)),
        ("conv5b", (2, 7, 7, 512)),
        ("pool5", (1, 4, 4, 512)),
    ],
)
def test_c3d_endpoints_have_caffes_shapes(endpoint, shape):
    assert scoringnet_tf.C3D(final_endpoint=endpoint).output_shape == (None, *shape)


@pytest.mark.slow
def test_kfs_keeps_the_length_and_flattens_as_the_paper_counts():
    # pool5 has 4096 entries per frame for 64×128 input (§3.1), 8192 for 112×112.
    for size, entries in (((64, 128), 4096), ((112, 112), 8192)):
        segmenter = scoringnet_tf.KeyFragmentSegmenter(image_size=size)
        assert segmenter.get_layer("flatten").output.shape == (None, None, entries)
        assert segmenter.output_shape == (None, None, 4)


def test_padding_does_not_change_the_result(videos):
    model = telling(scoringnet_tf.ScoringNet(**SMALL, score_statistics=STATISTICS), 3000.0)
    padded = model(videos, training=False)
    alone = model({name: value[1:, :9] for name, value in videos.items()}, training=False)
    np.testing.assert_allclose(padded["stages"][1, :9], alone["stages"][0], atol=1e-5)  # rounding: of other shapes
    for score in ("difficulty", "execution", "final"):
        assert float(padded[score][1]) == pytest.approx(float(alone[score][0]), rel=1e-5)


@pytest.mark.parametrize("length", [1, 2, 5, 23])
def test_any_length(length):
    model = scoringnet_tf.ScoringNet(**SMALL)
    frames = np.zeros((1, length, 32, 32, 3), "uint8")
    outputs = model({"frames": frames, "mask": np.ones((1, length), bool)}, training=False)
    assert outputs["stages"].shape == (1, length, 4)
    np.testing.assert_allclose(np.sum(outputs["stages"], axis=-1), 1.0, rtol=1e-5)


# === Preprocessing ===

IMAGE = np.random.default_rng(4).uniform(60, 140, (32, 32, 3)).round(2).tolist()


def rescaled(clip, **options):
    model = scoringnet_tf.C3D(clip.shape[1:], 1 / 16, **options)
    return np.asarray(keras.Model(model.input, model.get_layer("rescale").output)(clip))


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


def test_preprocessing_survives_saving(videos, tmp_path):
    preprocessing = {"channels": "bgr", "mean": IMAGE, "scale": 1.0, "frame_size": [36, 48]}
    model = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing=preprocessing)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.preprocessing == preprocessing
    clip = videos["frames"][:, :8]
    np.testing.assert_array_equal(model(clip, training=False), again(clip, training=False))


@pytest.mark.parametrize(
    ("preprocessing", "message"),
    [
        ({"channels": "gbr"}, "Expected channels to be rgb or bgr. Received: 'gbr'"),
        (
            {"mean": IMAGE[:16]},
            "a number, three, or an image of (32, 32, 3). Received: (16, 32, 3)",
        ),
    ],
)
def test_preprocessing_that_cannot_be_is_named(preprocessing, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing=preprocessing)
    with pytest.raises(TypeError, match="std"):
        scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, preprocessing={"std": 1.0})


def test_no_heads_leave_the_features_that_heads_would_read(videos):
    classifier = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={"group": 6})
    features = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={})
    assert features.get_config()["heads"] == {}
    features.set_weights(classifier.get_weights()[:-2])
    kernel, bias = classifier.get_layer("group").get_weights()
    logits = np.asarray(features(videos["frames"][:, :8])) @ kernel + bias
    expected = np.asarray(classifier(videos["frames"][:, :8])["group"])
    np.testing.assert_allclose(keras.ops.softmax(logits), expected, rtol=1e-5)


# === Fragments ===


@pytest.mark.parametrize("length", [1, 4, 7, 16])
@pytest.mark.parametrize("member", [[2, 3, 4, 5, 6], [7], [0, 11], [1, 2, 8, 9, 10], list(range(12))])
def test_resampling_equals_loop(member, length):
    chosen = np.zeros((1, 12), bool)
    chosen[0, member] = True
    steps = [k * (len(member) - 1) / max(length - 1, 1) for k in range(length)]
    expected = [member[int(np.round(step))] for step in steps]  # NumPy and Keras both round halves to even
    assert np.asarray(resampling_indices(chosen, length)).tolist() == [expected]


def test_selector_cuts_the_fragment_and_reports_empty_ones(videos):
    frames = np.arange(12, dtype="uint8")[None, :, None, None, None] * np.ones((2, 12, 2, 2, 3), "uint8")
    stages = np.int32([[0, 0, 1, 2, 2, 2, 2, 3, 3, 0, 0, 0], [0] * 9 + [2] * 3])  # what padding carries says nothing
    clip, empty = FragmentSelector([2, 3], 3)(frames, stages, videos["mask"])
    assert np.asarray(empty).tolist() == [False, True]
    assert np.asarray(clip)[0, :, 0, 0, 0].tolist() == [3, 5, 8]  # frames 3…8, the middle rounded to even
    assert np.asarray(clip)[1, :, 0, 0, 0].tolist() == [0, 4, 8]  # the whole video, without its padding


def test_a_row_of_padding_alone_stays_in_its_own_video():
    frames = np.arange(2, dtype="uint8")[:, None, None, None, None] * np.ones((2, 5, 2, 2, 3), "uint8")
    mask = np.array([[False] * 5, [True] * 5])
    clip, empty = FragmentSelector([2], 3)(frames, np.zeros((2, 5), "int32"), mask)
    assert np.asarray(empty).tolist() == [True, True]
    assert np.asarray(clip)[0].max() == 0
    assert np.asarray(clip)[1].min() == 1


def test_score_fragments_with_predicted_stages_equals_the_model(videos):
    model = deciding(telling(scoringnet_tf.ScoringNet(**SMALL, score_statistics=STATISTICS), 3000.0), videos)
    outputs = model(videos, training=False)
    stages = np.argmax(outputs["stages"], axis=-1).astype("int32")
    scores = model.score_fragments(videos["frames"], stages, videos["mask"], training=False)
    for name, value in scores.items():
        np.testing.assert_allclose(value, outputs[name], rtol=1e-6)
    others = model.score_fragments(videos["frames"], stages[:, ::-1], videos["mask"], training=False)
    assert np.abs(np.asarray(others["execution"]) - np.asarray(scores["execution"])).min() > 0.01


# === Scores ===


@pytest.mark.parametrize(("sport", "fuse"), [("diving", np.multiply), ("vault", np.add)])
def test_fusion_follows_the_sport(videos, sport, fuse):
    model = scoringnet_tf.ScoringNet(sport=sport, **SMALL, score_statistics=STATISTICS)
    outputs = model(videos, training=False)
    np.testing.assert_allclose(outputs["final"], fuse(outputs["difficulty"], outputs["execution"]), rtol=1e-6)


def test_an_untrained_model_predicts_about_the_mean(videos):
    outputs = scoringnet_tf.ScoringNet(**SMALL, score_statistics=STATISTICS)(videos, training=False)
    assert np.abs(np.asarray(outputs["difficulty"]) - 3.3).max() < 0.3
    assert np.abs(np.asarray(outputs["execution"]) - 24.0).max() < 4.0


def test_the_last_layer_of_a_tower_starts_small():
    """As N(0, 0.001): the deviation of 512 draws is within a tenth of it."""
    keras.utils.set_random_seed(0)
    predictor = scoringnet_tf.ScorePredictor(
        image_size=(32, 32), width_multiplier=1 / 16, fc_units=512 * 16, clip_lengths=(8, 8)
    )
    for score in ("difficulty", "execution"):
        kernel, bias = predictor.get_layer(f"{score}_tower").get_layer("regressor_fc3").get_weights()
        assert kernel.shape == (512, 1) and not bias.any()
        assert kernel.std() == pytest.approx(0.001, rel=0.1) and abs(kernel.mean()) < 0.0002


def test_towers_do_not_share_weights():
    predictor = scoringnet_tf.ScorePredictor(**SMALL, clip_lengths=(8, 16))
    difficulty, execution = (predictor.get_layer(f"{score}_tower") for score in ("difficulty", "execution"))
    shared = {id(weight) for weight in difficulty.weights} & {id(weight) for weight in execution.weights}
    assert not shared
    assert (difficulty.input_shape[1], execution.input_shape[1]) == (8, 16)


def test_beta_adds_the_squared_kernels_once():
    predictor = scoringnet_tf.ScorePredictor(**SMALL, clip_lengths=(8, 8), kernel_l2=0.25)
    kernels = [weight for weight in predictor.trainable_weights if weight.name == "kernel"]
    expected = 0.25 * sum(float(np.square(kernel.numpy()).sum()) for kernel in kernels)
    assert len(kernels) == 2 * (8 + 2 + 3)
    assert float(sum(predictor.losses)) == pytest.approx(expected, rel=1e-5)


# === Saving, dtype policies ===

MODELS = {
    "C3D": lambda dtype: scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={"group": 6, "position": 4}, dtype=dtype),
    "KeyFragmentSegmenter": lambda dtype: scoringnet_tf.KeyFragmentSegmenter(**SMALL, dtype=dtype),
    "ScorePredictor": lambda dtype: scoringnet_tf.ScorePredictor(**SMALL, clip_lengths=(8, 8), dtype=dtype),
    "ScoringNet": lambda dtype: scoringnet_tf.ScoringNet(
        **SMALL, clip_lengths=(8, 8), score_statistics=STATISTICS, provenance={"dataset": "none"}, dtype=dtype
    ),
}


def sample_inputs(name, videos):
    clip = videos["frames"][:, :8]
    if name == "C3D":
        return clip
    return {"difficulty_clip": clip, "execution_clip": clip} if name == "ScorePredictor" else videos


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", MODELS)
def test_save_and_load(name, dtype, videos, tmp_path):
    model = MODELS[name](dtype)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    twin = model.with_dtype("float32") if hasattr(model, "with_dtype") else model  # what a whole model is saved as
    assert again.get_config() == twin.get_config()
    inputs = sample_inputs(name, videos)
    before, after = twin(inputs, training=False), again(inputs, training=False)
    for a, b in zip(keras.tree.flatten(before), keras.tree.flatten(after), strict=True):
        np.testing.assert_array_equal(a, b)


BGR = {"channels": "bgr", "mean": [104.0, 117.0, 128.0], "scale": 0.5, "frame_size": [40, 52]}
MADE_WITH = {  # every argument unlike its default
    scoringnet_tf.C3D: {
        "input_shape": (8, 32, 48, 3),
        "width_multiplier": 1 / 32,
        "temporal_pooling": False,
        "final_endpoint": "conv5b",
        "masked": True,
        "heads": {"group": 3},
        "top": "regressor",
        "top_units": 96,
        "pool_stride": 1,
        "dropout_rate": 0.23,
        "kernel_l2": 0.017,
        "preprocessing": BGR,
        "learned_from": ["a video"],
        "dtype": "mixed_bfloat16",
    },
    scoringnet_tf.KeyFragmentSegmenter: {
        "sport": "vault",
        "image_size": (32, 48),
        "width_multiplier": 1 / 32,
        "lstm_units": 96,
        "fc_units": 160,
        "dropout_rate": 0.11,
        "preprocessing": BGR,
        "network": "c3d",
        "features": None,  # which excludes the C3D
        "dtype": "mixed_bfloat16",
    },
}


@pytest.mark.parametrize(("kind", "options"), MADE_WITH.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_what_a_network_was_made_with_is_in_its_config(kind, options):
    arguments = inspect.signature(kind).parameters
    assert set(options) == set(arguments) - {"name", "kwargs"}
    assert [name for name, value in options.items() if value == arguments[name].default] in ([], ["features"])
    config = kind.from_config(kind(**options).get_config()).get_config()
    assert {name: config[name] for name in options} == options


@pytest.mark.parametrize("name", MODELS)
def test_float16_model_builds_with_float32_results(name):
    """A float16 model does not run on a CPU (no 3-D max-pooling); its graph and result types must still be right."""
    model = MODELS[name]("mixed_float16")
    results = [tensor.dtype for tensor in keras.tree.flatten(model.output)]
    assert set(results) <= {"float32", "bool", "int32"}


def test_bfloat16_is_close_to_float32(videos):
    reference = MODELS["ScoringNet"]("float32")
    low = reference.with_dtype("mixed_bfloat16")
    a, b = reference.segmenter(videos, training=False), low.segmenter(videos, training=False)
    np.testing.assert_allclose(a, b, atol=0.02)


def test_no_bfloat16_convolution_over_two_frames():
    """TensorFlow's CPU filter gradient is wrong there; such layers must stay in float32, wherever they arise."""
    two_frames = 0
    for length in (4, 8, 16, 32):
        predictor = scoringnet_tf.ScorePredictor(**SMALL, clip_lengths=(length, length), dtype="mixed_bfloat16")
        for layer in predictor._flatten_layers():
            if isinstance(layer, keras.layers.Conv3D) and layer.input.shape[1] == 2:
                two_frames += 1
                assert layer.compute_dtype == "float32", layer.path
    assert two_frames > 0


def test_gradient_over_two_frames_is_right_in_mixed_bfloat16():
    import tensorflow as tf

    x = np.random.default_rng(0).normal(size=(2, 2, 6, 6, 4)).astype("float32")
    inputs = keras.Input(x.shape[1:])
    gradients = {}
    for dtype in ("float32", "mixed_bfloat16"):
        keras.utils.set_random_seed(1)
        model = keras.Model(inputs, conv3d(inputs, 5, name="conv", dtype=dtype))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.cast(model(x), "float32")))
        gradients[dtype] = tape.gradient(loss, model.trainable_variables[0]).numpy()
    np.testing.assert_allclose(gradients["mixed_bfloat16"], gradients["float32"], rtol=0.02, atol=1e-4)


@pytest.mark.parametrize("pool_size", [(1, 2, 2), (2, 2, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_pooling_before_bias_and_relu_is_pooling_after_them(dtype, pool_size):
    """To the bit, at odd sizes too; in float32 its gradients as well, to rounding."""
    import tensorflow as tf

    inputs = keras.Input((5, 7, 9, 3))
    before = keras.Model(inputs, conv3d(inputs, 4, name="conv", pool_size=pool_size, dtype=dtype))
    x = conv3d(inputs, 4, name="conv", dtype=dtype)
    after = keras.Model(inputs, keras.layers.MaxPooling3D(pool_size, padding="same", dtype=dtype)(x))
    rng, found = np.random.default_rng(2), []
    weights = [rng.normal(size=variable.shape) for variable in after.weights]
    frames = rng.normal(size=(2, *inputs.shape[1:])).astype("float32")
    for model in (before, after):
        model.set_weights(weights)
        with tf.GradientTape() as tape:
            tape.watch(given := tf.constant(frames))
            outputs = tf.cast(model(given), "float32")
            loss = tf.reduce_sum(outputs * tf.cos(outputs))
        found.append((outputs.numpy(), tape.gradient(loss, [given, *(v.value for v in model.trainable_variables)])))
    assert before.output.shape == after.output.shape == (None, *found[0][0].shape[1:])
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert (found[0][0] == 0).any() and (found[0][0] > 0).any()
    if dtype == "float32":
        for one, other in zip(found[0][1], found[1][1], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-4)


def test_an_endpoint_of_a_convolution_is_before_its_pooling():
    c3d = scoringnet_tf.C3D((4, 16, 16, 3), width_multiplier=1 / 16)
    frames = np.random.default_rng(3).integers(0, 256, (1, 4, 16, 16, 3)).astype("uint8")
    before, after = (np.asarray(c3d.endpoint(name)(frames)) for name in ("conv2a", "pool2"))
    assert before.shape == (1, 4, 8, 8, 8) and after.shape == (1, 2, 4, 4, 8)
    np.testing.assert_array_equal(before.reshape(1, 2, 2, 4, 2, 4, 2, 8).max((2, 4, 6)), after)


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ({"dificulty": ["entry"]}, "of difficulty, execution. Received: dificulty"),
        ({"difficulty": []}, "with a stage for each score. Received: none for difficulty"),
    ],
)
def test_fragments_that_no_tower_sees_are_named(stages, message):
    with pytest.raises(ValueError, match=message):
        scoringnet_tf.ScoringNet(image_size=(32, 32), width_multiplier=1 / 16, fragment_stages=stages)


def test_unknown_endpoint_and_sport_are_named():
    with pytest.raises(ValueError, match=r"Expected final_endpoint .* Received: 'pool6'"):
        scoringnet_tf.C3D(final_endpoint="pool6")
    with pytest.raises(ValueError, match=r"Expected a sport, one of .*diving, .*vault\. Received: 'golf'"):
        scoringnet_tf.ScoringNet(sport="golf")


@pytest.mark.parametrize("sport", SPORTS)
def test_every_stage_of_a_fragment_exists(sport):
    rules = SPORTS[sport]
    for stage in (*rules.difficulty_fragment, *rules.execution_fragment):
        assert rules.stage_index(stage) > 0
