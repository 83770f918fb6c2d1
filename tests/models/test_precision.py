"""Gradients in mixed bfloat16 against float32: that of a bias, a sum over all positions, and every one of a model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import scoringnet_tf
from scoringnet_tf import losses
from scoringnet_tf.models.layers import conv3d
from scoringnet_tf.training.runtime import cpu_flags

SIZE, LENGTH = 64, 16


def gradients(model, inputs, loss):
    """The gradient of every trainable variable, in their order."""
    with tf.GradientTape() as tape:
        value = loss(model(inputs, training=False))
    return [np.asarray(gradient, "float64") for gradient in tape.gradient(value, model.trainable_variables)]


def test_the_gradient_of_a_bias_is_the_sum_over_all_positions():
    """In bfloat16 as TensorFlow sums it, ones end at 256."""
    inputs = keras.Input((4, 32, 32, 1))
    model = keras.Model(inputs, conv3d(inputs, 3, name="conv", dtype="mixed_bfloat16"))
    model.set_weights([np.zeros((3, 3, 3, 1, 3)), np.ones(3)])
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (2, 4, 32, 32, 3), p=[0.4, 0.6]).astype("float32")
    for weights in (np.ones_like(signs), signs):
        found = gradients(
            model, np.ones((2, 4, 32, 32, 1)), lambda y, w=weights: tf.reduce_sum(w * tf.cast(y, "float32"))
        )
        np.testing.assert_allclose(found[1], weights.sum((0, 1, 2, 3)), rtol=2**-8)  # rounded once


def kfs(batch, **options):
    """KFS of the small model and its loss (Eq. 5)."""
    labels = np.full((batch, LENGTH), 2, "int32")
    model = scoringnet_tf.KeyFragmentSegmenter(image_size=(SIZE, SIZE), width_multiplier=1 / 8, **options)
    return model, lambda probabilities: losses.stage_cross_entropy(labels, probabilities)


def tower(batch, **options):
    """A tower of the small model and its loss (Eq. 6)."""
    truth = np.full(batch, 100.0, "float32")
    predictor = scoringnet_tf.ScorePredictor(
        image_size=(SIZE, SIZE), width_multiplier=1 / 8, clip_lengths=(LENGTH, LENGTH), kernel_l2=0.0, **options
    )
    return predictor.get_layer("execution_tower"), lambda scores: losses.half_mean_squared_error(truth, scores)


def has_bfloat16_arithmetic():
    """Whether the processor has instructions for it; without them TensorFlow emulates it, and rounds more often."""
    flags = cpu_flags()
    return not flags or not flags.isdisjoint(("avx512_bf16", "amx_bf16"))


@pytest.mark.slow
@pytest.mark.parametrize("largest", [1, 255], ids="to {}".format)
@pytest.mark.parametrize(("build", "batch"), [(kfs, 8), (tower, 24)], ids=["kfs", "tower"])
def test_every_gradient_in_bfloat16_is_close_to_float32s(build, batch, largest):
    """What is left is bfloat16's own: rounding lets another pixel win in a pooling, and its gradient goes elsewhere."""
    if build is tower and not has_bfloat16_arithmetic():
        pytest.skip("This processor has no arithmetic in bfloat16, which --precision=auto does not choose there.")
    preprocessing = {"mean": 0.0, "scale": largest / 255}
    keras.utils.set_random_seed(2)
    reference, loss = build(batch, preprocessing=preprocessing, dtype="float32")
    low, _ = build(batch, preprocessing=preprocessing, dtype="mixed_bfloat16")
    kernel = reference.get_layer("c3d").get_layer("conv1a").kernel
    kernel.assign(kernel / largest)  # weights suit what comes in, so that conv1a gives the same
    low.set_weights(reference.get_weights())
    frames = np.random.default_rng(2).integers(0, 256, (batch, LENGTH, SIZE, SIZE, 3)).astype("uint8")
    inputs = {"frames": frames, "mask": np.ones((batch, LENGTH), bool)} if build is kfs else frames
    for variable, expected, found in zip(
        reference.trainable_variables, gradients(reference, inputs, loss), gradients(low, inputs, loss), strict=True
    ):
        error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
        assert error < (0.2 if variable.path.startswith("conv1a/") else 0.15), variable.path


def test_bfloat16_is_for_the_convolutions_alone():
    """A dense bias sums over the batch in TensorFlow's way too; the dense layers are little work."""
    heads = scoringnet_tf.C3D((8, 32, 32, 3), 1 / 16, heads={"group": 6}, dtype="mixed_bfloat16")
    network = scoringnet_tf.ScoringNet(image_size=(32, 32), width_multiplier=1 / 16, dtype="mixed_bfloat16")
    found = [layer for model in (heads, network) for layer in model._flatten_layers()]
    dense = [layer for layer in found if isinstance(layer, keras.layers.Dense)]
    assert len(dense) == 3 + 2 + 2 * 3
    assert {layer.compute_dtype for layer in dense} == {"float32"}
    assert "bfloat16" in {layer.compute_dtype for layer in found if isinstance(layer, keras.layers.Conv3D)}
