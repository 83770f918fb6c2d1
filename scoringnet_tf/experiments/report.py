"""A table of an experiment: figures with intervals beside the paper's, as Markdown, CSV and a picture."""

import csv
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.intervals import Results, interval
from scoringnet_tf.experiments.stage_results import StageResults
from scoringnet_tf.sports import MEASURES, SCORES
from scoringnet_tf.support.drawing import save_png
from scoringnet_tf.support.files import replacing_file, write_json
from scoringnet_tf.support.wording import counted

HEADS = {"src": "SRC", "med": "MED", "rl2": "R-ℓ2"}
DECIMALS = {"src": 3, "med": 3, "rl2": 2}
CELLS, PREDICTIONS, TABLE = "cells.json", "predictions.csv", "table.md"
DRAWN = "drawn.json"  # beside a figure, what cells.json says of the runs beside a table


def cells(results: Results | StageResults, reference: str | None) -> dict[str, dict[str, Any]]:
    """The figures of every row.

    Returns:
        row → figure of `results.names` → {"mean", "std" (over seeds, of the means over renderings; None of one seed),
        "interval" (95 %, over seeds, renderings and videos), "seeds", "renderings"}, and of every row but the
        reference "more" (95 % of the paired difference from it).
    """
    found: dict[str, dict[str, Any]] = {row: {} for row in results.predicted}
    for name in results.names:
        draws = results.drawn(name)
        for row, drawn in draws.items():
            against = draws.get(reference) if reference and row != reference else None
            found[row][name] = _cell(results.values(row, name), drawn, against)
    return found


def _cell(values, drawn, against):
    means = values.mean(axis=1)
    cell = {
        "mean": float(means.mean()),
        "std": float(means.std(ddof=1)) if len(means) > 1 else None,
        "interval": interval(drawn),
        "seeds": values.shape[0],
        "renderings": values.shape[1],
    }
    if against is not None:
        cell["more"] = interval(drawn - against)
    return cell


def markdown(experiment: Experiment, found: Mapping[str, Mapping[str, Any]], sport: str) -> str:
    """The table: a line for every row, and beneath it the paper's where it has one."""
    names = columns(found)
    paper = experiment.paper.get(sport, {})
    lines = [f"**{experiment.title}.** {experiment.question}", ""]
    lines += [f"| | {' | '.join(head(name) for name in names)} |", f"|{'---|' * (len(names) + 1)}"]
    for name, row in found.items():
        lines.append(f"| {name} | {' | '.join(_text(row.get(column), column) for column in names)} |")
        if name in paper:
            printed = (f"{paper[name][column]:g}" if column in paper[name] else "" for column in names)
            lines.append(f"| *the paper* | {' | '.join(printed)} |")
    lines += ["", *_differences(experiment, found), _covered(found)]
    return "\n".join(lines) + "\n"


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
    """A sentence for every row: by how much its figures, but R-ℓ2, differ from the reference's."""
    sentences = []
    for name, row in found.items():
        parts = [
            f"{head(column)} {cell['more'][0]:+.3f} to {cell['more'][1]:+.3f}"
            for column, cell in row.items()
            if measure_of(column) != "rl2" and not math.isnan(cell.get("more", (math.nan,))[0])
        ]
        if parts:
            sentences.append(f"{name} against {experiment.reference} (95 %, paired): {', '.join(parts)}.  ")
    return sentences


def _covered(found):
    cells_of_rows = {name: next(iter(row.values())) for name, row in found.items()}
    most = max(cell["seeds"] for cell in cells_of_rows.values())
    fewer = [f"{cell['seeds']} of {name}" for name, cell in cells_of_rows.items() if cell["seeds"] < most]
    seeds = counted(most, "seed") + (f" ({', '.join(fewer)})" if fewer else "")
    renderings = counted(next(iter(cells_of_rows.values()))["renderings"], "rendering")
    covered = "in brackets 95 % of a bootstrap over these and the videos"
    return f"\nMean of {seeds} on {renderings} of the test videos; {covered}."


def write_results(
    folder: Path,
    experiment: Experiment,
    results: Results | StageResults,
    sport: str,
    described: Mapping[str, Any],
) -> str:
    """Writes table.md, cells.json, predictions.csv and a picture (f_src.png) into `folder`; returns the table.

    Args:
        folder: is made where it does not exist.
        experiment: what was asked.
        results: what came out.
        sport: of the records.
        described: what cells.json says of the runs beside the figures.
    """
    found = cells(results, experiment.reference)
    text = markdown(experiment, found, sport)
    write_json(folder / CELLS, {"title": experiment.title, **described, "rows": found})
    with replacing_file(folder / TABLE) as path:
        path.write_text(text, encoding="utf-8")
    with replacing_file(folder / PREDICTIONS) as path:
        write_predictions(path, results)
    with replacing_file(folder / f"{experiment.picture}.png") as path:
        save_png(draw(found, experiment.picture), path)
    return text


def write_predictions(path: Path, results: Results | StageResults) -> None:
    """A row for every way to train, seed, rendering and video: the table can be computed from it again."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(results.lines())


def draw(found: Mapping[str, Mapping[str, Any]], name: str) -> Figure:
    """One figure with its interval of every row that has it."""
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
