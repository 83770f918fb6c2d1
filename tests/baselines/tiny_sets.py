"""Training sets whose truth is known."""

import numpy as np

from scoringnet_tf.baselines.system import TrainingSet


def training_set(inputs, scores, held_out=0.2, seed=0):
    """The last `held_out` share is the validation part."""
    number = len(scores)
    return TrainingSet(inputs, scores, np.arange(number) >= (1 - held_out) * number, seed, np.arange(number))


def linear_set(shape, seed=0, noise=0.0):
    """(training set, inputs and scores of as many others) of scores 10 + inputs · weights, of deviation 2 or so."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(2 * shape[0], *shape[1:])).astype(np.float32)
    flat = inputs.reshape(len(inputs), -1)
    weights = rng.normal(size=flat.shape[1]) * 2 / np.sqrt(flat.shape[1])
    scores = 10 + flat @ weights + noise * rng.normal(size=len(flat))
    half = shape[0]
    return training_set(inputs[:half], scores[:half], seed=seed), inputs[half:], scores[half:]
