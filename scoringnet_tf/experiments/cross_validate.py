r"""Cross-validates ScoringNet on records, beside what needs no network, and says which is best.

    scoringnet cross_validate --records_dir=RECORDS --output_dir=OUTPUT [--folds=5] [-- FLAGS]

Every video is tested once, by models that did not learn from it: in random folds, in folds of whole groups
(--group=group; without --folds each group is left out once), or by --split_files. Flags of `train` after -- go to every
training.
ScoringNet stands beside scikit-learn's own ridge regression, SVR, Gaussian process and extra trees, on statistics of
the features, and beside the mean score, the duration and the first principal component. The last line names the best.
--nonetwork fits these alone, in seconds. OUTPUT gets table.md, cells.json, predictions.csv and a picture. Rerun the
command to resume.
"""

import dataclasses
import importlib.util
import sys
from typing import Any

from absl import flags
from tqdm import tqdm

from scoringnet_tf.data.dataset_info import DatasetInfo, load_records
from scoringnet_tf.data.splits import Split, group_folds, random_folds, without_parted_groups
from scoringnet_tf.experiments import report, suite
from scoringnet_tf.experiments.catalogue import Experiment, Row
from scoringnet_tf.experiments.folds import OURS, alone, beside, verdict, with_validation
from scoringnet_tf.experiments.training import Surroundings
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, counted, unknown_name
from scoringnet_tf.support.paths import as_path, writable_path
from scoringnet_tf.training.config import HEADS

QUESTION = "Does ScoringNet score better than scikit-learn?"
WITHOUT = "Which regression of scikit-learn scores best?"

flags.DEFINE_string("records_dir", None, "Records, from `python -m data_prep build`.")
flags.DEFINE_string("output_dir", None, "Folder for the table and the trainings.")
flags.DEFINE_integer("folds", 5, "Number of folds. Default with --group: one per group.", 2)
flags.DEFINE_string("group", None, "Manifest column for folds with whole groups: group.")
flags.DEFINE_list("split_files", [], "Split files (id,split) instead of folds.")
flags.DEFINE_list("heads", ["regression"], "Score heads: regression, distribution.")
flags.DEFINE_integer("seeds", 1, "Trainings per head and fold, from --seed=0.", 1)
flags.DEFINE_bool("network", True, "ScoringNet beside scikit-learn's regressions.")
flags.DEFINE_string("preset", None, "Flag file for `train`. Default: its defaults.")
flags.DEFINE_string("title", None, "Table title. Default: the records' name.")
flags.DEFINE_bool("overwrite", False, "Replacement of results from other records or trainings.")


# === Folds ===


def _splits(surroundings: Surroundings) -> list[Split]:
    """Id → train or test, of every fold."""
    values, info = flags.FLAGS, surroundings.records
    if values.split_files:
        if values.group or values["folds"].present:
            raise InputError("flags_conflict", "--split_files excludes --folds and --group.")
        return suite.splits_of(surroundings, 0, values.split_files)
    if values.group not in (None, "group"):
        hint = f"Call the column {values.group} group, build the records, and give --group=group."
        raise InputError("unknown_name", f"--group={values.group}: records keep one column of groups, group.", hint)
    if values.group:
        return group_folds(info, values.folds if values["folds"].present else None)
    return random_folds(info, values.folds)


# === The command ===


def _experiment(info: DatasetInfo) -> Experiment:
    title = flags.FLAGS.title or info.name
    if not flags.FLAGS.network:
        return Experiment(title, WITHOUT, [], resplit=True, by_split=False)
    heads = flags.FLAGS.heads
    for head in heads:
        if head not in HEADS:
            raise unknown_name("--heads", head, HEADS)
    names = {head: OURS if len(heads) == 1 else f"{OURS}, {head}" for head in heads}
    rows = [Row(names[head], {"head": head}) for head in heads]
    return Experiment(title, QUESTION, rows, rows[0].name, resplit=True, by_split=False)


def _checked_records() -> DatasetInfo:
    """The records; InputError if they hold no final scores, or only equal ones (`no_scores`, `equal_scores`)."""
    info = load_records(flags.FLAGS.records_dir)
    if info.classes or not info.sport:
        raise InputError("no_scores", f"{info.records_dir}: these records hold classes, and no scores.")
    finals = {video["final"] for video in info.videos.values()} - {None}
    if len(finals) < 2:
        message = f"{info.records_dir} has {counted(len(finals), 'different final score')}: there is nothing to learn."
        raise InputError("equal_scores", message, "Check the column final of the manifest.")
    return info


def _train(experiment: Experiment, folds: list[Surroundings]) -> None:
    """Trains and evaluates in all folds; InputError (`training_failed`) if a training fails."""
    seeds = flags.FLAGS.seeds
    number = len(folds) * len(suite.trainings([experiment], folds[0], seeds))
    with tqdm(None, "Trainings", number, unit="training") as bar:
        failures = [line for fold in folds for line in suite.run([experiment], fold, seeds, bar)]
    if failures:
        raise InputError("training_failed", f"{counted(len(failures), 'training')} failed: {failures[0]}")


def main(arguments: list[str]) -> int:
    """Runs the command with the parsed flags."""
    values, further = flags.FLAGS, sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    if len(arguments) > len(further):
        raise InputError("unexpected_argument", f"This command takes flags only, not {arguments[0]}.", "See --help.")
    cli.require(records_dir=values.records_dir, output_dir=values.output_dir)
    if not importlib.util.find_spec("sklearn"):
        raise InputError("missing_package", "The comparison needs scikit-learn.", "pip install '.[experiments]'")
    info = _checked_records()
    folder = writable_path(values.output_dir, "output_dir")
    preset = as_path(values.preset, "preset") if values.preset else None
    surroundings = Surroundings(preset, info, (), folder / "trainings", tuple(further))
    experiment, chosen = _experiment(info), _splits(surroundings)
    surroundings = dataclasses.replace(surroundings, records=without_parted_groups(info, chosen))
    folds = with_validation(suite.surroundings_of(surroundings, chosen))
    if not values.overwrite:
        needed = [one.folder(fold).name for fold in folds for one in suite.trainings([experiment], fold, values.seeds)]
        report.check_replaceable(folder, [info.data_hash], needed)

    # 1. Train and evaluate ScoringNet.
    if experiment.rows:
        _train(experiment, folds)

    # 2. Fit scikit-learn's regressions.
    cli.load_tensorflow()
    from scoringnet_tf.baselines.simple import SimpleSystems

    systems, results = SimpleSystems(info), list[Any]()
    for fold in tqdm(folds, "scikit-learn", unit="fold", disable=None):
        ours: Any = alone(fold.records)
        if experiment.rows:
            ours = suite.results(experiment, fold, values.seeds)
        results.append(beside(ours, systems, fold.records, in_groups=not values.group))

    # 3. Write and print.
    described = {
        "command": ["scoringnet", "cross_validate", *sys.argv[1:]],
        "data": {"name": info.name, "sport": surroundings.sport, "hash": [info.data_hash]},
        **suite.described(experiment, folds, values.seeds),
    }
    print(report.write_results(folder, experiment, results, described, chosen))
    print(verdict(results, experiment))
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
