"""Trains and evaluates what tables need, on one split or several: each run once; one that fails stops no other."""

import contextlib
import dataclasses
import hashlib
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tqdm import tqdm

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.factors import factors_file
from scoringnet_tf.data.joints import INDEX, joints_folder
from scoringnet_tf.data.renderings import check_renderings
from scoringnet_tf.data.splits import Split, of_records, random_splits, read_split, resplit
from scoringnet_tf.experiments.catalogue import HELD_OUT, STAGES, TRAIN_VIDEOS, Experiment, Row
from scoringnet_tf.experiments.report import split_sizes
from scoringnet_tf.experiments.results import (
    NOTHING,
    PredictedScores,
    Results,
    StageResults,
    counts,
    read_predictions,
    read_stages,
)
from scoringnet_tf.experiments.training import METAFILE, Fitting, Surroundings, Training, TrainingError
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.files import read_json
from scoringnet_tf.support.messages import InputError, shown

KEPT = ("seed", "seconds", "seconds_are_of", "hardware", "versions", "chosen", "sees")  # of a metafile, beside a table
KEPT_LAST = "seconds_are_of"  # without it a metafile is truncated
Reports = dict[str, dict[int, list[Path]]]  # row → seed → its report on every rendering


def run_of(row: Row, seed: int) -> Training:
    """The training, or the fit, of a row."""
    return Fitting(row.flags, seed, row.baseline) if row.baseline else Training(row.flags, seed)


def trainings(experiments: Sequence[Experiment], surroundings: Surroundings, seeds: int) -> list[Training]:
    """The trainings that tables need, once each: all tables of the first seed, then of the next.

    A KFS that several share comes before the first of them.
    """
    rows = [run_of(row, seed) for seed in range(seeds) for one in experiments for row in one.rows]
    needed = [training for row in rows for training in (row.kfs(surroundings), row) if training]
    return [training for index, training in enumerate(needed) if training not in needed[:index]]


# === Several splits ===


def splits_of(surroundings: Surroundings, number: int, files: Sequence[str]) -> list[Split]:
    """The splits in the files, or `number` random ones, the same for the same records.

    Several files may leave videos out if all are of one size: as do MIT-Diving's published splits of UNLV-Diving.

    Raises:
        InputError: a file is no split, of other videos, the same as another, or leaves videos out.
    """
    if not files:
        return random_splits(surroundings.records, number)
    found = [of_records(surroundings.records, read_split(Path(path))) for path in files]
    of_one_size = len(found) > 1 and len({split_sizes(split) for split in found}) == 1
    for index, (path, split) in enumerate(zip(files, found, strict=True)):
        left = surroundings.records.videos.keys() - split.keys()
        if left and not of_one_size:
            raise InputError(
                "not_in_split",
                f"{path}: it names no split for {shown(left)}.",
                "Several splits may leave videos out, if all are of one size.",
            )
        if split in found[:index]:
            same = files[found.index(split)]
            raise InputError("duplicate", f"--split_files: {same} and {path} are the same split.")
    return found


def surroundings_of(surroundings: Surroundings, splits: Sequence[Split]) -> list[Surroundings]:
    """The surroundings under each split; InputError if a rendering has other scores for what it tests."""
    found = []
    for split in splits:
        name = hashlib.sha256(repr(sorted(split.items())).encode()).hexdigest()[:10]
        first, *others = (
            resplit(info, split, surroundings.folder / "splits" / f"{name}_{info.data_hash[:10]}")
            for info in surroundings.tested
        )
        check_renderings(first, others)  # their former training videos are tested now
        found.append(dataclasses.replace(surroundings, records=first, renderings=tuple(others)))
    return found


# === What records allow ===


def has(info: DatasetInfo, what: str | None) -> bool:
    """Whether records have what a row needs, see `catalogue.Row`."""
    if what == STAGES:
        return not info.stage_frames.get("test", {}).get("unlabelled", 0)
    if what == "factors":
        return factors_file(info).is_file()
    if what == "joints":
        return not info.features and (joints_folder(info) / INDEX).is_file()
    return what != "frames" or not info.features


def possible(chosen: Mapping[str, Experiment], surroundings: Surroundings) -> dict[str, Experiment]:
    """The tables of the sport, with the rows that the records allow; the others are named on stderr.

    Raises:
        InputError: none is left.
    """
    of_sport = {name: table for name, table in chosen.items() if table.sport in (None, surroundings.sport)}
    if not of_sport:
        raise InputError("wrong_sport", f"--records_dir: {', '.join(chosen)} is not of {surroundings.sport}.")
    found = {}
    for name, experiment in of_sport.items():
        lacking = {row.name: _lacking(row, surroundings) for row in experiment.rows}
        for row, what in lacking.items():
            if what:
                print(f"{name}: left out {row}: the records have no {what}.", file=sys.stderr)
        if rows := [row for row in experiment.rows if not lacking[row.name]]:
            found[name] = dataclasses.replace(experiment, rows=rows)
    if not found:
        raise InputError("nothing_to_do", f"--records_dir, --preset: they lack what {', '.join(chosen)} needs.")
    return found


def _lacking(row: Row, surroundings: Surroundings) -> str | None:
    if row.needs == HELD_OUT:
        fraction = run_of(row, 0).resolved(surroundings).get("validation_fraction", "default")
        return None if fraction.strip("0.") or "validation" in surroundings.records.splits else HELD_OUT
    if not all(has(info, row.needs) for info in surroundings.tested):
        return row.needs
    number = row.flags.get(TRAIN_VIDEOS, "0")
    return f"{number} training videos" if int(number) > len(surroundings.records.split("train")["ids"]) else None


# === Run ===


def run(
    experiments: Sequence[Experiment], surroundings: Surroundings, seeds: int, bar: "tqdm | None" = None
) -> list[str]:
    """Trains and evaluates what is not done yet. Returns why those failed that did.

    `bar` goes on over several calls, and the caller closes it.
    """
    failures: list[str] = []
    failed: list[Training] = []
    needed = trainings(experiments, surroundings, seeds)
    with contextlib.nullcontext(bar) if bar else tqdm(None, "Trainings", len(needed), unit="training") as progress:
        for number, training in enumerate(needed):
            progress.update(number > 0)
            progress.set_postfix_str(f"{training.folder(surroundings).name[:60]}")
            rows = [row for one in experiments for row in one.rows if run_of(row, training.seed) == training]
            try:
                if training.kfs(surroundings) in failed:
                    raise TrainingError(f"{training.folder(surroundings).name}: its KFS failed")
                training.train(surroundings)
            except TrainingError as error:
                failed.append(training)
                failures.append(_printed(error))
                continue
            for row, rendering in itertools.product(rows, surroundings.tested):
                try:
                    training.evaluate(surroundings, rendering, row.evaluation)
                except TrainingError as error:
                    failures.append(_printed(error))
        progress.update(bool(needed))
    return failures


def _printed(error: TrainingError) -> str:
    tqdm.write(f"experiments: {error}", file=sys.stderr)
    return str(error)


# === Results ===


def results(experiment: Experiment, surroundings: Surroundings, seeds: int) -> Results:
    """The rows' predictions for the test videos, of the seeds that are done on every rendering."""
    done: Reports = {row.name: dict(_finished(row, surroundings, seeds)) for row in experiment.rows}
    done = {name: of_seeds for name, of_seeds in done.items() if of_seeds}
    found = _stages(done, surroundings) if experiment.measures == "stages" else _scores(done, surroundings)
    return dataclasses.replace(found, groups=surroundings.records.groups_of(found.ids))


def _scores(done: Reports, surroundings: Surroundings) -> Results:
    read = _read(done, surroundings, lambda report: read_predictions(report / "predictions.csv"))
    first = [of_seeds[0][0] for of_seeds in read.values()]  # rows may predict different scores
    truth = {score: report.truth[score] for score in SCORES for report in reversed(first) if score in report.truth}
    predicted = {name: _stacked([[one.predicted for one in of] for of in seeds]) for name, seeds in read.items()}
    return Results(first[0].ids if first else (), truth, predicted, {name: tuple(done[name]) for name in read})


def _stages(done: Reports, surroundings: Surroundings) -> StageResults:
    names = tuple(surroundings.records.stages)
    read = _read(done, surroundings, lambda report: read_stages(report / "stages.csv", names))
    ids = next((tuple(of_seeds[0][0]) for of_seeds in read.values()), ())
    predicted = {
        name: _stacked([[counts(list(videos.values()), names) for videos in of] for of in seeds])
        for name, seeds in read.items()
    }
    return StageResults(ids, dict.fromkeys(names, NOTHING), predicted, {name: tuple(done[name]) for name in read})


def _read(done: Reports, surroundings: Surroundings, read: Callable[[Path], Any]) -> dict[str, list[list[Any]]]:
    """Row → [of each seed [of each rendering what is read of its report]]; InputError for other videos in one."""
    ids = sorted(surroundings.records.split("test")["ids"])

    def whole(report: Path) -> Any:
        found = read(report)
        if sorted(found.ids if isinstance(found, PredictedScores) else found) != ids:
            raise InputError("damaged", f"{report} lacks test videos, or has others.", "Delete it: it is made again.")
        return found

    return {row: [[whole(report) for report in of] for of in of_seeds.values()] for row, of_seeds in done.items()}


def _stacked(of_seeds: Sequence[Sequence[Mapping[str, np.ndarray]]]) -> dict[str, np.ndarray]:
    """Figure → (S, R, …) of [of each seed [of each rendering {figure: …}]]."""
    return {name: np.array([[found[name] for found in reports] for reports in of_seeds]) for name in of_seeds[0][0]}


def _finished(
    row: Row, surroundings: Surroundings, seeds: int, tested: bool = True
) -> Iterator[tuple[int, list[Path]]]:
    """The seeds that are trained, and evaluated on every rendering if that is asked for, with their reports."""
    for seed in range(seeds):
        training = run_of(row, seed)
        if training.is_trained(surroundings):
            reports = [training.report(surroundings, rendering, row.evaluation) for rendering in surroundings.tested]
            if not tested or all((report / "predictions.csv").is_file() for report in reports):
                yield seed, reports


def described(experiment: Experiment, splits: Sequence[Surroundings], seeds: int) -> dict[str, Any]:
    """What a result says: its data, the preset, each training that the figures rest on, what was learned.

    `learned_from_test` is row → the number of test videos that its start learned from, at most of its reports.
    """
    folders = [
        one.folder(where)
        for where in splits
        for row in experiment.rows
        for seed, _ in _finished(row, where, seeds, not experiment.is_figure)
        for one in (run_of(row, seed).kfs(where), run_of(row, seed))
        if one
    ]
    files = {folder.name: _metafile(folder / METAFILE) for folder in folders}
    runs = [{"folder": name, **{k: file[k] for k in KEPT if k in file}} for name, file in files.items()]
    learned = {row.name: max(_learned(row, where, seeds) for where in splits) for row in experiment.rows}
    return {
        "data": {"name": splits[0].records.name, "sport": splits[0].sport},
        "seconds_of_training": round(sum(one["seconds"] for one in runs)),
        "trainings": runs,
        "learned_from_test": {row: number for row, number in learned.items() if number},
        "preset": splits[0].preset.name if splits[0].preset else None,
        "further_flags": list(splits[0].further),
    }


def _metafile(path: Path) -> dict[str, Any]:
    """What `Training` wrote; InputError if it is damaged."""
    try:
        file = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        file = None
    if not isinstance(file, dict) or KEPT_LAST not in file:
        raise InputError("damaged", f"{path} is damaged.", "Delete it, and rerun the command.")
    return file


def _learned(row: Row, surroundings: Surroundings, seeds: int) -> int:
    reports = [report for _, of_seed in _finished(row, surroundings, seeds) for report in of_seed]
    return max((read_json(report / "metrics.json").get("seen_in_training") or 0 for report in reports), default=0)
