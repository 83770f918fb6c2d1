"""The optimizer of a run against Adam, clipping, schedule and accumulation written out in NumPy."""

import keras
import numpy as np
import pytest
from training_runs import STATISTICS, TINY

import scoringnet_tf
from scoringnet_tf.models.parameter_groups import rate_factors
from scoringnet_tf.training.config import Optimizer
from scoringnet_tf.training.optimizer import LayerwiseAdam, LinearWarmup, make_optimizer

SETTINGS = {  # every value unlike every default, and unlike the others
    "learning_rate": 0.02,
    "decay_rate": 0.7,
    "decay_steps": 5,
    "warmup_steps": 3,
    "clip_norm": 0.25,
    "accumulation_steps": 1,
    "ema_momentum": 0.0,
}
PATHS = ("conv1a/kernel", "conv5b/bias", "regressor_conv1/kernel", "fc1/kernel")
SHAPES = ((2, 3), (3,), (4,), (1, 2))
RATES = (0.3, 0.3, 1.0, 2.0)


def rate_by_hand(settings, update):
    """Rate of the update number `update`, from 0."""
    rate = settings["learning_rate"]
    if settings["decay_steps"]:
        rate *= settings["decay_rate"] ** (update // settings["decay_steps"])
    if settings["warmup_steps"]:
        rate *= min(1.0, (update + 1) / settings["warmup_steps"])
    return rate


def adam_by_hand(start, batches, settings, factors):
    """Values after each update by gradients (batch → one per variable).

    Kingma and Ba, end of §2, on clipped means of batches.
    """
    values = [np.array(value, np.float64) for value in start]
    m, v = ([np.zeros_like(value) for value in values] for _ in range(2))
    count, after = settings["accumulation_steps"], []
    for update in range(len(batches) // count):
        accumulated = batches[update * count : (update + 1) * count]
        gradients = [np.mean([batch[i] for batch in accumulated], axis=0) for i in range(len(values))]
        if settings["clip_norm"]:
            norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
            gradients = [gradient * min(1.0, settings["clip_norm"] / norm) for gradient in gradients]
        for i, gradient in enumerate(gradients):
            m[i] = 0.9 * m[i] + 0.1 * gradient
            v[i] = 0.999 * v[i] + 0.001 * gradient**2
            step = m[i] / (np.sqrt(v[i]) + 1e-7) * np.sqrt(1 - 0.999 ** (update + 1)) / (1 - 0.9 ** (update + 1))
            values[i] -= rate_by_hand(settings, update) * factors[i] * step
        after.append([value.copy() for value in values])
    return after


def average_by_hand(after, momentum):
    """The moving average of values after each update, which starts at those after the first."""
    average = after[0]
    for values in after[1:]:
        average = [momentum * old + (1 - momentum) * new for old, new in zip(average, values, strict=True)]
    return average


def variables():
    rng = np.random.default_rng(1)
    made = []
    for path, shape in zip(PATHS, SHAPES, strict=True):
        layer, name = path.split("/")
        with keras.name_scope(layer):
            made.append(keras.Variable(rng.normal(size=shape), dtype="float32", name=name))
    assert tuple(variable.path for variable in made) == PATHS
    return made


def gradients(count):
    """Small and large ones: some are clipped, and the largest belong to one variable."""
    rng = np.random.default_rng(2)
    scales = rng.choice([0.01, 1.0], (count, 1)) * [1.0, 0.1, 3.0, 0.3]
    return [
        [scale * rng.normal(size=shape) for scale, shape in zip(row, SHAPES, strict=True)] for row in scales.tolist()
    ]


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
@pytest.mark.parametrize(
    ("changes", "factors"),
    [
        ({}, (1.0, 1.0, 1.0, 1.0)),
        ({}, RATES),
        ({"clip_norm": 0.0}, RATES),
        ({"decay_steps": 0}, RATES),
        ({"warmup_steps": 0}, RATES),
        ({"decay_steps": 0, "warmup_steps": 0}, RATES),
        ({"accumulation_steps": 3}, RATES),
    ],
    ids=str,
)
def test_a_run_of_updates_equals_adam_by_hand(changes, factors, dtype):
    settings = {**SETTINGS, **changes}
    batches = gradients(18 if settings["accumulation_steps"] > 1 else 8)
    trained = variables()
    expected = adam_by_hand([np.asarray(variable) for variable in trained], batches, settings, factors)[-1]
    optimizer = make_optimizer(Optimizer(**settings), dtype, factors)
    optimizer.build(trained)
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer) == (dtype == "mixed_float16")
    scale = float(optimizer.scale_loss(1.0))
    for batch in batches:
        optimizer.apply([keras.ops.cast(scale * gradient, "float32") for gradient in batch], trained)
    for variable, value in zip(trained, expected, strict=True):
        # Keras takes 1 - 0.999^t in float32, where its relative error is 1e-5 of a step of 0.02 at first.
        np.testing.assert_allclose(variable, value, rtol=0, atol=5e-6, err_msg=variable.path)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
@pytest.mark.parametrize("batches_per_update", [1, 3])
def test_the_average_takes_in_every_update_once(batches_per_update, dtype):
    """And the swap back is exact: training goes on from the same weights, to the bit."""
    settings = {**SETTINGS, "accumulation_steps": batches_per_update, "ema_momentum": 0.6}
    trained = variables()
    start = [np.array(variable) for variable in trained]
    after = adam_by_hand(start, gradients(12), settings, (1.0,) * 4)
    optimizer = make_optimizer(Optimizer(**settings), dtype)
    optimizer.build(trained)
    scale = float(optimizer.scale_loss(1.0))
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    for number, batch in enumerate(gradients(12), start=1):
        optimizer.apply([keras.ops.cast(scale * gradient, "float32") for gradient in batch], trained)
        updates = number // batches_per_update
        expected = average_by_hand(after[:updates], 0.6) if updates else start
        before = [np.array(variable) for variable in trained]
        inner.swap_averages()
        for variable, value in zip(trained, expected, strict=True):
            np.testing.assert_allclose(variable, value, rtol=0, atol=5e-6, err_msg=variable.path)
        inner.swap_averages()
        for variable, value in zip(trained, before, strict=True):
            np.testing.assert_array_equal(variable, value)


def test_each_part_moves_by_its_share_of_adams_step():
    """old + factor · (new − old), where a C3D has the factor of all C3Ds times that of the part it lies in."""
    network = scoringnet_tf.ScoringNet(**TINY)
    before = [np.array(variable) for variable in network.trainable_variables]
    rng = np.random.default_rng(3)
    drawn = [rng.normal(size=value.shape).astype("float32") for value in before]
    steps = {}
    for name, optimizer in (
        ("adam", keras.optimizers.Adam(0.01)),
        ("slow", LayerwiseAdam(0.01, rate_factors(network, {"c3d": 0.3, "kfs": 0.5, "execution": 2.0}))),
    ):
        for variable, value in zip(network.trainable_variables, before, strict=True):
            variable.assign(value)
        optimizer.apply(drawn, network.trainable_variables)
        steps[name] = [np.asarray(v) - old for v, old in zip(network.trainable_variables, before, strict=True)]
    difficulty, execution = (network.score_predictor.get_layer(f"{score}_tower") for score in STATISTICS)
    factors = {}
    for part, of_part in ((network.segmenter, 0.5), (difficulty, 1.0), (execution, 2.0)):
        factors |= {id(variable): of_part for variable in part.trainable_variables}
        factors |= {id(variable): 0.3 * of_part for variable in part.get_layer("c3d").trainable_variables}
    assert len(factors) == len(network.trainable_variables)
    for variable, full, found in zip(network.trainable_variables, steps["adam"], steps["slow"], strict=True):
        factor = factors[id(variable)]
        np.testing.assert_allclose(found, factor * full, atol=1e-6, err_msg=variable.path)


def test_a_compiled_model_takes_its_optimizer_along(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="conv1a"), keras.layers.Dense(1)])
    settings = {**SETTINGS, "accumulation_steps": 2, "ema_momentum": 0.9}
    model.compile(make_optimizer(Optimizer(**settings), "float32", [0.3, 0.3, 1, 2]), loss="mse", run_eagerly=True)
    x, y = np.random.default_rng(0).normal(size=(2, 8, 3)).astype("float32")
    y = y[:, :1]
    model.fit(x, y, batch_size=2, epochs=1, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    for each in (model, again):
        each.fit(x, y, batch_size=2, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_factors_of_other_variables_are_refused():
    optimizer = LayerwiseAdam(rate_factors=[0.1, 0.2, 1.0])
    with pytest.raises(ValueError):
        optimizer.build(variables())
    with pytest.raises(ValueError):
        LayerwiseAdam(weight_decay=0.01)


def test_what_has_no_operation_of_its_own_is_a_step_of_keras():
    after = []
    for kind in (LayerwiseAdam, keras.optimizers.Adam):
        trained = variables()
        optimizer = kind(0.02, amsgrad=True, beta_1=0.7, beta_2=0.95, epsilon=0.01)
        optimizer.build(trained)
        for batch in gradients(12):
            optimizer.apply([keras.ops.cast(gradient, "float32") for gradient in batch], trained)
        after.append([np.array(value) for value in [*trained, *optimizer.variables]])
    for ours, theirs in zip(*after, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


# === Warm-up ===

HALVING = keras.optimizers.schedules.ExponentialDecay(0.2, 4, 0.5, staircase=True)


@pytest.mark.parametrize("schedule", [0.2, LinearWarmup(HALVING, 3)], ids=["number", "nested"])
def test_a_warm_up_is_a_straight_line_that_is_saved_and_loaded(schedule):
    warmup = LinearWarmup(schedule, 7)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(warmup))
    rates = [float(warmup(step)) for step in range(12)]
    assert [float(again(step)) for step in range(12)] == rates
    later = [float(schedule(step)) if callable(schedule) else schedule for step in range(12)]
    assert rates == pytest.approx([rate * min(1, (step + 1) / 7) for step, rate in enumerate(later)], rel=1e-6)
