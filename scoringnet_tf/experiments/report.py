"""A table of an experiment: figures with intervals beside the paper's, as Markdown, CSV and a picture."""

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scoringnet_tf.bootstrap import interval, num_units
from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.intervals import Lines, Results
from scoringnet_tf.experiments.stage_results import StageResults
from scoringnet_tf.sports import MEASURES, SCORES
from scoringnet_tf.support.drawing import save_png
from scoringnet_tf.support.files import replacing_file, write_json
from scoringnet_tf.support.messages import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADS = {"src": "SRC", "med": "MED", "rl2": "R-ℓ2"}
DECIMALS = {"src": 3, "med": 3, "rl2": 2}
CELLS, PREDICTIONS, TABLE = "cells.json", "predictions.csv", "table.md"
MEASURED = {"diving": "unlv_diving", "vault": "unlv_vault"}  # the dataset that the paper's tables of a sport are of
BEST, BEST_PREDICTIONS = "F-SRC (best test epoch)", "best_test_epoch.csv"  # the column, see `best_epochs`
DRAWN = "drawn.json"  # beside a figure, what cells.json says of the runs beside a table


def cells(
    results: Results | StageResults, experiment: Experiment, names: Sequence[str] | None = None
) -> dict[str, dict[str, Any]]:
    """The figures of every row.

    Args:
        results: what came out.
        experiment: what was asked; it says which row others are compared with.
        names: figures; those of `results.names` by default.

    Returns:
        row → figure → {"mean", "std" (over seeds, of the means over renderings; None of one seed),
        "interval" (95 %, over seeds, renderings and videos), "seeds", "renderings", and, where videos are in groups,
        "groups", how many of these, and of videos that are alone, there are}, and of every row that is compared
        with another, where that has the same seeds, "more" (95 % of the paired difference from it). What is undefined
        of one seed, as SRC of equal predictions, is undefined: it has a mean and an interval of NaN, and no difference
        from it, or of it from others.
    """
    found: dict[str, dict[str, Any]] = {row: {} for row in results.predicted}
    for name in results.names if names is None else names:
        draws = results.drawn(name)
        for row, drawn in draws.items():
            other = _other(experiment, row, name)
            found[row][name] = _cell(results.values(row, name), drawn)
            if results.groups:
                found[row][name]["groups"] = num_units(results.groups)
            if other in draws and row != other and results.seeds_of(row) == results.seeds_of(other):
                both = all(_is_defined(results.values(each, name)) for each in (row, other))
                found[row][name]["more"] = interval(drawn - draws[other]) if both else (math.nan, math.nan)
    return found


def _other(experiment, row, name):
    """The row that a figure of this one is compared with: that of its score, where each has its own."""
    score = next((score for score in SCORES if measure_of(name) and score[0] == name[0]), None)
    return experiment.compared_with(row, score)


def _cell(values, drawn):
    means = values.mean(axis=1)
    return {
        "mean": float(means.mean()),
        "std": float(means.std(ddof=1)) if len(means) > 1 else None,
        "interval": interval(drawn) if _is_defined(values) else (math.nan, math.nan),
        "seeds": values.shape[0],
        "renderings": values.shape[1],
    }


def _is_defined(values):
    return not np.isnan(values).any()


def markdown(
    experiment: Experiment,
    found: Mapping[str, Mapping[str, Any]],
    data: str,
    sport: str,
    joints: Sequence[str] = (),
    learned: Mapping[str, int] | None = None,
) -> str:
    """The table: a line for every row, and beneath it the paper's where it has one, of the same dataset or of another.

    Args:
        experiment, found: what was asked, and what came out.
        data: name of the dataset.
        sport: of it.
        joints: whose the joints are that systems read.
        learned: as of `suite.learned_before`.
    """
    names = columns(found)
    paper, said = papers(experiment.paper, data, sport)
    lines = [f"**{experiment.title}.** {experiment.question}", ""]
    lines += [f"| | {' | '.join(head(name) for name in names)} |", f"|{'---|' * (len(names) + 1)}"]
    for name, row in found.items():
        lines.append(f"| {name} | {' | '.join(_text(row.get(column), column) for column in names)} |")
        if name in paper:
            printed = (f"{paper[name][column]:g}" if column in paper[name] else "" for column in names)
            lines.append(f"| *{said}* | {' | '.join(printed)} |")
    lines += ["", *_differences(experiment, found), _covered(found), *chosen_on_test(names)]
    lines += ["", f"Joints: {', '.join(joints)}."] if joints else []
    lines += no_evidence(learned or {})
    return "\n".join(lines) + "\n"


def joints_of(trainings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Whose the joints are that systems among these trainings read, as `suite.described_trainings` gives them."""
    return sorted({source for one in trainings if (source := one.get("sees", {}).get("joints"))})


def papers(printed: Mapping[str, Mapping[str, Any]], data: str, sport: str) -> tuple[Mapping[str, Any], str]:
    """What the paper prints for a dataset, or else for that of the sport which it measured; and of which that is."""
    if data in printed:
        return printed[data], "the paper"
    measured = MEASURED.get(sport, "")
    return printed.get(sport, {}), "the paper" if data == measured else f"the paper, of {measured}"


def columns(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The figures of scores by measure, before all others in their order."""
    names = list(dict.fromkeys(name for row in found.values() for name in row))
    of_scores = [f"{score[0]}_{measure}" for measure in MEASURES for score in SCORES]
    return [name for name in of_scores if name in names] + [name for name in names if name not in of_scores]


def measure_of(name: str) -> str | None:
    """`"src"` of `"d_src"`; None of a figure that is not of a score."""
    found = re.fullmatch(rf"[def]_({'|'.join(MEASURES)})", name)
    return found and found[1]


def head(name: str) -> str:
    """How a figure is headed: `D-SRC` of `"d_src"`."""
    measure = measure_of(name)
    return f"{name[0].upper()}-{HEADS[measure]}" if measure else name


def _text(cell, name):
    if cell is None or math.isnan(cell["mean"]):
        return "–"
    decimals = DECIMALS.get(measure_of(name) or "", 3)
    low, high = cell["interval"]
    return f"{cell['mean']:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"


def _differences(experiment, found):
    """A sentence for every row and what it is compared with: by how much its figures, but R-ℓ2, differ from that's."""
    sentences = []
    for name, row in found.items():
        compared = {column: _other(experiment, name, column) for column in row}
        for other in dict.fromkeys(compared.values()):
            of_other = {column: cell for column, cell in row.items() if compared[column] == other}
            parts = [
                f"{head(column)} {cell['more'][0]:+.3f} to {cell['more'][1]:+.3f}"
                for column, cell in of_other.items()
                if measure_of(column) != "rl2" and not math.isnan(cell.get("more", (math.nan,))[0])
            ]
            if parts:
                sentences.append(f"{name} against {other} (95 %, paired): {', '.join(parts)}.  ")
            elif other in found and name != other and of_other and not any("more" in c for c in of_other.values()):
                sentences.append(f"{name} is not compared with {other}, whose seeds are others.  ")
    return sentences


def _covered(found):
    cells_of_rows = {name: next(iter(row.values())) for name, row in found.items()}
    most = max(cell["seeds"] for cell in cells_of_rows.values())
    fewer = [f"{cell['seeds']} of {name}" for name, cell in cells_of_rows.items() if cell["seeds"] < most]
    seeds = counted(most, "seed") + (f" ({', '.join(fewer)})" if fewer else "")
    renderings = next(iter(cells_of_rows.values()))["renderings"]
    alone = [what for what, number in (("seeds", most), ("renderings", renderings)) if number == 1]
    but = f", but not over {' or '.join(alone)}, of which there is one" if alone else ""
    videos = videos_drawn(next(iter(cells_of_rows.values())).get("groups"))
    covered = f"in brackets 95 % of a bootstrap over these and the {videos}{but}"
    return f"\nMean of {seeds} on {counted(renderings, 'rendering')} of the test videos; {covered}."


def videos_drawn(groups: int | None) -> str:
    """What intervals draw of the videos, in words: themselves, or so many groups of them."""
    return f"videos in {counted(groups, 'group')}" if groups else "videos"


def write_results(
    folder: Path,
    experiment: Experiment,
    results: Results | StageResults,
    data: str,
    sport: str,
    described: Mapping[str, Any],
    best: Results | None = None,
) -> str:
    """Writes table.md, cells.json, predictions.csv and a picture (f_src.png) into `folder`; returns the table.

    Args:
        folder: is made where it does not exist.
        experiment: what was asked.
        results: what came out.
        data, sport: name of the records' dataset, and its sport.
        described: what cells.json says of the runs beside the figures.
        best: what `best_epochs.best_test_epochs` found, for a column of its own; its predictions are written, too.
    """
    found = cells(results, experiment)
    for row, figures in cells(best, experiment, ["f_src"]).items() if best else ():
        if row in found:  # else it is trained, and not yet evaluated
            found[row][BEST] = figures["f_src"]
    learned = described.get("learned_from_test")
    text = markdown(experiment, found, data, sport, joints_of(described.get("trainings", ())), learned)
    with replacing_file(folder / TABLE) as path:
        path.write_text(text, encoding="utf-8")
    with replacing_file(folder / PREDICTIONS) as path:
        write_predictions(path, results.lines())
    write_best(folder, best.lines() if best else None)
    with replacing_file(folder / f"{experiment.picture}.png") as path:
        save_png(draw(found, experiment.picture), path)
    write_json(folder / CELLS, {"title": experiment.title, **described, "rows": found})  # last: it says what these are
    return text


def write_predictions(path: Path, lines: Lines) -> None:
    """A row for every way to train, seed, rendering and video: the table can be computed from it again."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)


def write_best(folder: Path, lines: Lines | None) -> None:
    """The same of the best test epochs; with none, those of an earlier table go."""
    if lines is None:
        (folder / BEST_PREDICTIONS).unlink(missing_ok=True)
        return
    with replacing_file(folder / BEST_PREDICTIONS) as path:
        write_predictions(path, lines)


def no_evidence(learned: Mapping[str, int]) -> list[str]:
    """What a table says of rows that learned from so many of the test videos; nothing where none did."""
    rows = ", ".join(f"{row} {number}" for row, number in learned.items())
    why = "by --pretrained, --initial_model or --segmenter, which says nothing of other videos"
    return ["", f"Learned from test videos, {why}: {rows}."] if rows else []


def chosen_on_test(names: Iterable[str]) -> list[str]:
    """What a table says of its column of best test epochs; nothing where it has none."""
    if BEST not in names:
        return []
    return ["", f"{BEST}: of each training the epoch was chosen on the test videos of the first rendering themselves."]


def draw(found: Mapping[str, Mapping[str, Any]], name: str) -> "Figure":
    """One figure with its interval of every row that has it."""
    from matplotlib.figure import Figure  # a wrong path does not wait for it

    shown = {
        row: cells[name] for row, cells in found.items() if not math.isnan(cells.get(name, {}).get("mean", math.nan))
    }
    figure = Figure(figsize=(7, 1.2 + 0.35 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for place, cell in enumerate(shown.values()):
        axes.plot(cell["interval"], [place] * 2, linewidth=1.5, color="#555555")
        axes.plot(cell["mean"], place, "o", color="#2f6db5")
    axes.set(yticks=range(len(shown)), yticklabels=list(shown), ylim=(len(shown) - 0.5, -0.5))
    axes.set(xlabel=f"{head(name)} of the test videos, 95 %")
    axes.grid(axis="x", alpha=0.25)
    return figure
