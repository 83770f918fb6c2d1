"""The table of an experiment: figures with intervals beside the paper's, as Markdown, CSV and a picture."""

import collections
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scoringnet_tf.bootstrap import interval, num_units, number_of
from scoringnet_tf.data.splits import SPLITS, Split, write_split
from scoringnet_tf.experiments.catalogue import SCALE, Experiment, Figures
from scoringnet_tf.experiments.results import Results
from scoringnet_tf.sports import MEASURES, SCORES
from scoringnet_tf.support.drawing import save_png
from scoringnet_tf.support.files import read_json, write_csv, write_json, write_text
from scoringnet_tf.support.messages import InputError, counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cells = Mapping[str, Mapping[str, Any]]  # row → figure → a cell, see `cells`
UNDEFINED = (math.nan, math.nan)
HEADS = {"src": "SRC", "med": "MED", "rl2": "R-ℓ2"}
DECIMALS = {"src": 3, "med": 3, "rl2": 2}
CELLS, PREDICTIONS, TABLE = "cells.json", "predictions.csv", "table.md"
DRAWN = "drawn.json"  # beside a figure, what cells.json says of the runs beside a table
MEASURED = {"diving": "unlv_diving", "vault": "unlv_vault"}  # the dataset that the paper's tables of a sport are of


# === Figures ===


def cells(results: Sequence[Results], experiment: Experiment, names: Sequence[str] | None = None) -> Cells:
    """The figures of every row, on one split or as the mean over several.

    Args:
        results: of each split.
        experiment: the table; it says which row others are compared with.
        names: figures; those of the results by default.

    Returns:
        row → figure → {"mean", "std", "interval", "more"}: the deviation over seeds, or over splits; 95 % over splits,
        seeds, renderings and videos; 95 % of the paired difference from the row that it is compared with, on one split
        if that has the same seeds. One split adds "seeds", "renderings" and "groups", several "of_splits". A split
        whose truth has no such figure is left out. If a row lacks it in another, its mean and interval are NaN, and
        its differences are over the splits in which both rows have it.
    """
    found: dict[str, dict[str, Any]] = {row: {} for row in results[0].predicted}
    for name in results[0].names if names is None else names:
        measured = np.array([result.is_defined(name) for result in results])
        splits = np.flatnonzero(measured | ~measured.any())
        figures, draws = _by_split(results, name)
        for row, of_splits in figures.items():
            other = _other(experiment, name)
            figure = of_splits[splits] if experiment.resplit else results[0].values(row, name)
            each = figure if experiment.resplit else figure.mean(axis=1)
            found[row][name] = cell = {
                "mean": float(figure.mean()),
                "std": float(each.std(ddof=1)) if len(each) > 1 else None,
                "interval": _interval(draws[row], splits) if np.isfinite(of_splits[splits]).all() else UNDEFINED,
                **(_numbers(results[0], figure) if not experiment.resplit else {"of_splits": of_splits.tolist()}),
            }
            seeds_of = results[0].seeds_of
            if other in draws and other != row and (experiment.resplit or seeds_of(row) == seeds_of(other)):
                both = splits[np.isfinite(of_splits[splits] + figures[other][splits])]
                cell["more"] = _interval(draws[row] - draws[other], both) if len(both) else UNDEFINED
    return found


def _by_split(results: Sequence[Results], name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """(A figure of each split, (K,); its bootstrap draws, (K, N)), by row. Among splits one video is its own draw."""
    of_splits = [result.drawn(name) for result in results]
    figures = {row: np.array([result.values(row, name).mean() for result in results]) for row in of_splits[0]}
    draws = {row: np.array([drawn[row] for drawn in of_splits]) for row in figures}
    if len(results) > 1:
        for row, drawn in draws.items():
            alone = np.isnan(drawn).all(axis=1)
            drawn[alone] = figures[row][alone, np.newaxis]
    return figures, draws


def _interval(draws: np.ndarray, splits: np.ndarray) -> tuple[float, float]:
    """95 % of the mean over `splits` of draws (K, N), which takes splits with replacement, the same for all figures."""
    size = number_of(len(splits)), draws.shape[1]
    chosen = splits[np.random.default_rng(0).integers(0, len(splits), size)]
    return interval(np.take_along_axis(draws, chosen, axis=0).mean(axis=0))


def _numbers(results: Results, values: np.ndarray) -> dict[str, int]:
    """How many seeds, renderings and groups of videos a figure on one split rests on."""
    groups = {"groups": num_units(results.groups)} if results.groups else {}
    return {"seeds": values.shape[0], "renderings": values.shape[1], **groups}


def _other(experiment: Experiment, name: str) -> str:
    """The row that a figure is compared with: that of its score, where each has its own."""
    score = next((score for score in SCORES if measure_of(name) and score[0] == name[0]), None)
    reference = experiment.reference
    return (reference.get(score or "") if isinstance(reference, Mapping) else reference) or ""


# === Markdown ===


def markdown(experiment: Experiment, found: Cells, described: Mapping[str, Any], covered: str = "") -> str:
    """The table: a line for every row, beneath it the paper's, of the same dataset or of another, and each split's.

    `described` is what cells.json holds: name and sport of the data, trainings, what learned from test videos;
    `covered` what the intervals cover, in words, by default that of seeds on one split.
    """
    names, data = columns(found), described["data"]
    paper, label = _papers(experiment.paper, data)
    spread, _ = _papers(experiment.paper_std, data)
    lines = [f"**{experiment.title}.** {experiment.question}", "", f"| | {' | '.join(map(head, names))} |"]
    lines.append(f"|{'---|' * (len(names) + 1)}")
    for row, figures in found.items():
        lines.append(_line(row, (_text(figures.get(name), name) for name in names)))
        if row in paper:
            lines.append(_line(f"*{label}*", (_printed(paper[row], spread.get(row, {}), name) for name in names)))
        of_splits = next(iter(figures.values())).get("of_splits", ()) if experiment.by_split else ()
        for number in range(len(of_splits)):
            of_split = (_number(figures[name]["of_splits"][number], name) for name in names)
            lines.append(_line(f"{row}, split {number + 1}", of_split))
    lines += ["", *_differences(experiment, found), covered or _covered(found)]
    joints = sorted({source for one in described.get("trainings", ()) if (source := one.get("sees", {}).get("joints"))})
    lines += ["", f"Joints: {', '.join(joints)}."] if joints else []
    learned = ", ".join(f"{row} {number}" for row, number in described.get("learned_from_test", {}).items())
    why = "by --pretrained, --initial_model or --segmenter, which says nothing of other videos"
    lines += ["", f"Learned from test videos, {why}: {learned}."] if learned else []
    return "\n".join(lines) + "\n"


def _line(name: str, texts: Iterable[str]) -> str:
    return f"| {' | '.join((name, *texts))} |"


def _papers(printed: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Mapping[str, Figures], str]:
    """The paper's figures for a dataset, or else for its dataset of the sport; and a label that says which."""
    if data["name"] in printed:
        return printed[data["name"]], "the paper"
    measured = MEASURED.get(data["sport"], "")
    label = "the paper" if data["name"] == measured else f"the paper, of {measured}"
    return printed.get(data["sport"], {}), label


def _printed(paper: Figures, spread: Figures, name: str) -> str:
    text = f"{paper[name]:g}" if name in paper else ""
    return f"{text} ± {spread[name]:g}" if name in spread else text


def columns(found: Cells) -> list[str]:
    """The figures of scores by measure, before all others in their order."""
    names = list(dict.fromkeys(name for row in found.values() for name in row))
    of_scores = [f"{score[0]}_{measure}" for measure in MEASURES for score in SCORES]
    return [name for name in of_scores if name in names] + [name for name in names if name not in of_scores]


def measure_of(name: str) -> str | None:
    """`"src"` of `"d_src"`; None of a figure that is not of a score."""
    found = re.fullmatch(rf"[def]_({'|'.join(MEASURES)})", name)
    return found and found[1]


def head(name: str) -> str:
    """A figure as tables call it, such as D-SRC."""
    measure = measure_of(name)
    return f"{name[0].upper()}-{HEADS[measure]}" if measure else name


def _number(value: float, name: str) -> str:
    return "–" if math.isnan(value) else f"{value:.{DECIMALS.get(measure_of(name) or '', 3)}f}"


def _text(cell: Mapping[str, Any] | None, name: str) -> str:
    if cell is None or math.isnan(cell["mean"]):
        return "–"
    deviation = f" ± {_number(cell['std'], name)}" if "of_splits" in cell and cell["std"] is not None else ""
    low, high = (_number(value, name) for value in cell["interval"])
    return f"{_number(cell['mean'], name)}{deviation} [{low}, {high}]"


def _differences(experiment: Experiment, found: Cells) -> list[str]:
    """A sentence for every row and the row that it is compared with: the differences of its figures, but R-ℓ2."""
    sentences, scale = [], {row.name for row in SCALE}
    for row, figures in found.items():
        compared = {name: _other(experiment, name) for name in figures if row not in scale}
        for other in dict.fromkeys(compared.values()):
            cells_of_other = {name: cell for name, cell in figures.items() if compared[name] == other}
            parts = [
                f"{head(name)} {cell['more'][0]:+.3f} to {cell['more'][1]:+.3f}"
                for name, cell in cells_of_other.items()
                if measure_of(name) != "rl2" and not math.isnan(cell.get("more", UNDEFINED)[0])
            ]
            if parts:
                sentences.append(f"{row} against {other} (95 %, paired): {', '.join(parts)}.  ")
            elif other in found and row != other and not any("more" in cell for cell in cells_of_other.values()):
                sentences.append(f"{row} is not compared with {other}, whose seeds are others.  ")
    return sentences


def _covered(found: Cells) -> str:
    cells_of_rows = {name: next(iter(row.values())) for name, row in found.items()}
    first, most = next(iter(cells_of_rows.values())), max(cell["seeds"] for cell in cells_of_rows.values())
    fewer = [f"{cell['seeds']} of {name}" for name, cell in cells_of_rows.items() if cell["seeds"] < most]
    seeds = counted(most, "seed") + (f" ({', '.join(fewer)})" if fewer else "")
    alone = [what for what, number in (("seeds", most), ("renderings", first["renderings"])) if number == 1]
    but = f", but not over {' or '.join(alone)}, of which there is one" if alone else ""
    videos = f"videos in {counted(first['groups'], 'group')}" if first.get("groups") else "videos"
    renderings = f"{counted(first['renderings'], 'rendering')} of the test videos"
    return f"\nMean of {seeds} on {renderings}; in brackets 95 % of a bootstrap over these and the {videos}{but}."


def _covered_by_splits(splits: Sequence[Split], results: Sequence[Results]) -> str:
    result = results[0]
    sizes = {split_sizes(split) for split in splits}
    drawn = counted(len(splits), "split") + (f" (videos: {sizes.pop()})" if len(sizes) == 1 else "")
    videos = "videos in groups" if result.groups else "videos"
    covered = f"in brackets 95 % of a bootstrap of the mean over these, seeds, renderings and {videos}"
    seeds = counted(max(len(result.seeds_of(row)) for row in result.predicted), "seed")
    lacking = "".join(f" {sentence}" for sentence in undefined(results))
    return f"Mean ± standard deviation over {drawn}; {covered}; {seeds} each at most.{lacking}"


def undefined(results: Sequence[Results]) -> list[str]:
    """A sentence for each figure that some splits do not have, as rank correlation of one video, or not for a row."""
    sentences = []
    for name in results[0].names:
        measured = [result for result in results if result.is_defined(name)]
        lacking = {head(name): len(results) - len(measured) if measured else 0}
        for row in results[0].rows(name) if len(results) > 1 else ():
            missing = sum(not np.isfinite(result.values(row, name)).all() for result in measured)
            lacking[f"{head(name)} of {row}"] = missing if missing < len(measured) else 0
        total = len(results)
        sentences += [f"{figure} is not defined in {n} of {total} splits." for figure, n in lacking.items() if n]
    return sentences


def split_sizes(split: Split) -> str:
    """How many videos a split has in each part, in words."""
    numbers = collections.Counter(split.values())
    return ", ".join(f"{numbers[name]} {name}" for name in SPLITS if name in numbers)


# === Files ===


def check_replaceable(folder: Path, hashes: Iterable[str], trainings: Iterable[str]) -> None:
    """InputError (`results_kept`) if a table or figure in a folder rests on more than the new one.

    That has records and renderings with these data hashes, and trainings in folders with these names.
    """
    kept = next((folder / name for name in (CELLS, DRAWN) if (folder / name).is_file()), None)
    described = read_json(kept) if kept else {}
    lacking = {
        "figures": {TABLE} if not kept and (folder / TABLE).is_file() else set(),
        "records or renderings": {*described.get("data", {}).get("hash", [])} - {*hashes},
        "trainings": {one["folder"] for one in described.get("trainings", ())} - {*trainings},
    }
    if found := [f"{what} ({min(which)})" for what, which in lacking.items() if which]:
        message = f"{folder}: the new results lack {' and '.join(found)} of these."
        raise InputError("results_kept", message, "Choose another folder, or --overwrite.")


def write_results(
    folder: Path,
    experiment: Experiment,
    results: Sequence[Results],
    described: Mapping[str, Any],
    splits: Sequence[Split] = (),
) -> str:
    """Writes table.md, cells.json, predictions.csv, a picture and, of several splits, splits/; returns the table.

    `described` is what cells.json says of the runs and the data beside the figures.
    """
    found = cells(results, experiment)
    covered = _covered_by_splits(splits, results) if splits else ""
    text = markdown(experiment, found, described, covered)
    (folder / CELLS).unlink(missing_ok=True)  # which is written last: it says what the other files are
    write_text(folder / TABLE, text)
    write_csv(folder / PREDICTIONS, _lines(results, bool(splits)))
    for left in (folder / "splits").glob("*.csv"):  # of more splits, before
        left.unlink()
    for number, split in enumerate(splits, 1):
        (folder / "splits").mkdir(exist_ok=True)
        write_split(folder / "splits" / f"{number}.csv", split)
    save_png(draw(found, experiment.picture), folder / f"{experiment.picture}.png")
    write_json(folder / CELLS, {"title": experiment.title, **described, "rows": found})
    return text


def _lines(results: Sequence[Results], by_split: bool) -> Iterator[list[Any]]:
    for number, result in enumerate(results, 1):
        heading, *rows = result.lines()
        if number == 1:
            yield ["split"] * by_split + heading
        yield from ([number] * by_split + row for row in rows)


def draw(found: Cells, name: str) -> "Figure":
    """One figure with its interval of every row that has it."""
    from matplotlib.figure import Figure  # a wrong path does not wait for it

    shown = {row: of[name] for row, of in found.items() if not math.isnan(of.get(name, {}).get("mean", math.nan))}
    figure = Figure(figsize=(7, 1.2 + 0.35 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for place, cell in enumerate(shown.values()):
        axes.plot(cell["interval"], [place] * 2, linewidth=1.5, color="#555555")
        axes.plot(cell["mean"], place, "o", color="#2f6db5")
    axes.set(yticks=range(len(shown)), yticklabels=list(shown), ylim=(max(len(shown), 1) - 0.5, -0.5))
    axes.set(xlabel=f"{head(name)} of the test videos, 95 %")
    axes.grid(axis="x", alpha=0.25)
    return figure
