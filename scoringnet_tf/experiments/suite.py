"""Trains and evaluates all that some tables need: each run once, whatever table asks; one that fails stops no other."""

import dataclasses
import itertools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tqdm import tqdm

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.joints import INDEX, joints_folder
from scoringnet_tf.experiments.catalogue import STAGES, Experiment, Row
from scoringnet_tf.experiments.fitting import Fitting
from scoringnet_tf.experiments.intervals import Results
from scoringnet_tf.experiments.predictions import read_predictions
from scoringnet_tf.experiments.stage_results import StageResults, counts, read_stages
from scoringnet_tf.experiments.training import METAFILE, Surroundings, Training, TrainingError
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import as_path
from scoringnet_tf.support.reading import read_json


def trainings(experiments: Sequence[Experiment], surroundings: Surroundings, seeds: int) -> list[Training]:
    """The trainings that tables need, without repetition: all tables of the first seed, then of the next.

    A KFS that several share comes before the first of them.
    """
    rows = [run_of(row, seed) for seed in range(seeds) for one in experiments for row in one.rows]
    needed = [training for row in rows for training in (row.kfs(surroundings), row) if training]
    return [training for index, training in enumerate(needed) if training not in needed[:index]]


def has(info: DatasetInfo, what: str | None) -> bool:
    """Whether records have what a row needs, see `catalogue.Row`."""
    if what == "frames":
        return not info.features
    if what == "joints":
        return not info.features and (as_path(joints_folder(info)) / INDEX).is_file()
    if what == "vectors":
        return info.has_vectors
    if what == STAGES:
        return not info.stage_frames.get("test", {}).get("unlabelled", 0)
    return True


def holds_out(experiment: Experiment, surroundings: Surroundings) -> bool:
    """Whether each training of a table holds videos out, to choose its best epoch by."""
    if "validation" in surroundings.records.splits:
        return True
    resolved = (Training(row.flags, 0).resolved(surroundings) for row in experiment.rows)
    return not any(re.fullmatch(r"0*\.?0*", flags.get("validation_fraction", "default")) for flags in resolved)


def _of_sport(chosen, sport):
    """Of these tables those that can be made of records of a sport; InputError where there are none."""
    found = {name: experiment for name, experiment in chosen.items() if experiment.sport in (None, sport)}
    if not found:
        others = ", ".join(f"{name} (of {experiment.sport})" for name, experiment in chosen.items())
        raise InputError("wrong_sport", f"--records_dir: the records are of {sport}, and the tables are {others}.")
    return found


def possible(chosen: Mapping[str, Experiment], surroundings: Surroundings) -> dict[str, Experiment]:
    """Of these tables those of the sport, with the rows that the records have what they need for.

    The others are named on stderr.

    Raises:
        InputError: none is left.
    """
    found = {}
    for name, experiment in _of_sport(chosen, surroundings.sport).items():
        if not _has(surroundings, experiment.needs):
            print(f"{name}: left out: the records have no {experiment.needs}.", file=sys.stderr)
            continue
        if experiment.held_out and not holds_out(experiment, surroundings):
            print(f"{name}: left out: no video is held out of training (--validation_fraction=0).", file=sys.stderr)
            continue
        lacking = [row for row in experiment.rows if not _has(surroundings, row.needs)]
        for row in lacking:
            print(f"{name}: left out {row.name}: the records have no {row.needs}.", file=sys.stderr)
        if not lacking:
            found[name] = experiment
        elif len(lacking) < len(experiment.rows):
            rows = [row for row in experiment.rows if row not in lacking]
            found[name] = dataclasses.replace(experiment, rows=rows)
    if not found:
        raise InputError("nothing_to_do", f"--records_dir, --preset: they lack what {', '.join(chosen)} needs.")
    return found


def _has(surroundings, what):
    """Whether all records have what is needed: a row is of every rendering, or it is not there."""
    return all(has(info, what) for info in surroundings.tested)


def run_of(row: Row, seed: int) -> Training:
    """What a row trains, or fits."""
    return Fitting(row.flags, seed, row.baseline) if row.baseline else Training(row.flags, seed)


def run(experiments: Sequence[Experiment], surroundings: Surroundings, seeds: int) -> list[str]:
    """Trains and evaluates what is not done yet, with a progress bar. Returns why those failed that did."""
    failures: list[str] = []
    failed: list[Training] = []
    needed = trainings(experiments, surroundings, seeds)
    with tqdm(needed, "Trainings", unit="training") as progress:
        for training in progress:
            progress.set_postfix_str(f"{training.folder(surroundings).name[:60]}")
            rows = [row for one in experiments for row in one.rows if run_of(row, training.seed) == training]
            try:
                if training.kfs(surroundings) in failed:
                    raise TrainingError(f"{training.folder(surroundings).name}: its KFS failed")
                training.train(surroundings)
            except TrainingError as error:
                failed.append(training)
                _say(error, failures)
                continue
            for row, rendering in itertools.product(rows, surroundings.tested):
                try:
                    training.evaluate(surroundings, rendering, row.evaluation)
                except TrainingError as error:
                    _say(error, failures)
    return failures


def _say(error, failures):
    failures.append(str(error))
    tqdm.write(f"experiments: {error}", file=sys.stderr)


def described_trainings(experiment: Experiment, surroundings: Surroundings, seeds: int) -> list[dict[str, Any]]:
    """What a result says of each finished training that it needs: its folder, seed, time and hardware.

    Of a system also what its cross-validation or its held-out videos chose, and what it sees.
    """
    found = []
    for training in trainings([experiment], surroundings, seeds):
        if training.is_trained(surroundings):
            folder = training.folder(surroundings)
            metafile = yaml.safe_load((folder / METAFILE).read_text(encoding="utf-8"))
            kept = ("seed", "seconds", "seconds_are_of", "hardware", "versions")
            of_a_system = {name: metafile[name] for name in ("chosen", "sees") if name in metafile}
            found.append({"folder": folder.name, **{name: metafile[name] for name in kept}, **of_a_system})
    return found


def learned_before(experiment: Experiment, surroundings: Surroundings, seeds: int) -> dict[str, int]:
    """Row → from how many test videos it learned, by what it started from, at most of its reports; of none no row."""
    found: dict[str, int] = {}
    for row in experiment.rows:
        of_seeds = _finished(row, surroundings, seeds)
        paths = [report / "metrics.json" for _, reports in of_seeds for report in reports]
        found[row.name] = max(
            (read_json(file).get("seen_in_training") or 0 for file in paths if file.is_file()), default=0
        )
    return {row: number for row, number in found.items() if number}


def seeds_done(experiment: Experiment, surroundings: Surroundings, seeds: int) -> dict[str, int]:
    """Row → how many of so many seeds are trained."""
    return {
        row.name: sum(run_of(row, seed).is_trained(surroundings) for seed in range(seeds)) for row in experiment.rows
    }


# === Results ===


def with_beside(experiment: Experiment, surroundings: Surroundings, seeds: int) -> Experiment:
    """The same table; with the row that is to stand beside what is computed, where one of so many seeds is trained."""
    if experiment.beside is None:
        return experiment
    try:
        is_trained = any(run_of(experiment.beside, seed).is_trained(surroundings) for seed in range(seeds))
    except InputError:  # a file that the preset names is not there, without which nothing can have been trained
        is_trained = False
    return dataclasses.replace(experiment, rows=[experiment.beside]) if is_trained else experiment


def results(experiment: Experiment, surroundings: Surroundings, seeds: int) -> Results | StageResults:
    """What the rows predict of the test videos: of each the seeds that are done on every rendering, if any."""
    if experiment.measures == "stages":
        of_stages = _stage_results(experiment, surroundings, seeds)
        return dataclasses.replace(of_stages, groups=surroundings.records.groups_of(of_stages.ids))
    found = _trained(experiment, surroundings, seeds)
    if experiment.compute:
        found = _beside(found, experiment.compute(surroundings.records, surroundings.tested))
    return dataclasses.replace(found, groups=surroundings.records.groups_of(found.ids))


def _trained(experiment, surroundings, seeds):
    found = {
        row.name: {
            seed: [read_predictions(report / "predictions.csv") for report in reports]
            for seed, reports in _finished(row, surroundings, seeds)
        }
        for row in experiment.rows
    }
    done = {name: list(of_seeds.values()) for name, of_seeds in found.items() if of_seeds}
    first = [of_seeds[0][0] for of_seeds in done.values()]  # rows may predict different scores
    truth = {score: report.truth[score] for score in SCORES for report in reversed(first) if score in report.truth}
    predicted = {
        name: _stacked([[report.predicted for report in reports] for reports in of_seeds])
        for name, of_seeds in done.items()
    }
    of_rows = {name: tuple(found[name]) for name in done}
    return Results(first[0].ids if first else (), truth, predicted, of_rows)


def _beside(trained, computed):
    """What is computed, and what was trained; of every seed of that it is the same, so that the two are paired."""
    if not trained.predicted:
        return computed
    (row,) = trained.predicted
    seeds, places = trained.seeds_of(row), [trained.ids.index(video_id) for video_id in computed.ids]
    repeated = {
        name: {score: np.repeat(values, len(seeds), axis=0) for score, values in scores.items()}
        for name, scores in computed.predicted.items()
    }
    of_trained = {score: values[..., places] for score, values in trained.predicted[row].items()}
    return Results(computed.ids, computed.truth, {row: of_trained, **repeated}, dict.fromkeys([row, *repeated], seeds))


def _stage_results(experiment, surroundings, seeds):
    names = tuple(surroundings.records.stages)
    done = {row.name: dict(_finished(row, surroundings, seeds)) for row in experiment.rows}
    read = {
        row: [[read_stages(report / "stages.csv", names) for report in reports] for reports in of_seeds.values()]
        for row, of_seeds in done.items()
        if of_seeds
    }
    ids = next((tuple(of_seeds[0][0]) for of_seeds in read.values()), ())
    predicted = {
        row: _stacked([[counts(list(videos.values()), names) for videos in reports] for reports in of_seeds])
        for row, of_seeds in read.items()
    }
    return StageResults(ids, names, predicted, {row: tuple(done[row]) for row in read})


def _stacked(of_seeds):
    """Figure → (S, R, …) of [of each seed [of each rendering {figure: …}]]."""
    return {name: np.array([[found[name] for found in reports] for reports in of_seeds]) for name in of_seeds[0][0]}


def _finished(row: Row, surroundings: Surroundings, seeds: int) -> Iterator[tuple[int, list[Path]]]:
    """Each seed whose reports of a row on every rendering are there, and these."""
    for seed in range(seeds):
        training = run_of(row, seed)
        if training.is_trained(surroundings):
            reports = [training.report(surroundings, rendering, row.evaluation) for rendering in surroundings.tested]
            if all((report / "predictions.csv").is_file() for report in reports):
                yield seed, reports
