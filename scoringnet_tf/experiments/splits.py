"""The same rows on several splits of the videos (table 6): mean and standard deviation over splits, which are kept."""

import collections
import dataclasses
import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf.bootstrap import interval, number_of
from scoringnet_tf.data.custom_splits import SPLITS, Split, of_records, random_splits, read_split, resplit, write_split
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.renderings import check_renderings
from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.intervals import Results
from scoringnet_tf.experiments.report import (
    BEST,
    CELLS,
    DECIMALS,
    PREDICTIONS,
    TABLE,
    chosen_on_test,
    columns,
    head,
    measure_of,
    no_evidence,
    papers,
    write_best,
    write_predictions,
)
from scoringnet_tf.experiments.training import Surroundings
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file, write_json
from scoringnet_tf.support.messages import counted, shown


def splits_of(surroundings: Surroundings, number: int, files: Sequence[str]) -> list[Split]:
    """Those of the files, or as many as are asked for, drawn at random: the same ones for the same records.

    Raises:
        InputError: a file is no split, of other videos, the same split as another one, or of a part of the records
            that has not as many videos as another one's.
    """
    if files:
        found = [of_records(surroundings.records, read_split(Path(path))) for path in files]
        _check_sizes(surroundings.records, found, files)
        for index, split in enumerate(found):
            if split in found[:index]:
                same = files[found.index(split)]
                raise InputError("duplicate", f"--split_files: {same} and {files[index]} are the same split.")
        return found
    return random_splits(surroundings.records, number)


def _check_sizes(info, found, files):
    """InputError where splits are of a part of the records, and not of as many, in each part.

    The published splits of MIT-Diving are of a part: 100 and 59 of UNLV-Diving's 370 videos, others in each.
    """
    of_one_size = len(found) > 1 and len({sizes(split) for split in found}) == 1
    for path, split in zip(files, found, strict=True):
        if (left := left_out(info, split)) and not of_one_size:
            raise InputError(
                "not_in_split",
                f"{path}: it names no split for {len(left)} of {counted(len(info.videos), 'record')}: {shown(left)}.",
                "Several splits may leave videos out, if all are of one size.",
            )


def left_out(info: DatasetInfo, split: Split) -> set[str]:
    """The ids of the records that are in no part of a split."""
    return info.videos.keys() - split.keys()


def sizes(split: Split) -> str:
    """How many videos a split has in each part, in words."""
    numbers = collections.Counter(split.values())
    return ", ".join(f"{numbers[name]} {name}" for name in SPLITS if name in numbers)


def surroundings_of(surroundings: Surroundings, splits: Sequence[Split]) -> list[Surroundings]:
    """The surroundings under each split: their indices lie in `splits/` of the folder of trainings.

    Raises:
        InputError: a rendering has other scores of what a split tests.
    """
    found = []
    for split in splits:
        first, *others = (
            resplit(info, split, surroundings.folder / "splits" / f"{name_of(split)}_{info.data_hash[:10]}")
            for info in surroundings.tested
        )
        check_renderings(first, others)  # their former training videos are tested now
        found.append(dataclasses.replace(surroundings, records=first, renderings=tuple(others)))
    return found


def name_of(split: Split) -> str:
    """Ten characters that tell a split from others."""
    return hashlib.sha256(repr(sorted(split.items())).encode()).hexdigest()[:10]


def summary(row: str, results: Sequence[Results], names: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
    """Mean and standard deviation over splits of the figures of a row, of one seed.

    Args:
        row: its name.
        results: of every split.
        names: figures; those of the results by default.

    Returns:
        figure → {"mean", "std", "interval" (95 % of the mean over a bootstrap of the splits, and of the videos, and
        renderings within each), "of_splits" (K,)}.
    """
    found = {}
    for name in results[0].names if names is None else names:
        of_splits = [float(result.values(row, name).mean()) for result in results]
        draws = np.array([result.drawn(name)[row] for result in results])  # (K, DRAWS)
        rng = np.random.default_rng(0)  # the same splits for every figure
        chosen = rng.integers(0, len(results), (number_of(len(results)), draws.shape[1]))
        found[name] = {
            "mean": float(np.mean(of_splits)),
            "std": float(np.std(of_splits, ddof=1)) if len(of_splits) > 1 else None,
            "interval": _interval(draws, chosen) if np.isfinite(of_splits).all() else (math.nan, math.nan),
            "of_splits": of_splits,
        }
    return found


def _interval(draws, chosen):
    return interval(np.take_along_axis(draws, chosen, axis=0).mean(axis=0))


def markdown(
    experiment: Experiment,
    found: Mapping[str, Mapping[str, Any]],
    data: str,
    sport: str,
    drawn: str,
    learned: Mapping[str, int] | None = None,
    in_groups: bool = False,
) -> str:
    """The table: mean ± standard deviation of every row, the paper's, and every split's figures beneath.

    Args:
        experiment, found, data, sport, learned: as of `report.markdown`.
        drawn: the splits, in words.
        in_groups: whether videos are in groups, which intervals draw.
    """
    names = columns(found)
    lines = [f"**{experiment.title}.** {experiment.question}", ""]
    lines += [f"| | {' | '.join(head(name) for name in names)} |", f"|{'---|' * (len(names) + 1)}"]
    (paper, said), (spread, _) = (papers(printed, data, sport) for printed in (experiment.paper, experiment.paper_std))
    for row, figures in found.items():
        lines.append(f"| {row} | {' | '.join(_text(figures[name], name) for name in names)} |")
        if row in paper:
            printed = (f"{paper[row][name]:g} ± {spread[row][name]:g}" if name in paper[row] else "" for name in names)
            lines.append(f"| *{said}* | {' | '.join(printed)} |")
        for number in range(len(next(iter(figures.values()))["of_splits"])):
            values = (_number(figures[name]["of_splits"][number], name) for name in names)
            lines.append(f"| {row}, split {number + 1} | {' | '.join(values)} |")
    videos = "videos in groups" if in_groups else "videos"
    covered = f"in brackets 95 % of a bootstrap of the mean over these, renderings and {videos}"
    covered = f"Mean ± standard deviation over {drawn}; {covered}; one seed each."
    return "\n".join([*lines, "", covered, *chosen_on_test(names), *no_evidence(learned or {}), ""])


def _number(value, name):
    return "–" if math.isnan(value) else f"{value:.{DECIMALS.get(measure_of(name) or '', 3)}f}"


def _text(figure, name):
    if math.isnan(figure["mean"]):
        return "–"
    deviation = f" ± {_number(figure['std'], name)}" if figure["std"] is not None else ""
    low, high = (_number(value, name) for value in figure["interval"])
    return f"{_number(figure['mean'], name)}{deviation} [{low}, {high}]"


def write_results(
    folder: Path,
    experiment: Experiment,
    splits: Sequence[Split],
    results: Sequence[Results],
    data: str,
    sport: str,
    described: Mapping[str, Any],
    best: Sequence[Results] = (),
) -> str:
    """Writes table.md, cells.json, predictions.csv and splits/ into `folder`; returns the table.

    Args:
        folder: is made where it does not exist.
        experiment: what was asked.
        splits: those that are done.
        results: of each.
        data, sport, described: as of `report.write_results`.
        best: of each split what `best_epochs.best_test_epochs` found, for a column of its own.
    """
    found = {row.name: summary(row.name, results) for row in experiment.rows}
    for row in experiment.rows if best else ():
        found[row.name][BEST] = summary(row.name, best, ["f_src"])["f_src"]
    of = {sizes(split) for split in splits}
    drawn = counted(len(splits), "split") + (f" (videos: {of.pop()})" if len(of) == 1 else "")
    text = markdown(
        experiment, found, data, sport, drawn, described.get("learned_from_test", {}), bool(results[0].groups)
    )
    (folder / "splits").mkdir(parents=True, exist_ok=True)
    for left in (folder / "splits").glob("*.csv"):  # of more splits, before
        left.unlink()
    for number, split in enumerate(splits, 1):
        write_split(folder / "splits" / f"{number}.csv", split)
    with replacing_file(folder / PREDICTIONS) as path:
        write_predictions(path, _lines(results))
    write_best(folder, _lines(best) if best else None)
    with replacing_file(folder / TABLE) as path:
        path.write_text(text, encoding="utf-8")
    write_json(folder / CELLS, {"title": experiment.title, **described, "rows": found})  # last: it says what these are
    return text


def _lines(results):
    for number, result in enumerate(results, 1):
        heading, *rows = result.lines()
        if number == 1:
            yield ["split", *heading]
        yield from ([number, *row] for row in rows)
