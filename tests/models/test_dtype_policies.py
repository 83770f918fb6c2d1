"""Dtype policies: which layer computes in which dtype, and bfloat16's results and gradients against float32's."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from training_runs import SMALL, batch, telling

import scoringnet_tf
from scoringnet_tf.models.layers import conv3d
from scoringnet_tf.models.loss_terms import LossScaleOptimizer
from scoringnet_tf.models.segmenters import STAGE_NETWORKS
from scoringnet_tf.models.settings import merged

SIZE = {"image_size": (32, 32), "width_multiplier": 1 / 16}
CLIP = (8, 32, 32, 3)
FEATURES = {"content": {"features": {"size": 5, "stride": 1, "origin": None}}}
DISTRIBUTION = {"score_predictor": {"head": "distribution"}}


@pytest.fixture(params=["mixed_float16", "bfloat16"])
def policy(request):
    """The global dtype policy, set."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def scoring_net(**options):
    return lambda dtype: telling(scoringnet_tf.ScoringNet(**merged(SMALL, options, {"dtype": dtype})))


def segmenter(network, **options):
    return lambda dtype: scoringnet_tf.KeyFragmentSegmenter(**SIZE, network=network, **options, dtype=dtype)


def c3d(**options):
    return lambda dtype: scoringnet_tf.C3D(CLIP, 1 / 16, **options, dtype=dtype)


MODELS = {
    **{network: segmenter(network) for network in STAGE_NETWORKS},
    "ED-TCN of features": segmenter("c3d_ed_tcn", features=5),
    "TCN of features": segmenter("tcn", features=5),
    "C3D with heads": c3d(heads={"group": 6}),
    "C3D with a regressor": c3d(heads={"group": 6}, top="regressor", top_units=512),
    "two views in order": scoring_net(score_predictor={"views": 2}, segmenter={"decoding": "ordered"}),
    "distributions": scoring_net(**DISTRIBUTION),
    "whole videos": scoring_net(segmenter=None),
    "features in order, distributions": scoring_net(
        **merged(FEATURES, DISTRIBUTION, {"segmenter": {"decoding": "ordered"}})
    ),
    "whole videos of features": scoring_net(**merged(FEATURES, {"segmenter": None})),
}


def inputs_of(model):
    """A batch that suits the model; its features are such as bfloat16 would round."""
    frames, mask = batch()[0].values()
    features = np.random.default_rng(0).normal(100, 1, (3, 12, 5)).astype("float32")
    known = {"frames": frames, "mask": mask, "features": features}
    return {name: known[name] for name in model.input} if isinstance(model.input, dict) else frames[:, :8]


def layers_of(model, path=""):
    """Path → layer, of all layers that compute something."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from layers_of(layer, f"{path}{layer.name}/")
        elif not isinstance(layer, keras.layers.InputLayer):
            yield f"{path}{layer.name}", layer


def follows_the_policy(path):
    """As the docstrings of C3D, KFS and `regressor` say: dense layers and the Bi-LSTM do not."""
    *parts, name = path.split("/")
    is_trunk = name.startswith(("rescale", "conv", "pool"))
    return (is_trunk and parts[-1:] in (["c3d"], [])) or name.startswith(("regressor_conv", "regressor_pool"))


@pytest.mark.parametrize("policy", ["bfloat16"], indirect=True)  # of variables as well
@pytest.mark.parametrize("name", MODELS)
def test_an_explicit_float32_wins_over_the_global_policy(name, policy):
    model = MODELS[name]("float32")
    others = {path: layer.compute_dtype for path, layer in layers_of(model) if layer.compute_dtype != "float32"}
    assert not others
    assert {variable.dtype for variable in model.weights} <= {"float32"}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_without_a_policy_of_its_own_a_model_follows_the_global_one(name, policy):
    """But for the heads, and the convolutions over two frames, which bfloat16 would get wrong on a CPU."""
    model, compute = MODELS[name](None), keras.config.dtype_policy().compute_dtype
    for path, layer in layers_of(model):
        in_float32 = name == "resnet50" or "features" in name or not follows_the_policy(path)
        expected = "float32" if in_float32 else compute
        if isinstance(layer, keras.layers.Conv3D) and layer.input.shape[1] == 2 and compute == "bfloat16":
            expected = "float32"
        assert layer.compute_dtype == expected, path
    assert {tensor.dtype for tensor in keras.tree.flatten(model.output)} <= {"float32", "int32", "bool"}
    if compute == "bfloat16":  # which a CPU computes
        outputs = keras.tree.flatten(model(inputs_of(model), training=False))
        assert all(np.isfinite(value).all() for value in outputs)


@pytest.mark.parametrize("policy", ["mixed_float16"], indirect=True)
@pytest.mark.parametrize(
    ("dtype", "options", "scaled"),
    [("float32", {}, False), (None, {"auto_scale_loss": False}, False), (None, {}, True)],
)
def test_the_loss_is_scaled_by_the_policy_of_the_model(policy, dtype, options, scaled):
    model = scoringnet_tf.ScoringNet(**merged(SMALL, {"segmenter": None, "dtype": dtype}))
    model.compile("adam", **options)
    assert isinstance(model.optimizer, LossScaleOptimizer) == scaled


def gradients(model, inputs, loss):
    """The gradient of every trainable variable, in their order."""
    with tf.GradientTape() as tape:
        value = loss(model(inputs, training=False))
    return [np.asarray(gradient, "float64") for gradient in tape.gradient(value, model.trainable_variables)]


def test_gradient_over_two_frames_is_right_in_mixed_bfloat16():
    x = np.random.default_rng(0).normal(size=(2, 2, 6, 6, 4)).astype("float32")
    inputs, kernels = keras.Input(x.shape[1:]), {}
    for dtype in ("float32", "mixed_bfloat16"):
        keras.utils.set_random_seed(1)
        model = keras.Model(inputs, conv3d(inputs, 5, name="conv", dtype=dtype))
        kernels[dtype] = gradients(model, x, lambda y: tf.reduce_mean(tf.square(tf.cast(y, "float32"))))[0]
    np.testing.assert_allclose(kernels["mixed_bfloat16"], kernels["float32"], rtol=0.02, atol=1e-4)


@pytest.mark.parametrize("pool_size", [(1, 2, 2), (2, 2, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_pooling_before_bias_and_relu_is_pooling_after_them(dtype, pool_size):
    """To the bit, at odd sizes too; in float32 its gradients as well, to rounding."""
    inputs = keras.Input((5, 7, 9, 3))
    before = keras.Model(inputs, conv3d(inputs, 4, name="conv", pool_size=pool_size, dtype=dtype))
    x = conv3d(inputs, 4, name="conv", dtype=dtype)
    after = keras.Model(inputs, keras.layers.MaxPooling3D(pool_size, padding="same", dtype=dtype)(x))
    rng, results = np.random.default_rng(2), []
    weights = [rng.normal(size=variable.shape) for variable in after.weights]
    frames = rng.normal(size=(2, *inputs.shape[1:])).astype("float32")
    for model in (before, after):
        model.set_weights(weights)
        with tf.GradientTape() as tape:
            tape.watch(given := tf.constant(frames))
            outputs = tf.cast(model(given), "float32")
            loss = tf.reduce_sum(outputs * tf.cos(outputs))
        results.append((outputs.numpy(), tape.gradient(loss, [given, *(v.value for v in model.trainable_variables)])))
    assert before.output.shape == after.output.shape == (None, *results[0][0].shape[1:])
    np.testing.assert_array_equal(results[0][0], results[1][0])
    assert (results[0][0] == 0).any() and (results[0][0] > 0).any()
    if dtype == "float32":
        for one, other in zip(results[0][1], results[1][1], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-4)


def test_the_gradient_of_a_bias_is_the_sum_over_all_positions():
    """In bfloat16 as TensorFlow sums it, ones end at 256."""
    inputs = keras.Input((4, 32, 32, 1))
    model = keras.Model(inputs, conv3d(inputs, 3, name="conv", dtype="mixed_bfloat16"))
    model.set_weights([np.zeros((3, 3, 3, 1, 3)), np.ones(3)])
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (2, 4, 32, 32, 3), p=[0.4, 0.6]).astype("float32")
    for weights in (np.ones_like(signs), signs):
        _, bias = gradients(
            model, np.ones((2, 4, 32, 32, 1)), lambda y, w=weights: tf.reduce_sum(w * tf.cast(y, "float32"))
        )
        np.testing.assert_allclose(bias, weights.sum((0, 1, 2, 3)), rtol=2**-8)  # rounded once


def test_an_unknown_policy_is_refused_even_if_no_layer_would_look_at_it():
    model = MODELS["whole videos of features"]("float32")
    with pytest.raises(ValueError, match="no_such"):
        model.with_dtype("no_such")
