"""How well simulated videos can be scored at all: by their true faults, and by the scores that these deserve.

The judges err, so that even who sees every fault cannot tell the score. No pictures are read.
"""

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from scoringnet_tf.baselines.system import Learned, System, TrainingSet
from scoringnet_tf.baselines.videos import Videos
from scoringnet_tf.data.factors import read_deserved, read_factors
from scoringnet_tf.sports import get_sport

LEARNING_RATE, TREES = 0.05, 300
DIGITS = 6


def faults(videos: Videos) -> np.ndarray:
    """Difficulty and faults of each, (V, K)."""
    return read_factors(videos.info, videos.ids).values


def learn_boosted(training: TrainingSet) -> Learned:
    """Gradient boosting of trees, scikit-learn's defaults otherwise."""
    model = HistGradientBoostingRegressor(learning_rate=LEARNING_RATE, max_iter=TREES, random_state=training.seed)
    model.fit(training.inputs, training.scores)
    return Learned(model.predict, {"learning_rate": LEARNING_RATE, "trees": TREES})


def deserved(videos: Videos) -> np.ndarray:
    """Difficulty, execution and final score of each without the judges' error, (V, 3)."""
    difficulty, execution = read_deserved(videos.info, videos.ids).T
    final = get_sport(videos.info.sport).fuse(difficulty, execution)
    return np.stack([difficulty, execution, final], axis=-1)


def learn_line(training: TrainingSet) -> Learned:
    """A linear regression on these three; it is rounded, so that equal scores stay equal."""
    model = LinearRegression().fit(training.inputs, training.scores)
    return Learned(lambda inputs: np.round(model.predict(inputs), DIGITS))


FAULTS = System("True faults", "factors", faults, learn_boosted)
JUDGES = System("Without the judges' error", "factors", deserved, learn_line)
