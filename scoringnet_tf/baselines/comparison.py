"""What needs no network, fitted to the same training videos as a model, for a table beside it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from scoringnet_tf.baselines import SIMPLE, load_system
from scoringnet_tf.baselines.system import TrainingSet
from scoringnet_tf.baselines.videos import Videos
from scoringnet_tf.data.dataset_info import DatasetInfo


class SimpleSystems:
    """The `baselines.SIMPLE` that can read some records: of frames, those that know lengths alone.

    Args:
        info: all records, whatever their splits.
    """

    def __init__(self, info: DatasetInfo) -> None:
        self.info = info
        named = {name: load_system(name) for name in SIMPLE if not (info.has_vectors and name == "duration")}
        self.systems = [system for system in named.values() if info.features or system.sees == "lengths"]
        self._kept: dict[Callable, dict[str, np.ndarray]] = {}

    def predict(self, fold: DatasetInfo, ids: Sequence[str], scores: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
        """Title of each system → score → (V,), what it predicts of V videos after the training videos of a fold.

        Args:
            fold: the records under a split.
            ids: of the V videos.
            scores: those to predict; one that two training videos at least know.
        """
        trained = fold.split("train")["ids"]
        groups = np.array([fold.videos[video_id].get("group") or f"={video_id}" for video_id in trained])
        found: dict[str, dict[str, np.ndarray]] = {system.title: {} for system in self.systems}
        for system in self.systems:
            seen = self._seen(system.see)
            inputs, tested = (np.stack([seen[video_id] for video_id in of]) for of in (trained, ids))
            for score in scores:
                truth = fold.true_scores(score, trained)
                known = np.isfinite(truth)
                training = TrainingSet(inputs[known], truth[known], np.zeros(known.sum(), bool), 0, groups[known])
                found[system.title][score] = system.learn(training).predict(tested)
        return found

    def _seen(self, see):
        """Id → what a system sees of a video, of all records: read once for all folds."""
        if see not in self._kept:
            self._kept[see] = {}
            for split, of_split in self.info.splits.items():
                videos = Videos(self.info, split, tuple(of_split["ids"]), "", Path())  # no C3D: features, or lengths
                self._kept[see] |= dict(zip(videos.ids, see(videos), strict=True))
        return self._kept[see]
