r"""The paper's tables, each by one command.

    python -m scoringnet_tf.experiments run table5 --records_dir=RECORDS [--renderings=R2,R3] [--seeds=3] [-- FLAGS]
    python -m scoringnet_tf.experiments list

`run` trains and evaluates what the named tables need ("all": every one) and --runs_dir lacks. Then it writes each
table, its cells, its predictions and a picture to --results_dir/SPORT/NAME. Rerun a command to resume; a failed
training stops no other. Flags of `train` after -- are given to every training; what a row sets stays as it is.
"""

import pathlib
import sys
from collections.abc import Mapping, Sequence

from absl import flags

from scoringnet_tf.data.dataset_info import DatasetInfo, load_records
from scoringnet_tf.data.renderings import check_renderings
from scoringnet_tf.data.splits import Split, fewer
from scoringnet_tf.experiments import report, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment
from scoringnet_tf.experiments.training import Surroundings
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.messages import InputError, counted, unknown_name
from scoringnet_tf.support.paths import as_path

Tables = Mapping[str, Experiment]  # of the catalogue, by name
PROJECT = pathlib.Path(__file__).parents[2]
PRESETS = {"small": "recipes/tables_{sport}.flags", "paper": "{sport}.flags"}

flags.DEFINE_string("records_dir", None, "Training records, from `python -m data_prep build`.")
flags.DEFINE_list("renderings", [], "Further records with the same test videos, filmed anew.")
flags.DEFINE_string("preset", "small", "Flag file, small (1/8 width) or paper (diving.flags, vault.flags).")
flags.DEFINE_integer("train_videos", None, "Random subset size for training. Default: all videos.", 1)
flags.DEFINE_integer("seeds", 3, "Trainings per row, from --seed=0.", 1)
flags.DEFINE_integer("splits", 6, "Random splits for table6.", 2)
flags.DEFINE_list("split_files", [], "Split files (id,split) for table6.")
flags.DEFINE_string("runs_dir", "runs/experiments", "Folder for the trainings.")
flags.DEFINE_string("results_dir", "results", "Folder for the tables, with a subfolder per sport.")
flags.DEFINE_bool("overwrite", False, "Replacement of results from other records or trainings.")


def list_experiments(_: Tables) -> int:
    """Prints every table's name, question and number of rows."""
    for name, experiment in EXPERIMENTS.items():
        print(f"{name:<12} {counted(len(experiment.rows), 'row', '>2'):<7}   {experiment.title}. {experiment.question}")
    return 0


def run(chosen: Tables) -> int:
    """Trains and evaluates, then writes and prints the tables of what is done."""
    surroundings = _surroundings()
    chosen = suite.possible(chosen, surroundings)
    splits = {name: _splits_of(experiment, surroundings) for name, experiment in chosen.items()}
    for name, (_, wheres, seeds) in splits.items():
        needed = [one.folder(where).name for where in wheres for one in suite.trainings([chosen[name]], where, seeds)]
        _check_replaceable(name, surroundings, needed)
    together = [experiment for experiment in chosen.values() if not experiment.resplit]
    failures = suite.run(together, surroundings, flags.FLAGS.seeds) if together else []
    for name, (_, wheres, seeds) in splits.items():
        for where in wheres if chosen[name].resplit else ():
            failures += suite.run([chosen[name]], where, seeds)
    for name, experiment in chosen.items():
        try:
            print(_table(name, experiment, surroundings, *splits[name]) or f"{name}: nothing is done yet.")
        except InputError as error:
            if error.code != "results_kept":
                raise
            failures.append(f"{error} [{error.code}]")
    for failure in failures:
        print(f"experiments: {failure}", file=sys.stderr)
    return 1 if failures else 0


COMMANDS = {"run": run, "list": list_experiments}


def _splits_of(experiment: Experiment, surroundings: Surroundings) -> tuple[list[Split], list[Surroundings], int]:
    """(Splits, if a table is on several; the surroundings of each; seeds of a row)."""
    if not experiment.resplit:
        return [], [surroundings], flags.FLAGS.seeds
    chosen = suite.splits_of(surroundings, flags.FLAGS.splits, flags.FLAGS.split_files)
    return chosen, suite.surroundings_of(surroundings, chosen), 1


def _check_replaceable(name: str, surroundings: Surroundings, trainings: Sequence[str]) -> pathlib.Path:
    """The folder of a table's results; InputError if results there rest on more."""
    folder = as_path(flags.FLAGS.results_dir, "results_dir") / surroundings.sport / name
    if not flags.FLAGS.overwrite:
        report.check_replaceable(folder, [info.data_hash for info in surroundings.tested], trainings)
    return folder


def _table(
    name: str,
    experiment: Experiment,
    surroundings: Surroundings,
    chosen: list[Split],
    wheres: list[Surroundings],
    seeds: int,
) -> str | None:
    """The text of a table or figure, which is written; None if nothing is done."""
    results = [] if experiment.is_figure else [suite.results(experiment, where, seeds) for where in wheres]
    if results:  # of several splits those of which each row is done
        least = len(experiment.rows) if chosen else 1
        done = [place for place, result in enumerate(results) if len(result.predicted) >= least]
        wheres, results = [wheres[place] for place in done], [results[place] for place in done]
        chosen = [chosen[place] for place in done if chosen]
    described = suite.described(experiment, wheres, seeds) if wheres else {}
    if not described.get("trainings"):
        return None
    described["data"]["hash"] = [info.data_hash for info in surroundings.tested]
    described = {"command": ["python", "-m", "scoringnet_tf.experiments", *sys.argv[1:]], **described}
    folder = _check_replaceable(name, surroundings, [one["folder"] for one in described["trainings"]])
    if not experiment.is_figure:
        return report.write_results(folder, experiment, results, described, chosen)
    from scoringnet_tf.experiments import curves, feature_maps, learning_curves

    write = {
        "fig5": curves.write_curves,
        "fig6": feature_maps.write_feature_maps,
        "learning_curves": learning_curves.write_learning_curves,
    }[name]
    text = write(folder, experiment, surroundings, seeds)
    if text:
        write_json(folder / report.DRAWN, {"title": experiment.title, **described})
    return text


def _surroundings() -> Surroundings:
    values = flags.FLAGS
    cli.require(records_dir=values.records_dir)
    info = load_records(values.records_dir)
    name = values.preset
    preset = PROJECT / PRESETS[name].format(sport=get_sport(info.sport).name) if name in PRESETS else pathlib.Path(name)
    if not preset.is_file():
        hint = "Give small or paper, in a checkout of the project, or a flag file."
        raise InputError("not_found", f"--preset={name}: there is no file {preset}.", hint)
    runs, renderings = as_path(values.runs_dir, "runs_dir"), tuple(map(DatasetInfo.load, values.renderings))
    if values.train_videos:
        if (most := len(info.split("train")["ids"])) < values.train_videos:
            message = f"--train_videos={values.train_videos}: the records have {most} training videos."
            raise InputError("out_of_range", message, f"Give at most {most}.")
        info = fewer(info, values.train_videos, 0, runs / "splits")
    check_renderings(info, renderings)
    return Surroundings(preset, info, renderings, runs, tuple(_further()))


def _further() -> list[str]:
    """Flags of `train` behind --."""
    return sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []


def main(arguments: list[str]) -> int:
    """Runs the command with the parsed flags."""
    command, *names = arguments[: len(arguments) - len(_further())] or [""]
    if command not in COMMANDS:
        raise unknown_name("The command", command, COMMANDS)
    if command == "run" and not names:
        raise InputError("missing_argument", "run needs the names of tables.", f"Choose from {', '.join(EXPERIMENTS)}.")
    for name in names:
        if name not in (*EXPERIMENTS, "all"):
            raise unknown_name("The table", name, (*EXPERIMENTS, "all"))
    as_path(flags.FLAGS.results_dir, "results_dir")  # refused before anything is trained
    chosen = EXPERIMENTS if "all" in names else names
    return COMMANDS[command]({name: EXPERIMENTS[name] for name in chosen})


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
