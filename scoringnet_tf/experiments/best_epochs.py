"""The field's habit beside ours: each training at the epoch whose F-SRC on the test videos themselves is the highest.

What it reaches was chosen on what it is measured on. It stands in a column that says so, and chooses nothing.
"""

from collections.abc import Iterator

import numpy as np

from scoringnet_tf.experiments.catalogue import Experiment, Row
from scoringnet_tf.experiments.curves import Course, read_course, scores_of_epochs
from scoringnet_tf.experiments.intervals import Results
from scoringnet_tf.experiments.suite import run_of
from scoringnet_tf.experiments.training import Surroundings
from scoringnet_tf.sports import MEASURES

FLAG = "--set=run.test_scores=true"  # of `train`: it keeps what is predicted of the test videos epoch by epoch


def best_test_epochs(experiment: Experiment, surroundings: Surroundings, seeds: int) -> Results | None:
    """What every row predicts of the test videos of its own records, the first rendering, at its best test epoch.

    Of the rows that are trained, and evaluated as a test video is scored after an epoch: on fragments that are found.

    Returns:
        of the final score alone, (S, 1, V) a row; None where no training kept its test scores.
    """
    rows = experiment.rows if experiment.measures == "scores" else ()
    found = {row.name: dict(_of_seeds(row, surroundings, seeds)) for row in rows}
    found = {row: of_seeds for row, of_seeds in found.items() if of_seeds}
    if not found:
        return None
    course = next(iter(next(iter(found.values())).values()))
    predicted = {
        row: {"final": np.array([one.predicted[_best(one)][np.newaxis] for one in of_seeds.values()])}
        for row, of_seeds in found.items()
    }
    seeds_of = {row: tuple(of_seeds) for row, of_seeds in found.items()}
    groups = surroundings.records.groups_of(course.ids)
    return Results(course.ids, {"final": course.truth}, predicted, seeds_of, groups)


def _of_seeds(row: Row, surroundings: Surroundings, seeds: int) -> Iterator[tuple[int, Course]]:
    """Each seed that is trained and kept its test scores, and these."""
    for seed in range(seeds) if not (row.baseline or row.evaluation) else ():
        training = run_of(row, seed)
        path = scores_of_epochs(training.folder(surroundings), of_test=True)
        if training.is_trained(surroundings) and path:
            yield seed, read_course(path, "final")


def _best(course):
    """The place of the epoch of the highest SRC; SRC of equal predictions is undefined, and never the highest."""
    return int(np.argmax(np.nan_to_num(MEASURES["src"](course.truth, course.predicted), nan=-1.0)))
