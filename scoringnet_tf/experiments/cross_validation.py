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
MEASURED = {"f_src": ("orders the videos better", 1), "f_med": ("comes closer to the scores", -1)}


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
    """Sentences: which row orders the videos better, ScoringNet or the best of the others, and which errs less.

    Each measure has its own best rival. Only what the paired intervals tell apart counts as better. The measure of a
    fold that has none, as of a single video, is left out.
    """
    cells = report.cells(results, experiment, [*MEASURED])
    if not experiment.rows:
        return " ".join([_best(cells), *report.undefined(results)])
    ours, names = experiment.rows[0].name, [row.name for row in experiment.rows]
    better: dict[str, list[str]] = {ours: []}
    for name, (what, sign) in MEASURED.items():
        means = {row: sign * cell[name]["mean"] for row, cell in cells.items() if row not in names}
        defined = {row: mean for row, mean in means.items() if not math.isnan(mean)}
        if not defined:
            continue
        best = max(defined, key=defined.__getitem__)
        better.setdefault(best, [])
        low, high = sorted(sign * end for end in cells[best][name]["more"])
        if low > 0 or high < 0:
            better[best if low > 0 else ours].append(what)
    figures = f"(F-SRC and F-MED: {'; '.join(f'{row} {_means(cells[row])}' for row in better)})"
    found = [f"{row} {' and '.join(parts)}" for row, parts in better.items() if parts]
    if found:
        sentence = f"{'; '.join(found)} {figures}."
    else:
        rivals = " and ".join(row for row in better if row != ours)
        do = "does" if len(better) == 2 else "do"
        sentence = f"{rivals} {do} as well here: neither order nor error is told apart from {ours}'s {figures}."
    return " ".join([sentence, *report.undefined(results)])


def _best(cells: report.Cells) -> str:
    """A sentence: the row that orders the videos best, and the one that errs least."""
    parts = []
    for name, (_, sign) in MEASURED.items():
        means = {row: sign * cell[name]["mean"] for row, cell in cells.items() if not math.isnan(cell[name]["mean"])}
        if means:
            best = max(means, key=means.__getitem__)
            parts.append(f"{report.head(name)}: {best} ({_means(cells[best])})")
    return f"Best by {'; by '.join(parts)}."


def _means(cells: Mapping[str, Any]) -> str:
    """F-SRC and F-MED of a row, the first a dash where it orders nothing."""
    order, error = (cells[name]["mean"] for name in MEASURED)
    return f"{'–' if math.isnan(order) else f'{order:.3f}'} and {error:.3g}"
