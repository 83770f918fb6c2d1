"""A system: what it sees of videos, and how it learns one score from that."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf.baselines.videos import Videos
from scoringnet_tf.sports import src
from scoringnet_tf.support.messages import InputError, counted

See = Callable[[Videos], np.ndarray]  # videos → inputs (V, …)
FOLDS = 5


@dataclasses.dataclass(frozen=True)
class TrainingSet:
    """V videos of known score."""

    inputs: np.ndarray  # (V, …)
    scores: np.ndarray  # (V,), points
    held_out: np.ndarray  # bool (V,), the validation part: it chooses epochs; what is fitted at once may learn from it
    seed: int
    groups: np.ndarray  # (V,), names of the sources that videos are cut from

    @property
    def is_grouped(self) -> bool:
        """Whether videos share a source."""
        return len({*self.groups.tolist()}) < len(self.groups)


@dataclasses.dataclass(frozen=True)
class Learned:
    """A learnt score: inputs (V, …) → scores (V,), points; and the settings that were chosen, name → value."""

    predict: Callable[[np.ndarray], np.ndarray]
    chosen: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class System:
    """A system that ScoringNet is compared with.

    Attributes:
        title: as tables call it.
        sees: `"clips"`, `"grey"`, `"joints"`, `"lengths"` or `"factors"`, of `Videos`.
        see: videos → inputs (V, …).
        learn: learns one score. Every score is learnt by itself, the final one too, as the papers have it.
        watch: training videos and a seed → `see`, if the system learns what to see, without scores.
    """

    title: str
    sees: str
    see: See | None
    learn: Callable[[TrainingSet], Learned]
    watch: Callable[[Videos, int], See] | None = None


def order(truth: np.ndarray, predicted: np.ndarray) -> float:
    """SRC; 0 where it is undefined, as of equal predictions."""
    return float(np.nan_to_num(src(truth, predicted)))


def folds_of(training: TrainingSet) -> list[tuple[np.ndarray, np.ndarray]]:
    """(rows to learn from, rows to try) of each of `FOLDS` folds, each source in one; InputError if there is one."""
    from sklearn.model_selection import GroupKFold, KFold

    number = len({*training.groups.tolist()})
    if number < 2:
        videos = counted(len(training.groups), "video")
        raise InputError("one_source", f"All {videos} come from one source.", "Cross-validation needs two.")
    groups = training.groups if training.is_grouped else None
    folds = (KFold if groups is None else GroupKFold)(min(FOLDS, number), shuffle=True, random_state=training.seed)
    return list(folds.split(training.scores, groups=groups))


def searched(regressor: Any, grid: Mapping[str, Sequence[Any]], training: TrainingSet, **settings: Any) -> Learned:
    """scikit-learn's `GridSearchCV` by SRC in the `folds_of` the videos; `settings`, not chosen, go on record."""
    from sklearn.model_selection import GridSearchCV

    def scoring(fitted: Any, inputs: np.ndarray, truth: np.ndarray) -> float:
        return order(truth, fitted.predict(inputs))

    search = GridSearchCV(regressor, dict(grid), scoring=scoring, cv=folds_of(training), error_score="raise")
    search.fit(training.inputs, training.scores)
    quality = {"cross_validation_src": round(float(search.best_score_), 4), "folds": search.n_splits_}
    return Learned(search.predict, {**settings, **search.best_params_, **quality})
