"""scikit-learn's own regressions of a final score, on the same features as ScoringNet.

Each chooses its settings inside the training videos: Ridge and SVR in folds of them, or of their groups, the Gaussian
process by its marginal likelihood. The others have none to choose.
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from scoringnet_tf.baselines import SIMPLE, load_system
from scoringnet_tf.baselines.system import Learned, System, TrainingSet, folds_of
from scoringnet_tf.baselines.videos import Videos, evenly
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.features import quarters

SHRINKAGES = np.logspace(-2, 5, 15)
C = (0.3, 1.0, 3.0, 10.0)
TREES = 300
MOST = 2000  # videos that a Gaussian process learns from: its time grows with their cube
STEPS = 32  # of a sequence, side by side as raw numbers


# === Inputs ===


def durations(videos: Videos) -> np.ndarray:
    """The logarithm of the number of steps, (V, 1)."""
    return np.log([[videos.info.videos[video_id]["num_frames"]] for video_id in videos.ids])


def sequence_statistics(steps: np.ndarray) -> np.ndarray:
    """Statistics (9 · D + 1,) of a sequence (T, D).

    Of each feature the mean, deviation, least, greatest, mean change a step and the mean of each quarter; and the
    logarithm of the number of steps. A quarter without a step has the mean of all.
    """
    mean = steps.mean(axis=0)
    change = np.abs(np.diff(steps, axis=0)).mean(axis=0) if len(steps) > 1 else np.zeros_like(mean)
    parts = [steps[part].mean(axis=0) for part in quarters(len(steps))]
    whole = [mean, steps.std(axis=0), steps.min(axis=0), steps.max(axis=0), change]
    return np.concatenate([*whole, *parts, [np.log(len(steps))]])


def statistics(videos: Videos) -> np.ndarray:
    """The `sequence_statistics`, or a vector as it is, (V, K)."""
    values = [clips.values.astype(float) for clips in videos.clips()]
    return np.stack([each[0] if videos.info.has_vectors else sequence_statistics(each) for each in values])


def raw_numbers(videos: Videos) -> np.ndarray:
    """A vector, or `STEPS` even steps side by side, (V, D)."""
    number = 1 if videos.info.has_vectors else STEPS
    return np.stack([clips.values[evenly(number, len(clips.values))].ravel() for clips in videos.clips()]).astype(float)


# === Regressions ===


def ridge(training: TrainingSet) -> Any:
    """Ridge regression; single videos are left out by a closed form, groups in folds."""
    return make_pipeline(StandardScaler(), RidgeCV(SHRINKAGES, cv=folds_of(training) if training.is_grouped else None))


def support_vectors(training: TrainingSet) -> Any:
    """Support vector regression with an RBF kernel."""
    model = make_pipeline(StandardScaler(), TransformedTargetRegressor(SVR(), transformer=StandardScaler()))
    grid = {"transformedtargetregressor__regressor__C": C}
    return GridSearchCV(model, grid, scoring="neg_mean_absolute_error", cv=folds_of(training))


def gaussian_process(training: TrainingSet) -> Any:
    """Gaussian process with a Matérn 3/2 kernel and noise."""
    scale = np.sqrt(training.inputs.shape[1])  # a usual distance of standardised inputs
    kernel = ConstantKernel() * Matern(scale, (scale / 30, scale * 100), nu=1.5) + WhiteKernel()
    return make_pipeline(StandardScaler(), GaussianProcessRegressor(kernel, normalize_y=True))


def extra_trees(training: TrainingSet) -> Any:
    """Extremely randomised trees."""
    return ExtraTreesRegressor(TREES, random_state=training.seed)


def component(training: TrainingSet) -> Any:
    """A line over the first principal component."""
    return make_pipeline(PCA(1, random_state=training.seed), LinearRegression())


def learner(make: Callable[[TrainingSet], Any], most: int | None = None) -> Callable[[TrainingSet], Learned]:
    """A `System.learn` that fits a regressor of scikit-learn, to `most` videos drawn at random."""

    def learn(training: TrainingSet) -> Learned:
        rows = np.random.default_rng(training.seed).permutation(len(training.scores))[:most]
        model = make(training)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a length scale at its bound is one that is ignored
            model.fit(*(each[rows] if most else each for each in (training.inputs, training.scores)))
        return Learned(model.predict, dict(getattr(model, "best_params_", {})))

    return learn


MEAN = System("Mean score", "lengths", durations, learner(lambda training: DummyRegressor()))
DURATION = System("Duration", "lengths", durations, learner(lambda training: LinearRegression()))
RIDGE = System("Ridge", "clips", statistics, learner(ridge))
SUPPORT_VECTORS = System("SVR", "clips", statistics, learner(support_vectors))
GAUSSIAN_PROCESS = System("Gaussian process", "clips", statistics, learner(gaussian_process, MOST))
EXTRA_TREES = System("Extra trees", "clips", statistics, learner(extra_trees))
COMPONENT = System("First principal component", "clips", raw_numbers, learner(component))


def learnable(fold: DatasetInfo, scores: Sequence[str]) -> list[str]:
    """The scores that two training videos at least are known to have."""
    trained = fold.split("train")["ids"]
    return [score for score in scores if np.isfinite(fold.true_scores(score, trained)).sum() >= 2]


class SimpleSystems:
    """The systems of this file that can read some records: of frames, those that know lengths alone."""

    def __init__(self, info: DatasetInfo) -> None:
        self.info = info
        named = {name: load_system(name) for name in SIMPLE if not (info.has_vectors and name == "duration")}
        self.systems = [system for system in named.values() if info.features or system.sees == "lengths"]
        self._kept: dict[Any, dict[str, np.ndarray]] = {}

    def predict(self, fold: DatasetInfo, ids: Sequence[str], scores: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
        """Title → score → (V,), predicted for V videos after a fold's training videos; the scores are `learnable`."""
        trained = fold.split("train")["ids"]
        all_groups = np.array([fold.videos[video_id].get("group") or f"={video_id}" for video_id in trained])
        found: dict[str, dict[str, np.ndarray]] = {system.title: {} for system in self.systems}
        for system in self.systems:
            seen = self._seen(system.see)
            inputs, tested = (np.stack([seen[name] for name in names]) for names in (trained, ids))
            for score in scores:
                truth = fold.true_scores(score, trained)
                known = np.isfinite(truth)
                groups = all_groups[known]
                if len({*groups}) == 1:  # nothing to hold out but single videos
                    groups = np.array(trained)[known]
                training = TrainingSet(inputs[known], truth[known], np.zeros(known.sum(), bool), 0, groups)
                found[system.title][score] = system.learn(training).predict(tested)
        return found

    def _seen(self, see: Any) -> dict[str, np.ndarray]:
        """Id → inputs of all videos, read once for all folds."""
        if see not in self._kept:
            self._kept[see] = {}
            for split, of_split in self.info.splits.items():
                videos = Videos(self.info, split, tuple(of_split["ids"]), "", Path())  # no C3D: features, or lengths
                self._kept[see] |= dict(zip(videos.ids, see(videos), strict=True))
        return self._kept[see]
