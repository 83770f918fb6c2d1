"""What a system says of itself: what it sees of videos, and how it learns one score from that."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf.baselines.videos import Videos
from scoringnet_tf.sports import src
from scoringnet_tf.support.messages import InputError, counted

See = Callable[[Videos], np.ndarray]  # videos → what a system sees of them, (V, …)
FOLDS = 5


@dataclasses.dataclass(frozen=True)
class TrainingSet:
    """V videos of known score.

    Attributes:
        inputs: (V, …), what the system sees of each.
        scores: (V,), points.
        held_out: bool (V,), the validation part: what chooses epochs; what is fitted at once may learn from it.
        seed: of everything random.
        groups: (V,), which videos are cuts of one source: they are held out together.
    """

    inputs: np.ndarray
    scores: np.ndarray
    held_out: np.ndarray
    seed: int
    groups: np.ndarray

    @property
    def is_grouped(self) -> bool:
        """Whether videos share a group."""
        return len({*self.groups.tolist()}) < len(self.groups)


@dataclasses.dataclass(frozen=True)
class Learned:
    """A score that was learnt.

    Attributes:
        predict: inputs (V, …) → scores (V,), points.
        chosen: settings that were chosen inside the training split, name → value.
    """

    predict: Callable[[np.ndarray], np.ndarray]
    chosen: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class System:
    """A system that ScoringNet is compared with.

    Attributes:
        title: as tables call it.
        sees: `"clips"`, `"grey"`, `"joints"`, `"lengths"` or `"factors"`, of `Videos`.
        see: what the system sees of videos, (V, …).
        learn: one score from what was seen. Every score that the training videos know is learnt by itself, the final
            one too, as the papers have it.
        watch: training videos and a seed → `see`, if the system learns what it sees, without scores.
    """

    title: str
    sees: str
    see: See | None
    learn: Callable[[TrainingSet], Learned]
    watch: Callable[[Videos, int], See] | None = None


def order(truth: np.ndarray, predicted: np.ndarray) -> float:
    """SRC; 0 where it is undefined, as of equal predictions: they say nothing of the order."""
    return float(np.nan_to_num(src(truth, predicted)))


def folds_of(training: TrainingSet) -> list[tuple[np.ndarray, np.ndarray]]:
    """(rows to learn from, rows to try) of each of `FOLDS` folds; cuts of one source are in one fold.

    Raises:
        InputError: all videos are cuts of one source.
    """
    from sklearn.model_selection import GroupKFold, KFold

    number = len(set(training.groups.tolist()))
    if number < 2:
        videos = counted(len(training.groups), "video")
        raise InputError("one_source", f"All {videos} come from one source.", "Cross-validation needs two.")
    folds = (GroupKFold if training.is_grouped else KFold)(min(FOLDS, number), shuffle=True, random_state=training.seed)
    return list(folds.split(training.scores, groups=training.groups if training.is_grouped else None))


def cross_validated(
    regressor: Any,
    grid: Mapping[str, Sequence[Any]],
    training: TrainingSet,
    inputs: np.ndarray,
    scoring: str | None = None,
) -> Any:
    """scikit-learn's `GridSearchCV` in the `folds_of` the videos, fitted.

    Args:
        regressor: of scikit-learn.
        grid: name of a setting → what is tried.
        training: its scores and seed.
        inputs: (V, D), or a kernel (V, V).
        scoring: scikit-learn's name of what is to be highest; None: SRC.

    Raises:
        InputError: all videos are cuts of one source.
    """
    from sklearn.model_selection import GridSearchCV

    search = GridSearchCV(
        regressor,
        dict(grid),
        scoring=scoring or (lambda fitted, x, y: order(y, fitted.predict(x))),
        cv=folds_of(training),
        error_score="raise",
    )
    return search.fit(inputs, training.scores)


def learned(search: Any, **settings: Any) -> Learned:
    """What a search found, with the settings that were not chosen."""
    measure = search.scoring if isinstance(search.scoring, str) else "src"
    chosen = {**search.best_params_, f"cross_validation_{measure}": round(float(search.best_score_), 4)}
    return Learned(search.predict, {**settings, **chosen, "folds": search.n_splits_})
