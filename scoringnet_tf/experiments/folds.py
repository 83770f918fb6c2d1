"""Cross-validation: ScoringNet beside what needs no network, fold by fold, and which of them is best in words."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scoringnet_tf.bootstrap import num_units
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments import report
from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.results import Results
from scoringnet_tf.experiments.training import Surroundings, Training
from scoringnet_tf.training.config import Records

if TYPE_CHECKING:
    from scoringnet_tf.baselines.simple import SimpleSystems  # scikit-learn takes seconds to import

OURS = "ScoringNet"
# Figure → what its best row does, the figure in words, and whether more (1) or less (−1) is better.
MEASURED = {"f_src": ("orders the videos better", "order", 1), "f_med": ("comes closer to the scores", "error", -1)}


def with_validation(folds: Sequence[Surroundings]) -> list[Surroundings]:
    """The folds, each with --validation_fraction=0 if it would hold out a single group or video, unless it is set.

    One group or video cannot tell which epoch is the best: it is better learned from.
    """
    found = []
    for fold in folds:
        ids, config = fold.records.split("train")["ids"], Training({}, 0).resolved(fold)
        units = num_units(fold.records.groups_of(ids)) or len(ids)
        too_few = round(Records().validation_fraction * units) < 2 and "validation" not in fold.records.splits
        if too_few and "validation_fraction" not in config:
            fold = dataclasses.replace(fold, further=(*fold.further, "--validation_fraction=0"))
        found.append(fold)
    return found


def alone(fold: DatasetInfo) -> Results:
    """A fold's test videos, with nothing predicted yet, and the scores that its training videos teach."""
    from scoringnet_tf.baselines.simple import learnable

    ids = tuple(sorted(fold.split("test")["ids"]))
    truth = {score: fold.true_scores(score, ids) for score in learnable(fold, fold.scores)}
    return Results(ids, truth, {}, groups=fold.groups_of(ids))


def beside(results: Any, systems: "SimpleSystems", fold: DatasetInfo, in_groups: bool = True) -> Results:
    """The results of a fold, with the predictions of the simple systems for the same videos.

    `in_groups` says whether intervals are over the groups of the test videos; False if a fold is one group.
    """
    simple = {
        title: {score: predicted[np.newaxis, np.newaxis] for score, predicted in of_system.items()}
        for title, of_system in systems.predict(fold, results.ids, [*results.truth]).items()
    }
    groups = results.groups if in_groups else ()
    return dataclasses.replace(results, predicted={**results.predicted, **simple}, groups=groups)


def verdict(results: Sequence[Results], experiment: Experiment) -> str:
    """Sentences: which row is best by order and by error, and whether paired intervals tell it from ScoringNet.

    Each measure has its own best rival. A row that lacks a figure in a fold is compared over the folds where both rows
    have it; the last sentences name such rows, and folds that have no figure, as of a single video.
    """
    cells = report.cells(results, experiment, [*MEASURED])
    best = {name: _best(cells, name, sign) for name, (_, _, sign) in MEASURED.items()}
    parts = [f"{report.head(name)}: {row} ({_means(cells[row])})" for name, row in best.items() if row]
    sentences = [f"Best by {'; by '.join(parts)}." if parts else "No fold has a figure to compare."]
    if experiment.rows:
        sentences += _against(experiment, cells)
    return " ".join([*sentences, *report.undefined(results)])


def _against(experiment: Experiment, cells: report.Cells) -> list[str]:
    """Sentences: whether ScoringNet or the best of the others is better, by each measure that both have."""
    ours, names = experiment.rows[0].name, [row.name for row in experiment.rows]
    rivals = {row: cell for row, cell in cells.items() if row not in names}
    better, equal, unknown = [], [], []
    for name, (what, measure, sign) in MEASURED.items():
        rival = _best(rivals, name, sign)
        low, high = sorted(sign * end for end in cells[rival][name]["more"]) if rival else report.UNDEFINED
        if math.isnan(low):
            unknown.append(measure)
        elif low > 0 or high < 0:
            better.append(f"{rival} {what} than {ours}" if low > 0 else f"{ours} {what} than {rival}")
        else:
            equal.append(f"{rival} is not told apart from {ours} by {measure}")
    texts = [*better, *equal, *(f"{ours} and the others are not compared by {measure}" for measure in unknown)]
    return [f"{text[0].upper()}{text[1:]}." for text in texts]


def _best(cells: report.Cells, name: str, sign: int) -> str | None:
    """The row with the best mean; None where none has a mean."""
    means = {row: sign * cell[name]["mean"] for row, cell in cells.items() if not math.isnan(cell[name]["mean"])}
    return max(means, key=means.__getitem__) if means else None


def _means(cells: Mapping[str, Any]) -> str:
    """F-SRC and F-MED of a row, the first a dash where it orders nothing."""
    order, error = (cells[name]["mean"] for name in MEASURED)
    return f"{'–' if math.isnan(order) else f'{order:.3f}'} and {error:.3g}"
