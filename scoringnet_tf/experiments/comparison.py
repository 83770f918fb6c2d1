"""One table in Python, for a notebook or a script: what `python -m scoringnet_tf.experiments run` does for many."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scoringnet_tf.data.dataset_info import load_records
from scoringnet_tf.experiments import report, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment
from scoringnet_tf.experiments.results import Results, read_results
from scoringnet_tf.experiments.training import Surroundings, TrainingError
from scoringnet_tf.support.files import read_json
from scoringnet_tf.support.messages import InputError, unknown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The results of a table's rows on the test videos, and what cells.json says of the trainings."""

    experiment: Experiment
    results: Results = dataclasses.field(repr=False)
    described: Mapping[str, Any] = dataclasses.field(repr=False)

    @property
    def cells(self) -> report.Cells:
        """Row → figure (`"f_src"`, `"f_med"`, …) → `"mean"`, `"interval"` and what else `cells.json` holds."""
        return report.cells([self.results], self.experiment)

    def __str__(self) -> str:
        """The table, Markdown."""
        return report.markdown(self.experiment, self.cells, self.described)

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
    """Trains what a table asks for and `runs_dir` lacks, evaluates it on the test split, and compares.

    Args:
        experiment: the name of a table of the paper (`EXPERIMENTS`), or your own `Experiment` of `Row`s.
        records_dir: training records, made by `python -m data_prep build`.
        preset: flag file of `train`, which the rows add to.
        seeds: trainings of each row.
        runs_dir: folder of the trainings.

    Raises:
        InputError: there is no such table, file or folder, the table is not one of trainings on one split, or the
            records allow none of its rows. Rows that they do not allow are named on stderr.
        TrainingError: a training failed; those that did not are kept.
    """
    if isinstance(experiment, str) and experiment not in EXPERIMENTS:
        raise unknown_name("The table", experiment, EXPERIMENTS)
    table = EXPERIMENTS[experiment] if isinstance(experiment, str) else experiment
    if table.is_figure or table.resplit:
        message = f"{table.title}: this table is not one of trainings on one split."
        raise InputError("wrong_table", message, "Use the command `run`.")
    if not pathlib.Path(preset).is_file():
        raise InputError("not_found", f"{preset}: there is no such flag file.")
    surroundings = Surroundings(pathlib.Path(preset), load_records(records_dir), (), pathlib.Path(runs_dir))
    name = experiment if isinstance(experiment, str) else table.title
    (table,) = suite.possible({name: table}, surroundings).values()
    if failures := suite.run([table], surroundings, seeds):
        raise TrainingError("; ".join(failures))
    described = suite.described(table, [surroundings], seeds)
    return Comparison(table, suite.results(table, surroundings, seeds), described)


def load(folder: str | pathlib.Path) -> Comparison:
    """A table in `results/SPORT/TABLE`, its figures computed again; InputError if there is none, or several splits."""
    folder = pathlib.Path(folder).resolve()
    files = [folder / name for name in (report.CELLS, report.PREDICTIONS)]
    if folder.name not in EXPERIMENTS or not all(file.is_file() for file in files):
        raise InputError("not_found", f"{folder} holds no table.", "Give a folder of results, results/SPORT/TABLE.")
    described, found = read_json(files[0]), read_results(files[1])
    if len(found) != 1:
        raise InputError("wrong_table", f"{folder}: this table has {len(found)} splits, not one.")
    described["data"].setdefault("sport", folder.parent.name)  # 0.1 did not say it
    return Comparison(EXPERIMENTS[folder.name], found[0], described)
