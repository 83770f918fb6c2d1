"""Support vector regression of a score, its settings by cross-validation inside the training videos."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold

from scoringnet_tf.baselines.system import Learned, TrainingSet
from scoringnet_tf.sports import src
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

FOLDS = 5


def order(truth: np.ndarray, predicted: np.ndarray) -> float:
    """SRC; 0 where it is undefined, as of equal predictions: they say nothing of the order."""
    return float(np.nan_to_num(src(truth, predicted)))


def cross_validated(
    regressor: RegressorMixin, grid: Mapping[str, Sequence[Any]], training: TrainingSet, inputs: np.ndarray
) -> GridSearchCV:
    """`regressor` with the setting of `grid` that has the highest SRC in `FOLDS` folds, fitted to all of `training`.

    Cuts of one source are in one fold.

    Args:
        regressor: of scikit-learn.
        grid: name of a setting → what is tried.
        training: its scores and seed.
        inputs: (V, D), or a kernel (V, V).

    Raises:
        InputError: all videos are cuts of one source.
    """
    number = len(set(training.groups.tolist()))
    if number < 2:
        raise InputError(
            "one_source",
            f"All {counted(len(training.groups), 'video')} come from one source.",
            "Cross-validation, which chooses the settings, needs two.",
        )
    if number == len(training.groups):
        folds = list(KFold(min(FOLDS, number), shuffle=True, random_state=training.seed).split(inputs))
    else:
        of_groups = GroupKFold(min(FOLDS, number), shuffle=True, random_state=training.seed)
        folds = list(of_groups.split(inputs, groups=training.groups))
    search = GridSearchCV(
        regressor, dict(grid), scoring=lambda fitted, x, y: order(y, fitted.predict(x)), cv=folds, error_score="raise"
    )
    return search.fit(inputs, training.scores)


def learned(search: GridSearchCV, **settings: Any) -> Learned:
    """What was found, with the settings that were not chosen."""
    chosen = {**search.best_params_, "cross_validation_src": round(float(search.best_score_), 4)}
    return Learned(search.predict, {**settings, **chosen, "folds": search.n_splits_})
