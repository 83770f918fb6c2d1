"""One table in Python, for a notebook or a script: what `python -m scoringnet_tf.experiments run` does for many."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scoringnet_tf.data.dataset_info import load_records
from scoringnet_tf.experiments import report, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment
from scoringnet_tf.experiments.intervals import Results
from scoringnet_tf.experiments.kept import read_results, wrong_cells
from scoringnet_tf.experiments.stage_results import StageResults
from scoringnet_tf.experiments.training import Surroundings, TrainingError
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.reading import read_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What the rows of a table reached on the test videos; a notebook shows it as that table.

    Attributes:
        experiment: the table.
        results: what every row predicted of every test video.
        data, sport: name of the records' dataset, and its sport.
        joints: whose the joints are that systems of it read.
        learned: row → from how many of the test videos it learned, as of `suite.learned_before`.
    """

    experiment: Experiment
    results: Results | StageResults = dataclasses.field(repr=False)
    data: str
    sport: str
    joints: Sequence[str] = ()
    learned: Mapping[str, int] = dataclasses.field(default_factory=dict)

    @property
    def cells(self) -> dict[str, dict[str, Any]]:
        """Row → figure (`"f_src"`, `"f_med"`, …) → `"mean"`, `"interval"` and what else `cells.json` holds."""
        return report.cells(self.results, self.experiment)

    def __str__(self) -> str:
        """The table, Markdown."""
        return report.markdown(self.experiment, self.cells, self.data, self.sport, self.joints, self.learned)

    def _repr_markdown_(self) -> str:
        return str(self)

    def plot(self, figure: str | None = None) -> "Figure":
        """Draws one of the figures of `cells` for every row with its interval; by default that of the table."""
        return report.draw(self.cells, figure or self.experiment.picture)


def compare(
    experiment: Experiment | str,
    records_dir: str | pathlib.Path,
    preset: str | pathlib.Path,
    *,
    seeds: int = 1,
    runs_dir: str | pathlib.Path = "runs/experiments",
) -> Comparison:
    """Trains what a table asks for and is not in `runs_dir` yet, evaluates it on the test split, and compares.

    Args:
        experiment: the name of a table of the paper (`EXPERIMENTS`), or one's own: an `Experiment` of `Row`s.
        records_dir: records to train on, made by `python -m data_prep build`.
        preset: file of flags of `train`, which the rows add to.
        seeds: trainings of each row.
        runs_dir: folder of the trainings. What is there already is not trained again.

    Raises:
        InputError: there is no such table, file or folder, the table is not one of trainings on one split, or the
            records lack what each of its rows needs. Rows for which they lack it are left out, and named on stderr.
        TrainingError: a training failed; those that did not are kept.
    """
    if isinstance(experiment, str) and experiment not in EXPERIMENTS:
        raise InputError("unknown_name", f"There is no table {experiment}.", f"Choose from {', '.join(EXPERIMENTS)}.")
    table, named = (
        (EXPERIMENTS[experiment], experiment) if isinstance(experiment, str) else (experiment, experiment.title)
    )
    if not table.rows or table.draw or table.resplit:
        raise InputError(
            "wrong_table", f"{table.title}: this table is not one of trainings on one split.", "Use the command `run`."
        )
    if not pathlib.Path(preset).is_file():
        raise InputError("not_found", f"{preset}: there is no such flag file.")
    surroundings = Surroundings(pathlib.Path(preset), load_records(records_dir), (), pathlib.Path(runs_dir))
    (table,) = suite.possible({named: table}, surroundings).values()
    failures = suite.run([table], surroundings, seeds)
    if failures:
        raise TrainingError("; ".join(failures))
    joints = report.joints_of(suite.described_trainings(table, surroundings, seeds))
    found = suite.results(table, surroundings, seeds)
    learned = suite.learned_before(table, surroundings, seeds)
    return Comparison(table, found, surroundings.records.name, surroundings.sport, joints, learned)


def load(folder: str | pathlib.Path) -> Comparison:
    """A table that the command wrote to `results/SPORT/TABLE`, its figures computed again from every prediction.

    Args:
        folder: of the table.

    Raises:
        InputError: there is no such table, it is one of several splits (table 6), or its cells are not of its
            predictions, as where a report was stopped.
    """
    folder = pathlib.Path(folder).resolve()
    missing = [name for name in (report.CELLS, report.PREDICTIONS) if not (folder / name).is_file()]
    if missing or folder.name not in EXPERIMENTS:
        received = f"there is no {missing[0]}" if missing else f"there is no table {folder.name}"
        raise InputError(
            "not_found", f"{folder}: {received}.", "Give the folder of a table's results, results/SPORT/TABLE."
        )
    kept, found = read_json(folder / report.CELLS), read_results(folder / report.PREDICTIONS)
    if len(found) != 1:
        raise InputError("wrong_table", f"{folder}: this table has {len(found)} splits, not one.")
    if wrong := wrong_cells(folder):
        raise InputError(
            "stale_cells",
            f"{folder / report.CELLS}: {wrong[0]} differs from {report.PREDICTIONS}.",
            "Write the report again: a stopped one leaves this.",
        )
    data, joints = kept["data"]["name"], report.joints_of(kept["trainings"])
    sport = kept["data"].get("sport", folder.parent.name)  # 0.1 did not say it
    return Comparison(EXPERIMENTS[folder.name], found[0], data, sport, joints, kept.get("learned_from_test", {}))
