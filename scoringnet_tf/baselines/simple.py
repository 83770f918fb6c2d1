"""What a network on features has to beat: the mean score, the duration, and regressions without any network.

All learn the final score, as every other, by itself, on the same features as ScoringNet. Ridge regressions choose their
shrinkage by the squared error of each video left out, and support vectors their C by the absolute one in folds of the
training videos; cuts of one source are in one fold, then of the ridges too.
"""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from scoringnet_tf.baselines.system import Learned, System, TrainingSet, cross_validated, folds_of, learned
from scoringnet_tf.baselines.videos import Videos, evenly

SHRINKAGES = np.logspace(-2, 5, 15)
C = (0.3, 1.0, 3.0, 10.0)
QUARTERS = 4  # of a sequence, that have a mean each
STEPS = 32  # of a sequence, that lie side by side as raw numbers


def durations(videos: Videos) -> np.ndarray:
    """The logarithm of the number of steps of each, (V, 1)."""
    return np.log([[videos.info.videos[video_id]["num_frames"]] for video_id in videos.ids])


def sequence_statistics(steps: np.ndarray) -> np.ndarray:
    """Statistics (9 · D + 1,) of a sequence (T, D).

    Of each feature the mean, deviation, least, greatest, mean change a step and the mean of each quarter; and the
    logarithm of the number of steps. A quarter without a step has the mean of all.
    """
    mean = steps.mean(axis=0)
    change = np.abs(np.diff(steps, axis=0)).mean(axis=0) if len(steps) > 1 else np.zeros_like(mean)
    quarter = QUARTERS * np.arange(len(steps)) // len(steps)
    quarters = [steps[quarter == each].mean(axis=0) if (quarter == each).any() else mean for each in range(QUARTERS)]
    whole = [mean, steps.std(axis=0), steps.min(axis=0), steps.max(axis=0), change]
    return np.concatenate([*whole, *quarters, [np.log(len(steps))]])


def statistics(videos: Videos) -> np.ndarray:
    """The `sequence_statistics` of each, or the vector that it is, (V, K)."""
    values = [clips.values.astype(float) for clips in videos.clips()]
    return np.stack([each[0] if videos.info.has_vectors else sequence_statistics(each) for each in values])


def raw_numbers(videos: Videos) -> np.ndarray:
    """The vector of each, or `STEPS` even steps side by side, (V, D)."""
    number = 1 if videos.info.has_vectors else STEPS
    return np.stack([clips.values[evenly(number, len(clips.values))].ravel() for clips in videos.clips()]).astype(float)


def learn_mean(training: TrainingSet) -> Learned:
    """The mean of the training scores."""
    mean = float(training.scores.mean())
    return Learned(lambda inputs: np.full(len(inputs), mean), {"mean": mean})


def learn_linear(training: TrainingSet) -> Learned:
    """A line."""
    return Learned(LinearRegression().fit(training.inputs, training.scores).predict)


def learn_ridge(training: TrainingSet) -> Learned:
    """A ridge regression on standardised inputs."""
    return _ridge(training, StandardScaler())


def learn_raw_ridge(training: TrainingSet) -> Learned:
    """A ridge regression on inputs as they are."""
    return _ridge(training)


def _ridge(training, *before):
    alone = len({*training.groups.tolist()}) == len(training.groups)
    model = make_pipeline(*before, RidgeCV(SHRINKAGES, cv=None if alone else folds_of(training)))
    model.fit(training.inputs, training.scores)
    return Learned(model.predict, {"alpha": float(model[-1].alpha_)})


def learn_support_vectors(training: TrainingSet) -> Learned:
    """A support vector regression with an RBF kernel, on standardised inputs and scores."""
    model = make_pipeline(StandardScaler(), TransformedTargetRegressor(SVR(), transformer=StandardScaler()))
    grid = {"transformedtargetregressor__regressor__C": C}
    return learned(cross_validated(model, grid, training, training.inputs, "neg_mean_absolute_error"), kernel="rbf")


def learn_component(training: TrainingSet) -> Learned:
    """A line over the first principal component of inputs as they are."""
    model = make_pipeline(PCA(1, random_state=training.seed), LinearRegression())
    return Learned(model.fit(training.inputs, training.scores).predict)


MEAN = System("Mean score", "lengths", durations, learn_mean)
DURATION = System("Duration", "lengths", durations, learn_linear)
RIDGE = System("Ridge on statistics", "clips", statistics, learn_ridge)
SUPPORT_VECTORS = System("SVR on statistics", "clips", statistics, learn_support_vectors)
RAW_RIDGE = System("Ridge on raw features", "clips", raw_numbers, learn_raw_ridge)
COMPONENT = System("First principal component", "clips", raw_numbers, learn_component)
