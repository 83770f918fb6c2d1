r"""The paper's tables, each by one command.

    python -m scoringnet_tf.experiments run table5 --records_dir=RECORDS [--renderings=R2,R3] [--seeds=3] [-- FLAGS]
    python -m scoringnet_tf.experiments list
    python -m scoringnet_tf.experiments status [NAME …] --records_dir=…    what is trained, begun or missing
    python -m scoringnet_tf.experiments report [NAME …] --records_dir=…    tables of what is done

`run` trains and evaluates whatever the named tables need ("all": every one) and is not in --runs_dir yet, then writes
each table, its cells, its predictions and a picture to --results_dir/SPORT/NAME. What was stopped goes on; what failed
is said, tried again by the next `run`, and stops nothing else. Flags of `train` after -- are given to every training,
but what a row of a table sets stays as it is. Results of other data, or of more seeds, splits or renderings than now,
are not replaced without --overwrite. `report --write_docs` also puts the tables into README.md and docs/.
"""

import pathlib
import sys
from collections.abc import Mapping
from typing import Any

from absl import flags

from scoringnet_tf.baselines import load_system
from scoringnet_tf.data.dataset_info import DatasetInfo, load_records
from scoringnet_tf.data.joints import joints_hash
from scoringnet_tf.data.renderings import check_renderings
from scoringnet_tf.experiments import best_epochs, docs, report, splits, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment
from scoringnet_tf.experiments.kept import why_kept
from scoringnet_tf.experiments.training import Surroundings, Training, preset_flags
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.paths import local_path

Tables = Mapping[str, Experiment]  # of the catalogue, by name
PROJECT = pathlib.Path(__file__).parents[2]
PRESETS = {"small": "recipes/tables_{sport}.flags", "paper": "{sport}.flags"}

flags.DEFINE_string("records_dir", None, "Records to train on, made by `python -m data_prep build`.")
flags.DEFINE_list(
    "renderings", [], "Further records with the same test videos, rendered or filmed anew; intervals cover them."
)
flags.DEFINE_string(
    "preset", "small", "small: 1/8 width, for two cores; paper: diving.flags or vault.flags; or a flag file of `train`."
)
flags.DEFINE_integer("seeds", 3, "Trainings of each row, --seed=0 and on.", 1)
flags.DEFINE_integer("splits", 6, "Of table6: splits to draw at random.", 2)
flags.DEFINE_list(
    "split_files", [], "Of table6: files (id,split) of `data_prep split` to take instead, such as the published ones."
)
flags.DEFINE_string("runs_dir", "runs/experiments", "Folder of the trainings.")
flags.DEFINE_string("results_dir", "results", "Folder of the tables, in one for each sport.")
flags.DEFINE_bool(
    "overwrite",
    False,
    "Replace results in --results_dir that are of other data, of another preset, other flags or weights, or of more "
    "seeds, splits or renderings than these.",
)
flags.DEFINE_bool(
    "best_test_epoch",
    False,
    "Also what each training reaches at the epoch that is best on the test videos themselves, as much of the field has "
    "it, in a column that says so. Such trainings have their own folders.",
)
flags.DEFINE_bool(
    "write_docs", False, "Of report: also put the tables into README.md and docs/, between their markers."
)


def list_experiments(_: Tables) -> int:
    """Prints every table's name, question and number of rows."""
    for name, experiment in EXPERIMENTS.items():
        print(f"{name:<12} {counted(len(experiment.rows), 'row', '>2'):<7}   {experiment.title}. {experiment.question}")
    return 0


def run(chosen: Tables) -> int:
    """Trains and evaluates, then reports."""
    surroundings = _surroundings()
    chosen = suite.possible(chosen, surroundings)
    _check_kept(chosen, surroundings)
    failures = [failure for work in _works(chosen, surroundings) for failure in suite.run(*work)]
    for failure in failures:
        print(f"experiments: {failure}", file=sys.stderr)
    failures += _report(chosen, surroundings)
    return 1 if failures else 0


def status(chosen: Tables) -> int:
    """Prints the state of every training that the tables need."""
    surroundings = _surroundings()
    chosen = suite.possible(chosen, surroundings)
    for experiments, where, seeds in _works(chosen, surroundings):
        for training in suite.trainings(experiments, where, seeds):
            print(f"{training.state(where):<12} {training.folder(where)}")
    return 0


def write_report(chosen: Tables) -> int:
    """Writes and prints the tables of what is done."""
    surroundings = _surroundings()
    refused = _report(suite.possible(chosen, surroundings), surroundings)
    if flags.FLAGS.write_docs:
        pages = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
        for page in docs.write_docs(pages, _results_dir()):
            print(f"{page}: tables are new.")
    return 1 if refused else 0


COMMANDS = {"run": run, "list": list_experiments, "status": status, "report": write_report}


def _works(chosen, surroundings):
    """What is to be done, as arguments of `suite.run`: all tables of one split together, then the others."""
    tables = list(chosen.values())
    works = [([one for one in tables if not one.resplit], surroundings, flags.FLAGS.seeds)]
    for experiment in (one for one in tables if one.resplit):
        chosen_splits = _splits(surroundings)
        works += [([experiment], where, 1) for where in splits.surroundings_of(surroundings, chosen_splits)]
    return [work for work in works if work[0]]


def _splits(surroundings):
    return splits.splits_of(surroundings, flags.FLAGS.splits, flags.FLAGS.split_files)


def _check_kept(chosen, surroundings):
    """InputError where the tables, were all of them done, would replace results that are to stay."""
    for name, experiment in chosen.items():
        names = [splits.name_of(split) for split in _splits(surroundings)] if experiment.resplit else []
        number = len(names) or flags.FLAGS.seeds
        of_rows = {row.name: number for row in experiment.rows}
        refusal = _refusal(name, experiment, surroundings, of_rows, number if experiment.compute else 0, names)
        if refusal:
            raise InputError("results_kept", refusal)


def _refusal(name, experiment, surroundings, numbers, of_others=0, names=()):
    """Why a table of so many seeds, or splits (`names`), of each row is not written; None where it may be."""
    if flags.FLAGS.overwrite:
        return None
    hashes = [info.data_hash for info in surroundings.tested]
    made = {**_made(experiment, surroundings), "splits": list(names)}
    return why_kept(_folder(name, surroundings), hashes, numbers, of_others, made)


def _report(chosen, surroundings):
    """Writes and prints the tables; returns, and says, why those were not written that would replace better ones."""
    refusals = []
    for name, experiment in chosen.items():
        refusal = _report_table(name, experiment, surroundings)
        if refusal:
            print(f"experiments: {refusal} [results_kept]", file=sys.stderr)
            refusals.append(refusal)
    return refusals


def _report_table(name, experiment, surroundings):
    if experiment.resplit:
        return _report_splits(name, experiment, surroundings)
    if experiment.draw:
        return _report_figure(name, experiment, surroundings)
    experiment = suite.with_beside(experiment, surroundings, flags.FLAGS.seeds)
    results = suite.results(experiment, surroundings, flags.FLAGS.seeds)
    if not results.predicted:
        print(f"{name}: nothing is done yet.")
        return None
    numbers = {row: len(next(iter(figures.values()))) for row, figures in results.predicted.items()}
    refusal = _refusal(name, experiment, surroundings, numbers)
    if refusal:
        return refusal
    described = _described(experiment, surroundings, [surroundings], flags.FLAGS.seeds)
    of = surroundings.records.name, surroundings.sport
    best = _best(experiment, surroundings, flags.FLAGS.seeds)
    print(report.write_results(_folder(name, surroundings), experiment, results, *of, described, best))
    return None


def _report_figure(name, experiment, surroundings):
    folder, seeds = _folder(name, surroundings), flags.FLAGS.seeds
    numbers = suite.seeds_done(experiment, surroundings, seeds)
    refusal = _refusal(name, experiment, surroundings, numbers)
    if refusal and any(numbers.values()):
        return refusal
    text = experiment.draw(folder, experiment, surroundings, seeds) if any(numbers.values()) else None
    if text is None:
        print(f"{name}: nothing that can be drawn is done yet.")
        return None
    described = _described(experiment, surroundings, [surroundings], seeds)
    write_json(folder / report.DRAWN, {"title": experiment.title, **described, "seeds": numbers})
    print(text)
    return None


def _report_splits(name, experiment, surroundings):
    chosen = _splits(surroundings)
    wheres = splits.surroundings_of(surroundings, chosen)
    results = [suite.results(experiment, where, 1) for where in wheres]
    done = [index for index, found in enumerate(results) if len(found.predicted) == len(experiment.rows)]
    if not done:
        print(f"{name}: nothing is done yet.")
        return None
    kept: list[Any] = [chosen[index] for index in done]
    names = [splits.name_of(split) for split in kept]
    refusal = _refusal(name, experiment, surroundings, {row.name: len(done) for row in experiment.rows}, names=names)
    if refusal:
        return refusal
    found: list[Any] = [results[index] for index in done]
    described = {**_described(experiment, surroundings, wheres, 1), "splits": names}
    of = surroundings.records.name, surroundings.sport
    best: list[Any] = [_best(experiment, wheres[index], 1) for index in done]
    folder = _folder(name, surroundings)
    print(splits.write_results(folder, experiment, kept, found, *of, described, best if all(best) else ()))
    return None


def _best(experiment, surroundings, seeds):
    return best_epochs.best_test_epochs(experiment, surroundings, seeds) if flags.FLAGS.best_test_epoch else None


def _folder(name, surroundings):
    """Where the results of a table are: by sport, as both have tables 4 and 5."""
    return _results_dir() / surroundings.sport / name


def _results_dir():
    return local_path(flags.FLAGS.results_dir, "results_dir")


def _described(experiment, surroundings, wheres, seeds):
    """What cells.json says of the runs, on one split or several (`wheres`)."""
    trained = [one for where in wheres for one in suite.described_trainings(experiment, where, seeds)]
    learned = [suite.learned_before(experiment, where, seeds) for where in wheres]
    most = {row: max(each.get(row, 0) for each in learned) for of_split in learned for row in of_split}
    return {
        "command": ["python", "-m", "scoringnet_tf.experiments", *sys.argv[1:]],
        "seconds_of_training": round(sum(training["seconds"] for training in trained)),
        "trainings": trained,
        **({"learned_from_test": most} if most else {}),
        "data": {
            "name": surroundings.records.name,
            "sport": surroundings.sport,
            "hash": [info.data_hash for info in surroundings.tested],
        },
        **_made(experiment, surroundings),
    }


def _made(experiment, surroundings):
    """How results are made: the preset, flags behind --, and where something is trained what these say and name."""
    made = {"preset": surroundings.preset.name, "further_flags": list(surroundings.further)}
    made |= {**dict.fromkeys(("groups", "sport")), **surroundings.records.beside_records()}
    if any(row.baseline and load_system(row.baseline).sees == "joints" for row in experiment.rows):
        made["joints"] = [joints_hash(info) for info in surroundings.tested]
    if experiment.compute and not experiment.rows:
        return made
    files = Training({}, 0).configuration(surroundings)["contents"]
    return {**made, "preset_flags": preset_flags(surroundings.preset), "files": files}


def _surroundings():
    values = flags.FLAGS
    cli.require(records_dir=values.records_dir)
    info = load_records(values.records_dir)
    found = Surroundings(
        preset=_preset(values.preset, get_sport(info.sport).name),
        records=info,
        renderings=tuple(DatasetInfo.load(path) for path in values.renderings),
        folder=local_path(values.runs_dir, "runs_dir"),
        further=(*([best_epochs.FLAG] if values.best_test_epoch else []), *_further()),
    )
    check_renderings(found.records, found.renderings)
    _say_left_out(found.records, _splits(found) if values.split_files else ())
    return found


def _say_left_out(info, chosen):
    for path, split in zip(flags.FLAGS.split_files, chosen, strict=False):
        if left := splits.left_out(info, split):
            print(f"{path}: of {counted(len(info.videos), 'record')} it leaves {len(left)} out.")


def _preset(name, sport):
    path = PROJECT / PRESETS[name].format(sport=sport) if name in PRESETS else pathlib.Path(name)
    if not path.is_file():
        raise InputError(
            "not_found",
            f"--preset={name}: there is no file {path}.",
            "Give small or paper, in a checkout of the project, or a flag file.",
        )
    return path


def _further():
    """Flags of `train` behind --."""
    return sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []


def _chosen(names):
    """The named tables; all where none or "all" is named."""
    unknown = [name for name in names if name not in (*EXPERIMENTS, "all")]
    if unknown:
        raise InputError(
            "unknown_name", f"There is no table {', '.join(unknown)}.", f"Choose from {', '.join(EXPERIMENTS)}, or all."
        )
    return {name: EXPERIMENTS[name] for name in (EXPERIMENTS if not names or "all" in names else names)}


def main(arguments: list[str]) -> int:
    """Runs the command with the parsed flags."""
    name, *names = arguments[: len(arguments) - len(_further())] or [""]
    if name not in COMMANDS:
        raise InputError(
            "unknown_name", f"There is no command '{name or ''}'.", f"Choose from {', '.join(COMMANDS)}. See --help."
        )
    if name == "run" and not names:
        raise InputError(
            "missing_argument", "run needs the names of tables.", f"Choose from {', '.join(EXPERIMENTS)}, or all."
        )
    _results_dir()  # refused before anything is trained
    return COMMANDS[name](_chosen(names))


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
