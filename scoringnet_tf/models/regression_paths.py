"""The regressions on statistics in a `ScoringNet`'s towers: how they are fitted, and weighed against the networks."""

import collections
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from scoringnet_tf.models.fragments import importances_of_statistics
from scoringnet_tf.models.kernel_regression import FEWEST, fit_regression, network_share

if TYPE_CHECKING:
    from scoringnet_tf.models.trainer import Trainer

STATISTICS_SCALING, REGRESSION, BLEND = "statistics_scaling", "kernel_regression", "path_blend"


class RegressionPaths:
    """Those of all towers of a model; none if it was made without (`ScorePredictor.examples`)."""

    def __init__(self, model: "Trainer") -> None:
        self.model = model
        self.towers = model.score_predictor.towers if model.score_predictor.examples else {}
        self.statistics: dict[str, list] = collections.defaultdict(list)
        self.truth: dict[str, list] = collections.defaultdict(list)
        self.ids: dict[str, list] = collections.defaultdict(list)

    # === Fit ===

    def collect(self, features: Any, targets: Mapping[str, Any], mask: Any, ids: Any = None) -> None:
        """Adds a batch of training videos: those of known score, whose true stages have the tower's fragment."""
        if not self.towers:
            return
        clips, said = self.model.select_views(features, targets.get("stages"), mask, views=1)
        empty = np.asarray(said["empty_fragments"]) if said else np.zeros((len(mask), len(self.towers)), bool)
        for index, score in enumerate(self.towers):
            truth = np.asarray(targets[score], np.float64)
            known = np.isfinite(truth) & ~empty[:, index]
            self.statistics[score].append(ops.convert_to_numpy(clips[f"{score}_statistics"])[known])
            self.truth[score].append(truth[known])
            self.ids[score] += _names(ids, known)

    def fit(self, groups: Mapping[str, str | None] | None = None) -> None:
        """Fits each tower's to what was collected; too few videos are not fitted."""
        for score, tower in self.towers.items():
            statistics, truth = np.concatenate(self.statistics[score]), np.concatenate(self.truth[score])
            if len(truth) < FEWEST:
                continue
            mean, deviation = statistics.mean(axis=0, dtype=np.float64), statistics.std(axis=0, dtype=np.float64)
            deviation[deviation < 1e-6 * np.abs(mean)] = 0  # of what is constant but for rounding
            scaling, regression = tower.get_layer(STATISTICS_SCALING), tower.get_layer(REGRESSION)
            scaling.adapt(mean.astype("float32"), deviation.astype("float32"))
            length, size = tower.input["clip"].shape[1:]
            importances = importances_of_statistics(size, length)
            center, unit = self.model.score_predictor.get_config()["score_statistics"][score]
            seen = ops.convert_to_numpy(scaling(statistics)).astype(np.float64)
            of_groups = _of_groups(self.ids[score], groups)
            fit = fit_regression(seen, (truth - center) / unit, of_groups, regression.examples, importances)
            regression.set_fit(fit)
            tower.get_layer(BLEND).error.assign(fit.error)

    # === Weigh ===

    def weigh(
        self, dataset: Iterable[tuple[Any, ...]], groups: Mapping[str, str | None] | None = None
    ) -> dict[str, float]:
        """Sets and returns the network's share of each tower that has a fitted regression."""
        blends = {score: tower.get_layer(BLEND) for score, tower in self.towers.items()}
        blends = {score: blend for score, blend in blends.items() if blend.is_fitted}
        if not blends:
            return {}
        said: dict[str, list] = collections.defaultdict(list)
        for inputs, targets, *info in dataset:
            both = [self._outputs(inputs, blends, share) for share in (1.0, 0.0)]
            for score in blends:
                truth = np.asarray(targets[score], np.float64)
                known = np.isfinite(truth)
                said[score].append(np.stack([*(outputs[score] for outputs in both), truth])[:, known])
                self.ids[score] += _names(info[0]["id"] if info else None, known)
        shares = dict.fromkeys(blends, 0.0)
        for score, rows in said.items():
            network, regression, truth = np.concatenate(rows, axis=1)
            shares[score] = network_share(network, regression, truth, _of_groups(self.ids[score], groups))
        for score, blend in blends.items():
            blend.share.assign(shares[score])
        return shares

    def _outputs(self, inputs, blends, share):
        for blend in blends.values():
            blend.share.assign(share)
        outputs = self.model(inputs, training=False)
        return {score: ops.convert_to_numpy(outputs[score]) for score in blends}


def _names(ids, known):
    """Ids of videos, of a batch with them, that are known."""
    return [] if ids is None else [name.decode() for name in np.asarray(ids)[known]]


def _of_groups(ids, groups):
    """The group of each video, itself if it has none; None if nothing says."""
    return [groups.get(name) or f"={name}" for name in ids] if groups and ids else None
