"""Which layer computes in which dtype: C3D and the regressor's convolutions follow the policy, the rest is float32."""

import keras
import numpy as np
import pytest
from training_runs import SMALL, batch, telling

import scoringnet_tf
from scoringnet_tf.inference.extraction import Extraction, FeatureExtractor
from scoringnet_tf.inference.stages import WindowedSegmenter
from scoringnet_tf.models.stage_networks import STAGE_NETWORKS

GLOBAL = ("mixed_bfloat16", "mixed_float16", "bfloat16")
SIZE = {"image_size": (32, 32), "width_multiplier": 1 / 16}
CLIP = (8, 32, 32, 3)
FEATURES = {"features": {"size": 5, "stride": 1, "origin": None}}
DISTRIBUTION = {"score_predictor": {"head": "distribution"}}


@pytest.fixture(params=GLOBAL)
def policy(request):
    """The global dtype policy, set."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def scoring_net(**options):
    return lambda dtype: telling(scoringnet_tf.ScoringNet(**SMALL, **options, dtype=dtype))


def segmenter(network, **options):
    return lambda dtype: scoringnet_tf.KeyFragmentSegmenter(**SIZE, network=network, **options, dtype=dtype)


def c3d(**options):
    return lambda dtype: scoringnet_tf.C3D(CLIP, 1 / 16, **options, dtype=dtype)


MODELS = {
    **{network: segmenter(network) for network in STAGE_NETWORKS},
    **{f"{network} of features": segmenter(network, features=5) for network in STAGE_NETWORKS[:3]},
    "C3D with heads": c3d(heads={"group": 6}),
    "C3D with a regressor": c3d(heads={"group": 6}, top="regressor", top_units=512),
    "C3D without heads": c3d(heads={}),
    "ScoringNet": scoring_net(),
    "in order": scoring_net(decoding="ordered"),
    "six views": scoring_net(views=6),
    "distributions": scoring_net(**DISTRIBUTION),
    "whole videos": scoring_net(fragments="whole"),
    "features": scoring_net(**FEATURES),
    "features in order, distributions": scoring_net(**FEATURES, **DISTRIBUTION, decoding="ordered"),
    "whole videos of features": scoring_net(**FEATURES, fragments="whole"),
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
    """As the docstrings of C3D, KFS and `regressor` say."""
    *parts, name = path.split("/")
    is_trunk = name.startswith(("rescale", "conv", "pool"))
    return (is_trunk and parts[-1:] in (["c3d"], [])) or name.startswith(("regressor_conv", "regressor_pool"))


@pytest.mark.parametrize("name", MODELS)
def test_an_explicit_float32_wins_over_the_global_policy(name, policy):
    keras.utils.set_random_seed(0)
    model = MODELS[name]("float32")
    others = {path: layer.compute_dtype for path, layer in layers_of(model) if layer.compute_dtype != "float32"}
    assert not others
    assert {variable.dtype for variable in model.weights} <= {"float32"}


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16"], indirect=True)
@pytest.mark.parametrize("name", MODELS)
def test_an_explicit_float32_computes_the_same_under_a_global_policy(name, policy):
    found = []
    for current in ("float32", policy):
        keras.config.set_dtype_policy(current)
        keras.utils.set_random_seed(0)
        model = MODELS[name]("float32")
        found.append(keras.tree.flatten(model(inputs_of(model), training=False)))
    for expected, value in zip(*found, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)
        assert value.dtype == expected.dtype


@pytest.mark.parametrize("name", MODELS)
def test_without_a_policy_of_its_own_a_model_follows_the_global_one(name, policy):
    """But for the heads, and the convolutions over two frames, which bfloat16 would get wrong."""
    model, compute = MODELS[name](None), keras.config.dtype_policy().compute_dtype
    for path, layer in layers_of(model):
        in_float32 = name == "resnet50" or "features" in name or not follows_the_policy(path)
        expected = "float32" if in_float32 else compute
        if isinstance(layer, keras.layers.Conv3D) and layer.input.shape[1] == 2 and compute == "bfloat16":
            expected = "float32"
        assert layer.compute_dtype == expected, path
    assert {tensor.dtype for tensor in keras.tree.flatten(model.output)} <= {"float32", "int32", "bool"}


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16"], indirect=True)
@pytest.mark.parametrize("name", MODELS)
def test_results_are_finite_float32_numbers_under_a_global_policy(name, policy):
    model = MODELS[name](None)
    for value in keras.tree.flatten(model(inputs_of(model), training=False)):
        assert value.dtype in ("float32", "int32", "bool") and np.isfinite(value).all()


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16"], indirect=True)
def test_an_explicit_float32_learns_the_same_under_a_global_policy(policy):
    found, parts = [], {part: {"dropout_rate": 0.0} for part in ("segmenter", "score_predictor")}
    for current in ("float32", policy):
        keras.config.set_dtype_policy(current)
        keras.utils.set_random_seed(0)
        model = scoringnet_tf.ScoringNet(**SMALL, **parts, dtype="float32")
        model.compile(keras.optimizers.SGD(1e-3), fragments="scheduled")
        found.append(model.fit(*batch(), shuffle=False, verbose=0).history)
    for figure, value in found[0].items():
        assert found[1][figure] == pytest.approx(value, rel=1e-4, nan_ok=True), figure


@pytest.mark.parametrize("policy", ["mixed_bfloat16"], indirect=True)
def test_windows_compute_as_their_segmenter_does(policy):
    model, frames = MODELS["c3d_bi_lstm"]("float32"), batch()[0]["frames"][0]
    stages, _ = WindowedSegmenter(model, 5)(lambda start, stop: frames[start:stop], len(frames))
    expected = model({"frames": frames[None], "mask": np.ones((1, len(frames)), bool)}, training=False)[0]
    np.testing.assert_allclose(stages, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16"], indirect=True)
def test_features_are_extracted_as_their_c3d_computes(policy):
    model, clip = c3d()("float32"), batch()[0]["frames"][0, :8]
    found = FeatureExtractor(model, Extraction("conv5b", "clip", 8, 8))(lambda numbers: clip[numbers], len(clip))
    expected = model.endpoint("conv5b")(clip[None], training=False)
    np.testing.assert_allclose(found[0], np.ravel(expected), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16"], indirect=True)
@pytest.mark.parametrize(("dtype", "scaled"), [("float32", False), ("mixed_bfloat16", False), (None, True)])
def test_the_loss_is_scaled_by_the_policy_of_the_model(policy, dtype, scaled):
    model = scoringnet_tf.ScoringNet(**SMALL, dtype=dtype)
    model.compile("adam")
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == scaled
